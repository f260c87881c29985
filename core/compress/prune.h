/* core/compress/prune.h - magnitude pruning while a net trains.
 * Thread safety: one thread at a time for each net. */
#ifndef NAS_CORE_COMPRESS_PRUNE_H
#define NAS_CORE_COMPRESS_PRUNE_H

#include "base/key.h"
#include "core/nn/train/train.h"

#include <stdbool.h>

typedef enum nas_prune_schedule {
    NAS_PRUNE_POLYNOMIAL = 0,
    NAS_PRUNE_CONSTANT = 1
} nas_prune_schedule;

/* begin and end are fractions of all steps, rounded down to a step; begin is the first step under a
 * mask. Both are at most the last step, so that the last mask is trained under.
 * Sparsity at step s: to + (from - to) * (1 - (s - begin) / (end - begin))^power (Zhu and Gupta
 * 2017, section 3). constant: `to` from begin on, one mask. */
typedef struct nas_prune_config {
    bool on; /* false: the candidate's "prune" is null */
    int32_t schedule;
    double from, to, begin, end, power;
    int32_t interval; /* steps between new masks, counted from begin; one more at end */
    bool depthwise;
} nas_prune_config;

/* Keys of "prune"; which belong to which schedule is checked by the space. */
extern const nas_key nas_prune_keys[];

/* The first step (from 0) under a mask, and the step from which masks stay as they are, of a run of
 * `steps`. A state after s steps knows nothing of pruning while s <= begin. */
int64_t nas_prune_begin(const nas_prune_config *c, int64_t steps);
int64_t nas_prune_end(const nas_prune_config *c, int64_t steps);

/* The fraction of zeros that a mask made at `step` has, for a kernel that ends with `to`. */
double nas_prune_sparsity(const nas_prune_config *c, double to, int64_t step, int64_t steps);

/* Masks of the kernels of net: of conv2d and dense with at least 64 weights, of the others
 * (smaller, depthwise) with config->depthwise; a layer's own sparsity stands in place of `to` and
 * asks for a kernel of any size; 0: no mask. A mask has floor(sparsity * n + 0.5) zeros, the
 * smallest weights, among equals those that come first in Keras' order. Weights are zero under it,
 * before and after each update. net is borrowed. Owner: the caller closes it. Errors:
 * NAS_EINVAL no steps, or no interval; NAS_ENOMEM; *out is then NULL. */
typedef struct nas_pruner nas_pruner;
NAS_NODISCARD nas_status nas_prune_open(const nas_prune_config *config, nas_net *net, int64_t steps,
                                        nas_pruner **out, nas_err *err);
void nas_prune_close(nas_pruner *p);

/* For nas_trainer_options; valid as long as p. Its part of the state is the masks. */
nas_train_hook nas_prune_hook(nas_pruner *p);

/* Raise it when the same inputs give other masks. */
enum { NAS_PRUNE_VERSION = 1 };

#endif
