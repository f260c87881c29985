/* cli/cmd_train.c - nas train: one candidate, from clips to files. */
#include "base/files/file.h"
#include "cli/scratch.h"
#include "cli/text/report.h"
#include "core/kernel/threads.h"
#include "search/run/keep.h"
#include "search/run/run.h"
#include "search/study/export.h"
#include "search/task/task.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { OUT, DATA, SEED, CACHE, MISSING, QUIET };

typedef struct view {
    bool quiet;
    int32_t epochs;
} view;

static void print_epoch(void *ctx, const nas_epoch *e) {
    const view *v = ctx;
    if (v->quiet) return;
    cli_clear_line();
    printf("epoch %3d of %d  loss %.4f  ", e->epoch, v->epochs, e->loss);
    if (!isnan(e->val_loss)) printf("validation: loss %.4f  ", e->val_loss);
    if (!isnan(e->val_accuracy)) printf("accuracy %.4f  ", e->val_accuracy);
    printf("%.2f s\n", e->seconds);
    fflush(stdout);
}

typedef struct figures {
    const nas_metric_list *list;
    const double *metric;
} figures;

static double number_in(const void *ctx, const char *name) {
    const figures *f = ctx;
    const int i = nas_metric_in(f->list, name);
    return i < 0 ? (double)NAN : f->metric[i];
}

static void print_metrics(const nas_metric_list *list, const nas_outcome *o, const char *folder) {
    cli_table *t = cli_table_open();
    for (int i = 0; i < list->n; i++) {
        char text[32], spread[CLI_SPREAD];
        const figures all = {list, o->metric};
        if (isnan(o->metric[i]) || cli_is_spread(list->v[i].name, number_in, &all)) continue;
        cli_table_cell(t, list->v[i].name, false);
        cli_table_cell(t, cli_metric(&list->v[i], o->metric[i], text), true);
        cli_table_cell(t, nas_metric_unit(&list->v[i]), false);
        if (*cli_spread(&list->v[i], number_in, &all, spread)) cli_table_cell(t, spread, false);
        cli_table_row(t);
    }
    cli_table_print(t);
    cli_table_close(t);
    printf("the model is in %.*s/\n", cli_folder_length(folder), folder);
}

enum { MOST_TEXT = 16 << 20 };

/* The candidate once the classes are known. Another one may stand there by now: an export replaces
 * whole folders. */
static nas_status open_again(nas_arena *a, const char *path, const uint8_t *text, size_t n,
                             int32_t outputs, nas_candidate *out, nas_err *err) {
    uint8_t *now;
    size_t bytes;
    NAS_TRY(nas_candidate_open(a, path, outputs, out, err));
    NAS_TRY(nas_file_read(a, path, MOST_TEXT, &now, &bytes, err));
    if (bytes == n && memcmp(now, text, n) == 0) return NAS_OK;
    return nas_fail(err, NAS_EBUSY,
                    "%s has become another one while its data was read: do it again", path);
}

/* seed -1: the candidate's. */
static nas_status train(const cli_args *args, int64_t seed, const nas_cache *cache, nas_keep *keep,
                        nas_arena *a, nas_task *task, nas_outcome *o, nas_err *err) {
    nas_candidate c;
    nas_dataset d;
    int threads = 1;
    const nas_log *log = &keep->log;
    view v = {.quiet = args->option[QUIET] != NULL};
    uint8_t *text;
    size_t n;
    NAS_TRY(nas_file_read(a, args->word[0], MOST_TEXT, &text, &n, err));
    /* The classes may be known only from the folder: labels first, then the document again. */
    NAS_TRY(nas_candidate_task(a, args->word[0], task, err));
    nas_keep_place(keep, args->option[DATA], task->data ? task->data : "");
    NAS_TRY(nas_dataset_open(a, task, args->option[DATA], args->option[MISSING] != NULL, cache, log,
                             &d, err));
    nas_status st = open_again(a, args->word[0], text, n, d.outputs, &c, err);
    nas_evaluator e = {.data = &d, .cache = cache, .log = log, .on_epoch = print_epoch, .ctx = &v};
    if (st == NAS_OK) st = nas_kernel_choose(&e.kernel, err);
    if (st == NAS_OK) st = nas_threads_here(&threads, err);
    nas_threads_set(threads);
    if (st == NAS_OK) {
        v.epochs = c.train.epochs * (d.folds + 1);
        e.seed = seed < 0 ? c.seed : (uint64_t)seed;
        e.replicate = c.replicate;
        st = nas_evaluate(&e, &c, a, o, err);
    }
    nas_dataset_close(&d);
    return st;
}

static int run_in(const cli_args *args, int64_t seed, const nas_cache *cache, nas_arena *a,
                  nas_err *err) {
    nas_outcome o;
    nas_task task;
    const char *folder = args->option[OUT];
    nas_keep keep;
    if (nas_keep_open(&keep, cli_log(args->option[QUIET] != NULL), NULL, err) != NAS_OK)
        return cli_fail(err);
    const nas_status st = train(args, seed, cache, &keep, a, &task, &o, err);
    o.warnings = nas_keep_lines(&keep, a);
    nas_keep_close(&keep);
    if (st != NAS_OK) return cli_fail(err);
    cli_clear_line();
    if (o.state != NAS_COMPLETE) {
        fprintf(stderr, "nas: the candidate %s: %s\n", nas_state_text(o.state), o.reason);
        return CLI_FAILED;
    }
    if (nas_export_outcome(task.ops, &o, folder, err) != NAS_OK) return cli_fail(err);
    if (!args->option[QUIET]) print_metrics(&task.metrics, &o, folder);
    return CLI_OK;
}

static int run(const cli_args *args) {
    nas_err err = {0};
    if (!args->option[OUT]) {
        fputs("nas train: -o DIR is missing: where shall the model go?\n", stderr);
        return CLI_BAD;
    }
    int64_t seed = -1;
    if (args->option[SEED] && !cli_number("--seed", args->option[SEED], 0, NAS_SEED_MOST, &seed))
        return CLI_BAD;
    if (!cli_folder_fits("-o", args->option[OUT])) return CLI_BAD;
    cli_scratch scratch;
    if (cli_scratch_open(&scratch, args->option[CACHE], &err) != NAS_OK) return cli_fail(&err);
    const int st = run_in(args, seed, &scratch.cache, scratch.arena, &err);
    cli_scratch_close(&scratch);
    return st;
}

const cli_command cli_train = {
    .name = "train",
    .words = "CANDIDATE.json",
    .least = 1,
    .most = 1,
    .summary = "Train, compress and measure one candidate",
    .options =
        {
            [OUT] = {"-o", "DIR", "folder of the model; it is made"},
            [DATA] = {"--data", "PATH", "folder of clips or CSV file, instead of the candidate's"},
            [SEED] = {"--seed", "N", "seed, instead of the candidate's"},
            [CACHE] = {"--cache", "DIR", "keeps what stages leave on disk"},
            [MISSING] =
                {"--allow-missing", NULL,
                 "goes on without clips that are listed but absent, or that cannot be read"},
            [QUIET] = {"--quiet", NULL, "only warnings and errors"},
        },
    .text = "A candidate is a space file without choices. `nas export` writes candidate.json of\n"
            "each trial.\n\n"
            "examples:\n"
            "  nas train demo_best/candidate.json -o again\n"
            "  nas train my_candidate.json --data ~/clips -o model\n",
    .run = run,
};
