/* search/task/forecast/deployed/forecast_pair.c - joins what two forecasts did by the rows that
 * they forecast. */
#include "search/task/forecast/deployed/forecast_pair.h"

#include "search/estimate/compare.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { DAY = 86400 };

/* What one model did, window by window. */
typedef struct record {
    const nas_series_config *k;
    nas_arena *arena;
    nas_err *err;
    int32_t n;
    int32_t *origin;         /* [n] first row that is forecast, rising: its line in the file, as
                                one model may pass over rows; with groups, which stand otherwise
                                than in the file and leave no row out, its number */
    int64_t *day;            /* [n] since 1970 */
    double *error, *carried; /* [n][n_targets] sums over the horizon */
    bool failed;
} record;

static bool make_room(record *r, int32_t windows) {
    const size_t n = (size_t)windows, sums = n * (size_t)r->k->n_targets;
    r->origin = nas_arena_array(r->arena, n, sizeof *r->origin, r->err);
    r->day = nas_arena_array(r->arena, n, sizeof *r->day, r->err);
    r->error = nas_arena_array(r->arena, sums, sizeof *r->error, r->err);
    r->carried = nas_arena_array(r->arena, sums, sizeof *r->carried, r->err);
    r->failed = !r->origin || !r->day || !r->error || !r->carried;
    return !r->failed;
}

static int64_t day_of(int64_t seconds) {
    return seconds / DAY - (seconds % DAY < 0);
}

static void note(void *ctx, const nas_forecast_seen *w) {
    record *r = ctx;
    const int32_t targets = r->k->n_targets;
    if (r->failed || (!r->n && !make_room(r, w->windows))) return;
    double *error = r->error + (size_t)r->n * (size_t)targets;
    double *carried = r->carried + (size_t)r->n * (size_t)targets;
    for (int32_t i = 0; i < r->k->horizon * targets; i++) {
        error[i % targets] += fabs((double)w->forecast[i] - (double)w->truth[i]);
        carried[i % targets] += fabs((double)w->last[i % targets] - (double)w->truth[i]);
    }
    r->origin[r->n] = r->k->group ? w->row + r->k->window : w->line;
    r->day[r->n++] = day_of(w->seconds);
}

/* Of each target of x, its place in y. */
static nas_status match_targets(const char *const name[2], const nas_series_config *x,
                                const nas_series_config *y, int32_t place[NAS_TARGETS_MOST],
                                nas_err *err) {
    bool same = x->n_targets == y->n_targets;
    for (int32_t i = 0; same && i < x->n_targets; i++) {
        int32_t k = 0;
        while (k < y->n_targets && strcmp(x->names[i], y->names[k]) != 0) k++;
        same = k < y->n_targets && strcmp(x->targets[i], y->targets[k]) == 0;
        place[i] = k;
    }
    if (!same)
        return nas_fail(err, NAS_EINVAL,
                        "%s and %s forecast other targets (%d, the first \"%.60s\"; %d, the first "
                        "\"%.60s\"); two models are compared on the same ones, in any order",
                        name[0], name[1], x->n_targets, x->names[0], y->n_targets, y->names[0]);
    if (x->horizon != y->horizon)
        return nas_fail(err, NAS_EINVAL,
                        "%s forecasts %d rows and %s %d; two models are compared on one horizon",
                        name[0], x->horizon, name[1], y->horizon);
    return NAS_OK;
}

static bool differ(double x, double y) {
    return x < y || x > y;
}

/* Rows stand by group: where groups differ, row numbers do. */
static nas_status match_groups(const char *const name[2], const nas_series_config *x,
                               const nas_series_config *y, nas_err *err) {
    const char *first = x->group ? x->group : "", *second = y->group ? y->group : "";
    if (strcmp(first, second) == 0) return NAS_OK;
    return nas_fail(
        err, NAS_EINVAL,
        "%s and %s were trained with other groups (task.group \"%.60s\" and \"%.60s\"); "
        "train both with one",
        name[0], name[1], first, second);
}

