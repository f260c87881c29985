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

static double hz_of(double mel) {
    return 700.0 * expm1(mel / 1127.0);
}

/* Filter m rises from one mel over `up` of them, and falls over `down`. */
typedef struct triangle {
    double left, right, up, down;
} triangle;

static triangle triangle_at(double low, double step, int32_t m) {
    const double left = low + step * (double)m, centre = left + step;
    return (triangle){left, centre + step, step, step};
}

double nas_mel_warp(double hz, double nyquist_hz, double alpha) {
    const double bend = 0.6 * nyquist_hz * fmin(alpha, 1);
    if (hz < bend) return hz / alpha;
    return nyquist_hz - (nyquist_hz - hz) * (nyquist_hz - bend / alpha) / (nyquist_hz - bend);
}

static triangle triangle_warped(double low, double step, int32_t m, double nyquist, double alpha) {
    double edge[3];
    for (int k = 0; k < 3; k++)
        edge[k] = mel_of(nas_mel_warp(hz_of(low + step * (double)(m + k)), nyquist, alpha));
    return (triangle){edge[0], edge[2], edge[1] - edge[0], edge[2] - edge[1]};
}

int32_t nas_mel_fill(int32_t n, int32_t fft_bins, double rate_hz, double lower_hz, double upper_hz,
                     double alpha, nas_band *filters, float *weights) {
    const double low = mel_of(lower_hz), step = (mel_of(upper_hz) - low) / (double)(n + 1);
    const double nyquist = 0.5 * rate_hz, bin_hz = nyquist / (double)(fft_bins - 1);
    int32_t used = 0, start = 1;
    for (int32_t m = 0; m < n; m++) {
        const triangle t =
            alpha == 1 ? triangle_at(low, step, m) : triangle_warped(low, step, m, nyquist, alpha);
        nas_band *f = &filters[m];
        *f = (nas_band){.begin = 0, .end = 0, .first = used};
        for (int32_t k = start; k < fft_bins; k++) {
            const double mel = mel_of(bin_hz * (double)k);
            if (mel <= t.left) {
                start = k + 1;
                continue;
            }
            const double rise = (mel - t.left) / t.up, fall = (t.right - mel) / t.down;
            if (mel >= t.right) break;
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
