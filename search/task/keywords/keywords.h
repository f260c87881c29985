/* search/task/keywords/keywords.h - the parts of the row of keywords: clips and their features. */
#ifndef NAS_SEARCH_TASK_KEYWORDS_KEYWORDS_H
#define NAS_SEARCH_TASK_KEYWORDS_KEYWORDS_H

#include "search/task/task.h"

/* Metrics that keywords alone have, behind those of every task. */
enum {
    NAS_METRIC_BALANCED_ACCURACY = NAS_METRIC_COUNT,
    NAS_METRIC_WORST_RECALL,
    NAS_METRIC_MAJORITY,
    NAS_METRIC_BALANCED_ACCURACY_LO,
    NAS_METRIC_WORST_RECALL_LO,
    NAS_KEYWORDS_METRICS
};
/* All of them (metrics.c). Owner: arena a. */
NAS_NODISCARD nas_status nas_keywords_metrics(nas_arena *a, nas_metric_list *out, nas_err *err);

nas_status nas_keywords_open(nas_arena *a, const nas_task *task, bool allow_missing,
                             const nas_cache *cache, const nas_log *log, nas_dataset *d,
                             nas_err *err);
void nas_keywords_close(nas_dataset *d);
nas_status nas_keywords_fold(nas_arena *a, const nas_dataset *d, int32_t k, nas_dataset *out,
                             nas_err *err);
nas_status nas_keywords_features(const nas_dataset *d, const nas_candidate *c,
                                 const nas_cache *cache, const nas_log *log, nas_features *out,
                                 nas_err *err);
/* Warns of mel bands that hold no bin of the transform, and what to set; *empty: how many. */
nas_status nas_keywords_warn_of_gaps(const nas_frontend_config *c, double clip_seconds,
                                     const nas_log *log, int32_t *empty, nas_err *err);
/* Groups of clips: their speakers, of silence the recordings that it was cut from
 * (marks.c, as are the next four). */
nas_status nas_keywords_groups(nas_arena *a, nas_dataset *d, const nas_log *log, nas_err *err);
nas_status nas_keywords_examples(const nas_dataset *d, nas_arena *a, nas_example **out, int32_t *n,
                                 nas_err *err);
nas_status nas_keywords_answers(const nas_dataset *d, const nas_marks *m, nas_part part,
                                nas_arena *a, nas_answers *out, nas_err *err);
nas_status nas_keywords_recall(const nas_dataset *d, const nas_answers *said, nas_part part,
                               nas_arena *a, nas_marks *m, nas_err *err);
/* The recalls themselves with them: all that marks tell of classes. */
nas_status nas_keywords_bounds(const nas_dataset *d, const nas_marks *m, const nas_bound_rule *rule,
                               nas_arena *a, double *metric, nas_err *err);
/* Warns of a constraint on accuracy that always answering the commonest class keeps, where none
 * asks for balanced_accuracy or worst_recall (metrics.c). */
void nas_keywords_aims(const nas_dataset *d, const nas_space *s, const nas_log *log);
/* Adds to a description how classes without a folder are made (made.c). */
void nas_made_describe(const nas_dataset *d, char *out, size_t room);
/* "unknown" or "silence", when both tasks make it and not alike; else NULL. A task that does not is
 * of data that have a folder. */
const char *nas_made_differ(const nas_task *x, const nas_task *y);
nas_examples nas_keywords_part(const nas_dataset *d, const nas_features *f, nas_part part);

/* labels.h, the names of classes as a macro for an initialiser; lives in arena a. */
nas_status nas_labels_source(const char *const *labels, int32_t n, nas_arena *a, const char **out,
                             nas_err *err);

#endif
