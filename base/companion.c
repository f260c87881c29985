/* base/companion.c - the table of companions of a metric. */
#include "base/companion.h"

#include <string.h>

const nas_companion nas_companions[NAS_COMPANIONS] = {
    [NAS_LOWER_END] = {.suffix = NAS_LO, .word = "lo", .end = -1},
    [NAS_UPPER_END] = {.suffix = NAS_HI, .word = "hi", .end = 1},
    [NAS_PERCENTILE] = {.suffix = NAS_P95, .word = "p95"},
};

const nas_companion *nas_companion_of(const char *name, size_t *n) {
    const size_t all = strlen(name);
    for (int i = 0; i < NAS_COMPANIONS; i++) {
        const size_t m = strlen(nas_companions[i].suffix);
        if (all <= m || strcmp(name + all - m, nas_companions[i].suffix) != 0) continue;
        if (n) *n = all - m;
        return &nas_companions[i];
    }
    return NULL;
}

int nas_companion_end(const char *name, const char *metric) {
    size_t n;
    const nas_companion *c = nas_companion_of(name, &n);
    return c && strlen(metric) == n && strncmp(name, metric, n) == 0 ? c->end : 0;
}
