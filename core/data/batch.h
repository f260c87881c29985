/* core/data/batch.h - labelled examples in memory, and how batches are drawn from them. */
#ifndef NAS_CORE_DATA_BATCH_H
#define NAS_CORE_DATA_BATCH_H

#include "base/key.h"
#include "core/audio/augment.h"

#include <stddef.h>
#include <stdint.h>

/* A view; nothing is owned. x is dense [n][h][w] float32 (h frames, w coefficients, one channel);
 * or, where `first` is given, x is a series of rows of w, and example i the h of them from row
 * first[i] on. What is to be learnt is a label, or (y NULL) `outputs` values that lie together from
 * values + first[i] * values_row on (without `first`: i in its place). */
typedef struct nas_examples {
    const float *x;
    const int32_t *y; /* labels */
    int32_t n, h, w;
    const int32_t *first;
    const float *values;
    int32_t outputs, values_row;
} nas_examples;

static inline const float *nas_example_x(const nas_examples *e, int32_t i) {
    const size_t row = e->first ? (size_t)e->first[i] : (size_t)i * (size_t)e->h;
    return e->x + row * (size_t)e->w;
}
static inline const float *nas_example_values(const nas_examples *e, int32_t i) {
    return e->values + (size_t)(e->first ? e->first[i] : i) * (size_t)e->values_row;
}

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

/* Of a batch that is mixed: the label of each example's partner, and its own share, 1/2 or more. */
typedef struct nas_mix {
    const int32_t *others;
    const float *shares;
} nas_mix;

/* The order of all n examples in an epoch; order has room for n. */
void nas_batch_order(uint64_t seed, uint32_t replicate, int32_t epoch, int32_t n, uint32_t *order);

/* Gathers the examples order[first .. first + n) into x [n][h][w] and y [n] (left alone where there
 * are values), or their values into [n][outputs]; x augmented (augment may
 * be NULL) by a stream of (seed, replicate, epoch, position). */
void nas_batch_fill(const nas_examples *e, const nas_augment *augment, uint64_t seed,
                    uint32_t replicate, int32_t epoch, const uint32_t *order, int32_t first,
                    int32_t n, float *x, int32_t *y);

/* The partner of the example at a place of the epoch's order is the one at place partners[place]:
 * another permutation of all n. */
void nas_batch_partners(uint64_t seed, uint32_t replicate, int32_t epoch, int32_t n,
                        uint32_t *partners);

/* What nas_batch_fill left in x becomes share * x + (1 - share) * partner, the partner augmented as
 * it is in its own place of the epoch. share = max(l, 1 - l) with l of a stream of (seed,
 * replicate, epoch, place). room: one example. */
void nas_batch_mix(const nas_examples *e, const nas_augment *augment, uint64_t seed,
                   uint32_t replicate, int32_t epoch, const uint32_t *order,
                   const uint32_t *partners, int32_t first, int32_t n, float *x, int32_t *others,
                   float *shares, float *room);

void nas_batch_values(const nas_examples *e, const uint32_t *order, int32_t first, int32_t n,
                      float *values);

#endif
