/* search/task/keywords/features.c - the features stage. Payload: h, w, then mean[w], deviation[w],
 * padded to 64 bytes, then the rows of the training, validation and test set. */
#include "base/cores.h"
#include "base/each.h"
#include "search/candidate/blocks.h"
#include "search/stage/libm_key.h"
#include "search/task/keywords/keywords.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static nas_hash features_key(const nas_dataset *d, const nas_candidate *c) {
    nas_hasher h = nas_hasher_start();
    nas_hasher_text(&h, "features");
    nas_hasher_i64(&h, NAS_FRONTEND_VERSION);
    nas_libm_hash(&h);
    nas_hasher_hash(&h, &d->fingerprint);
    nas_hasher_f64(&h, nas_clips_of(d)->clip_seconds);
    nas_candidate_bits(c, NAS_BITS_FEATURES, &h);
    return nas_hasher_end(&h);
}

static size_t head_bytes(int32_t w) {
    const size_t n = 2 * sizeof(int32_t) + 2 * sizeof(float) * (size_t)w;
    return (n + 63) / 64 * 64;
}

static size_t rows_of(const nas_dataset *d) {
    size_t n = 0;
    for (int p = 0; p < NAS_PARTS; p++) n += (size_t)d->part[p].n;
    return n;
}

static bool view(const nas_dataset *d, nas_features *f) {
    if (f->own.bytes < 2 * sizeof(int32_t)) return false;
    int32_t hw[2];
    memcpy(hw, f->own.p, sizeof hw);
    if (hw[0] < 1 || hw[1] < 1 || hw[0] > 1 << 20 || hw[1] > 1 << 20) return false;
    const size_t row = (size_t)hw[0] * (size_t)hw[1], head = head_bytes(hw[1]);
    if (f->own.bytes != head + row * rows_of(d) * sizeof(float)) return false;
    f->h = hw[0];
    f->w = hw[1];
    f->mean = (const float *)(const void *)(f->own.p + sizeof hw);
    f->deviation = f->mean + f->w;
    const float *x = (const float *)(const void *)(f->own.p + head);
    for (int p = 0; p < NAS_PARTS; p++) {
        f->x[p] = x;
        x += row * (size_t)d->part[p].n;
    }
    return true;
}

typedef struct work {
    const nas_dataset *d;
    const nas_frontend_config *config;
    int32_t samples;
    nas_frontend *fe[NAS_TEAM_MOST]; /* of each thread; the first is there from the start */
    float *pcm[NAS_TEAM_MOST];
    uint8_t *head;
    float *x;
    size_t row;
} work;

static nas_status open_lane(work *w, int32_t lane, nas_err *err) {
    if (!w->fe[lane]) NAS_TRY(nas_frontend_open(w->config, w->samples, &w->fe[lane], err));
    if (!w->pcm[lane]) w->pcm[lane] = malloc((size_t)w->samples * sizeof *w->pcm[lane]);
    return w->pcm[lane] ? NAS_OK : nas_fail(err, NAS_ENOMEM, "features: out of memory");
}

/* Row `item` of all parts, one after the other. */
static nas_status transform_one(void *ctx, int32_t item, int32_t lane, nas_err *err) {
    work *w = ctx;
    int32_t i = item, p = 0;
    while (i >= w->d->part[p].n) i -= w->d->part[p++].n;
    NAS_TRY(open_lane(w, lane, err));
    NAS_TRY(nas_clips_read(nas_clips_of(w->d), w->d->part[p].example[i], w->config->sample_rate_hz,
                           w->pcm[lane], w->samples, err));
    nas_frontend_run(w->fe[lane], w->pcm[lane], w->x + (size_t)item * w->row);
    return NAS_OK;
}

static nas_status compute_into(const nas_dataset *d, const nas_candidate *c, work *w,
                               const nas_hash *key, const nas_cache *cache, const nas_log *log,
                               nas_err *err) {
    const int32_t hw[2] = {nas_frontend_frames(w->fe[0]), nas_frontend_bins(w->fe[0])};
    const size_t n = rows_of(d) * (w->row = (size_t)hw[0] * (size_t)hw[1]);
    const size_t head = head_bytes(hw[1]);
    w->x = malloc(n * sizeof *w->x + 1);
    w->head = calloc(1, head);
    if (!w->x || !w->head) return nas_fail(err, NAS_ENOMEM, "features: out of memory");
    NAS_TRY(nas_clips_prepare(nas_clips_of(d), c->frontend.sample_rate_hz, log, err));
    NAS_TRY(nas_each(nas_cores(), (int32_t)rows_of(d), "computing features", transform_one, w, log,
                     err));
    float *mean = (float *)(void *)(w->head + sizeof hw), *deviation = mean + hw[1];
    memcpy(w->head, hw, sizeof hw);
    nas_frontend_moments(w->x, (size_t)d->part[NAS_TRAIN].n * (size_t)hw[0], hw[1], mean,
                         deviation);
    if (c->frontend.normalize) nas_frontend_normalize(mean, deviation, hw[1], w->x, n);
    const nas_piece pieces[] = {{w->head, head}, {w->x, n * sizeof *w->x}};
    return nas_cache_put(cache, key, "features", pieces, 2, err);
}

