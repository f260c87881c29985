/* tests/store/test_store_versions.c - what keeps versions of a study apart: spaces, data, the
 * kernels that train; what older ones show; warnings. */
#include "store/file.h"
#include "tests/store_place.h"

static nas_store *begin(place *p, const nas_study *def, nas_study_id *id) {
    nas_store *s;
    OK(nas_store_open(p->db, NAS_STORE_CREATE, &s, &p->err));
    OK(nas_store_study(s, def, id, &p->err));
    return s;
}

static const char *shown_by(place *p, nas_store *s, const char *sql) {
    return nas_arena_text(p->arena, ask(p, s, sql), &p->err);
}

/* Other data begin a version whose first trials are the best settings of before: feasible ones
 * first, then by objective, bytes, number. Old rows stay. */
static void test_other_data(void **state) {
    place *p = *state;
    nas_study def = study_of("kws", 6);
    nas_study_id v1, v2, back;
    nas_store *s = begin(p, &def, &v1);
    add(p, s, v1, 0.91, 1000, "complete");
    add(p, s, v1, 0.99, 30000, "complete"); /* misses a bound */
    add(p, s, v1, 0.95, 2000, "complete");
    add(p, s, v1, 0.95, 1500, "complete");
    add(p, s, v1, 0.98, 1, "diverged");
    const char *old = shown_by(p, s, "SELECT * FROM nas_trials_1 ORDER BY id");
    def.fingerprint = nas_hash_of("more clips", 10);
    OK(nas_store_study(s, &def, &v2, &p->err));
    assert_int_equal(v2.version, 2);
    assert_false(v2.joined);
    assert_int_equal(v2.first, 3);
    assert_string_equal(ask(p, s, "SELECT number, state, train_epochs, quantize, attempt FROM kws"),
                        "0 waiting 3 int8 0|1 waiting 2 NULL 0|2 waiting 0 NULL 0");
    assert_string_equal(ask(p, s,
                            "SELECT count(*) FROM nas_trials_1 a JOIN nas_trials_1 b ON"
                            " a.candidate = b.candidate AND a.json = b.json WHERE a.version = 1"
                            " AND b.version = 2"),
                        "3");
    assert_string_equal(ask(p, s, "SELECT version, data FROM nas_spaces"), "1 1|2 2");
    /* Nothing is taken over: the figures are of other examples. */
    nas_claim c;
    const char *json;
    assert_int_equal(claim_as(p, s, v2, "w", &c, &json), NAS_CLAIMED);
    assert_int_equal(c.number, 0);
    assert_int_equal(c.attempt, 1);
    assert_int_equal(c.reuse, 0);
    assert_string_equal(json, "{\"point\": 3}");
    /* Two sets of data at once would each count and crown the other's trials. */
    nas_study first = study_of("kws", 6);
    FAILS(NAS_EBUSY, nas_store_study(s, &first, &back, &p->err));
    assert_true(finish_as(p, s, v2, &c, "w", "complete", NULL));
    assert_string_equal(shown_by(p, s, "SELECT * FROM nas_trials_1 WHERE version = 1 ORDER BY id"),
                        old);
    OK(nas_store_study(s, &first, &back, &p->err));
    assert_true(back.joined && back.version == 1 && back.first == 0);
    OK(nas_store_study(s, &def, &back, &p->err));
    assert_true(back.joined && back.version == 2 && back.first == 0);
    assert_string_equal(ask(p, s, "SELECT count(*) FROM kws"), "3");
    nas_store_close(s);
}

