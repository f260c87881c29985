/* search/task/forecast/judge.c - how far forecasts are off: those of a file, the naive forecast,
 * and a linear model. */
#include "search/task/forecast/forecast.h"

#include <math.h>
#include <string.h>

bool nas_forecast_is_own(const nas_series *s, const nas_candidate *c, const nas_graph *g) {
    const nas_series_config *k = &nas_forecast_keys(&c->task)->series;
    const nas_format_ops *format = nas_format_at((nas_format)c->quantize.kind);
    return !s->input_base && format->rounding == NAS_ROUND_NONE && !c->cluster.on &&
           nas_graph_takes_units(g, k->n_inputs, k->n_targets);
}

double nas_forecast_seasonal(const nas_series *s, int32_t first, int32_t row, int32_t target) {
    if (!s->season) return (double)NAN;
    do row = s->season[row];
    while (row >= first);
    if (row < 0) row = first - 1;
    return (double)s->targets[(size_t)row * (size_t)s->config.n_targets + (size_t)target];
}

void nas_forecast_mark_simple(const nas_series *s, const int32_t *block, int32_t row,
                              nas_marks *m) {
    const nas_series_config *k = &s->config;
    const int32_t targets = k->n_targets, first = row + k->window;
    const float *truth = s->targets + (size_t)first * (size_t)targets, *last = truth - targets;
    for (int32_t i = 0; i < k->horizon * targets; i++) {
        const int32_t target = i % targets, step = i / targets;
        const int32_t cell = (block[first] * targets + target) * k->horizon + step;
        nas_cells_of(m)->windows[cell]++;
        nas_cells_of(m)->carried[cell] += fabs((double)last[target] - (double)truth[i]);
        nas_cells_of(m)->seasonal[cell] +=
            fabs(nas_forecast_seasonal(s, first, first + step, target) - (double)truth[i]);
    }
}

static void mark(const nas_series *s, const int32_t *block, int32_t row, const float *forecast,
                 nas_marks *m) {
    const nas_series_config *k = &s->config;
    const int32_t targets = k->n_targets, first = row + k->window;
    const float *truth = s->targets + (size_t)first * (size_t)targets;
    nas_forecast_mark_simple(s, block, row, m);
    for (int32_t i = 0; i < k->horizon * targets; i++) {
        const int32_t cell = (block[first] * targets + i % targets) * k->horizon + i / targets;
        const double e = (double)forecast[i] - (double)truth[i];
        nas_cells_of(m)->error[cell] += fabs(e);
        nas_cells_of(m)->square[cell] += e * e;
    }
}

/* What forecasts that need no model do on one window; counts it. */
static void add_simple(const nas_series *s, int32_t row, nas_tally *t) {
    const nas_series_config *k = &s->config;
    const int32_t targets = k->n_targets, first = row + k->window;
    const float *truth = s->targets + (size_t)first * (size_t)targets, *last = truth - targets;
    for (int32_t i = 0; i < k->horizon * targets; i++) {
        const int32_t target = i % targets;
        double *sum = &t->sum[NAS_SUMS * target];
        sum[NAS_SUM_CARRIED] += fabs((double)last[target] - (double)truth[i]);
        sum[NAS_SUM_SEASONAL] +=
            fabs(nas_forecast_seasonal(s, first, first + i / targets, target) - (double)truth[i]);
    }
    t->n++;
}

/* One window's forecast, in the units of the file, against what came. */
static void add_window(const nas_series *s, const int32_t *block, int32_t row,
                       const float *forecast, nas_tally *t) {
    const nas_series_config *k = &s->config;
    const int32_t targets = k->n_targets;
    const float *truth = s->targets + (size_t)(row + k->window) * (size_t)targets;
    for (int32_t i = 0; i < k->horizon * targets; i++) {
        const double e = (double)forecast[i] - (double)truth[i];
        double *sum = &t->sum[NAS_SUMS * (i % targets)];
        sum[NAS_SUM_ERROR] += fabs(e);
        sum[NAS_SUM_SQUARE] += e * e;
        if (t->by_output) t->by_output[i] += fabs(e);
    }
    if (t->marks) mark(s, block, row, forecast, t->marks);
    add_simple(s, row, t);
}

static void own_units(const nas_scaling *s, int32_t targets, int32_t n, float *y) {
    for (int32_t i = 0; i < n; i++)
        y[i] = y[i] * s->target_deviation[i % targets] + s->target_mean[i % targets];
}

