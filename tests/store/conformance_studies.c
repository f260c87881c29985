/* tests/store/conformance_studies.c - studies: made, joined, found, refused, renamed, copied. */
#include "tests/store/conformance_place.h"

#include <strings.h>

/* As it was defined. */
static void test_find(void **state) {
    place *p = *state;
    nas_study d;
    nas_study_id id;
    p->def.seed = UINT64_MAX;
    p->def.name = "second";
    p->def.kernel = "reference";
    p->def.confidence = 0.95;
    p->def.space_text = "{\"it's\": \"\xc3\xa4\"}";
    OK(nas_store_study(p->s, &p->def, &p->id, &p->err));
    OK(nas_store_find(p->s, "second", p->arena, &d, &id, &p->err));
    assert_true(id.study == p->id.study && id.version == 1);
    assert_string_equal(d.name, "second");
    assert_string_equal(d.task, "keywords");
    assert_string_equal(d.space_text, p->def.space_text);
    assert_string_equal(d.kernel, "reference");
    assert_string_equal(d.tie_break, "zlib_bytes");
    assert_true(nas_hash_equal(&d.space_hash, &p->def.space_hash));
    assert_true(nas_hash_equal(&d.fingerprint, &p->def.fingerprint));
    assert_true(d.seed == UINT64_MAX && d.trials == 40 && d.confidence == 0.95);
    assert_true(d.n_params == 2 && d.n_metrics == N_METRICS && d.n_bounds == 2 && d.n_goals == 1);
    assert_string_equal(d.params[1].name, "format");
    assert_int_equal(d.params[1].type, NAS_COLUMN_TEXT);
    assert_int_equal(d.metrics[1].type, NAS_COLUMN_INTEGER);
    assert_string_equal(d.bounds[1].text, "accuracy_lo >= 0.5");
    assert_int_equal(d.bounds[1].op, NAS_AT_LEAST);
    assert_true(d.bounds[1].bound == 0.5 && d.goals[0].direction == NAS_MAXIMIZE);
    FAILS(NAS_ENOTFOUND, nas_store_find(p->s, "third", p->arena, &d, &id, &p->err));
    assert_non_null(strstr(p->err.text, "second"));
    FAILS(NAS_ENOTFOUND, nas_store_find(p->s, NULL, p->arena, &d, &id, &p->err)); /* two */
}

static void test_only_one(void **state) {
    place *p = *state;
    nas_study d;
    nas_study_id id;
    OK(nas_store_find(p->s, NULL, p->arena, &d, &id, &p->err));
    assert_string_equal(d.name, "demo");
}

static void test_refused(void **state) {
    place *p = *state;
    static const char *const bad[] = {"",
                                      "select",
                                      "trials",
                                      "STUDIES",
                                      "nas_x",
                                      "a-b",
                                      "a b",
                                      "a\"b",
                                      "8words",
                                      "x_best",
                                      "x_Pareto",
                                      "a;b",
                                      "gr\303\274n",
                                      "order",
                                      "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvw"};
    nas_study_id id;
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        const nas_study def = study_named(bad[i], 4);
        FAILS(NAS_EINVAL, nas_store_check_name(bad[i], &p->err));
        FAILS(NAS_EINVAL, nas_store_study(p->s, &def, &id, &p->err));
    }
    nas_study def = study_named("DEMO", 4); /* SQL cannot tell them apart */
    FAILS(NAS_EINVAL, nas_store_study(p->s, &def, &id, &p->err));
    def = study_named("demo", 4);
    def.seed = 9;
    FAILS(NAS_EINVAL, nas_store_study(p->s, &def, &id, &p->err));
    def = study_named("demo", 4);
    def.kernel = "one";
    OK(nas_store_study(p->s, &def, &id, &p->err));
    def.kernel = "two";
    FAILS(NAS_EINVAL, nas_store_study(p->s, &def, &id, &p->err));
    def = study_named("demo", 4); /* who does not say leaves it */
    OK(nas_store_study(p->s, &def, &id, &p->err));
    assert_true(id.joined);
    static const nas_column state_too[] = {{"state", NAS_COLUMN_REAL}},
                            twice[] = {{"a", NAS_COLUMN_REAL}, {"A", NAS_COLUMN_REAL}};
    def = study_named("other", 4);
    def.params = state_too;
    def.n_params = 1;
    FAILS(NAS_EINVAL, nas_store_study(p->s, &def, &id, &p->err));
    def.params = twice;
    def.n_params = 2;
    FAILS(NAS_EINVAL, nas_store_study(p->s, &def, &id, &p->err));
    int64_t studies, trials;
    OK(nas_store_totals(p->s, &studies, &trials, &p->err));
    assert_int_equal(studies, 1);
}

