/* bench/openmp/team.c - base/team.h by OpenMP. Linked before the library it takes the place of
 * base/team.c there, so that bench/libraries.py can run the same programs on either. */
#include "base/team.h"

#include "base/flush.h"

#include <omp.h>

void nas_team_run(int32_t threads, int32_t n, nas_team_fn *fn, void *ctx) {
    const uint64_t mode = nas_flush_mode();
    if (threads < 2 || n < 2) {
        for (int32_t i = 0; i < n; i++) fn(ctx, i, 0);
        return;
    }
#pragma omp parallel for num_threads(threads) schedule(dynamic, 1)
    for (int32_t i = 0; i < n; i++) {
        nas_flush_end(mode);
        fn(ctx, i, omp_get_thread_num());
    }
}

/* OpenMP 5.0. */
void nas_team_end(void) {
    (void)omp_pause_resource_all(omp_pause_soft);
}
