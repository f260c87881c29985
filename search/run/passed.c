/* search/run/passed.c - trials that a worker passes over. */
#include "search/run/passed.h"

#include <assert.h>

void nas_passed_add(nas_passed *p, int64_t row, const nas_hash *key) {
    assert(p->n < NAS_PASSED_MOST);
    p->rows[p->n] = row;
    p->keys[p->n++] = *key;
}

void nas_passed_look(nas_passed *p, const nas_cache *c) {
    int32_t kept = 0;
    for (int32_t i = 0; i < p->n; i++) {
        if (!nas_cache_is_claimed(c, &p->keys[i])) continue;
        p->rows[kept] = p->rows[i];
        p->keys[kept++] = p->keys[i];
    }
    p->n = kept;
}
