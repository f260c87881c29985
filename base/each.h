/* base/each.h - work on many items that may fail and may be stopped, by the threads of base/team.h.
 * Thread safety: not to be called by two threads at once. */
#ifndef NAS_BASE_EACH_H
#define NAS_BASE_EACH_H

#include "base/log.h"
#include "base/team.h"

/* lane: below NAS_TEAM_MOST; two items of one lane are never worked on at once. */
typedef nas_status nas_each_fn(void *ctx, int32_t item, int32_t lane, nas_err *err);

/* Calls fn for items 0 to n - 1, each at most once, on up to `threads` threads. Between some 256 of
 * them it tells the log of `what` (NULL: it does not) and looks for a stop. Errors: NAS_ESTOP, and
 * of what fn failed with that of the least item; items some way after it are not begun. */
NAS_NODISCARD nas_status nas_each(int32_t threads, int32_t n, const char *what, nas_each_fn *fn,
                                  void *ctx, const nas_log *log, nas_err *err);

#endif
