/* base/each.c - batches of items for the threads; the first failure in the items' order wins. */
#include "base/each.h"

#include <pthread.h>

enum { BATCH = 256 };

typedef struct batch {
    nas_each_fn *fn;
    void *ctx;
    int32_t first;
    pthread_mutex_t lock;
    int32_t failed; /* the least item; -1: none */
    nas_status status;
    nas_err *err;
} batch;

static void do_item(void *ctx, int32_t task, int32_t lane) {
    batch *b = ctx;
    const int32_t item = b->first + task;
    nas_err err = {0};
    const nas_status st = b->fn(b->ctx, item, lane, &err);
    if (st == NAS_OK) return;
    (void)pthread_mutex_lock(&b->lock);
    if (b->failed < 0 || item < b->failed) {
        b->failed = item;
        b->status = st;
        if (b->err) *b->err = err;
    }
    (void)pthread_mutex_unlock(&b->lock);
}

nas_status nas_each(int32_t threads, int32_t n, const char *what, nas_each_fn *fn, void *ctx,
                    const nas_log *log, nas_err *err) {
    batch b = {.fn = fn, .ctx = ctx, .lock = PTHREAD_MUTEX_INITIALIZER, .failed = -1, .err = err};
    for (; b.first < n; b.first += BATCH) {
        if (nas_should_stop(log)) {
            return what ? nas_fail(err, NAS_ESTOP, "stopped while %s", what)
                        : nas_fail(err, NAS_ESTOP, "stopped");
        }
        const int32_t left = n - b.first, now = left < BATCH ? left : BATCH;
        nas_team_run(threads, now, do_item, &b);
        if (b.failed >= 0) return b.status;
        if (what) nas_progress(log, what, b.first + now, n);
    }
    return NAS_OK;
}
