/* store/holder.c - whose files are these? */
#include "store/store_int.h"

static nas_status read_holder(nas_store *s, sqlite3_stmt *st, nas_study_id id, const char *name,
                              const void *bytes, size_t n, nas_holder *out, nas_err *err) {
    enum { CONTENT = 5 };
    NAS_TRY(nas_sql_bind(s, st, err, "iiti", id.version, id.study, name, (int64_t)n));
    const int rc = sqlite3_bind_blob64(st, CONTENT, bytes, n, SQLITE_STATIC);
    if (rc != SQLITE_OK) return nas_sql_fail(s, rc, "binding a file", err);
    bool row = false;
    NAS_TRY(nas_sql_step(s, st, &row, err));
    if (row)
        *out = (nas_holder){sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1),
                            sqlite3_column_int64(st, 2)};
    return NAS_OK;
}

nas_status nas_store_holder(nas_store *s, nas_study_id id, const char *name, const void *bytes,
                            size_t n, nas_holder *out, nas_err *err) {
    sqlite3_stmt *st = NULL;
    sqlite3_str *q = sqlite3_str_new(s->db);
    *out = (nas_holder){0};
    sqlite3_str_appendf(q,
                        "SELECT id, version, number FROM nas_trials_%lld WHERE state = 'complete'"
                        " AND coalesce(reused, id) IN (SELECT trial FROM nas_artefacts WHERE"
                        " study = ?2 AND name = ?3 AND bytes = ?4 AND content = ?5)"
                        " ORDER BY version = ?1 DESC, version DESC, number LIMIT 1",
                        id.study);
    NAS_TRY(nas_sql_open_str(s, &st, q, err));
    const nas_status status = read_holder(s, st, id, name, bytes, n, out, err);
    sqlite3_finalize(st);
    return status;
}
