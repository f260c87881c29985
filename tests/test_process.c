/* tests/test_process.c - who is dead and who is only slow. */
#include "search/process.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

/* However long it is silent, a process of this machine that is there is not dead. */
static void test_slow(void **state) {
    char id[NAS_PROCESS_ID], of[NAS_PROCESS_ID];
    (void)state;
    nas_process_self(id);
    nas_process_of((long)getpid(), of);
    assert_string_equal(id, of);
    assert_false(nas_process_dead(id, 0));
    assert_false(nas_process_dead(id, 1e9));
}

static void test_dead(void **state) {
    char id[NAS_PROCESS_ID];
    int ready[2], end[2];
    char byte = 0;
    (void)state;
    assert_int_equal(pipe(ready) | pipe(end), 0);
    const pid_t pid = fork();
    if (pid == 0) {
        nas_process_self(id);
        (void)!write(ready[1], id, sizeof id);
        (void)!read(end[0], &byte, 1);
        _exit(0);
    }
    assert_int_equal(read(ready[0], id, sizeof id), sizeof id);
    assert_false(nas_process_dead(id, 1e9));
    assert_int_equal(write(end[1], &byte, 1), 1);
    /* Nobody has waited for it: it is a zombie, and dead. */
    siginfo_t info;
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
    assert_true(nas_process_dead(id, 0));
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_true(nas_process_dead(id, 0));
}

/* The pid of somebody else now: the time of its start tells. */
static void test_pid_again(void **state) {
    char id[NAS_PROCESS_ID];
    (void)state;
    nas_process_self(id);
    char *start = strrchr(id, ' ') + 1;
    *start = *start == '1' ? '2' : '1';
    assert_true(nas_process_dead(id, 0));
}

/* Of another machine, or before the machine was started again, only silence tells. */
static void test_elsewhere(void **state) {
    (void)state;
    assert_false(nas_process_dead("other 1234abcd/4026531836 17 99", 0));
    assert_false(nas_process_dead("other 1234abcd/4026531836 17 99", 60));
    assert_true(nas_process_dead("other 1234abcd/4026531836 17 99", 600));
    assert_true(nas_process_dead("", 600));
    assert_false(nas_process_dead("", 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slow),
        cmocka_unit_test(test_dead),
        cmocka_unit_test(test_pid_again),
        cmocka_unit_test(test_elsewhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
