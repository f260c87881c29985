/* tests/search/test_lag.c - a sampler that learns gives the same trials for any number of workers:
 * trial n sees trials 0 .. n - 1 - lag, determined columns only, and waits for them. */
#include "base/files/file.h"
#include "base/rng.h"
#include "search/run/picker.h"
#include "search/study/study.h"
#include "search/task/task.h"
#include "tests/learner.h"
#include "tests/open_space.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { TRIALS = 32, MOST_WORKERS = 7 };
static int64_t lag, asked;

static int64_t lag_of(const nas_space *s) {
    (void)s;
    return lag;
}

static bool is_null(const nas_past *p, const nas_metric_list *list, const char *metric) {
    const int m = nas_metric_in(list, metric);
    assert_true(m >= 0);
    return p->metrics[m].is_null;
}

/* What it may see is as it should be. */
static nas_status learn(const nas_question *q, int64_t *cursor, nas_point *out, nas_ask *what,
                        nas_err *err) {
    const nas_metric_list *list = &nas_space_task(q->space)->metrics;
    asked++;
    assert_int_equal(q->history.n, q->n > lag ? q->n - lag : 0);
    for (int64_t i = 0; i < q->history.n; i++) {
        const nas_past *p = &q->history.v[i];
        assert_int_equal(p->number, i);
        assert_true(is_null(p, list, "infer_ms") && is_null(p, list, "total_ms_hi"));
        assert_true(is_null(p, list, "test_accuracy") && is_null(p, list, "accuracy_lo"));
    }
    return learner_ask(q, cursor, out, what, err);
}

static const nas_sampler learner = {.name = "learner", .lag = lag_of, .ask = learn};

static nas_space *open_space(void) {
    const space_parts parts = {
        .augment = "{\"choice\": {\"off\": {}, \"on\": {\"shift_frames\": 2}}}",
        .train = "{\"epochs\": {\"range\": [1, 100]}, \"batch_size\": 2, \"learning_rate\": 1}",
        .rest = "\"try_first\": [{\"augment\": \"on\", \"train.epochs\": 50}],\n",
        .search = "{\"sampler\": \"random\", \"trials\": 32}"};
    return open_parts(parts);
}

typedef struct hand {
    nas_store *store;
    nas_picker picker;
    nas_claim claim;
    char name[16];
    bool holds;
} hand;

typedef struct scene {
    char dir[32], db[48];
    nas_space *space;
    nas_study def;
    nas_study_id id;
    int32_t n, holding, most;
    hand hands[MOST_WORKERS];
    nas_err err;
} scene;

#define OK(expr)                                           \
    do {                                                   \
        if ((expr) != NAS_OK) fail_msg("%s", s->err.text); \
    } while (0)

static void open_hand(scene *s, hand *h) {
    OK(nas_store_open(s->db, NAS_STORE_WRITE, &h->store, &s->err));
    h->picker = (nas_picker){.store = h->store,
                             .study = s->id,
                             .space = s->space,
                             .seed = 3,
                             .by = &learner,
                             .arena = arena};
    OK(nas_picker_open(&h->picker, &s->err));
    h->holds = false;
}

static void close_hand(hand *h) {
    nas_picker_close(&h->picker);
    nas_store_close(h->store);
}

static void begin(scene *s, int32_t workers) {
    const nas_hash none = {{0}};
    nas_store *store = NULL;
    *s = (scene){.dir = "/tmp/nas-lag-XXXXXX", .space = open_space(), .n = workers};
    assert_non_null(mkdtemp(s->dir));
    snprintf(s->db, sizeof s->db, "%s/t.db", s->dir);
    OK(nas_study_define(s->space, &none, 3, TRIALS, false, arena, &s->def, &s->err));
    OK(nas_store_open(s->db, NAS_STORE_CREATE, &store, &s->err));
    OK(nas_store_study(store, &s->def, &s->id, &s->err));
    nas_store_close(store);
    for (int32_t i = 0; i < workers; i++) {
        snprintf(s->hands[i].name, sizeof s->hands[i].name, "w %d", (int)i);
        open_hand(s, &s->hands[i]);
    }
}

static void end(scene *s) {
    for (int32_t i = 0; i < s->n; i++) close_hand(&s->hands[i]);
    nas_space_close(s->space);
    OK(nas_dir_remove(s->dir, &s->err));
}

/* What comes of a trial is its candidate's; times and the like are the moment's. */
static void finish(scene *s, hand *h, bool gives_up, nas_rng *rng) {
    double metric[NAS_METRICS_MOST];
    nas_value values[NAS_METRICS_MOST];
    const nas_metric_list *list = &nas_space_task(s->space)->metrics;
    static const nas_state states[] = {NAS_COMPLETE, NAS_COMPLETE, NAS_COMPLETE,
                                       NAS_STOPPED,  NAS_DIVERGED, NAS_REJECTED};
    const uint8_t *b = h->claim.candidate.b;
    for (int i = 0; i < NAS_METRICS_MOST; i++) metric[i] = nas_rng_double(rng);
    for (int i = 0; i < list->n; i++)
        if (list->v[i].selectable && list->v[i].known != NAS_KNOWN_MEASURED)
            metric[i] = b[0] + b[1] / 256.0;
    nas_study_metrics(list, metric, values);
    const nas_result r = {.state = gives_up ? NAS_WAITING : states[b[2] % 6],
                          .metrics = gives_up ? NULL : values,
                          .epochs_saved = (double)NAN,
                          .forgiven = gives_up};
    OK(nas_store_finish(h->store, s->id, &h->claim, h->name, &r, &s->err));
    h->holds = false;
    s->holding--;
}

