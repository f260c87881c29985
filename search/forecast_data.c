/* search/forecast_data.c - a series, split by time. */
#include "search/task_forecast.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { CALIBRATION_WINDOWS = 1024 };

void nas_forecast_parts(const nas_time_split *split, int32_t rows, int32_t begin[NAS_PARTS],
                        int32_t end[NAS_PARTS]) {
    /* 0.7 + 0.2 is not 0.9 in binary. */
    const double tiny = 1e-9 * rows;
    const int32_t test = (int32_t)(rows * (1 - split->test) + tiny);
    const double kept = 1 - split->test - (split->folds > 1 ? 0 : split->validation);
    const int32_t validation = (int32_t)(rows * kept + tiny);
    begin[NAS_TRAIN] = 0;
    end[NAS_TRAIN] = begin[NAS_VALIDATION] = validation;
    end[NAS_VALIDATION] = begin[NAS_TEST] = test;
    end[NAS_TEST] = rows;
}

/* The rows that fold k learns from and is judged on: of the rows before the test part, in k + 1
 * equal blocks, it learns from the first ones and is judged on the next. k < 0: all of them. */
static void fold_parts(const nas_time_split *split, int32_t rows, int32_t k,
                       int32_t begin[NAS_PARTS], int32_t end[NAS_PARTS]) {
    nas_forecast_parts(split, rows, begin, end);
    if (k < 0) return;
    const int64_t n = end[NAS_TRAIN], blocks = split->folds + 1;
    end[NAS_TRAIN] = begin[NAS_VALIDATION] = (int32_t)(n * (k + 1) / blocks);
    end[NAS_VALIDATION] = (int32_t)(n * (k + 2) / blocks);
    begin[NAS_TEST] = end[NAS_TEST] = rows;
}

static nas_status no_window(const nas_dataset *d, const char *part, int32_t rows, nas_err *err) {
    const nas_series_config *k = &d->task->series;
    const nas_series *s = d->series->series;
    char breaks[160] = "";
    if (s->gaps + s->irregular)
        snprintf(
            breaks, sizeof breaks,
            ", or leave task.time out, so that %lld steps unlike the usual one break no window",
            (long long)(s->gaps + s->irregular));
    char lacking[160] = "";
    if (s->dropped)
        snprintf(lacking, sizeof lacking,
                 ", or fill short gaps (task.missing), so that %lld rows that lack a value break "
                 "fewer windows",
                 (long long)s->dropped);
    return nas_fail(err, NAS_EINVAL,
                    "%s: the %s part has %d rows and not one whole window of %d + %d rows; take a "
                    "shorter window or horizon, a larger share, or more data%s%s",
                    d->folder, part, rows, k->window, k->horizon, breaks, lacking);
}

/* A fold has no test part; with folds the validation part is that of each of them. */
static bool is_needed(const nas_dataset *d, int32_t fold, nas_part part) {
    if (part == NAS_VALIDATION) return fold >= 0 || !d->folds;
    return part == NAS_TRAIN || fold < 0;
}

static nas_status find_parts(nas_arena *a, nas_dataset *d, int32_t fold,
                             const int32_t begin[NAS_PARTS], const int32_t end[NAS_PARTS],
                             nas_err *err) {
    nas_forecast_data *f = d->series;
    for (int p = 0; p < NAS_PARTS; p++) {
        nas_windows *w = &f->part[p];
        NAS_TRY(nas_windows_find(f->series, begin[p], end[p], a, w, err));
        d->part[p] = (nas_rows){.n = w->n, .clip = w->first};
        if (is_needed(d, fold, (nas_part)p) && !w->n)
            return no_window(d, nas_part_name((nas_part)p), end[p] - begin[p], err);
    }
    return NAS_OK;
}

/* Does target i ever change from the last row of a window to those that are forecast? */
static bool changes(const nas_series *s, const nas_windows *w, int32_t i) {
    const nas_series_config *k = &s->config;
    const size_t n = (size_t)k->n_targets;
    for (int32_t at = 0; at < w->n; at++) {
        const float *last = s->targets + (size_t)(w->first[at] + k->window - 1) * n + i;
        for (int32_t h = 1; h <= k->horizon; h++)
            if (last[(size_t)h * n] < *last || last[(size_t)h * n] > *last) return true;
    }
    return false;
}

