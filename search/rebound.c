/* search/rebound.c - bounds again: answers are read first, then rows are written. */
#include "search/rebound.h"

#include "search/task.h"

#include <math.h>
#include <string.h>

typedef struct trial_bounds {
    struct trial_bounds *next;
    int64_t row;
    double metric[NAS_METRICS_MOST];
} trial_bounds;

typedef struct again {
    const nas_dataset *d;
    uint64_t seed;
    double confidence;
    nas_arena *a;
    trial_bounds *all;
    nas_status st;
    nas_err *err;
} again;

static nas_status bounds_of(again *g, const nas_answers *said, double *metric) {
    const nas_task_ops *ops = g->d->task->ops;
    const nas_arena_mark mark = nas_arena_here(g->a);
    nas_marks *m;
    for (int i = 0; i < NAS_METRICS_MOST; i++) metric[i] = (double)NAN;
    NAS_TRY(nas_marks_open(g->d, false, g->a, &m, g->err));
    NAS_TRY(ops->recall(g->d, said, NAS_VALIDATION, g->a, m, g->err));
    NAS_TRY(ops->bounds(g->d, m, g->seed, g->confidence, metric, g->err));
    nas_arena_back(g->a, mark);
    return NAS_OK;
}

static bool each_trial(void *ctx, int64_t row, int64_t number, const nas_answers *said) {
    again *g = ctx;
    (void)number;
    if (said->replicate) return true;
    trial_bounds *t = nas_arena_alloc(g->a, sizeof *t, g->err);
    g->st = t ? bounds_of(g, said, t->metric) : NAS_ENOMEM;
    if (g->st != NAS_OK) return false;
    t->row = row;
    t->next = g->all;
    g->all = t;
    return true;
}

static nas_status write_bounds(nas_store *store, nas_study_id study, const again *g) {
    const nas_metric_list *list = &g->d->task->metrics;
    for (const trial_bounds *t = g->all; t; t = t->next)
        for (int i = 0; i < list->n; i++) {
            if (isnan(t->metric[i])) continue;
            const nas_column column = {.name = list->v[i].name, .type = NAS_COLUMN_REAL};
            const nas_value v = {.type = NAS_COLUMN_REAL, .real = t->metric[i]};
            NAS_TRY(nas_store_set_metric(store, study, t->row, &column, &v, g->err));
        }
    return NAS_OK;
}

nas_status nas_bounds_again(nas_store *store, nas_study_id study, const nas_dataset *d,
                            uint64_t seed, double confidence, nas_err *err) {
    again g = {.d = d, .seed = seed, .confidence = confidence, .err = err};
    if (!d->n_marks) return NAS_OK;
    NAS_TRY(nas_arena_open(&g.a, err));
    nas_status st = nas_store_answers(store, study, 0, "validation", each_trial, &g, err);
    if (st == NAS_OK) st = g.st;
    if (st == NAS_OK) st = write_bounds(store, study, &g);
    nas_arena_close(g.a);
    return st;
}
