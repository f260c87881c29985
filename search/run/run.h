/* search/run/run.h - the coordinator: reads a space and its data, makes or joins the study, keeps
 * workers at it, reads the finalists' test set, picks the winner.
 * Thread safety: one run at a time in a process; it forks workers and takes the signals of the
 * process. */
#ifndef NAS_SEARCH_RUN_RUN_H
#define NAS_SEARCH_RUN_RUN_H

#include "search/run/worker.h"
#include "search/study/finals.h"

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
    nas_limits limits;     /* of each trial: it fails when it takes more */
    int64_t cache_bytes;   /* bound of the cache; 0: none */
    bool any_name;         /* the database may have several names: nobody uses the others */
    bool no_share;         /* each trial is trained from its first step */
    const nas_sampler *by; /* NULL: the sampler that the space names */
    /* As of nas_worker: asked in the worker's process. */
    bool (*stops)(void *ctx, int64_t number, const nas_epoch *e);
    void *stops_ctx;
    double patience; /* see nas_patience.every */
} nas_run_options;

/* Who watches a run. Any member may be NULL. `store` is open for reading while they are called. */
typedef struct nas_run_view {
    void *ctx;
    void (*begin)(void *ctx, const nas_space *s, const nas_dataset *d, const nas_run_state *state,
                  bool joined);
    void (*event)(void *ctx, const nas_event *e, const nas_run_state *state, nas_store *store);
    void (*tick)(void *ctx, const nas_run_state *state); /* several times a second */
    const nas_log *log; /* its stop ends the run between two steps */
} nas_run_view;

/* Errors: NAS_EINVAL and NAS_ENOTFOUND before anything is touched; NAS_EFULL, NAS_EIO later: what
 * is finished stays, the same command goes on. NAS_EMOVED: the database is no longer the file at
 * its path; the text says in which file all is. */
NAS_NODISCARD nas_status nas_run(const nas_run_options *o, const nas_run_view *view,
                                 nas_run_end *out, nas_err *err);

#endif
