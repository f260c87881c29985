/* base/files/file.c - checked file I/O. */
#include "base/files/file.h"

#include "base/clock.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static nas_status read_all(int fd, const char *path, uint8_t *p, size_t n, nas_err *err) {
    size_t done = 0;
    while (done < n) {
        const ssize_t got = read(fd, p + done, n - done);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return nas_fail_errno(err, "cannot read %s", path);
        if (got == 0) return nas_fail(err, NAS_EIO, "%s became shorter while it was read", path);
        done += (size_t)got;
    }
    return NAS_OK;
}

static int open_again(const char *path, int flags, mode_t mode) {
    for (;;) {
        const int fd = open(path, flags | O_CLOEXEC, mode);
        if (fd >= 0 || errno != EINTR) return fd;
    }
}

int nas_file_open(const char *path) {
    return open_again(path, O_RDONLY | O_NONBLOCK, 0);
}

nas_status nas_file_read(nas_arena *a, const char *path, size_t most, uint8_t **out, size_t *bytes,
                         nas_err *err) {
    *out = NULL;
    *bytes = 0;
    const int fd = nas_file_open(path);
    if (fd < 0) return nas_fail_errno(err, "cannot open %s", path);
    nas_status st = NAS_OK;
    struct stat info;
    uint8_t *p = NULL;
    if (fstat(fd, &info) != 0) {
        st = nas_fail_errno(err, "cannot examine %s", path);
    } else if (!S_ISREG(info.st_mode)) {
        st = nas_fail(err, NAS_EFORMAT, "%s is not a regular file", path);
    } else if ((uint64_t)info.st_size > most) {
        st = nas_fail(err, NAS_EFORMAT, "%s is too large: %lld bytes, at most %zu are read", path,
                      (long long)info.st_size, most);
    } else if (!(p = nas_arena_alloc(a, (size_t)info.st_size + 1, err))) {
        st = NAS_ENOMEM;
    } else {
        st = read_all(fd, path, p, (size_t)info.st_size, err);
    }
    close(fd);
    if (st != NAS_OK) return st;
    *out = p;
    *bytes = (size_t)info.st_size;
    return NAS_OK;
}

struct nas_file {
    int fd;
    char *path, *beside;
};

/* Who removes what a dead writer left looks for a lock. False when that was done between the making
 * of this file and its lock. */
static bool keep_beside(int fd) {
    struct stat info;
    while (flock(fd, LOCK_SH) != 0 && errno == EINTR) {}
    return fstat(fd, &info) != 0 || info.st_nlink > 0;
}

nas_status nas_file_begin(const char *path, nas_file **out, nas_err *err) {
    *out = NULL;
    nas_file *f = calloc(1, sizeof *f);
    const size_t n = strlen(path);
    if (f) {
        f->fd = -1;
        f->path = strdup(path);
        f->beside = malloc(n + 16);
    }
    if (!f || !f->path || !f->beside) {
        if (f) nas_file_drop(f);
        return nas_fail(err, NAS_ENOMEM, "out of memory");
    }
    do {
        if (f->fd >= 0) close(f->fd);
        snprintf(f->beside, n + 16, "%s.XXXXXX", path);
        f->fd = mkostemp(f->beside, O_CLOEXEC);
    } while (f->fd >= 0 && !keep_beside(f->fd));
    if (f->fd < 0) {
        const nas_status st = nas_fail_errno(err, "cannot write %s", path);
        f->beside[0] = '\0';
        nas_file_drop(f);
        return st;
    }
    (void)fchmod(f->fd, 0644);
    *out = f;
    return NAS_OK;
}

bool nas_file_remove_unused(const char *path) {
    int fd = open_again(path, O_RDWR | O_NOFOLLOW, 0); /* as open_lock */
    if (fd < 0 && errno != ENOENT) fd = open_again(path, O_RDONLY | O_NOFOLLOW, 0);
    if (fd < 0) return errno == ENOENT;
    struct stat locked, there; /* the path may hold another file by now, which is in use */
    const bool same = flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &locked) == 0 &&
                      lstat(path, &there) == 0 && locked.st_ino == there.st_ino &&
                      locked.st_dev == there.st_dev;
    const bool gone = same && unlink(path) == 0;
    close(fd);
    return gone;
}

/* Is name what nas_file_begin calls an unfinished `file`? */
static bool is_beside(const char *name, const char *file, size_t n) {
    return strncmp(name, file, n) == 0 && name[n] == '.' && strlen(name + n) == 7;
}

void nas_file_sweep(const char *path) {
    char folder[4096], left[4096];
    const char *slash = strrchr(path, '/'), *file = slash ? slash + 1 : path;
    const int n = snprintf(folder, sizeof folder, "%.*s", (int)(file - path), path);
    if (n < 0 || (size_t)n >= sizeof folder) return;
    DIR *d = opendir(n ? folder : ".");
    if (!d) return;
    for (const struct dirent *e = readdir(d); e; e = readdir(d)) {
        if (!is_beside(e->d_name, file, strlen(file))) continue;
        const int len = snprintf(left, sizeof left, "%s%s", folder, e->d_name);
        if (len > 0 && (size_t)len < sizeof left) (void)nas_file_remove_unused(left);
    }
    closedir(d);
}

