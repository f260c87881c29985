/* cli/cli.h - the table of subcommands, their options, and how they print. Only cli/ prints or
 * exits.
 * Thread safety: one thread at a time: commands print. */
#ifndef NAS_CLI_CLI_H
#define NAS_CLI_CLI_H

#include "base/err.h"
#include "base/log.h"
#include "base/text/digits.h"
#include "base/text/word.h"
#include "base/value.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* Exit statuses, for scripts. */
enum {
    CLI_OK = 0,
    CLI_FAILED = 1,   /* input, output, memory, a bug */
    CLI_BAD = 2,      /* what the user gave is wrong; nothing was touched */
    CLI_NONE = 3,     /* nothing satisfies the constraints */
    CLI_STOPPED = 130 /* Ctrl-C */
};

typedef struct cli_option {
    const char *name;  /* "--db" */
    const char *value; /* "FILE"; NULL: a switch */
    const char *help;
} cli_option;

enum { CLI_OPTIONS = 20, CLI_WORDS = 4 };

typedef struct cli_args {
    int n_words;
    const char *word[CLI_WORDS];
    const char *option[CLI_OPTIONS]; /* by the row's position; NULL: not given; "" for a switch */
} cli_args;

typedef struct cli_command {
    const char *name, *words; /* "run", "SPACE" */
    int least, most;          /* number of words */
    const char *summary;
    const char *text; /* paragraphs and examples of --help */
    cli_option options[CLI_OPTIONS];
    int (*run)(const cli_args *args);
} cli_command;

extern const cli_command cli_run, cli_space, cli_top, cli_show, cli_sql, cli_export, cli_eval,
    cli_train, cli_verify, cli_cache, cli_data, cli_compare, cli_copy, cli_retry;

/* Prints "nas: text" on stderr; the exit status of that error. */
int cli_fail(const nas_err *err);
int cli_status_of(nas_status st);

/* The option of commands that write to a database. */
#define CLI_ONE_NAME                                                            \
    {                                                                           \
        "--one-name", NULL,                                                     \
            "goes on where the database has several names (hard links), or is " \
            "mounted without its folder: nobody uses it under another one"      \
    }

/* Whole numbers of an option, within bounds. false after a message. */
bool cli_number(const char *option, const char *text, int64_t lo, int64_t hi, int64_t *out);
/* Can the folder of an option be made, or written? Asked before work is done for it. false after a
 * message. */
bool cli_folder_fits(const char *option, const char *path);

/* A log that warns on stderr, shows progress there on a terminal, and stops on SIGINT, SIGTERM and
 * SIGHUP (which it begins to catch) and when stdout cannot be written. */
const nas_log *cli_log(bool quiet);
/* Columns of the terminal behind a descriptor; 80 where there is none. */
int cli_columns(int fd);
/* Removes status lines that are still on the screen. */
void cli_clear_line(void);
/* Rewrites the last lines of the screen, each cut to its width; nothing when stderr is no terminal.
 */
void cli_status_line(const char *text);
/* A line on stdout; cut to the screen's width where that is a terminal. */
void cli_print_line(const char *text);

/* Words of a text in lines that fit the terminal behind f (at most 100 columns; 96 where there is
 * none). The output stands in column `at`; lines behind the first are indented. */
void cli_print_wrapped(FILE *f, const char *text, int at, int indent);

/* "1 h 05 min", "3 min 20 s", "12.3 s" into out[32]. */
const char *cli_duration(double seconds, char out[32]);
/* Bytes of a folder's name without slashes at its end: "%.*s/" puts one there. */
int cli_folder_length(const char *folder);
/* A value as people read it ("" for NULL) into out. */
const char *cli_value(const nas_value *v, char *out, size_t n);
/* Control characters, and bytes that are no UTF-8, as \n, \x1b or \u202e (base/text/visible.h), so
 * that no text steers the terminal; keep_lines: \n stays. What was made so before stays as it is.
 */
void cli_print_visible(FILE *f, const char *s, bool keep_lines);
/* The same as a text, to be freed. */
char *cli_visible(const char *s, bool keep_lines);
/* Ends the program: there is no memory for what is to be printed. */
_Noreturn void cli_no_memory(void);
/* A JSON string with its quotes, on stdout; control characters are escaped, what is no UTF-8
 * becomes U+FFFD. */
void cli_print_json_text(const char *s);

/* Rows as a table with aligned columns; add all, then print to stdout. The caller closes it.
 * Without memory the command ends (cli_no_memory). */
typedef struct cli_table cli_table;
cli_table *cli_table_open(void);
void cli_table_cell(cli_table *t, const char *text, bool right);
void cli_table_row(cli_table *t);
/* On which side a cell of the first row stands, known once there is a second. */
void cli_table_head(cli_table *t, int32_t column, bool right);
void cli_table_print(const cli_table *t);
/* The same, each row by cli_print_line. */
void cli_table_print_cut(const cli_table *t);
void cli_table_close(cli_table *t);

#endif
