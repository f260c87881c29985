/* tests/store/conformance_versions.c - versions of a study: another space, other data, the way
 * back, results that are taken over, options that are called otherwise. */
#include "tests/store/conformance_place.h"

static nas_status pick_grid(void *ctx, int64_t number, int64_t *cursor, nas_value *values,
                            nas_picked *out, nas_err *err) {
    NAS_TRY(pick(NULL, number, cursor, values, out, err));
    const int64_t at = *cursor - 1;
    out->candidate = nas_hash_of(&at, sizeof at);
    if (ctx) values[1] = (nas_value){.type = NAS_COLUMN_TEXT, .text = number ? "b" : "a"};
    return NAS_OK;
}

static nas_claim claim_next(place *p, const char *worker, void *labels) {
    nas_claim c;
    const char *json;
    nas_claimed what;
    OK(nas_store_claim(p->s, p->id, worker, pick_grid, labels, p->arena, &c, &json, &what,
                       &p->err));
    assert_int_equal(what, NAS_CLAIMED);
    return c;
}

static void go_to(place *p, const char *space, const char *data, int64_t version) {
    p->def.space_hash = nas_hash_of(space, strlen(space));
    p->def.fingerprint = nas_hash_of(data, strlen(data));
    OK(nas_store_study(p->s, &p->def, &p->id, &p->err));
    assert_int_equal(p->id.version, version);
}

/* Each version has its own trials; a space that is changed back finds its own again. */
static void test_spaces(void **state) {
    place *p = *state;
    nas_claim c;
    nas_study old;
    nas_study_id id;
    add(p, 0.9, 5, NAS_COMPLETE);
    go_to(p, "other", "data", 2);
    assert_false(p->id.joined);
    assert_string_equal(numbers(p, (nas_trials_ask){.most = 0}), "");
    assert_int_equal(claim(p, p->s, "w", &c), NAS_CLAIMED);
    assert_int_equal(c.number, 0);
    p->def.space_hash = nas_hash_of("space", 5);
    FAILS(NAS_EBUSY, nas_store_study(p->s, &p->def, &id, &p->err)); /* the other is at work */
    assert_true(finish(p, p->s, &c, "w", 0.5, 5, NAS_COMPLETE));
    add(p, 0.9, 5, NAS_COMPLETE);
    go_to(p, "space", "data", 1);
    assert_true(p->id.joined);
    assert_string_equal(numbers(p, (nas_trials_ask){.most = 0}), "0 ");
    assert_int_equal(claim(p, p->s, "w", &c), NAS_CLAIMED);
    assert_int_equal(c.number, 1);
    assert_true(finish(p, p->s, &c, "w", 0.5, 5, NAS_COMPLETE));
    /* A reader may look at any of them; nobody else sees it. */
    nas_store *r = open_it(p, NAS_STORE_READ), *kept = p->s;
    OK(nas_store_find_version(r, "demo", 2, p->arena, &old, &id, &p->err));
    assert_int_equal(id.version, 2);
    p->s = r;
    assert_string_equal(numbers(p, (nas_trials_ask){.most = 0}), "0 1 ");
    assert_string_equal(numbers(p, (nas_trials_ask){.among = NAS_AMONG_BEST}), "1 ");
    assert_string_equal(numbers(p, (nas_trials_ask){.among = NAS_AMONG_FRONT}), "1 ");
    p->s = kept;
    assert_string_equal(numbers(p, (nas_trials_ask){.among = NAS_AMONG_BEST}), "0 ");
    FAILS(NAS_ENOTFOUND, nas_store_find_version(r, "demo", 9, p->arena, &old, &id, &p->err));
    nas_store_close(r);
}

/* A parameter that changes its type, and one that goes and comes back. */
static void test_columns_change(void **state) {
    place *p = *state;
    static const nas_column other[] = {{"width", NAS_COLUMN_TEXT}, {"depth", NAS_COLUMN_REAL}};
    static const char *const columns[] = {"width"};
    told t = {""};
    const nas_trials_ask ask = {.columns = columns, .n_columns = 1};
    add(p, 0.9, 5, NAS_COMPLETE);
    p->def.params = other;
    go_to(p, "other", "data", 2);
    OK(nas_store_trials(p->s, &p->def, &ask, tell_numbers, &t, &p->err));
    assert_string_equal(t.text, "");
    p->def.params = params;
    go_to(p, "space", "data", 1);
    const nas_condition is = {"width", NAS_EQUAL, 0};
    assert_string_equal(numbers(p, (nas_trials_ask){.where = &is, .n_where = 1}), "0 ");
}

