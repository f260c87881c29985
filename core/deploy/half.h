/* core/deploy/half.h - float16 (IEEE 754 binary16) as it stands in files.
 * Thread safety: all are functions of their arguments. */
#ifndef NAS_CORE_DEPLOY_HALF_H
#define NAS_CORE_DEPLOY_HALF_H

#include <stdint.h>

/* The nearest float16, halves to even; beyond +-65504 that, as TFLite's converter clamps; NaN stays
 * NaN. */
uint16_t nas_half_of(float v);

float nas_half_value(uint16_t h);

#endif
