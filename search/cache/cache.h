/* search/cache/cache.h - what stages left on disk, each file under the key of all that determines
 * its bytes. <dir>/<kk>/<key>: a 64-byte head (magic, length, SHA-256 of the payload, what made
 * it), then the payload.
 * Thread safety: no shared state; one thread at a time for each cache. Any number of processes may
 * use one folder.
 * Errors, where none are named: NAS_EINVAL the folder's path is too long; NAS_EFULL, NAS_EIO and
 * what else the system refuses (base/files/file.h); NAS_ENOMEM. */
#ifndef NAS_SEARCH_STAGE_CACHE_H
#define NAS_SEARCH_STAGE_CACHE_H

#include "base/arena.h"
#include "base/files/file.h"
#include "base/hash.h"

#include <limits.h>

enum { NAS_CACHE_KIND = 16 };
typedef struct nas_cache_head {
    char magic[8]; /* nas_cache_magic */
    uint64_t bytes;
    nas_hash payload;
    char kind[NAS_CACHE_KIND]; /* "train"; tells people, and nobody else, what it is */
} nas_cache_head;
_Static_assert(sizeof(nas_cache_head) == 64, "the payload begins 64-byte aligned");
extern const char nas_cache_magic[8];

/* The files that a running trial has got or put. While they are in here, no bound removes them, in
 * whatever process; they end with the process. */
typedef struct nas_cache_use {
    int32_t n, room;
    struct nas_cache_held *held;
    int64_t put; /* bytes */
} nas_cache_use;
void nas_cache_use_end(nas_cache_use *u);

/* Asked while a lock of another process is waited for, and with `over` once it is not any more.
 * Returns true to give up. */
typedef bool (*nas_cache_wait_fn)(void *ctx, bool over);

/* Told before what belongs to all trials (features, noise, clips at a rate) is computed, and with
 * `over` after it: that time is no trial's. */
typedef void (*nas_cache_common_fn)(void *ctx, bool over);

typedef struct nas_cache {
    const char *dir;            /* made when something is put */
    int64_t most;               /* bytes that nas_cache_trim leaves; 0: no bound */
    nas_cache_use *use;         /* NULL: nothing is kept for a trial */
    nas_cache_wait_fn wait;     /* NULL: locks are waited for without a word */
    nas_cache_common_fn common; /* NULL: nobody asks */
    void *wait_ctx;             /* of both */
} nas_cache;
void nas_cache_common(const nas_cache *c, bool over);

/* A payload, 64-byte aligned: up to nas_cache_held() bytes a copy in memory, which stays what it
 * was when its hash was checked; beyond, a map of the file that all processes share, and that
 * whoever writes into that file changes. */
enum { NAS_CACHE_HELD = 256 << 20 };
/* memory: bytes, 0: not known. One copy for each core takes a quarter of it at most. */
size_t nas_cache_held(int64_t memory, int cores);
typedef struct nas_cached {
    nas_mapped map;
    const uint8_t *p;
    size_t bytes;
} nas_cached;

/* *found is false when nothing is there. A file whose length or hash is wrong counts as absent and
 * is removed. Owner: the caller releases *out. After an error *out is empty and *found false. */
NAS_NODISCARD nas_status nas_cache_get(const nas_cache *c, const nas_hash *key, nas_cached *out,
                                       bool *found, nas_err *err);
void nas_cache_release(nas_cached *c);

/* Stores the pieces one after the other as one payload. kind: lower-case letters, fewer than
 * NAS_CACHE_KIND. After an error nothing new is there. */
typedef struct nas_piece {
    const void *p;
    size_t bytes;
} nas_piece;
NAS_NODISCARD nas_status nas_cache_put(const nas_cache *c, const nas_hash *key, const char *kind,
                                       const nas_piece *pieces, int32_t n, nas_err *err);
/* The same, a piece at a time, for what is too large to be held; nas_cache_end or nas_cache_drop
 * ends it, end whatever it answers. After an error of begin *out is NULL. */
typedef struct nas_cache_writer nas_cache_writer;
NAS_NODISCARD nas_status nas_cache_begin(const nas_cache *c, const nas_hash *key, const char *kind,
                                         nas_cache_writer **out, nas_err *err);
NAS_NODISCARD nas_status nas_cache_add(nas_cache_writer *w, const void *p, size_t bytes,
                                       nas_err *err);
NAS_NODISCARD nas_status nas_cache_end(nas_cache_writer *w, nas_err *err);
void nas_cache_drop(nas_cache_writer *w);
void nas_cache_remove(const nas_cache *c, const nas_hash *key);

/* The path of a file of that name in the cache's folder. Errors: NAS_EINVAL it is too long. */
NAS_NODISCARD nas_status nas_cache_path(const nas_cache *c, const char *name, char out[PATH_MAX],
                                        nas_err *err);

/* Takes the lock at path. Errors: NAS_ESTOP `wait` gave up; NAS_EIO. */
NAS_NODISCARD nas_status nas_cache_wait_for(const nas_cache *c, const char *path, nas_lock *out,
                                            nas_err *err);

/* One process at a time computes what belongs under key: a claim, which ends with
 * nas_cache_unlock, or with the process. nas_cache_lock waits for it; nas_cache_try does not, and
 * *taken is false while somebody else has it. Errors: those of nas_cache_wait_for, and of making
 * the folder. Then nothing is held. */
NAS_NODISCARD nas_status nas_cache_lock(const nas_cache *c, const nas_hash *key, nas_lock *out,
                                        nas_err *err);
NAS_NODISCARD nas_status nas_cache_try(const nas_cache *c, const nas_hash *key, nas_lock *out,
                                       bool *taken, nas_err *err);
bool nas_cache_is_claimed(const nas_cache *c, const nas_hash *key);
void nas_cache_unlock(const nas_cache *c, const nas_hash *key, nas_lock *lock);

#endif
