/* search/augmented.c - clips changed, then through the front end. */
#include "search/augmented.h"

#include "base/rng.h"
#include "search/noise.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct nas_augmented {
    const nas_dataset *data;
    const nas_candidate *c;
    const nas_features *f;
    const nas_log *log;
    uint64_t seed;
    uint32_t replicate;
    int32_t samples;
    nas_noise_bed bed;
    nas_frontend *fe;
    float *pcm, *x;
};

static nas_status open_parts(nas_augmented *g, const nas_cache *cache, nas_err *err) {
    const int32_t rate = g->c->frontend.sample_rate_hz;
    const size_t row = (size_t)g->f->h * (size_t)g->f->w;
    const size_t n = (size_t)g->data->part[NAS_TRAIN].n;
    g->samples = (int32_t)lround(g->data->clips->clip_seconds * rate);
    g->pcm = calloc((size_t)g->samples, sizeof *g->pcm);
    g->x = calloc(n * row, sizeof *g->x);
    if (!g->pcm || !g->x) return nas_fail(err, NAS_ENOMEM, "augment: out of memory");
    const nas_examples plain = nas_features_part(g->data, g->f, NAS_TRAIN);
    for (size_t i = 0; i < n; i++)
        memcpy(g->x + i * row, nas_example_x(&plain, (int32_t)i), row * sizeof *g->x);
    if (g->c->augment.sound.noise_snr_db.given)
        NAS_TRY(nas_noise_open(g->data->folder, rate, cache, g->log, &g->bed, err));
    nas_cache_common(cache, false);
    const nas_status st = nas_clips_prepare(g->data->clips, rate, g->log, err);
    nas_cache_common(cache, true);
    NAS_TRY(st);
    return nas_frontend_open(&g->c->frontend, g->samples, &g->fe, err);
}

nas_status nas_augmented_open(const nas_dataset *d, const nas_candidate *c, const nas_features *f,
                              const nas_cache *cache, uint64_t seed, uint32_t replicate,
                              const nas_log *log, nas_augmented **out, nas_err *err) {
    *out = NULL;
    if (!nas_sound_augment_any(&c->augment.sound)) return NAS_OK;
    nas_augmented *g = calloc(1, sizeof *g);
    if (!g) return nas_fail(err, NAS_ENOMEM, "augment: out of memory");
    g->data = d;
    g->c = c;
    g->f = f;
    g->log = log;
    g->seed = seed;
    g->replicate = replicate;
    const nas_status st = open_parts(g, cache, err);
    if (st == NAS_OK)
        *out = g;
    else
        nas_augmented_close(g);
    return st;
}

void nas_augmented_close(nas_augmented *g) {
    if (!g) return;
    nas_noise_close(&g->bed);
    nas_frontend_close(g->fe);
    free(g->pcm);
    free(g->x);
    free(g);
}

nas_examples nas_augmented_examples(const nas_augmented *g) {
    nas_examples e = nas_features_part(g->data, g->f, NAS_TRAIN);
    e.x = g->x;
    return e;
}

nas_status nas_augmented_epoch(void *ctx, int32_t epoch, nas_err *err) {
    /* Apart from the streams of the features' augmentation: (epoch, place in the epoch, 0 ..). */
    enum { ON_THE_CLIP = 64 };
    nas_augmented *g = ctx;
    const nas_rows *rows = &g->data->part[NAS_TRAIN];
    const nas_frontend_config *config = &g->c->frontend;
    const size_t row = (size_t)g->f->h * (size_t)g->f->w;
    for (int32_t i = 0; i < rows->n; i++) {
        float *x = g->x + (size_t)i * row;
        if (nas_should_stop(g->log)) return nas_fail(err, NAS_ESTOP, "stopped");
        NAS_TRY(nas_clips_read(g->data->clips, rows->clip[i], config->sample_rate_hz, g->pcm,
                               g->samples, err));
        nas_rng rng = nas_rng_stream(g->seed, g->replicate, NAS_PURPOSE_AUGMENT, (uint32_t)epoch,
                                     (uint32_t)i, ON_THE_CLIP);
        nas_sound_augment_run(&g->c->augment.sound, config->sample_rate_hz, &g->bed.noise, &rng,
                              g->samples, g->pcm);
        nas_frontend_run(g->fe, g->pcm, x);
        if (config->normalize) nas_frontend_normalize(g->f->mean, g->f->deviation, g->f->w, x, row);
    }
    return NAS_OK;
}

void nas_augmented_hash(const nas_augmented *g, nas_hasher *h) {
    if (!g) return;
    nas_hasher_text(h, "clips");
    nas_hasher_i64(h, NAS_SOUND_AUGMENT_VERSION);
    nas_hasher_hash(h, &g->bed.hash);
}
