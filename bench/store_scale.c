/* bench/store_scale.c - millions of trivial trials in one study: what claiming and storing one
 * costs as they add up, memory, the file, and how long the queries of docs/SCHEMA.md take then.
 * usage: store_scale FOLDER [TRIALS [BY_HAND [SCHEMA.md]]]; the first and the last BY_HAND trials
 * (default: all) go through the store as a worker's do, those between are inserted by SQL. A
 * database that is there already is queried only. EXAMPLES=N: each of them has N answers. */
#include "base/clock.h"
#include "base/files/file.h"
#include "base/rng.h"
#include "store/store.h"

#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STEPS = 10 };

static void need(nas_status st, const nas_err *err) {
    if (st == NAS_OK) return;
    fprintf(stderr, "store_scale: %s\n", err->text);
    exit(1);
}

static const nas_column params[] = {{"model_width", NAS_COLUMN_REAL},
                                    {"frontend_sample_rate_hz", NAS_COLUMN_INTEGER},
                                    {"quantize", NAS_COLUMN_TEXT}};
static const nas_column metrics[] = {{"accuracy", NAS_COLUMN_REAL},
                                     {"zlib_bytes", NAS_COLUMN_INTEGER}};
static const nas_goal goals[] = {{"accuracy", NAS_MAXIMIZE}};
static const nas_bound bounds[] = {{"zlib_bytes < 20000", "zlib_bytes", NAS_BELOW, 20000}};
static const char *const formats[] = {"float32", "float16", "dynamic", "int8"};

static nas_study study_of(int64_t trials) {
    return (nas_study){.name = "kws",
                       .task = "none",
                       .space_text = "{}",
                       .trials = trials,
                       .n_params = 3,
                       .n_metrics = 2,
                       .n_bounds = 1,
                       .n_goals = 1,
                       .params = params,
                       .metrics = metrics,
                       .bounds = bounds,
                       .goals = goals,
                       .tie_break = "zlib_bytes"};
}

static nas_status pick(void *ctx, int64_t number, int64_t *cursor, nas_value *values,
                       nas_picked *out, nas_err *err) {
    (void)ctx;
    (void)err;
    values[0] = (nas_value){.type = NAS_COLUMN_REAL, .real = 0.25 * (double)(number % 8 + 1)};
    values[1] = (nas_value){.type = NAS_COLUMN_INTEGER, .integer = number % 2 ? 16000 : 8000};
    values[2] = (nas_value){.type = NAS_COLUMN_TEXT, .text = formats[number / 2 % 4]};
    out->candidate = nas_hash_of(&number, sizeof number);
    out->json = "{}";
    ++*cursor;
    return NAS_OK;
}

static long resident_kib(void) {
    long pages = 0;
    FILE *f = fopen("/proc/self/statm", "r");
    if (f && fscanf(f, "%*d %ld", &pages) != 1) pages = 0;
    if (f) fclose(f);
    return pages * (sysconf(_SC_PAGESIZE) / 1024);
}

static void one_trial(nas_store *s, nas_study_id id, nas_arena *a) {
    nas_err err = {0};
    nas_claim c;
    const char *json;
    nas_claimed what;
    need(nas_store_claim(s, id, "worker", pick, NULL, a, &c, &json, &what, &err), &err);
    if (what != NAS_CLAIMED) exit(2);
    /* A cloud of points with a front: what is more accurate is larger. */
    nas_rng r = nas_rng_stream(0, 0, NAS_PURPOSE_TEST, (uint32_t)c.number, 0, 0);
    const double size = nas_rng_double(&r), luck = nas_rng_double(&r);
    const nas_value m[] = {{.type = NAS_COLUMN_REAL, .real = 0.9 + 0.09 * size - 0.2 * luck},
                           {.type = NAS_COLUMN_INTEGER, .integer = 4000 + (int64_t)(30000 * size)}};
    static uint8_t bits[1 << 16];
    const char *examples = getenv("EXAMPLES");
    const nas_answers answers = {.part = "validation",
                                 .examples = examples ? (int32_t)strtol(examples, NULL, 10) : 0,
                                 .score = m[0].real,
                                 .right = bits};
    if (answers.examples < 0 || (size_t)answers.examples > 8 * sizeof bits) exit(2);
    const nas_result res = {.state = c.number % 1000 == 7   ? NAS_FAILED
                                     : c.number % 100 == 13 ? NAS_REJECTED
                                                            : NAS_COMPLETE,
                            .reason = c.number % 1000 == 7 ? "it broke" : NULL,
                            .metrics = m,
                            .machine = "bench",
                            .answers = answers.examples ? &answers : NULL,
                            .epochs_trained = 1};
    need(nas_store_finish(s, id, &c, "worker", &res, &err), &err);
}

