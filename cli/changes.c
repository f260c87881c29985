/* cli/changes.c - says on stderr what reading a file changed. */
#include "cli/changes.h"
#include "cli/cli.h"
#include "core/deploy/deploy.h"

void cli_tell_changes(const char *path, const nas_graph *g) {
    for (uint32_t bit = 1; bit && bit <= g->changes; bit <<= 1) {
        if (!(g->changes & bit)) continue;
        fputs("nas: ", stderr);
        cli_print_visible(stderr, path, false);
        fprintf(stderr, ": %s\n", nas_tflite_change_text(bit));
    }
}
