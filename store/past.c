/* store/past.c - trials that have ended, by their numbers. */
#include "store/store_int.h"

#include <stdlib.h>

static nas_status past_slot(nas_store *s, nas_layout *l, sqlite3_stmt **out, nas_err *err) {
    *out = l->slots[NAS_SQL_PAST];
    if (*out) return NAS_OK;
    sqlite3_str *q = sqlite3_str_new(s->db);
    sqlite3_str_appendall(q, "SELECT number, state");
    for (int32_t i = 0; i < l->n_params + l->n_metrics; i++)
        sqlite3_str_appendf(q, ", \"%w\"", l->stored[i]);
    sqlite3_str_appendf(q,
                        " FROM nas_trials_%lld WHERE version = ?1 AND number >= ?2 AND number < ?3"
                        " ORDER BY number",
                        l->study);
    return nas_layout_slot_str(s, l, NAS_SQL_PAST, q, out, err);
}

static nas_status read_rows(nas_store *s, const nas_layout *l, sqlite3_stmt *st, int64_t from,
                            nas_value *values, nas_past_fn fn, void *ctx, nas_err *err) {
    const int32_t n = l->n_params + l->n_metrics;
    for (;; from++) {
        bool row = false;
        NAS_TRY(nas_sql_step(s, st, &row, err));
        if (!row || sqlite3_column_int64(st, 0) != from) return NAS_OK;
        const nas_state state = nas_state_of((const char *)sqlite3_column_text(st, 1));
        if (!nas_state_is_end(state)) return NAS_OK;
        for (int32_t i = 0; i < n; i++) values[i] = nas_sql_value(st, i + 2);
        const nas_past_row past = {from, state, values, values + l->n_params};
        NAS_TRY(fn(ctx, &past, err));
    }
}

nas_status nas_store_past(nas_store *s, nas_study_id id, int64_t from, int64_t below,
                          nas_past_fn fn, void *ctx, nas_err *err) {
    nas_layout *l = NULL;
    sqlite3_stmt *st = NULL;
    if (from >= below) return NAS_OK;
    NAS_TRY(nas_layout_get(s, id, &l, err));
    NAS_TRY(past_slot(s, l, &st, err));
    NAS_TRY(nas_sql_bind(s, st, err, "iii", l->version, from, below));
    nas_value *values = calloc((size_t)(l->n_params + l->n_metrics) + 1, sizeof *values);
    const nas_status status = values
                                  ? read_rows(s, l, st, from, values, fn, ctx, err)
                                  : nas_fail(err, NAS_ENOMEM, "%s: no memory for a row", s->path);
    sqlite3_reset(st);
    free(values);
    return status;
}
