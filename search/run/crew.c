/* search/run/crew.c - see crew.h. */
#include "search/run/crew.h"

#include "base/clock.h"
#include "base/team.h"
#include "base/text/digits.h"
#include "core/kernel/threads.h"
#include "store/read.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { TICK_MS = 100, NO_FAULT = -1 };
/* How a worker ends: no trial is left for it; it said why it cannot go on; it was asked to. */
enum { NONE_LEFT, FAILED, ASKED };
static const double patience = 60; /* with workers that were asked to end, in seconds */

nas_status nas_crew_count(nas_crew *t, nas_err *err) {
    nas_counts c;
    nas_run_state *s = &t->state;
    s->done = s->running = s->complete = s->diverged = s->rejected = s->failed = 0;
    t->counted = nas_clock_wall();
    s->seconds = t->counted - t->begun;
    const nas_status st = nas_store_counts(t->store, nas_space_name(t->worker.space), &c, err);
    t->stale = st != NAS_OK;
    if (st != NAS_OK) return st;
    for (int i = 0; i < NAS_STATES; i++)
        if (nas_state_is_end((nas_state)i)) s->done += c.in[i];
    s->running = c.in[NAS_RUNNING];
    s->complete = c.in[NAS_COMPLETE];
    s->diverged = c.in[NAS_DIVERGED];
    s->rejected = c.in[NAS_REJECTED];
    s->failed = c.in[NAS_FAILED];
    return NAS_OK;
}

/* Not with each of a thousand trials a second. */
static void recount(nas_crew *t) {
    const double most_often = 0.05;
    if (t->stale && nas_clock_wall() - t->counted > most_often) (void)!nas_crew_count(t, NULL);
}

/* Not of each worker that waits; since is the longest of their waits. */
static void tell_held(void *ctx, double seconds) {
    nas_crew *t = ctx;
    const double now = nas_clock_wall();
    const double every = t->o->patience > 0 ? t->o->patience : NAS_PATIENCE_EVERY;
    if (t->told_held > 0 && now - t->told_held < every) return;
    t->told_held = now;
    nas_patience_warn(&t->keep.log, t->o->db, seconds);
}

static bool is_to_stop(void *ctx) {
    return nas_crew_should_stop(ctx);
}

/* What workers say meanwhile: a full pipe would hold them up. Without memory it stays there. */
static void listen(nas_crew *t) {
    struct pollfd p = {.fd = t->pipe[0], .events = POLLIN};
    while (t->pipe[0] >= 0 && poll(&p, 1, 0) > 0) {
        if (t->n_heard == t->queue_room) {
            const int32_t room = t->queue_room ? 2 * t->queue_room : 64;
            nas_event *more = realloc(t->queue, (size_t)room * sizeof *more);
            if (!more) return;
            t->queue = more;
            t->queue_room = room;
        }
        nas_event *e = &t->queue[t->n_heard];
        if (read(t->pipe[0], e, sizeof *e) != (ssize_t)sizeof *e) return;
        t->n_heard++;
    }
}

/* Those who watch see that it lives. */
static bool wait_for_store(void *ctx, double seconds) {
    nas_crew *t = ctx;
    const double now = nas_clock_wall();
    if ((now - t->ticked) * 1000 > TICK_MS && !t->patience.brief) {
        t->ticked = now;
        t->state.seconds = now - t->begun;
        listen(t);
        if (t->pipe[0] >= 0 && t->view->tick) t->view->tick(t->view->ctx, &t->state);
    }
    return nas_patience_goes_on(&t->patience, seconds);
}

void nas_crew_be_patient(nas_crew *t) {
    t->worker.patience = t->o->patience;
    t->patience =
        (nas_patience){.every = t->o->patience, .stop = is_to_stop, .tell = tell_held, .ctx = t};
    nas_store_set_wait(t->store, wait_for_store, t);
}

nas_status nas_crew_open_store(nas_crew *t, nas_err *err) {
    NAS_TRY(nas_patience_open(&t->patience, t->o->db, NAS_STORE_WRITE, &t->worker.place, &t->store,
                              err));
    nas_store_set_wait(t->store, wait_for_store, t);
    nas_store_hold(t->store, &t->held);
    return NAS_OK;
}

