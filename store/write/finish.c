/* store/write/finish.c - what came of a trial, in one durable transaction, and its artefacts. */
#include "store/write/write.h"

#include <limits.h>
#include <math.h>
#include <string.h>

static nas_status check_state(nas_state state, nas_err *err) {
    if (state == NAS_WAITING || nas_state_is_end(state)) return NAS_OK;
    return nas_fail(err, NAS_EINVAL, "\"%s\" is not a state that a trial ends in",
                    nas_state_text(state));
}

enum { FIRST_METRIC = 12 }; /* its place among the values of the statement */

static nas_status finish_slot(nas_store *s, nas_layout *l, nas_stmt **out, nas_err *err) {
    *out = l->slots[NAS_SQL_FINISH];
    if (*out) return NAS_OK;
    nas_draft *q = nas_draft_new();
    nas_draft_add(q,
                  "UPDATE nas_trials_%l SET state = ?4, reason = ?5, seconds = ?6,"
                  " cpu_seconds = ?7, machine = ?8, heartbeat = NULL, finished = CASE WHEN"
                  " ?4 <> 'waiting' THEN nas_now() END, attempt = attempt - ?9,"
                  /* What an attempt before this one trained, this one found. */
                  " epochs_trained = coalesce(epochs_trained, 0) + ?10,"
                  " epochs_saved = CASE WHEN ?11 > coalesce(epochs_trained, 0)"
                  " THEN ?11 - coalesce(epochs_trained, 0) WHEN ?11 IS NOT NULL THEN 0 END",
                  l->study);
    for (int32_t i = 0; i < l->n_metrics; i++)
        nas_draft_add(q, ", \"%w\" = ?%d", l->stored[l->n_params + i], i + FIRST_METRIC);
    nas_draft_put(q, " WHERE id = ?1 AND attempt = ?2 AND worker = ?3 AND"
                     " state = 'running'");
    return nas_layout_slot_draft(s, l, NAS_SQL_FINISH, q, out, err);
}

static nas_status write_row(nas_store *s, nas_layout *l, const nas_claim *c, const char *worker,
                            const nas_result *r, nas_err *err) {
    nas_stmt *st = NULL;
    NAS_TRY(finish_slot(s, l, &st, err));
    NAS_TRY(nas_sql_bind(s, st, err, "iitttrrtirr", c->id, (int64_t)c->attempt, worker,
                         nas_state_text(r->state), r->reason, r->seconds, r->cpu_seconds,
                         r->machine, (int64_t)r->forgiven, r->epochs_trained, r->epochs_saved));
    const nas_value none = {.is_null = true};
    for (int32_t i = 0; i < l->n_metrics; i++)
        NAS_TRY(
            nas_sql_bind_value(s, st, i + FIRST_METRIC, r->metrics ? &r->metrics[i] : &none, err));
    NAS_TRY(nas_sql_run(s, st, err));
    return nas_claim_held(s, c, worker, err);
}

nas_status nas_trial_forget(nas_store *s, nas_layout *l, int64_t trial, nas_err *err) {
    static const struct {
        nas_sql_slot slot;
        const char *sql;
    } tables[] = {
        {NAS_SQL_FORGET_EPOCHS, "DELETE FROM nas_epochs WHERE study = # AND trial = ?1"},
        {NAS_SQL_FORGET_STAGES, "DELETE FROM nas_stages WHERE study = # AND trial = ?1"},
        {NAS_SQL_FORGET_STEPS, "DELETE FROM nas_steps WHERE study = # AND trial = ?1"},
        {NAS_SQL_FORGET_ARTEFACTS, "DELETE FROM nas_artefacts WHERE study = # AND trial = ?1"},
        {NAS_SQL_FORGET_ANSWERS, "DELETE FROM nas_answers WHERE study = # AND trial = ?1 AND"
                                 /* How often it was read is not forgotten. */
                                 " part <> 'test'"},
        {NAS_SQL_FORGET_FINALS, "DELETE FROM nas_finals WHERE study = # AND trial = ?1"},
    };
    for (size_t i = 0; i < sizeof tables / sizeof *tables; i++) {
        nas_stmt *st = NULL;
        NAS_TRY(nas_layout_slot(s, l, tables[i].slot, tables[i].sql, &st, err));
        NAS_TRY(nas_sql_bind(s, st, err, "i", trial));
        NAS_TRY(nas_sql_run(s, st, err));
    }
    return NAS_OK;
}

static nas_status write_epochs(nas_store *s, nas_layout *l, int64_t trial, const nas_result *r,
                               nas_err *err) {
    for (int32_t i = 0; i < r->n_epochs; i++) {
        const nas_epoch_row *e = &r->epochs[i];
        nas_stmt *st = NULL;
        NAS_TRY(nas_layout_slot(s, l, NAS_SQL_EPOCH,
                                "INSERT INTO nas_epochs VALUES(#, ?1, ?2, ?3, ?4, ?5, ?6, ?7)", &st,
                                err));
        NAS_TRY(nas_sql_bind(s, st, err, "iiirrrr", trial, (int64_t)e->epoch, e->step, e->loss,
                             e->val_loss, e->val_accuracy, e->seconds));
        NAS_TRY(nas_sql_run(s, st, err));
    }
    return NAS_OK;
}

