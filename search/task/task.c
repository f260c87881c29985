/* search/task/task.c - what is the same for all tasks. */
#include "search/task/task.h"

#include "base/files/file.h"

#include <string.h>

void nas_tally_add(nas_tally *to, const nas_tally *more) {
    to->n += more->n;
    for (int i = 0; i < NAS_TALLY_SUMS; i++) to->sum[i] += more->sum[i];
}

void nas_task_metrics(const nas_metric *scores, nas_metric *metric) {
    memcpy(metric, nas_metrics, sizeof nas_metrics);
    memcpy(metric, scores, NAS_METRIC_SCORES * sizeof *metric);
}

void nas_refresh_hash(const nas_refresh *r, nas_hasher *h) {
    if (r->ctx) r->hash(r->ctx, h);
}

void nas_refresh_close(nas_refresh *r) {
    if (r->ctx) r->close(r->ctx);
    *r = (nas_refresh){0};
}

nas_status nas_dataset_open(nas_arena *a, const nas_task *task, const char *folder,
                            bool allow_missing, const nas_cache *cache, const nas_log *log,
                            nas_dataset *out, nas_err *err) {
    *out = (nas_dataset){
        .task = task, .folder = folder ? folder : task->data, .judged = NAS_VALIDATION};
    if (out->folder && strlen(out->folder) > NAS_PATH_MOST)
        return nas_fail(err, NAS_EINVAL, "task.data is too long: %zu bytes, at most %d are taken",
                        strlen(out->folder), NAS_PATH_MOST);
    const nas_status st = task->ops->open(a, task, allow_missing, cache, log, out, err);
    if (st != NAS_OK) nas_dataset_close(out);
    return st;
}

void nas_dataset_close(nas_dataset *d) {
    d->task->ops->close(d);
}

nas_status nas_dataset_fold(nas_arena *a, const nas_dataset *d, int32_t k, nas_dataset *out,
                            nas_err *err) {
    *out = (nas_dataset){
        .task = d->task,
        .folder = d->folder,
        .outputs = d->outputs,
        .judged = NAS_VALIDATION,
        .n_marks = d->n_marks,
        .n_groups = d->n_groups,
        .group = d->group,
        .groups = d->groups,
    };
    return d->task->ops->fold(a, d, k, out, err);
}

nas_status nas_features_open(const nas_dataset *d, const nas_candidate *c, const nas_cache *cache,
                             const nas_log *log, nas_features *out, nas_err *err) {
    return d->task->ops->features(d, c, cache, log, out, err);
}

void nas_features_close(nas_features *f) {
    nas_cache_release(&f->own);
}

nas_examples nas_features_part(const nas_dataset *d, const nas_features *f, nas_part part) {
    return d->task->ops->part(d, f, part);
}
