/* store/sqlite/catalog.c - SQLite's words, and what stands in the schema of a file. */
#include "store/sqlite/sqlite.h"

#include <stdlib.h>
#include <string.h>

static bool is_keyword(const char *word) {
    return sqlite3_keyword_check(word, (int)strlen(word)) != 0;
}

static void put_trigger(nas_draft *d, const nas_trigger *t) {
    nas_draft_add(d, "CREATE TRIGGER %s AFTER UPDATE OF %s ON %s WHEN %s BEGIN %s; END", t->name,
                  t->columns, t->table, t->when, t->body);
}

static void put_own_view(nas_draft *d, const char *name, const char *body) {
    nas_draft_add(d, "DROP VIEW IF EXISTS temp.\"%w\"; CREATE TEMP VIEW \"%w\" AS %s", name, name,
                  body);
}

static nas_status has_object(nas_store *s, const nas_object *o, bool *there, bool *same,
                             nas_err *err) {
    nas_stmt *st = NULL;
    *same = false;
    NAS_TRY(
        nas_sql_open(s, &st, err, "SELECT sql FROM sqlite_master WHERE name = ?1", "t", o->name));
    const nas_status status = nas_sql_step(s, st, there, err);
    const char *text = *there ? nas_stmt_text(st, 0) : NULL;
    *same = text && o->text && !strcmp(text, o->text);
    nas_stmt_end(st);
    return status;
}

static nas_status list_columns(nas_store *s, const char *of, nas_column_fn fn, void *ctx,
                               nas_err *err) {
    enum { NAME = 1, TYPE };
    nas_stmt *st = NULL;
    nas_draft *d = nas_draft_new();
    nas_draft_add(d, "PRAGMA table_info(\"%w\")", of);
    NAS_TRY(nas_sql_open_draft(s, &st, d, err, ""));
    nas_status status;
    bool row = false, more = true;
    while (more && (status = nas_sql_step(s, st, &row, err)) == NAS_OK && row) {
        const char *name = nas_stmt_text(st, NAME), *type = nas_stmt_text(st, TYPE);
        more = fn(ctx, name ? name : "", type ? type : "");
    }
    nas_stmt_end(st);
    return status;
}

static nas_status list_tables(nas_store *s, nas_name_fn fn, void *ctx, nas_err *err) {
    nas_stmt *st = NULL;
    nas_status status;
    bool row = false, more = true;
    NAS_TRY(nas_sql_open(s, &st, err,
                         "SELECT name FROM sqlite_master WHERE type IN ('table', 'view') "
                         "ORDER BY name",
                         ""));
    while (more && (status = nas_sql_step(s, st, &row, err)) == NAS_OK && row) {
        const char *name = nas_stmt_text(st, 0);
        more = fn(ctx, name ? name : "");
    }
    nas_stmt_end(st);
    return status;
}

static nas_status own_views(nas_store *s, bool open, nas_err *err) {
    return nas_sql_define(
        s, open ? "PRAGMA query_only=0; PRAGMA temp_store=MEMORY" : "PRAGMA query_only=1", err);
}

const nas_backend_words nas_sqlite_words = {
    .types = {"INTEGER", "REAL", "TEXT", "BLOB"},
    .key = "INTEGER PRIMARY KEY",
    .most_columns = 1500,
    .is_keyword = is_keyword,
    .put_trigger = put_trigger,
    .put_own_view = put_own_view,
};

const nas_backend_schema nas_sqlite_schema = {
    .has_object = has_object,
    .list_columns = list_columns,
    .list_tables = list_tables,
    .own_views = own_views,
};
