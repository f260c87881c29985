/* tests/test_store.c - the contract of store/store.h. */
#include "base/clock.h"
#include "base/file.h"
#include "base/rng.h"
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* ---- what the tests share ---- */

typedef struct place {
    char dir[64], db[96];
    nas_arena *arena;
    nas_err err;
} place;

static int enter(void **state) {
    place *p = calloc(1, sizeof *p);
    if (!p) return -1;
    strcpy(p->dir, "/tmp/nas-store-XXXXXX");
    if (!mkdtemp(p->dir)) return -1;
    snprintf(p->db, sizeof p->db, "%s/t.db", p->dir);
    *state = p;
    return nas_arena_open(&p->arena, &p->err) == NAS_OK ? 0 : -1;
}

static int leave(void **state) {
    place *p = *state;
    nas_arena_close(p->arena);
    const nas_status status = nas_dir_remove(p->dir, &p->err);
    free(p);
    return status == NAS_OK ? 0 : -1;
}

#define OK(expr)                                                                  \
    do {                                                                          \
        const nas_status ok_ = (expr);                                            \
        if (ok_ != NAS_OK) fail_msg("%s: %s", nas_status_name(ok_), p->err.text); \
    } while (0)
#define FAILS(status, expr)                                                                  \
    do {                                                                                     \
        const nas_status got_ = (expr);                                                      \
        if (got_ != (status))                                                                \
            fail_msg("%s expected, got %s", nas_status_name(status), nas_status_name(got_)); \
    } while (0)
#define SAYS(word)                                                                       \
    do {                                                                                 \
        if (!strstr(p->err.text, word)) fail_msg("no \"%s\" in: %s", word, p->err.text); \
    } while (0)

static const nas_column params[] = {
    {"model_width", NAS_COLUMN_REAL},
    {"train_epochs", NAS_COLUMN_INTEGER},
    {"quantize", NAS_COLUMN_TEXT},
};
static const nas_column metrics[] = {
    {"accuracy", NAS_COLUMN_REAL},
    {"zlib_bytes", NAS_COLUMN_INTEGER},
    {"total_ms_hi", NAS_COLUMN_REAL},
};
static const nas_bound bounds[] = {
    {"accuracy > 0.9", "accuracy", ">", 0.9},
    {"zlib_bytes < 25000", "zlib_bytes", "<", 25000},
};
static const nas_goal goals[] = {{"accuracy", true}};

static nas_study study_of(const char *name, int64_t trials) {
    return (nas_study){
        .name = name,
        .task = "keywords",
        .space_text = "{\"it's\": \"a space\"}",
        .space_hash = nas_hash_of("space", 5),
        .fingerprint = nas_hash_of("clips", 5),
        .seed = 7,
        .trials = trials,
        .n_params = 3,
        .n_metrics = 3,
        .n_bounds = 2,
        .n_goals = 1,
        .params = params,
        .metrics = metrics,
        .bounds = bounds,
        .goals = goals,
        .tie_break = "zlib_bytes",
    };
}

static nas_value real(double v) {
    return (nas_value){.type = NAS_COLUMN_REAL, .real = v};
}
static nas_value integer(int64_t v) {
    return (nas_value){.type = NAS_COLUMN_INTEGER, .integer = v};
}
static nas_value text(const char *v) {
    return (nas_value){.type = NAS_COLUMN_TEXT, .text = v};
}
static const nas_value null = {.is_null = true};

static nas_hash hash_of_number(int64_t n) {
    return nas_hash_of(&n, sizeof n);
}

/* Picks like a grid of `ctx` points; trial n has values that tell n. */
typedef struct grid {
    int64_t points;
    char json[64];
} grid;

static nas_status pick(void *ctx, int64_t number, int64_t *cursor, nas_value *values,
                       nas_picked *out, nas_err *err) {
    grid *g = ctx;
    (void)err;
    if (*cursor >= g->points) {
        out->exhausted = true;
        return NAS_OK;
    }
    values[0] = real(0.1 * (double)number);
    values[1] = integer(number);
    values[2] = number % 2 ? text("int8") : null;
    out->candidate = hash_of_number(*cursor);
    snprintf(g->json, sizeof g->json, "{\"point\": %lld}", (long long)*cursor);
    out->json = g->json;
    ++*cursor;
    return NAS_OK;
}

static nas_claimed claim_as(place *p, nas_store *s, nas_study_id id, const char *worker,
                            nas_claim *c, const char **json) {
    grid g = {.points = 1000000000};
    nas_claimed what;
    OK(nas_store_claim(s, id, worker, pick, &g, p->arena, c, json, &what, &p->err));
    return what;
}

static bool finish_as(place *p, nas_store *s, nas_study_id id, const nas_claim *c,
                      const char *worker, const char *state, const nas_value *values) {
    const nas_result r = {.state = state, .metrics = values, .seconds = 2, .machine = "test"};
    bool kept = false;
    OK(nas_store_finish(s, id, c, worker, &r, &kept, &p->err));
    return kept;
}

/* Claims and completes the next trial with these metrics. */
static void add_slow(place *p, nas_store *s, nas_study_id id, double accuracy, int64_t bytes,
                     double ms, const char *state) {
    nas_claim c;
    const char *json;
    assert_int_equal(claim_as(p, s, id, "w", &c, &json), NAS_CLAIMED);
    const nas_value m[3] = {isnan(accuracy) ? null : real(accuracy), integer(bytes), real(ms)};
    assert_true(finish_as(p, s, id, &c, "w", state, m));
}

static void add(place *p, nas_store *s, nas_study_id id, double accuracy, int64_t bytes,
                const char *state) {
    add_slow(p, s, id, accuracy, bytes, 1, state);
}

/* All values of a result as one text: columns by spaces, rows by |. */
typedef struct shown {
    char text[4096];
    int rows, most;
} shown;

static bool show(void *ctx, const nas_row *row) {
    shown *o = ctx;
    char *at = o->text + strlen(o->text), *end = o->text + sizeof o->text;
    if (o->rows++) at += snprintf(at, (size_t)(end - at), "|");
    for (int32_t i = 0; i < row->n; i++) {
        const nas_value *v = &row->values[i];
        if (i) at += snprintf(at, (size_t)(end - at), " ");
        if (v->is_null)
            at += snprintf(at, (size_t)(end - at), "NULL");
        else if (v->type == NAS_COLUMN_INTEGER)
            at += snprintf(at, (size_t)(end - at), "%lld", (long long)v->integer);
        else if (v->type == NAS_COLUMN_REAL)
            at += snprintf(at, (size_t)(end - at), "%.17g", v->real);
        else if (v->type == NAS_COLUMN_BLOB)
            at += snprintf(at, (size_t)(end - at), "blob of %lld", (long long)v->integer);
        else
            at += snprintf(at, (size_t)(end - at), "%s", v->text);
    }
    return o->most == 0 || o->rows < o->most;
}

static const char *ask(place *p, nas_store *s, const char *sql) {
    shown *o = nas_arena_alloc(p->arena, sizeof *o, &p->err);
    assert_non_null(o);
    OK(nas_store_query(s, sql, NULL, 0, show, o, &p->err));
    return o->text;
}

static nas_store *open_db(place *p, nas_store_mode mode) {
    nas_store *s = NULL;
    OK(nas_store_open(p->db, mode, &s, &p->err));
    return s;
}

static nas_store *start(place *p, const nas_study *def, nas_study_id *id) {
    nas_store *s = open_db(p, NAS_STORE_CREATE);
    OK(nas_store_study(s, def, id, &p->err));
    return s;
}

static int files_in(place *p) {
    char **names;
    size_t n;
    OK(nas_dir_list(p->arena, p->dir, &names, &n, &p->err));
    return (int)n;
}

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
    assert_string_equal(got.bounds[1].op, "<");
    assert_true(got.bounds[1].bound == 25000);
    assert_int_equal(got.n_goals, 1);
    assert_string_equal(got.goals[0].column, "accuracy");
    assert_true(got.goals[0].maximize);
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

static void raw_sql(place *p, const char *sql) {
    sqlite3 *db;
    assert_int_equal(sqlite3_open(p->db, &db), SQLITE_OK);
    char *text_ = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &text_) != SQLITE_OK) fail_msg("%s", text_);
    sqlite3_close(db);
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

