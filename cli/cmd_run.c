/* cli/cmd_run.c - nas run: search a space. */
#include "cli/data.h"
#include "cli/text/report.h"
#include "cli/text/winner.h"
#include "search/run/run.h"
#include "search/task/task.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    DB,
    WORKERS,
    TRIALS,
    DATA,
    SEED,
    SET,
    CACHE,
    CACHE_BYTES,
    NO_SHARE,
    TRIAL_SECONDS,
    TRIAL_BYTES,
    RETRIES,
    OUT,
    MISSING,
    ONE_NAME,
    KERNEL,
    REPLACE,
    QUIET
};

/* What a worker is at, for the live view. */
typedef struct worker_line {
    bool busy;
    int64_t number;
    int32_t epoch, epochs;
    double accuracy;
} worker_line;

enum { LIVE_WORKERS = 16 }; /* more than that are not shown each */

typedef struct screen {
    bool quiet;
    const char *name;
    const nas_space *space;
    nas_arena *arena;
    nas_study study;
    char best[160];
    worker_line worker[LIVE_WORKERS];
} screen;

static int add_metric(const nas_metric_list *list, const char *name, int n,
                      int out[NAS_METRICS_MOST]) {
    const int m = nas_metric_in(list, name);
    for (int i = 0; i < n; i++)
        if (out[i] == m) return n;
    if (m >= 0) out[n++] = m;
    return n;
}

/* The metrics that decide: the objective's, then those of the constraints, each once, and the ends
 * of intervals that these are tested against. */
static int deciding(const screen *v, int out[NAS_METRICS_MOST]) {
    const nas_metric_list *list = &nas_space_task(v->space)->metrics;
    int n = 0;
    for (int32_t i = 0; i < nas_space_objectives(v->space); i++)
        n = add_metric(list, nas_space_objective(v->space, i)->metric, n, out);
    for (int32_t i = 0; i < nas_space_constraints(v->space); i++) {
        n = add_metric(list, nas_space_constraint(v->space, i)->metric, n, out);
        n = add_metric(list, v->study.bounds[i].column, n, out);
    }
    return n;
}

static int width_of(const nas_space *s, int metric) {
    const int n = (int)strlen(nas_space_task(s)->metrics.v[metric].name);
    return n > 10 ? n : 10;
}

static void use_bare_figures(screen *v) {
    const nas_hash none = {{0}};
    (void)!nas_study_define(v->space, &none, 0, -1, true, v->arena, &v->study, NULL);
}

static void begin(void *ctx, const nas_space *s, const nas_dataset *d, const nas_run_state *state,
                  bool joined) {
    screen *v = ctx;
    if (state->bare) use_bare_figures(v);
    if (v->quiet) return;
    char a[32], data[512] = "";
    d->task->ops->describe(d, data, sizeof data);
    printf("%s: %s\n", nas_space_name(s), data);
    const int64_t points = nas_space_points(s);
    if (points < 0)
        printf("space: %d parameters, points without end", nas_space_params(s));
    else
        printf("space: %d parameters, %s points", nas_space_params(s), nas_thousands(points, a));
    const int64_t allowed = nas_space_allowed(s);
    if (allowed >= 0 && allowed < points)
        printf(", %s of them forbidden", nas_thousands(points - allowed, a));
    fputs("; ", stdout);
    if (state->total >= 0)
        printf("%s trial%s, ", nas_thousands(state->total, a), state->total == 1 ? "" : "s");
    printf("%d worker%s\n", state->workers, state->workers == 1 ? "" : "s");
    if (joined && state->done) printf("going on: %s done already\n", nas_thousands(state->done, a));
    int metric[NAS_METRICS_MOST];
    const int n = deciding(v, metric);
    char *line = NULL;
    size_t n_line = 0;
    FILE *f = open_memstream(&line, &n_line);
    if (!f) return;
    fprintf(f, "%6s  %-8s", "trial", "state");
    for (int i = 0; i < n; i++)
        fprintf(f, "  %*s", width_of(s, metric[i]), nas_space_task(s)->metrics.v[metric[i]].name);
    fprintf(f, "  %9s  settings", "time");
    putchar('\n');
    if (fclose(f) == 0) cli_print_line(line);
    free(line);
}

static void remember_best(screen *v, nas_store *store) {
    const nas_trials_ask ask = {.among = NAS_AMONG_BEST};
    cli_trial *t = cli_trial_find(store, &v->study, &ask, NULL);
    if (!t) return;
    const char *goal = v->study.goals[0].column;
    const char *bytes = cli_trial_get(t, "zlib_bytes");
    snprintf(v->best, sizeof v->best, "best #%s %s %s%s%s%s", cli_trial_get(t, "number"), goal,
             cli_trial_get(t, goal), *bytes ? ", " : "", bytes, *bytes ? " bytes" : "");
    cli_trial_close(t);
}

