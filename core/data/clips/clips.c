/* core/data/clips/clips.c - opening a folder of clips: list, pack, map. */
#include "core/data/clips/clips.h"

#include "base/clock.h"
#include "core/audio/sound.h"
#include "core/data/clips/int.h"

#include <assert.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { MOST_SECONDS = 600, MOST_HZ = 768000 };

/* The clips at one more rate. */
typedef struct prepared {
    struct prepared *next;
    int32_t rate_hz;
    nas_pack pack;
} prepared;

struct nas_clips_own {
    nas_arena *a;
    const char *cache;
    nas_clip_list list;
    nas_hash key; /* of pack */
    nas_pack pack;
    prepared *prepared;
};

static nas_status check_options(const nas_clips_options *o, nas_err *err) {
    if (!(o->clip_seconds > 0.0) || !(o->clip_seconds <= MOST_SECONDS))
        return nas_fail(err, NAS_EINVAL,
                        "clip_seconds is %g; more than 0 and at most %d is expected",
                        o->clip_seconds, MOST_SECONDS);
    return NAS_OK;
}

/* Where the pack of a key lies. folder: <cache>/<kk>. */
typedef struct place {
    const char *cache, *folder, *pack, *lock;
} place;

static nas_status find_place(nas_arena *a, const char *cache, const nas_hash *key, place *out,
                             nas_err *err) {
    char hex[65];
    nas_hash_hex(key, hex);
    out->cache = cache;
    out->folder = nas_arena_format(a, err, "%s/%.2s", cache, hex);
    out->pack = nas_arena_format(a, err, "%s/%.2s/%s", cache, hex, hex);
    out->lock = nas_arena_format(a, err, "%s/%.2s/%s.lock", cache, hex, hex);
    return out->folder && out->pack && out->lock ? NAS_OK : NAS_ENOMEM;
}

/* What a pack is made of: the files of l, or the clips of another pack at another rate. */
typedef struct recipe {
    const nas_clip_list *l;
    const nas_pack *from;
    int32_t rate_hz;
    nas_hash key;
} recipe;

/* Opens the pack of a recipe. NAS_EFORMAT, too, where another nas left out clips that are fine, or
 * made clips at a rate of others than those it is to be made of, for which files can be read
 * depends on the decoder. */
static nas_status find_pack(const recipe *r, const char *path, nas_pack *pack, nas_err *err) {
    NAS_TRY(nas_pack_open(path, &r->key, r->l->n_labels, pack, err));
    if (!r->from && nas_pack_lacks(pack, r->l)) {
        nas_pack_close(pack);
        return nas_fail(err, NAS_EFORMAT, "the packed clips %s lack clips that are fine", path);
    }
    bool same = !r->from || r->from->n == pack->n;
    for (int32_t i = 0; r->from && same && i < pack->n; i++)
        same = nas_hash_equal(&r->from->entries[i].content, &pack->entries[i].content);
    if (same) return NAS_OK;
    nas_pack_close(pack);
    return nas_fail(err, NAS_EFORMAT, "the packed clips %s are of other clips", path);
}

static nas_status wait_for_lock(const char *path, const nas_log *log, nas_lock *out, nas_err *err) {
    const double nap = 0.02;
    for (bool taken = false;;) {
        NAS_TRY(nas_lock_try(path, out, &taken, err));
        if (taken) return NAS_OK;
        if (nas_should_stop(log)) return nas_fail(err, NAS_ESTOP, "stopped");
        nas_clock_sleep(nap);
    }
}

/* One process makes the pack, others wait for it. One that cannot be used does not stay. */
static nas_status write_locked(nas_arena *a, const recipe *r, const place *at, const nas_log *log,
                               nas_pack *pack, nas_err *err) {
    nas_lock lock = {.fd = -1};
    NAS_TRY(wait_for_lock(at->lock, log, &lock, err));
    nas_err why = {0};
    nas_status st = find_pack(r, at->pack, pack, &why);
    if (st != NAS_OK && st != NAS_ENOTFOUND && st != NAS_EFORMAT) {
        nas_lock_remove(at->lock, &lock);
        return nas_fail(err, st, "%s", why.text);
    }
    const bool ours = st != NAS_OK; /* else another process made it meanwhile */
    if (st == NAS_ENOTFOUND && nas_pack_borrow(a, at->cache, &r->key, at->pack))
        st = find_pack(r, at->pack, pack, &why);
    if (st != NAS_OK) {
        if (st == NAS_EFORMAT) nas_warn(log, "%s: they are made again", why.text);
        if (!r->from) nas_pack_warn_of_others(a, at->cache, at->pack, log);
        st = nas_pack_write(r->l, r->from, r->rate_hz, at->pack, &r->key, log, err);
        if (st == NAS_OK) st = find_pack(r, at->pack, pack, err);
    }
    if (st == NAS_OK && !r->from) st = nas_pack_judge(r->l, pack, err);
    if (st != NAS_OK) nas_pack_close(pack);
    if (st != NAS_OK && ours) (void)unlink(at->pack);
    nas_lock_remove(at->lock, &lock);
    return st;
}

