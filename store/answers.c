/* store/answers.c - what each example got: from a trial's end, and asked for later. */
#include "store/store_int.h"

#include <math.h>
#include <string.h>

static int bind_blob(sqlite3_stmt *st, int at, const void *p, int32_t n, size_t size) {
    if (!p) return sqlite3_bind_null(st, at);
    return sqlite3_bind_blob64(st, at, p, (sqlite3_uint64)n * size, SQLITE_STATIC);
}

static int bind_blobs(sqlite3_stmt *st, int at, const nas_answers *a) {
    int rc = bind_blob(st, at, a->right, (a->examples + 7) / 8, 1);
    if (rc == SQLITE_OK) rc = bind_blob(st, at + 1, a->predicted, a->examples, 1);
    if (rc == SQLITE_OK) rc = bind_blob(st, at + 2, a->share, a->examples, 1);
    if (rc == SQLITE_OK) rc = bind_blob(st, at + 3, a->error, a->examples, sizeof *a->error);
    if (rc == SQLITE_OK) rc = bind_blob(st, at + 4, a->square, a->examples, sizeof *a->square);
    return rc;
}

nas_status nas_answers_write(nas_store *s, nas_layout *l, int64_t trial, const nas_answers *a,
                             nas_err *err) {
    enum { BLOBS = 6, DATA = 11 };
    sqlite3_stmt *st = NULL;
    NAS_TRY(nas_layout_slot(s, l, NAS_SQL_ANSWERS,
                            "INSERT OR REPLACE INTO nas_answers(study, trial, part, replicate,"
                            " examples, score, \"right\", predicted, share, error, square, data,"
                            " reads)"
                            " VALUES(#, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,"
                            " CASE ?2 WHEN 'test' THEN 1 + coalesce((SELECT reads FROM nas_answers"
                            " WHERE study = # AND trial = ?1 AND part = ?2 AND replicate = ?3), 0)"
                            " END)",
                            &st, err));
    NAS_TRY(nas_sql_bind(s, st, err, "itiir", trial, a->part, (int64_t)a->replicate,
                         (int64_t)a->examples, a->score));
    int rc = bind_blobs(st, BLOBS, a);
    if (rc == SQLITE_OK) rc = sqlite3_bind_int64(st, DATA, l->data);
    if (rc != SQLITE_OK) return nas_sql_fail(s, rc, "binding answers", err);
    const nas_status status = nas_sql_run(s, st, err);
    sqlite3_clear_bindings(st);
    return status;
}

nas_status nas_trained_row(nas_store *s, nas_study_id id, int64_t row, int64_t *out, nas_err *err) {
    char sql[96];
    const nas_value v = {.type = NAS_COLUMN_INTEGER, .integer = row};
    *out = 0;
    sqlite3_snprintf(sizeof sql, sql,
                     "SELECT coalesce(reused, id) FROM nas_trials_%lld WHERE id = ?1", id.study);
    NAS_TRY(nas_store_query_integer(s, sql, &v, 1, out, err));
    if (*out) return NAS_OK;
    return nas_fail(err, NAS_ENOTFOUND, "%s: there is no trial with the id %lld", s->path,
                    (long long)row);
}

nas_status nas_store_put_answers(nas_store *s, nas_study_id id, int64_t row, const nas_answers *a,
                                 nas_err *err) {
    nas_layout *l = NULL;
    int64_t trained;
    NAS_TRY(nas_layout_get(s, id, &l, err));
    NAS_TRY(nas_trained_row(s, id, row, &trained, err));
    NAS_TRY(nas_sql_begin(s, NAS_SYNC_FULL, err));
    return nas_sql_end(s, nas_answers_write(s, l, trained, a, err), err);
}

static nas_status insert_example(nas_store *s, sqlite3_stmt *st, int32_t place,
                                 const nas_example *e, nas_err *err) {
    NAS_TRY(nas_sql_bind(s, st, err, "titttiirr", e->part, (int64_t)place, e->name, e->class,
                         e->group, (int64_t)e->fold, (int64_t)e->step, e->windows, e->carried));
    enum { FOLD = 6, STEP = 7 };
    if (e->fold < 0) sqlite3_bind_null(st, FOLD);
    if (!e->step) sqlite3_bind_null(st, STEP);
    return nas_sql_run(s, st, err);
}

