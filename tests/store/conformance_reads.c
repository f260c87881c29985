/* tests/store/conformance_reads.c - trials by filter and order, near misses, contests, counts, and
 * what people ask in SQL. */
#include "tests/store/conformance_place.h"

static inline bool tell_contender(void *ctx, const nas_contender *c) {
    say(ctx, "%d:%d ", (int)c->row, (int)c->place);
    return true;
}

/* One order everywhere: what has no value of something comes behind what has one. */
static void test_order(void **state) {
    place *p = *state;
    told t = {""};
    p->def = study_named("unbound", 40);
    p->def.n_bounds = 0;
    OK(nas_store_study(p->s, &p->def, &p->id, &p->err));
    add(p, 0.9, -1, NAS_COMPLETE);  /* 0: no tie-break */
    add(p, 0.9, 300, NAS_COMPLETE); /* 1 */
    add(p, 0.9, 200, NAS_COMPLETE); /* 2 */
    add(p, NAN, 100, NAS_COMPLETE); /* 3: no objective */
    add(p, 0.8, 100, NAS_COMPLETE); /* 4 */
    add(p, 0.9, 200, NAS_COMPLETE); /* 5: as 2 */
    assert_string_equal(numbers(p, (nas_trials_ask){.order = NAS_BY_RANK}), "2 5 1 0 4 3 ");
    assert_string_equal(
        numbers(p, (nas_trials_ask){.order = NAS_BY_RANK, .among = NAS_AMONG_FEASIBLE}),
        "2 5 1 0 4 3 ");
    assert_string_equal(numbers(p, (nas_trials_ask){.among = NAS_AMONG_BEST}), "2 ");
    assert_string_equal(
        numbers(p, (nas_trials_ask){.order = NAS_BY_RANK, .among = NAS_AMONG_FRONT}), "2 5 1 0 ");
    OK(nas_store_contest(p->s, &p->def, NULL, "accuracy", "accuracy_lo", false, 10, tell_contender,
                         &t, &p->err));
    assert_string_equal(t.text, "3:1 6:2 2:3 1:4 5:5 ");
    /* Who stands before the one without a tie-break, and before the last. */
    assert_string_equal(numbers(p, (nas_trials_ask){.order = NAS_BY_RANK, .rival_of = 1}),
                        "2 5 1 ");
    assert_string_equal(numbers(p, (nas_trials_ask){.order = NAS_BY_RANK, .rival_of = 3}), "");
    assert_string_equal(numbers(p, (nas_trials_ask){.order = NAS_BY_COLUMN, .by = "zlib_bytes"}),
                        "3 4 2 5 1 0 ");
    assert_string_equal(
        numbers(p, (nas_trials_ask){.order = NAS_BY_COLUMN, .by = "zlib_bytes", .down = true}),
        "1 2 5 3 4 0 ");
    /* What other data begin with stands in the same order. */
    nas_claim c;
    p->def.fingerprint = nas_hash_of("more data", 9);
    OK(nas_store_study(p->s, &p->def, &p->id, &p->err));
    assert_int_equal(p->id.first, 3);
    for (int i = 0; i < 3; i++) {
        static const double width[] = {1, 2.5, 0.5};
        const nas_condition is = {"width", NAS_EQUAL, width[i]};
        const nas_trials_ask ask = {
            .in_range = true, .first = i, .last = i, .where = &is, .n_where = 1};
        int64_t n;
        OK(nas_store_count_trials(p->s, &p->def, &ask, &n, &p->err));
        assert_int_equal(n, 1);
        assert_int_equal(claim(p, p->s, "w", &c), NAS_CLAIMED);
    }
}
static void test_filters(void **state) {
    place *p = *state;
    static const char *const known[] = {"accuracy"}, *const columns[] = {"number"};
    const nas_state complete = NAS_COMPLETE, rejected = NAS_REJECTED;
    bool varies[2];
    int64_t n;
    told t = {""};
    add(p, 0.9, 500, NAS_COMPLETE);   /* 0 keeps both */
    add(p, 0.95, 2000, NAS_COMPLETE); /* 1 too large */
    add(p, NAN, -1, NAS_REJECTED);    /* 2 */
    add(p, 0.6, 400, NAS_COMPLETE);   /* 3 its end too low */
    add(p, NAN, 100, NAS_DIVERGED);   /* 4 */
    add(p, 0.7, 1100, NAS_COMPLETE);  /* 5 both */
    assert_string_equal(numbers(p, (nas_trials_ask){.most = 0}), "0 1 2 3 4 5 ");
    assert_string_equal(numbers(p, (nas_trials_ask){.most = 2}), "0 1 ");
    assert_string_equal(numbers(p, (nas_trials_ask){.state = &complete}), "0 1 3 5 ");
    assert_string_equal(numbers(p, (nas_trials_ask){.state = &rejected}), "2 ");
    assert_string_equal(numbers(p, (nas_trials_ask){.among = NAS_AMONG_FEASIBLE}), "0 ");
    assert_string_equal(numbers(p, (nas_trials_ask){.feasible = true}), "0 ");
    assert_string_equal(numbers(p, (nas_trials_ask){.known = known, .n_known = 1}), "0 1 3 5 ");
    assert_string_equal(numbers(p, (nas_trials_ask){.in_range = true, .first = 2, .last = 4}),
                        "2 3 4 ");
    const int64_t above = 3, highest = INT64_MAX;
    assert_string_equal(numbers(p, (nas_trials_ask){.above = &above}), "4 5 ");
    assert_string_equal(numbers(p, (nas_trials_ask){.above = &highest}), "");
    assert_string_equal(numbers(p, (nas_trials_ask){.row = 4}), "3 ");
    assert_string_equal(numbers(p, (nas_trials_ask){.but = 4, .state = &complete}), "0 1 5 ");
    static const struct {
        nas_relation is;
        const char *found;
    } rows[] = {{NAS_ABOVE, "1 5 "},     {NAS_AT_LEAST, "0 1 5 "}, {NAS_BELOW, "3 4 "},
                {NAS_AT_MOST, "0 3 4 "}, {NAS_EQUAL, "0 "},        {NAS_UNEQUAL, "1 3 4 5 "}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const nas_condition c = {"zlib_bytes", rows[i].is, 500};
        assert_string_equal(numbers(p, (nas_trials_ask){.where = &c, .n_where = 1}), rows[i].found);
    }
    OK(nas_store_turned_away(p->s, &p->def, &bounds[0], &n, &p->err));
    assert_int_equal(n, 3);
    OK(nas_store_turned_away(p->s, &p->def, &bounds[1], &n, &p->err));
    assert_int_equal(n, 2);
    OK(nas_store_nearest(p->s, &p->def, columns, 1, 3, tell_numbers, &t, &p->err));
    assert_string_equal(t.text, "0 5 3 ");
    OK(nas_store_varying(p->s, &p->def, &(nas_trials_ask){.most = 1}, varies, &p->err));
    assert_false(varies[0] || varies[1]);
    OK(nas_store_varying(p->s, &p->def, &(nas_trials_ask){.most = 2}, varies, &p->err));
    assert_true(varies[0] && varies[1]); /* no value is one, too */
    FAILS(NAS_EINVAL,
          nas_store_trials(p->s, &p->def, &(nas_trials_ask){.order = NAS_BY_COLUMN, .by = "nix"},
                           tell_numbers, &t, &p->err));
}
static inline bool tell_version(void *ctx, const nas_version_row *v) {
    say(ctx, "%d %d %d %d|", (int)v->version, (int)v->data, (int)v->trials, (int)v->complete);
    return true;
}

