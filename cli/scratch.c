/* cli/scratch.c - a cache that ends with the command. */
#include "cli/scratch.h"

#include <stdio.h>
#include <stdlib.h>

nas_status cli_scratch_open(cli_scratch *s, const char *dir, nas_err *err) {
    *s = (cli_scratch){.cache = {.dir = dir}};
    if (dir) return NAS_OK;
    const char *tmp = getenv("TMPDIR");
    snprintf(s->own, sizeof s->own, "%s/nas-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    if (!mkdtemp(s->own)) {
        const nas_status st = nas_fail_errno(err, "cannot make the folder %s", s->own);
        s->own[0] = '\0';
        return st;
    }
    s->cache.dir = s->own;
    return NAS_OK;
}

void cli_scratch_close(cli_scratch *s) {
    if (s->own[0] && nas_dir_remove(s->own, NULL) == NAS_OK) s->own[0] = '\0';
}
