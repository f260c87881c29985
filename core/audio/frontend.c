/* core/audio/frontend.c - short-time spectra, mel bands and cepstral coefficients of one clip. */
#include "core/audio/frontend.h"

#include "core/audio/mel.h"

#include <assert.h>
#include <kissfft/kiss_fftr.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_words[] = {"mfcc", "log_mel", NULL};
static const char *const normalize_words[] = {"none", "coefficient", NULL};

#define AT(member) .offset = offsetof(nas_frontend_config, member)
const nas_key nas_frontend_keys[] = {
    {.name = "kind",
     .kind = NAS_KEY_WORD,
     AT(kind),
     .words = kind_words,
     .help = "features of a clip: mfcc (cepstral coefficients) or log_mel (log mel bands)"},
    {.name = "sample_rate_hz",
     .kind = NAS_KEY_INT,
     AT(sample_rate_hz),
     .lo = 1000,
     .hi = 192000,
     .def = "16000",
     .help = "rate in Hz that clips are resampled to"},
    {.name = "frame_length_ms",
     .kind = NAS_KEY_FLOAT,
     AT(frame_length_ms),
     .lo = 0.1,
     .hi = 1000,
     .help = "length of a frame in ms"},
    {.name = "frame_step_ms",
     .kind = NAS_KEY_FLOAT,
     AT(frame_step_ms),
     .lo = 0.1,
     .hi = 1000,
     .help = "from the start of a frame to that of the next, in ms"},
    {.name = "fft_length",
     .kind = NAS_KEY_INT,
     AT(fft_length),
     .lo = 0,
     .hi = 262144,
     .def = "0",
     .help = "points of the Fourier transform, even; 0: the next power of two of the frame"},
    {.name = "mel_bins",
     .kind = NAS_KEY_INT,
     AT(mel_bins),
     .lo = 1,
     .hi = 512,
     .help = "mel bands"},
    {.name = "lower_hz",
     .kind = NAS_KEY_FLOAT,
     AT(lower_hz),
     .lo = 0,
     .hi = 96000,
     .help = "lower edge of the lowest mel band in Hz"},
    {.name = "upper_hz",
     .kind = NAS_KEY_FLOAT,
     AT(upper_hz),
     .lo = 0,
     .hi = 96000,
     .help = "upper edge of the highest mel band in Hz, at most half of sample_rate_hz"},
    {.name = "coefficients",
     .kind = NAS_KEY_INT,
     AT(coefficients),
     .lo = 0,
     .hi = 512,
     .def = "0",
     .help = "cepstral coefficients, the zeroth included; with mfcc only, and needed there"},
    {.name = "normalize",
     .kind = NAS_KEY_WORD,
     AT(normalize),
     .def = "\"none\"",
     .words = normalize_words,
     .help = "none, or coefficient: mean 0 and deviation 1 of each over the training part"},
    NAS_KEY_END,
};
#undef AT

/* Sizes in samples, points and values that the settings come to. */
typedef struct shape {
    int32_t length, step, fft, frames, bins;
} shape;

struct nas_frontend {
    shape s;
    int32_t mel_bins;
    bool cepstra;
    kiss_fftr_cfg fft;
    kiss_fft_cpx *spectrum; /* [fft / 2 + 1] */
    float *window;          /* [length] */
    float *frame;           /* [fft]; zeros after length */
    float *magnitude;       /* [fft / 2 + 1] */
    float *mel;             /* [mel_bins] */
    float *weights;         /* of all filters, one after the other */
    float *cosines;         /* [bins][mel_bins] */
    nas_mel_filter *filters;
};

/* Milliseconds to samples: nearest, halves up; the added 1e-9 lets 0.5 that binary fractions miss
 * by a hair count as a half. 0 when it is no number of samples. */
static int32_t samples_of(double ms, int32_t rate_hz) {
    const double n = floor(ms * (double)rate_hz / 1000.0 + 0.5 + 1e-9);
    return n >= 1.0 && n <= 1e9 ? (int32_t)n : 0;
}

static int32_t next_power_of_two(int32_t n) {
    int32_t p = 1;
    while (p < n) p *= 2;
    return p;
}

static nas_status check_frames(const nas_frontend_config *c, int32_t samples, shape *s,
                               nas_err *err) {
    if (c->sample_rate_hz < 1)
        return nas_fail(err, NAS_EINVAL, "frontend.sample_rate_hz is %d; a rate is at least 1 Hz",
                        c->sample_rate_hz);
    s->length = samples_of(c->frame_length_ms, c->sample_rate_hz);
    s->step = samples_of(c->frame_step_ms, c->sample_rate_hz);
    if (s->length < 1 || s->step < 1)
        return nas_fail(err, NAS_EINVAL,
                        "frontend.%s is %g ms, which is no sample at %d Hz; make it longer",
                        s->length < 1 ? "frame_length_ms" : "frame_step_ms",
                        s->length < 1 ? c->frame_length_ms : c->frame_step_ms, c->sample_rate_hz);
    if (s->length > samples)
        return nas_fail(err, NAS_EINVAL,
                        "frontend.frame_length_ms is %g ms, which is %d samples, longer than the "
                        "clip of %d samples at %d Hz; make it shorter",
                        c->frame_length_ms, s->length, samples, c->sample_rate_hz);
    s->frames = 1 + (samples - s->length) / s->step;
    return NAS_OK;
}

