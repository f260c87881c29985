/* core/data/split/folds.c - groups of speakers for cross-validation. */
#include "core/data/split/int.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

enum { held = NAS_FOLDS_MOST }; /* where the test set stands among the counts */

typedef struct folding {
    nas_dealing d; /* count has NAS_FOLDS_MOST + 1 parts; part is a fold or held */
    int32_t folds, least;
    double test, stopping;
    int32_t clips[NAS_FOLDS_MOST + 1];
} folding;

static void give(folding *f, int32_t rank, int32_t to) {
    nas_dealing *d = &f->d;
    const nas_speaker *s = &d->speakers[rank];
    d->part[rank] = (uint8_t)to;
    f->clips[to] += s->clips;
    for (int32_t i = s->first; i < s->end; i++)
        d->count[to * d->c->n_labels + d->shares[i].label] += d->shares[i].clips;
}

/* The fold whose squared class shares this speaker raises least; then the one with fewest clips. */
static int32_t least_filled(const folding *f, int32_t rank) {
    const nas_dealing *d = &f->d;
    const nas_speaker *s = &d->speakers[rank];
    int32_t best = 0;
    double least = (double)INFINITY;
    for (int32_t k = 0; k < f->folds; k++) {
        double rise = 0;
        for (int32_t i = s->first; i < s->end; i++) {
            const nas_speaker_share *p = &d->shares[i];
            const double total = (double)d->total[p->label];
            rise += (double)d->count[k * d->c->n_labels + p->label] * p->clips / (total * total);
        }
        if (rise < least || (rise == least && f->clips[k] < f->clips[best])) {
            least = rise;
            best = k;
        }
    }
    return best;
}

/* The largest distance of any class from its share, of any fold or the test set; infinite when one
 * of them is empty, or a class is missing where the others train. */
static double judge(folding *f) {
    nas_dealing *d = &f->d;
    double worst = -1;
    for (int32_t k = 0; k <= held; k++) {
        if (k >= f->folds && (k != held || !(f->test > 0))) continue;
        if (f->clips[k] == 0) return (double)INFINITY;
        const double share = k == held ? f->test : (1 - f->test) / f->folds;
        for (int32_t l = 0; l < d->c->n_labels; l++) {
            const double n = (double)d->count[k * d->c->n_labels + l];
            const double all = (double)d->total[l];
            const double tested = (double)d->count[held * d->c->n_labels + l];
            if (k != held && all - tested - n < 1) return (double)INFINITY;
            const double off = fabs(n / (share * all) - 1);
            if (off <= worst) continue;
            worst = off;
            d->worst_label = l;
            d->worst_part = k;
        }
    }
    return worst;
}

static double try_salt(folding *f, uint32_t salt) {
    nas_dealing *d = &f->d;
    memset(d->count, 0, (size_t)(held + 1) * (size_t)d->c->n_labels * sizeof *d->count);
    memset(f->clips, 0, sizeof f->clips);
    const int32_t n = nas_dealing_order(d, salt, UINT64_MAX);
    int32_t i = 0;
    for (; i < n && f->clips[held] < f->least; i++) give(f, d->order[i].rank, held);
    for (; i < n; i++) give(f, d->order[i].rank, least_filled(f, d->order[i].rank));
    return judge(f);
}

static void warn_of_worst(const folding *f, const nas_log *log) {
    const nas_dealing *d = &f->d;
    const int32_t l = d->worst_label, k = d->worst_part;
    const double share = k == held ? f->test : (1 - f->test) / f->folds;
    char where[32] = "The test set";
    if (k != held) snprintf(where, sizeof where, "Fold %d", k + 1);
    nas_warn(
        log,
        "split: no way of dealing the speakers gives every class its share of each fold within a "
        "fifth. %s has %lld clips of \"%s\"; its share is %.3g. Every clip is still judged "
        "once. Add speakers",
        where, (long long)d->count[k * d->c->n_labels + l], d->c->labels[l],
        share * (double)d->total[l]);
}

/* Of each fold the first speakers in the order of the salt, until they have their share. */
static nas_status pick_stopping(folding *f, uint32_t salt, uint8_t *stops, nas_err *err) {
    nas_dealing *d = &f->d;
    const int32_t labels = d->c->n_labels, n = nas_dealing_order(d, salt, UINT64_MAX);
    int32_t clips[NAS_FOLDS_MOST + 1] = {0};
    /* From here on count holds what trains. */
    for (int32_t i = 0; i < n; i++) {
        const int32_t rank = d->order[i].rank, k = d->part[rank];
        const nas_speaker *s = &d->speakers[rank];
        stops[rank] = k != held && clips[k] < f->stopping * f->clips[k];
        if (!stops[rank]) continue;
        clips[k] += s->clips;
        for (int32_t p = s->first; p < s->end; p++)
            d->count[k * labels + d->shares[p].label] -= d->shares[p].clips;
    }
    for (int32_t l = 0; l < labels; l++) {
        int64_t all = 0;
        for (int32_t k = 0; k < f->folds; k++) all += d->count[k * labels + l];
        for (int32_t k = 0; k < f->folds; k++)
            if (all - d->count[k * labels + l] < 1)
                return nas_fail(err, NAS_EINVAL,
                                "split: with \"stopping\" %g of each fold no clip of \"%s\" is "
                                "left to train on beside fold %d; give more speakers, or less",
                                f->stopping, d->c->labels[l], k + 1);
    }
    return NAS_OK;
}

