/* core/audio/parallel.h - one function over many items, on all cores. */
#ifndef NAS_CORE_AUDIO_PARALLEL_H
#define NAS_CORE_AUDIO_PARALLEL_H

#include <stdint.h>

/* run(ctx, i) for each i in [0, n), each once, in any order, by as many threads as this process may
 * use cores; all are done when it returns. Threads end with the call, so that a process that forks
 * afterwards loses none. Never fails: with no thread to be had, the caller does the work. */
void nas_parallel(int64_t n, void (*run)(void *ctx, int64_t i), void *ctx);

#endif
