/* search/task/forecast/audit.c - what was read of a table. */
#include "search/task/forecast/audit.h"
#include "search/task/forecast/forecast.h"

#include <math.h>

/* Column c of row i: inputs, then targets. */
static double cell_at(const nas_series *s, int32_t i, int32_t c) {
    const int32_t in = s->config.n_inputs, targets = s->config.n_targets, t = c - in;
    const size_t row = (size_t)i;
    if (t < 0)
        return (double)s->inputs[row * (size_t)in + (size_t)c] +
               (s->input_base ? s->input_base[c] : 0);
    return (double)s->targets[row * (size_t)targets + (size_t)t] +
           (s->target_base ? s->target_base[t] : 0);
}

/* A row that lacks a cell is a run of its own, and its value stands for nothing. */
static bool is_alone(const nas_series *s, int32_t i) {
    return s->dropped && (i == 0 || s->run[i - 1] != s->run[i]) &&
           (i + 1 == s->rows || s->run[i + 1] != s->run[i]);
}

static void fill(const nas_series *s, int32_t c, nas_audit_column *out) {
    double sum = 0, squares = 0;
    int32_t used = 0;
    out->target = c >= s->config.n_inputs;
    out->name = out->target ? s->config.targets[c - s->config.n_inputs] : s->config.inputs[c];
    out->least = out->most = (double)NAN;
    for (int32_t i = 0; i < s->rows; i++) {
        if (is_alone(s, i)) continue;
        const double v = cell_at(s, i, c);
        sum += v;
        used++;
        if (!(out->least <= v)) out->least = v;
        if (!(out->most >= v)) out->most = v;
    }
    out->mean = sum / used;
    for (int32_t i = 0; i < s->rows; i++) {
        const double v = is_alone(s, i) ? 0 : cell_at(s, i, c) - out->mean;
        squares += v * v;
    }
    out->deviation = sqrt(squares / used);
}

nas_status nas_audit_series(const nas_dataset *d, nas_arena *a, const nas_audit_table **to,
                            nas_err *err) {
    *to = NULL;
    if (d->task->ops != &nas_task_forecast) return NAS_OK;
    nas_audit_table *out = nas_arena_alloc(a, sizeof *out, err);
    if (!out) return NAS_ENOMEM;
    *to = out;
    const nas_series *s = nas_series_of(d)->series;
    const nas_series_config *k = &s->config;
    *out = (nas_audit_table){.rows = s->rows,
                             .runs = s->rows > 0,
                             .dropped = s->dropped,
                             .gaps = s->gaps,
                             .irregular = s->irregular,
                             .repeats = s->repeats,
                             .step_seconds = 1e-6 * (double)s->step,
                             .groups = s->n_groups,
                             .n = k->n_inputs + k->n_targets};
    for (int32_t i = 1; i < s->rows; i++) out->runs += s->run[i] != s->run[i - 1];
    out->runs -= (int32_t)s->dropped; /* each of them is a run of its own */
    for (int p = 0; p < NAS_PARTS; p++) out->windows[p] = d->part[p].n;
    out->columns = nas_arena_array(a, (size_t)out->n, sizeof *out->columns, err);
    if (!out->columns) return NAS_ENOMEM;
    for (int32_t c = 0; c < out->n; c++) fill(s, c, &out->columns[c]);
    return NAS_OK;
}
