/* core/nn/optimizer.h - how gradients become new weights; one row each. */
#ifndef NAS_CORE_NN_OPTIMIZER_H
#define NAS_CORE_NN_OPTIMIZER_H

#include "core/kernel/kernel.h"

typedef struct nas_optimizer {
    const char *name;
    int32_t moments; /* floats kept for each weight */
    /* step counts from 1. moments: `moments` vectors of count floats, one after the other. */
    void (*update)(const nas_kernel *k, size_t count, float *w, const float *g, float *moments,
                   double rate, int64_t step);
} nas_optimizer;

extern const nas_optimizer nas_optimizer_adam;

/* By the index of its word in nas_train_keys; NULL when it is not built. */
const nas_optimizer *nas_optimizer_at(int32_t i);

#endif
