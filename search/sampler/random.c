/* search/sampler/random.c - points drawn by (seed, trial, attempt). A finite space that is nearly
 * used up is walked for what is left: the cursor is 0 while points are drawn, then 1 + how far the
 * walk has come. In a space without end it counts the draws for the trial at hand. */
#include "search/sampler/sampler_int.h"

#include "base/rng.h"

enum {
    ATTEMPTS = 4096, /* draws of one claim that may be seen or forbidden; after them, the walk */
    ATTEMPTS_INFINITE = 65536 /* before an infinite space counts as used up */
};
static const uint32_t walk_attempt = UINT32_MAX; /* its stream gives the start of the walk */

static nas_status random_check(const nas_space *s, int64_t trials, nas_err *err) {
    if (trials > 0 || nas_space_points(s) >= 0) return NAS_OK;
    return nas_fail(err, NAS_EINVAL,
                    "search.trials: the space has no end, so \"random\" needs a number of trials; "
                    "give search.trials or --trials");
}

static nas_status random_ask(const nas_space *s, uint64_t seed, int64_t n, int64_t *cursor,
                             const nas_seen *seen, nas_point *out, nas_ask *what, nas_err *err) {
    const int64_t points = nas_space_points(s);
    const bool endless = points < 0;
    if (endless || *cursor == 0) {
        bool fresh = false;
        uint32_t attempt = endless ? (uint32_t)*cursor : 0;
        for (uint32_t k = 0; !fresh && k < ATTEMPTS; k++) {
            nas_space_random(s, seed, n, attempt++, out);
            NAS_TRY(nas_sampler_fresh(s, out, seen, &fresh, err));
        }
        *cursor = fresh ? 0 : endless ? attempt : 1;
        if (!fresh) *what = attempt < ATTEMPTS_INFINITE ? NAS_ASK_AGAIN : NAS_ASK_EXHAUSTED;
        return NAS_OK;
    }
    nas_rng rng = nas_rng_stream(seed, 0, NAS_PURPOSE_SAMPLE, 0, 0x80000000u, walk_attempt);
    const int64_t start = (int64_t)nas_rng_below(&rng, (uint64_t)points);
    int64_t step = *cursor - 1;
    const nas_status st = nas_sampler_walk(s, start, &step, seen, out, what, err);
    *cursor = step < INT64_MAX ? step + 1 : step;
    return st;
}

const nas_sampler nas_sampler_random = {
    .name = "random",
    .help = "each choice drawn uniformly, never the same point twice",
    .check = random_check,
    .ask = random_ask,
};
