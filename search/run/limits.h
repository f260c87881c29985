/* search/run/limits.h - what one trial may take.
 * Thread safety: limits are of the process; one thread at a time sets them. */
#ifndef NAS_SEARCH_RUN_LIMITS_H
#define NAS_SEARCH_RUN_LIMITS_H

#include <stdbool.h>
#include <stdint.h>

typedef struct nas_limits {
    double seconds; /* by the clock; 0: any */
    int64_t bytes;  /* of memory that the process takes for it; 0: any */
} nas_limits;

/* From here on this process gets no more than `bytes` of private memory beyond what it has:
 * allocations fail. 0 ends it. */
void nas_limits_memory(int64_t bytes);

/* Could this process have so many bytes more now, without a bound of ours? If not, it is the
 * machine that is short of them. */
bool nas_limits_has(int64_t bytes);

#endif
