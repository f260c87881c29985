/* core/deploy/zip/log.h - logarithms in integers.
 * Thread safety: all are functions of their arguments. */
#ifndef NAS_CORE_DEPLOY_ZIP_LOG_H
#define NAS_CORE_DEPLOY_ZIP_LOG_H

#include "core/deploy/zip/int.h"

/* log2(x) * 2^NAS_ZIP_FRACTION, x > 0, rounded down: one bit of the fraction for each squaring. */
static inline uint32_t nas_zip_log(uint32_t x) {
    uint32_t result = (uint32_t)nas_zip_log2(x);
    uint64_t m = (uint64_t)x << (31 - result); /* in [2^31, 2^32) */
    for (int i = 0; i < NAS_ZIP_FRACTION; i++) {
        m = m * m >> 31;
        const uint32_t bit = m >> 32 ? 1 : 0;
        m >>= bit;
        result = result << 1 | bit;
    }
    return result;
}

#endif
