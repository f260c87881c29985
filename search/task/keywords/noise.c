/* search/task/keywords/noise.c - noise recordings as a stage of the cache. Payload: how many
 * (int64), the samples of each (int64), padded to 64 bytes, then all samples. */
#include "search/task/keywords/noise.h"

#include "core/data/clips/noise.h"

#include <stdlib.h>
#include <string.h>

enum { NOISE_VERSION = 1, MOST_SECONDS = 1800, MOST_FILES = 4096, PINK_SECONDS = 60 };

static size_t head_bytes(int64_t n) {
    return ((size_t)(n + 1) * sizeof(int64_t) + 63) / 64 * 64;
}

/* Points noise at n recordings that lie one after the other. */
static nas_status view(nas_noise_bed *b, int64_t n, const int64_t *samples, const float *pcm,
                       nas_err *err) {
    const float **at = nas_arena_array(b->arena, (size_t)n, sizeof *at, err);
    if (!at) return NAS_ENOMEM;
    for (int64_t i = 0; i < n; pcm += samples[i++]) at[i] = pcm;
    b->noise = (nas_noise){.n = (int32_t)n, .pcm = at, .samples = samples};
    return NAS_OK;
}

static nas_status make_pink(nas_noise_bed *b, int32_t rate_hz, nas_err *err) {
    int64_t *samples = nas_arena_alloc(b->arena, sizeof *samples, err);
    if (!samples) return NAS_ENOMEM;
    *samples = (int64_t)PINK_SECONDS * rate_hz;
    float *pcm = nas_arena_array(b->arena, (size_t)*samples, sizeof *pcm, err);
    if (!pcm) return NAS_ENOMEM;
    nas_rng rng = nas_rng_stream(0, 0, NAS_PURPOSE_AUGMENT, UINT32_MAX, 0, 2);
    nas_pink_noise(&rng, *samples, pcm);
    return view(b, 1, samples, pcm, err);
}

typedef struct recordings {
    nas_sound *sound;
    int64_t n, total; /* total: samples */
} recordings;

static nas_status read_all(const nas_noise_files *files, int32_t rate_hz, const nas_log *log,
                           recordings *r, nas_err *err) {
    double left = MOST_SECONDS;
    for (int32_t i = 0; i < files->n; i++) {
        if (nas_should_stop(log)) return nas_fail(err, NAS_ESTOP, "stopped");
        if (left < 1.0 / rate_hz || r->n == MOST_FILES) {
            nas_warn(log, "noise: %d of %d recordings are used, %d seconds in all", (int)r->n,
                     files->n, MOST_SECONDS);
            break;
        }
        nas_err why = {0};
        nas_sound *s = &r->sound[r->n];
        const nas_status st = nas_noise_read(files, i, rate_hz, left, s, &why);
        if (st == NAS_EFORMAT) {
            nas_warn(log, "noise left out: %s: %s", files->paths[i], why.text);
            continue;
        }
        if (st != NAS_OK) return nas_fail(err, st, "noise: %s", why.text);
        r->n++;
        r->total += s->samples;
        left -= (double)s->samples / rate_hz;
        nas_progress(log, "reading noise", i + 1, files->n);
    }
    return r->n ? NAS_OK
                : nas_fail(err, NAS_EFORMAT,
                           "noise: none of the %d files beside %s can be read as sound; without "
                           "the folder, pink noise is used",
                           files->n, files->paths[0]);
}

static nas_status store(const recordings *r, const nas_cache *cache, const nas_hash *key,
                        nas_err *err) {
    const size_t bytes = head_bytes(r->n);
    int64_t *head = calloc(1, bytes);
    nas_piece *pieces = calloc((size_t)r->n + 1, sizeof *pieces);
    nas_status st = head && pieces ? NAS_OK : nas_fail(err, NAS_ENOMEM, "noise: out of memory");
    if (st == NAS_OK) {
        head[0] = r->n;
        pieces[0] = (nas_piece){head, bytes};
        for (int64_t i = 0; i < r->n; i++) {
            head[i + 1] = r->sound[i].samples;
            pieces[i + 1] = (nas_piece){r->sound[i].pcm, (size_t)head[i + 1] * sizeof(float)};
        }
        st = nas_cache_put(cache, key, "noise", pieces, (int32_t)r->n + 1, err);
    }
    free(head);
    free(pieces);
    return st;
}

