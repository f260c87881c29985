/* base/cores.c - from the scheduler. */
#include "base/cores.h"

#include <sched.h>

int nas_cores(void) {
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) != 0) return 1;
    const int n = CPU_COUNT(&set);
    return n < 1 ? 1 : n;
}
