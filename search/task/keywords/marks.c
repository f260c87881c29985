/* search/task/keywords/marks.c - clips as examples: their speakers, and what models said of them.
 */
#include "search/estimate/estimate.h"
#include "search/task/keywords/keywords.h"
#include "search/task/keywords/silence.h"

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

nas_status nas_keywords_marks(const nas_dataset *d, bool details, nas_arena *a, nas_marks *m,
                              nas_err *err) {
    const size_t n = (size_t)d->n_marks;
    m->right = nas_arena_array(a, n, sizeof *m->right, err);
    if (!m->right) return NAS_ENOMEM;
    memset(m->right, NAS_UNMARKED, n);
    if (!details) return NAS_OK;
    nas_keywords_said *said = m->own = nas_arena_alloc(a, sizeof *said, err);
    if (!said) return NAS_ENOMEM;
    said->class = nas_arena_array(a, n, sizeof *said->class, err);
    said->share = nas_arena_array(a, n, sizeof *said->share, err);
    return said->class && said->share ? NAS_OK : NAS_ENOMEM;
}

nas_status nas_keywords_groups(nas_arena *a, nas_dataset *d, const nas_log *log, nas_err *err) {
    const nas_clips *c = nas_clips_of(d);
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
    int32_t *list = *out = nas_arena_array(a, (size_t)nas_clips_of(d)->n, sizeof *list, err);
    if (!list) return NAS_ENOMEM;
    *n = 0;
    if (d->folds && part == NAS_VALIDATION) {
        for (int32_t i = 0; i < nas_clips_of(d)->n; i++)
            if (nas_keywords_of(d)->fold[i] != NAS_TEST_FOLD) list[(*n)++] = i;
        return NAS_OK;
    }
    for (int32_t i = 0; i < rows->n; i++) list[(*n)++] = rows->example[i];
    return NAS_OK;
}

static int32_t fold_of(const nas_dataset *d, int32_t clip) {
    if (!d->folds || nas_keywords_of(d)->fold[clip] == NAS_TEST_FOLD) return -1;
    return nas_keywords_of(d)->fold[clip] >= NAS_STOPPING_FOLD
               ? nas_keywords_of(d)->fold[clip] - NAS_STOPPING_FOLD
               : nas_keywords_of(d)->fold[clip];
}

nas_status nas_keywords_examples(const nas_dataset *d, nas_arena *a, nas_example **out, int32_t *n,
                                 nas_err *err) {
    static const nas_part parts[] = {NAS_VALIDATION, NAS_TEST};
    nas_example *rows = *out = nas_arena_array(a, (size_t)nas_clips_of(d)->n, sizeof *rows, err);
    if (!rows) return NAS_ENOMEM;
    *n = 0;
    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
        int32_t *list, clips;
        NAS_TRY(clips_of(d, parts[p], a, &list, &clips, err));
        for (int32_t i = 0; i < clips; i++) {
            const nas_clip *c = &nas_clips_of(d)->clips[list[i]];
            rows[(*n)++] = (nas_example){
                .part = nas_part_name(parts[p]),
                .name = c->name,
                .class = nas_clips_of(d)->labels[c->label],
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
    const nas_keywords_said *said = m->own;
    if (!class || !share) return NAS_ENOMEM;
    for (int32_t i = 0; i < n; i++) {
        const float p = said->share[list[i]];
        class[i] = (uint8_t)said->class[list[i]];
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
    return m->own && d->outputs <= UINT8_MAX ? pack_details(m, list, n, a, out, err) : NAS_OK;
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

/* Groups that have examples, in their order: of each how many, and how many right, by class. */
static nas_status count_classes(const nas_dataset *d, const nas_marks *m, nas_arena *a, int32_t **n,
                                int32_t **right, int32_t *groups, nas_err *err) {
    const nas_clips *c = nas_clips_of(d);
    const size_t classes = (size_t)c->n_labels, cells = (size_t)d->n_groups * classes;
    int32_t *at = nas_arena_array(a, (size_t)d->n_groups, sizeof *at, err);
    *n = nas_arena_array(a, cells, sizeof **n, err);
    *right = nas_arena_array(a, cells, sizeof **right, err);
    if (!at || !*n || !*right) return NAS_ENOMEM;
    for (int32_t i = 0; i < m->n; i++) at[d->group[i]] |= m->right[i] != NAS_UNMARKED;
    *groups = 0;
    for (int32_t i = 0; i < d->n_groups; i++) at[i] = at[i] ? (*groups)++ : -1;
    for (int32_t i = 0; i < m->n; i++) {
        if (m->right[i] == NAS_UNMARKED) continue;
        const size_t cell = (size_t)at[d->group[i]] * classes + (size_t)c->clips[i].label;
        (*n)[cell]++;
        (*right)[cell] += m->right[i];
    }
    return NAS_OK;
}

static void add_up(const int32_t *cells, int32_t groups, int32_t classes, int32_t *sum) {
    for (int32_t i = 0; i < groups; i++)
        for (int32_t k = 0; k < classes; k++) sum[i] += cells[i * classes + k];
}

nas_status nas_keywords_bounds(const nas_dataset *d, const nas_marks *m, const nas_bound_rule *rule,
                               nas_arena *a, double *metric, nas_err *err) {
    int32_t *by_class, *right_by_class, groups;
    const int32_t classes = nas_clips_of(d)->n_labels;
    nas_accuracy accuracy;
    nas_recalls recalls;
    NAS_TRY(count_classes(d, m, a, &by_class, &right_by_class, &groups, err));
    if (!groups) return NAS_OK;
    int32_t *n = nas_arena_array(a, (size_t)groups, sizeof *n, err);
    int32_t *right = nas_arena_array(a, (size_t)groups, sizeof *right, err);
    if (!n || !right) return NAS_ENOMEM;
    add_up(by_class, groups, classes, n);
    add_up(right_by_class, groups, classes, right);
    const nas_groups g = {.groups = groups, .n = n};
    NAS_TRY(nas_accuracy_bound(&g, right, rule, &accuracy, err));
    metric[NAS_METRIC_SCORE_LO] = accuracy.lo;
    const nas_class_groups of = {groups, classes, by_class, right_by_class};
    NAS_TRY(nas_recall_bounds(&of, rule, &recalls, err));
    metric[NAS_METRIC_BALANCED_ACCURACY] = recalls.balanced;
    metric[NAS_METRIC_BALANCED_ACCURACY_LO] = recalls.balanced_lo;
    metric[NAS_METRIC_WORST_RECALL] = recalls.worst;
    metric[NAS_METRIC_WORST_RECALL_LO] = recalls.worst_lo;
    metric[NAS_METRIC_MAJORITY] = recalls.majority;
    return NAS_OK;
}