static void show(const nas_forecast_run *r, int32_t row, const float *forecast) {
    const nas_series *s = r->series;
    const int32_t origin = row + s->config.window;
    const float *truth = s->targets + (size_t)origin * (size_t)s->config.n_targets;
    if (!r->each) return;
    r->each(r->ctx, &(nas_forecast_seen){.row = row,
                                         .windows = r->windows->n,
                                         .line = s->line[origin],
                                         .seconds = s->time ? s->time[origin] / NAS_SECOND : 0,
                                         .forecast = forecast,
                                         .truth = truth,
                                         .last = truth - s->config.n_targets,
                                         .base = s->target_base});
}

/* Between a series with bases and a model that takes and gives what the file holds. */
static void add_base(const double *base, double sign, int32_t columns, int32_t n, const float *from,
                     float *to) {
    for (int32_t i = 0; i < n; i++) to[i] = (float)((double)from[i] + sign * base[i % columns]);
}

static int32_t group_of(const nas_series *s, int32_t row) {
    int32_t lo = 0, hi = s->n_groups;
    while (hi - lo > 1) {
        const int32_t middle = lo + (hi - lo) / 2;
        *(s->group_begin[middle] <= row ? &lo : &hi) = middle;
    }
    return lo;
}

static void add_to_group(const nas_forecast_run *r, int32_t row, const float *forecast) {
    const nas_series_config *k = &r->series->config;
    nas_forecast_by *by = r->groups + (size_t)group_of(r->series, row) * (size_t)k->n_targets;
    const float *truth = r->series->targets + (size_t)(row + k->window) * (size_t)k->n_targets;
    const float *last = truth - k->n_targets;
    for (int32_t i = 0; i < k->horizon * k->n_targets; i++) {
        const int32_t t = i % k->n_targets;
        by[t].error += fabs((double)forecast[i] - (double)truth[i]);
        by[t].carried += fabs((double)last[t] - (double)truth[i]);
    }
    for (int32_t t = 0; t < k->n_targets; t++) by[t].windows++;
}

static nas_status judge_windows(const nas_forecast_run *r, nas_interp *it, float *x, float *y,
                                const nas_log *log, nas_tally *t, nas_err *err) {
    const nas_series_config *k = &r->series->config;
    const size_t in = (size_t)k->n_inputs;
    for (int32_t i = 0; i < r->windows->n; i++) {
        if (i % 1024 == 0 && nas_should_stop(log)) return nas_fail(err, NAS_ESTOP, "stopped");
        const int32_t row = r->windows->first[i];
        const float *from = r->series->inputs + (size_t)row * in;
        if (!r->own)
            nas_scaling_apply(r->scaling->mean, r->scaling->deviation, k->window, k->n_inputs, from,
                              x);
        const bool based = r->own && r->series->input_base;
        if (based)
            add_base(r->series->input_base, 1, k->n_inputs, k->window * k->n_inputs, from, x);
        nas_interp_run(it, r->own && !based ? from : x, y);
        if (based)
            add_base(r->series->target_base, -1, k->n_targets, k->horizon * k->n_targets, y, y);
        if (!r->own) own_units(r->scaling, k->n_targets, k->horizon * k->n_targets, y);
        add_window(r->series, r->block, row, y, t);
        if (r->groups) add_to_group(r, row, y);
        show(r, row, y);
    }
    return NAS_OK;
}

nas_status nas_forecast_judge(const nas_forecast_run *r, const nas_log *log, nas_tally *t,
                              nas_err *err) {
    const nas_series_config *k = &r->series->config;
    nas_arena *a = NULL;
    nas_interp *it = NULL;
    NAS_TRY(nas_arena_open(&a, err));
    float *x = nas_arena_array(a, (size_t)k->window * (size_t)k->n_inputs, sizeof *x, err);
    float *y = nas_arena_array(a, (size_t)k->horizon * (size_t)k->n_targets, sizeof *y, err);
    nas_status st = x && y ? nas_interp_open_as(r->graph, r->runtime, &it, err) : NAS_ENOMEM;
    if (st == NAS_OK) st = judge_windows(r, it, x, y, log, t, err);
    nas_interp_close(it);
    nas_arena_close(a);
    return st;
}

