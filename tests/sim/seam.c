/* tests/sim/seam.c - in the processes of a run: what reads, writes, maps, locks, forks and tells.
 */
#include "tests/sim/seam.h"
#include "search/run/worker.h"
#include "tests/sim/plan.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static ssize_t put(int fd, const void *p, size_t n, off_t to) {
    return to < 0 ? syscall(SYS_write, fd, p, n) : syscall(SYS_pwrite64, fd, p, n, to);
}

/* A worker's word to its coordinator that a trial is complete: from here on it counts as told. */
static void note_told(const void *p, size_t n) {
    nas_event e;
    if (n != sizeof e) return;
    memcpy(&e, p, n);
    if (e.kind != NAS_EVENT_FINISHED || e.state != NAS_COMPLETE) return;
    (void)sim_ask(SIM_CALL_TELL);
    sim_begin_change();
    sim_log(SIM_LOG_TOLD, 0, e.number, NULL, NULL, NULL, 0);
    sim_end_change();
}

ssize_t sim_write(int fd, const void *p, size_t n, off_t to) {
    struct stat info;
    if (fstat(fd, &info) != 0) return put(fd, p, n, to);
    if (S_ISFIFO(info.st_mode)) note_told(p, n);
    if (fd == STDOUT_FILENO) (void)sim_ask(SIM_CALL_TELL);
    if (!S_ISREG(info.st_mode) || fd <= STDERR_FILENO) return put(fd, p, n, to);
    const int todo = sim_ask(SIM_CALL_WRITE);
    if (todo == SIM_FAIL) return -1;
    if (todo == SIM_SHORT || todo == SIM_TORN) n = n > 1 ? n / 2 : n;
    sim_begin_change();
    if (to < 0) { /* where it lands, for the log */
        const off_t at = fcntl(fd, F_GETFL) & O_APPEND ? info.st_size : lseek(fd, 0, SEEK_CUR);
        const ssize_t done = put(fd, p, n, -1);
        if (done > 0) sim_log(SIM_LOG_WRITE, info.st_ino, at, NULL, NULL, p, (size_t)done);
        sim_end_change();
        if (todo == SIM_TORN) sim_die();
        return done;
    }
    const ssize_t done = put(fd, p, n, to);
    if (done > 0) sim_log(SIM_LOG_WRITE, info.st_ino, to, NULL, NULL, p, (size_t)done);
    sim_end_change();
    if (todo == SIM_TORN) sim_die();
    return done;
}

int sim_sync(long number, int fd) {
    struct stat info;
    const int todo = sim_ask(SIM_CALL_SYNC);
    if (todo == SIM_FAIL || todo == SIM_LIE) return todo == SIM_FAIL ? -1 : 0;
    if (fstat(fd, &info) != 0) return -1;
    sim_begin_change();
    const int st = (int)syscall(number, fd);
    if (st == 0) sim_log(SIM_LOG_SYNC, info.st_ino, 0, NULL, NULL, NULL, 0);
    sim_end_change();
    return st;
}

int sim_allocation(void) {
    return sim_ask(SIM_CALL_ALLOC) == SIM_FAIL;
}

long sim_clock(void) {
    (void)sim_ask(SIM_CALL_CLOCK);
    return sim_skew();
}

/* What is left to do of a read: SIM_FAIL, SIM_SHORT or nothing. */
static int ask_read(int fd) {
    struct stat info;
    if (fstat(fd, &info) != 0 || !S_ISREG(info.st_mode)) return SIM_NONE;
    return sim_ask(SIM_CALL_READ);
}

static ssize_t get(int fd, void *p, size_t n, off_t from) {
    const int todo = ask_read(fd);
    if (todo == SIM_FAIL) return -1;
    if (todo == SIM_SHORT && n > 1) n /= 2;
    return from < 0 ? syscall(SYS_read, fd, p, n) : syscall(SYS_pread64, fd, p, n, from);
}

ssize_t read(int fd, void *p, size_t n) {
    return get(fd, p, n, -1);
}

ssize_t pread(int fd, void *p, size_t n, off_t from) {
    return get(fd, p, n, from);
}

ssize_t pread64(int fd, void *p, size_t n, off64_t from) {
    return get(fd, p, n, from);
}

static void *map(void *p, size_t n, int protection, int flags, int fd, off_t from) {
    if (fd >= 0 && sim_ask(SIM_CALL_MAP) == SIM_FAIL) return MAP_FAILED;
    return (void *)syscall(SYS_mmap, p, n, protection, flags, fd, from);
}

void *mmap(void *p, size_t n, int protection, int flags, int fd, off_t from) {
    return map(p, n, protection, flags, fd, from);
}

void *mmap64(void *p, size_t n, int protection, int flags, int fd, off64_t from) {
    return map(p, n, protection, flags, fd, from);
}

pid_t fork(void) {
    pid_t (*real)(void);
    *(void **)&real = dlsym(RTLD_NEXT, "fork");
    if (sim_ask(SIM_CALL_FORK) == SIM_FAIL) return -1;
    const int32_t n = sim_next_child();
    const pid_t pid = real();
    if (pid == 0) sim_be_child(n);
    return pid;
}

int flock(int fd, int what) {
    return sim_ask(SIM_CALL_LOCK) == SIM_FAIL ? -1 : (int)syscall(SYS_flock, fd, what);
}

#define FCNTL(name)                                                                      \
    int name(int fd, int what, ...) {                                                    \
        va_list ap;                                                                      \
        va_start(ap, what);                                                              \
        const long value = va_arg(ap, long);                                             \
        va_end(ap);                                                                      \
        if ((what == F_SETLK || what == F_SETLKW) && sim_ask(SIM_CALL_LOCK) == SIM_FAIL) \
            return -1;                                                                   \
        return (int)syscall(SYS_fcntl, fd, what, value);                                 \
    }
FCNTL(fcntl)
#undef fcntl64
FCNTL(fcntl64)
