/* store/write/finals.c - what finalists got of the test part, and their times: rows by version and
 * number of trials, of which the study's own columns show the last. */
#include "store/write/write.h"

#include <string.h>

/* A column that only finalists have. */
bool nas_finals_has(const char *metric) {
    return strncmp(metric, "test_", 5) == 0;
}

static nas_status put_figures(nas_store *s, nas_study_id id, int64_t trials, int64_t trained,
                              const nas_final_figure *v, int32_t n, nas_err *err) {
    for (int32_t i = 0; i < n; i++)
        NAS_TRY(nas_sql_put(s, err,
                            "INSERT INTO nas_finals(study, version, trials, trial, metric, value)"
                            " VALUES(?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT(study, trial, version,"
                            " trials, metric) DO UPDATE SET value = excluded.value, place = NULL",
                            "iiiitr", id.study, id.version, trials, trained, v[i].metric, v[i].v));
    return NAS_OK;
}

nas_status nas_store_put_final(nas_store *s, nas_study_id id, int64_t trials, int64_t row,
                               const nas_final_figure *v, int32_t n, nas_err *err) {
    int64_t trained;
    NAS_TRY(nas_trained_row(s, id, row, &trained, err));
    NAS_TRY(nas_sql_begin(s, NAS_SYNC_FULL, err));
    return nas_sql_end(s, put_figures(s, id, trials, trained, v, n, err), err);
}

nas_status nas_store_had_final(nas_store *s, nas_study_id id, int64_t row, bool *yes,
                               nas_err *err) {
    int64_t trained, n = 0;
    NAS_TRY(nas_trained_row(s, id, row, &trained, err));
    nas_draft *d =
        nas_draft_of("SELECT EXISTS (SELECT 1 FROM nas_finals WHERE study = ?1 AND trial = ?2)");
    NAS_TRY(nas_sql_integer(s, d, &n, err, "ii", id.study, trained));
    *yes = n != 0;
    return NAS_OK;
}

/* Rows of the version that were finalists once, which a row of finals names by who was trained. */
static void put_former(nas_draft *q, const nas_layout *l) {
    nas_draft_add(q,
                  " WHERE version = %l AND candidate IN (SELECT candidate FROM"
                  " nas_trials_%l WHERE id IN (SELECT trial FROM nas_finals WHERE study ="
                  " %l))",
                  l->version, l->study, l->study);
}

/* "UPDATE ... SET" the columns that only finalists have; false: there are none, and *q is freed. */
static bool put_set(nas_draft *q, const nas_layout *l, int64_t trials, int64_t trained) {
    int32_t n = 0;
    for (int32_t i = l->n_params; i < l->n_params + l->n_metrics; i++) {
        if (!nas_finals_has(l->names[i])) continue;
        if (!n) nas_draft_add(q, "UPDATE nas_trials_%l SET", l->study);
        nas_draft_add(q, "%s \"%w\" = ", n++ ? "," : "", l->stored[i]);
        if (trained)
            nas_draft_add(q,
                          "(SELECT value FROM nas_finals WHERE study = %l AND version ="
                          " %l AND trials = %l AND trial = %l AND metric = %q)",
                          l->study, l->version, trials, trained, l->names[i]);
        else
            nas_draft_put(q, "NULL");
    }
    if (!n) nas_draft_drop(q);
    return n > 0;
}

static nas_status clear_columns(nas_store *s, const nas_layout *l, nas_err *err) {
    nas_draft *q = nas_draft_new();
    if (!put_set(q, l, 0, 0)) return NAS_OK;
    put_former(q, l);
    return nas_sql_exec_draft(s, q, err);
}

static nas_status show_columns(nas_store *s, const nas_layout *l, int64_t trials, int64_t row,
                               int64_t trained, nas_err *err) {
    nas_draft *q = nas_draft_new();
    if (!put_set(q, l, trials, trained)) return NAS_OK;
    nas_draft_add(q, " WHERE id = %l", row);
    return nas_sql_exec_draft(s, q, err);
}

/* What was found of it when it was last a finalist stands among these finals, too. */
static nas_status place(nas_store *s, nas_study_id id, int64_t trials, int64_t trained, int64_t at,
                        nas_err *err) {
    return nas_sql_put(s, err,
                       "INSERT OR REPLACE INTO nas_finals(study, version, trials, trial, metric,"
                       " value, place) SELECT study, ?2, ?3, trial, metric, value, ?5 FROM"
                       " nas_finals WHERE study = ?1 AND trial = ?4 AND (version, trials) ="
                       " (SELECT version, trials FROM nas_finals WHERE study = ?1 AND trial = ?4"
                       "  ORDER BY version = ?2 AND trials = ?3 DESC, version DESC, trials DESC"
                       "  LIMIT 1)",
                       "iiiii", id.study, id.version, trials, trained, at);
}

