/* search/task/marks.h - what each example got from a model: whether it was right, or sums of
 * errors. From them come bounds, and what the store keeps.
 * Thread safety: no shared state; one thread at a time for each set of marks. */
#ifndef NAS_SEARCH_TASK_MARKS_H
#define NAS_SEARCH_TASK_MARKS_H

#include "search/task/dataset.h"

/* One-sided, where nobody says another. */
#define NAS_CONFIDENCE 0.95

enum { NAS_UNMARKED = -1 };

/* By the number that a task gives to what it judges. */
typedef struct nas_marks {
    int32_t n;     /* of the dataset: n_marks */
    int8_t *right; /* [n] 1, 0 or NAS_UNMARKED, of tasks that count; else NULL */
    void *own;     /* the task's: sums of errors, what was found instead */
} nas_marks;

/* No example is marked yet. details: what was found, too. Lives in arena a. Errors: NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_marks_open(const nas_dataset *d, bool details, nas_arena *a,
                                        nas_marks **out, nas_err *err);

#endif
