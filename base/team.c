/* base/team.c - one lock, two conditions. Whoever comes first takes the next task, so a thread
 * that wakes late, or that the system runs late, holds up nothing but the task it has. */
#include "base/team.h"

#include "base/flush.h"
#include "base/stack.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <unistd.h>

/* Looks before going to sleep, a few microseconds: the next region is often that near. */
enum { LOOKS = 200 };

typedef struct nas_team {
    pthread_mutex_t lock;
    pthread_cond_t work, done;
    pthread_t thread[NAS_TEAM_MOST - 1];
    int32_t asked;             /* so far, the caller included */
    int32_t started, sleeping; /* threads beside the caller */
    bool waiting;              /* the caller sleeps */
    bool over;                 /* threads are to end */
    pid_t owner;               /* threads do not cross a fork */
    /* Of the job at hand. */
    int32_t threads, n, next, left;
    nas_team_fn *fn;
    void *ctx;
    uint64_t mode;
    _Atomic uint32_t jobs; /* so far */
    _Atomic bool ended;    /* the job at hand */
} nas_team;

#define NOBODY                                                               \
    {                                                                        \
        .lock = PTHREAD_MUTEX_INITIALIZER, .work = PTHREAD_COND_INITIALIZER, \
        .done = PTHREAD_COND_INITIALIZER, .asked = 1,                        \
    }
static nas_team team = NOBODY;

static void pause_briefly(void) {
#if defined __x86_64__
    __builtin_ia32_pause();
#elif defined __aarch64__
    __asm__ volatile("yield");
#endif
}

/* With the lock, which is let go while a task runs. */
static void take_tasks(int32_t lane) {
    while (lane < team.threads && team.next < team.n) {
        const int32_t task = team.next++;
        nas_team_fn *fn = team.fn;
        void *ctx = team.ctx;
        nas_flush_end(team.mode);
        (void)pthread_mutex_unlock(&team.lock);
        fn(ctx, task, lane);
        (void)pthread_mutex_lock(&team.lock);
        if (--team.left > 0) continue;
        atomic_store_explicit(&team.ended, true, memory_order_release);
        if (team.waiting) (void)pthread_cond_signal(&team.done);
    }
}

static void *be_member(void *arg) {
    const int32_t lane = (int32_t)(intptr_t)arg;
    (void)pthread_mutex_lock(&team.lock);
    while (!team.over) {
        const uint32_t seen = atomic_load_explicit(&team.jobs, memory_order_relaxed);
        take_tasks(lane);
        (void)pthread_mutex_unlock(&team.lock);
        for (int i = 0; i < LOOKS; i++) {
            if (atomic_load_explicit(&team.jobs, memory_order_relaxed) != seen) break;
            pause_briefly();
        }
        (void)pthread_mutex_lock(&team.lock);
        team.sleeping++;
        while (atomic_load_explicit(&team.jobs, memory_order_relaxed) == seen)
            (void)pthread_cond_wait(&team.work, &team.lock);
        team.sleeping--;
    }
    (void)pthread_mutex_unlock(&team.lock);
    return NULL;
}

/* What a parent left: a lock that somebody held, conditions that somebody waited for. */
static void forget_parent(void) {
    if (team.owner == getpid()) return;
    team = (nas_team)NOBODY;
    team.owner = getpid();
}

/* Once for each number: where the system gives no more, it is not asked for each region. */
static void start_members(int32_t n) {
    sigset_t all, before;
    team.asked = n;
    sigfillset(&all);
    pthread_attr_t attr; /* a thread's stack would be as the limit was when the program began */
    if (pthread_attr_init(&attr) != 0) return;
    (void)pthread_attr_setstacksize(&attr, (size_t)NAS_STACK_KB * 1024);
    if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0) {
        (void)pthread_attr_destroy(&attr);
        return;
    }
    while (team.started + 1 < n && team.started + 1 < NAS_TEAM_MOST) {
        void *lane = (void *)(intptr_t)(team.started + 1);
        if (pthread_create(&team.thread[team.started], &attr, be_member, lane) != 0) break;
        team.started++;
    }
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    (void)pthread_attr_destroy(&attr);
}

void nas_team_run(int32_t threads, int32_t n, nas_team_fn *fn, void *ctx) {
    const int32_t most = threads < n ? threads : n;
    if (most > 1) forget_parent();
    if (most > team.asked) start_members(most);
    if (most < 2 || team.started < 1) {
        for (int32_t i = 0; i < n; i++) fn(ctx, i, 0);
        return;
    }
    (void)pthread_mutex_lock(&team.lock);
    team.threads = threads;
    team.n = team.left = n;
    team.next = 0;
    team.fn = fn;
    team.ctx = ctx;
    team.mode = nas_flush_mode();
    atomic_store_explicit(&team.ended, false, memory_order_relaxed);
    atomic_fetch_add_explicit(&team.jobs, 1, memory_order_relaxed);
    if (team.sleeping) (void)pthread_cond_broadcast(&team.work);
    take_tasks(0);
    (void)pthread_mutex_unlock(&team.lock);
    for (int i = 0; i < LOOKS; i++) {
        if (atomic_load_explicit(&team.ended, memory_order_relaxed)) break;
        pause_briefly();
    }
    (void)pthread_mutex_lock(&team.lock);
    team.waiting = true;
    while (team.left > 0) (void)pthread_cond_wait(&team.done, &team.lock);
    team.waiting = false;
    (void)pthread_mutex_unlock(&team.lock);
}

void nas_team_end(void) {
    if (team.owner != getpid()) return;
    (void)pthread_mutex_lock(&team.lock);
    team.over = true;
    atomic_fetch_add_explicit(&team.jobs, 1, memory_order_relaxed);
    (void)pthread_cond_broadcast(&team.work);
    (void)pthread_mutex_unlock(&team.lock);
    for (int32_t i = 0; i < team.started; i++) (void)pthread_join(team.thread[i], NULL);
    team = (nas_team)NOBODY;
}
