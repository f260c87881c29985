/* search/run/worker.c - the loop of one worker process. */
#include "search/run/worker.h"

#include "base/clock.h"
#include "search/cache/cache_bound.h"
#include "search/run/passed.h"
#include "search/run/patience.h"
#include "search/run/picker.h"
#include "search/run/watch.h"
#include "search/study/study.h"
#include "search/task/task.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const double heartbeat_seconds = 5, nap_seconds = 0.05, common_seconds = 0.25;
static const double breath_seconds = 0.001; /* between two claims that walk: others may write */

typedef struct hands {
    const nas_worker *w;
    nas_store *store;
    nas_arena *arena; /* of the trial in hand */
    char id[NAS_PROCESS_ID], machine[NAS_PROCESS_ID];
    nas_life life; /* what shows others that this worker lives */
    nas_claim claim;
    nas_cache cache; /* the run's, with what the trial in hand needs */
    nas_cache_use use;
    nas_passed passed;
    nas_hash busy;    /* the stage that the trial in hand waits for */
    bool holds, lost; /* lost: the trial in hand was taken for dead, it is somebody else's now */
    bool late;        /* the trial in hand took longer than it may */
    bool large;       /* or more memory than it may, which was there */
    bool set_back;    /* the error is nobody's fault and may pass; row: of the trial that met it */
    int64_t row;
    double begun, beat;
    double waiting_since, waited; /* for others, or at work for all; 0: neither */
    double told;                  /* up to when the coordinator knows of work for all; 0: none */
    int32_t epochs;
    nas_patience patience; /* with those who hold the database */
    double held;           /* seconds that it waits for them with the trial in hand */
    nas_picker picker;
} hands;

static void tell(const hands *h, nas_event *e) {
    e->worker = h->w->index;
    e->number = h->claim.number;
    e->row = e->kind == NAS_EVENT_SETBACK ? h->row : h->claim.id;
    if (h->w->event_fd >= 0) (void)!write(h->w->event_fd, e, sizeof *e);
}

static void show_life(hands *h) {
    const double now = nas_clock_wall();
    if (!h->holds || h->lost || now - h->beat < heartbeat_seconds) return;
    h->beat = now;
    /* Only losing the trial matters: a database that is gone is met when the trial is stored. */
    h->patience.brief = true;
    h->lost = nas_store_heartbeat(h->store, h->w->study, &h->claim, h->id, NULL) == NAS_ELOST;
    h->patience.brief = false;
}

/* Piece by piece, so that the coordinator still ends a worker that hangs in it. */
static void tell_common(hands *h, double now) {
    tell(h, &(nas_event){.kind = NAS_EVENT_RESUMED, .seconds = now - h->told});
    h->told = now;
}

/* Asked at every step: also the place from which a worker shows that it lives. */
static bool stop_or_beat(void *ctx) {
    hands *h = ctx;
    const double most = h->w->limits.seconds, now = nas_clock_wall();
    const double idle = h->waited + (h->waiting_since > 0 ? now - h->waiting_since : 0);
    show_life(h);
    if (h->told > 0 && now - h->told > common_seconds) tell_common(h, now);
    h->late = h->holds && most > 0 && now - h->begun - idle > most;
    return h->lost || h->late || (h->w->stop && h->w->stop(h->w->stop_ctx));
}

/* While another process has the lock of what this trial needs, its time does not run. */
static bool wait_for_others(void *ctx, bool over) {
    hands *h = ctx;
    const double now = nas_clock_wall();
    if (!over && h->waiting_since <= 0) {
        h->waiting_since = now;
        tell(h, &(nas_event){.kind = NAS_EVENT_WAITING});
    }
    if (over && h->waiting_since > 0) {
        h->waited += now - h->waiting_since;
        tell(h, &(nas_event){.kind = NAS_EVENT_RESUMED, .seconds = now - h->waiting_since});
        h->waiting_since = 0;
    }
    return stop_or_beat(h);
}

/* The time of what all trials share is nobody's. */
static void work_for_all(void *ctx, bool over) {
    hands *h = ctx;
    const double now = nas_clock_wall();
    if (over) {
        h->waited += now - h->waiting_since;
        tell_common(h, now);
    }
    h->waiting_since = h->told = over ? 0 : now;
}

static void tell_epoch(void *ctx, const nas_epoch *epoch) {
    hands *h = ctx;
    nas_event e = {.kind = NAS_EVENT_EPOCH, .epoch = epoch->epoch, .epochs = h->epochs};
    e.metric[NAS_METRIC_SCORE] = epoch->val_accuracy;
    tell(h, &e);
}

