/* store/write/warnings.c - what was said while a study was run, each text once a version. */
#include "store/write/write.h"

nas_status nas_warning_insert(nas_store *s, nas_study_id id, const char *text, nas_err *err) {
    return nas_sql_put(
        s, err,
        "INSERT INTO nas_warnings SELECT ?1, ?2,"
        " (SELECT 1 + coalesce(max(position), -1) FROM nas_warnings"
        "  WHERE study = ?1 AND version = ?2), ?3, nas_now() WHERE true ON CONFLICT DO NOTHING",
        "iit", id.study, id.version, text);
}

nas_status nas_store_put_warning(nas_store *s, nas_study_id id, const char *text, nas_err *err) {
    NAS_TRY(nas_sql_begin(s, NAS_SYNC_FULL, err));
    return nas_sql_end(s, nas_warning_insert(s, id, text, err), err);
}

nas_status nas_store_warnings(nas_store *s, nas_study_id id, nas_warning_fn fn, void *ctx,
                              nas_err *err) {
    nas_stmt *st = NULL;
    if (s->schema < NAS_SCHEMA_WARNINGS) return NAS_OK;
    NAS_TRY(nas_sql_open(s, &st, err,
                         "SELECT text FROM nas_warnings WHERE study = ?1 AND version = ?2"
                         " ORDER BY position",
                         "ii", id.study, id.version));
    nas_status status;
    bool row = false;
    while ((status = nas_sql_step(s, st, &row, err)) == NAS_OK && row) {
        const char *text = nas_stmt_text(st, 0);
        if (text && !fn(ctx, text)) break;
    }
    nas_stmt_end(st);
    return status;
}
