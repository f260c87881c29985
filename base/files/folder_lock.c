/* base/files/folder_lock.c - locks of folders, which those who write and read them whole hold. */
#include "base/clock.h"
#include "base/files/file.h"
#include "base/files/folder_int.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

/* True: it is ours, or there are no locks of folders here. */
static bool wait_lock(int fd, int how) {
    enum { SECONDS = 60 };
    const double since = nas_clock_wall();
    while (flock(fd, how | LOCK_NB) != 0) {
        if (errno == EINTR) continue;
        if (errno != EWOULDBLOCK) return true;
        if (nas_clock_wall() - since > SECONDS) return false;
        (void)nanosleep(&(struct timespec){.tv_nsec = 5000000}, NULL);
    }
    return true;
}

nas_status nas_folder_lock(const char *path, int how, int *fd, nas_err *err) {
    for (;;) {
        *fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (*fd < 0) return nas_fail_errno(err, "cannot open the folder %s", path);
        const bool locked = wait_lock(*fd, how);
        if (locked && nas_folder_is_at(*fd, path)) return NAS_OK;
        close(*fd);
        *fd = -1;
        if (!locked)
            return nas_fail(err, NAS_EBUSY,
                            "%s is being %s by another nas for more than a minute: when that has "
                            "ended (or `fuser %s` has shown what was stopped), do this again",
                            path, how == LOCK_SH ? "written" : "read or written", path);
    }
}

nas_status nas_folder_hold(const char *path, nas_folder_held *out, nas_err *err) {
    out->fd = -1;
    if (nas_path_is_dir(path) && access(path, R_OK) != 0) return NAS_OK; /* only its files may be */
    for (;;) {
        NAS_TRY(nas_folder_lock(path, LOCK_SH, &out->fd, err));
        if (!nas_folder_is_half(out->fd)) return NAS_OK;
        nas_folder_let(out);
        NAS_TRY(nas_folder_lock(path, LOCK_EX, &out->fd, err));
        const nas_status st = nas_folder_finish(out->fd, path, err);
        nas_folder_let(out);
        NAS_TRY(st);
    }
}

nas_status nas_folder_hold_of(const char *file, nas_folder_held *out, nas_err *err) {
    char folder[PATH_MAX];
    const char *slash = strrchr(file, '/');
    const int n = slash ? (int)(slash - file) : 0;
    out->fd = -1;
    const int len = snprintf(folder, sizeof folder, "%.*s%s", n, file, !slash ? "." : n ? "" : "/");
    if (len < 0 || (size_t)len >= sizeof folder)
        return nas_fail(err, NAS_EINVAL, "the path of %s is too long", file);
    return nas_folder_hold(folder, out, err);
}

void nas_folder_let(nas_folder_held *h) {
    if (h->fd >= 0) close(h->fd);
    h->fd = -1;
}
