/* store/schema/layout.c - the wide table of a study's trials: one column for each parameter and
 * metric.
 *
 * A column keeps its place and type for good. Where a later version of the space has another type
 * under the same name, that version's values go to "<name>__<type>", and the views show both under
 * the one name. */
#include "store/schema/schema.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const char *const fixed[] = {
    "id",      "version",        "number",       "state",   "reason",
    "attempt", "candidate",      "seconds",      "worker",  "machine",
    "json",    "heartbeat",      "cpu_seconds",  "started", "finished",
    "reused",  "epochs_trained", "epochs_saved", NULL,
};

enum { LONGEST_NAME = 240 };

bool nas_name_is_plain(const char *name) {
    const size_t n = name ? strlen(name) : 0;
    return n > 0 && n <= LONGEST_NAME && strspn(name, NAS_NAME_LETTERS) == n;
}

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

static nas_status check_columns(const nas_store *s, const nas_study *def, nas_err *err) {
    const int32_t n = def->n_params + def->n_metrics, most = s->backend->words->most_columns;
    if (n > most)
        return nas_fail(err, NAS_EINVAL,
                        "study %s: %d parameters and metrics, at most %d can be stored", def->name,
                        n, most);
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
    const nas_backend_words *w = s->backend->words;
    const char *const integer = w->types[NAS_COLUMN_INTEGER], *const real =
                                                                  w->types[NAS_COLUMN_REAL];
    nas_draft *q = nas_draft_new();
    nas_draft_add(q,
                  "CREATE TABLE nas_trials_%l(id %s, version %s NOT NULL, number %s NOT NULL, state"
                  " TEXT NOT NULL, reason TEXT, attempt %s NOT NULL, candidate TEXT NOT NULL",
                  study, w->key, integer, integer, integer);
    for (int32_t i = 0; i < def->n_params + def->n_metrics; i++)
        nas_draft_add(q, ", \"%w\" %s", column_at(def, i)->name, w->types[column_at(def, i)->type]);
    /* json is last: it is long, and what stands before it is read without it. */
    nas_draft_add(
        q,
        ", seconds %s, cpu_seconds %s, worker TEXT, machine TEXT, heartbeat %s, started %s,"
        " finished %s, reused %s, epochs_trained %s, epochs_saved %s, json TEXT);"
        "CREATE UNIQUE INDEX nas_trials_%l_number ON nas_trials_%l(version, number);"
        "CREATE INDEX nas_trials_%l_state ON nas_trials_%l(version, state, number);"
        "CREATE INDEX nas_trials_%l_candidate ON nas_trials_%l(candidate, version);",
        real, real, real, real, real, integer, real, real, study, study, study, study, study,
        study);
    return nas_sql_define_draft(s, q, err);
}

typedef struct search {
    const char *name, *type;
    bool have, other;
} search;

static bool compare_column(void *ctx, const char *name, const char *type) {
    search *f = ctx;
    if (strcasecmp(name, f->name) != 0) return true;
    f->have = !strcmp(type, f->type);
    f->other = !f->have;
    return false;
}

/* *have: the table has that column, of that type, or (*other) of another one. */
static nas_status look_up(nas_store *s, int64_t study, const char *name, const char *type,
                          bool *have, bool *other, nas_err *err) {
    search f = {.name = name, .type = type};
    char table[64];
    snprintf(table, sizeof table, "nas_trials_%lld", (long long)study);
    const nas_status status = s->backend->schema->list_columns(s, table, compare_column, &f, err);
    *have = f.have;
    *other = f.other;
    return status;
}

/* Where the values of a column go; it is added when there is no such place yet. */
static nas_status place(nas_store *s, int64_t study, const nas_column *c, nas_arena *a,
                        const char **stored, nas_err *err) {
    const char *type = s->backend->words->types[c->type];
    bool have = false, other = false;
    *stored = c->name;
    NAS_TRY(look_up(s, study, *stored, type, &have, &other, err));
    if (other) {
        char *name = nas_arena_format(a, err, "%s__%s", c->name, type_name(c->type));
        if (!name) return NAS_ENOMEM;
        for (char *p = name + strlen(c->name); *p; p++)
            if (*p >= 'A' && *p <= 'Z') *p = (char)(*p - 'A' + 'a');
        *stored = name;
        NAS_TRY(look_up(s, study, *stored, type, &have, &other, err));
        if (!have && !other && !(*stored = nas_name_fit(name, a, err))) return NAS_ENOMEM;
        if (*stored != name) NAS_TRY(look_up(s, study, *stored, type, &have, &other, err));
        if (other)
            return nas_fail(err, NAS_EINVAL,
                            "column \"%s\" has three types in this study: use another study name",
                            c->name);
    }
    if (have) return NAS_OK;
    nas_draft *q = nas_draft_new();
    nas_draft_add(q, "ALTER TABLE nas_trials_%l ADD COLUMN \"%w\" %s", study, *stored, type);
    return nas_sql_define_draft(s, q, err);
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
    NAS_TRY(check_columns(s, def, err));
    char table[64];
    snprintf(table, sizeof table, "nas_trials_%lld", (long long)id.study);
    bool there = false, same;
    nas_status status = s->backend->schema->has_object(
        s, &(nas_object){.kind = NAS_OBJECT_TABLE, .name = table}, &there, &same, err);
    if (status == NAS_OK && !there) status = make_table(s, def, id.study, err);
    NAS_TRY(status);
    nas_arena *a = NULL;
    NAS_TRY(nas_arena_open(&a, err));
    status = write_columns(s, def, id, a, err);
    nas_arena_close(a);
    return status;
}