static bool stops(void *ctx, const nas_epoch *epoch) {
    const hands *h = ctx;
    return h->w->stops(h->w->stops_ctx, h->claim.number, epoch);
}

static void pass_warning(void *ctx, const char *text) {
    nas_event e = {.kind = NAS_EVENT_WARNING};
    snprintf(e.text, sizeof e.text, "%s", text);
    tell(ctx, &e);
}

static void tell_start(const hands *h) {
    nas_event e = {.kind = NAS_EVENT_STARTED, .epochs = h->epochs};
    tell(h, &e);
}

static void tell_finish(const hands *h, const nas_result *r, const double *metric) {
    nas_event e = {.kind = NAS_EVENT_FINISHED, .seconds = r->seconds};
    e.state = r->state;
    snprintf(e.text, sizeof e.text, "%s", r->reason ? r->reason : "");
    for (int i = 0; i < NAS_METRICS_MOST; i++) e.metric[i] = metric ? metric[i] : NAN;
    tell(h, &e);
}

/* Who has it now may have stored its own result: this one is left out. */
static void tell_lost(hands *h) {
    nas_event e = {.kind = NAS_EVENT_WARNING};
    snprintf(e.text, sizeof e.text,
             "trial %" PRId64 " was taken from its worker, which seemed dead to another run: what "
             "it computed is left out, and the trial is done again",
             h->claim.number);
    tell(h, &e);
    /* Whatever became of it, this worker no longer is at it. */
    tell_finish(h, &(nas_result){.state = NAS_WAITING}, NULL);
}

static bool is_to_stop(void *ctx) {
    const hands *h = ctx;
    return h->w->stop && h->w->stop(h->w->stop_ctx);
}

static void tell_held(void *ctx, double seconds) {
    tell(ctx, &(nas_event){.kind = NAS_EVENT_HELD, .seconds = seconds});
}

/* The time of a trial whose result waits for the database does not run. */
static bool wait_for_store(void *ctx, double seconds) {
    hands *h = ctx;
    const double soon = 1;
    if (!h->patience.brief && h->holds && seconds > soon) {
        if (h->held <= 0) tell(h, &(nas_event){.kind = NAS_EVENT_WAITING});
        h->held = seconds;
    }
    return nas_patience_goes_on(&h->patience, seconds);
}

static void end_wait(hands *h) {
    if (h->held > 0) tell(h, &(nas_event){.kind = NAS_EVENT_RESUMED, .seconds = h->held});
    h->held = 0;
}

/* Is the database busy, and nothing else? Then nothing was written and nothing is lost: the same is
 * asked again, until the run is to stop. */
static bool is_only_busy(hands *h, nas_status st) {
    if (st != NAS_EBUSY || is_to_stop(h)) return false;
    nas_clock_sleep(nap_seconds);
    return true;
}

/* The run stops, and what is in hand cannot be stored; NAS_WAITING: nothing was trained. */
static nas_status leave_unstored(hands *h, nas_state state, nas_err *err) {
    nas_event e = {.kind = NAS_EVENT_WARNING};
    snprintf(e.text, sizeof e.text,
             "stopped while another process holds the database: what trial %" PRId64
             " came to is not stored; the same command does it again%s",
             h->claim.number, h->w->no_share ? "" : ", with the training that the cache has of it");
    if (state != NAS_WAITING) tell(h, &e);
    return nas_fail(err, NAS_ESTOP, "stopped");
}

static nas_status store_result(hands *h, nas_result *r, const double *metric, nas_err *err) {
    r->machine = h->machine;
    nas_status st;
    do st = nas_store_finish(h->store, h->w->study, &h->claim, h->id, r, err);
    while (is_only_busy(h, st));
    end_wait(h);
    if (st == NAS_EBUSY) return leave_unstored(h, r->state, err);
    if (st != NAS_ELOST) NAS_TRY(st);
    h->holds = h->lost = false;
    if (st == NAS_ELOST)
        tell_lost(h);
    else
        tell_finish(h, r, metric);
    return NAS_OK;
}