bool nas_crew_should_stop(const nas_crew *t) {
    return t->fatal != NAS_OK || nas_should_stop(&t->keep.log);
}

/* Where memory is short a worker goes first, so that somebody is left to say so. */
static void be_killed_first(void) {
    FILE *f = fopen("/proc/self/oom_score_adj", "w");
    if (!f) return;
    (void)fputs("800", f);
    (void)fclose(f);
}

/* In the child: everything of the coordinator is left alone; _exit runs none of its handlers. */
static void be_worker(nas_crew *t, int32_t index) {
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != t->leader) _exit(1); /* it died before the line above */
    be_killed_first();
    close(t->pipe[0]);
    nas_threads_follow(&t->shared->threads, t->n);
    nas_worker w = t->worker;
    w.index = index;
    w.token = t->token[index];
    w.aside = &t->shared->aside;
    w.only = t->only;
    w.last = t->only && nas_setback_is_last(&t->back, t->only);
    w.event_fd = t->pipe[1];
    nas_err err = {0};
    const nas_status st = nas_worker_run(&w, &err);
    _exit(st == NAS_OK ? NONE_LEFT : st == NAS_ESTOP ? ASKED : FAILED);
}

/* Where fewer candidates are left than workers, the processors that come free go to them. */
static void share_out(const nas_crew *t) {
    const int each = t->alive > 0 && !t->only ? t->n / t->alive : 1; /* alone: least memory */
    atomic_store_explicit(&t->shared->threads, each, memory_order_relaxed);
}

static nas_status open_store(nas_crew *t, nas_err *err) {
    NAS_TRY(nas_crew_open_store(t, err));
    nas_store_take_turns(t->store, t->worker.turns);
    return NAS_OK;
}

void nas_crew_keep_warnings(nas_crew *t) {
    t->patience.brief = true;
    if (t->store && t->worker.study.version)
        (void)!nas_keep_put(&t->keep, t->store, t->worker.study, NULL);
    t->patience.brief = false;
}

/* Statuses of bad input would say that nothing was touched. */
static nas_status give_up(nas_crew *t, const nas_death *e, nas_err *err) {
    const bool full = e->status == NAS_EFULL, memory = e->status == NAS_ENOMEM;
    const char *what = "";
    char n[32];
    if (e->fault == NAS_FAULT_CRASH)
        what = "; where trials failed that are not to blame, `nas retry` sets them back";
    else if (memory || !e->status)
        what = ", where memory is short with fewer --workers; --trial-bytes lets trials fail that "
               "need too much";
    (void)!nas_crew_count(t, NULL);
    return nas_fail(err, full || memory ? e->status : NAS_EIO,
                    "workers ended %" PRId32 " times in a row and trained no trial between, the "
                    "last time: %s. %s trial%s stored: run the same command to go on%s",
                    t->back.ends, t->how, nas_thousands(t->state.done, n),
                    t->state.done == 1 ? " is" : "s are", what);
}

/* Another process cannot be had: those that are there go on without it. */
static nas_status do_without(nas_crew *t, int32_t index, nas_err *err) {
    nas_err why = {0};
    const nas_status st = nas_fail_errno(&why, "worker %" PRId32 " cannot start", index + 1);
    const nas_death e = {.fault = nas_fault_of_status(st), .status = st};
    snprintf(t->how, sizeof t->how, "%.1000s", why.text);
    nas_warn(&t->keep.log, "%s; %" PRId32 " of %" PRId32 " are at work", t->how, t->alive, t->n);
    if (t->alive > 0) return NAS_OK;
    t->due[index] = !t->only;
    t->only = 0;
    return nas_setback_add(&t->back, 0, e.fault, false, nas_clock_wall()) == NAS_ENOUGH
               ? give_up(t, &e, err)
               : NAS_OK;
}

static nas_status start_worker(nas_crew *t, int32_t index, nas_err *err) {
    NAS_TRY(nas_token_new(&t->token[index], err));
    nas_store_close(t->store);
    t->store = NULL;
    nas_team_end();
    t->due[index] = false;
    const pid_t pid = fork();
    const int why = errno;
    if (pid == 0) be_worker(t, index);
    if (pid > 0) {
        t->pid[index] = pid;
        t->alive++;
        share_out(t);
    }
    NAS_TRY(open_store(t, err));
    errno = why;
    return pid > 0 ? NAS_OK : do_without(t, index, err);
}

