/* store/sqlite/statement.c - statements, transactions and errors of SQLite. */
#include "base/clock.h"
#include "store/sqlite/sqlite.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* How long a writer waits for the others: their transactions take milliseconds, but a machine may
 * be swapping, or a disk slow. */
static const double PATIENCE_SECONDS = 120.0;

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
int nas_sqlite_wait(void *store, int times) {
    nas_store *s = store;
    const double now = nas_clock_wall();
    if (times == 0) lite(s)->busy_since = now;
    if (!waits_on(s, now - lite(s)->busy_since)) return 0;
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
    sqlite3 *db = lite(s)->db;
    sqlite3_file *f = NULL;
    int e = 0;
    if (sqlite3_file_control(db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &f) == SQLITE_OK && f &&
        f->pMethods)
        (void)f->pMethods->xFileControl(f, SQLITE_FCNTL_LAST_ERRNO, &e);
    if (!e) (void)sqlite3_file_control(db, "main", SQLITE_FCNTL_LAST_ERRNO, &e);
    return e ? e : sqlite3_system_errno(db);
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
    case SQLITE_INTERRUPT: return lite(s)->endless ? NAS_EFORMAT : NAS_ESTOP;
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

nas_status nas_sqlite_fail(nas_store *s, int rc, const char *doing, nas_err *err) {
    if (rc == SQLITE_READONLY_DBMOVED)
        return nas_fail(err, NAS_EMOVED, "%s was removed by another process: start again", s->path);
    const nas_status status = status_of(s, rc);
    const char *said = sqlite3_errmsg(lite(s)->db);
    if (status == NAS_EFORMAT)
        return nas_sql_damaged(s, lite(s)->endless ? "reading it comes to no end" : said, err);
    const bool limit = status == NAS_EFULL && errno_of(s) == EFBIG;
    return nas_fail(err, status, "%s: %s: %s%s", s->path, doing, said,
                    limit ? "; raise the limit of a file's size (ulimit -f) and start again"
                          : remedy_of(status));
}

/* A statement, and how it was prepared: a schema that has changed prepares it again. */
typedef struct statement {
    nas_stmt head;
    sqlite3_stmt *st;
    nas_use use;
} statement;

static sqlite3_stmt *st_of(const nas_stmt *st) {
    return ((const statement *)st)->st;
}

static bool only_reads(nas_use use) {
    return use == NAS_USE_READ || use == NAS_USE_ASKED;
}

static nas_status refuse(nas_err *err) {
    return nas_fail(err, NAS_EINVAL,
                    "only a statement that reads is allowed here: SELECT, WITH, VALUES, EXPLAIN, "
                    "or a PRAGMA that tells (table_info, ...); no extensions");
}

static void note_missing(const char *text, nas_missing *m) {
    static const struct {
        const char *text;
        nas_missing_kind kind;
    } rows[] = {{"no such column: ", NAS_MISSING_COLUMN}, {"no such table: ", NAS_MISSING_TABLE}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const size_t n = strlen(rows[i].text);
        if (strncmp(text, rows[i].text, n) != 0) continue;
        m->kind = rows[i].kind;
        snprintf(m->name, sizeof m->name, "%.250s", text + n);
    }
}

/* Of a statement that only reads. */
static nas_status fail_asked(nas_store *s, int rc, nas_missing *missing, nas_err *err) {
    const char *text;
    switch (rc & 0xff) {
    case SQLITE_AUTH: return refuse(err);
    case SQLITE_ERROR:
    case SQLITE_SCHEMA: /* also of a wrong statement that is a connection's first */
    case SQLITE_MISMATCH:
    case SQLITE_RANGE:
    case SQLITE_TOOBIG:
        text = sqlite3_errmsg(lite(s)->db);
        if (missing) note_missing(text, missing);
        return nas_fail(err, NAS_EINVAL, "%s", text);
    default: return nas_sqlite_fail(s, rc, "asking", err);
    }
}

/* Is there anything but blanks and comments after the statement? */
static bool has_more(nas_store *s, const char *tail) {
    while (*tail) {
        sqlite3_stmt *st = NULL;
        const char *next = tail;
        const int rc = sqlite3_prepare_v2(lite(s)->db, tail, -1, &st, &next);
        const bool more = rc != SQLITE_OK || st;
        sqlite3_finalize(st);
        if (more) return true;
        if (next == tail) return false;
        tail = next;
    }
    return false;
}

static nas_status prepare_reading(nas_store *s, const char *sql, sqlite3_stmt **out,
                                  nas_missing *missing, nas_err *err) {
    const char *tail = NULL;
    const nas_door before = nas_guard_door(s, NAS_DOOR_QUERY);
    lite(s)->denied = false;
    const int rc = sqlite3_prepare_v2(lite(s)->db, sql, -1, out, &tail);
    const bool more = rc == SQLITE_OK && *out && has_more(s, tail);
    nas_guard_door(s, before);
    if (rc != SQLITE_OK) return lite(s)->denied ? refuse(err) : fail_asked(s, rc, missing, err);
    if (!*out) return nas_fail(err, NAS_EINVAL, "there is no statement");
    if (more) return nas_fail(err, NAS_EINVAL, "one statement at a time is allowed here");
    return sqlite3_stmt_readonly(*out) ? NAS_OK : refuse(err);
}

static nas_status prepare_any(nas_store *s, const char *sql, nas_use use, sqlite3_stmt **out,
                              nas_missing *missing, nas_err *err) {
    if (use != NAS_USE_KEPT) nas_guard_patience(s, use != NAS_USE_ASKED);
    if (only_reads(use)) return prepare_reading(s, sql, out, missing, err);
    const unsigned flags = use == NAS_USE_KEPT ? SQLITE_PREPARE_PERSISTENT : 0;
    const int rc = sqlite3_prepare_v3(lite(s)->db, sql, -1, flags, out, NULL);
    return rc == SQLITE_OK ? NAS_OK : nas_sqlite_fail(s, rc, sql, err);
}

static nas_status prepare(nas_store *s, const char *sql, nas_use use, nas_stmt **out,
                          nas_missing *missing, nas_err *err) {
    *out = NULL;
    statement *st = calloc(1, sizeof *st);
    if (!st) return nas_sql_no_memory(s, err);
    *st = (statement){.head = {s->backend}, .use = use};
    if (missing) *missing = (nas_missing){.kind = NAS_MISSING_NOTHING};
    const nas_status status = prepare_any(s, sql, use, &st->st, missing, err);
    if (status == NAS_OK) {
        *out = &st->head;
        return NAS_OK;
    }
    sqlite3_finalize(st->st);
    free(st);
    return status;
}

/* It may be prepared again, and tables that are functions prepare pragmas. */
static int step_reading(nas_store *s, sqlite3_stmt *st) {
    const nas_door before = nas_guard_door(s, NAS_DOOR_QUERY);
    const int rc = sqlite3_step(st);
    nas_guard_door(s, before);
    return rc;
}

static nas_status step(nas_store *s, nas_stmt *stmt, bool *row, nas_err *err) {
    const bool reads = only_reads(((statement *)stmt)->use);
    sqlite3_stmt *st = st_of(stmt);
    const int rc = reads ? step_reading(s, st) : sqlite3_step(st);
    *row = rc == SQLITE_ROW;
    if (*row) return NAS_OK;
    nas_status status = NAS_OK;
    if (rc != SQLITE_DONE)
        status =
            reads ? fail_asked(s, rc, NULL, err) : nas_sqlite_fail(s, rc, sqlite3_sql(st), err);
    sqlite3_reset(st);
    return status;
}

static int64_t changes(nas_store *s) {
    return sqlite3_changes(lite(s)->db);
}

static int32_t values(const nas_stmt *st) {
    return sqlite3_bind_parameter_count(st_of(st));
}

static int bind_any(sqlite3_stmt *st, int at, const nas_value *v) {
    if (v->is_null) return sqlite3_bind_null(st, at);
    switch (v->type) {
    case NAS_COLUMN_INTEGER: return sqlite3_bind_int64(st, at, v->integer);
    case NAS_COLUMN_REAL: return sqlite3_bind_double(st, at, v->real);
    case NAS_COLUMN_TEXT: return sqlite3_bind_text(st, at, v->text, -1, SQLITE_TRANSIENT);
    case NAS_COLUMN_BLOB: break;
    }
    return SQLITE_MISUSE;
}

static nas_status bind(nas_store *s, nas_stmt *st, int at, const nas_value *v, nas_err *err) {
    const int rc = bind_any(st_of(st), at, v);
    return rc == SQLITE_OK ? NAS_OK : nas_sqlite_fail(s, rc, "binding a value", err);
}

static nas_status bind_bytes(nas_store *s, nas_stmt *st, int at, const void *p, size_t n,
                             nas_err *err) {
    const int rc = !p  ? sqlite3_bind_null(st_of(st), at)
                   : n ? sqlite3_bind_blob64(st_of(st), at, p, n, SQLITE_STATIC)
                       : sqlite3_bind_zeroblob(st_of(st), at, 0);
    return rc == SQLITE_OK ? NAS_OK : nas_sqlite_fail(s, rc, "binding bytes", err);
}

static void reset(nas_stmt *st) {
    sqlite3_reset(st_of(st));
}

static void finalize(nas_stmt *st) {
    sqlite3_finalize(st_of(st));
    free(st);
}

static int32_t columns(const nas_stmt *st) {
    return sqlite3_column_count(st_of(st));
}

static const char *column_name(const nas_stmt *st, int i) {
    return sqlite3_column_name(st_of(st), i);
}

static int64_t integer(const nas_stmt *st, int i) {
    return sqlite3_column_int64(st_of(st), i);
}

static double real(const nas_stmt *st, int i) {
    const bool null = sqlite3_column_type(st_of(st), i) == SQLITE_NULL;
    return null ? (double)NAN : sqlite3_column_double(st_of(st), i);
}

static const char *text(const nas_stmt *st, int i) {
    return (const char *)sqlite3_column_text(st_of(st), i);
}

static const void *bytes(const nas_stmt *st, int i, size_t *n) {
    const void *p = sqlite3_column_blob(st_of(st), i);
    *n = (size_t)sqlite3_column_bytes(st_of(st), i);
    return p;
}

static nas_value value(const nas_stmt *stmt, int i) {
    nas_value v = {.type = NAS_COLUMN_TEXT};
    sqlite3_stmt *st = st_of(stmt);
    switch (sqlite3_column_type(st, i)) {
    case SQLITE_INTEGER:
        v.type = NAS_COLUMN_INTEGER;
        v.integer = sqlite3_column_int64(st, i);
        v.real = (double)v.integer;
        break;
    case SQLITE_FLOAT:
        v.type = NAS_COLUMN_REAL;
        v.real = sqlite3_column_double(st, i);
        break;
    case SQLITE_TEXT: v.text = text(stmt, i); break;
    case SQLITE_BLOB:
        v.type = NAS_COLUMN_BLOB;
        v.integer = sqlite3_column_bytes(st, i);
        break;
    default: v.is_null = true;
    }
    return v;
}

static nas_status run(nas_store *s, const char *sql, bool defines, nas_err *err) {
    const nas_door before = nas_guard_door(s, defines ? NAS_DOOR_DEFINE : lite(s)->door);
    nas_guard_patience(s, true);
    const int rc = sqlite3_exec(lite(s)->db, sql, NULL, NULL, NULL);
    nas_guard_door(s, before);
    return rc == SQLITE_OK ? NAS_OK : nas_sqlite_fail(s, rc, sql, err);
}

/* The busy handler is not asked in every case: recovery after a crash is one, two that change the
 * journal mode at once another. */
nas_status nas_sqlite_run_patiently(nas_store *s, const char *sql, nas_err *err) {
    const double start = nas_clock_wall();
    nas_guard_patience(s, true);
    for (;;) {
        const int rc = sqlite3_exec(lite(s)->db, sql, NULL, NULL, NULL);
        if (rc == SQLITE_OK) return NAS_OK;
        if (!is_busy(rc) || !waits_on(s, nas_clock_wall() - start))
            return nas_sqlite_fail(s, rc, sql, err);
        nap(1000 + (long)(s->pid % 17) * 50);
    }
}

/* SQLite would sync while it holds the file; done afterwards, writers sync side by side. Until then
 * others may see what a power cut takes away: then it is computed again. */
static nas_status sync_wal(nas_store *s, nas_err *err) {
    sqlite3_file *wal = NULL;
    if (sqlite3_file_control(lite(s)->db, "main", SQLITE_FCNTL_JOURNAL_POINTER, &wal) !=
            SQLITE_OK ||
        !wal || !wal->pMethods)
        return NAS_OK; /* no WAL: COMMIT has synced */
    const int rc = wal->pMethods->xSync(wal, SQLITE_SYNC_NORMAL | SQLITE_SYNC_DATAONLY);
    return rc == SQLITE_OK ? NAS_OK
                           : nas_fail_errno(err, "%s-wal: what was written may be lost", s->path);
}

static void give_turn(nas_store *s) {
    if (lite(s)->has_turn) nas_turns_give(lite(s)->turns);
    lite(s)->has_turn = false;
}

static nas_status begin(nas_store *s, nas_err *err) {
    lite(s)->has_turn = nas_turns_take(lite(s)->turns);
    const nas_status status = nas_sqlite_run_patiently(s, "BEGIN IMMEDIATE", err);
    if (status != NAS_OK) give_turn(s);
    return status;
}

static bool in_transaction(nas_store *s) {
    return !sqlite3_get_autocommit(lite(s)->db);
}

static nas_status end(nas_store *s, nas_status status, bool durable, nas_err *err) {
    if (status == NAS_OK) status = run(s, "COMMIT", false, err);
    /* A full disk may have rolled back already. */
    if (status != NAS_OK && in_transaction(s))
        sqlite3_exec(lite(s)->db, "ROLLBACK", NULL, NULL, NULL);
    give_turn(s);
    return status == NAS_OK && durable ? sync_wal(s, err) : status;
}

static nas_status begin_read(nas_store *s, nas_err *err) {
    return run(s, "BEGIN", false, err);
}

static void end_read(nas_store *s) {
    sqlite3_exec(lite(s)->db, "COMMIT", NULL, NULL, NULL);
}

nas_status nas_sqlite_pragma(nas_store *s, const char *name, int64_t *out, nas_err *err) {
    char sql[64];
    nas_stmt *st = NULL;
    bool row = false;
    snprintf(sql, sizeof sql, "PRAGMA %s", name);
    NAS_TRY(nas_sql_open(s, &st, err, sql, ""));
    const nas_status status = nas_sql_step(s, st, &row, err);
    *out = row ? nas_stmt_integer(st, 0) : 0;
    nas_stmt_end(st);
    return status;
}

const nas_backend_sql nas_sqlite_sql = {
    .begin = begin,
    .end = end,
    .in_transaction = in_transaction,
    .begin_read = begin_read,
    .end_read = end_read,
    .run = run,
    .prepare = prepare,
    .finalize = finalize,
    .step = step,
    .reset = reset,
    .changes = changes,
    .values = values,
    .bind = bind,
    .bind_bytes = bind_bytes,
    .columns = columns,
    .column_name = column_name,
    .value = value,
    .integer = integer,
    .real = real,
    .text = text,
    .bytes = bytes,
};
