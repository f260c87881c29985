/* base/memory.c - from the system, and from the control group (version 2) that a container is in.
 */
#include "base/memory.h"

#include <stdio.h>
#include <unistd.h>

/* 0: none is set. */
static int64_t group_bound(void) {
    long long bytes = 0;
    FILE *f = fopen("/sys/fs/cgroup/memory.max", "re");
    if (f && fscanf(f, "%lld", &bytes) != 1) bytes = 0; /* "max" */
    if (f) fclose(f);
    return bytes;
}

int64_t nas_memory(void) {
    const long pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
    const int64_t machine = pages > 0 && page > 0 ? (int64_t)pages * page : 0;
    const int64_t bound = group_bound();
    return bound > 0 && (machine == 0 || bound < machine) ? bound : machine;
}