static nas_status match_splits(const char *const name[2], const nas_time_split *x,
                               const nas_time_split *y, nas_err *err) {
    const int folds_x = x->folds > 1 ? x->folds : 0, folds_y = y->folds > 1 ? y->folds : 0;
    if (!differ(x->test, y->test) && folds_x == folds_y && x->by == y->by &&
        (folds_x || !differ(x->validation, y->validation)))
        return NAS_OK;
    return nas_fail(err, NAS_EINVAL,
                    "%s and %s are split differently: task.split has validation %g, test %g, "
                    "folds %d, and %g, %g, %d. Leave --split out, or train both with one split",
                    name[0], name[1], x->validation, x->test, folds_x, y->validation, y->test,
                    folds_y);
}

/* Windows that both made: their places in either record. Returns how many. */
static int32_t join(const record r[2], int32_t *first, int32_t *second) {
    int32_t n = 0;
    for (int32_t i = 0, k = 0; i < r[0].n && k < r[1].n;) {
        const int32_t x = r[0].origin[i], y = r[1].origin[k];
        if (x == y) {
            first[n] = i;
            second[n++] = k;
        }
        i += x <= y;
        k += y <= x;
    }
    return n;
}

typedef struct dated {
    int64_t day;
    int32_t window;
} dated;

static int compare(const void *a, const void *b) {
    const dated *x = a, *y = b;
    if (x->day != y->day) return x->day < y->day ? -1 : 1;
    return (x->window > y->window) - (x->window < y->window);
}

/* The block of each joined window, from 0: its day, of whatever group it is, or its share. */
static nas_status find_blocks(nas_arena *a, const record *timed, const int32_t *at, int32_t horizon,
                              int32_t *block, nas_forecast_pair *out, nas_err *err) {
    const int32_t n = out->windows;
    out->days = timed != NULL;
    out->blocks = timed ? 0 : n / horizon < NAS_PAIR_BLOCKS ? n / horizon : NAS_PAIR_BLOCKS;
    if (!timed && !out->blocks) out->blocks = 1;
    for (int32_t i = 0; !timed && i < n; i++) block[i] = (int32_t)((int64_t)i * out->blocks / n);
    if (!timed) return NAS_OK;
    dated *p = nas_arena_array(a, (size_t)n, sizeof *p, err);
    if (!p) return NAS_ENOMEM;
    for (int32_t i = 0; i < n; i++) p[i] = (dated){timed->day[at[i]], i};
    qsort(p, (size_t)n, sizeof *p, compare);
    for (int32_t i = 0; i < n; i++) {
        out->blocks += !i || p[i].day != p[i - 1].day;
        block[p[i].window] = out->blocks - 1;
    }
    return NAS_OK;
}

/* Sums of one target. */
typedef struct sums {
    double error[2], carried;
    double *apart, *n; /* [blocks] of differences, of windows */
} sums;

static void add_window(sums *s, int32_t block, double first, double second, double carried) {
    s->error[0] += first;
    s->error[1] += second;
    s->carried += carried;
    s->apart[block] += first - second;
    s->n[block]++;
}

static double chance_of(const nas_paired *m) {
    const double half = (m->hi - m->lo) / 2, size = fabs(m->mean);
    if (m->pairs < 2) return (double)NAN;
    if (!(half > 0)) return size > 0 ? 0 : 1;
    const double t = size / half * nas_student_quantile(0.975, m->pairs - 1);
    return fmax(0, 1 - nas_student_central(t, m->pairs - 1));
}

/* A ratio over blocks as a mean over them: the mean of s->apart becomes the ratio, and the error of
 * that mean is the error of the ratio. */
static nas_forecast_contrast conclude(const sums *s, int32_t blocks, int32_t windows,
                                      int32_t horizon) {
    const double forecasts = (double)windows * horizon;
    const double ratio = (s->error[0] - s->error[1]) / forecasts;
    for (int32_t b = 0; b < blocks; b++)
        s->apart[b] = ratio + blocks * (s->apart[b] - ratio * s->n[b] * horizon) / forecasts;
    const nas_paired mean = nas_paired_mean(s->apart, blocks);
    nas_forecast_contrast c = {
        .difference = ratio, .low = mean.lo, .high = mean.hi, .p = chance_of(&mean)};
    for (int i = 0; i < 2; i++) {
        c.mae[i] = s->error[i] / forecasts;
        c.skill[i] = s->carried > 0 ? 1 - s->error[i] / s->carried : (double)NAN;
    }
    return c;
}

