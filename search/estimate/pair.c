/* search/estimate/pair.c - two models on the same examples. */
#include "search/estimate/compare.h"
#include "search/estimate/estimate_int.h"

#include <assert.h>
#include <math.h>

/* Twice the smaller tail of Binomial(n, 1/2). */
static double mcnemar(int64_t a, int64_t b) {
    const int64_t n = a + b, most = a < b ? a : b;
    double sum = 0;
    if (a == b) return 1;
    for (int64_t k = 0; k <= most; k++)
        sum += exp(lgamma((double)n + 1) - lgamma((double)k + 1) - lgamma((double)(n - k) + 1) -
                   (double)n * M_LN2);
    return fmin(1, 2 * sum);
}

/* Of the difference: over groups, never below that of independent examples. */
static double variance_of(const nas_groups *g, const int32_t *only_a, const int32_t *only_b,
                          const nas_pair_difference *d) {
    const double n = (double)d->n;
    double squares = 0;
    for (int32_t i = 0; i < g->groups; i++) {
        const double off = only_a[i] - only_b[i] - d->difference * g->n[i];
        squares += off * off;
    }
    const double together = squares / (n * n) * g->groups / (g->groups - 1);
    const double alone = ((double)(d->only_a + d->only_b) / n - d->difference * d->difference) / n;
    return fmax(together, alone);
}

void nas_pair_compare(const nas_groups *g, const int32_t *only_a, const int32_t *only_b,
                      nas_pair_difference *out) {
    assert(g->groups > 0);
    *out = (nas_pair_difference){
        .groups = g->groups, .few = nas_groups_equal(g) < NAS_BOUND_FEW, .p = 1};
    for (int32_t i = 0; i < g->groups; i++) {
        out->n += g->n[i];
        out->only_a += only_a[i];
        out->only_b += only_b[i];
    }
    out->difference = (double)(out->only_a - out->only_b) / (double)out->n;
    out->mcnemar_p = mcnemar(out->only_a, out->only_b);
    if (out->only_a + out->only_b == 0) return;
    out->lo = -1;
    out->hi = 1;
    if (g->groups < 2) return;
    const double error = sqrt(variance_of(g, only_a, only_b, out));
    const double half = nas_student_quantile(0.975, g->groups - 1) * error;
    out->lo = fmax(-1, out->difference - half);
    out->hi = fmin(1, out->difference + half);
    out->p = error > 0 ? 1 - nas_student_central(fabs(out->difference) / error, g->groups - 1) : 0;
}