static nas_status store_outcome(hands *h, const nas_outcome *o, double wall, double cpu,
                                nas_err *err) {
    nas_value metrics[NAS_METRICS_MOST];
    nas_study_metrics(&h->w->data->task->metrics, o->metric, metrics);
    nas_epoch_row *epochs = nas_arena_array(h->arena, (size_t)o->n_epochs, sizeof *epochs, err);
    if (!epochs) return NAS_ENOMEM;
    for (int32_t i = 0; i < o->n_epochs; i++) {
        const nas_epoch *e = &o->epochs[i];
        epochs[i] =
            (nas_epoch_row){e->epoch, e->step, e->loss, e->val_loss, e->val_accuracy, e->seconds};
    }
    nas_stage_row stages[NAS_STAGES];
    for (int32_t i = 0; i < o->n_stages; i++) {
        const nas_stage_time *s = &o->stages[i];
        stages[i] = (nas_stage_row){s->name, s->key, s->reused, s->wall, s->cpu};
    }
    nas_step_row steps[NAS_STEPS];
    for (int32_t i = 0; i < o->n_steps; i++) {
        const nas_step_figures *s = &o->steps[i];
        steps[i] = (nas_step_row){s->name, s->score, s->tflite_bytes, s->zlib_bytes};
    }
    /* The document of a candidate without a net stands in its row. */
    const bool files = o->tflite.p && o->state == NAS_COMPLETE;
    const char *const *texts = h->w->data->task->ops->texts;
    nas_artefact artefacts[NAS_TEXTS + 2] = {{"model.tflite", o->tflite.p, o->tflite.n}};
    int32_t n_artefacts = 0;
    if (files) {
        n_artefacts = 1;
        for (int32_t i = 0; texts[i]; i++)
            artefacts[n_artefacts++] = (nas_artefact){texts[i], o->text[i], strlen(o->text[i])};
        artefacts[n_artefacts++] =
            (nas_artefact){"candidate.json", o->candidate_json, strlen(o->candidate_json)};
    }
    nas_result r = {
        .state = o->state,
        .reason = o->reason,
        .metrics = metrics,
        .seconds = wall,
        .cpu_seconds = cpu,
        .epochs_trained = o->epochs_trained,
        .epochs_saved = o->epochs_saved,
        .answers = o->answers,
        .n_epochs = o->n_epochs,
        .n_stages = o->n_stages,
        .n_steps = o->n_steps,
        .n_artefacts = n_artefacts,
        .epochs = epochs,
        .stages = stages,
        .steps = steps,
        .artefacts = artefacts,
    };
    return store_result(h, &r, o->metric, err);
}

/* The result that another version of the space has of this candidate. */
static nas_status take_over(hands *h, nas_err *err) {
    nas_status st;
    do st = nas_store_reuse(h->store, h->w->study, &h->claim, h->id, err);
    while (is_only_busy(h, st));
    if (st == NAS_ELOST) return NAS_OK; /* nothing was computed that could be lost */
    if (st == NAS_EBUSY) return leave_unstored(h, NAS_WAITING, err);
    NAS_TRY(st);
    double metric[NAS_METRICS_MOST];
    const double *stored;
    nas_state state;
    nas_study def; /* of this build */
    const nas_hash none = {{0}};
    NAS_TRY(nas_study_define(h->w->space, &none, 0, -1, true, h->arena, &def, err));
    NAS_TRY(nas_study_stored(h->store, &def, h->claim.id, &state, h->arena, &stored, err));
    for (int i = 0; i < NAS_METRICS_MOST; i++)
        metric[i] = i < def.n_metrics ? stored[i] : (double)NAN;
    const nas_result r = {.state = state, .reason = "reused: trained before the space changed"};
    tell_finish(h, &r, metric);
    return NAS_OK;
}

/* Not the trial's fault, as far as this worker can tell. */
static bool is_forgiven(const hands *h, nas_status st) {
    if (st == NAS_ENOMEM) return !h->large && !h->w->last;
    return st == NAS_ESTOP || nas_is_setback(st);
}

static nas_status store_failure(hands *h, nas_status why, const char *text, double wall,
                                double epochs, nas_err *err) {
    const bool again = is_forgiven(h, why) || h->claim.attempt <= h->w->retries;
    nas_result r = {.state = again ? NAS_WAITING : NAS_FAILED, .reason = text, .seconds = wall};
    r.epochs_trained = epochs;
    r.epochs_saved = NAN;
    if (why == NAS_ESHAPE) r.state = NAS_REJECTED;
    if (why == NAS_ESTOP) r.reason = NULL;
    if (why == NAS_ENOMEM && h->w->last && !h->large) r.state = NAS_FAILED;
    r.forgiven = is_forgiven(h, why);
    return store_result(h, &r, NULL, err);
}

