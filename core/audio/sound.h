/* core/audio/sound.h - sound files to mono floats, and floats to another rate. The one place that
 * knows libsndfile and libsamplerate.
 * Thread safety: several threads may call these; very large files wait for each other. */
#ifndef NAS_CORE_AUDIO_SOUND_H
#define NAS_CORE_AUDIO_SOUND_H

#include "base/err.h"
#include "base/hash.h"

#include <stdbool.h>
#include <stdint.h>

/* Which part is heard of a file that is longer than what is asked for. */
typedef enum nas_crop {
    NAS_CROP_START,
    NAS_CROP_CENTRE,
    NAS_CROP_LOUDEST, /* of windows at steps of a hundredth of their length the one with the largest
                         energy; the middle one of those beside it that have 99 % of that */
} nas_crop;

typedef struct nas_hearing {
    double seconds; /* at most so much is heard */
    nas_crop crop;
    double full_scale; /* what counts as 1 in files whose samples are floats; 0: 1 */
} nas_hearing;

typedef struct nas_sound {
    float *pcm; /* mono, in [-1, 1] */
    int64_t samples;
    int32_t rate_hz;
    int32_t channels;
    int64_t length;   /* samples of the whole file; for NAS_CROP_START as its header says, where it
                         does, else up to ten minutes are counted */
    float peak;       /* the largest magnitude of pcm before it was cut to [-1, 1] */
    bool floats;      /* the file's samples are floats */
    bool empty;       /* after NAS_EFORMAT: there is no sample in it */
    nas_hash content; /* of the bytes that were decoded; after NAS_EFORMAT, too */
} nas_sound;

/* Beyond this magnitude no float was meant to lie between -1 and 1. */
#define NAS_SOUND_FAR 2.0f

/* Reads a file once into memory, and decodes and hashes those bytes: what somebody writes meanwhile
 * is heard as a whole or not at all. Of files above 32 MB one is held at a time; of more than 2 GiB
 * none is read. Takes the part that is to be heard, channels averaged, floats divided by
 * full_scale, what is then beyond -1 .. 1 cut off; what a header claims decides neither memory nor
 * time. Owner: the caller frees *out with nas_sound_free (without samples after an error). Errors:
 * NAS_EFORMAT, without the path in its text, is the file's fault, and nothing else is: not a sound
 * file (and what it is, where its first bytes tell), empty, shorter than its header says (of WAV,
 * FLAC and CAF; elsewhere libsndfile does not tell), a rate outside 1000 .. 768000 Hz, more than 64
 * channels, values that are not finite. NAS_ENOTFOUND, NAS_EIO it cannot be opened or read, with
 * the path; NAS_ENOMEM. May be called by several threads. */
NAS_NODISCARD nas_status nas_sound_hear(const char *path, const nas_hearing *h, nas_sound *out,
                                        nas_err *err);
/* The same of the first most_seconds. */
NAS_NODISCARD nas_status nas_sound_read(const char *path, double most_seconds, nas_sound *out,
                                        nas_err *err);
void nas_sound_free(nas_sound *s);

/* What the first n bytes of a file say that it is: NULL when they do not tell, or tell of a sound
 * file that is read. "an MP3 file", "a web page". */
const char *nas_sound_other(const uint8_t *head, int64_t n);
/* Do the first bytes of a file begin like those of a sound file? A link that leads nowhere does
 * not. Errors: NAS_EIO, NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_sound_begins(const char *path, bool *out, nas_err *err);

/* in [n] at from_hz to out [*made] at to_hz, at most room samples (libsamplerate,
 * SRC_SINC_BEST_QUALITY, or a copy when the rates are equal). Errors: NAS_EINVAL rates more than
 * 256 times apart, NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_sound_resample(const float *in, int64_t n, int32_t from_hz,
                                            int32_t to_hz, float *out, int64_t room, int64_t *made,
                                            nas_err *err);

#endif
