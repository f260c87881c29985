/* tests/strike.c - a shared object for LD_PRELOAD: what happens to a worker that asks for a block
 * of memory from STRIKE_FROM to STRIKE_TO bytes. Environment: STRIKE        a number: it dies by
 * that signal; "memory": the block is refused STRIKE_TIMES  a file; a byte is taken from its end
 * each time, and without one nothing happens. Not set: it happens always A candidate is told from
 * others by the size of its net. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

void *__libc_calloc(size_t n, size_t size);

static size_t number(const char *name, size_t none) {
    const char *text = getenv(name);
    return text ? (size_t)strtoull(text, NULL, 10) : none;
}

static int has_times_left(void) {
    const char *path = getenv("STRIKE_TIMES");
    struct stat info;
    if (!path) return 1;
    return stat(path, &info) == 0 && info.st_size > 0 && truncate(path, info.st_size - 1) == 0;
}

void *calloc(size_t n, size_t size) {
    const char *what = getenv("STRIKE");
    const size_t bytes = n * size;
    if (what && bytes >= number("STRIKE_FROM", (size_t)-1) &&
        bytes < number("STRIKE_TO", (size_t)-1) && has_times_left()) {
        if (strcmp(what, "memory") == 0) {
            errno = ENOMEM;
            return NULL;
        }
        (void)signal(atoi(what), SIG_DFL);
        (void)raise(atoi(what));
    }
    return __libc_calloc(n, size);
}
