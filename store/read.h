/* store/read.h - what stands in a study, asked for by what it is: trials by filter and order, and
 * what belongs to them, to a version and to the database.
 *
 * Ownership: all that goes in is borrowed for the call; rows and texts that a function is handed
 * hold during that call of it. Functions return false to end early. Thread safety, consistency, and
 * what errors of reading are: store.h. Nothing is written, so nothing need be durable. A function
 * that fails may have handed out rows before. Errors of asking are those of reading, and NAS_EINVAL
 * a column that the study does not show.
 * Thread safety: one thread at a time for each store. */
#ifndef NAS_STORE_READ_H
#define NAS_STORE_READ_H

#include "base/relation.h"
#include "store/state.h"
#include "store/store.h"

/* ---- trials of the version that the study shows ---- */

typedef enum nas_among {
    NAS_AMONG_ALL,
    NAS_AMONG_FEASIBLE, /* complete, and every constraint holds */
    NAS_AMONG_BEST,     /* the winner alone; none: no row */
    NAS_AMONG_FRONT     /* complete, and none is as good in all directions and better in one */
} nas_among;

/* No value is in no relation. */
typedef struct nas_condition {
    const char *column;
    nas_relation is;
    double v;
} nas_condition;

/* The one order of the best: by the objectives in theirs, then the least of the tie-break metric,
 * then the lowest number. What has no value of one of these comes after those that have one. */
typedef enum nas_order {
    NAS_BY_NUMBER,
    NAS_BY_RANK,
    NAS_BY_COLUMN /* of nas_trials_ask.by, what has no value last; then the lowest number */
} nas_order;

/* {0} is all trials by rising number, whole. */
typedef struct nas_trials_ask {
    nas_among among;
    const nas_state *state; /* NULL: any */
    bool in_range;          /* numbers from first to last alone */
    int64_t first, last;
    const int64_t *above;       /* what stands above this number alone, damaged ones too; or NULL */
    int64_t row, but;           /* this row alone, without that row; 0: not asked */
    const nas_condition *where; /* all hold */
    const char *const *known;   /* columns that have a value */
    const char *const *columns; /* which are handed out, in this order; NULL: all */
    int32_t n_where, n_known, n_columns;
    bool feasible;    /* those alone that are among the feasible, too */
    bool or_feasible; /* a last column more: 1 it is among the feasible, or 0 */
    nas_order order;
    const char *by;
    bool down;
    /* Those that stand before this row by the first objective, the tie-break and the number; or
     * whose first objective is no worse than `share` of its own (share not 0). 0: not asked */
    int64_t rival_of;
    double share;
    int64_t most; /* 0: all */
} nas_trials_ask;

/* Hands out the rows. Errors: of asking. */
NAS_NODISCARD nas_status nas_store_trials(nas_store *s, const nas_study *study,
                                          const nas_trials_ask *ask, nas_row_fn fn, void *ctx,
                                          nas_err *err);
/* How many; columns, order and most are not looked at. Errors: of asking. */
NAS_NODISCARD nas_status nas_store_count_trials(nas_store *s, const nas_study *study,
                                                const nas_trials_ask *ask, int64_t *n,
                                                nas_err *err);
/* Has each parameter more than one value (none is one) among them? varies[n_params]. Errors: of
 * asking. */
NAS_NODISCARD nas_status nas_store_varying(nas_store *s, const nas_study *study,
                                           const nas_trials_ask *ask, bool *varies, nas_err *err);

/* Complete trials by how far off the bounds they are, as shares of them summed; a value that is
 * none is farthest; then by number. Errors: of asking. */
NAS_NODISCARD nas_status nas_store_nearest(nas_store *s, const nas_study *study,
                                           const char *const *columns, int32_t n_columns,
                                           int64_t most, nas_row_fn fn, void *ctx, nas_err *err);
/* How many trials a bound turns away: complete ones that miss it, and those rejected for it.
 * Errors: of asking. */
NAS_NODISCARD nas_status nas_store_turned_away(nas_store *s, const nas_study *study,
                                               const nas_bound *b, int64_t *n, nas_err *err);

/* Complete trials that all bounds but `but` (may be NULL) allow, with a value of the first
 * objective: those that keep `but` first, then by rank. place: by the order of the best among all
 * of them, from 1; smallest: without the objectives. Errors: of asking. */
typedef struct nas_contender {
    int64_t row;
    double figure, end; /* of the two columns */
    int64_t place;
} nas_contender;
typedef bool (*nas_contender_fn)(void *ctx, const nas_contender *c);
NAS_NODISCARD nas_status nas_store_contest(nas_store *s, const nas_study *study,
                                           const nas_bound *but, const char *figure,
                                           const char *end, bool smallest, int64_t most,
                                           nas_contender_fn fn, void *ctx, nas_err *err);

/* ---- counts ---- */

typedef struct nas_counts {
    int64_t in[NAS_STATES];
} nas_counts;
/* Of the current version of the study of that name; all 0 where there is none. Errors: of
 * reading. */
NAS_NODISCARD nas_status nas_store_counts(nas_store *s, const char *name, nas_counts *out,
                                          nas_err *err);
