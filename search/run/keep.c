/* search/run/keep.c - warnings, once each, on their way to whoever watches and to the database. */
#include "search/run/keep.h"

#include "base/hash.h"

#include <string.h>

enum { MOST_SHOWN = 64 };

typedef struct nas_kept {
    struct nas_kept *next;
    nas_hash hash;
    const char *text;
    bool stored;
} kept;

static void say(nas_keep *k, const char *text) {
    k->said++;
    if (k->said <= MOST_SHOWN) nas_warn(k->to, "%s", text);
    if (k->said == MOST_SHOWN + 1 && !k->db)
        nas_warn(k->to, "there are more warnings than are shown here; warnings.txt has all");
    if (k->said == MOST_SHOWN + 1 && k->db)
        nas_warn(k->to,
                 "there are more warnings than are shown here; the view <study>_warnings has all: "
                 "nas sql %s \"select text from <study>_warnings\"",
                 k->db);
}

/* Is what stands at `at` the path, and no part of a longer one? A path that is a bare word may be a
 * word. */
static bool is_place(const char *text, const char *at, const char *place) {
    const size_t n = strlen(place), before = (size_t)(at - text);
    if (before && !strchr(" \"'(", at[-1])) return false;
    if (at[n] && !strchr(" \"':,;/)", at[n])) return false;
    return strpbrk(place, "/.") || at[n] == '/' ||
           (before >= 3 && (!strncmp(at - 3, "in ", 3) || !strncmp(at - 3, "of ", 3)));
}

static const char *keep_text(const nas_keep *k, const char *text) {
    size_t n = 0;
    for (const char *at = text; k->place && (at = strstr(at, k->place)); at++) n++;
    if (!n) return nas_arena_text(k->arena, text, NULL);
    char *copy = nas_arena_alloc(k->arena, strlen(text) + n * strlen(k->told) + 1, NULL);
    char *end = copy;
    for (const char *at = text; copy && *at;) {
        const bool named =
            strncmp(at, k->place, strlen(k->place)) == 0 && is_place(text, at, k->place);
        if (named) end = stpcpy(end, k->told);
        if (!named) *end++ = *at;
        at += named ? strlen(k->place) : 1;
    }
    return copy;
}

/* Without memory it is said and not kept. */
static void warn(void *ctx, const char *text) {
    nas_keep *k = ctx;
    const nas_hash hash = nas_hash_of(text, strlen(text));
    for (const kept *old = k->first; old; old = old->next)
        if (nas_hash_equal(&old->hash, &hash)) return;
    say(k, text);
    kept *now = nas_arena_alloc(k->arena, sizeof *now, NULL);
    const char *copy = keep_text(k, text);
    if (!now || !copy) return;
    *now = (kept){.hash = hash, .text = copy};
    *(k->last ? &k->last->next : &k->first) = now;
    k->last = now;
}

static void progress(void *ctx, const char *what, int64_t done, int64_t total) {
    const nas_keep *k = ctx;
    nas_progress(k->to, what, done, total);
}

static bool stop(void *ctx) {
    const nas_keep *k = ctx;
    return nas_should_stop(k->to);
}

nas_status nas_keep_open(nas_keep *k, const nas_log *to, const char *db, nas_err *err) {
    *k = (nas_keep){.to = to, .db = db};
    k->log = (nas_log){.ctx = k, .warn = warn, .progress = progress, .stop = stop};
    return nas_arena_open(&k->arena, err);
}

void nas_keep_close(nas_keep *k) {
    nas_arena_close(k->arena);
    *k = (nas_keep){0};
}

void nas_keep_place(nas_keep *k, const char *place, const char *told) {
    k->place = place && *place && strcmp(place, told) != 0 ? place : NULL;
    k->told = told;
}

const char *nas_keep_lines(const nas_keep *k, nas_arena *a) {
    size_t n = 1;
    for (const kept *w = k->first; w; w = w->next) n += strlen(w->text) + 1;
    char *lines = n > 1 ? nas_arena_alloc(a, n, NULL) : NULL, *end = lines;
    for (const kept *w = k->first; w && lines; w = w->next)
        end = stpcpy(stpcpy(end, w->text), "\n");
    return lines;
}

nas_status nas_keep_put(nas_keep *k, nas_store *store, nas_study_id id, nas_err *err) {
    for (kept *w = k->first; w; w = w->next) {
        if (w->stored) continue;
        NAS_TRY(nas_store_put_warning(store, id, w->text, err));
        w->stored = true;
    }
    return NAS_OK;
}
