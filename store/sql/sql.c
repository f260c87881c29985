/* store/sql/sql.c - statements and transactions, handed to the store's backend. */
#include "store/sql/sql.h"

#include "store/sql/handle.h"

#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

nas_status nas_sql_damaged(const nas_store *s, const char *what, nas_err *err) {
    return nas_fail(err, NAS_EFORMAT, "%s: damaged: %s; restore a copy, or use another file",
                    s->path, what);
}

nas_status nas_sql_no_memory(const nas_store *s, nas_err *err) {
    return nas_fail(err, NAS_ENOMEM, "%s: no memory for a statement", s->path);
}

nas_status nas_sql_begin(nas_store *s, nas_sync sync, nas_err *err) {
    if (s->pid != getpid())
        return nas_fail(err, NAS_EBUG, "%s: the store was opened before a fork", s->path);
    if (s->mode == NAS_STORE_READ)
        return nas_fail(err, NAS_EINVAL, "%s is open for reading only", s->path);
    s->sync = sync;
    return s->backend->sql->begin(s, err);
}

nas_status nas_sql_end(nas_store *s, nas_status status, nas_err *err) {
    NAS_TRY(s->backend->sql->end(s, status, s->sync == NAS_SYNC_FULL, err));
    return nas_store_still(s, err);
}

nas_status nas_sql_exec(nas_store *s, const char *sql, nas_err *err) {
    return s->backend->sql->run(s, sql, false, err);
}

nas_status nas_sql_define(nas_store *s, const char *sql, nas_err *err) {
    return s->backend->sql->run(s, sql, true, err);
}

static nas_status run_draft(nas_store *s, nas_draft *d, bool defines, nas_err *err) {
    char *sql = nas_draft_take(d);
    const nas_status status =
        sql ? s->backend->sql->run(s, sql, defines, err) : nas_sql_no_memory(s, err);
    free(sql);
    return status;
}

nas_status nas_sql_exec_draft(nas_store *s, nas_draft *d, nas_err *err) {
    return run_draft(s, d, false, err);
}

nas_status nas_sql_define_draft(nas_store *s, nas_draft *d, nas_err *err) {
    return run_draft(s, d, true, err);
}

nas_status nas_sql_bind_value(nas_store *s, nas_stmt *st, int at, const nas_value *v,
                              nas_err *err) {
    return s->backend->sql->bind(s, st, at, v, err);
}

nas_status nas_sql_bind_null(nas_store *s, nas_stmt *st, int at, nas_err *err) {
    return s->backend->sql->bind(s, st, at, &(nas_value){.is_null = true}, err);
}

nas_status nas_sql_bind_bytes(nas_store *s, nas_stmt *st, int at, const void *p, size_t n,
                              nas_err *err) {
    return s->backend->sql->bind_bytes(s, st, at, p, n, err);
}

static nas_status bind_list(nas_store *s, nas_stmt *st, nas_err *err, const char *types,
                            va_list ap) {
    for (int i = 1; types[i - 1]; i++) {
        nas_value v = {.type = NAS_COLUMN_TEXT};
        char hex[65];
        switch (types[i - 1]) {
        case 'i':
            v.type = NAS_COLUMN_INTEGER;
            v.integer = va_arg(ap, int64_t);
            break;
        case 'r':
            v.type = NAS_COLUMN_REAL;
            v.real = va_arg(ap, double);
            v.is_null = isnan(v.real) != 0;
            break;
        case 't':
            v.text = va_arg(ap, const char *);
            v.is_null = !v.text;
            break;
        default: nas_hash_hex(va_arg(ap, const nas_hash *), hex); v.text = hex;
        }
        NAS_TRY(s->backend->sql->bind(s, st, i, &v, err));
    }
    return NAS_OK;
}

nas_status nas_sql_bind(nas_store *s, nas_stmt *st, nas_err *err, const char *types, ...) {
    va_list ap;
    va_start(ap, types);
    const nas_status status = bind_list(s, st, err, types, ap);
    va_end(ap);
    return status;
}

static nas_status open_list(nas_store *s, nas_stmt **out, nas_err *err, const char *sql,
                            const char *types, va_list ap) {
    *out = NULL;
    NAS_TRY(s->backend->sql->prepare(s, sql, NAS_USE_ONCE, out, NULL, err));
    const nas_status status = bind_list(s, *out, err, types, ap);
    if (status == NAS_OK) return NAS_OK;
    nas_stmt_end(*out);
    *out = NULL;
    return status;
}