/* One claim: false when it was told that nothing is left. */
static bool claim(scene *s, hand *h) {
    const char *json;
    nas_claimed what;
    OK(nas_store_claim(h->store, s->id, h->name, nas_picker_pick, &h->picker, arena, &h->claim,
                       &json, &what, &s->err));
    if (what == NAS_CLAIM_NONE_LEFT) return false;
    assert_true(what == NAS_CLAIMED || what == NAS_CLAIM_WAIT);
    /* Who waits for results is told so only while somebody works on them. */
    if (what == NAS_CLAIM_WAIT) assert_true(s->holding > 0);
    h->holds = what == NAS_CLAIMED;
    s->holding += h->holds;
    if (s->holding > s->most) s->most = s->holding;
    return true;
}

/* Workers in any order; some give their trial back, some are new. */
static void run(scene *s, uint64_t seed) {
    nas_rng rng = nas_rng_stream(seed, 0, NAS_PURPOSE_TEST, 0, 0, 0);
    bool over = false;
    while (!over || s->holding > 0) {
        hand *h = &s->hands[nas_rng_below(&rng, (uint64_t)s->n)];
        if (h->holds) {
            if (nas_rng_below(&rng, 3) == 0) finish(s, h, nas_rng_below(&rng, 8) == 0, &rng);
        } else if (nas_rng_below(&rng, 10) == 0) {
            close_hand(h);
            open_hand(s, h);
        } else {
            over = !claim(s, h);
        }
    }
}

typedef struct list {
    int64_t n;
    char candidate[TRIALS][65];
} list;

static bool note(void *ctx, const nas_row *row) {
    list *l = ctx;
    assert_int_equal(row->values[0].integer, l->n);
    assert_true(l->n < TRIALS);
    snprintf(l->candidate[l->n++], 65, "%s", row->values[1].text);
    return true;
}

static void trials_of(scene *s, list *out) {
    out->n = 0;
    OK(nas_store_query(s->hands[0].store, "select number, candidate from t order by number", NULL,
                       0, note, out, &s->err));
    assert_int_equal(out->n, TRIALS);
}

static void same_trials(int64_t of, int32_t most_at_once) {
    static const int32_t workers[] = {1, 3, 7};
    list first, other;
    lag = of;
    for (int k = 0; k < 3; k++) {
        scene s;
        begin(&s, workers[k]);
        run(&s, (uint64_t)k + 10);
        trials_of(&s, k ? &other : &first);
        if (k) assert_memory_equal(first.candidate, other.candidate, sizeof first.candidate);
        if (most_at_once) assert_true(s.most <= most_at_once);
        if (workers[k] > 1 && of > 0) assert_true(s.most > 1);
        end(&s);
    }
}

static void test_any_number_of_workers(void **state) {
    (void)state;
    same_trials(4, 5);
}

/* Without a lag each trial waits for the one before. */
static void test_no_lag(void **state) {
    (void)state;
    same_trials(0, 1);
}

/* It does learn: with another lag it tries other points. */
static void test_learns(void **state) {
    (void)state;
    list a, b;
    scene s;
    for (int k = 0; k < 2; k++) {
        lag = k ? 5 : 4;
        begin(&s, 1);
        run(&s, 10);
        trials_of(&s, k ? &b : &a);
        end(&s);
    }
    assert_memory_equal(a.candidate, b.candidate, 5 * sizeof *a.candidate);
    assert_memory_not_equal(a.candidate, b.candidate, sizeof a.candidate);
}

/* Who waits takes a trial that comes back; and where the trial that is waited for is left to others
 * for good, nobody waits for ever. */
static void test_waiting(void **state) {
    (void)state;
    scene s;
    lag = 1;
    nas_rng rng = nas_rng_stream(1, 0, NAS_PURPOSE_TEST, 0, 0, 0);
    begin(&s, 3);
    hand *h = s.hands;
    assert_true(claim(&s, &h[0]) && h[0].holds);
    assert_true(claim(&s, &h[1]) && h[1].holds);
    asked = 0;
    assert_true(claim(&s, &h[2]) && !h[2].holds);
    assert_int_equal(asked, 0);
    finish(&s, &h[1], false, &rng); /* of trial 1: it is trial 0 that is missed */
    assert_true(claim(&s, &h[2]) && !h[2].holds);
    const int64_t left = h[0].claim.id;
    finish(&s, &h[0], true, &rng);
    nas_store_narrow(h[1].store, 0, &left, 1);
    assert_false(claim(&s, &h[1]));
    nas_store_narrow(h[1].store, 0, NULL, 0);
    assert_true(claim(&s, &h[2]) && h[2].holds);
    assert_int_equal(h[2].claim.number, 0);
    finish(&s, &h[2], false, &rng);
    assert_true(claim(&s, &h[2]) && h[2].holds);
    assert_int_equal(h[2].claim.number, 2);
    assert_int_equal(asked, 1);
    finish(&s, &h[2], false, &rng);
    end(&s);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_any_number_of_workers),
        TEST(test_no_lag),
        TEST(test_learns),
        TEST(test_waiting),
    };
    return cmocka_run_group_tests_name("lag", tests, NULL, NULL);
}
