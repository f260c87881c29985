/* core/kernel/threads.c - OpenMP's thread count. */
#include "core/kernel/threads.h"

#include <omp.h>

void nas_threads_set(int n) {
    omp_set_num_threads(n);
}
