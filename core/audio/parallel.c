/* core/audio/parallel.c - threads that take the next item from a counter. */
#include "core/audio/parallel.h"

#include "base/cores.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { MOST_THREADS = 64 };

typedef struct work {
    _Atomic int64_t next;
    int64_t n;
    void (*run)(void *ctx, int64_t i);
    void *ctx;
} work;

static void *take_items(void *arg) {
    work *w = arg;
    for (;;) {
        const int64_t i = atomic_fetch_add(&w->next, 1);
        if (i >= w->n) return NULL;
        w->run(w->ctx, i);
    }
}

void nas_parallel(int64_t n, void (*run)(void *ctx, int64_t i), void *ctx) {
    work w = {.n = n, .run = run, .ctx = ctx};
    pthread_t threads[MOST_THREADS];
    int started = 0;
    const int cores = nas_cores(), most = cores < MOST_THREADS ? cores : MOST_THREADS;
    /* Signals stay with the thread that asks for them. */
    sigset_t all, before;
    sigfillset(&all);
    const bool masked = pthread_sigmask(SIG_SETMASK, &all, &before) == 0;
    while (started + 1 < most && started + 1 < n) {
        if (pthread_create(&threads[started], NULL, take_items, &w) != 0) break;
        started++;
    }
    if (masked) (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)take_items(&w);
    for (int i = 0; i < started; i++) (void)pthread_join(threads[i], NULL);
}
