/* search/task/keywords/audit_copies.c - clips, and speakers, that stand on both sides of a split.
 */
#include "base/text/digits.h"
#include "search/task/keywords/audit_int.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Clips with one sum, in their order. */
static int by_sum(const void *a, const void *b, void *ctx) {
    const nas_traits *t = ctx;
    const int32_t i = *(const int32_t *)a, k = *(const int32_t *)b;
    if (t[i].sum != t[k].sum) return t[i].sum < t[k].sum ? -1 : 1;
    return (i > k) - (i < k);
}

/* Two clips of one length. */
static nas_status compare(const nas_auditing *w, int32_t i, int32_t k, bool *equal) {
    const size_t n = (size_t)nas_clips_of(w->d)->clips[i].samples;
    float *x = malloc(n * sizeof *x), *y = malloc(n * sizeof *y);
    nas_status st = x && y ? NAS_OK : nas_fail(w->err, NAS_ENOMEM, "out of memory");
    if (st == NAS_OK) st = nas_clips_samples(nas_clips_of(w->d), i, x, w->err);
    if (st == NAS_OK) st = nas_clips_samples(nas_clips_of(w->d), k, y, w->err);
    *equal = st == NAS_OK && memcmp(x, y, n * sizeof *x) == 0;
    free(x);
    free(y);
    return st;
}

static nas_status are_equal(const nas_auditing *w, int32_t i, int32_t k, bool *equal) {
    const nas_clip *x = &nas_clips_of(w->d)->clips[i], *y = &nas_clips_of(w->d)->clips[k];
    *equal = w->t[i].sum == w->t[k].sum && x->samples == y->samples && x->rate_hz == y->rate_hz;
    return *equal ? compare(w, i, k, equal) : NAS_OK;
}

/* Two clips that are the same: the first pair by names. */
typedef struct pair {
    int32_t one, other; /* -1: none */
} pair;

static void keep_first(pair *p, int32_t one, int32_t other) {
    if (p->one < 0 || one < p->one) *p = (pair){one, other};
}

/* list: n clips that are the same, rising. */
static void count(const nas_auditing *w, const int32_t *list, int32_t n, pair *parts,
                  pair *classes) {
    const nas_clip *c = nas_clips_of(w->d)->clips;
    const int32_t place = nas_audit_place(w, list[0]), label = c[list[0]].label;
    int32_t in_part = -1, in_class = -1;
    for (int32_t i = n - 1; i > 0; i--) {
        const int32_t other = nas_audit_place(w, list[i]);
        if (place >= 0 && other >= 0 && other != place) in_part = list[i];
        if (c[list[i]].label != label) in_class = list[i];
    }
    w->out->copies += n;
    if (in_part >= 0) w->out->copies_in_parts += n;
    if (in_class >= 0) w->out->copies_in_classes += n;
    if (in_part >= 0) keep_first(parts, list[0], in_part);
    if (in_class >= 0) keep_first(classes, list[0], in_class);
}

static nas_status say_copies(const nas_auditing *w, const pair *parts, const pair *classes) {
    const nas_clip *c = nas_clips_of(w->d)->clips;
    char n[32], all[32], one[48], other[48];
    nas_thousands(nas_clips_of(w->d)->n, all);
    if (parts->one >= 0)
        NAS_TRY(nas_audit_say(
            w, "copies",
            "%s of %s clips have the same samples as a clip of another %s, such as "
            "%.120s (%s) and %.120s (%s): scores there are of sounds that were learnt; leave one "
            "of each",
            nas_thousands(w->out->copies_in_parts, n), all,
            w->d->folds ? "fold" : "set of the split", c[parts->one].name,
            nas_audit_place_name(w->d, nas_audit_place(w, parts->one), one), c[parts->other].name,
            nas_audit_place_name(w->d, nas_audit_place(w, parts->other), other)));
    if (classes->one >= 0)
        NAS_TRY(nas_audit_say(
            w, "copies",
            "%s of %s clips have the same samples as a clip of another class, such as %.120s and "
            "%.120s: one of the labels is wrong; remove the clip that has it",
            nas_thousands(w->out->copies_in_classes, n), all, c[classes->one].name,
            c[classes->other].name));
    return NAS_OK;
}

nas_status nas_audit_copies(const nas_auditing *w) {
    const int32_t n = nas_clips_of(w->d)->n;
    pair parts = {-1, -1}, classes = {-1, -1};
    int32_t *order = nas_arena_array(w->a, (size_t)n, sizeof *order, w->err);
    if (!order) return NAS_ENOMEM;
    for (int32_t i = 0; i < n; i++) order[i] = i;
    qsort_r(order, (size_t)n, sizeof *order, by_sum, (void *)w->t);
    for (int32_t i = 0, end; i < n; i = end) {
        bool equal = true;
        for (end = i + 1; end < n; end++) {
            NAS_TRY(are_equal(w, order[i], order[end], &equal));
            if (!equal) break;
        }
        if (end - i > 1 && !nas_audit_is_constant(w, order[i]))
            count(w, &order[i], end - i, &parts, &classes);
    }
    return say_copies(w, &parts, &classes);
}

/* Which parts each speaker is heard in: a bit a part. A recording that is cut is no speaker. */
static uint8_t *find_parts(const nas_auditing *w) {
    uint8_t *in = nas_arena_alloc(w->a, (size_t)w->out->speakers, w->err);
    for (int32_t i = 0; in && i < nas_clips_of(w->d)->n; i++)
        if (w->part[i] < NAS_PARTS && !nas_clips_of(w->d)->clips[i].cut)
            in[w->speaker[i]] |= (uint8_t)(1u << w->part[i]);
    return in;
}

static nas_status say_shared(const nas_auditing *w, int32_t first) {
    const nas_audit *o = w->out;
    char text[160] = "", a[32], b[32];
    for (int p = NAS_VALIDATION; p < NAS_PARTS; p++) {
        const size_t used = strlen(text);
        if (o->shared[p])
            snprintf(text + used, sizeof text - used, "%s%s of %s in the %s", used ? " and " : "",
                     nas_thousands(o->shared[p], a), nas_thousands(o->part_speakers[p], b),
                     nas_part_set((nas_part)p));
    }
    return nas_audit_say(
        w, "speakers",
        "%s speak in the training set too, \"%.80s\" is the first: scores are of "
        "voices that were learnt, and of strangers are lower; set split.by to "
        "\"speaker\"%s",
        text, w->speakers[first],
        nas_keywords_keys(w->d->task)->split.by == NAS_BY_FILE ? "" : ", or mend the lists");
}

/* By speaker and by groups none can be shared. Of clips without a speaker's name nobody knows. */
nas_status nas_audit_speakers(const nas_auditing *w) {
    nas_audit *o = w->out;
    int32_t first = -1;
    const uint8_t *in = find_parts(w);
    if (!in) return NAS_ENOMEM;
    for (int32_t s = 0; s < o->speakers; s++)
        for (int p = 0; p < NAS_PARTS; p++) {
            const bool here = in[s] >> p & 1, shared = here && p != NAS_TRAIN && in[s] & 1;
            o->part_speakers[p] += here;
            o->shared[p] += shared;
            if (shared && first < 0) first = s;
        }
    if (first < 0 || nas_clips_of(w->d)->n_unnamed == nas_clips_of(w->d)->n) return NAS_OK;
    return say_shared(w, first);
}
