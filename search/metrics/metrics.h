/* search/metrics/metrics.h - the table of metrics: columns of a study, words of constraints and
 * objectives.
 * Thread safety: the table is constant; functions share no state. */
#ifndef NAS_SEARCH_METRICS_METRICS_H
#define NAS_SEARCH_METRICS_METRICS_H

#include "base/unit.h"
#include "core/graph/graph.h"

#include <stdbool.h>
#include <stdint.h>

/* NAS_METRIC_SCORE is what the task is about, higher is better: accuracy, skill_mean; then the same
 * on the test set, and its lower end, one-sided. A task's own metrics follow NAS_METRIC_COUNT. */
typedef enum nas_metric_id {
#define METRIC(id, ...) NAS_METRIC_##id,
#define TIME(id, ...) \
    NAS_METRIC_##id, NAS_METRIC_##id##_LO, NAS_METRIC_##id##_HI, NAS_METRIC_##id##_P95,
#include "search/metrics/list.h"
    NAS_METRIC_COUNT,
    NAS_METRIC_SCORES = NAS_METRIC_SCORE_LO + 1 /* the score, of the test set, its lower end */
} nas_metric_id;

/* Room for all metrics of one task of this build; a stored study may have more. */
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

/* What is known of the exported file, but for what it answers and how long it takes. */
typedef struct nas_shipped {
    int64_t params, nonzero, macs, ram_bytes;
    int64_t arena_bytes; /* -1: the device's runtime refuses such files */
    int64_t bytes, zlib_bytes, zip_bytes;
    const nas_graph *graph;
} nas_shipped;

typedef struct nas_metric {
    const char *name; /* "zlib_bytes" */
    nas_unit unit;
    const char *own_unit; /* of NAS_UNIT_OWN: as the data write it, "degC"; NULL: not known */
    bool integer;
    nas_known known;
    nas_shown shown;
    bool listed; /* stands in lists of trials, beside what the task lists */
    /* Before training: the value (NAS_KNOWN_BEFORE) or what it is at least; infinite: it will have
     * none; NaN, and NULL: nothing is known. */
    double (*before)(const nas_foreseen *f);
    double (*read)(const nas_shipped *f); /* NULL: the task or a measurement says it; NaN: none */
    bool selectable;                      /* may stand in a constraint or objective */
    const char *tested_as; /* a constraint on infer_ms is tested against infer_ms_hi */
    const char *bound;     /* of an estimate: the end that a constraint is tested against where the
                              study keeps examples; it asks for more (>) of a lower end, else for
                              less */
    const char *help;
} nas_metric;

/* Of every task, which may call its scores otherwise. */
extern const nas_metric nas_metrics[NAS_METRIC_COUNT];

/* The unit in words: "bytes", "degC"; "" of a plain number. */
const char *nas_metric_unit(const nas_metric *m);

/* The metrics of one task, in the order of its columns. */
typedef struct nas_metric_list {
    int n; /* of a task of this build: NAS_METRIC_COUNT .. NAS_METRICS_MOST */
    const nas_metric *v;
} nas_metric_list;

/* The index of a name; -1 when there is none. The second looks into nas_metrics alone. */
int nas_metric_in(const nas_metric_list *list, const char *name);
int nas_metric_find(const char *name);

/* Fills those that are read off the file. */
void nas_metrics_read(const nas_shipped *f, double *metric);

#endif