static void tell_replaced(nas_crew *t, const nas_death *e) {
    char trial[64] = "";
    if (e->row) snprintf(trial, sizeof trial, "; trial %" PRId64 " waits again", e->number);
    nas_warn(&t->keep.log, "%s%s, the worker is replaced", t->how, trial);
}

static void hear_end(nas_crew *t, const nas_event *e) {
    nas_death *d = &t->said[e->worker];
    *d = (nas_death){.status = (nas_status)e->status, .row = e->row, .number = e->number};
    d->fault = nas_fault_of_status(d->status);
    snprintf(t->how, sizeof t->how, "worker %" PRId32 ": %s", e->worker + 1, e->text);
    tell_replaced(t, d);
}

static void hear(nas_crew *t, const nas_event *e) {
    if (e->kind == NAS_EVENT_WARNING) {
        nas_warn(&t->keep.log, "%s", e->text);
        nas_crew_keep_warnings(t);
        return;
    }
    if (e->kind == NAS_EVENT_HELD) {
        tell_held(t, e->seconds);
        return;
    }
    if (e->kind == NAS_EVENT_SETBACK) {
        hear_end(t, e);
        return;
    }
    if (e->kind == NAS_EVENT_FATAL) {
        if (t->fatal != NAS_OK) return; /* what comes after the first may come of it */
        t->fatal = (nas_status)e->status;
        (void)nas_fail(&t->why, t->fatal, "%s", e->text);
        return;
    }
    t->waits[e->worker] = e->kind == NAS_EVENT_WAITING;
    if (e->kind == NAS_EVENT_RESUMED) t->busy_since[e->worker] += e->seconds;
    if (e->kind == NAS_EVENT_WAITING || e->kind == NAS_EVENT_RESUMED) return;
    if (e->kind == NAS_EVENT_STARTED) t->busy_since[e->worker] = nas_clock_wall();
    if (e->kind == NAS_EVENT_FINISHED) t->busy_since[e->worker] = 0;
    if (e->kind == NAS_EVENT_FINISHED && e->state != NAS_WAITING)
        nas_setback_finished(&t->back, e->row, nas_state_is_trained(e->state));
    if (e->kind != NAS_EVENT_EPOCH) t->stale = true;
    recount(t);
    if (t->view->event) t->view->event(t->view->ctx, e, &t->state, t->store);
}

static void hear_all(nas_crew *t) {
    struct pollfd p = {.fd = t->pipe[0], .events = POLLIN};
    nas_event e;
    int wait = TICK_MS;
    while (t->heard < t->n_heard) { /* meanwhile there may be more */
        e = t->queue[t->heard++];
        hear(t, &e);
        wait = 0;
    }
    t->heard = t->n_heard = 0;
    while (poll(&p, 1, wait) > 0 && read(t->pipe[0], &e, sizeof e) == (ssize_t)sizeof e) {
        hear(t, &e);
        wait = 0;
    }
}

/* Those of this run are known by waitpid, and why they ended. */
bool nas_crew_is_gone(void *ctx, const char *worker, double heartbeat) {
    nas_crew *t = ctx;
    for (int32_t i = 0; i < t->n; i++)
        if (t->pid[i] > 0 && nas_process_is(worker, t->token[i])) return false;
    return nas_watch_is_dead(&t->watch, worker, heartbeat);
}

/* A worker looks at the clock between two steps; one that does not come to it is ended. */
static void end_late(nas_crew *t) {
    const double grace = 2, most = t->o->limits.seconds, now = nas_clock_wall();
    for (int32_t i = 0; most > 0 && i < t->n; i++) {
        if (t->pid[i] <= 0 || t->waits[i] || t->busy_since[i] <= 0 ||
            now - t->busy_since[i] < most + grace)
            continue;
        t->late[i] = true;
        (void)kill(t->pid[i], SIGKILL);
    }
}

