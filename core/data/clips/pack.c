/* core/data/clips/pack.c - writing the packed file: samples, a table of clips, a table of bad
 * clips, texts, and a tail that says how large each is. */
#include "base/cores.h"
#include "base/team.h"
#include "core/audio/sound.h"
#include "core/data/clips/pack_int.h"

#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_ROOM = 4096, BATCH_BYTES = 64 << 20, MOST_BATCH = 256 };

/* Between two looks for a stop. Resampling takes some hundredth of the time of the sound. */
enum { RESAMPLED_SECONDS = 16, LEAST_RESAMPLED = 16 };

nas_hash nas_pack_key(const nas_clip_list *l) {
    nas_hasher h = nas_hasher_start();
    nas_hasher_text(&h, "clips");
    nas_hasher_i64(&h, NAS_CLIPS_VERSION);
    nas_hasher_f64(&h, l->hearing.seconds);
    nas_hasher_i64(&h, l->hearing.crop);
    nas_hasher_f64(&h, l->hearing.full_scale);
    nas_hasher_i64(&h, l->n_labels);
    for (int32_t i = 0; i < l->n_labels; i++) nas_hasher_text(&h, l->labels[i]);
    nas_hasher_i64(&h, l->n);
    for (int32_t i = 0; i < l->n; i++) {
        nas_hasher_text(&h, l->files[i].name);
        nas_hasher_i64(&h, l->files[i].label);
        nas_hasher_i64(&h, l->files[i].readable);
        nas_hasher_hash(&h, &l->files[i].content);
    }
    return nas_hasher_end(&h);
}

nas_hash nas_pack_key_at(const nas_hash *key, int32_t rate_hz) {
    nas_hasher h = nas_hasher_start();
    nas_hasher_text(&h, "clips at a rate");
    nas_hasher_i64(&h, NAS_CLIPS_VERSION);
    nas_hasher_hash(&h, key);
    nas_hasher_i64(&h, rate_hz);
    return nas_hasher_end(&h);
}

static uint64_t padded(uint64_t bytes, uint64_t to) {
    return (bytes + to - 1) / to * to;
}

typedef struct job {
    nas_sound sound;
    nas_err err; /* code NAS_OK: sound is there */
} job;

typedef struct writer {
    const nas_clip_list *l;
    const nas_pack *from; /* not NULL: its samples at rate_hz are packed, not the list's files */
    int32_t rate_hz;
    int32_t total; /* clips to pack */
    nas_arena *a;
    nas_file *file;
    job *jobs;     /* [batch] */
    int32_t first; /* that jobs[0] stands for */
    int32_t batch;
    nas_pack_entry *entries; /* [total] */
    int32_t *source;         /* [total]: which of all an entry is */
    int32_t n, n_bad;
    const char **reasons; /* [l->n] */
    bool *empty;          /* [l->n] */
    uint64_t pcm_bytes;
} writer;

static nas_clip_file file_at(const writer *w, int32_t i) {
    if (!w->from) return w->l->files[i];
    const nas_pack_entry *e = &w->from->entries[i];
    return (nas_clip_file){
        .name = w->from->text + e->name, .label = e->label, .content = e->content};
}

/* The clip under the hash that the key was made of, or an error. */
static nas_status read_clip(const writer *w, int32_t i, nas_sound *out, nas_err *err) {
    const nas_clip_file *f = &w->l->files[i];
    char path[PATH_ROOM];
    const int len = snprintf(path, sizeof path, "%s/%s", w->l->folder, f->name);
    if (len < 0 || (size_t)len >= sizeof path)
        return nas_fail(err, NAS_EINVAL, "the path %s/%s is too long", w->l->folder, f->name);
    if (!f->readable) return nas_fail(err, NAS_EFORMAT, "%s", nas_pack_nowhere);
    const nas_status st = nas_sound_hear(path, &w->l->hearing, out, err);
    if (st == NAS_ENOTFOUND) return nas_clip_changed(path, err);
    if (st != NAS_OK && st != NAS_EFORMAT) return nas_clip_not_read(st, err);
    return nas_hash_equal(&out->content, &f->content) ? st : nas_clip_changed(path, err);
}

