/* cli/text/speakers.h - nas eval --by-speaker: who is not understood, and what is heard instead.
 * Thread safety: one thread at a time: commands print.
 * Errors, where none are named: NAS_ENOMEM; what was printed before stays. */
#ifndef NAS_CLI_TEXT_SPEAKERS_H
#define NAS_CLI_TEXT_SPEAKERS_H

#include "search/task/keywords/deployed/speakers.h"

/* A line for each speaker, most errors first; on a terminal the first of them. */
NAS_NODISCARD nas_status cli_print_speakers(nas_arena *a, const nas_deployed *d,
                                            const nas_verdict *v, nas_err *err);

/* All of them, as the value of a member of an object. */
NAS_NODISCARD nas_status cli_json_speakers(nas_arena *a, const nas_deployed *d,
                                           const nas_verdict *v, nas_err *err);

#endif
