/* store/write/work.c - the mark of a run at work: in the database's own file, so that a copy which
 * lacks the -wal file is known by it. */
#include "store/write/write.h"

static nas_status is_marked(nas_store *s, int64_t study, bool *yes, nas_err *err) {
    nas_stmt *st = NULL;
    NAS_TRY(nas_sql_open(s, &st, err, "SELECT 1 FROM nas_studies WHERE id = ?1 AND at_work = 1",
                         "i", study));
    const nas_status status = nas_sql_step(s, st, yes, err);
    nas_stmt_end(st);
    return status;
}

/* Taken away only where no other run has trials in hand. */
static nas_status write_mark(nas_store *s, int64_t study, bool yes, nas_err *err) {
    nas_draft *q = nas_draft_new();
    nas_draft_add(q, "UPDATE nas_studies SET at_work = %d WHERE id = %l", yes, study);
    if (!yes)
        nas_draft_add(q, " AND NOT EXISTS (SELECT 1 FROM nas_trials_%l WHERE state = 'running')",
                      study);
    NAS_TRY(nas_sql_begin(s, NAS_SYNC_FULL, err));
    return nas_sql_end(s, nas_sql_exec_draft(s, q, err), err);
}

nas_status nas_store_at_work(nas_store *s, nas_study_id id, bool yes, nas_err *err) {
    const double patience = 2;
    bool there = false;
    if (yes) NAS_TRY(is_marked(s, id.study, &there, err));
    if (yes && there && s->marked) return NAS_OK;
    if (!there) NAS_TRY(write_mark(s, id.study, yes, err));
    const nas_backend_file *f = s->backend->file;
    s->marked = (!f || f->settle(s, yes ? patience : 0)) && yes;
    return NAS_OK;
}
