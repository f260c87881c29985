/* store/sqlite/schema.c - the tables that every database has, as steps from one schema version to
 * the next. docs/SCHEMA.md tells what they mean. */
#include "store/sqlite/sqlite.h"
#include "store/write/write.h"

/* Version 1. */
static const char first[] =
    "CREATE TABLE nas_studies("
    " id INTEGER PRIMARY KEY,"
    " name TEXT NOT NULL UNIQUE COLLATE NOCASE,"
    " task TEXT NOT NULL,"
    " fingerprint TEXT NOT NULL,"
    " seed INTEGER NOT NULL,"
    " trials INTEGER NOT NULL,"
    " version INTEGER NOT NULL,"
    " tie_break TEXT,"
    " created REAL NOT NULL);"

    "CREATE TABLE nas_spaces("
    " study INTEGER NOT NULL REFERENCES nas_studies(id),"
    " version INTEGER NOT NULL,"
    " hash TEXT NOT NULL,"
    " text TEXT NOT NULL,"
    " cursor INTEGER NOT NULL DEFAULT 0,"
    " exhausted INTEGER NOT NULL DEFAULT 0,"
    " created REAL NOT NULL,"
    " PRIMARY KEY(study, version),"
    " UNIQUE(study, hash));"

    "CREATE TABLE nas_columns("
    " study INTEGER NOT NULL,"
    " version INTEGER NOT NULL,"
    " kind TEXT NOT NULL,"
    " position INTEGER NOT NULL,"
    " name TEXT NOT NULL,"
    " type TEXT NOT NULL,"
    " stored TEXT NOT NULL,"
    " PRIMARY KEY(study, version, kind, position)) WITHOUT ROWID;"

    "CREATE TABLE nas_bounds("
    " study INTEGER NOT NULL,"
    " position INTEGER NOT NULL,"
    " text TEXT NOT NULL,"
    " \"column\" TEXT NOT NULL,"
    " op TEXT NOT NULL,"
    " bound REAL NOT NULL,"
    " PRIMARY KEY(study, position)) WITHOUT ROWID;"

    "CREATE TABLE nas_goals("
    " study INTEGER NOT NULL,"
    " position INTEGER NOT NULL,"
    " \"column\" TEXT NOT NULL,"
    " maximize INTEGER NOT NULL,"
    " PRIMARY KEY(study, position)) WITHOUT ROWID;"

    "CREATE TABLE nas_epochs("
    " study INTEGER NOT NULL,"
    " trial INTEGER NOT NULL,"
    " epoch INTEGER NOT NULL,"
    " step INTEGER NOT NULL,"
    " loss REAL, val_loss REAL, val_accuracy REAL, seconds REAL,"
    " PRIMARY KEY(study, trial, epoch)) WITHOUT ROWID;"

    "CREATE TABLE nas_stages("
    " study INTEGER NOT NULL,"
    " trial INTEGER NOT NULL,"
    " position INTEGER NOT NULL,"
    " name TEXT NOT NULL,"
    " key TEXT NOT NULL,"
    " reused INTEGER NOT NULL,"
    " wall_seconds REAL, cpu_seconds REAL,"
    " PRIMARY KEY(study, trial, position)) WITHOUT ROWID;"

    "CREATE TABLE nas_artefacts("
    " id INTEGER PRIMARY KEY,"
    " study INTEGER NOT NULL,"
    " trial INTEGER NOT NULL,"
    " name TEXT NOT NULL,"
    " bytes INTEGER NOT NULL,"
    " content BLOB NOT NULL,"
    " UNIQUE(study, trial, name));"

    "CREATE VIEW studies AS SELECT s.name AS name, s.version AS version,"
    " nullif(s.trials, -1) AS trials,"
    " (SELECT group_concat(CASE g.maximize WHEN 1 THEN 'maximize ' ELSE 'minimize ' END"
    "  || g.\"column\", ', ') FROM nas_goals g WHERE g.study = s.id) AS objectives,"
    " (SELECT group_concat(b.text, ', ') FROM nas_bounds b WHERE b.study = s.id) AS constraints,"
    " printf('%llu', s.seed) AS seed, s.task AS task,"
    " datetime(s.created, 'unixepoch') AS created, s.fingerprint AS fingerprint, s.id AS id"
    " FROM nas_studies s;";

/* Version 2: what each step of compression did, and results that another version's trial has.
 * Version 3: epochs trained and saved.
 * Version 4: what views.c writes: fronts, nas_progress.
 * Version 5: what each example got.
 * Version 6: warnings; the kernel row of a study; the data that a version of a space is about.
 * Version 7: finals; where data lay. */
