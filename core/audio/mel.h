/* core/audio/mel.h - the constant tables of the front end: window, mel filters, cosines.
 * Thread safety: all are functions of their arguments. */
#ifndef NAS_CORE_AUDIO_MEL_H
#define NAS_CORE_AUDIO_MEL_H

#include "core/kernel/spectra.h"

/* window [n]. Source: tf.signal.hann_window(periodic=True), which divides by n for even n only and
 * by n - 1 for odd n. */
void nas_hann_fill(int32_t n, float *window);

/* Where an edge at hz reads under vocal tract length perturbation (Jaitly and Hinton 2013): hz /
 * alpha below 0.6 * nyquist * min(alpha, 1), and from there on in a line to nyquist. */
double nas_mel_warp(double hz, double nyquist_hz, double alpha);

/* The triangles of tf.signal.linear_to_mel_weight_matrix: HTK's mel scale, heights of 1, the
 * zero-frequency bin left out; their edges warped where alpha is not 1. fft_bins = fft_length / 2 +
 * 1. Writes filters [n] (empty ones, begin == end, where no bin lies inside) and their weights, one
 * after the other (weights may be NULL); returns the number of weights. */
int32_t nas_mel_fill(int32_t n, int32_t fft_bins, double rate_hz, double lower_hz, double upper_hz,
                     double alpha, nas_band *filters, float *weights);

/* rows [coefficients][n]: sqrt(2/n) cos(pi j (k + 1/2) / n). */
void nas_cosine_fill(int32_t coefficients, int32_t n, float *rows);

#endif
