/* search/sampler/random.c - points drawn by (seed, trial, attempt). A finite space that is nearly
 * used up is walked for what is left: the cursor is 0 while points are drawn, then 1 + how far the
 * walk has come. In a space without end it counts the draws for the trial at hand. */
#include "search/sampler/sampler_int.h"

static nas_status random_check(const nas_space *s, int64_t trials, nas_err *err) {
    return nas_sampler_check_end(s, "random", trials, err);
}

static nas_status random_ask(const nas_question *q, int64_t *cursor, nas_point *out, nas_ask *what,
                             nas_err *err) {
    const bool endless = nas_space_points(q->space) < 0;
    if (endless || *cursor == 0) {
        bool fresh = false;
        uint32_t attempt = endless ? (uint32_t)*cursor : 0;
        for (uint32_t k = 0; !fresh && k < NAS_SAMPLER_ATTEMPTS; k++) {
            nas_space_random(q->space, q->seed, q->n, attempt++, out);
            NAS_TRY(nas_sampler_fresh(q, out, &fresh, err));
        }
        *cursor = fresh ? 0 : endless ? attempt : 1;
        if (!fresh)
            *what = attempt < NAS_SAMPLER_ATTEMPTS_ENDLESS ? NAS_ASK_AGAIN : NAS_ASK_EXHAUSTED;
        return NAS_OK;
    }
    int64_t step = *cursor - 1;
    const nas_status st = nas_sampler_walk(q, nas_sampler_start(q), &step, out, what, err);
    *cursor = step < INT64_MAX ? step + 1 : step;
    return st;
}

const nas_sampler nas_sampler_random = {
    .name = "random",
    .help = "each choice drawn uniformly, never the same point twice",
    .check = random_check,
    .ask = random_ask,
};
