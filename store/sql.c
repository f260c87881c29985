/* store/sql.c - statements, transactions and errors of SQLite. */
#include "base/clock.h"
#include "store/store_int.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* How long a writer waits for the others: their transactions take milliseconds, but a machine may
 * be swapping, or a disk slow. */
static const double PATIENCE_SECONDS = 120.0;

void nas_store_set_patience(nas_store *s, double seconds) {
    s->patience = seconds;
}

void nas_store_set_wait(nas_store *s, nas_wait_fn fn, void *ctx) {
    s->wait = fn;
    s->wait_ctx = ctx;
}

static bool waits_on(const nas_store *s, double seconds) {
    if (s->wait) return s->wait(s->wait_ctx, seconds);
    return seconds <= (s->patience > 0 ? s->patience : PATIENCE_SECONDS);
}

static void nap(long microseconds) {
    const struct timespec t = {microseconds / 1000000, microseconds % 1000000 * 1000};
    nanosleep(&t, NULL);
}

/* SQLite's own handler backs off to 100 ms, which starves one of many workers; short naps of
 * different length for different processes let each have its turn. */
int nas_sql_wait(void *store, int times) {
    nas_store *s = store;
    const double now = nas_clock_wall();
    if (times == 0) s->busy_since = now;
    if (!waits_on(s, now - s->busy_since)) return 0;
    const int grown = times < 20 ? times : 20;
    nap(200 + 100L * grown + (long)(s->pid % 17) * 30);
    return 1;
}

static bool is_busy(int rc) {
    /* A snapshot that somebody overtook cannot be written from, however long one waits. */
    if (rc == SQLITE_BUSY_SNAPSHOT) return false;
    const int code = rc & 0xff;
    return code == SQLITE_BUSY || code == SQLITE_LOCKED || code == SQLITE_PROTOCOL;
}

/* What the system said. SQLite's own word for it may be of a call that came later, when the
 * database or its -wal file was let go of. */
static int errno_of(nas_store *s) {
    sqlite3_file *f = NULL;
    int e = 0;
    if (sqlite3_file_control(s->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &f) == SQLITE_OK && f &&
        f->pMethods)
        (void)f->pMethods->xFileControl(f, SQLITE_FCNTL_LAST_ERRNO, &e);
    if (!e) (void)sqlite3_file_control(s->db, "main", SQLITE_FCNTL_LAST_ERRNO, &e);
    return e ? e : sqlite3_system_errno(s->db);
}

static nas_status status_of(nas_store *s, int rc) {
    const int e = (rc & 0xff) == SQLITE_IOERR ? errno_of(s) : 0;
    switch (rc & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_PROTOCOL: return NAS_EBUSY;
    case SQLITE_FULL: return NAS_EFULL;
    case SQLITE_NOMEM: return NAS_ENOMEM;
    /* Our statements are right, and what they hold fits tables as we make them. */
    case SQLITE_ERROR:
    case SQLITE_CONSTRAINT:
    case SQLITE_MISMATCH:
    case SQLITE_RANGE:
    case SQLITE_SCHEMA:
    case SQLITE_TOOBIG:
    case SQLITE_AUTH:
    case SQLITE_NOTADB:
    case SQLITE_CORRUPT: return NAS_EFORMAT;
    case SQLITE_INTERRUPT: return s->endless ? NAS_EFORMAT : NAS_ESTOP;
    case SQLITE_IOERR: return e == ENOSPC || e == EDQUOT || e == EFBIG ? NAS_EFULL : NAS_EIO;
    case SQLITE_CANTOPEN:
    case SQLITE_PERM:
    case SQLITE_READONLY: return NAS_EIO;
    default: return NAS_EBUG;
    }
}

static const char *remedy_of(nas_status status) {
    switch (status) {
    case NAS_EBUSY: return "; another process holds it: end that one or try again";
    case NAS_EFULL: return "; make room on the device and start again: what is stored stays";
    case NAS_EIO: return "; check the permissions of the file and its folder, and the device";
    default: return "";
    }
}

nas_status nas_sql_fail(nas_store *s, int rc, const char *doing, nas_err *err) {
    if (rc == SQLITE_READONLY_DBMOVED)
        return nas_fail(err, NAS_EMOVED, "%s was removed by another process: start again", s->path);
    const nas_status status = status_of(s, rc);
    if (status == NAS_EFORMAT)
        return nas_sql_damaged(s, s->endless ? "reading it comes to no end" : sqlite3_errmsg(s->db),
                               err);
    const bool limit = status == NAS_EFULL && errno_of(s) == EFBIG;
    return nas_fail(err, status, "%s: %s: %s%s", s->path, doing, sqlite3_errmsg(s->db),
                    limit ? "; raise the limit of a file's size (ulimit -f) and start again"
                          : remedy_of(status));
}