static nas_status put_list(nas_store *s, nas_err *err, const char *sql, const char *types,
                           va_list ap) {
    nas_stmt *st = NULL;
    nas_status status = open_list(s, &st, err, sql, types, ap);
    if (status == NAS_OK) status = nas_sql_run(s, st, err);
    nas_stmt_end(st);
    return status;
}

nas_status nas_sql_open(nas_store *s, nas_stmt **out, nas_err *err, const char *sql,
                        const char *types, ...) {
    va_list ap;
    va_start(ap, types);
    const nas_status status = open_list(s, out, err, sql, types, ap);
    va_end(ap);
    return status;
}

nas_status nas_sql_open_draft(nas_store *s, nas_stmt **out, nas_draft *d, nas_err *err,
                              const char *types, ...) {
    char *sql = nas_draft_take(d);
    va_list ap;
    *out = NULL;
    if (!sql) return nas_sql_no_memory(s, err);
    va_start(ap, types);
    const nas_status status = open_list(s, out, err, sql, types, ap);
    va_end(ap);
    free(sql);
    return status;
}

nas_status nas_sql_put(nas_store *s, nas_err *err, const char *sql, const char *types, ...) {
    va_list ap;
    va_start(ap, types);
    const nas_status status = put_list(s, err, sql, types, ap);
    va_end(ap);
    return status;
}

nas_status nas_sql_put_draft(nas_store *s, nas_draft *d, nas_err *err, const char *types, ...) {
    char *sql = nas_draft_take(d);
    va_list ap;
    if (!sql) return nas_sql_no_memory(s, err);
    va_start(ap, types);
    const nas_status status = put_list(s, err, sql, types, ap);
    va_end(ap);
    free(sql);
    return status;
}

nas_status nas_sql_integer(nas_store *s, nas_draft *d, int64_t *out, nas_err *err,
                           const char *types, ...) {
    char *sql = nas_draft_take(d);
    nas_stmt *st = NULL;
    bool row = false;
    va_list ap;
    if (!sql) return nas_sql_no_memory(s, err);
    va_start(ap, types);
    nas_status status = open_list(s, &st, err, sql, types, ap);
    va_end(ap);
    free(sql);
    if (status == NAS_OK) status = nas_sql_step(s, st, &row, err);
    if (row) *out = nas_stmt_integer(st, 0);
    nas_stmt_end(st);
    return status;
}

nas_status nas_sql_keep(nas_store *s, const char *sql, nas_stmt **out, nas_err *err) {
    return s->backend->sql->prepare(s, sql, NAS_USE_KEPT, out, NULL, err);
}

void nas_stmt_end(nas_stmt *st) {
    if (st) st->backend->sql->finalize(st);
}

nas_status nas_sql_step(nas_store *s, nas_stmt *st, bool *row, nas_err *err) {
    return s->backend->sql->step(s, st, row, err);
}

nas_status nas_sql_run(nas_store *s, nas_stmt *st, nas_err *err) {
    bool row = true;
    nas_status status = NAS_OK;
    while (status == NAS_OK && row) status = nas_sql_step(s, st, &row, err);
    return status;
}

nas_status nas_sql_run_returning(nas_store *s, nas_stmt *st, int64_t *id, nas_err *err) {
    bool row = false;
    NAS_TRY(nas_sql_step(s, st, &row, err));
    if (!row) return nas_fail(err, NAS_EBUG, "%s: a statement that returns nothing", s->path);
    *id = nas_stmt_integer(st, 0);
    return nas_sql_run(s, st, err);
}

int64_t nas_sql_changes(nas_store *s) {
    return s->backend->sql->changes(s);
}

nas_value nas_stmt_value(const nas_stmt *st, int i) {
    return st->backend->sql->value(st, i);
}

bool nas_stmt_is_null(const nas_stmt *st, int i) {
    return st->backend->sql->value(st, i).is_null;
}

int64_t nas_stmt_integer(const nas_stmt *st, int i) {
    return st->backend->sql->integer(st, i);
}

double nas_stmt_real(const nas_stmt *st, int i) {
    return st->backend->sql->real(st, i);
}

const char *nas_stmt_text(const nas_stmt *st, int i) {
    return st->backend->sql->text(st, i);
}

const void *nas_stmt_bytes(const nas_stmt *st, int i, size_t *n) {
    return st->backend->sql->bytes(st, i, n);
}

void nas_stmt_reset(nas_stmt *st) {
    st->backend->sql->reset(st);
}

nas_status nas_sql_text(nas_stmt *st, int i, nas_arena *a, const char **out, nas_err *err) {
    *out = NULL;
    const char *text = nas_stmt_text(st, i);
    if (!text) return NAS_OK;
    *out = nas_arena_text(a, text, err);
    return *out ? NAS_OK : NAS_ENOMEM;
}