static void test_counts(void **state) {
    place *p = *state;
    nas_counts c;
    int64_t studies, trials, version, same[4];
    int32_t n;
    bool yes = true;
    char hex[65], expected[65];
    told t = {""};
    add(p, 0.9, 500, NAS_COMPLETE);
    add(p, 0.9, 500, NAS_FAILED);
    OK(nas_store_counts(p->s, "demo", &c, &p->err));
    assert_int_equal(c.in[NAS_COMPLETE], 1);
    assert_int_equal(c.in[NAS_FAILED], 1);
    assert_int_equal(c.in[NAS_RUNNING], 0);
    OK(nas_store_totals(p->s, &studies, &trials, &p->err));
    assert_int_equal(studies, 1);
    assert_int_equal(trials, 2);
    p->def.space_hash = nas_hash_of("another", 7);
    OK(nas_store_study(p->s, &p->def, &p->id, &p->err));
    OK(nas_store_current_version(p->s, p->id.study, &version, &p->err));
    assert_int_equal(version, 2);
    OK(nas_store_same_data(p->s, p->id, 4, same, &n, &p->err));
    assert_int_equal(n, 2);
    assert_int_equal(same[0], 2);
    OK(nas_store_versions(p->s, p->id, tell_version, &t, &p->err));
    assert_string_equal(t.text, "1 1 2 1|2 1 0 0|");
    OK(nas_store_is_exhausted(p->s, p->id, &yes, &p->err));
    assert_false(yes);
    OK(nas_store_fingerprint(p->s, p->id, hex, &p->err));
    nas_hash_hex(&p->def.fingerprint, expected);
    assert_string_equal(hex, expected);
}