/* At the limits: a study's, a column's, and beyond them. */
static void test_names(void **state) {
    place *p = *state;
#define TEN   "abcdefghij"
#define SIXTY TEN TEN TEN TEN TEN TEN
    static const nas_column columns[] = {{SIXTY "klm", NAS_COLUMN_REAL},
                                         {SIXTY "klmn", NAS_COLUMN_REAL},
                                         {SIXTY SIXTY SIXTY SIXTY "klmo", NAS_COLUMN_REAL},
                                         {SIXTY "klmN", NAS_COLUMN_REAL}};
    nas_study def = study_named(TEN TEN TEN TEN "abcdefgh", 4), found;
    nas_study_id id;
    const char *name[4];
    def.params = columns;
    def.n_params = 4;
    OK(nas_store_study(p->s, &def, &id, &p->err));
    OK(nas_store_find(p->s, def.name, p->arena, &found, &id, &p->err));
    for (int32_t i = 0; i < 4; i++) {
        OK(nas_store_param_column(p->s, id, i, p->arena, &name[i], &p->err));
        assert_string_equal(name[i], found.params[i].name);
        assert_true(strlen(name[i]) <= NAS_NAME_MOST);
        for (int32_t k = 0; k < i; k++) assert_true(strcasecmp(name[i], name[k]) != 0);
    }
    assert_string_equal(name[0], columns[0].name);
    told t = {""};
    static const nas_among among[] = {NAS_AMONG_ALL, NAS_AMONG_FEASIBLE, NAS_AMONG_BEST,
                                      NAS_AMONG_FRONT};
    for (int i = 0; i < 4; i++) {
        const nas_trials_ask ask = {.among = among[i], .columns = name, .n_columns = 4};
        OK(nas_store_trials(p->s, &found, &ask, tell_numbers, &t, &p->err));
    }
    OK(nas_store_study(p->s, &def, &id, &p->err));
    assert_true(id.joined && id.version == 1);
    FAILS(NAS_EINVAL, nas_store_param_column(p->s, id, 4, p->arena, name, &p->err));
    FAILS(NAS_EINVAL, nas_store_param_column(p->s, id, -1, p->arena, name, &p->err));
}

/* Other bounds are judged by what is stored; rejected trials wait for them. */
static void test_other_bounds(void **state) {
    place *p = *state;
    static const nas_bound loose[] = {{"zlib_bytes < 9000", "zlib_bytes", NAS_BELOW, 9000}};
    nas_counts c;
    add(p, 0.9, 5000, NAS_COMPLETE);
    add(p, NAN, -1, NAS_REJECTED);
    assert_string_equal(numbers(p, (nas_trials_ask){.among = NAS_AMONG_FEASIBLE}), "");
    p->def.bounds = loose;
    p->def.n_bounds = 1;
    OK(nas_store_study(p->s, &p->def, &p->id, &p->err));
    assert_true(p->id.joined);
    assert_string_equal(numbers(p, (nas_trials_ask){.among = NAS_AMONG_FEASIBLE}), "0 ");
    assert_string_equal(numbers(p, (nas_trials_ask){.among = NAS_AMONG_BEST}), "0 ");
    OK(nas_store_counts(p->s, "demo", &c, &p->err));
    assert_int_equal(c.in[NAS_WAITING], 1);
    assert_int_equal(c.in[NAS_REJECTED], 0);
}