/* ---- studies ---- */

static void test_names(void **state) {
    place *p = *state;
    static const char *const bad[] = {
        "",
        "select",
        "Table",
        "trials",
        "STUDIES",
        "nas_x",
        "sqlite_x",
        "a-b",
        "a b",
        "a\"b",
        "8words",
        "kws_best",
        "x_pareto",
        "x_Feasible",
        "x_rejected",
        "gr\303\266\303\237e",
        "a;b",
        "order",
        "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        FAILS(NAS_EINVAL, nas_store_check_name(bad[i], &p->err));
        if (*bad[i]) SAYS(bad[i]);
    }
    static const char *const good[] = {"kws_a", "demo", "A1", "_x", "best", "best_of_all"};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        OK(nas_store_check_name(good[i], &p->err));
}

static void test_other_data_or_seed(void **state) {
    place *p = *state;
    nas_study def = study_of("kws", 5);
    nas_study_id id;
    nas_store *s = start(p, &def, &id);
    char was[65], now[65];
    nas_hash_hex(&def.fingerprint, was);
    def.fingerprint = nas_hash_of("others", 6);
    nas_hash_hex(&def.fingerprint, now);
    was[12] = now[12] = '\0';
    FAILS(NAS_EINVAL, nas_store_study(s, &def, &id, &p->err));
    SAYS(was);
    SAYS(now);
    def = study_of("kws", 5);
    def.seed = 8;
    FAILS(NAS_EINVAL, nas_store_study(s, &def, &id, &p->err));
    SAYS("seed 7");
    SAYS("with 8");
    def = study_of("KWS", 5);
    FAILS(NAS_EINVAL, nas_store_study(s, &def, &id, &p->err));
    def = study_of("kws", 5);
    OK(nas_store_study(s, &def, &id, &p->err));
    nas_store_close(s);
}

static void test_bad_columns(void **state) {
    place *p = *state;
    nas_store *s = open_db(p, NAS_STORE_CREATE);
    nas_study_id id;
    static const char *const names[] = {"State", "id", "accuracy", "a.b", "", "x\" INTEGER, \"y"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        nas_study def = study_of("kws", 5);
        const nas_column odd[1] = {{names[i], NAS_COLUMN_REAL}};
        def.params = odd;
        def.n_params = 1;
        FAILS(NAS_EINVAL, nas_store_study(s, &def, &id, &p->err));
        SAYS(names[i]);
    }
    nas_study def = study_of("kws", 5);
    const nas_bound none[1] = {{"speed > 1", "speed", ">", 1}};
    def.bounds = none;
    def.n_bounds = 1;
    FAILS(NAS_EINVAL, nas_store_study(s, &def, &id, &p->err));
    SAYS("speed > 1");
    const nas_goal nowhere[1] = {{"beauty", true}};
    def = study_of("kws", 5);
    def.goals = nowhere;
    FAILS(NAS_EINVAL, nas_store_study(s, &def, &id, &p->err));
    nas_store_close(s);
    assert_int_equal(files_in(p), 0);
}

static void test_two_studies(void **state) {
    place *p = *state;
    nas_study def = study_of("one", 5), got;
    nas_study_id one, two;
    nas_store *s = start(p, &def, &one);
    add(p, s, one, 0.95, 20000, "complete");
    nas_study second = study_of("two", 5);
    second.n_metrics = 2; /* without total_ms_hi */
    OK(nas_store_study(s, &second, &two, &p->err));
    add(p, s, two, 0.5, 100, "complete");
    assert_string_equal(ask(p, s, "SELECT name FROM pragma_table_info('trials')"),
                        "study|number|state|reason|accuracy|zlib_bytes|seconds");
    assert_string_equal(ask(p, s, "SELECT study, number, state, zlib_bytes FROM trials"),
                        "one 0 complete 20000|two 0 complete 100");
    nas_study_id id;
    FAILS(NAS_ENOTFOUND, nas_store_find(s, NULL, p->arena, &got, &id, &p->err));
    SAYS("one, two");
    FAILS(NAS_ENOTFOUND, nas_store_find(s, "three", p->arena, &got, &id, &p->err));
    SAYS("one, two");
    OK(nas_store_find(s, "two", p->arena, &got, &id, &p->err));
    assert_int_equal(id.study, two.study);
    assert_int_equal(got.n_metrics, 2);
    nas_store_close(s);
}

static void test_many_studies(void **state) {
    place *p = *state;
    nas_store *s = open_db(p, NAS_STORE_CREATE);
    nas_study_id id;
    for (int i = 0; i < 203; i++) {
        char name[16];
        snprintf(name, sizeof name, "s%d", i);
        const nas_study def = study_of(name, 5);
        OK(nas_store_study(s, &def, &id, &p->err));
        if (i % 40 == 2) add(p, s, id, 0.95, i, "complete");
    }
    assert_string_equal(ask(p, s, "SELECT count(*), sum(zlib_bytes), max(study) FROM trials"),
                        "6 612 s82");
    nas_store_close(s);
}

static void test_new_version(void **state) {
    place *p = *state;
    nas_study def = study_of("kws", 5);
    nas_study_id v1, v2, back;
    nas_store *s = start(p, &def, &v1);
    add(p, s, v1, 0.95, 20000, "complete");
    add(p, s, v1, 0.96, 20000, "complete");

    const nas_column more[] = {
        {"train_epochs", NAS_COLUMN_TEXT}, /* another type than before */
        {"prune_to", NAS_COLUMN_REAL},
        {"model_width", NAS_COLUMN_REAL},
    };
    nas_study changed = def;
    changed.space_hash = nas_hash_of("space 2", 7);
    changed.params = more;
    OK(nas_store_study(s, &changed, &v2, &p->err));
    assert_int_equal(v2.study, v1.study);
    assert_int_equal(v2.version, 2);
    assert_false(v2.joined);
    assert_string_equal(ask(p, s, "SELECT count(*) FROM kws"), "0");
    nas_claim c;
    const char *json;
    grid g = {.points = 10};
    nas_claimed what;
    OK(nas_store_claim(s, v2, "w", pick, &g, p->arena, &c, &json, &what, &p->err));
    assert_int_equal(c.number, 0); /* counts within the version */
    assert_true(finish_as(p, s, v2, &c, "w", "complete", NULL));
    assert_string_equal(ask(p, s, "SELECT number, prune_to, typeof(train_epochs) FROM kws"),
                        "0 0 text");
    assert_string_equal(ask(p, s, "SELECT count(*) FROM nas_trials_1 WHERE version = 1"), "2");

    /* The first space again: its version goes on. */
    OK(nas_store_study(s, &def, &back, &p->err));
    assert_int_equal(back.version, 1);
    assert_true(back.joined);
    assert_string_equal(ask(p, s, "SELECT number, train_epochs, accuracy > 0.955 FROM kws"),
                        "0 0 0|1 1 1");
    nas_store_close(s);
}

/* Completes trial `number` of version id with an artefact, an epoch and a step that tell it. */
static void add_whole(place *p, nas_store *s, nas_study_id id, int64_t number, const char *state) {
    nas_claim c;
    const char *json;
    assert_int_equal(claim_as(p, s, id, "w", &c, &json), NAS_CLAIMED);
    assert_int_equal(c.number, number);
    assert_int_equal(c.reuse, 0);
    char bytes[16];
    snprintf(bytes, sizeof bytes, "model %lld", (long long)number);
    const bool good = !strcmp(state, "complete");
    const nas_value m[3] = {good ? real(0.91 + 0.01 * (double)number) : null, integer(number),
                            real(1.5)};
    const nas_epoch_row epoch = {1, number, 0, 0, 0, 0};
    const nas_step_row step = {"dense", 0.5, number, number};
    const nas_artefact file = {"model.tflite", bytes, strlen(bytes)};
    const nas_result r = {.state = state,
                          .reason = good ? NULL : "why not",
                          .metrics = m,
                          .seconds = 9,
                          .machine = "old machine",
                          .n_epochs = 1,
                          .n_steps = 1,
                          .n_artefacts = 1,
                          .epochs = &epoch,
                          .steps = &step,
                          .artefacts = &file};
    bool kept;
    OK(nas_store_finish(s, id, &c, "w", &r, &kept, &p->err));
    assert_true(kept);
}