static nas_status resample_clip(const writer *w, int32_t i, nas_sound *out, nas_err *err) {
    const nas_pack_entry *e = &w->from->entries[i];
    const int64_t room = (int64_t)floor(w->l->hearing.seconds * (double)w->rate_hz + 0.5);
    *out = (nas_sound){.rate_hz = w->rate_hz, .length = (int64_t)e->length};
    out->pcm = calloc((size_t)room + 1, sizeof *out->pcm);
    float *in = malloc(e->samples * sizeof *in);
    nas_status st = out->pcm && in ? NAS_OK : nas_fail(err, NAS_ENOMEM, "out of memory");
    if (st == NAS_OK) st = nas_pack_samples(w->from, i, in, err);
    if (st == NAS_OK)
        st = nas_sound_resample(in, (int64_t)e->samples, e->rate_hz, w->rate_hz, out->pcm, room,
                                &out->samples, err);
    free(in);
    NAS_TRY(st);
    if (out->samples == 0) out->samples = 1; /* too short to give a sample: a zero */
    return NAS_OK;
}

static void make_one(void *ctx, int32_t i, int32_t lane) {
    writer *w = ctx;
    (void)lane;
    job *j = &w->jobs[i];
    const int32_t k = w->first + i;
    const nas_status st =
        w->from ? resample_clip(w, k, &j->sound, &j->err) : read_clip(w, k, &j->sound, &j->err);
    j->err.code = st;
}

static nas_status add_clip(writer *w, int32_t source, const nas_sound *s, nas_err *err) {
    static const uint8_t zeros[NAS_PACK_MAGIC];
    const uint64_t bytes = (uint64_t)s->samples * sizeof(float),
                   room = padded(bytes, NAS_PACK_MAGIC);
    const nas_clip_file f = file_at(w, source);
    w->source[w->n] = source;
    w->entries[w->n++] = (nas_pack_entry){.at = w->pcm_bytes,
                                          .samples = (uint64_t)s->samples,
                                          .sum = nas_pack_sum_clip(s->pcm, bytes),
                                          .label = f.label,
                                          .rate_hz = s->rate_hz,
                                          .state = nas_clip_judge(s),
                                          .length = (uint64_t)s->length,
                                          .peak = s->peak,
                                          .channels = s->channels,
                                          .content = f.content};
    w->pcm_bytes += room;
    NAS_TRY(nas_file_add(w->file, s->pcm, bytes, err));
    return nas_file_add(w->file, zeros, room - bytes, err);
}

static nas_status add_jobs(writer *w, int32_t n, nas_err *err) {
    for (int32_t i = 0; i < n; i++) {
        const nas_clip_file f = file_at(w, w->first + i);
        const job *j = &w->jobs[i];
        if (j->err.code == NAS_OK) {
            NAS_TRY(add_clip(w, w->first + i, &j->sound, err));
            continue;
        }
        if (w->from) return nas_fail(err, j->err.code, "%s: %.1000s", f.name, j->err.text);
        if (j->err.code != NAS_EFORMAT) return nas_fail(err, j->err.code, "%s", j->err.text);
        const char *why = nas_arena_format(w->a, err, "%s: %.400s", f.name, j->err.text);
        if (!why) return NAS_ENOMEM;
        w->empty[w->n_bad] = j->sound.empty;
        w->reasons[w->n_bad++] = why;
    }
    return NAS_OK;
}

static nas_status make_all(writer *w, const nas_log *log, nas_err *err) {
    const char *what = w->from ? "resampling clips" : "reading clips";
    for (w->first = 0; w->first < w->total; w->first += w->batch) {
        if (nas_should_stop(log)) return nas_fail(err, NAS_ESTOP, "stopped while %s", what);
        const int32_t left = w->total - w->first, n = left < w->batch ? left : w->batch;
        nas_team_run(nas_cores(), n, make_one, w);
        const nas_status st = add_jobs(w, n, err);
        for (int32_t i = 0; i < n; i++) nas_sound_free(&w->jobs[i].sound);
        NAS_TRY(st);
        nas_progress(log, what, w->first + n, w->total);
    }
    return NAS_OK;
}

static uint64_t put_text(char *text, uint64_t *used, const char *s) {
    const uint64_t at = *used, len = strlen(s) + 1;
    memcpy(text + at, s, len);
    *used += len;
    return at;
}

