/* cli/space_data.h - nas space: what of a space's data can be checked without reading sounds.
 * Thread safety: one thread at a time: commands print. */
#ifndef NAS_CLI_SPACE_DATA_H
#define NAS_CLI_SPACE_DATA_H

#include "search/task/task.h"

/* Prints the line "data", and below it what is not there: folder or file, class folders, lists,
 * columns. data: in place of the task's own; NULL: that. Returns how many outputs a model has; 0:
 * only data that is not there would say. */
int32_t cli_space_data(const nas_task *task, const char *data, nas_arena *a);

#endif
