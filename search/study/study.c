/* search/study/study.c - a space as a study of the store. */
#include "search/study/study.h"

#include "base/companion.h"
#include "base/relation.h"
#include "search/task/task.h"
#include "store/read.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

static nas_column metric_column(const nas_metric *m) {
    return (nas_column){.name = m->name, .type = m->integer ? NAS_COLUMN_INTEGER : NAS_COLUMN_REAL};
}

static nas_status define_columns(const nas_space *s, nas_arena *a, nas_study *out, nas_err *err) {
    out->n_params = nas_space_params(s);
    const nas_metric_list *list = &nas_space_task(s)->metrics;
    out->n_metrics = list->n;
    nas_column *params = nas_arena_array(a, (size_t)out->n_params, sizeof *params, err);
    nas_column *metrics = nas_arena_array(a, (size_t)list->n, sizeof *metrics, err);
    if (!params || !metrics) return NAS_ENOMEM;
    for (int32_t i = 0; i < out->n_params; i++) {
        const nas_param *p = nas_space_param(s, i);
        params[i] = (nas_column){.name = p->column, .type = p->type};
    }
    for (int i = 0; i < list->n; i++) metrics[i] = metric_column(&list->v[i]);
    out->params = params;
    out->metrics = metrics;
    return NAS_OK;
}

/* The end of an estimate's interval that a constraint asks for: of a lower end one that asks for
 * more, of an upper end one that asks for less. */
static const char *tested_column(const nas_metric *m, const nas_constraint *c, bool bare) {
    if (m->tested_as) return m->tested_as;
    if (bare || !m->bound) return m->name;
    const int asks = nas_relation_direction(c->op);
    return asks && asks == -nas_companion_end(m->bound, m->name) ? m->bound : m->name;
}

static nas_status define_bounds(const nas_space *s, nas_arena *a, nas_study *out, nas_err *err) {
    out->n_bounds = nas_space_constraints(s);
    out->n_goals = nas_space_objectives(s);
    nas_bound *bounds = nas_arena_array(a, (size_t)out->n_bounds, sizeof *bounds, err);
    nas_goal *goals = nas_arena_array(a, (size_t)out->n_goals, sizeof *goals, err);
    if (!bounds || !goals) return NAS_ENOMEM;
    for (int32_t i = 0; i < out->n_bounds; i++) {
        const nas_constraint *c = nas_space_constraint(s, i);
        const nas_metric_list *list = &nas_space_task(s)->metrics;
        const nas_metric *m = &list->v[nas_metric_in(list, c->metric)];
        bounds[i] = (nas_bound){
            .text = c->text,
            .column = tested_column(m, c, isnan(out->confidence)),
            .op = c->op,
            .bound = c->bound,
        };
    }
    for (int32_t i = 0; i < out->n_goals; i++) {
        const nas_objective *o = nas_space_objective(s, i);
        goals[i] = (nas_goal){.column = o->metric, .direction = o->direction};
    }
    out->bounds = bounds;
    out->goals = goals;
    return NAS_OK;
}

/* Of one parameter that both spaces have. false: nothing is called otherwise, for all that is
 * known.
 */
static bool compare_labels(const nas_space *was, int32_t k, const nas_space *now, int32_t i,
                           nas_arena *a, nas_renamed *out) {
    int32_t n = 0, m = 0;
    bool named_was = false, named = false;
    const char *const *old = nas_space_labels(was, k, &n, &named_was);
    const char *const *labels = nas_space_labels(now, i, &m, &named);
    if (!old || !labels || n != m || !(named_was || named)) return false;
    const char **texts = nas_arena_array(a, (size_t)n, sizeof *texts, NULL);
    nas_value *values = nas_arena_array(a, (size_t)n, sizeof *values, NULL);
    if (!texts || !values) return false;
    for (int32_t o = 0; o < n; o++) {
        texts[o] = nas_arena_text(a, old[o], NULL);
        values[o] = (nas_value){
            .type = named ? NAS_COLUMN_TEXT : NAS_COLUMN_INTEGER, .text = labels[o], .integer = o};
        if (!texts[o]) return false;
    }
    *out = (nas_renamed){.param = i, .n = n, .was = texts, .now = values};
    return true;
}

