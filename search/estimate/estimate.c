/* search/estimate/estimate.c - outcomes counted by group, and the bound of one model's accuracy. */
#include "search/estimate/estimate_int.h"

#include "base/rng.h"
#include "search/estimate/compare.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static bool bit(const uint8_t *bits, int64_t i) {
    return bits[i / 8] >> (i % 8) & 1;
}

static size_t place(const int32_t *group, int64_t i, int32_t groups) {
    const int64_t at = group ? group[i] : i;
    assert(at >= 0 && at < groups);
    (void)groups;
    return (size_t)at;
}

void nas_outcomes_count(const uint8_t *bits, const int32_t *group, int64_t examples, int32_t groups,
                        int32_t *right, int32_t *n) {
    memset(right, 0, (size_t)groups * sizeof *right);
    if (n) memset(n, 0, (size_t)groups * sizeof *n);
    for (int64_t i = 0; i < examples; i++) {
        const size_t at = place(group, i, groups);
        right[at] += bit(bits, i);
        if (n) n[at]++;
    }
}

void nas_outcomes_differ(const uint8_t *a, const uint8_t *b, const int32_t *group, int64_t examples,
                         int32_t groups, int32_t *only_a, int32_t *only_b) {
    memset(only_a, 0, (size_t)groups * sizeof *only_a);
    memset(only_b, 0, (size_t)groups * sizeof *only_b);
    for (int64_t i = 0; i < examples; i++) {
        const size_t at = place(group, i, groups);
        only_a[at] += bit(a, i) && !bit(b, i);
        only_b[at] += bit(b, i) && !bit(a, i);
    }
}

double nas_normal_mass(double x) {
    return 0.5 * erfc(-x * M_SQRT1_2);
}

double nas_normal_quantile(double q) {
    double lo = -40, hi = 40;
    for (int i = 0; i < 200 && hi - lo > 1e-15; i++) {
        const double mid = 0.5 * (lo + hi);
        *(nas_normal_mass(mid) < q ? &lo : &hi) = mid;
    }
    return 0.5 * (lo + hi);
}

void nas_groups_draw(uint64_t seed, int32_t draw, int32_t groups, int32_t *times) {
    nas_rng r = nas_rng_stream(seed, 0, NAS_PURPOSE_GROUPS, (uint32_t)draw, 0, 0);
    memset(times, 0, (size_t)groups * sizeof *times);
    for (int32_t i = 0; i < groups; i++) times[nas_rng_below(&r, (uint64_t)groups)]++;
}

int32_t nas_groups_like(int32_t groups, double sum, double squares) {
    const double like = floor(sum * sum / squares * (1 + 1e-12));
    if (groups < 2) return 1;
    return like < 2 ? 2 : (int32_t)like;
}

int32_t nas_groups_equal(const nas_groups *g) {
    double n = 0, squares = 0;
    for (int32_t i = 0; i < g->groups; i++) {
        n += g->n[i];
        squares += (double)g->n[i] * g->n[i];
    }
    return nas_groups_like(g->groups, n, squares);
}

double nas_tail_quantile(double tail, int32_t like) {
    return like < 2 ? nas_normal_quantile(1 - tail) : nas_student_quantile(1 - tail, like - 1);
}

double nas_tail_expand(double tail, int32_t like) {
    if (like < 2) return tail;
    return nas_normal_mass(-nas_tail_quantile(tail, like) * sqrt(like / (like - 1.0)));
}

double nas_tail_shrink(double tail, int32_t like) {
    if (like < 2 || tail <= 0 || tail >= 1) return tail;
    const double t = nas_normal_quantile(tail) * sqrt((like - 1.0) / like);
    const double half = nas_student_central(fabs(t), like - 1) / 2;
    return t < 0 ? 0.5 - half : 0.5 + half;
}

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void nas_doubles_sort(double *v, int32_t n) {
    qsort(v, (size_t)n, sizeof *v, by_value);
}

double nas_percentile(const double *v, int32_t n, double share) {
    const double at = share * (n - 1);
    const int32_t k = (int32_t)at;
    if (k >= n - 1) return v[n - 1];
    if (v[k] == v[k + 1]) return v[k]; /* infinite ones, too */
    return v[k] + (at - k) * (v[k + 1] - v[k]);
}

double nas_share_below(const double *v, int32_t n, double x) {
    int32_t k = 0;
    while (k < n && v[k] < x) k++;
    if (k == 0) return 0;
    if (k == n) return 1;
    return (k - 1 + (x - v[k - 1]) / (v[k] - v[k - 1])) / (n - 1);
}

double nas_wilson_lo(double p, double n, double z) {
    const double middle = p + z * z / (2 * n), scale = 1 + z * z / n;
    const double half = z * sqrt(p * (1 - p) / n + z * z / (4 * n * n));
    return fmax(0, (middle - half) / scale);
}

