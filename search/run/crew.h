/* search/run/crew.h - the worker processes of one run: started, heard, watched and replaced.
 * Thread safety: one thread at a time for each crew; it forks, so the process has no other threads
 * then. */
#ifndef NAS_SEARCH_RUN_CREW_H
#define NAS_SEARCH_RUN_CREW_H

#include "search/run/keep.h"
#include "search/run/patience.h"
#include "search/run/run.h"
#include "search/run/setback.h"
#include "search/run/watch.h"
#include "store/file.h"

#include <stdatomic.h>
#include <sys/types.h>

enum { NAS_CREW_MOST = 256 };

/* What a worker said before it ended, or what ended it. */
typedef struct nas_death {
    nas_fault fault;
    nas_status status;   /* NAS_OK: it said nothing */
    int64_t row, number; /* of its trial; row 0: none */
} nas_death;

/* In memory that workers share. */
typedef struct nas_crew_shared {
    _Atomic int threads; /* that each of those alive may train on */
    nas_aside aside;
} nas_crew_shared;

typedef struct nas_crew {
    const nas_run_options *o;
    const nas_run_view *view;
    nas_worker worker; /* what every worker is told; index differs */
    nas_held held;     /* the database's files, which somebody may remove */
    nas_store *store;  /* closed while a worker is forked: connections do not cross a fork */
    pid_t leader, pid[NAS_CREW_MOST];
    uint64_t token[NAS_CREW_MOST];
    int32_t n, alive;
    bool due[NAS_CREW_MOST]; /* to be started once `back` says so */
    int64_t only;            /* the row that the one worker tries alone; 0: none does */
    bool again; /* one did: what came back to the study meanwhile waits for other workers */
    nas_setbacks back;
    nas_death said[NAS_CREW_MOST];
    char how[1100]; /* the last of them: "worker 1 was ended by signal 9 (Killed)" */
    nas_crew_shared *shared;
    int pipe[2]; /* -1: none */
    nas_run_state state;
    bool stale; /* the counts in state: something happened since `counted` */
    double begun, counted, looked;
    nas_status fatal;
    nas_err why;
    double
        busy_since[NAS_CREW_MOST]; /* with the trial in hand; 0: none. Time of waiting is no part */
    bool waits[NAS_CREW_MOST];     /* for what another process has in hand */
    bool late[NAS_CREW_MOST];      /* ended because its trial took too long */
    nas_keep keep;                 /* what is said, and kept */
    nas_watch watch;               /* workers of other runs */
    nas_patience patience;         /* with those who hold the database */
    double told_held, ticked;      /* when it was said last; 0: never */
    /* What workers said while it waited: [n_heard], the first `heard` of them are done with. */
    nas_event *queue;
    int32_t heard, n_heard, queue_room;
} nas_crew;

/* Once the store is open: how it waits for a database that is held. */
void nas_crew_be_patient(nas_crew *t);
/* Counts the trials by state. Errors: those of a query. */
NAS_NODISCARD nas_status nas_crew_count(nas_crew *t, nas_err *err);
/* Opens the database again that was opened before, NAS_EMOVED where another one is at its path. */
NAS_NODISCARD nas_status nas_crew_open_store(nas_crew *t, nas_err *err);
bool nas_crew_should_stop(const nas_crew *t);
/* What cannot be kept now is kept later: another statement may have failed for the same reason. */
void nas_crew_keep_warnings(nas_crew *t);
/* Is the worker of that name, with that heartbeat, of another run and dead? ctx: the crew. */
bool nas_crew_is_gone(void *ctx, const char *worker, double heartbeat);
/* Once a run: where a program that reads for long keeps -wal from being used anew. */
void nas_crew_warn_of_reader(nas_crew *t);
/* NAS_EBUSY when another run gave the study another space meanwhile. */
NAS_NODISCARD nas_status nas_crew_check_ours(const nas_crew *t, nas_err *err);
/* Statuses of bad input, by which nothing was touched: not so once there are workers. */
bool nas_is_refusal(nas_status st);

/* Workers until no trial is left, or the run is to stop. The store is open before; afterwards it
 * may be closed. Errors: what ended a worker that the next one would meet too; NAS_EMOVED; NAS_EIO
 * where workers end again and again and train no trial between. None is a refusal. */
NAS_NODISCARD nas_status nas_crew_run(nas_crew *t, nas_err *err);

#endif
