/* search/candidate/search.h - the block "search" of a space file, which no candidate has. */
#ifndef NAS_SEARCH_CANDIDATE_SEARCH_H
#define NAS_SEARCH_CANDIDATE_SEARCH_H

#include <stdint.h>

/* search block: sampler's name ("grid"), trials (0: not given), seed, workers (0: as many
 * as cores). */
typedef struct nas_search_config {
    int32_t sampler; /* index into nas_sampler names */
    int32_t trials, workers;
    int32_t prefer;     /* 0 best, 1 smallest within noise */
    int32_t replicates; /* of each finalist, with other seeds; -1: two with folds, else none */
    double confidence;  /* of bounds; NaN: the bare figures are tested */
    uint64_t seed;
    const void *own; /* what the sampler's own keys say, its struct; NULL: it has none */
} nas_search_config;

#endif
