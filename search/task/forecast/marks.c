/* search/task/forecast/marks.c - blocks of a series as examples: sums of errors by block, target
 * and step. Errors that follow each other are alike, those of different days hardly. */
#include "search/estimate/estimate.h"
#include "search/task/forecast/forecast.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { SECONDS_OF_A_DAY = 86400, BLOCKS_WITHOUT_TIME = 100 };

typedef struct place {
    int64_t day;
    int32_t row;
} place;

static int compare(const void *a, const void *b) {
    const place *x = a, *y = b;
    if (x->day != y->day) return x->day < y->day ? -1 : 1;
    return (x->row > y->row) - (x->row < y->row);
}

static int32_t rows_of_a_block(const nas_series *s) {
    const int64_t day = s->step > 0 ? SECONDS_OF_A_DAY * NAS_SECOND / s->step : 0;
    int32_t longest = 0;
    for (int32_t g = 0; g < s->n_groups; g++)
        if (s->group_begin[g + 1] - s->group_begin[g] > longest)
            longest = s->group_begin[g + 1] - s->group_begin[g];
    const int64_t rows = day > 0 ? day : longest / BLOCKS_WITHOUT_TIME;
    return rows < 1 ? 1 : rows > s->rows ? s->rows : (int32_t)rows;
}

/* Blocks of time in which each group's rows lie: days that are there, numbered in their order;
 * without a time so many rows of each group. */
static nas_status time_blocks(const nas_series *s, int32_t *block, int32_t *n, nas_err *err) {
    const int32_t rows = rows_of_a_block(s);
    const int64_t day = SECONDS_OF_A_DAY * NAS_SECOND, size = s->step > day ? s->step : day;
    *n = 0;
    if (!s->config.group || !s->time) {
        for (int32_t g = 0; g < s->n_groups; g++)
            for (int32_t i = s->group_begin[g]; i < s->group_begin[g + 1]; i++) {
                block[i] = (i - s->group_begin[g]) / rows;
                if (block[i] >= *n) *n = block[i] + 1;
            }
        return NAS_OK;
    }
    place *p = malloc(((size_t)s->rows + 1) * sizeof *p);
    if (!p) return nas_fail(err, NAS_ENOMEM, "%s: out of memory", s->path);
    for (int32_t i = 0; i < s->rows; i++)
        p[i] = (place){s->time[i] / size - (s->time[i] % size < 0), i};
    qsort(p, (size_t)s->rows, sizeof *p, compare);
    for (int32_t i = 0; i < s->rows; i++) block[p[i].row] = *n += i && p[i].day != p[i - 1].day;
    *n += s->rows > 0;
    free(p);
    return NAS_OK;
}

static const char *name_of(const nas_series *s, bool by_group, int32_t b, const int32_t *first,
                           const int32_t *last, nas_arena *a, nas_err *err) {
    char day[32];
    if (by_group) return nas_arena_text(a, s->group_name[b], err);
    if (!s->config.group) return nas_arena_format(a, err, "rows %d .. %d", first[b], last[b]);
    if (!s->time)
        return nas_arena_format(a, err, "rows %d .. of each group", b * rows_of_a_block(s));
    nas_time_show(s->time[first[b]] / NAS_SECOND, day);
    return nas_arena_format(a, err, "%.10s", day);
}

static nas_status name_blocks(nas_dataset *d, const int32_t *block, int32_t n, bool by_group,
                              nas_arena *a, nas_err *err) {
    const nas_series *s = nas_series_of(d)->series;
    const char **names = nas_arena_array(a, (size_t)n, sizeof *names, err);
    int32_t *first = nas_arena_array(a, 2 * (size_t)n, sizeof *first, err), *last = first + n;
    int32_t *group = nas_arena_array(a, (size_t)n * (size_t)d->outputs, sizeof *group, err);
    if (!names || !first || !group) return NAS_ENOMEM;
    for (int32_t i = s->rows; i-- > 0;) first[block[i]] = i;
    for (int32_t i = 0; i < s->rows; i++) last[block[i]] = i;
    for (int32_t b = 0; b < n; b++) {
        names[b] = name_of(s, by_group, b, first, last, a, err);
        if (!names[b]) return NAS_ENOMEM;
        for (int32_t i = 0; i < d->outputs; i++) group[b * d->outputs + i] = b;
    }
    d->n_marks = n * d->outputs;
    d->n_groups = n;
    d->group = group;
    d->groups = names;
    nas_series_of(d)->block = block;
    return NAS_OK;
}

