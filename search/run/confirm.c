/* search/run/confirm.c - replicates of finalists, a few processes side by side. */
#include "search/run/confirm.h"
#include "store/file.h"

#include "base/clock.h"
#include "base/team.h"
#include "search/cache/cache_bound.h"
#include "search/run/patience.h"
#include "search/task/task.h"

#include <errno.h>
#include <math.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

enum { MOST_JOBS = 64, MOST_PROCESSES = 16 };
enum { DONE, FAILED, ASKED }; /* how a process ends; FAILED: it said why */

typedef struct job {
    int64_t row;
    int32_t replicate;
} job;

typedef struct jobs {
    job v[MOST_JOBS];
    int32_t n;
} jobs;

typedef struct there {
    bool detailed; /* the trial's own answers have classes */
    uint32_t replicates;
} there;

static bool note_there(void *ctx, int64_t row, int64_t number, const nas_answers *a) {
    there *t = ctx;
    (void)row;
    (void)number;
    if (a->replicate == 0) t->detailed = a->predicted || a->error;
    if (a->replicate > 0 && a->replicate < 32) t->replicates |= 1u << a->replicate;
    return true;
}

/* A store of this process and how it waits. */
typedef struct store_here {
    const nas_confirm *c;
    nas_patience patience;
    nas_store *store;
} store_here;

static bool is_to_stop(void *ctx) {
    const store_here *h = ctx;
    return nas_should_stop(&h->c->keep->log);
}

static void tell_held(void *ctx, double seconds) {
    const store_here *h = ctx;
    nas_patience_warn(&h->c->keep->log, h->c->worker->db, seconds);
}

static nas_status open_store(const nas_confirm *c, store_here *h, nas_err *err) {
    *h = (store_here){.c = c};
    h->patience = (nas_patience){
        .every = c->worker->patience, .stop = is_to_stop, .tell = tell_held, .ctx = h};
    return nas_patience_open(&h->patience, c->worker->db, NAS_STORE_WRITE, &c->worker->place,
                             &h->store, err);
}

static nas_status list_jobs(const nas_confirm *c, jobs *out, nas_err *err) {
    store_here h;
    NAS_TRY(open_store(c, &h, err));
    nas_status st = NAS_OK;
    /* Details take the files of the folds, and a byte for a class. */
    const bool details = !c->worker->no_share && c->worker->data->outputs <= UINT8_MAX;
    const int32_t first = details ? 0 : 1;
    out->n = 0;
    for (int32_t i = 0; st == NAS_OK && i < c->n; i++) {
        there t = {0};
        st = nas_store_answers(h.store, c->worker->study, c->rows[i], "validation", note_there, &t,
                               err);
        for (int32_t k = first; k <= c->replicates && out->n < MOST_JOBS; k++)
            if (k ? !(t.replicates >> k & 1) : !t.detailed) out->v[out->n++] = (job){c->rows[i], k};
    }
    nas_store_close(h.store);
    return st;
}

nas_status nas_confirm_judge(const nas_evaluator *base, const nas_candidate *c, int32_t replicate,
                             nas_arena *a, nas_answers *out, nas_err *err) {
    nas_marks *marks;
    nas_outcome o = {.state = NAS_COMPLETE};
    nas_evaluator e = *base;
    double steps[NAS_STEPS];
    const nas_task_ops *ops = e.data->task->ops;
    e.replicate = (uint32_t)replicate;
    for (int i = 0; i < NAS_METRICS_MOST; i++) o.metric[i] = (double)NAN;
    NAS_TRY(nas_marks_open(e.data, true, a, &marks, err));
    NAS_TRY(nas_folds_stage(&e, c, a, marks, &o, steps, err));
    NAS_TRY(ops->answers(e.data, marks, NAS_VALIDATION, a, out, err));
    out->replicate = replicate;
    out->score = o.metric[NAS_METRIC_SCORE];
    if (o.state == NAS_COMPLETE) return NAS_OK;
    *out = (nas_answers){.part = out->part, .replicate = replicate, .score = (double)NAN};
    return NAS_OK;
}

/* The cache stays within its bound, as between two trials. */
static nas_status judge(const nas_confirm *c, const nas_candidate *candidate, int32_t replicate,
                        nas_arena *a, nas_answers *out, nas_err *err) {
    const nas_worker *w = c->worker;
    nas_cache_use use = {0};
    nas_cache cache = *w->cache;
    cache.use = &use;
    const nas_evaluator e = {
        .data = w->data,
        .cache = &cache,
        .kernel = w->kernel,
        .seed = w->seed,
        .no_share = w->no_share,
        .n_begins = w->n_begins,
        .begins = w->begins,
        .log = &c->keep->log,
    };
    const nas_status st = nas_confirm_judge(&e, candidate, replicate, a, out, err);
    nas_cache_use_end(&use);
    NAS_TRY(st);
    return use.put ? nas_cache_trim(&cache, err) : NAS_OK;
}

typedef struct sameness {
    const nas_answers *now;
    bool yes;
} sameness;

static bool compare_right(void *ctx, int64_t row, int64_t number, const nas_answers *a) {
    sameness *s = ctx;
    (void)row;
    (void)number;
    s->yes = a->right && s->now->right && a->examples == s->now->examples &&
             memcmp(a->right, s->now->right, ((size_t)a->examples + 7) / 8) == 0;
    return false; /* the first is the trial's own */
}

/* Details of other answers than those that decided would not be the trial's: another processor may
 * have trained it. */
