/* cli/cmd_data.c - nas data: lists data sets that can be had, downloads them, and checks those of a
 * space. */
#include "cli/data.h"

#include "base/clock.h"
#include "base/files/file.h"
#include "cli/cli.h"
#include "cli/data_check.h"
#include "search/fetch/data_get.h"

#include <math.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { LIST, INTO, DATA, SET, CACHE, MISSING, JSON };

/* What the bar remembers of one kind of work. */
typedef struct bar {
    char what[64];
    int64_t first, told; /* bytes at its start; percent last written without a terminal */
    double since, last;
} bar;

/* "[=====>      ]" of a width, into out. */
static void draw(char *out, double share, int width) {
    const int full = (int)(share * width);
    *out++ = '[';
    for (int i = 0; i < width; i++) *out++ = (char)(i < full ? '=' : i == full ? '>' : ' ');
    *out++ = ']';
    *out = '\0';
}

static void show_bar(void *ctx, const char *what, int64_t done, int64_t total) {
    bar *b = ctx;
    const double now = nas_clock_wall(), share = total > 0 ? (double)done / (double)total : 0;
    char line[320], picture[64] = "", a[32], c[32], rate[32], left[32] = "";
    if (strcmp(b->what, what) != 0) {
        *b = (bar){.first = done, .told = -10, .since = now};
        snprintf(b->what, sizeof b->what, "%s", what);
    }
    if (!isatty(STDERR_FILENO)) {
        const int64_t percent = (int64_t)(100 * share) / 10 * 10;
        if (percent < b->told + 10) return;
        b->told = percent;
        fprintf(stderr, "%s: %3d %%\n", what, (int)percent);
        return;
    }
    if (done < total && now - b->last < 0.1) return;
    b->last = now;
    const int columns = cli_columns(STDERR_FILENO);
    const double speed = (double)(done - b->first) / (now - b->since + 1e-9);
    if (columns >= 60) draw(picture, share, columns >= 100 ? 40 : 16);
    if (done < total && now - b->since > 2 && speed > 0)
        cli_duration((double)(total - done) / speed, left);
    snprintf(line, sizeof line, "%s %3d %% %s%s%s of %s%s%s%s%s%s%s", what, (int)(100 * share),
             picture, picture[0] ? " " : "", nas_thousands(done, a), nas_thousands(total, c),
             columns >= 100 ? "  " : "", columns >= 100 ? nas_thousands((int64_t)speed, rate) : "",
             columns >= 100 ? " bytes/s" : "", left[0] ? "  " : "", left, left[0] ? " left" : "");
    cli_status_line(line);
    if (done >= total) cli_clear_line();
}

static void introduce(const nas_data_set *d) {
    char text[32];
    printf("%s: %s\n  licence: %s\n", d->name, d->title, d->licence);
    if (d->credit) printf("  credit: %s\n", d->credit);
    if (d->bytes >= 0) printf("  download: %s bytes", nas_thousands(d->bytes, text));
    if (d->bytes >= 0 && d->unpacked >= 0)
        printf(", at most %s unpacked", nas_thousands(d->unpacked, text));
    if (d->bytes >= 0) putchar('\n');
    fflush(stdout);
}

static void report(const nas_data_set *d, const nas_data_got *got) {
    char text[32], sum[65];
    nas_hash_hex(&got->sum, sum);
    printf("  %s: %s file%s", got->place, nas_thousands(got->files, text),
           got->files == 1 ? "" : "s");
    printf(", %s bytes\n", nas_thousands(got->bytes, text));
    if (got->left_out)
        printf("  left out: %s file%s of the archive (%s)\n", nas_thousands(got->left_out, text),
               got->left_out == 1 ? "" : "s",
               d->file ? "all but this one"
                       : "what systems add: __MACOSX, ._*, .DS_Store, Thumbs.db, desktop.ini");
    printf("  SHA-256 %s\n  %s %s\n", sum,
           d->has_sum   ? "is the list's; noted in"
           : got->first ? "was not known before; it is written down, to be compared next time, in"
                        : "is that of the first download; noted in",
           got->record);
}

static int get_one(nas_arena *a, const nas_data_set *d, const char *into) {
    nas_err err = {0};
    nas_data_got got;
    bar b = {.told = -10};
    nas_log log = *cli_log(false);
    log.ctx = &b;
    log.progress = show_bar;
    char place[4096];
    snprintf(place, sizeof place, "%s/%s", into, nas_data_set_target(d));
    if (!nas_path_exists(place)) introduce(d);
    const nas_status st = nas_data_get(a, d, into, &log, &got, &err);
    cli_clear_line();
    if (st != NAS_OK) return st == NAS_EFORMAT ? (cli_fail(&err), CLI_FAILED) : cli_fail(&err);
    if (got.was_there)
        printf("%s: %s is there already; remove it to get it anew\n", d->name, got.place);
    else
        report(d, &got);
    return CLI_OK;
}

static int unknown(const nas_catalogue *c, const char *name, nas_arena *a) {
    const char **names = nas_arena_array(a, (size_t)c->n + 1, sizeof *names, NULL);
    for (int32_t i = 0; names && i < c->n; i++) names[i] = c->v[i].name;
    const char *near = names ? nas_nearest(name, names) : NULL;
    fputs("nas data: there is no data set '", stderr);
    cli_print_visible(stderr, name, false);
    fprintf(stderr, "'%s%s%s; `nas data list` shows all\n", near ? ", did you mean '" : "",
            near ? near : "", near ? "'?" : "");
    return CLI_BAD;
}

