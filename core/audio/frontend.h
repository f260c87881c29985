/* core/audio/frontend.h - log-mel and MFCC features as in TensorFlow's tf.signal: frames without
 * padding at the end, periodic Hann window, magnitude spectrum, HTK mel filters without the
 * zero-frequency bin, log(x + 1e-6), and c_j = sqrt(2/N) sum_n log_mel_n cos(pi j (n + 1/2) / N),
 * c_0 included. One implementation serves training, measuring and export: it is built without
 * contraction.
 * Thread safety: no shared state; one thread at a time for each front end. */
#ifndef NAS_CORE_AUDIO_FRONTEND_H
#define NAS_CORE_AUDIO_FRONTEND_H

#include "base/arena.h"
#include "base/key.h"

#include <stdbool.h>
#include <stddef.h>

typedef enum nas_frontend_kind { NAS_MFCC = 0, NAS_LOG_MEL = 1 } nas_frontend_kind;

typedef struct nas_frontend_config {
    int32_t kind;
    int32_t sample_rate_hz;
    double frame_length_ms, frame_step_ms; /* to samples: nearest, halves up */
    int32_t fft_length;                    /* 0: the next power of two */
    int32_t mel_bins;
    double lower_hz, upper_hz;
    int32_t coefficients; /* 0 for log_mel */
    int32_t normalize;    /* 0 none, 1 coefficient */
    int32_t level;        /* nas_level (level.h) of the whole clip, before frames are cut */
} nas_frontend_config;

extern const nas_key nas_frontend_keys[];

typedef struct nas_frontend nas_frontend;

/* Plans for clips of `samples` samples. Errors: NAS_EINVAL, naming the key, when the settings do
 * not go together: frame longer than the clip, fft_length shorter than the frame, upper_hz above
 * half the rate, lower_hz >= upper_hz, more coefficients than mel bins, a mel filter without any
 * FFT bin is fine (as in TensorFlow). Owner: the caller closes it. Not for use by several threads
 * at once. */
NAS_NODISCARD nas_status nas_frontend_open(const nas_frontend_config *config, int32_t samples,
                                           nas_frontend **out, nas_err *err);
void nas_frontend_close(nas_frontend *f);

/* What the settings come to, in samples, points and values. */
typedef struct nas_frontend_sizes {
    int32_t length, step, fft, frames, bins;
} nas_frontend_sizes;

/* Without opening: the sizes for clips of `samples` samples; and what of them is the shape of what
 * comes out. Errors: NAS_EINVAL as of nas_frontend_open. Then all sizes are 0. */
NAS_NODISCARD nas_status nas_frontend_plan(const nas_frontend_config *config, int32_t samples,
                                           nas_frontend_sizes *out, nas_err *err);
NAS_NODISCARD nas_status nas_frontend_shape(const nas_frontend_config *config, int32_t samples,
                                            int32_t *frames, int32_t *bins, nas_err *err);

/* Mel bands that hold no bin of the transform, so that they are log(1e-6) whatever is heard. The
 * other two say what would leave none empty: the most mel bands, or points of the transform; 0:
 * none does. Errors: those of nas_frontend_plan, NAS_ENOMEM. */
typedef struct nas_frontend_gaps {
    int32_t empty, most_bins, fft_length;
} nas_frontend_gaps;
NAS_NODISCARD nas_status nas_frontend_find_gaps(const nas_frontend_config *config, int32_t samples,
                                                nas_frontend_gaps *out, nas_err *err);

int32_t nas_frontend_frames(const nas_frontend *f);
int32_t nas_frontend_bins(const nas_frontend *f); /* coefficients, or mel bins */

/* One clip. Shape: pcm [samples] in [-1, 1]; out [frames][bins]. `level` is applied (the features
 * are those of a clip whose samples were multiplied by nas_level_gain), `normalize` is not. */
void nas_frontend_run(nas_frontend *f, const float *pcm, float *out);

/* A feature whose deviation is below 1e-6 is a constant. What values are divided by: the deviation,
 * of a constant 1. */
bool nas_frontend_is_constant(float deviation);
float nas_frontend_divisor(float deviation);

/* (x - mean[b]) / nas_frontend_divisor(deviation[b]) in place over n values [..][bins]. */
void nas_frontend_normalize(const float *mean, const float *deviation, int32_t bins, float *x,
                            size_t n);

/* Mean and deviation of each bin over n rows [n][bins], summed in double in the order of the rows.
 */
void nas_frontend_moments(const float *x, size_t n, int32_t bins, float *mean, float *deviation);

/* The front end as C99 source that needs no library: frontend.h and frontend.c, texts in arena a.
 * Its features are those of nas_frontend_run and nas_frontend_normalize but for the order of sums.
 * mean and deviation (one a bin) are read where config->normalize is set. Errors: those of
 * nas_frontend_plan; NAS_EINVAL a mean or deviation that is not finite; NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_frontend_source(const nas_frontend_config *config, int32_t samples,
                                             const float *mean, const float *deviation,
                                             nas_arena *a, const char **header, const char **source,
                                             nas_err *err);

enum { NAS_FRONTEND_VERSION = 2 };

#endif
