/* core/audio/sound.h - sound files to mono floats, and floats to another rate. The one place that
 * knows libsndfile and libsamplerate. */
#ifndef NAS_CORE_AUDIO_SOUND_H
#define NAS_CORE_AUDIO_SOUND_H

#include "base/err.h"

#include <stdint.h>

typedef struct nas_sound {
    float *pcm; /* mono, in [-1, 1] */
    int64_t samples;
    int32_t rate_hz;
} nas_sound;

/* Reads the first most_seconds of a file, channels averaged; what a header claims decides neither
 * memory nor time. Owner: the caller frees *out with nas_sound_free ({0} after an error). Errors,
 * without the path in their text: NAS_EFORMAT not a sound file, empty, shorter than its header
 * says (of WAV, FLAC and CAF; elsewhere libsndfile does not tell), a rate outside 1000 .. 768000
 * Hz, more than 64 channels, values that are not finite; NAS_ENOTFOUND, NAS_EIO it cannot be
 * opened; NAS_ENOMEM. May be called by several threads. */
NAS_NODISCARD nas_status nas_sound_read(const char *path, double most_seconds, nas_sound *out,
                                        nas_err *err);
void nas_sound_free(nas_sound *s);

/* n samples at from_hz to at most room samples at to_hz (libsamplerate, SRC_SINC_BEST_QUALITY, or
 * a copy when the rates are equal); *made says how many. Errors: NAS_EINVAL rates more than 256
 * times apart, NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_sound_resample(const float *in, int64_t n, int32_t from_hz,
                                            int32_t to_hz, float *out, int64_t room, int64_t *made,
                                            nas_err *err);

#endif
