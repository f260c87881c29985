/* search/space/changes.c - two trees walked side by side. */
#include "search/space/changes.h"

#include "search/candidate/candidate_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_NAMED = 8, PATH_BYTES = 256 };

typedef struct changes {
    FILE *out;
    int32_t n;
} changes;

bool nas_space_is_free(const char *key) {
    return nas_block_role(key) & NAS_ROLE_FREE;
}

bool nas_space_is_free_below(const char *key) {
    static const char *const keys[] = {"data",       "trials", "workers", "confidence",
                                       "replicates", "prefer", NULL};
    return nas_word_in(key, keys);
}

static bool is_simple(const cJSON *v) {
    return v && !cJSON_IsObject(v) && !cJSON_IsArray(v);
}

static bool has_simple_items(const cJSON *list) {
    for (const cJSON *v = list->child; v; v = v->next)
        if (!is_simple(v)) return false;
    return true;
}

/* A value or a short list of values as it would be written; false: it is longer. */
static bool show(const cJSON *v, char *out, size_t n) {
    char item[48];
    if (is_simple(v)) {
        nas_json_show(v, item);
        return snprintf(out, n, "%s", item) < (int)n;
    }
    if (!cJSON_IsArray(v) || !has_simple_items(v)) return false;
    size_t used = (size_t)snprintf(out, n, "[");
    for (v = v->child; v && used < n; v = v->next) {
        nas_json_show(v, item);
        used += (size_t)snprintf(out + used, n - used, "%s%s", item, v->next ? ", " : "");
    }
    if (used < n) used += (size_t)snprintf(out + used, n - used, "]");
    return used < n;
}

/* One place; either value may be NULL. */
static void note(changes *c, const char *path, const cJSON *was, const cJSON *now) {
    char before[64], after[64];
    if (c->n++ >= MOST_NAMED) return;
    fprintf(c->out, "%s%s", c->n > 1 ? "; " : "", path);
    if (!was) {
        fputs(" is new", c->out);
    } else if (!now) {
        fputs(" is gone", c->out);
    } else if (show(was, before, sizeof before) && show(now, after, sizeof after)) {
        fprintf(c->out, ": %s, now %s", before, after);
    } else {
        fputs(" is another", c->out);
    }
}

static void compare(changes *c, const char *path, const cJSON *was, const cJSON *now);

static bool is_free(const char *path, const char *key) {
    if (!*path) return nas_space_is_free(key);
    return (strcmp(path, "task") == 0 || strcmp(path, "search") == 0) &&
           nas_space_is_free_below(key);
}

static void compare_objects(changes *c, const char *path, const cJSON *was, const cJSON *now) {
    char below[PATH_BYTES];
    for (const cJSON *v = was->child; v; v = v->next) {
        if (is_free(path, v->string)) continue;
        snprintf(below, sizeof below, "%s%s%s", path, *path ? "." : "", v->string);
        compare(c, below, v, nas_json_get(now, v->string));
    }
    for (const cJSON *v = now->child; v; v = v->next) {
        if (is_free(path, v->string) || nas_json_get(was, v->string)) continue;
        snprintf(below, sizeof below, "%s%s%s", path, *path ? "." : "", v->string);
        note(c, below, NULL, v);
    }
}

/* Lists of another length, or of values, are named whole. */
static void compare_lists(changes *c, const char *path, const cJSON *was, const cJSON *now) {
    char below[PATH_BYTES];
    const int n = cJSON_GetArraySize(was);
    if (n != cJSON_GetArraySize(now) || (was->type == now->type && has_simple_items(was))) {
        if (!nas_json_equal(was, now)) note(c, path, was, now);
        return;
    }
    const cJSON *v = was->child, *w = now->child;
    for (int i = 0; i < n; i++, v = v->next, w = w->next) {
        snprintf(below, sizeof below, "%s[%d]", path, i);
        compare(c, below, v, w);
    }
}

static void compare(changes *c, const char *path, const cJSON *was, const cJSON *now) {
    if (!now)
        note(c, path, was, NULL);
    else if (nas_are_options(was) && nas_are_options(now) && was->type != now->type)
        compare_lists(c, path, was, now); /* labels came or went; they decide nothing */
    else if (cJSON_IsObject(was) && cJSON_IsObject(now))
        compare_objects(c, path, was, now);
    else if (cJSON_IsArray(was) && cJSON_IsArray(now))
        compare_lists(c, path, was, now);
    else if (!nas_json_equal(was, now))
        note(c, path, was, now);
}

static nas_status write_changes(nas_arena *a, const nas_json *was, const nas_json *now,
                                const char **out, nas_err *err) {
    char *text = NULL;
    size_t n = 0;
    changes c = {.out = open_memstream(&text, &n)};
    if (!c.out) return nas_fail(err, NAS_ENOMEM, "out of memory");
    compare(&c, "", nas_json_root(was), nas_json_root(now));
    if (c.n > MOST_NAMED) fprintf(c.out, "; and %d more", c.n - MOST_NAMED);
    const bool fine = fclose(c.out) == 0;
    *out = fine ? nas_arena_text(a, text, err) : NULL;
    free(text);
    return *out ? NAS_OK : nas_fail(err, NAS_ENOMEM, "out of memory");
}

nas_status nas_space_changes(nas_arena *a, const char *was, const char *now, const char **out,
                             nas_err *err) {
    nas_json *old = NULL, *new = NULL;
    *out = "";
    nas_status st = nas_json_parse_made(a, "the old space", was, &old, err);
    if (st == NAS_OK) st = nas_json_parse_made(a, "the new space", now, &new, err);
    if (st == NAS_OK) st = write_changes(a, old, new, out, err);
    nas_json_close(old);
    nas_json_close(new);
    return st;
}