double nas_wilson_hi(double p, double n, double z) {
    return 1 - nas_wilson_lo(1 - p, n, z);
}

int64_t nas_examples_needed(double p, double bound, double deff, double confidence) {
    const double z = nas_normal_quantile(confidence), most = 9007199254740992.0;
    if (!(p > bound)) return 0;
    /* Where the bound is Wilson's end, p is z deviations of the bound's own away from it. */
    const double b = fmax(0, bound);
    const double n = deff * z * z * b * (1 - b) / ((p - b) * (p - b));
    if (!(n < most)) return 0;
    enum { NEAR = 1000 }; /* where digits run out, more would not help */
    int64_t least = (int64_t)fmax(1, floor(n) - 1);
    for (int i = 0; i < NEAR && nas_wilson_lo(p, (double)least / deff, z) <= bound; i++) least++;
    return least;
}

/* Variance of the ratio over groups, beside that of independent examples. */
static double variance_ratio(const nas_groups *g, const int32_t *right, double n, double p) {
    double squares = 0;
    for (int32_t i = 0; i < g->groups; i++) {
        const double off = right[i] - p * g->n[i];
        squares += off * off;
    }
    const double alone = p * (1 - p) / n;
    if (g->groups < 2 || alone == 0) return 1;
    return squares / (n * n) * g->groups / (g->groups - 1) / alone;
}

double nas_deff_shrink(const nas_groups *g, double found, int64_t n, int64_t right) {
    const double like = 0.02, weight = 4;
    const double errors = (double)(right < n - right ? right : n - right);
    double squares = 0;
    for (int32_t i = 0; i < g->groups; i++) squares += (double)g->n[i] * g->n[i];
    const double supposed = 1 + like * (squares / (double)n - 1);
    return (errors * fmax(1, found) + weight * supposed) / (errors + weight);
}

void nas_deff_estimate(const nas_groups *g, const int32_t *right, nas_accuracy *out) {
    const double n = (double)out->n;
    const double found = variance_ratio(g, right, n, (double)out->right / n);
    out->deff = nas_deff_shrink(g, found, out->n, out->right);
}

static void count(const nas_groups *g, const int32_t *right, nas_accuracy *out) {
    *out = (nas_accuracy){.groups = g->groups, .few = nas_groups_equal(g) < NAS_BOUND_FEW};
    for (int32_t i = 0; i < g->groups; i++) {
        assert(g->n[i] > 0 && right[i] >= 0 && right[i] <= g->n[i]);
        out->n += g->n[i];
        out->right += right[i];
    }
    out->accuracy = (double)out->right / (double)out->n;
}

/* The accuracy of each draw of groups, sorted. */
static void draw_ratios(const nas_groups *g, const int32_t *right, const nas_bound_rule *rule,
                        int32_t *times, double *ratio) {
    for (int32_t b = 0; b < rule->draws; b++) {
        int64_t n = 0, sum = 0;
        nas_groups_draw(rule->seed, b, g->groups, times);
        for (int32_t i = 0; i < g->groups; i++) {
            n += (int64_t)times[i] * g->n[i];
            sum += (int64_t)times[i] * right[i];
        }
        ratio[b] = (double)sum / (double)n;
    }
    nas_doubles_sort(ratio, rule->draws);
}

nas_status nas_accuracy_bound(const nas_groups *g, const int32_t *right, const nas_bound_rule *rule,
                              nas_accuracy *out, nas_err *err) {
    assert(g->groups > 0 && rule->draws > 1 && rule->confidence > 0.5 && rule->confidence < 1);
    int32_t *times = malloc((size_t)g->groups * sizeof *times);
    double *ratio = malloc((size_t)rule->draws * sizeof *ratio);
    count(g, right, out);
    if (times && ratio) {
        const int32_t like = nas_groups_equal(g);
        const double tail = nas_tail_expand(1 - rule->confidence, like);
        const double z = nas_tail_quantile(1 - rule->confidence, like);
        nas_deff_estimate(g, right, out);
        draw_ratios(g, right, rule, times, ratio);
        out->bootstrap_lo = nas_percentile(ratio, rule->draws, tail);
        out->bootstrap_hi = nas_percentile(ratio, rule->draws, 1 - tail);
        out->wilson_lo = nas_wilson_lo(out->accuracy, (double)out->n / out->deff, z);
        out->wilson_hi = nas_wilson_hi(out->accuracy, (double)out->n / out->deff, z);
        out->lo = fmin(out->wilson_lo, out->bootstrap_lo);
        out->hi = fmax(out->wilson_hi, out->bootstrap_hi);
    }
    const bool whole = times && ratio;
    free(times);
    free(ratio);
    return whole ? NAS_OK : nas_fail(err, NAS_ENOMEM, "bounds of an accuracy: out of memory");
}
