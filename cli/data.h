/* cli/data.h - what other commands say of data that can be downloaded.
 * Thread safety: one thread at a time: commands print. */
#ifndef NAS_CLI_DATA_H
#define NAS_CLI_DATA_H

#include "search/fetch/catalogue.h"

/* The list of more data sets that is taken where none is named. */
#define CLI_MORE_SETS "data/sets.json"

/* The data sets that can be had, with those of the list `named`, or of CLI_MORE_SETS where that is
 * there and named is NULL. Owner: arena a. Errors: as nas_catalogue_open. */
NAS_NODISCARD nas_status cli_data_list(const char *named, nas_arena *a, nas_catalogue *out,
                                       nas_err *err);

/* Adds to an error NAS_ENOTFOUND about a place that does not exist which command brings it, where
 * one does. */
void cli_data_hint(const char *place, nas_err *err);

#endif