/* How far off, as a share of the bound, summed; what is none is farthest. */
static void test_near_misses(void **state) {
    place *p = *state;
    static const char *const columns[] = {"number"};
    told t = {""};
    add(p, 0.9, -1, NAS_COMPLETE);      /* 0 no bytes */
    add(p, 0.9, 1500, NAS_COMPLETE);    /* 1 half of a bound off */
    add(p, 0.7375, 1100, NAS_COMPLETE); /* 2 0.1 + 0.025 */
    add(p, 0.9, 1100, NAS_COMPLETE);    /* 3 0.1 */
    add(p, 0.9, 1100, NAS_FAILED);      /* 4 no candidate */
    add(p, 0.9, 999, NAS_COMPLETE);     /* 5 none */
    add(p, 0.9, 1000, NAS_COMPLETE);    /* 6 it is < and not <= */
    OK(nas_store_nearest(p->s, &p->def, columns, 1, 9, tell_numbers, &t, &p->err));
    assert_string_equal(t.text, "5 6 3 2 1 0 ");
    t.text[0] = '\0';
    OK(nas_store_nearest(p->s, &p->def, columns, 1, 2, tell_numbers, &t, &p->err));
    assert_string_equal(t.text, "5 6 ");
}

/* Without one of the bounds; those that keep it first. */
static void test_contest(void **state) {
    place *p = *state;
    told t = {""};
    add(p, 0.9, 100, NAS_COMPLETE);   /* row 1 */
    add(p, 0.95, 2000, NAS_COMPLETE); /* row 2 misses the first */
    add(p, 0.7, 50, NAS_COMPLETE);    /* row 3 misses the second */
    add(p, 0.8, 60, NAS_COMPLETE);    /* row 4 */
    OK(nas_store_contest(p->s, &p->def, NULL, "accuracy", "accuracy_lo", false, 9, tell_contender,
                         &t, &p->err));
    assert_string_equal(t.text, "1:1 4:2 ");
    t.text[0] = '\0';
    OK(nas_store_contest(p->s, &p->def, &p->def.bounds[0], "accuracy", "accuracy_lo", false, 9,
                         tell_contender, &t, &p->err));
    assert_string_equal(t.text, "1:2 4:3 2:1 ");
    t.text[0] = '\0';
    OK(nas_store_contest(p->s, &p->def, &p->def.bounds[1], "accuracy", "accuracy_lo", true, 9,
                         tell_contender, &t, &p->err));
    assert_string_equal(t.text, "1:3 4:2 3:1 ");
    t.text[0] = '\0';
    OK(nas_store_contest(p->s, &p->def, NULL, "accuracy", "accuracy_lo", false, 1, tell_contender,
                         &t, &p->err));
    assert_string_equal(t.text, "1:1 ");
}

static bool tell_row(void *ctx, const nas_row *row) {
    for (int32_t i = 0; i < row->n; i++) {
        const nas_value *v = row->values ? &row->values[i] : NULL;
        if (!v)
            say(ctx, "%s ", row->names[i]);
        else if (v->is_null)
            say(ctx, "- ");
        else if (v->type == NAS_COLUMN_TEXT)
            say(ctx, "%s ", v->text);
        else
            say(ctx, "%g ", nas_value_real(v));
    }
    say(ctx, "|");
    return true;
}

static bool tell_one(void *ctx, const nas_row *row) {
    (void)tell_row(ctx, row);
    return false;
}

/* The last column says which of them are feasible; whole rows hold names. */
static void test_columns(void **state) {
    place *p = *state;
    static const char *const columns[] = {"accuracy", "format"};
    told t = {""};
    add(p, 0.9, 100, NAS_COMPLETE);
    add(p, 0.5, 100, NAS_COMPLETE);
    const nas_trials_ask ask = {.columns = columns, .n_columns = 2, .or_feasible = true};
    OK(nas_store_trials(p->s, &p->def, &ask, tell_row, &t, &p->err));
    assert_string_equal(t.text, "0.9 - 1 |0.5 int8 0 |");
    t.text[0] = '\0';
    OK(nas_store_trials(p->s, &p->def, &ask, tell_one, &t, &p->err)); /* ended early */
    assert_string_equal(t.text, "0.9 - 1 |");
    const char *const unknown[] = {"beauty"};
    const nas_trials_ask odd = {.columns = unknown, .n_columns = 1};
    FAILS(NAS_EINVAL, nas_store_trials(p->s, &p->def, &odd, tell_row, &t, &p->err));
}

