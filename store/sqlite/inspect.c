/* store/sqlite/inspect.c - is the schema of a file what nas makes, and do the rows that statements
 * are made of hold what nas writes? Asked before anything else is read, migrated or written.
 *
 * People's own tables, views and plain indices stay. What would run with our statements does not:
 * triggers on our tables, columns that are computed or checked, indices of expressions, tables that
 * are functions. */
#include "store/sqlite/sqlite.h"

#include <stdatomic.h>
#include <string.h>
#include <strings.h>

enum { LONGEST_NAME = 240 };

/* Words of SQL, as far as they matter here. */
typedef struct token {
    enum { END, WORD, QUOTED, STRING, MARK } kind;
    const char *p; /* of what is quoted, what stands between the quotes */
    size_t n;
} token;

static bool is_word_byte(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '$' || (c & 0x80);
}

static const char *skip_blanks(const char *s) {
    for (;;) {
        s += strspn(s, " \t\n\f\r");
        const char *end;
        if (s[0] == '-' && s[1] == '-')
            end = strchr(s, '\n');
        else if (s[0] == '/' && s[1] == '*')
            end = strstr(s + 2, "*/");
        else
            return s;
        if (!end) return s + strlen(s);
        s = end + (*end == '\n' ? 1 : 2);
    }
}

static token next(const char **at) {
    const char *s = skip_blanks(*at);
    token t = {.kind = *s ? MARK : END, .p = s, .n = *s != '\0'};
    const char close = *s == '[' ? ']' : *s;
    if (is_word_byte(*s)) {
        t.kind = WORD;
        for (t.n = 0; is_word_byte(s[t.n]);) t.n++;
    } else if (*s && strchr("\"'`[", *s)) {
        const char *end = s + 1;
        /* A quote that is doubled is one of the text. */
        while (*end && (*end != close || (close != ']' && end[1] == close)))
            end += *end == close ? 2 : 1;
        t = (token){.kind = *s == '\'' ? STRING : QUOTED, .p = s + 1, .n = (size_t)(end - s - 1)};
        *at = end + (*end != '\0');
        return t;
    }
    *at = t.p + t.n;
    return t;
}

static bool is_text(token t, const char *text) {
    return strlen(text) == t.n && strncasecmp(t.p, text, t.n) == 0;
}

static bool is_word(token t, const char *text) {
    return t.kind == WORD && is_text(t, text);
}

/* SQLite takes a name in any quotes; one that is part of it is doubled. */
static bool names(token t, const char *text) {
    if (t.kind != QUOTED && t.kind != STRING) return t.kind == WORD && is_text(t, text);
    const char quote = t.p[-1];
    size_t at = 0;
    for (; *text && at < t.n; text++, at++) {
        if (strncasecmp(t.p + at, text, 1) != 0) return false;
        if (*text == quote && quote != '[') at++;
    }
    return !*text && at == t.n;
}

static bool is_mark(token t, char c) {
    return t.kind == MARK && *t.p == c;
}

static bool is_name(token t) {
    char name[LONGEST_NAME + 1];
    if ((t.kind != WORD && t.kind != QUOTED) || t.n > LONGEST_NAME) return false;
    memcpy(name, t.p, t.n);
    name[t.n] = '\0';
    return nas_name_is_plain(name);
}

static bool take(const char **at, const char *word) {
    const char *s = *at;
    if (!is_word(next(&s), word)) return false;
    *at = s;
    return true;
}

static bool take_mark(const char **at, char c) {
    const char *s = *at;
    if (!is_mark(next(&s), c)) return false;
    *at = s;
    return true;
}

static bool starts(const char *name, const char *with) {
    return strncasecmp(name, with, strlen(with)) == 0;
}

/* "nas_trials_12" + tail, of a name that begins so. */
static bool is_numbered(const char *name, const char *head, const char *tail) {
    if (!starts(name, head)) return false;
    name += strlen(head);
    const size_t n = strspn(name, "0123456789");
    return n > 0 && n < 20 && strcasecmp(name + n, tail) == 0;
}

