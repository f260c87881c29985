/* search/task/dataset.h - the examples of a task, split; and what a model sees of them. What
 * differs from task to task is done by its row (search/task/task.h).
 * Thread safety: one thread at a time for each dataset; its arrays may be read by several
 * threads. */
#ifndef NAS_SEARCH_TASK_DATASET_H
#define NAS_SEARCH_TASK_DATASET_H

#include "base/arena.h"
#include "base/log.h"
#include "core/data/split/split.h"
#include "core/nn/net/examples.h"
#include "search/cache/cache.h"

struct nas_task;      /* search/task/task.h */
struct nas_candidate; /* search/candidate/candidate.h */

enum { NAS_PARTS = 3 };

/* The examples of one part, in the order of the data or of the time. */
typedef struct nas_rows {
    int32_t n;
    const int32_t
        *example;         /* [n] numbers that the task gives: of a clip, of a window's first row */
    const int32_t *label; /* [n]; of values: NULL */
} nas_rows;

typedef struct nas_dataset {
    const struct nas_task *task;
    int32_t outputs;          /* of a model: classes, or values */
    const char *folder;       /* or the file */
    nas_rows part[NAS_PARTS]; /* by nas_part */
    nas_hash fingerprint;     /* of the data and its split */
    int32_t n_calibration;
    const int32_t *calibration; /* rows of the training set that ranges are found on */
    nas_part judged;            /* what a score is over: the validation set, but of a fold where
                                   that part picks epochs */
    int32_t folds;              /* 0: none. Else all examples but the test set's train, or pick
                                   the epoch in the validation set, which is mostly empty */
    int32_t n_marks;            /* what marks are kept of (search/task/marks.h); 0: of nothing */
    int32_t n_groups;           /* of examples that are alike: speakers, blocks of time */
    const int32_t *group;       /* [n_marks] */
    const char *const *groups;  /* [n_groups] names */
    void *own;                  /* the task's */
} nas_dataset;

/* task is borrowed. folder NULL: task->data. allow_missing: go on without examples that are listed
 * but absent. Owner: the caller closes it; arrays live in arena a. Errors: NAS_EINVAL the path is
 * too long; the task's (its `open`): NAS_ENOTFOUND, NAS_EFORMAT, NAS_EINVAL the data does not fit
 * the task, NAS_ESTOP, files, NAS_ENOMEM. Then *out is closed. */
NAS_NODISCARD nas_status nas_dataset_open(nas_arena *a, const struct nas_task *task,
                                          const char *folder, bool allow_missing,
                                          const nas_cache *cache, const nas_log *log,
                                          nas_dataset *out, nas_err *err);
void nas_dataset_close(nas_dataset *d);

/* The same data while fold k of d is the validation set and the others train (rolling origins:
 * what came before it). It borrows what d read: never closed, not used after d is. Arrays live in
 * arena a. Errors: NAS_ENOMEM; of forecasts NAS_EINVAL a part without a whole window. */
NAS_NODISCARD nas_status nas_dataset_fold(nas_arena *a, const nas_dataset *d, int32_t k,
                                          nas_dataset *out, nas_err *err);

typedef struct nas_features {
    nas_hash key;
    bool reused;
    int32_t h, w;
    const float *mean, *deviation; /* [w] each, of the training set before `normalize` */
    const float *x[NAS_PARTS];     /* [rows][h][w]; NULL where examples are views of the data */
    nas_cached own;
} nas_features;

/* Computed once for each front end, by whoever needs it first; others wait for it. Owner: the
 * caller closes *out. Errors: NAS_ESTOP; NAS_EINVAL the front end does not fit the clips; those of
 * nas_clips_read and of the cache. Then *out is closed. */
NAS_NODISCARD nas_status nas_features_open(const nas_dataset *d, const struct nas_candidate *c,
                                           const nas_cache *cache, const nas_log *log,
                                           nas_features *out, nas_err *err);
void nas_features_close(nas_features *f);

nas_examples nas_features_part(const nas_dataset *d, const nas_features *f, nas_part part);

#endif
