/* core/deploy/latency.c - how long one thing takes on one processor. */
#include "base/clock.h"
#include "core/deploy/deploy.h"

#include <math.h>
#include <sched.h>
#include <stdlib.h>

enum { WARM_RUNS = 5, MOST_RUNS = 1 << 20 };
static const double least_seconds = 0.020;

static int by_value(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sums the probabilities of 0, 1, ... heads; what is ten times the deviation from the mean does not
 * count. */
static int32_t rank_of_interval(int32_t n) {
    const double first = floor(0.5 * n - 5 * sqrt(n));
    int32_t k = first > 0 ? (int32_t)first : 0;
    double p = exp(lgamma(n + 1.0) - lgamma(k + 1.0) - lgamma(n - k + 1.0) - n * log(2)), sum = p;
    for (; sum <= 0.025; sum += p) {
        k++;
        p *= (double)(n - k + 1) / k;
    }
    return k > 1 ? k : 1;
}

void nas_latency_summarise(double *ms, int32_t n, nas_latency *out) {
    const int32_t k = rank_of_interval(n);
    qsort(ms, (size_t)n, sizeof *ms, by_value);
    out->median_ms = n % 2 ? ms[n / 2] : 0.5 * (ms[n / 2 - 1] + ms[n / 2]);
    out->lo_ms = ms[k - 1];
    out->hi_ms = ms[n - k];
    out->p95_ms = ms[((int64_t)n * 19 + 19) / 20 - 1];
    out->runs = n;
}

static nas_status time_runs(void (*once)(void *ctx), void *ctx, int32_t runs, nas_latency *out,
                            nas_err *err) {
    int32_t room = runs, n = 0;
    double *ms = malloc((size_t)room * sizeof *ms);
    const double begin = nas_clock_wall();
    nas_status st = ms ? NAS_OK : nas_fail(err, NAS_ENOMEM, "latency: out of memory");
    while (st == NAS_OK && n < MOST_RUNS &&
           (n < runs || nas_clock_wall() - begin < least_seconds)) {
        if (n == room) {
            double *more = realloc(ms, (size_t)room * 2 * sizeof *ms);
            if (!more) break;
            ms = more;
            room *= 2;
        }
        const double start = nas_clock_wall();
        once(ctx);
        ms[n++] = (nas_clock_wall() - start) * 1e3;
    }
    if (st == NAS_OK) nas_latency_summarise(ms, n, out);
    free(ms);
    return st;
}

nas_status nas_latency_measure(void (*once)(void *ctx), void *ctx, int32_t runs, nas_latency *out,
                               nas_err *err) {
    *out = (nas_latency){0};
    if (runs < 1 || runs > MOST_RUNS)
        return nas_fail(err, NAS_EINVAL, "latency: %d runs is not in 1..%d", runs, MOST_RUNS);
    cpu_set_t before, one;
    const bool known = sched_getaffinity(0, sizeof before, &before) == 0;
    const int cpu = sched_getcpu();
    CPU_ZERO(&one);
    if (cpu >= 0) CPU_SET((size_t)cpu, &one);
    /* Where pinning is forbidden the figures are noisier, not wrong. */
    const bool pinned = known && cpu >= 0 && sched_setaffinity(0, sizeof one, &one) == 0;
    for (int32_t i = 0; i < WARM_RUNS; i++) once(ctx);
    const nas_status st = time_runs(once, ctx, runs, out, err);
    if (pinned) (void)sched_setaffinity(0, sizeof before, &before);
    return st;
}