nas_status nas_sql_damaged(const nas_store *s, const char *what, nas_err *err) {
    return nas_fail(err, NAS_EFORMAT, "%s: damaged: %s; restore a copy, or use another file",
                    s->path, what);
}

nas_status nas_sql_exec(nas_store *s, const char *sql, nas_err *err) {
    nas_guard_patience(s, true);
    const int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? NAS_OK : nas_sql_fail(s, rc, sql, err);
}

nas_status nas_sql_define(nas_store *s, const char *sql, nas_err *err) {
    const nas_door before = nas_guard_door(s, NAS_DOOR_DEFINE);
    const nas_status status = nas_sql_exec(s, sql, err);
    nas_guard_door(s, before);
    return status;
}

static nas_status exec_str(nas_store *s, sqlite3_str *str,
                           nas_status (*exec)(nas_store *, const char *, nas_err *), nas_err *err) {
    char *sql = sqlite3_str_finish(str);
    if (!sql) return nas_fail(err, NAS_ENOMEM, "%s: no memory for a statement", s->path);
    const nas_status status = exec(s, sql, err);
    sqlite3_free(sql);
    return status;
}

nas_status nas_sql_exec_str(nas_store *s, sqlite3_str *str, nas_err *err) {
    return exec_str(s, str, nas_sql_exec, err);
}

nas_status nas_sql_define_str(nas_store *s, sqlite3_str *str, nas_err *err) {
    return exec_str(s, str, nas_sql_define, err);
}

int nas_sql_bind_value(sqlite3_stmt *st, int at, const nas_value *v) {
    if (v->is_null) return sqlite3_bind_null(st, at);
    switch (v->type) {
    case NAS_COLUMN_INTEGER: return sqlite3_bind_int64(st, at, v->integer);
    case NAS_COLUMN_REAL: return sqlite3_bind_double(st, at, v->real);
    case NAS_COLUMN_TEXT: return sqlite3_bind_text(st, at, v->text, -1, SQLITE_TRANSIENT);
    case NAS_COLUMN_BLOB: break;
    }
    return SQLITE_MISUSE;
}

int nas_sql_bind_hash(sqlite3_stmt *st, int at, const nas_hash *h) {
    char hex[65];
    nas_hash_hex(h, hex);
    return sqlite3_bind_text(st, at, hex, 64, SQLITE_TRANSIENT);
}

static int bind_all(sqlite3_stmt *st, const char *types, va_list ap) {
    int rc = SQLITE_OK;
    for (int i = 1; types[i - 1] && rc == SQLITE_OK; i++) {
        switch (types[i - 1]) {
        case 'i': rc = sqlite3_bind_int64(st, i, va_arg(ap, int64_t)); break;
        case 'r': rc = sqlite3_bind_double(st, i, va_arg(ap, double)); break;
        case 't':
            rc = sqlite3_bind_text(st, i, va_arg(ap, const char *), -1, SQLITE_TRANSIENT);
            break;
        default: rc = nas_sql_bind_hash(st, i, va_arg(ap, const nas_hash *)); break;
        }
    }
    return rc;
}

nas_status nas_sql_bind(nas_store *s, sqlite3_stmt *st, nas_err *err, const char *types, ...) {
    va_list ap;
    va_start(ap, types);
    const int rc = bind_all(st, types, ap);
    va_end(ap);
    return rc == SQLITE_OK ? NAS_OK : nas_sql_fail(s, rc, "binding values", err);
}

static nas_status open_list(nas_store *s, sqlite3_stmt **out, nas_err *err, const char *sql,
                            const char *types, va_list ap) {
    *out = NULL;
    nas_guard_patience(s, true);
    int rc = sqlite3_prepare_v2(s->db, sql, -1, out, NULL);
    if (rc == SQLITE_OK) rc = bind_all(*out, types, ap);
    if (rc == SQLITE_OK) return NAS_OK;
    const nas_status status = nas_sql_fail(s, rc, sql, err);
    sqlite3_finalize(*out);
    *out = NULL;
    return status;
}

nas_status nas_sql_open(nas_store *s, sqlite3_stmt **out, nas_err *err, const char *sql,
                        const char *types, ...) {
    va_list ap;
    va_start(ap, types);
    const nas_status status = open_list(s, out, err, sql, types, ap);
    va_end(ap);
    return status;
}