/* Of the database: studies, and trials of their current versions. Errors: of reading. */
NAS_NODISCARD nas_status nas_store_totals(nas_store *s, int64_t *studies, int64_t *trials,
                                          nas_err *err);
/* Epochs of all trials that the study shows. Errors: of reading. */
NAS_NODISCARD nas_status nas_store_epochs_spent(nas_store *s, const nas_study *study,
                                                double *trained, double *saved, nas_err *err);

/* ---- versions ---- */

/* Which one nas_store_study had last; 0: there is no such study. Errors: of reading. */
NAS_NODISCARD nas_status nas_store_current_version(nas_store *s, int64_t study, int64_t *version,
                                                   nas_err *err);
/* Has the sampler no more points? Errors: of reading. */
NAS_NODISCARD nas_status nas_store_is_exhausted(nas_store *s, nas_study_id id, bool *yes,
                                                nas_err *err);
/* Of the data that the version is about, hexadecimal; "": there is none. Errors: of reading. */
NAS_NODISCARD nas_status nas_store_fingerprint(nas_store *s, nas_study_id id, char out[65],
                                               nas_err *err);
/* Versions about the same data as id's, the last first, as far as there is room. Errors: of
 * reading. */
NAS_NODISCARD nas_status nas_store_same_data(nas_store *s, nas_study_id id, int32_t room,
                                             int64_t *versions, int32_t *n, nas_err *err);
typedef struct nas_version_row {
    int64_t version, data, trials, complete;
    const char *begun; /* UTC, as text */
} nas_version_row;
typedef bool (*nas_version_fn)(void *ctx, const nas_version_row *v);
/* By rising version. Errors: of reading. */
NAS_NODISCARD nas_status nas_store_versions(nas_store *s, nas_study_id id, nas_version_fn fn,
                                            void *ctx, nas_err *err);

/* ---- of one trial ---- */

/* `trained` is the row that was trained: of a reused trial the one that it names. By rising
 * position, or epoch. What is not known is NaN, or -1. Errors: of reading. */
typedef bool (*nas_step_row_fn)(void *ctx, const nas_step_row *r);
typedef bool (*nas_stage_row_fn)(void *ctx, const nas_stage_row *r); /* without the key */
typedef bool (*nas_epoch_row_fn)(void *ctx, const nas_epoch_row *r); /* without the step */
NAS_NODISCARD nas_status nas_store_steps(nas_store *s, nas_study_id id, int64_t trained,
                                         nas_step_row_fn fn, void *ctx, nas_err *err);
NAS_NODISCARD nas_status nas_store_stages(nas_store *s, nas_study_id id, int64_t trained,
                                          nas_stage_row_fn fn, void *ctx, nas_err *err);
NAS_NODISCARD nas_status nas_store_epochs(nas_store *s, nas_study_id id, int64_t trained,
                                          nas_epoch_row_fn fn, void *ctx, nas_err *err);

/* A complete trial whose row has this document: of id's version, else of the last that has one.
 * row 0: there is none. Errors: of reading. */
NAS_NODISCARD nas_status nas_store_document_holder(nas_store *s, nas_study_id id, const char *json,
                                                   nas_holder *out, nas_err *err);

/* ---- examples and claims ---- */

/* nas_claims of the version by place, the winner first. Errors: of reading. */
typedef struct nas_claimed_row {
    int64_t number, trained;
    nas_claim_row claim;
} nas_claimed_row;
typedef bool (*nas_claimed_fn)(void *ctx, const nas_claimed_row *c);
NAS_NODISCARD nas_status nas_store_claims(nas_store *s, nas_study_id id, nas_claimed_fn fn,
                                          void *ctx, nas_err *err);

/* Examples of a part by group, or by class, and how many of each the trial had right. Errors:
 * of reading. */
typedef struct nas_share {
    const char *name; /* "": none */
    int64_t n, right;
} nas_share;
typedef bool (*nas_share_fn)(void *ctx, const nas_share *g);
NAS_NODISCARD nas_status nas_store_shares(nas_store *s, nas_study_id id, int64_t trained,
                                          const char *part, bool by_class, nas_share_fn fn,
                                          void *ctx, nas_err *err);
/* The trained row of a row. 0: there is no such row. Errors: of reading. */
NAS_NODISCARD nas_status nas_store_trained(nas_store *s, nas_study_id id, int64_t row,
                                           int64_t *trained, nas_err *err);

/* How often a trial's test part was read; and how many trials were asked about that of the same
 * data, where these are more than there are claims, else 0. Errors: of reading. */
NAS_NODISCARD nas_status nas_store_test_reads(nas_store *s, nas_study_id id, int64_t trained,
                                              int64_t *reads, int64_t *asked, nas_err *err);

/* Scores on the validation part of replicates from 1, in their order; NaN: it has none. Errors: of
 * reading. */
typedef bool (*nas_score_fn)(void *ctx, double score);
NAS_NODISCARD nas_status nas_store_replicates(nas_store *s, nas_study_id id, int64_t trained,
                                              nas_score_fn fn, void *ctx, nas_err *err);

/* Of the examples of the version's data: how many folds; groups of the validation part. Errors: of
 * reading. */
NAS_NODISCARD nas_status nas_store_example_counts(nas_store *s, nas_study_id id, int64_t *folds,
                                                  int64_t *groups, nas_err *err);

#endif
