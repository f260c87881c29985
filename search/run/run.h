/* search/run/run.h - the coordinator: reads a space and its data, makes or joins the study, keeps
 * workers at it, reads the finalists' test part, picks the winner. */
#ifndef NAS_SEARCH_RUN_RUN_H
#define NAS_SEARCH_RUN_RUN_H

#include "search/run/worker.h"
#include "search/study/promise.h"

typedef struct nas_run_options {
    const nas_space *space;
    const char *db;
    const char *cache;  /* NULL: <db>.cache */
    const char *data;   /* NULL: the space's */
    const char *kernel; /* row that trains; NULL: NAS_KERNEL's, else the best of the processor */
    bool allow_missing; /* go on without clips that are listed but absent */
    int32_t workers;    /* 0: the space's, else a core each */
    int64_t trials;     /* -1: the space's */
    bool has_seed;      /* else the space's */
    uint64_t seed;
    int32_t retries;
    nas_limits limits;   /* of each trial: it fails when it takes more */
    int64_t cache_bytes; /* bound of the cache; 0: none */
    bool any_name;       /* the database may have several names: nobody uses the others */
    bool no_share;       /* each trial is trained from its first step */
} nas_run_options;

typedef struct nas_run_state {
    int64_t done, running, total; /* total -1: not known */
    int64_t complete, diverged, rejected, failed;
    int32_t workers;
    double seconds;      /* since the workers began */
    int64_t done_before; /* when they began */
    bool bare;           /* begun by a nas that kept no examples: bare figures are tested */
} nas_run_state;

/* Who watches a run. Any member may be NULL. `store` is open for reading while they are called. */
typedef struct nas_run_view {
    void *ctx;
    void (*begin)(void *ctx, const nas_space *s, const nas_dataset *d, const nas_run_state *state,
                  bool joined);
    void (*event)(void *ctx, const nas_event *e, const nas_run_state *state, nas_store *store);
    void (*tick)(void *ctx, const nas_run_state *state); /* several times a second */
    const nas_log *log; /* its stop ends the run between two steps */
} nas_run_view;

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
    nas_promise promise; /* of the winner */
    nas_run_state state;
} nas_run_end;

/* Errors: NAS_EINVAL and NAS_ENOTFOUND before anything is touched; NAS_EFULL, NAS_EIO later: what
 * is finished stays, the same command goes on. NAS_EMOVED: the database is no longer the file at
 * its path; the text says in which file all is. */
NAS_NODISCARD nas_status nas_run(const nas_run_options *o, const nas_run_view *view,
                                 nas_run_end *out, nas_err *err);

/* The finalists of out->state.done trials: latency again, with nobody else at work, and the test
 * part, once each. They are
 * the three best feasible trials; with several objectives the first three of the feasible part of
 * the front, in the order of the objectives. Where new times put others there, those too, until all
 * that are there were measured so. Then fills has_winner and winner, or front. */
NAS_NODISCARD nas_status nas_run_finals(nas_store *store, nas_study_id study, const nas_space *s,
                                        const nas_dataset *d, const nas_cache *cache,
                                        const nas_log *log, nas_run_end *out, nas_err *err);

/* One more trial as a finalist of so many: measured and asked about the test part, unless it was.
 */
NAS_NODISCARD nas_status nas_run_final(nas_store *store, nas_study_id study, int64_t trials,
                                       int64_t row, const nas_dataset *d, const nas_cache *cache,
                                       const nas_log *log, nas_err *err);

/* Writes a trial's folder: model.tflite, model.tflite.zlib, model.h, model.c, model_test.c, the
 * texts of its task and what C is made of them, candidate.json, metrics.json; warnings.txt where
 * something was said of the study's version. The folder is made, or replaced whole, and what is not
 * ours in it stays (base/files/folder.h). */
NAS_NODISCARD nas_status nas_export_trial(nas_store *store, nas_study_id id, const nas_study *study,
                                          int64_t row, const char *folder, nas_err *err);
/* The same from an outcome that no database holds. */
NAS_NODISCARD nas_status nas_export_outcome(const struct nas_task_ops *task, const nas_outcome *o,
                                            const char *folder, nas_err *err);

/* <view> of a study under its quoted name, into out: table_of("kws_a", "_best") is
 * "\"kws_a_best\"". */
void nas_view_name(const char *study, const char *ending, char out[160]);

#endif
