/* cli/scratch.c - memory and a cache that end with the command. */
#include "cli/scratch.h"

#include <stdio.h>
#include <stdlib.h>

nas_status cli_scratch_open(cli_scratch *s, const char *dir, nas_err *err) {
    *s = (cli_scratch){.cache = {.dir = dir}};
    NAS_TRY(nas_arena_open(&s->arena, err));
    if (dir) return NAS_OK;
    const char *tmp = getenv("TMPDIR");
    snprintf(s->own, sizeof s->own, "%s/nas-XXXXXX", tmp && *tmp ? tmp : "/tmp");
    s->cache.dir = s->own;
    if (mkdtemp(s->own)) return NAS_OK;
    const nas_status st = nas_fail_errno(err, "cannot make the folder %s", s->own);
    s->own[0] = '\0';
    cli_scratch_close(s);
    return st;
}

void cli_scratch_close(cli_scratch *s) {
    nas_arena_close(s->arena);
    if (s->own[0] && nas_dir_remove(s->own, NULL) == NAS_OK) s->own[0] = '\0';
}
