/* cli/text/dump.h - the folder of `nas eval --dump`: files that are written as things are judged,
 * and stand there once all were.
 * Thread safety: one thread at a time: commands print. */
#ifndef NAS_CLI_TEXT_DUMP_H
#define NAS_CLI_TEXT_DUMP_H

#include "base/files/folder.h"

#include <stdbool.h>
#include <stdio.h>

enum { CLI_DUMP_FILES = 3 };

typedef struct cli_dump {
    nas_folder *to;
    FILE *file[CLI_DUMP_FILES]; /* in the order of their names */
} cli_dump;

/* names: NULL ends them; borrowed. False after a message; nothing is left then. */
bool cli_dump_open(cli_dump *d, const char *folder, const char *const *names);
/* keep: all was judged. {0} is fine. False after a message: it could not be written. */
bool cli_dump_close(cli_dump *d, bool keep);

#endif