nas_status nas_sql_open_str(nas_store *s, sqlite3_stmt **out, sqlite3_str *str, nas_err *err) {
    *out = NULL;
    char *sql = sqlite3_str_finish(str);
    if (!sql) return nas_fail(err, NAS_ENOMEM, "%s: no memory for a statement", s->path);
    const nas_status status = nas_sql_open(s, out, err, sql, "");
    sqlite3_free(sql);
    return status;
}

nas_status nas_sql_put(nas_store *s, nas_err *err, const char *sql, const char *types, ...) {
    sqlite3_stmt *st = NULL;
    va_list ap;
    va_start(ap, types);
    nas_status status = open_list(s, &st, err, sql, types, ap);
    va_end(ap);
    if (status == NAS_OK) status = nas_sql_run(s, st, err);
    sqlite3_finalize(st);
    return status;
}

nas_status nas_sql_step(nas_store *s, sqlite3_stmt *st, bool *row, nas_err *err) {
    *row = false;
    const int rc = sqlite3_step(st);
    if (rc == SQLITE_ROW) {
        *row = true;
        return NAS_OK;
    }
    nas_status status = NAS_OK;
    if (rc != SQLITE_DONE) status = nas_sql_fail(s, rc, sqlite3_sql(st), err);
    sqlite3_reset(st);
    return status;
}

nas_status nas_sql_run(nas_store *s, sqlite3_stmt *st, nas_err *err) {
    bool row = true;
    nas_status status = NAS_OK;
    while (status == NAS_OK && row) status = nas_sql_step(s, st, &row, err);
    return status;
}

nas_status nas_sql_text(sqlite3_stmt *st, int i, nas_arena *a, const char **out, nas_err *err) {
    *out = NULL;
    const char *text = (const char *)sqlite3_column_text(st, i);
    if (!text) return NAS_OK;
    *out = nas_arena_text(a, text, err);
    return *out ? NAS_OK : NAS_ENOMEM;
}

/* The busy handler is not asked in every case: recovery after a crash is one, two that change the
 * journal mode at once another. */
nas_status nas_sql_exec_patiently(nas_store *s, const char *sql, nas_err *err) {
    const double start = nas_clock_wall();
    nas_guard_patience(s, true);
    for (;;) {
        const int rc = sqlite3_exec(s->db, sql, NULL, NULL, NULL);
        if (rc == SQLITE_OK) return NAS_OK;
        if (!is_busy(rc) || !waits_on(s, nas_clock_wall() - start))
            return nas_sql_fail(s, rc, sql, err);
        nap(1000 + (long)(s->pid % 17) * 50);
    }
}

/* SQLite would sync while it holds the file; done afterwards, writers sync side by side. Until then
 * others may see what a power cut takes away: then it is computed again. */
static nas_status sync_wal(nas_store *s, nas_err *err) {
    sqlite3_file *wal = NULL;
    if (sqlite3_file_control(s->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal) != SQLITE_OK ||
        !wal || !wal->pMethods)
        return NAS_OK; /* no WAL: COMMIT has synced */
    const int rc = wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
    return rc == SQLITE_OK ? NAS_OK
                           : nas_fail_errno(err, "%s-wal: what was written may be lost", s->path);
}

static void give_turn(nas_store *s) {
    if (s->has_turn) nas_turns_give(s->turns);
    s->has_turn = false;
}

nas_status nas_sql_begin(nas_store *s, nas_sync sync, nas_err *err) {
    if (s->pid != getpid())
        return nas_fail(err, NAS_EBUG, "%s: the store was opened before a fork", s->path);
    if (s->mode == NAS_STORE_READ)
        return nas_fail(err, NAS_EINVAL, "%s is open for reading only", s->path);
    s->sync = sync;
    s->has_turn = nas_turns_take(s->turns);
    const nas_status status = nas_sql_exec_patiently(s, "BEGIN IMMEDIATE", err);
    if (status != NAS_OK) give_turn(s);
    return status;
}

nas_status nas_sql_end(nas_store *s, nas_status status, nas_err *err) {
    if (status == NAS_OK) status = nas_sql_exec(s, "COMMIT", err);
    /* A full disk may have rolled back already. */
    if (status != NAS_OK && !sqlite3_get_autocommit(s->db))
        sqlite3_exec(s->db, "ROLLBACK", NULL, NULL, NULL);
    give_turn(s);
    if (status == NAS_OK && s->sync == NAS_SYNC_FULL) status = sync_wal(s, err);
    return status == NAS_OK ? nas_store_still(s, err) : status;
}

void nas_store_take_turns(nas_store *s, nas_turns *t) {
    if (s) s->turns = t;
}