static bool is_it(void *ctx, const char *worker, double heartbeat) {
    const uint64_t *token = ctx;
    (void)heartbeat;
    return nas_process_is(worker, *token);
}

/* Gives back what the worker held, and what workers of other runs held that are gone: that is no
 * fault of their trials. */
static nas_status take_back(nas_crew *t, int32_t index, int32_t retries, const char *why,
                            nas_err *err) {
    int32_t given_back = 0;
    t->busy_since[index] = 0;
    t->waits[index] = false;
    nas_status st = nas_store_reap(t->store, t->worker.study, retries, why, is_it, &t->token[index],
                                   &given_back, err);
    nas_watch_begin(&t->watch, nas_clock_wall());
    if (st == NAS_OK)
        st = nas_store_reap(t->store, t->worker.study, NO_FAULT, "the worker ended",
                            nas_crew_is_gone, t, &given_back, err);
    /* A run that is to stop waits no longer: the next one gives it back. */
    return st == NAS_EBUSY && nas_crew_should_stop(t) ? NAS_OK : st;
}

typedef struct held {
    uint64_t token;
    nas_death *death;
} held;

static bool note_held(void *ctx, const nas_row *row) {
    const held *h = ctx;
    const nas_value *worker = &row->values[2];
    if (worker->is_null || !worker->text || !nas_process_is(worker->text, h->token)) return true;
    h->death->row = row->values[0].integer;
    h->death->number = row->values[1].integer;
    return false;
}

/* How the worker ended, and with which trial: what it gave back itself, it said. */
static nas_status find_death(nas_crew *t, int32_t index, int status, nas_death *e, nas_err *err) {
    static const char *const columns[] = {"id", "number", "worker"};
    const nas_state running = NAS_RUNNING;
    const nas_study study = {.name = nas_space_name(t->worker.space)};
    const nas_trials_ask ask = {.state = &running, .columns = columns, .n_columns = 3};
    held h = {t->token[index], e};
    const int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    *e = t->said[index];
    t->said[index] = (nas_death){.row = 0};
    NAS_TRY(nas_store_trials(t->store, &study, &ask, note_held, &h, err));
    if (e->status != NAS_OK) return NAS_OK;
    e->fault = nas_fault_of_signal(sig);
    if (sig)
        snprintf(t->how, sizeof t->how, "worker %" PRId32 " was ended by signal %d (%s)", index + 1,
                 sig, strsignal(sig));
    else if (WEXITSTATUS(status) == ASKED)
        snprintf(t->how, sizeof t->how, "worker %" PRId32 " was asked to end by another process",
                 index + 1);
    else
        snprintf(t->how, sizeof t->how, "worker %" PRId32 " ended with status %d", index + 1,
                 WEXITSTATUS(status));
    tell_replaced(t, e);
    return NAS_OK;
}

static nas_status condemn(nas_crew *t, int32_t index, const nas_death *e, int status,
                          nas_err *err) {
    char why[256];
    snprintf(why, sizeof why,
             "crashed its worker, %d times with no other trial of the run at work, the last time "
             "by signal %d (%s)",
             NAS_ALONE_TRIES, WTERMSIG(status), strsignal(WTERMSIG(status)));
    NAS_TRY(take_back(t, index, 0, why, err));
    nas_setback_drop(&t->back, e->row);
    nas_warn(&t->keep.log, "trial %" PRId64 " failed: it %s", e->number, why);
    t->stale = true;
    return NAS_OK;
}

/* The worker ended through nobody's fault, or its trial's: that is told by trying it alone. */
static nas_status set_back(nas_crew *t, int32_t index, int status, nas_err *err) {
    nas_death e;
    const bool alone = t->only != 0;
    NAS_TRY(find_death(t, index, status, &e, err));
    const nas_judgement v =
        nas_setback_add(&t->back, e.row, e.fault, alone && e.row == t->only, nas_clock_wall());
    t->only = 0;
    if (v == NAS_GUILTY && WIFSIGNALED(status)) return condemn(t, index, &e, status, err);
    NAS_TRY(take_back(t, index, NO_FAULT, "the worker ended", err));
    t->due[index] = !alone;
    return v == NAS_ENOUGH ? give_up(t, &e, err) : NAS_OK;
}