static const char second[] = "CREATE TABLE nas_steps("
                             " study INTEGER NOT NULL,"
                             " trial INTEGER NOT NULL,"
                             " position INTEGER NOT NULL,"
                             " name TEXT NOT NULL,"
                             " accuracy REAL, tflite_bytes INTEGER, zlib_bytes INTEGER,"
                             " PRIMARY KEY(study, trial, position)) WITHOUT ROWID;";

/* nas_verdicts takes the bits apart: each hexadecimal digit holds four of them, the high ones
 * first.
 */
#define VERDICTS(and)                                                                            \
    "CREATE VIEW nas_verdicts AS SELECT a.study AS study, a.trial AS trial,"                     \
    " a.replicate AS replicate, a.part AS part, e.example AS example, e.name AS name,"           \
    " e.class AS class, e.\"group\" AS \"group\", e.fold AS fold,"                               \
    " instr('123456789ABCDEF', substr(hex(substr(a.\"right\", e.example / 8 + 1, 1)),"           \
    "  2 - e.example % 8 / 4, 1)) >> e.example % 4 & 1 AS \"right\","                            \
    " CASE WHEN a.predicted IS NOT NULL THEN"                                                    \
    "  instr('123456789ABCDEF', substr(hex(substr(a.predicted, e.example + 1, 1)), 1, 1)) * 16"  \
    "  + instr('123456789ABCDEF', substr(hex(substr(a.predicted, e.example + 1, 1)), 2, 1)) END" \
    "  AS predicted,"                                                                            \
    " CASE WHEN a.share IS NOT NULL THEN"                                                        \
    "  (instr('123456789ABCDEF', substr(hex(substr(a.share, e.example + 1, 1)), 1, 1)) * 16"     \
    "  + instr('123456789ABCDEF', substr(hex(substr(a.share, e.example + 1, 1)), 2, 1)))"        \
    "  / 255.0 END AS share"                                                                     \
    " FROM nas_answers a JOIN nas_examples e ON e.study = a.study AND e.part = a.part" and       \
        " WHERE a.\"right\" IS NOT NULL;"

static const char fifth[] =
    "ALTER TABLE nas_studies ADD COLUMN confidence REAL;"
    "ALTER TABLE nas_studies ADD COLUMN examples INTEGER;"
    "ALTER TABLE nas_studies ADD COLUMN prefers INTEGER NOT NULL DEFAULT 0;"

    "CREATE TABLE nas_examples("
    " study INTEGER NOT NULL,"
    " part TEXT NOT NULL,"
    " example INTEGER NOT NULL,"
    " name TEXT, class TEXT, \"group\" TEXT, fold INTEGER,"
    " step INTEGER, windows REAL, carried REAL,"
    " PRIMARY KEY(study, part, example)) WITHOUT ROWID;"

    "CREATE TABLE nas_answers("
    " study INTEGER NOT NULL,"
    " trial INTEGER NOT NULL,"
    " part TEXT NOT NULL,"
    " replicate INTEGER NOT NULL,"
    " examples INTEGER NOT NULL,"
    " score REAL, reads INTEGER,"
    " \"right\" BLOB, predicted BLOB, share BLOB, error BLOB, square BLOB,"
    " PRIMARY KEY(study, trial, part, replicate)) WITHOUT ROWID;"

    "CREATE TABLE nas_claims("
    " study INTEGER NOT NULL,"
    " version INTEGER NOT NULL,"
    " place INTEGER NOT NULL,"
    " trial INTEGER NOT NULL,"
    " wins REAL,"
    " trials INTEGER, observed REAL, claimed REAL, claimed_lo REAL, claimed_low REAL,"
    " claimed_high REAL, meets REAL, confidence REAL,"
    " PRIMARY KEY(study, version, place)) WITHOUT ROWID;"

    VERDICTS("");

