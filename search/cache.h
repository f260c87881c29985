/* search/cache.h - what stages left on disk, each file under the key of all that determines its
 * bytes. <dir>/<kk>/<key>: a 64-byte head (magic, length, SHA-256 of the payload), then the
 * payload. */
#ifndef NAS_SEARCH_CACHE_H
#define NAS_SEARCH_CACHE_H

#include "base/arena.h"
#include "base/file.h"
#include "base/hash.h"

typedef struct nas_cache {
    const char *dir; /* made when something is put */
} nas_cache;

/* A payload in the page cache, shared by all who map it; 64-byte aligned. */
typedef struct nas_cached {
    nas_mapped map;
    const uint8_t *p;
    size_t bytes;
} nas_cached;

/* *found is false when nothing is there. A file whose length or hash is wrong counts as absent and
 * is removed. Owner: the caller releases *out. */
NAS_NODISCARD nas_status nas_cache_get(const nas_cache *c, const nas_hash *key, nas_cached *out,
                                       bool *found, nas_err *err);
void nas_cache_release(nas_cached *c);

/* Stores the pieces one after the other as one payload. */
typedef struct nas_piece {
    const void *p;
    size_t bytes;
} nas_piece;
NAS_NODISCARD nas_status nas_cache_put(const nas_cache *c, const nas_hash *key,
                                       const nas_piece *pieces, int32_t n, nas_err *err);
void nas_cache_remove(const nas_cache *c, const nas_hash *key);

/* One process at a time computes what belongs under key: a claim, which ends with
 * nas_cache_unlock, or with the process. nas_cache_lock waits for it; nas_cache_try does not, and
 * *taken is false while somebody else has it. */
NAS_NODISCARD nas_status nas_cache_lock(const nas_cache *c, const nas_hash *key, nas_lock *out,
                                        nas_err *err);
NAS_NODISCARD nas_status nas_cache_try(const nas_cache *c, const nas_hash *key, nas_lock *out,
                                       bool *taken, nas_err *err);
bool nas_cache_is_claimed(const nas_cache *c, const nas_hash *key);
void nas_cache_unlock(const nas_cache *c, const nas_hash *key, nas_lock *lock);

#endif
