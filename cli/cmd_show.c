/* cli/cmd_show.c - nas show: one trial, whole; or a model's file. */
#include "cli/text/show_file.h"
#include "cli/text/show_study.h"
#include "cli/text/task.h"
#include "search/task/task.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STUDY, VERSION };

/* A section of the screen: its table, with a head. */
static cli_table *open_section(const char *const *columns) {
    cli_table *t = cli_table_open();
    cli_table_cell(t, "  ", false);
    for (int i = 0; columns[i]; i++) cli_table_cell(t, columns[i], i > 0 || *columns[i] == 'e');
    cli_table_row(t);
    return t;
}

typedef struct section {
    cli_table *table;
    int64_t rows;
} section;

static void close_section(section *l, const char *title, nas_status st) {
    if (st == NAS_OK && l->rows) {
        puts(title);
        cli_table_print(l->table);
    }
    cli_table_close(l->table);
}

static void begin_row(section *l) {
    l->rows++;
    cli_table_cell(l->table, "  ", false);
}

static void add_text(section *l, const char *text) {
    cli_table_cell(l->table, text, false);
}

/* Rounded to so many decimals; "" for NaN. */
static void add_number(section *l, double v, int decimals) {
    const double scale = pow(10, decimals);
    const nas_value value = {.type = NAS_COLUMN_REAL, .real = round(v * scale) / scale};
    char text[64] = "";
    if (!isnan(v)) cli_value(&value, text, sizeof text);
    cli_table_cell(l->table, text, !isnan(v));
}

/* "" below 0. */
static void add_count(section *l, int64_t v) {
    char text[32] = "";
    if (v >= 0) snprintf(text, sizeof text, "%" PRId64, v);
    cli_table_cell(l->table, text, v >= 0);
}

static bool add_step(void *ctx, const nas_step_row *r) {
    begin_row(ctx);
    add_text(ctx, r->name);
    add_number(ctx, r->accuracy, 4);
    add_count(ctx, r->tflite_bytes);
    add_count(ctx, r->zlib_bytes);
    cli_table_row(((section *)ctx)->table);
    return true;
}

static bool add_stage(void *ctx, const nas_stage_row *r) {
    begin_row(ctx);
    add_text(ctx, r->name);
    add_text(ctx, r->reused ? "yes" : "no");
    add_number(ctx, r->wall_seconds, 3);
    add_number(ctx, r->cpu_seconds, 3);
    cli_table_row(((section *)ctx)->table);
    return true;
}

static bool add_epoch(void *ctx, const nas_epoch_row *r) {
    begin_row(ctx);
    add_count(ctx, r->epoch);
    add_number(ctx, r->loss, 5);
    add_number(ctx, r->val_loss, 5);
    add_number(ctx, r->val_accuracy, 4);
    add_number(ctx, r->seconds, 2);
    cli_table_row(((section *)ctx)->table);
    return true;
}

/* What each step of compression did; nothing where there was none. */
static nas_status print_steps(cli_study *s, int64_t trained, nas_err *err) {
    const char *const columns[] = {"step", nas_study_score(&s->def), "tflite_bytes", "zlib_bytes",
                                   NULL};
    section l = {.table = open_section(columns)};
    const nas_status st = nas_store_steps(s->store, s->id, trained, add_step, &l, err);
    close_section(&l, "steps (each exported as it was then)", st);
    return st;
}

static nas_status print_stages(cli_study *s, int64_t trained, nas_err *err) {
    static const char *const columns[] = {"stage", "reused", "seconds", "cpu_seconds", NULL};
    section l = {.table = open_section(columns)};
    const nas_status st = nas_store_stages(s->store, s->id, trained, add_stage, &l, err);
    close_section(&l, "stages", st);
    return st;
}

static nas_status print_epochs(cli_study *s, int64_t trained, nas_err *err) {
    static const char *const columns[] = {"epoch",        "loss",    "val_loss",
                                          "val_accuracy", "seconds", NULL};
    section l = {.table = open_section(columns)};
    const nas_status st = nas_store_epochs(s->store, s->id, trained, add_epoch, &l, err);
    close_section(&l, "epochs (of the float net)", st);
    return st;
}

static void print_text(const cli_trial *t, const char *name) {
    cli_print_visible(stdout, cli_trial_get(t, name), false);
    putchar('\n');
}

static nas_status print_all(cli_study *s, const cli_trial *t, nas_err *err) {
    /* A result that was reused has its stages where it was trained. */
    const char *reused = cli_trial_get(t, "reused");
    const int64_t trained = strtoll(*reused ? reused : cli_trial_get(t, "id"), NULL, 10);
    printf("trial %s of %s: %s%s", cli_trial_get(t, "number"), s->def.name,
           cli_trial_get(t, "state"), *cli_trial_get(t, "reason") ? ", " : "");
    print_text(t, "reason");
    if (*reused) puts("reused: trained in an earlier version of the space");
    cli_print_trial(t, &s->def);
    const int64_t row = strtoll(cli_trial_get(t, "id"), NULL, 10);
    cli_print_majority(s->store, s->id, row);
    cli_print_promise(s->store, &s->def, s->id, row);
    const cli_task *task = cli_task_find(s->def.task);
    if (task && task->show && cli_trial_state(t) == NAS_COMPLETE) NAS_TRY(task->show(s, row, err));
    NAS_TRY(print_steps(s, trained, err));
    NAS_TRY(print_stages(s, trained, err));
    if (*cli_trial_get(t, "epochs_trained") && nas_task_has_net(s->def.task))
        printf("epochs trained %s, saved %s (found under their key)\n",
               cli_trial_get(t, "epochs_trained"), cli_trial_get(t, "epochs_saved"));
    NAS_TRY(print_epochs(s, trained, err));
    fputs("worker   ", stdout);
    print_text(t, "worker");
    fputs("machine  ", stdout);
    print_text(t, "machine");
    return cli_print_warnings(s, err);
}

static int run(const cli_args *args) {
    const bool whole = args->n_words == 1;
    if (whole && !cli_is_database(args->word[0])) return cli_show_file(args->word[0]);
    cli_study s;
    int st;
    if (!cli_study_open(&s, args->word[0], args->option[STUDY], args->option[VERSION], &st))
        return st;
    cli_trial *t = whole ? NULL : cli_study_trial(&s, args->word[1], &st);
    nas_err err = {0};
    if (whole && cli_show_study(&s, &err) != NAS_OK) st = cli_fail(&err);
    if (t && print_all(&s, t, &err) != NAS_OK) st = cli_fail(&err);
    cli_trial_close(t);
    cli_study_close(&s);
    return st;
}

const cli_command cli_show = {
    .name = "show",
    .words = "DB [TRIAL] | MODEL",
    .least = 1,
    .most = 2,
    .summary = "Show a study, one trial whole, or what is in a .tflite file",
    .options =
        {
            [STUDY] = {"--study", "NAME", "which study, where the database has several"},
            [VERSION] = CLI_VERSION,
        },
    .text = "Of a study: its objectives and constraints, its versions, and the warnings of its\n"
            "runs. Of a trial: settings, metrics beside the constraints, stages, epochs, and the\n"
            "warnings. Of MODEL, a .tflite file or a folder with model.tflite: operators,\n"
            "constants, activations, and where the bytes go.\n\n"
            "examples:\n"
            "  nas show demo.db\n"
            "  nas show demo.db 3\n"
            "  nas show demo_best\n"
            "  nas show some.tflite\n",
    .run = run,
};