/* The same texts, but for blanks, case and quotes of names. */
static bool same_sql(const char *a, const char *b) {
    for (;;) {
        const token x = next(&a), y = next(&b);
        if (x.kind == END || y.kind == END) return x.kind == y.kind;
        if ((x.kind == STRING) != (y.kind == STRING) || (x.kind == MARK) != (y.kind == MARK) ||
            x.n != y.n || (x.kind == STRING ? memcmp(x.p, y.p, x.n) : strncasecmp(x.p, y.p, x.n)))
            return false;
    }
}

/* "(name TYPE [PRIMARY KEY] [NOT NULL], ...)" and no more; of a front names alone. */
static bool is_plain_table(const char *at, bool typed) {
    if (!take_mark(&at, '(')) return false;
    do {
        if (!is_name(next(&at))) return false;
        if (!typed) continue;
        if (!take(&at, "INTEGER") && !take(&at, "REAL") && !take(&at, "TEXT")) return false;
        if (take(&at, "PRIMARY") && !take(&at, "KEY")) return false;
        if (take(&at, "NOT") && !take(&at, "NULL")) return false;
    } while (take_mark(&at, ','));
    return take_mark(&at, ')') && next(&at).kind == END;
}

/* "(name [ASC|DESC], ...) [WHERE state = 'complete']": of columns alone. */
static bool is_plain_index(const char *at) {
    if (!take_mark(&at, '(')) return false;
    do {
        if (!is_name(next(&at))) return false;
        if (!take(&at, "ASC")) (void)take(&at, "DESC");
    } while (take_mark(&at, ','));
    if (!take_mark(&at, ')')) return false;
    if (!take(&at, "WHERE")) return next(&at).kind == END;
    if (!take(&at, "state") || !take_mark(&at, '=')) return false;
    const token t = next(&at);
    return t.kind == STRING && is_text(t, "complete") && next(&at).kind == END;
}

/* One row of sqlite_master. */
typedef struct object {
    const char *type, *name, *table, *sql;
} object;

/* What every file of a version has. */
typedef struct expected {
    const struct expected *next;
    const char *type, *name, *sql;
    int32_t number;
} expected;

enum { VERSIONS = 64, OBJECTS = 64 };

typedef struct inspection {
    nas_store *s;
    const expected *all;
    bool there[OBJECTS];
} inspection;

static nas_status foreign(const inspection *k, const object *o, const char *what, nas_err *err) {
    return nas_fail(err, NAS_EFORMAT,
                    "%s holds what nas did not make: %s \"%s\" on %s, %s. Nothing was changed. "
                    "Remove it (sqlite3 FILE 'DROP %s ...') if you know it, or use another file",
                    k->s->path, o->type, o->name, o->table, what, o->type);
}

static nas_status torn(const inspection *k, const object *o, nas_err *err) {
    char what[320];
    snprintf(what, sizeof what, "its schema says other things of \"%.200s\" than its text",
             o->name);
    return nas_sql_damaged(k->s, what, err);
}

static const expected *look_up(const inspection *k, const char *name) {
    for (const expected *e = k->all; e; e = e->next)
        if (!strcasecmp(e->name, name)) return e;
    return NULL;
}

static nas_status inspect_table(const inspection *k, const object *o, const char *at,
                                nas_err *err) {
    if (!starts(o->name, "nas_")) return NAS_OK;
    if (is_numbered(o->name, "nas_trials_", "") && is_plain_table(at, true)) return NAS_OK;
    if (is_numbered(o->name, "nas_front_", "") && is_plain_table(at, false)) return NAS_OK;
    return foreign(k, o, "which is none of its tables, or has columns that are more than a type",
                   err);
}

static nas_status inspect_index(const inspection *k, const object *o, bool unique, const char *at,
                                nas_err *err) {
    const token table = next(&at);
    if (!names(table, o->table)) return torn(k, o, err);
    if (!starts(o->table, "nas_")) return NAS_OK;
    if (is_plain_index(at) && (!unique || is_numbered(o->name, "nas_trials_", "_number")))
        return NAS_OK;
    return foreign(k, o, "which is more than an index of columns", err);
}

/* at: behind its name. Before ON there are columns, which are quoted where they are words of SQL.
 */