static nas_claim claim_and_reuse(place *p, nas_store *s, nas_study_id id) {
    nas_claim c;
    const char *json;
    bool kept;
    assert_int_equal(claim_as(p, s, id, "w2", &c, &json), NAS_CLAIMED);
    if (!c.reuse) fail_msg("trial %lld is not reused", (long long)c.number);
    OK(nas_store_reuse(s, id, &c, "w2", &kept, &p->err));
    assert_true(kept);
    return c;
}

/* What one version of the space trained, another one does not train again. */
static void test_reuse(void **state) {
    place *p = *state;
    nas_study def = study_of("kws", 9);
    nas_study_id v1, v2, v3;
    nas_store *s = start(p, &def, &v1);
    static const char *const states[] = {"complete", "diverged", "rejected", "failed", "complete"};
    for (int64_t i = 0; i < 5; i++) add_whole(p, s, v1, i, states[i]);

    /* Other parameters, and a metric under another column: it goes by its name. */
    const nas_column other_params[] = {{"train_epochs", NAS_COLUMN_TEXT},
                                       {"model_width", NAS_COLUMN_REAL},
                                       {"zlib_limit", NAS_COLUMN_REAL}};
    const nas_column other_metrics[] = {{"total_ms_hi", NAS_COLUMN_REAL},
                                        {"zlib_bytes", NAS_COLUMN_REAL},
                                        {"accuracy", NAS_COLUMN_REAL}};
    nas_study changed = def;
    changed.space_hash = nas_hash_of("space 2", 7);
    changed.params = other_params;
    changed.metrics = other_metrics;
    OK(nas_store_study(s, &changed, &v2, &p->err));
    const nas_claim first = claim_and_reuse(p, s, v2);
    assert_int_equal(first.reuse, 1);
    assert_string_equal(ask(p, s,
                            "SELECT number, state, accuracy, zlib_bytes, total_ms_hi,"
                            " seconds, machine, worker, reused, id FROM kws"),
                        "0 complete 0.91000000000000003 0 1.5 0 old machine w2 1 6");
    assert_string_equal(ask(p, s, "SELECT typeof(zlib_bytes), finished IS NOT NULL FROM kws"),
                        "real 1");
    uint8_t *bytes;
    size_t n;
    OK(nas_store_artefact(s, v2, first.id, "model.tflite", p->arena, &bytes, &n, &p->err));
    assert_int_equal(n, 7);
    assert_memory_equal(bytes, "model 0", 7);
    assert_string_equal(ask(p, s, "SELECT count(*) FROM nas_artefacts"), "5");

    /* Diverging is a result; being rejected or failing is none. */
    assert_int_equal(claim_and_reuse(p, s, v2).reuse, 2);
    assert_string_equal(ask(p, s, "SELECT state, reason, accuracy FROM kws WHERE number = 1"),
                        "diverged why not NULL");
    nas_claim c;
    const char *json;
    bool kept;
    for (int64_t i = 2; i < 4; i++) {
        assert_int_equal(claim_as(p, s, v2, "w", &c, &json), NAS_CLAIMED);
        assert_int_equal(c.number, i);
        assert_int_equal(c.reuse, 0);
        FAILS(NAS_EINVAL, nas_store_reuse(s, v2, &c, "w", &kept, &p->err));
        assert_true(finish_as(p, s, v2, &c, "w", "failed", NULL));
    }

    /* A claim that was lost writes nothing. */
    changed.space_hash = nas_hash_of("space 3", 7);
    OK(nas_store_study(s, &changed, &v3, &p->err));
    (void)claim_and_reuse(p, s, v3);
    assert_int_equal(claim_as(p, s, v3, "w2", &c, &json), NAS_CLAIMED);
    OK(nas_store_reuse(s, v3, &c, "somebody else", &kept, &p->err));
    assert_false(kept);
    assert_string_equal(ask(p, s, "SELECT state FROM kws WHERE number = 1"), "running");
    nas_store_close(s);
}

/* The row that was trained is named, not one that reused it. */
static void test_reuse_twice(void **state) {
    place *p = *state;
    nas_study def = study_of("kws", 9), second = def, third = def;
    second.space_hash = nas_hash_of("space 2", 7);
    third.space_hash = nas_hash_of("space 3", 7);
    nas_study_id v1, v2, v3;
    nas_store *s = start(p, &def, &v1);
    add_whole(p, s, v1, 0, "complete");
    OK(nas_store_study(s, &second, &v2, &p->err));
    (void)claim_and_reuse(p, s, v2);
    add_whole(p, s, v2, 1, "complete"); /* row 3 */
    OK(nas_store_study(s, &def, &v1, &p->err));
    assert_int_equal(claim_and_reuse(p, s, v1).reuse, 3); /* becomes row 4 */
    OK(nas_store_study(s, &third, &v3, &p->err));
    (void)claim_and_reuse(p, s, v3);
    const nas_claim c = claim_and_reuse(p, s, v3);
    assert_int_equal(c.reuse, 4);
    assert_string_equal(ask(p, s, "SELECT number, state, reused FROM kws"),
                        "0 complete 1|1 complete 3");
    uint8_t *bytes;
    size_t n;
    OK(nas_store_artefact(s, v3, c.id, "model.tflite", p->arena, &bytes, &n, &p->err));
    assert_memory_equal(bytes, "model 1", 7);
    nas_store_close(s);
}

/* A trial from before a constraint's metric was measured does not answer it. */
static void test_reuse_needs_metrics(void **state) {
    place *p = *state;
    nas_study def = study_of("kws", 9);
    def.n_metrics = 2;
    nas_study_id v1, v2;
    nas_store *s = start(p, &def, &v1);
    add_whole(p, s, v1, 0, "complete");
    add_whole(p, s, v1, 1, "diverged");
    const nas_bound late[] = {{"total_ms < 3", "total_ms_hi", "<", 3}};
    def.n_metrics = 3;
    def.bounds = late;
    def.n_bounds = 1;
    def.space_hash = nas_hash_of("space 2", 7);
    OK(nas_store_study(s, &def, &v2, &p->err));
    nas_claim c;
    const char *json;
    assert_int_equal(claim_as(p, s, v2, "w", &c, &json), NAS_CLAIMED);
    assert_int_equal(c.reuse, 0);
    const nas_value without[3] = {real(0.95), integer(1), null};
    assert_true(finish_as(p, s, v2, &c, "w", "complete", without));
    assert_int_equal(claim_and_reuse(p, s, v2).number, 1);
    def.space_hash = nas_hash_of("space 3", 7);
    OK(nas_store_study(s, &def, &v2, &p->err));
    assert_int_equal(claim_as(p, s, v2, "w", &c, &json), NAS_CLAIMED);
    assert_int_equal(c.reuse, 0);
    nas_store_close(s);
}

/* A waiting trial that is taken again is looked up too; what its first attempt left goes. */
static void test_reuse_of_waiting(void **state) {
    place *p = *state;
    nas_study def = study_of("kws", 9), changed = def;
    changed.space_hash = nas_hash_of("space 2", 7);
    nas_study_id v1, v2;
    nas_store *s = start(p, &changed, &v2);
    nas_claim c;
    const char *json;
    bool kept;
    assert_int_equal(claim_as(p, s, v2, "w", &c, &json), NAS_CLAIMED);
    const nas_epoch_row epoch = {1, 1, 0, 0, 0, 0};
    const nas_result back = {.state = "waiting", .n_epochs = 1, .epochs = &epoch};
    OK(nas_store_finish(s, v2, &c, "w", &back, &kept, &p->err));
    OK(nas_store_study(s, &def, &v1, &p->err));
    add_whole(p, s, v1, 0, "complete");
    OK(nas_store_study(s, &changed, &v2, &p->err));
    assert_true(v2.joined);
    c = claim_and_reuse(p, s, v2);
    assert_int_equal(c.attempt, 2);
    assert_string_equal(ask(p, s, "SELECT state, reused, attempt FROM kws"), "complete 2 2");
    assert_string_equal(ask(p, s, "SELECT trial FROM nas_epochs"), "2");
    nas_store_close(s);
}

