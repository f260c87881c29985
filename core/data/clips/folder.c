/* core/data/clips/folder.c - which files of a class folder are clips, and what is left of the data
 * folder. */
#include "base/text/compose.h"
#include "base/text/word.h"
#include "core/data/clips/int.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum { PATH_ROOM = 4096 };

void nas_count(nas_counted *c, const char *name) {
    if (c->n++ == 0) c->first = name;
}

static bool ends_in(const char *name, const char *const *endings) {
    const char *dot = strrchr(name, '.');
    for (; dot && *endings; endings++)
        if (strcasecmp(dot, *endings) == 0) return true;
    return false;
}

static bool is_text(const char *name) {
    static const char *const texts[] = {".txt", ".md", ".json", ".csv", NULL};
    return ends_in(name, texts);
}

bool nas_clip_is_document(const char *name) {
    static const char *const more[] = {".tsv", ".yaml", ".yml", ".html", ".pdf", ".rst", NULL};
    const char *slash = strrchr(name, '/'), *file = slash ? slash + 1 : name;
    static const char *const plain[] = {"LICENSE", "LICENCE", "README", "COPYING", "NOTICE", NULL};
    return is_text(file) || ends_in(file, more) || nas_word_in(file, plain);
}

/* Links that lead nowhere are clips that cannot be read. */
nas_status nas_clip_is_file(const char *path, const char *name, bool *out, nas_err *err) {
    /* Those that are not read are here as well: they are no files to pass over. */
    static const char *const sounds[] = {
        ".wav", ".wave", ".flac", ".ogg", ".oga", ".opus", ".mp3", ".mp2", ".aif",  ".aiff",
        ".au",  ".aifc", ".snd",  ".caf", ".w64", ".rf64", ".sph", ".voc", ".m4a",  ".aac",
        ".wma", ".amr",  ".webm", ".3gp", ".mka", ".ac3",  ".ape", ".wv",  ".nist", NULL};
    nas_path_kind kind;
    *out = false;
    if (is_text(name)) return NAS_OK;
    NAS_TRY(nas_path_look(path, &kind, err));
    if (kind != NAS_PATH_FILE && kind != NAS_PATH_LINK) return NAS_OK;
    if (!ends_in(name, sounds)) return nas_sound_begins(path, out, err);
    *out = true;
    return NAS_OK;
}

/* One folder, `below` the data folder: its files to *out, its folders to *folders (where that is
 * not NULL, else they are counted), the rest counted. */
static nas_status list_one(nas_arena *a, nas_clip_list *l, const char *below, nas_clip_names *out,
                           nas_clip_names *folders, nas_err *err) {
    char **found = NULL;
    size_t all = 0;
    const char *path = nas_arena_format(a, err, "%s/%s", l->folder, below);
    if (!path) return NAS_ENOMEM;
    NAS_TRY(nas_dir_list(a, path, &found, &all, err));
    const char **clips = nas_arena_array(a, out->n + all + 1, sizeof *clips, err);
    if (folders) folders->p = nas_arena_array(a, all + 1, sizeof *folders->p, err);
    if (!clips || (folders && !folders->p)) return NAS_ENOMEM;
    if (out->n) memcpy(clips, out->p, out->n * sizeof *clips);
    out->p = clips;
    for (size_t i = 0; i < all; i++) {
        char file[PATH_ROOM];
        const int len = snprintf(file, sizeof file, "%s/%s", path, found[i]);
        if (len < 0 || (size_t)len >= sizeof file)
            return nas_fail(err, NAS_EINVAL, "the path %s/%s is too long", path, found[i]);
        const char *name = nas_arena_format(a, err, "%s/%s", below, found[i]);
        if (!name) return NAS_ENOMEM;
        bool is_clip;
        nas_path_kind kind;
        NAS_TRY(nas_clip_is_file(file, found[i], &is_clip, err));
        NAS_TRY(nas_path_look(file, &kind, err));
        if (is_clip)
            clips[out->n++] = name;
        else if (kind != NAS_PATH_FOLDER)
            nas_count(&l->left[NAS_LEFT_NO_SOUND], name);
        else if (folders)
            folders->p[folders->n++] = name;
        else
            nas_count(&l->left[NAS_LEFT_BELOW], name);
    }
    return NAS_OK;
}

