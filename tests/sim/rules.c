/* tests/sim/rules.c - in the processes of a run: counts calls, finds the rule that fires, and keeps
 * the log of changes. */
#include "tests/sim/plan.h"
#include "tests/sim/seam.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

static sim_plan *plan;
static int32_t launch, me;
static long skew;
static int log_fd = -1;

__attribute__((constructor)) static void start(void) {
    const char *path = getenv("SIM_PLAN"), *which = getenv("SIM_LAUNCH"), *log = getenv("SIM_LOG");
    if (!path || !which) return;
    const int fd = (int)syscall(SYS_openat, AT_FDCWD, path, O_RDWR | O_CLOEXEC);
    void *p =
        (void *)syscall(SYS_mmap, NULL, sizeof *plan, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (fd >= 0) close(fd);
    if (p == MAP_FAILED) return;
    launch = (int32_t)strtol(which, NULL, 10);
    if (log) {
        const int at = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CLOEXEC);
        log_fd = (int)syscall(SYS_fcntl, at, F_DUPFD_CLOEXEC, 900);
        close(at);
    }
    ((sim_plan *)p)->launch[launch].leader = getpid();
    plan = p;
}

void sim_die(void) {
    (void)kill(getpid(), SIGKILL);
    for (;;) pause();
}

static void kill_all(void) {
    plan->killed_all = 1;
    for (int32_t i = 0; i < SIM_LAUNCHES; i++) {
        const pid_t leader = plan->launch[i].leader;
        if (leader > 0 && i != launch) (void)kill(-leader, SIGKILL);
    }
    (void)kill(-plan->launch[launch].leader, SIGKILL);
    sim_die();
}

static void stop(int32_t milliseconds) {
    const int32_t i = atomic_fetch_add(&plan->stops, 1);
    if (i >= SIM_STOPPED) return;
    plan->stopped[i].milliseconds = milliseconds;
    plan->stopped[i].pid = getpid();
    (void)kill(getpid(), SIGSTOP);
}

static int act(const sim_rule *r) {
    const pid_t leader = plan->launch[launch].leader;
    switch (r->action) {
    case SIM_FAIL: errno = r->value; return SIM_FAIL;
    case SIM_KILL: sim_die(); break;
    case SIM_KILL_RUN:
        (void)kill(leader, SIGKILL);
        sim_die();
        break;
    case SIM_KILL_ALL: kill_all(); break;
    case SIM_SIGNAL: (void)kill(leader, r->value); break;
    case SIM_STOP: stop(r->value); break;
    case SIM_SKEW: skew = r->value; break;
    default: return r->action;
    }
    return SIM_NONE;
}

static int ask(int call) {
    sim_launch *l = &plan->launch[launch];
    const int32_t of_all = atomic_fetch_add(&l->total[call], 1) + 1;
    const int32_t of_me =
        me < SIM_PROCESSES ? atomic_fetch_add(&l->of[me][call], 1) + 1 : INT32_MAX;
    int left = SIM_NONE;
    for (int32_t i = 0; i < plan->rules; i++) {
        sim_rule *r = &plan->rule[i];
        if (r->launch != launch || r->call != call) continue;
        if (r->process != SIM_ANYBODY && (me < r->process || me > r->last)) continue;
        const int32_t n = r->process == SIM_ANYBODY ? of_all : of_me;
        if (n < r->from || (r->times && n >= r->from + r->times)) continue;
        atomic_fetch_add(&r->fired, 1);
        const int todo = act(r);
        if (todo != SIM_NONE) left = todo;
    }
    return left;
}

int sim_ask(int call) {
    if (!plan) return SIM_NONE;
    const int kept = errno;
    errno = 0;
    int left = ask(call);
    if (left == SIM_NONE && call >= SIM_CALL_WRITE && call <= SIM_CALL_MKDIR)
        left = ask(SIM_CALL_CHANGE);
    if (left != SIM_FAIL) errno = kept;
    return left;
}

int32_t sim_next_child(void) {
    return plan ? atomic_fetch_add(&plan->launch[launch].children, 1) + 1 : 0;
}

void sim_be_child(int32_t n) {
    me = n;
}

long sim_skew(void) {
    return skew;
}

void sim_begin_change(void) {
    if (log_fd >= 0 && pthread_mutex_lock(&plan->lock) == EOWNERDEAD)
        (void)pthread_mutex_consistent(&plan->lock);
}

void sim_end_change(void) {
    if (log_fd >= 0) (void)pthread_mutex_unlock(&plan->lock);
}

void sim_log(uint32_t kind, uint64_t file, int64_t to, const char *a, const char *b,
             const void *bytes, size_t n) {
    if (log_fd < 0) return;
    const size_t na = a ? strlen(a) + 1 : 0, nb = b ? strlen(b) + 1 : 0;
    sim_entry e = {kind, (uint32_t)launch, file, to, (uint32_t)(na + nb), (uint32_t)n};
    const struct iovec v[] = {{&e, sizeof e},
                              {(void *)(uintptr_t)a, na},
                              {(void *)(uintptr_t)b, nb},
                              {(void *)(uintptr_t)bytes, n}};
    if (writev(log_fd, v, 4) != (ssize_t)(sizeof e + na + nb + n)) sim_die();
}
