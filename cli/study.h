/* cli/study.h - the database and study that a command is about.
 * Thread safety: one thread at a time: commands print. */
#ifndef NAS_CLI_STUDY_H
#define NAS_CLI_STUDY_H

#include "cli/text/report.h"

typedef struct cli_study {
    nas_arena *arena;
    nas_store *store;
    nas_study def;
    nas_study_id id;
} cli_study;

/* Opens for reading; name NULL: the only study; version: number of a version of it, NULL: the
 * current one. false after a message, with the exit status in *status. */
bool cli_study_open(cli_study *s, const char *db, const char *name, const char *version,
                    int *status);
/* The option of commands that do. */
#define CLI_VERSION \
    { "--version", "N", "a version of the study, instead of the current one" }
void cli_study_close(cli_study *s);

/* Warns, on stderr, where these columns (n 0: objectives and constraints) are times that more than
 * one machine measured. Errors: those of reading the study. */
nas_status cli_warn_of_machines(cli_study *s, const char *const *columns, int32_t n, nas_err *err);

/* The trial of a number (NULL: the best feasible one). NULL after a message. */
cli_trial *cli_study_trial(cli_study *s, const char *number, int *status);

#endif
