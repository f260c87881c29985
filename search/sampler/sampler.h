/* search/sampler/sampler.h - how the next point of a study is picked. A sampler keeps nothing: all
 * it knows of the past is the cursor that the store holds and the question whether a candidate hash
 * is already there. */
#ifndef NAS_SEARCH_SAMPLER_SAMPLER_H
#define NAS_SEARCH_SAMPLER_SAMPLER_H

#include "search/sampler/names.h"
#include "search/space/space.h"

/* Asks the store; in the claim's transaction. */
typedef struct nas_seen {
    void *ctx;
    nas_status (*has)(void *ctx, const nas_hash *candidate, bool *yes, nas_err *err);
} nas_seen;

/* NAS_ASK_AGAIN: many points were passed over and none was found yet; the cursor says how far it
 * came, and who asks again gets what one long search would have given. */
typedef enum nas_ask { NAS_ASK_POINT, NAS_ASK_EXHAUSTED, NAS_ASK_AGAIN } nas_ask;

typedef struct nas_sampler {
    const char *name;
    const char *help;
    /* Can it walk this space? Errors: NAS_EINVAL (a float range without a step in a grid; random
     * without trials on an infinite space). */
    nas_status (*check)(const nas_space *s, int64_t trials, nas_err *err);
    /* Trial number n. *cursor is the sampler's own (0 at first); forbidden and seen points are
     * skipped. */
    nas_status (*ask)(const nas_space *s, uint64_t seed, int64_t n, int64_t *cursor,
                      const nas_seen *seen, nas_point *out, nas_ask *what, nas_err *err);
} nas_sampler;

/* try_first entries come before the sampler's own points: this does both. */
NAS_NODISCARD nas_status nas_sampler_next(const nas_space *s, uint64_t seed, int64_t n,
                                          int64_t *cursor, const nas_seen *seen, nas_point *out,
                                          nas_ask *what, nas_err *err);

const nas_sampler *nas_sampler_at(
    int32_t i); /* NULL past the end; order of nas_search_config.sampler */

#endif
