/* store/layout.c - the wide table of a study's trials: one column for each parameter and metric.
 *
 * A column keeps its place and type for good. Where a later version of the space has another type
 * under the same name, that version's values go to "<name>__<type>", and the views show both under
 * the one name. */
#include "store/store_int.h"

#include <string.h>
#include <strings.h>

/* Room that SQLite has for columns in one table, with some left for later versions. */
enum { MOST_COLUMNS = 1500 };

static const char *const fixed[] = {
    "id",      "version",        "number",       "state",   "reason",
    "attempt", "candidate",      "seconds",      "worker",  "machine",
    "json",    "heartbeat",      "cpu_seconds",  "started", "finished",
    "reused",  "epochs_trained", "epochs_saved", NULL,
};

bool nas_layout_is_fixed(const char *column) {
    for (int i = 0; fixed[i]; i++)
        if (!strcasecmp(column, fixed[i])) return true;
    return false;
}

static const char *type_name(nas_column_type type) {
    switch (type) {
    case NAS_COLUMN_INTEGER: return "INTEGER";
    case NAS_COLUMN_REAL: return "REAL";
    case NAS_COLUMN_TEXT:
    case NAS_COLUMN_BLOB: break;
    }
    return "TEXT";
}

static const nas_column *column_at(const nas_study *def, int32_t i) {
    return i < def->n_params ? &def->params[i] : &def->metrics[i - def->n_params];
}

static nas_status check_columns(const nas_study *def, nas_err *err) {
    const int32_t n = def->n_params + def->n_metrics;
    if (n > MOST_COLUMNS)
        return nas_fail(err, NAS_EINVAL,
                        "study %s: %d parameters and metrics, at most %d can be stored", def->name,
                        n, MOST_COLUMNS);
    for (int32_t i = 0; i < n; i++) {
        const char *name = column_at(def, i)->name;
        if (!nas_name_is_plain(name))
            return nas_fail(err, NAS_EINVAL,
                            "study %s: column \"%s\": letters, digits and underscores expected",
                            def->name, name);
        if (nas_layout_is_fixed(name))
            return nas_fail(err, NAS_EINVAL,
                            "study %s: column \"%s\" has the name of one that every study has",
                            def->name, name);
        for (int32_t j = 0; j < i; j++)
            if (!strcasecmp(name, column_at(def, j)->name))
                return nas_fail(err, NAS_EINVAL, "study %s: two columns are named \"%s\"",
                                def->name, name);
    }
    return NAS_OK;
}

static nas_status make_table(nas_store *s, const nas_study *def, int64_t study, nas_err *err) {
    sqlite3_str *q = sqlite3_str_new(s->db);
    sqlite3_str_appendf(q,
                        "CREATE TABLE nas_trials_%lld(id INTEGER PRIMARY KEY,"
                        " version INTEGER NOT NULL, number INTEGER NOT NULL, state TEXT NOT NULL,"
                        " reason TEXT, attempt INTEGER NOT NULL, candidate TEXT NOT NULL",
                        study);
    for (int32_t i = 0; i < def->n_params + def->n_metrics; i++)
        sqlite3_str_appendf(q, ", \"%w\" %s", column_at(def, i)->name,
                            type_name(column_at(def, i)->type));
    /* json is last: it is long, and what stands before it is read without it. */
    sqlite3_str_appendf(q,
                        ", seconds REAL, cpu_seconds REAL, worker TEXT, machine TEXT,"
                        " heartbeat REAL, started REAL, finished REAL, reused INTEGER,"
                        " epochs_trained REAL, epochs_saved REAL, json TEXT);"
                        "CREATE UNIQUE INDEX nas_trials_%lld_number"
                        " ON nas_trials_%lld(version, number);"
                        "CREATE INDEX nas_trials_%lld_state"
                        " ON nas_trials_%lld(version, state, number);"
                        "CREATE INDEX nas_trials_%lld_candidate"
                        " ON nas_trials_%lld(candidate, version);",
                        study, study, study, study, study, study);
    return nas_sql_define_str(s, q, err);
}

