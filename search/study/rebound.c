/* search/study/rebound.c - bounds again: answers are read first, then rows are written. */
#include "search/study/rebound.h"

#include "search/estimate/estimate.h"
#include "search/task/task.h"
#include "store/read.h"

#include <math.h>
#include <stdlib.h>

typedef struct again {
    const nas_dataset *d;
    nas_bound_rule rule;
    nas_arena *a; /* for one trial */
    nas_figure *all;
    size_t n, room;
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
    NAS_TRY(ops->bounds(g->d, m, &g->rule, g->a, metric, g->err));
    nas_arena_back(g->a, mark);
    return NAS_OK;
}

static nas_status note(again *g, int64_t row, const char *column, double v) {
    if (g->n == g->room) {
        const size_t room = g->room ? 2 * g->room : 256;
        nas_figure *all = realloc(g->all, room * sizeof *all);
        if (!all) return nas_fail(g->err, NAS_ENOMEM, "bounds of trials: out of memory");
        g->all = all;
        g->room = room;
    }
    g->all[g->n++] = (nas_figure){row, column, v};
    return NAS_OK;
}

static bool each_trial(void *ctx, int64_t row, int64_t number, const nas_answers *said) {
    again *g = ctx;
    const nas_metric_list *list = &g->d->task->metrics;
    double metric[NAS_METRICS_MOST];
    (void)number;
    if (said->replicate) return true;
    g->st = bounds_of(g, said, metric);
    for (int i = 0; i < list->n && g->st == NAS_OK; i++)
        if (!isnan(metric[i])) g->st = note(g, row, list->v[i].name, metric[i]);
    return g->st == NAS_OK;
}

/* Another version may take over what a trial has, where it is about the same data. */
static nas_status each_version(nas_store *store, nas_study_id study, again *g) {
    int64_t versions[1024];
    int32_t n = 0;
    NAS_TRY(nas_store_same_data(store, study, sizeof versions / sizeof *versions, versions, &n,
                                g->err));
    for (int32_t i = 0; i < n; i++) {
        study.version = versions[i];
        NAS_TRY(nas_store_answers(store, study, 0, "validation", each_trial, g, g->err));
        NAS_TRY(g->st);
    }
    return NAS_OK;
}

nas_status nas_bounds_again(nas_store *store, nas_study_id study, const nas_dataset *d,
                            uint64_t seed, double confidence, nas_err *err) {
    again g = {.d = d,
               .rule = {confidence > 0 ? confidence : NAS_CONFIDENCE, NAS_BOUND_DRAWS, seed},
               .err = err};
    NAS_TRY(nas_arena_open(&g.a, err));
    nas_status st = d->n_marks ? each_version(store, study, &g) : NAS_OK;
    if (st == NAS_OK) st = nas_store_put_bounds(store, study, confidence, g.all, g.n, err);
    free(g.all);
    nas_arena_close(g.a);
    return st;
}
