/* tests/store/conformance_values.c - a database is made, opened and left; what goes in comes out to
 * the bit, whole or not at all, and of one moment. */
#include "tests/store/conformance_place.h"

#include <float.h>

static void test_open(void **state) {
    place *p = *state;
    char where[256];
    nas_store *s = NULL, *other = NULL;
    bool bare = true;
    int64_t studies = 9, trials = 9;
    assert_true(nas_under_test->make(where, sizeof where));
    FAILS(NAS_ENOTFOUND, nas_under_test->open(where, NAS_STORE_READ, &s, &p->err));
    FAILS(NAS_ENOTFOUND, nas_under_test->open(where, NAS_STORE_WRITE, &s, &p->err));
    OK(nas_under_test->open(where, NAS_STORE_CREATE, &s, &p->err));
    assert_int_equal(nas_store_schema(s), nas_schema_version());
    OK(nas_store_totals(s, &studies, &trials, &p->err));
    assert_true(studies == 0 && trials == 0);
    OK(nas_store_is_bare(s, "demo", &bare, &p->err));
    assert_false(bare);
    FAILS(NAS_ENOTFOUND, nas_store_find(s, NULL, p->arena, &p->def, &p->id, &p->err));
    nas_store_close(s); /* no study came into it */
    FAILS(NAS_ENOTFOUND, nas_under_test->open(where, NAS_STORE_WRITE, &s, &p->err));
    OK(nas_under_test->open(where, NAS_STORE_CREATE, &s, &p->err));
    p->def = study_named("demo", 4);
    OK(nas_store_study(s, &p->def, &p->id, &p->err));
    /* The same database by another store of this process. */
    OK(nas_under_test->open(where, NAS_STORE_CREATE, &other, &p->err));
    OK(nas_store_put_warning(other, p->id, "x", &p->err));
    nas_store_close(s);
    OK(nas_store_put_warning(other, p->id, "y", &p->err));
    nas_store_close(other);
    OK(nas_under_test->open(where, NAS_STORE_READ, &s, &p->err));
    OK(nas_store_totals(s, &studies, &trials, &p->err));
    assert_int_equal(studies, 1);
    nas_store_close(s);
    nas_under_test->remove(where);
}

static bool take_row(void *ctx, const nas_row *row) {
    nas_value *v = ctx;
    for (int i = 0; i < N_METRICS; i++) v[i] = row->values[i];
    return false;
}

/* To the bit; what is no number is none. */
static void test_numbers(void **state) {
    place *p = *state;
    static const char *const columns[] = {"accuracy", "zlib_bytes", "accuracy_lo"};
    static const double reals[] = {DBL_TRUE_MIN, -DBL_MAX, 0.1, 1.0 / 3, 4503599627370497.5};
    static const int64_t integers[] = {INT64_MAX, INT64_MIN, 0, -1, 9007199254740993};
    for (int i = 0; i < 5; i++) {
        nas_claim c;
        const nas_value m[N_METRICS] = {{.type = NAS_COLUMN_REAL, .real = reals[i]},
                                        {.type = NAS_COLUMN_INTEGER, .integer = integers[i]},
                                        {.type = NAS_COLUMN_REAL, .is_null = true}};
        nas_value out[N_METRICS];
        const nas_result r = {.state = NAS_COMPLETE, .metrics = m};
        assert_int_equal(claim(p, p->s, "w", &c), NAS_CLAIMED);
        OK(nas_store_finish(p->s, p->id, &c, "w", &r, &p->err));
        const nas_trials_ask ask = {.row = c.id, .columns = columns, .n_columns = N_METRICS};
        OK(nas_store_trials(p->s, &p->def, &ask, take_row, out, &p->err));
        assert_memory_equal(&out[0].real, &reals[i], sizeof reals[i]);
        assert_true(out[1].integer == integers[i]);
        assert_true(out[2].is_null);
    }
}

enum { LARGE = 3000000 };

