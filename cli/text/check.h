/* cli/text/check.h - what nas data check prints of each task alike, and of one task alone.
 * Thread safety: the main thread alone; it prints. */
#ifndef NAS_CLI_TEXT_CHECK_H
#define NAS_CLI_TEXT_CHECK_H

#include "cli/data_check.h"

/* Cells of a table, its head, and its end, which prints it; then members of an object, `before`
 * standing before the first. */
void cli_check_count(cli_table *t, int64_t v);
void cli_check_figure(cli_table *t, double v);
void cli_check_head(cli_table *t, const char *const *head, int n);
void cli_check_end(cli_table *t);
void cli_check_number(const char *before, const char *name, double v);
void cli_check_parts(const char *name, const int32_t v[NAS_PARTS]);

/* Members `check...` of the rows of tasks (cli/text/task.h). Errors: those of opening the data (the
 * row `open` of search/task/task.h); NAS_ENOMEM. */
nas_status cli_check_clips(cli_checked *c, const nas_space *s, nas_arena *a, const nas_log *log,
                           nas_err *err);
void cli_check_clips_print(const cli_checked *c);
void cli_check_clips_json(const cli_checked *c);
nas_status cli_check_table(cli_checked *c, const nas_space *s, nas_arena *a, const nas_log *log,
                           nas_err *err);
void cli_check_table_print(const cli_checked *c);
void cli_check_table_json(const cli_checked *c);

#endif
