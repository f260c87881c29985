/* core/deploy/interp/rounding_add.c - ADD in int8 by floats, where that gives the same as fixed
 * point for every pair of codes. */
#include "core/deploy/interp/interp_int.h"

#include <math.h>

enum { CODES = 256, LEAST_CODE = -128 };

typedef struct pairs {
    nas_fixed out;
    int32_t scaled[2][CODES]; /* each operand's codes as fixed point has them */
    double real[2][CODES];    /* what they add to the result */
} pairs;

static nas_fixed fixed_of(nas_scale s) {
    return (nas_fixed){s.mult, -s.after};
}

static double real_of(nas_scale s) {
    return ldexp(s.mult, -31 - s.after);
}

/* As nas_add_floats says, less the zero point. What is taken in double is exact there, or rounded
 * to float at once. */
static int32_t by_floats(const nas_add_floats *f, int32_t a, int32_t b) {
    const double u = a * (double)f->high[0] + b * (double)f->high[1] + (double)f->high[2];
    const double q = (double)(float)(b * (double)f->low[1] + (double)f->low[2]);
    const double l = (double)(float)(a * (double)f->low[0] + q);
    const float t =
        (float)(l + (u < 0 || (u == 0 && signbit(u)) ? -(double)f->half : (double)f->half));
    return (int32_t)(u + (double)t);
}

/* Only where the result is near a half can the two ways differ. */
static bool same(const pairs *p, const nas_add_floats *f) {
    const double near = 0x1p-10;
    for (int32_t i = 0; i < CODES; i++)
        for (int32_t k = 0; k < CODES; k++) {
            const double v = fabs(p->real[0][i] + p->real[1][k]);
            const double rest = v - (double)(int32_t)v - 0.5;
            if (rest > near || rest < -near) continue;
            const int32_t sum = p->scaled[0][i] + p->scaled[1][k];
            if (nas_fixed_scale(sum, p->out) != by_floats(f, i + LEAST_CODE, k + LEAST_CODE))
                return false;
        }
    return true;
}

bool nas_add_near(const nas_add *add, nas_add_floats *out) {
    enum { BITS = 14, TRIES = 8 };
    pairs p = {.out = fixed_of(add->out)};
    double scale[2], most = 0;
    if (add->out.after < 1) return false;
    for (int32_t k = 0; k < 2; k++) {
        scale[k] = real_of(add->in[k]) * real_of(add->out) * (1 << NAS_ADD_BITS);
        if (scale[k] > most) most = scale[k];
        for (int32_t i = 0; i < CODES; i++) {
            const int32_t v = i + LEAST_CODE - add->zero[k];
            p.scaled[k][i] = nas_fixed_scale(v * (1 << NAS_ADD_BITS), fixed_of(add->in[k]));
            p.real[k][i] = v * scale[k];
        }
    }
    if (!(most < 1 << 10)) return false;
    *out = (nas_add_floats){.zero_point = add->zero_point, .lo = add->lo, .hi = add->hi};
    /* Multiples of one step, whose sums have 24 bits. */
    int exponent;
    (void)frexp(most, &exponent);
    const double step = ldexp(1, exponent - BITS);
    double low = 0;
    for (int32_t k = 0; k < 2; k++) {
        const double high = floor(scale[k] / step) * step;
        out->high[k] = (float)high;
        out->low[k] = (float)(scale[k] - high);
        out->high[2] -= (float)(add->zero[k] * high);
        low -= add->zero[k] * (scale[k] - high);
    }
    out->low[2] = (float)low;
    const float half = (float)(0.5 + ldexp(1, -add->out.after - 1));
    for (int32_t i = 0; i < TRIES; i++) {
        out->half = half + (float)(i % 2 ? -(i + 1) / 2 : i / 2) * 0x1p-24F;
        if (same(&p, out)) return true;
    }
    return false;
}
