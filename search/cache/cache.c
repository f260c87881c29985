/* search/cache/cache.c - the cache of stages. */
#include "search/cache/cache_bound.h"

#include "base/clock.h"
#include "base/cores.h"
#include "base/memory.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

const char nas_cache_magic[8] = "nascache";

typedef struct place {
    char dir[PATH_MAX], path[PATH_MAX];
} place;

static nas_status place_of(const nas_cache *c, const nas_hash *key, const char *ending, place *out,
                           nas_err *err) {
    char hex[65];
    nas_hash_hex(key, hex);
    const int a = snprintf(out->dir, sizeof out->dir, "%s/%.2s", c->dir, hex);
    const int b = snprintf(out->path, sizeof out->path, "%s/%.2s/%s%s", c->dir, hex, hex, ending);
    if (a < 0 || b < 0 || (size_t)b >= sizeof out->path)
        return nas_fail(err, NAS_EINVAL, "the cache's path is too long: %s", c->dir);
    return NAS_OK;
}

static bool intact(const nas_mapped *m) {
    if (m->bytes < sizeof(nas_cache_head)) return false;
    nas_cache_head h;
    memcpy(&h, m->p, sizeof h);
    if (memcmp(h.magic, nas_cache_magic, sizeof h.magic) != 0) return false;
    if (h.bytes != m->bytes - sizeof h) return false;
    const nas_hash real = nas_hash_of(m->p + sizeof h, (size_t)h.bytes);
    return nas_hash_equal(&real, &h.payload);
}

struct nas_cache_held {
    nas_hash key;
    int fd;
};

static struct nas_cache_held *held_at(const nas_cache_use *u, const nas_hash *key) {
    for (int32_t i = 0; u && i < u->n; i++)
        if (nas_hash_equal(&u->held[i].key, key)) return &u->held[i];
    return NULL;
}

static void let_go(const nas_cache *c, const nas_hash *key) {
    struct nas_cache_held *h = held_at(c->use, key);
    if (!h) return;
    close(h->fd);
    *h = c->use->held[--c->use->n];
}

/* For the trial at work. What cannot be kept may have to be computed again. */
static void keep(const nas_cache *c, const nas_hash *key, const char *path) {
    nas_cache_use *u = c->use;
    if (!u) return;
    let_go(c, key); /* another file may stand there now */
    if (u->n == u->room) {
        const int32_t room = u->room ? 2 * u->room : 16;
        struct nas_cache_held *more = realloc(u->held, (size_t)room * sizeof *more);
        if (!more) return;
        u->held = more;
        u->room = room;
    }
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) return;
    (void)flock(fd, LOCK_SH | LOCK_NB);
    u->held[u->n++] = (struct nas_cache_held){.key = *key, .fd = fd};
}

void nas_cache_use_end(nas_cache_use *u) {
    for (int32_t i = 0; i < u->n; i++) close(u->held[i].fd);
    free(u->held);
    *u = (nas_cache_use){.put = u->put};
}

size_t nas_cache_held(int64_t memory, int cores) {
    const int64_t share = memory / 4 / cores;
    return memory > 0 && share < NAS_CACHE_HELD ? (size_t)share : NAS_CACHE_HELD;
}

/* What is used is what is checked: a copy, which nobody can change any more, or cut. What is too
 * large for every worker to hold is mapped. */
static nas_status take(const char *path, nas_mapped *out, nas_err *err) {
    const size_t most = nas_cache_held(nas_memory(), nas_cores());
    nas_status st = nas_file_load(path, most, out, err);
    if (st == NAS_EIO) st = nas_file_load(path, most, out, err); /* it was being cut? */
    return st == NAS_EFORMAT ? nas_file_map(path, out, err) : st;
}

nas_status nas_cache_get(const nas_cache *c, const nas_hash *key, nas_cached *out, bool *found,
                         nas_err *err) {
    *out = (nas_cached){0};
    *found = false;
    place at;
    NAS_TRY(place_of(c, key, "", &at, err));
    nas_mapped m;
    const nas_status st = take(at.path, &m, err);
    if (st == NAS_ENOTFOUND) return NAS_OK;
    if (st != NAS_OK && st != NAS_EFORMAT) return st;
    if (st == NAS_EFORMAT || !intact(&m)) {
        nas_file_unmap(&m);
        (void)unlink(at.path);
        return NAS_OK;
    }
    *out = (nas_cached){
        .map = m, .p = m.p + sizeof(nas_cache_head), .bytes = m.bytes - sizeof(nas_cache_head)};
    *found = true;
    (void)utimensat(AT_FDCWD, at.path, NULL, 0); /* its last use */
    keep(c, key, at.path);
    return NAS_OK;
}

void nas_cache_release(nas_cached *c) {
    nas_file_unmap(&c->map);
    *c = (nas_cached){0};
}

struct nas_cache_writer {
    const nas_cache *cache;
    nas_hash key;
    place at;
    nas_cache_head head;
    nas_hasher hasher;
    nas_file *file;
};

/* Who removes a cache may do so at any moment, also between the folder and what goes into it. */
enum { FOLDER_TRIES = 10 };

/* The head stands first, and is known last. */
static nas_status begin_file(nas_cache_writer *w, nas_err *err) {
    NAS_TRY(place_of(w->cache, &w->key, "", &w->at, err));
    nas_status st = NAS_ENOTFOUND;
    for (int i = 0; st == NAS_ENOTFOUND && i < FOLDER_TRIES; i++) {
        st = nas_dir_make_shared(w->at.dir, err);
        nas_file_sweep(w->at.path);
        if (st == NAS_OK) st = nas_file_begin(w->at.path, &w->file, err);
    }
    NAS_TRY(st);
    return nas_file_add(w->file, &w->head, sizeof w->head, err);
}

