/* search/study/columns.h - the metrics of a stored study, which another build may have made: it may
 * lack some of this build's, have others, and have them in another order. So they are found by
 * their names.
 * Thread safety: no shared state; one thread at a time for each store. */
#ifndef NAS_SEARCH_STUDY_COLUMNS_H
#define NAS_SEARCH_STUDY_COLUMNS_H

#include "search/metrics/metrics.h"
#include "store/store.h"

/* Has the study a metric of that name? */
bool nas_study_has(const nas_study *study, const char *metric);
/* The column that says what the study is about: its task's score, else the first metric. */
const char *nas_study_score(const nas_study *study);
/* Do lists of its trials show this metric as one of the task? */
bool nas_study_lists(const nas_study *study, const char *metric);
/* The i-th metric that lists show: those of the task in the order of the study, then those that
 * every net has. NULL past the end. */
const char *nas_study_listed(const nas_study *study, int32_t i);
/* How a metric is read: this build's row. Of one that it lacks, and of those that hang on the
 * task's keys, name and type alone, which the study says; other fields are empty. */
nas_metric nas_study_metric(const nas_study *study, const char *name);

#endif