void nas_forecast_linear(const nas_forecast_data *f, const nas_windows *w, nas_tally *t) {
    const nas_series_config *k = &f->series->config;
    enum { MOST = 4096 };
    const int32_t n = k->window * k->n_inputs, m = k->horizon * k->n_targets;
    float y[MOST];
    if (!f->linear || m > MOST) return;
    for (int32_t i = 0; i < w->n; i++) {
        const float *x = f->x + (size_t)w->first[i] * (size_t)k->n_inputs;
        for (int32_t o = 0; o < m; o++) {
            const double *row = f->linear + (size_t)o * (size_t)(n + 1);
            double sum = row[n];
            for (int32_t j = 0; j < n; j++) sum += row[j] * (double)x[j];
            y[o] = (float)sum;
        }
        own_units(&f->scaling, k->n_targets, m, y);
        add_window(f->series, NULL, w->first[i], y, t);
    }
}

void nas_forecast_linear_sums(const nas_forecast_data *f, const nas_windows *w, double *sums) {
    nas_tally t = {0};
    nas_forecast_linear(f, w, &t);
    for (int32_t i = 0; i < f->series->config.n_targets; i++)
        sums[i] = t.n > 0 ? t.sum[NAS_SUMS * i + NAS_SUM_ERROR] : (double)NAN;
}

nas_forecast_figures nas_forecast_figure(const nas_series_config *k, const nas_tally *t,
                                         int32_t i) {
    const double n = t->n * k->horizon, none = (double)NAN;
    const double *sum = &t->sum[NAS_SUMS * i];
    if (!(n > 0)) return (nas_forecast_figures){none, none, none, none, none, none, none};
    const double carried = sum[NAS_SUM_CARRIED], seasonal = sum[NAS_SUM_SEASONAL];
    return (nas_forecast_figures){
        .mae = sum[NAS_SUM_ERROR] / n,
        .rmse = sqrt(sum[NAS_SUM_SQUARE] / n),
        .skill = carried > 0 ? 1 - sum[NAS_SUM_ERROR] / carried : none,
        .skill_seasonal = seasonal > 0 ? 1 - sum[NAS_SUM_ERROR] / seasonal : none,
        .carried = carried / n,
        .seasonal = seasonal / n,
        .linear = sum[NAS_SUM_LINEAR] / n,
    };
}

void nas_forecast_add_simple(const nas_forecast_data *f, const nas_windows *w, const double *linear,
                             nas_tally *t) {
    for (int32_t i = 0; i < w->n; i++) add_simple(f->series, w->first[i], t);
    for (int32_t i = 0; i < f->series->config.n_targets; i++)
        t->sum[NAS_SUMS * i + NAS_SUM_LINEAR] += linear[i];
}

const double *nas_forecast_part_linear(nas_forecast_data *f, nas_part part) {
    if (!f->knows_linear[part]) nas_forecast_linear_sums(f, &f->part[part], f->part_linear[part]);
    f->knows_linear[part] = true;
    return f->part_linear[part];
}

size_t nas_forecast_by_bytes(const nas_series *s) {
    return (size_t)s->n_groups * (size_t)s->config.n_targets * sizeof(nas_forecast_by);
}

static void add_texts(cJSON *object, const char *name, const char *const *v, int32_t n) {
    cJSON *list = cJSON_AddArrayToObject(object, name);
    for (int32_t i = 0; i < n; i++) cJSON_AddItemToArray(list, cJSON_CreateString(v[i]));
}

static int32_t judged_groups(const nas_dataset *d) {
    const nas_series *s = nas_series_of(d)->series;
    int32_t n = 0;
    for (int32_t g = 0; g < s->n_groups; g++)
        n += nas_series_of(d)->by[(size_t)g * (size_t)s->config.n_targets].windows > 0;
    return n;
}

/* Every trial keeps such a file, and one beyond 4 MiB is not read: of many groups it has the number
 * alone. */
