/* search/run/confirm.h - the finalists again: what each example got in detail, and the same
 * candidates trained from other seeds. What ships stays the file of the study's own seed.
 * Thread safety: one thread at a time for each store; it forks, so the process has no other threads
 * then. */
#ifndef NAS_SEARCH_RUN_CONFIRM_H
#define NAS_SEARCH_RUN_CONFIRM_H

#include "search/run/keep.h"
#include "search/run/run.h"

/* Trains a candidate as replicate k of e->seed, for each fold, and asks its files: answers with
 * classes and shares; without examples where it diverged. Lives in arena a. Errors: those of
 * nas_evaluate. */
NAS_NODISCARD nas_status nas_confirm_judge(const nas_evaluator *e, const nas_candidate *c,
                                           int32_t replicate, nas_arena *a, nas_answers *out,
                                           nas_err *err);

typedef struct nas_confirm {
    const nas_worker *worker; /* of the run: data, cache, kernel, seed, study */
    int32_t workers;          /* processes */
    int32_t replicates;
    nas_keep *keep; /* hears, and keeps, what is said */
    int32_t n;
    const int64_t *rows; /* [n] trials */
} nas_confirm;

/* Answers of each trial (replicate 0) get classes and shares, and answers of replicates 1 ..
 * replicates are added, unless they are there. No store of this process may be open: it forks. One
 * that cannot be trained is a warning, and has no answers; one that diverges has answers without
 * examples. Errors: NAS_ESTOP, NAS_EIO no process can be started; those of the store. */
NAS_NODISCARD nas_status nas_confirm_run(const nas_confirm *c, nas_err *err);

#endif
