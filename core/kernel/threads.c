/* core/kernel/threads.c - a number for the whole process. */
#include "core/kernel/threads.h"

#include <omp.h>
#include <stdatomic.h>
#include <stddef.h>

enum { MOST_THREADS = 64 };

static int fixed = 1;
static const _Atomic int *followed;

int nas_threads_here(void) {
    const int n = omp_get_max_threads();
    return n < 1 ? 1 : n < MOST_THREADS ? n : MOST_THREADS;
}

void nas_threads_set(int n) {
    fixed = n < 1 ? 1 : n;
    followed = NULL;
}

void nas_threads_follow(const _Atomic int *n, int most) {
    nas_threads_set(most);
    followed = n;
}

int nas_threads(void) {
    const int n = followed ? atomic_load_explicit(followed, memory_order_relaxed) : fixed;
    return n < 1 ? 1 : n < fixed ? n : fixed;
}

int nas_threads_most(void) {
    return fixed;
}
