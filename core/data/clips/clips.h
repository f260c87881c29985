/* core/data/clips/clips.h - a folder of class folders of sound files, decoded once into a packed
 * file that every process reads.
 * Thread safety: clips that are open may be read by several threads. One thread at a time in a
 * process opens, adds to or closes them: that works on the threads of base/team.h. */
#ifndef NAS_CORE_DATA_CLIPS_CLIPS_H
#define NAS_CORE_DATA_CLIPS_CLIPS_H

#include "base/arena.h"
#include "base/hash.h"
#include "base/log.h"
#include "core/audio/sound.h"
#include "core/data/clips/made.h"

#include <stdbool.h>

/* What is to be known of a clip, as bits. */
typedef enum nas_clip_state {
    NAS_CLIP_SILENT = 1,   /* all samples that are heard are 0 */
    NAS_CLIP_CONSTANT = 2, /* they are all the same, and not 0 */
    NAS_CLIP_CLIPPED = 4, /* one in a thousand of them or more stand at full scale, in runs of three
                             or more */
    NAS_CLIP_FLOATS = 8   /* the file's samples are floats */
} nas_clip_state;

typedef struct nas_clip {
    const char *name;    /* "<folder>/<file>" or "<folder>/<speaker>/<file>"; with `parts`, behind
                            "<part>/" */
    const char *speaker; /* what speaker_pattern's first group found; without pattern the folder
                            below the class folder; the whole name when nothing tells */
    int32_t label;       /* index into labels */
    nas_hash content;    /* of the file's bytes */
    int64_t samples;     /* decoded, mono, cropped to clip_seconds, at its own rate */
    int64_t length;      /* of the whole file, in samples */
    int32_t rate_hz;
    int32_t channels; /* of the file */
    uint32_t state;   /* bits of nas_clip_state */
    float peak;       /* of what is heard, before it was cut to [-1, 1] */
    bool cut;         /* of a recording (core/data/clips/cuts.h): */
    const float *pcm; /* its samples, in [-1, 1]; else NULL: nas_clips_samples reads them */
    float volume;     /* what they are multiplied by when it is read */
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
    bool some;   /* as in the options */
    int32_t n_labels;
    const char **labels; /* sorted as in the space, or by name */
    int32_t n;
    nas_clip *clips; /* in the order of (label, name) */
    int32_t n_bad;
    const char **bad;           /* "<label>/<file>: reason" of each clip left out */
    int32_t n_speakers;         /* names that look alike are one */
    bool has_pattern;           /* speaker_pattern was given */
    int32_t n_unnamed;          /* clips whose name tells no speaker: the whole name is one */
    const char *unnamed;        /* the first of them */
    int32_t n_unnamed_speakers; /* how many they are: clips of one name are of one speaker */
    double clip_seconds;
    nas_crop crop;
    double full_scale;
    nas_clips_made made;
    const nas_silence_config *silence; /* of the options */
    nas_hash fingerprint; /* of labels, names, lengths, contents, crop and scale where they are not
                             the usual ones; the split adds itself to it */
    struct nas_clips_own *own;
} nas_clips;

typedef struct nas_clips_options {
    const char *folder;
    const char *const *labels; /* NULL: all class folders, by name, without _background_noise_. A
                                  folder is found where its letters are composed otherwise */
    int32_t n_labels;
    bool some;  /* labels without a folder or without clips are left out, one at least stays */
    bool parts; /* the class folders stand in train/, validation/ and test/ of the folder */
    /* What labels without a folder are made of; NULL or not given: nothing. Cuts of silence are
     * added later, by nas_cuts_add; until then its label is not among the labels. */
    const nas_unknown_config *unknown;
    const nas_silence_config *silence;
    double clip_seconds;
    nas_crop crop;
    double full_scale;           /* what counts as 1 in files of floats; 0: 1 */
    int32_t unreadable;          /* so many clips that cannot be read may be left out */
    const char *unreadable_list; /* a file that lists those and the empty ones; NULL: none */
    const char *speaker_pattern; /* POSIX extended, first group; NULL: up to _nohash_, else the
                                    whole file name without its ending */
    const char *cache;           /* folder of the cache; files are <cache>/<kk>/<key> */
} nas_clips_options;

/* How many classes o->folder has. Errors: as nas_clips_open for what has no clip read. */
NAS_NODISCARD nas_status nas_clips_classes(nas_arena *a, const nas_clips_options *o, int32_t *n,
                                           nas_err *err);

/* A class folder holds clips, or a folder of clips for each speaker. Which files are clips:
 * nas_clip_is_file; hidden ones never are. Lists and hashes the folder, decodes it (in parallel)
 * into the cache when it is not there yet, opens it. Owner: the caller closes it. Errors:
 * NAS_ENOTFOUND no such folder or class (with the nearest name), NAS_EINVAL no class or fewer than
 * two, a pattern that does not compile, NAS_EFORMAT clips that cannot be read, samples far beyond
 * -1 .. 1, NAS_EIO/NAS_EFULL the cache, NAS_EIO a clip that cannot be opened or read, or that
 * changed meanwhile (nothing is kept then), NAS_ESTOP. What is left out, cropped or odd is a
 * warning for each kind, with a count: docs/CLIPS.md. */
NAS_NODISCARD nas_status nas_clips_open(const nas_clips_options *o, const nas_log *log,
                                        nas_clips **out, nas_err *err);
void nas_clips_close(nas_clips *c);
/* "<name of the folder>_unreadable.txt", for unreadable_list; NULL when there is no memory. */
const char *nas_clips_list_name(nas_arena *a, const char *folder);

/* Resamples every clip to rate_hz once, in parallel, into the cache, so that nas_clips_read at that
 * rate copies from there: the same samples as without. Does nothing when all clips have that rate
 * already. Not while another thread reads c. Errors: NAS_EINVAL a rate too far from a clip's,
 * NAS_EIO/NAS_EFULL the cache, NAS_ENOMEM, NAS_ESTOP. */
NAS_NODISCARD nas_status nas_clips_prepare(nas_clips *c, int32_t rate_hz, const nas_log *log,
                                           nas_err *err);

/* All samples of clip i at its own rate, in [-1, 1], into out[samples]. They are checked after they
 * were read: what is given is what was packed. Errors: NAS_EIO the pack was changed or cut
 * meanwhile.
 */
NAS_NODISCARD nas_status nas_clips_samples(const nas_clips *c, int32_t i, float *out, nas_err *err);

/* Clip i at rate_hz, padded with zeros or cropped to out_samples = round(clip_seconds * rate_hz).
 * A clip of that rate is copied; others go through libsamplerate's best sinc converter. Errors:
 * those of nas_clips_samples, NAS_EINVAL a rate too far from the clip's, NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_clips_read(const nas_clips *c, int32_t i, int32_t rate_hz, float *out,
                                        int64_t out_samples, nas_err *err);

enum { NAS_CLIPS_VERSION = 2 };

#endif
