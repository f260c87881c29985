/* store/schema/studies.c - which studies there are. */
#include "store/schema/schema.h"

nas_status nas_studies_list(nas_store *s, nas_arena *a, int64_t **ids, int64_t *n, nas_err *err) {
    nas_stmt *st = NULL;
    NAS_TRY(
        nas_sql_open(s, &st, err, "SELECT id, count(*) OVER () FROM nas_studies ORDER BY id", ""));
    nas_status status;
    bool row = false;
    for (*n = 0; (status = nas_sql_step(s, st, &row, err)) == NAS_OK && row; ++*n) {
        if (*n == 0) *ids = nas_arena_array(a, (size_t)nas_stmt_integer(st, 1), sizeof **ids, err);
        if (!*ids) {
            status = NAS_ENOMEM;
            break;
        }
        (*ids)[*n] = nas_stmt_integer(st, 0);
    }
    nas_stmt_end(st);
    return status;
}

nas_status nas_study_names(nas_store *s, nas_arena *a, const char **out, nas_err *err) {
    nas_stmt *st = NULL;
    NAS_TRY(nas_sql_open(s, &st, err,
                         "SELECT coalesce(group_concat(name, ', '), 'none') FROM"
                         " (SELECT name FROM nas_studies ORDER BY id)",
                         ""));
    bool row = false;
    nas_status status = nas_sql_step(s, st, &row, err);
    if (status == NAS_OK) status = nas_sql_text(st, 0, a, out, err);
    nas_stmt_end(st);
    return status;
}

bool nas_store_any_at_work(nas_store *s) {
    int64_t n = 0;
    const char *const sql = s->schema < NAS_SCHEMA_WARNINGS
                                ? "SELECT count(*) FROM nas_progress WHERE state = 'running'"
                                : "SELECT count(*) FROM nas_studies WHERE at_work";
    return nas_sql_integer(s, nas_draft_of("%s", sql), &n, NULL, "") == NAS_OK && n > 0;
}

bool nas_store_has_no_study(nas_store *s) {
    nas_stmt *st = NULL;
    bool row = false;
    if (nas_sql_open(s, &st, NULL, "SELECT 1 FROM nas_studies LIMIT 1", "") != NAS_OK) return false;
    const nas_status status = nas_sql_step(s, st, &row, NULL);
    nas_stmt_end(st);
    return status == NAS_OK && !row;
}