static nas_status check_fft(const nas_frontend_config *c, shape *s, nas_err *err) {
    s->fft = c->fft_length ? c->fft_length : next_power_of_two(s->length);
    if (s->fft == 1) s->fft = 2; /* a frame of one sample; the least that has a spectrum */
    if (s->fft < s->length)
        return nas_fail(err, NAS_EINVAL,
                        "frontend.fft_length is %d, shorter than the frame of %d samples "
                        "(frame_length_ms %g at %d Hz); use at least that, or leave it out",
                        s->fft, s->length, c->frame_length_ms, c->sample_rate_hz);
    if (s->fft % 2 != 0)
        return nas_fail(err, NAS_EINVAL, "frontend.fft_length is %d; it must be even", s->fft);
    return NAS_OK;
}

static nas_status check_bands(const nas_frontend_config *c, nas_err *err) {
    const double half = 0.5 * (double)c->sample_rate_hz;
    if (c->mel_bins < 1)
        return nas_fail(err, NAS_EINVAL, "frontend.mel_bins is %d; at least 1 is needed",
                        c->mel_bins);
    if (!(c->lower_hz >= 0.0) || !(c->lower_hz < c->upper_hz))
        return nas_fail(err, NAS_EINVAL,
                        "frontend.lower_hz is %g and upper_hz %g; 0 <= lower_hz < upper_hz is "
                        "expected",
                        c->lower_hz, c->upper_hz);
    if (!(c->upper_hz <= half))
        return nas_fail(err, NAS_EINVAL,
                        "frontend.upper_hz is %g, above half of sample_rate_hz (%g); lower it",
                        c->upper_hz, half);
    return NAS_OK;
}

static nas_status check_coefficients(const nas_frontend_config *c, shape *s, nas_err *err) {
    s->bins = c->kind == NAS_MFCC ? c->coefficients : c->mel_bins;
    if (c->kind == NAS_LOG_MEL && c->coefficients != 0)
        return nas_fail(err, NAS_EINVAL,
                        "frontend.coefficients is %d, but kind is log_mel, which has none; leave "
                        "it out",
                        c->coefficients);
    if (c->kind == NAS_MFCC && c->coefficients < 1)
        return nas_fail(err, NAS_EINVAL,
                        "frontend.coefficients is missing; kind mfcc needs 1 to mel_bins (%d)",
                        c->mel_bins);
    if (c->coefficients > c->mel_bins)
        return nas_fail(err, NAS_EINVAL,
                        "frontend.coefficients is %d, more than the mel_bins (%d) that they are "
                        "made of",
                        c->coefficients, c->mel_bins);
    return NAS_OK;
}

static nas_status check(const nas_frontend_config *c, int32_t samples, shape *s, nas_err *err) {
    *s = (shape){0};
    if (c->kind != NAS_MFCC && c->kind != NAS_LOG_MEL)
        return nas_fail(err, NAS_EINVAL, "frontend.kind is neither mfcc nor log_mel");
    NAS_TRY(check_frames(c, samples, s, err));
    NAS_TRY(check_fft(c, s, err));
    NAS_TRY(check_bands(c, err));
    return check_coefficients(c, s, err);
}

nas_status nas_frontend_shape(const nas_frontend_config *config, int32_t samples, int32_t *frames,
                              int32_t *bins, nas_err *err) {
    shape s;
    const nas_status st = check(config, samples, &s, err);
    *frames = st == NAS_OK ? s.frames : 0;
    *bins = st == NAS_OK ? s.bins : 0;
    return st;
}

static void fill_tables(nas_frontend *f, const nas_frontend_config *c) {
    nas_hann_fill(f->s.length, f->window);
    (void)nas_mel_fill(c->mel_bins, f->s.fft / 2 + 1, c->sample_rate_hz, c->lower_hz, c->upper_hz,
                       f->filters, f->weights);
    if (f->cepstra) nas_cosine_fill(f->s.bins, c->mel_bins, f->cosines);
}

