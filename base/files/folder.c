/* base/files/folder.c - folders that are written whole: where, beside what, and from begin to end.
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
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

const char *nas_folder_at(const nas_folder *f) {
    return f->at;
}

/* --- where */

/* Of a path that is not there yet: its folder is made. */
static nas_status find_new(nas_folder *f, nas_err *err) {
    char above[PATH_MAX];
    struct stat info;
    if (lstat(f->told, &info) == 0)
        return nas_fail(err, NAS_EIO, "%s is a link to what is not there", f->told);
    char *slash = strrchr(f->told, '/');
    const char *base = slash ? slash + 1 : f->told;
    snprintf(above, sizeof above, "%.*s", slash ? (int)(slash - f->told) : 0, f->told);
    if (!slash || slash == f->told) snprintf(above, sizeof above, slash ? "/" : ".");
    NAS_TRY(nas_dir_make(above, err));
    if (!realpath(above, f->parent)) return nas_fail_errno(err, "cannot find %s", above);
    return nas_folder_join(f->parent, base, f->real) ? NAS_OK : nas_folder_too_long(f, err);
}

static nas_status find(nas_folder *f, const char *path, nas_err *err) {
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/') n--;
    if (!n || n >= sizeof f->told)
        return nas_fail(err, NAS_EINVAL, "\"%.60s\" is no path of a folder", path);
    snprintf(f->told, sizeof f->told, "%.*s", (int)n, path);
    if (!realpath(f->told, f->real)) {
        if (errno == ENOENT) return find_new(f, err);
        return nas_fail_errno(err, "cannot find %s", f->told);
    }
    if (!nas_path_is_dir(f->real))
        return nas_fail(err, NAS_EIO, "%s is there and is not a folder", f->told);
    snprintf(f->parent, sizeof f->parent, "%s", f->real);
    char *slash = strrchr(f->parent, '/');
    slash[slash == f->parent] = '\0';
    return NAS_OK;
}

/* --- staging */

static bool make_beside(const char *folder, char at[PATH_MAX]) {
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz012345";
    unsigned char dice[6];
    char name[sizeof NAS_FOLDER_NEW + sizeof dice] = NAS_FOLDER_NEW;
    do {
        if (getrandom(dice, sizeof dice, 0) != (ssize_t)sizeof dice) return false;
        for (size_t i = 0; i < sizeof dice; i++)
            name[sizeof NAS_FOLDER_NEW - 1 + i] = letters[dice[i] % 32];
        if (!nas_folder_join(folder, name, at)) return false;
        if (mkdir(at, 0755) == 0) return true;
    } while (errno == EEXIST);
    return false;
}

/* A new folder that is locked; who sweeps may have been there first. */
static bool stage(nas_folder *f, const char *in) {
    while (make_beside(in, f->at)) {
        f->fd = open(f->at, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
        while (f->fd >= 0 && flock(f->fd, LOCK_EX) != 0 && errno == EINTR) {}
        if (f->fd >= 0 && nas_folder_is_at(f->fd, f->at)) return true;
        if (f->fd >= 0) close(f->fd);
        f->fd = -1;
        if (errno != ENOENT) break;
    }
    f->at[0] = '\0';
    return false;
}

/* --- from begin to end */

static nas_status begin(nas_folder *f, const char *path, nas_err *err) {
    NAS_TRY(find(f, path, err));
    nas_folder_sweep(f, f->parent);
    nas_folder_sweep(f, f->real);
    const int old = open(f->real, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (old < 0 && errno != ENOENT) return nas_fail_errno(err, "cannot open the folder %s", path);
    f->inside = old >= 0 && !nas_folder_can_exchange(f, old);
    if (old >= 0) close(old);
    const char *in = f->inside ? f->real : f->parent;
    return stage(f, in) ? NAS_OK : nas_fail_errno(err, "cannot make a folder in %s", in);
}

nas_status nas_folder_begin(const char *path, const char *const *ours, nas_folder **out,
                            nas_err *err) {
    nas_folder *f = *out = calloc(1, sizeof *f);
    if (!f) return nas_fail(err, NAS_ENOMEM, "out of memory");
    f->ours = ours;
    f->fd = -1;
    const nas_status st = begin(f, path, err);
    if (st == NAS_OK) return NAS_OK;
    nas_folder_drop(f);
    *out = NULL;
    return st;
}

nas_status nas_folder_put(nas_folder *f, const char *name, const void *p, size_t n, nas_err *err) {
    const int file = openat(f->fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    const char *at = p;
    bool fine = file >= 0;
    for (size_t done = 0; fine && done < n;) {
        const ssize_t put = write(file, at + done, n - done);
        fine = put >= 0 || errno == EINTR;
        done += put > 0 ? (size_t)put : 0;
    }
    const nas_status st = fine ? NAS_OK : nas_fail_errno(err, "cannot write %s/%s", f->told, name);
    if (fine) (void)fchmod(file, 0644);
    if (file >= 0) close(file);
    return st;
}

nas_status nas_folder_commit(nas_folder *f, nas_err *err) {
    const nas_status st = nas_folder_put_in_place(f, err);
    nas_folder_drop(f);
    return st;
}

static bool unlink_all(void *ctx, const char *name) {
    const nas_folder *f = ctx;
    (void)unlinkat(f->fd, name, 0);
    return true;
}

void nas_folder_drop(nas_folder *f) {
    if (!f) return;
    if (f->fd >= 0 && f->at[0]) {
        (void)nas_folder_each(f->fd, unlink_all, f);
        (void)rmdir(f->at);
    }
    if (f->fd >= 0) close(f->fd);
    for (int32_t i = 0; i < f->n_own; i++) free(f->own[i]);
    free(f);
}
