/* search/metrics/bound.h - a constraint's text.
 * Thread safety: all are functions of their arguments. */
#ifndef NAS_SEARCH_METRICS_BOUND_H
#define NAS_SEARCH_METRICS_BOUND_H

#include "base/arena.h"
#include "base/relation.h"

#include <stdint.h>

/* "metric op number". *metric lives in arena a. Errors: NAS_EINVAL with
 * the character, and what to write instead where the slip is known (a unit, a separator of
 * thousands, another sign for a comparison). */
NAS_NODISCARD nas_status nas_bound_parse(nas_arena *a, const char *text, const char **metric,
                                         nas_relation *op, double *bound, nas_err *err);

#endif
