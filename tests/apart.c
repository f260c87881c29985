/* tests/apart.c - a shared object for LD_PRELOAD. CLOCK_BY: seconds that the date is ahead.
 * CLOCK_TIMES: how often faster than time the clock goes that never jumps.
 * NO_LOCKS: there are no locks of open file descriptions, as in file systems that keep none. */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

int clock_gettime(clockid_t id, struct timespec *t) {
    const int status = (int)syscall(SYS_clock_gettime, id, t);
    const char *by = getenv("CLOCK_BY"), *times = getenv("CLOCK_TIMES");
    if (status == 0 && id == CLOCK_REALTIME && by) t->tv_sec += atol(by);
    if (status == 0 && id == CLOCK_MONOTONIC && times) {
        const long long n = atol(times), ns = t->tv_sec * 1000000000LL + t->tv_nsec;
        t->tv_sec = (time_t)(ns / 1000 * n / 1000000);
        t->tv_nsec = (long)(ns / 1000 * n % 1000000 * 1000);
    }
    return status;
}

static int pass_on(const char *name, int fd, int command, void *arg) {
    int (*real)(int, int, ...) = (int (*)(int, int, ...))dlsym(RTLD_NEXT, name);
    if (getenv("NO_LOCKS") && (command == F_OFD_SETLK || command == F_OFD_GETLK)) {
        errno = EINVAL;
        return -1;
    }
    return real(fd, command, arg);
}

int fcntl(int fd, int command, ...) {
    va_list ap;
    va_start(ap, command);
    void *arg = va_arg(ap, void *);
    va_end(ap);
    return pass_on("fcntl", fd, command, arg);
}

int fcntl64(int fd, int command, ...) {
    va_list ap;
    va_start(ap, command);
    void *arg = va_arg(ap, void *);
    va_end(ap);
    return pass_on("fcntl64", fd, command, arg);
}
