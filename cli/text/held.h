/* cli/text/held.h - what a folder holds already when a winner is to go there.
 * Thread safety: one thread at a time: commands print. */
#ifndef NAS_CLI_TEXT_HELD_H
#define NAS_CLI_TEXT_HELD_H

#include "search/study/study.h"

typedef struct cli_held {
    bool there;      /* files of a trial that is not of the study's current version */
    bool known;      /* the database has it */
    bool same_data;  /* as the current version's; where it is not known, as far as one can tell */
    bool better;     /* satisfies the constraints, and is before the new winner by the objective */
    int64_t version; /* where it is known */
    int64_t number;
    double figure; /* its value of the first objective; NaN: none */
} cli_held;

/* name: of the study; row: its new winner, of the current version. Errors: those of reading. */
NAS_NODISCARD nas_status cli_held_look(const char *db, nas_store *store, const char *name,
                                       int64_t row, const char *folder, nas_arena *a, cli_held *out,
                                       nas_err *err);

#endif