/* A text that this build cannot read any more has no names to tell. */
static nas_status renamed(const void *ctx, const char *text, nas_arena *a, const nas_renamed **out,
                          int32_t *n, nas_err *err) {
    const nas_space *now = ctx;
    nas_space *was = NULL;
    nas_renamed *all = nas_arena_array(a, (size_t)nas_space_params(now), sizeof *all, err);
    if (!all) return NAS_ENOMEM;
    *out = all;
    *n = 0;
    const nas_status st = nas_space_parse("the old space", text, &was, NULL);
    if (st == NAS_ENOMEM) return nas_fail(err, st, "out of memory for the old space");
    if (st != NAS_OK) return NAS_OK;
    for (int32_t i = 0; i < nas_space_params(now); i++)
        for (int32_t k = 0; k < nas_space_params(was); k++)
            if (strcmp(nas_space_param(was, k)->path, nas_space_param(now, i)->path) == 0 &&
                compare_labels(was, k, now, i, a, &all[*n]))
                ++*n;
    nas_space_close(was);
    return NAS_OK;
}

nas_status nas_study_define(const nas_space *s, const nas_hash *fingerprint, uint64_t seed,
                            int64_t trials, bool bare, nas_arena *a, nas_study *out, nas_err *err) {
    *out = (nas_study){
        .name = nas_space_name(s),
        .task = nas_space_task(s)->ops->name,
        .space_text = nas_space_text(s),
        .space_hash = nas_space_hash(s),
        .fingerprint = *fingerprint,
        .seed = seed,
        .trials = trials,
        .prefers = nas_space_search(s)->prefer != 0,
        .confidence = bare ? (double)NAN : nas_space_search(s)->confidence,
        .tie_break = nas_metrics[NAS_METRIC_ZLIB_BYTES].name,
        .renamed = renamed,
        .renamed_ctx = s,
    };
    NAS_TRY(define_columns(s, a, out, err));
    return define_bounds(s, a, out, err);
}

void nas_study_metrics(const nas_metric_list *list, const double *metric,
                       nas_value values[NAS_METRICS_MOST]) {
    for (int i = 0; i < list->n; i++) {
        const bool null = isnan(metric[i]), integer = list->v[i].integer;
        values[i] = (nas_value){
            .is_null = null,
            .type = integer ? NAS_COLUMN_INTEGER : NAS_COLUMN_REAL,
            .integer = integer && !null ? (int64_t)metric[i] : 0,
            .real = metric[i],
        };
    }
}

typedef struct stored_row {
    nas_state *state; /* NULL: not asked for */
    double *metric;
} stored_row;

static bool note_row(void *ctx, const nas_row *row) {
    const stored_row *s = ctx;
    if (s->state) *s->state = nas_state_of(row->values[0].text);
    for (int32_t i = 1; i < row->n; i++) {
        const nas_value *v = &row->values[i];
        s->metric[i - 1] = nas_value_real(v);
    }
    return true;
}

nas_status nas_study_stored(nas_store *store, const nas_study *study, int64_t row, nas_state *state,
                            nas_arena *a, const double **metric, nas_err *err) {
    const size_t n = (size_t)study->n_metrics;
    const char **columns = nas_arena_array(a, n + 1, sizeof *columns, err);
    double *v = nas_arena_array(a, n + 1, sizeof *v, err);
    if (!columns || !v) return NAS_ENOMEM;
    nas_trials_ask ask = {.row = row, .columns = columns, .n_columns = study->n_metrics + 1};
    columns[0] = "state";
    for (size_t i = 0; i < n; i++) {
        columns[i + 1] = study->metrics[i].name;
        v[i] = (double)NAN;
    }
    stored_row s = {.state = state, .metric = v};
    if (state) *state = NAS_STATES;
    *metric = v;
    return nas_store_trials(store, study, &ask, note_row, &s, err);
}

void nas_view_name(const char *study, const char *ending, char out[160]) {
    snprintf(out, 160, "\"%.100s%s\"", study, ending);
}