/* As many as are wanted; another space with other data has no settings of before. */
static void test_first_trials(void **state) {
    place *p = *state;
    nas_study def = study_of("kws", 2);
    nas_study_id id;
    nas_store *s = begin(p, &def, &id);
    add(p, s, id, 0.91, 1000, "complete");
    add(p, s, id, 0.92, 1000, "complete");
    def.trials = 1;
    def.fingerprint = nas_hash_of("b", 1);
    OK(nas_store_study(s, &def, &id, &p->err));
    assert_int_equal(id.first, 1);
    assert_string_equal(ask(p, s, "SELECT number, train_epochs FROM kws"), "0 1");
    def.fingerprint = nas_hash_of("c", 1);
    def.space_hash = nas_hash_of("space 2", 7);
    OK(nas_store_study(s, &def, &id, &p->err));
    assert_int_equal(id.version, 3);
    assert_int_equal(id.first, 0);
    assert_string_equal(ask(p, s, "SELECT count(*) FROM kws"), "0");
    /* On the same data another space takes over what is there. */
    add(p, s, id, 0.93, 1000, "complete");
    def.space_hash = nas_hash_of("space 3", 7);
    OK(nas_store_study(s, &def, &id, &p->err));
    nas_claim c;
    const char *json;
    assert_int_equal(claim_as(p, s, id, "w", &c, &json), NAS_CLAIMED);
    assert_string_equal(ask(p, s,
                            "SELECT version, number FROM nas_trials_1 WHERE id ="
                            " (SELECT max(id) - 1 FROM nas_trials_1)"),
                        "3 0");
    assert_int_equal(c.reuse, c.id - 1);
    nas_store_close(s);
}

/* Examples are those of a version's data, and answers are joined with theirs. */
static void test_examples_of_data(void **state) {
    place *p = *state;
    nas_study def = study_of("kws", 6);
    nas_study_id v1, v2;
    nas_store *s = begin(p, &def, &v1);
    const nas_example two[] = {{.part = "validation", .name = "a", .class = "go", .fold = -1},
                               {.part = "validation", .name = "b", .class = "go", .fold = -1}};
    const nas_example three[] = {{.part = "validation", .name = "new", .class = "go", .fold = -1},
                                 {.part = "validation", .name = "a", .class = "go", .fold = -1},
                                 {.part = "validation", .name = "b", .class = "go", .fold = -1}};
    const uint8_t first = 1, second = 6;
    OK(nas_store_put_examples(s, v1, two, 2, &p->err));
    OK(nas_store_put_examples(s, v1, two, 2, &p->err));
    add(p, s, v1, 0.91, 1000, "complete");
    const nas_answers said = {.part = "validation", .examples = 2, .score = 0.5, .right = &first};
    OK(nas_store_put_answers(s, v1, 1, &said, &p->err));
    def.fingerprint = nas_hash_of("b", 1);
    OK(nas_store_study(s, &def, &v2, &p->err));
    OK(nas_store_put_examples(s, v2, three, 3, &p->err));
    add(p, s, v2, 0.92, 1000, "complete");
    const nas_answers more = {.part = "validation", .examples = 3, .score = 0.6, .right = &second};
    OK(nas_store_put_answers(s, v2, 2, &more, &p->err));
    assert_string_equal(ask(p, s, "SELECT data, count(*) FROM nas_examples GROUP BY 1"), "1 2|2 3");
    assert_string_equal(ask(p, s, "SELECT trial, name, \"right\" FROM nas_verdicts"),
                        "1 a 1|1 b 0|2 new 0|2 a 1|2 b 1");
    assert_string_equal(ask(p, s, "SELECT examples FROM nas_studies"), "3");
    nas_store_close(s);
}

