/* core/data/batch.c - the order of examples, and the augmentation of features. */
#include "core/data/batch.h"

#include "base/rng.h"

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
    {.name = "time_mask_frames",
     .kind = NAS_KEY_INT,
     .offset = offsetof(nas_augment, time_mask_frames),
     .lo = 0,
     .hi = 1000,
     .def = "0",
     .later = "",
     .help = "most frames in a row that are blanked"},
    {.name = "band_mask_bins",
     .kind = NAS_KEY_INT,
     .offset = offsetof(nas_augment, band_mask_bins),
     .lo = 0,
     .hi = 1000,
     .def = "0",
     .later = "",
     .help = "most coefficients in a row that are blanked"},
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

void nas_batch_fill(const nas_examples *e, const nas_augment *augment, uint64_t seed,
                    uint32_t replicate, int32_t epoch, const uint32_t *order, int32_t first,
                    int32_t n, float *x, int32_t *y) {
    const size_t size = (size_t)e->h * (size_t)e->w;
    const int32_t most = augment ? augment->shift_frames : 0;
    for (int32_t i = 0; i < n; i++) {
        const size_t from = order[first + i];
        int32_t by = 0;
        if (most > 0) {
            nas_rng rng = nas_rng_stream(seed, replicate, NAS_PURPOSE_AUGMENT, (uint32_t)epoch,
                                         (uint32_t)(first + i), 0);
            by = (int32_t)nas_rng_below(&rng, 2 * (uint64_t)most + 1) - most;
        }
        copy_shifted(e->x + from * size, e->h, e->w, by, x + (size_t)i * size);
        y[i] = e->y[from];
    }
}
