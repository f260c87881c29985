/* core/deploy/plain/shared.h - what operators in an exported model.c share: text of parts, as in
 * kernels.c.
 * Thread safety: all are functions of their arguments. */
#ifndef NAS_CORE_DEPLOY_PLAIN_SHARED_H
#define NAS_CORE_DEPLOY_PLAIN_SHARED_H

#include "core/deploy/fixed.h"

#include <float.h>
#include <stddef.h>
#include <string.h>

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"

/* part window */
/* A window that goes over a map [h][w][c]; what it covers outside counts as zero. */
typedef struct window {
    int32_t in[3], out[3]; /* h, w, c */
    int32_t size[2], stride[2], dilation[2];
    int32_t before[2]; /* rows above and columns left of the map */
} window;

/* Where tap k of an output along one axis reads; below 0: outside. */
static int32_t tap_at(const window *n, int axis, int32_t out, int32_t k) {
    const int32_t at = out * n->stride[axis] - n->before[axis] + k * n->dilation[axis];
    return at < n->in[axis] ? at : -1;
}
/* end */

/* part clamp_f32 */
static float clamp_f32(float v, float lo, float hi) {
    v = v < lo ? lo : v;
    return v > hi ? hi : v;
}
/* end */

/* part codes */
/* Zero points of input and output, and the codes that an activation leaves. */
typedef struct codes {
    int32_t in, out, lo, hi;
} codes;

static int8_t code_of(int64_t v, const codes *q) {
    v += q->out;
    return (int8_t)(v < q->lo ? q->lo : v > q->hi ? q->hi : v);
}
/* end */

#pragma GCC diagnostic pop

#endif
