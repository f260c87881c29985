/* base/copy.h - copies of a few floats, many times: a call of memcpy costs more than they do.
 * Thread safety: all are functions of their arguments. */
#ifndef NAS_BASE_COPY_H
#define NAS_BASE_COPY_H

#include <stddef.h>
#include <string.h>

/* The two do not overlap. */
static inline void nas_copy_floats(float *to, const float *from, size_t n) {
    if (n > 64) {
        memcpy(to, from, n * sizeof *to);
        return;
    }
    for (; n >= 4; n -= 4, to += 4, from += 4) memcpy(to, from, 4 * sizeof *to);
    for (; n >= 2; n -= 2, to += 2, from += 2) memcpy(to, from, 2 * sizeof *to);
    if (n) *to = *from;
}

#endif
