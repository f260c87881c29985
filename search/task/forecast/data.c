/* search/task/forecast/data.c - a series, split by time. */
#include "search/task/forecast/forecast.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

enum { CALIBRATION_WINDOWS = 1024 };

static nas_status no_window(const nas_dataset *d, const char *part, int32_t rows, nas_err *err) {
    const nas_series_config *k = &nas_forecast_keys(d->task)->series;
    const nas_series *s = nas_series_of(d)->series;
    char breaks[240] = "", even[80] = "";
    if (s->jitter)
        snprintf(even, sizeof even, ", or set \"tolerance_seconds\": %.10g in task.time",
                 (double)s->jitter / (double)NAS_SECOND);
    if (s->gaps + s->irregular)
        snprintf(breaks, sizeof breaks,
                 "%s, or leave task.time out, so that %lld steps unlike the usual one break no "
                 "window",
                 even, (long long)(s->gaps + s->irregular));
    char lacking[160] = "";
    if (s->dropped)
        snprintf(lacking, sizeof lacking,
                 ", or fill short gaps (task.missing), so that %lld rows that lack a value break "
                 "fewer windows",
                 (long long)s->dropped);
    return nas_fail(err, NAS_EINVAL,
                    "%s: the %s has %d rows and not one whole window of %d + %d rows; take a "
                    "shorter window or horizon, a larger share, or more data%s%s",
                    d->folder, part, rows, k->window, k->horizon, breaks, lacking);
}

/* A fold has no test set; with folds the validation set is that of each of them. */
static bool is_needed(const nas_dataset *d, int32_t fold, nas_part part) {
    if (part == NAS_VALIDATION) return fold >= 0 || !d->folds;
    return part == NAS_TRAIN || fold < 0;
}

static int32_t rows_in(const nas_spans *of) {
    int32_t rows = 0;
    for (int32_t g = 0; g < of->n; g++) rows += of->end[g] - of->begin[g];
    return rows;
}

