/* cli/cmd_eval.c - nas eval: a model, or two, on a folder of clips or a CSV file. */
#include "cli/cli.h"
#include "cli/scratch.h"
#include "cli/text/task.h"
#include "core/data/split/split.h"

#include <stdio.h>
#include <string.h>

enum { DATA, SPLIT, JSON, CACHE, MISSING, DUMP, FRONTEND, LABELS, BY_SPEAKER, RUNTIME };
static int part_of(const char *word) {
    if (!word || strcmp(word, "all") == 0) return -1;
    for (int p = NAS_TRAIN; p <= NAS_TEST; p++)
        if (strcmp(word, nas_part_name((nas_part)p)) == 0) return p;
    return -2;
}

/* Its place in nas_runtime_names; -1: none. */
static int runtime_of(const char *word) {
    if (!word) return NAS_RUNTIME_TFLM;
    for (int i = 0; nas_runtime_names[i]; i++)
        if (strcmp(word, nas_runtime_names[i]) == 0) return i;
    return -1;
}

/* Options that do not go with how many are judged. false after a message. */
static bool options_fit(const cli_models *q) {
    if (q->n > 1 && q->dump)
        fputs("nas eval: --dump is of one model; dump each by itself\n", stderr);
    else if (q->n > 1 && q->by_speaker)
        fputs("nas eval: --by-speaker is of one model; two are shown with the speakers where they "
              "differ most\n",
              stderr);
    else
        return true;
    return false;
}

/* Models of two tasks. */
static int refuse_pair(const cli_models *q, const char *const task[2]) {
    for (int i = 0; i < 2; i++)
        if (!nas_path_exists(q->model[i])) {
            fprintf(stderr,
                    "nas eval: %s is not there; expected a folder that `nas export` wrote\n",
                    q->model[i]);
            return CLI_BAD;
        }
    fprintf(stderr,
            "nas eval: %s is of the task \"%s\" and %s of \"%s\"; two models are compared on one "
            "task\n",
            q->model[0], task[0], q->model[1], task[1]);
    return CLI_BAD;
}

static int run_in(const cli_args *args, int part, const cli_scratch *s) {
    nas_err err = {0};
    const char *task[2];
    cli_models q = {.n = args->n_words,
                    .frontend = args->option[FRONTEND],
                    .labels = args->option[LABELS],
                    .data = args->option[DATA],
                    .dump = args->option[DUMP],
                    .part = part,
                    .runtime = runtime_of(args->option[RUNTIME]),
                    .json = args->option[JSON] != NULL,
                    .by_speaker = args->option[BY_SPEAKER] != NULL,
                    .allow_missing = args->option[MISSING] != NULL};
    for (int i = 0; i < q.n; i++) {
        q.model[i] = args->word[i];
        if (cli_task_of_model(&q, i, s->arena, &task[i], &err) != NAS_OK) return cli_fail(&err);
    }
    if (!options_fit(&q)) return CLI_BAD;
    if (q.n > 1 && strcmp(task[0], task[1]) != 0) return refuse_pair(&q, task);
    const cli_task *view = cli_task_find(task[0]);
    if (!view) return cli_eval_any(&q, task[0], s);
    if (view->fits && !view->fits(&q)) return CLI_BAD;
    return q.n > 1 ? view->eval_two(&q, s) : view->eval(&q, s);
}

static int run(const cli_args *args) {
    nas_err err = {0};
    const int part = part_of(args->option[SPLIT]);
    if (!args->option[DATA]) {
        fputs("nas eval: --data CLIPS is missing: which clips, or which CSV file?\n", stderr);
        return CLI_BAD;
    }
    if (part == -2) {
        fprintf(stderr, "nas eval: --split: expected train, validation, test or all, got '%s'\n",
                args->option[SPLIT]);
        return CLI_BAD;
    }
    if (runtime_of(args->option[RUNTIME]) < 0) {
        fprintf(stderr, "nas eval: --runtime: expected %s or %s, got '%s'\n",
                nas_runtime_names[NAS_RUNTIME_TFLM], nas_runtime_names[NAS_RUNTIME_LITERT],
                args->option[RUNTIME]);
        return CLI_BAD;
    }
    cli_scratch scratch;
    if (cli_scratch_open(&scratch, args->option[CACHE], &err) != NAS_OK) return cli_fail(&err);
    const int st = run_in(args, part, &scratch);
    cli_scratch_close(&scratch);
    return st;
}

const cli_command cli_eval = {
    .name = "eval",
    .words = "MODEL [OTHER]",
    .least = 1,
    .most = 2,
    .summary =
        "Run a model: accuracy on clips, errors of forecasts, or which of two models is better",
    .options =
        {
            [DATA] =
                {"--data", "CLIPS",
                 "folder with a folder for each label, of which some may be absent; or a CSV file"},
            [SPLIT] = {"--split", "SET",
                       "train, validation or test of the model's own split (default: all examples, "
                       "also those "
                       "that it was trained on)"},
            [JSON] = {"--json", NULL,
                      "one object: accuracy, standard_error, low, high, confusion; docs/EVAL.md"},
            [CACHE] = {"--cache", "DIR", "keeps decoded clips for the next time"},
            [MISSING] =
                {"--allow-missing", NULL,
                 "goes on without clips that are listed but absent, or that cannot be read"},
            [DUMP] = {"--dump", "DIR",
                      "writes clips.txt, features.f32 and classes.txt, one row a clip; of "
                      "forecasts rows.txt and forecasts.f32"},
            [FRONTEND] = {"--frontend", "FILE",
                          "how clips become features (default: frontend.json beside MODEL)"},
            [LABELS] = {"--labels", "FILE",
                        "one class folder a line (default: labels.txt beside MODEL)"},
            [BY_SPEAKER] = {"--by-speaker", NULL,
                            "also a line for each speaker: clips, right answers, and which words "
                            "are confused"},
            [RUNTIME] = {"--runtime", "NAME",
                         "whose int8 rounding: tflite-micro (default; devices and model.c round "
                         "alike) or litert (LiteRT's reference kernels since 1.3); "
                         "docs/DEVICE.md"},
        },
    .text = "MODEL is a folder that `nas export`, `nas train` or `nas run` wrote, or a .tflite\n"
            "file whose operators `nas show FILE` knows.\n\n"
            "With OTHER both models are judged on the same clips, or on the same rows of a table.\n"
            "Their difference is shown with its 95 % interval, by speaker or by day. Both need\n"
            "the same labels, in any order, or the same targets and horizon; with --split also\n"
            "the same split. Front ends and windows may differ. --frontend and --labels then\n"
            "stand for the files that a model lacks. --dump and --by-speaker take one model.\n"
            "docs/EVAL.md says more.\n\n"
            "examples:\n"
            "  nas eval demo_best --data data/demo_clips --split test\n"
            "  nas eval demo_best --data my_recordings --json\n"
            "  nas eval demo_best --data my_recordings --by-speaker\n"
            "  nas eval demo_best smaller --data data/demo_clips --split test\n"
            "  nas eval climate_a_best --data weather.csv --split test\n"
            "  nas eval demo_best --data my_recordings --runtime litert\n"
            "  nas eval some.tflite --data clips --frontend mfcc.json --labels words.txt\n",
    .run = run,
};
