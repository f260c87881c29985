/* search/task/keywords/silence.h - which recording a clip of silence was cut from.
 * Thread safety: no shared state; one thread at a time for each dataset. */
#ifndef NAS_SEARCH_TASK_KEYWORDS_SILENCE_H
#define NAS_SEARCH_TASK_KEYWORDS_SILENCE_H

#include "core/data/clips/clips.h"

/* Clips with the label "_silence_" whose samples stand as they are in a recording of
 * <folder>/_background_noise_: group[i] (of clip i) becomes its name, "_background_noise_/<file>".
 * Others keep theirs. A warning says how many were not found, where there are recordings. Names
 * live in arena a. Errors: NAS_ENOMEM, NAS_ESTOP; recordings that cannot be read are passed over.
 */
NAS_NODISCARD nas_status nas_silence_groups(const nas_clips *c, const char *folder,
                                            const nas_log *log, nas_arena *a, const char **group,
                                            nas_err *err);

#endif
