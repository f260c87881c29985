/* core/data/clips/pack_open.c - opening the packed file and reading from it. Nothing of it is
 * mapped: what is used is checked after it was read. */
#include "core/data/clips/pack_int.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char nas_pack_magic[NAS_PACK_MAGIC] = "nas packed clips\n";

static_assert(sizeof(nas_pack_entry) == 88 && sizeof(nas_pack_bad) == 8 &&
                  sizeof(nas_pack_tail) == 96,
              "no padding in the pack");

const nas_pack_tail nas_pack_blank = {.magic = "NASCLIPS", .version = 2, .byte_order = 0x01020304};
const char nas_pack_nowhere[] = "a link that leads nowhere";

uint64_t nas_pack_sum(uint64_t state, const void *p, size_t bytes) {
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

uint64_t nas_pack_sum_clip(const void *pcm, size_t bytes) {
    uint8_t last[8] = {0};
    const size_t whole = bytes / sizeof last * sizeof last;
    memcpy(last, (const uint8_t *)pcm + whole, bytes - whole);
    return nas_pack_sum(nas_pack_sum(0, pcm, whole), last, sizeof last);
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
static nas_status check_tail(const nas_pack *p, uint64_t all, const nas_hash *key, nas_pack_tail *t,
                             uint64_t *at, nas_err *err) {
    char magic[NAS_PACK_MAGIC];
    if (all < sizeof magic + sizeof *t) return damaged(p->path, "too short", err);
    NAS_TRY(nas_file_read_at(p->fd, p->path, 0, magic, sizeof magic, err));
    NAS_TRY(nas_file_read_at(p->fd, p->path, all - sizeof *t, t, sizeof *t, err));
    if (memcmp(magic, nas_pack_magic, sizeof magic) != 0 ||
        memcmp(t, &nas_pack_blank, offsetof(nas_pack_tail, key)) != 0 ||
        !nas_hash_equal(&t->key, key))
        return damaged(p->path, "not this pack", err);
    const uint64_t body = all - sizeof magic - sizeof *t;
    if (t->file_bytes != all || t->n > INT32_MAX || t->n_bad > INT32_MAX || t->pcm_bytes > body ||
        t->pcm_bytes % NAS_PACK_MAGIC != 0 || t->text_bytes > body || t->text_bytes < 8 ||
        t->text_bytes % 8 != 0 ||
        t->pcm_bytes + t->n * sizeof(nas_pack_entry) + t->n_bad * 8 + t->text_bytes != body)
        return damaged(p->path, "sizes", err);
    *at = sizeof magic + t->pcm_bytes;
    return NAS_OK;
}

/* Reads the tables and checks what was read. */
static nas_status read_tables(nas_pack *p, const nas_pack_tail *t, uint64_t at, nas_err *err) {
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
    uint64_t sum = nas_pack_sum(0, p->entries, entry_bytes);
    sum = nas_pack_sum(sum, p->bad, bad_bytes);
    sum = nas_pack_sum(sum, p->text, t->text_bytes);
    if (nas_pack_sum(sum, t, offsetof(nas_pack_tail, sum)) != t->sum ||
        p->text[t->text_bytes - 1] != '\0')
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
           nas_pack_sum_clip(out, bytes) == e->sum;
}

static nas_status check_entries(const nas_pack *p, const nas_pack_tail *t, int32_t n_labels,
                                nas_err *err) {
    uint64_t most = 0;
    for (int32_t i = 0; i < p->n; i++) {
        const nas_pack_entry *e = &p->entries[i];
        if (e->at % NAS_PACK_MAGIC != 0 || e->at > t->pcm_bytes || e->samples < 1 ||
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
    nas_pack_tail t;
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
    static const char *const texts[] = {"cannot open it: ", "cannot examine it: ", nas_pack_nowhere,
                                        NULL};
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
