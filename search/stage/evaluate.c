/* search/stage/evaluate.c - the chain of stages of one candidate. */
#include "search/stage/evaluate.h"

#include "search/estimate/estimate.h"

#include <math.h>
#include <string.h>

/* The bounds of what marks tell, and the answers to be stored. */
static nas_status conclude_marks(const nas_evaluator *e, const nas_marks *m, nas_arena *a,
                                 nas_outcome *out, nas_err *err) {
    const nas_task_ops *ops = e->data->task->ops;
    if (!m) return NAS_OK;
    const double confidence = e->confidence > 0 ? e->confidence : NAS_CONFIDENCE;
    const nas_bound_rule rule = {confidence, NAS_BOUND_DRAWS, e->seed};
    NAS_TRY(ops->bounds(e->data, m, &rule, a, out->metric, err));
    nas_answers *answers = nas_arena_alloc(a, sizeof *answers, err);
    if (!answers) return NAS_ENOMEM;
    NAS_TRY(ops->answers(e->data, m, NAS_VALIDATION, a, answers, err));
    answers->score = out->metric[NAS_METRIC_SCORE];
    out->answers = answers;
    return NAS_OK;
}

/* What the exported bytes do, on the validation set and where it is asked for on the test set. */
static nas_status judge_parts(const nas_evaluator *e, const nas_candidate *c, const nas_features *f,
                              const nas_graph *g, nas_tally *t, double *metric, nas_err *err) {
    const nas_task_ops *ops = e->data->task->ops;
    if (!e->data->folds) {
        NAS_TRY(ops->judge(e->data, c, f, g, NAS_VALIDATION, e->log, t, err));
        ops->conclude(e->data->task, t, false, metric);
    }
    if (!e->test) return NAS_OK;
    nas_tally test = {0};
    NAS_TRY(ops->judge(e->data, c, f, g, NAS_TEST, e->log, &test, err));
    ops->conclude(e->data->task, &test, true, metric);
    return NAS_OK;
}

/* Everything here is read off the exported bytes. */
static nas_status measure_stage(const nas_evaluator *e, const nas_candidate *c,
                                const nas_features *f, const nas_hash *key, nas_marks *marks,
                                nas_arena *a, nas_outcome *out, nas_err *err) {
    const nas_stopwatch since = nas_stopwatch_start();
    const nas_task_ops *ops = e->data->task->ops;
    nas_graph g = nas_graph_start(a);
    NAS_TRY(nas_tflite_read(out->tflite.p, out->tflite.n, &g, err));
    nas_cost cost;
    NAS_TRY(nas_graph_cost(&g, &cost, err));
    nas_model_cost model;
    NAS_TRY(nas_model_check(&c->model, e->data->outputs, &model, err));
    double *m = out->metric;
    size_t zip;
    NAS_TRY(nas_zip_length(out->tflite.p, out->tflite.n, strlen("model.tflite"), &zip, err));
    const nas_shipped shipped = {.params = model.params,
                                 .nonzero = cost.nonzero,
                                 .macs = cost.macs,
                                 .ram_bytes = cost.ram_bytes,
                                 .arena_bytes = cost.arena_bytes,
                                 .bytes = (int64_t)out->tflite.n,
                                 .zlib_bytes = (int64_t)out->zlib.n,
                                 .zip_bytes = (int64_t)zip,
                                 .graph = &g};
    nas_metrics_read(&shipped, m);
    nas_tally t = {.by_output =
                       nas_arena_array(a, (size_t)e->data->outputs, sizeof *t.by_output, err)};
    if (!t.by_output) return NAS_ENOMEM;
    t.marks = e->data->folds ? NULL : marks;
    NAS_TRY(judge_parts(e, c, f, &g, &t, m, err));
    NAS_TRY(conclude_marks(e, marks, a, out, err));
    NAS_TRY(ops->latency(e->data, c, f, &g, e->cache, m, err));
    NAS_TRY(ops->package(e->data, c, f, &g, &t, a, out->text, err));
    nas_note_stage(out, "measure", key, false, since);
    return NAS_OK;
}