/* It has nothing in hand and is not missed. */
static bool is_done(const nas_crew *t, int status) {
    if (!WIFEXITED(status)) return false;
    return WEXITSTATUS(status) == NONE_LEFT ||
           (WEXITSTATUS(status) == ASKED && nas_crew_should_stop(t));
}

/* A worker that ended: others than those that are done are replaced. */
static nas_status bury(nas_crew *t, int32_t index, int status, nas_err *err) {
    const bool late = t->late[index];
    t->pid[index] = 0;
    t->alive--;
    t->late[index] = false;
    share_out(t);
    if (t->fatal == NAS_EMOVED) return NAS_OK; /* what is saved has no trial at work */
    if (is_done(t, status)) {
        nas_setback_drop(&t->back, t->only);
        t->only = 0;
        return NAS_OK;
    }
    if (nas_crew_should_stop(t)) return take_back(t, index, NO_FAULT, "the run ended", err);
    if (!late) return set_back(t, index, status, err);
    char why[96];
    snprintf(why, sizeof why, "took longer than %g seconds (--trial-seconds)",
             t->o->limits.seconds);
    NAS_TRY(take_back(t, index, t->o->retries, why, err));
    nas_warn(&t->keep.log, "worker %" PRId32 " did not end its trial in time; it is replaced",
             index + 1);
    return start_worker(t, index, err);
}

static nas_status bury_all(nas_crew *t, nas_err *err) {
    for (int32_t i = 0; i < t->n; i++) {
        int status;
        if (t->pid[i] <= 0 || waitpid(t->pid[i], &status, WNOHANG) != t->pid[i]) continue;
        hear_all(t);
        NAS_TRY(bury(t, i, status, err));
    }
    return NAS_OK;
}

/* A run with another space may have begun while no trial of this one was running: views and winner
 * are then those of that space. */
nas_status nas_crew_check_ours(const nas_crew *t, nas_err *err) {
    int64_t version = 0;
    NAS_TRY(nas_store_current_version(t->store, t->worker.study.study, &version, err));
    if (version == t->worker.study.version) return NAS_OK;
    return nas_fail(err, NAS_EBUSY,
                    "another run gave study %s another space; what was finished is stored: run the "
                    "same command again when that run has ended",
                    nas_space_name(t->worker.space));
}

void nas_crew_warn_of_reader(nas_crew *t) {
    const int64_t large = 64 << 20;
    if (nas_store_is_read_long(t->store, large))
        nas_warn(&t->keep.log,
                 "%s-wal has grown beyond 64 MB: another program has been reading the database in "
                 "one query for long, and until that ends what is written cannot leave this file. "
                 "Nothing is lost; end that program, or let it read a copy (nas copy)",
                 t->o->db);
}

/* Workers of other runs that died, on this machine or where only silence tells: nobody else may be
 * there to wait for them. */
static nas_status look_around(nas_crew *t, nas_err *err) {
    const double now = nas_clock_wall(), every = 5;
    int32_t given_back;
    if (now - t->looked < every) return NAS_OK;
    t->looked = now;
    NAS_TRY(nas_crew_check_ours(t, err));
    /* A database that is busy is looked at again later. */
    t->patience.brief = true;
    nas_status st = nas_store_at_work(t->store, t->worker.study, true, err);
    if (st == NAS_OK) {
        nas_watch_begin(&t->watch, now);
        nas_crew_warn_of_reader(t);
        st = nas_store_reap(t->store, t->worker.study, NO_FAULT, "the run ended", nas_crew_is_gone,
                            t, &given_back, err);
    }
    t->patience.brief = false;
    return st == NAS_EBUSY ? NAS_OK : st;
}

static void signal_all(const nas_crew *t, int sig) {
    for (int32_t i = 0; i < t->n; i++)
        if (t->pid[i] > 0) (void)kill(t->pid[i], sig);
}

/* One that was stopped hears of it only when it goes on; one that does not come to it is ended. */
static void ask_to_end(const nas_crew *t, double *since) {
    const double now = nas_clock_wall();
    if (*since <= 0) {
        *since = now;
        signal_all(t, SIGTERM);
    }
    signal_all(t, now - *since > patience ? SIGKILL : SIGCONT);
}

