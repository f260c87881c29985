/* base/files/folder_place.c - how a new folder comes to the place of the old one, and what of that
 * stays.
 */
#include "base/files/file.h"
#include "base/files/folder_int.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

/* --- whose */

static bool is_in(const char *name, const char *const *list) {
    for (; *list; list++)
        if (strcmp(name, *list) == 0) return true;
    return false;
}

static bool is_there(int fd, const char *name) {
    return faccessat(fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Does an entry of the old folder give way to the new one? */
static bool is_ours(const nas_folder *f, const char *name) {
    return is_in(name, (const char *const *)f->own) || (f->marked && is_in(name, f->ours));
}

static bool is_database(int fd, const char *name) {
    char head[16] = "";
    const int file = openat(fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    const bool yes = file >= 0 && read(file, head, sizeof head) == (ssize_t)sizeof head &&
                     memcmp(head, "SQLite format 3", sizeof head) == 0;
    if (file >= 0) close(file);
    return yes;
}

/* Can it have a second name for a moment? Not a folder, nor a database, whose file would then seem
 * to be two. */
static bool can_link(int fd, const char *name) {
    struct stat info;
    if (fstatat(fd, name, &info, AT_SYMLINK_NOFOLLOW) != 0) return false;
    return S_ISLNK(info.st_mode) || (S_ISREG(info.st_mode) && !is_database(fd, name));
}

typedef struct emptying {
    const nas_folder *f;
    int from, to; /* to: the folder in its place, -1: it never came to one */
} emptying;

/* What is not ours is never the last of its file that goes. */
static bool empty_entry(void *ctx, const char *name) {
    const emptying *e = ctx;
    struct stat here, there;
    if (fstatat(e->from, name, &here, AT_SYMLINK_NOFOLLOW) != 0) return true;
    const bool twin = e->to >= 0 && fstatat(e->to, name, &there, AT_SYMLINK_NOFOLLOW) == 0 &&
                      here.st_ino == there.st_ino;
    const bool left = e->to < 0 && (here.st_nlink > 1 || is_in(name, e->f->ours) ||
                                    strcmp(name, NAS_FOLDER_PLAN) == 0);
    if (twin || left || (e->to >= 0 && is_ours(e->f, name)))
        (void)unlinkat(e->from, name, 0);
    else if (e->to >= 0)
        (void)renameat2(e->from, name, e->to, name, RENAME_NOREPLACE);
    return true;
}

typedef struct sweeping {
    const nas_folder *f;
    const char *folder;
} sweeping;

/* One that nobody holds, whose writer was killed. */
static bool sweep_entry(void *ctx, const char *name) {
    const sweeping *s = ctx;
    char path[PATH_MAX];
    struct stat info;
    if (strncmp(name, NAS_FOLDER_NEW, sizeof NAS_FOLDER_NEW - 1) != 0 ||
        strlen(name) != sizeof NAS_FOLDER_NEW - 1 + 6 || !nas_folder_join(s->folder, name, path))
        return true;
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return true;
    if (fstat(fd, &info) == 0 && info.st_uid == geteuid() && flock(fd, LOCK_EX | LOCK_NB) == 0 &&
        nas_folder_is_at(fd, path)) {
        (void)nas_folder_each(fd, empty_entry, &(emptying){s->f, fd, -1});
        (void)rmdir(path);
    }
    close(fd);
    return true;
}

void nas_folder_sweep(const nas_folder *f, const char *folder) {
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return;
    (void)nas_folder_each(fd, sweep_entry, &(sweeping){f, folder});
    close(fd);
}

/* --- the old one */

static bool note_own(void *ctx, const char *name) {
    nas_folder *f = ctx;
    if (f->n_own == NAS_FOLDER_MOST || !(f->own[f->n_own] = strdup(name))) return false;
    const int file = openat(f->fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
    const bool synced = file >= 0 && fsync(file) == 0;
    if (file >= 0) close(file);
    f->n_own++;
    return synced;
}

typedef struct looking {
    const nas_folder *f;
    int old;
    char name[256]; /* of a folder under a name of ours */
} looking;

static bool look_entry(void *ctx, const char *name) {
    looking *l = ctx;
    struct stat info;
    if (!is_ours(l->f, name) || fstatat(l->old, name, &info, AT_SYMLINK_NOFOLLOW) != 0 ||
        !S_ISDIR(info.st_mode))
        return true;
    snprintf(l->name, sizeof l->name, "%s", name);
    return false;
}

static nas_status check_names(const nas_folder *f, int old, nas_err *err) {
    looking l = {.f = f, .old = old};
    if (nas_folder_each(old, look_entry, &l)) return NAS_OK;
    if (!l.name[0]) return nas_fail_errno(err, "cannot read the folder %s", f->told);
    return nas_fail(err, NAS_EIO,
                    "%s/%s is a folder, where a file is to be put: move it away, or name another "
                    "folder",
                    f->told, l.name);
}

/* Where nothing says that the old folder is one of ours, a file under a name of the new one's is
 * somebody's: it gets a second name, which stays. */
static nas_status keep_strangers(const nas_folder *f, int old, nas_err *err) {
    for (int32_t i = 0; i < f->n_own && !f->marked; i++) {
        char second[NAME_MAX + 2];
        snprintf(second, sizeof second, "%s~", f->own[i]);
        if (!is_there(old, f->own[i]) || linkat(old, f->own[i], old, second, 0) == 0) continue;
        return nas_fail_errno(err,
                              "%s/%s is no file of an export, as %s is not there, and cannot be "
                              "kept as %s: move it away, or name another folder",
                              f->told, f->own[i], f->ours[0], second);
    }
    return NAS_OK;
}

static bool link_entry(void *ctx, const char *name) {
    const looking *l = ctx;
    if (is_ours(l->f, name)) return true;
    return can_link(l->old, name) && linkat(l->old, name, l->f->fd, name, 0) == 0;
}

static bool is_linkable(void *ctx, const char *name) {
    const looking *l = ctx;
    return is_in(name, l->f->ours) || can_link(l->old, name) || !is_there(l->old, name);
}

/* Who stands in a folder would stand in one that is gone. */
static bool is_current(const char *real) {
    char now[PATH_MAX];
    const size_t n = strlen(real);
    return !getcwd(now, sizeof now) ||
           (strncmp(now, real, n) == 0 && (now[n] == '/' || !now[n] || n == 1));
}

static bool is_mount(int fd, const char *parent) {
    struct statx info;
    struct stat here, above;
    if (fstat(fd, &here) != 0 || stat(parent, &above) != 0 || here.st_dev != above.st_dev)
        return true;
    return statx(fd, "", AT_EMPTY_PATH, STATX_TYPE, &info) == 0 &&
           (info.stx_attributes & STATX_ATTR_MOUNT_ROOT);
}

/* May the old folder give its place to another one? */
bool nas_folder_can_exchange(const nas_folder *f, int old) {
    struct stat info;
    looking l = {.f = f, .old = old};
    return !is_current(f->real) && !is_mount(old, f->parent) && fstat(old, &info) == 0 &&
           (info.st_uid == geteuid() || geteuid() == 0) && access(f->parent, W_OK | X_OK) == 0 &&
           nas_folder_each(old, is_linkable, &l);
}

static bool seem_like(int new, int old) {
    struct stat info;
    return fstat(old, &info) == 0 && fchmod(new, info.st_mode & 07777) == 0 &&
           (geteuid() != 0 || fchown(new, info.st_uid, info.st_gid) == 0);
}

static bool is_synced(const char *folder) {
    const int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return errno == EACCES;
    const bool synced = fsync(fd) == 0 || errno == EINVAL;
    close(fd);
    return synced;
}

/* False: it cannot be, and nothing is changed. */
static bool exchange(nas_folder *f, int old) {
    looking l = {.f = f, .old = old};
    if (!seem_like(f->fd, old) || !nas_folder_each(old, link_entry, &l)) return false;
    if (fsync(f->fd) != 0) return false;
    if (renameat2(AT_FDCWD, f->at, AT_FDCWD, f->real, RENAME_EXCHANGE) != 0) return false;
    /* The old one goes once the new one is there for good; else the next writer removes it. */
    if (is_synced(f->parent)) {
        (void)nas_folder_each(old, empty_entry, &(emptying){f, old, f->fd});
        (void)rmdir(f->at);
    }
    f->at[0] = '\0';
    return true;
}

static bool drops(void *ctx, const char *name) {
    const nas_folder *f = ctx;
    return is_ours(f, name) && !is_in(name, (const char *const *)f->own);
}

/* Names that were linked in vain go again. */
static bool unlink_foreign(void *ctx, const char *name) {
    const nas_folder *f = ctx;
    if (!is_in(name, (const char *const *)f->own)) (void)unlinkat(f->fd, name, 0);
    return true;
}

static nas_status move_up(nas_folder *f, int old, nas_err *err) {
    char ready[PATH_MAX];
    if (!nas_folder_each(f->fd, unlink_foreign, f))
        return nas_fail_errno(err, "cannot read the folder %s", f->at);
    if (!nas_folder_join(f->real, NAS_FOLDER_READY, ready)) return nas_folder_too_long(f, err);
    NAS_TRY(nas_folder_plan(f->fd, old, f->ours[0], drops, f, err));
    if (fsync(f->fd) != 0) return nas_fail_errno(err, "cannot sync %s", f->at);
    if (rename(f->at, ready) != 0) return nas_fail_errno(err, "cannot rename to %s", ready);
    f->at[0] = '\0';
    (void)fsync(old);
    return nas_folder_finish(old, f->told, err);
}

static nas_status replace(nas_folder *f, int old, nas_err *err) {
    f->marked = is_there(old, f->ours[0]);
    NAS_TRY(nas_folder_finish(old, f->told, err));
    f->marked = f->marked || is_there(old, f->ours[0]);
    NAS_TRY(check_names(f, old, err));
    NAS_TRY(keep_strangers(f, old, err));
    if (!f->inside && exchange(f, old)) return NAS_OK;
    return move_up(f, old, err);
}

/* *done: it stands there now; else another came first. */
static nas_status put_first(nas_folder *f, bool *done, nas_err *err) {
    *done = rename(f->at, f->real) == 0; /* an empty one may have come, and goes */
    if (*done) {
        f->at[0] = '\0';
        nas_file_sync_folder_of(f->real);
        return NAS_OK;
    }
    if (errno == ENOTEMPTY || errno == EEXIST) return NAS_OK;
    return nas_fail_errno(err, "cannot rename to %s", f->told);
}

nas_status nas_folder_put_in_place(nas_folder *f, nas_err *err) {
    bool done = false;
    if (!nas_folder_each(f->fd, note_own, f)) return nas_fail_errno(err, "cannot write %s", f->at);
    if (fsync(f->fd) != 0) return nas_fail_errno(err, "cannot sync %s", f->at);
    while (!done) {
        int old = -1;
        if (!nas_path_exists(f->real)) {
            NAS_TRY(put_first(f, &done, err));
            if (done) return NAS_OK;
        }
        const nas_status found = nas_folder_lock(f->real, LOCK_EX, &old, err);
        if (found == NAS_ENOTFOUND && !f->inside) continue; /* it went again */
        NAS_TRY(found);
        const nas_status st = replace(f, old, err);
        close(old);
        return st;
    }
    return NAS_OK;
}
