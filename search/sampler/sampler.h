/* search/sampler/sampler.h - how the next point of a study is picked. A sampler keeps nothing: all
 * it knows of the past is the cursor that the store holds, whether a candidate hash is already
 * there, and, if it looks back, results through a fixed lag. */
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
 * came, and who asks again gets what one long search would have given. NAS_ASK_WAIT: results that
 * the sampler looks at are not there yet; the cursor is as it was. */
typedef enum nas_ask { NAS_ASK_POINT, NAS_ASK_EXHAUSTED, NAS_ASK_AGAIN, NAS_ASK_WAIT } nas_ask;

/* What is asked: trial number n of a study with that seed. */
typedef struct nas_question {
    const nas_space *space;
    uint64_t seed;
    int64_t n;
    const nas_seen *seen;
} nas_question;

typedef struct nas_sampler {
    const char *name;
    const char *help;
    /* "search" with the sampler's own keys as its second table, which fill a struct of own_bytes,
     * nas_search_config.own; NULL: it has none. */
    const struct nas_block *block;
    size_t own_bytes;
    /* Can it walk this space? Errors: NAS_EINVAL (a float range without a step in a grid; random
     * without trials on an infinite space; more parameters than it has dimensions). */
    nas_status (*check)(const nas_space *s, int64_t trials, nas_err *err);
    /* *cursor is the sampler's own (0 at first); forbidden and seen points are skipped. */
    nas_status (*ask)(const nas_question *q, int64_t *cursor, nas_point *out, nas_ask *what,
                      nas_err *err);
} nas_sampler;

/* try_first entries come before the sampler's own points: this does both. */
NAS_NODISCARD nas_status nas_sampler_next(const nas_question *q, int64_t *cursor, nas_point *out,
                                          nas_ask *what, nas_err *err);

const nas_sampler *nas_sampler_at(
    int32_t i); /* NULL past the end; order of nas_search_config.sampler */

#endif
