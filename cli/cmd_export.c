/* cli/cmd_export.c - nas export: the files of a trial. */
#include "cli/study.h"
#include "search/run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STUDY, VERSION, TRIAL, OUT };

static int export_to(cli_study *s, const cli_trial *t, const char *folder) {
    nas_err err = {0};
    if (strcmp(cli_trial_get(t, "state"), "complete") != 0) {
        fprintf(stderr, "nas: trial %s is %s: it has no files\n", cli_trial_get(t, "number"),
                cli_trial_get(t, "state"));
        return CLI_BAD;
    }
    const int64_t row = strtoll(cli_trial_get(t, "id"), NULL, 10);
    if (nas_export_trial(s->store, s->id, &s->def, row, folder, &err) != NAS_OK)
        return cli_fail(&err);
    const char *bytes = cli_trial_get(t, "zlib_bytes");
    printf("trial %s of %s is in %.*s/: %s %s%s%s%s\n", cli_trial_get(t, "number"), s->def.name,
           cli_folder_length(folder), folder, s->def.metrics[0].name,
           cli_trial_get(t, s->def.metrics[0].name), *bytes ? ", " : "", bytes,
           *bytes ? " bytes zipped" : "");
    return CLI_OK;
}

static int run(const cli_args *args) {
    if (!args->option[OUT]) {
        fputs("nas export: -o DIR is missing: where shall the files go?\n", stderr);
        return CLI_BAD;
    }
    if (!cli_folder_fits("-o", args->option[OUT])) return CLI_BAD;
    cli_study s;
    int st;
    if (!cli_study_open(&s, args->word[0], args->option[STUDY], args->option[VERSION], &st))
        return st;
    cli_trial *t = cli_study_trial(&s, args->option[TRIAL], &st);
    if (t) st = export_to(&s, t, args->option[OUT]);
    cli_trial_close(t);
    cli_study_close(&s);
    return st;
}

const cli_command cli_export = {
    .name = "export",
    .words = "DB",
    .least = 1,
    .most = 1,
    .summary = "Write a trial's files: the very bytes that were measured",
    .options =
        {
            [STUDY] = {"--study", "NAME", "which study, where the database has several"},
            [VERSION] = CLI_VERSION,
            [TRIAL] = {"--trial", "N", "which trial (default: the best that is feasible)"},
            [OUT] = {"-o", "DIR", "the folder; it is made, an export that is there replaced"},
        },
    .text = "The folder holds candidate.json and metrics.json; of a net model.tflite,\n"
            "model.tflite.zlib and DEVICE.md (which runtimes take it); of clips frontend.json\n"
            "(with the training part's mean and deviation, which are applied where normalize is\n"
            "\"coefficient\") and labels.txt; of a table forecast.json. And the same as C99 that "
            "needs no library: model.h and\n"
            "model.c; of clips frontend.h, frontend.c and labels.h; of a table forecast.h.\n\n"
            "The folder is whole at any time: the old files or the new ones, also after a kill\n"
            "and when two commands write it. Other files in it stay.\n\n"
            "examples:\n"
            "  nas export demo.db -o best\n"
            "  nas export demo.db --trial 7 -o seven\n",
    .run = run,
};
