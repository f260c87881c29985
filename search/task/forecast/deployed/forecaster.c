/* search/task/forecast/deployed/forecaster.c - an exported forecast read back. */
#include "search/task/forecast/deployed/forecaster.h"

#include "base/files/folder.h"
#include "search/deployed/model.h"
#include "search/json/json_int.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

bool nas_forecaster_is_in(const char *folder) {
    char path[4096];
    nas_folder_held held;
    snprintf(path, sizeof path, "%s/forecast.json", folder);
    if (nas_folder_hold(folder, &held, NULL) != NAS_OK) return false;
    const bool there = nas_path_exists(path);
    nas_folder_let(&held);
    return there;
}

/* The means as they stand, which float may not hold. */
static nas_status read_doubles(nas_arena *a, const nas_json *j, const char *key, int32_t n,
                               const double **out, nas_err *err) {
    const cJSON *list = cJSON_GetObjectItemCaseSensitive(nas_json_root(j), key), *x;
    double *v = nas_arena_array(a, (size_t)n, sizeof *v, err);
    const float *floats; /* checks them */
    if (!v) return NAS_ENOMEM;
    NAS_TRY(nas_json_floats(a, j, key, n, &floats, err));
    int32_t i = 0;
    cJSON_ArrayForEach(x, list) v[i++] = x->valuedouble;
    *out = v;
    return NAS_OK;
}

static nas_status read_units(nas_arena *a, const nas_json *j, nas_forecaster *out, nas_err *err) {
    const nas_series_config *k = &nas_forecast_keys(&out->candidate.task)->series;
    const cJSON *units = cJSON_GetObjectItemCaseSensitive(nas_json_root(j), "units");
    nas_scaling *s = &out->scaling;
    NAS_TRY(read_doubles(a, j, "mean", k->n_inputs, &out->mean, err));
    NAS_TRY(nas_json_floats(a, j, "deviation", k->n_inputs, &s->deviation, err));
    NAS_TRY(read_doubles(a, j, "target_mean", k->n_targets, &out->target_mean, err));
    NAS_TRY(nas_json_floats(a, j, "target_deviation", k->n_targets, &s->target_deviation, err));
    for (int32_t i = 0; i < k->n_inputs; i++)
        if (!(s->deviation[i] > 0))
            return nas_fail(err, NAS_EFORMAT, "%s: expected standard deviations above 0",
                            nas_json_name(j));
    const cJSON *step = cJSON_GetObjectItemCaseSensitive(nas_json_root(j), "step_seconds");
    out->own = cJSON_IsString(units) && strcmp(units->valuestring, "own") == 0;
    out->step_seconds = cJSON_IsNumber(step) ? step->valuedouble : 0;
    return NAS_OK;
}

static nas_status check_shapes(const char *folder, const nas_forecaster *f, nas_err *err) {
    const nas_series_config *k = &nas_forecast_keys(&f->candidate.task)->series;
    const int64_t in = nas_tensor_count(&f->graph.tensors[f->graph.input]);
    const int64_t out = nas_tensor_count(&f->graph.tensors[f->graph.output]);
    if (in == (int64_t)k->window * k->n_inputs && out == (int64_t)k->horizon * k->n_targets)
        return NAS_OK;
    return nas_fail(err, NAS_EFORMAT,
                    "%s: model.tflite takes %lld values and gives %lld; candidate.json says %d x "
                    "%d and %d x %d",
                    folder, (long long)in, (long long)out, k->window, k->n_inputs, k->horizon,
                    k->n_targets);
}

static nas_status open_files(nas_arena *a, const char *folder, nas_forecaster *out, nas_err *err) {
    char path[4096];
    nas_json *j = NULL;
    snprintf(path, sizeof path, "%s/model.tflite", folder);
    NAS_TRY(nas_model_read(a, path, &out->graph, &out->file, err));
    snprintf(path, sizeof path, "%s/candidate.json", folder);
    NAS_TRY(nas_candidate_open(a, path, 0, &out->candidate, err));
    if (out->candidate.task.ops != nas_task_find("forecast"))
        return nas_fail(err, NAS_EFORMAT, "%s: its task is \"%s\", but forecast.json stands beside",
                        path, out->candidate.task.ops->name);
    snprintf(path, sizeof path, "%s/forecast.json", folder);
    NAS_TRY(nas_json_open(a, path, &j, err));
    nas_status st = read_units(a, j, out, err);
    nas_json_close(j);
    if (st == NAS_OK) st = check_shapes(folder, out, err);
    return st;
}