static nas_status inspect_trigger(const inspection *k, const object *o, const char *at,
                                  nas_err *err) {
    token t;
    do {
        t = next(&at);
    } while (t.kind != END && !is_word(t, "ON"));
    t = next(&at);
    if (take_mark(&at, '.')) t = next(&at);
    if (!names(t, o->table)) return torn(k, o, err);
    if (!starts(o->table, "nas_")) return NAS_OK;
    if (is_numbered(o->name, "nas_front_", "_add") && is_numbered(o->table, "nas_trials_", ""))
        return NAS_OK; /* it may change a front, and no more: guard.c */
    return foreign(k, o, "which would run with what nas writes", err);
}

/* SQLite goes by the text, whatever stands beside it, so both must say the same. */
static nas_status inspect_text(inspection *k, const object *o, nas_err *err) {
    const char *at = o->sql;
    if (!take(&at, "CREATE")) return torn(k, o, err);
    if (take(&at, "VIRTUAL"))
        return foreign(k, o, "which is a table that is made up by a program", err);
    const bool unique = take(&at, "UNIQUE");
    if (!take(&at, o->type)) return torn(k, o, err);
    const token name = next(&at);
    if (!names(name, o->name) || (unique && strcmp(o->type, "index"))) return torn(k, o, err);
    const expected *e = look_up(k, o->name);
    if (e) {
        k->there[e->number] = true;
        if (!strcasecmp(e->type, o->type) && same_sql(e->sql, o->sql)) return NAS_OK;
        return nas_fail(err, NAS_EFORMAT,
                        "%s: its %s %s is another than that of schema %lld: a build of nas that "
                        "was never published made it, or another program. Nothing was changed. "
                        "Read it with the nas that made it, or use another file",
                        k->s->path, o->type, o->name, (long long)k->s->schema);
    }
    if (!strcmp(o->type, "table")) return inspect_table(k, o, at, err);
    if (!strcmp(o->type, "trigger")) return inspect_trigger(k, o, at, err);
    if (!strcmp(o->type, "index"))
        return take(&at, "ON") ? inspect_index(k, o, unique, at, err) : torn(k, o, err);
    if (starts(o->name, "nas_") && strcasecmp(o->name, "nas_progress"))
        return foreign(k, o, "which is none of its views", err);
    return NAS_OK;
}

static nas_status inspect_object(inspection *k, const object *o, nas_err *err) {
    if (!o->type || !o->name || !o->table)
        return nas_sql_damaged(k->s, "its schema has a row without a name", err);
    if (o->sql) return inspect_text(k, o, err);
    const bool own = !strcmp(o->type, "index") && starts(o->name, "sqlite_autoindex_");
    return own ? NAS_OK : torn(k, o, err);
}

static nas_status inspect_objects(inspection *k, nas_err *err) {
    nas_stmt *st = NULL;
    NAS_TRY(
        nas_sql_open(k->s, &st, err, "SELECT type, name, tbl_name, sql FROM sqlite_master", ""));
    nas_status status;
    bool row = false;
    while ((status = nas_sql_step(k->s, st, &row, err)) == NAS_OK && row) {
        const object o = {nas_stmt_text(st, 0), nas_stmt_text(st, 1), nas_stmt_text(st, 2),
                          nas_stmt_text(st, 3)};
        status = sqlite3_errcode(lite(k->s)->db) == SQLITE_NOMEM
                     ? nas_sqlite_fail(k->s, SQLITE_NOMEM, "its schema", err)
                     : inspect_object(k, &o, err);
        if (status != NAS_OK) break;
    }
    nas_stmt_end(st);
    NAS_TRY(status);
    for (const expected *e = k->all; e; e = e->next) {
        char what[128];
        if (k->there[e->number]) continue;
        snprintf(what, sizeof what, "it has no %s %s", e->type, e->name);
        return nas_sql_damaged(k->s, what, err);
    }
    return NAS_OK;
}

typedef struct expectation {
    nas_arena *a; /* that it lies in */
    expected *all;
} expectation;

