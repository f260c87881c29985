/* core/data/table/series_numbers.c - columns of numbers become a series. */
#include "core/data/table/series_int.h"

#include <limits.h>
#include <math.h>

static void place(nas_draft *d, const nas_number_column *c, int32_t rows, float *to,
                  int32_t stride) {
    for (int32_t r = 0; r < rows; r++, to += stride) {
        const bool none = isnan(c->v[r]);
        *to = none ? 0 : (float)(c->v[r] - c->base);
        if (none) d->broken[r] = 1;
    }
}

/* The bases, once a column has one. */
static nas_status place_bases(nas_series *s, const nas_draft *d, nas_err *err) {
    const nas_series_config *k = &s->config;
    const nas_numbers *x = d->numbers;
    bool any = false;
    for (int32_t i = 0; i < x->n; i++) any |= fabs(x->column[i].base) > 0;
    if (!any) return NAS_OK;
    double *in = nas_arena_array(s->arena, (size_t)k->n_inputs, sizeof *in, err);
    double *target = nas_arena_array(s->arena, (size_t)k->n_targets, sizeof *target, err);
    if (!in || !target) return NAS_ENOMEM;
    for (int32_t i = 0; i < k->n_inputs; i++)
        if (d->input_number[i] >= 0) in[i] = x->column[d->input_number[i]].base;
    for (int32_t i = 0; i < k->n_targets; i++) target[i] = x->column[d->target_number[i]].base;
    s->input_base = in;
    s->target_base = target;
    return NAS_OK;
}

static nas_status mark_filled(nas_series *s, const nas_number_column *c, uint8_t mark, uint8_t **to,
                              nas_err *err) {
    if (!c->filled) return NAS_OK;
    if (!*to) *to = nas_arena_alloc(s->arena, (size_t)s->rows + 1, err);
    if (!*to) return NAS_ENOMEM;
    for (int32_t r = 0; r < s->rows; r++)
        if (c->filled[r]) (*to)[r] |= mark;
    return NAS_OK;
}

static nas_status place_filled(nas_series *s, const nas_draft *d, nas_err *err) {
    const nas_numbers *x = d->numbers;
    uint8_t *filled = NULL;
    for (int32_t i = 0; i < s->config.n_targets; i++)
        NAS_TRY(mark_filled(s, &x->column[d->target_number[i]], NAS_FILLED_TARGET, &filled, err));
    for (int32_t i = 0; s->config.missing == NAS_MISSING_INTERPOLATE && i < x->n; i++)
        NAS_TRY(mark_filled(s, &x->column[i], NAS_FILLED_AHEAD, &filled, err));
    s->filled = filled;
    return NAS_OK;
}

static int32_t count_windows(const nas_series *s, const int32_t *run) {
    const int32_t span = s->config.window + s->config.horizon;
    int32_t n = 0;
    for (int32_t i = 0; i + span <= s->rows; i++) n += run[i] == run[i + span - 1];
    return n;
}

/* The column that lacks the most values that were not filled, and the line of the first. */
static const char *most_lacking(const nas_series *s, const nas_draft *d, int64_t *line) {
    const nas_numbers *x = d->numbers;
    const char *name = "";
    int32_t most = 0;
    for (int32_t i = 0; i < x->n; i++) {
        int32_t n = 0, first = INT32_MAX;
        for (int32_t r = 0; r < s->rows; r++) {
            if (!isnan(x->column[i].v[r])) continue;
            n++;
            if (d->line[r] < first) first = d->line[r];
        }
        if (n <= most) continue;
        most = n;
        name = x->column[i].name;
        *line = first;
    }
    return name;
}

/* A row that lacks a value is a run of its own. Says what that leaves. */
static nas_status break_runs(nas_series *s, const nas_draft *d, const nas_log *log, nas_err *err) {
    int64_t line = 0;
    for (int32_t i = 0; i < s->rows; i++) s->dropped += d->broken[i];
    if (!s->dropped) return NAS_OK;
    int32_t *run = nas_arena_array(s->arena, (size_t)s->rows + 1, sizeof *run, err);
    if (!run) return NAS_ENOMEM;
    for (int32_t i = 1; i < s->rows; i++)
        run[i] = run[i - 1] + (s->run[i] != s->run[i - 1] || d->broken[i] || d->broken[i - 1]);
    const char *worst = most_lacking(s, d, &line);
    const int32_t before = count_windows(s, s->run), after = count_windows(s, run);
    nas_warn(log,
             "%s: %lld of %d rows lack a value, most often of \"%.100s\" (first in line %lld); "
             "windows over them are left out: %d of %d stay (%.0f %%)%s",
             s->path, (long long)s->dropped, s->rows, worst, (long long)line, after, before,
             before ? 100.0 * after / before : 0,
             s->config.missing == NAS_MISSING_DROP ? ". To fill short gaps set task.missing to "
                                                     "\"previous\" or \"interpolate\""
                                                   : "");
    s->run = run;
    return NAS_OK;
}

nas_status nas_series_place(nas_series *s, nas_draft *d, const nas_log *log, nas_err *err) {
    const nas_series_config *k = &s->config;
    d->numbers->rows = s->rows;
    NAS_TRY(nas_numbers_finish(d->numbers, s->run, log, err));
    for (int32_t i = 0; i < k->n_inputs; i++)
        if (d->input_number[i] >= 0)
            place(d, &d->numbers->column[d->input_number[i]], s->rows, d->inputs + i, k->n_inputs);
    for (int32_t i = 0; i < k->n_targets; i++)
        place(d, &d->numbers->column[d->target_number[i]], s->rows, d->targets + i, k->n_targets);
    NAS_TRY(place_bases(s, d, err));
    NAS_TRY(place_filled(s, d, err));
    return break_runs(s, d, log, err);
}
