/* search/task/forecast/deployed/forecast_pair.h - two exported forecasts on the same rows of a
 * table.
 * Thread safety: no shared state; one thread at a time for each pair. */
#ifndef NAS_SEARCH_TASK_FORECAST_DEPLOYED_FORECAST_PAIR_H
#define NAS_SEARCH_TASK_FORECAST_DEPLOYED_FORECAST_PAIR_H

#include "search/task/forecast/deployed/forecaster.h"

enum { NAS_PAIR_BLOCKS = 30 };

/* One target, over rows that both forecast. */
typedef struct nas_forecast_contrast {
    double mae[2], skill[2];
    double difference; /* mae[0] - mae[1]: positive where the second is better */
    double low, high;  /* its 95 % interval; NaN with one block */
    double p;          /* two-sided, of no difference; NaN with one block */
} nas_forecast_contrast;

typedef struct nas_forecast_pair {
    int32_t windows, blocks;
    bool days; /* a block is a day of the first row that is forecast; else an equal share of the
                  windows, NAS_PAIR_BLOCKS at most and none shorter than the horizon */
    nas_forecast_contrast *by; /* [n_targets] in the order of the first model; in the arena */
} nas_forecast_pair;

/* Both on all windows that end in the same row before the forecast, under one split where a part is
 * asked for (as in nas_forecaster_judge). The interval is Student's t on a ratio over blocks
 * (Cochran, Sampling Techniques, 1977, section 2.11): windows of one block stand or fall together.
 * name: what they are called in messages. Errors: NAS_EINVAL other targets, another horizon or
 * another split, no window that both can judge; those of nas_forecaster_judge. */
NAS_NODISCARD nas_status nas_forecast_pair_judge(nas_arena *a, const char *const name[2],
                                                 const nas_forecaster f[2], const char *data,
                                                 int part, const nas_cache *cache,
                                                 const nas_log *log, nas_forecast_pair *out,
                                                 nas_err *err);

#endif