static nas_status write_stages(nas_store *s, nas_layout *l, int64_t trial, const nas_result *r,
                               nas_err *err) {
    for (int32_t i = 0; i < r->n_stages; i++) {
        const nas_stage_row *e = &r->stages[i];
        nas_stmt *st = NULL;
        NAS_TRY(nas_layout_slot(s, l, NAS_SQL_STAGE,
                                "INSERT INTO nas_stages VALUES(#, ?1, ?2, ?3, ?4, ?5, ?6, ?7)", &st,
                                err));
        NAS_TRY(nas_sql_bind(s, st, err, "iithirr", trial, (int64_t)i, e->name, &e->key,
                             (int64_t)e->reused, e->wall_seconds, e->cpu_seconds));
        NAS_TRY(nas_sql_run(s, st, err));
    }
    return NAS_OK;
}

static nas_status bind_count(nas_store *s, nas_stmt *st, int at, int64_t n, nas_err *err) {
    const nas_value v = {.integer = n, .is_null = n < 0};
    return nas_sql_bind_value(s, st, at, &v, err);
}

static nas_status write_steps(nas_store *s, nas_layout *l, int64_t trial, const nas_result *r,
                              nas_err *err) {
    for (int32_t i = 0; i < r->n_steps; i++) {
        const nas_step_row *e = &r->steps[i];
        nas_stmt *st = NULL;
        NAS_TRY(nas_layout_slot(s, l, NAS_SQL_STEP,
                                "INSERT INTO nas_steps VALUES(#, ?1, ?2, ?3, ?4, ?5, ?6)", &st,
                                err));
        NAS_TRY(nas_sql_bind(s, st, err, "iitr", trial, (int64_t)i, e->name, e->accuracy));
        NAS_TRY(bind_count(s, st, 5, e->tflite_bytes, err));
        NAS_TRY(bind_count(s, st, 6, e->zlib_bytes, err));
        NAS_TRY(nas_sql_run(s, st, err));
    }
    return NAS_OK;
}

static nas_status write_artefacts(nas_store *s, nas_layout *l, int64_t trial, const nas_result *r,
                                  nas_err *err) {
    enum { CONTENT = 4 };
    for (int32_t i = 0; i < r->n_artefacts; i++) {
        const nas_artefact *f = &r->artefacts[i];
        nas_stmt *st = NULL;
        NAS_TRY(nas_layout_slot(s, l, NAS_SQL_ARTEFACT,
                                "INSERT INTO nas_artefacts(study, trial, name, bytes, content)"
                                " VALUES(#, ?1, ?2, ?3, ?4)",
                                &st, err));
        NAS_TRY(nas_sql_bind(s, st, err, "iti", trial, f->name, (int64_t)f->n));
        NAS_TRY(nas_sql_bind_bytes(s, st, CONTENT, f->n ? f->bytes : "", f->n, err));
        NAS_TRY(nas_sql_run(s, st, err));
        NAS_TRY(nas_sql_bind_null(s, st, CONTENT, err));
    }
    return NAS_OK;
}

static nas_status finish(nas_store *s, nas_layout *l, const nas_claim *c, const char *worker,
                         const nas_result *r, nas_err *err) {
    NAS_TRY(write_row(s, l, c, worker, r, err));
    if (c->attempt > 1) NAS_TRY(nas_trial_forget(s, l, c->id, err));
    NAS_TRY(write_epochs(s, l, c->id, r, err));
    NAS_TRY(write_stages(s, l, c->id, r, err));
    NAS_TRY(write_steps(s, l, c->id, r, err));
    if (r->answers) NAS_TRY(nas_answers_write(s, l, c->id, r->answers, err));
    return write_artefacts(s, l, c->id, r, err);
}

nas_status nas_store_finish(nas_store *s, nas_study_id id, const nas_claim *c, const char *worker,
                            const nas_result *r, nas_err *err) {
    NAS_TRY(check_state(r->state, err));
    nas_layout *l = NULL;
    NAS_TRY(nas_layout_get(s, id, &l, err));
    NAS_TRY(nas_sql_begin(s, r->forgiven ? NAS_SYNC_NORMAL : NAS_SYNC_FULL, err));
    return nas_sql_end(s, finish(s, l, c, worker, r, err), err);
}

static nas_status set_metric(nas_store *s, nas_layout *l, int64_t row, const char *stored,
                             const nas_value *v, nas_err *err) {
    nas_stmt *st = NULL;
    nas_draft *d = nas_draft_of("UPDATE nas_trials_%l SET \"%w\" = ?2 WHERE id = ?1 AND state NOT"
                                " IN ('waiting', 'running')",
                                l->study, stored);
    NAS_TRY(nas_sql_open_draft(s, &st, d, err, "i", row));
    nas_status status = nas_sql_bind_value(s, st, 2, v, err);
    if (status == NAS_OK) status = nas_sql_run(s, st, err);
    nas_stmt_end(st);
    NAS_TRY(status);
    if (nas_sql_changes(s) == 1) return NAS_OK;
    return nas_fail(err, NAS_ENOTFOUND, "%s: there is no finished trial with the id %lld", s->path,
                    (long long)row);
}

