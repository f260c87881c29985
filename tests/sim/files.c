/* tests/sim/files.c - in the processes of a run: the calls that make, rename and remove files and
 * folders. The C library's own (mkostemp) are called by their names, since their open() is not
 * seen. */
#include "tests/sim/plan.h"
#include "tests/sim/seam.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static uint64_t file_of(int fd) {
    struct stat info;
    return fstat(fd, &info) == 0 ? info.st_ino : 0;
}

static uint64_t file_at(const char *path) {
    struct stat info;
    return lstat(path, &info) == 0 ? info.st_ino : 0;
}

static int make_by(const char *path, int flags, mode_t mode) {
    struct stat info;
    const bool there = lstat(path, &info) == 0;
    if (!there && sim_ask(SIM_CALL_CREATE) == SIM_FAIL) return -1;
    sim_begin_change();
    const bool new = lstat(path, &info) != 0;
    const int fd = (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
    if (fd >= 0 && new) sim_log(SIM_LOG_CREATE, file_of(fd), 0, path, NULL, NULL, 0);
    if (fd >= 0 && !new && (flags & O_TRUNC))
        sim_log(SIM_LOG_TRUNCATE, file_of(fd), 0, NULL, NULL, NULL, 0);
    sim_end_change();
    return fd;
}

static int open_by(const char *path, int flags, mode_t mode) {
    if (sim_ask(SIM_CALL_OPEN) == SIM_FAIL) return -1;
    if (flags & (O_CREAT | O_TRUNC)) return make_by(path, flags, mode);
    return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
}

#define OPEN(name)                                                    \
    int name(const char *path, int flags, ...) {                      \
        va_list ap;                                                   \
        va_start(ap, flags);                                          \
        const mode_t mode = flags & O_CREAT ? va_arg(ap, mode_t) : 0; \
        va_end(ap);                                                   \
        return open_by(path, flags, mode);                            \
    }
OPEN(open)
OPEN(open64)

/* NAME of the C library, which makes a file of a name that it fills in. */
static int make_named(const char *name, char *path, int flags) {
    int (*real)(char *, int);
    *(void **)&real = dlsym(RTLD_NEXT, name);
    if (sim_ask(SIM_CALL_OPEN) == SIM_FAIL || sim_ask(SIM_CALL_CREATE) == SIM_FAIL) return -1;
    sim_begin_change();
    const int fd = real(path, flags);
    if (fd >= 0) sim_log(SIM_LOG_CREATE, file_of(fd), 0, path, NULL, NULL, 0);
    sim_end_change();
    return fd;
}

int mkostemp(char *path, int flags) {
    return make_named("mkostemp", path, flags);
}

int mkstemp(char *path) {
    return make_named("mkostemp", path, 0);
}

FILE *fopen(const char *path, const char *mode) {
    FILE *(*real)(const char *, const char *);
    *(void **)&real = dlsym(RTLD_NEXT, "fopen");
    return sim_ask(SIM_CALL_FOPEN) == SIM_FAIL ? NULL : real(path, mode);
}

int mkdir(const char *path, mode_t mode) {
    if (sim_ask(SIM_CALL_MKDIR) == SIM_FAIL) return -1;
    sim_begin_change();
    const int st = (int)syscall(SYS_mkdirat, AT_FDCWD, path, mode);
    if (st == 0) sim_log(SIM_LOG_MKDIR, file_at(path), 0, path, NULL, NULL, 0);
    sim_end_change();
    return st;
}

char *mkdtemp(char *path) {
    char *(*real)(char *);
    *(void **)&real = dlsym(RTLD_NEXT, "mkdtemp");
    if (sim_ask(SIM_CALL_MKDIR) == SIM_FAIL) return NULL;
    sim_begin_change();
    char *made = real(path);
    if (made) sim_log(SIM_LOG_MKDIR, file_at(path), 0, path, NULL, NULL, 0);
    sim_end_change();
    return made;
}

static int remove_by(const char *path, int flags) {
    if (sim_ask(SIM_CALL_UNLINK) == SIM_FAIL) return -1;
    sim_begin_change();
    const int st = (int)syscall(SYS_unlinkat, AT_FDCWD, path, flags);
    if (st == 0) sim_log(SIM_LOG_UNLINK, 0, 0, path, NULL, NULL, 0);
    sim_end_change();
    return st;
}

int unlink(const char *path) {
    return remove_by(path, 0);
}

int rmdir(const char *path) {
    return remove_by(path, AT_REMOVEDIR);
}

int remove(const char *path) {
    const int st = remove_by(path, 0);
    return st != 0 && errno == EISDIR ? remove_by(path, AT_REMOVEDIR) : st;
}

/* "." + fd of a folder + name: only absolute names and those from here are logged. */
int renameat2(int a, const char *from, int b, const char *to, unsigned flags) {
    if (sim_ask(SIM_CALL_RENAME) == SIM_FAIL) return -1;
    sim_begin_change();
    const int st = (int)syscall(SYS_renameat2, a, from, b, to, flags);
    if (st == 0) sim_log(SIM_LOG_RENAME, 0, flags, from, to, NULL, 0);
    sim_end_change();
    return st;
}

int rename(const char *from, const char *to) {
    return renameat2(AT_FDCWD, from, AT_FDCWD, to, 0);
}

static int cut_by(int fd, off_t length) {
    if (sim_ask(SIM_CALL_TRUNCATE) == SIM_FAIL) return -1;
    sim_begin_change();
    const int st = (int)syscall(SYS_ftruncate, fd, length);
    if (st == 0) sim_log(SIM_LOG_TRUNCATE, file_of(fd), length, NULL, NULL, NULL, 0);
    sim_end_change();
    return st;
}

int ftruncate(int fd, off_t length) {
    return cut_by(fd, length);
}

int ftruncate64(int fd, off64_t length) {
    return cut_by(fd, length);
}
