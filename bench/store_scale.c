/* bench/store_scale.c - millions of trivial trials through the store in one process: the rate as
 * they add up, memory, the file, and how long the queries of docs/SCHEMA.md take then.
 * usage: store_scale FOLDER [TRIALS [SCHEMA.md]]; a database that is there already is queried only.
 */
#include "base/clock.h"
#include "base/file.h"
#include "base/rng.h"
#include "store/store.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { STEPS = 10, QUERIES_MOST = 32 };

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
static const nas_goal goals[] = {{"accuracy", true}};
static const nas_bound bounds[] = {{"zlib_bytes < 20000", "zlib_bytes", "<", 20000}};
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
    bool kept;
    need(nas_store_claim(s, id, "worker", pick, NULL, a, &c, &json, &what, &err), &err);
    if (what != NAS_CLAIMED) exit(2);
    /* A cloud of points with a front: what is more accurate is larger. */
    nas_rng r = nas_rng_stream(0, 0, NAS_PURPOSE_TEST, (uint32_t)c.number, 0, 0);
    const double size = nas_rng_double(&r), luck = nas_rng_double(&r);
    const nas_value m[] = {
        {.type = NAS_COLUMN_REAL, .real = 0.9 + 0.09 * size - 0.2 * luck},
        {.type = NAS_COLUMN_INTEGER, .integer = 4000 + (int64_t)(30000 * size)}};
    const nas_result res = {.state = c.number % 1000 == 7   ? "failed"
                                     : c.number % 100 == 13 ? "rejected"
                                                            : "complete",
                            .reason = c.number % 1000 == 7 ? "it broke" : NULL,
                            .metrics = m,
                            .machine = "bench",
                            .epochs_trained = 1};
    need(nas_store_finish(s, id, &c, "worker", &res, &kept, &err), &err);
    if (!kept) exit(2);
}

static void fill(const char *path, int64_t trials) {
    nas_store *s;
    nas_arena *a;
    nas_err err = {0};
    nas_study_id id;
    const nas_study def = study_of(trials);
    need(nas_arena_open(&a, &err), &err);
    need(nas_store_open(path, NAS_STORE_CREATE, &s, &err), &err);
    need(nas_store_study(s, &def, &id, &err), &err);
    for (int step = 1; step <= STEPS; step++) {
        const double since = nas_clock_wall(), cpu = nas_clock_cpu();
        const int64_t from = trials * (step - 1) / STEPS, to = trials * step / STEPS;
        for (int64_t i = from; i < to; i++) {
            const nas_arena_mark mark = nas_arena_here(a);
            one_trial(s, id, a);
            nas_arena_back(a, mark);
        }
        const double n = (double)(to - from);
        printf("%10" PRId64 " trials: %.0f a second, %.0f us of cpu each, %ld kB resident\n", to,
               n / (nas_clock_wall() - since), (nas_clock_cpu() - cpu) / n * 1e6, resident_kib());
        fflush(stdout);
    }
    nas_store_close(s);
    nas_arena_close(a);
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
    const char *document = argc > 3 ? argv[3] : "docs/SCHEMA.md";
    char path[4096];
    struct stat info;
    if (argc < 2 || trials < STEPS) {
        fputs("usage: store_scale FOLDER [TRIALS [SCHEMA.md]]\n", stderr);
        return 2;
    }
    snprintf(path, sizeof path, "%s/store_scale.db", argv[1]);
    if (stat(path, &info) != 0) fill(path, trials);
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
