/* tests/store/test_store_processes.c - the contract of store/store.h: several processes on one
 * file, and their deaths. */
#include "base/clock.h"
#include "base/rng.h"
#include "tests/store_place.h"

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

/* Claims and completes until nothing is left; the exit status tells of errors. */
static void work(place *p, const char *worker, int64_t points, int64_t *finished) {
    nas_store *s = NULL;
    const nas_study def = study_of("kws", -1);
    nas_study_id id;
    if (nas_store_open(p->db, NAS_STORE_WRITE, &s, &p->err) != NAS_OK) goto wrong;
    if (nas_store_study(s, &def, &id, &p->err) != NAS_OK) goto wrong;
    for (;;) {
        grid g = {.points = points};
        nas_claim c;
        const char *json;
        nas_claimed what;
        if (nas_store_claim(s, id, worker, pick, &g, p->arena, &c, &json, &what, &p->err) != NAS_OK)
            goto wrong;
        if (what == NAS_CLAIM_NONE_LEFT) break;
        if (what == NAS_CLAIM_WAIT) {
            usleep(1000);
            continue;
        }
        const nas_value m[3] = {real((double)c.number), integer(c.number), null};
        const nas_epoch_row e = {.epoch = 0, .step = c.number};
        const uint8_t blob[6000] = {(uint8_t)c.number};
        const nas_artefact f = {"model.tflite", blob, sizeof blob};
        const nas_result r = {.state = NAS_COMPLETE,
                              .metrics = m,
                              .n_epochs = 1,
                              .epochs = &e,
                              .n_artefacts = 1,
                              .artefacts = &f};
        if (nas_store_finish(s, id, &c, worker, &r, &p->err) != NAS_OK) goto wrong;
        /* From here on the trial counts, whatever happens to this process. */
        if (finished) finished[c.number]++;
    }
    nas_store_close(s);
    _exit(0);
wrong:
    fprintf(stderr, "%s: %s\n", worker, p->err.text);
    _exit(1);
}

static void check_all_there(place *p, nas_store *s, int64_t points) {
    char expected[64];
    snprintf(expected, sizeof expected, "%lld %lld %lld 0 %lld", (long long)points,
             (long long)points, (long long)points, (long long)points - 1);
    assert_string_equal(ask(p, s,
                            "SELECT count(*), count(DISTINCT number), count(DISTINCT"
                            " candidate), min(number), max(number) FROM kws"
                            " WHERE state = 'complete' AND zlib_bytes = number"),
                        expected);
    snprintf(expected, sizeof expected, "%lld %lld", (long long)points, (long long)points);
    assert_string_equal(ask(p, s, "SELECT count(*), count(DISTINCT trial) FROM nas_epochs"),
                        expected);
    assert_string_equal(ask(p, s, "SELECT count(*), count(DISTINCT trial) FROM nas_artefacts"),
                        expected);
    assert_string_equal(ask(p, s,
                            "SELECT count(*) FROM kws LEFT JOIN nas_artefacts a ON"
                            " a.trial = kws.id WHERE a.id IS NULL OR a.bytes <> 6000"),
                        "0");
    assert_string_equal(ask(p, s, "PRAGMA integrity_check"), "ok");
}

/* Several workers, and a reader that asks all the while. */
static void test_processes(void **state) {
    place *p = *state;
    enum { WORKERS = 4, POINTS = 300 };
    const nas_study def = study_of("kws", -1);
    nas_study_id id;
    nas_store_close(start(p, &def, &id));
    pid_t child[WORKERS];
    for (int i = 0; i < WORKERS; i++) {
        char name[16];
        snprintf(name, sizeof name, "w%d", i);
        if ((child[i] = fork()) == 0) work(p, name, POINTS, NULL);
    }
    nas_store *r = open_db(p, NAS_STORE_READ);
    int64_t before = 0;
    int left = WORKERS, asked = 0;
    while (left > 0) {
        /* What a reader sees only grows, and a finished trial is there with all that belongs to it.
         */
        const char *o = ask(p, r,
                            "SELECT count(*), sum((SELECT count(*) FROM nas_artefacts a WHERE"
                            " a.trial = kws.id)) FROM kws WHERE state = 'complete'");
        long long n = -1, files = 0;
        sscanf(o, "%lld %lld", &n, &files);
        assert_true(n >= before && n == files);
        before = n;
        asked++;
        int status;
        if (waitpid(-1, &status, WNOHANG) > 0) {
            assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
            left--;
        }
    }
    assert_true(asked > 1);
    check_all_there(p, r, POINTS);
    nas_store_close(r);
}

static bool never_beats(void *ctx, const char *worker, double heartbeat) {
    (void)heartbeat;
    return strcmp(worker, ctx) == 0;
}

