/* store/write/held.c - is a trial still the worker's who writes? */
#include "store/write/write.h"

nas_status nas_claim_held(nas_store *s, const nas_claim *c, const char *worker, nas_err *err) {
    if (nas_sql_changes(s) == 1) return NAS_OK;
    return nas_fail(err, NAS_ELOST, "trial %lld is no longer held by %s: it was given up for dead",
                    (long long)c->number, worker);
}
