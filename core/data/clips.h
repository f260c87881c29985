/* core/data/clips.h - a folder of class folders of sound files, decoded once into a packed file
 * that every process maps. */
#ifndef NAS_CORE_DATA_CLIPS_H
#define NAS_CORE_DATA_CLIPS_H

#include "base/arena.h"
#include "base/hash.h"
#include "base/log.h"
#include "core/data/made.h"

#include <stdbool.h>

typedef struct nas_clip {
    const char *name;    /* "<folder>/<file>"; with `parts`, "<part>/<folder>/<file>" */
    const char *speaker; /* what speaker_pattern's first group found; the whole name when nothing */
    int32_t label;       /* index into labels */
    nas_hash content;    /* of the file's bytes */
    int64_t samples;     /* decoded, mono, cropped to clip_seconds, at its own rate */
    int32_t rate_hz;
    const float *pcm; /* in [-1, 1]; in the map */
    bool cut;         /* of a recording (core/data/cuts.h): */
    float volume;     /* what its samples are multiplied by when it is read */
} nas_clip;

/* Classes without a folder of their own. */
typedef struct nas_clips_made {
    int32_t unknown, folders; /* clips that other class folders gave, and how many; 0: none */
    int32_t cuts, recordings; /* clips cut from recordings, the last of all; 0: none */
    int32_t silence; /* until there are cuts: where their label will stand among the labels; -1:
                        nothing is to be cut */
} nas_clips_made;

typedef struct nas_clips {
    const char *folder;
    bool picked; /* the labels were named in the options, others may lie in the folder */
    int32_t n_labels;
    const char **labels; /* sorted as in the space, or by name */
    int32_t n;
    nas_clip *clips; /* in the order of (label, name) */
    int32_t n_bad;
    const char **bad;    /* "<label>/<file>: reason" of each clip left out */
    bool has_pattern;    /* speaker_pattern was given */
    int32_t n_unnamed;   /* clips whose name tells no speaker: each is a speaker of its own */
    const char *unnamed; /* the first of them */
    double clip_seconds;
    nas_clips_made made;
    const nas_silence_config *silence; /* of the options */
    nas_hash fingerprint; /* of labels, names, lengths, contents; the split adds itself to it */
    struct nas_clips_own *own;
} nas_clips;

typedef struct nas_clips_options {
    const char *folder;
    const char *const *labels; /* NULL: all class folders, by name, without _background_noise_ */
    int32_t n_labels;
    bool some;  /* labels without a folder or without clips are left out, one at least stays */
    bool parts; /* the class folders stand in train/, validation/ and test/ of the folder */
    /* What labels without a folder are made of; NULL or not given: nothing. Cuts of silence are
     * added later, by nas_cuts_add; until then its label is not among the labels. */
    const nas_unknown_config *unknown;
    const nas_silence_config *silence;
    double clip_seconds;
    const char *speaker_pattern; /* POSIX extended, first group; NULL: up to _nohash_, else the
                                    whole file name without its ending */
    const char *cache;           /* folder of the cache; files are <cache>/<kk>/<key> */
} nas_clips_options;

/* How many classes o->folder has, o->labels aside. Errors: NAS_ENOTFOUND no such folder, NAS_EIO.
 */
NAS_NODISCARD nas_status nas_clips_classes(nas_arena *a, const nas_clips_options *o, int32_t *n,
                                           nas_err *err);

/* Every regular file in a class folder (links followed) is a clip, except hidden ones and names
 * that end in .txt, .md, .json or .csv. Lists and hashes the folder, decodes it (in parallel) into
 * the cache when it is not there yet, maps it. Owner: the caller closes it. Errors: NAS_ENOTFOUND
 * no such folder or class (with the nearest name), NAS_EINVAL no class or fewer than two, a pattern
 * that does not compile, NAS_EFORMAT more than 1 % bad clips (names the first few),
 * NAS_EIO/NAS_EFULL the cache, NAS_ESTOP. Each bad clip is also a warning (at most 20, then a
 * count). */
NAS_NODISCARD nas_status nas_clips_open(const nas_clips_options *o, const nas_log *log,
                                        nas_clips **out, nas_err *err);
void nas_clips_close(nas_clips *c);

/* Resamples every clip to rate_hz once, in parallel, into the cache, so that nas_clips_read at that
 * rate copies from a map: the same samples as without. Does nothing when all clips have that rate
 * already. Not while another thread reads c. Errors: NAS_EINVAL a rate too far from a clip's,
 * NAS_EIO/NAS_EFULL the cache, NAS_ENOMEM, NAS_ESTOP. */
NAS_NODISCARD nas_status nas_clips_prepare(nas_clips *c, int32_t rate_hz, const nas_log *log,
                                           nas_err *err);

/* Clip i at rate_hz, padded with zeros or cropped to out_samples = round(clip_seconds * rate_hz).
 * A clip of that rate is copied; others go through libsamplerate's best sinc converter. */
NAS_NODISCARD nas_status nas_clips_read(const nas_clips *c, int32_t i, int32_t rate_hz, float *out,
                                        int64_t out_samples, nas_err *err);

enum { NAS_CLIPS_VERSION = 1 };

#endif
