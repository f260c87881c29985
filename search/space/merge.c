/* search/space/merge.c - a space file with changes on it (RFC 7396), and what of its try_first
 * still fits them. */
#include "search/space/space_int.h"

#include <stdio.h>
#include <string.h>

/* What was left out so far, and why the first. */
typedef struct unfit {
    int32_t keys, entries;
    const char *why;
} unfit;

/* The text of s without what has no place, in arena a. */
static nas_status take_out(nas_arena *a, const nas_space *s, unfit *u, char **text, nas_err *err) {
    cJSON *copy = cJSON_Duplicate(nas_json_root(s->json), true);
    cJSON *list = cJSON_GetObjectItemCaseSensitive(copy, "try_first");
    if (!copy || !list) {
        cJSON_Delete(copy);
        return nas_fail(err, NAS_ENOMEM, "out of memory");
    }
    for (int32_t i = 0; i < s->n_unfit; i++) {
        cJSON *entry = cJSON_GetArrayItem(list, s->unfit[i].entry);
        if (s->unfit[i].key)
            cJSON_DeleteItemFromObjectCaseSensitive(entry, s->unfit[i].key);
        else
            while (entry && entry->child)
                cJSON_Delete(cJSON_DetachItemViaPointer(entry, entry->child));
        u->keys += s->unfit[i].key != NULL;
    }
    for (int i = cJSON_GetArraySize(list) - 1; i >= 0; i--) {
        if (cJSON_GetArrayItem(list, i)->child) continue;
        cJSON_DeleteItemFromArray(list, i);
        u->entries++;
    }
    if (!list->child) cJSON_DeleteItemFromObjectCaseSensitive(copy, "try_first");
    const nas_status st = nas_json_pretty(a, copy, text, err);
    cJSON_Delete(copy);
    return st;
}

static nas_status note(nas_space *s, const unfit *u, nas_err *err) {
    char points[64] = "";
    if (u->entries)
        snprintf(points, sizeof points, "%s%d point%s", u->keys ? ", and " : "", u->entries,
                 u->entries == 1 ? "" : "s");
    s->note = nas_arena_format(s->arena, err,
                               "try_first: beside --set %d value%s of its points %s no place and "
                               "%s left out%s; the first: %s",
                               u->keys, u->keys == 1 ? "" : "s", u->keys == 1 ? "has" : "have",
                               u->keys == 1 ? "is" : "are", points, u->why);
    return s->note ? NAS_OK : NAS_ENOMEM;
}

/* Each round takes something out: a value without which another has no place is seen in the next.
 */
static nas_status open_fitting(nas_arena *a, const char *name, char *text, bool strict, bool fit,
                               nas_space **out, nas_err *err) {
    unfit u = {0};
    for (;;) {
        NAS_TRY(nas_space_open_text(name, text, true, strict, fit, out, err));
        nas_space *s = *out;
        if (!s->n_unfit) return u.why ? note(s, &u, err) : NAS_OK;
        /* The name of the file stands before each problem. */
        if (!u.why)
            u.why = nas_arena_text(a, s->unfit_why ? s->unfit_why + strlen(name) + 2 : "", err);
        const nas_status st = u.why ? take_out(a, s, &u, &text, err) : NAS_ENOMEM;
        nas_space_close(s);
        *out = NULL;
        if (st != NAS_OK) return st;
    }
}

/* A merge patch cannot set null: it takes the key away, and the default is back. Where null is a
 * value of its own that is not what was meant. The first such key, in arena a; NULL: none. */
static const char *lost_null(nas_arena *a, const cJSON *patch, const nas_block *b,
                             const char *path) {
    for (const cJSON *x = patch->child; x; x = x->next) {
        const char *where = nas_path_key(a, path, x->string);
        const nas_key *k = nas_block_find(b, x->string);
        const nas_block *below = nas_block_below(b, x->string);
        if (cJSON_IsNull(x) && k && k->flags & NAS_KEY_NULLABLE && k->def &&
            strcmp(k->def, "null") != 0)
            return nas_arena_format(a, NULL,
                                    "--set: null takes %s away (RFC 7396), so it is %s, its "
                                    "default; null itself stands in a file only",
                                    where, k->def);
        const char *found = cJSON_IsObject(x) && below ? lost_null(a, x, below, where) : NULL;
        if (found) return found;
    }
    return NULL;
}

