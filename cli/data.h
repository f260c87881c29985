/* cli/data.h - what other commands say of data that can be downloaded. */
#ifndef NAS_CLI_DATA_H
#define NAS_CLI_DATA_H

#include "base/err.h"

/* Adds to an error NAS_ENOTFOUND about a place that does not exist which command brings it, where
 * one does. */
void cli_data_hint(const char *place, nas_err *err);

#endif
