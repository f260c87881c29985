/* core/data/split/split.c - dealing clips to the parts. */
#include "core/data/split/int.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS = NAS_SPLIT_PARTS, SALTS = NAS_SPLIT_SALTS };
static const double tolerance = NAS_SPLIT_TOLERANCE;

const char *nas_part_name(nas_part p) {
    static const char *const names[] = {"train", "validation", "test"};
    return (unsigned)p < PARTS ? names[p] : "?";
}

static int by_key(const void *a, const void *b) {
    const nas_ordered *x = a, *y = b;
    if (x->key != y->key) return x->key < y->key ? -1 : 1;
    return (x->rank > y->rank) - (x->rank < y->rank);
}

/* How far a part's clips of a class are from their share, as a fraction of it. */
static double off_share(const nas_dealing *d, int p, int32_t label) {
    const double want = d->want[p] * (double)d->total[label];
    return fabs((double)d->count[p * d->c->n_labels + label] / want - 1.0);
}

/* The largest distance of any class in any part; infinite when the split cannot be used because a
 * part or a class in the training part is empty. */
static double judge(nas_dealing *d) {
    double worst = -1.0;
    for (int p = 0; p < PARTS; p++) {
        int64_t all = 0;
        for (int32_t l = 0; l < d->c->n_labels; l++) {
            const int64_t n = d->count[p * d->c->n_labels + l];
            const double off = p == NAS_TRAIN && n == 0 ? (double)INFINITY : off_share(d, p, l);
            all += n;
            if (off <= worst) continue;
            worst = off;
            d->worst_label = l;
            d->worst_part = p;
        }
        if (all == 0) return (double)INFINITY;
    }
    return worst;
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
    qsort(d->order, (size_t)n, sizeof *d->order, by_key);
    return n;
}

static void move(nas_dealing *d, int32_t rank, int p) {
    const nas_speaker *s = &d->speakers[rank];
    d->part[rank] = (uint8_t)p;
    for (int32_t i = s->first; i < s->end; i++) {
        d->count[NAS_TRAIN * d->c->n_labels + d->shares[i].label] -= d->shares[i].clips;
        d->count[p * d->c->n_labels + d->shares[i].label] += d->shares[i].clips;
    }
}

/* Deals the first n speakers of d->order; false when they were not enough. */
static bool deal(nas_dealing *d, int32_t n) {
    const size_t labels = (size_t)d->c->n_labels;
    memset(d->count, 0, PARTS * labels * sizeof *d->count);
    memcpy(d->count + NAS_TRAIN * labels, d->total, labels * sizeof *d->count);
    memset(d->part, NAS_TRAIN, (size_t)d->n_speakers);
    int32_t next = 0;
    for (int p = NAS_TEST; p >= NAS_VALIDATION; p--) {
        int32_t clips = 0;
        for (; clips < d->least[p] && next < n; next++) {
            clips += d->speakers[d->order[next].rank].clips;
            move(d, d->order[next].rank, p);
        }
        if (clips < d->least[p]) return false;
    }
    return true;
}

/* Only the speakers at the front of the order are ever dealt, so only about as many are sorted; the
 * rare case that they do not reach sorts all. */
static double try_salt(nas_dealing *d, uint32_t salt) {
    const double part = d->want[NAS_VALIDATION] + d->want[NAS_TEST];
    const double front = 1.2 * part + 32.0 / (double)d->n_speakers;
    const uint64_t most = front < 0.99 ? (uint64_t)(front * 0x1p64) : UINT64_MAX;
    if (!deal(d, nas_dealing_order(d, salt, most)))
        (void)deal(d, nas_dealing_order(d, salt, UINT64_MAX));
    return judge(d);
}

static nas_status no_split(const nas_dealing *d, const char *what, nas_err *err) {
    return nas_fail(err, NAS_EINVAL,
                    "split: %d clips of %d speakers cannot be split into train, validation (%g) "
                    "and test (%g) %s without an empty part or a class that has no clip to train "
                    "on; give more clips, or other shares",
                    d->c->n, d->n_speakers, d->want[NAS_VALIDATION], d->want[NAS_TEST], what);
}

static void warn_of_worst(const nas_dealing *d, const nas_log *log) {
    const int32_t l = d->worst_label;
    const double want = d->want[d->worst_part] * (double)d->total[l];
    nas_warn(log,
             "split: whichever way speakers are dealt, a class is off its share of a part by more "
             "than a fifth: the %s part has %lld clips of \"%s\", its share is %.3g; figures of "
             "that part weigh the class so. More speakers even it out",
             nas_part_name((nas_part)d->worst_part),
             (long long)d->count[d->worst_part * d->c->n_labels + l], d->c->labels[l], want);
}

static nas_status split_by_speaker(nas_dealing *d, const nas_log *log, uint8_t *part,
                                   nas_err *err) {
    uint32_t best = 0;
    double off = (double)INFINITY;
    for (uint32_t salt = 0; salt < SALTS && off > tolerance; salt++) {
        const double this = try_salt(d, salt);
        if (this >= off) continue;
        off = this;
        best = salt;
    }
    if (isinf(off)) return no_split(d, "by speaker", err);
    (void)try_salt(d, best);
    if (off > tolerance) warn_of_worst(d, log);
    for (int32_t i = 0; i < d->c->n; i++) part[i] = d->part[d->speaker_of[i]];
    return NAS_OK;
}