/* The key of a table cannot be changed: nas_spaces and nas_examples are made anew. */
static const char sixth[] =
    "ALTER TABLE nas_studies ADD COLUMN kernel TEXT;"
    "ALTER TABLE nas_studies ADD COLUMN at_work INTEGER NOT NULL DEFAULT 0;"
    "ALTER TABLE nas_answers ADD COLUMN data INTEGER NOT NULL DEFAULT 1;"

    "CREATE TABLE nas_warnings("
    " study INTEGER NOT NULL,"
    " version INTEGER NOT NULL,"
    " position INTEGER NOT NULL,"
    " text TEXT NOT NULL,"
    " first_seen REAL NOT NULL,"
    " PRIMARY KEY(study, version, position),"
    " UNIQUE(study, version, text)) WITHOUT ROWID;"

    "CREATE TABLE nas_spaces_6("
    " study INTEGER NOT NULL REFERENCES nas_studies(id),"
    " version INTEGER NOT NULL,"
    " hash TEXT NOT NULL,"
    " text TEXT NOT NULL,"
    " cursor INTEGER NOT NULL DEFAULT 0,"
    " exhausted INTEGER NOT NULL DEFAULT 0,"
    " created REAL NOT NULL,"
    " data INTEGER NOT NULL DEFAULT 1,"
    " fingerprint TEXT,"
    " PRIMARY KEY(study, version),"
    " UNIQUE(study, hash, data));"
    "INSERT INTO nas_spaces_6 SELECT p.study, p.version, p.hash, p.text, p.cursor, p.exhausted,"
    " p.created, 1, s.fingerprint FROM nas_spaces p JOIN nas_studies s ON s.id = p.study;"
    "DROP TABLE nas_spaces;"
    "ALTER TABLE nas_spaces_6 RENAME TO nas_spaces;"

    "DROP VIEW nas_verdicts;"
    "CREATE TABLE nas_examples_6("
    " study INTEGER NOT NULL,"
    " data INTEGER NOT NULL,"
    " part TEXT NOT NULL,"
    " example INTEGER NOT NULL,"
    " name TEXT, class TEXT, \"group\" TEXT, fold INTEGER,"
    " step INTEGER, windows REAL, carried REAL,"
    " PRIMARY KEY(study, data, part, example)) WITHOUT ROWID;"
    "INSERT INTO nas_examples_6 SELECT study, 1, part, example, name, class, \"group\", fold,"
    " step, windows, carried FROM nas_examples;"
    "DROP TABLE nas_examples;"
    "ALTER TABLE nas_examples_6 RENAME TO nas_examples;" VERDICTS(" AND e.data = a.data");

static const char seventh[] = "CREATE TABLE nas_finals("
                              " study INTEGER NOT NULL,"
                              " version INTEGER NOT NULL,"
                              " trials INTEGER NOT NULL,"
                              " trial INTEGER NOT NULL,"
                              " metric TEXT NOT NULL,"
                              " value REAL, place INTEGER,"
                              " PRIMARY KEY(study, trial, version, trials, metric)) WITHOUT ROWID;"

                              "ALTER TABLE nas_spaces ADD COLUMN place TEXT;";

/* Step i leads from version i to i + 1: statements, then columns (NULL ends them) that the table of
 * every study gets. A step that was
 * published is never changed. */
enum { STEP_COLUMNS = 3 };
static const struct {
    const char *sql;
    const char *columns[STEP_COLUMNS];
} steps[] = {
    {first, {NULL}},
    {second, {"reused INTEGER", NULL}},
    {"", {"epochs_trained REAL", "epochs_saved REAL", NULL}},
    {"", {NULL}},
    {fifth, {NULL}},
    {sixth, {NULL}},
    {seventh, {NULL}},
};

static nas_status take_step(nas_store *s, int64_t step, const int64_t *ids, int64_t n,
                            nas_err *err) {
    NAS_TRY(nas_sql_define(s, steps[step].sql, err));
    for (int64_t i = 0; i < n; i++) {
        for (int k = 0; steps[step].columns[k]; k++) {
            nas_draft *d = nas_draft_of("ALTER TABLE nas_trials_%l ADD COLUMN %s", ids[i],
                                        steps[step].columns[k]);
            NAS_TRY(nas_sql_define_draft(s, d, err));
        }
    }
    return NAS_OK;
}

/* A machine ends with ", " and the kernel row: that of the first trial that was trained is the
 * study's. */
static nas_status find_kernels(nas_store *s, const int64_t *ids, int64_t n, nas_err *err) {
    for (int64_t i = 0; i < n; i++) {
        nas_draft *q = nas_draft_new();
        nas_draft_add(q,
                      "UPDATE nas_studies SET kernel = (SELECT replace(machine,"
                      " rtrim(machine, replace(machine, ' ', '')), '') FROM nas_trials_%l"
                      " WHERE state IN ('complete', 'diverged') AND machine LIKE '%%, %%'"
                      " ORDER BY id LIMIT 1) WHERE id = %l",
                      ids[i], ids[i]);
        NAS_TRY(nas_sql_exec_draft(s, q, err));
    }
    return NAS_OK;
}

