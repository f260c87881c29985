/* search/task/keywords/augmented.c - clips changed, then through the front end, which may be
 * warped. */
#include "search/task/keywords/augmented.h"

#include "base/each.h"
#include "base/rng.h"
#include "core/kernel/threads.h"
#include "search/task/keywords/noise.h"
#include "search/task/keywords/warped.h"

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
    bool anew; /* rows are made for each epoch; else they come from the table */
    nas_warped table;
    nas_warper *warper[NAS_TEAM_MOST]; /* of each thread */
    float *pcm[NAS_TEAM_MOST];
    int32_t epoch; /* that rows are made for */
    float *x;
};

static nas_status open_lane(nas_augmented *g, int32_t lane, nas_err *err) {
    if (!g->warper[lane])
        NAS_TRY(nas_warper_open(&g->c->frontend, g->samples, nas_warp_reach(g->c->augment.warp),
                                &g->warper[lane], err));
    if (!g->pcm[lane]) g->pcm[lane] = calloc((size_t)g->samples, sizeof *g->pcm[lane]);
    return g->pcm[lane] ? NAS_OK : nas_fail(err, NAS_ENOMEM, "augment: out of memory");
}

/* For rows that are made anew. */
static nas_status open_clips(nas_augmented *g, const nas_cache *cache, nas_err *err) {
    const int32_t rate = g->c->frontend.sample_rate_hz;
    g->samples = (int32_t)lround(nas_clips_of(g->data)->clip_seconds * rate);
    g->anew = true;
    if (g->c->augment.sound.noise_snr_db.given) {
        NAS_TRY(nas_noise_open(g->data->folder, rate, cache, g->log, &g->bed, err));
        if (nas_keywords_of(g->data)->knows_noise &&
            !nas_hash_equal(&g->bed.listed, &nas_keywords_of(g->data)->noise))
            return nas_fail(err, NAS_EIO,
                            "the recordings in %s/_background_noise_ changed since the clips were "
                            "read: one trial would hear others than the next. Run the same again "
                            "once nobody writes there",
                            g->data->folder);
    }
    nas_cache_common(cache, false);
    const nas_status st = nas_clips_prepare(nas_clips_of(g->data), rate, g->log, err);
    nas_cache_common(cache, true);
    NAS_TRY(st);
    return open_lane(g, 0, err);
}

static nas_status open_parts(nas_augmented *g, const nas_cache *cache, nas_err *err) {
    const size_t row = (size_t)g->f->h * (size_t)g->f->w;
    const size_t n = (size_t)g->data->part[NAS_TRAIN].n;
    g->x = calloc(n * row, sizeof *g->x);
    if (!g->x) return nas_fail(err, NAS_ENOMEM, "augment: out of memory");
    const nas_examples plain = nas_features_part(g->data, g->f, NAS_TRAIN);
    for (size_t i = 0; i < n; i++)
        memcpy(g->x + i * row, nas_example_x(&plain, (int32_t)i), row * sizeof *g->x);
    const int32_t reach = nas_warp_reach(g->c->augment.warp);
    if (nas_sound_augment_any(&g->c->augment.sound) ||
        nas_warped_bytes(g->data, reach, row) > NAS_WARPED_MOST)
        return open_clips(g, cache, err);
    return nas_warped_open(g->data, g->c, row, cache, g->log, &g->table, err);
}

nas_status nas_augmented_open(const nas_dataset *d, const nas_candidate *c, const nas_features *f,
                              const nas_cache *cache, uint64_t seed, uint32_t replicate,
                              const nas_log *log, nas_augmented **out, nas_err *err) {
    *out = NULL;
    if (!nas_sound_augment_any(&c->augment.sound) && !nas_warp_reach(c->augment.warp))
        return NAS_OK;
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
    for (int32_t i = 0; i < NAS_TEAM_MOST; i++) {
        nas_warper_close(g->warper[i]);
        free(g->pcm[i]);
    }
    nas_warped_close(&g->table);
    free(g->x);
    free(g);
}

nas_examples nas_augmented_examples(const nas_augmented *g) {
    nas_examples e = nas_features_part(g->data, g->f, NAS_TRAIN);
    e.x = g->x;
    return e;
}

/* Apart from the streams of the features' augmentation: (epoch, place in the epoch, 0 ..). */
enum { ON_THE_CLIP = 64, IN_THE_FRONT_END = 65 };

static nas_rng stream_of(const nas_augmented *g, int32_t i, uint32_t what) {
    return nas_rng_stream(g->seed, g->replicate, NAS_PURPOSE_AUGMENT, (uint32_t)g->epoch,
                          (uint32_t)i, what);
}

/* The row of clip `clip`, which is the i-th of the part, made anew. */
static nas_status make_row(nas_augmented *g, int32_t lane, int32_t clip, int32_t i, int32_t alpha,
                           int32_t tau, float *x, nas_err *err) {
    const int32_t rate = g->c->frontend.sample_rate_hz;
    NAS_TRY(open_lane(g, lane, err));
    float *pcm = g->pcm[lane];
    NAS_TRY(nas_clips_read(nas_clips_of(g->data), clip, rate, pcm, g->samples, err));
    nas_rng rng = stream_of(g, i, ON_THE_CLIP);
    nas_sound_augment_run(&g->c->augment.sound, rate, &g->bed.noise, &rng, g->samples, pcm);
    nas_warper_take(g->warper[lane], pcm);
    nas_warper_run(g->warper[lane], tau, alpha, 1, x);
    return NAS_OK;
}

static int32_t draw_point(nas_rng *rng, double warp) {
    return nas_warp_point(warp * (2 * nas_rng_double(rng) - 1));
}

static nas_status fill_row(void *ctx, int32_t i, int32_t lane, nas_err *err) {
    nas_augmented *g = ctx;
    const int32_t clip = g->data->part[NAS_TRAIN].example[i];
    const size_t row = (size_t)g->f->h * (size_t)g->f->w;
    float *x = g->x + (size_t)i * row;
    nas_rng rng = stream_of(g, i, IN_THE_FRONT_END);
    const int32_t alpha = draw_point(&rng, g->c->augment.warp);
    const int32_t tau = draw_point(&rng, g->c->augment.warp);
    if (g->anew)
        NAS_TRY(make_row(g, lane, clip, i, alpha, tau, x, err));
    else
        memcpy(x, nas_warped_row(&g->table, clip, alpha, tau), row * sizeof *x);
    if (g->c->frontend.normalize)
        nas_frontend_normalize(g->f->mean, g->f->deviation, g->f->w, x, row);
    return NAS_OK;
}

nas_status nas_augmented_epoch(void *ctx, int32_t epoch, nas_err *err) {
    nas_augmented *g = ctx;
    g->epoch = epoch;
    return nas_each(nas_threads(), g->data->part[NAS_TRAIN].n, NULL, fill_row, g, g->log, err);
}

void nas_augmented_hash(const nas_augmented *g, nas_hasher *h) {
    if (!g) return;
    if (nas_sound_augment_any(&g->c->augment.sound)) {
        nas_hasher_text(h, "clips");
        nas_hasher_i64(h, NAS_SOUND_AUGMENT_VERSION);
        nas_hasher_hash(h, &g->bed.hash);
    }
    if (nas_warp_reach(g->c->augment.warp)) {
        nas_hasher_text(h, "warped");
        nas_hasher_i64(h, NAS_WARP_VERSION);
    }
}
