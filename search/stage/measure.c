/* search/stage/measure.c - how long exported bytes take. */
#include "search/stage/evaluate.h"

#include <stdio.h>
#include <string.h>

void nas_latency_metrics(const nas_latency *l, nas_metric_id time, double *metric) {
    const double ms[] = {l->median_ms, l->lo_ms, l->hi_ms, l->p95_ms};
    _Static_assert(NAS_METRIC_INFER_MS_P95 == NAS_METRIC_INFER_MS + 3 &&
                       NAS_METRIC_FRONTEND_MS_P95 == NAS_METRIC_FRONTEND_MS + 3 &&
                       NAS_METRIC_TOTAL_MS_P95 == NAS_METRIC_TOTAL_MS + 3,
                   "a time and its spread stand together");
    memcpy(metric + time, ms, sizeof ms);
}

nas_status nas_measure_lock(const nas_cache *cache, nas_lock *out, nas_err *err) {
    char path[PATH_MAX];
    NAS_TRY(nas_dir_make(cache->dir, err));
    NAS_TRY(nas_cache_path(cache, "measuring.lock", path, err));
    return nas_cache_wait_for(cache, path, out, err);
}