nas_status nas_frontend_open(const nas_frontend_config *config, int32_t samples, nas_frontend **out,
                             nas_err *err) {
    *out = NULL;
    shape s;
    NAS_TRY(check(config, samples, &s, err));
    const size_t spectrum = (size_t)s.fft / 2 + 1, mel = (size_t)config->mel_bins;
    nas_frontend *f = calloc(1, sizeof *f);
    if (!f) return nas_fail(err, NAS_ENOMEM, "front end: out of memory");
    f->s = s;
    f->mel_bins = config->mel_bins;
    f->cepstra = config->kind == NAS_MFCC;
    f->filters = calloc(mel, sizeof *f->filters);
    if (f->filters) {
        const int32_t weights =
            nas_mel_fill(config->mel_bins, (int32_t)spectrum, config->sample_rate_hz,
                         config->lower_hz, config->upper_hz, f->filters, NULL);
        f->weights = calloc((size_t)weights + 1, sizeof *f->weights);
    }
    f->fft = kiss_fftr_alloc(s.fft, 0, NULL, NULL);
    f->spectrum = calloc(spectrum, sizeof *f->spectrum);
    f->window = calloc((size_t)s.length, sizeof *f->window);
    f->frame = calloc((size_t)s.fft, sizeof *f->frame);
    f->magnitude = calloc(spectrum, sizeof *f->magnitude);
    f->mel = calloc(mel, sizeof *f->mel);
    f->cosines = calloc((size_t)s.bins * mel, sizeof *f->cosines);
    if (!f->filters || !f->weights || !f->fft || !f->spectrum || !f->window || !f->frame ||
        !f->magnitude || !f->mel || !f->cosines) {
        nas_frontend_close(f);
        return nas_fail(err, NAS_ENOMEM, "front end: out of memory");
    }
    fill_tables(f, config);
    *out = f;
    return NAS_OK;
}

void nas_frontend_close(nas_frontend *f) {
    if (!f) return;
    if (f->fft) kiss_fftr_free(f->fft);
    free(f->filters);
    free(f->weights);
    free(f->spectrum);
    free(f->window);
    free(f->frame);
    free(f->magnitude);
    free(f->mel);
    free(f->cosines);
    free(f);
}

int32_t nas_frontend_frames(const nas_frontend *f) {
    return f->s.frames;
}

int32_t nas_frontend_bins(const nas_frontend *f) {
    return f->s.bins;
}

/* Magnitudes of one frame; the part of f->frame after the window stays zero. */
static void spectrum_of(nas_frontend *f, const float *pcm) {
    for (int32_t i = 0; i < f->s.length; i++) f->frame[i] = pcm[i] * f->window[i];
    kiss_fftr(f->fft, f->frame, f->spectrum);
    for (int32_t k = 0; k <= f->s.fft / 2; k++) {
        const float re = f->spectrum[k].r, im = f->spectrum[k].i;
        f->magnitude[k] = sqrtf(re * re + im * im);
    }
}

static void log_mel_of(const nas_frontend *f, float *mel) {
    for (int32_t m = 0; m < f->mel_bins; m++) {
        const nas_mel_filter t = f->filters[m];
        const float *w = f->weights + t.first;
        float sum = 0.0f;
        for (int32_t k = t.begin; k < t.end; k++) sum += w[k - t.begin] * f->magnitude[k];
        mel[m] = logf(sum + 1e-6f);
    }
}

static void cepstra_of(const nas_frontend *f, float *out) {
    for (int32_t j = 0; j < f->s.bins; j++) {
        const float *row = f->cosines + (ptrdiff_t)j * f->mel_bins;
        float sum = 0.0f;
        for (int32_t k = 0; k < f->mel_bins; k++) sum += row[k] * f->mel[k];
        out[j] = sum;
    }
}

void nas_frontend_run(nas_frontend *f, const float *pcm, float *out) {
    for (int32_t t = 0; t < f->s.frames; t++, out += f->s.bins) {
        spectrum_of(f, pcm + (ptrdiff_t)t * f->s.step);
        log_mel_of(f, f->cepstra ? f->mel : out);
        if (f->cepstra) cepstra_of(f, out);
    }
}

void nas_frontend_normalize(const float *mean, const float *deviation, int32_t bins, float *x,
                            size_t n) {
    assert(bins > 0 && n % (size_t)bins == 0);
    for (size_t i = 0; i < n; i += (size_t)bins)
        for (int32_t b = 0; b < bins; b++)
            x[i + (size_t)b] =
                (x[i + (size_t)b] - mean[b]) / (deviation[b] < 1e-6f ? 1.0f : deviation[b]);
}

/* Bins are taken a few at a time so that a row is read once for all of them. */
void nas_frontend_moments(const float *x, size_t n, int32_t bins, float *mean, float *deviation) {
    enum { LANES = 16 };
    const size_t width = (size_t)bins;
    for (size_t b = 0; b < width; b += LANES) {
        const size_t lanes = width - b < LANES ? width - b : LANES;
        double m[LANES] = {0}, squares[LANES] = {0};
        for (size_t i = 0; i < n; i++)
            for (size_t l = 0; l < lanes; l++) m[l] += (double)x[i * width + b + l];
        for (size_t l = 0; l < lanes; l++) m[l] = n ? m[l] / (double)n : 0.0;
        for (size_t i = 0; i < n; i++)
            for (size_t l = 0; l < lanes; l++) {
                const double d = (double)x[i * width + b + l] - m[l];
                squares[l] += d * d;
            }
        for (size_t l = 0; l < lanes; l++) {
            mean[b + l] = (float)m[l];
            deviation[b + l] = (float)(n ? sqrt(squares[l] / (double)n) : 0.0);
        }
    }
}
