/* search/cache/cache_bound.c - listing a cache and keeping it within a bound. */
#include "search/cache/cache_bound.h"

#include "base/clock.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const double part_seconds = 3600; /* a file is not longer in the writing */

typedef struct list {
    nas_arena *a;
    nas_cache_entry *v;
    size_t n, room;
} list;

static nas_status add(list *l, const nas_cache_entry *e, nas_err *err) {
    if (l->n == l->room) {
        l->room = l->room ? 2 * l->room : 256;
        nas_cache_entry *more = nas_arena_array(l->a, l->room, sizeof *more, err);
        if (!more) return NAS_ENOMEM;
        if (l->n) memcpy(more, l->v, l->n * sizeof *more);
        l->v = more;
    }
    l->v[l->n++] = *e;
    return NAS_OK;
}

/* "ab/ab12..." with 64 digits, and perhaps the ending of one that is being written. */
static bool is_ours(const char *folder, const char *name, bool *is_part) {
    static const char digits[] = "0123456789abcdef";
    const size_t n = strspn(name, digits);
    if (strlen(folder) != 2 || strncmp(name, folder, 2) != 0 || n != 64) return false;
    *is_part = name[64] == '.';
    return !name[64] || (*is_part && strlen(name) == 71);
}

static nas_status add_folder(list *l, const char *dir, const char *folder, nas_err *err) {
    const char *path = nas_arena_format(l->a, err, "%s/%s", dir, folder);
    char **names;
    size_t n;
    if (!path) return NAS_ENOMEM;
    if (strlen(folder) != 2 || !nas_path_is_dir(path)) return NAS_OK;
    NAS_TRY(nas_dir_list(l->a, path, &names, &n, err));
    for (size_t i = 0; i < n; i++) {
        struct stat info;
        nas_cache_entry e = {.is_part = false};
        if (!is_ours(folder, names[i], &e.is_part)) continue;
        e.path = nas_arena_format(l->a, err, "%s/%s", path, names[i]);
        if (!e.path) return NAS_ENOMEM;
        if (lstat(e.path, &info) != 0 || !S_ISREG(info.st_mode)) continue;
        e.bytes = (int64_t)info.st_size;
        e.used = (double)info.st_mtim.tv_sec + (double)info.st_mtim.tv_nsec * 1e-9;
        NAS_TRY(add(l, &e, err));
    }
    return NAS_OK;
}

static int by_use(const void *a, const void *b) {
    const nas_cache_entry *x = a, *y = b;
    if (x->used != y->used) return x->used < y->used ? -1 : 1;
    return strcmp(x->path, y->path);
}

nas_status nas_cache_list(const char *dir, nas_arena *a, nas_cache_entry **out, size_t *n,
                          nas_err *err) {
    list l = {.a = a};
    char **folders;
    size_t count = 0;
    *out = NULL;
    *n = 0;
    if (!nas_path_exists(dir)) return NAS_OK;
    NAS_TRY(nas_dir_list(a, dir, &folders, &count, err));
    for (size_t i = 0; i < count; i++) NAS_TRY(add_folder(&l, dir, folders[i], err));
    if (l.n) qsort(l.v, l.n, sizeof *l.v, by_use);
    *out = l.v;
    *n = l.n;
    return NAS_OK;
}

static size_t letters(const char *s, size_t most) {
    size_t n = 0;
    while (n < most && s[n] >= 'a' && s[n] <= 'z') n++;
    return n;
}

void nas_cache_kind(const nas_cache_entry *e, char kind[NAS_CACHE_KIND]) {
    nas_cache_head h;
    snprintf(kind, NAS_CACHE_KIND, "%s", e->is_part ? "unfinished" : "clips");
    const int fd = open(e->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0 || e->is_part) {
        if (fd >= 0) close(fd);
        return;
    }
    const bool whole = read(fd, &h, sizeof h) == (ssize_t)sizeof h;
    close(fd);
    if (!whole || memcmp(h.magic, nas_cache_magic, sizeof h.magic) != 0) return;
    /* Whoever wrote the file may have written anything there. */
    const size_t n = letters(h.kind, sizeof h.kind - 1);
    snprintf(kind, NAS_CACHE_KIND, "%.*s", n ? (int)n : 5, n ? h.kind : "other");
}

static void evict_oldest(const nas_cache_entry *v, size_t n, int64_t most) {
    char kind[NAS_CACHE_KIND];
    int64_t total = 0;
    const double now = nas_clock_date();
    for (size_t i = 0; i < n; i++) total += v[i].bytes;
    for (size_t i = 0; i < n && total > most; i++) {
        nas_cache_kind(&v[i], kind);
        if (v[i].is_part ? now - v[i].used < part_seconds : strcmp(kind, "clips") == 0) continue;
        if (nas_file_remove_unused(v[i].path)) total -= v[i].bytes;
    }
}

nas_status nas_cache_trim(const nas_cache *c, nas_err *err) {
    char path[PATH_MAX];
    nas_lock lock;
    bool taken;
    if (c->most <= 0 || !nas_path_exists(c->dir)) return NAS_OK;
    NAS_TRY(nas_cache_path(c, "trimming.lock", path, err));
    NAS_TRY(nas_lock_try(path, &lock, &taken, err));
    if (!taken) return NAS_OK;
    nas_arena *a = NULL;
    nas_cache_entry *v;
    size_t n;
    nas_status st = nas_arena_open(&a, err);
    if (st == NAS_OK) st = nas_cache_list(c->dir, a, &v, &n, err);
    if (st == NAS_OK) evict_oldest(v, n, c->most);
    nas_arena_close(a);
    nas_lock_remove(path, &lock);
    return st;
}
