/* base/team.h - the threads of this process: for training, clips and front end alike. They sleep
 * while there is nothing to do: a thread that spins takes the processor from whoever else has work.
 * docs/PERFORMANCE.md compares OpenMP.
 * Thread safety: one task at a time in a process: no function is to be called by two threads at
 * once. */
#ifndef NAS_BASE_TEAM_H
#define NAS_BASE_TEAM_H

#include <stdint.h>

/* lane: which of the threads it is, 0 the caller; two tasks of one lane never run at once. */
typedef void nas_team_fn(void *ctx, int32_t task, int32_t lane);

enum { NAS_TEAM_MOST = 64 };

/* Calls fn for tasks 0 to n - 1, each once, and returns when all are done. They are taken in order
 * by whoever is free of up to `threads` threads, the caller's included. Threads are started when
 * they are first asked for, without signals, and have the caller's floating-point mode in a task.
 * Never fails: what the system does not start is not there, and the others do its work. In the
 * child of a fork it starts its own. Not to be called by two at once, nor from a task. */
void nas_team_run(int32_t threads, int32_t n, nas_team_fn *fn, void *ctx);

/* Ends the threads: a process that is about to fork has one thread then. The next call of
 * nas_team_run starts others. */
void nas_team_end(void);

#endif
