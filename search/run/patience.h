/* search/run/patience.h - how a run waits for a database that another process holds: as long as it
 * is held, for nothing that was trained may be lost. It is said again and again, and a run that is
 * to stop waits no longer.
 * Thread safety: one thread at a time for each patience. */
#ifndef NAS_SEARCH_RUN_PATIENCE_H
#define NAS_SEARCH_RUN_PATIENCE_H

#include "base/log.h"
#include "store/store.h"

enum { NAS_PATIENCE_EVERY = 60 };

typedef struct nas_patience {
    double every; /* seconds between two words about it; 0: NAS_PATIENCE_EVERY */
    bool (*stop)(void *ctx);
    void (*tell)(void *ctx, double seconds); /* it has waited so long */
    void *ctx;
    bool brief; /* what is asked for now can be done later: a moment is waited for it */
    double next, last;
} nas_patience;

/* A nas_wait_fn; ctx is the patience. */
bool nas_patience_goes_on(void *ctx, double seconds);

/* Opens, however long that takes; s then waits so, too. p is borrowed for the life of s. Errors:
 * those of nas_store_open_at; NAS_EBUSY only where the run is to stop. */
NAS_NODISCARD nas_status nas_patience_open(nas_patience *p, const char *db, nas_store_mode mode,
                                           const nas_store_place *place, nas_store **out,
                                           nas_err *err);

/* What is said of it: since when, by the local clock. */
void nas_patience_warn(const nas_log *log, const char *db, double seconds);

#endif
