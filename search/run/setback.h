/* search/run/setback.h - what is made of workers that ended before their time: whose fault it was,
 * how long until the next one starts, which trials are left for the end, to be tried with no other
 * at work, and when a run gives up. Knows neither processes nor databases.
 * Thread safety: no shared state; one thread at a time for each crew. */
#ifndef NAS_SEARCH_RUN_SETBACK_H
#define NAS_SEARCH_RUN_SETBACK_H

#include "base/err.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    NAS_ASIDE_MOST = 64,
    NAS_ROUNDS_MOST = 7, /* pauses of 0.1 to 3.2 s lie between: 6.3 s in all */
    NAS_ALONE_TRIES = 3
};

/* Rows of trials that workers leave alone, in memory that all of a run share. Only the coordinator
 * adds, at the end, while workers are there. Once it is full they claim nothing more, so that these
 * are tried before there are others. */
typedef struct nas_aside {
    _Atomic int32_t n;
    int64_t row[NAS_ASIDE_MOST];
} nas_aside;

/* Whose fault it can be. */
typedef enum nas_fault {
    NAS_FAULT_OUTSIDE, /* killed, a full disk, input or output, a file that went: no trial's */
    NAS_FAULT_CRASH,   /* the trial's, if it comes again with no other at work */
    NAS_FAULT_MEMORY   /* the same, but only where others found memory enough in this run */
} nas_fault;
nas_fault nas_fault_of_signal(int signal);
nas_fault nas_fault_of_status(nas_status st);

/* Errors of a trial's evaluation that are not the trial's own. */
bool nas_is_setback(nas_status st);

typedef struct nas_suspect {
    int64_t row;
    int32_t ends;  /* workers that it had in hand and that ended so */
    int32_t alone; /* of them, by a fault that can be its own, with no other at work */
    bool aside;
} nas_suspect;

typedef struct nas_setbacks {
    int32_t rounds;   /* in a row, without a trained trial between. What ends before the next
                         worker starts is one round. Not those that are judged in the end */
    int32_t ends;     /* workers that ended since the last trained trial */
    double due;       /* by the wall clock of nas_clock_wall: when workers start again; 0: now */
    int32_t trained;  /* trials of this run that were trained to their end */
    int32_t given_up; /* trials that are failed by nas_setback_add's judgement */
    int32_t n;
    nas_suspect v[NAS_ASIDE_MOST];
    nas_aside *aside; /* the caller's, shared */
} nas_setbacks;

typedef enum nas_judgement {
    NAS_AGAIN,  /* the trial waits again and the worker is replaced, once `due` is there */
    NAS_GUILTY, /* the trial fails: `alone` says how often it was tried alone; the run goes on */
    NAS_ENOUGH  /* the run ends */
} nas_judgement;

/* A worker ended at `now` with the trial `row` in hand (0: none). alone: no other was at work. */
nas_judgement nas_setback_add(nas_setbacks *s, int64_t row, nas_fault fault, bool alone,
                              double now);

/* Would one more failure for want of memory, alone, be the trial's? */
bool nas_setback_is_last(nas_setbacks *s, int64_t row);

/* A trial ended; trained: complete, stopped or diverged. Nothing is held against it any more. */
void nas_setback_finished(nas_setbacks *s, int64_t row, bool trained);

/* The next trial to be tried alone; 0: none. Call it only while no worker is there; it is the last
 * to be tried again if that does not end it. */
int64_t nas_setback_next(nas_setbacks *s);
/* It is over with: it has ended, or somebody else has it. */
void nas_setback_drop(nas_setbacks *s, int64_t row);

#endif