static nas_status find_parts(nas_arena *a, nas_dataset *d, int32_t fold,
                             const nas_spans span[NAS_PARTS], nas_err *err) {
    nas_forecast_data *f = nas_series_of(d);
    for (int p = 0; p < NAS_PARTS; p++) {
        nas_windows *w = &f->part[p];
        NAS_TRY(nas_windows_in(f->series, &span[p], a, w, err));
        d->part[p] = (nas_rows){.n = w->n, .example = w->first};
        if (is_needed(d, fold, (nas_part)p) && !w->n)
            return no_window(d, nas_part_set((nas_part)p), rows_in(&span[p]), err);
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

/* Of a target that does not change there is nothing to be told: the naive forecast is never wrong,
 * so no trial has a skill. */
static nas_status check_targets(const nas_dataset *d, int32_t fold, const nas_log *log,
                                nas_err *err) {
    const nas_series_config *k = &nas_forecast_keys(d->task)->series;
    const nas_forecast_data *f = nas_series_of(d);
    static const nas_part parts[] = {NAS_TRAIN, NAS_VALIDATION, NAS_TEST};
    for (size_t p = 0; fold < 0 && p < sizeof parts / sizeof *parts; p++)
        for (int32_t i = 0; i < k->n_targets; i++) {
            const nas_windows *w = &f->part[parts[p]];
            const char *part = nas_part_name(parts[p]), *set = nas_part_set(parts[p]);
            if (!w->n || changes(f->series, w, i)) continue;
            if (parts[p] == NAS_TEST)
                nas_warn(log,
                         "%s: target %s (\"%.100s\") never changes in the %s, so it has no "
                         "skill there; a larger share (task.split.%s) may hold a change",
                         d->folder, k->names[i], k->targets[i], set, part);
            else
                return nas_fail(err, NAS_EINVAL,
                                "%s: target %s (\"%.100s\") never changes in the %s, so no "
                                "forecast of it can be told from another; take a larger share "
                                "(task.split), more data, or leave the target out",
                                d->folder, k->names[i], k->targets[i], set);
        }
    return NAS_OK;
}

/* Groups that lend no window to a part which others have windows in. */
static void warn_of_groups(const nas_dataset *d, const nas_spans *span, nas_part part,
                           const nas_log *log) {
    const nas_series *s = nas_series_of(d)->series;
    const nas_windows *w = &nas_series_of(d)->part[part];
    int32_t without = 0, first = 0, among = 0;
    for (int32_t g = 0, i = 0; g < span->n; g++) {
        const int32_t before = i;
        if (span->begin[g] == span->end[g] && nas_series_of(d)->deal) continue;
        while (i < w->n && w->first[i] < s->group_begin[g + 1]) i++;
        among++;
        if (i == before && !without++) first = g;
    }
    if (without && w->n)
        nas_warn(
            log,
            "%s: %d of %d groups (the first \"%.60s\") have no whole window of %d + %d rows in "
            "the %s",
            s->path, without, among, s->group_name[first], s->config.window, s->config.horizon,
            nas_part_set(part));
}

/* The end of what trains may lie, in another group, behind the beginning of what selects. */
static void warn_of_overlap(const nas_dataset *d, const nas_spans *span, const nas_log *log) {
    const nas_series *s = nas_series_of(d)->series;
    const nas_spans *train = &span[NAS_TRAIN], *next = &span[d->folds ? NAS_TEST : NAS_VALIDATION];
    int64_t last = INT64_MIN, first = INT64_MAX;
    if (!s->time || nas_series_of(d)->deal) return;
    for (int32_t g = 0; g < train->n; g++) {
        if (train->begin[g] < train->end[g] && s->time[train->end[g] - 1] > last)
            last = s->time[train->end[g] - 1];
        if (next->begin[g] < next->end[g] && s->time[next->begin[g]] < first)
            first = s->time[next->begin[g]];
    }
    if (last <= first) return;
    char from[32], to[32];
    nas_time_show(first / NAS_SECOND, from);
    nas_time_show(last / NAS_SECOND, to);
    nas_warn(
        log,
        "%s: from %s to %s some groups train while others are judged already, as each is split "
        "by its own rows; where groups see the same weather that flatters. Cut them to the "
        "same days, or set \"by\": \"group\" in task.split",
        s->path, from, to);
}

static nas_status standardise(nas_arena *a, nas_forecast_data *f, const nas_spans *train,
                              nas_err *err) {
    const nas_series *s = f->series;
    const size_t rows = (size_t)s->rows;
    const int32_t in = s->config.n_inputs, targets = s->config.n_targets;
    float *x = nas_arena_array(a, rows * (size_t)in, sizeof *x, err);
    float *y = nas_arena_array(a, rows * (size_t)targets, sizeof *y, err);
    if (!x || !y) return NAS_ENOMEM;
    NAS_TRY(nas_scaling_in(s, train, a, &f->scaling, err));
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

static void fingerprint(nas_dataset *d, const nas_spans span[NAS_PARTS]) {
    nas_hasher h = nas_hasher_start();
    nas_hasher_text(&h, "series split");
    nas_hasher_i64(&h, NAS_SERIES_VERSION);
    nas_hasher_hash(&h, &nas_series_of(d)->series->hash);
    for (int p = 0; p < NAS_PARTS; p++)
        for (int32_t g = 0; g < span[p].n; g++) {
            nas_hasher_i64(&h, span[p].begin[g]);
            nas_hasher_i64(&h, span[p].end[g]);
        }
    d->fingerprint = nas_hasher_end(&h);
}

static nas_status arrange(nas_arena *a, nas_dataset *d, int32_t fold, const nas_log *log,
                          nas_err *err) {
    nas_spans span[NAS_PARTS];
    nas_forecast_data *f = nas_series_of(d);
    NAS_TRY(nas_forecast_spans(a, &nas_forecast_keys(d->task)->time_split, f->series, f->deal, fold,
                               span, err));
    NAS_TRY(find_parts(a, d, fold, span, err));
    NAS_TRY(check_targets(d, fold, log, err));
    NAS_TRY(standardise(a, f, &span[NAS_TRAIN], err));
    NAS_TRY(pick_calibration(a, d, err));
    fingerprint(d, span);
    if (fold >= 0) return NAS_OK;
    if (f->series->config.group) {
        for (int p = 0; p < NAS_PARTS; p++) warn_of_groups(d, &span[p], (nas_part)p, log);
        warn_of_overlap(d, span, log);
    }
    return nas_linear_fit(f->series, &f->part[NAS_TRAIN], f->x, f->y, log, a, &f->linear, err);
}

/* Of a fold: what least squares of its training set get on its validation set. */
static nas_status judge_linear(nas_arena *a, const nas_dataset *fold, const nas_log *log,
                               double *sums, nas_err *err) {
    nas_forecast_data *f = nas_series_of(fold);
    NAS_TRY(nas_linear_fit(f->series, &f->part[NAS_TRAIN], f->x, f->y, log, a, &f->linear, err));
    nas_forecast_linear_sums(f, &f->part[NAS_VALIDATION], sums);
    return nas_should_stop(log) ? nas_fail(err, NAS_ESTOP, "stopped") : NAS_OK;
}

/* A fold that cannot be learned from is met before the first trial. */
static nas_status check_folds(nas_arena *a, const nas_dataset *d, const nas_log *log,
                              nas_err *err) {
    nas_status st = NAS_OK;
    for (int32_t k = 0; st == NAS_OK && k < d->folds; k++) {
        const nas_arena_mark mark = nas_arena_here(a);
        nas_dataset fold = *d;
        nas_forecast_data f = {
            .series = nas_series_of(d)->series, .borrowed = true, .deal = nas_series_of(d)->deal};
        fold.own = &f;
        st = arrange(a, &fold, k, NULL, err);
        double *linear = nas_series_of(d)->fold_linear[k];
        if (st == NAS_OK) st = judge_linear(a, &fold, log, linear, err);
        if (st == NAS_OK)
            nas_forecast_add_simple(&f, &f.part[NAS_VALIDATION], linear, &nas_series_of(d)->simple);
        nas_arena_back(a, mark);
    }
    return st;
}

static nas_status prepare_folds(nas_arena *a, nas_dataset *d, const nas_log *log, nas_err *err) {
    nas_forecast_data *f = nas_series_of(d);
    f->fold_linear = nas_arena_array(a, (size_t)d->folds + 1, sizeof *f->fold_linear, err);
    return f->fold_linear ? check_folds(a, d, log, err) : NAS_ENOMEM;
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
    nas_forecast_data *own = nas_arena_alloc(a, sizeof *own, err);
    if (!own) return NAS_ENOMEM;
    d->own = own;
    NAS_TRY(nas_series_open(d->folder, &nas_forecast_keys(task)->series, log,
                            &nas_series_of(d)->series, err));
    d->outputs =
        nas_forecast_keys(task)->series.horizon * nas_forecast_keys(task)->series.n_targets;
    d->folds = nas_forecast_keys(task)->time_split.folds > 1
                   ? nas_forecast_keys(task)->time_split.folds
                   : 0;
    NAS_TRY(nas_forecast_deal(a, &nas_forecast_keys(task)->time_split, nas_series_of(d)->series,
                              &nas_series_of(d)->deal, err));
    NAS_TRY(arrange(a, d, -1, log, err));
    NAS_TRY(nas_forecast_groups(a, d, log, err));
    if (nas_forecast_keys(task)->series.group &&
        !(nas_series_of(d)->by =
              nas_arena_alloc(a, nas_forecast_by_bytes(nas_series_of(d)->series), err)))
        return NAS_ENOMEM;
    return prepare_folds(a, d, log, err);
}

void nas_forecast_close(nas_dataset *d) {
    if (nas_series_of(d) && !nas_series_of(d)->borrowed) nas_series_close(nas_series_of(d)->series);
    d->own = NULL;
}

nas_status nas_forecast_fold(nas_arena *a, const nas_dataset *d, int32_t k, nas_dataset *out,
                             nas_err *err) {
    assert(k >= 0 && k < d->folds);
    nas_forecast_data *own = nas_arena_alloc(a, sizeof *own, err);
    if (!own) return NAS_ENOMEM;
    out->own = own;
    *own = (nas_forecast_data){.series = nas_series_of(d)->series,
                               .borrowed = true,
                               .deal = nas_series_of(d)->deal,
                               .block = nas_series_of(d)->block};
    memcpy(own->part_linear[NAS_VALIDATION], nas_series_of(d)->fold_linear[k],
           sizeof nas_series_of(d)->fold_linear[k]);
    own->knows_linear[NAS_VALIDATION] = true;
    return arrange(a, out, k, NULL, err);
}

nas_status nas_forecast_features(const nas_dataset *d, const nas_candidate *c,
                                 const nas_cache *cache, const nas_log *log, nas_features *out,
                                 nas_err *err) {
    const nas_series_config *k = &nas_forecast_keys(d->task)->series;
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
                          .mean = nas_series_of(d)->scaling.mean,
                          .deviation = nas_series_of(d)->scaling.deviation};
    return NAS_OK;
}

nas_examples nas_forecast_part(const nas_dataset *d, const nas_features *f, nas_part part) {
    const nas_series_config *k = &nas_forecast_keys(d->task)->series;
    return (nas_examples){
        .x = nas_series_of(d)->x,
        .n = d->part[part].n,
        .h = f->h,
        .w = f->w,
        .first = d->part[part].example,
        .values = nas_series_of(d)->y + (size_t)k->window * (size_t)k->n_targets,
        .outputs = d->outputs,
        .values_row = k->n_targets,
    };
}
