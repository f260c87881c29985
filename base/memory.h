/* base/memory.h - how much memory there is.
 * Thread safety: any thread may call these. */
#ifndef NAS_BASE_MEMORY_H
#define NAS_BASE_MEMORY_H

#include <stdint.h>

/* Bytes of the machine, or of the container where that gets less; 0: not known. */
int64_t nas_memory(void);

#endif