/* Maps the pack, made first where it is not there. After a failure no new folder stays. */
static nas_status open_pack(nas_arena *a, const recipe *r, const char *cache, const nas_log *log,
                            nas_pack *pack, nas_err *err) {
    place at;
    NAS_TRY(find_place(a, cache, &r->key, &at, err));
    nas_status st = find_pack(r, at.pack, pack, err);
    if (st == NAS_OK) return r->from ? NAS_OK : nas_pack_judge(r->l, pack, err);
    if (st != NAS_ENOTFOUND && st != NAS_EFORMAT) return st;
    const bool had_cache = nas_path_exists(cache);
    st = nas_dir_make_shared(at.folder, err);
    if (st == NAS_OK) st = write_locked(a, r, &at, log, pack, err);
    if (st != NAS_OK) {
        (void)rmdir(at.folder); /* does nothing when something lies in it */
        if (!had_cache) (void)rmdir(cache);
    }
    return st;
}

static nas_status fill_clips(nas_clips *c, nas_err *err) {
    nas_arena *a = c->own->a;
    const nas_pack *p = &c->own->pack;
    c->n = p->n;
    c->n_bad = p->n_bad;
    c->clips = nas_arena_array(a, (size_t)c->n + 1, sizeof *c->clips, err);
    c->bad = nas_arena_array(a, (size_t)c->n_bad + 1, sizeof *c->bad, err);
    if (!c->clips || !c->bad) return NAS_ENOMEM;
    for (int32_t i = 0; i < c->n; i++) {
        const nas_pack_entry *e = &p->entries[i];
        c->clips[i] = (nas_clip){.name = p->text + e->name,
                                 .label = e->label,
                                 .content = e->content,
                                 .samples = (int64_t)e->samples,
                                 .length = (int64_t)e->length,
                                 .rate_hz = e->rate_hz,
                                 .channels = e->channels,
                                 .state = e->state,
                                 .peak = e->peak,
                                 .pcm = NULL};
    }
    for (int32_t i = 0; i < c->n_bad; i++) c->bad[i] = p->text + p->bad[i].text;
    return NAS_OK;
}

static nas_hash fingerprint_of(const nas_clips *c) {
    nas_hasher h = nas_hasher_start();
    nas_hasher_text(&h, "clips");
    nas_hasher_i64(&h, c->n_labels);
    for (int32_t i = 0; i < c->n_labels; i++) nas_hasher_text(&h, c->labels[i]);
    nas_hasher_i64(&h, c->n);
    for (int32_t i = 0; i < c->n; i++) {
        nas_hasher_text(&h, c->clips[i].name);
        nas_hasher_i64(&h, c->clips[i].samples);
        nas_hasher_i64(&h, c->clips[i].rate_hz);
        nas_hasher_hash(&h, &c->clips[i].content);
    }
    if (c->crop != NAS_CROP_START) {
        nas_hasher_text(&h, "crop");
        nas_hasher_i64(&h, c->crop);
    }
    if (c->full_scale < 1.0 || c->full_scale > 1.0) {
        nas_hasher_text(&h, "full scale");
        nas_hasher_f64(&h, c->full_scale);
    }
    return nas_hasher_end(&h);
}

static nas_status open_in(nas_clips *c, const nas_clips_options *o, const regex_t *re,
                          const nas_log *log, nas_err *err) {
    struct nas_clips_own *own = c->own;
    nas_clip_list *l = &own->list;
    own->cache = nas_arena_text(own->a, o->cache, err);
    c->folder = nas_arena_text(own->a, o->folder, err);
    c->picked = o->labels != NULL;
    c->some = o->some;
    c->has_pattern = re != NULL;
    if (!own->cache || !c->folder) return NAS_ENOMEM;
    NAS_TRY(nas_clip_list_make(own->a, o, log, l, err));
    own->key = nas_pack_key(l);
    const recipe r = {.l = l, .key = own->key};
    NAS_TRY(open_pack(own->a, &r, own->cache, log, &own->pack, err));
    c->clip_seconds = l->hearing.seconds;
    c->crop = l->hearing.crop;
    c->full_scale = l->hearing.full_scale;
    c->made = l->made;
    c->silence = o->silence;
    c->n_labels = l->n_labels;
    c->labels = l->labels;
    NAS_TRY(fill_clips(c, err));
    NAS_TRY(nas_clips_speakers(own->a, c, re, l->parts, err));
    c->fingerprint = fingerprint_of(c);
    nas_clips_warn(c, l, &own->pack, log);
    return NAS_OK;
}

nas_status nas_clips_open(const nas_clips_options *o, const nas_log *log, nas_clips **out,
                          nas_err *err) {
    assert(o->folder && o->cache);
    *out = NULL;
    regex_t re;
    NAS_TRY(check_options(o, err));
    if (o->speaker_pattern) NAS_TRY(nas_speaker_pattern(o->speaker_pattern, &re, err));
    nas_status st = NAS_OK;
    nas_clips *c = calloc(1, sizeof *c);
    if (c) c->own = calloc(1, sizeof *c->own);
    if (!c || !c->own)
        st = nas_fail(err, NAS_ENOMEM, "out of memory");
    else
        st = nas_arena_open(&c->own->a, err);
    if (st == NAS_OK) st = open_in(c, o, o->speaker_pattern ? &re : NULL, log, err);
    if (o->speaker_pattern) regfree(&re);
    if (st == NAS_OK)
        *out = c;
    else
        nas_clips_close(c);
    return st;
}

