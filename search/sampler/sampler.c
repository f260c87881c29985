/* search/sampler/sampler.c - first trials before the sampler's own. The
 * cursor counts the entries of try_first that were passed, and then what the sampler counts. */
#include "search/sampler/sampler_int.h"

nas_status nas_sampler_fresh(const nas_space *s, const nas_point *p, const nas_seen *seen,
                             bool *yes, nas_err *err) {
    bool forbidden;
    *yes = false;
    NAS_TRY(nas_space_forbidden(s, p, &forbidden, err));
    if (forbidden) return NAS_OK;
    nas_hash hash;
    bool there = false;
    NAS_TRY(nas_space_point_hash(s, p, &hash, err));
    NAS_TRY(seen->has(seen->ctx, &hash, &there, err));
    *yes = !there;
    return NAS_OK;
}

nas_status nas_sampler_walk(const nas_space *s, int64_t start, int64_t *step, const nas_seen *seen,
                            nas_point *out, nas_ask *what, nas_err *err) {
    const int64_t points = nas_space_points(s);
    for (int32_t n = 0; *step < points; n++) {
        if (n == NAS_SAMPLER_STRIDE) {
            *what = NAS_ASK_AGAIN;
            return NAS_OK;
        }
        const int64_t left = points - start;
        const int64_t i = *step < left ? start + *step : *step - left;
        bool fresh;
        nas_space_grid(s, i, out);
        ++*step;
        NAS_TRY(nas_sampler_fresh(s, out, seen, &fresh, err));
        if (fresh) return NAS_OK;
    }
    *what = NAS_ASK_EXHAUSTED;
    return NAS_OK;
}

nas_status nas_sampler_next(const nas_space *s, uint64_t seed, int64_t n, int64_t *cursor,
                            const nas_seen *seen, nas_point *out, nas_ask *what, nas_err *err) {
    const int32_t first = nas_space_try_first(s);
    *what = NAS_ASK_POINT;
    while (*cursor < first) {
        bool fresh;
        NAS_TRY(nas_space_try(s, seed, (int32_t)*cursor, out, err));
        ++*cursor;
        NAS_TRY(nas_sampler_fresh(s, out, seen, &fresh, err));
        if (fresh) return NAS_OK;
    }
    int64_t own = *cursor - first;
    const nas_sampler *row = nas_sampler_at(nas_space_search(s)->sampler);
    const nas_status st = row->ask(s, seed, n, &own, seen, out, what, err);
    *cursor = own + first;
    return st;
}
