/* search/task/keywords/deployed/pair.c - matches two models, and counts what only one of them had
 * right. */
#include "search/task/keywords/deployed/pair.h"

#include "search/task/keywords/deployed/speakers.h"
#include "search/task/keywords/keywords.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT = 160 };

static int32_t place_of(const nas_deployed *d, const char *label) {
    for (int32_t i = 0; i < d->n_labels; i++)
        if (strcmp(d->labels[i], label) == 0) return i;
    return -1;
}

/* The first label of x that y lacks, NULL: none. */
static const char *lacks(const nas_deployed *x, const nas_deployed *y) {
    for (int32_t i = 0; i < x->n_labels; i++)
        if (place_of(y, x->labels[i]) < 0) return x->labels[i];
    return NULL;
}

static nas_status match_labels(nas_arena *a, const char *const name[2], nas_deployed d[2],
                               nas_err *err) {
    for (int i = 0; i < 2; i++) {
        const char *only = lacks(&d[i], &d[1 - i]);
        if (only)
            return nas_fail(err, NAS_EINVAL,
                            "%s and %s hear other words: \"%.60s\" is a label of %s alone; two "
                            "models are compared on the same labels, in any order",
                            name[0], name[1], only, name[i]);
    }
    int32_t *order = nas_arena_array(a, (size_t)d[1].n_labels, sizeof *order, err);
    uint8_t *seen = nas_arena_alloc(a, (size_t)d[0].n_labels, err);
    if (!order || !seen) return NAS_ENOMEM;
    bool twice = d[0].n_labels != d[1].n_labels;
    for (int32_t i = 0; i < d[1].n_labels; i++) {
        order[i] = place_of(&d[0], d[1].labels[i]);
        twice |= seen[order[i]]++ != 0;
    }
    if (twice)
        return nas_fail(err, NAS_EINVAL,
                        "%s and %s: a label stands twice among those of one of them; expected "
                        "each once",
                        name[0], name[1]);
    d[1].labels = d[0].labels;
    d[1].order = order;
    return NAS_OK;
}

static bool texts_differ(const char *x, const char *y) {
    return x && y ? strcmp(x, y) != 0 : x != y;
}

/* Says what two splits differ in; NULL: in nothing. */
static const char *splits_differ(const nas_keywords_task *x, const nas_keywords_task *y,
                                 char out[TEXT]) {
    static const char *const by[] = {"speaker", "file", "lists", "folders", "groups"};
    const nas_split_config *p = &x->split, *q = &y->split;
    const struct {
        const char *key;
        double x, y;
    } numbers[] = {{"validation", p->validation, q->validation},
                   {"test", p->test, q->test},
                   {"folds", p->folds, q->folds},
                   {"stopping", p->stopping, q->stopping}};
    const struct {
        const char *key, *x, *y;
    } texts[] = {{"by", by[p->by], by[q->by]},
                 {"speaker_pattern", x->speaker_pattern, y->speaker_pattern},
                 {"train", p->train_list, q->train_list},
                 {"validation", p->validation_list, q->validation_list},
                 {"test", p->test_list, q->test_list},
                 {"list", p->list, q->list}};
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        if (texts_differ(texts[i].x, texts[i].y)) {
            snprintf(out, TEXT, "%s is %.40s and %.40s", texts[i].key,
                     texts[i].x ? texts[i].x : "absent", texts[i].y ? texts[i].y : "absent");
            return out;
        }
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++)
        if (numbers[i].x < numbers[i].y || numbers[i].x > numbers[i].y) {
            snprintf(out, TEXT, "%s is %g and %g", numbers[i].key, numbers[i].x, numbers[i].y);
            return out;
        }
    return NULL;
}