static nas_status start_alone(nas_crew *t, nas_err *err) {
    t->only = nas_setback_next(&t->back);
    if (t->only) {
        t->again = true;
        return start_worker(t, 0, err);
    }
    for (int32_t i = 0; t->again && i < t->n; i++) t->due[i] = true;
    t->again = false;
    return NAS_OK;
}

/* Workers that are to be started, after their pause; then, one by one, trials that are tried with
 * no other at work; then workers that look whether trials came back, as of a run that was killed.
 */
static nas_status start_due(nas_crew *t, bool *more, nas_err *err) {
    *more = t->alive > 0;
    if (nas_crew_should_stop(t)) return NAS_OK;
    for (int32_t i = 0; i < t->n; i++) *more = *more || t->due[i];
    *more = *more || t->again || atomic_load(&t->back.aside->n) > 0;
    if (nas_clock_wall() < t->back.due) return NAS_OK;
    t->back.due = 0;
    for (int32_t i = 0; i < t->n && t->back.due <= 0; i++)
        if (t->due[i]) NAS_TRY(start_worker(t, i, err));
    return t->alive > 0 || t->back.due > 0 ? NAS_OK : start_alone(t, err);
}

/* Workers see it with their next result; some take hours until then. */
static void look_at_file(nas_crew *t) {
    nas_err err = {0};
    if (t->fatal != NAS_OK || nas_store_still(t->store, &err) == NAS_OK) return;
    t->fatal = err.code;
    t->why = err;
}

bool nas_is_refusal(nas_status st) {
    return st == NAS_EINVAL || st == NAS_EFORMAT || st == NAS_ENOTFOUND || st == NAS_EUNSUPPORTED ||
           st == NAS_EBUSY;
}

static nas_status lead(nas_crew *t, nas_err *err) {
    double told = 0;
    bool more = true;
    for (int32_t i = 0; i < t->n; i++) t->due[i] = true;
    for (;;) {
        if (nas_crew_should_stop(t)) ask_to_end(t, &told);
        NAS_TRY(start_due(t, &more, err));
        if (!more) break;
        hear_all(t);
        look_at_file(t);
        recount(t);
        t->state.seconds = nas_clock_wall() - t->begun;
        if (t->view->tick) t->view->tick(t->view->ctx, &t->state);
        end_late(t);
        NAS_TRY(bury_all(t, err));
        NAS_TRY(look_around(t, err));
    }
    hear_all(t);
    if (t->fatal == NAS_OK) return NAS_OK;
    return nas_fail(err, nas_is_refusal(t->fatal) ? NAS_EIO : t->fatal, "%s", t->why.text);
}

nas_status nas_crew_run(nas_crew *t, nas_err *err) {
    if (pipe(t->pipe) != 0) return nas_fail_errno(err, "cannot make a pipe");
    t->shared =
        mmap(NULL, sizeof *t->shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (t->shared == MAP_FAILED) {
        close(t->pipe[0]);
        close(t->pipe[1]);
        t->pipe[0] = t->pipe[1] = -1;
        return nas_fail_errno(err, "cannot share memory with workers");
    }
    t->back.aside = &t->shared->aside;
    nas_status st = nas_turns_open(&t->worker.turns, err);
    if (st == NAS_OK) st = lead(t, err);
    if (st != NAS_OK) { /* nobody works on without a coordinator */
        t->patience.brief = true;
        signal_all(t, SIGKILL);
        while (waitpid(-1, NULL, 0) > 0 || errno == EINTR) {}
        for (int32_t i = 0; t->store && i < t->n; i++) {
            if (t->pid[i] > 0) (void)!take_back(t, i, NO_FAULT, "the run ended", NULL);
            t->pid[i] = 0;
        }
    }
    nas_store_take_turns(t->store, NULL);
    nas_turns_close(t->worker.turns);
    (void)munmap(t->shared, sizeof *t->shared);
    close(t->pipe[0]);
    close(t->pipe[1]);
    t->pipe[0] = t->pipe[1] = -1;
    t->patience.brief = false;
    free(t->queue);
    t->queue = NULL;
    t->heard = t->n_heard = t->queue_room = 0;
    return st;
}
