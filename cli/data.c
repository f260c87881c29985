/* cli/data.c - which data sets can be had, and which of them would be the one that is missing. */
#include "cli/data.h"

#include "base/files/file.h"
#include "cli/cli.h"
#include "search/fetch/data_get.h"

#include <stdio.h>
#include <string.h>

nas_status cli_data_list(const char *named, nas_arena *a, nas_catalogue *out, nas_err *err) {
    const char *more = named ? named : nas_path_exists(CLI_MORE_SETS) ? CLI_MORE_SETS : NULL;
    return nas_catalogue_open(a, more, out, err);
}

void cli_data_hint(const char *place, nas_err *err) {
    nas_arena *a = NULL;
    nas_catalogue c;
    char hint[160], text[32];
    if (!place || err->code != NAS_ENOTFOUND || nas_path_exists(place)) return;
    if (nas_arena_open(&a, NULL) != NAS_OK) return;
    if (cli_data_list(NULL, a, &c, NULL) == NAS_OK)
        for (int32_t i = 0; i < c.n; i++) {
            const char *target = nas_data_set_target(&c.v[i]);
            if (strncmp(place, "data/", 5) != 0 || strcmp(place + 5, target) != 0) continue;
            snprintf(hint, sizeof hint, "; `nas data get %s` brings it (%s bytes)", c.v[i].name,
                     c.v[i].bytes >= 0 ? nas_thousands(c.v[i].bytes, text) : "?");
            strncat(err->text, hint, sizeof err->text - strlen(err->text) - 1);
        }
    nas_arena_close(a);
}