/* The names, then the reasons; fills entries[].name and bad[]. */
static nas_status make_text(writer *w, nas_pack_bad *bad, char **out, uint64_t *bytes,
                            nas_err *err) {
    uint64_t total = 0, used = 0;
    for (int32_t i = 0; i < w->n; i++) total += strlen(file_at(w, w->source[i]).name) + 1;
    for (int32_t i = 0; i < w->n_bad; i++) total += strlen(w->reasons[i]) + 1;
    *bytes = padded(total + 1, 8);
    if (*bytes > UINT32_MAX) return nas_fail(err, NAS_EINVAL, "the clips' names are too long");
    char *text = nas_arena_alloc(w->a, *bytes, err);
    if (!text) return NAS_ENOMEM;
    for (int32_t i = 0; i < w->n; i++)
        w->entries[i].name = (uint32_t)put_text(text, &used, file_at(w, w->source[i]).name);
    for (int32_t i = 0; i < w->n_bad; i++)
        bad[i] = (nas_pack_bad){(uint32_t)put_text(text, &used, w->reasons[i]), w->empty[i]};
    *out = text;
    return NAS_OK;
}

static nas_status add_tables(writer *w, const nas_hash *key, nas_err *err) {
    nas_pack_bad *bad = nas_arena_array(w->a, (size_t)w->n_bad + 1, sizeof *bad, err);
    char *text = NULL;
    nas_pack_tail t = nas_pack_blank;
    if (!bad) return NAS_ENOMEM;
    NAS_TRY(make_text(w, bad, &text, &t.text_bytes, err));
    const size_t entry_bytes = (size_t)w->n * sizeof *w->entries;
    const size_t bad_bytes = (size_t)w->n_bad * sizeof *bad;
    t.key = *key;
    t.n = (uint64_t)w->n;
    t.n_bad = (uint64_t)w->n_bad;
    t.pcm_bytes = w->pcm_bytes;
    t.file_bytes =
        sizeof nas_pack_magic + t.pcm_bytes + entry_bytes + bad_bytes + t.text_bytes + sizeof t;
    t.sum = nas_pack_sum(0, w->entries, entry_bytes);
    t.sum = nas_pack_sum(t.sum, bad, bad_bytes);
    t.sum = nas_pack_sum(t.sum, text, t.text_bytes);
    t.sum = nas_pack_sum(t.sum, &t, offsetof(nas_pack_tail, sum));
    NAS_TRY(nas_file_add(w->file, w->entries, entry_bytes, err));
    NAS_TRY(nas_file_add(w->file, bad, bad_bytes, err));
    NAS_TRY(nas_file_add(w->file, text, t.text_bytes, err));
    return nas_file_add(w->file, &t, sizeof t, err);
}

/* As many clips at a time as fit into some memory at the rates that are usual, and of those that
 * are resampled no more than some seconds of sound, or one for each of some processors. */
static int32_t batch_of(double clip_seconds, bool resampled) {
    const double n = BATCH_BYTES / (clip_seconds * 48000.0 * sizeof(float));
    int32_t most = MOST_BATCH;
    if (resampled) {
        most = (int32_t)fmin(MOST_BATCH, RESAMPLED_SECONDS / clip_seconds);
        if (most < LEAST_RESAMPLED) most = LEAST_RESAMPLED;
    }
    return n < 1.0 ? 1 : n < most ? (int32_t)n : most;
}

static nas_status reserve(writer *w, nas_err *err) {
    const size_t n = (size_t)w->total + 1;
    w->batch = batch_of(w->l->hearing.seconds, w->from != NULL);
    w->jobs = nas_arena_array(w->a, (size_t)w->batch, sizeof *w->jobs, err);
    w->entries = nas_arena_array(w->a, n, sizeof *w->entries, err);
    w->source = nas_arena_array(w->a, n, sizeof *w->source, err);
    w->reasons = nas_arena_array(w->a, n, sizeof *w->reasons, err);
    w->empty = nas_arena_array(w->a, n, sizeof *w->empty, err);
    return w->jobs && w->entries && w->source && w->reasons && w->empty ? NAS_OK : NAS_ENOMEM;
}

nas_status nas_pack_write(const nas_clip_list *l, const nas_pack *from, int32_t rate_hz,
                          const char *path, const nas_hash *key, const nas_log *log, nas_err *err) {
    writer w = {.l = l, .from = from, .rate_hz = rate_hz, .total = from ? from->n : l->n};
    nas_status st = nas_arena_open(&w.a, err);
    if (st == NAS_OK) st = reserve(&w, err);
    nas_file_sweep(path);
    if (st == NAS_OK) st = nas_file_begin(path, &w.file, err);
    if (st == NAS_OK) st = nas_file_add(w.file, nas_pack_magic, sizeof nas_pack_magic, err);
    if (st == NAS_OK) st = make_all(&w, log, err);
    if (st == NAS_OK) st = add_tables(&w, key, err);
    if (st == NAS_OK)
        st = nas_file_commit(w.file, err);
    else
        nas_file_drop(w.file);
    nas_arena_close(w.a);
    return st;
}
