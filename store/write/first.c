/* store/write/first.c - the best settings that a space had with other data are the first trials of
 * a version: they wait there as if a run had given them back. */
#include "store/write/write.h"

enum { FIRST_TRIALS = 3 };

/* Feasible ones first, in the order that makes the winner. */
static void put_order(const nas_study *def, const nas_layout *l, nas_draft *q) {
    for (int32_t i = 0; i < def->n_bounds; i++) {
        const nas_bound *b = &def->bounds[i];
        nas_draft_add(q, "%scoalesce(\"%w\" %s %r, 0)", i ? " AND " : "",
                      nas_layout_stored(l, b->column), nas_relation_text(b->op), b->bound);
    }
    nas_draft_put(q, def->n_bounds ? " DESC" : "1");
    for (int32_t i = 0; i < def->n_goals; i++)
        nas_draft_add(q, ", \"%w\" %s NULLS LAST", nas_layout_stored(l, def->goals[i].column),
                      def->goals[i].direction == NAS_MAXIMIZE ? "DESC" : "ASC");
    if (def->tie_break)
        nas_draft_add(q, ", \"%w\" ASC NULLS LAST", nas_layout_stored(l, def->tie_break));
    nas_draft_put(q, ", number");
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
    nas_draft *q = nas_draft_new();
    nas_draft_add(q,
                  "INSERT INTO nas_trials_%l(version, number, state, attempt, candidate,"
                  " json",
                  to->study);
    for (int32_t i = 0; i < to->n_params; i++) nas_draft_add(q, ", \"%w\"", to->stored[i]);
    nas_draft_add(q, ") SELECT %l, row_number() OVER (ORDER BY ", to->version);
    put_order(def, from, q);
    nas_draft_put(q, ") - 1, 'waiting', 0, candidate, json");
    for (int32_t i = 0; i < to->n_params; i++) {
        const char *stored = nas_layout_stored(from, to->names[i]);
        nas_draft_put(q, stored ? ", " : ", NULL");
        if (stored) nas_renames_put(renames, i, stored, q);
    }
    nas_draft_add(q,
                  " FROM nas_trials_%l WHERE version = %l AND state = 'complete' ORDER BY"
                  " 2 LIMIT %l",
                  to->study, from->version, most);
    return nas_sql_exec_draft(s, q, err);
}

nas_status nas_first_trials(nas_store *s, const nas_study *def, nas_study_id id, int64_t from,
                            const nas_renames *renames, int32_t *n, nas_err *err) {
    nas_layout *to = NULL, *old = NULL;
    *n = 0;
    NAS_TRY(nas_layout_get(s, id, &to, err));
    NAS_TRY(nas_layout_get(s, (nas_study_id){.study = id.study, .version = from}, &old, err));
    if (!has_aims(def, old)) return NAS_OK;
    NAS_TRY(insert_first(s, def, to, old, renames, err));
    *n = (int32_t)nas_sql_changes(s);
    return NAS_OK;
}
