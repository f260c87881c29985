/* tests/search/test_held.c - a database that another process holds: a run waits for it, says so,
 * and loses nothing that it trained. A worker that dies meanwhile is replaced afterwards. */
#include "base/clock.h"
#include "tests/run_study.h"

#include <signal.h>
#include <stdatomic.h>
#include <sys/wait.h>

enum { WORKERS = 3, TRIALS = 40, LONGEST = 60 };

/* In memory that all processes share. */
typedef struct common {
    _Atomic int worker; /* the process of one */
    _Atomic int told, holds, stop, release;
} common;
#define shared ((common *)common_memory)
static pid_t leader, holder;
static study *now;
static bool stops; /* the run is to stop while the database is held; else a worker dies */

static void wait_for(_Atomic int *flag) {
    const double until = nas_clock_wall() + LONGEST;
    while (!atomic_load(flag) && nas_clock_wall() < until) nas_clock_sleep(0.001);
}

/* In the transaction of a claim, which is taken back. */
static nas_status hold(void *ctx, int64_t number, int64_t *cursor, nas_value *values,
                       nas_picked *out, nas_err *err) {
    (void)ctx;
    (void)number;
    (void)cursor;
    (void)values;
    (void)out;
    atomic_store(&shared->holds, 1);
    if (stops)
        atomic_store(&shared->stop, 1);
    else
        (void)kill(atomic_load(&shared->worker), SIGKILL);
    wait_for(&shared->release);
    return nas_fail(err, NAS_ESTOP, "let go");
}

static void be_holder(void) {
    nas_store *store;
    nas_claim c;
    const char *json;
    nas_claimed what;
    nas_err err = {0};
    if (nas_store_open(now->db, NAS_STORE_WRITE, &store, &err) != NAS_OK) _exit(1);
    (void)!nas_store_claim(store, now->end.study, "holder", hold, NULL, arena, &c, &json, &what,
                           &err);
    nas_store_close(store);
    _exit(0);
}

static void on_event(void *ctx, const nas_event *e, const nas_run_state *state, nas_store *store) {
    (void)ctx;
    (void)state;
    if (e->kind != NAS_EVENT_FINISHED || holder) return;
    int64_t id = 0;
    nas_err err = {0};
    if (nas_store_query_integer(store, "select id from nas_studies", NULL, 0, &id, &err) != NAS_OK)
        fail_msg("%s", err.text);
    now->end.study = (nas_study_id){.study = id, .version = 1};
    holder = fork();
    if (holder == 0) be_holder();
    wait_for(&shared->holds);
}

/* Twice, so that it waited on after the first time. */
static void on_held(void *ctx, const char *text) {
    (void)ctx;
    if (strstr(text, "another process has held") && atomic_fetch_add(&shared->told, 1) == 1)
        atomic_store(&shared->release, 1);
}

static bool note_worker(void *ctx) {
    (void)ctx;
    if (getpid() != leader) atomic_store(&shared->worker, (int)getpid());
    return atomic_load(&shared->stop);
}

static void run_held(study *s, bool to_stop) {
    static const nas_log log = {.warn = on_held, .stop = note_worker};
    s->view = (nas_run_view){.log = &log, .event = on_event};
    s->o.patience = 0.2;
    stops = to_stop;
    leader = getpid();
    holder = 0;
    now = s;
    *shared = (common){0};
    run_study(s, formula, WORKERS);
    atomic_store(&shared->release, 1);
    assert_int_equal(waitpid(holder, NULL, 0), holder);
}

static int64_t attempts_too_many(study *s) {
    return integer(s, "select sum(attempt) - count(*) from t");
}

static void test_waits(void **state) {
    study of = {0}, *s = &of;
    (void)state;
    run_held(s, false);
    assert_true(atomic_load(&shared->told) >= 2);
    assert_false(s->end.stopped);
    assert_int_equal(integer(s, "select count(*) from t where state = 'complete'"), TRIALS);
    /* What the others had was stored; the dead worker's trial, if it had one, was done again. */
    assert_true(attempts_too_many(s) <= 1);
    assert_int_equal(
        integer(s, "select count(*) from t_warnings where text like 'another process has held%'") >
            0,
        1);
    assert_int_equal(
        integer(s, "select count(*) from t_warnings where text like '%ended by signal 9%'"), 1);
    close_study(s);
}

/* A run that is to stop does not wait; the same run goes on later. */
static void test_stops(void **state) {
    study of = {0}, *s = &of;
    (void)state;
    run_held(s, true);
    assert_true(s->end.stopped);
    const int64_t done = integer(s, "select count(*) from t where state = 'complete'");
    assert_true(done >= 1 && done < TRIALS);
    close_study(s);
    s->view = (nas_run_view){0};
    run_study(s, formula, WORKERS);
    assert_int_equal(integer(s, "select count(*) from t where state = 'complete'"), TRIALS);
    assert_true(attempts_too_many(s) <= WORKERS);
    close_study(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_waits, begin_study, end_study),
        cmocka_unit_test_setup_teardown(test_stops, begin_study, end_study),
    };
    return cmocka_run_group_tests_name("held", tests, NULL, NULL);
}
