/* tests/store/test_store.c - the contract of store/store.h: files, names and queries. */
#include "tests/store_place.h"

#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- opening ---- */

static void test_reopen(void **state) {
    place *p = *state;
    nas_study def = study_of("kws_a", 5);
    def.seed = UINT64_MAX;
    nas_study_id id, again;
    nas_store *s = start(p, &def, &id);
    assert_false(id.joined);
    assert_int_equal(id.version, 1);
    add(p, s, id, 0.95, 20000, "complete");
    nas_store_close(s);
    assert_int_equal(files_in(p), 1);

    s = open_db(p, NAS_STORE_WRITE);
    OK(nas_store_study(s, &def, &again, &p->err));
    assert_true(again.joined);
    assert_int_equal(again.study, id.study);
    assert_string_equal(ask(p, s, "SELECT number, state, accuracy FROM kws_a"),
                        "0 complete 0.94999999999999996");
    nas_study got;
    OK(nas_store_find(s, NULL, p->arena, &got, &again, &p->err));
    assert_string_equal(got.name, def.name);
    assert_string_equal(got.task, def.task);
    assert_string_equal(got.space_text, def.space_text);
    assert_string_equal(got.tie_break, def.tie_break);
    assert_true(nas_hash_equal(&got.space_hash, &def.space_hash));
    assert_true(nas_hash_equal(&got.fingerprint, &def.fingerprint));
    assert_true(got.seed == UINT64_MAX);
    assert_int_equal(got.trials, 5);
    assert_int_equal(got.n_params, 3);
    assert_int_equal(got.n_metrics, 3);
    for (int i = 0; i < 3; i++) {
        assert_string_equal(got.params[i].name, params[i].name);
        assert_int_equal(got.params[i].type, params[i].type);
        assert_string_equal(got.metrics[i].name, metrics[i].name);
        assert_int_equal(got.metrics[i].type, metrics[i].type);
    }
    assert_int_equal(got.n_bounds, 2);
    assert_string_equal(got.bounds[1].text, "zlib_bytes < 25000");
    assert_string_equal(got.bounds[1].column, "zlib_bytes");
    assert_true(got.bounds[1].op == NAS_BELOW);
    assert_true(got.bounds[1].bound == 25000);
    assert_int_equal(got.n_goals, 1);
    assert_string_equal(got.goals[0].column, "accuracy");
    assert_true(got.goals[0].direction == NAS_MAXIMIZE);
    assert_string_equal(
        ask(p, s, "SELECT seed, objectives, constraints FROM studies"),
        "18446744073709551615 maximize accuracy accuracy > 0.9, zlib_bytes < 25000");
    nas_store_close(s);
}

static void test_absent(void **state) {
    place *p = *state;
    nas_store *s;
    FAILS(NAS_ENOTFOUND, nas_store_open(p->db, NAS_STORE_WRITE, &s, &p->err));
    assert_null(s);
    FAILS(NAS_ENOTFOUND, nas_store_open(p->db, NAS_STORE_READ, &s, &p->err));
    SAYS(p->db);
    assert_int_equal(files_in(p), 0);
    char deep[128];
    snprintf(deep, sizeof deep, "%s/no/t.db", p->dir);
    FAILS(NAS_ENOTFOUND, nas_store_open(deep, NAS_STORE_CREATE, &s, &p->err));
    FAILS(NAS_EFORMAT, nas_store_open(p->dir, NAS_STORE_CREATE, &s, &p->err));
}

/* What a killed run left beside a database that somebody removed would be played into a new one. */
static void test_leftover_wal(void **state) {
    place *p = *state;
    char wal[128];
    snprintf(wal, sizeof wal, "%s-wal", p->db);
    nas_store *s;
    FILE *f = fopen(wal, "w");
    assert_non_null(f);
    fputs("pages", f);
    fclose(f);
    FAILS(NAS_EFORMAT, nas_store_check(p->db, &p->err));
    SAYS(wal);
    FAILS(NAS_EFORMAT, nas_store_open(p->db, NAS_STORE_CREATE, &s, &p->err));
    SAYS(wal);
    assert_int_equal(files_in(p), 1);
    assert_int_equal(truncate(wal, 0), 0);
    OK(nas_store_check(p->db, &p->err));
    s = open_db(p, NAS_STORE_CREATE);
    nas_store_close(s);
}