static uint64_t hash_of_text(const char *s) {
    const nas_hash h = nas_hash_of(s, strlen(s));
    return nas_hash_u64(&h);
}

/* Each class by itself: its clips in the order of the hash of their names, test first. */
static nas_status split_by_file(nas_dealing *d, nas_ordered *clips, uint8_t *part, nas_err *err) {
    const int32_t labels = d->c->n_labels;
    memset(d->count, 0, PARTS * (size_t)labels * sizeof *d->count);
    for (int32_t i = 0; i < d->c->n; i++)
        clips[i] = (nas_ordered){.key = hash_of_text(d->c->clips[i].name), .rank = i};
    qsort(clips, (size_t)d->c->n, sizeof *clips, by_key);
    for (int32_t i = 0; i < d->c->n; i++) {
        const int32_t k = clips[i].rank, l = d->c->clips[k].label;
        int p = NAS_TRAIN;
        for (int q = NAS_VALIDATION; q <= NAS_TEST; q++) {
            const double want = floor(d->want[q] * (double)d->total[l] + 0.5);
            if ((double)d->count[q * labels + l] < want) p = q;
        }
        part[k] = (uint8_t)p;
        d->count[p * labels + l]++;
    }
    return isinf(judge(d)) ? no_split(d, "by file", err) : NAS_OK;
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
            d->speakers[d->n_speakers++] =
                (nas_speaker){.hash = hash_of_text(clips[i].speaker), .first = used, .end = used};
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
                        "clips, as in %s; one speaker's clips would lie in several parts. Mend the "
                        "pattern, or split by \"file\"",
                        c->n_unnamed, c->n, c->unnamed);
    nas_warn(
        log,
        "split: the names of %d of %d clips tell no speaker, as %s; clips of one name count as "
        "one speaker, so they are %d. Set task.split.speaker_pattern if names do tell",
        c->n_unnamed, c->n, c->unnamed, c->n_unnamed_speakers);
    return NAS_OK;
}

static nas_status set_shares(nas_dealing *d, const nas_split_config *config, nas_err *err) {
    d->want[NAS_VALIDATION] = config->validation;
    d->want[NAS_TEST] = config->test;
    d->want[NAS_TRAIN] = 1.0 - config->validation - config->test;
    if (!(config->validation > 0.0) || !(config->test > 0.0) || !(d->want[NAS_TRAIN] > 1e-9))
        return nas_fail(err, NAS_EINVAL,
                        "split.validation is %g and split.test %g; both are above 0, and together "
                        "below 1",
                        config->validation, config->test);
    for (int p = 0; p < PARTS; p++)
        d->least[p] = (int32_t)ceil(d->want[p] * (double)d->c->n - 1e-6);
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

static nas_status deal_shares(const nas_clips *c, const nas_split_config *config,
                              const nas_log *log, nas_arena *a, uint8_t *part, nas_err *err) {
    nas_dealing d = {.c = c};
    NAS_TRY(set_shares(&d, config, err));
    if (config->by == NAS_BY_SPEAKER) NAS_TRY(nas_split_check_speakers(c, log, err));
    NAS_TRY(nas_dealing_open(&d, c, PARTS, a, err));
    return config->by == NAS_BY_SPEAKER ? split_by_speaker(&d, log, part, err)
                                        : split_by_file(&d, d.order, part, err);
}

static nas_status assign(const nas_clips *c, const nas_split_config *config, bool allow_missing,
                         const nas_log *log, nas_arena *a, uint8_t *part, nas_err *err) {
    if (config->by == NAS_BY_LISTS)
        return nas_split_by_lists(c, config, allow_missing, log, a, part, err);
    if (config->by == NAS_BY_FOLDERS) return nas_split_by_folders(c, log, a, part, err);
    if (config->folds < 2) return deal_shares(c, config, log, a, part, err);
    nas_hash ignored;
    uint8_t *fold = nas_arena_alloc(a, (size_t)c->n, err);
    if (!fold) return NAS_ENOMEM;
    NAS_TRY(nas_split_folds(c, config, log, fold, &ignored, err));
    (void)nas_split_fold_parts(c, config->stopping > 0, fold, -1, part, &ignored);
    /* Whoever had a say in the training is no judge of it. */
    for (int32_t i = 0; i < c->n; i++)
        if (part[i] == NAS_VALIDATION) part[i] = NAS_TRAIN;
    return NAS_OK;
}

nas_status nas_split_make(const nas_clips *c, const nas_split_config *config, bool allow_missing,
                          const nas_log *log, uint8_t *part, nas_hash *fingerprint, nas_err *err) {
    assert(config->by >= NAS_BY_SPEAKER && config->by <= NAS_BY_GROUPS);
    *fingerprint = (nas_hash){0};
    nas_arena *a = NULL;
    NAS_TRY(nas_arena_open(&a, err));
    const nas_status st = assign(c, config, allow_missing, log, a, part, err);
    if (st == NAS_OK) *fingerprint = nas_split_fingerprint(c, "split", part);
    nas_arena_close(a);
    return st;
}
