/* cli/main.c - `nas`: finds the subcommand, reads its options by its table, prints help. */
#include "cli/cli.h"

#include "base/files/file.h"
#include "base/libm.h"
#include "base/stack.h"
#include "core/audio/frontend.h"
#include "core/deploy/deploy.h"
#include "core/kernel/infer.h"
#include "core/nn/train/train.h"
#include "search/json/json.h"
#include "store/store.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const cli_command *const commands[] = {
    &cli_run,   &cli_space,  &cli_top,   &cli_show, &cli_sql,     &cli_export, &cli_eval,
    &cli_train, &cli_verify, &cli_cache, &cli_data, &cli_compare, &cli_copy,   &cli_retry,
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static void print_usage(FILE *f) {
    fputs("nas - finds the small neural network that fits\n\nusage: nas COMMAND ...\n\n", f);
    for (int i = 0; i < COMMANDS; i++) {
        char left[64];
        snprintf(left, sizeof left, "%s %s", commands[i]->name, commands[i]->words);
        fprintf(f, "  %-24s %s\n", left, commands[i]->summary);
    }
    fputs("\n`nas COMMAND --help` has its options and examples, `nas --version` what bits depend "
          "on.\n\n"
          "example:\n"
          "  nas run spaces/demo.json      search; the winner lands in ./demo_best/\n"
          "  nas top demo.db               the best trials\n"
          "  nas sql demo.db \"select number, accuracy, zlib_bytes from demo_feasible\"\n",
          f);
}

/* What a report of a fault should say: bits depend on these, and what is stored is kept apart by
 * them. */
static int print_version(void) {
    nas_err err = {0};
    const nas_kernel *kernel;
    if (nas_kernel_choose(&kernel, &err) != NAS_OK) return cli_fail(&err);
    char libm[NAS_LIBM_TEXT];
    nas_libm_text(", ", libm);
    printf("nas, not released yet\ntraining %d (%s%s), inference %d (%s), front end %d, database "
           "%d\n",
           NAS_TRAIN_VERSION, libm, nas_kernel_name(kernel), NAS_DEPLOY_VERSION,
           nas_infer_choose()->name, NAS_FRONTEND_VERSION, nas_schema_version());
    return CLI_OK;
}

/* "--db FILE"; its length. */
static int put_option(const cli_option *o, char out[64]) {
    return snprintf(out, 64, "%s%s%s", o->name, o->value ? " " : "", o->value ? o->value : "");
}

/* Lines that begin with a blank, or end with a colon, stand by themselves; others run on as one
 * paragraph up to an empty one. */
static void print_paragraphs(const char *text) {
    char line[2048];
    size_t used = 0;
    while (*text) {
        const size_t n = strcspn(text, "\n");
        const bool apart = n == 0 || *text == ' ' || text[n - 1] == ':';
        if (apart && used) cli_print_wrapped(stdout, line, 0, 0);
        if (apart) used = 0;
        if (apart)
            printf("%.*s\n", (int)n, text);
        else if (used + n + 2 < sizeof line)
            used += (size_t)snprintf(line + used, sizeof line - used, "%s%.*s", used ? " " : "",
                                     (int)n, text);
        text += n + (text[n] == '\n');
    }
    if (used) cli_print_wrapped(stdout, line, 0, 0);
}

static void print_help(const cli_command *c) {
    char summary[256];
    snprintf(summary, sizeof summary, "%s.", c->summary);
    printf("usage: nas %s %s%s\n\n", c->name, c->words, c->options[0].name ? " [options]" : "");
    cli_print_wrapped(stdout, summary, 0, 0);
    if (c->options[0].name) fputs("\noptions:\n", stdout);
    int wide = 0;
    char left[64];
    for (int i = 0; i < CLI_OPTIONS && c->options[i].name; i++) {
        const int n = put_option(&c->options[i], left);
        wide = n > wide ? n : wide;
    }
    for (int i = 0; i < CLI_OPTIONS && c->options[i].name; i++) {
        put_option(&c->options[i], left);
        printf("  %-*s  ", wide, left);
        cli_print_wrapped(stdout, c->options[i].help, wide + 4, wide + 4);
    }
    putchar('\n');
    print_paragraphs(c->text);
}

static int usage_error(const cli_command *c, const char *what, const char *word, const char *hint) {
    fprintf(stderr, "nas %s: %s '%s'%s%s%s; see `nas %s --help`\n", c->name, what, word,
            hint ? ", did you mean '" : "", hint ? hint : "", hint ? "'?" : "", c->name);
    return CLI_BAD;
}

static const char *nearest_option(const cli_command *c, const char *word) {
    const char *names[CLI_OPTIONS + 1] = {0};
    for (int i = 0; i < CLI_OPTIONS && c->options[i].name; i++) names[i] = c->options[i].name;
    return nas_nearest(word, names);
}

static bool is_option(const cli_command *c, const char *word) {
    for (int k = 0; k < CLI_OPTIONS && c->options[k].name; k++)
        if (strcmp(c->options[k].name, word) == 0) return true;
    return false;
}

/* Every word and many values are paths. What is not may be as long as it likes. */
static bool is_path(const char *what) {
    static const char *const others[] = {"QUERY", "JSON", "N", "NAME", "PART"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(what, others[i]) == 0) return false;
    return true;
}

