/* search/keywords_marks.c - clips as examples: their speakers, and what models said of them. */
#include "search/estimate.h"
#include "search/silence.h"
#include "search/task_keywords.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static int by_name(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static int32_t unique(const char **names, int32_t n) {
    int32_t k = 0;
    qsort(names, (size_t)n, sizeof *names, by_name);
    for (int32_t i = 0; i < n; i++)
        if (!k || strcmp(names[k - 1], names[i]) != 0) names[k++] = names[i];
    return k;
}

nas_status nas_keywords_groups(nas_arena *a, nas_dataset *d, const nas_log *log, nas_err *err) {
    const nas_clips *c = d->clips;
    const size_t n = (size_t)c->n;
    const char **names = nas_arena_array(a, n, sizeof *names, err);
    const char **own = nas_arena_array(a, n, sizeof *own, err);
    int32_t *group = nas_arena_array(a, n, sizeof *group, err);
    if (!names || !own || !group) return NAS_ENOMEM;
    for (int32_t i = 0; i < c->n; i++) own[i] = c->clips[i].speaker;
    NAS_TRY(nas_silence_groups(c, d->folder, log, a, own, err));
    memcpy(names, own, n * sizeof *names);
    d->n_groups = unique(names, c->n);
    for (int32_t i = 0; i < c->n; i++) {
        const char **at = bsearch(&own[i], names, (size_t)d->n_groups, sizeof *names, by_name);
        group[i] = (int32_t)(at - names);
    }
    d->n_marks = c->n;
    d->group = group;
    d->groups = names;
    return NAS_OK;
}

/* The clips of a part in their order. With folds "validation" is all that is not tested. */
static nas_status clips_of(const nas_dataset *d, nas_part part, nas_arena *a, int32_t **out,
                           int32_t *n, nas_err *err) {
    const nas_rows *rows = &d->part[part];
    int32_t *list = *out = nas_arena_array(a, (size_t)d->clips->n, sizeof *list, err);
    if (!list) return NAS_ENOMEM;
    *n = 0;
    if (d->folds && part == NAS_VALIDATION) {
        for (int32_t i = 0; i < d->clips->n; i++)
            if (d->fold[i] != NAS_TEST_FOLD) list[(*n)++] = i;
        return NAS_OK;
    }
    for (int32_t i = 0; i < rows->n; i++) list[(*n)++] = rows->clip[i];
    return NAS_OK;
}

static int32_t fold_of(const nas_dataset *d, int32_t clip) {
    if (!d->folds || d->fold[clip] == NAS_TEST_FOLD) return -1;
    return d->fold[clip] >= NAS_STOPPING_FOLD ? d->fold[clip] - NAS_STOPPING_FOLD : d->fold[clip];
}

nas_status nas_keywords_examples(const nas_dataset *d, nas_arena *a, nas_example **out, int32_t *n,
                                 nas_err *err) {
    static const nas_part parts[] = {NAS_VALIDATION, NAS_TEST};
    nas_example *rows = *out = nas_arena_array(a, (size_t)d->clips->n, sizeof *rows, err);
    if (!rows) return NAS_ENOMEM;
    *n = 0;
    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
        int32_t *list, clips;
        NAS_TRY(clips_of(d, parts[p], a, &list, &clips, err));
        for (int32_t i = 0; i < clips; i++) {
            const nas_clip *c = &d->clips->clips[list[i]];
            rows[(*n)++] = (nas_example){
                .part = nas_part_name(parts[p]),
                .name = c->name,
                .class = d->clips->labels[c->label],
                .group = d->groups[d->group[list[i]]],
                .fold = fold_of(d, list[i]),
                .windows = (double)NAN,
                .carried = (double)NAN,
            };
        }
    }
    return NAS_OK;
}

static nas_status pack_details(const nas_marks *m, const int32_t *list, int32_t n, nas_arena *a,
                               nas_answers *out, nas_err *err) {
    uint8_t *class = nas_arena_alloc(a, (size_t)n, err);
    uint8_t *share = nas_arena_alloc(a, (size_t)n, err);
    if (!class || !share) return NAS_ENOMEM;
    for (int32_t i = 0; i < n; i++) {
        const float p = m->share[list[i]];
        class[i] = (uint8_t)m->class[list[i]];
        share[i] = (uint8_t)lrintf(255.0f * (p < 0 ? 0 : p > 1 ? 1 : p));
    }
    out->predicted = class;
    out->share = share;
    return NAS_OK;
}

nas_status nas_keywords_answers(const nas_dataset *d, const nas_marks *m, nas_part part,
                                nas_arena *a, nas_answers *out, nas_err *err) {
    int32_t *list, n;
    NAS_TRY(clips_of(d, part, a, &list, &n, err));
    uint8_t *right = nas_arena_alloc(a, (size_t)n / 8 + 1, err);
    if (!right) return NAS_ENOMEM;
    for (int32_t i = 0; i < n; i++)
        if (m->right[list[i]] > 0) right[i / 8] |= (uint8_t)(1 << i % 8);
    *out = (nas_answers){
        .part = nas_part_name(part), .examples = n, .score = (double)NAN, .right = right};
    return m->class && d->outputs <= UINT8_MAX ? pack_details(m, list, n, a, out, err) : NAS_OK;
}

nas_status nas_keywords_recall(const nas_dataset *d, const nas_answers *said, nas_part part,
                               nas_arena *a, nas_marks *m, nas_err *err) {
    int32_t *list, n;
    NAS_TRY(clips_of(d, part, a, &list, &n, err));
    if (!said->right || said->examples != n)
        return nas_fail(err, NAS_EFORMAT, "answers of %d examples where there are %d",
                        said->examples, n);
    for (int32_t i = 0; i < n; i++) m->right[list[i]] = said->right[i / 8] >> i % 8 & 1;
    return NAS_OK;
}

/* Groups that have examples, in their order. */
static nas_status count_groups(const nas_dataset *d, const nas_marks *m, nas_arena *a, int32_t **n,
                               int32_t **right, int32_t *groups, nas_err *err) {
    *n = nas_arena_array(a, (size_t)d->n_groups, sizeof **n, err);
    *right = nas_arena_array(a, (size_t)d->n_groups, sizeof **right, err);
    if (!*n || !*right) return NAS_ENOMEM;
    for (int32_t i = 0; i < m->n; i++) {
        if (m->right[i] == NAS_UNMARKED) continue;
        (*n)[d->group[i]]++;
        (*right)[d->group[i]] += m->right[i];
    }
    *groups = 0;
    for (int32_t i = 0; i < d->n_groups; i++) {
        if (!(*n)[i]) continue;
        (*n)[*groups] = (*n)[i];
        (*right)[(*groups)++] = (*right)[i];
    }
    return NAS_OK;
}

nas_status nas_keywords_bounds(const nas_dataset *d, const nas_marks *m, const nas_bound_rule *rule,
                               nas_arena *a, double *metric, nas_err *err) {
    int32_t *n, *right, groups;
    nas_accuracy accuracy;
    NAS_TRY(count_groups(d, m, a, &n, &right, &groups, err));
    if (!groups) return NAS_OK;
    const nas_groups g = {.groups = groups, .n = n};
    NAS_TRY(nas_accuracy_bound(&g, right, rule, &accuracy, err));
    metric[NAS_METRIC_SCORE_LO] = accuracy.lo;
    return NAS_OK;
}