/* tests/golden/store_v1.sql is a file of schema 1 as it was written then: two studies of two
 * complete trials each. */
static void test_migration(void **state) {
    place *p = *state;
    uint8_t *sql;
    size_t n;
    OK(nas_file_read(p->arena, "tests/golden/store_v1.sql", 1 << 20, &sql, &n, &p->err));
    char *text_ = nas_arena_format(p->arena, &p->err, "%.*s", (int)n, (const char *)sql);
    raw_sql(p, text_);
    raw_sql(p, "PRAGMA application_id=1851880241; PRAGMA user_version=1");
    nas_store *s;
    FAILS(NAS_EFORMAT, nas_store_open(p->db, NAS_STORE_READ, &s, &p->err));
    SAYS("older nas (schema 1, this one has 4)");
    s = open_db(p, NAS_STORE_WRITE);
    assert_string_equal(ask(p, s, "PRAGMA user_version"), "4");
    assert_string_equal(ask(p, s, "SELECT number, accuracy, zlib_bytes, reused FROM kws"),
                        "0 0.91000000000000003 1000 NULL|1 0.92000000000000004 1001 NULL");
    assert_string_equal(ask(p, s, "SELECT study, count(*) FROM trials GROUP BY 1"),
                        "kws 2|other 2");
    assert_string_equal(ask(p, s, "SELECT count(*) FROM nas_steps"), "0");
    assert_string_equal(ask(p, s, "SELECT study, state, trials FROM nas_progress"),
                        "kws complete 2|other complete 2");
    assert_string_equal(ask(p, s, "SELECT number FROM kws_pareto"), "1");
    nas_study def = study_of("kws", 9);
    def.n_bounds = 1;
    nas_study_id id;
    OK(nas_store_study(s, &def, &id, &p->err));
    assert_true(id.joined && id.version == 1);
    add_whole(p, s, id, 2, "complete");
    /* Its old trials are found by a new version. */
    def.space_hash = nas_hash_of("space 2", 7);
    OK(nas_store_study(s, &def, &id, &p->err));
    const nas_claim c = claim_and_reuse(p, s, id);
    assert_int_equal(c.reuse, 1);
    uint8_t *bytes;
    OK(nas_store_artefact(s, id, c.id, "model.tflite", p->arena, &bytes, &n, &p->err));
    assert_int_equal(n, 5);
    nas_store_close(s);
    nas_store_close(open_db(p, NAS_STORE_READ));
}

static void test_changed_aims(void **state) {
    place *p = *state;
    nas_study def = study_of("kws", 2);
    nas_study_id id;
    nas_store *s = start(p, &def, &id);
    add(p, s, id, 0.95, 30000, "complete");
    add(p, s, id, NAN, 50000, "rejected");
    nas_claim c;
    const char *json;
    assert_int_equal(claim_as(p, s, id, "w", &c, &json), NAS_CLAIM_NONE_LEFT);
    assert_string_equal(ask(p, s, "SELECT count(*) FROM kws_feasible"), "0");
    const nas_bound wider[1] = {{"zlib_bytes<=30000", "zlib_bytes", "<=", 30000}};
    def.bounds = wider;
    def.n_bounds = 1;
    OK(nas_store_study(s, &def, &id, &p->err));
    assert_true(id.joined);
    assert_string_equal(ask(p, s, "SELECT number FROM kws_feasible"), "0");
    /* What the old bounds rejected is judged again. */
    assert_int_equal(claim_as(p, s, id, "w", &c, &json), NAS_CLAIMED);
    assert_int_equal(c.number, 1);
    assert_true(finish_as(p, s, id, &c, "w", "rejected", NULL));
    assert_int_equal(claim_as(p, s, id, "w", &c, &json), NAS_CLAIM_NONE_LEFT);
    def.trials = 3;
    OK(nas_store_study(s, &def, &id, &p->err));
    assert_int_equal(claim_as(p, s, id, "w", &c, &json), NAS_CLAIMED);
    assert_int_equal(c.number, 2);
    nas_store_close(s);
}

/* ---- claims ---- */

static void test_claims(void **state) {
    place *p = *state;
    const nas_study def = study_of("kws", -1);
    nas_study_id id;
    nas_store *s = start(p, &def, &id);
    grid g = {.points = 3};
    nas_claim c[3], extra;
    bool has_it = true;
    const char *json;
    nas_claimed what;
    for (int i = 0; i < 3; i++) {
        OK(nas_store_claim(s, id, "w1", pick, &g, p->arena, &c[i], &json, &what, &p->err));
        assert_int_equal(what, NAS_CLAIMED);
        assert_int_equal(c[i].number, i);
        assert_int_equal(c[i].attempt, 1);
        const nas_hash h = hash_of_number(i);
        assert_true(nas_hash_equal(&c[i].candidate, &h));
        bool has = false;
        OK(nas_store_has_candidate(s, id, &h, &has, &p->err));
        assert_true(has);
    }
    bool has = true;
    const nas_hash other = hash_of_number(3);
    OK(nas_store_has_candidate(s, id, &other, &has, &p->err));
    assert_false(has);
    OK(nas_store_claim(s, id, "w2", pick, &g, p->arena, &extra, &json, &what, &p->err));
    assert_int_equal(what, NAS_CLAIM_WAIT);

    /* Given back: taken again, lowest number first, with its document. */
    assert_true(finish_as(p, s, id, &c[2], "w1", "waiting", NULL));
    assert_true(finish_as(p, s, id, &c[1], "w1", "waiting", NULL));
    OK(nas_store_claim(s, id, "w2", pick, &g, p->arena, &extra, &json, &what, &p->err));
    assert_int_equal(what, NAS_CLAIMED);
    assert_int_equal(extra.number, 1);
    assert_int_equal(extra.attempt, 2);
    assert_int_equal(extra.id, c[1].id);
    assert_true(nas_hash_equal(&extra.candidate, &c[1].candidate));
    assert_string_equal(json, "{\"point\": 1}");
    /* The worker that had it before can no longer write. */
    const nas_epoch_row late = {.epoch = 0};
    const nas_result stale = {.state = "complete", .n_epochs = 1, .epochs = &late};
    OK(nas_store_finish(s, id, &c[1], "w1", &stale, &has_it, &p->err));
    assert_false(has_it);
    assert_string_equal(ask(p, s, "SELECT count(*) FROM nas_epochs"), "0");
    FAILS(NAS_EBUSY, nas_store_heartbeat(s, id, &c[1], "w1", &p->err));
    OK(nas_store_heartbeat(s, id, &extra, "w2", &p->err));
    assert_string_equal(ask(p, s, "SELECT state, worker FROM kws WHERE number = 1"), "running w2");
    assert_true(finish_as(p, s, id, &extra, "w2", "complete", NULL));
    /* Finished twice: the second does nothing. */
    assert_false(finish_as(p, s, id, &extra, "w2", "failed", NULL));
    assert_true(finish_as(p, s, id, &c[0], "w1", "diverged", NULL));
    OK(nas_store_claim(s, id, "w2", pick, &g, p->arena, &extra, &json, &what, &p->err));
    assert_int_equal(extra.number, 2);
    assert_true(finish_as(p, s, id, &extra, "w2", "failed", NULL));
    OK(nas_store_claim(s, id, "w2", pick, &g, p->arena, &extra, &json, &what, &p->err));
    assert_int_equal(what, NAS_CLAIM_NONE_LEFT);
    nas_result odd = {.state = "happy"};
    FAILS(NAS_EINVAL, nas_store_finish(s, id, &extra, "w2", &odd, &has, &p->err));
    nas_store_close(s);
}

static nas_status pick_fails(void *ctx, int64_t number, int64_t *cursor, nas_value *values,
                             nas_picked *out, nas_err *err) {
    (void)ctx, (void)values, (void)out, (void)number;
    *cursor += 5;
    return nas_fail(err, NAS_EINVAL, "no such point");
}

