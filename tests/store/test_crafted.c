/* tests/store/test_crafted.c - databases that somebody else prepared: what is not nas's is refused
 * before anything is written, people's own things are left alone, and no row leads out of what is
 * read. */
#include "store/sqlite/sqlite.h"
#include "tests/store_place.h"

#include "base/text/visible.h"

/* A study with three trials, its file closed. */
static void make(place *p) {
    nas_study def = study_of("kws", 6);
    nas_study_id id;
    def.confidence = 0.95;
    nas_store *s = start(p, &def, &id);
    const uint8_t right = 1;
    add(p, s, id, 0.91, 1000, "complete");
    add(p, s, id, 0.95, 2000, "complete");
    add(p, s, id, 0.97, 900, "complete");
    const nas_answers said = {.part = "validation", .examples = 3, .score = 0.5, .right = &right};
    OK(nas_store_put_answers(s, id, 1, &said, &p->err));
    nas_store_close(s);
}

static uint8_t *read_all(place *p, size_t *n) {
    uint8_t *bytes;
    OK(nas_file_read(p->arena, p->db, 1 << 24, &bytes, n, &p->err));
    return bytes;
}

/* Refused for reading, for writing and before a run, with the same word; the file stays as it is.
 */
static void refused(place *p, const char *sql, const char *word) {
    static const nas_store_mode modes[] = {NAS_STORE_READ, NAS_STORE_WRITE, NAS_STORE_CREATE};
    nas_store *s = NULL;
    size_t n, m;
    raw_sql(p, sql);
    const uint8_t *before = read_all(p, &n);
    for (int i = 0; i < 3; i++) {
        const nas_status st = nas_store_open(p->db, modes[i], &s, &p->err);
        if (st != NAS_EFORMAT) fail_msg("%s: %s", sql, nas_status_name(st));
        if (!strstr(p->err.text, word)) fail_msg("%s: no \"%s\" in: %s", sql, word, p->err.text);
        if (!strstr(p->err.text, p->db)) fail_msg("%s: no file in: %s", sql, p->err.text);
    }
    FAILS(NAS_EFORMAT, nas_store_check(p->db, &p->err));
    const uint8_t *after = read_all(p, &m);
    assert_int_equal(n, m);
    assert_memory_equal(before, after, n);
    assert_int_equal(files_in(p), 1);
}

/* The same file as make() leaves, made once a test. */
static void afresh(place *p) {
    static char of[sizeof p->db];
    static const uint8_t *bytes;
    static size_t n;
    unlink(p->db);
    if (strcmp(of, p->db) != 0) {
        make(p);
        bytes = read_all(p, &n);
        strcpy(of, p->db);
        return;
    }
    OK(nas_file_write(p->db, bytes, n, &p->err));
}

