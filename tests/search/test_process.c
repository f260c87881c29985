/* tests/search/test_process.c - who is dead, who lives, and of whom nothing tells. */
#include "search/run/watch.h"

#include <fcntl.h>
#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

static char file[] = "/dev/shm/nas-life-XXXXXX"; /* kept by one kernel, whatever /tmp is */

static int make_file(void **state) {
    (void)state;
    const int fd = mkstemp(file);
    return fd < 0 ? -1 : close(fd);
}

static int remove_file(void **state) {
    (void)state;
    return unlink(file);
}

/* A child that shows its life until it is killed; its name. */
static pid_t child(uint64_t *token, char id[NAS_PROCESS_ID]) {
    int ready[2];
    assert_int_equal(pipe(ready), 0);
    assert_int_equal(nas_token_new(token, NULL), NAS_OK);
    const pid_t pid = fork();
    if (pid == 0) {
        nas_life l = nas_life_of(file);
        if (nas_life_show(&l, *token, NULL) != NAS_OK) _exit(1);
        nas_process_name(*token, true, id);
        (void)!write(ready[1], id, NAS_PROCESS_ID);
        for (;;) pause();
    }
    assert_int_equal(read(ready[0], id, NAS_PROCESS_ID), NAS_PROCESS_ID);
    close(ready[0]);
    close(ready[1]);
    return pid;
}

/* Killed, it is a zombie that nobody has waited for: its pid is there, and it is dead. */
static void end(pid_t pid) {
    siginfo_t info;
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitid(P_PID, (id_t)pid, &info, WEXITED | WNOWAIT), 0);
}

static void test_lock(void **state) {
    char id[NAS_PROCESS_ID];
    uint64_t token;
    nas_life l = nas_life_of(file);
    (void)state;
    const pid_t pid = child(&token, id);
    assert_int_equal(nas_process_alive(id, &l), NAS_LIFE_THERE);
    assert_int_equal(nas_life_look(&l, token + 8), NAS_LIFE_ENDED); /* another one */
    end(pid);
    assert_int_equal(nas_process_alive(id, &l), NAS_LIFE_ENDED);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    assert_int_equal(nas_process_alive(id, &l), NAS_LIFE_ENDED);
    nas_life_close(&l);
}

/* "Cannot tell" is never "dead". */
static void test_cannot_tell(void **state) {
    char id[NAS_PROCESS_ID];
    uint64_t token;
    nas_life l = nas_life_of(file), absent = nas_life_of("/dev/shm/nas-not/there");
    nas_life kernel = nas_life_of("/proc/self/comm"); /* a file system that is not known */
    struct rlimit files, none = {0};
    (void)state;
    const pid_t pid = child(&token, id);
    assert_int_equal(nas_process_alive(id, &absent), NAS_LIFE_UNKNOWN);
    assert_int_equal(nas_life_look(&kernel, token), NAS_LIFE_UNKNOWN);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &files), 0);
    none.rlim_max = files.rlim_max;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0); /* EMFILE */
    const nas_alive without = nas_process_alive(id, &l);
    const nas_status shown = nas_life_show(&l, 1, NULL);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &files), 0);
    assert_int_equal(without, NAS_LIFE_UNKNOWN);
    assert_int_not_equal(shown, NAS_OK);
    assert_int_equal(nas_process_alive(id, &l), NAS_LIFE_THERE); /* the next look tells again */
    end(pid);
    /* Who copies the file may lock all of it. */
    const int fd = open(file, O_RDWR);
    struct flock all = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &all), 0);
    assert_int_equal(nas_life_look(&l, token), NAS_LIFE_UNKNOWN);
    close(fd);
    assert_int_equal(nas_life_look(&l, token), NAS_LIFE_ENDED);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    nas_life_close(&l);
    nas_life_close(&kernel);
}

static void test_names(void **state) {
    char id[NAS_PROCESS_ID], bare[NAS_PROCESS_ID];
    const uint64_t token = 0x0123456789abcdefu;
    nas_life l = nas_life_of(file);
    (void)state;
    nas_process_name(token, true, id);
    nas_process_name(token, false, bare);
    assert_non_null(strstr(id, " 0123456789abcdef"));
    assert_true(nas_process_is(id, token) && nas_process_is(bare, token));
    assert_false(nas_process_is(id, token + 1));
    /* No lock was shown, so that there is none says nothing. */
    assert_int_equal(nas_process_alive(id, &l), NAS_LIFE_ENDED);
    assert_int_equal(nas_process_alive(bare, &l), NAS_LIFE_UNKNOWN);
    static const char *const others[] = {"",
                                         " ",
                                         "unlocked",
                                         " unlocked",
                                         "0123456789abcdef",
                                         "x",
                                         "h b/1 2 0123456789abcdeg",
                                         "h b/1 2 123456789abcdef"};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        assert_false(nas_process_is(others[i], token));
        assert_int_equal(nas_process_alive(others[i], &l), NAS_LIFE_UNKNOWN);
    }
    nas_life_close(&l);
}

