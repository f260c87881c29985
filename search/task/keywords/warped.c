/* search/task/keywords/warped.c - the table of warped features. Payload: for each clip, for each
 * tau, for each alpha, from the least to the largest: frames x bins. */
#include "search/task/keywords/warped.h"
#include "search/candidate/blocks.h"
#include "search/stage/libm_key.h"

#include "base/cores.h"
#include "base/each.h"

#include <math.h>
#include <stdlib.h>

static int32_t side_of(int32_t reach) {
    return 2 * reach + 1;
}

int64_t nas_warped_bytes(const nas_dataset *d, int32_t reach, size_t row) {
    const int64_t side = side_of(reach);
    return nas_clips_of(d)->n * side * side * (int64_t)(row * sizeof(float));
}

static nas_hash key_of(const nas_dataset *d, const nas_candidate *c, int32_t reach) {
    nas_hasher h = nas_hasher_start();
    nas_hasher_text(&h, "warped");
    nas_hasher_i64(&h, NAS_FRONTEND_VERSION);
    nas_hasher_i64(&h, NAS_WARP_VERSION);
    nas_libm_hash(&h);
    nas_hasher_hash(&h, &nas_clips_of(d)->fingerprint);
    nas_hasher_f64(&h, nas_clips_of(d)->clip_seconds);
    nas_candidate_bits(c, NAS_BITS_FEATURES, &h);
    nas_hasher_i64(&h, reach);
    return nas_hasher_end(&h);
}

/* Clips whose rows are made and written together: at most so many, of so many floats. */
enum { CLIPS_MOST = 64, FLOATS_MOST = 1 << 22 };

typedef struct work {
    const nas_dataset *d;
    const nas_frontend_config *config;
    const nas_log *log;
    int32_t reach, samples, rate_hz;
    int32_t batch, first;              /* clip of the batch */
    nas_warper *warper[NAS_TEAM_MOST]; /* of each thread */
    float *pcm[NAS_TEAM_MOST];
    float *x;         /* of a batch: all rows of each clip */
    size_t row, clip; /* floats */
} work;

static nas_status open_lane(work *w, int32_t lane, nas_err *err) {
    if (!w->warper[lane])
        NAS_TRY(nas_warper_open(w->config, w->samples, w->reach, &w->warper[lane], err));
    if (!w->pcm[lane]) w->pcm[lane] = malloc((size_t)w->samples * sizeof *w->pcm[lane]);
    return w->pcm[lane] ? NAS_OK : nas_fail(err, NAS_ENOMEM, "features: out of memory");
}

static nas_status warp_one(void *ctx, int32_t i, int32_t lane, nas_err *err) {
    work *w = ctx;
    const int32_t side = side_of(w->reach);
    float *x = w->x + (size_t)i * w->clip;
    NAS_TRY(open_lane(w, lane, err));
    NAS_TRY(nas_clips_read(nas_clips_of(w->d), w->first + i, w->rate_hz, w->pcm[lane], w->samples,
                           err));
    nas_warper_take(w->warper[lane], w->pcm[lane]);
    for (int32_t t = 0; t < side; t++)
        nas_warper_run(w->warper[lane], t - w->reach, -w->reach, side,
                       x + (size_t)t * (size_t)side * w->row);
    return NAS_OK;
}

static nas_status add_clips(work *w, nas_cache_writer *to, nas_err *err) {
    const int32_t total = nas_clips_of(w->d)->n;
    for (; w->first < total; w->first += w->batch) {
        const int32_t left = total - w->first, n = left < w->batch ? left : w->batch;
        NAS_TRY(nas_each(nas_cores(), n, NULL, warp_one, w, w->log, err));
        NAS_TRY(nas_cache_add(to, w->x, (size_t)n * w->clip * sizeof *w->x, err));
        nas_progress(w->log, "warping features", w->first + n, total);
    }
    return NAS_OK;
}

static nas_status compute_in(work *w, const nas_candidate *c, const nas_cache *cache,
                             const nas_hash *key, nas_err *err) {
    const size_t side = (size_t)side_of(w->reach);
    nas_cache_writer *to;
    w->config = &c->frontend;
    w->clip = side * side * w->row;
    w->batch = (int32_t)(FLOATS_MOST / w->clip);
    w->batch = w->batch < 1 ? 1 : w->batch > CLIPS_MOST ? CLIPS_MOST : w->batch;
    w->x = malloc((size_t)w->batch * w->clip * sizeof *w->x);
    if (!w->x) return nas_fail(err, NAS_ENOMEM, "features: out of memory");
    NAS_TRY(open_lane(w, 0, err));
    NAS_TRY(nas_clips_prepare(nas_clips_of(w->d), w->rate_hz, w->log, err));
    NAS_TRY(nas_cache_begin(cache, key, "warped", &to, err));
    const nas_status st = add_clips(w, to, err);
    if (st == NAS_OK) return nas_cache_end(to, err);
    nas_cache_drop(to);
    return st;
}

static nas_status compute(const nas_dataset *d, const nas_candidate *c, const nas_warped *out,
                          const nas_cache *cache, const nas_hash *key, const nas_log *log,
                          nas_err *err) {
    const int32_t rate = c->frontend.sample_rate_hz;
    work w = {.d = d,
              .log = log,
              .reach = out->reach,
              .rate_hz = rate,
              .samples = (int32_t)lround(nas_clips_of(d)->clip_seconds * rate),
              .row = out->row};
    nas_cache_common(cache, false);
    const nas_status st = compute_in(&w, c, cache, key, err);
    nas_cache_common(cache, true);
    for (int32_t i = 0; i < NAS_TEAM_MOST; i++) {
        nas_warper_close(w.warper[i]);
        free(w.pcm[i]);
    }
    free(w.x);
    return st;
}

nas_status nas_warped_open(const nas_dataset *d, const nas_candidate *c, size_t row,
                           const nas_cache *cache, const nas_log *log, nas_warped *out,
                           nas_err *err) {
    *out = (nas_warped){.reach = nas_warp_reach(c->augment.warp), .row = row};
    const nas_hash key = key_of(d, c, out->reach);
    bool found;
    NAS_TRY(nas_cache_get(cache, &key, &out->own, &found, err));
    if (!found) {
        nas_lock lock;
        NAS_TRY(nas_cache_lock(cache, &key, &lock, err));
        nas_status st = nas_cache_get(cache, &key, &out->own, &found, err);
        if (st == NAS_OK && !found) {
            st = compute(d, c, out, cache, &key, log, err);
            if (st == NAS_OK) st = nas_cache_get(cache, &key, &out->own, &found, err);
        }
        nas_cache_unlock(cache, &key, &lock);
        NAS_TRY(st);
    }
    if (found && out->own.bytes == (size_t)nas_warped_bytes(d, out->reach, row)) {
        out->x = (const float *)(const void *)out->own.p;
        return NAS_OK;
    }
    nas_warped_close(out);
    return nas_fail(err, NAS_EIO, "the cache %s does not give back what was put into it",
                    cache->dir);
}

void nas_warped_close(nas_warped *w) {
    nas_cache_release(&w->own);
    *w = (nas_warped){0};
}

const float *nas_warped_row(const nas_warped *w, int32_t clip, int32_t alpha, int32_t tau) {
    const size_t side = (size_t)side_of(w->reach);
    const size_t place = (size_t)(tau + w->reach) * side + (size_t)(alpha + w->reach);
    return w->x + ((size_t)clip * side * side + place) * w->row;
}
