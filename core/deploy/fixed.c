/* core/deploy/fixed.c - multipliers and exponential. gemmlowp fixedpoint/fixedpoint.h.
 */
#include "core/deploy/fixed.h"

#include <math.h>

nas_fixed nas_fixed_of(double real) {
    int shift;
    const double fraction = frexp(real, &shift);
    int64_t q = (int64_t)round(fraction * 0x1p31);
    if (q == (int64_t)1 << 31) {
        q /= 2;
        shift++;
    }
    if (real <= 0 || shift < -31) return (nas_fixed){0, 0};
    return (nas_fixed){(int32_t)q, shift};
}

/* exp(x) for x in [-1/4, 0): Taylor's series around -1/8. */
static int32_t exp_quarter(int32_t a) {
    const int32_t at_eighth = 1895147668, third = 715827883;
    const int32_t x = a + (1 << 28);
    const int32_t x2 = nas_fixed_high(x, x);
    const int32_t x3 = nas_fixed_high(x2, x);
    const int32_t x4 = nas_fixed_high(x2, x2);
    const int32_t tail =
        nas_fixed_shift(nas_fixed_high(nas_fixed_shift(x4, 2) + x3, third) + x2, 1);
    return at_eighth + nas_fixed_high(at_eighth, x + tail);
}

int32_t nas_fixed_exp_of(int32_t a, int32_t bits) {
    /* exp(-2^k) for k = -2 ... 4. */
    static const int32_t factors[] = {1672461947, 1302514674, 790015084, 290630308,
                                      39332535,   720401,     242};
    const int32_t quarter = 1 << (29 - bits);
    if (a == 0) return INT32_MAX;
    const int32_t in_quarter = (a & (quarter - 1)) - quarter;
    int32_t result = exp_quarter(nas_fixed_left(in_quarter, bits));
    const int32_t rest = in_quarter - a;
    for (int32_t k = 0; k < bits + 2; k++)
        if (rest & (quarter << k)) result = nas_fixed_high(result, factors[k]);
    return result;
}

int32_t nas_fixed_exp(int32_t a) {
    return nas_fixed_exp_of(a, 5);
}

/* Three of Newton's steps, as nas_fixed_reciprocal has them. */
int32_t nas_fixed_complement(int32_t a) {
    const int32_t half = (int32_t)(((int64_t)a + INT32_MAX + 1) / 2);
    int32_t x = 1515870810 + nas_fixed_high(half, -1010580540);
    for (int32_t i = 0; i < 3; i++) {
        const int32_t miss = (1 << 29) - nas_fixed_high(half, x);
        x += nas_fixed_left(nas_fixed_high(x, miss), 2);
    }
    return nas_fixed_left(x - (1 << 29), 2);
}
