/* search/task/forecast/forecast.h - the parts of the row of forecasts: windows of a series, what
 * files make of them, and what stands beside for comparison.
 * Thread safety: one thread at a time for each dataset, but for what only reads.
 * Errors, where none are named: NAS_ENOMEM. */
#ifndef NAS_SEARCH_TASK_FORECAST_FORECAST_H
#define NAS_SEARCH_TASK_FORECAST_FORECAST_H

#include "core/data/table/series.h"
#include "core/graph/units.h"
#include "search/candidate/candidate_int.h"
#include "search/stage/evaluate.h"
#include "search/task/task.h"

/* A split by time: the parts follow each other. */
typedef struct nas_time_split {
    double validation, test; /* shares of the rows; the rest comes first and trains */
    int32_t folds;           /* below 2: none; else rolling origins, or groups in turn */
    int32_t by;              /* nas_time_split_by */
} nas_time_split;
enum nas_time_split_by { NAS_BY_TIME, NAS_BY_GROUP };

/* The keys of the task. */
typedef struct nas_forecast_task {
    int32_t kind;
    const char *data; /* file, as written */
    nas_series_config series;
    nas_time_split time_split;
} nas_forecast_task;

/* Keys about the numbers of the table (missing.c), the second table of the task's block. */
extern const nas_key nas_missing_keys[];
void nas_missing_check(nas_check *c, const char *path, const cJSON *task);
/* Fills out->series, from JSON that was checked; lists live in arena a. Errors: NAS_EINVAL a value
 * that its table does not have; NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_missing_build(nas_arena *a, const cJSON *task, nas_forecast_task *out,
                                           nas_err *err);

/* Sums of one group and target. */
typedef struct nas_forecast_by {
    double windows, error, carried;
} nas_forecast_by;

/* What a dataset of a series owns; folds share the series. */
typedef struct nas_forecast_data {
    nas_series *series;
    bool borrowed;
    nas_windows part[NAS_PARTS];
    nas_scaling scaling;  /* of the training set */
    const float *x, *y;   /* [rows][n_inputs], [rows][n_targets], standardised */
    const double *linear; /* nas_linear_fit of the training set; NULL: it has no one solution */
    double part_linear[NAS_PARTS][NAS_TARGETS_MOST]; /* nas_forecast_linear_sums, once they are
                                                        asked for */
    bool knows_linear[NAS_PARTS];
    double (*fold_linear)[NAS_TARGETS_MOST]; /* [folds] of each fold's validation set */
    const int32_t *deal;  /* [groups], split by group: what nas_forecast_spans takes; else NULL */
    nas_tally simple;     /* with folds: what simpler forecasts do in all of them */
    nas_forecast_by *by;  /* [n_groups][n_targets] of the validation set as it was judged last; NULL
                             without groups */
    const int32_t *block; /* [rows] of time or of groups: what is drawn for bounds; NULL: none */
} nas_forecast_data;

/* Of a task, and of a dataset, of forecasts. */
static inline nas_forecast_task *nas_forecast_keys(const nas_task *task) {
    return task->own;
}
static inline nas_forecast_data *nas_series_of(const nas_dataset *d) {
    return d->own;
}

/* Rows [begin, end) of each part: the shares are cut off behind, rounded down as numpy's int does,
 * and the parts stand in the order training, validation, test (split.c, as are the next
 * two). */
void nas_forecast_parts(const nas_time_split *split, int32_t rows, int32_t begin[NAS_PARTS],
                        int32_t end[NAS_PARTS]);
/* Split by group: which groups are whose, *out NULL where it is by time. Errors: NAS_EINVAL too few
 * groups. */
NAS_NODISCARD nas_status nas_forecast_deal(nas_arena *a, const nas_time_split *split,
                                           const nas_series *s, const int32_t **out, nas_err *err);
/* The rows of each part, a span for each group; of fold k, or of all (k < 0). */
NAS_NODISCARD nas_status nas_forecast_spans(nas_arena *a, const nas_time_split *split,
                                            const nas_series *s, const int32_t *deal, int32_t fold,
                                            nas_spans out[NAS_PARTS], nas_err *err);

/* The row's `open`, `close`, `fold`, `features` and `part` (data.c). Errors of open: NAS_ENOTFOUND
 * no such file; NAS_EINVAL a part without a whole window; those of nas_series_open and
 * nas_forecast_deal; NAS_ESTOP. Of fold: NAS_EINVAL as of open; NAS_ENOMEM. features never fails.
 */
