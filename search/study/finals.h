/* search/study/finals.h - the finalists of a study, and how a run of it ended.
 * Thread safety: one thread at a time for each store. */
#ifndef NAS_SEARCH_STUDY_FINALS_H
#define NAS_SEARCH_STUDY_FINALS_H

#include "search/study/promise.h"
#include "search/study/study.h"

typedef struct nas_run_state {
    int64_t done, running, total; /* total -1: not known */
    int64_t complete, diverged, rejected, failed;
    int32_t workers;
    double seconds;      /* since the workers began */
    int64_t done_before; /* when they began */
    bool bare;           /* begun by a nas that kept no examples: bare figures are tested */
} nas_run_state;

/* How a run ended. Rows are of the study's table. */
typedef struct nas_run_end {
    nas_study_id study;
    nas_store_place place; /* of the database */
    bool stopped;          /* by a signal; the same command goes on */
    bool has_winner;       /* something satisfies the constraints, and there is one objective */
    int64_t winner;        /* row */
    int64_t front; /* several objectives: trials of the front that satisfy the constraints */
    int64_t finalist[NAS_FINALISTS]; /* rows, the winner first; of a front, of its first */
    int32_t finalists;
    int32_t measured;    /* finalists whose times this run measured again */
    nas_promise promise; /* of the winner */
    nas_run_state state;
} nas_run_end;

/* The finalists of out->state.done trials: latency again, with nobody else at work, and the test
 * part, once each. They are the three best feasible trials; with several objectives the first three
 * of the feasible part of the front, in the order of the objectives. Where new times put others
 * there, those too, until all that are there were measured so. Then fills has_winner and winner, or
 * front. Errors: NAS_ESTOP; those of the store; of reading and judging a stored file. What was
 * measured before is stored. */
NAS_NODISCARD nas_status nas_run_finals(nas_store *store, nas_study_id study, const nas_space *s,
                                        const nas_dataset *d, const nas_cache *cache,
                                        const nas_log *log, nas_run_end *out, nas_err *err);

/* One more trial as a finalist of so many: measured and asked about the test set, unless it was;
 * *measured: it was not. Errors: those of nas_run_finals. */
NAS_NODISCARD nas_status nas_run_final(nas_store *store, nas_study_id study, int64_t trials,
                                       int64_t row, const nas_dataset *d, const nas_cache *cache,
                                       const nas_log *log, bool *measured, nas_err *err);

#endif
