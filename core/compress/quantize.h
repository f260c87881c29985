/* core/compress/quantize.h - the number format of a candidate, and fine-tuning through its rounding. */
#ifndef NAS_CORE_COMPRESS_QUANTIZE_H
#define NAS_CORE_COMPRESS_QUANTIZE_H

#include "base/key.h"

typedef struct nas_quantize_config {
    int32_t kind; /* nas_format of core/deploy */
    int32_t fine_tune_epochs;
    double fine_tune_learning_rate;
} nas_quantize_config;

#endif
