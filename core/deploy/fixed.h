/* core/deploy/fixed.h - TFLite's fixed-point arithmetic (an exported model.c has it too), with the
 * double rounding of released builds (kernels/internal/common.cc; gemmlowp
 * fixedpoint/fixedpoint.h).
 * Thread safety: all are functions of their arguments. */
#ifndef NAS_CORE_DEPLOY_FIXED_H
#define NAS_CORE_DEPLOY_FIXED_H

#include <stdint.h>

/* part fixed_high */
/* High half of 2ab, rounded to nearest, halves away from zero; saturates. */
static inline int32_t nas_fixed_high(int32_t a, int32_t b) {
    if (a == INT32_MIN && b == INT32_MIN) return INT32_MAX;
    const int64_t p = (int64_t)a * b;
    return (int32_t)((p + (p >= 0 ? 1 << 30 : 1 - (1 << 30))) / ((int64_t)1 << 31));
}
/* end */

/* part fixed_shift */
/* x / 2^e, halves away from zero; 0 <= e <= 31. */
static inline int32_t nas_fixed_shift(int32_t x, int32_t e) {
    const int32_t mask = (int32_t)((1u << e) - 1);
    const int32_t rest = x & mask, half = (mask >> 1) + (x < 0);
    return (x >> e) + (rest > half);
}
/* end */

/* part fixed_scale: fixed_high fixed_shift */
/* real = mult * 2^(shift - 31), mult in [2^30, 2^31); 0 is (0, 0). real must be >= 0. */
typedef struct nas_fixed {
    int32_t mult, shift;
} nas_fixed;

/* x * real. A left shift that overflows wraps. */
static inline int32_t nas_fixed_scale(int32_t x, nas_fixed f) {
    const int32_t left = f.shift > 0 ? f.shift : 0, right = f.shift > 0 ? 0 : -f.shift;
    return nas_fixed_shift(nas_fixed_high((int32_t)((uint32_t)x << left), f.mult), right);
}
/* end */

/* part fixed_reciprocal: fixed_high */
/* v * 2^n, saturating. */
static inline int32_t nas_fixed_left(int32_t v, int32_t n) {
    const int32_t most = (int32_t)((1u << (31 - n)) - 1);
    if (v > most) return INT32_MAX;
    if (v < -most) return INT32_MIN;
    return (int32_t)((uint32_t)v << n);
}

/* 1 / (1 + a) of a fraction a in [0, 1), as a fraction of 31 bits: three of Newton's steps. */
static inline int32_t nas_fixed_reciprocal(int32_t a) {
    const int32_t half = (int32_t)(((int64_t)a + INT32_MAX + 1) / 2);
    /* 48/17 and -32/17 with 2 integer bits: the first guess of 1 / half. */
    int32_t x = 1515870810 + nas_fixed_high(half, -1010580540);
    for (int32_t i = 0; i < 3; i++) {
        const int32_t miss = (1 << 29) - nas_fixed_high(half, x);
        x += nas_fixed_left(nas_fixed_high(x, miss), 2);
    }
    return nas_fixed_left(x, 1);
}
/* end */

nas_fixed nas_fixed_of(double real);
/* exp of a <= 0 with 5, or so many (at most 5), integer bits, as a fraction of 31 bits. */
int32_t nas_fixed_exp(int32_t a);
int32_t nas_fixed_exp_of(int32_t a, int32_t bits);
/* (1 - a) / (1 + a) of a fraction a in [0, 1), as a fraction of 31 bits. */
int32_t nas_fixed_complement(int32_t a);

#endif