static nas_status contrast(nas_arena *a, const record r[2], const int32_t *at[2],
                           const int32_t *place, const int32_t *block, nas_forecast_pair *out,
                           nas_err *err) {
    const nas_series_config *k = r[0].k;
    for (int32_t t = 0; t < k->n_targets; t++) {
        sums s = {.apart = nas_arena_array(a, (size_t)out->blocks, sizeof *s.apart, err),
                  .n = nas_arena_array(a, (size_t)out->blocks, sizeof *s.n, err)};
        if (!s.apart || !s.n) return NAS_ENOMEM;
        for (int32_t i = 0; i < out->windows; i++) {
            const size_t first = (size_t)at[0][i] * (size_t)k->n_targets + (size_t)t;
            const size_t second = (size_t)at[1][i] * (size_t)k->n_targets + (size_t)place[t];
            add_window(&s, block[i], r[0].error[first], r[1].error[second], r[0].carried[first]);
        }
        out->by[t] = conclude(&s, out->blocks, out->windows, k->horizon);
    }
    return NAS_OK;
}

static nas_status join_and_contrast(nas_arena *a, const record r[2], const int32_t *place,
                                    const char *data, nas_forecast_pair *out, nas_err *err) {
    const size_t n = (size_t)r[0].n;
    int32_t *first = nas_arena_array(a, n, sizeof *first, err);
    int32_t *second = nas_arena_array(a, n, sizeof *second, err);
    int32_t *block = nas_arena_array(a, n, sizeof *block, err);
    out->by = nas_arena_array(a, (size_t)r[0].k->n_targets, sizeof *out->by, err);
    if (!first || !second || !block || !out->by) return NAS_ENOMEM;
    out->windows = join(r, first, second);
    if (!out->windows)
        return nas_fail(err, NAS_EINVAL,
                        "%s: no row that both models can forecast; windows are %d and %d rows, "
                        "the horizon is %d",
                        data, r[0].k->window, r[1].k->window, r[0].k->horizon);
    const int32_t *at[2] = {first, second};
    const int timed = r[0].k->n_time ? 0 : r[1].k->n_time ? 1 : -1;
    NAS_TRY(find_blocks(a, timed < 0 ? NULL : &r[timed], at[timed > 0], r[0].k->horizon, block, out,
                        err));
    return contrast(a, r, at, place, block, out, err);
}

nas_status nas_forecast_pair_judge(nas_arena *a, const char *const name[2],
                                   const nas_forecaster f[2], const char *data, int part,
                                   const nas_cache *cache, const nas_log *log,
                                   nas_forecast_pair *out, nas_err *err) {
    const nas_forecast_task *task[2] = {nas_forecast_keys(&f[0].candidate.task),
                                        nas_forecast_keys(&f[1].candidate.task)};
    int32_t place[NAS_TARGETS_MOST];
    record r[2] = {0};
    nas_forecast_verdict v[2];
    *out = (nas_forecast_pair){0};
    NAS_TRY(match_targets(name, &task[0]->series, &task[1]->series, place, err));
    NAS_TRY(match_groups(name, &task[0]->series, &task[1]->series, err));
    if (part >= 0) NAS_TRY(match_splits(name, &task[0]->time_split, &task[1]->time_split, err));
    for (int i = 0; i < 2; i++) {
        r[i] = (record){.k = &task[i]->series, .arena = a, .err = err};
        NAS_TRY(nas_forecaster_judge(&f[i], data, part, cache, log, a, note, &r[i], &v[i], err));
        if (r[i].failed) return NAS_ENOMEM;
    }
    if (!nas_hash_equal(&v[0].data, &v[1].data))
        return nas_fail(err, NAS_EIO,
                        "%s changed between the two models: each would be judged on another table; "
                        "run the same again once nobody writes there",
                        data);
    return join_and_contrast(a, r, place, data, out, err);
}
