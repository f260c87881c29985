/* tests/search/test_lag_processes.c - the same with worker processes: nas_run forks them. A sampler
 * that learns gives the same trials for any number of them, and what stops a training in one of
 * them is in its row. */
#include "base/clock.h"
#include "tests/learner.h"
#include "tests/run_study.h"
#include "tests/space_texts.h"

#include <signal.h>
#include <stdatomic.h>

enum { LAG = 4, TRIALS = 40, DEADLY = 9, STOPPED = 1, STOP_AT = 2 };

/* In memory that all processes share. */
typedef struct common {
    _Atomic int arrived, struck, asked;
} common;
#define shared ((common *)common_memory)
static int32_t workers;
static pid_t leader;

static int64_t lag_of(const nas_space *s) {
    (void)s;
    return LAG;
}

static nas_status check_none(const nas_space *s, int64_t trials, nas_err *err) {
    (void)s;
    (void)trials;
    (void)err;
    return NAS_OK;
}

/* Here no assertion may fail: cmocka would go on in the worker. Once a worker is killed in a claim
 * while others are at work. */
static nas_status learn(const nas_question *q, int64_t *cursor, nas_point *out, nas_ask *what,
                        nas_err *err) {
    if (getpid() == leader) return nas_fail(err, NAS_EBUG, "no worker asks");
    if (q->history.n != (q->n > LAG ? q->n - LAG : 0))
        return nas_fail(err, NAS_EBUG, "trial %d sees %d", (int)q->n, (int)q->history.n);
    atomic_fetch_add(&shared->asked, 1);
    if (q->n == DEADLY && !atomic_exchange(&shared->struck, 1)) raise(SIGKILL);
    return learner_ask(q, cursor, out, what, err);
}

static const nas_sampler learner = {
    .name = "learner", .lag = lag_of, .check = check_none, .ask = learn};

/* A worker begins when all are there, so that none does all of the work alone. */
static bool wait_for_all(void *ctx) {
    static bool there;
    const double until = nas_clock_wall() + 60;
    (void)ctx;
    if (there || getpid() == leader) return false;
    there = true;
    atomic_fetch_add(&shared->arrived, 1);
    while (atomic_load(&shared->arrived) < workers && nas_clock_wall() < until)
        nas_clock_sleep(0.001);
    return false;
}

static void run_processes(study *s, const char *text, int32_t n) {
    static const nas_log log = {.stop = wait_for_all};
    s->view.log = &log;
    workers = n;
    leader = getpid();
    *shared = (common){0};
    run_study(s, text, n);
    assert_false(s->end.stopped);
}

static void test_any_number_of_processes(void **state) {
    static const int32_t numbers[] = {1, 3, 7};
    static char first[TRIALS * 256], now[TRIALS * 256];
    (void)state;
    for (int k = 0; k < 3; k++) {
        study of = {.o = {.by = &learner}}, *s = &of;
        run_processes(s, formula, numbers[k]);
        ask(s,
            "select number, state, reason, candidate, attempt, point_x1, point_x2, score, "
            "value, slack from t order by number",
            k ? now : first);
        if (k) assert_string_equal(first, now);
        assert_int_equal(integer(s, "select count(*) from t where state = 'complete'"), TRIALS);
        assert_int_equal(integer(s, "select count(distinct value) > 10 from t"), 1);
        assert_int_equal(atomic_load(&shared->struck), 1);
        assert_true(atomic_load(&shared->asked) >= TRIALS);
        /* One was killed and replaced. */
        const int64_t at_work = integer(s, "select count(distinct worker) from t");
        assert_true(at_work >= (numbers[k] > 1 ? 2 : 1) && at_work <= numbers[k] + 1);
        close_study(s);
    }
}

static bool stop_one(void *ctx, int64_t number, const nas_epoch *e) {
    (void)ctx;
    return getpid() != leader && number == STOPPED && e->epoch == STOP_AT;
}

/* The trial of number 1 learns two epochs of four; the others are as without. */
static void test_stop_in_a_process(void **state) {
    static char with[4096], without[4096];
    (void)state;
    make_words(8);
    const char *text = space_text(
        arena, (space_parts){
                   .task = ", \"labels\": [\"down\", \"left\", \"up\"], \"clip_seconds\": 0.2",
                   .frontend = "{\"kind\": \"mfcc\", \"sample_rate_hz\": 8000, "
                               "\"frame_length_ms\": 20, \"frame_step_ms\": 20, \"mel_bins\": 20, "
                               "\"lower_hz\": 20, \"upper_hz\": 4000, \"coefficients\": 8}",
                   .train = "{\"epochs\": 4, \"batch_size\": 4, \"learning_rate\": {\"choice\": "
                            "[0.01, 0.02, 0.03, 0.04]}}",
                   .search = "{\"sampler\": \"grid\"}",
               });
    static const char *const sql =
        "select t.number, candidate, epoch, loss from t join nas_epochs e on e.trial = t.id "
        "where epoch <= 2 or t.number <> 1 order by 1, epoch";
    for (int k = 0; k < 2; k++) {
        study of = {.o = {.data = data, .stops = k ? NULL : stop_one}}, *s = &of;
        run_processes(s, text, 3 - k);
        ask(s, sql, k ? without : with);
        if (k == 0) {
            char row[256];
            ask(s, "select state, reason, epochs_trained, accuracy from t where number = 1", row);
            assert_string_equal(row, "stopped stopped after epoch 2 of 4 2 - \n");
            ask(s,
                "select count(*), max(epoch) from nas_epochs e join t on t.id = e.trial where "
                "number = 1",
                row);
            assert_string_equal(row, "2 2 \n");
            assert_int_equal(integer(s, "select count(*) from nas_artefacts a join t on t.id = "
                                        "a.trial where number = 1"),
                             0);
        }
        assert_int_equal(integer(s, "select count(*) from t where state = 'complete'"), 3 + k);
        close_study(s);
    }
    assert_string_equal(with, without);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_any_number_of_processes, begin_study, end_study),
        cmocka_unit_test_setup_teardown(test_stop_in_a_process, begin_study, end_study),
    };
    return cmocka_run_group_tests_name("lag_processes", tests, NULL, NULL);
}