nas_status nas_forecaster_open(nas_arena *a, const char *folder, nas_forecaster *out,
                               nas_err *err) {
    nas_folder_held held;
    *out = (nas_forecaster){0};
    NAS_TRY(nas_folder_hold(folder, &held, err));
    const nas_status st = open_files(a, folder, out, err);
    nas_folder_let(&held);
    return st;
}

/* The means less the bases of a series. */
static nas_status means_for(const double *mean, const double *base, int32_t n, nas_arena *a,
                            const float **out, nas_err *err) {
    float *v = nas_arena_array(a, (size_t)n, sizeof *v, err);
    if (!v) return NAS_ENOMEM;
    for (int32_t i = 0; i < n; i++) v[i] = (float)(mean[i] - (base ? base[i] : 0));
    *out = v;
    return NAS_OK;
}

static nas_status list_groups(const nas_series *s, nas_arena *a, nas_forecast_verdict *out,
                              nas_err *err) {
    if (!s->config.group) return NAS_OK;
    out->n_groups = s->n_groups;
    out->group = nas_arena_array(a, (size_t)s->n_groups, sizeof *out->group, err);
    out->by = nas_arena_alloc(a, nas_forecast_by_bytes(s), err);
    if (!out->group || !out->by) return NAS_ENOMEM;
    for (int32_t g = 0; g < s->n_groups; g++)
        if (!(out->group[g] = nas_arena_text(a, s->group_name[g], err))) return NAS_ENOMEM;
    return NAS_OK;
}

/* A window is a number of rows: with rows at another pace it is another length of time. */
static void warn_of_step(const nas_forecaster *f, const nas_series *s, const char *data,
                         const nas_log *log) {
    const double step = (double)s->step / 1e6;
    if (!(f->step_seconds > 0) || !(step > 0)) return;
    if (fabs(step / f->step_seconds - 1) <= 0.01) return;
    nas_warn(
        log,
        "%s: rows are %g s apart, and the model was trained on rows %g s apart: its window and "
        "horizon are counted in rows. Give a table with that step",
        data, step, f->step_seconds);
}

static nas_status judge_windows(const nas_forecaster *f, const nas_series *s, const nas_windows *w,
                                const char *data, const nas_log *log, nas_arena *a,
                                nas_forecast_fn each, void *ctx, nas_forecast_verdict *out,
                                nas_err *err) {
    const nas_series_config *k = &s->config;
    nas_scaling scaling = f->scaling;
    warn_of_step(f, s, data, log);
    NAS_TRY(means_for(f->mean, s->input_base, k->n_inputs, a, &scaling.mean, err));
    NAS_TRY(means_for(f->target_mean, s->target_base, k->n_targets, a, &scaling.target_mean, err));
    nas_tally *t = &out->file;
    NAS_TRY(list_groups(s, a, out, err));
    const nas_forecast_run r = {.series = s,
                                .windows = w,
                                .scaling = &scaling,
                                .graph = &f->graph,
                                .runtime = f->runtime,
                                .own = f->own,
                                .groups = out->by,
                                .each = each,
                                .ctx = ctx};
    const size_t outputs = (size_t)s->config.horizon * (size_t)s->config.n_targets;
    if (!w->n)
        return nas_fail(err, NAS_EINVAL, "%s: not one whole window of %d + %d rows", data,
                        s->config.window, s->config.horizon);
    t->by_output = nas_arena_array(a, outputs, sizeof *t->by_output, err);
    return t->by_output ? nas_forecast_judge(&r, log, t, err) : NAS_ENOMEM;
}

nas_status nas_forecaster_judge(const nas_forecaster *f, const char *data, int part,
                                const nas_cache *cache, const nas_log *log, nas_arena *a,
                                nas_forecast_fn each, void *ctx, nas_forecast_verdict *out,
                                nas_err *err) {
    *out = (nas_forecast_verdict){0};
    nas_status st;
    if (part >= 0) {
        nas_dataset d;
        NAS_TRY(nas_dataset_open(a, &f->candidate.task, data, false, cache, log, &d, err));
        const nas_windows *w = &nas_series_of(&d)->part[part];
        st = judge_windows(f, nas_series_of(&d)->series, w, data, log, a, each, ctx, out, err);
        if (st == NAS_OK) nas_forecast_linear(nas_series_of(&d), w, &out->linear);
        out->data = nas_series_of(&d)->series->file;
        nas_dataset_close(&d);
        return st;
    }
    nas_series *s = NULL;
    nas_windows w;
    NAS_TRY(nas_series_open(data, &nas_forecast_keys(&f->candidate.task)->series, log, &s, err));
    st = nas_windows_find(s, 0, s->rows, a, &w, err);
    if (st == NAS_OK) st = judge_windows(f, s, &w, data, log, a, each, ctx, out, err);
    out->data = s->file;
    nas_series_close(s);
    return st;
}