static nas_status stored_metric(const nas_layout *l, const char *name, const char **out,
                                nas_err *err) {
    *out = NULL;
    for (int32_t i = l->n_params; i < l->n_params + l->n_metrics; i++)
        if (!strcmp(l->names[i], name)) *out = l->stored[i];
    if (*out) return NAS_OK;
    return nas_fail(err, NAS_EINVAL, "\"%s\" is not a metric of the study", name);
}

nas_status nas_store_set_metric(nas_store *s, nas_study_id id, int64_t row,
                                const nas_column *column, const nas_value *v, nas_err *err) {
    nas_layout *l = NULL;
    const char *stored;
    NAS_TRY(nas_layout_get(s, id, &l, err));
    NAS_TRY(stored_metric(l, column->name, &stored, err));
    NAS_TRY(nas_sql_begin(s, NAS_SYNC_FULL, err));
    nas_status status = set_metric(s, l, row, stored, v, err);
    if (status == NAS_OK) status = nas_front_changed(s, id, column->name, err);
    return nas_sql_end(s, status, err);
}

static nas_status put_bounds(nas_store *s, nas_study_id id, double confidence, const nas_figure *f,
                             size_t n, nas_err *err) {
    nas_layout *l = NULL;
    NAS_TRY(nas_layout_get(s, id, &l, err));
    for (size_t i = 0; i < n; i++) {
        const nas_value v = {.type = NAS_COLUMN_REAL, .real = f[i].v};
        const char *stored;
        NAS_TRY(stored_metric(l, f[i].column, &stored, err));
        NAS_TRY(set_metric(s, l, f[i].row, stored, &v, err));
    }
    for (int32_t i = l->n_params; n && i < l->n_params + l->n_metrics; i++)
        NAS_TRY(nas_front_changed(s, id, l->names[i], err));
    return nas_sql_put(s, err, "UPDATE nas_studies SET confidence = ?2 WHERE id = ?1", "ir",
                       id.study, confidence);
}

nas_status nas_store_put_bounds(nas_store *s, nas_study_id id, double confidence,
                                const nas_figure *f, size_t n, nas_err *err) {
    NAS_TRY(nas_sql_begin(s, NAS_SYNC_FULL, err));
    return nas_sql_end(s, put_bounds(s, id, confidence, f, n, err), err);
}

static nas_status copy_blob(nas_stmt *st, nas_arena *a, uint8_t **bytes, size_t *n, nas_err *err) {
    size_t size;
    const void *p = nas_stmt_bytes(st, 0, &size);
    *bytes = nas_arena_alloc(a, size + 1, err); /* zeroed: texts end there */
    if (!*bytes) return NAS_ENOMEM;
    if (size) memcpy(*bytes, p, size);
    *n = size;
    return NAS_OK;
}

nas_status nas_store_artefact(nas_store *s, nas_study_id id, int64_t row, const char *name,
                              nas_arena *a, uint8_t **bytes, size_t *n, nas_err *err) {
    *bytes = NULL;
    *n = 0;
    nas_stmt *st = NULL;
    NAS_TRY(nas_sql_open_draft(
        s, &st,
        nas_draft_of("SELECT content FROM nas_artefacts WHERE study = ?1 AND name = ?3 AND"
                     " trial = coalesce((SELECT reused FROM nas_trials_%l WHERE id = ?2), ?2)",
                     id.study),
        err, "iit", id.study, row, name));
    bool found = false;
    nas_status status = nas_sql_step(s, st, &found, err);
    if (status == NAS_OK && !found)
        status = nas_fail(err, NAS_ENOTFOUND, "%s: the trial has no \"%s\" stored", s->path, name);
    if (status == NAS_OK) status = copy_blob(st, a, bytes, n, err);
    nas_stmt_end(st);
    return status;
}

nas_status nas_store_document(nas_store *s, nas_study_id id, int64_t row, nas_arena *a,
                              const char **json, nas_err *err) {
    *json = NULL;
    nas_stmt *st = NULL;
    NAS_TRY(nas_sql_open_draft(
        s, &st, nas_draft_of("SELECT json FROM nas_trials_%l WHERE id = ?1", id.study), err, "i",
        row));
    bool found = false;
    nas_status status = nas_sql_step(s, st, &found, err);
    if (status == NAS_OK && found) status = nas_sql_text(st, 0, a, json, err);
    if (status == NAS_OK && !*json)
        status = nas_fail(err, NAS_ENOTFOUND, "%s: the trial has no document stored", s->path);
    nas_stmt_end(st);
    return status;
}
