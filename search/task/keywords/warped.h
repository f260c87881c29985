/* search/task/keywords/warped.h - the features of all clips at all points of the grid of
 * augment.warp, as a stage of the cache.
 * Thread safety: one thread at a time in a process: it works on the threads of base/team.h. */
#ifndef NAS_SEARCH_TASK_KEYWORDS_WARPED_H
#define NAS_SEARCH_TASK_KEYWORDS_WARPED_H

#include "core/audio/warp.h"
#include "search/task/keywords/keywords.h"

/* Above it there is no table, and rows are made for each epoch. */
#define NAS_WARPED_MOST INT64_C(4294967296)

typedef struct nas_warped {
    int32_t reach;
    size_t row; /* values of one */
    const float *x;
    nas_cached own;
} nas_warped;

/* Bytes of the table for a front end that gives rows of `row` values. */
int64_t nas_warped_bytes(const nas_dataset *d, int32_t reach, size_t row);

/* Before normalisation, and of the clips as they are: it belongs to all splits and folds. Computed
 * by whoever needs it first; others wait for it. Owner: the caller closes *out. Errors: NAS_ESTOP;
 * those of nas_clips_read, nas_frontend_open and of the cache. */
NAS_NODISCARD nas_status nas_warped_open(const nas_dataset *d, const nas_candidate *c, size_t row,
                                         const nas_cache *cache, const nas_log *log,
                                         nas_warped *out, nas_err *err);
void nas_warped_close(nas_warped *w); /* {0} is fine */

/* Of a clip (its index in nas_clips_of(d)) at points of alpha and tau. */
const float *nas_warped_row(const nas_warped *w, int32_t clip, int32_t alpha, int32_t tau);

#endif
