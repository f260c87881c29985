/* cli/data_check.h - nas data check: all that there is to say of a space's data.
 * Thread safety: one thread at a time: commands print. */
#ifndef NAS_CLI_DATA_CHECK_H
#define NAS_CLI_DATA_CHECK_H

#include "cli/cli.h"
#include "search/space/space.h"
#include "search/task/dataset.h"

typedef struct cli_check_options {
    const char *space, *patch, *data, *cache; /* all but the first may be NULL */
    bool allow_missing, json;
} cli_check_options;

/* Returns the exit status. */
int cli_data_check(const cli_check_options *o);

/* What was found. */
typedef struct cli_checked {
    const char *space;
    const nas_dataset *d;
    const void *found;       /* the task's, by its row of cli/text/task.h; NULL: nothing */
    int32_t fronts, n;       /* front ends that were looked at; findings */
    const char *const *said; /* [n] */
} cli_checked;
void cli_check_print(const cli_checked *c); /* check_text.c, as is the next */
void cli_check_json(const cli_checked *c);

#endif