static nas_status expect(void *ctx, const char *type, const char *name, const char *sql,
                         nas_err *err) {
    expectation *x = ctx;
    expected *e = nas_arena_alloc(x->a, sizeof *e, err);
    if (!e) return NAS_ENOMEM;
    *e = (expected){.next = x->all,
                    .type = nas_arena_text(x->a, type, err),
                    .name = nas_arena_text(x->a, name, err),
                    .sql = nas_arena_text(x->a, sql, err),
                    .number = x->all ? x->all->number + 1 : 0};
    x->all = e;
    if (e->number >= OBJECTS) return nas_fail(err, NAS_EBUG, "more than %d tables", OBJECTS);
    return e->type && e->name && e->sql ? NAS_OK : NAS_ENOMEM;
}

static nas_status make_expectation(int64_t version, nas_arena *a, expectation **out, nas_err *err) {
    *out = nas_arena_alloc(a, sizeof **out, err);
    if (!*out) return NAS_ENOMEM;
    (*out)->a = a;
    return nas_schema_objects(version, expect, *out, err);
}

/* Made once a process, and kept: workers are forked with it. */
static nas_status expect_all(int64_t version, const expected **out, nas_err *err) {
    static _Atomic(expectation *) known[VERSIONS];
    const int at = version > 0 && version < VERSIONS ? (int)version : 0;
    expectation *x = atomic_load(&known[at]), *other = NULL;
    nas_arena *a = NULL;
    *out = x ? x->all : NULL;
    if (x) return NAS_OK;
    NAS_TRY(nas_arena_open(&a, err));
    const nas_status status = make_expectation(version, a, &x, err);
    const bool first = status == NAS_OK && atomic_compare_exchange_strong(&known[at], &other, x);
    if (status == NAS_OK) *out = first ? x->all : other->all;
    if (!first) nas_arena_close(a);
    return status;
}

#define PLAIN(column)                                                                     \
    "typeof(" column ") <> 'text' OR length(" column ") NOT BETWEEN 1 AND 240 OR " column \
    " GLOB '*[^A-Za-z0-9_]*' OR length(" column ") <> length(CAST(" column " AS BLOB))"
#define COUNT(column) "typeof(" column ") <> 'integer' OR " column " < 1 OR " column " > 1000000000"
#define TEXT(column)  "typeof(" column ") <> 'text'"
/* Is there no such column in the current version of the study r.study? */
#define LACKS(column)                                                                              \
    "NOT EXISTS (SELECT 1 FROM nas_studies s JOIN nas_columns c ON c.study = s.id AND c.version =" \
    " s.version WHERE s.id = r.study AND c.name = r." column ")"

/* What must not be there, in rows that statements are made of. Other rows are looked at where they
 * are read. */
