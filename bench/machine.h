/* bench/machine.h - what this machine could do at most, on one core. */
#ifndef NAS_BENCH_MACHINE_H
#define NAS_BENCH_MACHINE_H

#include <stddef.h>

/* GFLOP/s of multiply-adds on registers alone, with the vectors of a row of kernels; the best of a
 * few short runs. */
double bench_peak(const char *row);
/* GB/s of a[i] = b[i] + s * c[i] over three arrays of `bytes` together (McCalpin's triad). */
double bench_triad(size_t bytes);

/* One for each row; returns a sum that nothing may leave out. FLOPs: turns * BENCH_TURN * lanes. */
enum { BENCH_SUMS = 12, BENCH_TURN = 2 * BENCH_SUMS };
float bench_turns_generic(long turns, int *lanes);
float bench_turns_avx2(long turns, int *lanes);
float bench_turns_avx512(long turns, int *lanes);

#endif