static int get(const cli_args *args, const nas_catalogue *c, nas_arena *a) {
    const char *into = args->option[INTO] ? args->option[INTO] : "data";
    if (args->n_words < 2) {
        fputs("nas data get: expected the name of a data set; `nas data list` shows those that "
              "there are\n",
              stderr);
        return CLI_BAD;
    }
    for (int i = 1; i < args->n_words; i++)
        if (!nas_catalogue_find(c, args->word[i])) return unknown(c, args->word[i], a);
    if (!cli_folder_fits("--into", into)) return CLI_BAD;
    for (int i = 1; i < args->n_words; i++) {
        const int st = get_one(a, nas_catalogue_find(c, args->word[i]), into);
        if (st != CLI_OK) return st;
    }
    return CLI_OK;
}

static int list(const cli_args *args, const nas_catalogue *c, nas_arena *a) {
    static const char *const head[] = {"name", "bytes", "there", "licence", "what it is"};
    const char *into = args->option[INTO] ? args->option[INTO] : "data";
    (void)a;
    cli_table *t = cli_table_open();
    for (int i = 0; i < 5; i++) cli_table_cell(t, head[i], i == 1);
    cli_table_row(t);
    for (int32_t i = 0; i < c->n; i++) {
        const nas_data_set *d = &c->v[i];
        char text[32], place[4096];
        snprintf(place, sizeof place, "%s/%s", into, nas_data_set_target(d));
        cli_table_cell(t, d->name, false);
        cli_table_cell(t, d->bytes >= 0 ? nas_thousands(d->bytes, text) : "?", true);
        cli_table_cell(t, nas_path_exists(place) ? "yes" : "no", false);
        cli_table_cell(t, d->licence, false);
        cli_table_cell(t, d->title, false);
        cli_table_row(t);
    }
    cli_table_print_cut(t);
    cli_table_close(t);
    return CLI_OK;
}

static int check(const cli_args *args, const nas_catalogue *c, nas_arena *a) {
    (void)c;
    (void)a;
    if (args->n_words != 2) {
        fputs("nas data check: expected one space file, as in `nas data check my.json`\n", stderr);
        return CLI_BAD;
    }
    const cli_check_options o = {.space = args->word[1],
                                 .patch = args->option[SET],
                                 .data = args->option[DATA],
                                 .cache = args->option[CACHE],
                                 .allow_missing = args->option[MISSING] != NULL,
                                 .json = args->option[JSON] != NULL};
    return cli_data_check(&o);
}

static const struct {
    const char *name;
    int (*run)(const cli_args *args, const nas_catalogue *c, nas_arena *a);
} actions[] = {{"check", check}, {"get", get}, {"list", list}};

static int run(const cli_args *args) {
    const char *names[sizeof actions / sizeof *actions + 1] = {0};
    nas_arena *a = NULL;
    nas_err err = {0};
    nas_catalogue c;
    if (nas_arena_open(&a, &err) != NAS_OK) return cli_fail(&err);
    int st = -1;
    for (size_t i = 0; i < sizeof actions / sizeof *actions; i++) {
        names[i] = actions[i].name;
        if (strcmp(args->word[0], actions[i].name) != 0) continue;
        st = cli_data_list(args->option[LIST], a, &c, &err) == NAS_OK ? actions[i].run(args, &c, a)
                                                                      : cli_fail(&err);
    }
    if (st < 0) {
        const char *near = nas_nearest(args->word[0], names);
        fputs("nas data: expected check, get or list, got '", stderr);
        cli_print_visible(stderr, args->word[0], false);
        fprintf(stderr, "'%s%s%s\n", near ? ", did you mean '" : "", near ? near : "",
                near ? "'?" : "");
        st = CLI_BAD;
    }
    nas_arena_close(a);
    return st;
}

const cli_command cli_data = {
    .name = "data",
    .words = "get NAME... | list | check SPACE",
    .least = 1,
    .most = CLI_WORDS,
    .summary = "Download public data sets, list them, and check the data of a space",
    .options =
        {
            [LIST] = {"--list", "FILE",
                      "a list of more data sets, as docs/DATA.md says (default: " CLI_MORE_SETS
                      ", if there)"},
            [INTO] = {"--into", "DIR", "where they go (default: data)"},
            [DATA] = {"--data", "PATH",
                      "check: folder of clips or CSV file, instead of the space's"},
            [SET] = {"--set", "JSON",
                     "check: object that is merged into the space file (RFC 7396)"},
            [CACHE] = {"--cache", "DIR",
                       "check: decoded clips (default: <name>.db.cache, if there)"},
            [MISSING] = {"--allow-missing", NULL,
                         "check: goes on without clips that are listed but absent"},
            [JSON] = {"--json", NULL, "check: one JSON object"},
        },
    .text = "The same command again continues a broken download. The SHA-256 sum of the archive\n"
            "is compared with that of the list, or else with that of the first download. The\n"
            "archive is unpacked beside its place and moved there once it is whole.\n\n"
            "`nas data check` opens the data of a space as `nas run` does and trains nothing. It\n"
            "shows classes, speakers, lengths, levels and bands, or the columns of a table. It\n"
            "then lists all that is wrong with the data. The last line counts the findings; the\n"
            "exit status is 0 also where there are some.\n\n"
            "examples:\n"
            "  nas data list\n"
            "  nas data get mini_speech_commands\n"
            "  nas data get jena_climate --into /srv/data\n"
            "  nas data check my.json --data recordings\n",
    .run = run,
};
