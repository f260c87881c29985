/* core/data/split/split.c - dealing clips to the parts. */
#include "core/data/split/int.h"

#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { PARTS = NAS_SPLIT_PARTS, SALTS = NAS_SPLIT_SALTS };
static const double tolerance = NAS_SPLIT_TOLERANCE;

/* How far a part's clips of a class are from their share, as a fraction of it. */
static double off_share(const nas_dealing *d, int p, int32_t label) {
    const double want = d->want[p] * (double)d->total[label];
    return fabs((double)d->count[p * d->c->n_labels + label] / want - 1.0);
}

/* The largest distance of any class in any part; infinite when the split cannot be used because a
 * part or a class in the training set is empty. */
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
                    "and test (%g) %s without an empty set or a class that has no clip to train "
                    "on; add clips, or set other shares",
                    d->c->n, d->n_speakers, d->want[NAS_VALIDATION], d->want[NAS_TEST], what);
}

static void warn_of_worst(const nas_dealing *d, const nas_log *log) {
    const int32_t l = d->worst_label;
    const double want = d->want[d->worst_part] * (double)d->total[l];
    nas_warn(
        log,
        "split: no way of dealing the speakers gives every class its share of each set within a "
        "fifth. The %s has %lld clips of \"%s\"; its share is %.3g. Figures of that set weigh "
        "the class accordingly. Add speakers",
        nas_part_set((nas_part)d->worst_part),
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

/* Each class by itself: its clips in the order of the hash of their names, test first. */
static nas_status split_by_file(nas_dealing *d, nas_ordered *clips, uint8_t *part, nas_err *err) {
    const int32_t labels = d->c->n_labels;
    memset(d->count, 0, PARTS * (size_t)labels * sizeof *d->count);
    for (int32_t i = 0; i < d->c->n; i++)
        clips[i] = (nas_ordered){.key = nas_split_text_hash(d->c->clips[i].name), .rank = i};
    qsort(clips, (size_t)d->c->n, sizeof *clips, nas_ordered_compare);
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
