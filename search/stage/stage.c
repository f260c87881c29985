/* search/stage/stage.c - what a stage finds under its key, leaves there, and claims for itself. */
#include "search/stage/evaluate.h"

#include "base/clock.h"

#include <assert.h>

nas_status nas_stage_get(const nas_evaluator *e, const nas_hash *key, nas_cached *out, bool *found,
                         nas_err *err) {
    *out = (nas_cached){0};
    *found = false;
    return e->no_share ? NAS_OK : nas_cache_get(e->cache, key, out, found, err);
}

nas_status nas_stage_put(const nas_evaluator *e, const nas_hash *key, const char *kind,
                         const nas_piece *pieces, int32_t n, nas_err *err) {
    return e->no_share ? NAS_OK : nas_cache_put(e->cache, key, kind, pieces, n, err);
}

nas_status nas_stage_claim(const nas_evaluator *e, const nas_hash *key, nas_lock *out,
                           nas_err *err) {
    bool taken = false;
    out->fd = -1;
    if (e->no_share) return NAS_OK;
    for (;;) {
        NAS_TRY(nas_cache_try(e->cache, key, out, &taken, err));
        if (taken) return NAS_OK;
        if (e->busy) {
            *e->busy = *key;
            return nas_fail(err, NAS_EBUSY, "another worker computes a stage of this trial");
        }
        if (nas_should_stop(e->log)) return nas_fail(err, NAS_ESTOP, "stopped");
        nas_clock_sleep(0.05);
    }
}

void nas_stage_unclaim(const nas_evaluator *e, const nas_hash *key, nas_lock *lock) {
    if (lock->fd >= 0) nas_cache_unlock(e->cache, key, lock);
}

nas_stopwatch nas_stopwatch_start(void) {
    return (nas_stopwatch){nas_clock_wall(), nas_clock_process()};
}

void nas_note_stage(nas_outcome *out, const char *name, const nas_hash *key, bool reused,
                    nas_stopwatch since) {
    assert(out->n_stages < NAS_STAGES); /* each stage is told once, folds as one */
    out->stages[out->n_stages++] = (nas_stage_time){
        .name = name,
        .key = *key,
        .reused = reused,
        .wall = nas_clock_wall() - since.wall,
        .cpu = nas_clock_process() - since.cpu,
    };
}

nas_status nas_score_file(const nas_dataset *d, const nas_candidate *c, const nas_features *f,
                          nas_arena *a, nas_bytes file, const nas_log *log, nas_tally *tally,
                          double *out, nas_err *err) {
    *out = (double)NAN;
    if (!d->part[d->judged].n) return NAS_OK;
    double metric[NAS_METRICS_MOST];
    nas_graph g = nas_graph_start(a);
    NAS_TRY(nas_tflite_read(file.p, file.n, &g, err));
    NAS_TRY(d->task->ops->judge(d, c, f, &g, d->judged, log, tally, err));
    d->task->ops->conclude(d->task, tally, false, metric);
    *out = metric[NAS_METRIC_SCORE];
    return NAS_OK;
}
