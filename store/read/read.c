/* store/read/read.c - trials by filter and order. */
#include "store/read/ask.h"

#include <math.h>

static const char *const tails[] = {[NAS_AMONG_ALL] = "",
                                    [NAS_AMONG_FEASIBLE] = "_feasible",
                                    [NAS_AMONG_BEST] = "_best",
                                    [NAS_AMONG_FRONT] = "_pareto"};

static const char *sql_of(nas_relation r) {
    return r == NAS_EQUAL ? "=" : nas_relation_text(r);
}

static void put_condition(nas_ask *q, const char *column, nas_relation is, double v) {
    nas_ask_name(q, column, NULL);
    nas_ask_put(q, " %s ", sql_of(is));
    nas_ask_real(q, v);
}

static void put_state(nas_ask *q, nas_state state) {
    nas_ask_put(q, "state = ");
    nas_ask_text(q, nas_state_text(state));
}

static void put_feasible(nas_ask *q, const nas_study *study) {
    nas_ask_put(q, "id in (select id from ");
    nas_ask_name(q, study->name, tails[NAS_AMONG_FEASIBLE]);
    nas_ask_put(q, ")");
}

/* What stands in a column of one row. */
static void put_of_row(nas_ask *q, const nas_study *study, const char *column, int64_t row) {
    nas_ask_put(q, "(select ");
    nas_ask_name(q, column, NULL);
    nas_ask_put(q, " from ");
    nas_ask_name(q, study->name, "");
    nas_ask_put(q, " where id = ");
    nas_ask_integer(q, row);
    nas_ask_put(q, ")");
}

/* The tie-break of a row (0: of each that is looked at), so that none comes last. */
static void put_tie(nas_ask *q, const nas_study *study, int64_t row) {
    if (!study->tie_break) {
        nas_ask_put(q, "0");
        return;
    }
    nas_ask_put(q, "coalesce(");
    if (row)
        put_of_row(q, study, study->tie_break, row);
    else
        nas_ask_name(q, study->tie_break, NULL);
    nas_ask_put(q, ", ");
    nas_ask_real(q, (double)INFINITY);
    nas_ask_put(q, ")");
}

static void put_rivals(nas_ask *q, const nas_study *study, int64_t row, double share) {
    const nas_goal *g = &study->goals[0];
    const char *better = g->direction == NAS_MAXIMIZE ? ">" : "<";
    nas_ask_put(q, " and (");
    nas_ask_name(q, g->column, NULL);
    nas_ask_put(q, share != 0 ? " %s= " : " %s ", better);
    if (share != 0) {
        nas_ask_real(q, share);
        nas_ask_put(q, " * ");
    }
    put_of_row(q, study, g->column, row);
    if (share == 0) {
        nas_ask_put(q, " or (");
        nas_ask_name(q, g->column, NULL);
        nas_ask_put(q, " = ");
        put_of_row(q, study, g->column, row);
        nas_ask_put(q, " and (");
        put_tie(q, study, 0);
        nas_ask_put(q, ", number) < (");
        put_tie(q, study, row);
        nas_ask_put(q, ", ");
        put_of_row(q, study, "number", row);
        nas_ask_put(q, "))");
    }
    nas_ask_put(q, ")");
}

static void put_row_is(nas_ask *q, const char *relation, int64_t row) {
    if (!row) return;
    nas_ask_put(q, " and id %s ", relation);
    nas_ask_integer(q, row);
}

static void put_from(nas_ask *q, const nas_study *study, const nas_trials_ask *ask) {
    nas_ask_put(q, " from ");
    nas_ask_name(q, study->name, tails[ask->among]);
    nas_ask_put(q, " where 1 = 1");
    if (ask->state) {
        nas_ask_put(q, " and ");
        put_state(q, *ask->state);
    }
    if (ask->in_range) {
        nas_ask_put(q, " and number between ");
        nas_ask_integer(q, ask->first);
        nas_ask_put(q, " and ");
        nas_ask_integer(q, ask->last);
    }
    if (ask->above) {
        nas_ask_put(q, " and number > ");
        nas_ask_integer(q, *ask->above);
    }
    put_row_is(q, "=", ask->row);
    put_row_is(q, "<>", ask->but);
    for (int32_t i = 0; i < ask->n_where; i++) {
        nas_ask_put(q, " and ");
        put_condition(q, ask->where[i].column, ask->where[i].is, ask->where[i].v);
    }
    for (int32_t i = 0; i < ask->n_known; i++) {
        nas_ask_put(q, " and ");
        nas_ask_name(q, ask->known[i], NULL);
        nas_ask_put(q, " is not null");
    }
    if (ask->feasible) {
        nas_ask_put(q, " and ");
        put_feasible(q, study);
    }
    if (ask->rival_of) put_rivals(q, study, ask->rival_of, ask->share);
}

