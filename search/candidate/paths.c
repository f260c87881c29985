/* search/candidate/paths.c - paths of a document, through the choices on the way. */
#include "search/candidate/candidate_int.h"

#include <string.h>

const char *nas_path_step(const char *path, char out[64], int32_t *index) {
    size_t n = 0;
    *index = -1;
    if (*path == '[') {
        int64_t i = 0;
        const char *p = path + 1;
        for (; *p >= '0' && *p <= '9' && i < 1000000; p++) i = i * 10 + (*p - '0');
        if (*p != ']' || p == path + 1) return NULL;
        *index = (int32_t)i;
        path = p + 1;
    } else {
        while (*path && *path != '.' && *path != '[') {
            if (n + 1 == 64) return NULL;
            out[n++] = *path++;
        }
        if (!n) return NULL;
    }
    out[n] = '\0';
    if (*path == '.') return path[1] && path[1] != '[' && path[1] != '.' ? path + 1 : NULL;
    return *path == '\0' || *path == '[' ? path : NULL;
}

typedef struct finder {
    nas_arena *arena;
    const cJSON *root;
    nas_found_fn fn;
    void *ctx;
    nas_found found;
    int32_t budget, follows;
} finder;

static void find_in(finder *f, const cJSON *v, const char *path);

static void find_same(finder *f, const cJSON *target, const char *rest) {
    if (!cJSON_IsString(target) || f->follows == NAS_JSON_DEPTH) return;
    const char *joined = nas_arena_format(f->arena, NULL, "%s%s%s", target->valuestring,
                                          *rest == '[' ? "" : ".", rest);
    if (!joined) return;
    f->follows++;
    find_in(f, f->root, joined);
    f->follows--;
}

static void find_in(finder *f, const cJSON *v, const char *path) {
    if (f->budget-- <= 0) return;
    if (!*path) {
        f->found.v = v;
        f->fn(f->ctx, &f->found);
        return;
    }
    if (nas_is_form(v)) {
        const cJSON *options = nas_choice_options(v), *same = nas_json_get(v, "same_as");
        if (same) find_same(f, same, path);
        if (!nas_are_options(options) || f->found.n_taken == NAS_JSON_DEPTH) return;
        int32_t i = 0;
        for (const cJSON *o = options->child; o; o = o->next, i++) {
            f->found.taken[f->found.n_taken++] = (nas_taken){.choice = v, .option = i};
            find_in(f, o, path);
            f->found.n_taken--;
        }
        return;
    }
    char key[64];
    int32_t index;
    const char *rest = nas_path_step(path, key, &index);
    if (!rest) return;
    const cJSON *below = index >= 0 && cJSON_IsArray(v) ? cJSON_GetArrayItem(v, index)
                         : index < 0                    ? nas_json_get(v, key)
                                                        : NULL;
    if (below) find_in(f, below, rest);
}

int32_t nas_find_path(nas_arena *a, const cJSON *root, const char *path, nas_found_fn fn,
                      void *ctx) {
    enum { LOOKS_MOST = 20000 };
    finder f = {.arena = a, .root = root, .fn = fn, .ctx = ctx, .budget = LOOKS_MOST};
    if (*path) find_in(&f, root, path);
    return LOOKS_MOST - f.budget;
}

typedef struct path_list {
    nas_arena *arena;
    const char **p;
    int32_t n, room;
} path_list;

static void list_paths(path_list *l, const char *path, const cJSON *v) {
    enum { PATHS_MOST = 4096 };
    if (l->n + 1 >= PATHS_MOST) return;
    if (*path) l->p[l->n++] = path;
    if (nas_is_form(v)) {
        const cJSON *options = nas_choice_options(v);
        if (!nas_are_options(options)) return;
        for (const cJSON *o = options->child; o; o = o->next)
            if (o->child) list_paths(l, path, o); /* an option has the path of its choice */
        return;
    }
    int32_t i = 0;
    for (const cJSON *c = v->child; c; c = c->next, i++)
        list_paths(l,
                   c->string ? nas_path_key(l->arena, path, c->string)
                             : nas_path_item(l->arena, path, i),
                   c);
}

const char *const *nas_all_paths(nas_arena *a, const cJSON *root) {
    static const char *const none[] = {NULL};
    path_list l = {.arena = a};
    l.p = nas_arena_array(a, 4200, sizeof *l.p, NULL);
    if (!l.p) return none;
    list_paths(&l, "", root);
    l.p[l.n] = NULL;
    return l.p;
}
