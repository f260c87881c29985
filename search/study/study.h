/* search/study/study.h - a space as a study of the store.
 * Thread safety: one thread at a time for each store. */
#ifndef NAS_SEARCH_STUDY_STUDY_H
#define NAS_SEARCH_STUDY_STUDY_H

#include "search/metrics/metrics.h"
#include "search/space/space.h"
#include "store/store.h"

/* trials: -1 until the sampler is exhausted. bare: nothing is known of single examples, so
 * constraints are tested against bare figures. Arrays live in arena a, texts in s. Errors:
 * NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_study_define(const nas_space *s, const nas_hash *fingerprint,
                                          uint64_t seed, int64_t trials, bool bare, nas_arena *a,
                                          nas_study *out, nas_err *err);

/* Metrics as column values, in the order of the list; NaN is NULL. */
void nas_study_metrics(const nas_metric_list *list, const double *metric,
                       nas_value values[NAS_METRICS_MOST]);

/* The metrics of a row of the study's view (NaN for NULL): metric[study->n_metrics], in the order
 * of its columns, however many another build gave it; and its state (NULL: not wanted). A row that
 * is not there has none: NAS_STATES. Owner: arena a. Errors: those of nas_store_trials. */
NAS_NODISCARD nas_status nas_study_stored(nas_store *store, const nas_study *study, int64_t row,
                                          nas_state *state, nas_arena *a, const double **metric,
                                          nas_err *err);

/* <view> of a study under its quoted name, into out: table_of("kws_a", "_best") is
 * "\"kws_a_best\"". */
void nas_view_name(const char *study, const char *ending, char out[160]);

#endif
