/* search/task_forecast.h - the parts of the row of forecasts: windows of a series, what files make
 * of them, and what stands beside for comparison. */
#ifndef NAS_SEARCH_TASK_FORECAST_H
#define NAS_SEARCH_TASK_FORECAST_H

#include "core/graph/units.h"
#include "search/task.h"

/* What a dataset of a series owns; folds share the series. */
typedef struct nas_forecast_data {
    nas_series *series;
    bool borrowed;
    nas_windows part[NAS_PARTS];
    nas_scaling scaling;  /* of the training part */
    const float *x, *y;   /* [rows][n_inputs], [rows][n_targets], standardised */
    const double *linear; /* nas_linear_fit of the training part; NULL: it has no one solution */
} nas_forecast_data;

/* Rows [begin, end) of each part: the shares are cut off behind, rounded down as numpy's int does,
 * and the parts stand in the order training, validation, test. */
void nas_forecast_parts(const nas_time_split *split, int32_t rows, int32_t begin[NAS_PARTS],
                        int32_t end[NAS_PARTS]);

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

/* Blocks of time (forecast_marks.c, as are the next five): a day where the time is read, else a
 * hundredth of the rows. */
int32_t nas_forecast_block(const nas_series *s, int32_t row);
nas_status nas_forecast_groups(nas_arena *a, nas_dataset *d, nas_err *err);
nas_status nas_forecast_examples(const nas_dataset *d, nas_arena *a, nas_example **out, int32_t *n,
                                 nas_err *err);
nas_status nas_forecast_answers(const nas_dataset *d, const nas_marks *m, nas_part part,
                                nas_arena *a, nas_answers *out, nas_err *err);
nas_status nas_forecast_recall(const nas_dataset *d, const nas_answers *said, nas_part part,
                               nas_arena *a, nas_marks *m, nas_err *err);
nas_status nas_forecast_bounds(const nas_dataset *d, const nas_marks *m, const nas_bound_rule *rule,
                               nas_arena *a, double *metric, nas_err *err);

/* Sums over windows and steps, three for each target: the size of the error, its square, and the
 * size of the error of carrying the last value on. */
enum { NAS_SUM_ERROR, NAS_SUM_SQUARE, NAS_SUM_CARRIED, NAS_SUMS };

/* A window as it was judged, in the file's units: its forecast and what came, [horizon][n_targets],
 * and the targets of its last row. */
typedef struct nas_forecast_seen {
    int32_t row, windows; /* its first row; how many windows there are */
    int64_t seconds;      /* of the first row that is forecast; 0 where the time is not read */
    const float *forecast, *truth, *last;
    const double *base; /* [n_targets] to be added to each of them; NULL: nothing */
} nas_forecast_seen;
typedef void (*nas_forecast_fn)(void *ctx, const nas_forecast_seen *w);

/* A model on windows of a series. own: it takes and gives the units of the file; else standardised
 * values, by scaling (whose means are less the series' bases). Shape of t->by_output: [horizon][n_targets]. */
typedef struct nas_forecast_run {
    const nas_series *series;
    const nas_windows *windows;
    const nas_scaling *scaling;
    const nas_graph *graph;
    bool own;
    nas_forecast_fn each; /* may be NULL */
    void *ctx;
} nas_forecast_run;
NAS_NODISCARD nas_status nas_forecast_judge(const nas_forecast_run *r, const nas_log *log,
                                            nas_tally *t, nas_err *err);

/* The same sums for the linear forecast; t->n stays 0 where there is none. */
void nas_forecast_linear(const nas_forecast_data *f, const nas_windows *w, nas_tally *t);

/* The task's metrics from sums: mae, rmse, skill of target i. */
typedef struct nas_forecast_figures {
    double mae, rmse, skill, carried;
} nas_forecast_figures;
nas_forecast_figures nas_forecast_figure(const nas_series_config *k, const nas_tally *t, int32_t i);

/* Does a file of this candidate take and give the file's units? A series with bases has numbers
 * that no float holds; of others float32 does without clusters
 * (whose shared values a change of units would part), where nas_graph_takes_units. float16 does
 * not: it holds neither a bias that takes a large mean away nor a unit beyond 65504. */
bool nas_forecast_is_own(const nas_series *s, const nas_candidate *c, const nas_graph *g);

/* forecast.json. t: of the validation part. */
NAS_NODISCARD nas_status nas_forecast_package(const nas_dataset *d, const nas_candidate *c,
                                              const nas_features *f, const nas_graph *g,
                                              const nas_tally *t, nas_arena *a, const char **out,
                                              nas_err *err);
/* forecast.h, made of forecast.json. */
NAS_NODISCARD nas_status nas_forecast_emit(const char *const *text, nas_arena *a, const char **out,
                                           nas_err *err);

#endif
