/* search/json/json.c - a JSON text as a tree with places, and the list of problems. A first pass
 * accepts the text and notes where values stand (scan.c); cJSON then builds the tree, and the n-th
 * value of the tree is the n-th value that the pass saw. */
#include "search/json/json_int.h"
#include "search/json/scan.h"

#include "base/files/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* More are only counted: finding the place of each would take long in a hostile file. */
enum { LINES_MOST = 256 };

typedef struct slot {
    const cJSON *v;
    int32_t i;
} slot;

struct nas_json {
    const char *name, *text;
    size_t bytes;
    bool made; /* nobody has seen the text: no lines and columns in messages */
    cJSON *root;
    nas_json_places places;
    slot *slots;
    size_t mask;
};

static size_t slot_of(const nas_json *j, const cJSON *v) {
    size_t at = ((uintptr_t)v >> 4) * 0x9E3779B97F4A7C15u >> 20 & j->mask;
    while (j->slots[at].v && j->slots[at].v != v) at = (at + 1) & j->mask;
    return at;
}

int32_t nas_json_index(const nas_json *j, const cJSON *v) {
    if (!j->slots || !v) return -1;
    const slot *s = &j->slots[slot_of(j, v)];
    return s->v ? s->i : -1;
}

int32_t nas_json_count(const nas_json *j) {
    return j->places.n;
}

const char *nas_json_name(const nas_json *j) {
    return j->name;
}

const char *nas_json_text(const nas_json *j) {
    return j->text;
}

const cJSON *nas_json_root(const nas_json *j) {
    return j->root;
}

void nas_json_close(nas_json *j) {
    if (!j) return;
    cJSON_Delete(j->root);
    j->root = NULL;
}

/* Problems */

static void add_line(nas_problems *p, const char *line) {
    for (int32_t i = 0; i < p->n && i < p->room; i++)
        if (line && strcmp(p->lines[i], line) == 0) return;
    if (p->n == p->room && p->room < LINES_MOST) {
        const int32_t room = p->room ? p->room * 2 : 16;
        const char **more = nas_arena_array(p->arena, (size_t)room, sizeof *more, NULL);
        if (more) {
            if (p->n) memcpy(more, p->lines, (size_t)p->n * sizeof *more);
            p->lines = more;
            p->room = room;
        }
    }
    if (p->n < p->room) p->lines[p->n] = line ? line : "out of memory";
    p->n++;
}

/* Line and column (in characters) of an offset, both from 1. */
static void place_of(const nas_json *j, size_t offset, int32_t *line, int32_t *column) {
    *line = *column = 1;
    for (size_t i = 0; i < offset && i < j->bytes; i++) {
        if (j->text[i] == '\n') {
            ++*line;
            *column = 1;
        } else if (((unsigned char)j->text[i] & 0xC0) != 0x80) {
            ++*column;
        }
    }
}

static void problem_at(nas_problems *p, const nas_json *j, int64_t offset, const char *path,
                       const char *fmt, va_list ap) {
    char what[1024], where[48] = "";
    if (p->n >= LINES_MOST) {
        p->n++;
        return;
    }
    vsnprintf(what, sizeof what, fmt, ap);
    if (offset >= 0 && !j->made) {
        int32_t line, column;
        place_of(j, (size_t)offset, &line, &column);
        snprintf(where, sizeof where, ":%d:%d", line, column);
    }
    const bool named = path && *path;
    add_line(p, nas_arena_format(p->arena, NULL, "%s%s: %s%s%s", j->name, where, named ? path : "",
                                 named ? ": " : "", what));
}

void nas_problem(nas_problems *p, const nas_json *j, const cJSON *v, bool at_key, const char *path,
                 const char *fmt, ...) {
    const int32_t i = nas_json_index(j, v);
    va_list ap;
    va_start(ap, fmt);
    problem_at(p, j, i < 0 ? -1 : (int64_t)(at_key ? j->places.key_at[i] : j->places.value_at[i]),
               path, fmt, ap);
    va_end(ap);
}

nas_status nas_problems_end(const nas_problems *p, nas_err *err) {
    if (!p->n) return NAS_OK;
    nas_err all = {.code = NAS_EINVAL};
    size_t used = 0;
    int32_t shown = 0;
    const size_t reserve = 32; /* for the count of those that do not fit */
    for (; shown < p->n && shown < p->room; shown++) {
        const size_t n = strlen(p->lines[shown]);
        if (used + n + 1 + reserve > sizeof all.text) break;
        if (used) all.text[used++] = '\n';
        memcpy(all.text + used, p->lines[shown], n);
        used += n;
    }
    if (!shown) return nas_fail(err, NAS_EINVAL, "%.2000s", p->lines[0]);
    if (shown < p->n)
        snprintf(all.text + used, sizeof all.text - used, "\n... and %d more", p->n - shown);
    return nas_fail(err, NAS_EINVAL, "%s", all.text);
}

/* The tree */

static int by_key(const void *a, const void *b) {
    const cJSON *x = *(const cJSON *const *)a, *y = *(const cJSON *const *)b;
    return strcmp(x->string, y->string);
}

typedef struct tree_walk {
    nas_json *j;
    nas_problems *p;
    nas_arena *arena;
    char path[256];
} tree_walk;

/* Appends to the path of messages; a path that gets too long is cut. */
static size_t path_push(tree_walk *w, size_t n, const char *key, int i) {
    const size_t room = sizeof w->path - n;
    const int put = key ? snprintf(w->path + n, room, "%s%.48s", n ? "." : "", key)
                        : snprintf(w->path + n, room, "[%d]", i);
    return put < 0 || (size_t)put >= room ? sizeof w->path - 1 : n + (size_t)put;
}

