/* search/study/judge.h - how an exported model does on data, by its task's own row.
 * Thread safety: one thread at a time; it works on the threads of base/team.h. */
#ifndef NAS_SEARCH_STUDY_JUDGE_H
#define NAS_SEARCH_STUDY_JUDGE_H

#include "search/cache/cache.h"
#include "search/metrics/metrics.h"
#include "search/task/task.h"

typedef struct nas_judged {
    nas_task task;
    int64_t examples;
    double metric[NAS_METRICS_MOST]; /* those of the task that come of examples; else NaN */
} nas_judged;

/* folder: model.tflite and candidate.json. part: a nas_part under the candidate's split, or -1 for
 * all of them. What out->task points to lives in arena a. Errors: those of nas_candidate_open, of
 * opening the data, and of `features` and `judge`; NAS_EINVAL the part has no examples. */
NAS_NODISCARD nas_status nas_judge_folder(const char *folder, const char *data, int part,
                                          bool allow_missing, const nas_cache *cache,
                                          const nas_log *log, nas_arena *a, nas_judged *out,
                                          nas_err *err);

#endif