static void settings_of(const screen *v, int64_t number, nas_store *store, char *out, size_t n) {
    cli_trial *t = cli_trial_numbered(store, &v->study, number, NULL);
    out[0] = '\0';
    if (t) cli_trial_settings(t, &v->study, out, n);
    cli_trial_close(t);
}

static void print_finished(const screen *v, const nas_event *e, nas_store *store) {
    char settings[512], took[32], figure[32], *line = NULL;
    size_t n_line = 0;
    int metric[NAS_METRICS_MOST];
    FILE *f = open_memstream(&line, &n_line);
    if (!f) return;
    settings_of(v, e->number, store, settings, sizeof settings);
    fprintf(f, "%6" PRId64 "  %-8s", e->number, nas_state_text(e->state));
    const int n = deciding(v, metric);
    for (int i = 0; i < n; i++)
        fprintf(f, "  %*s", width_of(v->space, metric[i]),
                cli_metric(&nas_space_task(v->space)->metrics.v[metric[i]], e->metric[metric[i]],
                           figure));
    fprintf(f, "  %9s  %s", cli_duration(e->seconds, took), settings);
    if (fclose(f) == 0) cli_print_line(line);
    free(line);
    if (!e->text[0]) return;
    fputs("        ", stdout);
    cli_print_visible(stdout, e->text, false);
    putchar('\n');
    fflush(stdout);
}

static void note_worker(screen *v, const nas_event *e) {
    if (e->worker < 0 || e->worker >= LIVE_WORKERS) return;
    worker_line *w = &v->worker[e->worker];
    if (e->kind == NAS_EVENT_STARTED)
        *w = (worker_line){.busy = true, .number = e->number, .epochs = e->epochs};
    else if (e->kind == NAS_EVENT_EPOCH)
        *w = (worker_line){true, e->number, e->epoch, e->epochs, e->metric[NAS_METRIC_SCORE]};
    else
        w->busy = false;
}

static void event(void *ctx, const nas_event *e, const nas_run_state *state, nas_store *store) {
    screen *v = ctx;
    (void)state;
    note_worker(v, e);
    if (e->kind != NAS_EVENT_FINISHED || v->quiet) return;
    if (e->state == NAS_WAITING && !e->text[0]) return; /* given back by a stop */
    print_finished(v, e, store);
    remember_best(v, store);
}

static size_t describe_workers(const screen *v, int32_t workers, char *out, size_t n) {
    size_t used = 0;
    for (int32_t i = 0; i < workers && i < LIVE_WORKERS && used < n; i++) {
        const worker_line *w = &v->worker[i];
        char epoch[96] = "", figure[32] = "";
        if (!w->busy) continue;
        if (!isnan(w->accuracy)) snprintf(figure, sizeof figure, "%.4f", w->accuracy);
        if (w->epoch)
            snprintf(epoch, sizeof epoch, " epoch %d of %d%s%s", w->epoch, w->epochs,
                     isnan(w->accuracy) ? "" : ", score ", figure);
        const int put = snprintf(out + used, n - used, "worker %d: trial %" PRId64 "%s\n", i + 1,
                                 w->number, epoch);
        used += put > 0 ? (size_t)put : 0;
    }
    return used < n ? used : n - 1;
}

static void tick(void *ctx, const nas_run_state *s) {
    const screen *v = ctx;
    if (v->quiet) return;
    char text[4096], left[32], done[32], total[32], time_left[64] = "";
    const int64_t now = s->done - s->done_before;
    if (now > 0 && s->total > s->done)
        snprintf(time_left, sizeof time_left, ", about %s to go",
                 cli_duration(s->seconds / (double)now * (double)(s->total - s->done), left));
    const size_t used = describe_workers(v, s->workers, text, sizeof text);
    snprintf(text + used, sizeof text - used, "%s done, %" PRId64 " running, %s left%s%s%s",
             nas_thousands(s->done, done), s->running,
             s->total < 0 ? "?" : nas_thousands(s->total - s->done - s->running, total), time_left,
             v->best[0] ? " · " : "", v->best);
    cli_status_line(text);
}

static void print_failed(const screen *v, const nas_run_state *state, const char *db) {
    char n[32];
    if (state->failed)
        printf("failed\n  %s trial%s: nas sql %s \"select number, reason from %s where state = "
               "'failed'\"\n",
               nas_thousands(state->failed, n), state->failed == 1 ? "" : "s", db, v->name);
}

