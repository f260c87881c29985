/* cli/cmd_export.c - nas export: the files of a trial; the C of any .tflite file. */
#include "cli/study.h"
#include "search/run/run.h"
#include "search/study/export.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { STUDY, VERSION, TRIAL, OUT, FROM, FRONTEND, LABELS };

static int export_to(cli_study *s, const cli_trial *t, const char *folder) {
    nas_err err = {0};
    if (cli_trial_state(t) != NAS_COMPLETE) {
        fprintf(stderr, "nas: trial %s is %s: it has no files\n", cli_trial_get(t, "number"),
                cli_trial_get(t, "state"));
        return CLI_BAD;
    }
    const int64_t row = strtoll(cli_trial_get(t, "id"), NULL, 10);
    if (nas_export_trial(s->store, s->id, &s->def, row, folder, &err) != NAS_OK)
        return cli_fail(&err);
    if (cli_warn_of_machines(s, NULL, 0, &err) != NAS_OK) return cli_fail(&err);
    const char *bytes = cli_trial_get(t, "zlib_bytes");
    printf("trial %s of %s is in %.*s/: %s %s%s%s%s\n", cli_trial_get(t, "number"), s->def.name,
           cli_folder_length(folder), folder, nas_study_score(&s->def),
           cli_trial_get(t, nas_study_score(&s->def)), *bytes ? ", " : "", bytes,
           *bytes ? " bytes zipped" : "");
    return CLI_OK;
}

/* A trial's files there would make export.txt a lie. */
static bool holds_file(const char *folder) {
    char mark[NAS_PATH_MOST + 32], trial[NAS_PATH_MOST + 32];
    snprintf(mark, sizeof mark, "%s/" NAS_EXPORT_MARK, folder);
    snprintf(trial, sizeof trial, "%s/candidate.json", folder);
    if (!nas_path_exists(mark) || nas_path_exists(trial)) return false;
    fprintf(stderr,
            "nas export: %.*s holds the C of a file (" NAS_EXPORT_MARK " is there): choose another "
            "folder, or remove it\n",
            cli_folder_length(folder), folder);
    return true;
}

/* A model where a database belongs. */
static bool is_model(const char *path) {
    static const char ending[] = ".tflite";
    const size_t n = strlen(path), m = sizeof ending - 1;
    if (!nas_path_is_dir(path) && (n < m || strcmp(path + n - m, ending) != 0)) return false;
    if (!nas_path_exists(path)) return false;
    fprintf(stderr, "nas export: %s is no database; a model as C: `nas export --from %s -o DIR`\n",
            path, path);
    return true;
}

static int export_trial(const cli_args *args) {
    cli_study s;
    int st;
    if (is_model(args->word[0]) || holds_file(args->option[OUT])) return CLI_BAD;
    if (!cli_study_open(&s, args->word[0], args->option[STUDY], args->option[VERSION], &st))
        return st;
    cli_trial *t = cli_study_trial(&s, args->option[TRIAL], &st);
    if (t) st = export_to(&s, t, args->option[OUT]);
    cli_trial_close(t);
    cli_study_close(&s);
    return st;
}

static int export_file(const cli_args *args) {
    const char *folder = args->option[OUT], *text;
    const nas_named_file named[] = {{"frontend.json", args->option[FRONTEND]},
                                    {"labels.txt", args->option[LABELS]},
                                    {.name = NULL}};
    const nas_model_place place = {args->option[FROM], named};
    nas_err err = {0};
    nas_arena *a;
    nas_status st = nas_arena_open(&a, &err);
    if (st == NAS_OK) st = nas_export_file(a, &place, folder, &text, &err);
    if (st == NAS_OK) {
        printf("%.*s/ holds C, ", cli_folder_length(folder), folder);
        cli_print_visible(stdout, text, true);
    }
    nas_arena_close(a);
    return st == NAS_OK ? CLI_OK : cli_fail(&err);
}

