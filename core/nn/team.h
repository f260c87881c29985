/* core/nn/team.h - threads that wait for a step's parts. They sleep while there is none: a thread
 * that spins takes the processor from whoever else has work. */
#ifndef NAS_CORE_NN_TEAM_H
#define NAS_CORE_NN_TEAM_H

#include <stdint.h>

/* lane: which of the threads it is, 0 the caller; two tasks of one lane never run at once. */
typedef void nas_team_fn(void *ctx, int32_t task, int32_t lane);

enum { NAS_TEAM_MOST = 16 };

/* Sees to it that there are n threads, the caller's included, as far as the system gives them. */
void nas_team_start(int32_t n);
/* Calls fn for tasks 0 to n - 1, on up to `threads` threads of those that were started, and returns
 * when all are done. They are taken in order, by whoever is free. Not to be called by two at once.
 */
void nas_team_run(int32_t threads, int32_t n, nas_team_fn *fn, void *ctx);

#endif