/* Both, or the one that there is. */
static nas_status add_note(nas_space *s, const char *more, nas_err *err) {
    if (!more) return NAS_OK;
    s->note = s->note ? nas_arena_format(s->arena, err, "%s. %s", s->note, more)
                      : nas_arena_text(s->arena, more, err);
    return s->note ? NAS_OK : NAS_ENOMEM;
}

/* v, with labels for the options of each list that the patch names by label; NULL: no room. */
static cJSON *with_labels(nas_arena *a, const cJSON *v, const cJSON *patch, const char *key) {
    cJSON *copy = nas_json_copy(a, v, key);
    if (!copy || !cJSON_IsObject(v) || !cJSON_IsObject(patch)) return copy;
    copy->child = NULL;
    for (const cJSON *c = v->child; c; c = c->next) {
        const cJSON *p = nas_json_get(patch, c->string);
        const bool list = c == nas_choice_options(v) && cJSON_IsArray(c) && cJSON_IsObject(p);
        cJSON *below = nas_json_copy(a, c, c->string);
        if (list && below) {
            bool named;
            const char *const *labels = nas_option_labels(a, c, &named);
            below->type = cJSON_Object;
            below->child = NULL;
            for (const cJSON *o = labels ? c->child : NULL; o; o = o->next) {
                cJSON *option = nas_json_copy(a, o, *labels++);
                if (!option) return NULL;
                nas_json_append(below, option);
            }
            if (!below->child && c->child) return NULL;
        }
        if (below && p) below = with_labels(a, below, p, c->string);
        if (!below) return NULL;
        nas_json_append(copy, below);
    }
    return copy;
}

static nas_status merge(nas_arena *a, const cJSON *file, const cJSON *patch, char **text,
                        nas_err *err) {
    const cJSON *labelled = with_labels(a, file, patch, NULL);
    if (!labelled) return nas_fail(err, NAS_ENOMEM, "out of memory");
    return nas_json_merge(a, labelled, patch, text, err);
}

static nas_status open_merged(nas_arena *a, const char *path, const char *patch, nas_space **out,
                              nas_err *err) {
    nas_json *file = NULL, *more = NULL;
    char *text = NULL;
    NAS_TRY(nas_json_open(a, path, &file, err));
    nas_status st = nas_json_parse(a, "--set", patch, &more, err);
    const bool object = st == NAS_OK && cJSON_IsObject(nas_json_root(more));
    if (st == NAS_OK && !object)
        st = nas_fail(err, NAS_EINVAL, "--set: expected an object, such as {\"task\": {...}}");
    /* Beside options that --set takes away, rules about them may stay. */
    const bool strict = object && nas_json_get(nas_json_root(more), "forbid");
    const bool fit = object && !nas_json_get(nas_json_root(more), "try_first");
    if (st == NAS_OK) st = merge(a, nas_json_root(file), nas_json_root(more), &text, err);
    const char *name = nas_arena_format(a, err, "%s with --set", path);
    if (st == NAS_OK) st = name ? open_fitting(a, name, text, strict, fit, out, err) : NAS_ENOMEM;
    if (st == NAS_OK)
        st = add_note(*out, lost_null(a, nas_json_root(more), &nas_block_top, ""), err);
    nas_json_close(more);
    nas_json_close(file);
    return st;
}

nas_status nas_space_open_with(const char *path, const char *patch, nas_space **out, nas_err *err) {
    nas_arena *a = NULL;
    *out = NULL;
    if (!patch) return nas_space_open(path, out, err);
    NAS_TRY(nas_arena_open(&a, err));
    const nas_status st = open_merged(a, path, patch, out, err);
    if (st != NAS_OK) {
        nas_space_close(*out);
        *out = NULL;
    }
    nas_arena_close(a);
    return st;
}
