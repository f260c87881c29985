/* search/stage/folds.c - cross-validation: a net for each fold, trained on the others and
 * compressed as the candidate says; its file is asked about the examples of the fold. */
#include "search/stage/evaluate.h"

#include <math.h>
#include <string.h>

typedef struct tally {
    nas_tally all;
    double step[NAS_STEPS];   /* of tasks that count: sums of score * examples */
    nas_sums sums[NAS_STEPS]; /* of others */
    int32_t n_steps;
    bool reused;
    nas_hasher keys;
} tally;

/* A share of n as the number that it was. */
static double counted(double score, double n) {
    const double v = score * n, whole = round(v);
    return fabs(v - whole) < 1e-6 ? whole : v;
}

static nas_status judge_file(const nas_evaluator *e, const nas_candidate *c, const nas_features *f,
                             nas_arena *a, const nas_outcome *o, tally *t, nas_err *err) {
    nas_tally fold = {.marks = t->all.marks};
    double score;
    NAS_TRY(nas_score_file(e->data, c, f, a, o->tflite, e->log, &fold, &score, err));
    nas_tally_add(&t->all, &fold);
    t->n_steps = o->n_steps;
    for (int32_t i = 0; i < o->n_steps; i++) {
        const nas_step_figures *s = &o->steps[i];
        t->step[i] += counted(s->score, fold.n);
        t->sums[i].n += s->sums.n;
        for (int k = 0; k < NAS_TALLY_SUMS; k++) t->sums[i].sum[k] += s->sums.sum[k];
    }
    return NAS_OK;
}

/* The score of a step over all folds. A share of right examples is a mean over examples; a skill
 * is a ratio of sums, which is no mean of the folds' skills. */
static double step_score(const nas_task *task, const tally *t, int32_t i) {
    if (task->ops->counts) return t->step[i] / t->all.n;
    double metric[NAS_METRICS_MOST];
    nas_tally all = {.n = t->sums[i].n};
    memcpy(all.sum, t->sums[i].sum, sizeof all.sum);
    task->ops->conclude(task, &all, false, metric);
    return metric[NAS_METRIC_SCORE];
}

static nas_status train_and_judge(const nas_evaluator *e, const nas_candidate *c,
                                  const nas_features *f, nas_arena *a, nas_outcome *o, tally *t,
                                  nas_err *err) {
    nas_trained trained;
    nas_hash key;
    nas_status st = nas_train_stage(e, c, f, a, &trained, err);
    o->epochs_trained += trained.epochs_trained;
    o->epochs_saved += trained.epochs_saved;
    NAS_TRY(st);
    if (trained.stopped) {
        o->state = NAS_STOPPED;
        o->reason = nas_trained_stop(&trained, c, a, err);
        if (!o->reason) st = NAS_ENOMEM;
    } else if (trained.end == NAS_TRAIN_DIVERGED) {
        o->state = NAS_DIVERGED;
        o->reason = "the loss was not finite";
    } else {
        st = nas_export_stage(e, c, f, &trained, a, o, &key, err);
    }
    if (st == NAS_OK && o->tflite.p) {
        t->reused = t->reused && trained.reused && o->stages[o->n_stages - 1].reused;
        nas_hasher_hash(&t->keys, &key);
        st = judge_file(e, c, f, a, o, t, err);
    }
    nas_net_close(trained.net);
    return st;
}

static nas_status one_fold(const nas_evaluator *whole, const nas_candidate *c, int32_t k,
                           nas_arena *a, nas_outcome *o, tally *t, nas_err *err) {
    nas_dataset d;
    nas_features f;
    *o = (nas_outcome){.state = NAS_COMPLETE};
    nas_evaluator e = *whole;
    if (whole->data->folds) NAS_TRY(nas_dataset_fold(a, whole->data, k, &d, err));
    if (whole->data->folds) e.data = &d;
    e.epochs_before = k * c->train.epochs;
    e.sums = whole->data->folds && !whole->data->task->ops->counts;
    NAS_TRY(nas_features_open(e.data, c, e.cache, e.log, &f, err));
    const nas_status st = train_and_judge(&e, c, &f, a, o, t, err);
    nas_features_close(&f);
    return st;
}

static nas_status note_end(const nas_outcome *fold, int32_t k, int32_t folds, nas_arena *a,
                           nas_outcome *out, nas_err *err) {
    out->state = fold->state;
    out->reason = nas_arena_format(a, err, "fold %d of %d: %s", k + 1, folds, fold->reason);
    return out->reason ? NAS_OK : NAS_ENOMEM;
}

nas_status nas_folds_stage(const nas_evaluator *e, const nas_candidate *c, nas_arena *a,
                           nas_marks *marks, nas_outcome *out, double step_scores[NAS_STEPS],
                           nas_err *err) {
    const nas_stopwatch since = nas_stopwatch_start();
    tally t = {.all = {.marks = marks}, .reused = true, .keys = nas_hasher_start()};
    const int32_t nets = e->data->folds ? e->data->folds : 1;
    nas_hasher_text(&t.keys, "folds");
    for (int32_t k = 0; k < nets; k++) {
        const nas_arena_mark mark = nas_arena_here(a);
        nas_outcome fold;
        const nas_status st = one_fold(e, c, k, a, &fold, &t, err);
        out->epochs_trained += fold.epochs_trained;
        out->epochs_saved += fold.epochs_saved;
        NAS_TRY(st);
        if (fold.state != NAS_COMPLETE) return note_end(&fold, k, nets, a, out, err);
        nas_arena_back(a, mark);
    }
    const nas_hash key = nas_hasher_end(&t.keys);
    nas_note_stage(out, "folds", &key, t.reused, since);
    const nas_task *task = e->data->task;
    task->ops->conclude(task, &t.all, false, out->metric);
    for (int32_t i = 0; i < t.n_steps; i++) step_scores[i] = step_score(task, &t, i);
    return NAS_OK;
}
