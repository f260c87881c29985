/* search/task/keywords/made.c - task.unknown and task.silence: what they say, and of each other. */
#include "search/candidate/candidate_int.h"
#include "search/task/keywords/keywords.h"

#include "base/text/compose.h"
#include "base/text/digits.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static bool is_item(const cJSON *list, const char *text) {
    for (const cJSON *i = cJSON_IsArray(list) ? list->child : NULL; i; i = i->next)
        if (cJSON_IsString(i) && strcmp(i->valuestring, text) == 0) return true;
    return false;
}

/* Folders are found where their letters are composed otherwise. */
static bool is_alike(const cJSON *list, const char *folder) {
    for (const cJSON *i = cJSON_IsArray(list) ? list->child : NULL; i; i = i->next)
        if (cJSON_IsString(i) && nas_texts_alike(i->valuestring, folder)) return true;
    return false;
}

void nas_check_unknown_folders(nas_check *c, const char *path, const cJSON *v) {
    const cJSON *labels = nas_json_get(nas_json_get(c->root, "task"), "labels");
    if (cJSON_IsString(v) && strcmp(v->valuestring, "others") == 0) return;
    const int n = cJSON_IsArray(v) ? cJSON_GetArraySize(v) : 0;
    if (n < 1 || n > NAS_LABELS_MOST) {
        nas_check_problem(c, path, v, false,
                          "expected \"others\" or a list of 1 .. %d class folders",
                          NAS_LABELS_MOST);
        return;
    }
    int32_t i = 0;
    for (const cJSON *f = v->child; f; f = f->next) {
        const char *item = nas_path_item(c->arena, path, i++);
        char got[48];
        nas_json_show(f, got);
        if (!cJSON_IsString(f) || !*f->valuestring || strchr(f->valuestring, '/') ||
            f->valuestring[0] == '.')
            nas_check_problem(c, item, f, false, "expected the name of a class folder, got %s",
                              got);
        else if (is_alike(labels, f->valuestring))
            nas_check_problem(c, item, f, false, "%s is a label; its clips are no unknown words",
                              got);
        for (const cJSON *m = v->child; m != f; m = m->next)
            if (cJSON_IsString(m) && cJSON_IsString(f) &&
                nas_texts_alike(m->valuestring, f->valuestring))
                nas_check_problem(c, item, f, false, "%s stands twice", got);
    }
}

/* The label that a block makes; NULL: there is none, or it is no text. */
static const char *label_of(const cJSON *task, const char *block) {
    const cJSON *v = nas_json_get(task, block), *label = nas_json_get(v, "label");
    if (!cJSON_IsObject(v)) return NULL;
    if (label) return cJSON_IsString(label) ? label->valuestring : NULL;
    return strcmp(block, "unknown") == 0 ? "_unknown_" : "_silence_";
}

static double share_of(const cJSON *task, const char *block) {
    const cJSON *share = nas_json_get(nas_json_get(task, block), "share");
    return cJSON_IsNumber(share) ? share->valuedouble : 0;
}

void nas_check_made(nas_check *c, const char *path, const cJSON *task) {
    static const char *const blocks[] = {"unknown", "silence", NULL};
    const cJSON *labels = nas_json_get(task, "labels");
    for (const char *const *b = blocks; *b; b++) {
        const char *label = label_of(task, *b);
        if (!label || is_item(labels, label)) continue;
        nas_check_problem(c, nas_path_key(c->arena, path, *b), nas_json_get(task, *b), false,
                          "its label \"%.60s\" is none of task.labels; list it there", label);
    }
    const char *unknown = label_of(task, blocks[0]), *silence = label_of(task, blocks[1]);
    if (!unknown || !silence) return;
    const cJSON *v = nas_json_get(task, "silence");
    const char *where = nas_path_key(c->arena, path, "silence");
    if (strcmp(unknown, silence) == 0)
        nas_check_problem(c, where, v, false, "its label is that of task.unknown, too");
    if (share_of(task, blocks[0]) + share_of(task, blocks[1]) >= 1)
        nas_check_problem(c, where, v, false,
                          "its share and that of task.unknown leave nothing to the other labels");
}

static nas_status build_folders(nas_arena *a, const cJSON *list, nas_unknown_config *out,
                                nas_err *err) {
    if (!cJSON_IsArray(list)) return NAS_OK;
    const char **folders =
        nas_arena_array(a, (size_t)cJSON_GetArraySize(list), sizeof *folders, err);
    if (!folders) return NAS_ENOMEM;
    for (const cJSON *f = list->child; f; f = f->next)
        if (!(folders[out->n_folders++] = nas_arena_text(a, f->valuestring, err)))
            return NAS_ENOMEM;
    out->folders = folders;
    return NAS_OK;
}

nas_status nas_made_build(nas_arena *a, const cJSON *task, nas_keywords_task *out, nas_err *err) {
    const cJSON *unknown = nas_json_get(task, "unknown"), *silence = nas_json_get(task, "silence");
    out->unknown.given = cJSON_IsObject(unknown);
    out->silence.given = cJSON_IsObject(silence);
    if (out->unknown.given) {
        NAS_TRY(nas_keys_build(a, nas_unknown_keys, unknown, 0, &out->unknown, err));
        NAS_TRY(build_folders(a, nas_json_get(unknown, "folders"), &out->unknown, err));
    }
    if (out->silence.given)
        NAS_TRY(nas_keys_build(a, nas_silence_keys, silence, 0, &out->silence, err));
    return NAS_OK;
}

/* How a class is made up, or that a folder holds it: on a line of their own. */
static void describe_class(const char *label, const char *what, int32_t n, const char *of,
                           int32_t sources, bool first, char *out, size_t room) {
    char clips[32];
    const size_t used = strlen(out);
    const char *before = first ? "\n  " : "; ";
    if (n)
        snprintf(out + used, room - used, "%s%.60s: %s %s of %d %s%s", before, label,
                 nas_thousands(n, clips), what, sources, of, sources == 1 ? "" : "s");
    else
        snprintf(out + used, room - used, "%s%.60s: its own folder", before, label);
}

void nas_made_describe(const nas_dataset *d, char *out, size_t room) {
    const nas_keywords_task *t = nas_keywords_keys(d->task);
    const nas_clips_made *m = &nas_clips_of(d)->made;
    if (t->unknown.given)
        describe_class(t->unknown.label, "clips", m->unknown, "other folder", m->folders, true, out,
                       room);
    if (t->silence.given)
        describe_class(t->silence.label, "cuts", m->cuts, "recording", m->recordings,
                       !t->unknown.given, out, room);
}

static bool numbers_differ(double x, double y) {
    return isnan(x) != isnan(y) || x < y || x > y;
}

const char *nas_made_differ(const nas_keywords_task *x, const nas_keywords_task *y) {
    const nas_unknown_config *u = &x->unknown, *v = &y->unknown;
    const nas_silence_config *s = &x->silence, *t = &y->silence;
    if (u->given && v->given) {
        bool differ = strcmp(u->label, v->label) != 0 || u->n_folders != v->n_folders ||
                      numbers_differ(u->share, v->share);
        for (int32_t i = 0; !differ && i < u->n_folders; i++)
            differ = strcmp(u->folders[i], v->folders[i]) != 0;
        if (differ) return "unknown";
    }
    if (!s->given || !t->given) return NULL;
    return strcmp(s->label, t->label) != 0 || numbers_differ(s->share, t->share) ||
                   numbers_differ(s->volume.lo, t->volume.lo) ||
                   numbers_differ(s->volume.hi, t->volume.hi)
               ? "silence"
               : NULL;
}