static nas_status evaluate(hands *h, const char *json, nas_outcome *out, nas_err *err) {
    const nas_worker *w = h->w;
    nas_candidate c;
    nas_json *j = NULL;
    if (!json)
        return nas_fail(err, NAS_EFORMAT, "the database is damaged: the trial has no document");
    NAS_TRY(nas_json_parse(h->arena, "candidate", json, &j, err));
    nas_status st = nas_candidate_decode(h->arena, j, nas_json_root(j), w->data->outputs, &c, err);
    if (st == NAS_OK) {
        const nas_log log = {.ctx = h, .warn = pass_warning, .stop = stop_or_beat};
        const nas_evaluator e = {
            .data = w->data,
            .cache = &h->cache,
            .kernel = w->kernel,
            .seed = w->seed,
            .n_bounds = nas_space_constraints(w->space),
            .bounds = nas_space_constraints(w->space) ? nas_space_constraint(w->space, 0) : NULL,
            .no_share = w->no_share,
            .n_begins = w->n_begins,
            .begins = w->begins,
            .busy = &h->busy,
            .confidence = nas_space_search(w->space)->confidence,
            .log = &log,
            .on_epoch = tell_epoch,
            .stops = w->stops ? stops : NULL,
            .ctx = h,
        };
        h->epochs = c.train.epochs * (w->data->folds + 1);
        tell_start(h);
        st = nas_evaluate(&e, &c, h->arena, out, err);
    } else if (st == NAS_EINVAL) {
        st = NAS_ESHAPE; /* the space was checked: this point of it cannot be */
    }
    nas_json_close(j);
    return st;
}

/* Somebody else computes what this trial needs: it waits, and this worker takes another. */
static nas_status pass_over(hands *h, double epochs, nas_err *err) {
    nas_result r = {.state = NAS_WAITING, .forgiven = true};
    r.epochs_trained = epochs;
    r.epochs_saved = NAN;
    nas_passed_add(&h->passed, h->claim.id, &h->busy);
    return store_result(h, &r, NULL, err);
}

/* What went wrong because the trial may not take more. */
static void explain_limits(const hands *h, nas_status st, nas_err *why) {
    const nas_limits *l = &h->w->limits;
    if (st == NAS_EINVAL && h->late)
        (void)nas_fail(why, st, "took longer than %g seconds (--trial-seconds)", l->seconds);
    if (st == NAS_ENOMEM && h->large)
        (void)nas_fail_in(why, st, "needs more than %" PRId64 " bytes (--trial-bytes)", l->bytes);
    else if (st == NAS_ENOMEM && h->w->last)
        (void)nas_fail_in(why, st,
                          "needs more memory than there was, %d times with no other trial of the "
                          "run at work",
                          NAS_ALONE_TRIES);
}

static nas_status do_trial(hands *h, const char *json, nas_err *err) {
    const double wall = nas_clock_wall(), cpu = nas_clock_process();
    h->holds = true;
    h->lost = h->late = false;
    h->begun = h->beat = wall;
    h->waiting_since = h->waited = h->told = 0;
    nas_outcome out = {0};
    nas_err why = {0};
    nas_limits_memory(h->w->limits.bytes);
    nas_status st = evaluate(h, json, &out, &why);
    nas_limits_memory(0);
    const int64_t most = h->w->limits.bytes;
    h->large = st == NAS_ENOMEM && most > 0 && nas_limits_has(most);
    if (st == NAS_ESTOP && h->late) st = NAS_EINVAL;
    explain_limits(h, st, &why);
    const double took = nas_clock_wall() - wall;
    if (st == NAS_OK) return store_outcome(h, &out, took, nas_clock_process() - cpu, err);
    if (st == NAS_EBUSY) return pass_over(h, out.epochs_trained, err);
    const nas_status stored = store_failure(h, st, why.text, took, out.epochs_trained, err);
    if (!is_forgiven(h, st) || st == NAS_ESTOP || stored != NAS_OK) return stored;
    h->set_back = true;
    h->row = h->claim.id;
    return nas_fail(err, st, "%s", why.text);
}

/* The cache may have grown by a 64th of its bound before somebody looks. */
static nas_status tidy(hands *h, nas_err *err) {
    nas_cache_use_end(&h->use);
    if (!h->use.put || h->use.put < h->cache.most / 64) return NAS_OK;
    h->use.put = 0;
    const nas_status st = nas_cache_trim(&h->cache, err);
    h->set_back = nas_is_setback(st);
    return st;
}

static void leave_aside(hands *h) {
    const nas_aside *a = h->w->aside;
    nas_store_narrow(h->store, h->w->only, a ? a->row : NULL, a ? atomic_load(&a->n) : 0);
}

