/* core/audio/augment.c - changes to a clip before the front end. */
#include "core/audio/augment.h"

#include <assert.h>
#include <math.h>
#include <string.h>

bool nas_sound_augment_any(const nas_sound_augment *o) {
    return o->shift_ms > 0 || o->gain_db > 0 || o->noise_snr_db.given;
}

static double uniform(nas_rng *rng, double lo, double hi) {
    return lo + (hi - lo) * nas_rng_double(rng);
}

static void shift(int32_t by, int32_t n, float *pcm) {
    const int32_t far = by < 0 ? -by : by, free_ = far < n ? far : n;
    const size_t kept = (size_t)(n - free_) * sizeof *pcm;
    if (by >= 0) {
        memmove(pcm + free_, pcm, kept);
        memset(pcm, 0, (size_t)free_ * sizeof *pcm);
    } else {
        memmove(pcm, pcm + free_, kept);
        memset(pcm + (n - free_), 0, (size_t)free_ * sizeof *pcm);
    }
}

static double mean_square(const float *x, int64_t n) {
    double sum = 0;
    for (int64_t i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
    return n > 0 ? sum / (double)n : 0;
}

/* Adds `from[at ...]`, taken round, n samples of it. */
static void add_noise(const float *from, int64_t length, int64_t at, double snr_db, int32_t n,
                      float *pcm) {
    double power = 0;
    for (int32_t i = 0; i < n; i++) {
        const double v = (double)from[(at + i) % length];
        power += v * v;
    }
    const double clip = mean_square(pcm, n);
    if (n < 1 || !(power > 0) || !(clip > 0)) return;
    const double scale = sqrt(clip / (power / n)) * pow(10, -snr_db / 20);
    for (int32_t i = 0; i < n; i++)
        pcm[i] = (float)((double)pcm[i] + scale * (double)from[(at + i) % length]);
}

void nas_sound_augment_run(const nas_sound_augment *o, int32_t rate_hz, const nas_noise *noise,
                           nas_rng *rng, int32_t samples, float *pcm) {
    const int64_t most = (int64_t)floor(o->shift_ms * rate_hz / 1000 + 0.5);
    const int64_t by = (int64_t)nas_rng_below(rng, 2 * (uint64_t)most + 1) - most;
    const double gain_db = uniform(rng, -o->gain_db, o->gain_db);
    const int64_t n = samples;
    if (by) shift((int32_t)(by > n ? n : by < -n ? -n : by), samples, pcm);
    if (o->gain_db > 0) {
        const double gain = pow(10, gain_db / 20);
        for (int32_t i = 0; i < samples; i++) pcm[i] = (float)((double)pcm[i] * gain);
    }
    if (!o->noise_snr_db.given) return;
    assert(noise && noise->n > 0);
    const double snr_db = uniform(rng, o->noise_snr_db.lo, o->noise_snr_db.hi);
    const size_t k = (size_t)nas_rng_below(rng, (uint64_t)noise->n);
    const int64_t length = noise->samples[k], places = length > n ? length - n + 1 : length;
    const int64_t at = (int64_t)nas_rng_below(rng, (uint64_t)places);
    add_noise(noise->pcm[k], length, at, snr_db, samples, pcm);
}

void nas_pink_noise(nas_rng *rng, int64_t samples, float *out) {
    static const double pole[6] = {0.99886, 0.99332, 0.96900, 0.86650, 0.55000, -0.7616};
    static const double take[6] = {0.0555179, 0.0750759, 0.1538520,
                                   0.3104856, 0.5329522, -0.0168980};
    double state[6] = {0}, late = 0;
    for (int64_t i = 0; i < samples; i++) {
        const double white = 2 * nas_rng_double(rng) - 1;
        double sum = late + white * 0.5362;
        for (int k = 0; k < 6; k++) {
            state[k] = pole[k] * state[k] + take[k] * white;
            sum += state[k];
        }
        late = white * 0.115926;
        /* The filter's taps add up to less than 70 times the largest input. */
        out[i] = (float)(sum / 70);
    }
}
