/* core/kernel/level.h - how loud a clip is, and the gain that brings it to a fixed level. An
 * exported frontend.c has these lines too. Squares go to sixteen interleaved sums, in double,
 * whatever the vectors of a processor; the square of a float is exact there, so contraction changes
 * nothing.
 * Thread safety: all are functions of their arguments. */
#ifndef NAS_CORE_KERNEL_LEVEL_H
#define NAS_CORE_KERNEL_LEVEL_H

#include <math.h>
#include <stdint.h>

/* What of a clip is brought to a fixed value: nothing, its largest |sample| to NAS_LEVEL_PEAK_TO,
 * or its root mean square to NAS_LEVEL_RMS_TO. Nothing is clipped afterwards. */
typedef enum nas_level { NAS_LEVEL_NONE = 0, NAS_LEVEL_PEAK = 1, NAS_LEVEL_RMS = 2 } nas_level;

#define NAS_LEVEL_PEAK_TO 1.0
#define NAS_LEVEL_RMS_TO  0.1

/* part level_peak */
/* The largest |x| of n samples. */
static inline double level_peak(const float *x, int32_t n) {
    float most[32] = {0};
    for (int32_t i = 0; i + 32 <= n; i += 32)
        for (int32_t l = 0; l < 32; l++) {
            const float a = fabsf(x[i + l]);
            most[l] = most[l] > a ? most[l] : a;
        }
    for (int32_t i = n - n % 32; i < n; i++) {
        const float a = fabsf(x[i]);
        most[0] = most[0] > a ? most[0] : a;
    }
    for (int32_t l = 1; l < 32; l++) most[0] = most[l] > most[0] ? most[l] : most[0];
    return (double)most[0];
}
/* end */

/* part level_rms */
/* The root mean square of n samples, n > 0. */
static inline double level_rms(const float *x, int32_t n) {
    double sum[16] = {0};
    for (int32_t i = 0; i + 16 <= n; i += 16)
        for (int32_t l = 0; l < 16; l++) sum[l] += (double)x[i + l] * (double)x[i + l];
    for (int32_t i = n - n % 16; i < n; i++) sum[0] += (double)x[i] * (double)x[i];
    for (int32_t l = 0; l < 8; l++) sum[l] += sum[l + 8];
    for (int32_t l = 0; l < 4; l++) sum[l] += sum[l + 4];
    return sqrt((sum[0] + sum[2] + (sum[1] + sum[3])) / n);
}
/* end */

/* part level_gain */
/* What a clip of that level is multiplied by, 40 dB at most: near silence stays soft, and a clip of
 * zeros stays one. */
static inline float level_gain(double level, double to) {
    return (float)(level * 100 > to ? to / level : 100);
}
/* end */

/* The gain of a clip [samples] under one of nas_level; 1 for none. */
static inline float nas_level_gain(int32_t level, const float *pcm, int32_t samples) {
    return level == NAS_LEVEL_PEAK  ? level_gain(level_peak(pcm, samples), NAS_LEVEL_PEAK_TO)
           : level == NAS_LEVEL_RMS ? level_gain(level_rms(pcm, samples), NAS_LEVEL_RMS_TO)
                                    : 1.0f;
}

#endif
