/* core/data/clips/made.h - classes that have no folder of their own: words that are none of the
 * labels, and silence. Settings, and how many clips they get.
 * Thread safety: all are functions of their arguments. */
#ifndef NAS_CORE_DATA_CLIPS_MADE_H
#define NAS_CORE_DATA_CLIPS_MADE_H

#include "base/key.h"

/* Clips of other class folders. */
typedef struct nas_unknown_config {
    bool given;
    const char *label;
    int32_t n_folders; /* 0: all class folders that are no label */
    const char *const *folders;
    double share; /* of all clips; NaN: as many as a label has in the mean */
} nas_unknown_config;

/* Cuts of the recordings in _background_noise_. */
typedef struct nas_silence_config {
    bool given;
    const char *label;
    double share;    /* as above */
    nas_span volume; /* each cut is multiplied by a number in it, drawn uniformly */
} nas_silence_config;

/* Their keys, without "folders" of the first. */
extern const nas_key nas_unknown_keys[], nas_silence_keys[];

/* Clips of a class of that share beside `clips` clips of n_labels labels and a class that has the
 * share `other` (0: there is none; NaN as above). Source: own. */
int32_t nas_made_count(int64_t clips, int32_t n_labels, double share, double other);

#endif
