/* core/data/clips_pack.c - the packed file: samples, a table of clips, a table of bad clips, texts,
 * and a tail that says how large each is. Numbers are this machine's; the tail shows it. */
#include "base/cores.h"
#include "base/team.h"
#include "core/audio/sound.h"
#include "core/data/clips_int.h"

#include <assert.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_ROOM = 4096, ALIGN = NAS_PACK_MAGIC, BATCH_BYTES = 64 << 20, MOST_BATCH = 256 };

/* Between two looks for a stop. Resampling takes some hundredth of the time of the sound. */
enum { RESAMPLED_SECONDS = 16, LEAST_RESAMPLED = 16 };

const char nas_pack_magic[NAS_PACK_MAGIC] = "nas packed clips\n";

typedef struct tail {
    char magic[8];
    uint32_t version, byte_order;
    nas_hash key;
    uint64_t n, n_bad, text_bytes, pcm_bytes, file_bytes;
    uint64_t sum; /* of the tables, the texts and the tail up to here */
} tail;

static_assert(sizeof(nas_pack_entry) == 88 && sizeof(nas_pack_bad) == 8 && sizeof(tail) == 96,
              "no padding in the pack");

static const char nowhere[] = "a link that leads nowhere";
static const tail blank = {.magic = "NASCLIPS", .version = 2, .byte_order = 0x01020304};

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

/* A checksum against damage, not against malice: each step is a bijection of the state. */
static uint64_t sum_add(uint64_t state, const void *p, size_t bytes) {
    assert(bytes % 8 == 0);
    const uint8_t *at = p;
    uint64_t lane[4] = {state, 1, 2, 3};
    for (size_t i = 0; i < bytes / 8; i++, at += 8) {
        uint64_t w;
        memcpy(&w, at, sizeof w);
        uint64_t *s = &lane[i % 4];
        *s = (*s ^ w) * 0x9e3779b97f4a7c15U;
        *s ^= *s >> 32;
    }
    for (int i = 1; i < 4; i++) lane[0] = (lane[0] ^ lane[i]) * 0xd6e8feb86659fd93U;
    return lane[0] ^ lane[0] >> 32;
}