static void find_duplicates(tree_walk *w, const cJSON *object, size_t path) {
    size_t n = 0;
    for (const cJSON *c = object->child; c; c = c->next) n++;
    const nas_arena_mark mark = nas_arena_here(w->arena);
    const cJSON **list = nas_arena_array(w->arena, n, sizeof *list, NULL);
    if (!list) return;
    n = 0;
    for (const cJSON *c = object->child; c; c = c->next) list[n++] = c;
    qsort(list, n, sizeof *list, by_key);
    for (size_t i = 1; i < n; i++) {
        if (strcmp(list[i]->string, list[i - 1]->string) != 0) continue;
        const bool second = nas_json_index(w->j, list[i]) > nas_json_index(w->j, list[i - 1]);
        path_push(w, path, list[i]->string, 0);
        nas_problem(w->p, w->j, second ? list[i] : list[i - 1], true, w->path,
                    "the key stands twice; keep one of them");
        w->path[path] = '\0';
    }
    /* The lines of problems live in another arena. */
    nas_arena_back(w->arena, mark);
}

static void index_tree(tree_walk *w, const cJSON *v, int32_t *next) {
    w->j->slots[slot_of(w->j, v)] = (slot){.v = v, .i = (*next)++};
    for (const cJSON *c = v->child; c; c = c->next) index_tree(w, c, next);
}

static void check_tree(tree_walk *w, const cJSON *v, size_t path) {
    if (cJSON_IsObject(v)) find_duplicates(w, v, path);
    int i = 0;
    for (const cJSON *c = v->child; c; c = c->next, i++) {
        if (!c->child) continue;
        const size_t n = path_push(w, path, c->string, i);
        check_tree(w, c, n);
        w->path[path] = '\0';
    }
}

static nas_status build_tree(nas_json *j, nas_arena *a, nas_problems *p, nas_err *err) {
    j->root = cJSON_ParseWithLength(j->text, j->bytes);
    if (!j->root) return nas_fail(err, NAS_ENOMEM, "%s: no room for its values", j->name);
    size_t room = 16;
    while (room < (size_t)j->places.n * 2) room *= 2;
    j->slots = nas_arena_array(a, room, sizeof *j->slots, err);
    if (!j->slots) return NAS_ENOMEM;
    j->mask = room - 1;
    nas_arena *own = NULL;
    NAS_TRY(nas_arena_open(&own, err));
    tree_walk w = {.j = j, .p = p, .arena = own};
    int32_t next = 0;
    index_tree(&w, j->root, &next);
    check_tree(&w, j->root, 0);
    nas_arena_close(own);
    if (next != j->places.n) return nas_fail(err, NAS_EBUG, "%s: the two passes differ", j->name);
    return NAS_OK;
}

typedef struct pass_to {
    nas_problems *p;
    const nas_json *j;
} pass_to;

static void NAS_PRINTF(3, 4) note_at(pass_to *to, int64_t at, const char *fmt, ...) {
    va_list ap;
    va_start(ap, fmt);
    problem_at(to->p, to->j, at, NULL, fmt, ap);
    va_end(ap);
}

static void note(void *ctx, size_t at, const char *what) {
    note_at(ctx, at == SIZE_MAX ? -1 : (int64_t)at, "%s", what);
}

static nas_status parse(nas_arena *a, const char *name, const char *text, size_t bytes, bool made,
                        nas_json **out, nas_err *err) {
    *out = NULL;
    nas_json *j = nas_arena_alloc(a, sizeof *j, err);
    if (!j || !(j->name = nas_arena_text(a, name, err))) return NAS_ENOMEM;
    j->text = text;
    j->bytes = bytes;
    j->made = made;
    nas_problems p = {.arena = a};
    pass_to pass = {&p, j};
    nas_json_scan(text, bytes, a, note, &pass, &j->places);
    NAS_TRY(nas_problems_end(&p, err));
    nas_status st = build_tree(j, a, &p, err);
    if (st == NAS_OK) st = nas_problems_end(&p, err);
    if (st == NAS_OK)
        *out = j;
    else
        nas_json_close(j);
    return st;
}

nas_status nas_json_open(nas_arena *a, const char *path, nas_json **out, nas_err *err) {
    *out = NULL;
    uint8_t *text = NULL;
    size_t bytes = 0;
    const nas_status st = nas_file_read(a, path, NAS_JSON_BYTES, &text, &bytes, err);
    if (st == NAS_EFORMAT && err) err->code = NAS_EINVAL;
    if (st != NAS_OK) return st == NAS_EFORMAT ? NAS_EINVAL : st;
    return parse(a, path, (const char *)text, bytes, false, out, err);
}

static nas_status parse_copy(nas_arena *a, const char *name, const char *text, bool made,
                             nas_json **out, nas_err *err) {
    *out = NULL;
    const char *copy = nas_arena_text(a, text, err);
    if (!copy) return NAS_ENOMEM;
    return parse(a, name, copy, strlen(copy), made, out, err);
}

nas_status nas_json_parse(nas_arena *a, const char *name, const char *text, nas_json **out,
                          nas_err *err) {
    return parse_copy(a, name, text, false, out, err);
}

nas_status nas_json_parse_made(nas_arena *a, const char *name, const char *text, nas_json **out,
                               nas_err *err) {
    return parse_copy(a, name, text, true, out, err);
}
