/* search/run.c - the coordinator of one `nas run`. */
#include "search/run.h"

#include "base/clock.h"
#include "base/cores.h"
#include "base/digits.h"
#include "base/team.h"
#include "core/kernel/threads.h"
#include "search/begin.h"
#include "search/cache_bound.h"
#include "search/confirm.h"
#include "search/keep.h"
#include "search/sampler.h"
#include "search/study.h"
#include "search/task.h"
#include "search/watch.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <poll.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MAX_WORKERS = 256, TICK_MS = 100, NO_FAULT = -1, PASSES_MOST = 32 };
/* How a worker ends: no trial is left for it; it said why it cannot go on; it was asked to. */
enum { NONE_LEFT, FAILED, ASKED };
static const double patience = 60; /* with workers that were asked to end, in seconds */

/* What a worker said before it ended, or what ended it. */
typedef struct death {
    nas_fault fault;
    nas_status status;   /* NAS_OK: it said nothing */
    int64_t row, number; /* of its trial; row 0: none */
} death;

/* In memory that workers share. */
typedef struct shared {
    _Atomic int threads; /* that each of those alive may train on */
    nas_aside aside;
} shared;

typedef struct team {
    const nas_run_options *o;
    const nas_run_view *view;
    nas_worker worker; /* what every worker is told; index differs */
    nas_held held;     /* the database's files, which somebody may remove */
    nas_store *store;  /* closed while a worker is forked: connections do not cross a fork */
    pid_t leader, pid[MAX_WORKERS];
    uint64_t token[MAX_WORKERS];
    int32_t n, alive;
    bool due[MAX_WORKERS]; /* to be started once `back` says so */
    int64_t only;          /* the row that the one worker tries alone; 0: none does */
    bool again; /* one did: what came back to the study meanwhile waits for other workers */
    nas_setbacks back;
    death said[MAX_WORKERS];
    char how[1100]; /* the last of them: "worker 1 was ended by signal 9 (Killed)" */
    struct shared *shared;
    int pipe[2];
    nas_run_state state;
    bool stale; /* the counts in state: something happened since `counted` */
    double begun, counted, looked;
    nas_status fatal;
    nas_err why;
    double
        busy_since[MAX_WORKERS]; /* with the trial in hand; 0: none. Time of waiting is no part */
    bool waits[MAX_WORKERS];     /* for what another process has in hand */
    bool late[MAX_WORKERS];      /* ended because its trial took too long */
    nas_keep keep;               /* what is said, and kept */
    nas_watch watch;             /* workers of other runs */
} team;

static bool count_row(void *ctx, const nas_row *row) {
    nas_run_state *s = ctx;
    const char *state = row->values[0].text;
    const int64_t n = row->values[1].integer;
    if (!state) return true;
    if (strcmp(state, "running") == 0) s->running = n;
    if (strcmp(state, "running") != 0 && strcmp(state, "waiting") != 0) s->done += n;
    if (strcmp(state, "complete") == 0) s->complete = n;
    if (strcmp(state, "diverged") == 0) s->diverged = n;
    if (strcmp(state, "rejected") == 0) s->rejected = n;
    if (strcmp(state, "failed") == 0) s->failed = n;
    return true;
}

void nas_view_name(const char *study, const char *ending, char out[160]) {
    snprintf(out, 160, "\"%.100s%s\"", study, ending);
}

static nas_status count(team *t, nas_err *err) {
    const nas_value name = {.type = NAS_COLUMN_TEXT, .text = nas_space_name(t->worker.space)};
    nas_run_state *s = &t->state;
    s->done = s->running = s->complete = s->diverged = s->rejected = s->failed = 0;
    t->counted = nas_clock_wall();
    s->seconds = t->counted - t->begun;
    const nas_status st =
        nas_store_query(t->store, "select state, trials from nas_progress where study = ?1", &name,
                        1, count_row, s, err);
    t->stale = st != NAS_OK;
    return st;
}

/* Not with each of a thousand trials a second. */
static void recount(team *t) {
    const double most_often = 0.05;
    if (t->stale && nas_clock_wall() - t->counted > most_often) (void)!count(t, NULL);
}

/* The database again, by whom it was opened before. */
static nas_status open_again(team *t, nas_err *err) {
    NAS_TRY(nas_store_open_at(t->o->db, NAS_STORE_WRITE, &t->worker.place, &t->store, err));
    nas_store_hold(t->store, &t->held);
    return NAS_OK;
}

