/* cli/changes.h - what opening a file of somebody else changed of it.
 * Thread safety: one thread at a time: commands print. */
#ifndef NAS_CLI_CHANGES_H
#define NAS_CLI_CHANGES_H

#include "core/graph/graph.h"

/* On stderr: what reading the model's file changed of it, a line each; nothing of files of ours. */
void cli_tell_changes(const char *path, const nas_graph *g);

#endif
