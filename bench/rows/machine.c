/* bench/rows/machine.c - peak and bandwidth. */
#include "bench/machine.h"

#include "base/clock.h"

#include <stdlib.h>
#include <string.h>

typedef float turns_fn(long turns, int *lanes);

static turns_fn *turns_of(const char *row) {
#ifdef __x86_64__
    if (!strcmp(row, "avx512")) return bench_turns_avx512;
    if (!strcmp(row, "avx2")) return bench_turns_avx2;
#endif
    return bench_turns_generic;
}

double bench_peak(const char *row) {
    enum { TURNS = 2000000, RUNS = 15 };
    turns_fn *run = turns_of(row);
    double best = 0;
    for (int i = 0; i < RUNS; i++) {
        int lanes;
        const double start = nas_clock_cpu();
        volatile float sum = run(TURNS, &lanes);
        (void)sum;
        const double rate = (double)TURNS * BENCH_TURN * lanes / (nas_clock_cpu() - start) * 1e-9;
        if (rate > best) best = rate;
    }
    return best;
}

double bench_triad(size_t bytes) {
    const size_t n = bytes / (3 * sizeof(float));
    float *a = calloc(3 * n, sizeof *a), *b = a + n, *c = b + n;
    double best = 0;
    if (!a) return 0;
    memset(a, 1, 3 * n * sizeof *a);
    const int turns = bytes < (size_t)1 << 22 ? 200 : bytes < (size_t)1 << 26 ? 10 : 2;
    for (int i = 0; i < 7; i++) {
        const double start = nas_clock_cpu();
        for (int t = 0; t < turns; t++) {
            for (size_t j = 0; j < n; j++) a[j] = b[j] + 0.5f * c[j];
            __asm__ volatile("" ::: "memory");
        }
        const double rate =
            (double)turns * 3 * (double)n * sizeof *a / (nas_clock_cpu() - start) * 1e-9;
        if (rate > best) best = rate;
    }
    free(a);
    return best;
}
