/* search/metrics/metrics.h - the table of metrics: columns of a study, words of constraints and
 * objectives.
 * Thread safety: the table is constant; functions share no state. */
#ifndef NAS_SEARCH_METRICS_METRICS_H
#define NAS_SEARCH_METRICS_METRICS_H

#include <stdbool.h>
#include <stdint.h>

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

/* When a trial's figure is known, and so how sure it is. */
typedef enum nas_known {
    NAS_KNOWN_EXPORTED, /* read off the exported file, or off what it answers */
    NAS_KNOWN_BEFORE,   /* before training already, and exactly */
    NAS_KNOWN_MEASURED  /* on this device: not reproducible to the bit */
} nas_known;

/* How people see it; a count is shown in whole numbers, whatever is said here. */
typedef enum nas_shown {
    NAS_SHOWN_FIXED, /* four decimals */
    NAS_SHOWN_SHORT  /* four digits, for milliseconds that may be microseconds */
} nas_shown;

/* What is known of a candidate's file before training, by its graph. */
typedef struct nas_foreseen {
    int64_t params, macs, ram_bytes;
    int64_t arena_bytes; /* -1: the device's runtime refuses such files */
    int64_t bytes;       /* of constants; of those that may become equal one */
    /* Of float32 constants: kernels, whose weights begin at random and stay apart; and all. 0 and 0
     * where weights may lose what tells them apart. */
    int64_t weights, floats;
} nas_foreseen;

typedef struct nas_metric {
    const char *name; /* "zlib_bytes" */
    const char *unit; /* "bytes" */
    bool integer;
    nas_known known;
    nas_shown shown;
    bool listed; /* stands in lists of trials, beside what the task lists */
    /* Before training: the value (NAS_KNOWN_BEFORE) or what it is at least; infinite: it will have
     * none; NaN, and NULL: nothing is known. */
    double (*before)(const nas_foreseen *f);
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
