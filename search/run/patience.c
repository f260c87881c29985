/* search/run/patience.c - see patience.h. */
#include "search/run/patience.h"

#include "base/clock.h"

#include <time.h>

static const double moment = 0.25;
/* Others' transactions take milliseconds: a run that is to stop waits for them all the same. */
static const double grace = 2;

bool nas_patience_goes_on(void *ctx, double seconds) {
    nas_patience *p = ctx;
    const double every = p->every > 0 ? p->every : NAS_PATIENCE_EVERY;
    if (p->brief) return seconds < moment;
    if (p->next <= 0 || seconds < p->last) p->next = every; /* another wait */
    p->last = seconds;
    if (seconds > grace && p->stop(p->ctx)) return false;
    if (seconds < p->next) return true;
    while (p->next <= seconds) p->next += every;
    p->tell(p->ctx, seconds);
    return true;
}

nas_status nas_patience_open(nas_patience *p, const char *db, nas_store_mode mode,
                             const nas_store_place *place, nas_store **out, nas_err *err) {
    const double since = nas_clock_wall();
    nas_status st;
    for (;;) {
        st = nas_store_open_at(db, mode, place, out, err);
        if (st != NAS_EBUSY || p->stop(p->ctx)) break;
        p->tell(p->ctx, nas_clock_wall() - since);
    }
    if (st == NAS_OK) nas_store_set_wait(*out, nas_patience_goes_on, p);
    return st;
}

void nas_patience_warn(const nas_log *log, const char *db, double seconds) {
    char clock[16] = "";
    const time_t since = time(NULL) - (time_t)seconds;
    struct tm at;
    if (localtime_r(&since, &at)) (void)strftime(clock, sizeof clock, "%H:%M:%S", &at);
    nas_warn(log,
             "another process has held %s since %s (%.0f s): the run waits for it and keeps what "
             "it has trained; end that process, or this run, which can be started again later",
             db, clock, seconds);
}
