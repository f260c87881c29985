/* cli/text/winner.h - the winner of a run: what is shown of it, and its files.
 * Thread safety: one thread at a time: commands print. */
#ifndef NAS_CLI_TEXT_WINNER_H
#define NAS_CLI_TEXT_WINNER_H

#include "cli/text/report.h"

typedef struct cli_winner {
    const nas_space *space;
    const nas_study *study;
    const char *db, *folder;
    bool replace; /* also the files of a better winner of before */
    const nas_log *log;
} cli_winner;

/* Exports trial `row` into the folder and shows it. Files there stay where they are a better
 * winner's, of another version of the study on the same data, or of another database with the same
 * task: a warning says so. Errors: those of reading and writing. */
NAS_NODISCARD nas_status cli_winner_put(const cli_winner *w, nas_store *store, nas_study_id id,
                                        int64_t row, nas_err *err);

/* Whoever ships the folder would ship a model that breaks the constraints: says that there is one.
 */
void cli_warn_of_old(const char *folder);

#endif
