/* tests/store/test_store_views.c - the contract of store/store.h: views, counts and the queries of
 * docs/SCHEMA.md. */
#include "base/rng.h"
#include "tests/store_place.h"

#include <unistd.h>

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
    const nas_goal two[] = {{"zlib_bytes", NAS_MINIMIZE}, {"accuracy", NAS_MAXIMIZE}};
    const nas_bound around[] = {{"total_ms < 2", "total_ms_hi", NAS_BELOW, 2},
                                {"total_ms > 0.5", "total_ms_hi", NAS_ABOVE, 0.5}};
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

/* One that the end of its interval forbids hides none that is allowed; a higher end alone is no
 * place on the front. */
static void test_front_of_ends(void **state) {
    place *p = *state;
    nas_study def = study_of("kws", 50);
    const nas_bound end[] = {{"total_ms < 2", "total_ms_hi", NAS_BELOW, 2}};
    const nas_column of_times[] = {{"total_ms", NAS_COLUMN_REAL},
                                   {"zlib_bytes", NAS_COLUMN_INTEGER},
                                   {"total_ms_hi", NAS_COLUMN_REAL}};
    const nas_goal two[] = {{"total_ms", NAS_MINIMIZE}, {"zlib_bytes", NAS_MINIMIZE}};
    static const double ends[] = {2.5, 1.9, 1.8};
    def.metrics = of_times;
    def.goals = two;
    def.n_goals = 2;
    def.bounds = end;
    def.n_bounds = 1;
    nas_study_id id;
    nas_store *s = start(p, &def, &id);
    for (int i = 0; i < 3; i++) add_slow(p, s, id, 1 + 0.1 * i, 100, ends[i], "complete");
    assert_string_equal(ask(p, s, "SELECT number FROM kws_pareto ORDER BY number"), "0|1");
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
    const nas_bound b[] = {{"zlib_bytes < 7", "zlib_bytes", NAS_BELOW, 7},
                           {"total_ms < 5", "total_ms_hi", NAS_BELOW, 5}};
    const nas_goal goal[] = {{"accuracy", NAS_MAXIMIZE}};
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
    const nas_goal other[] = {
        {"total_ms_hi", NAS_MINIMIZE}, {"zlib_bytes", NAS_MINIMIZE}, {"accuracy", NAS_MAXIMIZE}};
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
    const nas_bound b[] = {{"accuracy > 0.3", "accuracy", NAS_ABOVE, 0.3}};
    def.bounds = b;
    def.n_bounds = 1;
    nas_study_id id;
    nas_store *s = start(p, &def, &id);
    add(p, s, id, 0.3, 1, "complete");
    add(p, s, id, 0.1 + 0.2, 1, "complete");
    assert_string_equal(ask(p, s, "SELECT number FROM kws_feasible"), "1");
    const nas_bound c[] = {{"accuracy == 0.1 + 0.2", "accuracy", NAS_EQUAL, 0.1 + 0.2}};
    def.bounds = c;
    OK(nas_store_study(s, &def, &id, &p->err));
    assert_string_equal(ask(p, s, "SELECT number FROM kws_feasible"), "1");
    const nas_bound d[] = {{"accuracy != 0.3", "accuracy", NAS_UNEQUAL, 0.3}};
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
    assert_int_equal(queries, 14);
    nas_store_close(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_views),  T(test_views_two_goals), T(test_front),    T(test_front_of_ends),
        T(test_counts), T(test_bounds_exact),    T(test_document),
    };
    return cmocka_run_group_tests_name("store_views", tests, NULL, NULL);
}
