/* store/read/past.c - trials that have ended, by their numbers. */
#include "store/schema/schema.h"

#include <stdlib.h>

static nas_status past_slot(nas_store *s, nas_layout *l, nas_stmt **out, nas_err *err) {
    *out = l->slots[NAS_SQL_PAST];
    if (*out) return NAS_OK;
    nas_draft *q = nas_draft_new();
    nas_draft_put(q, "SELECT number, state");
    for (int32_t i = 0; i < l->n_params + l->n_metrics; i++)
        nas_draft_add(q, ", \"%w\"", l->stored[i]);
    nas_draft_add(q,
                  " FROM nas_trials_%l WHERE version = ?1 AND number >= ?2 AND number < ?3"
                  " ORDER BY number",
                  l->study);
    return nas_layout_slot_draft(s, l, NAS_SQL_PAST, q, out, err);
}

static nas_status read_rows(nas_store *s, const nas_layout *l, nas_stmt *st, int64_t from,
                            nas_value *values, nas_past_fn fn, void *ctx, nas_err *err) {
    const int32_t n = l->n_params + l->n_metrics;
    for (;; from++) {
        bool row = false;
        NAS_TRY(nas_sql_step(s, st, &row, err));
        if (!row || nas_stmt_integer(st, 0) != from) return NAS_OK;
        const nas_state state = nas_state_of(nas_stmt_text(st, 1));
        if (!nas_state_is_end(state)) return NAS_OK;
        for (int32_t i = 0; i < n; i++) values[i] = nas_stmt_value(st, i + 2);
        const nas_past_row past = {from, state, values, values + l->n_params};
        NAS_TRY(fn(ctx, &past, err));
    }
}

nas_status nas_store_past(nas_store *s, nas_study_id id, int64_t from, int64_t below,
                          nas_past_fn fn, void *ctx, nas_err *err) {
    nas_layout *l = NULL;
    nas_stmt *st = NULL;
    if (from >= below) return NAS_OK;
    NAS_TRY(nas_layout_get(s, id, &l, err));
    NAS_TRY(past_slot(s, l, &st, err));
    NAS_TRY(nas_sql_bind(s, st, err, "iii", l->version, from, below));
    nas_value *values = calloc((size_t)(l->n_params + l->n_metrics) + 1, sizeof *values);
    const nas_status status = values
                                  ? read_rows(s, l, st, from, values, fn, ctx, err)
                                  : nas_fail(err, NAS_ENOMEM, "%s: no memory for a row", s->path);
    nas_stmt_reset(st);
    free(values);
    return status;
}
