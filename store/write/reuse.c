/* store/write/reuse.c - results that a trial of another version of the space, on the same data, has
 * already. */
#include "store/write/write.h"

#include <stdlib.h>

/* Every metric that an objective or a constraint asks for: a row from before one of them was
 * measured does not answer it. */
static nas_status list_asked(nas_store *s, const nas_layout *l, nas_draft *q, nas_err *err) {
    nas_stmt *st = NULL;
    NAS_TRY(nas_sql_open(s, &st, err,
                         "SELECT \"column\" FROM nas_bounds WHERE study = ?1 UNION"
                         " SELECT \"column\" FROM nas_goals WHERE study = ?1",
                         "i", l->study));
    nas_status status;
    bool row = false;
    while ((status = nas_sql_step(s, st, &row, err)) == NAS_OK && row) {
        const char *stored = nas_layout_stored(l, nas_stmt_text(st, 0));
        if (stored)
            nas_draft_add(q, " AND \"%w\" IS NOT NULL", stored);
        else
            nas_draft_put(q, " AND 0");
    }
    nas_stmt_end(st);
    return status;
}

static nas_status answers(nas_store *s, int64_t study, int64_t version, int64_t row, bool *yes,
                          nas_err *err) {
    nas_layout *l = NULL;
    NAS_TRY(nas_layout_get(s, (nas_study_id){.study = study, .version = version}, &l, err));
    nas_draft *q = nas_draft_new();
    nas_draft_add(q, "SELECT state <> 'complete' OR (1");
    nas_status status = list_asked(s, l, q, err);
    nas_draft_add(q, ") FROM nas_trials_%l WHERE id = ?1", study);
    char *sql = nas_draft_take(q);
    if (status == NAS_OK && !sql)
        status = nas_fail(err, NAS_ENOMEM, "%s: no memory for a statement", s->path);
    nas_stmt *st = NULL;
    bool found = false;
    if (status == NAS_OK) status = nas_sql_open(s, &st, err, sql, "i", row);
    if (status == NAS_OK) status = nas_sql_step(s, st, &found, err);
    *yes = found && (int)nas_stmt_integer(st, 0) != 0;
    nas_stmt_end(st);
    free(sql);
    return status;
}

nas_status nas_reuse_find(nas_store *s, nas_layout *l, nas_claim *c, nas_err *err) {
    nas_stmt *st = NULL;
    NAS_TRY(nas_layout_slot(s, l, NAS_SQL_TWIN,
                            "SELECT id, version FROM nas_trials_# WHERE candidate = ?1 AND"
                            " version <> ?2 AND state IN ('complete', 'diverged') AND version IN"
                            " (SELECT version FROM nas_spaces WHERE study = # AND data = ?3)"
                            " ORDER BY version, id",
                            &st, err));
    NAS_TRY(nas_sql_bind(s, st, err, "hii", &c->candidate, l->version, l->data));
    nas_status status = NAS_OK;
    bool row = false, yes = false;
    while (!yes && (status = nas_sql_step(s, st, &row, err)) == NAS_OK && row) {
        const int64_t id = nas_stmt_integer(st, 0);
        status = answers(s, l->study, nas_stmt_integer(st, 1), id, &yes, err);
        if (status != NAS_OK) break;
        if (yes) c->reuse = id;
    }
    nas_stmt_reset(st);
    return status;
}

static nas_status version_of(nas_store *s, int64_t study, int64_t row, int64_t *version,
                             nas_err *err) {
    nas_stmt *st = NULL;
    NAS_TRY(nas_sql_open_draft(
        s, &st, nas_draft_of("SELECT version FROM nas_trials_%l WHERE id = ?1", study), err, "i",
        row));
    bool found = false;
    nas_status status = nas_sql_step(s, st, &found, err);
    *version = found ? nas_stmt_integer(st, 0) : 0;
    nas_stmt_end(st);
    if (status == NAS_OK && !found)
        status = nas_fail(err, NAS_EINVAL, "%s: the claim has no row %lld to reuse", s->path,
                          (long long)row);
    return status;
}

/* Metrics go by their names: a column may be stored elsewhere in another version. Who was a
 * finalist there is none here yet. */
static nas_status copy_row(nas_store *s, nas_layout *l, const nas_claim *c, const char *worker,
                           bool *kept, nas_err *err) {
    nas_study_id from = {.study = l->study};
    nas_layout *old = NULL;
    NAS_TRY(version_of(s, l->study, c->reuse, &from.version, err));
    NAS_TRY(nas_layout_get(s, from, &old, err));
    nas_draft *q = nas_draft_new(), *values = nas_draft_new();
    nas_draft_add(q,
                  "UPDATE nas_trials_%l SET (state, reason, machine, reused,"
                  " epochs_trained, epochs_saved",
                  l->study);
    nas_draft_put(values, "SELECT state, reason, machine, coalesce(reused, id),"
                          " 0, epochs_trained + epochs_saved");
    for (int32_t i = l->n_params; i < l->n_params + l->n_metrics; i++) {
        const char *stored =
            nas_finals_has(l->names[i]) ? NULL : nas_layout_stored(old, l->names[i]);
        nas_draft_add(q, ", \"%w\"", l->stored[i]);
        if (stored)
            nas_draft_add(values, ", \"%w\"", stored);
        else
            nas_draft_put(values, ", NULL");
    }
    char *select = nas_draft_take(values);
    nas_draft_add(q,
                  ") = (%s FROM nas_trials_%l WHERE id = ?4), seconds = 0, cpu_seconds = 0,"
                  " finished = nas_now(), heartbeat = NULL"
                  " WHERE id = ?1 AND attempt = ?2 AND worker = ?3 AND state = 'running'",
                  select ? select : "", l->study);
    free(select);
    NAS_TRY(nas_sql_put_draft(s, q, err, "iiti", c->id, (int64_t)c->attempt, worker, c->reuse));
    *kept = nas_sql_changes(s) == 1;
    return *kept && c->attempt > 1 ? nas_trial_forget(s, l, c->id, err) : NAS_OK;
}

nas_status nas_store_reuse(nas_store *s, nas_study_id id, const nas_claim *c, const char *worker,
                           bool *kept, nas_err *err) {
    *kept = false;
    nas_layout *l = NULL;
    NAS_TRY(nas_layout_get(s, id, &l, err));
    NAS_TRY(nas_sql_begin(s, NAS_SYNC_FULL, err));
    const nas_status status = nas_sql_end(s, copy_row(s, l, c, worker, kept, err), err);
    if (status != NAS_OK) *kept = false;
    return status;
}
