/* base/files/life.h - who lives: a lock on one byte of a file that all sides have, which the kernel
 * drops when its process ends. It needs no process ids, no /proc and no clock, and holds across
 * containers.
 * Thread safety: no shared state; one thread at a time for each nas_life, whose lock is its own. */
#ifndef NAS_BASE_FILES_LIFE_H
#define NAS_BASE_FILES_LIFE_H

#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* 64 random bits of the kernel. Errors: NAS_EIO it gives none. */
NAS_NODISCARD nas_status nas_token_new(uint64_t *out, nas_err *err);

/* path: borrowed; a file that is there. The locked bytes lie far behind its end, and nothing is
 * written. Closing any descriptor of a file drops the POSIX locks that its process has on it: close
 * after all SQLite connections of this process to that file. */
typedef struct nas_life {
    const char *path;
    int fd; /* -1: not open yet */
} nas_life;
static inline nas_life nas_life_of(const char *path) {
    return (nas_life){.path = path, .fd = -1};
}
void nas_life_close(nas_life *l);

/* Shows from now on that the holder of the token lives, until l is closed or this process ends (a
 * child that it forks meanwhile holds on as well). Errors: it cannot be opened or locked. */
NAS_NODISCARD nas_status nas_life_show(nas_life *l, uint64_t token, nas_err *err);

/* NAS_LIFE_UNKNOWN: the file cannot be opened or asked, or it lies where another kernel may keep
 * the locks (a network file system). */
typedef enum nas_alive { NAS_LIFE_UNKNOWN, NAS_LIFE_ENDED, NAS_LIFE_THERE } nas_alive;
nas_alive nas_life_look(nas_life *l, uint64_t token);

#endif