static void test_empty_is_removed(void **state) {
    place *p = *state;
    nas_store *s = open_db(p, NAS_STORE_CREATE);
    nas_store_close(s);
    assert_int_equal(files_in(p), 0);
    /* Not while somebody else has it open, who goes on to use it. */
    s = open_db(p, NAS_STORE_CREATE);
    nas_store *other = open_db(p, NAS_STORE_CREATE);
    nas_store_close(s);
    assert_int_equal(access(p->db, F_OK), 0);
    const nas_study def = study_of("kws", 5);
    nas_study_id id;
    OK(nas_store_study(other, &def, &id, &p->err));
    nas_store_close(other);
    assert_int_equal(files_in(p), 1);
    /* A refused study leaves nothing either. */
    assert_int_equal(unlink(p->db), 0);
    s = open_db(p, NAS_STORE_CREATE);
    const nas_study bad = study_of("select", 5);
    FAILS(NAS_EINVAL, nas_store_study(s, &bad, &id, &p->err));
    nas_store_close(s);
    assert_int_equal(files_in(p), 0);
}

/* What SQLite would take for something else is a file like any other, and messages call it so. */
static void test_names(void **state) {
    place *p = *state;
    char here[256], slashes[96];
    assert_non_null(getcwd(here, sizeof here));
    snprintf(slashes, sizeof slashes, "/%s/x.db", p->dir);
    const char *const names[] = {":memory:", "file:x.db",   "file:x.db?mode=memory",
                                 "file:",    "file://y/db", "a%41?#b.db",
                                 slashes};
    assert_int_equal(chdir(p->dir), 0);
    assert_int_equal(mkdir("file:", 0755), 0);
    assert_int_equal(mkdir("file:/y", 0755), 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const bool folder = !strcmp(names[i], "file:");
        snprintf(p->db, sizeof p->db, "%s", names[i]);
        nas_store *s;
        FAILS(folder ? NAS_EFORMAT : NAS_ENOTFOUND,
              nas_store_open(p->db, NAS_STORE_READ, &s, &p->err));
        assert_memory_equal(p->err.text, p->db, strlen(p->db));
        if (folder) continue;
        const nas_study def = study_of("kws", 5);
        nas_study_id id;
        s = start(p, &def, &id);
        add(p, s, id, 0.95, 20000, "complete");
        nas_store_close(s);
        s = open_db(p, NAS_STORE_READ);
        assert_string_equal(ask(p, s, "SELECT number, state FROM kws"), "0 complete");
        nas_store_close(s);
        OK(nas_store_check(p->db, &p->err));
        assert_int_equal(unlink(p->db), 0);
        assert_int_equal(files_in(p), 1); /* the folder "file:" */
    }
    assert_int_equal(chdir(here), 0);
}

static void write_file(place *p, const void *bytes, size_t n) {
    OK(nas_file_write(p->db, bytes, n, &p->err));
}

/* Every way of opening refuses with `word`, and neither the file nor its folder changes. */
static void refused_untouched(place *p, const char *word) {
    uint8_t *before, *after;
    size_t n, m;
    struct stat a, b;
    OK(nas_file_read(p->arena, p->db, 1 << 24, &before, &n, &p->err));
    assert_int_equal(stat(p->db, &a), 0);
    const nas_store_mode modes[] = {NAS_STORE_CREATE, NAS_STORE_WRITE, NAS_STORE_READ};
    for (int i = 0; i < 3; i++) {
        nas_store *s;
        FAILS(NAS_EFORMAT, nas_store_open(p->db, modes[i], &s, &p->err));
        assert_null(s);
        SAYS(word);
        SAYS(p->db);
        assert_int_equal(files_in(p), 1);
    }
    OK(nas_file_read(p->arena, p->db, 1 << 24, &after, &m, &p->err));
    assert_int_equal(stat(p->db, &b), 0);
    assert_int_equal(n, m);
    assert_memory_equal(before, after, n);
    assert_true(a.st_mtim.tv_sec == b.st_mtim.tv_sec && a.st_mtim.tv_nsec == b.st_mtim.tv_nsec);
}

static void test_not_ours(void **state) {
    place *p = *state;
    write_file(p, "hello", 5);
    refused_untouched(p, "not a database");
    char page[8192];
    memset(page, 'x', sizeof page);
    write_file(p, page, sizeof page);
    refused_untouched(p, "not a database");
    write_file(p, "", 0);
    refused_untouched(p, "empty");
    unlink(p->db);
    raw_sql(p, "CREATE TABLE t(x); INSERT INTO t VALUES(1)");
    refused_untouched(p, "another program");
    unlink(p->db);
    raw_sql(p, "PRAGMA journal_mode=WAL; PRAGMA application_id=77; CREATE TABLE t(x)");
    refused_untouched(p, "another program");
}