/* Of a target that does not change there is nothing to be told: the last value carried on is never
 * wrong, so no trial has a skill. */
static nas_status check_targets(const nas_dataset *d, int32_t fold, const nas_log *log,
                                nas_err *err) {
    const nas_series_config *k = &d->task->series;
    const nas_forecast_data *f = d->series;
    static const nas_part parts[] = {NAS_TRAIN, NAS_VALIDATION, NAS_TEST};
    for (size_t p = 0; fold < 0 && p < sizeof parts / sizeof *parts; p++)
        for (int32_t i = 0; i < k->n_targets; i++) {
            const nas_windows *w = &f->part[parts[p]];
            const char *part = nas_part_name(parts[p]);
            if (!w->n || changes(f->series, w, i)) continue;
            if (parts[p] == NAS_TEST)
                nas_warn(log,
                         "%s: target %s (\"%.100s\") never changes in the %s part, so it has no "
                         "skill there; a larger share (task.split.%s) may hold a change",
                         d->folder, k->names[i], k->targets[i], part, part);
            else
                return nas_fail(err, NAS_EINVAL,
                                "%s: target %s (\"%.100s\") never changes in the %s part, so no "
                                "forecast of it can be told from another; take a larger share "
                                "(task.split), more data, or leave the target out",
                                d->folder, k->names[i], k->targets[i], part);
        }
    return NAS_OK;
}

static nas_status standardise(nas_arena *a, nas_forecast_data *f, int32_t begin, int32_t end,
                              nas_err *err) {
    const nas_series *s = f->series;
    const size_t rows = (size_t)s->rows;
    const int32_t in = s->config.n_inputs, targets = s->config.n_targets;
    float *x = nas_arena_array(a, rows * (size_t)in, sizeof *x, err);
    float *y = nas_arena_array(a, rows * (size_t)targets, sizeof *y, err);
    if (!x || !y) return NAS_ENOMEM;
    NAS_TRY(nas_scaling_find(s, begin, end, a, &f->scaling, err));
    const nas_scaling *k = &f->scaling;
    nas_scaling_apply(k->mean, k->deviation, s->rows, in, s->inputs, x);
    nas_scaling_apply(k->target_mean, k->target_deviation, s->rows, targets, s->targets, y);
    f->x = x;
    f->y = y;
    return NAS_OK;
}

static nas_status pick_calibration(nas_arena *a, nas_dataset *d, nas_err *err) {
    const int32_t all = d->part[NAS_TRAIN].n;
    const int32_t n = all < CALIBRATION_WINDOWS ? all : CALIBRATION_WINDOWS;
    int32_t *rows = nas_arena_array(a, (size_t)n, sizeof *rows, err);
    if (!rows) return NAS_ENOMEM;
    for (int32_t i = 0; i < n; i++) rows[i] = (int32_t)((int64_t)i * all / n);
    d->calibration = rows;
    d->n_calibration = n;
    return NAS_OK;
}

static void fingerprint(nas_dataset *d, const int32_t begin[NAS_PARTS],
                        const int32_t end[NAS_PARTS]) {
    nas_hasher h = nas_hasher_start();
    nas_hasher_text(&h, "series split");
    nas_hasher_i64(&h, NAS_SERIES_VERSION);
    nas_hasher_hash(&h, &d->series->series->hash);
    for (int p = 0; p < NAS_PARTS; p++) {
        nas_hasher_i64(&h, begin[p]);
        nas_hasher_i64(&h, end[p]);
    }
    d->fingerprint = nas_hasher_end(&h);
}