static void test_artefacts(void **state) {
    place *p = *state;
    nas_claim c;
    uint8_t *large = nas_arena_alloc(p->arena, LARGE, &p->err), *bytes;
    size_t n;
    assert_non_null(large);
    for (size_t i = 0; i < LARGE; i++) large[i] = (uint8_t)(i * 2654435761U >> 13);
    const nas_artefact f[] = {{"large", large, LARGE}, {"empty", "", 0}, {"it's \xc3\xa4", "x", 1}};
    const nas_result r = {.state = NAS_COMPLETE, .n_artefacts = 3, .artefacts = f};
    assert_int_equal(claim(p, p->s, "w", &c), NAS_CLAIMED);
    OK(nas_store_finish(p->s, p->id, &c, "w", &r, &p->err));
    for (int i = 0; i < 3; i++) {
        OK(nas_store_artefact(p->s, p->id, c.id, f[i].name, p->arena, &bytes, &n, &p->err));
        assert_int_equal(n, f[i].n);
        assert_memory_equal(bytes, f[i].bytes, n);
        assert_int_equal(bytes[n], 0);
    }
}

static bool count_step(void *ctx, const nas_step_row *r) {
    (void)r;
    ++*(int32_t *)ctx;
    return true;
}

/* What cannot be written whole leaves the trial with its worker, as it was. */
static void test_all_or_nothing(void **state) {
    place *p = *state;
    nas_claim c;
    int32_t steps = 0;
    const nas_step_row t = {"dense", 0.5, 1, 1};
    const nas_artefact twice[] = {{"model.tflite", "a", 1}, {"model.tflite", "b", 1}};
    nas_result r = {
        .state = NAS_COMPLETE, .n_steps = 1, .steps = &t, .n_artefacts = 2, .artefacts = twice};
    assert_int_equal(claim(p, p->s, "w", &c), NAS_CLAIMED);
    const nas_status st = nas_store_finish(p->s, p->id, &c, "w", &r, &p->err);
    assert_true(st != NAS_OK && st != NAS_ELOST);
    OK(nas_store_steps(p->s, p->id, c.id, count_step, &steps, &p->err));
    assert_int_equal(steps, 0);
    OK(nas_store_heartbeat(p->s, p->id, &c, "w", &p->err));
    r.n_artefacts = 1;
    OK(nas_store_finish(p->s, p->id, &c, "w", &r, &p->err));
    OK(nas_store_steps(p->s, p->id, c.id, count_step, &steps, &p->err));
    assert_int_equal(steps, 1);
}

typedef struct moment {
    place *p;
    int32_t rows;
} moment;

static bool add_meanwhile(void *ctx, const nas_row *row) {
    moment *m = ctx;
    (void)row;
    if (m->rows++ == 0) add(m->p, 0.9, 100, NAS_COMPLETE);
    return true;
}

/* A call that reads sees one moment, whatever others write meanwhile; the next one sees that. */
static void test_one_moment(void **state) {
    place *p = *state;
    static const nas_store_mode modes[] = {NAS_STORE_READ, NAS_STORE_WRITE};
    const nas_trials_ask all = {.most = 0};
    add(p, 0.9, 100, NAS_COMPLETE);
    for (int i = 0; i < 2; i++) {
        moment m = {.p = p};
        nas_store *s = open_it(p, modes[i]);
        OK(nas_store_trials(s, &p->def, &all, add_meanwhile, &m, &p->err));
        assert_int_equal(m.rows, i + 1);
        int64_t n;
        OK(nas_store_count_trials(s, &p->def, &all, &n, &p->err));
        assert_int_equal(n, i + 2);
        nas_store_close(s);
    }
}

int nas_conformance_values(void) {
    const struct CMUnitTest tests[] = {
        T(test_open),           T(test_numbers),    T(test_artefacts),
        T(test_all_or_nothing), T(test_one_moment),
    };
    return cmocka_run_group_tests_name("values", tests, NULL, NULL);
}