/* "column" desc nulls last, */
static void put_key(nas_ask *q, const char *column, bool down) {
    nas_ask_name(q, column, NULL);
    nas_ask_put(q, down ? " desc nulls last, " : " asc nulls last, ");
}

static void put_rank(nas_ask *q, const nas_study *study, bool goals) {
    for (int32_t i = 0; goals && i < study->n_goals; i++)
        put_key(q, study->goals[i].column, study->goals[i].direction == NAS_MAXIMIZE);
    if (study->tie_break) put_key(q, study->tie_break, false);
    nas_ask_put(q, "number");
}

static void put_order(nas_ask *q, const nas_study *study, const nas_trials_ask *ask) {
    if (ask->among == NAS_AMONG_BEST) return; /* one row, which it orders itself */
    nas_ask_put(q, " order by ");
    if (ask->order == NAS_BY_RANK) put_rank(q, study, true);
    if (ask->order == NAS_BY_COLUMN) put_key(q, ask->by, ask->down);
    if (ask->order != NAS_BY_RANK) nas_ask_put(q, "number");
    if (!ask->most) return;
    nas_ask_put(q, " limit ");
    nas_ask_integer(q, ask->most);
}

static void put_columns(nas_ask *q, const char *const *columns, int32_t n) {
    if (!columns) nas_ask_put(q, "*");
    for (int32_t i = 0; columns && i < n; i++) {
        if (i) nas_ask_put(q, ", ");
        nas_ask_name(q, columns[i], NULL);
    }
}

nas_status nas_store_trials(nas_store *s, const nas_study *study, const nas_trials_ask *ask,
                            nas_row_fn fn, void *ctx, nas_err *err) {
    nas_ask q;
    nas_ask_begin(&q);
    nas_ask_put(&q, "select ");
    put_columns(&q, ask->columns, ask->n_columns);
    if (ask->or_feasible) {
        nas_ask_put(&q, ", ");
        put_feasible(&q, study);
    }
    put_from(&q, study, ask);
    put_order(&q, study, ask);
    return nas_ask_run(s, &q, fn, ctx, err);
}

nas_status nas_store_count_trials(nas_store *s, const nas_study *study, const nas_trials_ask *ask,
                                  int64_t *n, nas_err *err) {
    nas_ask q;
    *n = 0;
    nas_ask_begin(&q);
    nas_ask_put(&q, "select count(*)");
    put_from(&q, study, ask);
    return nas_ask_number(s, &q, n, err);
}

static bool note_varying(void *ctx, const nas_row *row) {
    bool *varies = ctx;
    for (int32_t i = 1; i < row->n; i++) varies[i - 1] = row->values[i].integer > 1;
    return false;
}

nas_status nas_store_varying(nas_store *s, const nas_study *study, const nas_trials_ask *ask,
                             bool *varies, nas_err *err) {
    nas_ask q;
    nas_ask_begin(&q);
    nas_ask_put(&q, "select 0");
    for (int32_t i = 0; i < study->n_params; i++) {
        nas_ask_put(&q, ", count(distinct ");
        nas_ask_name(&q, study->params[i].name, NULL);
        nas_ask_put(&q, ") + (count(");
        nas_ask_name(&q, study->params[i].name, NULL);
        nas_ask_put(&q, ") < count(*))");
    }
    nas_ask_put(&q, " from (select *");
    put_from(&q, study, ask);
    put_order(&q, study, ask);
    nas_ask_put(&q, ") as shown");
    return nas_ask_run(s, &q, note_varying, varies, err);
}