/* How many groups are judged, split by group; the rest of them train or test. */
static int32_t judged_groups(const nas_dataset *d) {
    int32_t n = 0;
    for (int32_t g = 0; g < nas_series_of(d)->series->n_groups; g++)
        n += d->folds ? nas_series_of(d)->deal[g] >= 0 : nas_series_of(d)->deal[g] == 1;
    return n;
}

/* Split by group, groups are drawn, but a few of them would bound nothing. */
static bool draws_groups(const nas_dataset *d, const nas_log *log) {
    if (!nas_series_of(d)->deal) return false;
    const int32_t n = judged_groups(d);
    if (n >= NAS_BOUND_FEW) return true;
    nas_warn(log,
             "%s: %d of %d groups are judged, fewer than %d: bounds are over days of these groups, "
             "and say nothing of other groups; set task.split.folds to judge more of them",
             d->folder, n, nas_series_of(d)->series->n_groups, NAS_BOUND_FEW);
    return false;
}

nas_status nas_forecast_groups(nas_arena *a, nas_dataset *d, const nas_log *log, nas_err *err) {
    const nas_series *s = nas_series_of(d)->series;
    const bool by_group = draws_groups(d, log);
    int32_t *block = nas_arena_array(a, (size_t)s->rows + 1, sizeof *block, err), n = s->n_groups;
    if (!block) return NAS_ENOMEM;
    if (by_group)
        for (int32_t g = 0; g < n; g++)
            for (int32_t i = s->group_begin[g]; i < s->group_begin[g + 1]; i++) block[i] = g;
    else
        NAS_TRY(time_blocks(s, block, &n, err));
    if ((int64_t)n * d->outputs > INT32_MAX / 16) return NAS_OK; /* none are kept */
    return name_blocks(d, block, n, by_group, a, err);
}

nas_status nas_forecast_marks(const nas_dataset *d, bool details, nas_arena *a, nas_marks *m,
                              nas_err *err) {
    const size_t n = (size_t)d->n_marks;
    nas_forecast_cells *c = m->own = nas_arena_alloc(a, sizeof *c, err);
    if (!c) return NAS_ENOMEM;
    double **const sums[] = {&c->windows, &c->error, &c->square, &c->carried, &c->seasonal};
    (void)details;
    for (size_t i = 0; i < sizeof sums / sizeof *sums; i++)
        if (!(*sums[i] = nas_arena_array(a, n, sizeof **sums[i], err))) return NAS_ENOMEM;
    return NAS_OK;
}

static void mark_part(const nas_dataset *d, nas_part part, nas_marks *m) {
    for (int32_t w = 0; w < d->part[part].n; w++)
        nas_forecast_mark_simple(nas_series_of(d)->series, nas_series_of(d)->block,
                                 d->part[part].example[w], m);
}

/* Of all that is judged: the validation set, or that of each fold. */
static nas_status mark_judged(const nas_dataset *d, nas_part part, nas_arena *a, nas_marks *m,
                              int32_t *fold_of, nas_err *err) {
    for (int32_t i = 0; i < d->n_groups; i++) fold_of[i] = -1;
    if (!d->folds || part != NAS_VALIDATION) {
        mark_part(d, part, m);
        return NAS_OK;
    }
    for (int32_t k = 0; k < d->folds; k++) {
        nas_dataset fold;
        const nas_arena_mark mark = nas_arena_here(a);
        NAS_TRY(nas_dataset_fold(a, d, k, &fold, err));
        mark_part(&fold, fold.judged, m);
        const nas_rows *rows = &fold.part[fold.judged];
        for (int32_t w = 0; w < rows->n; w++)
            fold_of[nas_series_of(d)
                        ->block[rows->example[w] + nas_forecast_keys(d->task)->series.window]] = k;
        nas_arena_back(a, mark);
    }
    return NAS_OK;
}

