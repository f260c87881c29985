/* search/worker.h - a worker: claims a trial, evaluates it, stores what came of it, until none is
 * left. */
#ifndef NAS_SEARCH_WORKER_H
#define NAS_SEARCH_WORKER_H

#include "search/evaluate.h"
#include "search/limits.h"
#include "store/store.h"

/* What a worker tells the coordinator, one write to a pipe each (atomic: below PIPE_BUF). */
typedef enum nas_event_kind {
    NAS_EVENT_STARTED,
    NAS_EVENT_EPOCH,
    NAS_EVENT_FINISHED,
    NAS_EVENT_WAITING, /* for what another process computes or measures */
    NAS_EVENT_RESUMED, /* after `seconds` of waiting, or of work for all trials, which may go on */
    NAS_EVENT_WARNING, /* text, for whoever runs this */
    NAS_EVENT_FATAL    /* the worker cannot go on: text says why */
} nas_event_kind;

typedef struct nas_event {
    int32_t kind, worker; /* worker: index, from 0 */
    int64_t number;
    int32_t epoch, epochs;
    int32_t status; /* nas_status of FATAL */
    char state[16];
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
    uint64_t seed;
    int32_t index, retries;
    nas_limits limits;
    bool no_share;    /* see nas_evaluator */
    int32_t n_begins; /* of the space: nas_space_begins */
    const double *begins;
    int event_fd;
    bool (*stop)(void *ctx); /* asked at safe points */
    void *stop_ctx;
} nas_worker;

/* Runs until no trial is left or stop says so. Errors: what makes going on senseless (a full disk,
 * a lost database); the trial in hand is given back first. */
NAS_NODISCARD nas_status nas_worker_run(const nas_worker *w, nas_err *err);

#endif
