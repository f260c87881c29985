/* search/cache/cache_bound.h - what lies in a cache, and keeping it within a bound.
 * Thread safety: no shared state; one thread at a time for each cache. Any number of processes may
 * use one folder. */
#ifndef NAS_SEARCH_STAGE_CACHE_BOUND_H
#define NAS_SEARCH_STAGE_CACHE_BOUND_H

#include "search/cache/cache.h"

typedef struct nas_cache_entry {
    const char *path;
    int64_t bytes;
    double used; /* last use, seconds since 1970 */
    bool
        is_part; /* of a file that was being written; a file that nobody writes any more is waste */
} nas_cache_entry;

/* All files that are a cache's, oldest use first; arena a owns the list. A folder that is not there
 * has none. Errors: NAS_EIO a folder cannot be read; NAS_ENOMEM. Then *n is 0. */
NAS_NODISCARD nas_status nas_cache_list(const char *dir, nas_arena *a, nas_cache_entry **out,
                                        size_t *n, nas_err *err);

/* What made it: "train", "features", ...; "clips" for packed clips, whose file is not of a stage.
 */
void nas_cache_kind(const nas_cache_entry *e, char kind[NAS_CACHE_KIND]);

/* Brings the cache down to c->most bytes where it is above: files of stages, oldest use first, but
 * none that a running trial needs, and no packed clips. Whoever does it already does it for all.
 * most 0: no bound. A file that cannot be removed is passed over. Errors: NAS_EINVAL the folder's
 * path is too long; NAS_EIO it cannot be read, or be locked; NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_cache_trim(const nas_cache *c, nas_err *err);

#endif