static nas_status match_splits(const char *const name[2], const nas_deployed d[2], nas_err *err) {
    char what[TEXT];
    for (int i = 0; i < 2; i++)
        if (!d[i].has_candidate)
            return nas_fail(err, NAS_EINVAL,
                            "--split: there is no candidate.json beside %s that says how clips are "
                            "split; leave --split out",
                            name[i]);
    const char *made = nas_made_differ(&d[0].task, &d[1].task);
    if (made)
        return nas_fail(err, NAS_EINVAL,
                        "%s and %s have other clips of %s: their task.%s differ, and so do their "
                        "sets. Leave --split out, or train both alike",
                        name[0], name[1], made, made);
    if (!splits_differ(&d[0].task, &d[1].task, what)) return NAS_OK;
    return nas_fail(
        err, NAS_EINVAL,
        "%s and %s are split differently: task.split.%s. Leave --split out, or train both "
        "with one split",
        name[0], name[1], what);
}

nas_status nas_pair_match(nas_arena *a, const char *const name[2], nas_deployed d[2], int part,
                          nas_err *err) {
    NAS_TRY(match_labels(a, name, d, err));
    if (part >= 0) NAS_TRY(match_splits(name, d, err));
    nas_deployed *from = d[0].has_candidate ? &d[0] : &d[1], *to = from == d ? &d[1] : &d[0];
    to->has_candidate = from->has_candidate;
    to->task = from->task;
    return NAS_OK;
}

static bool is_right(const nas_verdict *v, int32_t clip) {
    return v->heard[clip].label == v->heard[clip].class;
}

static nas_status check_same(const nas_verdict v[2], nas_err *err) {
    bool same = v[0].n == v[1].n;
    for (int32_t i = 0; same && i < v[0].n; i++)
        same = strcmp(v[0].heard[i].name, v[1].heard[i].name) == 0;
    if (same && nas_hash_equal(&v[0].contents, &v[1].contents)) return NAS_OK;
    return nas_fail(
        err, NAS_EIO,
        "clips changed between the two models: each would be judged on other sounds; run "
        "the same again once nobody writes there");
}

static int most_apart(const void *a, const void *b) {
    const nas_pair_speaker *x = a, *y = b;
    const int32_t dx = abs(x->right[0] - x->right[1]), dy = abs(y->right[0] - y->right[1]);
    return dx != dy ? (dx < dy ? 1 : -1) : strcmp(x->speaker, y->speaker);
}

/* Adds one speaker's clips to the counts. */
static nas_pair_speaker count_speaker(const nas_verdict v[2], const nas_speaker_heard *s,
                                      int32_t only[2], nas_pair *out) {
    nas_pair_speaker k = {.speaker = s->speaker, .n = s->n};
    for (int32_t i = 0; i < s->n; i++) {
        const bool a = is_right(&v[0], s->clip[i]), b = is_right(&v[1], s->clip[i]);
        k.right[0] += a;
        k.right[1] += b;
        only[0] += a && !b;
        only[1] += b && !a;
        out->both += a && b;
        out->neither += !a && !b;
    }
    return k;
}

nas_status nas_pair_count(nas_arena *a, const nas_verdict v[2], nas_pair *out, nas_err *err) {
    nas_speaker_heard *s;
    *out = (nas_pair){.n = v[0].n};
    NAS_TRY(check_same(v, err));
    NAS_TRY(nas_speakers_group(a, &v[0], &s, &out->speakers, err));
    const size_t groups = (size_t)out->speakers;
    out->by_speaker = nas_arena_array(a, groups, sizeof *out->by_speaker, err);
    int32_t *n = nas_arena_array(a, groups, sizeof *n, err);
    int32_t *first = nas_arena_array(a, groups, sizeof *first, err);
    int32_t *second = nas_arena_array(a, groups, sizeof *second, err);
    if (!out->by_speaker || !n || !first || !second) return NAS_ENOMEM;
    for (int32_t i = 0; i < out->speakers; i++) {
        int32_t only[2] = {0};
        out->by_speaker[i] = count_speaker(v, &s[i], only, out);
        n[i] = s[i].n;
        out->only[0] += first[i] = only[0];
        out->only[1] += second[i] = only[1];
    }
    if (out->speakers)
        nas_pair_compare(&(nas_groups){out->speakers, n}, second, first, &out->difference);
    qsort(out->by_speaker, groups, sizeof *out->by_speaker, most_apart);
    return NAS_OK;
}
