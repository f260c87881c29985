/* store/first.c - the best settings that a space had with other data are the first trials of a
 * version: they wait there as if a run had given them back. */
#include "store/store_int.h"

enum { FIRST_TRIALS = 3 };

/* Feasible ones first, in the order that makes the winner. */
static void put_order(const nas_study *def, const nas_layout *l, sqlite3_str *q) {
    for (int32_t i = 0; i < def->n_bounds; i++) {
        const nas_bound *b = &def->bounds[i];
        char number[32];
        nas_number_text(b->bound, number);
        sqlite3_str_appendf(q, "%scoalesce(\"%w\" %s %s, 0)", i ? " AND " : "",
                            nas_layout_stored(l, b->column), b->op, number);
    }
    sqlite3_str_appendall(q, def->n_bounds ? " DESC" : "1");
    for (int32_t i = 0; i < def->n_goals; i++)
        sqlite3_str_appendf(q, ", \"%w\" %s NULLS LAST", nas_layout_stored(l, def->goals[i].column),
                            def->goals[i].maximize ? "DESC" : "ASC");
    if (def->tie_break)
        sqlite3_str_appendf(q, ", \"%w\" ASC NULLS LAST", nas_layout_stored(l, def->tie_break));
    sqlite3_str_appendall(q, ", number");
}

/* Is what decides among the columns of that version? */
static bool has_aims(const nas_study *def, const nas_layout *l) {
    for (int32_t i = 0; i < def->n_goals; i++)
        if (!nas_layout_stored(l, def->goals[i].column)) return false;
    for (int32_t i = 0; i < def->n_bounds; i++)
        if (!nas_layout_stored(l, def->bounds[i].column)) return false;
    return !def->tie_break || nas_layout_stored(l, def->tie_break);
}

static nas_status insert_first(nas_store *s, const nas_study *def, const nas_layout *to,
                               const nas_layout *from, const nas_renames *renames, nas_err *err) {
    const int64_t most =
        def->trials >= 0 && def->trials < FIRST_TRIALS ? def->trials : FIRST_TRIALS;
    sqlite3_str *q = sqlite3_str_new(s->db);
    sqlite3_str_appendf(q,
                        "INSERT INTO nas_trials_%lld(version, number, state, attempt, candidate,"
                        " json",
                        to->study);
    for (int32_t i = 0; i < to->n_params; i++) sqlite3_str_appendf(q, ", \"%w\"", to->stored[i]);
    sqlite3_str_appendf(q, ") SELECT %lld, row_number() OVER (ORDER BY ", to->version);
    put_order(def, from, q);
    sqlite3_str_appendall(q, ") - 1, 'waiting', 0, candidate, json");
    for (int32_t i = 0; i < to->n_params; i++) {
        const char *stored = nas_layout_stored(from, to->names[i]);
        sqlite3_str_appendall(q, stored ? ", " : ", NULL");
        if (stored) nas_renames_put(renames, i, stored, q);
    }
    sqlite3_str_appendf(q,
                        " FROM nas_trials_%lld WHERE version = %lld AND state = 'complete' ORDER BY"
                        " 2 LIMIT %lld",
                        to->study, from->version, most);
    return nas_sql_exec_str(s, q, err);
}

nas_status nas_first_trials(nas_store *s, const nas_study *def, nas_study_id id, int64_t from,
                            const nas_renames *renames, int32_t *n, nas_err *err) {
    nas_layout *to = NULL, *old = NULL;
    *n = 0;
    NAS_TRY(nas_layout_get(s, id, &to, err));
    NAS_TRY(nas_layout_get(s, (nas_study_id){.study = id.study, .version = from}, &old, err));
    if (!has_aims(def, old)) return NAS_OK;
    NAS_TRY(insert_first(s, def, to, old, renames, err));
    *n = sqlite3_changes(s->db);
    return NAS_OK;
}