static nas_status end_finals(nas_store *s, nas_study_id id, int64_t trials, const int64_t *rows,
                             int32_t n, nas_err *err) {
    nas_layout *l = NULL;
    NAS_TRY(nas_layout_get(s, id, &l, err));
    NAS_TRY(clear_columns(s, l, err));
    NAS_TRY(nas_sql_put(s, err,
                        "UPDATE nas_finals SET place = NULL WHERE study = ?1 AND version = ?2 AND"
                        " trials = ?3",
                        "iii", id.study, id.version, trials));
    for (int32_t i = 0; i < n; i++) {
        int64_t trained;
        NAS_TRY(nas_trained_row(s, id, rows[i], &trained, err));
        NAS_TRY(place(s, id, trials, trained, i, err));
        NAS_TRY(show_columns(s, l, trials, rows[i], trained, err));
    }
    return NAS_OK;
}

nas_status nas_store_end_finals(nas_store *s, nas_study_id id, int64_t trials, const int64_t *rows,
                                int32_t n, nas_err *err) {
    NAS_TRY(nas_sql_begin(s, NAS_SYNC_FULL, err));
    return nas_sql_end(s, end_finals(s, id, trials, rows, n, err), err);
}

/* --- of an older schema, whose columns have the figures of whoever was a finalist once */

static nas_status take_metric(nas_store *s, const nas_layout *l, int32_t i, nas_err *err) {
    nas_draft *q = nas_draft_new();
    nas_draft_add(q,
                  "INSERT INTO nas_finals(study, version, trials, trial, metric,"
                  " value, place) SELECT %l, %l, (SELECT count(*) FROM nas_trials_%l"
                  " WHERE version = %l AND state NOT IN ('waiting', 'running')),"
                  " coalesce(reused, id), %q, \"%w\", (SELECT min(c.place) FROM nas_claims c"
                  " WHERE c.study = %l AND c.version = %l AND c.trial = t.id)"
                  " FROM nas_trials_%l t WHERE version = %l AND \"%w\" IS NOT NULL"
                  " ON CONFLICT DO NOTHING",
                  l->study, l->version, l->study, l->version, l->names[i], l->stored[i], l->study,
                  l->version, l->study, l->version, l->stored[i]);
    return nas_sql_exec_draft(s, q, err);
}

/* Who the last finalists were is known where something is claimed of them. */
static nas_status take_version(nas_store *s, nas_study_id id, nas_err *err) {
    nas_layout *l = NULL;
    const nas_status found = nas_layout_get(s, id, &l, err);
    if (found == NAS_ENOTFOUND) return NAS_OK; /* no such version has columns */
    NAS_TRY(found);
    for (int32_t i = l->n_params; i < l->n_params + l->n_metrics; i++)
        if (nas_finals_has(l->names[i])) NAS_TRY(take_metric(s, l, i, err));
    for (int32_t i = l->n_params; i < l->n_params + l->n_metrics; i++) {
        if (!nas_finals_has(l->names[i])) continue;
        nas_draft *q = nas_draft_new();
        nas_draft_add(q, "UPDATE nas_trials_%l SET \"%w\" = NULL", l->study, l->stored[i]);
        put_former(q, l);
        nas_draft_add(q,
                      " AND \"%w\" IS NOT NULL AND id NOT IN (SELECT trial FROM nas_claims"
                      " WHERE study = %l AND version = %l) AND EXISTS (SELECT 1 FROM"
                      " nas_claims WHERE study = %l AND version = %l)",
                      l->stored[i], l->study, l->version, l->study, l->version);
        NAS_TRY(nas_sql_exec_draft(s, q, err));
    }
    return NAS_OK;
}

static nas_status versions_of(nas_store *s, int64_t study, int64_t *n, nas_err *err) {
    nas_draft *d =
        nas_draft_of("SELECT coalesce(max(version), 0) FROM nas_spaces WHERE study = ?1");
    *n = 0;
    return nas_sql_integer(s, d, n, err, "i", study);
}

nas_status nas_finals_take(nas_store *s, const int64_t *ids, int64_t n, nas_err *err) {
    for (int64_t i = 0; i < n; i++) {
        nas_study_id id = {.study = ids[i]};
        int64_t versions = 0;
        NAS_TRY(versions_of(s, ids[i], &versions, err));
        for (id.version = 1; id.version <= versions; id.version++)
            NAS_TRY(take_version(s, id, err));
    }
    return NAS_OK;
}