/* Each statement that only reads, through the views. */
static void test_query(void **state) {
    place *p = *state;
    told t = {""};
    int64_t n = 7;
    add(p, 0.9, 100, NAS_COMPLETE);
    add(p, 0.8, 100, NAS_REJECTED);
    const nas_value args[] = {{.type = NAS_COLUMN_INTEGER, .integer = 0},
                              {.type = NAS_COLUMN_TEXT, .text = "it's"},
                              {.is_null = true}};
    const char *const sql = "select number, ?2 as text, ?3 as none from demo where number >= ?1"
                            " order by number";
    OK(nas_store_query(p->s, sql, args, 3, tell_row, &t, &p->err));
    assert_string_equal(t.text, "0 it's - |1 it's - |");
    t.text[0] = '\0';
    OK(nas_store_query_head(p->s, "select number, state from demo_best where number = 5", NULL, 0,
                            tell_row, tell_row, &t, &p->err));
    assert_string_equal(t.text, "number state |");
    OK(nas_store_query_integer(p->s, "select count(*) from demo_rejected", NULL, 0, &n, &p->err));
    assert_int_equal(n, 1);
    OK(nas_store_query_integer(p->s, "select number from demo where number = 9", NULL, 0, &n,
                               &p->err));
    assert_int_equal(n, 1); /* as it was */
    OK(nas_store_query_integer(p->s, "select count(*) from trials where study = 'demo'", NULL, 0,
                               &n, &p->err));
    assert_int_equal(n, 2);
    static const char *const refused[] = {
        "delete from nas_studies", "select 1; select 2",        "select beauty from demo",
        "select 1 from nowhere",   "create table x(y integer)", "selec 1",
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        FAILS(NAS_EINVAL, nas_store_query(p->s, refused[i], NULL, 0, tell_row, &t, &p->err));
    OK(nas_store_query_integer(p->s, "select count(*) from demo", NULL, 0, &n, &p->err));
    assert_int_equal(n, 2);
}

/* The same order where less is better: what has no value is not the least. */
static void test_minimise(void **state) {
    place *p = *state;
    static const nas_goal least[] = {{"accuracy", false}};
    p->def = study_named("less", 40);
    p->def.n_bounds = 0;
    p->def.goals = least;
    OK(nas_store_study(p->s, &p->def, &p->id, &p->err));
    add(p, NAN, 100, NAS_COMPLETE); /* 0 */
    add(p, 0.5, -1, NAS_COMPLETE);  /* 1 */
    add(p, 0.5, 200, NAS_COMPLETE); /* 2 */
    add(p, 0.7, 100, NAS_COMPLETE); /* 3 */
    add(p, 0.9, 100, NAS_COMPLETE); /* 4 */
    assert_string_equal(numbers(p, (nas_trials_ask){.order = NAS_BY_RANK}), "2 1 3 4 0 ");
    assert_string_equal(numbers(p, (nas_trials_ask){.among = NAS_AMONG_BEST}), "2 ");
    assert_string_equal(
        numbers(p, (nas_trials_ask){.order = NAS_BY_RANK, .among = NAS_AMONG_FRONT}), "2 1 ");
    assert_string_equal(numbers(p, (nas_trials_ask){.order = NAS_BY_RANK, .rival_of = 5}),
                        "2 1 3 ");
    p->def.fingerprint = nas_hash_of("more data", 9);
    OK(nas_store_study(p->s, &p->def, &p->id, &p->err));
    assert_int_equal(p->id.first, 3);
    for (int i = 0; i < 3; i++) {
        static const double width[] = {1, 0.5, 1.5};
        const nas_condition is = {"width", NAS_EQUAL, width[i]};
        char number[16];
        snprintf(number, sizeof number, "%d ", i);
        assert_string_equal(numbers(p, (nas_trials_ask){.where = &is, .n_where = 1}), number);
    }
}

int nas_conformance_reads(void) {
    const struct CMUnitTest tests[] = {
        T(test_order),   T(test_filters), T(test_counts), T(test_near_misses),
        T(test_contest), T(test_columns), T(test_query),  T(test_minimise),
    };
    return cmocka_run_group_tests_name("reads", tests, NULL, NULL);
}
