/* search/run/limits.c - a bound on the memory of this process: RLIMIT_DATA, which counts private
 * writable pages (getrlimit(2)), and so no mapped clips. */
#include "search/run/limits.h"

#include <stdio.h>
#include <sys/mman.h>
#include <sys/resource.h>

/* VmData of proc(5), in bytes; 0 when it cannot be read. */
static int64_t data_bytes(void) {
    char line[256];
    long long kib = 0;
    FILE *f = fopen("/proc/self/status", "r");
    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "VmData: %lld kB", &kib) == 1) break;
    if (f) fclose(f);
    return kib * 1024;
}

void nas_limits_memory(int64_t bytes) {
    struct rlimit r;
    if (getrlimit(RLIMIT_DATA, &r) != 0) return;
    r.rlim_cur = r.rlim_max;
    const int64_t now = bytes > 0 ? data_bytes() : 0;
    if (now > 0 && (rlim_t)(now + bytes) < r.rlim_max) r.rlim_cur = (rlim_t)(now + bytes);
    (void)setrlimit(RLIMIT_DATA, &r);
}

bool nas_limits_has(int64_t bytes) {
    void *p = mmap(NULL, (size_t)bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) return false;
    (void)munmap(p, (size_t)bytes);
    return true;
}