static void add_groups(cJSON *v, const nas_dataset *d) {
    enum { GROUPS_MOST = 1000 };
    const nas_series *s = nas_series_of(d)->series;
    const nas_series_config *k = &s->config;
    const int32_t judged = judged_groups(d);
    if (judged > GROUPS_MOST) {
        nas_package_number(v, "groups_left_out", judged);
        return;
    }
    cJSON *groups = cJSON_AddObjectToObject(v, "groups");
    for (int32_t g = 0; g < s->n_groups; g++) {
        const nas_forecast_by *by = nas_series_of(d)->by + (size_t)g * (size_t)k->n_targets;
        if (!(by->windows > 0)) continue;
        cJSON *group = cJSON_AddObjectToObject(groups, s->group_name[g]);
        nas_package_number(group, "windows", by->windows);
        for (int32_t i = 0; i < k->n_targets; i++) {
            cJSON *target = cJSON_AddObjectToObject(group, k->names[i]);
            nas_package_number(target, "mae", by[i].error / (by->windows * k->horizon));
            if (by[i].carried > 0)
                nas_package_number(target, "skill", 1 - by[i].error / by[i].carried);
        }
    }
}

/* What the file does on the validation set, step by step, and what simpler forecasts do. */
static void add_validation(cJSON *o, const nas_dataset *d, const nas_tally *t) {
    const nas_series_config *k = &nas_forecast_keys(d->task)->series;
    cJSON *v = cJSON_AddObjectToObject(o, "validation");
    nas_package_number(v, "windows", t->n);
    cJSON *steps = cJSON_AddObjectToObject(v, "mae_by_step");
    cJSON *carried = cJSON_AddObjectToObject(v, "mae_carried_on");
    cJSON *squares = cJSON_AddObjectToObject(v, "mae_least_squares");
    cJSON *seasonal = cJSON_AddObjectToObject(v, "mae_seasonal_naive");
    for (int32_t i = 0; i < k->n_targets; i++) {
        cJSON *list = cJSON_AddArrayToObject(steps, k->names[i]);
        for (int32_t s = 0; t->by_output && s < k->horizon; s++) {
            char text[32];
            nas_json_number(t->by_output[s * k->n_targets + i] / t->n, text);
            cJSON_AddItemToArray(list, cJSON_CreateRaw(text));
        }
        const nas_forecast_figures f = nas_forecast_figure(k, t, i);
        nas_package_number(carried, k->names[i], f.carried);
        if (!isnan(f.linear)) nas_package_number(squares, k->names[i], f.linear);
        if (!isnan(f.seasonal)) nas_package_number(seasonal, k->names[i], f.seasonal);
    }
    if (nas_series_of(d)->by) add_groups(v, d);
}

/* Means in the units of the file: in doubles where a column has a base. */
static void put_means(cJSON *o, const char *name, const float *mean, const double *base,
                      int32_t n) {
    cJSON *list = cJSON_AddArrayToObject(o, name);
    for (int32_t i = 0; i < n; i++) {
        char text[32];
        nas_json_number((double)mean[i] + (base ? base[i] : 0), text);
        cJSON_AddItemToArray(list, cJSON_CreateRaw(text));
    }
}

nas_status nas_forecast_package(const nas_dataset *d, const nas_candidate *c, const nas_features *f,
                                const nas_graph *g, const nas_tally *t, nas_arena *a,
                                const char **out, nas_err *err) {
    const nas_series_config *k = &nas_forecast_keys(d->task)->series;
    const nas_scaling *s = &nas_series_of(d)->scaling;
    cJSON *o = nas_package_start(NULL);
    (void)f;
    add_texts(o, "inputs", k->inputs, k->n_inputs);
    cJSON *targets = cJSON_AddObjectToObject(o, "targets");
    for (int32_t i = 0; i < k->n_targets; i++)
        cJSON_AddStringToObject(targets, k->names[i], k->targets[i]);
    nas_package_number(o, "window", k->window);
    nas_package_number(o, "horizon", k->horizon);
    if (nas_series_of(d)->series->step)
        nas_package_number(o, "step_seconds", (double)nas_series_of(d)->series->step / 1e6);
    cJSON_AddStringToObject(
        o, "units", nas_forecast_is_own(nas_series_of(d)->series, c, g) ? "own" : "standardised");
    put_means(o, "mean", s->mean, nas_series_of(d)->series->input_base, k->n_inputs);
    nas_package_floats(o, "deviation", s->deviation, k->n_inputs);
    put_means(o, "target_mean", s->target_mean, nas_series_of(d)->series->target_base,
              k->n_targets);
    nas_package_floats(o, "target_deviation", s->target_deviation, k->n_targets);
    if (t->n > 0) add_validation(o, d, t);
    return nas_package_print(o, a, out, err);
}
