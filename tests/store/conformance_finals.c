/* tests/store/conformance_finals.c - what is found of a trial after its end: metrics, bounds, the
 * front, what finalists got, what is claimed of the winner. */
#include "tests/store/conformance_place.h"

static const nas_column with_test[] = {{"accuracy", NAS_COLUMN_REAL},
                                       {"zlib_bytes", NAS_COLUMN_INTEGER},
                                       {"accuracy_lo", NAS_COLUMN_REAL},
                                       {"test_accuracy", NAS_COLUMN_REAL}};

static void unbind(place *p) {
    p->def.n_bounds = 0;
    p->def.metrics = with_test;
    p->def.n_metrics = 4;
    OK(nas_store_study(p->s, &p->def, &p->id, &p->err));
}

static void add_bare(place *p, double accuracy) {
    nas_claim c;
    const nas_value m[4] = {{.type = NAS_COLUMN_REAL, .real = accuracy},
                            {.type = NAS_COLUMN_INTEGER, .integer = 1},
                            {.is_null = true},
                            {.is_null = true}};
    const nas_result r = {.state = NAS_COMPLETE, .metrics = m};
    assert_int_equal(claim(p, p->s, "w", &c), NAS_CLAIMED);
    OK(nas_store_finish(p->s, p->id, &c, "w", &r, &p->err));
}

static const char *front(place *p) {
    return numbers(p, (nas_trials_ask){.among = NAS_AMONG_FRONT});
}

static nas_status set(place *p, int64_t row, const char *name, double v) {
    const nas_column c = {name, NAS_COLUMN_REAL};
    const nas_value to = {.type = NAS_COLUMN_REAL, .real = v, .is_null = isnan(v)};
    return nas_store_set_metric(p->s, p->id, row, &c, &to, &p->err);
}

/* The front and the winner follow a figure that is changed afterwards. */
static void test_set_metric(void **state) {
    place *p = *state;
    nas_claim c;
    add(p, 0.8, 100, NAS_COMPLETE);
    add(p, 0.9, 200, NAS_COMPLETE);
    add(p, 0.7, 300, NAS_COMPLETE); /* beaten */
    assert_string_equal(front(p), "0 1 ");
    OK(set(p, 3, "accuracy", 0.95));
    assert_string_equal(front(p), "0 1 2 ");
    OK(set(p, 1, "accuracy", 0.99));
    assert_string_equal(front(p), "0 ");
    assert_string_equal(numbers(p, (nas_trials_ask){.among = NAS_AMONG_BEST}), "0 ");
    OK(set(p, 1, "accuracy", NAN));
    assert_string_equal(front(p), "1 2 ");
    /* The end of 2 is as it was, and misses its bound. */
    assert_string_equal(numbers(p, (nas_trials_ask){.among = NAS_AMONG_BEST}), "1 ");
    FAILS(NAS_EINVAL, set(p, 1, "beauty", 1));
    FAILS(NAS_EINVAL, set(p, 1, "width", 1)); /* a parameter is none */
    FAILS(NAS_ENOTFOUND, set(p, 99, "accuracy", 1));
    assert_int_equal(claim(p, p->s, "w", &c), NAS_CLAIMED);
    FAILS(NAS_ENOTFOUND, set(p, c.id, "accuracy", 1)); /* it has not ended */
}

/* All of them, or none. */
static void test_put_bounds(void **state) {
    place *p = *state;
    nas_study found;
    nas_study_id id;
    add(p, 0.8, 100, NAS_COMPLETE); /* its end is 0.55 */
    add(p, 0.9, 100, NAS_COMPLETE);
    const nas_figure bad[] = {{1, "accuracy_lo", 0.1}, {9, "accuracy_lo", 0.1}};
    const nas_figure good[] = {{1, "accuracy_lo", 0.5}, {2, "accuracy_lo", 0.49}};
    const nas_trials_ask feasible = {.among = NAS_AMONG_FEASIBLE};
    FAILS(NAS_ENOTFOUND, nas_store_put_bounds(p->s, p->id, 0.9, bad, 2, &p->err));
    assert_string_equal(numbers(p, feasible), "0 1 ");
    assert_string_equal(front(p), "1 ");
    OK(nas_store_put_bounds(p->s, p->id, 0.9, good, 2, &p->err));
    assert_string_equal(numbers(p, feasible), "0 ");
    assert_string_equal(front(p), "0 1 "); /* the better one misses a bound now */
    OK(nas_store_find(p->s, "demo", p->arena, &found, &id, &p->err));
    assert_true(found.confidence == 0.9);
}

static int add_some(place *p, nas_store *s) {
    for (int i = 0; i < 8; i++) {
        nas_claim c;
        if (claim(p, s, "w", &c) != NAS_CLAIMED) return 1;
        const double accuracy = (double)(7 * (c.number + 1) % 24) / 24;
        if (!finish(p, s, &c, "w", accuracy, 5 * (c.number + 1) % 24 * 10, NAS_COMPLETE)) return 2;
    }
    return 0;
}

/* Whoever adds to it, the front is what no other one beats. */
static void test_front_of_processes(void **state) {
    place *p = *state;
    told t = {""};
    assert_int_equal(in_children(p, 3, add_some), 0);
    for (int i = 0; i < 24; i++) {
        bool beaten = false;
        for (int k = 0; k < 24; k++) {
            const int a = 7 * (i + 1) % 24, b = 5 * (i + 1) % 24;
            const int c = 7 * (k + 1) % 24, d = 5 * (k + 1) % 24;
            /* the bound on accuracy_lo counts by whether it is kept */
            beaten |= c >= a && d <= b && (c > a || d < b);
        }
        if (!beaten) say(&t, "%d ", i);
    }
    assert_string_equal(front(p), t.text);
}