/* Cells that have forecasts, in their order. */
static nas_status cells_of(const nas_dataset *d, nas_part part, nas_arena *a, nas_marks **out,
                           int32_t **fold_of, nas_err *err) {
    *fold_of = nas_arena_array(a, (size_t)d->n_groups, sizeof **fold_of, err);
    if (!*fold_of) return NAS_ENOMEM;
    NAS_TRY(nas_marks_open(d, false, a, out, err));
    return mark_judged(d, part, a, *out, *fold_of, err);
}

nas_status nas_forecast_examples(const nas_dataset *d, nas_arena *a, nas_example **out, int32_t *n,
                                 nas_err *err) {
    static const nas_part parts[] = {NAS_VALIDATION, NAS_TEST};
    const nas_series_config *k = &nas_forecast_keys(d->task)->series;
    nas_example *rows = *out = nas_arena_array(a, 2 * (size_t)d->n_marks, sizeof *rows, err);
    if (!rows) return NAS_ENOMEM;
    *n = 0;
    for (size_t p = 0; p < sizeof parts / sizeof *parts; p++) {
        nas_marks *m;
        int32_t *fold_of;
        NAS_TRY(cells_of(d, parts[p], a, &m, &fold_of, err));
        for (int32_t i = 0; i < m->n; i++) {
            if (!(nas_cells_of(m)->windows[i] > 0)) continue;
            const char *block = d->groups[d->group[i]];
            rows[(*n)++] = (nas_example){
                .part = nas_part_name(parts[p]),
                .name = block,
                .class = k->names[i / k->horizon % k->n_targets],
                .group = block,
                .fold = fold_of[d->group[i]],
                .step = i % k->horizon + 1,
                .windows = nas_cells_of(m)->windows[i],
                .carried = nas_cells_of(m)->carried[i],
            };
        }
    }
    return NAS_OK;
}

nas_status nas_forecast_answers(const nas_dataset *d, const nas_marks *m, nas_part part,
                                nas_arena *a, nas_answers *out, nas_err *err) {
    float *error = nas_arena_array(a, (size_t)m->n, sizeof *error, err);
    float *square = nas_arena_array(a, (size_t)m->n, sizeof *square, err);
    int32_t n = 0;
    (void)d;
    if (!error || !square) return NAS_ENOMEM;
    for (int32_t i = 0; i < m->n; i++) {
        if (!(nas_cells_of(m)->windows[i] > 0)) continue;
        error[n] = (float)nas_cells_of(m)->error[i];
        square[n++] = (float)nas_cells_of(m)->square[i];
    }
    *out = (nas_answers){.part = nas_part_name(part),
                         .examples = n,
                         .score = (double)NAN,
                         .error = error,
                         .square = square};
    return NAS_OK;
}

nas_status nas_forecast_recall(const nas_dataset *d, const nas_answers *said, nas_part part,
                               nas_arena *a, nas_marks *m, nas_err *err) {
    nas_marks *judged;
    int32_t *fold_of, n = 0;
    NAS_TRY(cells_of(d, part, a, &judged, &fold_of, err));
    for (int32_t i = 0; i < m->n; i++) n += nas_cells_of(judged)->windows[i] > 0;
    if (!said->error || !said->square || said->examples != n)
        return nas_fail(err, NAS_EFORMAT, "answers of %d examples where there are %d",
                        said->examples, n);
    n = 0;
    for (int32_t i = 0; i < m->n; i++) {
        if (!(nas_cells_of(judged)->windows[i] > 0)) continue;
        nas_cells_of(m)->windows[i] = nas_cells_of(judged)->windows[i];
        nas_cells_of(m)->carried[i] = nas_cells_of(judged)->carried[i];
        nas_cells_of(m)->seasonal[i] = nas_cells_of(judged)->seasonal[i];
        nas_cells_of(m)->error[i] = (double)said->error[n];
        nas_cells_of(m)->square[i] = (double)said->square[n++];
    }
    return NAS_OK;
}