/* What sharing saved, over the whole study. */
static void print_epochs(const screen *v, nas_store *store) {
    char trained[32], saved[32];
    double did, had;
    if (nas_store_epochs_spent(store, &v->study, &did, &had, NULL) != NAS_OK) return;
    if (did + had > 0)
        printf("epochs\n  %s trained, %s saved by sharing\n", nas_thousands(llround(did), trained),
               nas_thousands(llround(had), saved));
}

static int show_front(const screen *v, nas_store *store, const char *db, nas_err *err) {
    int64_t n;
    puts("\nthe Pareto front, best by the first objective on top:");
    if (cli_print_front(store, &v->study, true, INT64_MAX, &n, err) != NAS_OK) return cli_fail(err);
    printf("files of one of them: nas export %s --trial N -o DIR\n"
           "also trials that miss a constraint: nas top %s --pareto\n",
           db, db);
    return CLI_OK;
}

static int finish(const screen *v, const nas_run_end *end, const cli_winner *w, nas_err *err) {
    nas_store *store = NULL;
    if (nas_store_open_at(w->db, NAS_STORE_READ, &end->place, &store, err) != NAS_OK) {
        (void)cli_fail(err);
        return CLI_FAILED; /* much was touched */
    }
    int st = CLI_OK;
    if (end->front > 0) {
        st = show_front(v, store, w->db, err);
    } else if (!end->has_winner) {
        cli_print_misses(store, &v->study, &end->state);
        const nas_task *task = nas_space_task(v->space);
        if (task->ops->counts)
            cli_print_settling(store, &v->study, end->study);
        else
            cli_print_settling_days(store, &v->study, &task->metrics, end->study);
        cli_warn_of_old(w->folder);
        st = CLI_NONE;
    } else if (cli_winner_put(w, store, end->study, end->winner, err) != NAS_OK) {
        st = cli_fail(err);
    }
    if (st == CLI_OK || st == CLI_NONE) print_epochs(v, store);
    print_failed(v, &end->state, w->db);
    nas_store_close(store);
    return st;
}

static bool read_options(const cli_args *args, nas_run_options *o) {
    int64_t v;
    o->trials = -1;
    o->retries = 1;
    o->data = args->option[DATA];
    o->cache = args->option[CACHE];
    o->kernel = args->option[KERNEL];
    if (args->option[WORKERS]) {
        if (!cli_number("--workers", args->option[WORKERS], 1, 256, &v)) return false;
        o->workers = (int32_t)v;
    }
    if (args->option[TRIALS] &&
        !cli_number("--trials", args->option[TRIALS], 1, 1000000000, &o->trials))
        return false;
    if (args->option[SEED]) {
        if (!cli_number("--seed", args->option[SEED], 0, NAS_SEED_MOST, &v)) return false;
        o->seed = (uint64_t)v;
        o->has_seed = true;
    }
    if (args->option[CACHE_BYTES] && !cli_number("--cache-bytes", args->option[CACHE_BYTES], 1,
                                                 INT64_C(1) << 60, &o->cache_bytes))
        return false;
    if (args->option[TRIAL_SECONDS]) {
        if (!cli_number("--trial-seconds", args->option[TRIAL_SECONDS], 1, 100000000, &v))
            return false;
        o->limits.seconds = (double)v;
    }
    if (args->option[TRIAL_BYTES] && !cli_number("--trial-bytes", args->option[TRIAL_BYTES], 1,
                                                 INT64_C(1) << 50, &o->limits.bytes))
        return false;
    o->no_share = args->option[NO_SHARE] != NULL;
    o->any_name = args->option[ONE_NAME] != NULL;
    o->allow_missing = args->option[MISSING] != NULL;
    if (args->option[RETRIES]) {
        if (!cli_number("--retries", args->option[RETRIES], 0, 100, &v)) return false;
        o->retries = (int32_t)v;
    }
    return true;
}

static int search(const nas_space *s, nas_run_options *o, const char *folder, bool replace,
                  bool quiet, nas_err *err) {
    nas_arena *a = NULL;
    if (nas_arena_open(&a, err) != NAS_OK) return cli_fail(err);
    screen v = {.quiet = quiet, .name = nas_space_name(s), .space = s};
    const nas_hash none = {{0}};
    v.arena = a;
    nas_status st = nas_study_define(s, &none, 0, -1, false, a, &v.study, err);
    const nas_run_view view = {
        .ctx = &v, .begin = begin, .event = event, .tick = tick, .log = cli_log(quiet)};
    nas_run_end end;
    if (st == NAS_OK) st = nas_run(o, &view, &end, err);
    cli_clear_line();
    int status;
    if (st != NAS_OK) {
        cli_data_hint(o->data ? o->data : nas_space_task(s)->data, err);
        status = cli_fail(err);
    } else if (end.stopped) {
        char n[32];
        printf("\nstopped; %s trials are stored. The same command goes on from here.\n",
               nas_thousands(end.state.done, n));
        status = ferror(stdout) ? CLI_FAILED : CLI_STOPPED;
    } else {
        const cli_winner w = {.space = s,
                              .study = &v.study,
                              .db = o->db,
                              .folder = folder,
                              .replace = replace,
                              .log = view.log};
        status = finish(&v, &end, &w, err);
    }
    nas_arena_close(a);
    return status;
}

