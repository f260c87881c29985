/* store/read/query.c - any statement that only reads, for people and for what shows results. */
#include "store/read/hint.h"
#include "store/schema/schema.h"

#include <stdlib.h>
#include <string.h>

/* What helps with a name that the database has not, in arena a; NULL: nothing does. */
static const char *help_for(nas_store *s, nas_arena *a, const char *sql, const nas_missing *m) {
    const char *names = NULL;
    if (m->kind == NAS_MISSING_COLUMN) {
        const char *quoted = nas_arena_format(a, NULL, "\"%s\"", m->name);
        const char *hint = nas_sql_hint(s, a, sql, m->name);
        if (!quoted || !strstr(sql, quoted)) return hint;
        return nas_arena_format(a, NULL, "a text stands in single quotes ('%s')%s%s", m->name,
                                hint ? "; " : "", hint ? hint : "");
    }
    if (m->kind != NAS_MISSING_TABLE || nas_study_names(s, a, &names, NULL) != NAS_OK) return NULL;
    return nas_arena_format(
        a, NULL,
        "studies: %s; each has views with _feasible, _pareto, _best, _rejected, "
        "_warnings after its name; and: trials, studies",
        names);
}

/* *err says more, where something helps. */
static nas_status add_help(nas_store *s, const char *sql, const nas_missing *m, nas_err *err) {
    nas_arena *a = NULL;
    if (!err || nas_arena_open(&a, NULL) != NAS_OK) return NAS_EINVAL;
    const char *text = nas_arena_text(a, err->text, NULL), *help = help_for(s, a, sql, m);
    if (text && help) (void)nas_fail(err, NAS_EINVAL, "%s; %s", text, help);
    nas_arena_close(a);
    return NAS_EINVAL;
}

static nas_status prepare(nas_store *s, bool bounded, const char *sql, nas_stmt **out,
                          nas_err *err) {
    nas_missing missing;
    const nas_status status = s->backend->sql->prepare(
        s, sql, bounded ? NAS_USE_READ : NAS_USE_ASKED, out, &missing, err);
    return status == NAS_EINVAL ? add_help(s, sql, &missing, err) : status;
}

static nas_status bind_args(nas_store *s, nas_stmt *st, const nas_value *args, int32_t n,
                            nas_err *err) {
    const int32_t takes = s->backend->sql->values(st);
    if (n > takes)
        return nas_fail(err, NAS_EINVAL, "%d values for a statement that takes %d", n, takes);
    for (int32_t i = 0; i < n; i++) NAS_TRY(nas_sql_bind_value(s, st, i + 1, &args[i], err));
    return NAS_OK;
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

static nas_status keep_row(rows *r, nas_stmt *st, nas_err *err) {
    const size_t n = (size_t)r->row.n;
    kept *k = nas_arena_alloc(r->arena, sizeof *k + n * sizeof *k->values, err);
    if (!k) return NAS_ENOMEM;
    r->bytes += sizeof *k + n * sizeof *k->values;
    for (int i = 0; i < r->row.n; i++) {
        nas_value v = nas_stmt_value(st, i);
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

static nas_status hand_row(rows *r, nas_stmt *st, nas_value *values, bool *more, nas_err *err) {
    enum { BYTES_MOST = 64 << 20 };
    if (r->end) NAS_TRY(keep_row(r, st, err));
    if (r->end && r->bytes > BYTES_MOST) {
        hand_kept(r, more);
    } else if (!r->end) {
        for (int i = 0; i < r->row.n; i++) values[i] = nas_stmt_value(st, i);
        r->row.values = values;
        *more = r->fn(r->ctx, &r->row);
    }
    return NAS_OK;
}

/* From the row that is there on. What was kept is handed out whatever comes after it. */
static nas_status hand_rows(nas_store *s, nas_stmt *st, rows *r, nas_value *values, nas_err *err) {
    nas_status status = NAS_OK;
    bool row = true, more = true;
    while (row && more && status == NAS_OK) {
        if (r->fn) status = hand_row(r, st, values, &more, err);
        if (more && status == NAS_OK) status = nas_sql_step(s, st, &row, err);
    }
    nas_stmt_reset(st);
    if (r->first) hand_kept(r, &more);
    return status;
}

static nas_status hand_out(nas_store *s, nas_stmt *st, nas_arena *a, nas_row_fn head, nas_row_fn fn,
                           void *ctx, nas_err *err) {
    /* The first step may prepare the statement again for a schema that has changed meanwhile. */
    bool row = false;
    const nas_status first = nas_sql_step(s, st, &row, err);
    const int32_t n = s->backend->sql->columns(st);
    const char **names = nas_arena_array(a, (size_t)n, sizeof *names, err);
    nas_value *values = nas_arena_array(a, (size_t)n, sizeof *values, err);
    NAS_TRY(first);
    if (!names || !values) return NAS_ENOMEM;
    for (int32_t i = 0; i < n; i++) names[i] = s->backend->sql->column_name(st, i);
    rows r = {.arena = a, .row = {.n = n, .names = names}, .fn = fn, .ctx = ctx};
    if (s->mode == NAS_STORE_READ) r.end = &r.first;
    if (head && !head(ctx, &r.row)) return NAS_OK;
    return row ? hand_rows(s, st, &r, values, err) : NAS_OK;
}

static nas_status query(nas_store *s, bool bounded, const char *sql, const nas_value *args,
                        int32_t n_args, nas_row_fn head, nas_row_fn fn, void *ctx, nas_err *err) {
    nas_arena *a = NULL;
    NAS_TRY(nas_arena_open(&a, err));
    nas_stmt *st = NULL;
    nas_status status = prepare(s, bounded, sql, &st, err);
    if (status == NAS_OK) status = bind_args(s, st, args, n_args, err);
    if (status == NAS_OK) status = hand_out(s, st, a, head, fn, ctx, err);
    nas_stmt_end(st);
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