const char *nas_clips_list_name(nas_arena *a, const char *folder) {
    size_t end = strlen(folder);
    while (end > 0 && (folder[end - 1] == '/' || folder[end - 1] == '.')) end--;
    size_t begin = end;
    while (begin > 0 && folder[begin - 1] != '/') begin--;
    return end > begin ? nas_arena_format(a, NULL, "%.*s_unreadable.txt", (int)(end - begin),
                                          folder + begin)
                       : "clips_unreadable.txt";
}

nas_arena *nas_clips_arena(nas_clips *c) {
    return c->own->a;
}

void nas_clips_close(nas_clips *c) {
    if (!c) return;
    if (c->own) {
        nas_pack_close(&c->own->pack);
        for (prepared *p = c->own->prepared; p; p = p->next) nas_pack_close(&p->pack);
        nas_arena_close(c->own->a);
        free(c->own);
    }
    free(c);
}

static const nas_pack *find_prepared(const nas_clips *c, int32_t rate_hz) {
    for (const prepared *p = c->own->prepared; p; p = p->next)
        if (p->rate_hz == rate_hz) return &p->pack;
    return NULL;
}

nas_status nas_clips_prepare(nas_clips *c, int32_t rate_hz, const nas_log *log, nas_err *err) {
    struct nas_clips_own *own = c->own;
    bool other = false;
    const int32_t packed = own->pack.n; /* cuts are read from their recordings */
    for (int32_t i = 0; i < packed && !other; i++) other = c->clips[i].rate_hz != rate_hz;
    if (!other || find_prepared(c, rate_hz)) return NAS_OK;
    if (rate_hz < 1 || rate_hz > MOST_HZ)
        return nas_fail(err, NAS_EINVAL, "clips cannot be resampled to %d Hz; 1 to %d is expected",
                        rate_hz, MOST_HZ);
    prepared *p = nas_arena_alloc(own->a, sizeof *p, err);
    if (!p) return NAS_ENOMEM;
    const recipe r = {.l = &own->list,
                      .from = &own->pack,
                      .rate_hz = rate_hz,
                      .key = nas_pack_key_at(&own->key, rate_hz)};
    NAS_TRY(open_pack(own->a, &r, own->cache, log, &p->pack, err));
    p->rate_hz = rate_hz;
    p->next = own->prepared;
    own->prepared = p;
    return NAS_OK;
}

nas_status nas_clips_samples(const nas_clips *c, int32_t i, float *out, nas_err *err) {
    assert(i >= 0 && i < c->n);
    const nas_clip *k = &c->clips[i];
    if (!k->cut) return nas_pack_samples(&c->own->pack, i, out, err);
    memcpy(out, k->pcm, (size_t)k->samples * sizeof *out);
    return NAS_OK;
}

/* The samples of a pack, or of a cut, at rate_hz. */
static nas_status convert(const nas_clip *k, const nas_pack *pack, int32_t i, int64_t samples,
                          int32_t from_hz, int32_t rate_hz, float *out, int64_t out_samples,
                          int64_t *made, nas_err *err) {
    if (pack && from_hz == rate_hz && samples <= out_samples) {
        *made = samples;
        return nas_pack_samples(pack, i, out, err);
    }
    float *own = pack ? malloc((size_t)samples * sizeof *own) : NULL;
    if (pack && !own) return nas_fail(err, NAS_ENOMEM, "out of memory");
    nas_status st = pack ? nas_pack_samples(pack, i, own, err) : NAS_OK;
    if (st == NAS_OK)
        st = nas_sound_resample(pack ? own : k->pcm, samples, from_hz, rate_hz, out, out_samples,
                                made, err);
    free(own);
    return st;
}

nas_status nas_clips_read(const nas_clips *c, int32_t i, int32_t rate_hz, float *out,
                          int64_t out_samples, nas_err *err) {
    assert(i >= 0 && i < c->n && out_samples >= 0);
    const nas_clip *k = &c->clips[i];
    const nas_pack *ready = k->cut ? NULL : find_prepared(c, rate_hz);
    const nas_pack *pack = ready || k->cut ? ready : &c->own->pack;
    const int64_t samples = pack ? (int64_t)pack->entries[i].samples : k->samples;
    int64_t made = 0;
    const nas_status st = convert(k, pack, i, samples, ready ? rate_hz : k->rate_hz, rate_hz, out,
                                  out_samples, &made, err);
    if (st != NAS_OK) return nas_fail_in(err, st, "%s", k->name);
    for (int64_t s = 0; k->cut && s < made; s++) out[s] *= k->volume;
    for (int64_t s = made; s < out_samples; s++) out[s] = 0.0f;
    return NAS_OK;
}