static int run(const cli_args *args) {
    nas_err err = {0};
    nas_run_options o = {0};
    if (!read_options(args, &o)) return CLI_BAD;
    nas_space *s = NULL;
    if (nas_space_open_with(args->word[0], args->option[SET], &s, &err) != NAS_OK)
        return cli_fail(&err);
    char db[256], folder[256];
    snprintf(db, sizeof db, "%.200s.db", nas_space_name(s));
    snprintf(folder, sizeof folder, "./%.200s_best", nas_space_name(s));
    o.space = s;
    o.db = args->option[DB] ? args->option[DB] : db;
    const char *out = args->option[OUT] ? args->option[OUT] : folder;
    int st = CLI_BAD;
    const bool replace = args->option[REPLACE] != NULL, quiet = args->option[QUIET] != NULL;
    if (cli_folder_fits("--out", out)) st = search(s, &o, out, replace, quiet, &err);
    nas_space_close(s);
    return st;
}

const cli_command cli_run = {
    .name = "run",
    .words = "SPACE",
    .least = 1,
    .most = 1,
    .summary = "Search a space: train, compress and measure its candidates, export the winner",
    .options =
        {
            [DB] = {"--db", "FILE", "database of the study (default: <name>.db)"},
            [WORKERS] =
                {"--workers", "N",
                 "processes that train, one thread each while all have trials (default: as the "
                 "space says, else one for each core)"},
            [TRIALS] = {"--trials", "N", "trials in total, instead of the space's"},
            [DATA] = {"--data", "PATH", "folder of clips or CSV file, instead of the space's"},
            [SEED] = {"--seed", "N", "seed of the study, instead of the space's"},
            [SET] = {"--set", "JSON", "object that is merged into the space file (RFC 7396)"},
            [CACHE] = {"--cache", "DIR", "what stages leave on disk (default: <db>.cache)"},
            [CACHE_BYTES] =
                {"--cache-bytes", "N",
                 "bound of the cache in bytes: the files used longest ago go (default: none)"},
            [NO_SHARE] = {"--no-share", NULL,
                          "trains each trial from its first step, and shares no checkpoint"},
            [TRIAL_SECONDS] = {"--trial-seconds", "N",
                               "a trial that takes longer fails (default: no bound)"},
            [TRIAL_BYTES] = {"--trial-bytes", "N",
                             "a trial that needs more memory fails (default: no bound)"},
            [RETRIES] =
                {"--retries", "N",
                 "how often a trial is tried again after an error of its own, or over a bound "
                 "(default: 1)"},
            [OUT] = {"--out", "DIR", "where the winner goes (default: ./<name>_best)"},
            [MISSING] = {"--allow-missing", NULL,
                         "goes on without clips that are listed but absent, or that "
                         "cannot be read"},
            [ONE_NAME] = CLI_ONE_NAME,
            [KERNEL] =
                {"--kernel", "NAME",
                 "kernel variant that trains (reference, generic, avx2, avx512); a study keeps "
                 "the one it began with (default: the best of this processor)"},
            [REPLACE] = {"--replace", NULL,
                         "the winner's files replace those of an earlier winner also where that "
                         "was better"},
            [QUIET] = {"--quiet", NULL, "only the winner, warnings and errors"},
        },
    .text = "The same command again goes on where it stopped. Ctrl-C and kill -9 lose no finished\n"
            "trial. With several objectives there is no one winner: the front is listed, and `nas\n"
            "export` writes the files of the trial that you pick.\n\n"
            "A worker may end through no fault of its trial: a kill, too little memory, a full\n"
            "disk. The trial then waits, and this attempt is not counted. A new worker takes the\n"
            "place of the old one, after pauses that grow to seconds. The run ends with status 1\n"
            "where this does not help. A trial that crashes its worker three times, with no other\n"
            "trial at work, fails; `nas retry` lets it wait again.\n\n"
            "Exit status: 0 there is a winner or a front, 3 nothing satisfies the constraints, 2\n"
            "bad input, 1 a failure, 130 stopped.\n\n"
            "examples:\n"
            "  nas run spaces/demo.json\n"
            "  nas run spaces/kws_a.json --data ~/speech_commands --trials 40 --workers 4\n"
            "  nas run my.json --quiet && cat my_best/metrics.json\n",
    .run = run,
};
