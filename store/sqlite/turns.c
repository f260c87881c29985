/* store/sqlite/turns.c - a lock in memory that processes share, by which writers of one run wait
 * for each other. Asking SQLite again and again either comes late or keeps a processor busy. */
#include "store/sqlite/sqlite.h"

#include <errno.h>
#include <pthread.h>
#include <sys/mman.h>
#include <time.h>

/* A turn that does not come until then is not waited for: SQLite has its own patience. */
static const time_t LONGEST_SECONDS = 1;

struct nas_turns {
    pthread_mutex_t lock; /* robust: a process that dies gives its turn back */
};

nas_status nas_turns_open(nas_turns **out, nas_err *err) {
    nas_turns *t = mmap(NULL, sizeof *t, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_t kind;
    *out = NULL;
    if (t == MAP_FAILED) return nas_fail_errno(err, "cannot share memory with workers");
    int rc = pthread_mutexattr_init(&kind);
    if (rc == 0) {
        (void)pthread_mutexattr_setpshared(&kind, PTHREAD_PROCESS_SHARED);
        (void)pthread_mutexattr_setrobust(&kind, PTHREAD_MUTEX_ROBUST);
        rc = pthread_mutex_init(&t->lock, &kind);
        (void)pthread_mutexattr_destroy(&kind);
    }
    if (rc == 0) {
        *out = t;
        return NAS_OK;
    }
    (void)munmap(t, sizeof *t);
    return nas_fail(err, NAS_ENOMEM, "cannot make a lock that workers share");
}

void nas_turns_close(nas_turns *t) {
    if (t) (void)munmap(t, sizeof *t);
}

bool nas_turns_take(nas_turns *t) {
    struct timespec until;
    if (!t || clock_gettime(CLOCK_MONOTONIC, &until) != 0) return false;
    until.tv_sec += LONGEST_SECONDS;
    const int rc = pthread_mutex_clocklock(&t->lock, CLOCK_MONOTONIC, &until);
    if (rc == EOWNERDEAD) (void)pthread_mutex_consistent(&t->lock);
    return rc == 0 || rc == EOWNERDEAD;
}

void nas_turns_give(nas_turns *t) {
    (void)pthread_mutex_unlock(&t->lock);
}
