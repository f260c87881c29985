/* search/run/worker.h - a worker: claims a trial, evaluates it, stores what came of it, until none
 * is left.
 * Thread safety: one worker in a process; it trains on the threads of base/team.h. */
#ifndef NAS_SEARCH_RUN_WORKER_H
#define NAS_SEARCH_RUN_WORKER_H

#include "search/run/limits.h"
#include "search/run/setback.h"
#include "search/sampler/sampler.h"
#include "search/stage/evaluate.h"
#include "store/file.h"
#include "store/store.h"

/* What a worker tells the coordinator, one write to a pipe each (atomic: below PIPE_BUF). */
typedef enum nas_event_kind {
    NAS_EVENT_STARTED,
    NAS_EVENT_EPOCH,
    NAS_EVENT_FINISHED,
    NAS_EVENT_WAITING, /* for what another process computes or measures */
    NAS_EVENT_RESUMED, /* after `seconds` of waiting, or of work for all trials, which may go on */
    NAS_EVENT_WARNING, /* text, for whoever runs this */
    NAS_EVENT_HELD,    /* another process has held the database for `seconds`: it waits for it */
    NAS_EVENT_SETBACK, /* the worker ends, through no fault of its trial: text says why */
    NAS_EVENT_FATAL    /* no worker can go on: text says why */
} nas_event_kind;

typedef struct nas_event {
    int32_t kind, worker; /* worker: index, from 0 */
    int64_t number, row;  /* of the trial; row 0: none in hand */
    int32_t epoch, epochs;
    int32_t status;  /* nas_status of SETBACK and FATAL */
    nas_state state; /* of NAS_EVENT_FINISHED */
    double seconds;
    double metric[NAS_METRICS_MOST];
    char text[1024]; /* the reason of a finished trial; the warning */
} nas_event;

typedef struct nas_worker {
    const char *db;
    nas_store_place place; /* the file that it is */
    const nas_space *space;
    const nas_dataset *data;
    const nas_cache *cache;
    const nas_kernel *kernel;
    nas_study_id study;
    nas_turns *turns;
    uint64_t seed, token; /* token: tells this worker from all others (nas_token_new) */
    int32_t index, retries;
    nas_limits limits;
    nas_aside *aside; /* rows that are left alone; NULL: none */
    int64_t only;     /* the one row that it is about, with no other worker at work; 0: any */
    bool last;        /* want of memory is that row's own fault now */
    bool no_share;    /* see nas_evaluator */
    int32_t n_begins; /* of the space: nas_space_begins */
    const double *begins;
    int event_fd;
    bool (*stop)(void *ctx); /* asked at safe points */
    void *stop_ctx;
    /* Is a trial to be stopped after an epoch that has ended? See nas_evaluator. NULL: none is. */
    bool (*stops)(void *ctx, int64_t number, const nas_epoch *e);
    void *stops_ctx;
    const nas_sampler *by; /* NULL: the sampler that the space names */
    double patience;       /* see nas_patience.every */
} nas_worker;

/* Runs until no trial is left or stop says so. Errors: what is no fault of the trial in hand, which
 * is given back first, or what makes going on senseless (a lost database). */
NAS_NODISCARD nas_status nas_worker_run(const nas_worker *w, nas_err *err);

#endif
