/* store/query.c - any statement that only reads, for people and for what shows results. */
#include "store/store_int.h"

#include <stdlib.h>
#include <string.h>

static nas_status refuse(nas_err *err) {
    return nas_fail(err, NAS_EINVAL,
                    "only a statement that reads is allowed here: SELECT, WITH, VALUES, EXPLAIN, "
                    "or a PRAGMA that tells (table_info, ...); no extensions");
}

/* What helps with an error of SQLite's, in arena a; NULL: nothing does. */
static const char *help_for(nas_store *s, nas_arena *a, const char *sql, const char *text) {
    static const char column[] = "no such column: ", table[] = "no such table: ";
    const char *names = NULL;
    if (sql && strncmp(text, column, sizeof column - 1) == 0) {
        const char *missing = text + sizeof column - 1;
        const char *quoted = nas_arena_format(a, NULL, "\"%s\"", missing);
        const char *hint = nas_sql_hint(s, a, sql, missing);
        if (!quoted || !strstr(sql, quoted)) return hint;
        return nas_arena_format(a, NULL, "a text stands in single quotes ('%s')%s%s", missing,
                                hint ? "; " : "", hint ? hint : "");
    }
    if (strncmp(text, table, sizeof table - 1) != 0 ||
        nas_study_names(s, a, &names, NULL) != NAS_OK)
        return NULL;
    return nas_arena_format(
        a, NULL,
        "studies: %s; each has views with _feasible, _pareto, _best, _rejected, "
        "_warnings after its name; and: trials, studies",
        names);
}

static nas_status bad_sql(nas_store *s, const char *sql, nas_err *err) {
    nas_arena *a = NULL;
    NAS_TRY(nas_arena_open(&a, err));
    /* Copied: asking for names overwrites it. */
    const char *text = nas_arena_text(a, sqlite3_errmsg(s->db), NULL);
    const char *help = text ? help_for(s, a, sql, text) : NULL;
    const nas_status status = nas_fail(err, NAS_EINVAL, "%s%s%s", text ? text : "out of memory",
                                       help ? "; " : "", help ? help : "");
    nas_arena_close(a);
    return status;
}

static nas_status status_of_sql(nas_store *s, const char *sql, int rc, nas_err *err) {
    switch (rc & 0xff) {
    case SQLITE_AUTH: return refuse(err);
    case SQLITE_ERROR:
    case SQLITE_SCHEMA: /* also of a wrong statement that is a connection's first */
    case SQLITE_MISMATCH:
    case SQLITE_RANGE:
    case SQLITE_TOOBIG: return bad_sql(s, sql, err);
    default: return nas_sql_fail(s, rc, "asking", err);
    }
}

/* Is there anything but blanks and comments after the statement? */
static bool has_more(nas_store *s, const char *tail) {
    while (*tail) {
        sqlite3_stmt *st = NULL;
        const char *next = tail;
        const int rc = sqlite3_prepare_v2(s->db, tail, -1, &st, &next);
        const bool more = rc != SQLITE_OK || st;
        sqlite3_finalize(st);
        if (more) return true;
        if (next == tail) return false;
        tail = next;
    }
    return false;
}

static nas_status prepare(nas_store *s, const char *sql, sqlite3_stmt **out, nas_err *err) {
    const char *tail = NULL;
    const nas_door before = nas_guard_door(s, NAS_DOOR_QUERY);
    s->denied = false;
    const int rc = sqlite3_prepare_v2(s->db, sql, -1, out, &tail);
    const bool more = rc == SQLITE_OK && *out && has_more(s, tail);
    nas_guard_door(s, before);
    if (rc != SQLITE_OK) return s->denied ? refuse(err) : status_of_sql(s, sql, rc, err);
    if (!*out) return nas_fail(err, NAS_EINVAL, "there is no statement");
    if (more) return nas_fail(err, NAS_EINVAL, "one statement at a time is allowed here");
    return sqlite3_stmt_readonly(*out) ? NAS_OK : refuse(err);
}

static nas_status bind_args(nas_store *s, sqlite3_stmt *st, const nas_value *args, int32_t n,
                            nas_err *err) {
    if (n > sqlite3_bind_parameter_count(st))
        return nas_fail(err, NAS_EINVAL, "%d values for a statement that takes %d", n,
                        sqlite3_bind_parameter_count(st));
    for (int32_t i = 0; i < n; i++) {
        const int rc = nas_sql_bind_value(st, i + 1, &args[i]);
        if (rc != SQLITE_OK) return nas_sql_fail(s, rc, "binding a value", err);
    }
    return NAS_OK;
}

nas_value nas_sql_value(sqlite3_stmt *st, int i) {
    nas_value v = {.type = NAS_COLUMN_TEXT};
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
    case SQLITE_TEXT: v.text = (const char *)sqlite3_column_text(st, i); break;
    case SQLITE_BLOB:
        v.type = NAS_COLUMN_BLOB;
        v.integer = sqlite3_column_bytes(st, i);
        break;
    default: v.is_null = true;
    }
    return v;
}

/* It may be prepared again, and tables that are functions prepare pragmas. */
static int step(nas_store *s, sqlite3_stmt *st) {
    const nas_door before = nas_guard_door(s, NAS_DOOR_QUERY);
    const int rc = sqlite3_step(st);
    nas_guard_door(s, before);
    return rc;
}

