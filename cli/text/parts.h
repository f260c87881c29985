/* cli/text/parts.h - nas eval: which clips were heard, and which classes are absent.
 * Thread safety: one thread at a time: commands print. */
#ifndef NAS_CLI_TEXT_PARTS_H
#define NAS_CLI_TEXT_PARTS_H

#include "search/task/keywords/deployed/deployed.h"

/* A line on the parts that were heard, and one on classes without clips where there are some. who:
 * stands before the first ("A: "); "" for one model. */
void cli_print_parts(const char *who, const nas_verdict *v);
void cli_print_absent(const nas_deployed *d, const nas_verdict *v);

/* Members of an object: part, trained_on_these, parts, absent; then `after`. */
void cli_json_parts(const nas_verdict *v, const char *after);
void cli_json_absent(const nas_deployed *d, const nas_verdict *v, const char *after);

#endif