/* *have: the table has that column, of that type, or (*other) of another one. */
static nas_status look_up(nas_store *s, int64_t study, const char *name, const char *type,
                          bool *have, bool *other, nas_err *err) {
    enum { NAME = 1, TYPE };
    sqlite3_stmt *st = NULL;
    char sql[64];
    sqlite3_snprintf(sizeof sql, sql, "PRAGMA table_info(nas_trials_%lld)", study);
    NAS_TRY(nas_sql_open(s, &st, err, sql, ""));
    nas_status status;
    bool row = false, found = false;
    *have = false;
    while (!found && (status = nas_sql_step(s, st, &row, err)) == NAS_OK && row) {
        const char *column = (const char *)sqlite3_column_text(st, NAME);
        const char *has = (const char *)sqlite3_column_text(st, TYPE);
        found = column && !strcasecmp(column, name);
        *have = found && has && !strcmp(has, type);
    }
    *other = found && !*have;
    sqlite3_finalize(st);
    return status;
}

/* Where the values of a column go; it is added when there is no such place yet. */
static nas_status place(nas_store *s, int64_t study, const nas_column *c, nas_arena *a,
                        const char **stored, nas_err *err) {
    const char *type = type_name(c->type);
    bool have = false, other = false;
    *stored = c->name;
    NAS_TRY(look_up(s, study, *stored, type, &have, &other, err));
    if (other) {
        char *name = nas_arena_format(a, err, "%s__%s", c->name, type);
        if (!name) return NAS_ENOMEM;
        for (char *p = name + strlen(c->name); *p; p++)
            if (*p >= 'A' && *p <= 'Z') *p = (char)(*p - 'A' + 'a');
        *stored = name;
        NAS_TRY(look_up(s, study, *stored, type, &have, &other, err));
        if (other)
            return nas_fail(err, NAS_EINVAL,
                            "column \"%s\" has three types in this study: use another study name",
                            c->name);
    }
    if (have) return NAS_OK;
    sqlite3_str *q = sqlite3_str_new(s->db);
    sqlite3_str_appendf(q, "ALTER TABLE nas_trials_%lld ADD COLUMN \"%w\" %s", study, *stored,
                        type);
    return nas_sql_define_str(s, q, err);
}

static nas_status write_columns(nas_store *s, const nas_study *def, nas_study_id id, nas_arena *a,
                                nas_err *err) {
    NAS_TRY(nas_sql_put(s, err, "DELETE FROM nas_columns WHERE study = ?1 AND version = ?2", "ii",
                        id.study, id.version));
    for (int32_t i = 0; i < def->n_params + def->n_metrics; i++) {
        const nas_column *c = column_at(def, i);
        const bool param = i < def->n_params;
        const char *stored = NULL;
        NAS_TRY(place(s, id.study, c, a, &stored, err));
        NAS_TRY(nas_sql_put(s, err, "INSERT INTO nas_columns VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7)",
                            "iitittt", id.study, id.version, param ? "param" : "metric",
                            (int64_t)(param ? i : i - def->n_params), c->name, type_name(c->type),
                            stored));
    }
    return NAS_OK;
}

nas_status nas_layout_write(nas_store *s, const nas_study *def, nas_study_id id, nas_err *err) {
    NAS_TRY(check_columns(def, err));
    sqlite3_stmt *st = NULL;
    char table[64];
    sqlite3_snprintf(sizeof table, table, "nas_trials_%lld", id.study);
    NAS_TRY(nas_sql_open(s, &st, err, "SELECT 1 FROM sqlite_master WHERE name = ?1", "t", table));
    bool there = false;
    nas_status status = nas_sql_step(s, st, &there, err);
    sqlite3_finalize(st);
    if (status == NAS_OK && !there) status = make_table(s, def, id.study, err);
    NAS_TRY(status);
    nas_arena *a = NULL;
    NAS_TRY(nas_arena_open(&a, err));
    status = write_columns(s, def, id, a, err);
    nas_arena_close(a);
    return status;
}

static nas_status read_columns(nas_store *s, sqlite3_stmt *st, nas_layout *l, nas_err *err) {
    for (int32_t i = 0;; i++) {
        bool row = false;
        NAS_TRY(nas_sql_step(s, st, &row, err));
        if (!row) return NAS_OK;
        if (i == 0) {
            const size_t n = (size_t)sqlite3_column_int64(st, 3);
            l->names = nas_arena_array(s->arena, n, sizeof *l->names, err);
            l->stored = nas_arena_array(s->arena, n, sizeof *l->stored, err);
            if (!l->names || !l->stored) return NAS_ENOMEM;
        }
        if (sqlite3_column_int(st, 0))
            l->n_metrics++;
        else
            l->n_params++;
        NAS_TRY(nas_sql_text(st, 1, s->arena, &l->names[i], err));
        NAS_TRY(nas_sql_text(st, 2, s->arena, &l->stored[i], err));
        if (!nas_name_is_plain(l->names[i]) || !nas_name_is_plain(l->stored[i]))
            return nas_sql_damaged(s, "nas_columns: a name that is none", err);
    }
}

