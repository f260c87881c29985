/* search/task/keywords/deployed/pair.h - two exported models on the same clips.
 * Thread safety: no shared state; one thread at a time for each pair. */
#ifndef NAS_SEARCH_TASK_KEYWORDS_DEPLOYED_PAIR_H
#define NAS_SEARCH_TASK_KEYWORDS_DEPLOYED_PAIR_H

#include "search/estimate/estimate.h"
#include "search/task/keywords/deployed/deployed.h"

/* Makes both ready to be judged on the same clips: d[1] gives its classes as the places of d[0]'s
 * labels, and both tell speakers apart, and split, as the one does that has a candidate (d[0], if
 * both have). part as in nas_deployed_judge. name: what they are called in messages.
 * Errors: NAS_EINVAL they have other labels; a part is asked for, and one has no candidate or
 * another split. */
NAS_NODISCARD nas_status nas_pair_match(nas_arena *a, const char *const name[2], nas_deployed d[2],
                                        int part, nas_err *err);

typedef struct nas_pair_speaker {
    const char *speaker;
    int32_t n, right[2];
} nas_pair_speaker;

typedef struct nas_pair {
    int32_t n, both, only[2], neither; /* clips that both, one alone, none had right */
    nas_pair_difference difference;    /* a of it is the second: positive where that is better */
    int32_t speakers;
    nas_pair_speaker *by_speaker; /* where they differ by most clips first, then by name */
} nas_pair;

/* Of two verdicts on the same clips in the same order. Owner: arena a. Errors: NAS_EIO they are of
 * other clips, as the folder changed between them; NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_pair_count(nas_arena *a, const nas_verdict v[2], nas_pair *out,
                                        nas_err *err);

#endif
