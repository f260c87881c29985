/* bench/rows/peak.c - multiply-adds that wait for nothing, compiled as the kernels of each row are.
 */
#include "bench/machine.h"
#include "core/kernel/row.h"

float ROW(bench_turns)(long turns, int *lanes) {
    vec sum[BENCH_SUMS], a = splat((float)turns * 1e-30f), b = splat(1 - (float)turns * 1e-30f);
    *lanes = LANES;
    UNROLL for (int i = 0; i < BENCH_SUMS; i++) sum[i] = splat((float)i);
    for (long t = 0; t < turns; t++) {
        UNROLL for (int i = 0; i < BENCH_SUMS; i++) sum[i] = fmadd(sum[i], b, a);
    }
    float out = 0;
    UNROLL for (int i = 0; i < BENCH_SUMS; i++) for (int l = 0; l < LANES; l++) out += sum[i][l];
    return out;
}
