/* tests/search/test_setback.c - whose fault the end of a worker is. */
#include "search/run/limits.h"
#include "search/run/setback.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static void test_kinds(void **state) {
    (void)state;
    const int outside[] = {SIGKILL, SIGTERM, SIGBUS, SIGXFSZ, SIGXCPU, SIGHUP, SIGPIPE, SIGINT};
    const int crash[] = {SIGSEGV, SIGABRT, SIGFPE, SIGILL};
    for (size_t i = 0; i < sizeof outside / sizeof *outside; i++)
        assert_int_equal(nas_fault_of_signal(outside[i]), NAS_FAULT_OUTSIDE);
    for (size_t i = 0; i < sizeof crash / sizeof *crash; i++)
        assert_int_equal(nas_fault_of_signal(crash[i]), NAS_FAULT_CRASH);
    assert_int_equal(nas_fault_of_status(NAS_ENOMEM), NAS_FAULT_MEMORY);
    assert_int_equal(nas_fault_of_status(NAS_EFULL), NAS_FAULT_OUTSIDE);
    assert_true(nas_is_setback(NAS_EIO) && nas_is_setback(NAS_ENOTFOUND));
    assert_false(nas_is_setback(NAS_EINVAL) || nas_is_setback(NAS_EBUG) || nas_is_setback(NAS_OK));
}

/* The pauses double, and are as long as they are said to be. */
static void test_kills_end_a_run(void **state) {
    (void)state;
    nas_aside aside = {0};
    nas_setbacks s = {.aside = &aside};
    double now = 100;
    const double pause[] = {0.1, 0.2, 0.4, 0.8, 1.6, 3.2};
    for (int i = 0; i < 6; i++) {
        assert_int_equal(nas_setback_add(&s, 7, NAS_FAULT_OUTSIDE, i > 2, now), NAS_AGAIN);
        assert_true(s.due - now > pause[i] - 1e-9 && s.due - now < pause[i] + 1e-9);
        /* Another one of the same moment is of the same round. */
        assert_int_equal(nas_setback_add(&s, 8, NAS_FAULT_OUTSIDE, false, now), NAS_AGAIN);
        assert_int_equal(s.rounds, i + 1);
        now = s.due;
    }
    assert_int_equal(nas_setback_add(&s, 7, NAS_FAULT_OUTSIDE, true, now), NAS_ENOUGH);
    assert_int_equal(s.given_up, 0);
}

static void test_progress_forgives(void **state) {
    (void)state;
    nas_aside aside = {0};
    nas_setbacks s = {.aside = &aside};
    for (int i = 0; i < 1000; i++) { /* of other trials each time: the table never is full */
        assert_int_equal(nas_setback_add(&s, i + 1, NAS_FAULT_OUTSIDE, false, 10 * i), NAS_AGAIN);
        if (i % 5 == 4) nas_setback_finished(&s, i + 1, true);
    }
    assert_int_equal(atomic_load(&aside.n), 0);
    /* Twice in one trial: it is left for the end, and is its own control there. */
    assert_int_equal(nas_setback_add(&s, 5000, NAS_FAULT_OUTSIDE, false, 1e6), NAS_AGAIN);
    assert_int_equal(nas_setback_next(&s), 0);
    assert_int_equal(nas_setback_add(&s, 5000, NAS_FAULT_OUTSIDE, false, 2e6), NAS_AGAIN);
    assert_int_equal(nas_setback_next(&s), 5000);
    nas_setback_drop(&s, 5000);
    assert_int_equal(nas_setback_next(&s), 0);
}

static void test_crashes_are_judged(void **state) {
    (void)state;
    nas_aside aside = {0};
    nas_setbacks s = {.aside = &aside};
    double now = 1;
    nas_setback_finished(&s, 1, true);
    for (int64_t row = 2; row < 12; row++)
        assert_int_equal(nas_setback_add(&s, row, NAS_FAULT_CRASH, false, now += 10), NAS_AGAIN);
    for (int i = 0; i < NAS_ALONE_TRIES; i++) /* each in its turn */
        for (int64_t row = 2; row < 12; row++) {
            assert_int_equal(nas_setback_next(&s), row);
            const nas_judgement v = nas_setback_add(&s, row, NAS_FAULT_CRASH, true, now += 10);
            assert_int_equal(v, i + 1 < NAS_ALONE_TRIES ? NAS_AGAIN : NAS_GUILTY);
            if (v == NAS_GUILTY) nas_setback_drop(&s, row);
        }
    assert_int_equal(nas_setback_next(&s), 0);
    assert_int_equal(s.given_up, 10);
}

