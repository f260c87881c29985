/* store/write/answers.c - what each example got: from a trial's end, and asked for later. */
#include "store/write/write.h"

#include <math.h>
#include <string.h>

enum { BLOBS = 5 };

/* In the order of their columns; none: as if there were no answers. */
static nas_status bind_blobs(nas_store *s, nas_stmt *st, int at, const nas_answers *a,
                             nas_err *err) {
    const size_t n = (size_t)a->examples;
    const struct {
        const void *p;
        size_t n;
    } blobs[BLOBS] = {
        {a->right, (n + 7) / 8},
        {a->predicted, n},
        {a->share, n},
        {a->error, n * sizeof *a->error},
        {a->square, n * sizeof *a->square},
    };
    for (int i = 0; i < BLOBS; i++)
        NAS_TRY(nas_sql_bind_bytes(s, st, at + i, blobs[i].p, blobs[i].n, err));
    return NAS_OK;
}

nas_status nas_answers_write(nas_store *s, nas_layout *l, int64_t trial, const nas_answers *a,
                             nas_err *err) {
    enum { FIRST = 6, DATA = FIRST + BLOBS };
    nas_stmt *st = NULL;
    NAS_TRY(nas_layout_slot(s, l, NAS_SQL_ANSWERS,
                            "INSERT INTO nas_answers(study, trial, part, replicate,"
                            " examples, score, \"right\", predicted, share, error, square, data,"
                            " reads)"
                            " VALUES(#, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,"
                            " CASE ?2 WHEN 'test' THEN 1 + coalesce((SELECT reads FROM nas_answers"
                            " WHERE study = # AND trial = ?1 AND part = ?2 AND replicate = ?3), 0)"
                            " END) ON CONFLICT(study, trial, part, replicate) DO UPDATE SET"
                            " examples = excluded.examples, score = excluded.score,"
                            " \"right\" = excluded.\"right\", predicted = excluded.predicted,"
                            " share = excluded.share, error = excluded.error,"
                            " square = excluded.square, data = excluded.data,"
                            " reads = excluded.reads",
                            &st, err));
    NAS_TRY(nas_sql_bind(s, st, err, "itiir", trial, a->part, (int64_t)a->replicate,
                         (int64_t)a->examples, a->score));
    NAS_TRY(bind_blobs(s, st, FIRST, a, err));
    NAS_TRY(nas_sql_bind_value(s, st, DATA, &(nas_value){.integer = l->data}, err));
    const nas_status status = nas_sql_run(s, st, err);
    NAS_TRY(bind_blobs(s, st, FIRST, &(nas_answers){.examples = 0}, err));
    return status;
}

nas_status nas_trained_row(nas_store *s, nas_study_id id, int64_t row, int64_t *out, nas_err *err) {
    *out = 0;
    NAS_TRY(nas_sql_integer(
        s, nas_draft_of("SELECT coalesce(reused, id) FROM nas_trials_%l WHERE id = ?1", id.study),
        out, err, "i", row));
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

static nas_status insert_example(nas_store *s, nas_stmt *st, int32_t place, const nas_example *e,
                                 nas_err *err) {
    NAS_TRY(nas_sql_bind(s, st, err, "titttiirr", e->part, (int64_t)place, e->name, e->class,
                         e->group, (int64_t)e->fold, (int64_t)e->step, e->windows, e->carried));
    enum { FOLD = 6, STEP = 7 };
    if (e->fold < 0) NAS_TRY(nas_sql_bind_null(s, st, FOLD, err));
    if (!e->step) NAS_TRY(nas_sql_bind_null(s, st, STEP, err));
    return nas_sql_run(s, st, err);
}

/* Those of the data that the version is about, unless they are there. */
static nas_status insert_examples(nas_store *s, const nas_layout *l, const nas_example *rows,
                                  int32_t n, nas_err *err) {
    nas_stmt *st = NULL;
    int64_t there = 0;
    nas_draft *asked = nas_draft_of("SELECT s.examples IS NULL OR EXISTS (SELECT 1 FROM"
                                    " nas_examples WHERE study = ?1 AND data = ?2)"
                                    " FROM nas_studies s WHERE s.id = ?1");
    NAS_TRY(nas_sql_integer(s, asked, &there, err, "ii", l->study, l->data));
    if (there) return NAS_OK; /* or an older nas began the study, without them */
    nas_draft *d =
        nas_draft_of("INSERT INTO nas_examples VALUES(%l, %l, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
                     l->study, l->data);
    NAS_TRY(nas_sql_open_draft(s, &st, d, err, ""));
    nas_status status = NAS_OK;
    int32_t place = 0;
    for (int32_t i = 0; status == NAS_OK && i < n; i++) {
        place = i && strcmp(rows[i].part, rows[i - 1].part) == 0 ? place + 1 : 0;
        status = insert_example(s, st, place, &rows[i], err);
    }
    nas_stmt_end(st);
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
    nas_draft *d = nas_draft_of("SELECT coalesce(examples, -1) FROM nas_studies WHERE name = ?1");
    NAS_TRY(nas_sql_integer(s, d, &there, err, "t", name));
    *out = there < 0;
    return NAS_OK;
}

/* A blob of as many bytes as it must have; NULL stays NULL. */
static const void *blob(nas_stmt *st, int at, int64_t bytes, bool *fits) {
    const nas_value v = nas_stmt_value(st, at);
    size_t n;
    if (v.is_null) return NULL;
    *fits = *fits && v.type == NAS_COLUMN_BLOB && v.integer == bytes;
    return nas_stmt_bytes(st, at, &n);
}

/* Are all of them as long as there are examples? */
static bool read_answers(nas_stmt *st, const char *part, nas_answers *a) {
    const int64_t n = nas_stmt_integer(st, 3), most = 1 << 28;
    const int64_t replicate = nas_stmt_integer(st, 2);
    bool fits = n >= 0 && n <= most && replicate >= 0 && replicate <= most;
    if (!fits) return false;
    *a = (nas_answers){
        .part = part,
        .replicate = (int32_t)replicate,
        .examples = (int32_t)n,
        .score = nas_stmt_real(st, 4),
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
    nas_stmt *st = NULL;
    if (s->schema < NAS_SCHEMA_EXAMPLES) return NAS_OK;
    NAS_TRY(nas_sql_open_draft(
        s, &st,
        nas_draft_of("SELECT t.id, t.number, a.replicate, a.examples, a.score, a.\"right\","
                     " a.predicted, a.share, a.error, a.square FROM nas_trials_%l t"
                     " JOIN nas_answers a ON a.study = %l AND a.trial = coalesce(t.reused, t.id)"
                     " WHERE t.version = ?1 AND t.state = 'complete' AND a.part = ?2"
                     " AND (?3 = 0 OR t.id = ?3) ORDER BY t.number, a.replicate",
                     id.study, id.study),
        err, "iti", id.version, part, row));
    nas_status status;
    bool there = false;
    while ((status = nas_sql_step(s, st, &there, err)) == NAS_OK && there) {
        nas_answers a;
        if (!read_answers(st, part, &a)) {
            status = nas_sql_damaged(s, "nas_answers: a row whose lengths do not fit", err);
            break;
        }
        if (!fn(ctx, nas_stmt_integer(st, 0), nas_stmt_integer(st, 1), &a)) break;
    }
    nas_stmt_end(st);
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
