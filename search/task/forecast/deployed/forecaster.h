/* search/task/forecast/deployed/forecaster.h - an exported forecast read back, and how well it does
 * on a table.
 * Thread safety: no shared state; one thread at a time for each model. */
#ifndef NAS_SEARCH_TASK_FORECAST_DEPLOYED_FORECASTER_H
#define NAS_SEARCH_TASK_FORECAST_DEPLOYED_FORECASTER_H

#include "search/task/forecast/forecast.h"

typedef struct nas_forecaster {
    nas_graph graph;
    nas_bytes file;      /* the bytes that the graph was read from */
    nas_runtime runtime; /* whose arithmetic judges; the caller may set it */
    nas_candidate candidate;
    bool own;                         /* takes and gives the table's units */
    double step_seconds;              /* between the rows that trained; 0: not known */
    nas_scaling scaling;              /* but for the means, which have to do with a series' bases */
    const double *mean, *target_mean; /* in the table's units */
} nas_forecaster;

/* Is it the folder of a forecast? */
bool nas_forecaster_is_in(const char *folder);

/* Reads model.tflite, forecast.json and candidate.json. Owner: arena a. Errors: NAS_ENOTFOUND,
 * NAS_EFORMAT, NAS_EINVAL, each naming the file. */
NAS_NODISCARD nas_status nas_forecaster_open(nas_arena *a, const char *folder, nas_forecaster *out,
                                             nas_err *err);

/* What it does on windows of the table `data`: of a nas_part under the candidate's split, or -1 for
 * all. linear: of least squares on the table's own training set; its n is 0 for all windows.
 * each (may be NULL) hears of every forecast. Errors: those of nas_dataset_open and
 * nas_series_open; NAS_EINVAL there is no window. */
typedef struct nas_forecast_verdict {
    nas_tally file, linear; /* file.by_output is in the arena, as all that follows */
    int32_t n_groups;       /* 0: the table has none */
    const char **group;     /* [n_groups] names */
    nas_forecast_by *by;    /* [n_groups][n_targets] */
    nas_hash data;          /* of the bytes of the table */
} nas_forecast_verdict;
NAS_NODISCARD nas_status nas_forecaster_judge(const nas_forecaster *f, const char *data, int part,
                                              const nas_cache *cache, const nas_log *log,
                                              nas_arena *a, nas_forecast_fn each, void *ctx,
                                              nas_forecast_verdict *out, nas_err *err);

#endif
