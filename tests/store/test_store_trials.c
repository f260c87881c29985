/* tests/store/test_store_trials.c - the contract of store/store.h: claims, values and artefacts of
 * trials. */
#include "base/rng.h"
#include "tests/store_place.h"

#include <unistd.h>

/* ---- claims ---- */

static void test_claims(void **state) {
    place *p = *state;
    const nas_study def = study_of("kws", -1);
    nas_study_id id;
    nas_store *s = start(p, &def, &id);
    grid g = {.points = 3};
    nas_claim c[3], extra;
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
    }
    bool has = true;
    const nas_hash other = hash_of_number(3);
    OK(nas_store_has_candidate(s, id, &other, &has, &p->err));
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
    const nas_result stale = {.state = NAS_COMPLETE, .n_epochs = 1, .epochs = &late};
    FAILS(NAS_ELOST, nas_store_finish(s, id, &c[1], "w1", &stale, &p->err));
    assert_string_equal(ask(p, s, "SELECT count(*) FROM nas_epochs"), "0");
    FAILS(NAS_ELOST, nas_store_heartbeat(s, id, &c[1], "w1", &p->err));
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
    const nas_state odd[] = {NAS_RUNNING, NAS_STATES};
    for (int i = 0; i < 2; i++) {
        const nas_result r = {.state = odd[i]};
        FAILS(NAS_EINVAL, nas_store_finish(s, id, &extra, "w2", &r, &p->err));
    }
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

/* Five points of the cursor at a time; the point 12 is the first that may be. */
static nas_status pick_later(void *ctx, int64_t number, int64_t *cursor, nas_value *values,
                             nas_picked *out, nas_err *err) {
    (void)ctx, (void)err;
    values[0] = real(0.5);
    values[1] = integer(number);
    values[2] = null;
    out->again = *cursor < 10;
    *cursor += out->again ? 5 : 3;
    out->candidate = hash_of_number(*cursor);
    return NAS_OK;
}

static void test_pick_goes_on(void **state) {
    place *p = *state;
    const nas_study def = study_of("kws", 5);
    nas_study_id id;
    nas_store *s = start(p, &def, &id), *other = open_db(p, NAS_STORE_WRITE);
    nas_claim c;
    const char *json;
    nas_claimed what;
    for (int i = 1; i <= 2; i++) {
        /* Whoever claims goes on from there; between two claims the file is nobody's. */
        OK(nas_store_claim(i == 1 ? s : other, id, "w", pick_later, NULL, p->arena, &c, &json,
                           &what, &p->err));
        assert_int_equal(what, NAS_CLAIM_AGAIN);
        assert_int_equal(c.id, 0);
        assert_string_equal(ask(p, s, "SELECT cursor, exhausted FROM nas_spaces"),
                            i == 1 ? "5 0" : "10 0");
        assert_string_equal(ask(p, s, "SELECT count(*) FROM kws"), "0");
        raw_sql(p, "BEGIN IMMEDIATE; COMMIT");
    }
    OK(nas_store_claim(s, id, "w", pick_later, NULL, p->arena, &c, &json, &what, &p->err));
    assert_int_equal(what, NAS_CLAIMED);
    assert_int_equal(c.number, 0);
    assert_string_equal(ask(p, s, "SELECT cursor FROM nas_spaces"), "13");
    /* A trial that waits comes before points that are looked for. */
    assert_true(finish_as(p, s, id, &c, "w", "waiting", NULL));
    raw_sql(p, "UPDATE nas_spaces SET cursor = 0");
    OK(nas_store_claim(s, id, "w", pick_later, NULL, p->arena, &c, &json, &what, &p->err));
    assert_int_equal(what, NAS_CLAIMED);
    assert_int_equal(c.number, 0);
    nas_store_close(other);
    nas_store_close(s);
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
    int64_t rows[2];
    const nas_result back = {.state = NAS_WAITING, .forgiven = true};
    for (int i = 0; i < 2; i++) {
        assert_int_equal(claim_as(p, s, id, "w1", &c[i], &json), NAS_CLAIMED);
        assert_int_equal(c[i].number, i);
        OK(nas_store_finish(s, id, &c[i], "w1", &back, &p->err));
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
    nas_result res = {.state = NAS_FAILED,
                      .reason = "first try",
                      .n_epochs = 2,
                      .n_stages = 2,
                      .n_steps = 2,
                      .n_artefacts = 2,
                      .epochs = epochs,
                      .stages = stages,
                      .steps = steps,
                      .artefacts = files};
    /* The first attempt's rows give way to the second's. */
    for (int attempt = 1; attempt <= 2; attempt++) {
        assert_int_equal(claim_as(p, s, id, "w", &c, &json), NAS_CLAIMED);
        assert_int_equal(c.attempt, attempt);
        assert_int_equal(c.number, 0);
        res.state = attempt == 1 ? NAS_WAITING : NAS_COMPLETE;
        OK(nas_store_finish(s, id, &c, "w", &res, &p->err));
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

int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_claims),      T(test_pick_fails), T(test_pick_goes_on), T(test_reap),
        T(test_passed_over), T(test_values),     T(test_artefacts),
    };
    return cmocka_run_group_tests_name("store_trials", tests, NULL, NULL);
}
