/* core/compress/prune.h - magnitude pruning while a net trains. */
#ifndef NAS_CORE_COMPRESS_PRUNE_H
#define NAS_CORE_COMPRESS_PRUNE_H

#include "base/key.h"

#include <stdbool.h>

typedef enum nas_prune_schedule { NAS_PRUNE_POLYNOMIAL = 0, NAS_PRUNE_CONSTANT = 1 } nas_prune_schedule;

/* begin and end are fractions of all steps, rounded down to a step; begin is the first step under a mask.
 * Sparsity at step s: to + (from - to) * (1 - (s - begin) / (end - begin))^power (Zhu and Gupta 2017,
 * section 3). */
typedef struct nas_prune_config {
    bool on; /* false: the candidate's "prune" is null */
    int32_t schedule;
    double from, to, begin, end, power;
    int32_t interval; /* steps between new masks, counted from begin; one more at end */
    bool depthwise;
} nas_prune_config;

/* Keys of "prune"; which belong to which schedule is checked by the space. */
extern const nas_key nas_prune_keys[];

#endif
