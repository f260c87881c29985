/* tests/store/test_life.c - signs of life beside a database: SQLite's locks, the heartbeat's value,
 * and names of databases in the making. */
#include "base/files/life.h"
#include "tests/store_place.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>

static double stopped_at; /* the date, where it stands still */

/* In place of libc's, for all of this program. */
int clock_gettime(clockid_t id, struct timespec *t) {
    *t = (struct timespec){.tv_sec = 5};
    if (id == CLOCK_REALTIME) t->tv_sec = (time_t)stopped_at;
    return 0;
}

static double heartbeat(place *p, nas_store *s) {
    return strtod(ask(p, s, "SELECT heartbeat FROM nas_trials_1"), NULL);
}

static void test_beats(void **state) {
    place *p = *state;
    const nas_study def = study_of("kws", 3);
    static const double dates[] = {2e9, 2e9, 2e9, 2e9 - 3600, 2e9 - 3600, 2e9 + 3600, 0, 0};
    nas_study_id id;
    nas_claim c;
    const char *json;
    stopped_at = 2e9;
    nas_store *s = start(p, &def, &id);
    assert_int_equal(claim_as(p, s, id, "w", &c, &json), NAS_CLAIMED);
    for (size_t i = 0; i < sizeof dates / sizeof *dates; i++) {
        const double before = heartbeat(p, s);
        stopped_at = dates[i];
        OK(nas_store_heartbeat(s, id, &c, "w", &p->err));
        assert_true(heartbeat(p, s) != before);
        assert_true(fabs(heartbeat(p, s) - stopped_at) < 0.01);
    }
    /* Given up, and begun by another under the same number of attempts. */
    int32_t n;
    nas_claim again;
    const double least = 1;
    stopped_at = least;
    OK(nas_store_heartbeat(s, id, &c, "w", &p->err));
    OK(nas_store_reap(s, id, -1, "silent", is_dead, "w", &n, &p->err));
    assert_int_equal(n, 1);
    FAILS(NAS_ELOST, nas_store_heartbeat(s, id, &c, "w", &p->err));
    assert_int_equal(claim_as(p, s, id, "w2", &again, &json), NAS_CLAIMED);
    assert_int_equal(again.attempt, c.attempt);
    FAILS(NAS_ELOST, nas_store_heartbeat(s, id, &c, "w", &p->err));
    assert_false(finish_as(p, s, id, &c, "w", "complete", NULL));
    assert_string_equal(ask(p, s, "SELECT state, worker FROM kws"), "running w2");
    nas_store_close(s);
}

static bool always(void *ctx, const char *worker, double heartbeat) {
    (void)worker;
    *(double *)ctx = heartbeat;
    return true;
}

/* Also what has no heartbeat at all. */
static void test_no_heartbeat(void **state) {
    place *p = *state;
    const nas_study def = study_of("kws", 3);
    nas_study_id id;
    nas_claim c;
    const char *json;
    double told = 0;
    int32_t n;
    stopped_at = 2e9;
    nas_store *s = start(p, &def, &id);
    assert_int_equal(claim_as(p, s, id, "w", &c, &json), NAS_CLAIMED);
    raw_sql(p, "UPDATE nas_trials_1 SET heartbeat = NULL, worker = NULL");
    OK(nas_store_reap(s, id, -1, "silent", always, &told, &n, &p->err));
    assert_true(isnan(told));
    assert_int_equal(n, 1);
    assert_string_equal(ask(p, s, "SELECT state FROM kws"), "waiting");
    nas_store_close(s);
}

static bool can_have_it_alone(const place *p) {
    sqlite3 *db;
    bool alone = false;
    if (sqlite3_open(p->db, &db) == SQLITE_OK)
        alone = sqlite3_exec(db, "PRAGMA journal_mode=DELETE", NULL, NULL, NULL) == SQLITE_OK;
    sqlite3_close(db);
    return alone;
}

/* A process that knows nothing of this one's connections. When told to, it tries to have the
 * database alone; its exit status says whether it had. */
static pid_t rival(const place *p, int *go) {
    int told[2];
    char byte;
    assert_int_equal(pipe(told), 0);
    const pid_t pid = fork();
    if (pid == 0) {
        close(told[1]);
        _exit(read(told[0], &byte, 1) == 1 && can_have_it_alone(p));
    }
    close(told[0]);
    *go = told[1];
    return pid;
}

