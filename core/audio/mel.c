/* core/audio/mel.c - window, mel filters and cosines of the front end, computed in double. */
#include "core/audio/mel.h"

#include <math.h>
#include <stddef.h>

void nas_hann_fill(int32_t n, float *window) {
    const int32_t period = n % 2 == 0 || n == 1 ? n : n - 1;
    for (int32_t i = 0; i < n; i++)
        window[i] = (float)(0.5 - 0.5 * cos(2.0 * M_PI * (double)i / (double)period));
    if (n == 1) window[0] = 1.0f;
}

static double mel_of(double hz) {
    return 1127.0 * log1p(hz / 700.0);
}

int32_t nas_mel_fill(int32_t n, int32_t fft_bins, double rate_hz, double lower_hz, double upper_hz,
                     nas_band *filters, float *weights) {
    const double low = mel_of(lower_hz), step = (mel_of(upper_hz) - low) / (double)(n + 1);
    const double bin_hz = 0.5 * rate_hz / (double)(fft_bins - 1);
    int32_t used = 0, start = 1;
    for (int32_t m = 0; m < n; m++) {
        const double left = low + step * (double)m, centre = left + step, right = centre + step;
        nas_band *f = &filters[m];
        *f = (nas_band){.begin = 0, .end = 0, .first = used};
        for (int32_t k = start; k < fft_bins; k++) {
            const double mel = mel_of(bin_hz * (double)k);
            if (mel <= left) {
                start = k + 1;
                continue;
            }
            const double rise = (mel - left) / step, fall = (right - mel) / step;
            if (mel >= right) break;
            if (f->begin == f->end) f->begin = k;
            f->end = k + 1;
            if (weights) weights[used] = (float)(rise < fall ? rise : fall);
            used++;
        }
    }
    return used;
}

void nas_cosine_fill(int32_t coefficients, int32_t n, float *rows) {
    const double scale = sqrt(2.0 / (double)n);
    for (int32_t j = 0; j < coefficients; j++)
        for (int32_t k = 0; k < n; k++)
            rows[(ptrdiff_t)j * n + k] =
                (float)(scale * cos(M_PI * (double)j * ((double)k + 0.5) / (double)n));
}
