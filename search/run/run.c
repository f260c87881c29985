/* search/run/run.c - the coordinator of one `nas run`. */
#include "search/run/run.h"
#include "store/file.h"

#include "base/clock.h"
#include "base/cores.h"
#include "base/text/digits.h"
#include "search/cache/cache_bound.h"
#include "search/run/begin.h"
#include "search/run/confirm.h"
#include "search/run/crew.h"
#include "search/run/process.h"
#include "search/sampler/sampler.h"
#include "search/study/machines.h"
#include "search/study/study.h"
#include "search/task/task.h"
#include "store/read.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { PASSES_MOST = 32 };

static int32_t workers_wanted(const nas_run_options *o, const nas_space *s) {
    int64_t n = o->workers ? o->workers : nas_space_search(s)->workers;
    if (n <= 0) n = nas_cores();
    return n < 1 ? 1 : n > NAS_CREW_MOST ? NAS_CREW_MOST : (int32_t)n;
}

static int64_t trials_wanted(const nas_run_options *o, const nas_space *s) {
    if (o->trials >= 0) return o->trials;
    return nas_space_search(s)->trials > 0 ? nas_space_search(s)->trials : -1;
}

/* Another look, in a second, where only silence tells whether workers of another version live. */
static bool wait_for_silence(void *ctx) {
    nas_crew *t = ctx;
    if (!t->watch.unsure || nas_crew_should_stop(t)) return false;
    nas_progress(&t->keep.log, "silence of other workers", (int64_t)t->watch.longest,
                 NAS_SILENCE_SECONDS);
    nas_clock_sleep(1);
    nas_watch_begin(&t->watch, nas_clock_wall());
    return true;
}

