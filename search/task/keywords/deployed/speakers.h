/* search/task/keywords/deployed/speakers.h - what was heard of each speaker.
 * Thread safety: no shared state; one thread at a time for each list. */
#ifndef NAS_SEARCH_TASK_KEYWORDS_DEPLOYED_SPEAKERS_H
#define NAS_SEARCH_TASK_KEYWORDS_DEPLOYED_SPEAKERS_H

#include "search/task/keywords/deployed/deployed.h"

typedef struct nas_speaker_heard {
    const char *speaker;
    int32_t n, right;
    const int32_t *clip; /* [n] places in the verdict's heard, rising */
} nas_speaker_heard;

/* All speakers of a verdict, by name. Owner: arena a. Errors: NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_speakers_group(nas_arena *a, const nas_verdict *v,
                                            nas_speaker_heard **out, int32_t *n, nas_err *err);

/* Most errors first; of as many errors the fewest clips, then by name. */
void nas_speakers_sort(nas_speaker_heard *s, int32_t n);

typedef struct nas_mistake {
    int32_t label, class; /* spoken and heard */
    int32_t n;
} nas_mistake;

/* What a speaker's clips were wrongly taken for, the most frequent first, then in the order of the
 * labels. Owner: arena a. Errors: NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_speaker_mistakes(nas_arena *a, const nas_verdict *v,
                                              const nas_speaker_heard *s, nas_mistake **out,
                                              int32_t *n, nas_err *err);

#endif
