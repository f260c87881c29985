/* search/metrics/metrics.h - the table of metrics: columns of a study, words of constraints and
 * objectives.
 */
#ifndef NAS_SEARCH_METRICS_METRICS_H
#define NAS_SEARCH_METRICS_METRICS_H

#include <stdbool.h>

typedef enum nas_metric_id {
    NAS_METRIC_SCORE, /* what the task is about, higher is better: accuracy, skill_mean */
    NAS_METRIC_TEST_SCORE,
    NAS_METRIC_SCORE_LO, /* lower end of the score, one-sided */
    NAS_METRIC_TFLITE_BYTES,
    NAS_METRIC_ZLIB_BYTES,
    NAS_METRIC_ZIP_BYTES,
    NAS_METRIC_PARAMS,
    NAS_METRIC_NONZERO_PARAMS,
    NAS_METRIC_MACS,
    NAS_METRIC_RAM_BYTES,
    NAS_METRIC_ARENA_BYTES,
    NAS_METRIC_INFER_MS, /* of each time: median, its interval's ends, 95th percentile */
    NAS_METRIC_INFER_MS_LO,
    NAS_METRIC_INFER_MS_HI,
    NAS_METRIC_INFER_MS_P95,
    NAS_METRIC_FRONTEND_MS,
    NAS_METRIC_FRONTEND_MS_LO,
    NAS_METRIC_FRONTEND_MS_HI,
    NAS_METRIC_FRONTEND_MS_P95,
    NAS_METRIC_TOTAL_MS,
    NAS_METRIC_TOTAL_MS_LO,
    NAS_METRIC_TOTAL_MS_HI,
    NAS_METRIC_TOTAL_MS_P95,
    NAS_METRIC_COUNT, /* of every task; a task's own others follow */
    NAS_METRIC_ACCURACY = NAS_METRIC_SCORE,
    NAS_METRIC_TEST_ACCURACY = NAS_METRIC_TEST_SCORE
} nas_metric_id;

/* Room for all metrics of one task. */
enum { NAS_METRICS_MOST = 144 };

typedef struct nas_metric {
    const char *name; /* "zlib_bytes" */
    const char *unit; /* "bytes" */
    bool integer;
    bool measured;         /* not reproducible to the bit */
    bool selectable;       /* may stand in a constraint or objective */
    const char *tested_as; /* a constraint on infer_ms is tested against infer_ms_hi */
    const char *bound;     /* of an estimate: the end that a constraint is tested against where the
                              study keeps examples; it asks for more (>) of a lower end, else for
                              less */
    const char *help;
} nas_metric;

/* Those of the task "keywords"; other tasks have other scores. */
extern const nas_metric nas_metrics[NAS_METRIC_COUNT];

/* The metrics of one task, in the order of its columns. */
typedef struct nas_metric_list {
    int n; /* NAS_METRIC_COUNT .. NAS_METRICS_MOST */
    const nas_metric *v;
} nas_metric_list;

/* The index of a name; -1 when there is none. The second looks into nas_metrics alone. */
int nas_metric_in(const nas_metric_list *list, const char *name);
int nas_metric_find(const char *name);

#endif
