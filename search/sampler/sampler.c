/* search/sampler/sampler.c - what samplers share, and first trials before the sampler's own. The
 * cursor counts the entries of try_first that were passed, and then what the sampler counts. */
#include "search/sampler/sampler_int.h"

#include "base/rng.h"

#include <string.h>

static const uint32_t walk_attempt = UINT32_MAX; /* its stream gives the start of the walk */

nas_status nas_sampler_check_end(const nas_space *s, const char *name, int64_t trials,
                                 nas_err *err) {
    if (trials > 0 || nas_space_points(s) >= 0) return NAS_OK;
    return nas_fail(err, NAS_EINVAL,
                    "search.trials: the space has no end, so \"%s\" needs a number of trials; "
                    "give search.trials or --trials",
                    name);
}

nas_status nas_sampler_fresh(const nas_question *q, const nas_point *p, bool *yes, nas_err *err) {
    bool forbidden;
    *yes = false;
    NAS_TRY(nas_space_forbidden(q->space, p, &forbidden, err));
    if (forbidden) return NAS_OK;
    nas_hash hash;
    bool there = false;
    NAS_TRY(nas_space_point_hash(q->space, p, &hash, err));
    NAS_TRY(q->seen->has(q->seen->ctx, &hash, &there, err));
    *yes = !there;
    return NAS_OK;
}

int64_t nas_sampler_start(const nas_question *q) {
    nas_rng rng = nas_rng_stream(q->seed, 0, NAS_PURPOSE_SAMPLE, 0, 0x80000000u, walk_attempt);
    return (int64_t)nas_rng_below(&rng, (uint64_t)nas_space_points(q->space));
}

nas_status nas_sampler_walk(const nas_question *q, int64_t start, int64_t *step, nas_point *out,
                            nas_ask *what, nas_err *err) {
    const int64_t points = nas_space_points(q->space);
    for (int32_t n = 0; *step < points; n++) {
        if (n == NAS_SAMPLER_STRIDE) {
            *what = NAS_ASK_AGAIN;
            return NAS_OK;
        }
        const int64_t left = points - start;
        const int64_t i = *step < left ? start + *step : *step - left;
        bool fresh;
        nas_space_grid(q->space, i, out);
        ++*step;
        NAS_TRY(nas_sampler_fresh(q, out, &fresh, err));
        if (fresh) return NAS_OK;
    }
    *what = NAS_ASK_EXHAUSTED;
    return NAS_OK;
}

nas_status nas_sampler_next(const nas_question *q, int64_t *cursor, nas_point *out, nas_ask *what,
                            nas_err *err) {
    const int32_t first = nas_space_try_first(q->space);
    *what = NAS_ASK_POINT;
    while (*cursor < first) {
        bool fresh;
        NAS_TRY(nas_space_try(q->space, q->seed, (int32_t)*cursor, out, err));
        ++*cursor;
        NAS_TRY(nas_sampler_fresh(q, out, &fresh, err));
        if (fresh) return NAS_OK;
    }
    int64_t own = *cursor - first;
    const nas_sampler *row = nas_sampler_at(nas_space_search(q->space)->sampler);
    const nas_status st = row->ask(q, &own, out, what, err);
    *cursor = own + first;
    return st;
}