/* Trials that crash must be judged before there can be more of them. */
static bool is_aside_full(const nas_worker *w) {
    return w->aside && !w->only && atomic_load(&w->aside->n) == NAS_ASIDE_MOST;
}

static nas_status work(hands *h, nas_err *err) {
    while (!stop_or_beat(h)) {
        if (is_aside_full(h->w)) return NAS_OK;
        const nas_arena_mark mark = nas_arena_here(h->arena);
        nas_passed_look(&h->passed, h->w->cache);
        nas_store_pass_over(h->store, h->passed.rows, h->passed.n);
        leave_aside(h);
        if (h->passed.n == NAS_PASSED_MOST) {
            nas_clock_sleep(nap_seconds);
            continue;
        }
        const char *json = NULL;
        nas_claimed what;
        nas_status st;
        do
            st = nas_store_claim(h->store, h->w->study, h->id, nas_picker_pick, &h->picker,
                                 h->arena, &h->claim, &json, &what, err);
        while (is_only_busy(h, st));
        if (st == NAS_EBUSY) break;
        NAS_TRY(st);
        if (what == NAS_CLAIM_NONE_LEFT) return NAS_OK;
        if (what == NAS_CLAIM_WAIT)
            nas_clock_sleep(nap_seconds);
        else if (what == NAS_CLAIM_AGAIN)
            nas_clock_sleep(breath_seconds);
        else
            NAS_TRY(h->claim.reuse ? take_over(h, err) : do_trial(h, json, err));
        NAS_TRY(tidy(h, err));
        nas_arena_back(h->arena, mark);
    }
    return nas_fail(err, NAS_ESTOP, "stopped");
}

/* Before the first claim. Without the lock only its heartbeat tells that it lives. */
static void begin_life(hands *h) {
    nas_err why;
    h->life = nas_life_of(h->w->db);
    const bool locked = nas_life_show(&h->life, h->w->token, &why) == NAS_OK;
    nas_process_name(h->w->token, locked, h->id);
    if (locked) return;
    nas_event e = {.kind = NAS_EVENT_WARNING};
    snprintf(e.text, sizeof e.text,
             "%.900s: should this run be killed, others wait %d seconds for its trials", why.text,
             NAS_SILENCE_SECONDS);
    tell(h, &e);
}

static nas_status prepare(hands *h, nas_err *err) {
    NAS_TRY(nas_arena_open(&h->arena, err));
    h->patience =
        (nas_patience){.every = h->w->patience, .stop = is_to_stop, .tell = tell_held, .ctx = h};
    const nas_status st =
        nas_patience_open(&h->patience, h->w->db, NAS_STORE_WRITE, &h->w->place, &h->store, err);
    if (st == NAS_EBUSY) return nas_fail(err, NAS_ESTOP, "stopped");
    NAS_TRY(st);
    nas_store_set_wait(h->store, wait_for_store, h);
    nas_store_take_turns(h->store, h->w->turns);
    begin_life(h);
    h->picker = (nas_picker){.store = h->store,
                             .study = h->w->study,
                             .space = h->w->space,
                             .seed = h->w->seed,
                             .by = h->w->by,
                             .arena = h->arena};
    return nas_picker_open(&h->picker, err);
}

nas_status nas_worker_run(const nas_worker *w, nas_err *err) {
    hands h = {.w = w, .cache = *w->cache};
    h.cache.use = &h.use;
    h.cache.wait = wait_for_others;
    h.cache.common = work_for_all;
    h.cache.wait_ctx = &h;
    h.life = nas_life_of(w->db);
    nas_process_machine(nas_kernel_name(w->kernel), h.machine);
    nas_status st = prepare(&h, err);
    if (st == NAS_OK) st = work(&h, err);
    nas_cache_use_end(&h.use);
    nas_picker_close(&h.picker);
    nas_store_close(h.store);
    nas_life_close(&h.life); /* after the store: see there */
    nas_arena_close(h.arena);
    if (st == NAS_OK || st == NAS_ESTOP) return st;
    /* Memory may be there later; what else the database meets is not for another worker. */
    const bool passes = h.set_back || st == NAS_ENOMEM;
    nas_event e = {.kind = passes ? NAS_EVENT_SETBACK : NAS_EVENT_FATAL, .status = (int32_t)st};
    snprintf(e.text, sizeof e.text, "%.1000s", err ? err->text : nas_status_name(st));
    tell(&h, &e);
    return st;
}
