/* search/task/keywords/augmented.h - the training set under augmentation of its clips: features
 * made anew, or taken from the table of warped ones, for each epoch.
 * Thread safety: no shared state; one thread at a time for each training set. It works on the
 * threads of base/team.h. */
#ifndef NAS_SEARCH_TASK_KEYWORDS_AUGMENTED_H
#define NAS_SEARCH_TASK_KEYWORDS_AUGMENTED_H

#include "search/task/keywords/keywords.h"

typedef struct nas_augmented nas_augmented;

/* *out is NULL when c neither changes clips nor warps them: then the features f serve. What is
 * given is borrowed. Rows are normalised by f's mean and deviation, of the clips as they are. Holds
 * the features of the training set once. Owner: the caller closes it. Errors: those of clips,
 * noise and front end. */
NAS_NODISCARD nas_status nas_augmented_open(const nas_dataset *d, const nas_candidate *c,
                                            const nas_features *f, const nas_cache *cache,
                                            uint64_t seed, uint32_t replicate, const nas_log *log,
                                            nas_augmented **out, nas_err *err);
void nas_augmented_close(nas_augmented *g);

/* The rows of the epoch that was asked for last; before that those of the clips as they are. */
nas_examples nas_augmented_examples(const nas_augmented *g);

/* Brings them to an epoch (from 0): a stream of (seed, replicate, epoch, clip's place in the part),
 * whatever was there before. For nas_trainer_options: ctx is the nas_augmented. Rows are made by
 * the threads that train. Errors: NAS_ESTOP, and those of nas_clips_read; the rows are then of no
 * epoch. */
NAS_NODISCARD nas_status nas_augmented_epoch(void *ctx, int32_t epoch, nas_err *err);

/* Adds what the rows depend on beside c's augment_json, f's key, seed and replicate. g may be NULL:
 * adds nothing. */
void nas_augmented_hash(const nas_augmented *g, nas_hasher *h);

#endif
