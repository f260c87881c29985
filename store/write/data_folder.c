/* store/write/data_folder.c - where the data of a version lay when it was last run: no part of what
 * is determined, so it stands beside it. */
#include "store/write/write.h"

static nas_status write_folder(nas_store *s, nas_study_id id, const char *place, nas_err *err) {
    return nas_sql_put(s, err, "UPDATE nas_spaces SET place = ?3 WHERE study = ?1 AND version = ?2",
                       "iit", id.study, id.version, place);
}

nas_status nas_store_put_data_folder(nas_store *s, nas_study_id id, const char *place,
                                     nas_err *err) {
    NAS_TRY(nas_sql_begin(s, NAS_SYNC_NORMAL, err));
    return nas_sql_end(s, write_folder(s, id, place, err), err);
}

nas_status nas_store_data_folder(nas_store *s, nas_study_id id, nas_arena *a, const char **place,
                                 nas_err *err) {
    *place = NULL;
    nas_stmt *st = NULL;
    if (s->schema < NAS_SCHEMA_FINALS) return NAS_OK;
    NAS_TRY(nas_sql_open(s, &st, err,
                         "SELECT place FROM nas_spaces WHERE study = ?1 AND version = ?2", "ii",
                         id.study, id.version));
    bool row = false;
    nas_status status = nas_sql_step(s, st, &row, err);
    if (status == NAS_OK && row) status = nas_sql_text(st, 0, a, place, err);
    nas_stmt_end(st);
    return status;
}