/* A study is trained by one row of kernels: it is named with the other. */
static void test_kernel(void **state) {
    place *p = *state;
    nas_study def = study_of("kws", 6);
    nas_study_id id;
    nas_store *s = begin(p, &def, &id);
    assert_string_equal(ask(p, s, "SELECT kernel FROM nas_studies"), "NULL");
    def.kernel = "avx2";
    OK(nas_store_study(s, &def, &id, &p->err));
    assert_string_equal(ask(p, s, "SELECT kernel FROM nas_studies"), "avx2");
    def.kernel = "avx512";
    FAILS(NAS_EINVAL, nas_store_study(s, &def, &id, &p->err));
    SAYS("study kws is trained with the kernels \"avx2\"");
    SAYS("train with \"avx512\"");
    SAYS("--kernel avx2");
    /* A new space or new data are no way round it. */
    def.space_hash = nas_hash_of("space 2", 7);
    def.fingerprint = nas_hash_of("b", 1);
    FAILS(NAS_EINVAL, nas_store_study(s, &def, &id, &p->err));
    def.kernel = NULL;
    OK(nas_store_study(s, &def, &id, &p->err));
    assert_string_equal(ask(p, s, "SELECT kernel FROM nas_studies"), "avx2");
    nas_store_close(s);
}

/* A reader that asks for an old version has its views, with the front computed; nobody else has. */
static void test_old_views(void **state) {
    place *p = *state;
    static const char *const queries[] = {
        "SELECT number, state, accuracy FROM kws ORDER BY number",
        "SELECT number FROM kws_feasible ORDER BY number",
        "SELECT number FROM kws_pareto ORDER BY number",
        "SELECT number FROM kws_best",
        "SELECT number FROM kws_rejected",
        "SELECT text FROM kws_warnings",
    };
    enum { N = sizeof queries / sizeof *queries };
    const char *want[N];
    nas_study def = study_of("kws", 60), got;
    nas_study_id v1, v2, id;
    nas_store *s = begin(p, &def, &v1);
    for (int i = 0; i < 40; i++) {
        const double accuracy = 0.85 + 0.01 * (i * 7 % 13);
        add_slow(p, s, v1, i % 11 ? accuracy : (double)NAN, 1000 * (i * 5 % 17), i * 3 % 5,
                 i % 9 == 8 ? "rejected" : "complete");
    }
    OK(nas_store_put_warning(s, v1, "of the first", &p->err));
    for (int i = 0; i < N; i++) want[i] = shown_by(p, s, queries[i]);
    def.space_hash = nas_hash_of("space 2", 7);
    OK(nas_store_study(s, &def, &v2, &p->err));
    add(p, s, v2, 0.91, 7, "complete");
    const char *now = shown_by(p, s, queries[0]);
    nas_store *r = open_db(p, NAS_STORE_READ);
    OK(nas_store_find_version(r, NULL, 1, p->arena, &got, &id, &p->err));
    assert_int_equal(id.version, 1);
    for (int i = 0; i < N; i++) assert_string_equal(ask(p, r, queries[i]), want[i]);
    assert_string_equal(ask(p, s, queries[0]), now);
    OK(nas_store_find_version(r, "kws", 2, p->arena, &got, &id, &p->err));
    assert_int_equal(id.version, 2);
    FAILS(NAS_ENOTFOUND, nas_store_find_version(r, "kws", 3, p->arena, &got, &id, &p->err));
    SAYS("has no version 3");
    nas_store_close(r);
    nas_store_close(s);
}

/* A constraint asks for what an old version never measured: none of its trials keeps it, and they
 * are shown. */