static nas_status read_columns(nas_store *s, nas_stmt *st, nas_layout *l, nas_err *err) {
    for (int32_t i = 0;; i++) {
        bool row = false;
        NAS_TRY(nas_sql_step(s, st, &row, err));
        if (!row) return NAS_OK;
        if (i == 0) {
            const size_t n = (size_t)nas_stmt_integer(st, 3);
            l->names = nas_arena_array(s->arena, n, sizeof *l->names, err);
            l->stored = nas_arena_array(s->arena, n, sizeof *l->stored, err);
            if (!l->names || !l->stored) return NAS_ENOMEM;
        }
        if ((int)nas_stmt_integer(st, 0))
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
    l->data = 1;
    if (s->schema < NAS_SCHEMA_WARNINGS) return NAS_OK;
    nas_draft *d = nas_draft_of("SELECT data FROM nas_spaces WHERE study = ?1 AND version = ?2");
    return nas_sql_integer(s, d, &l->data, err, "ii", l->study, l->version);
}

void nas_layouts_end(nas_store *s) {
    for (nas_layout *l = s->layouts; l; l = l->next)
        for (int i = 0; i < NAS_SQL_SLOTS; i++) nas_stmt_end(l->slots[i]);
}

nas_status nas_layout_get(nas_store *s, nas_study_id id, nas_layout **out, nas_err *err) {
    for (*out = s->layouts; *out; *out = (*out)->next)
        if ((*out)->study == id.study && (*out)->version == id.version) return NAS_OK;
    nas_layout *l = nas_arena_alloc(s->arena, sizeof *l, err);
    if (!l) return NAS_ENOMEM;
    l->study = id.study;
    l->version = id.version;
    nas_stmt *st = NULL;
    NAS_TRY(nas_sql_open(s, &st, err,
                         "SELECT kind = 'metric', name, stored, count(*) OVER () FROM nas_columns"
                         " WHERE study = ?1 AND version = ?2 ORDER BY 1, position",
                         "ii", id.study, id.version));
    const nas_status status = read_columns(s, st, l, err);
    nas_stmt_end(st);
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
        for (int i = 0; i < NAS_SQL_SLOTS; i++) nas_stmt_end(l->slots[i]);
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
    if (!sql) return nas_sql_no_memory(s, err);
    const nas_status status = nas_sql_keep(s, sql, &l->slots[slot], err);
    free(sql);
    return status;
}

nas_status nas_layout_slot(nas_store *s, nas_layout *l, nas_sql_slot slot, const char *sql,
                           nas_stmt **out, nas_err *err) {
    if (!l->slots[slot]) {
        nas_draft *d = nas_draft_new();
        for (const char *p = sql; *p; p += *p == '#') {
            const size_t n = strcspn(p, "#");
            nas_draft_put_part(d, p, n);
            p += n;
            if (*p) nas_draft_add(d, "%l", l->study);
        }
        NAS_TRY(keep(s, l, slot, nas_draft_take(d), err));
    }
    *out = l->slots[slot];
    return NAS_OK;
}

nas_status nas_layout_slot_draft(nas_store *s, nas_layout *l, nas_sql_slot slot, nas_draft *sql,
                                 nas_stmt **out, nas_err *err) {
    NAS_TRY(keep(s, l, slot, nas_draft_take(sql), err));
    *out = l->slots[slot];
    return NAS_OK;
}

nas_status nas_store_param_column(nas_store *s, nas_study_id id, int32_t param, nas_arena *a,
                                  const char **out, nas_err *err) {
    nas_layout *l = NULL;
    *out = NULL;
    NAS_TRY(nas_layout_get(s, id, &l, err));
    if (param < 0 || param >= l->n_params)
        return nas_fail(err, NAS_EINVAL, "%s: parameter %d of a version that has %d", s->path,
                        param, l->n_params);
    *out = nas_arena_text(a, l->names[param], err);
    return *out ? NAS_OK : NAS_ENOMEM;
}
