/* base/companion.h - columns that stand beside a metric's own: the ends of its interval, a
 * percentile. One table of their suffixes. Thread safety: all are functions of their arguments. */
#ifndef NAS_BASE_COMPANION_H
#define NAS_BASE_COMPANION_H

#include <stddef.h>

/* For names in tables: "infer_ms" NAS_LO. */
#define NAS_LO  "_lo"
#define NAS_HI  "_hi"
#define NAS_P95 "_p95"

typedef enum nas_companion_id {
    NAS_LOWER_END,
    NAS_UPPER_END,
    NAS_PERCENTILE,
    NAS_COMPANIONS
} nas_companion_id;

typedef struct nas_companion {
    const char *suffix; /* "_lo" */
    const char *word;   /* before the figure where it stands alone: "lo" */
    int end;            /* of an interval: -1 the lower, 1 the upper; 0: of none */
} nas_companion;

/* By nas_companion_id, in the order in which they are shown. */
extern const nas_companion nas_companions[NAS_COMPANIONS];

/* What the name says to be: *n (may be NULL) letters of it name the metric. NULL: no companion. */
const nas_companion *nas_companion_of(const char *name, size_t *n);
/* Is name that of an end of the interval of metric: -1 the lower, 1 the upper, 0 no. */
int nas_companion_end(const char *name, const char *metric);

#endif
