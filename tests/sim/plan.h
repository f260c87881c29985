/* tests/sim/plan.h - what the driver of the simulation and the seam in its processes share: a file
 * that all map, with the rules that the driver drew and the counts of calls by which they fire. */
#ifndef SIM_PLAN_H
#define SIM_PLAN_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

enum { SIM_LAUNCHES = 32, SIM_PROCESSES = 96, SIM_RULES = 64, SIM_STOPPED = 64 };

/* What is counted, for each process by itself and for a launch of `nas run` as a whole. */
typedef enum sim_call {
    SIM_CALL_CHANGE, /* whatever changes files: those of SIM_CALL_WRITE to SIM_CALL_MKDIR */
    SIM_CALL_WRITE,  /* to a regular file */
    SIM_CALL_SYNC,
    SIM_CALL_TRUNCATE,
    SIM_CALL_CREATE, /* open() that made a file */
    SIM_CALL_RENAME,
    SIM_CALL_UNLINK,
    SIM_CALL_MKDIR,
    SIM_CALL_OPEN, /* each, before it is known what it does */
    SIM_CALL_READ, /* of a regular file */
    SIM_CALL_FOPEN,
    SIM_CALL_MAP, /* mmap() of a file */
    SIM_CALL_FORK,
    SIM_CALL_LOCK,
    SIM_CALL_ALLOC,
    SIM_CALL_CLOCK, /* clock_gettime() of the wall's clock */
    SIM_CALL_TELL,  /* that a trial ended: a worker's event, a line of the run */
    SIM_CALLS
} sim_call;

typedef enum sim_action {
    SIM_NONE,
    SIM_FAIL,     /* value: errno */
    SIM_LIE,      /* a sync says that all is well, and does nothing */
    SIM_SHORT,    /* half of what was to be read or written */
    SIM_TORN,     /* half of what was to be written, then kill -9 of the process */
    SIM_KILL,     /* kill -9 of the process before the call */
    SIM_KILL_RUN, /* of its coordinator */
    SIM_KILL_ALL, /* of the processes of all runs */
    SIM_SIGNAL,   /* value: a signal to the coordinator */
    SIM_STOP,     /* SIGSTOP; the driver lets it go on after `value` milliseconds */
    SIM_SKEW      /* the process's wall clock is `value` seconds off from here on */
} sim_action;

/* Who: all of a launch by one count, the coordinator, or the n-th process that was forked, from 1.
 */
enum { SIM_ANYBODY = -1, SIM_COORDINATOR = 0 };

typedef struct sim_rule {
    int32_t launch, call, action, value;
    int32_t process, last; /* those from `process` to `last`, each by its own count */
    int32_t from;          /* which call it is, from 1 */
    int32_t times;         /* how many calls from there on; 0: all */
    _Atomic int32_t fired;
} sim_rule;

typedef struct sim_launch {
    _Atomic int32_t leader, children; /* pid; processes that it forked */
    _Atomic int32_t total[SIM_CALLS];
    _Atomic int32_t of[SIM_PROCESSES][SIM_CALLS];
} sim_launch;

typedef struct sim_plan {
    pthread_mutex_t lock; /* robust; held from a call that changes files until it is in the log */
    int32_t logs;         /* is there a log? */
    int32_t rules;
    sim_rule rule[SIM_RULES];
    _Atomic int32_t stops;
    struct {
        _Atomic int32_t pid, milliseconds;
    } stopped[SIM_STOPPED];
    _Atomic int32_t killed_all;
    sim_launch launch[SIM_LAUNCHES];
} sim_plan;

/* The log of calls that changed files, in their order: a head, `paths` bytes (names that end in 0),
 * `bytes` bytes written. Files and folders are known by inode. */
typedef enum sim_kind {
    SIM_LOG_WRITE,    /* file, to, bytes */
    SIM_LOG_TRUNCATE, /* file, to: its length */
    SIM_LOG_SYNC,     /* file, or a folder */
    SIM_LOG_CREATE,   /* file, name */
    SIM_LOG_MKDIR,    /* file, name */
    SIM_LOG_UNLINK,   /* name */
    SIM_LOG_RENAME,   /* name, name; to: flags of renameat2() */
    SIM_LOG_TOLD      /* to: number of a trial that is complete */
} sim_kind;

typedef struct sim_entry {
    uint32_t kind, launch;
    uint64_t file;
    int64_t to;
    uint32_t paths, bytes;
} sim_entry;

#endif