static void by_hand(nas_store *s, nas_study_id id, int64_t first, int64_t n) {
    nas_arena *a;
    nas_err err = {0};
    need(nas_arena_open(&a, &err), &err);
    for (int step = 1; step <= STEPS; step++) {
        const double since = nas_clock_wall(), cpu = nas_clock_cpu();
        const int64_t from = n * (step - 1) / STEPS, to = n * step / STEPS;
        for (int64_t i = from; i < to; i++) {
            const nas_arena_mark mark = nas_arena_here(a);
            one_trial(s, id, a);
            nas_arena_back(a, mark);
        }
        const double count = (double)(to - from);
        printf("%10" PRId64 " trials: %.0f a second, %.0f us of cpu each, %ld kB resident\n",
               first + to, count / (nas_clock_wall() - since),
               (nas_clock_cpu() - cpu) / count * 1e6, resident_kib());
        fflush(stdout);
    }
    nas_arena_close(a);
}

/* Rows like those of by_hand. The front is dropped: joining the study makes it anew. */
static const char bulk[] =
    "PRAGMA synchronous=OFF; PRAGMA cache_size=-200000;"
    "CREATE TEMP TABLE kept AS SELECT name, sql FROM sqlite_master WHERE name IN"
    " ('nas_trials_1_candidate', 'nas_trials_1_goal');"
    "DROP INDEX nas_trials_1_candidate; DROP INDEX nas_trials_1_goal;"
    "DROP TRIGGER nas_front_1_add;"
    "WITH RECURSIVE n(i) AS (SELECT %lld UNION ALL SELECT i + 1 FROM n WHERE i + 1 < %lld),"
    " r AS MATERIALIZED (SELECT i, abs(random() %% 1000000) / 1e6 AS size,"
    " abs(random() %% 1000000) / 1e6 AS luck FROM n)"
    " INSERT INTO nas_trials_1(version, number, state, reason, attempt, candidate, model_width,"
    " frontend_sample_rate_hz, quantize, accuracy, zlib_bytes, seconds, cpu_seconds, worker,"
    " machine, started, finished, epochs_trained, epochs_saved, json)"
    " SELECT 1, i, CASE WHEN i %% 1000 = 7 THEN 'failed' WHEN i %% 100 = 13 THEN 'rejected' ELSE"
    " 'complete' END, CASE WHEN i %% 1000 = 7 THEN 'it broke' END, 1, lower(hex(randomblob(32))),"
    " 0.25 * (i %% 8 + 1), CASE i %% 2 WHEN 1 THEN 16000 ELSE 8000 END,"
    " CASE i / 2 %% 4 WHEN 0 THEN 'float32' WHEN 1 THEN 'float16' WHEN 2 THEN 'dynamic' ELSE 'int8'"
    " END, 0.9 + 0.09 * size - 0.2 * luck, 4000 + cast(30000 * size AS INTEGER), 0.0, 0.0,"
    " 'worker', 'bench', 1.7e9, 1.7e9, 1.0, 0.0, '{}' FROM r;";

static int run_kept(void *db, int n, char **text, char **names) {
    (void)n;
    (void)names;
    return sqlite3_exec(db, text[0], NULL, NULL, NULL) != SQLITE_OK;
}