static nas_status put_answers(nas_store *store, nas_study_id study, const job *j,
                              const nas_answers *a, nas_err *err) {
    sameness s = {.now = a};
    if (j->replicate == 0)
        NAS_TRY(nas_store_answers(store, study, j->row, a->part, compare_right, &s, err));
    if (j->replicate == 0 && !s.yes) return NAS_OK;
    return nas_store_put_answers(store, study, j->row, a, err);
}

static nas_status do_job(const nas_confirm *c, nas_store *store, const job *j, nas_arena *a,
                         nas_err *err) {
    const nas_study_id study = c->worker->study;
    nas_candidate candidate;
    nas_answers answers = {0};
    const char *text;
    nas_json *json = NULL;
    NAS_TRY(nas_store_document(store, study, j->row, a, &text, err));
    NAS_TRY(nas_json_parse(a, "candidate", text, &json, err));
    nas_status st = nas_candidate_decode(a, json, nas_json_root(json), c->worker->data->outputs,
                                         &candidate, err);
    nas_json_close(json);
    if (st == NAS_OK) st = judge(c, &candidate, j->replicate, a, &answers, err);
    if (st == NAS_OK) st = put_answers(store, study, j, &answers, err);
    return st;
}

/* Every `step`th job; what fails but for a stop is told, and the others go on. */
static nas_status do_jobs(const nas_confirm *c, const jobs *all, int32_t first, int32_t step,
                          nas_err *err) {
    store_here h;
    nas_arena *a = NULL;
    NAS_TRY(open_store(c, &h, err));
    nas_store_take_turns(h.store, c->worker->turns);
    nas_status st = nas_arena_open(&a, err);
    for (int32_t i = first; st == NAS_OK && i < all->n; i += step) {
        const nas_arena_mark mark = nas_arena_here(a);
        nas_err why = {0};
        st = do_job(c, h.store, &all->v[i], a, &why);
        nas_arena_back(a, mark);
        if (st == NAS_OK || st == NAS_ESTOP) continue;
        nas_warn(&c->keep->log, "a finalist was not trained again (seed %d of it): %s",
                 all->v[i].replicate, why.text);
        st = NAS_OK;
    }
    nas_arena_close(a);
    nas_store_close(h.store);
    return st;
}

/* What a process of its own was told. */
static void keep_warnings(const nas_confirm *c) {
    store_here h;
    if (open_store(c, &h, NULL) == NAS_OK)
        (void)!nas_keep_put(c->keep, h.store, c->worker->study, NULL);
    nas_store_close(h.store);
}

static void be_process(const nas_confirm *c, const jobs *all, int32_t first, int32_t step,
                       pid_t leader) {
    nas_err err = {0};
    c->keep->log.progress = NULL; /* of this process alone */
    (void)prctl(PR_SET_PDEATHSIG, SIGKILL);
    if (getppid() != leader) _exit(1); /* it died before the line above */
    const nas_status st = do_jobs(c, all, first, step, &err);
    if (st != NAS_OK && st != NAS_ESTOP)
        nas_warn(&c->keep->log, "finalists were not trained again: %s", err.text);
    keep_warnings(c);
    _exit(st == NAS_OK ? DONE : st == NAS_ESTOP ? ASKED : FAILED);
}

/* What a process could not tell itself. */
static void tell_end(const nas_confirm *c, int status) {
    if (WIFSIGNALED(status))
        nas_warn(&c->keep->log,
                 "a process that trained finalists again was ended by signal %d (%s): the same "
                 "command trains what is missing",
                 WTERMSIG(status), strsignal(WTERMSIG(status)));
    if (WIFEXITED(status) && WEXITSTATUS(status) == ASKED && !nas_should_stop(&c->keep->log))
        nas_warn(&c->keep->log,
                 "a process that trained finalists again was asked to end by another process: the "
                 "same command trains what is missing");
}

static void wait_all(const nas_confirm *c, pid_t *pid, int32_t n) {
    const double nap = 0.05;
    bool told = false;
    for (int32_t left = n; left > 0;) {
        int status;
        const pid_t ended = waitpid(-1, &status, WNOHANG);
        for (int32_t i = 0; ended > 0 && i < n; i++) {
            if (pid[i] != ended) continue;
            left--;
            pid[i] = 0; /* another process may get it */
            tell_end(c, status);
        }
        if (ended < 0 && errno != EINTR) return;
        if (!told && nas_should_stop(&c->keep->log)) {
            for (int32_t i = 0; i < n; i++)
                if (pid[i] > 0) (void)kill(pid[i], SIGTERM);
            told = true;
        }
        /* One that was stopped hears of it only when it goes on. */
        for (int32_t i = 0; told && i < n; i++)
            if (pid[i] > 0) (void)kill(pid[i], SIGCONT);
        nas_progress(&c->keep->log, "finalists again", n - left, n);
        if (ended <= 0) nas_clock_sleep(nap);
    }
}

nas_status nas_confirm_run(const nas_confirm *c, nas_err *err) {
    jobs all;
    pid_t pid[MOST_PROCESSES];
    int32_t n = c->workers < MOST_PROCESSES ? c->workers : MOST_PROCESSES, begun = 0;
    NAS_TRY(list_jobs(c, &all, err));
    if (n > all.n) n = all.n;
    nas_team_end();
    const pid_t leader = getpid();
    for (; begun < n; begun++) {
        pid[begun] = fork();
        if (pid[begun] == 0) be_process(c, &all, begun, n, leader);
        if (pid[begun] < 0) break;
    }
    nas_status st = begun < n ? nas_fail_errno(err, "cannot start a process") : NAS_OK;
    wait_all(c, pid, begun);
    return st == NAS_OK && nas_should_stop(&c->keep->log) ? nas_fail(err, NAS_ESTOP, "stopped")
                                                          : st;
}
