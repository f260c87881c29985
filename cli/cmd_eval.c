/* cli/cmd_eval.c - nas eval: a model, or two, on a folder of clips or a CSV file. */
#include "cli/changes.h"
#include "cli/cli.h"
#include "cli/scratch.h"
#include "cli/text/dump.h"
#include "cli/text/forecast.h"
#include "cli/text/parts.h"
#include "cli/text/speakers.h"
#include "cli/text/two.h"
#include "search/deployed/deployed.h"
#include "search/deployed/forecast.h"

#include <stdio.h>
#include <string.h>

enum { DATA, SPLIT, JSON, CACHE, MISSING, DUMP, FRONTEND, LABELS, BY_SPEAKER, RUNTIME };
enum { SCREEN = 80, LEAST_HEAD = 3 };

static nas_status print_json(nas_arena *a, const nas_deployed *d, const nas_verdict *v,
                             bool by_speaker, nas_err *err) {
    char accuracy[32], low[32], high[32], error[32];
    nas_json_number(v->accuracy, accuracy);
    nas_json_number(v->low, low);
    nas_json_number(v->high, high);
    nas_json_number(v->error, error);
    printf("{\"clips\": %d, \"speakers\": %d, \"accuracy\": %s, \"standard_error\": %s, "
           "\"low\": %s, \"high\": %s, ",
           v->n, v->speakers, accuracy, error, low, high);
    cli_two_number("balanced_accuracy", v->balanced, ", ");
    cli_two_number("worst_recall", v->worst, ", ");
    cli_two_number("majority", v->majority, ", ");
    cli_json_parts(v, ", ");
    cli_json_absent(d, v, ", ");
    fputs("\"labels\": [", stdout);
    for (int32_t i = 0; i < d->n_labels; i++) {
        fputs(i ? ", " : "", stdout);
        cli_print_json_text(d->labels[i]);
    }
    fputs("], \"confusion\": [", stdout);
    for (int32_t i = 0; i < d->n_labels; i++) {
        fputs(i ? ", [" : "[", stdout);
        for (int32_t k = 0; k < d->n_labels; k++)
            printf("%s%d", k ? ", " : "", v->confusion[i * d->n_labels + k]);
        putchar(']');
    }
    fputs("]", stdout);
    nas_status st = NAS_OK;
    if (by_speaker) {
        fputs(", \"by_speaker\": ", stdout);
        st = cli_json_speakers(a, d, v, err);
    }
    puts("}");
    return st;
}

/* Columns stand in the order of rows, so where the screen is too narrow for their names the first
 * letters do. */
static size_t head_room(const nas_deployed *d) {
    size_t longest = 0;
    for (int32_t i = 0; i < d->n_labels; i++)
        if (strlen(d->labels[i]) > longest) longest = strlen(d->labels[i]);
    const int room = (SCREEN - (int)longest) / d->n_labels - 2;
    return room < LEAST_HEAD ? LEAST_HEAD : (size_t)room;
}

static void add_head(cli_table *t, const char *label, size_t room) {
    char head[SCREEN];
    size_t n = strnlen(label, room);
    while (n > 0 && ((unsigned char)label[n] & 0xC0) == 0x80) n--; /* no half of a character */
    snprintf(head, sizeof head, "%.*s", (int)n, label);
    cli_table_cell(t, head, true);
}

static void print_text(const nas_deployed *d, const nas_verdict *v) {
    char n[32], speakers[32];
    printf("accuracy %.4f (95 %% interval %.4f to %.4f, standard error %.4f) on %s clips of %s "
           "speakers\n",
           v->accuracy, v->low, v->high, v->error, nas_thousands(v->n, n),
           nas_thousands(v->speakers, speakers));
    printf("balanced accuracy %.4f, lowest recall %.4f of \"", v->balanced, v->worst);
    cli_print_visible(stdout, d->labels[v->worst_class], false);
    printf("\"; always answering the commonest class has %.4f\n", v->majority);
    cli_print_parts("", v);
    cli_print_absent(d, v);
    puts("\nconfusion: rows are spoken, columns are heard");
    cli_table *t = cli_table_open();
    cli_table_cell(t, "", false);
    for (int32_t i = 0; i < d->n_labels; i++) add_head(t, d->labels[i], head_room(d));
    cli_table_row(t);
    for (int32_t i = 0; i < d->n_labels; i++) {
        cli_table_cell(t, d->labels[i], false);
        for (int32_t k = 0; k < d->n_labels; k++) {
            char text[32];
            snprintf(text, sizeof text, "%d", v->confusion[i * d->n_labels + k]);
            cli_table_cell(t, strcmp(text, "0") ? text : ".", true);
        }
        cli_table_row(t);
    }
    cli_table_print(t);
    cli_table_close(t);
}

/* For other runtimes to be compared with, and to see which clips fail. */
typedef struct dump {
    cli_dump to;
    size_t row;
} dump;

enum { CLASSES, FEATURES, CLIPS };
static const char *const dump_names[] = {
    [CLASSES] = "classes.txt", [FEATURES] = "features.f32", [CLIPS] = "clips.txt", NULL};