static nas_status open_study(nas_crew *t, const nas_space *s, int64_t trials, nas_arena *a,
                             nas_err *err) {
    const nas_store_place any = {.any_name = t->o->any_name};
    NAS_TRY(nas_store_open_at(t->o->db, NAS_STORE_CREATE, &any, &t->store, err));
    nas_crew_be_patient(t);
    const nas_begin b = {
        .store = t->store,
        .db = t->o->db,
        .space = s,
        .data = t->worker.data,
        .kernel = nas_kernel_name(t->worker.kernel),
        .seed = t->worker.seed,
        .trials = trials,
        .log = &t->keep.log,
        .gone = nas_crew_is_gone,
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
static nas_status confirm(nas_crew *t, const nas_space *s, const nas_run_end *out, nas_err *err) {
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
    NAS_TRY(nas_crew_open_store(t, st == NAS_OK ? err : NULL));
    return st;
}

static bool is_finalist(const nas_run_end *out, int64_t row) {
    for (int32_t i = 0; i < out->finalists; i++)
        if (out->finalist[i] == row) return true;
    return false;
}

/* Who wins where the space prefers the smallest, measured as a finalist: new times may forbid it,
 * and then another one does. Once more for the finalists' shares of wins. */
static nas_status find_preferred(nas_crew *t, const nas_space *s, const nas_study *study,
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
        bool now;
        NAS_TRY(nas_run_final(t->store, t->worker.study, out->state.done, measured, d,
                              t->worker.cache, &t->keep.log, &now, err));
        out->measured += now;
    }
    return NAS_OK;
}

/* What can be claimed of the winner. */
static nas_status promise(nas_crew *t, const nas_space *s, const nas_dataset *d, nas_run_end *out,
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
static void warn_if_fewer(nas_crew *t) {
    bool exhausted = false;
    char n[32], total[32];
    if (t->state.done >= t->state.total) return;
    (void)!nas_store_is_exhausted(t->store, t->worker.study, &exhausted, NULL);
    if (!exhausted) return;
    nas_warn(&t->keep.log,
             "the space gives %s trials, not %s: no other point was found that is allowed and "
             "not the same candidate as an earlier one",
             nas_thousands(t->state.done, n), nas_thousands(t->state.total, total));
}

/* Where a time selects, and trials were measured on other machines too. here: finalists were
 * measured on this one. */
static nas_status warn_of_machines(nas_crew *t, const nas_space *s, const nas_dataset *d, bool here,
                                   nas_err *err) {
    char own[NAS_PROCESS_ID];
    nas_arena *a = NULL;
    nas_study study;
    const char *text = NULL;
    NAS_TRY(nas_arena_open(&a, err));
    nas_status st = nas_study_define(s, &d->fingerprint, t->worker.seed, -1, false, a, &study, err);
    nas_process_machine(nas_kernel_name(t->worker.kernel), own);
    if (st == NAS_OK)
        st = nas_machines_mixed(t->store, &study, NULL, 0, here ? own : NULL, a, &text, err);
    if (text) nas_warn(&t->keep.log, "%s", text);
    nas_arena_close(a);
    return st;
}

static nas_status run_study(nas_crew *t, const nas_space *s, const nas_dataset *d, nas_run_end *out,
                            nas_err *err) {
    NAS_TRY(nas_cache_trim(t->worker.cache, err));
    NAS_TRY(nas_crew_count(t, err));
    t->state.done_before = t->state.done;
    if (t->view->begin) t->view->begin(t->view->ctx, s, d, &t->state, t->worker.study.joined);
    nas_status st = nas_crew_run(t, err);
    if (!t->store && st != NAS_EMOVED) NAS_TRY(nas_crew_open_store(t, NULL));
    NAS_TRY(st);
    NAS_TRY(nas_crew_check_ours(t, err));
    NAS_TRY(nas_crew_count(t, err));
    out->state = t->state;
    out->study = t->worker.study;
    out->place = t->worker.place;
    out->stopped = nas_crew_should_stop(t);
    if (out->stopped) return warn_of_machines(t, s, d, false, err);
    st = nas_run_finals(t->store, t->worker.study, s, d, t->worker.cache, &t->keep.log, out, err);
    if (st == NAS_OK && !t->state.bare && d->n_marks)
        st = out->finalists ? promise(t, s, d, out, err)
                            : nas_store_put_claims(t->store, t->worker.study, NULL, 0, err);
    if (st == NAS_OK && !d->task->ops->evaluate)
        st = nas_store_end_finals(t->store, out->study, out->state.done, out->finalist,
                                  out->finalists, err);
    /* What is busy waits no longer than until the run is to stop. */
    if (st == NAS_EBUSY && nas_crew_should_stop(t)) st = NAS_ESTOP;
    if (st == NAS_ESTOP) out->stopped = true;
    if (st != NAS_OK && st != NAS_ESTOP) return st;
    NAS_TRY(warn_of_machines(t, s, d, out->measured > 0, err));
    warn_if_fewer(t);
    nas_crew_warn_of_reader(t);
    nas_crew_keep_warnings(t);
    return nas_cache_trim(t->worker.cache, err);
}

/* How many trials there will be: those wanted, or all points where there are fewer; -1: no end. */
static int64_t total_of(const nas_space *s, int64_t wanted) {
    const int64_t allowed = nas_space_allowed(s);
    const int64_t points = allowed < 0 ? nas_space_points(s) : allowed;
    return wanted < 0 || (points >= 0 && points < wanted) ? points : wanted;
}

/* What became of a database that was removed or replaced. */
static nas_status tell_saved(nas_crew *t, const nas_cache *cache, nas_arena *a, nas_err *err) {
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
static nas_status leave_study(nas_crew *t, const nas_cache *cache, nas_arena *a, nas_status st,
                              nas_err *err) {
    nas_err why = {0};
    t->patience.brief = nas_crew_should_stop(t);
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

static nas_status with_data(nas_crew *t, const nas_space *s, const nas_cache *cache, nas_arena *a,
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
    nas_crew_keep_warnings(t);
    /* Bad input leaves nothing behind. */
    if (nas_is_refusal(st) && !had_cache) (void)!nas_dir_remove(cache->dir, NULL);
    if (st == NAS_OK) st = run_study(t, s, &d, out, err);
    nas_crew_keep_warnings(t);
    st = leave_study(t, cache, a, st, err);
    if (opened) nas_dataset_close(&d);
    return st;
}

static nas_status with_space(nas_crew *t, const nas_space *s, const nas_cache *cache,
                             nas_run_end *out, nas_err *err) {
    const nas_search_config *search = nas_space_search(s);
    NAS_TRY(nas_store_check_name(nas_space_name(s), err));
    const nas_sampler *by = t->o->by ? t->o->by : nas_sampler_at(search->sampler);
    NAS_TRY(by->check(s, trials_wanted(t->o, s), err));
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
    nas_crew t = {
        .o = o,
        .view = view,
        .leader = getpid(),
        .held = NAS_HELD_NONE,
        .pipe = {-1, -1},
        .worker = {.db = o->db,
                   .retries = o->retries,
                   .limits = o->limits,
                   .event_fd = -1,
                   .stop = relay_stop,
                   .stop_ctx = log.out,
                   .stops = o->stops,
                   .stops_ctx = o->stops_ctx,
                   .by = o->by},
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
