/* core/audio/warp.c - features at other pitches and paces. */
#include "core/audio/warp.h"

#include "core/audio/frontend_int.h"
#include "core/audio/mel.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TO_ONE = 20, REACH_MOST = 10 }; /* steps of the grid */

int32_t nas_warp_point(double off) {
    return (int32_t)floor(off * TO_ONE + 0.5);
}

int32_t nas_warp_reach(double warp) {
    return nas_warp_point(warp);
}

double nas_warp_factor(int32_t point) {
    return (double)(TO_ONE + point) / TO_ONE;
}

/* The filters at one alpha. */
typedef struct bank {
    nas_band *bands;
    float *weights;
} bank;

struct nas_warper {
    nas_frontend *f;
    int32_t reach;
    bank banks[2 * REACH_MOST + 1];
    const float *pcm;
    float *gathered; /* [lanes][length] */
};

static bool open_bank(nas_warper *w, const nas_frontend_config *c, double alpha, bank *b) {
    nas_frontend *f = w->f;
    const int32_t mel = c->mel_bins, bins = f->s.fft / 2 + 1, rate = c->sample_rate_hz;
    b->bands = calloc((size_t)mel, sizeof *b->bands);
    if (!b->bands) return false;
    const int32_t n =
        nas_mel_fill(mel, bins, rate, c->lower_hz, c->upper_hz, alpha, b->bands, NULL);
    b->weights = nas_frontend_floats((size_t)n + 1);
    if (!b->weights) return false;
    (void)nas_mel_fill(mel, bins, rate, c->lower_hz, c->upper_hz, alpha, b->bands, b->weights);
    for (int32_t i = 0; i < mel; i++)
        if (b->bands[i].end > f->last_bin + 1) f->last_bin = b->bands[i].end - 1;
    return true;
}

static bool open_parts(nas_warper *w, const nas_frontend_config *c) {
    const nas_frontend *f = w->f;
    for (int32_t i = -w->reach; i <= w->reach; i++)
        if (!open_bank(w, c, nas_warp_factor(i), &w->banks[i + w->reach])) return false;
    w->gathered = nas_frontend_floats((size_t)f->kernel->lanes * (size_t)f->s.length);
    return w->gathered != NULL;
}

nas_status nas_warper_open(const nas_frontend_config *config, int32_t samples, int32_t reach,
                           nas_warper **out, nas_err *err) {
    assert(reach >= 0 && reach <= REACH_MOST);
    *out = NULL;
    nas_warper *w = calloc(1, sizeof *w);
    if (!w) return nas_fail(err, NAS_ENOMEM, "front end: out of memory");
    w->reach = reach;
    nas_status st = nas_frontend_open(config, samples, &w->f, err);
    if (st == NAS_OK && !open_parts(w, config))
        st = nas_fail(err, NAS_ENOMEM, "front end: out of memory");
    if (st == NAS_OK)
        *out = w;
    else
        nas_warper_close(w);
    return st;
}

void nas_warper_close(nas_warper *w) {
    if (!w) return;
    nas_frontend_close(w->f);
    for (int32_t i = 0; i <= 2 * w->reach; i++) {
        free(w->banks[i].bands);
        free(w->banks[i].weights);
    }
    free(w->gathered);
    free(w);
}

void nas_warper_take(nas_warper *w, const float *pcm) {
    w->pcm = nas_frontend_levelled(w->f, pcm);
}

static int32_t start_of(const nas_frontend *f, int32_t frame, double tau) {
    const double middle = 0.5 * (double)(f->s.frames - 1), step = (double)f->s.step;
    const double at = floor(middle * step + ((double)frame - middle) * step * tau + 0.5);
    const double most = (double)(f->samples - f->s.length);
    return (int32_t)(at < 0 ? 0 : at > most ? most : at);
}

void nas_warper_run(nas_warper *w, int32_t tau, int32_t alpha, int32_t n, float *out) {
    nas_frontend *f = w->f;
    const int32_t lanes = f->kernel->lanes, length = f->s.length;
    const size_t row = (size_t)f->s.frames * (size_t)f->s.bins;
    assert(abs(tau) <= w->reach && alpha >= -w->reach && alpha + n - 1 <= w->reach);
    for (int32_t t = 0; t < f->s.frames; t += lanes) {
        const int32_t some = f->s.frames - t < lanes ? f->s.frames - t : lanes;
        for (int32_t i = 0; i < some; i++)
            memcpy(w->gathered + (ptrdiff_t)i * length,
                   w->pcm + start_of(f, t + i, nas_warp_factor(tau)),
                   (size_t)length * sizeof *w->gathered);
        nas_frontend_spectra(f, w->gathered, length, some);
        for (int32_t k = 0; k < n; k++) {
            const bank *b = &w->banks[alpha + k + w->reach];
            nas_frontend_rows(f, b->bands, b->weights, some,
                              out + (size_t)k * row + (size_t)t * (size_t)f->s.bins);
        }
    }
}