#define SCHEMA "PRAGMA writable_schema=ON; "
static const struct {
    const char *sql, *word;
} crafted[] = {
    /* What would run with our statements. */
    {"CREATE TRIGGER evil AFTER UPDATE ON nas_trials_1 BEGIN DELETE FROM nas_epochs; END",
     "what nas did not make: trigger \"evil\" on nas_trials_1"},
    {"CREATE TRIGGER evil AFTER INSERT ON nas_spaces BEGIN DELETE FROM nas_epochs; END", "evil"},
    {"CREATE TRIGGER nas_front_1_add2 AFTER INSERT ON nas_trials_1 BEGIN SELECT 1; END", "add2"},
    {"CREATE INDEX evil ON nas_trials_1(abs(number))", "more than an index of columns"},
    {"CREATE INDEX evil ON nas_trials_1(number) WHERE abs(number) > 1", "evil"},
    {"CREATE INDEX evil ON nas_trials_1(state COLLATE NOCASE)", "evil"},
    {"CREATE UNIQUE INDEX evil ON nas_epochs(study)", "evil"},
    {"ALTER TABLE nas_trials_1 ADD COLUMN evil AS (abs(number))", "nas_trials_1"},
    {"ALTER TABLE nas_trials_1 ADD COLUMN evil TEXT CHECK (abs(1))", "nas_trials_1"},
    {"ALTER TABLE nas_trials_1 ADD COLUMN evil TEXT DEFAULT 'x'", "nas_trials_1"},
    {"ALTER TABLE nas_epochs ADD COLUMN evil TEXT", "nas_epochs is another"},
    {"DROP VIEW nas_verdicts; CREATE VIEW nas_verdicts AS SELECT 1", "nas_verdicts"},
    {"DROP TABLE nas_epochs; CREATE VIEW nas_epochs AS WITH RECURSIVE c(x) AS (SELECT 1 UNION ALL"
     " SELECT x + 1 FROM c) SELECT x FROM c",
     "nas_epochs"},
    {"CREATE TABLE nas_extra(a)", "nas_extra"},
    {"CREATE VIEW nas_extra AS SELECT 1", "nas_extra"},
    {"CREATE VIRTUAL TABLE mine USING rtree(id, a, b)", "made up by a program"},
    {SCHEMA "UPDATE sqlite_master SET sql = replace(sql, 'wall_seconds REAL', 'wall_seconds REAL"
            " CHECK (abs(1))') WHERE name = 'nas_stages'",
     "nas_stages"},
    /* SQLite goes by the text alone. */
    {SCHEMA "INSERT INTO sqlite_master VALUES('table', 'x', 'x', 0, 'CREATE TRIGGER x AFTER UPDATE"
            " ON nas_trials_1 BEGIN DELETE FROM nas_studies; END')",
     "damaged"},
    {SCHEMA "INSERT INTO sqlite_master VALUES('trigger', 'x', 'mine', 0, 'CREATE TRIGGER x AFTER"
            " UPDATE OF \"on\" ON nas_trials_1 BEGIN DELETE FROM nas_studies; END')",
     "damaged"},
    {SCHEMA "INSERT INTO sqlite_master VALUES('view', 'a\"b', 'a\"b', 0, 'CREATE VIEW \"nas_extra\""
            " AS SELECT 1')",
     "damaged"},
    {SCHEMA "UPDATE sqlite_master SET name = 'kws2', sql = replace(sql, 'nas_trials_1',"
            " 'nas_trials_1 /* ') WHERE name = 'nas_trials_1_state'",
     "damaged"},
    /* Rows that statements are made of. */
    {"UPDATE nas_columns SET name = 'x\" FROM nas_studies); ATTACH ''v'' AS v; --' WHERE position ="
     " 1",
     "nas_columns: a name"},
    {"UPDATE nas_columns SET stored = 'a\"b' WHERE position = 1", "nas_columns: a name"},
    {"UPDATE nas_columns SET name = 'a' || char(0) || '\"' WHERE position = 1", "nas_columns"},
    {"UPDATE nas_columns SET name = x'61' WHERE position = 1", "nas_columns"},
    {"UPDATE nas_columns SET type = 'BLOB'", "nas_columns"},
    {"DELETE FROM nas_columns", "nas_columns: a study without metrics"},
    {"DELETE FROM nas_columns WHERE name = 'accuracy'", "an objective that the study"},
    {"UPDATE nas_studies SET name = 'a b'", "nas_studies: a name"},
    {"UPDATE nas_studies SET name = 'nas_studies'", "nas_studies: a name"},
    {"UPDATE nas_studies SET name = char(27) || '[2J'", "nas_studies: a name"},
    {"UPDATE nas_studies SET id = -1", "nas_studies: a name, a number"},
    {"UPDATE nas_studies SET version = -3", "nas_studies: a name, a number"},
    {"UPDATE nas_studies SET version = 'x'", "nas_studies: a name, a number"},
    {"UPDATE nas_studies SET version = 9", "whose space is not there"},
    {"UPDATE nas_studies SET tie_break = 'a\"b'", "tie-break"},
    {"UPDATE nas_studies SET confidence = 17", "confidence"},
    {"UPDATE nas_studies SET confidence = 0.3", "confidence"},
    {"UPDATE nas_studies SET kernel = 'a' || char(10)", "kernel"},
    {"UPDATE nas_bounds SET op = '> 0 OR 1'", "nas_bounds"},
    {"UPDATE nas_bounds SET bound = 1e999", "nas_bounds"},
    {"UPDATE nas_bounds SET \"column\" = 'no_such'", "nas_bounds"},
    {"UPDATE nas_goals SET \"column\" = 'no_such'", "nas_goals"},
    {"UPDATE nas_spaces SET cursor = -1", "nas_spaces"},
    {"UPDATE nas_spaces SET text = x'00'", "nas_spaces"},
    {"DELETE FROM nas_spaces", "whose space is not there"},
    {"DROP VIEW kws_pareto; DROP TABLE nas_trials_1", "whose trials have no table"},
    {"DROP TABLE nas_goals", "it has no table nas_goals"},
    /* The file as such. */
    {"PRAGMA user_version = 0", "its schema has no version"},
    {"PRAGMA user_version = -5", "its schema has no version"},
};