nas_status nas_forecast_open(nas_arena *a, const nas_task *task, bool allow_missing,
                             const nas_cache *cache, const nas_log *log, nas_dataset *d,
                             nas_err *err);
void nas_forecast_close(nas_dataset *d);
nas_status nas_forecast_fold(nas_arena *a, const nas_dataset *d, int32_t k, nas_dataset *out,
                             nas_err *err);
nas_status nas_forecast_features(const nas_dataset *d, const nas_candidate *c,
                                 const nas_cache *cache, const nas_log *log, nas_features *out,
                                 nas_err *err);
nas_examples nas_forecast_part(const nas_dataset *d, const nas_features *f, nas_part part);

/* What is drawn for bounds (marks.c, as are the next four): blocks of time, a day where
 * it is read, else a hundredth of the rows; those of all groups together, as what happens on a day
 * happens to all. Split by group it is groups, where enough of them are judged. Errors:
 * NAS_ENOMEM. */
nas_status nas_forecast_groups(nas_arena *a, nas_dataset *d, const nas_log *log, nas_err *err);
/* Sums over the forecasts of a cell of blocks: step s (from 0) of target t in block b is number
 * (b * targets + t) * horizon + s. */
typedef struct nas_forecast_cells {
    double *windows, *error, *square; /* [marks->n] how many forecasts, and sums of what */
    double *carried, *seasonal;       /* nas_forecast_judge sums */
} nas_forecast_cells;
static inline nas_forecast_cells *nas_cells_of(const nas_marks *m) {
    return m->own;
}
/* The row's `marks`, `examples`, `answers`, `recall` and `bounds`. Errors: NAS_ENOMEM; of recall
 * NAS_EFORMAT answers of other examples; of bounds those of nas_error_bounds. */
nas_status nas_forecast_marks(const nas_dataset *d, bool details, nas_arena *a, nas_marks *m,
                              nas_err *err);
nas_status nas_forecast_examples(const nas_dataset *d, nas_arena *a, nas_example **out, int32_t *n,
                                 nas_err *err);
nas_status nas_forecast_answers(const nas_dataset *d, const nas_marks *m, nas_part part,
                                nas_arena *a, nas_answers *out, nas_err *err);
nas_status nas_forecast_recall(const nas_dataset *d, const nas_answers *said, nas_part part,
                               nas_arena *a, nas_marks *m, nas_err *err);
nas_status nas_forecast_bounds(const nas_dataset *d, const nas_marks *m, const nas_bound_rule *rule,
                               nas_arena *a, double *metric, nas_err *err);

/* Sums over windows and steps for each target: the size of the error, its square, and the size of
 * the error of the naive forecast, of the seasonal naive forecast (NaN: no season is known)
 * and of least squares (NaN: they have no one solution). */
enum { NAS_SUM_ERROR, NAS_SUM_SQUARE, NAS_SUM_CARRIED, NAS_SUM_SEASONAL, NAS_SUM_LINEAR, NAS_SUMS };
_Static_assert(NAS_SUMS *NAS_TARGETS_MOST <= NAS_TALLY_SUMS, "room in a tally");

/* The seasonal naive forecast of `target` for `row`, made before the rows from `first` on are
 * known: what was there a season before, or as many seasons as it takes; the last value where that
 * row is not there or lacks a value. NaN: no season is known. Hyndman and Athanasopoulos,
 * Forecasting, 3rd ed., section 5.2. */
double nas_forecast_seasonal(const nas_series *s, int32_t first, int32_t row, int32_t target);

/* A window as it was judged, in the file's units: its forecast and what came, [horizon][n_targets],
 * and the targets of its last row. */
typedef struct nas_forecast_seen {
    int32_t row, windows; /* its first row; how many windows there are */
    int32_t line;         /* of the file, of the first row that is forecast */
    int64_t seconds;      /* of the first row that is forecast; 0 where the time is not read */
    const float *forecast, *truth, *last;
    const double *base; /* [n_targets] to be added to each of them; NULL: nothing */
} nas_forecast_seen;
typedef void (*nas_forecast_fn)(void *ctx, const nas_forecast_seen *w);