/* A metric that is new to the study, and asked for: who has none is done again. */
static void test_new_metric(void **state) {
    place *p = *state;
    static const nas_column more[] = {{"accuracy", NAS_COLUMN_REAL},
                                      {"zlib_bytes", NAS_COLUMN_INTEGER},
                                      {"accuracy_lo", NAS_COLUMN_REAL},
                                      {"total_ms", NAS_COLUMN_REAL}};
    static const nas_bound fast[] = {{"total_ms < 9", "total_ms", NAS_BELOW, 9}};
    nas_claim c;
    add(p, 0.9, 5, NAS_COMPLETE);
    p->def.metrics = more;
    p->def.n_metrics = 4;
    OK(nas_store_study(p->s, &p->def, &p->id, &p->err));
    assert_string_equal(numbers(p, (nas_trials_ask){.among = NAS_AMONG_BEST}), "0 ");
    p->def.bounds = fast;
    p->def.n_bounds = 1;
    OK(nas_store_study(p->s, &p->def, &p->id, &p->err));
    assert_int_equal(claim(p, p->s, "w", &c), NAS_CLAIMED);
    assert_int_equal(c.number, 0);
}

/* More or fewer trials of the same study. */
static void test_trials(void **state) {
    place *p = *state;
    nas_claim c;
    for (int64_t want = 1; want <= 2; want++) {
        p->def.trials = want;
        OK(nas_store_study(p->s, &p->def, &p->id, &p->err));
        add(p, 0.9, 5, NAS_COMPLETE);
        assert_int_equal(claim(p, p->s, "w", &c), NAS_CLAIM_NONE_LEFT);
    }
}

static bool tell_said(void *ctx, const char *text) {
    say(ctx, "%s|", text);
    return true;
}

static int mark(place *p, nas_store *s) {
    return nas_store_at_work(s, p->id, false, &p->err) != NAS_OK;
}

/* Said again and again, and taken back by another run. */
static void test_at_work(void **state) {
    place *p = *state;
    for (int i = 0; i < 2; i++) OK(nas_store_at_work(p->s, p->id, true, &p->err));
    assert_int_equal(in_child(p, mark), 0);
    OK(nas_store_at_work(p->s, p->id, true, &p->err));
    OK(nas_store_at_work(p->s, p->id, false, &p->err));
}

/* All of it at one moment; what is in hand waits there, and the original goes on. */
static void test_copy(void **state) {
    place *p = *state;
    char to[sizeof p->where];
    nas_claim c;
    nas_counts counts;
    nas_store *copy;
    told t = {""};
    const nas_artefact f = {"model.tflite", "bytes", 5};
    const nas_result r = {.state = NAS_COMPLETE, .n_artefacts = 1, .artefacts = &f};
    if (!nas_under_test->beside) skip();
    nas_under_test->beside(p->where, to, sizeof to);
    assert_int_equal(claim(p, p->s, "w", &c), NAS_CLAIMED);
    OK(nas_store_finish(p->s, p->id, &c, "w", &r, &p->err));
    OK(nas_store_put_warning(p->s, p->id, "said", &p->err));
    assert_int_equal(claim(p, p->s, "w", &c), NAS_CLAIMED);
    OK(nas_store_copy(p->s, to, false, &p->err));
    FAILS(NAS_EINVAL, nas_store_copy(p->s, to, false, &p->err));
    FAILS(NAS_EINVAL, nas_store_copy(p->s, p->where, true, &p->err));
    OK(nas_store_copy(p->s, to, true, &p->err));
    assert_true(finish(p, p->s, &c, "w", 0.9, 5, NAS_COMPLETE));
    OK(nas_under_test->open(to, NAS_STORE_WRITE, &copy, &p->err));
    OK(nas_store_counts(copy, "demo", &counts, &p->err));
    assert_int_equal(counts.in[NAS_COMPLETE], 1);
    assert_int_equal(counts.in[NAS_WAITING], 1);
    nas_holder h;
    OK(nas_store_holder(copy, p->id, "model.tflite", "bytes", 5, &h, &p->err));
    assert_int_equal(h.row, 1);
    assert_int_equal(claim(p, copy, "w2", &c), NAS_CLAIMED);
    assert_true(finish(p, copy, &c, "w2", 0.5, 6, NAS_COMPLETE));
    OK(nas_store_warnings(copy, p->id, tell_said, &t, &p->err));
    assert_string_equal(t.text, "said|");
    nas_store_close(copy);
}

int nas_conformance_studies(void) {
    const struct CMUnitTest tests[] = {
        T(test_find),       T(test_only_one), T(test_refused), T(test_names), T(test_other_bounds),
        T(test_new_metric), T(test_trials),   T(test_at_work), T(test_copy),
    };
    return cmocka_run_group_tests_name("studies", tests, NULL, NULL);
}
