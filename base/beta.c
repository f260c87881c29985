/* base/beta.c - numbers of a beta distribution. */
#include "base/rng.h"

#include <math.h>

/* Never 0. */
static double above_zero(nas_rng *r) {
    return 1 - nas_rng_double(r);
}

/* Box and Muller 1958. */
static double normal(nas_rng *r) {
    const double radius = sqrt(-2 * log(above_zero(r)));
    return radius * cos(2 * M_PI * nas_rng_double(r));
}

/* The logarithm of a gamma of shape a >= 1. Marsaglia and Tsang 2000, section 4. */
static double log_gamma_large(nas_rng *r, double a) {
    const double d = a - 1.0 / 3, c = 1 / sqrt(9 * d);
    for (;;) {
        const double x = normal(r), v = 1 + c * x;
        if (v <= 0) continue;
        const double log_v = 3 * log(v);
        if (log(above_zero(r)) < x * x / 2 + d - d * v * v * v + d * log_v) return log(d) + log_v;
    }
}

/* Below 1: that of a + 1 times the a-th root of a uniform number (section 6). */
static double log_gamma(nas_rng *r, double a) {
    return a >= 1 ? log_gamma_large(r, a) : log_gamma_large(r, a + 1) + log(above_zero(r)) / a;
}

double nas_rng_beta(nas_rng *r, double a, double b) {
    const double x = log_gamma(r, a), y = log_gamma(r, b);
    return 1 / (1 + exp(y - x));
}
