/* search/study/promise.h - what may be claimed of the trial that wins a study: its score on
 * examples that it was not chosen by. docs/PROMISE.md has the method.
 * Thread safety: one thread at a time for each store. */
#ifndef NAS_SEARCH_STUDY_PROMISE_H
#define NAS_SEARCH_STUDY_PROMISE_H

#include "search/estimate/estimate.h"
#include "search/space/space.h"
#include "search/task/dataset.h"
#include "store/store.h"

enum { NAS_FINALISTS = 3 };

typedef struct nas_promise {
    bool there;     /* false: nothing is claimed: a formula, a series, several objectives, a study
                       that keeps no examples, no feasible trial */
    int64_t winner; /* row */
    int32_t trials; /* that it was chosen from: those that the other constraints allow */
    int32_t noisy;  /* of those, how many are not told apart from the best */
    nas_winner_claim claim;
    double wins[NAS_FINALISTS]; /* of the finalists that were given */
} nas_promise;

/* n finalists (rows). The trials of the study's current version compete as the space says: by the
 * objective, or the smallest within noise. At most 2,000, the best by the objective. Errors: those
 * of the store, NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_promise_make(nas_store *store, nas_study_id id, const nas_study *study,
                                          const nas_space *s, const nas_dataset *d, uint64_t seed,
                                          const int64_t *finalist, int32_t n, nas_promise *out,
                                          nas_err *err);

/* Keeps it in nas_claims, with the n finalists (rows). Errors: those of nas_store_put_claims. */
NAS_NODISCARD nas_status nas_promise_keep(nas_store *store, nas_study_id id, const nas_promise *p,
                                          double confidence, const int64_t *finalist, int32_t n,
                                          nas_err *err);

#endif
