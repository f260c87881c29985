/* search/study/rebound.h - bounds of trials that are there, at another confidence.
 * Thread safety: one thread at a time for each store. */
#ifndef NAS_SEARCH_STUDY_REBOUND_H
#define NAS_SEARCH_STUDY_REBOUND_H

#include "search/task/dataset.h"
#include "store/store.h"

/* Computes the bounds of all complete trials of all versions of the study again, from what it keeps
 * of their examples, and writes them with the confidence (NaN: bare figures are tested; bounds are
 * then at NAS_CONFIDENCE), all or none. Errors: those of the store, NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_bounds_again(nas_store *store, nas_study_id study,
                                          const nas_dataset *d, uint64_t seed, double confidence,
                                          nas_err *err);

#endif