static void finish_whole(place *p, const nas_claim *c, nas_state state, double accuracy) {
    const nas_value m[N_METRICS] = {{.type = NAS_COLUMN_REAL, .real = accuracy},
                                    {.type = NAS_COLUMN_INTEGER, .integer = 5},
                                    {.type = NAS_COLUMN_REAL, .real = accuracy - 0.25}};
    const nas_epoch_row e = {.epoch = 1};
    const nas_artefact f = {"model.tflite", "bytes", 5};
    const nas_result r = {.state = state,
                          .reason = "why",
                          .metrics = m,
                          .epochs_trained = 4,
                          .epochs_saved = 2,
                          .n_epochs = 1,
                          .epochs = &e,
                          .n_artefacts = 1,
                          .artefacts = &f};
    OK(nas_store_finish(p->s, p->id, c, "w", &r, &p->err));
}

static bool count_answers(void *ctx, int64_t row, int64_t number, const nas_answers *a) {
    (void)row, (void)number, (void)a;
    ++*(int32_t *)ctx;
    return true;
}

static const nas_state ends[] = {NAS_COMPLETE, NAS_DIVERGED, NAS_REJECTED, NAS_FAILED};

/* What a twin of the same data has is taken over: complete or diverged, by the name of a metric. */
static void test_reuse(void **state) {
    place *p = *state;
    static const nas_column turned[] = {{"accuracy_lo", NAS_COLUMN_REAL},
                                        {"accuracy", NAS_COLUMN_REAL},
                                        {"zlib_bytes", NAS_COLUMN_INTEGER}};
    nas_claim c;
    int64_t trained;
    double epochs, saved;
    uint8_t *bytes;
    size_t n;
    for (int i = 0; i < 4; i++) {
        c = claim_next(p, "w", NULL);
        assert_int_equal(c.reuse, 0);
        finish_whole(p, &c, ends[i], 0.875);
    }
    p->def.metrics = turned;
    go_to(p, "other", "data", 2);
    for (int i = 0; i < 2; i++) {
        c = claim_next(p, "w2", NULL);
        assert_int_equal(c.reuse, i + 1);
        FAILS(NAS_ELOST, nas_store_reuse(p->s, p->id, &c, "w3", &p->err));
        OK(nas_store_reuse(p->s, p->id, &c, "w2", &p->err));
        FAILS(NAS_ELOST, nas_store_reuse(p->s, p->id, &c, "w2", &p->err)); /* once */
        OK(nas_store_trained(p->s, p->id, c.id, &trained, &p->err));
        assert_int_equal(trained, i + 1);
    }
    c = claim_next(p, "w2", NULL);
    assert_int_equal(c.reuse, 0);
    FAILS(NAS_EINVAL, nas_store_reuse(p->s, p->id, &c, "w2", &p->err));
    assert_true(finish(p, p->s, &c, "w2", NAN, -1, NAS_FAILED));
    const nas_condition is[] = {{"accuracy", NAS_EQUAL, 0.875},
                                {"accuracy_lo", NAS_EQUAL, 0.625},
                                {"zlib_bytes", NAS_EQUAL, 5}};
    assert_string_equal(numbers(p, (nas_trials_ask){.where = is, .n_where = 3}), "0 1 ");
    OK(nas_store_artefact(p->s, p->id, 5, "model.tflite", p->arena, &bytes, &n, &p->err));
    assert_memory_equal(bytes, "bytes", 6);
    OK(nas_store_epochs_spent(p->s, &p->def, &epochs, &saved, &p->err));
    assert_true(epochs == 0 && saved == 12);
    /* Whose file it is: of the version that is asked for, if that has one. */
    nas_holder h;
    const nas_study_id first = {.study = p->id.study, .version = 1};
    OK(nas_store_holder(p->s, p->id, "model.tflite", "bytes", 5, &h, &p->err));
    assert_true(h.row == 5 && h.version == 2 && h.number == 0);
    OK(nas_store_holder(p->s, first, "model.tflite", "bytes", 5, &h, &p->err));
    assert_true(h.row == 1 && h.version == 1 && h.number == 0);
    /* Answers that are asked for later are those of the row that was trained. */
    const uint8_t right = 1;
    const nas_answers a = {.part = "validation", .examples = 1, .score = 1, .right = &right};
    int32_t heard = 0;
    OK(nas_store_put_answers(p->s, p->id, 5, &a, &p->err));
    OK(nas_store_answers(p->s, p->id, 5, "validation", count_answers, &heard, &p->err));
    OK(nas_store_answers(p->s, (nas_study_id){.study = p->id.study, .version = 1}, 1, "validation",
                         count_answers, &heard, &p->err));
    assert_int_equal(heard, 2);
    /* Of a version that reused it, the row that was trained is named. */
    go_to(p, "third", "data", 3);
    c = claim_next(p, "w2", NULL);
    OK(nas_store_reuse(p->s, p->id, &c, "w2", &p->err));
    OK(nas_store_trained(p->s, p->id, c.id, &trained, &p->err));
    assert_int_equal(trained, 1);
    /* Other data have other results. */
    go_to(p, "third", "more data", 4);
    assert_int_equal(p->id.first, 1);
    c = claim_next(p, "w2", NULL);
    assert_int_equal(c.reuse, 0);
    c = claim_next(p, "w2", NULL);
    assert_int_equal(c.reuse, 0);
}

