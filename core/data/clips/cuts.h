/* core/data/clips/cuts.h - silence: cuts of the long recordings in _background_noise_, dealt to the
 * parts of a split by recording.
 * Thread safety: no shared state; one thread at a time for each set of clips. */
#ifndef NAS_CORE_DATA_CLIPS_CUTS_H
#define NAS_CORE_DATA_CLIPS_CUTS_H

#include "core/data/split/split.h"

/* A split with its cuts. */
typedef struct nas_dealt {
    uint8_t *part;        /* [c->n] nas_part, or NAS_NO_PART */
    uint8_t *fold;        /* [c->n] as nas_split_folds gives it; NULL without folds */
    nas_hash fingerprint; /* of clips and split */
} nas_dealt;

/* Splits the clips, with folds or without, then adds the cuts that c is to have; the first says its
 * warnings to of_split. Owner: arrays live
 * in arena a, or as long as c. Errors: those of nas_split_make, nas_split_folds, nas_cuts_add. */
NAS_NODISCARD nas_status nas_clips_deal(nas_clips *c, const nas_split_config *config,
                                        bool allow_missing, const nas_log *of_split,
                                        const nas_log *log, nas_arena *a, nas_dealt *out,
                                        nas_err *err);

/* Adds cuts of c->silence behind the clips of c, and their label; nothing where c->made.silence is
 * -1. *part: of each clip, a part or with `folds` a fold; the cuts' are added, in an array that
 * lives as long as c. part NULL: there is one part. Each part gets as large a share of the cuts as
 * it has of the clips, evenly from its recordings; a recording is in one part, in the order of the
 * hash of its name. Where there are fewer recordings than parts each is cut into one stretch a
 * part, and a warning says so. A cut lies anywhere in its own slice of the recording or stretch. It
 * is named "_background_noise_/<file>@<first sample>", its speaker is the recording. Of folds with
 * `stopping` no cut picks epochs. c->fingerprint takes the cuts in. Source: Warden, "Speech
 * Commands", 2018, whose TensorFlow example multiplies silence by a number in [0, 1) too.
 * Errors: NAS_ENOTFOUND no recordings; NAS_EFORMAT none can be read; NAS_EINVAL they are too short,
 * or there would be no cut; NAS_ENOMEM, NAS_ESTOP. Recordings left out are warnings; with c->some
 * so is the label, where there is no recording or none can be read. */
NAS_NODISCARD nas_status nas_cuts_add(nas_clips *c, bool folds, const nas_log *log, uint8_t **part,
                                      nas_err *err);

#endif