static void by_sql(const char *path, int64_t from, int64_t to) {
    const double since = nas_clock_wall();
    sqlite3 *db = NULL;
    char *sql = sqlite3_mprintf(bulk, from, to);
    if (sqlite3_open(path, &db) != SQLITE_OK ||
        sqlite3_exec(db, sql, NULL, NULL, NULL) != SQLITE_OK ||
        sqlite3_exec(db, "SELECT sql FROM kept", run_kept, db, NULL) != SQLITE_OK) {
        fprintf(stderr, "store_scale: %s\n", sqlite3_errmsg(db));
        exit(1);
    }
    sqlite3_free(sql);
    sqlite3_close(db);
    printf("%10" PRId64 " trials: inserted by SQL in %.0f s\n", to, nas_clock_wall() - since);
}

static void fill(const char *path, int64_t trials, int64_t hand) {
    nas_store *s;
    nas_err err = {0};
    nas_study_id id;
    nas_study def =
        study_of(hand < trials ? trials - 1 : trials); /* another makes the front anew */
    need(nas_store_open(path, NAS_STORE_CREATE, &s, &err), &err);
    need(nas_store_study(s, &def, &id, &err), &err);
    by_hand(s, id, 0, hand);
    nas_store_close(s);
    if (trials <= 2 * hand) return;
    by_sql(path, hand, trials - hand);
    def.trials = trials;
    const double since = nas_clock_wall();
    need(nas_store_open(path, NAS_STORE_WRITE, &s, &err), &err);
    need(nas_store_study(s, &def, &id, &err), &err);
    printf("the front made anew: %.1f s\n", nas_clock_wall() - since);
    by_hand(s, id, trials - hand, hand);
    nas_store_close(s);
}

static bool count_rows(void *ctx, const nas_row *row) {
    (void)row;
    ++*(int64_t *)ctx;
    return true;
}

/* Each block of SQL of the document, in turn. */
static void query_all(const char *path, char *text) {
    nas_store *s;
    nas_err err = {0};
    need(nas_store_open(path, NAS_STORE_READ, &s, &err), &err);
    char *at = strstr(text, "queries\n");
    for (int i = 1; at && (at = strstr(at, "```sql\n")); i++) {
        char *sql = at + 7, *end = strstr(sql, "```");
        if (!end) break;
        *end = '\0';
        at = end + 3;
        int64_t rows = 0;
        const double since = nas_clock_wall(), cpu = nas_clock_cpu();
        need(nas_store_query(s, sql, NULL, 0, count_rows, &rows, &err), &err);
        sql += strspn(sql, " ");
        printf("query %2d: %7.3f s, %7.3f s of cpu, %" PRId64 " rows: %.*s\n", i,
               nas_clock_wall() - since, nas_clock_cpu() - cpu, rows, (int)strcspn(sql, "\n"), sql);
        fflush(stdout);
    }
    nas_store_close(s);
}

int main(int argc, char **argv) {
    const int64_t trials = argc > 2 ? strtoll(argv[2], NULL, 10) : 1000000;
    const int64_t hand = argc > 3 ? strtoll(argv[3], NULL, 10) : trials;
    const char *document = argc > 4 ? argv[4] : "docs/SCHEMA.md";
    char path[4096];
    struct stat info;
    if (argc < 2 || hand < STEPS || hand > trials) {
        fputs("usage: store_scale FOLDER [TRIALS [BY_HAND [SCHEMA.md]]]\n", stderr);
        return 2;
    }
    snprintf(path, sizeof path, "%s/store_scale.db", argv[1]);
    if (stat(path, &info) != 0) fill(path, trials, hand);
    if (stat(path, &info) == 0)
        printf("the file has %lld bytes, %.0f a trial\n", (long long)info.st_size,
               (double)info.st_size / (double)trials);
    static char text[1 << 20];
    FILE *f = fopen(document, "r");
    if (!f) return 1;
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    query_all(path, text);
    return 0;
}