static void test_refused(void **state) {
    place *p = *state;
    for (size_t i = 0; i < sizeof crafted / sizeof *crafted; i++) {
        afresh(p);
        refused(p, crafted[i].sql, crafted[i].word);
    }
}

static void test_utf16(void **state) {
    place *p = *state;
    raw_sql(p, "PRAGMA encoding='UTF-16le'; PRAGMA application_id=1851880241; PRAGMA"
               " user_version=6; CREATE TABLE nas_studies(id)");
    nas_store *s;
    FAILS(NAS_EFORMAT, nas_store_open(p->db, NAS_STORE_READ, &s, &p->err));
    SAYS("not in UTF-8");
}

/* What people add for themselves stays, and works. */
static void test_left_alone(void **state) {
    place *p = *state;
    make(p);
    raw_sql(
        p,
        "CREATE TABLE mine(id INTEGER PRIMARY KEY, a TEXT CHECK (length(a) > 1), b AS (a || "
        "'x')); CREATE INDEX mine_a ON mine(lower(a)); CREATE VIEW my_best AS SELECT a.* "
        "FROM kws_best a /* mine */; CREATE INDEX my_index ON nas_trials_1(accuracy DESC); "
        "CREATE TRIGGER mine_t AFTER INSERT ON mine BEGIN DELETE FROM mine WHERE id < 0; "
        "END; CREATE VIEW \"odd \"\" name\" AS SELECT 1; CREATE TABLE 'my \"s'(a); CREATE INDEX 'i'"
        " ON 'my \"s'('a'); CREATE VIEW 'my view' AS SELECT 1; CREATE TABLE [t ' \" `](a);"
        " CREATE INDEX [i ' \" `] ON [t ' \" `](a); CREATE TRIGGER 'my t' AFTER INSERT ON"
        " 'my \"s' BEGIN SELECT 1; END; ANALYZE");
    nas_store *s = open_db(p, NAS_STORE_WRITE);
    nas_study def = study_of("kws", 6);
    nas_study_id id;
    OK(nas_store_study(s, &def, &id, &p->err));
    add(p, s, id, 0.99, 800, "complete");
    nas_store_close(s);
    nas_store *r = open_db(p, NAS_STORE_READ);
    assert_string_equal(ask(p, r, "SELECT number FROM my_best"), "3");
    assert_string_equal(ask(p, r, "SELECT count(*) FROM mine"), "0");
    nas_store_close(r);
}

/* A run brings the file up to date between two looks of a reader. */
static void test_migrated_meanwhile(void **state) {
    place *p = *state;
    make(p);
    nas_store *r = open_db(p, NAS_STORE_READ);
    r->schema = nas_schema_version() - 1;
    OK(nas_store_inspect(r, &p->err));
    assert_int_equal(r->schema, nas_schema_version());
    nas_store_close(r);
}

