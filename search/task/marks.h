/* search/task/marks.h - what each example got from a model: of clips the class that was found, of a
 * series sums of errors by block of time. From them come bounds, and what the store keeps. */
#ifndef NAS_SEARCH_TASK_MARKS_H
#define NAS_SEARCH_TASK_MARKS_H

#include "search/task/dataset.h"

/* One-sided, where nobody says another. */
#define NAS_CONFIDENCE 0.95

enum { NAS_UNMARKED = -1 };

/* By the number of a clip; or of a cell of a series: step s (from 0) of target t in block b is
 * (b * targets + t) * horizon + s. */
typedef struct nas_marks {
    int32_t n;      /* of the dataset: n_marks */
    int8_t *right;  /* [n] 1, 0 or NAS_UNMARKED; of a series: NULL, as are the next two */
    int16_t *class; /* [n] the class that was found, and its probability; NULL: not wanted */
    float *share;
    double *windows, *error, *square; /* of a series [n]: how many forecasts, and sums of what */
    double *carried, *seasonal;       /* nas_forecast_judge sums */
} nas_marks;

/* No example is marked yet. details: classes too. Lives in arena a. */
NAS_NODISCARD nas_status nas_marks_open(const nas_dataset *d, bool details, nas_arena *a,
                                        nas_marks **out, nas_err *err);

#endif
