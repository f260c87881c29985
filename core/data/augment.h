/* core/data/augment.h - the block "augment", and what it does to features: examples that move, are
 * blanked in part, or are mixed in pairs.
 * Thread safety: no shared state; distinct batches may be filled by distinct threads. */
#ifndef NAS_CORE_DATA_AUGMENT_H
#define NAS_CORE_DATA_AUGMENT_H

#include "base/key.h"
#include "core/audio/augment.h"
#include "core/nn/train/batch.h"

/* Keys of "augment". */
typedef struct nas_augment {
    int32_t shift_frames; /* each example moves by up to this many frames, uniformly, both ways; the
                             frames that come free repeat the edge frame */
    /* After that one run of frames and one of coefficients is blanked, each of uniform width 0 to
     * this at a uniform place (Park et al. 2019, section 2, without warping): each coefficient
     * becomes its mean over the example's frames. */
    int32_t time_mask_frames, band_mask_bins;
    /* Above 0: after all that, examples are mixed in pairs (Zhang et al. 2018, "mixup"), by shares
     * of Beta(mixup, mixup). */
    double mixup;
    /* On the clip, before the front end, and in it: whoever makes the features applies them. warp:
     * most by which the factors of core/audio/warp.h are off 1. */
    nas_sound_augment sound;
    double warp;
} nas_augment;
extern const nas_key nas_augment_keys[];

/* For nas_trainer_options: each example is shifted and masked by streams of (seed, replicate,
 * epoch, place in the epoch's order). With mixup it then becomes share * x + (1 - share) * partner:
 * the partner of place p is the example at place partners[p], another permutation of all, as it is
 * there; share = max(l, 1 - l), l of a stream of (seed, replicate, epoch, place). Borrows a, which
 * may be NULL. Where a changes no features it is {0}. */
nas_batch_maker nas_augment_maker(const nas_augment *a);

#endif
