/* search/study/judge.c - an exported folder on data, whatever its task. */
#include "search/study/judge.h"

#include "base/files/folder.h"
#include "search/deployed/model.h"
#include "search/stage/evaluate.h"

#include <math.h>
#include <stdio.h>

typedef struct files {
    nas_candidate candidate;
    nas_graph graph;
} files;

static nas_status judge_parts(const nas_dataset *d, const files *f, const nas_features *x, int part,
                              const nas_log *log, nas_arena *a, nas_judged *out, nas_err *err) {
    const nas_task_ops *ops = d->task->ops;
    nas_tally t = {.by_output = nas_arena_array(a, (size_t)d->outputs, sizeof *t.by_output, err)};
    if (!t.by_output) return NAS_ENOMEM;
    for (int p = 0; p < NAS_PARTS; p++)
        if ((part < 0 || part == p) && d->part[p].n)
            NAS_TRY(ops->judge(d, &f->candidate, x, &f->graph, (nas_part)p, log, &t, err));
    if (!(t.n > 0))
        return nas_fail(err, NAS_EINVAL, "%s: the %s part of this model's split has no examples",
                        d->folder, part < 0 ? "whole" : nas_part_name((nas_part)part));
    out->examples = (int64_t)t.n;
    ops->conclude(d->task, &t, false, out->metric);
    return NAS_OK;
}

static nas_status judge_data(const nas_dataset *d, const char *folder, int part,
                             const nas_cache *cache, const nas_log *log, nas_arena *a,
                             nas_judged *out, nas_err *err) {
    const char *candidate = nas_arena_format(a, err, "%s/candidate.json", folder);
    const char *model = nas_arena_format(a, err, "%s/model.tflite", folder);
    nas_features x;
    files f;
    if (!candidate || !model) return NAS_ENOMEM;
    NAS_TRY(nas_candidate_open(a, candidate, d->outputs, &f.candidate, err));
    NAS_TRY(nas_model_read(a, model, &f.graph, NULL, err));
    NAS_TRY(nas_features_open(d, &f.candidate, cache, log, &x, err));
    const nas_status st = judge_parts(d, &f, &x, part, log, a, out, err);
    nas_features_close(&x);
    return st;
}

static nas_status judge_held(const char *folder, const char *data, int part, bool allow_missing,
                             const nas_cache *cache, const nas_log *log, nas_arena *a,
                             nas_judged *out, nas_err *err) {
    const char *candidate = nas_arena_format(a, err, "%s/candidate.json", folder);
    nas_dataset d;
    if (!candidate) return NAS_ENOMEM;
    NAS_TRY(nas_candidate_task(a, candidate, &out->task, err));
    if (out->task.ops->evaluate)
        return nas_fail(err, NAS_EINVAL, "%s: the task \"%s\" has no model to be judged", folder,
                        out->task.ops->name);
    NAS_TRY(nas_dataset_open(a, &out->task, data, allow_missing, cache, log, &d, err));
    const nas_status st = judge_data(&d, folder, part, cache, log, a, out, err);
    nas_dataset_close(&d);
    return st;
}

nas_status nas_judge_folder(const char *folder, const char *data, int part, bool allow_missing,
                            const nas_cache *cache, const nas_log *log, nas_arena *a,
                            nas_judged *out, nas_err *err) {
    nas_folder_held held;
    *out = (nas_judged){.examples = 0};
    for (int i = 0; i < NAS_METRICS_MOST; i++) out->metric[i] = (double)NAN;
    NAS_TRY(nas_folder_hold(folder, &held, err));
    const nas_status st = judge_held(folder, data, part, allow_missing, cache, log, a, out, err);
    nas_folder_let(&held);
    return st;
}