nas_status nas_store_nearest(nas_store *s, const nas_study *study, const char *const *columns,
                             int32_t n_columns, int64_t most, nas_row_fn fn, void *ctx,
                             nas_err *err) {
    const double far = 1e99;
    nas_ask q;
    nas_ask_begin(&q);
    nas_ask_put(&q, "select ");
    put_columns(&q, columns, n_columns);
    nas_ask_put(&q, " from ");
    nas_ask_name(&q, study->name, "");
    nas_ask_put(&q, " where ");
    put_state(&q, NAS_COMPLETE);
    nas_ask_put(&q, " order by 0.0");
    for (int32_t i = 0; i < study->n_bounds; i++) {
        const nas_bound *b = &study->bounds[i];
        nas_ask_put(&q, " + (case when ");
        put_condition(&q, b->column, b->op, b->bound);
        nas_ask_put(&q, " then 0 else coalesce(abs(");
        nas_ask_name(&q, b->column, NULL);
        nas_ask_put(&q, " - ");
        nas_ask_real(&q, b->bound);
        nas_ask_put(&q, ") / ");
        nas_ask_real(&q, fabs(b->bound) > 1e-9 ? fabs(b->bound) : 1.0);
        nas_ask_put(&q, ", ");
        nas_ask_real(&q, far);
        nas_ask_put(&q, ") end)");
    }
    nas_ask_put(&q, ", number limit ");
    nas_ask_integer(&q, most);
    return nas_ask_run(s, &q, fn, ctx, err);
}

nas_status nas_store_turned_away(nas_store *s, const nas_study *study, const nas_bound *b,
                                 int64_t *n, nas_err *err) {
    nas_ask q;
    *n = 0;
    nas_ask_begin(&q);
    nas_ask_put(&q, "select count(*) from ");
    nas_ask_name(&q, study->name, "");
    nas_ask_put(&q, " where (");
    put_state(&q, NAS_COMPLETE);
    nas_ask_put(&q, " and (");
    put_condition(&q, b->column, b->op, b->bound);
    nas_ask_put(&q, ") is not true) or (");
    put_state(&q, NAS_REJECTED);
    nas_ask_put(&q, " and substr(reason, 1, length(");
    nas_ask_text(&q, b->text);
    nas_ask_put(&q, ") + 1) = ");
    nas_ask_text(&q, b->text);
    nas_ask_put(&q, " || ':')");
    return nas_ask_number(s, &q, n, err);
}

typedef struct contest {
    nas_contender_fn fn;
    void *ctx;
} contest;

static bool hand_contender(void *ctx, const nas_row *row) {
    const contest *c = ctx;
    const nas_contender v = {.row = row->values[0].integer,
                             .figure = nas_value_real(&row->values[1]),
                             .end = nas_value_real(&row->values[2]),
                             .place = row->values[3].integer};
    return c->fn(c->ctx, &v);
}

nas_status nas_store_contest(nas_store *s, const nas_study *study, const nas_bound *but,
                             const char *figure, const char *end, bool smallest, int64_t most,
                             nas_contender_fn fn, void *ctx, nas_err *err) {
    contest c = {fn, ctx};
    nas_ask q;
    const char *const columns[] = {"id", figure, end};
    nas_ask_begin(&q);
    nas_ask_put(&q, "select ");
    put_columns(&q, columns, 3);
    nas_ask_put(&q, ", row_number() over (order by ");
    put_rank(&q, study, !smallest);
    nas_ask_put(&q, ") from ");
    nas_ask_name(&q, study->name, "");
    nas_ask_put(&q, " where ");
    put_state(&q, NAS_COMPLETE);
    nas_ask_put(&q, " and ");
    nas_ask_name(&q, study->goals[0].column, NULL);
    nas_ask_put(&q, " is not null");
    for (int32_t i = 0; i < study->n_bounds; i++) {
        const nas_bound *b = &study->bounds[i];
        if (b == but) continue;
        nas_ask_put(&q, " and ");
        put_condition(&q, b->column, b->op, b->bound);
    }
    nas_ask_put(&q, " order by ");
    if (but) {
        put_condition(&q, but->column, but->op, but->bound);
        nas_ask_put(&q, " desc nulls last, ");
    }
    put_rank(&q, study, true);
    nas_ask_put(&q, " limit ");
    nas_ask_integer(&q, most);
    return nas_ask_run(s, &q, hand_contender, &c, err);
}
