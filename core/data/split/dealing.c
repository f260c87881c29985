/* core/data/split/dealing.c - speakers in an order of their own for each salt, and what they have.
 */
#include "core/data/split/int.h"

#include <stdlib.h>
#include <string.h>

const char *nas_part_name(nas_part p) {
    static const char *const names[] = {"train", "validation", "test"};
    return (unsigned)p < NAS_SPLIT_PARTS ? names[p] : "?";
}

const char *nas_part_set(nas_part p) {
    static const char *const names[] = {"training set", "validation set", "test set"};
    return (unsigned)p < NAS_SPLIT_PARTS ? names[p] : "?";
}

int nas_ordered_compare(const void *a, const void *b) {
    const nas_ordered *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return (x->rank > y->rank) - (x->rank < y->rank);
}

/* The finalizer of SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t mix(uint64_t x) {
    x += 0x9e3779b97f4a7c15U;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9U;
    x = (x ^ x >> 27) * 0x94d049bb133111ebU;
    return x ^ x >> 31;
}

int32_t nas_dealing_order(nas_dealing *d, uint32_t salt, uint64_t most) {
    const uint64_t s = mix(salt);
    int32_t n = 0;
    for (int32_t i = 0; i < d->n_speakers; i++) {
        const uint64_t key = mix(d->speakers[i].hash ^ s);
        if (key <= most) d->order[n++] = (nas_ordered){.key = key, .rank = i};
    }
    qsort(d->order, (size_t)n, sizeof *d->order, nas_ordered_compare);
    return n;
}

uint64_t nas_split_text_hash(const char *s) {
    const nas_hash h = nas_hash_of(s, strlen(s));
    return nas_hash_u64(&h);
}

/* A clip for sorting: by speaker, then label. */
typedef struct named {
    const char *speaker;
    int32_t label, clip;
} named;

static int by_speaker(const void *a, const void *b) {
    const named *x = a, *y = b;
    const int s = strcmp(x->speaker, y->speaker);
    return s != 0 ? s : (x->label > y->label) - (x->label < y->label);
}

static void count_speakers(nas_dealing *d, named *clips) {
    const int32_t n = d->c->n;
    int32_t used = 0;
    for (int32_t i = 0; i < n; i++)
        clips[i] = (named){d->c->clips[i].speaker, d->c->clips[i].label, i};
    qsort(clips, (size_t)n, sizeof *clips, by_speaker);
    for (int32_t i = 0; i < n; i++) {
        const bool fresh = i == 0 || strcmp(clips[i].speaker, clips[i - 1].speaker) != 0;
        if (fresh)
            d->speakers[d->n_speakers++] = (nas_speaker){
                .hash = nas_split_text_hash(clips[i].speaker), .first = used, .end = used};
        nas_speaker *s = &d->speakers[d->n_speakers - 1];
        if (fresh || clips[i].label != clips[i - 1].label) {
            d->shares[used++] = (nas_speaker_share){.label = clips[i].label};
            s->end = used;
        }
        d->shares[used - 1].clips++;
        s->clips++;
        d->speaker_of[clips[i].clip] = d->n_speakers - 1;
    }
}

nas_status nas_dealing_open(nas_dealing *d, const nas_clips *c, int32_t parts, nas_arena *a,
                            nas_err *err) {
    const size_t n = (size_t)c->n, labels = (size_t)c->n_labels;
    d->c = c;
    if (n == 0 || labels == 0) return nas_fail(err, NAS_EINVAL, "split: there are no clips");
    d->speakers = nas_arena_array(a, n, sizeof *d->speakers, err);
    d->speaker_of = nas_arena_array(a, n, sizeof *d->speaker_of, err);
    d->shares = nas_arena_array(a, n, sizeof *d->shares, err);
    d->order = nas_arena_array(a, n, sizeof *d->order, err);
    d->part = nas_arena_array(a, n, sizeof *d->part, err);
    d->total = nas_arena_array(a, labels, sizeof *d->total, err);
    d->count = nas_arena_array(a, labels * (size_t)parts, sizeof *d->count, err);
    named *clips = nas_arena_array(a, n, sizeof *clips, err);
    if (!d->speakers || !d->speaker_of || !d->shares || !d->order || !d->part || !d->total ||
        !d->count || !clips)
        return NAS_ENOMEM;
    for (size_t i = 0; i < n; i++) d->total[c->clips[i].label]++;
    for (size_t l = 0; l < labels; l++)
        if (d->total[l] == 0)
            return nas_fail(err, NAS_EINVAL, "split: the class \"%s\" has no clips", c->labels[l]);
    count_speakers(d, clips);
    return NAS_OK;
}

nas_status nas_split_check_speakers(const nas_clips *c, const nas_log *log, nas_err *err) {
    if (c->n_unnamed == 0) return NAS_OK;
    if (c->has_pattern)
        return nas_fail(err, NAS_EINVAL,
                        "task.split.speaker_pattern finds no speaker in the names of %d of %d "
                        "clips, as in %s; one speaker's clips would lie in several sets. Mend the "
                        "pattern, or split by \"file\"",
                        c->n_unnamed, c->n, c->unnamed);
    nas_warn(
        log,
        "split: the names of %d of %d clips tell no speaker, as %s; clips of one name count as "
        "one speaker, so they are %d. Set task.split.speaker_pattern if names do tell",
        c->n_unnamed, c->n, c->unnamed, c->n_unnamed_speakers);
    return NAS_OK;
}

nas_hash nas_split_fingerprint(const nas_clips *c, const char *what, const uint8_t *part) {
    nas_hasher h = nas_hasher_start();
    nas_hasher_text(&h, what);
    nas_hasher_hash(&h, &c->fingerprint);
    nas_hasher_i64(&h, c->n);
    nas_hasher_add(&h, part, (size_t)c->n);
    return nas_hasher_end(&h);
}
