/* core/audio/traits.c - level, band and fineness of one clip, in a few passes over its samples. */
#include "core/audio/traits.h"

#include "core/audio/frontend_int.h"
#include "core/audio/mel.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { POINTS = 512, BINS = POINTS / 2 + 1, FRAMES = 64, LANES = 16, FINEST = 24 };

const float nas_traits_edges[NAS_TRAITS_EDGES] = {2000, 2500, 3400, 4000,  5000,  5512.5f,
                                                  6000, 7000, 8000, 11025, 12000, 16000};

struct nas_traits_plan {
    const nas_spectra *kernel;
    nas_fft fft;
    float *window, *z, *magnitude, *frame;
    float power[BINS]; /* summed over frames */
};

nas_traits_plan *nas_traits_open(void) {
    nas_traits_plan *p = calloc(1, sizeof *p);
    if (!p) return NULL;
    p->kernel = nas_spectra_choose();
    const size_t lanes = (size_t)p->kernel->lanes;
    p->window = nas_frontend_floats(POINTS + lanes);
    p->z = nas_frontend_floats(BINS * 2 * lanes);
    p->magnitude = nas_frontend_floats(BINS * lanes);
    p->frame = nas_frontend_floats(POINTS + lanes);
    if (!nas_fft_open(&p->fft, POINTS) || !p->window || !p->z || !p->magnitude || !p->frame) {
        nas_traits_close(p);
        return NULL;
    }
    nas_hann_fill(POINTS, p->window);
    return p;
}

void nas_traits_close(nas_traits_plan *p) {
    if (!p) return;
    nas_fft_close(&p->fft);
    free(p->window);
    free(p->z);
    free(p->magnitude);
    free(p->frame);
    free(p);
}

/* Each step is a bijection of its lane's state. */
static uint64_t sum_of(const float *x, int32_t n) {
    enum { SUMS = 8 };
    uint64_t lane[SUMS] = {1, 2, 3, 4, 5, 6, 7, 8}, all = (uint64_t)n;
    for (int32_t i = 0; i < n; i++) {
        uint32_t w;
        memcpy(&w, &x[i], sizeof w);
        uint64_t *s = &lane[i % SUMS];
        *s = (*s ^ w) * 0x9e3779b97f4a7c15U;
        *s ^= *s >> 32;
    }
    for (int i = 0; i < SUMS; i++) {
        all = (all ^ lane[i]) * 0xd6e8feb86659fd93U;
        all ^= all >> 32;
    }
    return all;
}

static void find_level(const float *x, int32_t n, nas_traits *t) {
    double sum[LANES] = {0}, squares[LANES] = {0};
    for (int32_t i = 0; i + LANES <= n; i += LANES)
        for (int l = 0; l < LANES; l++) {
            const double v = (double)x[i + l];
            sum[l] += v;
            squares[l] += v * v;
        }
    for (int32_t i = n / LANES * LANES; i < n; i++) {
        sum[0] += (double)x[i];
        squares[0] += (double)x[i] * (double)x[i];
    }
    for (int l = 1; l < LANES; l++) {
        sum[0] += sum[l];
        squares[0] += squares[l];
    }
    const double mean = sum[0] / n;
    t->mean = (float)mean;
    t->rms = (float)sqrt(fmax(0, squares[0] / n - mean * mean));
}

/* Samples as whole numbers of 24 bits: the lowest bit that any of them has says how fine they are.
 */
static int32_t find_bits(const float *x, int32_t n) {
    uint32_t any = 0;
    uint32_t finer = 0;
    for (int32_t i = 0; i < n; i++) {
        const float v = x[i] * 8388608.0f;
        const int32_t k = fabsf(v) < 2147483520.0f ? (int32_t)v : 0;
        finer |= (float)k != v;
        any |= (uint32_t)k;
    }
    if (finer || !any) return 0;
    const int32_t bits = FINEST - __builtin_ctz(any);
    return bits < 2 ? 2 : bits;
}

static int32_t find_still(const float *x, int32_t n, int32_t rate_hz) {
    const int32_t least = rate_hz / 100;
    int32_t front = 1, back = 1;
    while (front < n && x[front] == x[0]) front++;
    if (front == n) return n;
    while (x[n - 1 - back] == x[n - 1]) back++;
    return (front < least ? 0 : front) + (back < least ? 0 : back);
}