static void test_unmeasured(void **state) {
    place *p = *state;
    static const nas_column more[] = {{"accuracy", NAS_COLUMN_REAL},
                                      {"zlib_bytes", NAS_COLUMN_INTEGER},
                                      {"total_ms_hi", NAS_COLUMN_REAL},
                                      {"worst_recall", NAS_COLUMN_REAL}};
    static const nas_bound asked[] = {{"accuracy > 0.9", "accuracy", NAS_ABOVE, 0.9},
                                      {"worst_recall > 0.5", "worst_recall", NAS_ABOVE, 0.5},
                                      {"worst_recall < 1", "worst_recall", NAS_BELOW, 1}};
    static const nas_goal other[] = {{"worst_recall", NAS_MAXIMIZE}};
    nas_study def = study_of("kws", 60), got;
    nas_study_id v1, v2, id;
    nas_store *s = begin(p, &def, &v1);
    add(p, s, v1, 0.91, 1000, "complete");
    add(p, s, v1, 0.92, 900, "complete");
    def.space_hash = nas_hash_of("space 2", 7);
    def.metrics = more;
    def.n_metrics = 4;
    def.bounds = asked;
    def.n_bounds = 3;
    OK(nas_store_study(s, &def, &v2, &p->err));
    nas_store *r = open_db(p, NAS_STORE_READ);
    OK(nas_store_find_version(r, NULL, 1, p->arena, &got, &id, &p->err));
    assert_string_equal(ask(p, r, "SELECT number, accuracy, worst_recall FROM kws ORDER BY 1"),
                        "0 0.91000000000000003 NULL|1 0.92000000000000004 NULL");
    assert_string_equal(ask(p, r, "SELECT count(*) FROM kws_feasible"), "0");
    assert_string_equal(ask(p, r, "SELECT count(*) FROM kws_best"), "0");
    assert_string_equal(ask(p, r, "SELECT number FROM kws_pareto"), "1");
    nas_store_close(r);
    def.goals = other;
    OK(nas_store_study(s, &def, &v2, &p->err));
    r = open_db(p, NAS_STORE_READ);
    FAILS(NAS_EINVAL, nas_store_find_version(r, NULL, 1, p->arena, &got, &id, &p->err));
    SAYS("version 1 of study kws has no worst_recall");
    nas_store_close(r);
    nas_store_close(s);
}

/* Back on data whose trials lack what is asked for since: they are trained again, as with a changed
 * space. */
static void test_back_without(void **state) {
    place *p = *state;
    static const nas_bound asked[] = {{"accuracy > 0.9", "accuracy", NAS_ABOVE, 0.9},
                                      {"total_ms_hi < 9", "total_ms_hi", NAS_BELOW, 9}};
    nas_study def = study_of("kws", 60);
    nas_study_id v1, v2;
    nas_store *s = begin(p, &def, &v1);
    nas_claim c;
    const char *json;
    const nas_value without[3] = {real(0.91), integer(1000), null};
    assert_int_equal(claim_as(p, s, v1, "w", &c, &json), NAS_CLAIMED);
    assert_true(finish_as(p, s, v1, &c, "w", "complete", without));
    const nas_hash first = def.fingerprint;
    def.fingerprint = nas_hash_of("b", 1);
    OK(nas_store_study(s, &def, &v2, &p->err));
    def.bounds = asked;
    OK(nas_store_study(s, &def, &v2, &p->err));
    def.fingerprint = first;
    OK(nas_store_study(s, &def, &v1, &p->err));
    assert_int_equal(v1.version, 1);
    assert_string_equal(ask(p, s, "SELECT number, state FROM kws"), "0 waiting");
    nas_store_close(s);
}

static bool add_text(void *ctx, const char *said) {
    char *all = ctx;
    strcat(strcat(all, said), ";");
    return strstr(all, "stop") == NULL;
}

/* Each text once a version, in the order in which it came, whoever says it. */
static void test_warnings(void **state) {
    place *p = *state;
    nas_study def = study_of("kws", 6);
    nas_study_id v1, v2;
    nas_store *s = begin(p, &def, &v1), *other = open_db(p, NAS_STORE_WRITE);
    OK(nas_store_put_warning(s, v1, "b", &p->err));
    OK(nas_store_put_warning(other, v1, "a'", &p->err));
    OK(nas_store_put_warning(other, v1, "b", &p->err));
    OK(nas_store_put_warning(s, v1, "stop", &p->err));
    OK(nas_store_put_warning(s, v1, "c", &p->err));
    assert_string_equal(ask(p, s, "SELECT text FROM kws_warnings"), "b|a'|stop|c");
    char all[64] = "";
    OK(nas_store_warnings(other, v1, add_text, all, &p->err));
    assert_string_equal(all, "b;a';stop;");
    def.space_hash = nas_hash_of("space 2", 7);
    OK(nas_store_study(s, &def, &v2, &p->err));
    OK(nas_store_put_warning(s, v2, "b", &p->err));
    assert_string_equal(ask(p, s, "SELECT text FROM kws_warnings"), "b");
    assert_string_equal(ask(p, s, "SELECT count(*) FROM nas_warnings"), "5");
    nas_store *reader = open_db(p, NAS_STORE_READ);
    FAILS(NAS_EINVAL, nas_store_put_warning(reader, v2, "d", &p->err));
    nas_store_close(reader);
    nas_store_close(other);
    nas_store_close(s);
}

