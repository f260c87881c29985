/* tests/store/conformance_trials.c - a trial's way: picked, claimed, given back, retried, passed
 * over, looked back at. */
#include "tests/store/conformance_place.h"

static void test_claim_ends(void **state) {
    place *p = *state;
    nas_claim c[2];
    bool yes;
    p->def = study_named("demo", 2);
    OK(nas_store_study(p->s, &p->def, &p->id, &p->err));
    for (int i = 0; i < 2; i++) assert_int_equal(claim(p, p->s, "w", &c[i]), NAS_CLAIMED);
    assert_int_equal(claim(p, p->s, "w2", &c[0]), NAS_CLAIM_WAIT);
    assert_true(finish(p, p->s, &c[1], "w", NAN, -1, NAS_WAITING));
    nas_store_pass_over(p->s, &c[1].id, 1);
    assert_int_equal(claim(p, p->s, "w2", &c[0]), NAS_CLAIM_WAIT);
    nas_store_pass_over(p->s, NULL, 0);
    assert_int_equal(claim(p, p->s, "w2", &c[0]), NAS_CLAIMED);
    assert_int_equal(c[0].id, c[1].id);
    assert_int_equal(c[0].attempt, 2);
    OK(nas_store_has_candidate(p->s, p->id, &c[1].candidate, &yes, &p->err));
    assert_true(yes);
}

/* What is left is not waited for, and one may be asked for alone. */
static void test_narrow(void **state) {
    place *p = *state;
    nas_claim c[3], d;
    p->def.trials = 3;
    OK(nas_store_study(p->s, &p->def, &p->id, &p->err));
    for (int i = 0; i < 3; i++) assert_int_equal(claim(p, p->s, "w", &c[i]), NAS_CLAIMED);
    for (int i = 0; i < 3; i++) assert_true(finish(p, p->s, &c[i], "w", NAN, -1, NAS_WAITING));
    const int64_t left[] = {c[0].id, c[2].id};
    nas_store_narrow(p->s, 0, left, 2);
    assert_int_equal(claim(p, p->s, "w", &d), NAS_CLAIMED);
    assert_int_equal(d.id, c[1].id);
    assert_true(finish(p, p->s, &d, "w", 0.9, 1, NAS_COMPLETE));
    assert_int_equal(claim(p, p->s, "w", &d), NAS_CLAIM_NONE_LEFT);
    nas_store_narrow(p->s, c[2].id, left, 2);
    assert_int_equal(claim(p, p->s, "w", &d), NAS_CLAIMED);
    assert_int_equal(d.id, c[2].id);
    nas_store_narrow(p->s, 0, NULL, 0);
    assert_int_equal(claim(p, p->s, "w", &d), NAS_CLAIMED);
    assert_int_equal(d.id, c[0].id);
    assert_int_equal(claim(p, p->s, "w", &d), NAS_CLAIM_WAIT);
}

typedef struct script {
    int32_t asked;
    int64_t cursor; /* as it was given */
    bool exhausted, again, wait, fails;
} script;

static nas_status pick_as(void *ctx, int64_t number, int64_t *cursor, nas_value *values,
                          nas_picked *out, nas_err *err) {
    script *t = ctx;
    t->asked++;
    t->cursor = *cursor;
    NAS_TRY(pick(NULL, number, cursor, values, out, err));
    out->exhausted = t->exhausted;
    out->again = t->again;
    out->wait = t->wait;
    return t->fails ? nas_fail(err, NAS_EINVAL, "no pick") : NAS_OK;
}

static nas_claimed claim_with(place *p, script *t, nas_claim *c) {
    const char *json = NULL;
    nas_claimed what;
    OK(nas_store_claim(p->s, p->id, "w", pick_as, t, p->arena, c, &json, &what, &p->err));
    return what;
}

/* The cursor goes on from claim to claim; a pick that fails leaves it, and no trial. */
static void test_picks(void **state) {
    place *p = *state;
    script t = {.again = true};
    nas_claim c;
    const char *json;
    nas_claimed what;
    bool yes = true;
    assert_int_equal(claim_with(p, &t, &c), NAS_CLAIM_AGAIN);
    assert_int_equal(t.cursor, 0);
    t = (script){.fails = true};
    FAILS(NAS_EINVAL,
          nas_store_claim(p->s, p->id, "w", pick_as, &t, p->arena, &c, &json, &what, &p->err));
    assert_int_equal(t.cursor, 1);
    t = (script){.wait = true};
    assert_int_equal(claim_with(p, &t, &c), NAS_CLAIM_NONE_LEFT); /* nothing runs */
    t = (script){.asked = 0};
    assert_int_equal(claim_with(p, &t, &c), NAS_CLAIMED);
    assert_int_equal(c.number, 0);
    assert_int_equal(c.attempt, 1);
    const int64_t cursor = t.cursor;
    t = (script){.wait = true};
    nas_claim d;
    assert_int_equal(claim_with(p, &t, &d), NAS_CLAIM_WAIT);
    t = (script){.exhausted = true};
    OK(nas_store_is_exhausted(p->s, p->id, &yes, &p->err));
    assert_false(yes);
    assert_int_equal(claim_with(p, &t, &d), NAS_CLAIM_WAIT);
    assert_true(t.cursor > cursor);
    OK(nas_store_is_exhausted(p->s, p->id, &yes, &p->err));
    assert_true(yes);
    assert_true(finish(p, p->s, &c, "w", 0.9, 1, NAS_COMPLETE));
    t = (script){.asked = 0};
    assert_int_equal(claim_with(p, &t, &d), NAS_CLAIM_NONE_LEFT);
    assert_int_equal(t.asked, 0); /* it is known */
}