static bool asked_to_stop(const team *t) {
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
static void be_worker(team *t, int32_t index) {
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
static void share_out(const team *t) {
    const int each = t->alive > 0 && !t->only ? t->n / t->alive : 1; /* alone: least memory */
    atomic_store_explicit(&t->shared->threads, each, memory_order_relaxed);
}

static nas_status open_store(team *t, nas_err *err) {
    NAS_TRY(open_again(t, err));
    nas_store_take_turns(t->store, t->worker.turns);
    return NAS_OK;
}

/* What cannot be kept now is kept later: another statement may have failed for the same reason. */
static void keep_warnings(team *t) {
    if (t->store && t->worker.study.version)
        (void)!nas_keep_put(&t->keep, t->store, t->worker.study, NULL);
}

/* Statuses of bad input would say that nothing was touched. */
static nas_status give_up(team *t, const death *e, nas_err *err) {
    const bool full = e->status == NAS_EFULL, memory = e->status == NAS_ENOMEM;
    const char *what = "";
    char n[32];
    if (e->fault == NAS_FAULT_CRASH)
        what = "; where trials failed that are not to blame, `nas retry` sets them back";
    else if (memory || !e->status)
        what = ", where memory is short with fewer --workers; --trial-bytes lets trials fail that "
               "need too much";
    (void)!count(t, NULL);
    return nas_fail(err, full || memory ? e->status : NAS_EIO,
                    "workers ended %" PRId32 " times in a row and trained no trial between, the "
                    "last time: %s. %s trial%s stored: run the same command to go on%s",
                    t->back.ends, t->how, nas_thousands(t->state.done, n),
                    t->state.done == 1 ? " is" : "s are", what);
}

/* Another process cannot be had: those that are there go on without it. */
static nas_status do_without(team *t, int32_t index, nas_err *err) {
    nas_err why = {0};
    const nas_status st = nas_fail_errno(&why, "worker %" PRId32 " cannot start", index + 1);
    const death e = {.fault = nas_fault_of_status(st), .status = st};
    snprintf(t->how, sizeof t->how, "%.1000s", why.text);
    nas_warn(&t->keep.log, "%s; %" PRId32 " of %" PRId32 " are at work", t->how, t->alive, t->n);
    if (t->alive > 0) return NAS_OK;
    t->due[index] = !t->only;
    t->only = 0;
    return nas_setback_add(&t->back, 0, e.fault, false, nas_clock_wall()) == NAS_ENOUGH
               ? give_up(t, &e, err)
               : NAS_OK;
}

static nas_status start_worker(team *t, int32_t index, nas_err *err) {
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

static bool is_trained(const char *state) {
    return !strcmp(state, "complete") || !strcmp(state, "stopped") || !strcmp(state, "diverged");
}

static void tell_replaced(team *t, const death *e) {
    char trial[64] = "";
    if (e->row) snprintf(trial, sizeof trial, "; trial %" PRId64 " waits again", e->number);
    nas_warn(&t->keep.log, "%s%s, the worker is replaced", t->how, trial);
}

static void hear_end(team *t, const nas_event *e) {
    death *d = &t->said[e->worker];
    *d = (death){.status = (nas_status)e->status, .row = e->row, .number = e->number};
    d->fault = nas_fault_of_status(d->status);
    snprintf(t->how, sizeof t->how, "worker %" PRId32 ": %s", e->worker + 1, e->text);
    tell_replaced(t, d);
}

static void hear(team *t, const nas_event *e) {
    if (e->kind == NAS_EVENT_WARNING) {
        nas_warn(&t->keep.log, "%s", e->text);
        keep_warnings(t);
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
    if (e->kind == NAS_EVENT_FINISHED && strcmp(e->state, "waiting") != 0)
        nas_setback_finished(&t->back, e->row, is_trained(e->state));
    if (e->kind != NAS_EVENT_EPOCH) t->stale = true;
    recount(t);
    if (t->view->event) t->view->event(t->view->ctx, e, &t->state, t->store);
}

static void hear_all(team *t) {
    struct pollfd p = {.fd = t->pipe[0], .events = POLLIN};
    nas_event e;
    int wait = TICK_MS;
    while (poll(&p, 1, wait) > 0 && read(t->pipe[0], &e, sizeof e) == (ssize_t)sizeof e) {
        hear(t, &e);
        wait = 0;
    }
}

/* Those of this run are known by waitpid, and why they ended. */
static bool is_gone(void *ctx, const char *worker, double heartbeat) {
    team *t = ctx;
    for (int32_t i = 0; i < t->n; i++)
        if (t->pid[i] > 0 && nas_process_is(worker, t->token[i])) return false;
    return nas_watch_is_dead(&t->watch, worker, heartbeat);
}

/* A worker looks at the clock between two steps; one that does not come to it is ended. */
static void end_late(team *t) {
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
static nas_status take_back(team *t, int32_t index, int32_t retries, const char *why,
                            nas_err *err) {
    int32_t given_back = 0;
    t->busy_since[index] = 0;
    t->waits[index] = false;
    NAS_TRY(nas_store_reap(t->store, t->worker.study, retries, why, is_it, &t->token[index],
                           &given_back, err));
    nas_watch_begin(&t->watch, nas_clock_wall());
    return nas_store_reap(t->store, t->worker.study, NO_FAULT, "the worker ended", is_gone, t,
                          &given_back, err);
}

typedef struct held {
    uint64_t token;
    death *death;
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
static nas_status find_death(team *t, int32_t index, int status, death *e, nas_err *err) {
    char view[160], sql[256];
    held h = {t->token[index], e};
    const int sig = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
    *e = t->said[index];
    t->said[index] = (death){.row = 0};
    nas_view_name(nas_space_name(t->worker.space), "", view);
    snprintf(sql, sizeof sql, "select id, number, worker from %s where state = 'running'", view);
    NAS_TRY(nas_store_query(t->store, sql, NULL, 0, note_held, &h, err));
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

static nas_status condemn(team *t, int32_t index, const death *e, int status, nas_err *err) {
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
static nas_status set_back(team *t, int32_t index, int status, nas_err *err) {
    death e;
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
static bool is_done(const team *t, int status) {
    if (!WIFEXITED(status)) return false;
    return WEXITSTATUS(status) == NONE_LEFT || (WEXITSTATUS(status) == ASKED && asked_to_stop(t));
}

/* A worker that ended: others than those that are done are replaced. */
static nas_status bury(team *t, int32_t index, int status, nas_err *err) {
    const bool late = t->late[index];
    t->pid[index] = 0;
    t->alive--;
    if (t->fatal == NAS_EMOVED) { /* what is saved has no trial at work */
        t->late[index] = false;
        share_out(t);
        return NAS_OK;
    }
    t->late[index] = false;
    share_out(t);
    if (is_done(t, status)) {
        nas_setback_drop(&t->back, t->only);
        t->only = 0;
        return NAS_OK;
    }
    if (asked_to_stop(t)) return take_back(t, index, NO_FAULT, "the run ended", err);
    if (!late) return set_back(t, index, status, err);
    char why[96];
    snprintf(why, sizeof why, "took longer than %g seconds (--trial-seconds)",
             t->o->limits.seconds);
    NAS_TRY(take_back(t, index, t->o->retries, why, err));
    nas_warn(&t->keep.log, "worker %" PRId32 " did not end its trial in time; it is replaced",
             index + 1);
    return start_worker(t, index, err);
}

static nas_status bury_all(team *t, nas_err *err) {
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
static nas_status check_ours(const team *t, nas_err *err) {
    const nas_value id = {.type = NAS_COLUMN_INTEGER, .integer = t->worker.study.study};
    int64_t version = 0;
    NAS_TRY(nas_store_query_integer(t->store, "select version from nas_studies where id = ?1", &id,
                                    1, &version, err));
    if (version == t->worker.study.version) return NAS_OK;
    return nas_fail(err, NAS_EBUSY,
                    "another run gave study %s another space; what was finished is stored: run the "
                    "same command again when that run has ended",
                    nas_space_name(t->worker.space));
}

static void warn_of_reader(team *t) {
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
static nas_status look_around(team *t, nas_err *err) {
    const double now = nas_clock_wall(), every = 5;
    int32_t given_back;
    if (now - t->looked < every) return NAS_OK;
    t->looked = now;
    NAS_TRY(check_ours(t, err));
    nas_watch_begin(&t->watch, now);
    warn_of_reader(t);
    return nas_store_reap(t->store, t->worker.study, NO_FAULT, "the run ended", is_gone, t,
                          &given_back, err);
}

static void signal_all(const team *t, int sig) {
    for (int32_t i = 0; i < t->n; i++)
        if (t->pid[i] > 0) (void)kill(t->pid[i], sig);
}

/* One that was stopped hears of it only when it goes on; one that does not come to it is ended. */
static void ask_to_end(const team *t, double *since) {
    const double now = nas_clock_wall();
    if (*since <= 0) {
        *since = now;
        signal_all(t, SIGTERM);
    }
    signal_all(t, now - *since > patience ? SIGKILL : SIGCONT);
}

static nas_status start_alone(team *t, nas_err *err) {
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
static nas_status start_due(team *t, bool *more, nas_err *err) {
    *more = t->alive > 0;
    if (asked_to_stop(t)) return NAS_OK;
    for (int32_t i = 0; i < t->n; i++) *more = *more || t->due[i];
    *more = *more || t->again || atomic_load(&t->back.aside->n) > 0;
    if (nas_clock_wall() < t->back.due) return NAS_OK;
    t->back.due = 0;
    for (int32_t i = 0; i < t->n && t->back.due <= 0; i++)
        if (t->due[i]) NAS_TRY(start_worker(t, i, err));
    return t->alive > 0 || t->back.due > 0 ? NAS_OK : start_alone(t, err);
}

/* Workers see it with their next result; some take hours until then. */
static void look_at_file(team *t) {
    nas_err err = {0};
    if (t->fatal != NAS_OK || nas_store_still(t->store, &err) == NAS_OK) return;
    t->fatal = err.code;
    t->why = err;
}

/* Statuses of bad input, by which nothing was touched: not so once there are workers. */
static bool is_refusal(nas_status st) {
    return st == NAS_EINVAL || st == NAS_EFORMAT || st == NAS_ENOTFOUND || st == NAS_EUNSUPPORTED ||
           st == NAS_EBUSY;
}

static nas_status lead(team *t, nas_err *err) {
    double told = 0;
    bool more = true;
    for (int32_t i = 0; i < t->n; i++) t->due[i] = true;
    for (;;) {
        if (asked_to_stop(t)) ask_to_end(t, &told);
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
    return nas_fail(err, is_refusal(t->fatal) ? NAS_EIO : t->fatal, "%s", t->why.text);
}

static nas_status run_team(team *t, nas_err *err) {
    if (pipe(t->pipe) != 0) return nas_fail_errno(err, "cannot make a pipe");
    t->shared =
        mmap(NULL, sizeof *t->shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (t->shared == MAP_FAILED) {
        close(t->pipe[0]);
        close(t->pipe[1]);
        return nas_fail_errno(err, "cannot share memory with workers");
    }
    t->back.aside = &t->shared->aside;
    nas_status st = nas_turns_open(&t->worker.turns, err);
    if (st == NAS_OK) st = lead(t, err);
    if (st != NAS_OK) { /* nobody works on without a coordinator */
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
    return st;
}

static int32_t workers_wanted(const nas_run_options *o, const nas_space *s) {
    int64_t n = o->workers ? o->workers : nas_space_search(s)->workers;
    if (n <= 0) n = nas_cores();
    return n < 1 ? 1 : n > MAX_WORKERS ? MAX_WORKERS : (int32_t)n;
}

static int64_t trials_wanted(const nas_run_options *o, const nas_space *s) {
    if (o->trials >= 0) return o->trials;
    return nas_space_search(s)->trials > 0 ? nas_space_search(s)->trials : -1;
}

/* Another look, in a second, where only silence tells whether workers of another version live. */
static bool wait_for_silence(void *ctx) {
    team *t = ctx;
    if (!t->watch.unsure || asked_to_stop(t)) return false;
    nas_progress(&t->keep.log, "silence of other workers", (int64_t)t->watch.longest,
                 NAS_SILENCE_SECONDS);
    nas_clock_sleep(1);
    nas_watch_begin(&t->watch, nas_clock_wall());
    return true;
}

static nas_status open_study(team *t, const nas_space *s, int64_t trials, nas_arena *a,
                             nas_err *err) {
    const nas_store_place any = {.any_name = t->o->any_name};
    NAS_TRY(nas_store_open_at(t->o->db, NAS_STORE_CREATE, &any, &t->store, err));
    const nas_begin b = {
        .store = t->store,
        .db = t->o->db,
        .space = s,
        .data = t->worker.data,
        .kernel = nas_kernel_name(t->worker.kernel),
        .seed = t->worker.seed,
        .trials = trials,
        .log = &t->keep.log,
        .gone = is_gone,
        .wait = wait_for_silence,
        .gone_ctx = t,
    };
    nas_watch_begin(&t->watch, nas_clock_wall());
    NAS_TRY(nas_begin_study(&b, a, &t->worker.study, &t->state.bare, err));
    char *folder = t->worker.data->folder ? realpath(t->worker.data->folder, NULL) : NULL;
    const nas_status st = nas_store_put_data_folder(t->store, t->worker.study, folder, err);
    free(folder);
    NAS_TRY(st);
    NAS_TRY(nas_store_at_work(t->store, t->worker.study, true, err));
    t->worker.place = nas_store_place_of(t->store);
    nas_store_hold(t->store, &t->held);
    return NAS_OK;
}

/* The winner of the claim stands first, the other finalists behind it. */
static void put_first(nas_run_end *out) {
    int32_t at = 0;
    const int64_t row = out->promise.winner;
    while (at < out->finalists && out->finalist[at] != row) at++;
    if (at == out->finalists && at < NAS_FINALISTS) out->finalists++;
    if (at == NAS_FINALISTS) at--;
    const double wins = out->promise.wins[at];
    for (; at > 0; at--) {
        out->finalist[at] = out->finalist[at - 1];
        out->promise.wins[at] = out->promise.wins[at - 1];
    }
    out->finalist[0] = out->winner = row;
    out->promise.wins[0] = wins;
}

/* The finalists again from other seeds. Processes are forked, so the store is closed meanwhile. */
static nas_status confirm(team *t, const nas_space *s, const nas_run_end *out, nas_err *err) {
    const int32_t told = nas_space_search(s)->replicates;
    const nas_confirm c = {
        .worker = &t->worker,
        .workers = t->n,
        .replicates = told >= 0               ? told
                      : t->worker.data->folds ? 2
                                              : 0,
        .keep = &t->keep,
        .n = out->finalists,
        .rows = out->finalist,
    };
    if (!t->worker.data->n_marks) return NAS_OK;
    nas_store_close(t->store);
    t->store = NULL;
    t->worker.turns = NULL;
    const nas_status st = nas_confirm_run(&c, err);
    NAS_TRY(open_again(t, st == NAS_OK ? err : NULL));
    return st;
}

static bool is_finalist(const nas_run_end *out, int64_t row) {
    for (int32_t i = 0; i < out->finalists; i++)
        if (out->finalist[i] == row) return true;
    return false;
}

/* Who wins where the space prefers the smallest, measured as a finalist: new times may forbid it,
 * and then another one does. Once more for the finalists' shares of wins. */
static nas_status find_preferred(team *t, const nas_space *s, const nas_study *study,
                                 const nas_dataset *d, nas_run_end *out, nas_err *err) {
    const nas_promise *p = &out->promise;
    int64_t measured = 0;
    for (int pass = 0; pass < PASSES_MOST; pass++) {
        NAS_TRY(nas_promise_make(t->store, t->worker.study, study, s, d, t->worker.seed,
                                 out->finalist, out->finalists, &out->promise, err));
        if (!p->there || p->winner == out->finalist[0]) break;
        if (p->winner == measured || is_finalist(out, p->winner)) {
            put_first(out);
            continue;
        }
        measured = p->winner;
        NAS_TRY(nas_run_final(t->store, t->worker.study, out->state.done, measured, d,
                              t->worker.cache, &t->keep.log, err));
    }
    return NAS_OK;
}

/* What can be claimed of the winner. */
static nas_status promise(team *t, const nas_space *s, const nas_dataset *d, nas_run_end *out,
                          nas_err *err) {
    nas_arena *a = NULL;
    nas_study study;
    NAS_TRY(nas_arena_open(&a, err));
    nas_status st = nas_study_define(s, &d->fingerprint, t->worker.seed, -1, false, a, &study, err);
    if (st == NAS_OK && nas_space_search(s)->prefer)
        st = find_preferred(t, s, &study, d, out, err);
    else if (st == NAS_OK)
        st = nas_promise_make(t->store, t->worker.study, &study, s, d, t->worker.seed,
                              out->finalist, out->finalists, &out->promise, err);
    out->promise.there = out->promise.there && out->promise.winner == out->finalist[0];
    if (st == NAS_OK)
        st = nas_promise_keep(t->store, t->worker.study, &out->promise, study.confidence,
                              out->finalist, out->finalists, err);
    if (st == NAS_OK) st = confirm(t, s, out, err);
    nas_arena_close(a);
    return st;
}

/* Points that are forbidden, or the same candidate as another, are found out only when drawn. */
static void warn_if_fewer(team *t) {
    const nas_study_id study = t->worker.study;
    const nas_value id[2] = {{.type = NAS_COLUMN_INTEGER, .integer = study.study},
                             {.type = NAS_COLUMN_INTEGER, .integer = study.version}};
    int64_t exhausted = 0;
    char n[32], total[32];
    if (t->state.done >= t->state.total) return;
    (void)!nas_store_query_integer(
        t->store, "select exhausted from nas_spaces where study = ?1 and version = ?2", id, 2,
        &exhausted, NULL);
    if (!exhausted) return;
    nas_warn(&t->keep.log,
             "the space gives %s trials, not %s: no other point was found that is allowed and "
             "not the same candidate as an earlier one",
             nas_thousands(t->state.done, n), nas_thousands(t->state.total, total));
}

static nas_status run_study(team *t, const nas_space *s, const nas_dataset *d, nas_run_end *out,
                            nas_err *err) {
    NAS_TRY(nas_cache_trim(t->worker.cache, err));
    NAS_TRY(count(t, err));
    t->state.done_before = t->state.done;
    if (t->view->begin) t->view->begin(t->view->ctx, s, d, &t->state, t->worker.study.joined);
    nas_status st = run_team(t, err);
    if (!t->store && st != NAS_EMOVED) NAS_TRY(open_again(t, NULL));
    NAS_TRY(st);
    NAS_TRY(check_ours(t, err));
    NAS_TRY(count(t, err));
    out->state = t->state;
    out->study = t->worker.study;
    out->place = t->worker.place;
    out->stopped = asked_to_stop(t);
    if (out->stopped) return NAS_OK;
    st = nas_run_finals(t->store, t->worker.study, s, d, t->worker.cache, &t->keep.log, out, err);
    if (st == NAS_OK && !t->state.bare && d->n_marks)
        st = out->finalists ? promise(t, s, d, out, err)
                            : nas_store_put_claims(t->store, t->worker.study, NULL, 0, err);
    if (st == NAS_OK && !d->task->ops->evaluate)
        st = nas_store_end_finals(t->store, out->study, out->state.done, out->finalist,
                                  out->finalists, err);
    if (st == NAS_ESTOP) out->stopped = true;
    if (st != NAS_OK && st != NAS_ESTOP) return st;
    warn_if_fewer(t);
    warn_of_reader(t);
    keep_warnings(t);
    return nas_cache_trim(t->worker.cache, err);
}

/* How many trials there will be: those wanted, or all points where there are fewer; -1: no end. */
static int64_t total_of(const nas_space *s, int64_t wanted) {
    const int64_t allowed = nas_space_allowed(s);
    const int64_t points = allowed < 0 ? nas_space_points(s) : allowed;
    return wanted < 0 || (points >= 0 && points < wanted) ? points : wanted;
}

/* What became of a database that was removed or replaced. */
static nas_status tell_saved(team *t, const nas_cache *cache, nas_arena *a, nas_err *err) {
    nas_err why = {0};
    const char *saved = NULL;
    if (nas_held_save(&t->held, t->o->db, a, &saved, &why) == NAS_OK)
        return nas_fail_after(err, NAS_EMOVED,
                              " while this run wrote to it. All that it held, with what was "
                              "finished since, is in %s: the same command with --db %s --cache %s "
                              "goes on there",
                              saved, saved, cache->dir);
    return nas_fail_after(err, NAS_EMOVED, " while this run wrote to it. %s%s: %s",
                          saved ? "All that it held is not in order in " : "It is lost",
                          saved ? saved : "", why.text);
}

/* st: how the run ended. */
static nas_status leave_study(team *t, const nas_cache *cache, nas_arena *a, nas_status st,
                              nas_err *err) {
    nas_err why = {0};
    if (t->store && t->worker.study.version)
        (void)!nas_store_at_work(t->store, t->worker.study, false, NULL);
    /* Whatever the run ended with: that may be what came of it. */
    const bool open = t->store || t->fatal == NAS_EMOVED;
    const bool lost = t->held.fd[0] >= 0 && !nas_held_in_place(&t->held, t->o->db, open);
    if (lost && st != NAS_EMOVED) {
        if (!t->store || nas_store_still(t->store, &why) == NAS_OK)
            (void)nas_fail(&why, NAS_EMOVED, "%s was removed, moved or replaced by another process",
                           t->o->db);
        if (err) *err = why;
    }
    nas_store_close(t->store);
    if (lost) st = tell_saved(t, cache, a, err);
    nas_held_end(&t->held);
    return st;
}

static nas_status with_data(team *t, const nas_space *s, const nas_cache *cache, nas_arena *a,
                            nas_run_end *out, nas_err *err) {
    nas_dataset d;
    const bool had_cache = nas_path_exists(cache->dir);
    const int64_t trials = trials_wanted(t->o, s);
    t->worker.data = &d;
    t->state.total = total_of(s, trials);
    nas_keep_place(&t->keep, t->o->data, nas_space_task(s)->data ? nas_space_task(s)->data : "");
    nas_status st = nas_dataset_open(a, nas_space_task(s), t->o->data, t->o->allow_missing, cache,
                                     &t->keep.log, &d, err);
    const bool opened = st == NAS_OK;
    if (opened && d.task->ops->aims) d.task->ops->aims(&d, s, &t->keep.log);
    t->begun = nas_clock_wall();
    if (opened) st = open_study(t, s, trials, a, err);
    keep_warnings(t);
    /* Bad input leaves nothing behind. */
    if (is_refusal(st) && !had_cache) (void)!nas_dir_remove(cache->dir, NULL);
    if (st == NAS_OK) st = run_study(t, s, &d, out, err);
    keep_warnings(t);
    st = leave_study(t, cache, a, st, err);
    if (opened) nas_dataset_close(&d);
    return st;
}

static nas_status with_space(team *t, const nas_space *s, const nas_cache *cache, nas_run_end *out,
                             nas_err *err) {
    const nas_search_config *search = nas_space_search(s);
    NAS_TRY(nas_store_check_name(nas_space_name(s), err));
    NAS_TRY(nas_sampler_at(search->sampler)->check(s, trials_wanted(t->o, s), err));
    NAS_TRY(t->o->kernel ? nas_kernel_named("--kernel ", t->o->kernel, &t->worker.kernel, err)
                         : nas_kernel_choose(&t->worker.kernel, err));
    NAS_TRY(nas_store_check(t->o->db, err));
    if (!t->o->any_name) NAS_TRY(nas_store_check_names(t->o->db, err));
    t->worker.space = s;
    t->worker.no_share = t->o->no_share;
    t->worker.cache = cache;
    t->worker.seed = t->o->has_seed ? t->o->seed : search->seed;
    t->n = t->state.workers = workers_wanted(t->o, s);
    nas_arena *a = NULL;
    NAS_TRY(nas_arena_open(&a, err));
    nas_status st = nas_space_begins(s, a, &t->worker.begins, &t->worker.n_begins, err);
    if (st == NAS_OK) st = with_data(t, s, cache, a, out, err);
    nas_arena_close(a);
    return st;
}

static bool relay_stop(void *ctx) {
    return nas_should_stop(ctx);
}

nas_status nas_run(const nas_run_options *o, const nas_run_view *view, nas_run_end *out,
                   nas_err *err) {
    *out = (nas_run_end){0};
    union { /* the callback's context is not const */
        const nas_log *in;
        void *out;
    } log = {.in = view->log};
    team t = {
        .o = o,
        .view = view,
        .leader = getpid(),
        .held = NAS_HELD_NONE,
        .worker = {.db = o->db,
                   .retries = o->retries,
                   .limits = o->limits,
                   .event_fd = -1,
                   .stop = relay_stop,
                   .stop_ctx = log.out},
    };
    char beside[4096];
    snprintf(beside, sizeof beside, "%s.cache", o->db);
    const nas_cache cache = {.dir = o->cache ? o->cache : beside, .most = o->cache_bytes};
    NAS_TRY(nas_keep_open(&t.keep, view->log, o->db, err));
    if (nas_space_note(o->space)) nas_warn(&t.keep.log, "%s", nas_space_note(o->space));
    nas_watch_open(&t.watch, o->db);
    const nas_status st = with_space(&t, o->space, &cache, out, err);
    nas_watch_close(&t.watch); /* its stores are closed */
    nas_keep_close(&t.keep);
    return st;
}
