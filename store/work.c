/* store/work.c - the mark of a run at work: in the database's own file, so that a copy which lacks
 * the -wal file is known by it. */
#include "store/store_int.h"

#include "base/clock.h"

/* Moves what is in the -wal file now into the file, as far as it takes at most that long: whoever
 * reads an older state holds it up. Closing the last connection does the same. */
static bool move_wal(nas_store *s, double seconds) {
    const double start = nas_clock_wall(), pause = 0.005;
    int target = -1;
    for (;;) {
        int pages = -1, moved = -1;
        const int rc =
            sqlite3_wal_checkpoint_v2(s->db, NULL, SQLITE_CHECKPOINT_PASSIVE, &pages, &moved);
        if (rc != SQLITE_OK && rc != SQLITE_BUSY && rc != SQLITE_LOCKED) return false;
        if (rc == SQLITE_OK && target < 0) target = pages;
        /* Fewer than there were: all had been moved, and a writer began the file anew. */
        if (rc == SQLITE_OK && (moved >= target || pages < target)) return true;
        if (nas_clock_wall() - start > seconds) return false;
        nas_clock_sleep(pause);
    }
}

static nas_status is_marked(nas_store *s, int64_t study, bool *yes, nas_err *err) {
    sqlite3_stmt *st = NULL;
    NAS_TRY(nas_sql_open(s, &st, err, "SELECT 1 FROM nas_studies WHERE id = ?1 AND at_work = 1",
                         "i", study));
    const nas_status status = nas_sql_step(s, st, yes, err);
    sqlite3_finalize(st);
    return status;
}

/* Taken away only where no other run has trials in hand. */
static nas_status write_mark(nas_store *s, int64_t study, bool yes, nas_err *err) {
    sqlite3_str *q = sqlite3_str_new(s->db);
    sqlite3_str_appendf(q, "UPDATE nas_studies SET at_work = %d WHERE id = %lld", yes, study);
    if (!yes)
        sqlite3_str_appendf(
            q, " AND NOT EXISTS (SELECT 1 FROM nas_trials_%lld WHERE state = 'running')", study);
    NAS_TRY(nas_sql_begin(s, NAS_SYNC_FULL, err));
    return nas_sql_end(s, nas_sql_exec_str(s, q, err), err);
}

nas_status nas_store_at_work(nas_store *s, nas_study_id id, bool yes, nas_err *err) {
    const double patience = 2;
    bool there = false;
    if (yes) NAS_TRY(is_marked(s, id.study, &there, err));
    if (yes && there && s->marked) return NAS_OK;
    if (!there) NAS_TRY(write_mark(s, id.study, yes, err));
    s->marked = move_wal(s, yes ? patience : 0) && yes;
    return NAS_OK;
}