/* "host boot/pid-namespace pid start-time": dead when there is no such pid, where pids mean the
 * same. Of others nothing tells. */
static void test_older_names(void **state) {
    char id[NAS_PROCESS_ID], old[NAS_PROCESS_ID];
    nas_life l = nas_life_of(file);
    (void)state;
    nas_process_name(1, true, id);
    char *pid = strrchr(id, ' ');
    *pid = '\0';
    *strrchr(id, ' ') = '\0'; /* host boot/namespace */
    const pid_t gone = fork();
    if (gone == 0) _exit(0);
    assert_int_equal(waitpid(gone, NULL, 0), gone);
    snprintf(old, sizeof old, "%.120s %d 4711", id, (int)gone);
    assert_int_equal(nas_process_alive(old, &l), NAS_LIFE_ENDED);
    snprintf(old, sizeof old, "%.120s %d 4711", id, (int)getpid());
    assert_int_equal(nas_process_alive(old, &l), NAS_LIFE_UNKNOWN);
    snprintf(old, sizeof old, "%.120s1 %d 4711", id, (int)gone);
    assert_int_equal(nas_process_alive(old, &l), NAS_LIFE_UNKNOWN);
    snprintf(old, sizeof old, "%.120s 99999999999 4711", id);
    assert_int_equal(nas_process_alive(old, &l), NAS_LIFE_UNKNOWN);
    assert_int_equal(nas_process_alive("other 1234abcd/4026531836 17 99", &l), NAS_LIFE_UNKNOWN);
    nas_life_close(&l);
}

static const char far[] = "far 1234abcd/1 7 00112233445566ff unlocked";
static const char old_far[] = "other 1234abcd/4026531836 17 99";

static bool dead_at(nas_watch *w, double now, const char *worker, double heartbeat) {
    nas_watch_begin(w, now);
    return nas_watch_is_dead(w, worker, heartbeat);
}

/* However its clock goes: two minutes in which looks find the same heartbeat. */
static void test_silence(void **state) {
    static const double dates[] = {1.8e9, 1.8e9 + 3600, 1.8e9 - 3600, 0, (double)NAN};
    static const char *const names[] = {far, old_far};
    nas_watch w;
    (void)state;
    nas_watch_open(&w, file);
    double now = 5000;
    for (size_t i = 0; i < 2 * sizeof dates / sizeof *dates; i++) {
        const double date = dates[i / 2];
        const char *name = names[i % 2];
        const double begin = now;
        for (; now <= begin + 120; now += 5) {
            assert_false(dead_at(&w, now, name, date));
            assert_true(w.longest == (w.unsure ? now - begin : 0));
        }
        assert_true(dead_at(&w, now, name, date));
    }
    /* A change, also back, and it lives. */
    for (int i = 0; i < 100; i++, now += 50) {
        assert_false(dead_at(&w, now, far, i % 2 ? 7e8 + i : 9e8 - i));
        assert_int_equal(w.unsure, 0);
    }
    nas_watch_close(&w);
}

/* Whoever looks was stopped: so was the worker, perhaps. */
static void test_pause(void **state) {
    nas_watch w;
    (void)state;
    nas_watch_open(&w, file);
    for (int i = 0; i <= 12; i++) assert_false(dead_at(&w, 3600.0 * i, far, 1));
    assert_true(dead_at(&w, 3600 * 13, far, 1));
    nas_watch_close(&w);
}

/* More than are kept live on; those that are kept die in their time. */
static void test_many(void **state) {
    enum { N = 5000 };
    nas_watch w;
    int32_t dead = 0;
    (void)state;
    nas_watch_open(&w, file);
    for (int look = 0; look <= 25; look++) {
        nas_watch_begin(&w, 5.0 * look);
        for (int i = 0; i < N; i += look % 25 ? 500 : 1) {
            char name[64];
            snprintf(name, sizeof name, "far %d", i);
            dead += nas_watch_is_dead(&w, name, 1);
        }
        if (look < 25) assert_int_equal(dead, 0);
    }
    assert_true(dead > 0 && dead < N);
    nas_watch_close(&w);
}

/* One that shows itself by its lock may be silent as long as it likes. */
static void test_silent_and_there(void **state) {
    char id[NAS_PROCESS_ID];
    uint64_t token;
    nas_watch w;
    (void)state;
    const pid_t pid = child(&token, id);
    nas_watch_open(&w, file);
    for (int i = 0; i < 100; i++) assert_false(dead_at(&w, 10.0 * i, id, 1));
    assert_int_equal(w.unsure, 0);
    end(pid);
    assert_true(dead_at(&w, 1000, id, 1));
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    nas_watch_close(&w);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lock),    cmocka_unit_test(test_cannot_tell),
        cmocka_unit_test(test_names),   cmocka_unit_test(test_older_names),
        cmocka_unit_test(test_silence), cmocka_unit_test(test_pause),
        cmocka_unit_test(test_many),    cmocka_unit_test(test_silent_and_there),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