static bool tell_test(void *ctx, const nas_row *row) {
    say(ctx, "%d:", (int)row->values[0].integer);
    if (row->values[1].is_null)
        say(ctx, "- ");
    else
        say(ctx, "%g ", nas_value_real(&row->values[1]));
    return true;
}

static const char *tested(place *p) {
    static told t;
    static const char *const columns[] = {"number", "test_accuracy"};
    t.text[0] = '\0';
    const nas_trials_ask ask = {.columns = columns, .n_columns = 2};
    OK(nas_store_trials(p->s, &p->def, &ask, tell_test, &t, &p->err));
    return t.text;
}

/* The finalists of three trials, in their order. */
static const char *placed(place *p) {
    static told t;
    const char *const sql =
        "select trial from nas_finals where trials = 3 and place is not null order by place";
    t.text[0] = '\0';
    OK(nas_store_query(p->s, sql, NULL, 0, tell_numbers, &t, &p->err));
    return t.text;
}

/* Only the finalists of the last finals show what they got; who is one again keeps what was found.
 */
static void test_finals(void **state) {
    place *p = *state;
    bool yes = true;
    const nas_final_figure a = {"test_accuracy", 0.75}, b = {"test_accuracy", 0.5};
    const int64_t first[] = {2, 1}, second[] = {3, 1};
    unbind(p);
    for (int i = 0; i < 3; i++) add_bare(p, 0.5 + 0.1 * i);
    OK(nas_store_had_final(p->s, p->id, 1, &yes, &p->err));
    assert_false(yes);
    OK(nas_store_put_final(p->s, p->id, 2, 1, &a, 1, &p->err));
    OK(nas_store_put_final(p->s, p->id, 2, 2, &b, 1, &p->err));
    assert_string_equal(tested(p), "0:- 1:- 2:- ");
    OK(nas_store_had_final(p->s, p->id, 1, &yes, &p->err));
    assert_true(yes);
    OK(nas_store_end_finals(p->s, p->id, 2, first, 2, &p->err));
    assert_string_equal(tested(p), "0:0.75 1:0.5 2:- ");
    OK(nas_store_put_final(p->s, p->id, 3, 3, &b, 1, &p->err));
    OK(nas_store_end_finals(p->s, p->id, 3, second, 2, &p->err));
    assert_string_equal(tested(p), "0:0.75 1:- 2:0.5 ");
    OK(nas_store_had_final(p->s, p->id, 2, &yes, &p->err));
    assert_true(yes);
    OK(nas_store_end_finals(p->s, p->id, 2, first, 2, &p->err));
    assert_string_equal(tested(p), "0:0.75 1:0.5 2:- ");
    FAILS(NAS_ENOTFOUND, nas_store_put_final(p->s, p->id, 2, 99, &a, 1, &p->err));
    FAILS(NAS_ENOTFOUND, nas_store_had_final(p->s, p->id, 99, &yes, &p->err));
    const int64_t none[] = {1, 99};
    FAILS(NAS_ENOTFOUND, nas_store_end_finals(p->s, p->id, 3, none, 2, &p->err));
    assert_string_equal(tested(p), "0:0.75 1:0.5 2:- "); /* all or none */
    assert_string_equal(placed(p), "3 1 ");
    OK(nas_store_end_finals(p->s, p->id, 3, second, 1, &p->err));
    assert_string_equal(tested(p), "0:- 1:- 2:0.5 ");
    assert_string_equal(placed(p), "3 ");
}

static bool tell_claim(void *ctx, const nas_claimed_row *c) {
    say(ctx, "%d %d %g %d %g|", (int)c->number, (int)c->trained, c->claim.wins,
        (int)c->claim.trials, c->claim.claimed);
    return true;
}

/* In place of those of before; the winner of the claim is the best where the study prefers it. */
static void test_claims(void **state) {
    place *p = *state;
    told t = {""};
    const nas_claim_row rows[] = {{.trial = 1,
                                   .wins = 0.75,
                                   .trials = 2,
                                   .observed = 0.5,
                                   .claimed = 0.25,
                                   .confidence = 0.9},
                                  {.trial = 2, .wins = 0.25}};
    unbind(p);
    add_bare(p, 0.5);
    add_bare(p, 0.75);
    OK(nas_store_put_claims(p->s, p->id, &rows[1], 1, &p->err));
    OK(nas_store_put_claims(p->s, p->id, rows, 2, &p->err));
    OK(nas_store_claims(p->s, p->id, tell_claim, &t, &p->err));
    assert_non_null(strstr(t.text, "0 1 0.75 2 0.25|1 2 0.25 "));
    assert_string_equal(numbers(p, (nas_trials_ask){.among = NAS_AMONG_BEST}), "1 ");
    p->def.prefers = true;
    OK(nas_store_study(p->s, &p->def, &p->id, &p->err));
    assert_string_equal(numbers(p, (nas_trials_ask){.among = NAS_AMONG_BEST}), "0 ");
}

int nas_conformance_finals(void) {
    const struct CMUnitTest tests[] = {
        T(test_set_metric), T(test_put_bounds), T(test_front_of_processes),
        T(test_finals),     T(test_claims),
    };
    return cmocka_run_group_tests_name("finals", tests, NULL, NULL);
}
