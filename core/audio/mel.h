/* core/audio/mel.h - the constant tables of the front end: window, mel filters, cosines. */
#ifndef NAS_CORE_AUDIO_MEL_H
#define NAS_CORE_AUDIO_MEL_H

#include <stdint.h>

/* One triangle over the bins [begin, end) of the spectrum; its weights start at `first` of the
 * weights of all filters. Empty (begin == end) when no bin lies inside it. */
typedef struct nas_mel_filter {
    int32_t begin, end, first;
} nas_mel_filter;

/* n values. Source: tf.signal.hann_window(periodic=True), which divides by n for even n only and
 * by n - 1 for odd n. */
void nas_hann_fill(int32_t n, float *window);

/* The triangles of tf.signal.linear_to_mel_weight_matrix: HTK's mel scale, heights of 1, the
 * zero-frequency bin left out. fft_bins = fft_length / 2 + 1. Writes n filters and their weights
 * (weights may be NULL); returns the number of weights. */
int32_t nas_mel_fill(int32_t n, int32_t fft_bins, double rate_hz, double lower_hz, double upper_hz,
                     nas_mel_filter *filters, float *weights);

/* rows [coefficients][n]: sqrt(2/n) cos(pi j (k + 1/2) / n). */
void nas_cosine_fill(int32_t coefficients, int32_t n, float *rows);

#endif