/* Rows that are read before the first is handed out: whoever takes them may take minutes, like a
 * pager, and as long as a statement has more to read, the -wal file of those who write grows. */
typedef struct kept {
    struct kept *next;
    nas_value values[];
} kept;

typedef struct rows {
    nas_arena *arena;
    nas_row row;
    nas_row_fn fn;
    void *ctx;
    kept *first, **end; /* end NULL: rows are handed out as they come */
    size_t bytes;
} rows;

/* *more: fn wants others. */
static void hand_kept(rows *r, bool *more) {
    for (const kept *k = r->first; k && *more; k = k->next) {
        r->row.values = k->values;
        *more = r->fn(r->ctx, &r->row);
    }
    r->first = NULL;
    r->end = NULL;
}

static nas_status keep_row(rows *r, sqlite3_stmt *st, nas_err *err) {
    const size_t n = (size_t)r->row.n;
    kept *k = nas_arena_alloc(r->arena, sizeof *k + n * sizeof *k->values, err);
    if (!k) return NAS_ENOMEM;
    r->bytes += sizeof *k + n * sizeof *k->values;
    for (int i = 0; i < r->row.n; i++) {
        nas_value v = nas_sql_value(st, i);
        if (v.type == NAS_COLUMN_TEXT && !v.is_null && v.text) {
            r->bytes += strlen(v.text);
            if (!(v.text = nas_arena_text(r->arena, v.text, err))) return NAS_ENOMEM;
        }
        k->values[i] = v;
    }
    *r->end = k;
    r->end = &k->next;
    return NAS_OK;
}

static nas_status hand_row(rows *r, sqlite3_stmt *st, nas_value *values, bool *more, nas_err *err) {
    enum { BYTES_MOST = 64 << 20 };
    if (r->end) NAS_TRY(keep_row(r, st, err));
    if (r->end && r->bytes > BYTES_MOST) {
        hand_kept(r, more);
    } else if (!r->end) {
        for (int i = 0; i < r->row.n; i++) values[i] = nas_sql_value(st, i);
        r->row.values = values;
        *more = r->fn(r->ctx, &r->row);
    }
    return NAS_OK;
}

static nas_status hand_out(nas_store *s, sqlite3_stmt *st, nas_arena *a, nas_row_fn head,
                           nas_row_fn fn, void *ctx, nas_err *err) {
    /* The first step may prepare the statement again for a schema that has changed meanwhile. */
    int rc = step(s, st);
    const int n = sqlite3_column_count(st);
    const char **names = nas_arena_array(a, (size_t)n, sizeof *names, err);
    nas_value *values = nas_arena_array(a, (size_t)n, sizeof *values, err);
    if (!names || !values) return NAS_ENOMEM;
    for (int i = 0; i < n; i++) names[i] = sqlite3_column_name(st, i);
    rows r = {.arena = a, .row = {.n = n, .names = names}, .fn = fn, .ctx = ctx};
    if (s->mode == NAS_STORE_READ) r.end = &r.first;
    if ((rc == SQLITE_ROW || rc == SQLITE_DONE) && head && !head(ctx, &r.row)) return NAS_OK;
    bool more = true;
    for (; rc == SQLITE_ROW && more; rc = more ? step(s, st) : rc)
        if (fn) NAS_TRY(hand_row(&r, st, values, &more, err));
    nas_status status = NAS_OK;
    if (more && rc != SQLITE_DONE) status = status_of_sql(s, NULL, rc, err);
    sqlite3_reset(st);
    if (r.first) hand_kept(&r, &more);
    return status;
}

static nas_status query(nas_store *s, bool bounded, const char *sql, const nas_value *args,
                        int32_t n_args, nas_row_fn head, nas_row_fn fn, void *ctx, nas_err *err) {
    nas_arena *a = NULL;
    NAS_TRY(nas_arena_open(&a, err));
    sqlite3_stmt *st = NULL;
    nas_guard_patience(s, bounded);
    nas_status status = prepare(s, sql, &st, err);
    if (status == NAS_OK) status = bind_args(s, st, args, n_args, err);
    if (status == NAS_OK) status = hand_out(s, st, a, head, fn, ctx, err);
    sqlite3_finalize(st);
    nas_arena_close(a);
    return status;
}

nas_status nas_store_query(nas_store *s, const char *sql, const nas_value *args, int32_t n_args,
                           nas_row_fn fn, void *ctx, nas_err *err) {
    return query(s, true, sql, args, n_args, NULL, fn, ctx, err);
}

static bool take_integer(void *ctx, const nas_row *row) {
    *(int64_t *)ctx = row->values[0].integer;
    return false;
}

nas_status nas_store_query_integer(nas_store *s, const char *sql, const nas_value *args,
                                   int32_t n_args, int64_t *out, nas_err *err) {
    return nas_store_query(s, sql, args, n_args, take_integer, out, err);
}

/* What people ask may take as long as it takes. */
nas_status nas_store_query_head(nas_store *s, const char *sql, const nas_value *args,
                                int32_t n_args, nas_row_fn head, nas_row_fn fn, void *ctx,
                                nas_err *err) {
    return query(s, false, sql, args, n_args, head, fn, ctx, err);
}
