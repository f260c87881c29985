/* core/data/batch.c - the order of examples, and the augmentation of features. */
#include "core/data/batch.h"

#include "base/copy.h"
#include "base/rng.h"

#include <stdbool.h>
#include <string.h>

const nas_key nas_augment_keys[] = {
    {.name = "shift_frames",
     .kind = NAS_KEY_INT,
     .offset = offsetof(nas_augment, shift_frames),
     .lo = 0,
     .hi = 1000,
     .def = "0",
     .help = "most frames that an example moves, both ways"},
    {.name = "shift_ms",
     .kind = NAS_KEY_FLOAT,
     .offset = offsetof(nas_augment, sound.shift_ms),
     .lo = 0,
     .hi = 10000,
     .def = "0",
     .help = "most milliseconds that a clip moves, both ways"},
    {.name = "gain_db",
     .kind = NAS_KEY_FLOAT,
     .offset = offsetof(nas_augment, sound.gain_db),
     .lo = 0,
     .hi = 60,
     .def = "0",
     .help = "most decibels by which a clip is louder or softer"},
    {.name = "noise_snr_db",
     .kind = NAS_KEY_SPAN,
     .offset = offsetof(nas_augment, sound.noise_snr_db),
     .lo = -20,
     .hi = 100,
     .def = "null",
     .flags = NAS_KEY_NULLABLE,
     .help = "[lowest, highest] ratio of clip to noise in dB; null: no noise is added"},
    {.name = "warp",
     .kind = NAS_KEY_FLOAT,
     .offset = offsetof(nas_augment, warp),
     .lo = 0,
     .hi = 0.3,
     .def = "0",
     .help = "most by which a voice is higher or lower and a pace faster or slower, as a share; in "
             "steps of 0.05"},
    {.name = "time_mask_frames",
     .kind = NAS_KEY_INT,
     .offset = offsetof(nas_augment, time_mask_frames),
     .lo = 0,
     .hi = 1000,
     .def = "0",
     .help = "most frames in a row that are blanked: they become the example's mean"},
    {.name = "band_mask_bins",
     .kind = NAS_KEY_INT,
     .offset = offsetof(nas_augment, band_mask_bins),
     .lo = 0,
     .hi = 1000,
     .def = "0",
     .help = "most coefficients in a row that are blanked: they become their means over the "
             "frames"},
    {.name = "mixup",
     .kind = NAS_KEY_FLOAT,
     .offset = offsetof(nas_augment, mixup),
     .lo = 0,
     .hi = 10,
     .def = "0",
     .help = "examples are mixed in pairs by shares of a beta distribution with this for both "
             "parameters; 0: they are not"},
    NAS_KEY_END};

void nas_batch_order(uint64_t seed, uint32_t replicate, int32_t epoch, int32_t n, uint32_t *order) {
    nas_rng rng = nas_rng_stream(seed, replicate, NAS_PURPOSE_SHUFFLE, (uint32_t)epoch, 0, 0);
    for (int32_t i = 0; i < n; i++) order[i] = (uint32_t)i;
    nas_rng_shuffle(&rng, order, (uint32_t)n);
}

/* Frame t of the copy is frame t - by of the example, or the edge frame nearest to it. */
static void copy_shifted(const float *from, int32_t h, int32_t w, int32_t by, float *to) {
    for (int32_t t = 0; t < h; t++) {
        int32_t s = t - by;
        if (s < 0) s = 0;
        if (s > h - 1) s = h - 1;
        memcpy(to + (size_t)t * (size_t)w, from + (size_t)s * (size_t)w, (size_t)w * sizeof *to);
    }
}

/* What a stream is for, beside epoch and position. */
enum { SHIFT = 0, TIME_MASK = 1, BAND_MASK = 2 };

/* A run of uniform width 0 .. most at a uniform place of n. */
static void draw_run(nas_rng rng, int32_t most, int32_t n, int32_t *from, int32_t *to) {
    const int32_t width = (int32_t)nas_rng_below(&rng, (uint64_t)(most < n ? most : n) + 1);
    *from = (int32_t)nas_rng_below(&rng, (uint64_t)(n - width) + 1);
    *to = *from + width;
}

/* Frames time[0] .. time[1] and coefficients band[0] .. band[1], the ends left out, become each
 * coefficient's mean. */
static void blank(float *x, int32_t h, int32_t w, const int32_t time[2], const int32_t band[2]) {
    for (int32_t b = 0; b < w; b++) {
        const bool whole = b >= band[0] && b < band[1];
        if (!whole && time[0] == time[1]) continue;
        double sum = 0;
        for (int32_t t = 0; t < h; t++) sum += (double)x[(size_t)t * (size_t)w + (size_t)b];
        const float mean = (float)(sum / h);
        for (int32_t t = whole ? 0 : time[0]; t < (whole ? h : time[1]); t++)
            x[(size_t)t * (size_t)w + (size_t)b] = mean;
    }
}

