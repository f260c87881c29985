/* search/run/watch.h - which workers of other runs are dead: at once where a lock tells, else after
 * two minutes without a sign, by the clock of whoever looks.
 * Thread safety: one thread at a time for each store. */
#ifndef NAS_SEARCH_RUN_WATCH_H
#define NAS_SEARCH_RUN_WATCH_H

#include "search/run/process.h"

enum { NAS_SILENCE_SECONDS = 120 };

typedef struct nas_watch {
    nas_life life;
    struct nas_watched *v;
    int32_t n, room;
    double now;     /* of this look */
    int32_t unsure; /* workers, in this look, that may be dead and gave no sign since the first */
    double longest; /* seconds of silence among them */
} nas_watch;

/* db: borrowed. Closing: see nas_life. */
void nas_watch_open(nas_watch *w, const char *db);
void nas_watch_close(nas_watch *w);

/* Begins a look at all workers. now: nas_clock_wall(). */
void nas_watch_begin(nas_watch *w, double now);
/* Is this worker dead? heartbeat: the value in its row. It is silent while looks find the same
 * value again; how far that value is from the date tells nothing, and of a pause between two looks
 * ten seconds count, as the worker may have been stopped just as long. What cannot be told, or kept
 * for want of memory, is not dead. */
bool nas_watch_is_dead(nas_watch *w, const char *worker, double heartbeat);

#endif
