/* core/compress/quantize.h - the number format of a candidate, and fine-tuning through its
 * rounding. */
#ifndef NAS_CORE_COMPRESS_QUANTIZE_H
#define NAS_CORE_COMPRESS_QUANTIZE_H

#include "base/key.h"

typedef enum nas_dense_scales {
    NAS_DENSE_BY_KERNEL = 0,
    NAS_DENSE_BY_CHANNEL = 1
} nas_dense_scales;

typedef struct nas_quantize_config {
    int32_t kind; /* nas_format of core/deploy */
    int32_t fine_tune_epochs;
    double fine_tune_learning_rate;
    int32_t dense_scales; /* nas_dense_scales */
} nas_quantize_config;

#endif