static nas_status arrange(nas_arena *a, nas_dataset *d, int32_t fold, const nas_log *log,
                          nas_err *err) {
    int32_t begin[NAS_PARTS], end[NAS_PARTS];
    nas_forecast_data *f = d->series;
    fold_parts(&d->task->time_split, f->series->rows, fold, begin, end);
    NAS_TRY(find_parts(a, d, fold, begin, end, err));
    NAS_TRY(check_targets(d, fold, log, err));
    NAS_TRY(standardise(a, f, begin[NAS_TRAIN], end[NAS_TRAIN], err));
    NAS_TRY(pick_calibration(a, d, err));
    fingerprint(d, begin, end);
    if (fold >= 0) return NAS_OK;
    return nas_linear_fit(f->series, &f->part[NAS_TRAIN], f->x, f->y, log, a, &f->linear, err);
}

/* A fold that cannot be learned from is met before the first trial. */
static nas_status check_folds(nas_arena *a, const nas_dataset *d, nas_err *err) {
    nas_status st = NAS_OK;
    const nas_arena_mark mark = nas_arena_here(a);
    for (int32_t k = 0; st == NAS_OK && k < d->folds; k++) {
        nas_dataset fold = *d;
        nas_forecast_data f = {.series = d->series->series, .borrowed = true};
        fold.series = &f;
        st = arrange(a, &fold, k, NULL, err);
        nas_arena_back(a, mark);
    }
    return st;
}

nas_status nas_forecast_open(nas_arena *a, const nas_task *task, bool allow_missing,
                             const nas_cache *cache, const nas_log *log, nas_dataset *d,
                             nas_err *err) {
    (void)allow_missing;
    (void)cache;
    if (!nas_path_exists(d->folder))
        return nas_fail(err, NAS_ENOTFOUND,
                        "the CSV file %s does not exist; a relative path starts where nas is run; "
                        "--data names another file",
                        d->folder);
    d->series = nas_arena_alloc(a, sizeof *d->series, err);
    if (!d->series) return NAS_ENOMEM;
    NAS_TRY(nas_series_open(d->folder, &task->series, log, &d->series->series, err));
    d->outputs = task->series.horizon * task->series.n_targets;
    d->folds = task->time_split.folds > 1 ? task->time_split.folds : 0;
    NAS_TRY(arrange(a, d, -1, log, err));
    NAS_TRY(nas_forecast_groups(a, d, err));
    return check_folds(a, d, err);
}

void nas_forecast_close(nas_dataset *d) {
    if (d->series && !d->series->borrowed) nas_series_close(d->series->series);
    d->series = NULL;
}

nas_status nas_forecast_fold(nas_arena *a, const nas_dataset *d, int32_t k, nas_dataset *out,
                             nas_err *err) {
    assert(k >= 0 && k < d->folds);
    out->series = nas_arena_alloc(a, sizeof *out->series, err);
    if (!out->series) return NAS_ENOMEM;
    out->series->series = d->series->series;
    out->series->borrowed = true;
    return arrange(a, out, k, NULL, err);
}

nas_status nas_forecast_features(const nas_dataset *d, const nas_candidate *c,
                                 const nas_cache *cache, const nas_log *log, nas_features *out,
                                 nas_err *err) {
    const nas_series_config *k = &d->task->series;
    nas_hasher h = nas_hasher_start();
    (void)c;
    (void)cache;
    (void)log;
    (void)err;
    nas_hasher_text(&h, "windows");
    nas_hasher_hash(&h, &d->fingerprint);
    nas_hasher_i64(&h, k->window);
    nas_hasher_i64(&h, k->horizon);
    *out = (nas_features){.key = nas_hasher_end(&h),
                          .reused = true,
                          .h = k->window,
                          .w = k->n_inputs,
                          .mean = d->series->scaling.mean,
                          .deviation = d->series->scaling.deviation};
    return NAS_OK;
}

nas_examples nas_forecast_part(const nas_dataset *d, const nas_features *f, nas_part part) {
    const nas_series_config *k = &d->task->series;
    return (nas_examples){
        .x = d->series->x,
        .n = d->part[part].n,
        .h = f->h,
        .w = f->w,
        .first = d->part[part].clip,
        .values = d->series->y + (size_t)k->window * (size_t)k->n_targets,
        .outputs = d->outputs,
        .values_row = k->n_targets,
    };
}
