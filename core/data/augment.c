/* core/data/augment.c - the augmentation of features. */
#include "core/data/augment.h"

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

static nas_rng stream_of(const nas_batch *b, uint32_t purpose, uint32_t place, uint32_t what) {
    return nas_rng_stream(b->seed, b->replicate, purpose, (uint32_t)b->epoch, place, what);
}

static void mask_example(const nas_augment *a, const nas_batch *b, uint32_t place, float *x) {
    int32_t time[2], band[2];
    draw_run(stream_of(b, NAS_PURPOSE_AUGMENT, place, TIME_MASK), a->time_mask_frames, b->from->h,
             &time[0], &time[1]);
    draw_run(stream_of(b, NAS_PURPOSE_AUGMENT, place, BAND_MASK), a->band_mask_bins, b->from->w,
             &band[0], &band[1]);
    blank(x, b->from->h, b->from->w, time, band);
}

/* The example at a place of the epoch, as it is there. */
static void fill_one(const nas_augment *a, const nas_batch *b, uint32_t place, float *x) {
    const nas_examples *e = b->from;
    const float *from = nas_example_x(e, (int32_t)b->order[place]);
    int32_t by = 0;
    if (a->shift_frames > 0) {
        nas_rng rng = stream_of(b, NAS_PURPOSE_AUGMENT, place, SHIFT);
        by = (int32_t)nas_rng_below(&rng, 2 * (uint64_t)a->shift_frames + 1) - a->shift_frames;
    }
    if (by)
        copy_shifted(from, e->h, e->w, by, x);
    else
        nas_copy_floats(x, from, (size_t)e->h * (size_t)e->w);
    if (a->time_mask_frames > 0 || a->band_mask_bins > 0) mask_example(a, b, place, x);
}

/* What a stream of NAS_PURPOSE_MIX is for. */
enum { PARTNERS = 0, SHARE = 1 };

/* Room: the partners of an epoch [n], then one example. */
static size_t partners_bytes(const nas_examples *e) {
    return ((size_t)e->n * sizeof(uint32_t) + 63) / 64 * 64;
}

static size_t room_bytes(const void *ctx, const nas_examples *e) {
    (void)ctx;
    return partners_bytes(e) + (size_t)e->h * (size_t)e->w * sizeof(float);
}

static void choose_partners(const void *ctx, const nas_batch *b) {
    uint32_t *partners = b->room;
    (void)ctx;
    nas_rng rng = stream_of(b, NAS_PURPOSE_MIX, 0, PARTNERS);
    for (int32_t i = 0; i < b->from->n; i++) partners[i] = (uint32_t)i;
    nas_rng_shuffle(&rng, partners, (uint32_t)b->from->n);
}

static void mix(const nas_augment *a, const nas_batch *b) {
    const size_t size = (size_t)b->from->h * (size_t)b->from->w;
    const uint32_t *partners = b->room;
    float *other = (float *)(void *)((char *)b->room + partners_bytes(b->from));
    for (int32_t i = 0; i < b->n; i++) {
        const uint32_t place = partners[b->first + i];
        nas_rng rng = stream_of(b, NAS_PURPOSE_MIX, (uint32_t)(b->first + i), SHARE);
        const double l = nas_rng_beta(&rng, a->mixup, a->mixup);
        const float own = (float)(l < 0.5 ? 1 - l : l), rest = 1 - own;
        float *x = b->x + (size_t)i * size;
        fill_one(a, b, place, other);
        for (size_t k = 0; k < size; k++) x[k] = own * x[k] + rest * other[k];
        b->others[i] = b->from->y[b->order[place]];
        b->shares[i] = own;
    }
}

static void fill(const void *ctx, const nas_batch *b) {
    const nas_augment *a = ctx;
    const size_t size = (size_t)b->from->h * (size_t)b->from->w;
    for (int32_t i = 0; i < b->n; i++) {
        nas_batch_prefetch(b, i);
        fill_one(a, b, (uint32_t)(b->first + i), b->x + (size_t)i * size);
        if (b->from->y) b->y[i] = b->from->y[b->order[b->first + i]];
    }
    if (a->mixup > 0) mix(a, b);
}

nas_batch_maker nas_augment_maker(const nas_augment *a) {
    if (!a) return (nas_batch_maker){0};
    if (a->mixup > 0)
        return (nas_batch_maker){.ctx = a,
                                 .mixes = true,
                                 .room_bytes = room_bytes,
                                 .begin = choose_partners,
                                 .fill = fill};
    if (a->shift_frames > 0 || a->time_mask_frames > 0 || a->band_mask_bins > 0)
        return (nas_batch_maker){.ctx = a, .fill = fill};
    return (nas_batch_maker){0};
}