/* What a run leaves that is killed between two connections is no copy of a part. */
static void test_killed_between(void **state) {
    place *p = *state;
    nas_study def = study_of("kws", 6);
    nas_study_id id;
    nas_store *s = begin(p, &def, &id);
    char wal[128];
    snprintf(wal, sizeof wal, "%s-wal", p->db);
    OK(nas_store_at_work(s, id, true, &p->err));
    nas_store_close(s);
    assert_int_equal(access(wal, F_OK), 0);
    s = open_db(p, NAS_STORE_WRITE);
    assert_false(nas_store_lacks_wal(s));
    OK(nas_store_at_work(s, id, false, &p->err));
    nas_store_close(s);
    assert_int_not_equal(access(wal, F_OK), 0);
    s = open_db(p, NAS_STORE_READ);
    assert_false(nas_store_lacks_wal(s));
    nas_store_close(s);
}

/* ---- a copy without the -wal file ---- */

typedef struct held_up {
    place *p;
    nas_store *s;
    nas_study_id id;
} held_up;

static bool mark_meanwhile(void *ctx, const nas_row *row) {
    held_up *h = ctx;
    place *p = h->p;
    (void)row;
    OK(nas_store_at_work(h->s, h->id, true, &p->err));
    return false;
}

/* Does what cp makes of the database say what it lacks? */
static bool copy_is_known(place *p) {
    char cp[128], command[300];
    nas_store *s;
    snprintf(cp, sizeof cp, "%s.cp", p->db);
    snprintf(command, sizeof command, "cp %s %s", p->db, cp);
    assert_int_equal(system(command), 0);
    OK(nas_store_open(cp, NAS_STORE_READ, &s, &p->err));
    const bool known = nas_store_lacks_wal(s);
    nas_store_close(s);
    unlink(cp);
    return known;
}

/* Somebody may read an older state when a run begins, and another run may end: the mark comes into
 * the file all the same. */
static void test_mark_in_file(void **state) {
    place *p = *state;
    nas_study def = study_of("kws", 6);
    held_up h = {.p = p};
    h.s = begin(p, &def, &h.id);
    nas_store *other = open_db(p, NAS_STORE_WRITE);
    OK(nas_store_query(other, "SELECT name FROM nas_studies", NULL, 0, mark_meanwhile, &h,
                       &p->err));
    OK(nas_store_at_work(h.s, h.id, true, &p->err));
    assert_true(copy_is_known(p));
    OK(nas_store_at_work(other, h.id, true, &p->err));
    OK(nas_store_at_work(other, h.id, false, &p->err));
    assert_string_equal(ask(p, h.s, "SELECT at_work FROM nas_studies"), "0");
    OK(nas_store_at_work(h.s, h.id, true, &p->err));
    assert_true(copy_is_known(p));
    OK(nas_store_at_work(h.s, h.id, false, &p->err));
    nas_store_close(other);
    nas_store_close(h.s);
    assert_false(copy_is_known(p));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_other_data),     T(test_first_trials), T(test_examples_of_data), T(test_kernel),
        T(test_old_views),      T(test_unmeasured),   T(test_back_without),     T(test_warnings),
        T(test_killed_between), T(test_mark_in_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