static void test_newer_schema(void **state) {
    place *p = *state;
    const nas_study def = study_of("kws", 5);
    nas_study_id id;
    nas_store_close(start(p, &def, &id));
    raw_sql(p, "PRAGMA user_version=999");
    refused_untouched(p, "newer nas (schema 999");
}

/* The newer schema stands in the -wal file only, as after a kill. */
static void test_newer_schema_in_wal(void **state) {
    place *p = *state;
    const nas_study def = study_of("kws", 5);
    nas_study_id id;
    nas_store_close(start(p, &def, &id));
    if (fork() == 0) {
        sqlite3 *db;
        sqlite3_open(p->db, &db);
        sqlite3_exec(db, "PRAGMA user_version=999", NULL, NULL, NULL);
        _exit(0);
    }
    wait(NULL);
    char wal[128];
    snprintf(wal, sizeof wal, "%s-wal", p->db);
    uint8_t *before[2], *after[2];
    size_t n[2], m[2];
    OK(nas_file_read(p->arena, p->db, 1 << 24, &before[0], &n[0], &p->err));
    OK(nas_file_read(p->arena, wal, 1 << 24, &before[1], &n[1], &p->err));
    assert_true(n[1] > 0);
    nas_store *s;
    FAILS(NAS_EFORMAT, nas_store_open(p->db, NAS_STORE_WRITE, &s, &p->err));
    SAYS("newer nas");
    FAILS(NAS_EFORMAT, nas_store_open(p->db, NAS_STORE_READ, &s, &p->err));
    OK(nas_file_read(p->arena, p->db, 1 << 24, &after[0], &m[0], &p->err));
    OK(nas_file_read(p->arena, wal, 1 << 24, &after[1], &m[1], &p->err));
    for (int i = 0; i < 2; i++) {
        assert_int_equal(n[i], m[i]);
        assert_memory_equal(before[i], after[i], n[i]);
    }
}

/* ---- queries ---- */

