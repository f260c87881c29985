/* tests/base/test_turns.c - the lock by which the writers of one run wait for each other. */
#include "store/sqlite/sqlite.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static nas_turns *turns;
static volatile int *shared;

static int enter(void **state) {
    (void)state;
    void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) return -1;
    shared = p;
    return nas_turns_open(&turns, NULL) == NAS_OK ? 0 : -1;
}

static int leave(void **state) {
    (void)state;
    nas_turns_close(turns);
    return munmap((void *)shared, 4096);
}

static int ended(pid_t child) {
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    return status;
}

/* A sum that loses something where two add to it at once. */
static void test_one_at_a_time(void **state) {
    (void)state;
    enum { PROCESSES = 4, EACH = 2000 };
    pid_t child[PROCESSES];
    shared[0] = 0;
    for (int i = 0; i < PROCESSES; i++) {
        if ((child[i] = fork()) != 0) continue;
        for (int k = 0; k < EACH; k++) {
            while (!nas_turns_take(turns)) {}
            const int before = shared[0];
            for (volatile int wait = 0; wait < 50; wait = wait + 1) {}
            shared[0] = before + 1;
            nas_turns_give(turns);
        }
        _exit(0);
    }
    for (int i = 0; i < PROCESSES; i++) assert_int_equal(ended(child[i]), 0);
    assert_int_equal(shared[0], PROCESSES * EACH);
}

static pid_t holder(void) {
    shared[1] = 0;
    const pid_t child = fork();
    if (child != 0) {
        while (!shared[1]) usleep(1000);
        return child;
    }
    shared[1] = nas_turns_take(turns) ? 1 : -1;
    for (;;) pause();
}

/* Whoever holds it and stands still keeps nobody for long; whoever dies gives it back. */
static void test_holder_that_stops_and_dies(void **state) {
    (void)state;
    for (int i = 0; i < 3; i++) {
        const pid_t child = holder();
        assert_int_equal(shared[1], 1);
        if (i == 0) assert_false(nas_turns_take(turns));
        assert_int_equal(kill(child, SIGKILL), 0);
        (void)ended(child);
        assert_true(nas_turns_take(turns));
        nas_turns_give(turns);
    }
}

static void test_none(void **state) {
    (void)state;
    assert_false(nas_turns_take(NULL));
    nas_turns_close(NULL);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_one_at_a_time, enter, leave),
        cmocka_unit_test_setup_teardown(test_holder_that_stops_and_dies, enter, leave),
        cmocka_unit_test(test_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