static const struct {
    int since;
    const char *what, *rows;
} rules[] = {
    {1, "nas_studies: a name, a number or a task that nas never writes",
     "nas_studies WHERE id < 1 OR id > 1000000000 OR " PLAIN(
         "name") " OR length(name) > 63 OR"
                 " lower(name) IN ('trials', 'studies') OR name LIKE 'nas!_%' ESCAPE '!' OR"
                 " name LIKE 'sqlite!_%' ESCAPE '!' OR " PLAIN(
                     "task") " OR typeof(seed) <> 'integer' OR"
                             " typeof(trials) <> 'integer' OR trials < -1 OR " COUNT(
                                 "version") " OR " TEXT("fingerprint")},
    {1, "nas_studies: a tie-break that is no column",
     "nas_studies WHERE tie_break IS NOT NULL AND (" PLAIN("tie_break") ")"},
    {5, "nas_studies: a confidence that is none",
     "nas_studies WHERE confidence IS NOT NULL AND (typeof(confidence) NOT IN ('real', 'integer')"
     " OR confidence < 0 OR confidence > 1e-8 AND confidence < 0.5 OR confidence >= 1)"},
    {6, "nas_studies: a kernel variant that is none",
     "nas_studies WHERE kernel IS NOT NULL AND (" PLAIN("kernel") ")"},
    {1, "nas_spaces: a version, a hash or a text that nas never writes",
     "nas_spaces WHERE " COUNT("version") " OR " TEXT("hash") " OR " TEXT(
         "text") " OR"
                 " typeof(cursor) <> 'integer' OR cursor < 0"},
    {6, "nas_spaces: data without a number", "nas_spaces WHERE " COUNT("data")},
    {1, "nas_columns: a name or a type that nas never writes",
     "nas_columns WHERE " PLAIN("name") " OR " PLAIN(
         "stored") " OR type NOT IN ('INTEGER', 'REAL',"
                   " 'TEXT') OR kind NOT IN ('param', 'metric') OR typeof(position) <> 'integer' "
                   "OR " COUNT("version")},
    {1, "nas_bounds: a constraint that is none",
     "nas_bounds r WHERE " TEXT("text") " OR " PLAIN(
         "\"column\"") " OR op NOT IN ('>', '>=', '<',"
                       " '<=', '==', '!=') OR typeof(bound) NOT IN ('real', 'integer') OR "
                       "abs(bound) = 9e999"},
    {1, "nas_goals: an objective that is none",
     "nas_goals r WHERE " PLAIN("\"column\"") " OR maximize NOT IN (0, 1)"},
    {1, "nas_studies: a study whose space is not there",
     "nas_studies r WHERE NOT EXISTS (SELECT 1 FROM nas_spaces p WHERE p.study = r.id AND p.version"
     " = r.version)"},
    {1, "nas_columns: a study without metrics",
     "nas_studies r WHERE NOT EXISTS (SELECT 1 FROM nas_columns c WHERE c.study = r.id AND"
     " c.version = r.version AND c.kind = 'metric')"},
    {1, "nas_goals: an objective that the study does not measure",
     "nas_goals r WHERE r.study IN (SELECT id FROM nas_studies) AND " LACKS("\"column\"")},
    {1, "nas_bounds: a constraint on what the study does not measure",
     "nas_bounds r WHERE r.study IN (SELECT id FROM nas_studies) AND " LACKS("\"column\"")},
    {1, "a study whose trials have no table",
     "nas_studies WHERE 'nas_trials_' || id NOT IN (SELECT name FROM sqlite_master WHERE type ="
     " 'table')"},
};

static nas_status inspect_rows(const inspection *k, nas_err *err) {
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++) {
        nas_stmt *st = NULL;
        nas_draft *q = nas_draft_new();
        bool row = false;
        nas_draft_add(q, "SELECT 1 FROM %s LIMIT 1", rules[i].rows);
        if (rules[i].since > k->s->schema) {
            nas_draft_drop(q);
            continue;
        }
        NAS_TRY(nas_sql_open_draft(k->s, &st, q, err, ""));
        const nas_status status = nas_sql_step(k->s, st, &row, err);
        nas_stmt_end(st);
        NAS_TRY(status);
        if (row) return nas_sql_damaged(k->s, rules[i].what, err);
    }
    return NAS_OK;
}

/* SQLite makes tables that are functions when they are first named, which is a change of a schema:
 * whoever asks for columns or takes JSON apart later may. */
static nas_status make_functions(nas_store *s, nas_err *err) {
    return nas_sql_define(s,
                          "SELECT 1 FROM json_each(''), json_tree(''), pragma_table_info(''),"
                          " pragma_table_xinfo(''), pragma_table_list(''), pragma_index_list(''),"
                          " pragma_index_info(''), pragma_index_xinfo(''),"
                          " pragma_foreign_key_list('') LIMIT 0",
                          err);
}

nas_status nas_store_inspect(nas_store *s, nas_err *err) {
    inspection k = {.s = s};
    /* All of one moment: somebody may have brought it up to date since its version was read. */
    NAS_TRY(nas_sql_exec(s, "BEGIN", err));
    nas_status status = nas_sqlite_pragma(s, "user_version", &s->schema, err);
    if (status == NAS_OK) status = expect_all(s->schema, &k.all, err);
    if (status == NAS_OK) status = inspect_objects(&k, err);
    if (status == NAS_OK) status = inspect_rows(&k, err);
    sqlite3_exec(lite(s)->db, "COMMIT", NULL, NULL, NULL);
    return status == NAS_OK ? make_functions(s, err) : status;
}
