/* core/kernel/pool.h - the part of a pool's window that lies in the map.
 * Thread safety: all are functions of their arguments. */
#ifndef NAS_CORE_KERNEL_POOL_H
#define NAS_CORE_KERNEL_POOL_H

#include "core/kernel/kernel.h"

typedef struct pool_window {
    int32_t top, bottom, left, right; /* bottom and right: one beyond */
} pool_window;

/* Of output pixel (y, x) on a map of h x w. */
static inline pool_window pool_at(const nas_pool *p, int32_t h, int32_t w, int32_t y, int32_t x) {
    pool_window r = {.top = y * p->stride[0] - p->before[0],
                     .left = x * p->stride[1] - p->before[1]};
    r.bottom = r.top + p->size[0] < h ? r.top + p->size[0] : h;
    r.right = r.left + p->size[1] < w ? r.left + p->size[1] : w;
    if (r.top < 0) r.top = 0;
    if (r.left < 0) r.left = 0;
    return r;
}

static inline float pool_part(pool_window r) {
    return 1.0f / (float)((r.bottom - r.top) * (r.right - r.left));
}

#endif
