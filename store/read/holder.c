/* store/read/holder.c - whose files are these? */
#include "store/schema/schema.h"

static nas_status read_holder(nas_store *s, nas_stmt *st, nas_study_id id, const char *name,
                              const void *bytes, size_t n, nas_holder *out, nas_err *err) {
    enum { CONTENT = 5 };
    NAS_TRY(nas_sql_bind(s, st, err, "iiti", id.version, id.study, name, (int64_t)n));
    NAS_TRY(nas_sql_bind_bytes(s, st, CONTENT, bytes, n, err));
    bool row = false;
    NAS_TRY(nas_sql_step(s, st, &row, err));
    if (row)
        *out =
            (nas_holder){nas_stmt_integer(st, 0), nas_stmt_integer(st, 1), nas_stmt_integer(st, 2)};
    return NAS_OK;
}

nas_status nas_store_holder(nas_store *s, nas_study_id id, const char *name, const void *bytes,
                            size_t n, nas_holder *out, nas_err *err) {
    nas_stmt *st = NULL;
    nas_draft *q = nas_draft_new();
    *out = (nas_holder){0};
    nas_draft_add(q,
                  "SELECT id, version, number FROM nas_trials_%l WHERE state = 'complete'"
                  " AND coalesce(reused, id) IN (SELECT trial FROM nas_artefacts WHERE"
                  " study = ?2 AND name = ?3 AND bytes = ?4 AND content = ?5)"
                  " ORDER BY version = ?1 DESC, version DESC, number LIMIT 1",
                  id.study);
    NAS_TRY(nas_sql_open_draft(s, &st, q, err, ""));
    const nas_status status = read_holder(s, st, id, name, bytes, n, out, err);
    nas_stmt_end(st);
    return status;
}