/* A buffer that a path does not fit into would make it another one. */
static int check_length(const cli_command *c, const char *name, const char *what,
                        const char *value) {
    const size_t n = strlen(value);
    if (n <= NAS_PATH_MOST || !is_path(what)) return CLI_OK;
    fprintf(stderr, "nas %s: %s is too long: a path of %zu bytes, at most %d are taken\n", c->name,
            name, n, NAS_PATH_MOST);
    return CLI_BAD;
}

/* What stands at place i of "DB QUERY". */
static void word_at(const char *words, int i, char out[32]) {
    for (; i > 0 && strchr(words, ' '); i--) words = strchr(words, ' ') + 1;
    snprintf(out, 32, "%.*s", (int)strcspn(words, " "), words);
}

/* --name value, --name=value, -o value. Returns CLI_OK or an exit status after a message. */
static int read_option(const cli_command *c, char **argv, int *i, cli_args *args) {
    const char *word = argv[*i];
    const size_t n = strcspn(word, "=");
    for (int k = 0; k < CLI_OPTIONS && c->options[k].name; k++) {
        const cli_option *o = &c->options[k];
        if (strlen(o->name) != n || strncmp(o->name, word, n) != 0) continue;
        if (!o->value && word[n]) return usage_error(c, "this option takes no value:", word, NULL);
        if (o->value && args->option[k])
            return usage_error(c, "an option with a value may stand once; twice stands", word,
                               NULL);
        if (!o->value)
            args->option[k] = "";
        else if (word[n])
            args->option[k] = word + n + 1;
        else if (argv[*i + 1] && !is_option(c, argv[*i + 1]))
            args->option[k] = argv[++*i];
        if (o->value && (!args->option[k] || !*args->option[k]))
            return usage_error(c, "a value is missing after", word, NULL);
        return o->value ? check_length(c, o->name, o->value, args->option[k]) : CLI_OK;
    }
    return usage_error(c, "unknown option", word, nearest_option(c, word));
}

static int run_command(const cli_command *c, char **argv) {
    cli_args args = {0};
    for (int i = 0; argv[i]; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_help(c);
            return CLI_OK;
        }
        if (argv[i][0] == '-' && argv[i][1]) {
            const int st = read_option(c, argv, &i, &args);
            if (st != CLI_OK) return st;
        } else if (args.n_words == c->most || args.n_words == CLI_WORDS) {
            return usage_error(c, "one argument too many:", argv[i], NULL);
        } else {
            char what[32];
            word_at(c->words, args.n_words, what);
            const int st = check_length(c, what, what, argv[i]);
            if (st != CLI_OK) return st;
            args.word[args.n_words++] = argv[i];
        }
    }
    if (args.n_words < c->least) {
        fprintf(stderr, "nas %s: expected %s\nusage: nas %s %s; see `nas %s --help`\n", c->name,
                c->words, c->name, c->words, c->name);
        return CLI_BAD;
    }
    return c->run(&args);
}

/* Whoever reads a pipe may have had enough, as `head` does: no reason to complain. */
static bool reader_is_gone(void) {
    struct pollfd p = {.fd = STDOUT_FILENO};
    return poll(&p, 1, 0) > 0 && (p.revents & POLLERR) != 0;
}

static int end_output(int status) {
    if (fflush(stdout) == 0 && !ferror(stdout)) return status;
    if (!reader_is_gone())
        fputs("nas: the output could not be written: is its device full?\n", stderr);
    return status == CLI_OK || status == CLI_NONE ? CLI_FAILED : status;
}

static int run_named(const char *word, char **argv) {
    const char *names[COMMANDS + 1] = {0};
    for (int i = 0; i < COMMANDS; i++) {
        names[i] = commands[i]->name;
        if (strcmp(word, names[i]) == 0) return run_command(commands[i], argv);
    }
    const char *hint = nas_nearest(word, names);
    fprintf(stderr, "nas: unknown command '%s'%s%s%s; see `nas --help`\n", word,
            hint ? ", did you mean '" : "", hint ? hint : "", hint ? "'?" : "");
    return CLI_BAD;
}

static bool stack_is_enough(void) {
    const long has = nas_stack_raise();
    if (has >= NAS_STACK_LEAST_KB) return true;
    fprintf(
        stderr,
        "nas: the stack may have %ld kB here (ulimit -s), and nas needs %d: set `ulimit -s %d`, "
        "or that limit of the service or container\n",
        has, NAS_STACK_LEAST_KB, NAS_STACK_KB);
    return false;
}

int main(int argc, char **argv) {
    (void)signal(SIGPIPE, SIG_IGN); /* a write that fails says so */
    (void)signal(SIGXFSZ, SIG_IGN); /* the same, at the limit of a file's size */
    if (!stack_is_enough()) return CLI_BAD;
    if (argc < 2) {
        print_usage(stderr);
        return CLI_BAD;
    }
    const char *word = argv[1];
    if (strcmp(word, "--version") == 0) return end_output(print_version());
    if (strcmp(word, "--help") != 0 && strcmp(word, "-h") != 0 && strcmp(word, "help") != 0)
        return end_output(run_named(word, argv + 2));
    if (argc > 2) return end_output(run_named(argv[2], (char *[]){"--help", NULL}));
    print_usage(stdout);
    return end_output(CLI_OK);
}
