/* search/task/forecast/metrics.c - the metrics of a forecast: those of every task, and figures of
 * each target. */
#include "search/task/forecast/forecast.h"

#include "base/companion.h"

#include <assert.h>
#include <string.h>

static const struct {
    const char *what, *tail, *help; /* tail: of the end of its interval; NULL: there is none */
    bool fraction;
    int set; /* columns of the first set come before those of the second, which is younger */
} kinds[] = {
    [NAS_FIGURE_MAE] = {"mae", NAS_HI, "mean absolute error over windows and steps", false, 0},
    [NAS_FIGURE_RMSE] = {"rmse", NAS_HI, "root of the mean squared error over windows and steps",
                         false, 0},
    [NAS_FIGURE_SKILL] =
        {"skill", NAS_LO,
         "1 - error / error of the naive forecast (the last known value), on the same windows",
         true, 0},
    [NAS_FIGURE_SEASONAL] = {"skill_seasonal", NAS_LO,
                             "1 - error / error of the seasonal naive forecast (the value one "
                             "season before), on the same windows",
                             true, 1},
    [NAS_FIGURE_LINEAR] = {"mae_linear", NULL,
                           "mae of least squares on the same windows, whatever the candidate",
                           false, 1},
};
enum { KINDS = sizeof kinds / sizeof *kinds, SETS = 2 };
static const nas_figure_of parts[] = {NAS_OF_VALIDATION, NAS_OF_TEST, NAS_OF_BOUND};
enum { PARTS = sizeof parts / sizeof *parts };

typedef struct figure {
    int32_t target;
    nas_figure_kind kind;
    nas_figure_of of;
} figure;

/* The i-th figure, in the order of the columns; false past the end. It alone knows the order. */
static bool figure_at(const nas_series_config *k, int32_t i, figure *out) {
    for (int set = 0; set < SETS; set++)
        for (int p = 0; p < PARTS; p++)
            for (int32_t t = 0; t < k->n_targets; t++)
                for (int j = 0; j < KINDS; j++) {
                    if (kinds[j].set != set || (parts[p] == NAS_OF_BOUND && !kinds[j].tail))
                        continue;
                    *out = (figure){t, (nas_figure_kind)j, parts[p]};
                    if (i-- == 0) return true;
                }
    return false;
}

/* What stands in the last pair of brackets of a column's name, "degC" of "T (degC)"; NULL: none. */
static const char *unit_of(nas_arena *a, const char *column) {
    const char *open = strrchr(column, '('), *close = open ? strchr(open, ')') : NULL;
    return close ? nas_arena_format(a, NULL, "%.*s", (int)(close - open - 1), open + 1) : NULL;
}

static nas_status fill_figure(nas_arena *a, const nas_series_config *k, const figure *f,
                              nas_metric *out, nas_err *err) {
    const char *what = kinds[f->kind].what, *tail = kinds[f->kind].tail, *end = NULL;
    const char *target = k->names[f->target];
    const bool test = f->of == NAS_OF_TEST, ends = f->of == NAS_OF_BOUND;
    const char *name =
        nas_arena_format(a, err, "%s%s_%s%s", test ? "test_" : "", what, target, ends ? tail : "");
    if (tail) end = nas_arena_format(a, err, "%s_%s%s", what, target, tail);
    if (!name || (tail && !end)) return NAS_ENOMEM;
    const bool fraction = kinds[f->kind].fraction;
    *out = (nas_metric){
        .name = name,
        .unit = fraction ? NAS_UNIT_FRACTION : NAS_UNIT_OWN,
        .own_unit = fraction ? NULL : unit_of(a, k->targets[f->target]),
        .selectable = !test,
        .bound = test || ends ? NULL : end,
        .help = ends ? "the end of the other metric's interval over other blocks of time that a "
                       "constraint is tested against, one-sided, at search.confidence"
                     : kinds[f->kind].help,
    };
    return NAS_OK;
}

const nas_metric nas_forecast_scores[NAS_METRIC_SCORES] = {
    [NAS_METRIC_SCORE] = {.name = "skill_mean",
                          .unit = NAS_UNIT_FRACTION,
                          .selectable = true,
                          .bound = "skill_mean" NAS_LO,
                          .help = "mean of the targets' skills on the validation set"},
    [NAS_METRIC_TEST_SCORE] = {.name = "test_skill_mean",
                               .unit = NAS_UNIT_FRACTION,
                               .help = "the same on the test set; of the finalists only, and "
                                       "nothing selects on it"},
    [NAS_METRIC_SCORE_LO] = {.name = "skill_mean" NAS_LO,
                             .unit = NAS_UNIT_FRACTION,
                             .selectable = true,
                             .help = "lower end of skill_mean over other blocks of time, "
                                     "one-sided, at search.confidence"},
};

static void fill_common(nas_metric *m) {
    nas_task_metrics(nas_forecast_scores, m);
    /* A table has no front end to measure. */
    for (int i = NAS_METRIC_FRONTEND_MS; i <= NAS_METRIC_FRONTEND_MS_P95; i++)
        m[i].selectable = false;
}

nas_status nas_forecast_metrics(nas_arena *a, const nas_series_config *k, nas_metric_list *out,
                                nas_err *err) {
    _Static_assert(NAS_METRIC_COUNT + PARTS * KINDS * NAS_TARGETS_MOST <= NAS_METRICS_MOST,
                   "room for the figures of all targets");
    nas_metric *m = nas_arena_array(a, NAS_METRICS_MOST, sizeof *m, err);
    if (!m) return NAS_ENOMEM;
    fill_common(m);
    *out = (nas_metric_list){.n = NAS_METRIC_COUNT, .v = m};
    figure f;
    for (int32_t i = 0; figure_at(k, i, &f); i++) NAS_TRY(fill_figure(a, k, &f, &m[out->n++], err));
    return NAS_OK;
}

double *nas_forecast_at(const nas_series_config *k, int32_t target, nas_figure_kind kind,
                        nas_figure_of of, double *metric) {
    figure f;
    for (int32_t i = 0; figure_at(k, i, &f); i++)
        if (f.target == target && f.kind == kind && f.of == of)
            return metric + NAS_METRIC_COUNT + i;
    assert(false); /* the table has each figure */
    return NULL;
}