static nas_status deal_folds(const nas_clips *c, const nas_split_config *config, const nas_log *log,
                             nas_arena *a, uint8_t *fold, nas_err *err) {
    folding dealt = {.folds = config->folds, .test = config->test, .stopping = config->stopping};
    folding *f = &dealt;
    f->least = (int32_t)ceil(config->test * (double)c->n - 1e-6);
    NAS_TRY(nas_dealing_open(&f->d, c, held + 1, a, err));
    uint32_t best = 0;
    double off = (double)INFINITY;
    for (uint32_t salt = 0; salt < NAS_SPLIT_SALTS && off > NAS_SPLIT_TOLERANCE; salt++) {
        const double this = try_salt(f, salt);
        if (this >= off) continue;
        off = this;
        best = salt;
    }
    if (isinf(off))
        return nas_fail(err, NAS_EINVAL,
                        "split: %d clips of %d speakers cannot be dealt into %d folds and a test "
                        "set (%g) without an empty one or a class that has no clip to train on; "
                        "add speakers, or take fewer folds",
                        c->n, f->d.n_speakers, f->folds, f->test);
    (void)try_salt(f, best);
    if (off > NAS_SPLIT_TOLERANCE) warn_of_worst(f, log);
    uint8_t *stops = nas_arena_array(a, (size_t)f->d.n_speakers, sizeof *stops, err);
    if (!stops) return NAS_ENOMEM;
    if (f->stopping > 0) NAS_TRY(pick_stopping(f, best, stops, err));
    for (int32_t i = 0; i < c->n; i++) {
        const int32_t rank = f->d.speaker_of[i], k = f->d.part[rank];
        fold[i] = k == held ? NAS_TEST_FOLD : (uint8_t)(stops[rank] ? NAS_STOPPING_FOLD + k : k);
    }
    return NAS_OK;
}

nas_status nas_split_folds(const nas_clips *c, const nas_split_config *config, const nas_log *log,
                           uint8_t *fold, nas_hash *fingerprint, nas_err *err) {
    *fingerprint = (nas_hash){0};
    if ((config->by != NAS_BY_SPEAKER && config->by != NAS_BY_GROUPS) || config->folds < 2 ||
        config->folds > NAS_FOLDS_MOST || !(config->test >= 0) || !(config->test < 1) ||
        !(config->stopping >= 0) || !(config->stopping < 1))
        return nas_fail(err, NAS_EINVAL,
                        "split: folds are by speaker or by groups, 2 to %d, beside a test share of "
                        "0 to below 1",
                        NAS_FOLDS_MOST);
    NAS_TRY(nas_split_check_speakers(c, log, err));
    nas_arena *a = NULL;
    NAS_TRY(nas_arena_open(&a, err));
    const nas_status st = config->by == NAS_BY_GROUPS
                              ? nas_split_by_groups(c, config, log, a, fold, err)
                              : deal_folds(c, config, log, a, fold, err);
    if (st == NAS_OK) *fingerprint = nas_split_fingerprint(c, "folds", fold);
    nas_arena_close(a);
    return st;
}

nas_part nas_split_fold_parts(const nas_clips *c, bool stopping, const uint8_t *fold, int32_t k,
                              uint8_t *part, nas_hash *fingerprint) {
    const nas_part judged = stopping && k >= 0 ? NAS_TEST : NAS_VALIDATION;
    for (int32_t i = 0; i < c->n; i++) {
        const bool stops = fold[i] != NAS_TEST_FOLD && fold[i] >= NAS_STOPPING_FOLD;
        const int32_t of = stops ? fold[i] - NAS_STOPPING_FOLD : fold[i];
        if (of == NAS_TEST_FOLD)
            part[i] = judged == NAS_TEST ? NAS_NO_PART : NAS_TEST;
        else
            part[i] = (uint8_t)(of == k ? judged : stops ? NAS_VALIDATION : NAS_TRAIN);
    }
    *fingerprint = nas_split_fingerprint(c, "split", part);
    return judged;
}