static void test_pick_fails(void **state) {
    place *p = *state;
    const nas_study def = study_of("kws", 5);
    nas_study_id id;
    nas_store *s = start(p, &def, &id);
    nas_claim c;
    const char *json;
    nas_claimed what;
    FAILS(NAS_EINVAL,
          nas_store_claim(s, id, "w", pick_fails, NULL, p->arena, &c, &json, &what, &p->err));
    SAYS("no such point");
    assert_int_equal(claim_as(p, s, id, "w", &c, &json), NAS_CLAIMED);
    assert_int_equal(c.number, 0);
    assert_string_equal(json, "{\"point\": 0}"); /* the cursor did not move */
    nas_store_close(s);
}

static bool is_dead(void *ctx, const char *worker, double silent) {
    assert_true(silent >= 0 && silent < 60);
    return !strcmp(worker, ctx);
}

static void test_reap(void **state) {
    place *p = *state;
    const nas_study def = study_of("kws", 3);
    nas_study_id id;
    nas_store *s = start(p, &def, &id);
    nas_claim a, b;
    const char *json;
    int32_t n = 9;
    assert_int_equal(claim_as(p, s, id, "dead", &a, &json), NAS_CLAIMED);
    assert_int_equal(claim_as(p, s, id, "alive", &b, &json), NAS_CLAIMED);
    OK(nas_store_reap(s, id, 1, "the worker died", is_dead, "nobody", &n, &p->err));
    assert_int_equal(n, 0);
    OK(nas_store_reap(s, id, 1, "the worker died", is_dead, "dead", &n, &p->err));
    assert_int_equal(n, 1);
    assert_string_equal(ask(p, s, "SELECT state FROM kws ORDER BY number"), "waiting|running");
    assert_false(finish_as(p, s, id, &a, "dead", "complete", NULL));
    assert_int_equal(claim_as(p, s, id, "dead", &a, &json), NAS_CLAIMED);
    assert_int_equal(a.number, 0);
    assert_int_equal(a.attempt, 2);
    OK(nas_store_reap(s, id, 1, "the worker died", is_dead, "dead", &n, &p->err));
    assert_int_equal(n, 1);
    assert_string_equal(ask(p, s,
                            "SELECT state, reason, finished IS NOT NULL FROM kws"
                            " WHERE number = 0"),
                        "failed the worker died 1");
    assert_true(finish_as(p, s, id, &b, "alive", "complete", NULL));
    /* No fault of the trial: it can fail as often as any other. */
    assert_int_equal(claim_as(p, s, id, "dead", &a, &json), NAS_CLAIMED);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(a.attempt, 1);
        OK(nas_store_reap(s, id, -1, "the worker died", is_dead, "dead", &n, &p->err));
        assert_int_equal(n, 1);
        assert_int_equal(claim_as(p, s, id, "dead", &a, &json), NAS_CLAIMED);
        assert_int_equal(a.number, 2);
    }
    nas_store_close(s);
}

/* Trials that a worker passes over wait, for others too, and their attempts do not count. */
static void test_passed_over(void **state) {
    place *p = *state;
    const nas_study def = study_of("kws", 3);
    nas_study_id id;
    nas_store *s = start(p, &def, &id), *other = open_db(p, NAS_STORE_WRITE);
    nas_claim c[3], d;
    const char *json;
    bool kept;
    int64_t rows[2];
    const nas_result back = {.state = "waiting", .forgiven = true};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(claim_as(p, s, id, "w1", &c[i], &json), NAS_CLAIMED);
        assert_int_equal(c[i].number, i);
        OK(nas_store_finish(s, id, &c[i], "w1", &back, &kept, &p->err));
        assert_true(kept);
        rows[i] = c[i].id;
        nas_store_pass_over(s, rows, i + 1);
    }
    assert_string_equal(ask(p, s, "SELECT state, attempt FROM kws"), "waiting 0|waiting 0");
    assert_int_equal(claim_as(p, s, id, "w1", &c[2], &json), NAS_CLAIMED);
    assert_int_equal(c[2].number, 2);
    assert_true(finish_as(p, s, id, &c[2], "w1", "complete", NULL));
    assert_int_equal(claim_as(p, s, id, "w1", &d, &json), NAS_CLAIM_WAIT);
    assert_int_equal(claim_as(p, other, id, "w2", &d, &json), NAS_CLAIMED);
    assert_int_equal(d.number, 0);
    nas_store_pass_over(s, rows, 1);
    assert_int_equal(claim_as(p, s, id, "w1", &d, &json), NAS_CLAIMED);
    assert_int_equal(d.number, 1);
    assert_int_equal(d.attempt, 1);
    nas_store_close(other);
    nas_store_close(s);
}

/* ---- values and artefacts ---- */

static void test_values(void **state) {
    place *p = *state;
    nas_study def = study_of("kws", 5);
    const nas_column kinds[] = {{"accuracy", NAS_COLUMN_REAL},
                                {"zlib_bytes", NAS_COLUMN_INTEGER},
                                {"note", NAS_COLUMN_TEXT}};
    def.metrics = kinds;
    nas_study_id id;
    nas_store *s = start(p, &def, &id);
    const nas_value sets[][3] = {
        {real(0.1 + 0.2), integer(INT64_MAX), text("it's \"quoted\"; -- \xc3\xa9\n")},
        {real(-1e-300), integer(INT64_MIN), text("")},
        {real(3), integer(0), text("123")},
        {null, null, null},
    };
    for (size_t k = 0; k < sizeof sets / sizeof *sets; k++) {
        nas_claim c;
        const char *json;
        assert_int_equal(claim_as(p, s, id, "o'neil", &c, &json), NAS_CLAIMED);
        assert_true(finish_as(p, s, id, &c, "o'neil", "complete", sets[k]));
    }
    assert_string_equal(
        ask(p, s, "SELECT accuracy, zlib_bytes, note, quantize, worker FROM kws ORDER BY number"),
        "0.30000000000000004 9223372036854775807 it's \"quoted\"; -- \xc3\xa9\n NULL o'neil|"
        "-1e-300 -9223372036854775808  int8 o'neil|3 0 123 NULL o'neil|NULL NULL NULL int8 o'neil");
    assert_string_equal(ask(p, s, "SELECT typeof(accuracy), typeof(note) FROM kws WHERE number=2"),
                        "real text");
    const nas_value args[] = {text("it's \"quoted\"; -- \xc3\xa9\n"), integer(INT64_MAX), null};
    shown o = {.rows = 0};
    OK(nas_store_query(s, "SELECT number, ?3 FROM kws WHERE note = ?1 AND zlib_bytes = ?2", args, 3,
                       show, &o, &p->err));
    assert_string_equal(o.text, "0 NULL");

    const nas_column acc = {"accuracy", NAS_COLUMN_REAL}, none = {"beauty", NAS_COLUMN_REAL};
    const nas_value v = real(0.75);
    OK(nas_store_set_metric(s, id, 1, &acc, &v, &p->err));
    assert_string_equal(ask(p, s, "SELECT accuracy FROM kws WHERE id = 1"), "0.75");
    FAILS(NAS_EINVAL, nas_store_set_metric(s, id, 1, &none, &v, &p->err));
    FAILS(NAS_ENOTFOUND, nas_store_set_metric(s, id, 99, &acc, &v, &p->err));
    nas_store_close(s);
}