/* A model on windows of a series. own: it takes and gives the units of the file; else standardised
 * values, by scaling (whose means are less the series' bases). Shape of t->by_output:
 * [horizon][n_targets]. */
typedef struct nas_forecast_run {
    const nas_series *series;
    const nas_windows *windows;
    const nas_scaling *scaling;
    const nas_graph *graph;
    nas_runtime runtime;
    bool own;
    const int32_t *block;    /* [rows] of nas_forecast_data; may be NULL where t->marks is */
    nas_forecast_by *groups; /* [n_groups * n_targets] sums are added to; may be NULL */
    nas_forecast_fn each;    /* may be NULL */
    void *ctx;
} nas_forecast_run;
/* Sums are added to *t. Errors: those of nas_interp_open; NAS_ESTOP; NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_forecast_judge(const nas_forecast_run *r, const nas_log *log,
                                            nas_tally *t, nas_err *err);

/* The same sums for the linear forecast; t->n stays 0 where there is none. */
void nas_forecast_linear(const nas_forecast_data *f, const nas_windows *w, nas_tally *t);
/* Its sums of the size of the error, [n_targets]; NaN where there is none. */
void nas_forecast_linear_sums(const nas_forecast_data *f, const nas_windows *w, double *sums);
/* Those of a part, found when they are first asked for. */
const double *nas_forecast_part_linear(nas_forecast_data *f, nas_part part);
/* Sums of the forecasts that need no model, with least squares' of the caller; counts windows. */
void nas_forecast_add_simple(const nas_forecast_data *f, const nas_windows *w, const double *linear,
                             nas_tally *t);
/* Marks of them on the window that begins in `row`, where its forecast begins. */
void nas_forecast_mark_simple(const nas_series *s, const int32_t *block, int32_t row, nas_marks *m);
size_t nas_forecast_by_bytes(const nas_series *s); /* of nas_forecast_data's by */

/* Figures of each target, and what they are of: the validation set, the test set, or the end of
 * the first one's interval, which LINEAR has none of (metrics.c). */
typedef enum nas_figure_kind {
    NAS_FIGURE_MAE,
    NAS_FIGURE_RMSE,
    NAS_FIGURE_SKILL,
    NAS_FIGURE_SEASONAL,
    NAS_FIGURE_LINEAR
} nas_figure_kind;
typedef enum nas_figure_of { NAS_OF_VALIDATION, NAS_OF_TEST, NAS_OF_BOUND } nas_figure_of;
extern const nas_metric nas_forecast_scores[NAS_METRIC_SCORES];
/* All metrics of a forecast of these targets. Owner: arena a. Errors: NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_forecast_metrics(nas_arena *a, const nas_series_config *k,
                                              nas_metric_list *out, nas_err *err);
/* Where a figure stands in a list of these metrics. */
double *nas_forecast_at(const nas_series_config *k, int32_t target, nas_figure_kind kind,
                        nas_figure_of of, double *metric);

/* The task's metrics from sums, of target i; the last three are errors of simpler forecasts. */
typedef struct nas_forecast_figures {
    double mae, rmse, skill, skill_seasonal, carried, seasonal, linear;
} nas_forecast_figures;
nas_forecast_figures nas_forecast_figure(const nas_series_config *k, const nas_tally *t, int32_t i);

/* Does a file of this candidate take and give the file's units? A series with bases has numbers
 * that no float holds; of others float32 does without clusters
 * (whose shared values a change of units would part), where nas_graph_takes_units. float16 does
 * not: it holds neither a bias that takes a large mean away nor a unit beyond 65504. */
bool nas_forecast_is_own(const nas_series *s, const nas_candidate *c, const nas_graph *g);

/* forecast.json, in arena a. t: of the validation set. Errors: NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_forecast_package(const nas_dataset *d, const nas_candidate *c,
                                              const nas_features *f, const nas_graph *g,
                                              const nas_tally *t, nas_arena *a, const char **out,
                                              nas_err *err);
/* forecast.h, made of forecast.json, in arena a. Errors: NAS_EINVAL that is no JSON; NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_forecast_emit(const char *const *text, nas_arena *a, const char **out,
                                           nas_err *err);

/* `beside` of the row (deployed/beside.c). */
nas_status nas_forecast_beside(const struct nas_model_place *place, const nas_graph *g,
                               nas_arena *a, struct nas_beside *out, nas_err *err);

#endif
