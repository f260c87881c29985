/* core/deploy/format/scale.c - scales of 6 significant bits. */
#include "core/deploy/format/int.h"

#include <math.h>
#include <string.h>

enum { DROPPED = 18 }; /* of a float32's 24 bits */

float nas_scale_short(float v) {
    uint32_t bits;
    float up;
    memcpy(&bits, &v, sizeof bits);
    bits = (bits + ((1u << DROPPED) - 1)) & ~((1u << DROPPED) - 1);
    memcpy(&up, &bits, sizeof up);
    return isfinite(up) ? up : v;
}

/* What a restated scale is short of by rounding. */
float nas_scale_snap(float v) {
    uint32_t bits;
    float near;
    memcpy(&bits, &v, sizeof bits);
    bits = (bits + (1u << (DROPPED - 1))) & ~((1u << DROPPED) - 1);
    memcpy(&near, &bits, sizeof near);
    return fabsf(near - v) <= v * 1e-6f ? near : v;
}
