/* search/run/watch.c - silence of workers. */
#include "search/run/watch.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 4096 };
static const double most_a_look = 10;

typedef struct nas_watched {
    char worker[NAS_PROCESS_ID];
    double heartbeat, silent, last; /* last: the look that found it so */
} watched;

void nas_watch_open(nas_watch *w, const char *db) {
    *w = (nas_watch){.life = nas_life_of(db)};
}

void nas_watch_close(nas_watch *w) {
    nas_life_close(&w->life);
    free(w->v);
    *w = (nas_watch){.life = w->life};
}

void nas_watch_begin(nas_watch *w, double now) {
    w->now = now;
    w->unsure = 0;
    w->longest = 0;
}

/* A row without a heartbeat has NaN. */
static bool same(double a, double b) {
    return a == b || (isnan(a) && isnan(b));
}

/* *beats: it had another heartbeat not long ago. */
static watched *find(const nas_watch *w, const char *worker, double heartbeat, bool *beats) {
    watched *found = NULL;
    *beats = false;
    for (int32_t i = 0; i < w->n; i++) {
        if (strncmp(w->v[i].worker, worker, NAS_PROCESS_ID - 1) != 0) continue;
        if (same(w->v[i].heartbeat, heartbeat))
            found = &w->v[i];
        else
            *beats = true;
    }
    return found;
}

/* One that nobody needs any more, or a new one; NULL: there are too many. */
static watched *place(nas_watch *w) {
    for (int32_t i = 0; i < w->n; i++)
        if (w->now - w->v[i].last > NAS_SILENCE_SECONDS) return &w->v[i];
    if (w->n == w->room) {
        const int32_t room = w->room ? 2 * w->room : 16;
        watched *more = room > MOST ? NULL : realloc(w->v, (size_t)room * sizeof *more);
        if (!more) return NULL;
        w->v = more;
        w->room = room;
    }
    return &w->v[w->n++];
}

static bool is_silent(nas_watch *w, const char *worker, double heartbeat) {
    bool beats;
    watched *e = find(w, worker, heartbeat, &beats);
    if (!e) {
        e = place(w);
        if (!e) return false;
        *e = (watched){.heartbeat = heartbeat, .last = w->now};
        snprintf(e->worker, sizeof e->worker, "%s", worker);
    }
    const double pause = w->now - e->last;
    e->silent += pause < most_a_look ? pause : most_a_look;
    e->last = w->now;
    if (e->silent > NAS_SILENCE_SECONDS) return true;
    if (!beats) {
        w->unsure++;
        if (e->silent > w->longest) w->longest = e->silent;
    }
    return false;
}

bool nas_watch_is_dead(nas_watch *w, const char *worker, double heartbeat) {
    switch (nas_process_alive(worker, &w->life)) {
    case NAS_LIFE_THERE: return false;
    case NAS_LIFE_ENDED: return true;
    case NAS_LIFE_UNKNOWN: break;
    }
    return is_silent(w, worker, heartbeat);
}