static void test_query_only_reads(void **state) {
    place *p = *state;
    const nas_study def = study_of("kws", 5);
    nas_study_id id;
    nas_store *w = start(p, &def, &id);
    add(p, w, id, 0.95, 20000, "complete");
    nas_store *r = open_db(p, NAS_STORE_READ);
    char attach[128];
    snprintf(attach, sizeof attach, "ATTACH '%s/other.db' AS o", p->dir);
    const char *const bad[] = {
        "DELETE FROM nas_trials_1",
        "INSERT INTO nas_goals VALUES(1, 9, 'x', 1)",
        "UPDATE nas_studies SET seed = 1",
        "WITH x AS (SELECT 1) UPDATE nas_studies SET seed = 1",
        "DROP VIEW kws",
        "CREATE TABLE t(x)",
        "CREATE TEMP TABLE t(x)",
        "VACUUM",
        "VACUUM INTO '/tmp/nas-copy.db'",
        "REINDEX",
        "ANALYZE",
        "BEGIN",
        "COMMIT",
        "SAVEPOINT x",
        attach,
        "DETACH main",
        "PRAGMA user_version = 3",
        "PRAGMA journal_mode = DELETE",
        "PRAGMA writable_schema = 1",
        "PRAGMA query_only = 0",
        "PRAGMA wal_checkpoint",
        "PRAGMA synchronous(OFF)",
        "PRAGMA temp_store_directory = '/tmp'",
        "SELECT load_extension('x')",
        "SELECT 1; SELECT 2",
        "SELECT 1; DELETE FROM nas_trials_1",
        "SELECT 1; nonsense",
        "",
        " ; -- nothing",
        "nonsense",
        "SELECT nonsense FROM kws",
        "SELECT * FROM kwz",
        "EXPLAIN DELETE FROM nas_trials_1",
    };
    nas_store *const both[] = {r, w};
    for (int k = 0; k < 2; k++) {
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
            const nas_status status =
                nas_store_query(both[k], bad[i], NULL, 0, NULL, NULL, &p->err);
            if (status != NAS_EINVAL) fail_msg("%s: %s", bad[i], nas_status_name(status));
        }
        static const char *const good[] = {
            "SELECT * FROM kws",
            "select 1; -- one",
            "WITH x(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM x WHERE n < 5) SELECT * FROM x",
            "VALUES(1, 2)",
            "EXPLAIN QUERY PLAN SELECT * FROM kws",
            "PRAGMA table_info(kws)",
            "SELECT m.name, i.name FROM sqlite_master m, pragma_index_list(m.name) i",
            "SELECT count(*) FROM pragma_table_list",
            "SELECT e.key, t.fullkey FROM json_each('[1, 2]') e, json_tree('{\"a\": 1}') t",
            "PRAGMA user_version",
            "PRAGMA integrity_check",
            "SELECT * FROM studies, trials",
            "SELECT round(avg(k.accuracy) OVER (), 2), json_extract(json, '$.point') FROM kws k "
            "JOIN"
            " nas_trials_1 USING(id)",
        };
        for (size_t i = 0; i < sizeof good / sizeof *good; i++)
            OK(nas_store_query(both[k], good[i], NULL, 0, NULL, NULL, &p->err));
    }
    FAILS(NAS_EINVAL, nas_store_query(r, "SELECT * FROM kwz", NULL, 0, NULL, NULL, &p->err));
    SAYS("kws");
    /* A connection that has not read the schema reports what is wrong in another way. */
    static const char *const first[] = {"SELECT nonsense", "SELECT nonsense FROM kws",
                                        "SELECT nonsense()", "SELECT 1 FROM nonsense"};
    for (size_t i = 0; i < sizeof first / sizeof *first; i++) {
        nas_store *fresh = open_db(p, NAS_STORE_READ);
        FAILS(NAS_EINVAL, nas_store_query(fresh, first[i], NULL, 0, NULL, NULL, &p->err));
        assert_memory_equal(p->err.text, "no such ", 8);
        nas_store_close(fresh);
    }
    shown o = {.most = 2};
    OK(nas_store_query(r, "VALUES(1),(2),(3)", NULL, 0, show, &o, &p->err));
    assert_string_equal(o.text, "1|2");
    const nas_value one = integer(1);
    FAILS(NAS_EINVAL, nas_store_query(r, "SELECT 1", &one, 1, NULL, NULL, &p->err));
    FAILS(NAS_EINVAL, nas_store_study(r, &def, &id, &p->err));
    assert_string_equal(ask(p, r, "SELECT count(*), max(seed) FROM kws, nas_studies"), "1 7");
    nas_store_close(r);
    nas_store_close(w);
    assert_int_equal(files_in(p), 1);
    /* A reader alone leaves nothing behind either. */
    r = open_db(p, NAS_STORE_READ);
    assert_string_equal(ask(p, r, "SELECT count(*) FROM kws"), "1");
    nas_store_close(r);
    assert_int_equal(files_in(p), 1);
}

/* As somebody without rights, in a folder that nothing can be made in. */
static void test_read_only_folder(void **state) {
    place *p = *state;
    const nas_study def = study_of("kws", 5);
    nas_study_id id;
    nas_store *s = start(p, &def, &id);
    add(p, s, id, 0.95, 20000, "complete");
    nas_store_close(s);
    chmod(p->db, 0444);
    chmod(p->dir, 0555);
    const pid_t child = fork();
    if (child == 0) {
        if (getuid() == 0 && setuid(65534)) _exit(9);
        if (nas_store_open(p->db, NAS_STORE_WRITE, &s, &p->err) != NAS_EIO) _exit(1);
        if (nas_store_open(p->db, NAS_STORE_READ, &s, &p->err) != NAS_OK) _exit(2);
        shown o = {.rows = 0};
        if (nas_store_query(s, "SELECT number, state FROM kws", NULL, 0, show, &o, &p->err) !=
            NAS_OK)
            _exit(3);
        nas_store_close(s);
        _exit(strcmp(o.text, "0 complete") ? 4 : 0);
    }
    int status;
    waitpid(child, &status, 0);
    chmod(p->dir, 0755);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_int_equal(files_in(p), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_reopen),
        T(test_absent),
        T(test_leftover_wal),
        T(test_empty_is_removed),
        T(test_not_ours),
        T(test_newer_schema),
        T(test_newer_schema_in_wal),
        T(test_query_only_reads),
        T(test_read_only_folder),
        T(test_names),
    };
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
