/* base/cores.c - from the scheduler. */
#include "base/cores.h"

#include <sched.h>
#include <stdbool.h>
#include <unistd.h>

int nas_cores(void) {
    cpu_set_t set;
    const bool known = sched_getaffinity(0, sizeof set, &set) == 0; /* up to 1,024 processors */
    const long n = known ? CPU_COUNT(&set) : sysconf(_SC_NPROCESSORS_ONLN);
    return n < 1 ? 1 : (int)n;
}