static const char *last_of(const char *path) {
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static bool hold_classes(const nas_clip_list *l, const nas_clip_names *folders) {
    for (size_t i = 0; i < folders->n; i++)
        for (int32_t k = 0; k < l->n_folders; k++)
            if (strcmp(last_of(folders->p[i]), l->folders[k]) == 0) return true;
    return false;
}

static bool is_part(const char *name) {
    static const char *const parts[] = {"train",   "training",   "validation", "valid",
                                        "val",     "validating", "dev",        "test",
                                        "testing", "eval",       NULL};
    for (const char *const *p = parts; *p; p++)
        if (strcasecmp(name, *p) == 0) return true;
    return false;
}

/* The folders in a class folder: one for each speaker, unless they seem to be something else. */
static nas_status list_speakers(nas_arena *a, nas_clip_list *l, const char *below,
                                const nas_clip_names *folders, nas_clip_names *out, nas_err *err) {
    const size_t before = out->n;
    for (size_t i = 0; i < folders->n; i++) NAS_TRY(list_one(a, l, folders->p[i], out, NULL, err));
    if (out->n == before) return NAS_OK;
    if (!l->picked && hold_classes(l, folders)) {
        out->n = before;
        nas_count(&l->left[NAS_LEFT_OF_CLASSES], below);
        return NAS_OK;
    }
    if (!l->picked && !l->parts && is_part(below))
        return nas_fail(err, NAS_EINVAL,
                        "%s/%s holds folders of clips, as %s: is it a set of the split, and no "
                        "class? Set task.split to {\"by\": \"folders\"} (train/, validation/ and "
                        "test/ hold the class folders), or name the classes in task.labels",
                        l->folder, below, folders->p[0]);
    nas_count(&l->nested, folders->p[0]);
    return NAS_OK;
}

nas_status nas_clip_folder_list(nas_arena *a, nas_clip_list *l, const char *below,
                                nas_clip_names *out, nas_err *err) {
    nas_clip_names folders = {0};
    const size_t before = out->n;
    NAS_TRY(list_one(a, l, below, out, &folders, err));
    if (out->n == before)
        NAS_TRY(list_speakers(a, l, below, &folders, out, err));
    else
        for (size_t i = 0; i < folders.n; i++) nas_count(&l->left[NAS_LEFT_BELOW], folders.p[i]);
    l->taken += out->n > before;
    return NAS_OK;
}

void nas_clip_list_warn(const nas_clip_list *l, bool pattern, const nas_log *log) {
    static const char *const texts[NAS_LEFT_KINDS] = {
        [NAS_LEFT_NO_SOUND] = "files that are no sound are passed over",
        [NAS_LEFT_TOP] = "sound files that stand in no class folder are left out",
        [NAS_LEFT_NO_CLIPS] = "folders without a sound file are no classes",
        [NAS_LEFT_NO_LABEL] = "folders that are none of task.labels are left out",
        [NAS_LEFT_NO_PART] = "folders beside train/, validation/ and test/ are left out",
        [NAS_LEFT_BELOW] = "folders below clips are left out: a class folder holds its clips, or "
                           "one folder of clips for each speaker",
        [NAS_LEFT_OF_CLASSES] = "folders that hold folders with the names of classes are left out; "
                                "where they are classes, set task.labels",
    };
    for (int k = 0; k < NAS_LEFT_KINDS; k++)
        if (l->left[k].n)
            nas_warn(log, "clips: in %s, %s (%lld, as %s)", l->folder, texts[k],
                     (long long)l->left[k].n, l->left[k].first);
    if (l->nested.n)
        nas_warn(
            log,
            "clips: in %s, %lld of %lld class folders hold folders of clips, as %s: %s. If these "
            "folders are the classes, set task.data to the folder that holds them",
            l->folder, (long long)l->nested.n, (long long)l->taken, l->nested.first,
            pattern ? "all are read, and task.split.speaker_pattern tells who speaks"
                    : "each such folder is a speaker");
}

/* --- the clips of a class, wherever it stands */

/* Where class folders stand, in the order of the names of clips. */
static const char *const plain[] = {"", NULL};
const char *const nas_clip_parts[] = {"test/", "train/", "validation/", NULL};

static nas_status is_folder(nas_arena *a, const nas_clip_list *l, const char *below, bool *out,
                            nas_err *err) {
    nas_path_kind kind;
    const char *path = nas_arena_format(a, err, "%s/%s", l->folder, below);
    if (!path) return NAS_ENOMEM;
    NAS_TRY(nas_path_look(path, &kind, err));
    *out = kind == NAS_PATH_FOLDER;
    return NAS_OK;
}

nas_status nas_clip_list_label(nas_arena *a, nas_clip_list *l, const char *label,
                               nas_clip_names *out, nas_err *err) {
    bool there;
    *out = (nas_clip_names){0};
    for (const char *const *at = l->parts ? nas_clip_parts : plain; *at; at++) {
        const char *exact = nas_arena_format(a, err, "%s%s", *at, label), *below = NULL;
        if (!exact) return NAS_ENOMEM;
        NAS_TRY(is_folder(a, l, exact, &there, err));
        if (there) below = exact;
        for (int32_t i = 0; !below && i < l->n_folders; i++) {
            if (!nas_texts_alike(l->folders[i], label)) continue;
            below = nas_arena_format(a, err, "%s%s", *at, l->folders[i]);
            if (!below) return NAS_ENOMEM;
            NAS_TRY(is_folder(a, l, below, &there, err));
            if (!there) below = NULL;
        }
        if (below) NAS_TRY(nas_clip_folder_list(a, l, below, out, err));
    }
    return NAS_OK;
}