/* Where nothing is trained, it is not the trials that are to blame for long. */
static void test_all_crash(void **state) {
    (void)state;
    nas_aside aside = {0};
    nas_setbacks s = {.aside = &aside};
    double now = 1;
    int guilty = 0;
    nas_judgement v = NAS_AGAIN;
    for (int64_t row = 1; row < 6; row++)
        assert_int_equal(nas_setback_add(&s, row, NAS_FAULT_CRASH, false, now += 10), NAS_AGAIN);
    while (v != NAS_ENOUGH && guilty < 5) {
        const int64_t row = nas_setback_next(&s);
        v = nas_setback_add(&s, row, NAS_FAULT_CRASH, true, now += 10);
        if (v == NAS_GUILTY) nas_setback_drop(&s, row);
        guilty += v == NAS_GUILTY;
    }
    assert_int_equal(v, NAS_ENOUGH);
    assert_int_equal(guilty, 2);
}

static void test_memory(void **state) {
    (void)state;
    nas_aside aside = {0};
    nas_setbacks s = {.aside = &aside};
    double now = 1;
    nas_judgement v = NAS_AGAIN;
    for (int i = 0; i < 6; i++) /* nobody has memory: no trial is to blame */
        v = nas_setback_add(&s, 1, NAS_FAULT_MEMORY, i > 0, now += 10);
    assert_int_equal(v, NAS_AGAIN);
    assert_false(nas_setback_is_last(&s, 1));
    assert_int_equal(nas_setback_add(&s, 1, NAS_FAULT_MEMORY, true, now += 10), NAS_ENOUGH);

    nas_aside other = {0};
    s = (nas_setbacks){.aside = &other};
    nas_setback_finished(&s, 2, true);
    assert_int_equal(nas_setback_add(&s, 1, NAS_FAULT_MEMORY, false, now += 10), NAS_AGAIN);
    assert_int_equal(nas_setback_add(&s, 1, NAS_FAULT_MEMORY, true, now += 10), NAS_AGAIN);
    assert_false(nas_setback_is_last(&s, 1));
    assert_int_equal(nas_setback_add(&s, 1, NAS_FAULT_MEMORY, true, now += 10), NAS_AGAIN);
    assert_true(nas_setback_is_last(&s, 1));
}

/* Workers that end before they have a trial are not judged: that must not go on for ever. */
static void test_without_a_trial(void **state) {
    (void)state;
    const nas_fault faults[] = {NAS_FAULT_MEMORY, NAS_FAULT_CRASH, NAS_FAULT_OUTSIDE};
    for (size_t f = 0; f < sizeof faults / sizeof *faults; f++)
        for (int alone = 0; alone < 2; alone++) {
            nas_aside aside = {0};
            nas_setbacks s = {.aside = &aside};
            int ends = 1;
            nas_setback_finished(&s, 1, true);
            while (ends < 100 && nas_setback_add(&s, 0, faults[f], alone, 10.0 * ends) == NAS_AGAIN)
                ends++;
            assert_int_equal(ends, NAS_ROUNDS_MOST);
        }
}

/* More crashing trials than can be left aside at once: those that are there are judged first. */
static void test_too_many(void **state) {
    (void)state;
    nas_aside aside = {0};
    nas_setbacks s = {.aside = &aside};
    int64_t row = 1;
    for (; row <= NAS_ASIDE_MOST; row++) {
        nas_setback_finished(&s, 1000, true);
        assert_int_equal(nas_setback_add(&s, row, NAS_FAULT_CRASH, false, 10.0 * (double)row),
                         NAS_AGAIN);
    }
    assert_int_equal(nas_setback_add(&s, row, NAS_FAULT_CRASH, false, 1e6), NAS_AGAIN);
    int judged = 0;
    for (int64_t next; (next = nas_setback_next(&s)) && judged < 1000; judged++) {
        assert_int_not_equal(next, row);
        if (nas_setback_add(&s, next, NAS_FAULT_CRASH, true, 2e6 + judged) == NAS_GUILTY)
            nas_setback_drop(&s, next);
    }
    assert_int_equal(judged, NAS_ASIDE_MOST * NAS_ALONE_TRIES);
    assert_int_equal(s.given_up, NAS_ASIDE_MOST);
    assert_int_equal(nas_setback_add(&s, row, NAS_FAULT_CRASH, false, 3e6), NAS_AGAIN);
    assert_int_equal(nas_setback_next(&s), row);
}

/* --trial-bytes is the trial's fault only where the machine had so much. */
static void test_whose_memory(void **state) {
    (void)state;
    assert_true(nas_limits_has(1 << 20));
    assert_false(nas_limits_has(INT64_C(1) << 60));
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        const struct rlimit none = {.rlim_cur = 1 << 20, .rlim_max = 1 << 20};
        (void)setrlimit(RLIMIT_AS, &none);
        _exit(nas_limits_has(16 << 20) ? 1 : 0);
    }
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_kinds),
        cmocka_unit_test(test_kills_end_a_run),
        cmocka_unit_test(test_progress_forgives),
        cmocka_unit_test(test_crashes_are_judged),
        cmocka_unit_test(test_all_crash),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_without_a_trial),
        cmocka_unit_test(test_too_many),
        cmocka_unit_test(test_whose_memory),
    };
    return cmocka_run_group_tests_name("setback", tests, NULL, NULL);
}