static void test_artefacts(void **state) {
    place *p = *state;
    const nas_study def = study_of("kws", 5);
    nas_study_id id;
    nas_store *s = start(p, &def, &id);
    nas_claim c;
    const char *json;
    static uint8_t model[100000];
    nas_rng r = nas_rng_stream(1, 0, NAS_PURPOSE_TEST, 0, 0, 0);
    for (size_t i = 0; i < sizeof model; i++) model[i] = (uint8_t)nas_rng_u32(&r);
    nas_epoch_row epochs[] = {{0, 10, 1.5, 1.25, 0.5, 2}, {1, 20, NAN, 1.0, 0.75, 2}};
    nas_stage_row stages[] = {{"features", nas_hash_of("f", 1), true, 0.5, 0.25},
                              {"train", nas_hash_of("t", 1), false, 3, 2.5}};
    nas_step_row steps[] = {{"dense", 0.5, 2000, 1500}, {"pruned", NAN, -1, -1}};
    nas_artefact files[] = {{"model.tflite", model, sizeof model}, {"empty", NULL, 0}};
    nas_result res = {.state = "failed",
                      .reason = "first try",
                      .n_epochs = 2,
                      .n_stages = 2,
                      .n_steps = 2,
                      .n_artefacts = 2,
                      .epochs = epochs,
                      .stages = stages,
                      .steps = steps,
                      .artefacts = files};
    bool kept;
    /* The first attempt's rows give way to the second's. */
    for (int attempt = 1; attempt <= 2; attempt++) {
        assert_int_equal(claim_as(p, s, id, "w", &c, &json), NAS_CLAIMED);
        assert_int_equal(c.attempt, attempt);
        assert_int_equal(c.number, 0);
        res.state = attempt == 1 ? "waiting" : "complete";
        OK(nas_store_finish(s, id, &c, "w", &res, &kept, &p->err));
        assert_true(kept);
    }
    assert_string_equal(ask(p, s, "SELECT epoch, step, loss, val_accuracy FROM nas_epochs"),
                        "0 10 1.5 0.5|1 20 NULL 0.75");
    assert_string_equal(ask(p, s, "SELECT name, reused, cpu_seconds, length(key) FROM nas_stages"),
                        "features 1 0.25 64|train 0 2.5 64");
    assert_string_equal(ask(p, s, "SELECT * FROM nas_steps"),
                        "1 1 0 dense 0.5 2000 1500|1 1 1 pruned NULL NULL NULL");
    assert_string_equal(ask(p, s, "SELECT name, bytes, content FROM nas_artefacts ORDER BY 2"),
                        "empty 0 blob of 0|model.tflite 100000 blob of 100000");
    uint8_t *bytes;
    size_t n;
    OK(nas_store_artefact(s, id, c.id, "model.tflite", p->arena, &bytes, &n, &p->err));
    assert_int_equal(n, sizeof model);
    assert_memory_equal(bytes, model, n);
    OK(nas_store_artefact(s, id, c.id, "empty", p->arena, &bytes, &n, &p->err));
    assert_int_equal(n, 0);
    FAILS(NAS_ENOTFOUND, nas_store_artefact(s, id, c.id, "x", p->arena, &bytes, &n, &p->err));
    FAILS(NAS_ENOTFOUND, nas_store_artefact(s, id, 9, "empty", p->arena, &bytes, &n, &p->err));
    nas_store_close(s);
}

/* ---- views ---- */

static void test_views(void **state) {
    place *p = *state;
    const nas_study def = study_of("kws", 50);
    nas_study_id id;
    nas_store *s = start(p, &def, &id);
    /*                 accuracy  bytes                    by hand: */
    add(p, s, id, 0.92, 20000, "complete"); /* 0 dominated by 2 */
    add(p, s, id, 0.95, 24000, "complete"); /* 1 front, best of those that satisfy */
    add(p, s, id, 0.93, 19000, "complete"); /* 2 front */
    add(p, s, id, 0.97, 26000, "complete"); /* 3 front, too large */
    add(p, s, id, 0.90, 10000, "complete"); /* 4 front, not above 0.9 */
    add(p, s, id, 0.95, 24500, "complete"); /* 5 dominated by 1 */
    add(p, s, id, 0.95, 24000, "complete"); /* 6 equal to 1: front, later */
    add(p, s, id, 0.99, 25000, "stopped");  /* 7 not complete */
    add(p, s, id, NAN, 30000, "rejected");  /* 8 */
    add(p, s, id, NAN, 100, "complete");    /* 9 without an accuracy */
    add(p, s, id, 0.96, 25000, "complete"); /* 10 front, not below 25000 */
    assert_string_equal(ask(p, s, "SELECT number FROM kws_feasible ORDER BY number"), "0|1|2|5|6");
    assert_string_equal(ask(p, s, "SELECT number FROM kws_pareto ORDER BY number"), "1|2|3|4|6|10");
    assert_string_equal(ask(p, s, "SELECT number FROM kws_best"), "1");
    assert_string_equal(ask(p, s, "SELECT number FROM kws_rejected"), "8");
    assert_string_equal(ask(p, s, "SELECT count(*) FROM trials"), "11");
    assert_string_equal(ask(p, s, "SELECT group_concat(name) FROM pragma_table_info('kws')"),
                        "number,state,reason,model_width,train_epochs,quantize,accuracy,zlib_bytes,"
                        "total_ms_hi,seconds,cpu_seconds,epochs_trained,epochs_saved,"
                        "attempt,worker,machine,started,finished,"
                        "reused,candidate,id");
    assert_string_equal(ask(p, s, "SELECT count(*) FROM kws WHERE started LIKE '20__-__-__ %'"),
                        "11");
    /* The winner is read from the end of an index, not sorted out of all rows. */
    const char *plan = ask(p, s, "EXPLAIN QUERY PLAN SELECT number FROM kws_best");
    assert_non_null(strstr(plan, "nas_trials_1_goal"));
    /* Fewer bytes win a tie before the lower number does. */
    add(p, s, id, 0.95, 23000, "complete"); /* 11 */
    assert_string_equal(ask(p, s, "SELECT number FROM kws_best"), "11");
    nas_store_close(s);
}

/* Two goals, one of them to be small; a column bound on both sides is no direction. */
static void test_views_two_goals(void **state) {
    place *p = *state;
    nas_study def = study_of("kws", 50);
    const nas_goal two[] = {{"zlib_bytes", false}, {"accuracy", true}};
    const nas_bound around[] = {{"total_ms < 2", "total_ms_hi", "<", 2},
                                {"total_ms > 0.5", "total_ms_hi", ">", 0.5}};
    def.goals = two;
    def.n_goals = 2;
    def.bounds = around;
    nas_study_id id;
    nas_store *s = start(p, &def, &id);
    add(p, s, id, 0.5, 100, "complete");
    add(p, s, id, 0.9, 300, "complete");
    add(p, s, id, 0.6, 100, "complete");
    add_slow(p, s, id, 0.8, 400, 0.6, "complete");
    add_slow(p, s, id, 0.8, 400, 1.9, "complete");
    assert_string_equal(ask(p, s, "SELECT number FROM kws_pareto ORDER BY number"), "1|2");
    assert_string_equal(ask(p, s, "SELECT number FROM kws_best"), "2");
    nas_store_close(s);
}

/* What the front is, said the long way. */
static const char beaten[] =
    "SELECT group_concat(number) FROM (SELECT a.number FROM kws a WHERE a.state = 'complete'"
    " AND a.accuracy IS NOT NULL AND a.zlib_bytes IS NOT NULL AND a.total_ms_hi IS NOT NULL"
    " AND NOT EXISTS (SELECT 1 FROM kws b WHERE b.state = 'complete' AND b.accuracy >= a.accuracy"
    " AND b.zlib_bytes <= a.zlib_bytes AND b.total_ms_hi <= a.total_ms_hi AND (b.accuracy >"
    " a.accuracy OR b.zlib_bytes < a.zlib_bytes OR b.total_ms_hi < a.total_ms_hi))"
    " ORDER BY a.number)";
static const char kept_front[] =
    "SELECT group_concat(number) FROM (SELECT number FROM kws_pareto ORDER BY number)";

static void same_front(place *p, nas_store *s) {
    const char *want = nas_arena_text(p->arena, ask(p, s, beaten), &p->err);
    assert_string_equal(ask(p, s, kept_front), want);
}

/* Kept as trials end, it is what a look at all of them finds: with many ties, after values of
 * finished trials change, and in other directions. */
