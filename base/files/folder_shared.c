/* base/files/folder_shared.c - folders in a folder that several users share. */
#include "base/files/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static nas_status may_write(const char *path, nas_err *err) {
    if (faccessat(AT_FDCWD, path, W_OK | X_OK, AT_EACCESS) == 0) return NAS_OK;
    return nas_fail_errno(
        err,
        "cannot write in %s, which may be another user's (set --cache to a folder "
        "of your own; one that users share is made by chmod 1777, or by chgrp and "
        "chmod 2775, before anything is in it)",
        path);
}

/* Makes `path` in the folder that `above` tells of, with its group and mode. */
static nas_status make_like(const char *path, const struct stat *above, nas_err *err) {
    char *beside = NULL;
    if (asprintf(&beside, "%s.XXXXXX", path) < 0) return nas_fail(err, NAS_ENOMEM, "out of memory");
    nas_status st = NAS_OK;
    if (!mkdtemp(beside)) {
        st = nas_fail_errno(err, "cannot make the folder %s", path);
    } else {
        mode_t mode = above->st_mode & (S_IRWXU | S_IRWXG | S_IRWXO | S_ISGID);
        if (chown(beside, (uid_t)-1, above->st_gid) != 0) /* a group of ours may do what all may */
            mode = (mode & (S_IRWXU | S_IRWXO)) | (mode & S_IRWXO) << 3;
        const bool set = chmod(beside, mode) == 0;
        (void)set; /* where modes cannot be set, all folders have one */
        if (rename(beside, path) != 0) {
            const int error = errno; /* somebody else made it first? */
            (void)rmdir(beside);
            errno = error;
            if (!nas_path_is_dir(path)) st = nas_fail_errno(err, "cannot make the folder %s", path);
        }
    }
    free(beside);
    return st;
}

nas_status nas_dir_make_shared(const char *path, nas_err *err) {
    if (!*path) return nas_dir_make(path, err);
    if (nas_path_is_dir(path)) return may_write(path, err);
    const char *slash = strrchr(path, '/');
    char *in = slash && slash > path ? strndup(path, (size_t)(slash - path)) : strdup(".");
    if (!in) return nas_fail(err, NAS_ENOMEM, "out of memory");
    struct stat above;
    const bool shared =
        stat(in, &above) == 0 && S_ISDIR(above.st_mode) && above.st_mode & (S_IWGRP | S_IWOTH);
    nas_status st = nas_path_is_dir(in) ? may_write(in, err) : NAS_OK;
    if (st == NAS_OK) st = shared ? make_like(path, &above, err) : nas_dir_make(path, err);
    free(in);
    return st;
}
