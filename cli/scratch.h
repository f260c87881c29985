/* cli/scratch.h - memory and cache of a command that has no database: the cache is --cache, or a
 * folder that ends with the command.
 * Thread safety: one thread at a time: commands print. */
#ifndef NAS_CLI_SCRATCH_H
#define NAS_CLI_SCRATCH_H

#include "search/cache/cache.h"

typedef struct cli_scratch {
    nas_arena *arena;
    nas_cache cache;
    char own[4096]; /* to be removed; "" when the user named one */
} cli_scratch;

/* dir: of --cache, or NULL; borrowed. Owner: the caller closes *s. Errors: NAS_ENOMEM;
 * NAS_ENOTFOUND, NAS_EIO the folder cannot be made. Then *s needs no closing. */
NAS_NODISCARD nas_status cli_scratch_open(cli_scratch *s, const char *dir, nas_err *err);
void cli_scratch_close(cli_scratch *s);

#endif