/* Their views may show what the new version has. */
static nas_status write_all_views(nas_store *s, nas_arena *a, const int64_t *ids, int64_t n,
                                  nas_err *err) {
    for (int64_t i = 0; i < n; i++) {
        nas_study def;
        nas_study_id id = {.study = ids[i]};
        NAS_TRY(nas_study_load(s, ids[i], 0, a, &def, &id.version, err));
        NAS_TRY(nas_views_write(s, &def, id, err));
    }
    return NAS_OK;
}

_Static_assert(sizeof steps / sizeof *steps == NAS_SCHEMA_NOW, "a step for each version");

static nas_status migrate(nas_store *s, nas_arena *a, nas_err *err) {
    int64_t version = 0;
    NAS_TRY(nas_sqlite_pragma(s, "user_version", &version, err));
    if (version >= nas_schema_version()) return NAS_OK; /* another process was quicker */
    int64_t *ids = NULL, n = 0;
    if (version > 0) NAS_TRY(nas_studies_list(s, a, &ids, &n, err));
    /* Views that people made name tables which steps make anew, and their indices and checks may
     * have texts in double quotes: they are no reason to fail. */
    sqlite3_db_config(lite(s)->db, SQLITE_DBCONFIG_LEGACY_ALTER_TABLE, 1, NULL);
    sqlite3_db_config(lite(s)->db, SQLITE_DBCONFIG_DQS_DDL, 1, NULL);
    nas_status st = NAS_OK;
    for (int64_t i = version; st == NAS_OK && i < nas_schema_version(); i++)
        st = take_step(s, i, ids, n, err);
    sqlite3_db_config(lite(s)->db, SQLITE_DBCONFIG_LEGACY_ALTER_TABLE, 0, NULL);
    sqlite3_db_config(lite(s)->db, SQLITE_DBCONFIG_DQS_DDL, 0, NULL);
    NAS_TRY(st);
    if (version < NAS_SCHEMA_WARNINGS) NAS_TRY(find_kernels(s, ids, n, err));
    if (version < NAS_SCHEMA_FINALS) NAS_TRY(nas_finals_take(s, ids, n, err));
    s->schema = nas_schema_version();
    NAS_TRY(write_all_views(s, a, ids, n, err));
    nas_draft *sql = nas_draft_new();
    nas_draft_add(sql, "PRAGMA application_id=%d; PRAGMA user_version=%d", NAS_STORE_APPLICATION,
                  nas_schema_version());
    return nas_sql_define_draft(s, sql, err);
}

static nas_status tell_objects(sqlite3 *db, nas_object_fn fn, void *ctx, nas_err *err) {
    sqlite3_stmt *st = NULL;
    nas_status status = NAS_OK;
    int rc = sqlite3_prepare_v2(
        db, "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL", -1, &st, NULL);
    while (rc == SQLITE_OK && status == NAS_OK && (rc = sqlite3_step(st)) == SQLITE_ROW) {
        rc = SQLITE_OK;
        const char *type = (const char *)sqlite3_column_text(st, 0);
        const char *name = (const char *)sqlite3_column_text(st, 1);
        const char *sql = (const char *)sqlite3_column_text(st, 2);
        status = type && name && sql ? fn(ctx, type, name, sql, err)
                                     : nas_fail(err, NAS_ENOMEM, "the schema: out of memory");
    }
    sqlite3_finalize(st);
    if (status != NAS_OK || rc == SQLITE_DONE) return status;
    return nas_fail(err, NAS_ENOMEM, "the schema in memory: %s", sqlite3_errstr(rc));
}

/* Made in memory by the same steps: what a file of that version went through. */
nas_status nas_schema_objects(int64_t version, nas_object_fn fn, void *ctx, nas_err *err) {
    sqlite3 *db = NULL;
    int rc = sqlite3_open_v2(":memory:", &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK) sqlite3_db_config(db, SQLITE_DBCONFIG_LEGACY_ALTER_TABLE, 1, NULL);
    for (int64_t i = 0; rc == SQLITE_OK && i < version && i < nas_schema_version(); i++)
        rc = sqlite3_exec(db, steps[i].sql, NULL, NULL, NULL);
    const nas_status status = rc == SQLITE_OK
                                  ? tell_objects(db, fn, ctx, err)
                                  : nas_fail(err, NAS_ENOMEM, "schema %lld in memory: %s",
                                             (long long)version, sqlite3_errstr(rc));
    sqlite3_close(db);
    return status;
}

nas_status nas_schema_migrate(nas_store *s, nas_err *err) {
    nas_arena *a = NULL;
    NAS_TRY(nas_arena_open(&a, err));
    nas_status status = nas_sql_begin(s, NAS_SYNC_FULL, err);
    if (status == NAS_OK) status = nas_sql_end(s, migrate(s, a, err), err);
    nas_arena_close(a);
    return status;
}
