/* search/run/passed.h - the waiting trials that a worker passes over, because another process
 * computes what they begin with.
 * Thread safety: no shared state; one thread at a time for each list. */
#ifndef NAS_SEARCH_RUN_PASSED_H
#define NAS_SEARCH_RUN_PASSED_H

#include "search/cache/cache.h"

enum { NAS_PASSED_MOST = 64 }; /* so far does a worker look ahead for one that it can begin */

typedef struct nas_passed {
    int32_t n;
    int64_t rows[NAS_PASSED_MOST];
    nas_hash keys[NAS_PASSED_MOST]; /* of the stages that are computed elsewhere */
} nas_passed;

/* There must be room. */
void nas_passed_add(nas_passed *p, int64_t row, const nas_hash *key);
/* Forgets those whose stage nobody claims any more: it is there, or may be computed. */
void nas_passed_look(nas_passed *p, const nas_cache *c);

#endif