static void test_front(void **state) {
    place *p = *state;
    nas_study def = study_of("kws", 2000);
    const nas_bound b[] = {{"zlib_bytes < 7", "zlib_bytes", "<", 7},
                           {"total_ms < 5", "total_ms_hi", "<", 5}};
    const nas_goal goal[] = {{"accuracy", true}};
    def.bounds = b;
    def.n_bounds = 2;
    def.goals = goal;
    def.n_goals = 1;
    nas_study_id id;
    nas_store *s = start(p, &def, &id);
    nas_rng r = nas_rng_stream(1, 0, NAS_PURPOSE_TEST, 0, 0, 0);
    for (int i = 0; i < 240; i++) {
        const double accuracy = (double)nas_rng_below(&r, 12), ms = (double)nas_rng_below(&r, 12);
        add_slow(p, s, id, i % 17 ? accuracy : NAN, (int64_t)nas_rng_below(&r, 12), ms,
                 i % 11 ? "complete" : "rejected");
        if (i % 16 == 0) same_front(p, s);
    }
    same_front(p, s);
    const nas_column ms = {"total_ms_hi", NAS_COLUMN_REAL};
    for (int i = 0; i < 8; i++) {
        const char *row = ask(p, s, "SELECT id FROM kws_pareto ORDER BY number LIMIT 1");
        const nas_value v = {.type = NAS_COLUMN_REAL, .real = i % 2 ? 0.5 * i : 11 - i};
        OK(nas_store_set_metric(s, id, strtoll(row, NULL, 10), &ms, &v, &p->err));
        same_front(p, s);
    }
    const nas_goal other[] = {{"total_ms_hi", false}, {"zlib_bytes", false}, {"accuracy", true}};
    def.goals = other;
    def.n_goals = 3;
    OK(nas_store_study(s, &def, &id, &p->err));
    same_front(p, s);
    nas_store_close(s);
}

/* Counts by state, beside a look at all trials. */
static void same_counts(place *p, nas_store *s) {
    static const char all[] =
        "SELECT group_concat(state || ' ' || n) FROM (SELECT state, count(*) AS n FROM kws"
        " GROUP BY state ORDER BY state)";
    const char *want = nas_arena_text(p->arena, ask(p, s, all), &p->err);
    assert_string_equal(ask(p, s,
                            "SELECT group_concat(state || ' ' || trials) FROM (SELECT *"
                            " FROM nas_progress WHERE study = 'kws' ORDER BY state)"),
                        want);
}

static void test_counts(void **state) {
    static const char *const ends[] = {"complete", "failed", "waiting", "rejected", "diverged"};
    place *p = *state;
    nas_study def = study_of("kws", 200);
    nas_study_id id;
    nas_store *s = start(p, &def, &id);
    for (int i = 0; i < 40; i++) {
        add(p, s, id, 0.9, i, ends[i % 5]);
        same_counts(p, s);
    }
    int32_t n;
    nas_claim c;
    const char *json;
    assert_int_equal(claim_as(p, s, id, "dead", &c, &json), NAS_CLAIMED);
    same_counts(p, s);
    OK(nas_store_reap(s, id, 0, "gone", is_dead, "dead", &n, &p->err));
    assert_int_equal(n, 1);
    same_counts(p, s);
    /* Rejected ones wait again. */
    def.n_bounds = 0;
    OK(nas_store_study(s, &def, &id, &p->err));
    same_counts(p, s);
    nas_store_close(s);
}

/* A bound is compared exactly as written: 0.1 + 0.2 is above 0.3. */
static void test_bounds_exact(void **state) {
    place *p = *state;
    nas_study def = study_of("kws", 50);
    const nas_bound b[] = {{"accuracy > 0.3", "accuracy", ">", 0.3}};
    def.bounds = b;
    def.n_bounds = 1;
    nas_study_id id;
    nas_store *s = start(p, &def, &id);
    add(p, s, id, 0.3, 1, "complete");
    add(p, s, id, 0.1 + 0.2, 1, "complete");
    assert_string_equal(ask(p, s, "SELECT number FROM kws_feasible"), "1");
    const nas_bound c[] = {{"accuracy == 0.1 + 0.2", "accuracy", "==", 0.1 + 0.2}};
    def.bounds = c;
    OK(nas_store_study(s, &def, &id, &p->err));
    assert_string_equal(ask(p, s, "SELECT number FROM kws_feasible"), "1");
    const nas_bound d[] = {{"accuracy != 0.3", "accuracy", "!=", 0.3}};
    def.bounds = d;
    OK(nas_store_study(s, &def, &id, &p->err));
    assert_string_equal(ask(p, s, "SELECT number FROM kws_feasible"), "1");
    nas_store_close(s);
}

/* ---- docs/SCHEMA.md ---- */

/* Every table, view and column of a database stands in the document. */
static void check_named(place *p, nas_store *s, const char *doc) {
    const char *all = ask(p, s,
                          "SELECT group_concat(word, ' ') FROM (SELECT replace(replace(m.name,"
                          " 'nas_trials_1', 'nas_trials_<study>'), 'nas_front_1',"
                          " 'nas_front_<study>') AS word FROM sqlite_master m"
                          " WHERE m.type IN ('table', 'view') UNION SELECT c.name FROM"
                          " sqlite_master m, pragma_table_info(m.name) c WHERE m.type IN ('table',"
                          " 'view'))");
    char *words = nas_arena_text(p->arena, all, &p->err), *rest = NULL;
    int n = 0;
    for (char *w = strtok_r(words, " ", &rest); w; w = strtok_r(NULL, " ", &rest), n++) {
        char quoted[96];
        snprintf(quoted, sizeof quoted, "`%s`", w);
        /* Of the parameters one stands for all. */
        if (strcmp(w, "quantize") && strncmp(w, "frontend_", 9) && !strstr(doc, quoted))
            fail_msg("docs/SCHEMA.md does not name %s", quoted);
    }
    assert_true(n > 50);
}

