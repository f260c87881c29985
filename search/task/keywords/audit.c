/* search/task/keywords/audit.c - traits of all clips, found once; and the findings as warnings.
 * Payload of the stage "traits": a nas_traits for each clip. */
#include "search/task/keywords/audit_int.h"

#include "base/cores.h"
#include "base/team.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

static nas_hash key_of(const nas_dataset *d) {
    nas_hasher h = nas_hasher_start();
    nas_hasher_text(&h, "traits");
    nas_hasher_i64(&h, NAS_TRAITS_VERSION);
    nas_hasher_i64(&h, NAS_CLIPS_VERSION);
    nas_hasher_hash(&h, &nas_clips_of(d)->fingerprint);
    nas_hasher_f64(&h, nas_clips_of(d)->clip_seconds);
    return nas_hasher_end(&h);
}

typedef struct work {
    const nas_clips *c;
    nas_traits_plan *plan[NAS_TEAM_MOST];
    nas_traits *t;
    int32_t first; /* clip of task 0 */
    atomic_bool no_room;
    atomic_int lost; /* a clip whose samples could not be read; -1: none */
} work;

enum { BATCH = 4096 }; /* clips between two looks for a stop */

static void find_one(void *ctx, int32_t task, int32_t lane) {
    work *w = ctx;
    const int32_t i = w->first + task;
    const nas_clip *k = &w->c->clips[i];
    float *pcm = malloc((size_t)k->samples * sizeof *pcm);
    if (!w->plan[lane]) w->plan[lane] = nas_traits_open();
    if (!pcm || !w->plan[lane])
        w->no_room = true;
    else if (nas_clips_samples(w->c, i, pcm, NULL) != NAS_OK)
        w->lost = i;
    else
        nas_traits_find(w->plan[lane], pcm, (int32_t)k->samples, k->rate_hz, &w->t[i]);
    free(pcm);
}

static nas_status find_all(work *w, const nas_log *log, nas_err *err) {
    nas_status st = NAS_OK;
    for (; st == NAS_OK && w->first < w->c->n; w->first += BATCH) {
        const int32_t left = w->c->n - w->first, n = left < BATCH ? left : BATCH;
        nas_progress(log, "looking at clips", w->first, w->c->n);
        nas_team_run(nas_cores(), n, find_one, w);
        if (w->no_room) st = nas_fail(err, NAS_ENOMEM, "out of memory");
        if (w->lost >= 0)
            st = nas_fail(err, NAS_EIO,
                          "the packed clip %s could not be read again; run the same "
                          "again",
                          w->c->clips[w->lost].name);
        if (nas_should_stop(log)) st = nas_fail(err, NAS_ESTOP, "stopped");
    }
    for (int32_t i = 0; i < NAS_TEAM_MOST; i++) nas_traits_close(w->plan[i]);
    nas_progress(log, "looking at clips", w->c->n, w->c->n);
    return st;
}

static nas_status find_traits(const nas_dataset *d, const nas_cache *cache, const nas_log *log,
                              nas_arena *a, nas_traits **out, nas_err *err) {
    const nas_hash key = key_of(d);
    const size_t n = (size_t)nas_clips_of(d)->n, bytes = n * sizeof **out;
    nas_cached cached = {0};
    bool found = false;
    if (!(*out = nas_arena_array(a, n, sizeof **out, err))) return NAS_ENOMEM;
    NAS_TRY(nas_cache_get(cache, &key, &cached, &found, err));
    if (found && cached.bytes == bytes) {
        memcpy(*out, cached.p, bytes);
        nas_cache_release(&cached);
        return NAS_OK;
    }
    if (found) nas_cache_release(&cached);
    work w = {.c = nas_clips_of(d), .t = *out, .lost = -1};
    NAS_TRY(find_all(&w, log, err));
    const nas_piece piece = {*out, bytes};
    return nas_cache_put(cache, &key, "traits", &piece, 1, err);
}

static nas_status mark_parts(const nas_dataset *d, nas_arena *a, uint8_t **out, nas_err *err) {
    if (!(*out = nas_arena_alloc(a, (size_t)nas_clips_of(d)->n, err))) return NAS_ENOMEM;
    memset(*out, NAS_NO_PART, (size_t)nas_clips_of(d)->n);
    for (int p = 0; p < NAS_PARTS; p++)
        for (int32_t i = 0; i < d->part[p].n; i++) (*out)[d->part[p].example[i]] = (uint8_t)p;
    return NAS_OK;
}

static int by_speaker(const void *a, const void *b, void *ctx) {
    const nas_clip *c = ctx;
    return strcmp(c[*(const int32_t *)a].speaker, c[*(const int32_t *)b].speaker);
}

static nas_status number_speakers(nas_auditing *w) {
    const nas_clips *c = nas_clips_of(w->d);
    const size_t n = (size_t)c->n;
    int32_t *order = nas_arena_array(w->a, n, sizeof *order, w->err);
    int32_t *speaker = nas_arena_array(w->a, n, sizeof *speaker, w->err);
    const char **names = nas_arena_array(w->a, n, sizeof *names, w->err);
    if (!order || !speaker || !names) return NAS_ENOMEM;
    for (int32_t i = 0; i < c->n; i++) order[i] = i;
    qsort_r(order, n, sizeof *order, by_speaker, c->clips);
    for (int32_t i = 0; i < c->n; i++) {
        const char *name = c->clips[order[i]].speaker;
        int32_t *k = &w->out->speakers;
        if (!i || strcmp(names[*k - 1], name) != 0) names[(*k)++] = name;
        speaker[order[i]] = *k - 1;
    }
    w->speaker = speaker;
    w->speakers = names;
    return NAS_OK;
}

nas_status nas_audit_clips(const nas_dataset *d, const nas_cache *cache, const nas_log *log,
                           nas_arena *a, const nas_audit **out, nas_err *err) {
    nas_traits *t = NULL;
    uint8_t *part;
    NAS_TRY(find_traits(d, cache, log, a, &t, err));
    NAS_TRY(mark_parts(d, a, &part, err));
    nas_auditing w = {.d = d, .t = t, .part = part, .a = a, .err = err};
    if (!(*out = w.out = nas_arena_alloc(a, sizeof *w.out, err))) return NAS_ENOMEM;
    NAS_TRY(number_speakers(&w));
    NAS_TRY(nas_audit_classes(&w));
    NAS_TRY(nas_audit_copies(&w));
    NAS_TRY(nas_audit_speakers(&w));
    return nas_audit_differences(&w);
}

void nas_audit_warn(const nas_audit *audit, const nas_log *log) {
    for (int32_t i = 0; i < audit->n; i++) nas_warn(log, "%s", audit->v[i].text);
}
