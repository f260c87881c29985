/* cli/text/show_study.h - what nas show prints of a study.
 * Thread safety: one thread at a time: commands print. */
#ifndef NAS_CLI_TEXT_SHOW_STUDY_H
#define NAS_CLI_TEXT_SHOW_STUDY_H

#include "cli/study.h"

/* Is the file a database? */
bool cli_is_database(const char *path);

/* Aims, versions and warnings of a study, on stdout. Errors: those of the store's reads; what was
 * printed before stays. */
nas_status cli_show_study(cli_study *s, nas_err *err);

/* What was said of the study's version, on stdout; nothing where nothing was. Errors: those of
 * nas_store_warnings. */
nas_status cli_print_warnings(const cli_study *s, nas_err *err);

#endif