static void test_document(void **state) {
    place *p = *state;
    uint8_t *bytes;
    size_t n;
    OK(nas_file_read(p->arena, "docs/SCHEMA.md", 1 << 20, &bytes, &n, &p->err));
    const nas_column some[] = {{"model_width", NAS_COLUMN_REAL},
                               {"frontend_sample_rate_hz", NAS_COLUMN_INTEGER},
                               {"quantize", NAS_COLUMN_TEXT}};
    nas_study def = study_of("kws", 50);
    def.params = some;
    nas_study_id id;
    nas_store *s = start(p, &def, &id);
    for (int i = 0; i < 20; i++) add(p, s, id, 0.95, 20000 + i, i % 2 ? "rejected" : "complete");
    check_named(p, s, (const char *)bytes);
    int queries = 0;
    for (char *at = (char *)bytes; (at = strstr(at, "```sql")); queries++) {
        char *end = strstr(at + 6, "```");
        assert_non_null(end);
        *end = '\0';
        OK(nas_store_query(s, at + 6, NULL, 0, NULL, NULL, &p->err));
        at = end + 1;
    }
    assert_int_equal(queries, 13);
    nas_store_close(s);
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

/* ---- several processes ---- */

/* Claims and completes until nothing is left; the exit status tells of errors. */
static void work(place *p, const char *worker, int64_t points, int64_t *finished) {
    nas_store *s = NULL;
    const nas_study def = study_of("kws", -1);
    nas_study_id id;
    if (nas_store_open(p->db, NAS_STORE_WRITE, &s, &p->err) != NAS_OK) goto wrong;
    if (nas_store_study(s, &def, &id, &p->err) != NAS_OK) goto wrong;
    for (;;) {
        grid g = {.points = points};
        nas_claim c;
        const char *json;
        nas_claimed what;
        if (nas_store_claim(s, id, worker, pick, &g, p->arena, &c, &json, &what, &p->err) != NAS_OK)
            goto wrong;
        if (what == NAS_CLAIM_NONE_LEFT) break;
        if (what == NAS_CLAIM_WAIT) {
            usleep(1000);
            continue;
        }
        const nas_value m[3] = {real((double)c.number), integer(c.number), null};
        const nas_epoch_row e = {.epoch = 0, .step = c.number};
        const uint8_t blob[6000] = {(uint8_t)c.number};
        const nas_artefact f = {"model.tflite", blob, sizeof blob};
        const nas_result r = {.state = "complete",
                              .metrics = m,
                              .n_epochs = 1,
                              .epochs = &e,
                              .n_artefacts = 1,
                              .artefacts = &f};
        bool kept = false;
        if (nas_store_finish(s, id, &c, worker, &r, &kept, &p->err) != NAS_OK || !kept) goto wrong;
        /* From here on the trial counts, whatever happens to this process. */
        if (finished) finished[c.number]++;
    }
    nas_store_close(s);
    _exit(0);
wrong:
    fprintf(stderr, "%s: %s\n", worker, p->err.text);
    _exit(1);
}

static void check_all_there(place *p, nas_store *s, int64_t points) {
    char expected[64];
    snprintf(expected, sizeof expected, "%lld %lld %lld 0 %lld", (long long)points,
             (long long)points, (long long)points, (long long)points - 1);
    assert_string_equal(ask(p, s,
                            "SELECT count(*), count(DISTINCT number), count(DISTINCT"
                            " candidate), min(number), max(number) FROM kws"
                            " WHERE state = 'complete' AND zlib_bytes = number"),
                        expected);
    snprintf(expected, sizeof expected, "%lld %lld", (long long)points, (long long)points);
    assert_string_equal(ask(p, s, "SELECT count(*), count(DISTINCT trial) FROM nas_epochs"),
                        expected);
    assert_string_equal(ask(p, s, "SELECT count(*), count(DISTINCT trial) FROM nas_artefacts"),
                        expected);
    assert_string_equal(ask(p, s,
                            "SELECT count(*) FROM kws LEFT JOIN nas_artefacts a ON"
                            " a.trial = kws.id WHERE a.id IS NULL OR a.bytes <> 6000"),
                        "0");
    assert_string_equal(ask(p, s, "PRAGMA integrity_check"), "ok");
}

/* Several workers, and a reader that asks all the while. */
static void test_processes(void **state) {
    place *p = *state;
    enum { WORKERS = 4, POINTS = 300 };
    const nas_study def = study_of("kws", -1);
    nas_study_id id;
    nas_store_close(start(p, &def, &id));
    pid_t child[WORKERS];
    for (int i = 0; i < WORKERS; i++) {
        char name[16];
        snprintf(name, sizeof name, "w%d", i);
        if ((child[i] = fork()) == 0) work(p, name, POINTS, NULL);
    }
    nas_store *r = open_db(p, NAS_STORE_READ);
    int64_t before = 0;
    int left = WORKERS, asked = 0;
    while (left > 0) {
        /* What a reader sees only grows, and a finished trial is there with all that belongs to it.
         */
        const char *o = ask(p, r,
                            "SELECT count(*), sum((SELECT count(*) FROM nas_artefacts a WHERE"
                            " a.trial = kws.id)) FROM kws WHERE state = 'complete'");
        long long n = -1, files = 0;
        sscanf(o, "%lld %lld", &n, &files);
        assert_true(n >= before && n == files);
        before = n;
        asked++;
        int status;
        if (waitpid(-1, &status, WNOHANG) > 0) {
            assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
            left--;
        }
    }
    assert_true(asked > 1);
    check_all_there(p, r, POINTS);
    nas_store_close(r);
}

static bool never_beats(void *ctx, const char *worker, double silent) {
    (void)silent;
    return strcmp(worker, ctx) == 0;
}

/* Workers die by SIGKILL at random instants, again and again. */
static void test_kills(void **state) {
    place *p = *state;
    enum { POINTS = 400, ROUNDS = 150 };
    const nas_study def = study_of("kws", -1);
    nas_study_id id;
    nas_store *s = start(p, &def, &id);
    int64_t *finished = mmap(NULL, POINTS * sizeof *finished, PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(finished != MAP_FAILED);
    nas_rng r = nas_rng_stream(11, 0, NAS_PURPOSE_TEST, 0, 0, 0);
    const double begin = nas_clock_wall();
    int32_t given_back = 0;
    bool done = false;
    for (int round = 0; !done; round++) {
        const bool last = round >= ROUNDS || nas_clock_wall() - begin > 3.0;
        pid_t child[2];
        for (int i = 0; i < 2; i++) {
            char name[32];
            snprintf(name, sizeof name, "w%d.%d", round, i);
            if ((child[i] = fork()) == 0) work(p, name, POINTS, finished);
        }
        if (!last) usleep((useconds_t)nas_rng_below(&r, 20000));
        for (int i = 0; i < 2; i++) {
            int status;
            if (!last) kill(child[i], SIGKILL);
            assert_int_equal(waitpid(child[i], &status, 0), child[i]);
            if (WIFEXITED(status)) assert_int_equal(WEXITSTATUS(status), 0);
            done |= WIFEXITED(status);
            /* What was told to be finished is there. */
            char name[32];
            int32_t n = 0;
            snprintf(name, sizeof name, "w%d.%d", round, i);
            OK(nas_store_reap(s, id, 1000000, "the worker died", never_beats, name, &n, &p->err));
            given_back += n;
        }
        for (int k = 0; k < POINTS; k++) {
            assert_true(finished[k] <= 1);
            if (!finished[k]) continue;
            const nas_value number = integer(k);
            shown o = {.rows = 0};
            OK(nas_store_query(s, "SELECT state FROM kws WHERE number = ?1", &number, 1, show, &o,
                               &p->err));
            assert_string_equal(o.text, "complete");
        }
        if (last) done = true;
    }
    assert_true(given_back > 0); /* the kills did hit running trials */
    check_all_there(p, s, POINTS);
    munmap(finished, POINTS * sizeof *finished);
    nas_store_close(s);
    assert_int_equal(files_in(p), 1);
}

/* Many make the same database and study at once, some of them only to leave again. */
static void test_made_at_once(void **state) {
    place *p = *state;
    enum { N = 12 };
    for (int round = 0; round < 5; round++) {
        pid_t child[N];
        for (int i = 0; i < N; i++) {
            if ((child[i] = fork()) != 0) continue;
            nas_store *s;
            const nas_study def = study_of("kws", 5);
            nas_study_id id;
            if (nas_store_open(p->db, NAS_STORE_CREATE, &s, &p->err) != NAS_OK) {
                fprintf(stderr, "opening: %s\n", p->err.text);
                _exit(1);
            }
            nas_status status = NAS_OK;
            if (i % 3) status = nas_store_study(s, &def, &id, &p->err);
            nas_store_close(s);
            if (status == NAS_EBUSY && strstr(p->err.text, "removed by another")) _exit(2);
            if (status != NAS_OK) fprintf(stderr, "%s\n", p->err.text);
            _exit(status == NAS_OK ? 0 : 1);
        }
        int made = 0;
        for (int i = 0; i < N; i++) {
            int status;
            assert_int_equal(waitpid(child[i], &status, 0), child[i]);
            assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 1);
            made += i % 3 && WEXITSTATUS(status) == 0;
        }
        assert_true(made > 0);
        nas_store *s = open_db(p, NAS_STORE_READ);
        assert_string_equal(ask(p, s, "SELECT count(*), max(name) FROM studies"), "1 kws");
        nas_store_close(s);
        assert_int_equal(files_in(p), 1);
        assert_int_equal(unlink(p->db), 0);
    }
}

/* A handle does not work in a child, and closing it there harms nothing. */
static void test_fork(void **state) {
    place *p = *state;
    const nas_study def = study_of("kws", 5);
    nas_study_id id;
    nas_store *s = start(p, &def, &id);
    const pid_t child = fork();
    if (child == 0) {
        nas_study_id other;
        const nas_status status = nas_store_study(s, &def, &other, &p->err);
        nas_store_close(s);
        _exit(status == NAS_EBUG ? 0 : 1);
    }
    int status;
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    add(p, s, id, 0.95, 20000, "complete");
    nas_store_close(s);
}

int main(void) {
#define T(name) cmocka_unit_test_setup_teardown(name, enter, leave)
    const struct CMUnitTest tests[] = {
        T(test_reopen),
        T(test_absent),
        T(test_empty_is_removed),
        T(test_not_ours),
        T(test_newer_schema),
        T(test_newer_schema_in_wal),
        T(test_names),
        T(test_other_data_or_seed),
        T(test_bad_columns),
        T(test_two_studies),
        T(test_many_studies),
        T(test_new_version),
        T(test_reuse),
        T(test_reuse_twice),
        T(test_reuse_needs_metrics),
        T(test_reuse_of_waiting),
        T(test_migration),
        T(test_changed_aims),
        T(test_claims),
        T(test_pick_fails),
        T(test_reap),
        T(test_passed_over),
        T(test_values),
        T(test_artefacts),
        T(test_views),
        T(test_views_two_goals),
        T(test_front),
        T(test_counts),
        T(test_bounds_exact),
        T(test_document),
        T(test_query_only_reads),
        T(test_read_only_folder),
        T(test_processes),
        T(test_kills),
        T(test_made_at_once),
        T(test_fork),
    };
    return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