/* Sums over the steps, by block and target; blocks without forecasts are left out. */
typedef struct blocks {
    int32_t n;
    int64_t *forecasts;
    double *error, *square, *carried, *seasonal;
} blocks;

static nas_status sum_blocks(const nas_dataset *d, const nas_marks *m, nas_arena *a, blocks *b,
                             nas_err *err) {
    const int32_t targets = nas_forecast_keys(d->task)->series.n_targets,
                  horizon = nas_forecast_keys(d->task)->series.horizon;
    const size_t n = (size_t)d->n_groups, rows = n * (size_t)targets;
    b->forecasts = nas_arena_array(a, n, sizeof *b->forecasts, err);
    b->error = nas_arena_array(a, rows, sizeof *b->error, err);
    b->square = nas_arena_array(a, rows, sizeof *b->square, err);
    b->carried = nas_arena_array(a, rows, sizeof *b->carried, err);
    b->seasonal = nas_arena_array(a, rows, sizeof *b->seasonal, err);
    if (!b->forecasts || !b->error || !b->square || !b->carried || !b->seasonal) return NAS_ENOMEM;
    for (int32_t i = 0; i < d->n_groups; i++) {
        const int32_t cell = i * targets * horizon;
        if (!(nas_cells_of(m)->windows[cell] > 0)) continue;
        for (int32_t t = 0; t < targets; t++)
            for (int32_t s = 0; s < horizon; s++) {
                const int32_t from = cell + t * horizon + s, to = b->n * targets + t;
                b->error[to] += nas_cells_of(m)->error[from];
                b->square[to] += nas_cells_of(m)->square[from];
                b->carried[to] += nas_cells_of(m)->carried[from];
                b->seasonal[to] += nas_cells_of(m)->seasonal[from];
                if (!t) b->forecasts[b->n] += (int64_t)nas_cells_of(m)->windows[from];
            }
        b->n++;
    }
    return NAS_OK;
}

nas_status nas_forecast_bounds(const nas_dataset *d, const nas_marks *m, const nas_bound_rule *rule,
                               nas_arena *a, double *metric, nas_err *err) {
    const int32_t targets = nas_forecast_keys(d->task)->series.n_targets;
    blocks b = {0};
    nas_error_bound sizes[NAS_TARGETS_MOST + 1], squares[NAS_TARGETS_MOST + 1];
    nas_error_bound beside[NAS_TARGETS_MOST + 1];
    bool few;
    NAS_TRY(sum_blocks(d, m, a, &b, err));
    if (!b.n) return NAS_OK;
    nas_error_blocks e = {b.n, targets, b.forecasts, b.error, b.carried};
    NAS_TRY(nas_error_bounds(&e, rule, sizes, &few, err));
    const bool seasonal = nas_series_of(d)->series->season != NULL;
    e.naive_error = b.seasonal;
    if (seasonal) NAS_TRY(nas_error_bounds(&e, rule, beside, &few, err));
    e.error = b.square;
    e.naive_error = NULL;
    NAS_TRY(nas_error_bounds(&e, rule, squares, &few, err));
    const nas_series_config *k = &nas_forecast_keys(d->task)->series;
    for (int32_t t = 0; t < targets; t++) {
        *nas_forecast_at(k, t, NAS_FIGURE_MAE, NAS_OF_BOUND, metric) = sizes[t].mae_hi;
        *nas_forecast_at(k, t, NAS_FIGURE_RMSE, NAS_OF_BOUND, metric) = sqrt(squares[t].mae_hi);
        *nas_forecast_at(k, t, NAS_FIGURE_SKILL, NAS_OF_BOUND, metric) = sizes[t].skill_lo;
        if (seasonal)
            *nas_forecast_at(k, t, NAS_FIGURE_SEASONAL, NAS_OF_BOUND, metric) = beside[t].skill_lo;
    }
    metric[NAS_METRIC_SCORE_LO] = sizes[targets].skill_lo;
    return NAS_OK;
}