static int64_t reuse_next(place *p, int64_t of) {
    int64_t trained = 0;
    const nas_claim c = claim_next(p, "w", NULL);
    assert_int_equal(c.reuse, of);
    OK(nas_store_reuse(p->s, p->id, &c, "w", &p->err));
    OK(nas_store_trained(p->s, p->id, c.id, &trained, &p->err));
    return trained;
}

/* The row that was trained is named, not one that reused it. */
static void test_reuse_twice(void **state) {
    place *p = *state;
    nas_claim c = claim_next(p, "w", NULL);
    finish_whole(p, &c, NAS_COMPLETE, 0.875); /* row 1 */
    go_to(p, "other", "data", 2);
    assert_int_equal(reuse_next(p, 1), 1); /* row 2 */
    c = claim_next(p, "w", NULL);
    finish_whole(p, &c, NAS_COMPLETE, 0.75); /* row 3 */
    go_to(p, "space", "data", 1);
    assert_int_equal(reuse_next(p, 3), 3); /* row 4 */
    go_to(p, "third", "data", 3);
    assert_int_equal(reuse_next(p, 1), 1);
    assert_int_equal(reuse_next(p, 4), 3);
}

static const char *const was[] = {"a", "b"};
static const nas_value now[] = {{.type = NAS_COLUMN_TEXT, .text = "alpha"},
                                {.type = NAS_COLUMN_TEXT, .text = "beta"}};

static nas_status renamed(const void *ctx, const char *text, nas_arena *a, const nas_renamed **out,
                          int32_t *n, nas_err *err) {
    static const nas_renamed all = {.param = 1, .n = 2, .was = was, .now = now};
    (void)ctx, (void)a, (void)err;
    assert_string_equal(text, "{}");
    *out = &all;
    *n = 1;
    return NAS_OK;
}

static bool tell_format(void *ctx, const nas_row *row) {
    say(ctx, "%s ", row->values[0].text);
    return true;
}

static const char *formats(place *p) {
    static told t;
    static const char *const columns[] = {"format"};
    t.text[0] = '\0';
    const nas_trials_ask ask = {.columns = columns, .n_columns = 1};
    OK(nas_store_trials(p->s, &p->def, &ask, tell_format, &t, &p->err));
    return t.text;
}

/* The same space with other words for its options: the rows that are there say them. */
static void test_renamed(void **state) {
    place *p = *state;
    int labels = 1;
    for (int i = 0; i < 2; i++) {
        const nas_claim c = claim_next(p, "w", &labels);
        finish_whole(p, &c, NAS_COMPLETE, 0.875);
    }
    assert_string_equal(formats(p), "a b ");
    p->def.space_text = "{\"with\": \"labels\"}";
    p->def.renamed = renamed;
    OK(nas_store_study(p->s, &p->def, &p->id, &p->err));
    assert_true(p->id.joined && p->id.version == 1);
    assert_string_equal(formats(p), "alpha beta ");
}

int nas_conformance_versions(void) {
    const struct CMUnitTest tests[] = {
        T(test_spaces), T(test_columns_change), T(test_reuse), T(test_reuse_twice), T(test_renamed),
    };
    return cmocka_run_group_tests_name("versions", tests, NULL, NULL);
}