static nas_status train_and_measure(const nas_evaluator *e, const nas_candidate *c,
                                    const nas_features *f, nas_marks *marks, nas_arena *a,
                                    nas_outcome *out, nas_err *err) {
    const nas_stopwatch since = nas_stopwatch_start();
    nas_trained t;
    nas_status st = nas_train_stage(e, c, f, a, &t, err);
    out->epochs_trained += t.epochs_trained;
    out->epochs_saved += t.epochs_saved;
    NAS_TRY(st);
    nas_note_stage(out, "train", &t.key, t.reused, since);
    out->epochs = t.epochs;
    out->n_epochs = t.n_epochs;
    if (t.stopped) {
        out->state = NAS_STOPPED;
        out->reason = nas_trained_stop(&t, c, a, err);
        if (!out->reason) st = NAS_ENOMEM;
    } else if (t.end == NAS_TRAIN_DIVERGED) {
        out->state = NAS_DIVERGED;
        out->reason = "the loss was not finite";
    } else {
        nas_hash key;
        st = nas_export_stage(e, c, f, &t, a, out, &key, err);
        const bool whole = st == NAS_OK && out->tflite.p;
        if (whole) st = measure_stage(e, c, f, &key, marks, a, out, err);
        if (whole && st == NAS_OK) st = nas_package(e, c, a, out, err);
    }
    nas_net_close(t.net);
    return st;
}

static nas_status run_stages(const nas_evaluator *e, const nas_candidate *c, nas_marks *marks,
                             nas_arena *a, nas_outcome *out, nas_err *err) {
    const nas_stopwatch since = nas_stopwatch_start();
    nas_features f;
    NAS_TRY(nas_features_open(e->data, c, e->cache, e->log, &f, err));
    nas_note_stage(out, "features", &f.key, f.reused, since);
    const nas_status st = train_and_measure(e, c, &f, marks, a, out, err);
    nas_features_close(&f);
    return st;
}

/* The folds say how good the candidate is; the net that ships learns from all of them. */
static nas_status cross_validate(const nas_evaluator *e, const nas_candidate *c, nas_marks *marks,
                                 nas_arena *a, nas_outcome *out, nas_err *err) {
    double step_scores[NAS_STEPS];
    for (int i = 0; i < NAS_STEPS; i++) step_scores[i] = (double)NAN;
    NAS_TRY(nas_folds_stage(e, c, a, marks, out, step_scores, err));
    if (out->state != NAS_COMPLETE) return NAS_OK;
    nas_evaluator last = *e;
    last.epochs_before = e->data->folds * c->train.epochs;
    NAS_TRY(run_stages(&last, c, marks, a, out, err));
    for (int32_t i = 0; i < out->n_steps; i++) out->steps[i].score = step_scores[i];
    return NAS_OK;
}

nas_status nas_evaluate(const nas_evaluator *e, const nas_candidate *c, nas_arena *a,
                        nas_outcome *out, nas_err *err) {
    *out = (nas_outcome){.state = NAS_COMPLETE};
    for (int i = 0; i < NAS_METRICS_MOST; i++) out->metric[i] = NAN;
    if (e->data->task->ops->evaluate) {
        NAS_TRY(e->data->task->ops->evaluate(e->data, c, e->log, out->metric, err));
        return nas_package(e, c, a, out, err);
    }
    NAS_TRY(nas_reject(e, c, a, &out->reason, err));
    if (out->reason) {
        out->state = NAS_REJECTED;
        return NAS_OK;
    }
    nas_marks *marks = NULL;
    if (e->data->n_marks) NAS_TRY(nas_marks_open(e->data, false, a, &marks, err));
    return e->data->folds ? cross_validate(e, c, marks, a, out, err)
                          : run_stages(e, c, marks, a, out, err);
}
