/* tests/store/test_store_studies.c - the contract of store/store.h: studies, and trials taken over
 * by another version of one. */
#include "tests/store_place.h"

#include <unistd.h>

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

static void test_other_seed(void **state) {
    place *p = *state;
    nas_study def = study_of("kws", 5);
    nas_study_id id;
    nas_store *s = start(p, &def, &id);
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
    const nas_bound none[1] = {{"speed > 1", "speed", NAS_ABOVE, 1}};
    def.bounds = none;
    def.n_bounds = 1;
    FAILS(NAS_EINVAL, nas_store_study(s, &def, &id, &p->err));
    SAYS("speed > 1");
    const nas_goal nowhere[1] = {{"beauty", NAS_MAXIMIZE}};
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

/* Two spaces at work in one study would each count and crown the other's trials. */
static void test_another_space_at_work(void **state) {
    place *p = *state;
    nas_study def = study_of("kws", 5);
    nas_study_id v1, v2;
    nas_store *s = start(p, &def, &v1);
    nas_claim c;
    const char *json;
    assert_int_equal(claim_as(p, s, v1, "w", &c, &json), NAS_CLAIMED);
    nas_study changed = def;
    changed.space_hash = nas_hash_of("space 2", 7);
    FAILS(NAS_EBUSY, nas_store_study(s, &changed, &v2, &p->err));
    SAYS("study kws is at work with another space, or other data, 1 of its trials");
    OK(nas_store_study(s, &def, &v2, &p->err)); /* the same one may join */
    assert_int_equal(v2.version, v1.version);
    assert_true(finish_as(p, s, v1, &c, "w", "complete", NULL));
    OK(nas_store_study(s, &changed, &v2, &p->err));
    assert_int_equal(v2.version, 2);
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
    const nas_result r = {.state = nas_state_of(state),
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
    OK(nas_store_finish(s, id, &c, "w", &r, &p->err));
}

static nas_claim claim_and_reuse(place *p, nas_store *s, nas_study_id id) {
    nas_claim c;
    const char *json;
    assert_int_equal(claim_as(p, s, id, "w2", &c, &json), NAS_CLAIMED);
    if (!c.reuse) fail_msg("trial %lld is not reused", (long long)c.number);
    OK(nas_store_reuse(s, id, &c, "w2", &p->err));
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
    for (int64_t i = 2; i < 4; i++) {
        assert_int_equal(claim_as(p, s, v2, "w", &c, &json), NAS_CLAIMED);
        assert_int_equal(c.number, i);
        assert_int_equal(c.reuse, 0);
        FAILS(NAS_EINVAL, nas_store_reuse(s, v2, &c, "w", &p->err));
        assert_true(finish_as(p, s, v2, &c, "w", "failed", NULL));
    }

    /* A claim that was lost writes nothing. */
    changed.space_hash = nas_hash_of("space 3", 7);
    OK(nas_store_study(s, &changed, &v3, &p->err));
    (void)claim_and_reuse(p, s, v3);
    assert_int_equal(claim_as(p, s, v3, "w2", &c, &json), NAS_CLAIMED);
    FAILS(NAS_ELOST, nas_store_reuse(s, v3, &c, "somebody else", &p->err));
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
    const nas_bound late[] = {{"total_ms < 3", "total_ms_hi", NAS_BELOW, 3}};
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

/* Nor in the same version of the space: it is tried again, once somebody asks for the metric. */
static void test_asked_again(void **state) {
    place *p = *state;
    nas_study def = study_of("kws", 9);
    def.n_metrics = 2;
    nas_study_id id;
    nas_store *s = start(p, &def, &id);
    add_whole(p, s, id, 0, "complete");
    add_whole(p, s, id, 1, "diverged");
    def.n_metrics = 3; /* a newer nas, which measures total_ms_hi */
    OK(nas_store_study(s, &def, &id, &p->err));
    assert_string_equal(ask(p, s, "SELECT number, state, total_ms_hi FROM kws ORDER BY number"),
                        "0 complete NULL|1 diverged NULL");
    const nas_bound late[] = {{"total_ms < 3", "total_ms_hi", NAS_BELOW, 3}};
    def.bounds = late;
    def.n_bounds = 1;
    OK(nas_store_study(s, &def, &id, &p->err));
    assert_string_equal(ask(p, s, "SELECT number, state FROM kws ORDER BY number"),
                        "0 waiting|1 diverged");
    assert_string_equal(ask(p, s, "SELECT count(*) > 0 FROM nas_artefacts"), "1");
    nas_claim c;
    const char *json;
    assert_int_equal(claim_as(p, s, id, "w", &c, &json), NAS_CLAIMED);
    assert_true(c.number == 0 && c.attempt == 2 && c.reuse == 0);
    const nas_value whole[3] = {real(0.95), integer(1), real(2)};
    assert_true(finish_as(p, s, id, &c, "w", "complete", whole));
    def.n_bounds = 0;
    OK(nas_store_study(s, &def, &id, &p->err));
    assert_string_equal(ask(p, s, "SELECT number, state, total_ms_hi FROM kws ORDER BY number"),
                        "0 complete 2|1 diverged NULL");
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
    assert_int_equal(claim_as(p, s, v2, "w", &c, &json), NAS_CLAIMED);
    const nas_epoch_row epoch = {1, 1, 0, 0, 0, 0};
    const nas_result back = {.state = NAS_WAITING, .n_epochs = 1, .epochs = &epoch};
    OK(nas_store_finish(s, v2, &c, "w", &back, &p->err));
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
 * complete trials each. Somebody has made a view of a table that is made anew, and a table with
 * texts in double quotes. */
static void test_migration(void **state) {
    place *p = *state;
    uint8_t *sql;
    size_t n;
    OK(nas_file_read(p->arena, "tests/golden/store_v1.sql", 1 << 20, &sql, &n, &p->err));
    char *text_ = nas_arena_format(p->arena, &p->err, "%.*s", (int)n, (const char *)sql);
    raw_sql(p, text_);
    raw_sql(p, "CREATE VIEW mine AS SELECT study, version FROM nas_spaces; CREATE TABLE my(a CHECK"
               " (a <> \"x\")); CREATE INDEX my_a ON my(a) WHERE a = \"y\"");
    raw_sql(p, "PRAGMA application_id=1851880241; PRAGMA user_version=1");
    nas_store *s;
    FAILS(NAS_EFORMAT, nas_store_open(p->db, NAS_STORE_READ, &s, &p->err));
    SAYS("older nas (schema 1, this one has 7)");
    OK(nas_store_check(p->db, &p->err)); /* may be refused later: changes nothing */
    FAILS(NAS_EFORMAT, nas_store_open(p->db, NAS_STORE_READ, &s, &p->err));
    s = open_db(p, NAS_STORE_WRITE);
    assert_string_equal(ask(p, s, "PRAGMA user_version"), "7");
    assert_string_equal(ask(p, s, "SELECT * FROM mine"), "1 1|2 1");
    assert_string_equal(ask(p, s, "SELECT number, accuracy, zlib_bytes, reused FROM kws"),
                        "0 0.91000000000000003 1000 NULL|1 0.92000000000000004 1001 NULL");
    assert_string_equal(ask(p, s, "SELECT study, count(*) FROM trials GROUP BY 1"),
                        "kws 2|other 2");
    assert_string_equal(ask(p, s, "SELECT count(*) FROM nas_steps"), "0");
    assert_string_equal(ask(p, s, "SELECT study, state, trials FROM nas_progress"),
                        "kws complete 2|other complete 2");
    assert_string_equal(ask(p, s, "SELECT number FROM kws_pareto"), "1");
    assert_string_equal(ask(p, s, "SELECT count(*) FROM kws_warnings"), "0");
    assert_string_equal(ask(p, s,
                            "SELECT data, p.fingerprint = s.fingerprint, count(*) FROM nas_spaces"
                            " p JOIN nas_studies s ON s.id = p.study GROUP BY 1, 2"),
                        "1 1 2");
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
    const nas_bound wider[1] = {{"zlib_bytes<=30000", "zlib_bytes", NAS_AT_MOST, 30000}};
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

int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_names),
        T(test_other_seed),
        T(test_bad_columns),
        T(test_two_studies),
        T(test_many_studies),
        T(test_new_version),
        T(test_another_space_at_work),
        T(test_reuse),
        T(test_reuse_twice),
        T(test_reuse_needs_metrics),
        T(test_asked_again),
        T(test_reuse_of_waiting),
        T(test_migration),
        T(test_changed_aims),
    };
    return cmocka_run_group_tests_name("store_studies", tests, NULL, NULL);
}
