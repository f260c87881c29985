/* core/audio/augment.h - the same clip as it might have been recorded: earlier or later, louder or
 * softer, with noise.
 * Thread safety: all are functions of their arguments. */
#ifndef NAS_CORE_AUDIO_AUGMENT_H
#define NAS_CORE_AUDIO_AUGMENT_H

#include "base/key.h"
#include "base/rng.h"

typedef struct nas_sound_augment {
    double shift_ms;       /* most by which a clip moves, both ways; zeros fill what comes free */
    double gain_db;        /* most by which it is louder or softer */
    nas_span noise_snr_db; /* ratio of the clip to the noise that is added */
} nas_sound_augment;

/* Does it change anything? */
bool nas_sound_augment_any(const nas_sound_augment *o);

/* Noise recordings at one rate; a view. */
typedef struct nas_noise {
    int32_t n;
    const float *const *pcm;
    const int64_t *samples; /* at least 1 each */
} nas_noise;

/* Changes one clip in place: shift, then gain, then noise, each amount uniform within its bounds
 * (in samples, dB, dB) and drawn from rng, whatever the others are. The noise is a stretch of one
 * of the recordings, from a random place on, again from its start where it ends, scaled so that the
 * mean square of the clip is exactly the drawn ratio above that of the stretch; a silent clip stays
 * as it is. Nothing is clipped at 1. noise may be NULL without noise_snr_db. Shape: pcm [samples].
 */
void nas_sound_augment_run(const nas_sound_augment *o, int32_t rate_hz, const nas_noise *noise,
                           nas_rng *rng, int32_t samples, float *pcm);

/* out [samples]: noise that falls by 3 dB an octave, peaks below 1. Source: the seven-pole filter
 * of Paul Kellet (musicdsp.org, 1999), within 0.05 dB above 1/4800 of the rate. */
void nas_pink_noise(nas_rng *rng, int64_t samples, float *out);

/* Part of the key of what is trained on such clips: raise it when other bits come out. */
enum { NAS_SOUND_AUGMENT_VERSION = 1 };

#endif