nas_status nas_file_add(nas_file *f, const void *p, size_t bytes, nas_err *err) {
    const uint8_t *at = p;
    while (bytes) {
        const ssize_t put = write(f->fd, at, bytes);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return nas_fail_errno(err, "cannot write %s", f->path);
        at += put;
        bytes -= (size_t)put;
    }
    return NAS_OK;
}

nas_status nas_file_overwrite(nas_file *f, const void *p, size_t bytes, nas_err *err) {
    const uint8_t *at = p;
    for (size_t done = 0; done < bytes;) {
        const ssize_t put = pwrite(f->fd, at + done, bytes - done, (off_t)done);
        if (put < 0 && errno == EINTR) continue;
        if (put < 0) return nas_fail_errno(err, "cannot write %s", f->path);
        done += (size_t)put;
    }
    return NAS_OK;
}

void nas_file_sync_folder_of(const char *path) {
    char *copy = strdup(path);
    if (!copy) return;
    char *slash = strrchr(copy, '/');
    if (slash) *(slash == copy ? slash + 1 : slash) = '\0';
    const int fd = open(slash ? copy : ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd >= 0) {
        (void)fsync(fd);
        close(fd);
    }
    free(copy);
}

nas_status nas_file_commit(nas_file *f, nas_err *err) {
    nas_status st = NAS_OK;
    if (fsync(f->fd) != 0) st = nas_fail_errno(err, "cannot sync %s", f->path);
    if (st == NAS_OK && rename(f->beside, f->path) != 0)
        st = nas_fail_errno(err, "cannot rename to %s", f->path);
    if (st == NAS_OK) {
        nas_file_sync_folder_of(f->path);
        f->beside[0] = '\0';
    }
    nas_file_drop(f);
    return st;
}

void nas_file_drop(nas_file *f) {
    if (!f) return;
    if (f->fd >= 0) close(f->fd);
    if (f->beside && f->beside[0]) (void)unlink(f->beside);
    free(f->path);
    free(f->beside);
    free(f);
}

nas_status nas_file_write(const char *path, const void *p, size_t bytes, nas_err *err) {
    nas_file *f = NULL;
    NAS_TRY(nas_file_begin(path, &f, err));
    const nas_status st = nas_file_add(f, p, bytes, err);
    if (st == NAS_OK) return nas_file_commit(f, err);
    nas_file_drop(f);
    return st;
}

nas_status nas_file_map(const char *path, nas_mapped *out, nas_err *err) {
    *out = (nas_mapped){0};
    const int fd = nas_file_open(path);
    if (fd < 0) return nas_fail_errno(err, "cannot open %s", path);
    struct stat info;
    nas_status st = NAS_OK;
    void *p = MAP_FAILED;
    if (fstat(fd, &info) != 0)
        st = nas_fail_errno(err, "cannot examine %s", path);
    else if (!S_ISREG(info.st_mode) || info.st_size == 0)
        st = nas_fail(err, NAS_EFORMAT, "%s is not a regular file with contents", path);
    else if ((p = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_SHARED, fd, 0)) == MAP_FAILED)
        st = nas_fail_errno(err, "cannot map %s", path);
    close(fd);
    if (st == NAS_OK) *out = (nas_mapped){.p = p, .bytes = (size_t)info.st_size};
    return st;
}

void nas_file_unmap(nas_mapped *m) {
    if (!m->p) return;
    union { /* munmap takes what mmap gave, which is not const */
        const uint8_t *c;
        void *v;
    } u = {.c = m->p};
    (void)munmap(u.v, m->bytes);
    *m = (nas_mapped){0};
}

nas_status nas_dir_make(const char *path, nas_err *err) {
    if (!*path) return nas_fail(err, NAS_EINVAL, "an empty path is no folder: name one");
    char *copy = strdup(path);
    if (!copy) return nas_fail(err, NAS_ENOMEM, "out of memory");
    nas_status st = NAS_OK;
    for (char *p = copy + 1; st == NAS_OK && *p; p++) {
        if (*p != '/') continue;
        *p = '\0';
        if (mkdir(copy, 0755) != 0 && errno != EEXIST)
            st = nas_fail_errno(err, "cannot make the folder %s", copy);
        *p = '/';
    }
    if (st == NAS_OK && mkdir(copy, 0755) != 0 && errno != EEXIST)
        st = nas_fail_errno(err, "cannot make the folder %s", copy);
    if (st == NAS_OK && !nas_path_is_dir(copy))
        st = nas_fail(err, NAS_EIO, "%s is there and is not a folder", copy);
    free(copy);
    return st;
}

static int remove_entry(const char *path, const struct stat *info, int kind, struct FTW *where) {
    (void)info;
    (void)kind;
    (void)where;
    return remove(path);
}