static uint64_t sum_clip(const void *pcm, size_t bytes) {
    uint8_t last[8] = {0};
    const size_t whole = bytes / sizeof last * sizeof last;
    memcpy(last, (const uint8_t *)pcm + whole, bytes - whole);
    return sum_add(sum_add(0, pcm, whole), last, sizeof last);
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
    if (!f->readable) return nas_fail(err, NAS_EFORMAT, "%s", nowhere);
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
    static const uint8_t zeros[ALIGN];
    const uint64_t bytes = (uint64_t)s->samples * sizeof(float), room = padded(bytes, ALIGN);
    const nas_clip_file f = file_at(w, source);
    w->source[w->n] = source;
    w->entries[w->n++] = (nas_pack_entry){.at = w->pcm_bytes,
                                          .samples = (uint64_t)s->samples,
                                          .sum = sum_clip(s->pcm, bytes),
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
    tail t = blank;
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
    t.sum = sum_add(0, w->entries, entry_bytes);
    t.sum = sum_add(t.sum, bad, bad_bytes);
    t.sum = sum_add(t.sum, text, t.text_bytes);
    t.sum = sum_add(t.sum, &t, offsetof(tail, sum));
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

static nas_status damaged(const char *path, const char *what, nas_err *err) {
    return nas_fail(err, NAS_EFORMAT, "the packed clips %s are damaged (%s)", path, what);
}

static void close_pack(nas_pack *p) {
    union { /* free takes what malloc gave, which is not const */
        const uint8_t *c;
        void *v;
    } u = {.c = p->tables.p};
    free(u.v);
    free(p->path);
    close(p->fd);
}

/* The sizes that the tail states are those of the file; *at is where the tables begin. */
static nas_status check_tail(const nas_pack *p, uint64_t all, const nas_hash *key, tail *t,
                             uint64_t *at, nas_err *err) {
    char magic[NAS_PACK_MAGIC];
    if (all < sizeof magic + sizeof *t) return damaged(p->path, "too short", err);
    NAS_TRY(nas_file_read_at(p->fd, p->path, 0, magic, sizeof magic, err));
    NAS_TRY(nas_file_read_at(p->fd, p->path, all - sizeof *t, t, sizeof *t, err));
    if (memcmp(magic, nas_pack_magic, sizeof magic) != 0 ||
        memcmp(t, &blank, offsetof(tail, key)) != 0 || !nas_hash_equal(&t->key, key))
        return damaged(p->path, "not this pack", err);
    const uint64_t body = all - sizeof magic - sizeof *t;
    if (t->file_bytes != all || t->n > INT32_MAX || t->n_bad > INT32_MAX || t->pcm_bytes > body ||
        t->pcm_bytes % ALIGN != 0 || t->text_bytes > body || t->text_bytes < 8 ||
        t->text_bytes % 8 != 0 ||
        t->pcm_bytes + t->n * sizeof(nas_pack_entry) + t->n_bad * 8 + t->text_bytes != body)
        return damaged(p->path, "sizes", err);
    *at = sizeof magic + t->pcm_bytes;
    return NAS_OK;
}

/* Reads the tables and checks what was read. */
static nas_status read_tables(nas_pack *p, const tail *t, uint64_t at, nas_err *err) {
    const size_t entry_bytes = t->n * sizeof(nas_pack_entry), bad_bytes = t->n_bad * 8;
    uint8_t *own = malloc(entry_bytes + bad_bytes + t->text_bytes);
    if (!own) return nas_fail(err, NAS_ENOMEM, "out of memory");
    p->tables = (nas_mapped){.p = own, .bytes = entry_bytes + bad_bytes + t->text_bytes};
    NAS_TRY(nas_file_read_at(p->fd, p->path, at, own, p->tables.bytes, err));
    p->n = (int32_t)t->n;
    p->n_bad = (int32_t)t->n_bad;
    p->entries = (const void *)own;
    p->bad = (const void *)(own + entry_bytes);
    p->text = (const void *)(own + entry_bytes + bad_bytes);
    uint64_t sum = sum_add(0, p->entries, entry_bytes);
    sum = sum_add(sum, p->bad, bad_bytes);
    sum = sum_add(sum, p->text, t->text_bytes);
    if (sum_add(sum, t, offsetof(tail, sum)) != t->sum || p->text[t->text_bytes - 1] != '\0')
        return damaged(p->path, "tables", err);
    for (uint64_t i = 0; i < t->n_bad; i++)
        if (p->bad[i].text >= t->text_bytes) return damaged(p->path, "reasons", err);
    return NAS_OK;
}

static bool read_samples(const nas_pack *p, int32_t i, float *out) {
    const nas_pack_entry *e = &p->entries[i];
    const size_t bytes = e->samples * sizeof *out;
    return nas_file_read_at(p->fd, p->path, sizeof nas_pack_magic + e->at, out, bytes, NULL) ==
               NAS_OK &&
           sum_clip(out, bytes) == e->sum;
}

static nas_status check_entries(const nas_pack *p, const tail *t, int32_t n_labels, nas_err *err) {
    uint64_t most = 0;
    for (int32_t i = 0; i < p->n; i++) {
        const nas_pack_entry *e = &p->entries[i];
        if (e->at % ALIGN != 0 || e->at > t->pcm_bytes || e->samples < 1 ||
            e->samples > (t->pcm_bytes - e->at) / sizeof(float) || e->name >= t->text_bytes ||
            e->label < 0 || e->label >= n_labels || e->rate_hz < 1)
            return damaged(p->path, "entries", err);
        if (e->samples > most) most = e->samples;
    }
    float *one = malloc(most * sizeof *one + 1);
    bool good = one != NULL;
    for (int32_t i = 0; i < p->n && good; i++) good = read_samples(p, i, one);
    free(one);
    return good  ? NAS_OK
           : one ? damaged(p->path, "samples", err)
                 : nas_fail(err, NAS_ENOMEM, "out of memory");
}

static nas_status open_in(nas_pack *p, const nas_hash *key, int32_t n_labels, nas_err *err) {
    struct stat info;
    tail t;
    uint64_t at = 0;
    if (fstat(p->fd, &info) != 0) return nas_fail_errno(err, "cannot examine %s", p->path);
    if (!S_ISREG(info.st_mode)) return damaged(p->path, "not a regular file", err);
    NAS_TRY(check_tail(p, (uint64_t)info.st_size, key, &t, &at, err));
    NAS_TRY(read_tables(p, &t, at, err));
    return check_entries(p, &t, n_labels, err);
}

nas_status nas_pack_open(const char *path, const nas_hash *key, int32_t n_labels, nas_pack *out,
                         nas_err *err) {
    *out = (nas_pack){0};
    nas_pack p = {.fd = nas_file_open(path)};
    if (p.fd < 0) return nas_fail_errno(err, "cannot open %s", path);
    p.path = strdup(path);
    const nas_status st =
        p.path ? open_in(&p, key, n_labels, err) : nas_fail(err, NAS_ENOMEM, "out of memory");
    if (st == NAS_OK)
        *out = p;
    else
        close_pack(&p);
    return st;
}

void nas_pack_close(nas_pack *p) {
    if (p->tables.p) close_pack(p);
    *p = (nas_pack){0};
}

nas_status nas_pack_samples(const nas_pack *p, int32_t i, float *out, nas_err *err) {
    if (read_samples(p, i, out)) return NAS_OK;
    return nas_fail(err, NAS_EIO,
                    "the packed clips %s were changed or cut while they were in use, or cannot be "
                    "read (%s); the next run makes them again",
                    p->path, p->text + p->entries[i].name);
}

/* Is what a nas says of a clip that could be hashed no fault of its file? */
static bool is_no_fault(const char *why) {
    static const char *const texts[] = {"cannot open it: ", "cannot examine it: ", nowhere, NULL};
    for (const char *const *t = texts; *t; t++)
        if (strncmp(why, *t, strlen(*t)) == 0) return true;
    return strstr(why, "Internal malloc") != NULL;
}

bool nas_pack_lacks(const nas_pack *p, const nas_clip_list *l) {
    int32_t bad = 0; /* in the order of the list */
    for (int32_t i = 0; i < l->n && bad < p->n_bad; i++) {
        const char *reason = p->text + p->bad[bad].text;
        const size_t n = strlen(l->files[i].name);
        if (strncmp(reason, l->files[i].name, n) != 0 || strncmp(reason + n, ": ", 2) != 0)
            continue;
        if (l->files[i].readable && is_no_fault(reason + n + 2)) return true;
        bad++;
    }
    return false;
}
