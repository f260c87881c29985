/* tests/store/test_store_past.c - the contract of store/store.h: trials that have ended, by their
 * numbers, up to the first that has not; and a pick that waits for them. */
#include "tests/store_place.h"

typedef struct told {
    int64_t from, n;
    nas_state state[8];
    double accuracy[8];
    nas_status answer;
} told;

static nas_status note(void *ctx, const nas_past_row *row, nas_err *err) {
    told *t = ctx;
    assert_int_equal(row->number, t->from + t->n);
    assert_int_equal(row->params[1].type, NAS_COLUMN_INTEGER);
    t->state[t->n] = row->state;
    t->accuracy[t->n++] = row->metrics[0].is_null ? -1 : nas_value_real(&row->metrics[0]);
    return t->answer == NAS_OK ? NAS_OK : nas_fail(err, t->answer, "no more");
}

static int64_t past(place *p, nas_store *s, nas_study_id id, int64_t from, int64_t below, told *t) {
    *t = (told){.from = from};
    OK(nas_store_past(s, id, from, below, note, t, &p->err));
    return t->n;
}

static void test_past(void **state) {
    place *p = *state;
    const nas_study def = study_of("kws", -1);
    nas_study_id id;
    nas_store *s = start(p, &def, &id);
    nas_claim c[4];
    const char *json;
    told t;
    assert_int_equal(past(p, s, id, 0, 9, &t), 0);
    add(p, s, id, 0.5, 100, "complete");
    add(p, s, id, (double)NAN, 100, "rejected");
    for (int i = 0; i < 3; i++)
        assert_int_equal(claim_as(p, s, id, "w", &c[i], &json), NAS_CLAIMED);
    assert_true(finish_as(p, s, id, &c[1], "w", "failed", NULL));
    /* 2 runs, 3 failed, 4 runs. */
    assert_int_equal(past(p, s, id, 0, 9, &t), 2);
    assert_true(t.state[0] == NAS_COMPLETE && t.accuracy[0] == 0.5);
    assert_true(t.state[1] == NAS_REJECTED && t.accuracy[1] == -1);
    assert_int_equal(past(p, s, id, 0, 1, &t), 1);
    assert_int_equal(past(p, s, id, 1, 1, &t), 0);
    assert_int_equal(past(p, s, id, 2, 9, &t), 0);
    assert_true(finish_as(p, s, id, &c[0], "w", "stopped", NULL));
    assert_int_equal(past(p, s, id, 1, 9, &t), 3);
    assert_true(t.state[1] == NAS_STOPPED && t.state[2] == NAS_FAILED);
    /* One that is given back has not ended. */
    assert_true(finish_as(p, s, id, &c[2], "w", "waiting", NULL));
    assert_string_equal(ask(p, s, "SELECT state FROM kws WHERE number = 4"), "waiting");
    assert_int_equal(past(p, s, id, 0, 9, &t), 4);
    t = (told){.answer = NAS_EIO};
    FAILS(NAS_EIO, nas_store_past(s, id, 0, 9, note, &t, &p->err));
    assert_int_equal(t.n, 1);
    nas_store_close(s);
}

static nas_status wait(void *ctx, int64_t number, int64_t *cursor, nas_value *values,
                       nas_picked *out, nas_err *err) {
    (void)number, (void)cursor, (void)values, (void)err;
    ++*(int *)ctx;
    out->wait = true;
    return NAS_OK;
}

/* A pick that waits: the worker waits while something runs, takes what comes back, and ends where
 * nothing runs that could end the wait. */
static void test_wait(void **state) {
    place *p = *state;
    const nas_study def = study_of("kws", -1);
    nas_study_id id;
    nas_store *s = start(p, &def, &id);
    nas_claim c, d;
    nas_claimed what;
    const char *json;
    int asked = 0;
    OK(nas_store_claim(s, id, "v", wait, &asked, p->arena, &d, &json, &what, &p->err));
    assert_int_equal(what, NAS_CLAIM_NONE_LEFT);
    assert_int_equal(claim_as(p, s, id, "w", &c, &json), NAS_CLAIMED);
    OK(nas_store_claim(s, id, "v", wait, &asked, p->arena, &d, &json, &what, &p->err));
    assert_int_equal(what, NAS_CLAIM_WAIT);
    assert_int_equal(asked, 2);
    assert_true(finish_as(p, s, id, &c, "w", "waiting", NULL));
    OK(nas_store_claim(s, id, "v", wait, &asked, p->arena, &d, &json, &what, &p->err));
    assert_int_equal(what, NAS_CLAIMED);
    assert_int_equal(d.id, c.id);
    assert_int_equal(asked, 2);
    nas_store_close(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_past),
        T(test_wait),
    };
    return cmocka_run_group_tests_name("store_past", tests, NULL, NULL);
}
