/* bench/store.c - the store beside the raw rate of one-row durable commits: trivial trials a second
 * in one process and in several, and what the first and the last of them cost.
 * usage: store FOLDER [TRIALS [WORKERS]]; the folder should be on the disk that studies lie on. */
#include "store/store.h"
#include "base/clock.h"
#include "store/file.h"

#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WINDOW = 100 }; /* trials whose median cost is one figure */

static void need(nas_status st, const nas_err *err) {
    if (st == NAS_OK) return;
    fprintf(stderr, "store: %s\n", err->text);
    exit(1);
}

static void remove_db(const char *path) {
    static const char *const tails[] = {"", "-wal", "-shm"};
    char name[4200];
    for (int i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "%s%s", path, tails[i]);
        (void)unlink(name);
    }
}

/* Commits of one row, WAL, synchronous=FULL, a second. */
static double raw_rate(const char *path, int n) {
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    remove_db(path);
    if (sqlite3_open(path, &db) != SQLITE_OK ||
        sqlite3_exec(db,
                     "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;"
                     "CREATE TABLE t(id INTEGER PRIMARY KEY, a REAL, b TEXT)",
                     NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_prepare_v2(db, "INSERT INTO t(a, b) VALUES(1.5, 'trial')", -1, &st, NULL) !=
            SQLITE_OK)
        exit(1);
    const double since = nas_clock_wall();
    for (int i = 0; i < n; i++) {
        if (sqlite3_step(st) != SQLITE_DONE) exit(1);
        sqlite3_reset(st);
    }
    const double took = nas_clock_wall() - since;
    sqlite3_finalize(st);
    sqlite3_close(db);
    remove_db(path);
    return n / took;
}

static const nas_column params[] = {{"model_width", NAS_COLUMN_REAL},
                                    {"epochs", NAS_COLUMN_INTEGER}};
static const nas_column metrics[] = {{"accuracy", NAS_COLUMN_REAL},
                                     {"zlib_bytes", NAS_COLUMN_INTEGER}};
static const nas_goal goals[] = {{"accuracy", NAS_MAXIMIZE}};

static nas_study study_of(int64_t trials) {
    return (nas_study){
        .name = "bench",
        .task = "none",
        .space_text = "{}",
        .trials = trials,
        .n_params = 2,
        .n_metrics = 2,
        .n_goals = 1,
        .params = params,
        .metrics = metrics,
        .goals = goals,
        .tie_break = "zlib_bytes",
    };
}

static nas_status pick(void *ctx, int64_t number, int64_t *cursor, nas_value *values,
                       nas_picked *out, nas_err *err) {
    (void)ctx;
    (void)err;
    values[0] = (nas_value){.type = NAS_COLUMN_REAL, .real = 0.001 * (double)number};
    values[1] = (nas_value){.type = NAS_COLUMN_INTEGER, .integer = number};
    out->candidate = nas_hash_of(&number, sizeof number);
    out->json = "{}";
    ++*cursor;
    return NAS_OK;
}

/* One worker until none is left. cost (may be NULL): seconds of each of its trials, in turn. */
static void work(const char *path, nas_study_id id, int index, nas_turns *turns, double *cost) {
    nas_store *s;
    nas_arena *a;
    nas_err err = {0};
    char name[32];
    snprintf(name, sizeof name, "worker %d", index);
    need(nas_arena_open(&a, &err), &err);
    need(nas_store_open(path, NAS_STORE_WRITE, &s, &err), &err);
    nas_store_take_turns(s, turns);
    for (;;) {
        const nas_arena_mark mark = nas_arena_here(a);
        const double since = nas_clock_wall();
        nas_claim c;
        const char *json;
        nas_claimed what;
        need(nas_store_claim(s, id, name, pick, NULL, a, &c, &json, &what, &err), &err);
        if (what != NAS_CLAIMED) break;
        const nas_value m[] = {{.type = NAS_COLUMN_REAL, .real = (double)(c.number % 1000) / 1000},
                               {.type = NAS_COLUMN_INTEGER, .integer = c.number % 30000}};
        const nas_result r = {.state = NAS_COMPLETE, .metrics = m, .machine = "bench"};
        need(nas_store_finish(s, id, &c, name, &r, &err), &err);
        nas_arena_back(a, mark);
        if (cost) *cost++ = nas_clock_wall() - since;
    }
    nas_store_close(s);
    nas_arena_close(a);
}

static bool note_count(void *ctx, const nas_row *row) {
    int64_t *n = ctx;
    n[0] = row->values[0].integer;
    n[1] = row->values[1].integer;
    return false;
}

/* Until the other end of the pipe `until` is closed: nothing yet is -1, the end is 0. */
static void read_all_the_time(const char *path, int until) {
    nas_store *s;
    nas_err err = {0};
    int64_t n[2], queries = 0;
    double slowest = 0;
    char byte;
    need(nas_store_open(path, NAS_STORE_READ, &s, &err), &err);
    while (read(until, &byte, 1) != 0) {
        const double since = nas_clock_wall();
        need(nas_store_query(s, "select count(*), max(number) from bench where state = 'complete'",
                             NULL, 0, note_count, n, &err),
             &err);
        if (nas_clock_wall() - since > slowest) slowest = nas_clock_wall() - since;
        queries++;
    }
    printf("  a reader: %" PRId64 " queries meanwhile, the slowest %.1f ms\n", queries,
           slowest * 1e3);
    nas_store_close(s);
}

static double study(const char *path, int64_t trials, int workers, bool reader, double *cost) {
    nas_store *s;
    nas_err err = {0};
    nas_study_id id;
    const nas_study def = study_of(trials);
    int until[2];
    remove_db(path);
    need(nas_store_open(path, NAS_STORE_CREATE, &s, &err), &err);
    need(nas_store_study(s, &def, &id, &err), &err);
    nas_store_close(s);
    nas_turns *turns;
    need(nas_turns_open(&turns, &err), &err);
    fflush(stdout);
    if (reader && pipe2(until, O_NONBLOCK) != 0) exit(1);
    if (reader && fork() == 0) {
        close(until[1]);
        read_all_the_time(path, until[0]);
        fflush(stdout);
        _exit(0);
    }
    if (reader) close(until[0]);
    const double since = nas_clock_wall();
    int failed = 0, status;
    if (workers == 1 && !reader) {
        work(path, id, 0, turns, cost);
    } else {
        pid_t pid[256];
        for (int i = 0; i < workers; i++)
            if ((pid[i] = fork()) == 0) {
                work(path, id, i, turns, NULL);
                _exit(0);
            }
        for (int i = 0; i < workers; i++)
            failed += waitpid(pid[i], &status, 0) != pid[i] || status != 0;
    }
    const double took = nas_clock_wall() - since;
    nas_turns_close(turns);
    if (reader) {
        close(until[1]);
        (void)wait(&status);
        failed += status != 0;
    }
    int64_t n[2];
    need(nas_store_open(path, NAS_STORE_READ, &s, &err), &err);
    need(nas_store_query(s,
                         "select count(distinct number), count(*) - sum(state = 'complete') from"
                         " nas_trials_1",
                         NULL, 0, note_count, n, &err),
         &err);
    nas_store_close(s);
    printf("%d worker%s: %.0f trials a second; %" PRId64 " of %" PRId64 " there, %" PRId64
           " not complete, %d processes failed\n",
           workers, workers == 1 ? "" : "s", (double)trials / took, n[0], trials, n[1], failed);
    return (double)trials / took;
}

static int by_size(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static double median(double *v, int n) {
    qsort(v, (size_t)n, sizeof *v, by_size);
    return v[n / 2];
}

int main(int argc, char **argv) {
    const int64_t trials = argc > 2 ? strtoll(argv[2], NULL, 10) : 10000;
    const int workers = argc > 3 ? atoi(argv[3]) : 32;
    char path[4096];
    if (argc < 2 || trials < 3 * WINDOW || workers < 1 || workers > 256) {
        fputs("usage: store FOLDER [TRIALS [WORKERS]]\n", stderr);
        return 2;
    }
    snprintf(path, sizeof path, "%s/bench_store.db", argv[1]);
    double *cost = calloc((size_t)trials, sizeof *cost);
    if (!cost) return 1;
    const double raw = raw_rate(path, 1000);
    printf("raw: %.0f one-row commits a second\n", raw);
    const double one = study(path, trials, 1, false, cost);
    const double again = raw_rate(path, 1000);
    printf("  %.2f of the raw rate (%.0f after it)\n", one / ((raw + again) / 2), again);
    const double first = median(cost + WINDOW / 2, WINDOW);
    const double last = median(cost + trials - WINDOW, WINDOW);
    printf("  trial 100 takes %.0f us, trial %" PRId64 " %.0f us (medians of %d): %.2f times\n",
           first * 1e6, trials, last * 1e6, WINDOW, last / first);
    struct stat info;
    struct rusage use;
    (void)getrusage(RUSAGE_SELF, &use);
    study(path, trials, 2, false, NULL);
    if (stat(path, &info) == 0)
        printf("  the file has %.0f bytes a trial; this process %ld kB at most\n",
               (double)info.st_size / (double)trials, use.ru_maxrss);
    study(path, trials, workers, true, NULL);
    remove_db(path);
    free(cost);
    return 0;
}
