/* store/write/write.h - what the files that write share.
 * Errors, where none are named: NAS_EBUSY another holds the database, and nothing was written;
 * NAS_EFULL; NAS_EIO; NAS_ENOMEM; NAS_EFORMAT the database holds what we never write.
 * Thread safety: one thread at a time for each store. */
#ifndef NAS_STORE_WRITE_WRITE_H
#define NAS_STORE_WRITE_WRITE_H

#include "store/schema/schema.h"

/* first.c: waiting trials of a version that has none yet, from the best of another of the same
 * space. *n: how many. */
NAS_NODISCARD nas_status nas_first_trials(nas_store *s, const nas_study *def, nas_study_id id,
                                          int64_t from, const nas_renames *renames, int32_t *n,
                                          nas_err *err);

/* answers.c: in the transaction of a trial's end. */
NAS_NODISCARD nas_status nas_answers_write(nas_store *s, nas_layout *l, int64_t trial,
                                           const nas_answers *a, nas_err *err);

/* The row that was trained: `reused` of it, or itself. Errors: NAS_ENOTFOUND. */
NAS_NODISCARD nas_status nas_trained_row(nas_store *s, nas_study_id id, int64_t row, int64_t *out,
                                         nas_err *err);

/* finals.c: is it a metric that only finalists have? */
bool nas_finals_has(const char *metric);
/* Rows of nas_finals for what the columns of all studies have, as an older nas left them; who is
 * known to be no finalist any more shows nothing. */
NAS_NODISCARD nas_status nas_finals_take(nas_store *s, const int64_t *ids, int64_t n, nas_err *err);

/* held.c: did the statement that asked for the trial, its attempt and its worker find it? Errors:
 * NAS_ELOST. */
nas_status nas_claim_held(nas_store *s, const nas_claim *c, const char *worker, nas_err *err);

/* reuse.c: fills c->reuse, in the claim's transaction. */
NAS_NODISCARD nas_status nas_reuse_find(nas_store *s, nas_layout *l, nas_claim *c, nas_err *err);
/* finish.c: removes the epochs, stages, steps and artefacts that an earlier attempt left. */
NAS_NODISCARD nas_status nas_trial_forget(nas_store *s, nas_layout *l, int64_t trial, nas_err *err);

/* warnings.c: within a transaction. */
NAS_NODISCARD nas_status nas_warning_insert(nas_store *s, nas_study_id id, const char *text,
                                            nas_err *err);

#endif
