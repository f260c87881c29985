/* search/study.c - a space as a study of the store. */
#include "search/study.h"

#include <math.h>

static nas_column metric_column(int i) {
    return (nas_column){
        .name = nas_metrics[i].name,
        .type = nas_metrics[i].integer ? NAS_COLUMN_INTEGER : NAS_COLUMN_REAL,
    };
}

static nas_status define_columns(const nas_space *s, nas_arena *a, nas_study *out, nas_err *err) {
    out->n_params = nas_space_params(s);
    out->n_metrics = NAS_METRIC_COUNT;
    nas_column *params = nas_arena_array(a, (size_t)out->n_params, sizeof *params, err);
    nas_column *metrics = nas_arena_array(a, NAS_METRIC_COUNT, sizeof *metrics, err);
    if (!params || !metrics) return NAS_ENOMEM;
    for (int32_t i = 0; i < out->n_params; i++) {
        const nas_param *p = nas_space_param(s, i);
        params[i] = (nas_column){.name = p->column, .type = p->type};
    }
    for (int i = 0; i < NAS_METRIC_COUNT; i++) metrics[i] = metric_column(i);
    out->params = params;
    out->metrics = metrics;
    return NAS_OK;
}

static nas_status define_bounds(const nas_space *s, nas_arena *a, nas_study *out, nas_err *err) {
    static const char *const ops[] = {">", ">=", "<", "<=", "==", "!="};
    out->n_bounds = nas_space_constraints(s);
    out->n_goals = nas_space_objectives(s);
    nas_bound *bounds = nas_arena_array(a, (size_t)out->n_bounds, sizeof *bounds, err);
    nas_goal *goals = nas_arena_array(a, (size_t)out->n_goals, sizeof *goals, err);
    if (!bounds || !goals) return NAS_ENOMEM;
    for (int32_t i = 0; i < out->n_bounds; i++) {
        const nas_constraint *c = nas_space_constraint(s, i);
        const nas_metric *m = &nas_metrics[nas_metric_find(c->metric)];
        bounds[i] = (nas_bound){
            .text = c->text,
            .column = m->tested_as ? m->tested_as : m->name,
            .op = ops[c->op],
            .bound = c->bound,
        };
    }
    for (int32_t i = 0; i < out->n_goals; i++) {
        const nas_objective *o = nas_space_objective(s, i);
        goals[i] = (nas_goal){.column = o->metric, .maximize = o->maximize};
    }
    out->bounds = bounds;
    out->goals = goals;
    return NAS_OK;
}

nas_status nas_study_define(const nas_space *s, const nas_hash *fingerprint, uint64_t seed,
                            int64_t trials, nas_arena *a, nas_study *out, nas_err *err) {
    *out = (nas_study){
        .name = nas_space_name(s),
        .task = "keywords",
        .space_text = nas_space_text(s),
        .space_hash = nas_space_hash(s),
        .fingerprint = *fingerprint,
        .seed = seed,
        .trials = trials,
        .tie_break = nas_metrics[NAS_METRIC_ZLIB_BYTES].name,
    };
    NAS_TRY(define_columns(s, a, out, err));
    return define_bounds(s, a, out, err);
}

void nas_study_metrics(const double *metric, nas_value values[NAS_METRIC_COUNT]) {
    for (int i = 0; i < NAS_METRIC_COUNT; i++) {
        const bool null = isnan(metric[i]), integer = nas_metrics[i].integer;
        values[i] = (nas_value){
            .is_null = null,
            .type = integer ? NAS_COLUMN_INTEGER : NAS_COLUMN_REAL,
            .integer = integer && !null ? (int64_t)metric[i] : 0,
            .real = metric[i],
        };
    }
}