static void mask_example(const nas_augment *a, uint64_t seed, uint32_t replicate, int32_t epoch,
                         uint32_t place, int32_t h, int32_t w, float *x) {
    int32_t time[2], band[2];
    draw_run(
        nas_rng_stream(seed, replicate, NAS_PURPOSE_AUGMENT, (uint32_t)epoch, place, TIME_MASK),
        a->time_mask_frames, h, &time[0], &time[1]);
    draw_run(
        nas_rng_stream(seed, replicate, NAS_PURPOSE_AUGMENT, (uint32_t)epoch, place, BAND_MASK),
        a->band_mask_bins, w, &band[0], &band[1]);
    blank(x, h, w, time, band);
}

/* An example as it is at a place of the epoch. */
static void fill_one(const nas_examples *e, const nas_augment *augment, uint64_t seed,
                     uint32_t replicate, int32_t epoch, uint32_t example, uint32_t place,
                     float *x) {
    const int32_t most = augment ? augment->shift_frames : 0;
    const float *from = nas_example_x(e, (int32_t)example);
    int32_t by = 0;
    if (most > 0) {
        nas_rng rng =
            nas_rng_stream(seed, replicate, NAS_PURPOSE_AUGMENT, (uint32_t)epoch, place, SHIFT);
        by = (int32_t)nas_rng_below(&rng, 2 * (uint64_t)most + 1) - most;
    }
    if (by)
        copy_shifted(from, e->h, e->w, by, x);
    else
        nas_copy_floats(x, from, (size_t)e->h * (size_t)e->w);
    if (augment && (augment->time_mask_frames > 0 || augment->band_mask_bins > 0))
        mask_example(augment, seed, replicate, epoch, place, e->h, e->w, x);
}

/* Examples of a batch lie anywhere: this many before their turn they are asked for. */
enum { AHEAD = 8 };

void nas_batch_fill(const nas_examples *e, const nas_augment *augment, uint64_t seed,
                    uint32_t replicate, int32_t epoch, const uint32_t *order, int32_t first,
                    int32_t n, float *x, int32_t *y) {
    const size_t size = (size_t)e->h * (size_t)e->w;
    for (int32_t i = 0; i < n; i++) {
        const uint32_t from = order[first + i];
        if (i + AHEAD < n) {
            const int32_t next = (int32_t)order[first + i + AHEAD];
            __builtin_prefetch(nas_example_x(e, next));
            if (!e->y) __builtin_prefetch(nas_example_values(e, next));
        }
        fill_one(e, augment, seed, replicate, epoch, from, (uint32_t)(first + i),
                 x + (size_t)i * size);
        if (e->y) y[i] = e->y[from];
    }
}

/* What a stream of NAS_PURPOSE_MIX is for. */
enum { PARTNERS = 0, SHARE = 1 };

void nas_batch_partners(uint64_t seed, uint32_t replicate, int32_t epoch, int32_t n,
                        uint32_t *partners) {
    nas_rng rng = nas_rng_stream(seed, replicate, NAS_PURPOSE_MIX, (uint32_t)epoch, 0, PARTNERS);
    for (int32_t i = 0; i < n; i++) partners[i] = (uint32_t)i;
    nas_rng_shuffle(&rng, partners, (uint32_t)n);
}

void nas_batch_mix(const nas_examples *e, const nas_augment *augment, uint64_t seed,
                   uint32_t replicate, int32_t epoch, const uint32_t *order,
                   const uint32_t *partners, int32_t first, int32_t n, float *x, int32_t *others,
                   float *shares, float *room) {
    const size_t size = (size_t)e->h * (size_t)e->w;
    for (int32_t i = 0; i < n; i++) {
        const uint32_t place = partners[first + i], example = order[place];
        nas_rng rng = nas_rng_stream(seed, replicate, NAS_PURPOSE_MIX, (uint32_t)epoch,
                                     (uint32_t)(first + i), SHARE);
        const double l = nas_rng_beta(&rng, augment->mixup, augment->mixup);
        const float own = (float)(l < 0.5 ? 1 - l : l), other = 1 - own;
        float *at = x + (size_t)i * size;
        fill_one(e, augment, seed, replicate, epoch, example, place, room);
        for (size_t k = 0; k < size; k++) at[k] = own * at[k] + other * room[k];
        others[i] = e->y[example];
        shares[i] = own;
    }
}

void nas_batch_values(const nas_examples *e, const uint32_t *order, int32_t first, int32_t n,
                      float *values) {
    const size_t size = (size_t)e->outputs;
    for (int32_t i = 0; i < n; i++)
        nas_copy_floats(values + (size_t)i * size, nas_example_values(e, (int32_t)order[first + i]),
                        size);
}