static nas_status make(const nas_noise_files *files, int32_t rate_hz, const nas_cache *cache,
                       const nas_hash *key, const nas_log *log, nas_err *err) {
    recordings r = {.sound = calloc((size_t)files->n, sizeof *r.sound)};
    nas_status st = r.sound ? read_all(files, rate_hz, log, &r, err)
                            : nas_fail(err, NAS_ENOMEM, "noise: out of memory");
    if (st == NAS_OK) st = store(&r, cache, key, err);
    for (int64_t i = 0; i < r.n; i++) nas_sound_free(&r.sound[i]);
    free(r.sound);
    return st;
}

static nas_status map(nas_noise_bed *b, const nas_cache *cache, nas_err *err) {
    const int64_t *head = (const void *)b->own.p;
    const int64_t n = b->own.bytes >= 64 ? head[0] : 0;
    int64_t total = 0;
    bool good = n > 0 && n <= MOST_FILES && b->own.bytes >= head_bytes(n);
    for (int64_t i = 0; good && i < n; i++) {
        good = head[i + 1] > 0 && head[i + 1] < INT64_C(1) << 40;
        total += head[i + 1];
    }
    if (!good || b->own.bytes != head_bytes(n) + (size_t)total * sizeof(float))
        return nas_fail(err, NAS_EIO, "the cache %s does not give back what was put into it",
                        cache->dir);
    return view(b, n, head + 1, (const void *)(b->own.p + head_bytes(n)), err);
}

static nas_status get_or_make(const nas_noise_files *files, int32_t rate_hz, const nas_cache *cache,
                              const nas_log *log, nas_noise_bed *b, nas_err *err) {
    bool found;
    NAS_TRY(nas_cache_get(cache, &b->hash, &b->own, &found, err));
    if (!found) {
        nas_lock lock;
        NAS_TRY(nas_cache_lock(cache, &b->hash, &lock, err));
        nas_status st = nas_cache_get(cache, &b->hash, &b->own, &found, err);
        if (st == NAS_OK && !found) {
            nas_cache_common(cache, false);
            st = make(files, rate_hz, cache, &b->hash, log, err);
            nas_cache_common(cache, true);
            if (st == NAS_OK) st = nas_cache_get(cache, &b->hash, &b->own, &found, err);
        }
        nas_cache_unlock(cache, &b->hash, &lock);
        NAS_TRY(st);
    }
    return map(b, cache, err);
}

nas_status nas_noise_open(const char *folder, int32_t rate_hz, const nas_cache *cache,
                          const nas_log *log, nas_noise_bed *out, nas_err *err) {
    *out = (nas_noise_bed){0};
    NAS_TRY(nas_arena_open(&out->arena, err));
    nas_noise_files files;
    nas_status st = nas_noise_list(out->arena, folder, &files, err);
    out->listed = files.hash;
    nas_hasher h = nas_hasher_start();
    nas_hasher_text(&h, files.n ? "noise" : "pink");
    nas_hasher_i64(&h, NOISE_VERSION);
    nas_hasher_i64(&h, rate_hz);
    nas_hasher_hash(&h, &files.hash);
    out->hash = nas_hasher_end(&h);
    if (st == NAS_OK)
        st = files.n ? get_or_make(&files, rate_hz, cache, log, out, err)
                     : make_pink(out, rate_hz, err);
    if (st != NAS_OK) nas_noise_close(out);
    return st;
}

void nas_noise_close(nas_noise_bed *b) {
    nas_cache_release(&b->own);
    nas_arena_close(b->arena);
    *b = (nas_noise_bed){0};
}
