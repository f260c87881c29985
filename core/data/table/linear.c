/* core/data/table/linear.c - the linear forecast by least squares. */
#include "core/data/table/series.h"

#include <math.h>
#include <stdlib.h>

/* What the fit may cost, in multiplications. */
static const double most_work = 1.5e9;

/* A x = B for a symmetric positive definite A [n][n], in place, B [m][n]. false: it is none, or
 * there was a stop. */
static bool solve(double *a, int32_t n, double *b, int32_t m, const nas_log *log) {
    for (int32_t j = 0; j < n; j++) {
        if (nas_should_stop(log)) return false;
        for (int32_t i = j; i < n; i++) {
            double sum = a[(size_t)i * (size_t)n + (size_t)j];
            for (int32_t k = 0; k < j; k++)
                sum -= a[(size_t)i * (size_t)n + (size_t)k] * a[(size_t)j * (size_t)n + (size_t)k];
            if (i == j && !(sum > 0)) return false;
            const double d = i == j ? sqrt(sum) : a[(size_t)j * (size_t)n + (size_t)j];
            a[(size_t)i * (size_t)n + (size_t)j] = i == j ? d : sum / d;
        }
    }
    for (int32_t r = 0; r < m; r++, b += n) {
        for (int32_t i = 0; i < n; i++) {
            for (int32_t k = 0; k < i; k++) b[i] -= a[(size_t)i * (size_t)n + (size_t)k] * b[k];
            b[i] /= a[(size_t)i * (size_t)n + (size_t)i];
        }
        for (int32_t i = n; i-- > 0;) {
            for (int32_t k = i + 1; k < n; k++) b[i] -= a[(size_t)k * (size_t)n + (size_t)i] * b[k];
            b[i] /= a[(size_t)i * (size_t)n + (size_t)i];
        }
    }
    return true;
}

/* The lower half of the sum of x x', and the sums of y x. The last of x is 1. */
static void add_window(const float *x, int32_t n, const float *y, int32_t m, double *a, double *b) {
    for (int32_t i = 0; i < n; i++) {
        const double v = i + 1 < n ? (double)x[i] : 1;
        double *row = a + (size_t)i * (size_t)n;
        for (int32_t j = 0; j <= i; j++) row[j] += v * (j + 1 < n ? (double)x[j] : 1);
    }
    for (int32_t r = 0; r < m; r++) {
        double *row = b + (size_t)r * (size_t)n;
        for (int32_t i = 0; i < n; i++) row[i] += (double)y[r] * (i + 1 < n ? (double)x[i] : 1);
    }
}

nas_status nas_linear_fit(const nas_series *s, const nas_windows *w, const float *x, const float *y,
                          const nas_log *log, nas_arena *a, const double **weights, nas_err *err) {
    const nas_series_config *k = &s->config;
    const int32_t n = k->window * k->n_inputs + 1, m = k->horizon * k->n_targets;
    const double work = (double)w->n * n * (n / 2.0 + m);
    const int32_t step = work > most_work ? (int32_t)ceil(work / most_work) : 1;
    *weights = NULL;
    if (w->n / step < n || n > 2000) return NAS_OK;
    double *b = nas_arena_array(a, (size_t)m * (size_t)n, sizeof *b, err);
    double *sums = calloc((size_t)n * (size_t)n, sizeof *sums);
    if (!b || !sums) {
        free(sums);
        return nas_fail(err, NAS_ENOMEM, "least squares: out of memory");
    }
    for (int32_t i = 0, taken = 0; i < w->n; i += step) {
        if (taken++ % 1024 == 0 && nas_should_stop(log)) break;
        const size_t first = (size_t)w->first[i];
        add_window(x + first * (size_t)k->n_inputs, n,
                   y + (first + (size_t)k->window) * (size_t)k->n_targets, m, sums, b);
    }
    /* Against columns that depend on each other; far below what shows in a forecast. */
    for (int32_t i = 0; i < n; i++) sums[(size_t)i * (size_t)n + (size_t)i] *= 1 + 1e-10;
    if (solve(sums, n, b, m, log)) *weights = b;
    free(sums);
    return nas_should_stop(log) ? nas_fail(err, NAS_ESTOP, "stopped in least squares") : NAS_OK;
}
