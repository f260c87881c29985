/* core/audio/frontend.c - short-time spectra, mel bands and cepstral coefficients of one clip. */
#include "core/audio/frontend_int.h"
#include "core/audio/mel.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

static const char *const kind_words[] = {"mfcc", "log_mel", NULL};
static const char *const normalize_words[] = {"none", "coefficient", NULL};
static const char *const level_words[] = {"none", "peak", "rms", NULL};

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
    {.name = "level",
     .kind = NAS_KEY_WORD,
     AT(level),
     .def = "\"none\"",
     .words = level_words,
     .help =
         "a gain for each clip: none; peak: its largest amplitude becomes 1; rms: its root mean "
         "square becomes 0.1; at most 40 dB"},
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
     .help = "none, or coefficient: mean 0 and standard deviation 1 of each over the training set"},
    NAS_KEY_END,
};
#undef AT

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

static nas_status check_frames(const nas_frontend_config *c, int32_t samples, nas_frontend_sizes *s,
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

enum { MOST_PRIME = 1024 };

static nas_status check_fft(const nas_frontend_config *c, nas_frontend_sizes *s, nas_err *err) {
    s->fft = c->fft_length ? c->fft_length : next_power_of_two(s->length);
    if (s->fft == 1) s->fft = 2; /* a frame of one sample; the least that has a spectrum */
    if (s->fft < s->length)
        return nas_fail(err, NAS_EINVAL,
                        "frontend.fft_length is %d, shorter than the frame of %d samples "
                        "(frame_length_ms %g at %d Hz); use at least that, or leave it out",
                        s->fft, s->length, c->frame_length_ms, c->sample_rate_hz);
    if (s->fft % 2 != 0)
        return nas_fail(err, NAS_EINVAL, "frontend.fft_length is %d; it must be even", s->fft);
    /* A transform of a prime length takes its square in operations. */
    int32_t rest = s->fft / 2, prime = 1;
    for (int32_t p = 2; p <= rest / p; p++)
        for (; rest % p == 0 && rest > p; prime = p) rest /= p;
    if (rest > prime) prime = rest;
    if (prime > MOST_PRIME)
        return nas_fail(
            err, NAS_EINVAL,
            "frontend.fft_length is %d; half of it has the prime factor %d, and more than "
            "%d takes too long: use a product of small numbers, or leave it out",
            s->fft, prime, MOST_PRIME);
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

static nas_status check_coefficients(const nas_frontend_config *c, nas_frontend_sizes *s,
                                     nas_err *err) {
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

nas_status nas_frontend_plan(const nas_frontend_config *c, int32_t samples, nas_frontend_sizes *s,
                             nas_err *err) {
    *s = (nas_frontend_sizes){0};
    if (c->kind != NAS_MFCC && c->kind != NAS_LOG_MEL)
        return nas_fail(err, NAS_EINVAL, "frontend.kind is neither mfcc nor log_mel");
    NAS_TRY(check_frames(c, samples, s, err));
    NAS_TRY(check_fft(c, s, err));
    NAS_TRY(check_bands(c, err));
    return check_coefficients(c, s, err);
}

nas_status nas_frontend_shape(const nas_frontend_config *config, int32_t samples, int32_t *frames,
                              int32_t *bins, nas_err *err) {
    nas_frontend_sizes s;
    const nas_status st = nas_frontend_plan(config, samples, &s, err);
    *frames = st == NAS_OK ? s.frames : 0;
    *bins = st == NAS_OK ? s.bins : 0;
    return st;
}

static void fill_tables(nas_frontend *f, const nas_frontend_config *c) {
    nas_hann_fill(f->s.length, f->window);
    (void)nas_mel_fill(c->mel_bins, f->s.fft / 2 + 1, c->sample_rate_hz, c->lower_hz, c->upper_hz,
                       1, f->bands, f->weights);
    for (int32_t i = 0; i < c->mel_bins; i++)
        if (f->bands[i].end > f->last_bin + 1) f->last_bin = f->bands[i].end - 1;
    if (f->cepstra) nas_cosine_fill(f->s.bins, c->mel_bins, f->cosines);
}

float *nas_frontend_floats(size_t n) {
    const size_t bytes = (n * sizeof(float) + 63) / 64 * 64;
    float *p = aligned_alloc(64, bytes);
    if (p) memset(p, 0, bytes);
    return p;
}

static bool open_transform(nas_frontend *f) {
    const size_t points = (size_t)f->s.fft;
    if (nas_fft_suits(f->s.fft)) return nas_fft_open(&f->fft, f->s.fft);
    f->odd_fft = kiss_fftr_alloc(f->s.fft, 0, NULL, NULL);
    f->spectrum = calloc(points / 2 + 1, sizeof *f->spectrum);
    f->frame = nas_frontend_floats(points);
    return f->odd_fft && f->spectrum && f->frame;
}

static bool open_arrays(nas_frontend *f, const nas_frontend_config *c) {
    const size_t lanes = (size_t)f->kernel->lanes, mel = (size_t)c->mel_bins;
    const size_t bins = (size_t)f->s.fft / 2 + 1;
    f->bands = calloc(mel, sizeof *f->bands);
    if (!f->bands) return false;
    const int32_t weights = nas_mel_fill(c->mel_bins, (int32_t)bins, c->sample_rate_hz, c->lower_hz,
                                         c->upper_hz, 1, f->bands, NULL);
    f->weights = nas_frontend_floats((size_t)weights + 1);
    f->window = nas_frontend_floats((size_t)f->s.length + lanes);
    f->z = nas_frontend_floats(bins * 2 * lanes);
    f->magnitude = nas_frontend_floats(bins * lanes);
    f->mel = nas_frontend_floats(mel * lanes);
    f->cosines = nas_frontend_floats((size_t)f->s.bins * mel);
    if (f->level && !(f->levelled = nas_frontend_floats((size_t)f->samples))) return false;
    return f->weights && f->window && f->z && f->magnitude && f->mel && f->cosines;
}

nas_status nas_frontend_open(const nas_frontend_config *config, int32_t samples, nas_frontend **out,
                             nas_err *err) {
    *out = NULL;
    nas_frontend_sizes s;
    NAS_TRY(nas_frontend_plan(config, samples, &s, err));
    nas_frontend *f = calloc(1, sizeof *f);
    if (!f) return nas_fail(err, NAS_ENOMEM, "front end: out of memory");
    f->s = s;
    f->mel_bins = config->mel_bins;
    f->level = config->level;
    f->samples = samples;
    f->cepstra = config->kind == NAS_MFCC;
    f->kernel = nas_spectra_choose();
    if (!open_transform(f) || !open_arrays(f, config)) {
        nas_frontend_close(f);
        return nas_fail(err, NAS_ENOMEM, "front end: out of memory");
    }
    fill_tables(f, config);
    *out = f;
    return NAS_OK;
}

void nas_frontend_close(nas_frontend *f) {
    if (!f) return;
    if (f->odd_fft) kiss_fftr_free(f->odd_fft);
    nas_fft_close(&f->fft);
    free(f->bands);
    free(f->weights);
    free(f->spectrum);
    free(f->window);
    free(f->frame);
    free(f->z);
    free(f->magnitude);
    free(f->mel);
    free(f->cosines);
    free(f->levelled);
    free(f);
}

int32_t nas_frontend_frames(const nas_frontend *f) {
    return f->s.frames;
}

int32_t nas_frontend_bins(const nas_frontend *f) {
    return f->s.bins;
}

/* As the kernel's, by kissfft; the part of f->frame after the window stays zero. */
static void odd_magnitudes(nas_frontend *f, const float *pcm, ptrdiff_t step, int32_t frames) {
    const int32_t lanes = f->kernel->lanes;
    for (int32_t t = 0; t < frames; t++, pcm += step) {
        for (int32_t i = 0; i < f->s.length; i++) f->frame[i] = pcm[i] * f->window[i];
        kiss_fftr(f->odd_fft, f->frame, f->spectrum);
        for (int32_t k = 0; k <= f->last_bin; k++) {
            const float re = f->spectrum[k].r, im = f->spectrum[k].i;
            f->magnitude[(ptrdiff_t)k * lanes + t] = sqrtf(re * re + im * im);
        }
    }
}

const float *nas_frontend_levelled(nas_frontend *f, const float *pcm) {
    if (!f->level) return pcm;
    f->kernel->level(f->level, pcm, f->samples, f->levelled);
    return f->levelled;
}

void nas_frontend_spectra(nas_frontend *f, const float *pcm, ptrdiff_t step, int32_t frames) {
    if (f->odd_fft)
        odd_magnitudes(f, pcm, step, frames);
    else
        f->kernel->magnitudes(&f->fft, pcm, step, frames, f->s.length, f->window, f->last_bin, f->z,
                              f->magnitude);
}

void nas_frontend_rows(nas_frontend *f, const nas_band *bands, const float *weights, int32_t frames,
                       float *out) {
    const nas_spectra *k = f->kernel;
    k->bands(f->mel_bins, bands, weights, f->magnitude, f->mel);
    k->project(f->s.bins, f->mel_bins, f->cepstra ? f->cosines : NULL, f->mel, frames, out);
}

void nas_frontend_run(nas_frontend *f, const float *pcm, float *out) {
    const int32_t lanes = f->kernel->lanes;
    pcm = nas_frontend_levelled(f, pcm);
    for (int32_t t = 0; t < f->s.frames; t += lanes) {
        const int32_t n = f->s.frames - t < lanes ? f->s.frames - t : lanes;
        nas_frontend_spectra(f, pcm + (ptrdiff_t)t * f->s.step, f->s.step, n);
        nas_frontend_rows(f, f->bands, f->weights, n, out);
        out += (ptrdiff_t)n * f->s.bins;
    }
}

bool nas_frontend_is_constant(float deviation) {
    return deviation < 1e-6f;
}

float nas_frontend_divisor(float deviation) {
    return nas_frontend_is_constant(deviation) ? 1.0f : deviation;
}

void nas_frontend_normalize(const float *mean, const float *deviation, int32_t bins, float *x,
                            size_t n) {
    assert(bins > 0 && n % (size_t)bins == 0);
    for (size_t i = 0; i < n; i += (size_t)bins)
        for (int32_t b = 0; b < bins; b++)
            x[i + (size_t)b] = (x[i + (size_t)b] - mean[b]) / nas_frontend_divisor(deviation[b]);
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