static void dump_clip(void *ctx, const nas_clip *clip, const float *x, int32_t class) {
    const dump *d = ctx;
    fprintf(d->to.file[CLIPS], "%s\n", clip->name);
    fwrite(x, sizeof *x, d->row, d->to.file[FEATURES]);
    fprintf(d->to.file[CLASSES], "%d\n", class);
}

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

static nas_status print_verdict(const cli_args *args, nas_arena *a, const nas_deployed *d,
                                const nas_verdict *v, nas_err *err) {
    const bool by_speaker = args->option[BY_SPEAKER] != NULL;
    if (args->option[JSON]) return print_json(a, d, v, by_speaker, err);
    print_text(d, v);
    return by_speaker ? cli_print_speakers(a, d, v, err) : NAS_OK;
}

static int judge(const cli_args *args, int part, nas_arena *a, const nas_cache *cache,
                 nas_err *err) {
    nas_deployed d;
    nas_verdict v;
    dump out = {0};
    const char *dump_to = args->option[DUMP];
    const nas_deployed_paths paths = {args->word[0], args->option[FRONTEND], args->option[LABELS]};
    if (nas_deployed_open(a, &paths, &d, err) != NAS_OK) return cli_fail(err);
    d.runtime = (nas_runtime)runtime_of(args->option[RUNTIME]);
    if (dump_to && !cli_dump_open(&out.to, dump_to, dump_names)) return CLI_FAILED;
    out.row = (size_t)d.frames * (size_t)d.features;
    cli_tell_changes(paths.model, &d.graph);
    nas_status st =
        nas_deployed_judge(&d, args->option[DATA], part, args->option[MISSING] != NULL, cache,
                           cli_log(false), a, dump_to ? dump_clip : NULL, &out, &v, err);
    cli_clear_line();
    if (!cli_dump_close(&out.to, st == NAS_OK)) return CLI_FAILED;
    if (st == NAS_OK) st = print_verdict(args, a, &d, &v, err);
    return st == NAS_OK ? CLI_OK : cli_fail(err);
}

/* The folder of an exported forecast that is named, or whose model is; NULL: it is none. */
static const char *forecast_folder(nas_arena *a, const char *word, nas_err *err) {
    static const char model[] = "/model.tflite";
    const size_t n = strlen(word), m = sizeof model - 1;
    if (nas_forecaster_is_in(word)) return word;
    if (n <= m || strcmp(word + n - m, model) != 0) return NULL;
    const char *folder = nas_arena_format(a, err, "%.*s", (int)(n - m), word);
    return folder && nas_forecaster_is_in(folder) ? folder : NULL;
}

/* Options that do not go with what is judged. false after a message. */
static bool options_fit(const cli_args *args, bool forecast) {
    if (args->n_words > 1 && args->option[DUMP])
        fputs("nas eval: --dump is of one model; dump each by itself\n", stderr);
    else if (args->n_words > 1 && args->option[BY_SPEAKER])
        fputs("nas eval: --by-speaker is of one model; two are shown with the speakers where they "
              "differ most\n",
              stderr);
    else if (forecast && args->option[BY_SPEAKER])
        fputs("nas eval: --by-speaker is of clips; a forecast has no speakers\n", stderr);
    else if (forecast && args->n_words > 1 && (args->option[FRONTEND] || args->option[LABELS]))
        fputs("nas eval: --frontend and --labels are of clips; a forecast has its own files\n",
              stderr);
    else
        return true;
    return false;
}

static int run_two(const cli_args *args, int part, const char *const folder[2],
                   const cli_scratch *s) {
    const cli_two q = {.model = {args->word[0], args->word[1]},
                       .forecast = {folder[0], folder[1]},
                       .frontend = args->option[FRONTEND],
                       .labels = args->option[LABELS],
                       .data = args->option[DATA],
                       .part = part,
                       .runtime = runtime_of(args->option[RUNTIME]),
                       .json = args->option[JSON] != NULL,
                       .allow_missing = args->option[MISSING] != NULL};
    const int alone = folder[0] ? 0 : 1;
    if (folder[0] && folder[1]) return cli_two_forecasts(&q, s);
    if (!folder[0] && !folder[1]) return cli_two_clips(&q, s);
    if (!nas_path_exists(q.model[1 - alone]))
        fprintf(stderr, "nas eval: %s is not there; expected a folder that `nas export` wrote\n",
                q.model[1 - alone]);
    else
        fprintf(stderr,
                "nas eval: %s is a forecast and %s is not; two models are compared on one task\n",
                q.model[alone], q.model[1 - alone]);
    return CLI_BAD;
}

static int run_in(const cli_args *args, int part, const cli_scratch *s) {
    nas_err err = {0};
    const char *folder[2] = {0};
    for (int i = 0; i < args->n_words; i++)
        folder[i] = forecast_folder(s->arena, args->word[i], &err);
    if (!options_fit(args, folder[0] != NULL)) return CLI_BAD;
    if (args->n_words > 1) return run_two(args, part, folder, s);
    if (!folder[0]) return judge(args, part, s->arena, &s->cache, &err);
    return cli_eval_forecast(folder[0], args->option[DATA], part, runtime_of(args->option[RUNTIME]),
                             args->option[JSON] != NULL, args->option[DUMP], &s->cache, s->arena);
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