/* Options that do not go with what is exported. false after a message. */
static bool options_fit(const cli_args *args) {
    static const int of_trials[] = {STUDY, VERSION, TRIAL}, of_files[] = {FRONTEND, LABELS};
    static const char *const names[] = {[STUDY] = "--study",
                                        [VERSION] = "--version",
                                        [TRIAL] = "--trial",
                                        [FRONTEND] = "--frontend",
                                        [LABELS] = "--labels"};
    const bool file = args->option[FROM] != NULL;
    const int *not = file ? of_trials : of_files;
    if (file == (args->n_words == 1)) {
        fputs(file ? "nas export: a database and --from: which of both is to be exported?\n"
                   : "nas export: expected DB, whose trial is exported, or --from MODEL, a .tflite "
                     "file; see `nas export --help`\n",
              stderr);
        return false;
    }
    for (int i = 0; i < (file ? 3 : 2); i++) {
        if (!args->option[not [i]]) continue;
        fprintf(stderr, "nas export: %s is of %s; leave it out%s\n", names[not [i]],
                file ? "a database, and --from names a file" : "--from; a trial has its own",
                file ? ", or name the database in place of --from" : "");
        return false;
    }
    return true;
}

static int run(const cli_args *args) {
    if (!options_fit(args)) return CLI_BAD;
    if (!args->option[OUT]) {
        fputs("nas export: -o DIR is missing: where shall the files go?\n", stderr);
        return CLI_BAD;
    }
    if (!cli_folder_fits("-o", args->option[OUT])) return CLI_BAD;
    return args->option[FROM] ? export_file(args) : export_trial(args);
}

const cli_command cli_export = {
    .name = "export",
    .words = "DB | --from MODEL",
    .least = 0,
    .most = 1,
    .summary = "Write a trial's files, the very bytes that were measured, or any model as C",
    .options =
        {
            [STUDY] = {"--study", "NAME", "which study, where the database has several"},
            [VERSION] = CLI_VERSION,
            [TRIAL] = {"--trial", "N", "which trial (default: the best that is feasible)"},
            [OUT] = {"-o", "DIR", "the folder; it is made, and an export in it is replaced"},
            [FROM] = {"--from", "MODEL",
                      "writes the C of any .tflite file, or of a folder with model.tflite in it"},
            [FRONTEND] = {"--frontend", "FILE",
                          "with --from: how clips become its input, as frontend.json says it; it "
                          "is written as "
                          "C too (default: frontend.json of the folder)"},
            [LABELS] = {"--labels", "FILE",
                        "with --from: one class a line, in the order of the outputs, for labels.h "
                        "(default: labels.txt of the folder)"},
        },
    .text = "The folder holds candidate.json and metrics.json. A net adds model.tflite,\n"
            "model.tflite.zlib and DEVICE.md, which says which runtimes take it. A task of clips\n"
            "adds labels.txt and frontend.json; the mean and standard deviation in it, of the\n"
            "training set, are applied where normalize is \"coefficient\". A task of a table adds\n"
            "forecast.json.\n\n"
            "The folder also holds the model as C99 that needs no library: model.h and model.c;\n"
            "frontend.h, frontend.c and labels.h of clips; forecast.h of a table. model_test.c is\n"
            "a program: it tells whether your machine computes what nas computed.\n\n"
            "With --from only the C is written, of any file whose operators `nas show FILE`\n"
            "knows. export.txt names the file that it was made of. A .tflite file does not say\n"
            "how its input is computed: without --frontend this is left to you. docs/DEVICE.md\n"
            "says more.\n\n"
            "The folder is whole at any time: it holds the old files or the new ones, also after\n"
            "a kill and when two commands write it. Other files in it stay.\n\n"
            "examples:\n"
            "  nas export demo.db -o best\n"
            "  nas export demo.db --trial 7 -o seven\n"
            "  nas export --from some.tflite -o some_c\n"
            "  nas export --from kws.tflite --frontend mfcc.json --labels words.txt -o kws_c\n",
    .run = run,
};
