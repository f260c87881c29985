/* core/kernel/threads.c - a number for the whole process. */
#include "core/kernel/threads.h"

#include "base/cores.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>

static int fixed = 1;
static const _Atomic int *followed;

nas_status nas_threads_here(int *n, nas_err *err) {
    const char *text = getenv("OMP_NUM_THREADS");
    *n = nas_cores();
    if (!text || !*text) return NAS_OK;
    char *end;
    errno = 0;
    const long most = strtol(text, &end, 10);
    /* "4,2" says what nested regions may use, too. */
    if (end == text || (*end && *end != ',') || most < 1 || errno)
        return nas_fail(err, NAS_EINVAL,
                        "OMP_NUM_THREADS=%.100s: a whole number of threads, at least 1, is "
                        "expected; unset it to use all processors (%d)",
                        text, *n);
    if (most < *n) *n = (int)most;
    return NAS_OK;
}

void nas_threads_set(int n) {
    fixed = n < 1 ? 1 : n;
    followed = NULL;
}

void nas_threads_follow(const _Atomic int *n, int most) {
    nas_threads_set(most);
    followed = n;
}

int nas_threads(void) {
    const int n = followed ? atomic_load_explicit(followed, memory_order_relaxed) : fixed;
    return n < 1 ? 1 : n < fixed ? n : fixed;
}

int nas_threads_most(void) {
    return fixed;
}
