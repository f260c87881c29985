/* search/space/forbidden.c - points that `forbid` rules out, and draws that pass over them. */
#include "search/space/space_int.h"

#include <assert.h>
#include <stdlib.h>

typedef struct lookup {
    const nas_space *s;
    const nas_point *p;
    nas_arena *arena;
    const cJSON *document;
    nas_status st;
    nas_err *err;
} lookup;

static const cJSON *look_up(void *ctx, const char *path) {
    lookup *l = ctx;
    const cJSON *v = NULL, *named = NULL;
    if (l->st == NAS_OK) l->st = nas_candidate_lookup(l->arena, l->document, path, &v, l->err);
    if (!v) return NULL;
    named = nas_json_copy(l->arena, v, nas_space_chosen(l->s, l->p, path));
    if (!named) l->st = nas_fail(l->err, NAS_ENOMEM, "out of memory for a condition");
    return named;
}

nas_status nas_space_forbidden(const nas_space *s, const nas_point *p, bool *yes, nas_err *err) {
    *yes = false;
    if (!s->n_forbid) return NAS_OK;
    const nas_arena_mark mark = nas_arena_here(s->scratch);
    lookup l = {.s = s, .p = p, .arena = s->scratch, .err = err};
    cJSON *document;
    l.st = nas_space_resolve(s, s->scratch, p, NULL, &document, err);
    l.document = document;
    for (int32_t i = 0; l.st == NAS_OK && i < s->n_forbid && !*yes; i++)
        *yes = nas_condition_holds(s->forbid[i], look_up, &l);
    nas_arena_back(s->scratch, mark);
    return l.st;
}

int64_t nas_space_allowed(const nas_space *s) {
    const int64_t points = nas_space_points(s);
    if (!s->n_forbid || points < 0) return points;
    double *values =
        points <= NAS_COUNT_MOST ? malloc(((size_t)s->n_params + 1) * sizeof *values) : NULL;
    if (!values) return -1;
    nas_point p = {values};
    int64_t allowed = 0;
    bool forbidden, fine = true;
    for (int64_t i = 0; fine && i < points; i++) {
        nas_space_grid(s, i, &p);
        fine = nas_space_forbidden(s, &p, &forbidden, NULL) == NAS_OK;
        allowed += fine && !forbidden;
    }
    free(values);
    return fine ? allowed : -1;
}

nas_status nas_space_try(const nas_space *s, uint64_t seed, int32_t i, nas_point *p, nas_err *err) {
    enum { ATTEMPTS = 64 };
    bool forbidden = true;
    assert(i >= 0 && i < s->n_try);
    for (uint32_t attempt = 0; forbidden && attempt < ATTEMPTS; attempt++) {
        /* The high bit keeps these streams apart from those of trial numbers. */
        nas_rng rng =
            nas_rng_stream(seed, 0, NAS_PURPOSE_SAMPLE, (uint32_t)i, 0x80000000u, attempt);
        nas_space_draw(s, &rng, &s->tries[i], p);
        NAS_TRY(nas_space_forbidden(s, p, &forbidden, err));
    }
    return NAS_OK;
}