static int ask_rival(pid_t pid, int go) {
    int status;
    assert_int_equal(write(go, "", 1), 1);
    close(go);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* Showing and looking leave SQLite the locks that tell other processes of a connection. */
static void test_locks_of_sqlite(void **state) {
    place *p = *state;
    const nas_study def = study_of("kws", 3);
    nas_study_id id;
    int go[2];
    const pid_t child[2] = {rival(p, &go[0]), rival(p, &go[1])};
    nas_store *s = start(p, &def, &id);
    nas_life mine = nas_life_of(p->db), eye = nas_life_of(p->db);
    OK(nas_life_show(&mine, 77, &p->err));
    assert_int_equal(nas_life_look(&eye, 77), NAS_LIFE_THERE);
    assert_int_equal(ask_rival(child[0], go[0]), 0);
    nas_store_close(s);
    nas_life_close(&mine);
    nas_life_close(&eye);
    assert_int_equal(ask_rival(child[1], go[1]), 1);
}

static void make_file(const place *p, const char *tail, int *fd) {
    char path[160];
    snprintf(path, sizeof path, "%s%s", p->db, tail);
    *fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    assert_true(*fd >= 0);
}

/* What killed makers left is removed; what others make just now, and what is not ours, stays. */
static void test_left_by_makers(void **state) {
    place *p = *state;
    const nas_study def = study_of("kws", 3);
    nas_study_id id;
    int fd[6];
    make_file(p, ".new-0123abcd", &fd[0]);
    make_file(p, ".new-0123abcd-journal", &fd[1]);
    make_file(p, ".new-4567abcd", &fd[2]);
    make_file(p, ".new-4567abcd-wal", &fd[3]);
    make_file(p, ".new-mine", &fd[4]);
    make_file(p, "x.new-0123abcd", &fd[5]);
    assert_int_equal(flock(fd[2], LOCK_SH), 0);
    nas_store_close(start(p, &def, &id));
    char **names;
    size_t n;
    OK(nas_dir_list(p->arena, p->dir, &names, &n, &p->err));
    assert_int_equal(n, 5);
    assert_string_equal(names[0], "t.db");
    assert_string_equal(names[1], "t.db.new-4567abcd");
    assert_string_equal(names[2], "t.db.new-4567abcd-wal");
    assert_string_equal(names[3], "t.db.new-mine");
    assert_string_equal(names[4], "t.dbx.new-0123abcd");
    for (int i = 0; i < 6; i++) close(fd[i]);
}

/* Of two that made the database at once, one may have been killed: who opens it sees to that. */
static void test_left_beside(void **state) {
    place *p = *state;
    const nas_study def = study_of("kws", 3);
    nas_study_id id;
    int fd[3];
    nas_store_close(start(p, &def, &id));
    make_file(p, ".new-0123abcd", &fd[0]);
    make_file(p, ".new-89abcdef-journal", &fd[1]); /* its database went first */
    make_file(p, ".new-89abcdefx", &fd[2]);
    nas_store_close(start(p, &def, &id));
    char **names;
    size_t n;
    OK(nas_dir_list(p->arena, p->dir, &names, &n, &p->err));
    assert_int_equal(n, 2);
    assert_string_equal(names[1], "t.db.new-89abcdefx");
    for (int i = 0; i < 3; i++) close(fd[i]);
}

/* A lock file is for all who may write in its folder, whatever the umask of the first. */
static void test_locks_of_users(void **state) {
    place *p = *state;
    char path[128];
    struct stat info;
    nas_lock lock;
    bool taken;
    int status;
    snprintf(path, sizeof path, "%s/a.lock", p->dir);
    assert_int_equal(chmod(p->dir, 0777), 0);
    const mode_t before = umask(077);
    OK(nas_lock_take(path, &lock, &p->err));
    (void)umask(before);
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0666);
    assert_int_equal(chmod(path, 0444), 0); /* as an older nas left it */
    const pid_t child = fork();
    if (child == 0) {
        if (geteuid() == 0 && setuid(1002) != 0) _exit(2);
        const bool held = nas_lock_is_held(path);
        if (nas_lock_try(path, &lock, &taken, &p->err) != NAS_OK) _exit(3);
        _exit(!(held && !taken));
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
    nas_lock_remove(path, &lock);
    assert_int_equal(chmod(p->dir, 0700), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        T(test_beats),          T(test_no_heartbeat), T(test_locks_of_sqlite),
        T(test_left_by_makers), T(test_left_beside),  T(test_locks_of_users),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
