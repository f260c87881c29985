/* search/stage/stage.c - what a stage finds under its key, leaves there, and claims for itself. */
#include "search/stage/evaluate.h"

#include "base/clock.h"

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
