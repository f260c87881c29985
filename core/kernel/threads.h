/* core/kernel/threads.h - how many threads one training step may use.
 * Thread safety: the number is of the process; one thread at a time sets it, any may read it. */
#ifndef NAS_CORE_KERNEL_THREADS_H
#define NAS_CORE_KERNEL_THREADS_H

#include "base/err.h"

/* The processors that this process may use; fewer where OMP_NUM_THREADS, which most numeric
 * programs read, says so. NAS_EINVAL: it is no number. */
NAS_NODISCARD nas_status nas_threads_here(int *n, nas_err *err);

/* One at first. What a step computes does not depend on it. */
void nas_threads_set(int n);
/* A number that somebody else may change while steps are made, at most `most`; it is looked at
 * before each. It must stay where it is. */
void nas_threads_follow(const _Atomic int *n, int most);

int nas_threads(void);      /* now */
int nas_threads_most(void); /* that there can be */

#endif