/* Workers die by SIGKILL at random instants, again and again. */
static void test_kills(void **state) {
    place *p = *state;
    enum { POINTS = 400, ROUNDS = 150 };
    const nas_study def = study_of("kws", -1);
    nas_study_id id;
    nas_store *s = start(p, &def, &id);
    int64_t *finished = mmap(NULL, POINTS * sizeof *finished, PROT_READ | PROT_WRITE,
                             MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    assert_true(finished != MAP_FAILED);
    nas_rng r = nas_rng_stream(11, 0, NAS_PURPOSE_TEST, 0, 0, 0);
    const double begin = nas_clock_wall();
    int32_t given_back = 0;
    bool done = false;
    for (int round = 0; !done; round++) {
        const bool last = round >= ROUNDS || nas_clock_wall() - begin > 3.0;
        pid_t child[2];
        for (int i = 0; i < 2; i++) {
            char name[32];
            snprintf(name, sizeof name, "w%d.%d", round, i);
            if ((child[i] = fork()) == 0) work(p, name, POINTS, finished);
        }
        if (!last) usleep((useconds_t)nas_rng_below(&r, 20000));
        for (int i = 0; i < 2; i++) {
            int status;
            if (!last) kill(child[i], SIGKILL);
            assert_int_equal(waitpid(child[i], &status, 0), child[i]);
            if (WIFEXITED(status)) assert_int_equal(WEXITSTATUS(status), 0);
            done |= WIFEXITED(status);
            /* What was told to be finished is there. */
            char name[32];
            int32_t n = 0;
            snprintf(name, sizeof name, "w%d.%d", round, i);
            OK(nas_store_reap(s, id, 1000000, "the worker died", never_beats, name, &n, &p->err));
            given_back += n;
        }
        for (int k = 0; k < POINTS; k++) {
            assert_true(finished[k] <= 1);
            if (!finished[k]) continue;
            const nas_value number = integer(k);
            shown o = {.rows = 0};
            OK(nas_store_query(s, "SELECT state FROM kws WHERE number = ?1", &number, 1, show, &o,
                               &p->err));
            assert_string_equal(o.text, "complete");
        }
        if (last) done = true;
    }
    assert_true(given_back > 0); /* the kills did hit running trials */
    check_all_there(p, s, POINTS);
    munmap(finished, POINTS * sizeof *finished);
    nas_store_close(s);
    assert_int_equal(files_in(p), 1);
}

/* Many make the same database and study at once, some of them only to leave again. */
static void test_made_at_once(void **state) {
    place *p = *state;
    enum { N = 12 };
    for (int round = 0; round < 5; round++) {
        pid_t child[N];
        for (int i = 0; i < N; i++) {
            if ((child[i] = fork()) != 0) continue;
            nas_store *s;
            const nas_study def = study_of("kws", 5);
            nas_study_id id;
            if (nas_store_open(p->db, NAS_STORE_CREATE, &s, &p->err) != NAS_OK) {
                fprintf(stderr, "opening: %s\n", p->err.text);
                _exit(1);
            }
            nas_status status = NAS_OK;
            if (i % 3) status = nas_store_study(s, &def, &id, &p->err);
            nas_store_close(s);
            if (status == NAS_EBUSY && strstr(p->err.text, "removed by another")) _exit(2);
            if (status != NAS_OK) fprintf(stderr, "%s\n", p->err.text);
            _exit(status == NAS_OK ? 0 : 1);
        }
        int made = 0;
        for (int i = 0; i < N; i++) {
            int status;
            assert_int_equal(waitpid(child[i], &status, 0), child[i]);
            assert_true(WIFEXITED(status) && WEXITSTATUS(status) != 1);
            made += i % 3 && WEXITSTATUS(status) == 0;
        }
        assert_true(made > 0);
        nas_store *s = open_db(p, NAS_STORE_READ);
        assert_string_equal(ask(p, s, "SELECT count(*), max(name) FROM studies"), "1 kws");
        nas_store_close(s);
        assert_int_equal(files_in(p), 1);
        assert_int_equal(unlink(p->db), 0);
    }
}

/* A handle does not work in a child, and closing it there harms nothing. */
static void test_fork(void **state) {
    place *p = *state;
    const nas_study def = study_of("kws", 5);
    nas_study_id id;
    nas_store *s = start(p, &def, &id);
    const pid_t child = fork();
    if (child == 0) {
        nas_study_id other;
        const nas_status status = nas_store_study(s, &def, &other, &p->err);
        nas_store_close(s);
        _exit(status == NAS_EBUG ? 0 : 1);
    }
    int status;
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    add(p, s, id, 0.95, 20000, "complete");
    nas_store_close(s);
}

/* Somebody holds the whole file for a moment: every way to open it waits. */
static void test_held(void **state) {
    place *p = *state;
    const nas_study def = study_of("kws", 5);
    nas_study_id id;
    nas_store_close(start(p, &def, &id));
    int ready[2];
    char c;
    assert_int_equal(pipe(ready), 0);
    const pid_t child = fork();
    if (child == 0) {
        sqlite3 *db;
        const bool held = sqlite3_open(p->db, &db) == SQLITE_OK &&
                          sqlite3_exec(db, "PRAGMA locking_mode=EXCLUSIVE; BEGIN IMMEDIATE", NULL,
                                       NULL, NULL) == SQLITE_OK;
        if (write(ready[1], "x", 1) != 1 || !held) _exit(1);
        nas_clock_sleep(0.4);
        _exit(0);
    }
    assert_int_equal(read(ready[0], &c, 1), 1);
    OK(nas_store_check(p->db, &p->err));
    nas_store *s = NULL;
    OK(nas_store_open(p->db, NAS_STORE_READ, &s, &p->err));
    nas_store_close(s);
    int status;
    waitpid(child, &status, 0);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    close(ready[0]);
    close(ready[1]);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_processes), T(test_kills), T(test_made_at_once), T(test_fork), T(test_held),
    };
    return cmocka_run_group_tests_name("store_processes", tests, NULL, NULL);
}