nas_status nas_dir_remove(const char *path, nas_err *err) {
    if (nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0 && errno != ENOENT)
        return nas_fail_errno(err, "cannot remove %s", path);
    return NAS_OK;
}

bool nas_path_exists(const char *path) {
    struct stat info;
    return stat(path, &info) == 0;
}

bool nas_path_is_dir(const char *path) {
    struct stat info;
    return stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

static int by_name(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

nas_status nas_dir_list(nas_arena *a, const char *path, char ***names, size_t *n, nas_err *err) {
    *names = NULL;
    *n = 0;
    DIR *d = opendir(path);
    if (!d) return nas_fail_errno(err, "cannot open the folder %s", path);
    nas_status st = NAS_OK;
    char **list = NULL;
    size_t used = 0, room = 0;
    while (st == NAS_OK) {
        errno = 0;
        const struct dirent *e = readdir(d);
        if (!e && errno) st = nas_fail_errno(err, "cannot list the folder %s", path);
        if (!e) break;
        if (e->d_name[0] == '.') continue;
        if (used == room) {
            room = room ? room * 2 : 64;
            char **more = nas_arena_array(a, room, sizeof *more, err);
            if (more && used) memcpy(more, list, used * sizeof *more);
            list = more;
        }
        if (!list || !(list[used] = nas_arena_text(a, e->d_name, err))) st = NAS_ENOMEM;
        used++;
    }
    closedir(d);
    if (st != NAS_OK) return st;
    if (used) qsort(list, used, sizeof *list, by_name);
    *names = list;
    *n = used;
    return NAS_OK;
}

/* Who removes a lock file holds its lock: one that is locked but no longer at its path is nobody's.
 */
static bool is_at(int fd, const char *path) {
    struct stat here, there;
    return fstat(fd, &here) == 0 && stat(path, &there) == 0 && here.st_ino == there.st_ino &&
           here.st_dev == there.st_dev;
}

/* flock() takes a file that is open for reading, but NFS does not; so one that another user made is
 * opened for reading only where it must be. */
static int open_lock(const char *path) {
    const int fd = open_again(path, O_RDWR, 0);
    return fd < 0 && errno == EACCES ? open_again(path, O_RDONLY, 0) : fd;
}

/* Whoever may write in the folder may lock, whatever the maker's umask. What is there is opened
 * without O_CREAT, which systems refuse for another's file in a folder as /tmp
 * (fs.protected_regular). A link that leads nowhere is there and is not. */
static int open_or_make_lock(const char *path) {
    enum { TRIES = 100 };
    for (int i = 1;; i++) {
        int fd = open_lock(path);
        if (fd >= 0 || errno != ENOENT) return fd;
        fd = open_again(path, O_RDWR | O_CREAT | O_EXCL, 0666);
        if (fd >= 0) (void)fchmod(fd, 0666);
        if (fd >= 0 || errno != EEXIST || i == TRIES) return fd;
    }
}

static nas_status lock(const char *path, int how, nas_lock *out, nas_err *err) {
    for (;;) {
        int left = 5; /* whoever made it just now lets others in next */
        while ((out->fd = open_or_make_lock(path)) < 0 && errno == EACCES && left-- > 0)
            nas_clock_sleep(0.002);
        if (out->fd < 0) return nas_fail_errno(err, "cannot open the lock %s", path);
        while (flock(out->fd, how) != 0) {
            if (errno == EINTR) continue;
            const bool held = errno == EWOULDBLOCK;
            const nas_status st = held ? NAS_EBUSY : nas_fail_errno(err, "cannot lock %s", path);
            nas_lock_release(out);
            return st;
        }
        if (is_at(out->fd, path)) return NAS_OK;
        nas_lock_release(out);
    }
}

nas_status nas_lock_take(const char *path, nas_lock *out, nas_err *err) {
    return lock(path, LOCK_EX, out, err);
}

nas_status nas_lock_try(const char *path, nas_lock *out, bool *taken, nas_err *err) {
    nas_status st = NAS_EBUSY;
    for (int left = 4;
         st == NAS_EBUSY && left-- > 0;) { /* nas_lock_is_held holds it for a moment */
        st = lock(path, LOCK_EX | LOCK_NB, out, err);
        if (st == NAS_EBUSY && left) nas_clock_sleep(0.001);
    }
    *taken = st == NAS_OK;
    return st == NAS_EBUSY ? NAS_OK : st;
}

bool nas_lock_is_held(const char *path) {
    const int fd = open_lock(path);
    if (fd < 0) return false;
    /* Shared: two that ask do not take each other for a holder, and NFS lets a reader ask. */
    const bool held = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    close(fd);
    return held;
}

void nas_lock_remove(const char *path, nas_lock *l) {
    if (l->fd >= 0) (void)unlink(path);
    nas_lock_release(l);
}

void nas_lock_release(nas_lock *l) {
    if (l->fd >= 0) close(l->fd);
    l->fd = -1;
}
