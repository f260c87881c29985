/* tests/store/test_store_retry.c - the contract of store/store.h: trials that are left for later,
 * and failed trials that wait again. */
#include "tests/store_place.h"

static nas_claimed claim_of(place *p, nas_store *s, nas_study_id id, grid *g, nas_claim *c) {
    const char *json;
    nas_claimed what;
    OK(nas_store_claim(s, id, "w", pick, g, p->arena, c, &json, &what, &p->err));
    return what;
}

static void test_narrow(void **state) {
    place *p = *state;
    const nas_study def = study_of("kws", -1);
    nas_study_id id;
    nas_store *s = start(p, &def, &id);
    grid g = {.points = 3};
    nas_claim c[3], d;
    for (int i = 0; i < 3; i++) assert_int_equal(claim_of(p, s, id, &g, &c[i]), NAS_CLAIMED);
    for (int i = 0; i < 3; i++) assert_true(finish_as(p, s, id, &c[i], "w", "waiting", NULL));

    /* Those that are left are not even waited for. */
    const int64_t left[2] = {c[0].id, c[2].id};
    nas_store_narrow(s, 0, left, 2);
    assert_int_equal(claim_of(p, s, id, &g, &d), NAS_CLAIMED);
    assert_int_equal(d.id, c[1].id);
    assert_int_equal(claim_of(p, s, id, &g, &d), NAS_CLAIM_WAIT); /* for trial 1, which runs */
    d = c[1];
    d.attempt = 2;
    assert_true(finish_as(p, s, id, &d, "w", "complete", NULL));
    assert_int_equal(claim_of(p, s, id, &g, &d), NAS_CLAIM_NONE_LEFT);

    /* One alone, though it is left, and nothing new. */
    grid more = {.points = 9};
    nas_store_narrow(s, c[2].id, left, 2);
    assert_int_equal(claim_of(p, s, id, &more, &d), NAS_CLAIMED);
    assert_int_equal(d.id, c[2].id);
    assert_true(finish_as(p, s, id, &d, "w", "complete", NULL));
    assert_int_equal(claim_of(p, s, id, &more, &d), NAS_CLAIM_NONE_LEFT);
    nas_store_narrow(s, 0, NULL, 0);
    assert_int_equal(claim_of(p, s, id, &more, &d), NAS_CLAIMED);
    assert_int_equal(d.id, c[0].id);

    /* What others have at work is no reason to wait, but for the one. */
    nas_store_narrow(s, c[2].id, NULL, 0);
    assert_int_equal(claim_of(p, s, id, &more, &d), NAS_CLAIM_NONE_LEFT);
    nas_store_narrow(s, c[0].id, NULL, 0);
    assert_int_equal(claim_of(p, s, id, &more, &d), NAS_CLAIM_WAIT);
    nas_store_close(s);
}

typedef struct heard {
    char text[256];
} heard;

static void hear(void *ctx, int64_t number, const char *reason) {
    heard *h = ctx;
    const size_t n = strlen(h->text);
    snprintf(h->text + n, sizeof h->text - n, "%lld %s;", (long long)number, reason);
}

static void fail_as(place *p, nas_store *s, nas_study_id id, const char *state,
                    const char *reason) {
    nas_claim c;
    const char *json;
    assert_int_equal(claim_as(p, s, id, "w", &c, &json), NAS_CLAIMED);
    const nas_epoch_row epoch = {.epoch = 0};
    const nas_result r = {
        .state = nas_state_of(state), .reason = reason, .n_epochs = 1, .epochs = &epoch};
    OK(nas_store_finish(s, id, &c, "w", &r, &p->err));
}

static void test_retry(void **state) {
    place *p = *state;
    const nas_study def = study_of("kws", -1);
    nas_study_id id;
    nas_store *s = start(p, &def, &id);
    nas_claim c;
    const char *json;
    heard h = {""};
    int64_t n = -1;
    fail_as(p, s, id, "failed", "the worker died");
    fail_as(p, s, id, "complete", NULL);
    fail_as(p, s, id, "rejected", "too large");
    fail_as(p, s, id, "failed", NULL);
    assert_int_equal(claim_as(p, s, id, "w", &c, &json), NAS_CLAIMED); /* 4 runs */

    /* What is named by itself must have failed; nothing is done where one thing is refused. */
    const struct {
        nas_retry r[2];
        nas_status status;
        const char *says;
    } refused[] = {
        {{{0, 0}, {1, 1}}, NAS_EINVAL, "trial 1 is complete"},
        {{{0, 0}, {2, 2}}, NAS_EINVAL, "trial 2 is rejected"},
        {{{0, 0}, {4, 4}}, NAS_EBUSY, "trial 4 is running"},
        {{{0, 0}, {9, 9}}, NAS_ENOTFOUND, "there is no trial 9"},
    };
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++) {
        FAILS(refused[i].status, nas_store_retry(s, id, refused[i].r, 2, NULL, NULL, &n, &p->err));
        SAYS(refused[i].says);
        assert_int_equal(n, 0);
    }
    const char *states = "SELECT number, state, attempt FROM nas_trials_1 ORDER BY number";
    assert_string_equal(ask(p, s, states),
                        "0 failed 1|1 complete 1|2 rejected 1|3 failed 1|4 running 1");

    const nas_retry all = {0, INT64_MAX};
    OK(nas_store_retry(s, id, &all, 1, hear, &h, &n, &p->err));
    assert_int_equal(n, 2);
    assert_string_equal(h.text, "0 the worker died;3 ;");
    assert_string_equal(ask(p, s, states),
                        "0 waiting 0|1 complete 1|2 rejected 1|3 waiting 0|4 running 1");
    assert_string_equal(ask(p, s, "SELECT text FROM nas_warnings ORDER BY position"),
                        "trial 0 was set back by `nas retry`; it had failed: the worker died|trial "
                        "3 was set back by `nas retry`; it had failed: no reason is stored");
    OK(nas_store_retry(s, id, &all, 1, hear, &h, &n, &p->err));
    assert_int_equal(n, 0);

    /* As if new: what the failed attempt left is gone, also where the next is the first again. */
    fail_as(p, s, id, "complete", NULL);
    assert_string_equal(
        ask(p, s, "SELECT number, state, attempt, reason FROM kws WHERE number = 0"),
        "0 complete 1 NULL");
    assert_string_equal(ask(p, s, "SELECT count(*) FROM nas_epochs WHERE trial = 1"), "1");
    nas_store_close(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {T(test_narrow), T(test_retry)};
    return cmocka_run_group_tests_name("store_retry", tests, NULL, NULL);
}