/* The one trigger that is ours by its name: whatever it holds, it changes a front alone. */
static void test_trigger(void **state) {
    static const char *const bodies[] = {
        "DELETE FROM nas_epochs", "UPDATE nas_studies SET name = 'taken'",
        "INSERT INTO mine VALUES(1)", "DELETE FROM nas_front_1 WHERE abs(c0) > 0",
        "UPDATE nas_trials_1 SET state = 'failed'"};
    place *p = *state;
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        char sql[512];
        nas_claim c;
        const char *json;
        const nas_result r = {.state = NAS_COMPLETE, .machine = "test"};
        afresh(p);
        snprintf(sql, sizeof sql,
                 "CREATE TABLE mine(a); DROP TRIGGER nas_front_1_add; CREATE TRIGGER"
                 " nas_front_1_add AFTER UPDATE ON nas_trials_1 BEGIN %s; END",
                 bodies[i]);
        raw_sql(p, sql);
        nas_store *s = open_db(p, NAS_STORE_WRITE);
        const nas_study_id id = {.study = 1, .version = 1};
        assert_int_equal(claim_as(p, s, id, "w", &c, &json), NAS_CLAIMED);
        FAILS(NAS_EFORMAT, nas_store_finish(s, id, &c, "w", &r, &p->err));
        SAYS("damaged");
        /* A run that joins makes it anew. */
        nas_study def = study_of("kws", 7);
        nas_study_id again;
        OK(nas_store_study(s, &def, &again, &p->err));
        assert_true(finish_as(p, s, id, &c, "w", "complete", NULL));
        assert_string_equal(ask(p, s, "SELECT name, (SELECT count(*) FROM mine) FROM nas_studies"),
                            "kws 0");
        nas_store_close(s);
    }
}

/* No statement of ours reaches another file, whatever stands in names. */
static void test_no_way_out(void **state) {
    static const char *const ways[] = {
        "ATTACH 'other.db' AS o",
        "VACUUM INTO 'other.db'",
        "VACUUM",
        "CREATE TEMP TRIGGER t AFTER UPDATE ON nas_studies BEGIN SELECT 1; END",
        "CREATE TABLE o(a)",
        "PRAGMA writable_schema=ON",
        "PRAGMA temp_store_directory='/tmp'",
        "SELECT load_extension('x')",
        "DETACH main",
        "CREATE VIRTUAL TABLE o USING rtree(a,b,c)",
        "UPDATE sqlite_master SET sql = ''",
        "DROP TABLE nas_studies"};
    place *p = *state;
    make(p);
    nas_store *s = open_db(p, NAS_STORE_WRITE), *r = open_db(p, NAS_STORE_READ);
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++) {
        FAILS(NAS_EINVAL, nas_store_query(s, ways[i], NULL, 0, NULL, NULL, &p->err));
        FAILS(NAS_EINVAL, nas_store_query(r, ways[i], NULL, 0, NULL, NULL, &p->err));
    }
    /* A text in double quotes is a column, never a text. */
    FAILS(NAS_EINVAL, nas_store_query(r, "SELECT \"nothing\"", NULL, 0, NULL, NULL, &p->err));
    SAYS("a text stands in single quotes ('nothing')");
    nas_store_close(r);
    nas_store_close(s);
    assert_int_equal(files_in(p), 1);
}

/* A view without end: what nas asks of it fails, and what a person asks may go on. */
static void test_endless(void **state) {
    place *p = *state;
    make(p);
    raw_sql(p, "DROP VIEW nas_progress; CREATE VIEW nas_progress AS WITH RECURSIVE c(x) AS (SELECT"
               " 1 UNION ALL SELECT x + 1 FROM c) SELECT 'kws' AS study, 'running' AS state, x AS"
               " trials FROM c WHERE x < 0");
    nas_store *r = open_db(p, NAS_STORE_READ);
    int64_t n = 0;
    FAILS(NAS_EFORMAT,
          nas_store_query_integer(r, "SELECT sum(trials) FROM nas_progress", NULL, 0, &n, &p->err));
    SAYS("damaged: reading it comes to no end");
    nas_store_close(r);
}

static bool count_answers(void *ctx, int64_t row, int64_t number, const nas_answers *a) {
    (void)row, (void)number, (void)a;
    ++*(int *)ctx;
    return true;
}