/* A waiting trial comes before a new one, with the document and the candidate that it had. */
static void test_given_back(void **state) {
    place *p = *state;
    nas_claim first, c;
    assert_int_equal(claim(p, p->s, "w", &first), NAS_CLAIMED);
    assert_true(finish(p, p->s, &first, "w", NAN, -1, NAS_WAITING));
    script none = {.fails = true};
    assert_int_equal(claim_with(p, &none, &c), NAS_CLAIMED);
    assert_int_equal(none.asked, 0);
    assert_int_equal(c.id, first.id);
    assert_int_equal(c.attempt, 2);
    assert_true(nas_hash_equal(&c.candidate, &first.candidate));
    /* Given back through no fault of its own: the attempt does not count. */
    const nas_result r = {.state = NAS_WAITING, .forgiven = true, .epochs_saved = NAN};
    OK(nas_store_finish(p->s, p->id, &c, "w", &r, &p->err));
    assert_int_equal(claim(p, p->s, "w", &c), NAS_CLAIMED);
    assert_int_equal(c.attempt, 2);
    const nas_result odd = {.state = NAS_STATES};
    FAILS(NAS_EINVAL, nas_store_finish(p->s, p->id, &c, "w", &odd, &p->err));
    assert_true(finish(p, p->s, &c, "w", 0.9, 1, NAS_COMPLETE));
}

/* Given up for dead with retries: so often it waits, then it has failed. */
static void test_reap(void **state) {
    place *p = *state;
    char dead[] = "w1";
    nas_claim c, other;
    nas_counts counts;
    int32_t n;
    assert_int_equal(claim(p, p->s, "w2", &other), NAS_CLAIMED);
    for (int32_t attempt = 1; attempt <= 3; attempt++) {
        assert_int_equal(claim(p, p->s, dead, &c), NAS_CLAIMED);
        assert_int_equal(c.attempt, attempt);
        assert_int_equal(c.number, 1);
        OK(nas_store_reap(p->s, p->id, 2, "silent", is_dead, dead, &n, &p->err));
        assert_int_equal(n, 1);
    }
    OK(nas_store_reap(p->s, p->id, 2, "silent", is_dead, dead, &n, &p->err));
    assert_int_equal(n, 0);
    OK(nas_store_counts(p->s, "demo", &counts, &p->err));
    assert_int_equal(counts.in[NAS_FAILED], 1);
    assert_int_equal(counts.in[NAS_RUNNING], 1);
    OK(nas_store_heartbeat(p->s, p->id, &other, "w2", &p->err));
}

typedef struct beats {
    double last;
    int32_t n;
} beats;

static bool note_beat(void *ctx, const char *worker, double heartbeat) {
    beats *b = ctx;
    assert_string_equal(worker, "w");
    b->n += heartbeat != b->last;
    b->last = heartbeat;
    return false;
}

/* Each heartbeat changes what stands there, however fast they come. */
static void test_heartbeat(void **state) {
    place *p = *state;
    beats b = {.n = 0};
    nas_claim c;
    int32_t n;
    assert_int_equal(claim(p, p->s, "w", &c), NAS_CLAIMED);
    for (int i = 0; i < 5; i++) {
        OK(nas_store_reap(p->s, p->id, 0, "x", note_beat, &b, &n, &p->err));
        assert_int_equal(n, 0);
        OK(nas_store_heartbeat(p->s, p->id, &c, "w", &p->err));
    }
    assert_int_equal(b.n, 5);
}

static void hear(void *ctx, int64_t number, const char *reason) {
    say(ctx, "%d %s|", (int)number, reason);
}

static bool tell_warning(void *ctx, const char *text) {
    say(ctx, "%s|", text);
    return true;
}

static bool tell_none(void *ctx, const nas_epoch_row *e) {
    (void)e;
    ++*(int32_t *)ctx;
    return true;
}