nas_status nas_cache_begin(const nas_cache *c, const nas_hash *key, const char *kind,
                           nas_cache_writer **out, nas_err *err) {
    *out = NULL;
    nas_cache_writer *w = calloc(1, sizeof *w);
    if (!w) return nas_fail(err, NAS_ENOMEM, "the cache: out of memory");
    w->cache = c;
    w->key = *key;
    memcpy(w->head.magic, nas_cache_magic, sizeof w->head.magic);
    snprintf(w->head.kind, sizeof w->head.kind, "%s", kind);
    w->hasher = nas_hasher_start();
    const nas_status st = begin_file(w, err);
    if (st == NAS_OK)
        *out = w;
    else
        nas_cache_drop(w);
    return st;
}

nas_status nas_cache_add(nas_cache_writer *w, const void *p, size_t bytes, nas_err *err) {
    nas_hasher_add(&w->hasher, p, bytes);
    w->head.bytes += bytes;
    return nas_file_add(w->file, p, bytes, err);
}

nas_status nas_cache_end(nas_cache_writer *w, nas_err *err) {
    w->head.payload = nas_hasher_end(&w->hasher);
    nas_status st = nas_file_overwrite(w->file, &w->head, sizeof w->head, err);
    if (st == NAS_OK) {
        st = nas_file_commit(w->file, err);
        w->file = NULL;
    }
    if (st == NAS_OK) {
        nas_cache_use *use = w->cache->use;
        if (use) use->put += (int64_t)(sizeof w->head + w->head.bytes);
        keep(w->cache, &w->key, w->at.path);
    }
    nas_cache_drop(w);
    return st;
}

void nas_cache_drop(nas_cache_writer *w) {
    if (!w) return;
    nas_file_drop(w->file);
    free(w);
}

nas_status nas_cache_put(const nas_cache *c, const nas_hash *key, const char *kind,
                         const nas_piece *pieces, int32_t n, nas_err *err) {
    nas_cache_writer *w;
    NAS_TRY(nas_cache_begin(c, key, kind, &w, err));
    for (int32_t i = 0; i < n; i++) {
        const nas_status st = nas_cache_add(w, pieces[i].p, pieces[i].bytes, err);
        if (st == NAS_OK) continue;
        nas_cache_drop(w);
        return st;
    }
    return nas_cache_end(w, err);
}

void nas_cache_remove(const nas_cache *c, const nas_hash *key) {
    place at;
    let_go(c, key);
    if (place_of(c, key, "", &at, NULL) == NAS_OK) (void)unlink(at.path);
}

void nas_cache_common(const nas_cache *c, bool over) {
    if (c->common) c->common(c->wait_ctx, over);
}

nas_status nas_cache_path(const nas_cache *c, const char *name, char out[PATH_MAX], nas_err *err) {
    const int n = snprintf(out, PATH_MAX, "%s/%s", c->dir, name);
    if (n >= 0 && n < PATH_MAX) return NAS_OK;
    return nas_fail(err, NAS_EINVAL, "the cache's path is too long: %s", c->dir);
}

nas_status nas_cache_wait_for(const nas_cache *c, const char *path, nas_lock *out, nas_err *err) {
    const double nap = 0.02;
    bool taken = false, stop = false, waited = false;
    if (!c->wait) return nas_lock_take(path, out, err);
    nas_status st = nas_lock_try(path, out, &taken, err);
    for (; st == NAS_OK && !taken && !stop; waited = true) {
        stop = c->wait(c->wait_ctx, false);
        nas_clock_sleep(nap);
        st = nas_lock_try(path, out, &taken, err);
    }
    if (waited) (void)c->wait(c->wait_ctx, true);
    return st == NAS_OK && !taken ? nas_fail(err, NAS_ESTOP, "stopped") : st;
}

nas_status nas_cache_lock(const nas_cache *c, const nas_hash *key, nas_lock *out, nas_err *err) {
    place at;
    NAS_TRY(place_of(c, key, ".lock", &at, err));
    nas_status st = NAS_ENOTFOUND;
    for (int i = 0; st == NAS_ENOTFOUND && i < FOLDER_TRIES; i++) {
        st = nas_dir_make_shared(at.dir, err);
        if (st == NAS_OK) st = nas_cache_wait_for(c, at.path, out, err);
    }
    return st;
}

nas_status nas_cache_try(const nas_cache *c, const nas_hash *key, nas_lock *out, bool *taken,
                         nas_err *err) {
    place at;
    *taken = false;
    NAS_TRY(place_of(c, key, ".lock", &at, err));
    nas_status st = NAS_ENOTFOUND;
    for (int i = 0; st == NAS_ENOTFOUND && i < FOLDER_TRIES; i++) {
        st = nas_dir_make_shared(at.dir, err);
        if (st == NAS_OK) st = nas_lock_try(at.path, out, taken, err);
    }
    return st;
}

bool nas_cache_is_claimed(const nas_cache *c, const nas_hash *key) {
    place at;
    return place_of(c, key, ".lock", &at, NULL) == NAS_OK && nas_lock_is_held(at.path);
}

void nas_cache_unlock(const nas_cache *c, const nas_hash *key, nas_lock *lock) {
    place at;
    if (place_of(c, key, ".lock", &at, NULL) == NAS_OK)
        nas_lock_remove(at.path, lock);
    else
        nas_lock_release(lock);
}
