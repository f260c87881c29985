/* search/task/keywords/silence.c - clips of silence found in the recordings: a table of the first
 * samples of each clip, and one pass over all recordings. */
#include "search/task/keywords/silence.h"

#include "core/audio/sound.h"
#include "core/data/clips/noise.h"

#include <stdlib.h>
#include <string.h>

enum { HEAD = 8, MOST_SECONDS = 1800 }; /* samples that are looked up before all are compared */

typedef struct table {
    const nas_clips *c;
    int32_t *next, *first; /* [clips], [slots]: chains; -1 ends them */
    uint32_t slots;        /* a power of two */
    bool *known;           /* [clips] */
    float **pcm;           /* [clips] of those that are looked for; else NULL */
    int32_t n, found;
} table;

static uint32_t slot_of(const table *t, const float *x) {
    uint32_t bits[HEAD], h = 2166136261u; /* FNV-1a over words */
    memcpy(bits, x, sizeof bits);
    for (int i = 0; i < HEAD; i++) h = (h ^ bits[i]) * 16777619u;
    return (h ^ h >> 15) & (t->slots - 1);
}

static bool is_silence(const nas_clips *c, int32_t i) {
    const nas_clip *k = &c->clips[i]; /* whence a cut of ours comes is known */
    return !k->cut && strcmp(c->labels[k->label], "_silence_") == 0 && k->samples >= HEAD;
}

/* Digital zeros stand in many recordings, and tell of none. */
static bool is_flat(const float *pcm, int64_t n) {
    for (int64_t i = 1; i < n; i++)
        if (pcm[i] != pcm[0]) return false;
    return true;
}

static nas_status add(table *t, int32_t i, nas_err *err) {
    const nas_clip *k = &t->c->clips[i];
    if (!(t->pcm[i] = malloc((size_t)k->samples * sizeof *t->pcm[i])))
        return nas_fail(err, NAS_ENOMEM, "out of memory");
    NAS_TRY(nas_clips_samples(t->c, i, t->pcm[i], err));
    if (is_flat(t->pcm[i], k->samples)) return NAS_OK;
    int32_t *first = &t->first[slot_of(t, t->pcm[i])];
    t->next[i] = *first;
    *first = i;
    return NAS_OK;
}

static nas_status fill(table *t, nas_arena *a, nas_err *err) {
    const size_t clips = (size_t)t->c->n;
    for (t->slots = 64; t->slots < 4 * (uint32_t)t->n; t->slots *= 2) {}
    t->next = nas_arena_array(a, clips, sizeof *t->next, err);
    t->first = nas_arena_array(a, t->slots, sizeof *t->first, err);
    t->known = nas_arena_array(a, clips, sizeof *t->known, err);
    if (!t->next || !t->first || !t->known) return NAS_ENOMEM;
    memset(t->first, 0xff, t->slots * sizeof *t->first);
    for (int32_t i = 0; i < t->c->n; i++)
        if (is_silence(t->c, i)) NAS_TRY(add(t, i, err));
    return NAS_OK;
}

static void look(table *t, const nas_sound *s, const char *name, const char **group) {
    for (int64_t at = 0; at + HEAD <= s->samples; at++)
        for (int32_t i = t->first[slot_of(t, s->pcm + at)], after; i >= 0; i = after) {
            const nas_clip *k = &t->c->clips[i];
            after = t->next[i];
            if (t->known[i] || k->rate_hz != s->rate_hz || k->samples > s->samples - at ||
                memcmp(t->pcm[i], s->pcm + at, (size_t)k->samples * sizeof *s->pcm) != 0)
                continue;
            group[i] = name;
            t->known[i] = true;
            t->found++;
        }
}

static nas_status search(table *t, const nas_noise_files *files, const nas_log *log, nas_arena *a,
                         const char **group, nas_err *err) {
    NAS_TRY(fill(t, a, err));
    for (int32_t i = 0; i < files->n; i++) {
        nas_sound s;
        const char *slash = strrchr(files->paths[i], '/');
        if (nas_should_stop(log)) return nas_fail(err, NAS_ESTOP, "stopped");
        const nas_hearing hearing = {.seconds = MOST_SECONDS};
        const nas_status st = nas_noise_hear(files, i, &hearing, &s, err);
        if (st == NAS_EFORMAT) continue;
        NAS_TRY(st);
        const char *name =
            nas_arena_format(a, err, "_background_noise_/%s", slash ? slash + 1 : files->paths[i]);
        if (name) look(t, &s, name, group);
        nas_sound_free(&s);
        if (!name) return NAS_ENOMEM;
    }
    return NAS_OK;
}

nas_status nas_silence_groups(const nas_clips *c, const char *folder, const nas_log *log,
                              nas_arena *a, const char **group, nas_err *err) {
    table t = {.c = c};
    nas_noise_files files;
    for (int32_t i = 0; i < c->n; i++) t.n += is_silence(c, i);
    if (!t.n) return NAS_OK;
    NAS_TRY(nas_noise_list(a, folder, &files, err));
    if (!files.n) return NAS_OK;
    if (!(t.pcm = calloc((size_t)c->n, sizeof *t.pcm)))
        return nas_fail(err, NAS_ENOMEM, "out of memory");
    const nas_status st = search(&t, &files, log, a, group, err);
    for (int32_t i = 0; i < c->n; i++) free(t.pcm[i]);
    free(t.pcm);
    NAS_TRY(st);
    if (t.found < t.n)
        nas_warn(log,
                 "%d of %d clips of _silence_ stand in no recording of _background_noise_; their "
                 "groups are their speakers",
                 t.n - t.found, t.n);
    return NAS_OK;
}