/* All or none, as if never tried. */
static void test_retry(void **state) {
    place *p = *state;
    told t = {""};
    int64_t n;
    int32_t epochs = 0;
    nas_claim c;
    const nas_epoch_row e = {.epoch = 1};
    const nas_result failed = {
        .state = NAS_FAILED, .reason = "it's broken", .n_epochs = 1, .epochs = &e};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(claim(p, p->s, "w", &c), NAS_CLAIMED);
        if (i != 1) OK(nas_store_finish(p->s, p->id, &c, "w", &failed, &p->err));
        if (i == 1) assert_true(finish(p, p->s, &c, "w", 0.9, 1, NAS_COMPLETE));
    }
    const nas_retry bad[] = {{0, 0}, {1, 1}}, gone[] = {{7, 7}}, all[] = {{0, 9}};
    FAILS(NAS_EINVAL, nas_store_retry(p->s, p->id, bad, 2, NULL, NULL, &n, &p->err));
    assert_int_equal(n, 0);
    FAILS(NAS_ENOTFOUND, nas_store_retry(p->s, p->id, gone, 1, NULL, NULL, &n, &p->err));
    nas_counts counts;
    OK(nas_store_counts(p->s, "demo", &counts, &p->err));
    assert_int_equal(counts.in[NAS_FAILED], 2);
    OK(nas_store_retry(p->s, p->id, all, 1, hear, &t, &n, &p->err));
    assert_int_equal(n, 2);
    assert_string_equal(t.text, "0 it's broken|2 it's broken|");
    told said = {""};
    OK(nas_store_warnings(p->s, p->id, tell_warning, &said, &p->err));
    assert_non_null(strstr(said.text, "it's broken"));
    OK(nas_store_counts(p->s, "demo", &counts, &p->err));
    assert_int_equal(counts.in[NAS_WAITING], 2);
    assert_int_equal(counts.in[NAS_COMPLETE], 1);
    OK(nas_store_epochs(p->s, p->id, c.id, tell_none, &epochs, &p->err));
    assert_int_equal(epochs, 0);
    assert_int_equal(claim(p, p->s, "w", &c), NAS_CLAIMED);
    assert_int_equal(c.attempt, 1);
    const nas_retry runs[] = {{0, 0}};
    FAILS(NAS_EBUSY, nas_store_retry(p->s, p->id, runs, 1, NULL, NULL, &n, &p->err));
}

typedef struct seen {
    told told;
    nas_status answer;
} seen;

static nas_status note_past(void *ctx, const nas_past_row *row, nas_err *err) {
    seen *t = ctx;
    say(&t->told, "%d %s %g %g|", (int)row->number, nas_state_text(row->state),
        nas_value_real(&row->params[0]), nas_value_real(&row->metrics[0]));
    return t->answer == NAS_OK ? NAS_OK : nas_fail(err, t->answer, "no more");
}

static const char *past(place *p, int64_t from, int64_t below) {
    static seen t;
    t = (seen){.answer = NAS_OK};
    OK(nas_store_past(p->s, p->id, from, below, note_past, &t, &p->err));
    return t.told.text;
}

/* As far as each has ended. */
static void test_past(void **state) {
    place *p = *state;
    nas_claim c;
    assert_string_equal(past(p, 0, 9), "");
    add(p, 0.5, 1, NAS_COMPLETE);
    add(p, NAN, -1, NAS_REJECTED);
    assert_int_equal(claim(p, p->s, "w", &c), NAS_CLAIMED);
    add(p, 0.25, 1, NAS_STOPPED);
    assert_string_equal(past(p, 0, 9), "0 complete 0 0.5|1 rejected 0.5 nan|");
    assert_string_equal(past(p, 1, 2), "1 rejected 0.5 nan|");
    assert_string_equal(past(p, 2, 9), "");
    assert_string_equal(past(p, 3, 9), "3 stopped 1.5 0.25|");
    assert_true(finish(p, p->s, &c, "w", NAN, -1, NAS_WAITING));
    assert_string_equal(past(p, 2, 9), "");
    assert_int_equal(claim(p, p->s, "w", &c), NAS_CLAIMED);
    assert_true(finish(p, p->s, &c, "w", NAN, -1, NAS_FAILED));
    assert_string_equal(past(p, 2, 9), "2 failed 1 nan|3 stopped 1.5 0.25|");
    seen no = {.answer = NAS_ESTOP};
    FAILS(NAS_ESTOP, nas_store_past(p->s, p->id, 0, 9, note_past, &no, &p->err));
    assert_string_equal(no.told.text, "0 complete 0 0.5|");
}

int nas_conformance_trials(void) {
    const struct CMUnitTest tests[] = {
        T(test_claim_ends), T(test_narrow),    T(test_picks), T(test_given_back),
        T(test_reap),       T(test_heartbeat), T(test_retry), T(test_past),
    };
    return cmocka_run_group_tests_name("trials", tests, NULL, NULL);
}