static void add_frames(nas_traits_plan *p, const float *x, int32_t step, int32_t frames) {
    const int32_t lanes = p->kernel->lanes;
    for (int32_t at = 0; at < frames; at += lanes) {
        const int32_t n = frames - at < lanes ? frames - at : lanes;
        p->kernel->magnitudes(&p->fft, x + (ptrdiff_t)at * step, step, n, POINTS, p->window,
                              BINS - 1, p->z, p->magnitude);
        for (int32_t k = 0; k < BINS; k++)
            for (int32_t f = 0; f < n; f++) {
                const float m = p->magnitude[(ptrdiff_t)k * lanes + f];
                p->power[k] += m * m;
            }
    }
}

/* The power of a bin where samples were rounded, with dither at most: white, 4/12 of the square of
 * a step; the squares of a Hann window have the mean 3/8. */
static double rounding(int32_t bits, int32_t frames) {
    const double step = ldexp(1, 1 - (bits > 1 && bits < 16 ? bits : 16));
    return step * step / 3 * POINTS * 0.375 * frames;
}

/* The least that counts as something in the bins from k on, of all that the clip has. */
static double least(double all, double noise, int32_t k) {
    return fmax(1e-6 * all, noise * (BINS - k));
}

/* Mean power of the bins from lo to hi in Hz. Returns whether there are some. */
static bool mean_power(const float *tail, double bin_hz, double lo, double hi, double *out) {
    const int32_t begin = (int32_t)ceil(lo / bin_hz), end = (int32_t)fmin(hi / bin_hz, BINS - 1);
    *out = end - begin < 4 ? 0 : ((double)tail[begin] - (double)tail[end]) / (end - begin);
    return end - begin >= 4;
}

/* tail[k]: power of the bins from k on. */
static uint32_t find_cuts(const float *tail, double noise, double bin_hz) {
    const double drop = 16; /* 12 dB */
    uint32_t cut = 0;
    for (int i = 0; i < NAS_TRAITS_EDGES; i++) {
        const double edge = (double)nas_traits_edges[i];
        const int32_t k = (int32_t)ceil(1.15 * edge / bin_hz);
        double below, above;
        if (k >= BINS || (double)tail[k] > least((double)tail[3], noise, k)) continue;
        if (mean_power(tail, bin_hz, 0.75 * edge, 0.95 * edge, &below) &&
            mean_power(tail, bin_hz, 1.15 * edge, 1.35 * edge, &above) && below >= drop * above)
            cut |= 1u << i;
    }
    return cut;
}

/* Bins 0 to 2 hold the mean, and what the window spreads of it. */
static void find_band(nas_traits_plan *p, int32_t frames, int32_t rate_hz, nas_traits *out) {
    const double noise = rounding(out->bits, frames), bin_hz = (double)rate_hz / POINTS;
    float *tail = p->power;
    for (int32_t k = BINS - 2; k >= 3; k--) tail[k] += tail[k + 1];
    const double all = (double)tail[3];
    if (all < 100 * noise * (BINS - 3)) return;
    int32_t k = BINS - 1;
    while (k > 3 && (double)tail[k] <= least(all, noise, k)) k--;
    out->edge_hz = (float)(bin_hz * k);
    out->cut = find_cuts(tail, noise, bin_hz);
}

void nas_traits_find(nas_traits_plan *p, const float *pcm, int32_t n, int32_t rate_hz,
                     nas_traits *out) {
    int32_t frames = n < POINTS ? 1 : n / POINTS, step = POINTS;
    *out = (nas_traits){.sum = sum_of(pcm, n)};
    find_level(pcm, n, out);
    out->still = find_still(pcm, n, rate_hz);
    if (out->still == n) return;
    out->bits = find_bits(pcm, n);
    memset(p->power, 0, sizeof p->power);
    if (n < POINTS) {
        memset(p->frame, 0, POINTS * sizeof *p->frame);
        memcpy(p->frame, pcm, (size_t)n * sizeof *pcm);
        pcm = p->frame;
    }
    if (frames > FRAMES) {
        step = (n - POINTS) / (FRAMES - 1);
        frames = FRAMES;
    }
    add_frames(p, pcm, step, frames);
    find_band(p, frames, rate_hz, out);
}
