/* cli/cmd_show.c - nas show: one trial, whole; or a model's file. */
#include "cli/text/forecast.h"
#include "cli/text/show_file.h"
#include "cli/text/show_study.h"
#include "search/task/task.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STUDY, VERSION };

typedef struct listing {
    cli_table *table;
    int64_t rows;
} listing;

static bool add_row(void *ctx, const nas_row *row) {
    listing *l = ctx;
    cli_table *t = l->table;
    l->rows++;
    char text[256];
    cli_table_cell(t, "  ", false);
    for (int32_t i = 0; i < row->n; i++) {
        cli_value(&row->values[i], text, sizeof text);
        cli_table_cell(t, text, row->values[i].type != NAS_COLUMN_TEXT);
    }
    cli_table_row(t);
    return true;
}

static nas_status section(cli_study *s, const char *title, const char *const *columns,
                          const char *sql, const nas_value *args, nas_err *err) {
    cli_table *t = cli_table_open();
    cli_table_cell(t, "  ", false);
    for (int i = 0; columns[i]; i++) cli_table_cell(t, columns[i], i > 0 || *columns[i] == 'e');
    cli_table_row(t);
    listing l = {.table = t};
    const nas_status st = nas_store_query(s->store, sql, args, 2, add_row, &l, err);
    if (st == NAS_OK && l.rows) {
        puts(title);
        cli_table_print(t);
    }
    cli_table_close(t);
    return st;
}

/* What each step of compression did; nothing where there was none. */
static nas_status print_steps(cli_study *s, const nas_value *args, nas_err *err) {
    const char *const columns[] = {"step", nas_study_score(&s->def), "tflite_bytes", "zlib_bytes",
                                   NULL};
    return section(s, "steps (each exported as it was then)", columns,
                   "select name, round(accuracy, 4), tflite_bytes, zlib_bytes from nas_steps"
                   " where study = ?1 and trial = ?2 order by position",
                   args, err);
}

static void print_text(const cli_trial *t, const char *name) {
    cli_print_visible(stdout, cli_trial_get(t, name), false);
    putchar('\n');
}

static nas_status print_all(cli_study *s, const cli_trial *t, nas_err *err) {
    static const char *const epoch_columns[] = {"epoch",        "loss",    "val_loss",
                                                "val_accuracy", "seconds", NULL};
    static const char *const stage_columns[] = {"stage", "reused", "seconds", "cpu_seconds", NULL};
    /* A result that was reused has its stages where it was trained. */
    const char *reused = cli_trial_get(t, "reused");
    const char *trained = *reused ? reused : cli_trial_get(t, "id");
    const nas_value args[2] = {
        {.type = NAS_COLUMN_INTEGER, .integer = s->id.study},
        {.type = NAS_COLUMN_INTEGER, .integer = strtoll(trained, NULL, 10)},
    };
    printf("trial %s of %s: %s%s", cli_trial_get(t, "number"), s->def.name,
           cli_trial_get(t, "state"), *cli_trial_get(t, "reason") ? ", " : "");
    print_text(t, "reason");
    if (*reused) puts("reused: trained in an earlier version of the space");
    cli_print_trial(t, &s->def);
    const int64_t row = strtoll(cli_trial_get(t, "id"), NULL, 10);
    cli_print_majority(s->store, s->id, row);
    cli_print_promise(s->store, &s->def, s->id, row);
    if (nas_task_writes(s->def.task, "forecast.json") &&
        strcmp(cli_trial_get(t, "state"), "complete") == 0)
        NAS_TRY(cli_show_forecast(s, row, err));
    NAS_TRY(print_steps(s, args, err));
    NAS_TRY(section(
        s, "stages", stage_columns,
        "select name, case reused when 1 then 'yes' else 'no' end, round(wall_seconds, 3),"
        " round(cpu_seconds, 3) from nas_stages where study = ?1 and trial = ?2 order by position",
        args, err));
    if (*cli_trial_get(t, "epochs_trained") && nas_task_has_net(s->def.task))
        printf("epochs trained %s, saved %s (found under their key)\n",
               cli_trial_get(t, "epochs_trained"), cli_trial_get(t, "epochs_saved"));
    NAS_TRY(
        section(s, "epochs (of the float net)", epoch_columns,
                "select epoch, round(loss, 5), round(val_loss, 5), round(val_accuracy, 4),"
                " round(seconds, 2) from nas_epochs where study = ?1 and trial = ?2 order by epoch",
                args, err));
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
    .text =
        "Of a study: its aims, its versions, and the warnings of its runs. Of a trial: settings,\n"
        "metrics beside the constraints, stages, epochs, and these warnings. Of MODEL, a .tflite\n"
        "file or a folder with model.tflite in it: operators, constants, activations, and where\n"
        "the bytes go.\n\n"
        "examples:\n"
        "  nas show demo.db\n"
        "  nas show demo.db 3\n"
        "  nas show demo_best\n"
        "  nas show some.tflite\n",
    .run = run,
};