static nas_status read_data(nas_store *s, nas_layout *l, nas_err *err) {
    const nas_value id[2] = {{.type = NAS_COLUMN_INTEGER, .integer = l->study},
                             {.type = NAS_COLUMN_INTEGER, .integer = l->version}};
    l->data = 1;
    if (s->schema < NAS_SCHEMA_WARNINGS) return NAS_OK;
    return nas_store_query_integer(
        s, "SELECT data FROM nas_spaces WHERE study = ?1 AND version = ?2", id, 2, &l->data, err);
}

nas_status nas_layout_get(nas_store *s, nas_study_id id, nas_layout **out, nas_err *err) {
    for (*out = s->layouts; *out; *out = (*out)->next)
        if ((*out)->study == id.study && (*out)->version == id.version) return NAS_OK;
    nas_layout *l = nas_arena_alloc(s->arena, sizeof *l, err);
    if (!l) return NAS_ENOMEM;
    l->study = id.study;
    l->version = id.version;
    sqlite3_stmt *st = NULL;
    NAS_TRY(nas_sql_open(s, &st, err,
                         "SELECT kind = 'metric', name, stored, count(*) OVER () FROM nas_columns"
                         " WHERE study = ?1 AND version = ?2 ORDER BY 1, position",
                         "ii", id.study, id.version));
    const nas_status status = read_columns(s, st, l, err);
    sqlite3_finalize(st);
    NAS_TRY(status);
    if (l->n_params + l->n_metrics == 0)
        return nas_fail(err, NAS_ENOTFOUND, "%s: no study %lld with a version %lld", s->path,
                        (long long)id.study, (long long)id.version);
    NAS_TRY(read_data(s, l, err));
    l->next = s->layouts;
    s->layouts = *out = l;
    return NAS_OK;
}

void nas_layout_forget(nas_store *s, nas_study_id id) {
    for (nas_layout **at = &s->layouts; *at; at = &(*at)->next) {
        nas_layout *l = *at;
        if (l->study != id.study || l->version != id.version) continue;
        for (int i = 0; i < NAS_SQL_SLOTS; i++) sqlite3_finalize(l->slots[i]);
        *at = l->next;
        return;
    }
}

const char *nas_layout_stored(const nas_layout *l, const char *name) {
    for (int32_t i = 0; i < l->n_params + l->n_metrics; i++)
        if (!strcasecmp(l->names[i], name)) return l->stored[i];
    return NULL;
}

static nas_status keep(nas_store *s, nas_layout *l, nas_sql_slot slot, char *sql, nas_err *err) {
    if (!sql) return nas_fail(err, NAS_ENOMEM, "%s: no memory for a statement", s->path);
    const int rc =
        sqlite3_prepare_v3(s->db, sql, -1, SQLITE_PREPARE_PERSISTENT, &l->slots[slot], NULL);
    const nas_status status = rc == SQLITE_OK ? NAS_OK : nas_sql_fail(s, rc, sql, err);
    sqlite3_free(sql);
    return status;
}

nas_status nas_layout_slot(nas_store *s, nas_layout *l, nas_sql_slot slot, const char *sql,
                           sqlite3_stmt **out, nas_err *err) {
    if (!l->slots[slot]) {
        sqlite3_str *str = sqlite3_str_new(s->db);
        for (const char *p = sql; *p; p++) {
            if (*p == '#')
                sqlite3_str_appendf(str, "%lld", l->study);
            else
                sqlite3_str_appendchar(str, 1, *p);
        }
        NAS_TRY(keep(s, l, slot, sqlite3_str_finish(str), err));
    }
    *out = l->slots[slot];
    return NAS_OK;
}

nas_status nas_layout_slot_str(nas_store *s, nas_layout *l, nas_sql_slot slot, sqlite3_str *sql,
                               sqlite3_stmt **out, nas_err *err) {
    NAS_TRY(keep(s, l, slot, sqlite3_str_finish(sql), err));
    *out = l->slots[slot];
    return NAS_OK;
}