static nas_status compute(const nas_dataset *d, const nas_candidate *c, const nas_hash *key,
                          const nas_cache *cache, const nas_log *log, nas_err *err) {
    const int32_t samples =
        (int32_t)lround(nas_clips_of(d)->clip_seconds * c->frontend.sample_rate_hz);
    work w = {.d = d, .config = &c->frontend, .samples = samples};
    nas_status st = nas_frontend_open(w.config, samples, &w.fe[0], err);
    if (st == NAS_OK) st = compute_into(d, c, &w, key, cache, log, err);
    for (int32_t i = 0; i < NAS_TEAM_MOST; i++) {
        nas_frontend_close(w.fe[i]);
        free(w.pcm[i]);
    }
    free(w.x);
    free(w.head);
    return st;
}

static nas_status warn_of_gaps(const nas_frontend_config *c, double clip_seconds,
                               const nas_log *log, int32_t *empty, nas_err *err) {
    const int32_t samples = (int32_t)lround(clip_seconds * c->sample_rate_hz);
    nas_frontend_gaps gaps;
    char other[64] = "";
    NAS_TRY(nas_frontend_find_gaps(c, samples, &gaps, err));
    *empty = gaps.empty;
    if (!gaps.empty) return NAS_OK;
    if (gaps.fft_length)
        snprintf(other, sizeof other, ", or frontend.fft_length to %d", gaps.fft_length);
    nas_warn(log,
             "front end: %d of %d mel bands hold no bin of the transform and are one number for "
             "every sound (frontend.mel_bins %d from %g to %g Hz, frames of %g ms at %d Hz): set "
             "frontend.mel_bins to at most %d%s",
             gaps.empty, c->mel_bins, c->mel_bins, c->lower_hz, c->upper_hz, c->frame_length_ms,
             c->sample_rate_hz, gaps.most_bins, other);
    return NAS_OK;
}

nas_status nas_keywords_warn_of_gaps(const nas_candidate *of, const nas_log *log, int32_t *empty,
                                     nas_err *err) {
    return warn_of_gaps(&of->frontend, nas_keywords_keys(&of->task)->clip_seconds, log, empty, err);
}

/* What no sound changes: bands that hold no bin, and features that no training clip changes. */
static nas_status warn_of_constants(const nas_dataset *d, const nas_frontend_config *c,
                                    const nas_features *f, const nas_log *log, nas_err *err) {
    int32_t empty, constant = 0, last = -1;
    NAS_TRY(warn_of_gaps(c, nas_clips_of(d)->clip_seconds, log, &empty, err));
    for (int32_t i = 0; i < f->w; i++) {
        if (!nas_frontend_is_constant(f->deviation[i])) continue;
        constant++;
        last = i;
    }
    if (c->kind == NAS_LOG_MEL) constant -= empty;
    if (constant > 0)
        nas_warn(log,
                 "front end: %d of %d features are one number in all training clips, number %d is "
                 "the last of them (frontend.lower_hz %g, upper_hz %g): nothing can be learnt of "
                 "them; set the edges to what the clips hold, or mend the clips",
                 constant, f->w, last + 1, c->lower_hz, c->upper_hz);
    return NAS_OK;
}

static nas_status find_features(const nas_dataset *d, const nas_candidate *c,
                                const nas_cache *cache, const nas_log *log, nas_features *out,
                                nas_err *err) {
    *out = (nas_features){.key = features_key(d, c), .reused = true};
    bool found;
    NAS_TRY(nas_cache_get(cache, &out->key, &out->own, &found, err));
    if (!found) {
        nas_lock lock;
        NAS_TRY(nas_cache_lock(cache, &out->key, &lock, err));
        nas_status st = nas_cache_get(cache, &out->key, &out->own, &found, err);
        if (st == NAS_OK && !found) {
            out->reused = false;
            nas_cache_common(cache, false);
            st = compute(d, c, &out->key, cache, log, err);
            nas_cache_common(cache, true);
            if (st == NAS_OK) st = nas_cache_get(cache, &out->key, &out->own, &found, err);
        }
        nas_cache_unlock(cache, &out->key, &lock);
        NAS_TRY(st);
    }
    if (found && view(d, out)) return NAS_OK;
    nas_features_close(out);
    return nas_fail(err, NAS_EIO, "the cache %s does not give back what was put into it",
                    cache->dir);
}

nas_status nas_keywords_features(const nas_dataset *d, const nas_candidate *c,
                                 const nas_cache *cache, const nas_log *log, nas_features *out,
                                 nas_err *err) {
    NAS_TRY(find_features(d, c, cache, log, out, err));
    const nas_status st = warn_of_constants(d, &c->frontend, out, log, err);
    if (st != NAS_OK) nas_features_close(out);
    return st;
}

nas_examples nas_keywords_part(const nas_dataset *d, const nas_features *f, nas_part part) {
    return (nas_examples){
        .x = f->x[part],
        .y = d->part[part].label,
        .n = d->part[part].n,
        .h = f->h,
        .w = f->w,
    };
}