/* Those of the data that the version is about, unless they are there. */
static nas_status insert_examples(nas_store *s, const nas_layout *l, const nas_example *rows,
                                  int32_t n, nas_err *err) {
    char sql[192];
    sqlite3_stmt *st = NULL;
    int64_t there = 0;
    const nas_value of[2] = {{.type = NAS_COLUMN_INTEGER, .integer = l->study},
                             {.type = NAS_COLUMN_INTEGER, .integer = l->data}};
    NAS_TRY(nas_store_query_integer(s,
                                    "SELECT s.examples IS NULL OR EXISTS (SELECT 1 FROM"
                                    " nas_examples WHERE study = ?1 AND data = ?2)"
                                    " FROM nas_studies s WHERE s.id = ?1",
                                    of, 2, &there, err));
    if (there) return NAS_OK; /* or an older nas began the study, without them */
    sqlite3_snprintf(
        sizeof sql, sql,
        "INSERT INTO nas_examples VALUES(%lld, %lld, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        (long long)l->study, (long long)l->data);
    NAS_TRY(nas_sql_open(s, &st, err, sql, ""));
    nas_status status = NAS_OK;
    int32_t place = 0;
    for (int32_t i = 0; status == NAS_OK && i < n; i++) {
        place = i && strcmp(rows[i].part, rows[i - 1].part) == 0 ? place + 1 : 0;
        status = insert_example(s, st, place, &rows[i], err);
    }
    sqlite3_finalize(st);
    NAS_TRY(status);
    return nas_sql_put(s, err, "UPDATE nas_studies SET examples = ?2 WHERE id = ?1", "ii", l->study,
                       (int64_t)n);
}

nas_status nas_store_put_examples(nas_store *s, nas_study_id id, const nas_example *rows, int32_t n,
                                  nas_err *err) {
    nas_layout *l = NULL;
    NAS_TRY(nas_layout_get(s, id, &l, err));
    NAS_TRY(nas_sql_begin(s, NAS_SYNC_FULL, err));
    return nas_sql_end(s, insert_examples(s, l, rows, n, err), err);
}

nas_status nas_store_is_bare(nas_store *s, const char *name, bool *out, nas_err *err) {
    int64_t there = 0;
    const nas_value v = {.type = NAS_COLUMN_TEXT, .text = name};
    NAS_TRY(nas_store_query_integer(s,
                                    "SELECT coalesce(examples, -1) FROM nas_studies WHERE name ="
                                    " ?1",
                                    &v, 1, &there, err));
    *out = there < 0;
    return NAS_OK;
}

/* A blob of as many bytes as it must have; NULL stays NULL. */
static const void *blob(sqlite3_stmt *st, int at, int64_t bytes, bool *fits) {
    if (sqlite3_column_type(st, at) == SQLITE_NULL) return NULL;
    const void *p = sqlite3_column_blob(st, at);
    *fits = *fits && sqlite3_column_type(st, at) == SQLITE_BLOB &&
            sqlite3_column_bytes(st, at) == bytes;
    return p;
}

/* Are all of them as long as there are examples? */
static bool read_answers(sqlite3_stmt *st, const char *part, nas_answers *a) {
    const int64_t n = sqlite3_column_int64(st, 3), most = 1 << 28;
    const int64_t replicate = sqlite3_column_int64(st, 2);
    bool fits = n >= 0 && n <= most && replicate >= 0 && replicate <= most;
    if (!fits) return false;
    *a = (nas_answers){
        .part = part,
        .replicate = (int32_t)replicate,
        .examples = (int32_t)n,
        .score =
            sqlite3_column_type(st, 4) == SQLITE_NULL ? (double)NAN : sqlite3_column_double(st, 4),
        .right = blob(st, 5, (n + 7) / 8, &fits),
        .predicted = blob(st, 6, n, &fits),
        .share = blob(st, 7, n, &fits),
        .error = blob(st, 8, n * (int64_t)sizeof *a->error, &fits),
        .square = blob(st, 9, n * (int64_t)sizeof *a->square, &fits),
    };
    return fits;
}

nas_status nas_store_answers(nas_store *s, nas_study_id id, int64_t row, const char *part,
                             nas_answers_fn fn, void *ctx, nas_err *err) {
    char sql[512];
    sqlite3_stmt *st = NULL;
    if (s->schema < NAS_SCHEMA_EXAMPLES) return NAS_OK;
    sqlite3_snprintf(sizeof sql, sql,
                     "SELECT t.id, t.number, a.replicate, a.examples, a.score, a.\"right\","
                     " a.predicted, a.share, a.error, a.square FROM nas_trials_%lld t"
                     " JOIN nas_answers a ON a.study = %lld AND a.trial = coalesce(t.reused, t.id)"
                     " WHERE t.version = ?1 AND t.state = 'complete' AND a.part = ?2"
                     " AND (?3 = 0 OR t.id = ?3) ORDER BY t.number, a.replicate",
                     id.study, id.study);
    NAS_TRY(nas_sql_open(s, &st, err, sql, "iti", id.version, part, row));
    nas_status status;
    bool there = false;
    while ((status = nas_sql_step(s, st, &there, err)) == NAS_OK && there) {
        nas_answers a;
        if (!read_answers(st, part, &a)) {
            status = nas_sql_damaged(s, "nas_answers: a row whose lengths do not fit", err);
            break;
        }
        if (!fn(ctx, sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1), &a)) break;
    }
    sqlite3_finalize(st);
    return status;
}

static nas_status write_claims(nas_store *s, nas_study_id id, const nas_claim_row *rows, int32_t n,
                               nas_err *err) {
    NAS_TRY(nas_sql_put(s, err, "DELETE FROM nas_claims WHERE study = ?1 AND version = ?2", "ii",
                        id.study, id.version));
    for (int32_t i = 0; i < n; i++) {
        const nas_claim_row *r = &rows[i];
        if (r->trials)
            NAS_TRY(nas_sql_put(s, err,
                                "INSERT INTO nas_claims VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9,"
                                " ?10, ?11, ?12, ?13)",
                                "iiiirirrrrrrr", id.study, id.version, (int64_t)i, r->trial,
                                r->wins, r->trials, r->observed, r->claimed, r->lo, r->low, r->high,
                                r->meets, r->confidence));
        else
            NAS_TRY(nas_sql_put(s, err,
                                "INSERT INTO nas_claims(study, version, place, trial, wins)"
                                " VALUES(?1, ?2, ?3, ?4, ?5)",
                                "iiiir", id.study, id.version, (int64_t)i, r->trial, r->wins));
    }
    return NAS_OK;
}

nas_status nas_store_put_claims(nas_store *s, nas_study_id id, const nas_claim_row *rows, int32_t n,
                                nas_err *err) {
    NAS_TRY(nas_sql_begin(s, NAS_SYNC_FULL, err));
    return nas_sql_end(s, write_claims(s, id, rows, n, err), err);
}
