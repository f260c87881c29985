/* core/kernel/threads.h - how many threads parallel regions of this process use. */
#ifndef NAS_CORE_KERNEL_THREADS_H
#define NAS_CORE_KERNEL_THREADS_H

/* Workers are processes: each takes one. */
void nas_threads_set(int n);

#endif