/* Blobs that are not as long as their row says. */
static void test_answers(void **state) {
    static const char *const bad[] = {"UPDATE nas_answers SET examples = -1",
                                      "UPDATE nas_answers SET examples = 4294967299",
                                      "UPDATE nas_answers SET \"right\" = x'0000'",
                                      "UPDATE nas_answers SET share = x'00'",
                                      "UPDATE nas_answers SET \"right\" = 'a'",
                                      "UPDATE nas_answers SET error = x'00'",
                                      "UPDATE nas_answers SET examples = 2147483647",
                                      "UPDATE nas_answers SET predicted = 7"};
    place *p = *state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        int n = 0;
        afresh(p);
        raw_sql(p, bad[i]);
        nas_store *r = open_db(p, NAS_STORE_READ);
        const nas_study_id id = {.study = 1, .version = 1};
        FAILS(NAS_EFORMAT, nas_store_answers(r, id, 0, "validation", count_answers, &n, &p->err));
        SAYS("damaged: nas_answers");
        assert_int_equal(n, 0);
        nas_store_close(r);
    }
}

/* Numbers from which samplers would count on. */
static void test_numbers(void **state) {
    static const char *const bad[] = {
        "UPDATE nas_trials_1 SET number = 9223372036854775807 WHERE number = 2",
        "UPDATE nas_trials_1 SET number = number - 1000",
        "UPDATE nas_spaces SET cursor = 9223372036854775807",
        "UPDATE nas_trials_1 SET state = 'waiting', attempt = 2147483647 WHERE number = 1",
        "UPDATE nas_trials_1 SET state = 'waiting', candidate = 'x' WHERE number = 1"};
    place *p = *state;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        nas_claim c;
        nas_claimed what;
        grid g = {.points = 1000};
        const char *json;
        afresh(p);
        raw_sql(p, bad[i]);
        nas_store *s = open_db(p, NAS_STORE_WRITE);
        const nas_study_id id = {.study = 1, .version = 1};
        FAILS(NAS_EFORMAT,
              nas_store_claim(s, id, "w", pick, &g, p->arena, &c, &json, &what, &p->err));
        SAYS("damaged");
        nas_store_close(s);
    }
}

/* SQLite plays a journal back, and removes the file that it names as the journal of several. */
static void test_journal(void **state) {
    place *p = *state;
    char path[128];
    nas_store *s;
    make(p);
    snprintf(path, sizeof path, "%s-journal", p->db);
    OK(nas_file_write(path, "anything", 8, &p->err));
    FAILS(NAS_EFORMAT, nas_store_open(p->db, NAS_STORE_READ, &s, &p->err));
    SAYS("t.db-journal lies beside the database");
    FAILS(NAS_EFORMAT, nas_store_check(p->db, &p->err));
    unlink(path);
    nas_store_close(open_db(p, NAS_STORE_READ));
}

static void shows(const char *text, const char *want) {
    char out[128] = "", one[NAS_VISIBLE];
    for (int n; (n = nas_visible(text, one)); text += n) strcat(out, one);
    assert_string_equal(out, want);
}

static void test_visible(void **state) {
    (void)state;
    shows("plain \xc3\xa9 \xe2\x82\xac \xf0\x9f\x99\x82",
          "plain \xc3\xa9 \xe2\x82\xac \xf0\x9f\x99\x82");
    shows("a\nb\tc\rd\x1b[2J\x7f", "a\\nb\\tc\\rd\\x1b[2J\\x7f");
    shows("\xc2\x9b"
          "31m",
          "\\u009b31m"); /* C1: CSI as one character */
    shows("\x9b"
          "31m\xff",
          "\\x9b31m\\xff"); /* no UTF-8 */
    shows("\xe2\x80\xae"
          "gpj",
          "\\u202egpj");                                 /* right-to-left override */
    shows("\xe2\x80\xa8\xe2\x81\xa6", "\\u2028\\u2066"); /* a line, an isolate */
    shows("\xed\xa0\x80", "\\xed\\xa0\\x80");            /* half of a pair */
    assert_true(nas_is_line("go \xff"));
    assert_false(nas_is_line("go\r"));
    assert_false(nas_is_line("go\xc2\x85"));
    assert_true(nas_has_control("\xff"));
    assert_false(nas_has_control("\xe2\x82\xac"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_refused), T(test_utf16),      T(test_left_alone), T(test_migrated_meanwhile),
        T(test_trigger), T(test_no_way_out), T(test_endless),    T(test_answers),
        T(test_numbers), T(test_journal),    T(test_visible)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
