/* core/nn/train/optimizer.h - how gradients become new weights; one row each.
 * Thread safety: the rows are constant. Threads may update distinct ranges of the same weights. */
#ifndef NAS_CORE_NN_TRAIN_OPTIMIZER_H
#define NAS_CORE_NN_TRAIN_OPTIMIZER_H

#include "core/kernel/kernel.h"

/* The rows; the name is also that in a space. */
#define NAS_OPTIMIZER_LIST(X) X(adam) X(sgd)

typedef struct nas_optimizer {
    const char *name;
    int32_t moments; /* floats kept for each weight */
    /* Moves weights [from, from + n) of `all`. step counts from 1. moments: `moments` vectors of
     * `all` floats, one after the other. momentum: of sgd. */
    void (*update)(const nas_kernel *k, size_t all, size_t from, size_t n, float *w, const float *g,
                   float *moments, double rate, int64_t step, double momentum);
} nas_optimizer;

#define NAS_OPTIMIZER_DECLARE(x) extern const nas_optimizer nas_optimizer_##x;
NAS_OPTIMIZER_LIST(NAS_OPTIMIZER_DECLARE)
#undef NAS_OPTIMIZER_DECLARE

/* By the index of its word in nas_train_keys; NULL past the end. */
const nas_optimizer *nas_optimizer_at(int32_t i);

#endif
