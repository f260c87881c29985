/* tests/store_place.h - what the tests of the store share: a folder with a database for each test,
 * a small study, a grid to pick from, rows as text. */
#ifndef NAS_TESTS_STORE_PLACE_H
#define NAS_TESTS_STORE_PLACE_H

#include "base/files/file.h"
#include "store/store.h"
#include "tests/expect.h"

#include <math.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

typedef struct place {
    char dir[64], db[96];
    nas_arena *arena;
    nas_err err;
} place;

static inline int enter(void **state) {
    place *p = calloc(1, sizeof *p);
    if (!p) return -1;
    strcpy(p->dir, "/tmp/nas-store-XXXXXX");
    if (!mkdtemp(p->dir)) return -1;
    snprintf(p->db, sizeof p->db, "%s/t.db", p->dir);
    *state = p;
    return nas_arena_open(&p->arena, &p->err) == NAS_OK ? 0 : -1;
}

static inline int leave(void **state) {
    place *p = *state;
    nas_arena_close(p->arena);
    const nas_status status = nas_dir_remove(p->dir, &p->err);
    free(p);
    return status == NAS_OK ? 0 : -1;
}

static const nas_column params[] = {
    {"model_width", NAS_COLUMN_REAL},
    {"train_epochs", NAS_COLUMN_INTEGER},
    {"quantize", NAS_COLUMN_TEXT},
};
static const nas_column metrics[] = {
    {"accuracy", NAS_COLUMN_REAL},
    {"zlib_bytes", NAS_COLUMN_INTEGER},
    {"total_ms_hi", NAS_COLUMN_REAL},
};
static const nas_bound bounds[] = {
    {"accuracy > 0.9", "accuracy", NAS_ABOVE, 0.9},
    {"zlib_bytes < 25000", "zlib_bytes", NAS_BELOW, 25000},
};
static const nas_goal goals[] = {{"accuracy", NAS_MAXIMIZE}};

static inline nas_study study_of(const char *name, int64_t trials) {
    return (nas_study){
        .name = name,
        .task = "keywords",
        .space_text = "{\"it's\": \"a space\"}",
        .space_hash = nas_hash_of("space", 5),
        .fingerprint = nas_hash_of("clips", 5),
        .seed = 7,
        .trials = trials,
        .n_params = 3,
        .n_metrics = 3,
        .n_bounds = 2,
        .n_goals = 1,
        .params = params,
        .metrics = metrics,
        .bounds = bounds,
        .goals = goals,
        .tie_break = "zlib_bytes",
    };
}

static inline nas_value real(double v) {
    return (nas_value){.type = NAS_COLUMN_REAL, .real = v};
}
static inline nas_value integer(int64_t v) {
    return (nas_value){.type = NAS_COLUMN_INTEGER, .integer = v};
}
static inline nas_value text(const char *v) {
    return (nas_value){.type = NAS_COLUMN_TEXT, .text = v};
}
static const nas_value null = {.is_null = true};

static inline nas_hash hash_of_number(int64_t n) {
    return nas_hash_of(&n, sizeof n);
}

/* Picks like a grid of `ctx` points; trial n has values that tell n. */
typedef struct grid {
    int64_t points;
    char json[64];
} grid;

static inline nas_status pick(void *ctx, int64_t number, int64_t *cursor, nas_value *values,
                              nas_picked *out, nas_err *err) {
    grid *g = ctx;
    (void)err;
    if (*cursor >= g->points) {
        out->exhausted = true;
        return NAS_OK;
    }
    values[0] = real(0.1 * (double)number);
    values[1] = integer(number);
    values[2] = number % 2 ? text("int8") : null;
    out->candidate = hash_of_number(*cursor);
    snprintf(g->json, sizeof g->json, "{\"point\": %lld}", (long long)*cursor);
    out->json = g->json;
    ++*cursor;
    return NAS_OK;
}

static inline nas_claimed claim_as(place *p, nas_store *s, nas_study_id id, const char *worker,
                                   nas_claim *c, const char **json) {
    grid g = {.points = 1000000000};
    nas_claimed what;
    OK(nas_store_claim(s, id, worker, pick, &g, p->arena, c, json, &what, &p->err));
    return what;
}

static inline bool finish_as(place *p, nas_store *s, nas_study_id id, const nas_claim *c,
                             const char *worker, const char *state, const nas_value *values) {
    const nas_result r = {
        .state = nas_state_of(state), .metrics = values, .seconds = 2, .machine = "test"};
    const nas_status st = nas_store_finish(s, id, c, worker, &r, &p->err);
    if (st != NAS_ELOST) OK(st);
    return st == NAS_OK;
}

/* Claims and completes the next trial with these metrics. */
static inline void add_slow(place *p, nas_store *s, nas_study_id id, double accuracy, int64_t bytes,
                            double ms, const char *state) {
    nas_claim c;
    const char *json;
    assert_int_equal(claim_as(p, s, id, "w", &c, &json), NAS_CLAIMED);
    const nas_value m[3] = {isnan(accuracy) ? null : real(accuracy), integer(bytes), real(ms)};
    assert_true(finish_as(p, s, id, &c, "w", state, m));
}

static inline void add(place *p, nas_store *s, nas_study_id id, double accuracy, int64_t bytes,
                       const char *state) {
    add_slow(p, s, id, accuracy, bytes, 1, state);
}

/* All values of a result as one text: columns by spaces, rows by |. */
typedef struct shown {
    char text[4096];
    int rows, most;
} shown;

static inline bool show(void *ctx, const nas_row *row) {
    shown *o = ctx;
    char *at = o->text + strlen(o->text), *end = o->text + sizeof o->text;
    if (o->rows++) at += snprintf(at, (size_t)(end - at), "|");
    for (int32_t i = 0; i < row->n; i++) {
        const nas_value *v = &row->values[i];
        if (i) at += snprintf(at, (size_t)(end - at), " ");
        if (v->is_null)
            at += snprintf(at, (size_t)(end - at), "NULL");
        else if (v->type == NAS_COLUMN_INTEGER)
            at += snprintf(at, (size_t)(end - at), "%lld", (long long)v->integer);
        else if (v->type == NAS_COLUMN_REAL)
            at += snprintf(at, (size_t)(end - at), "%.17g", v->real);
        else if (v->type == NAS_COLUMN_BLOB)
            at += snprintf(at, (size_t)(end - at), "blob of %lld", (long long)v->integer);
        else
            at += snprintf(at, (size_t)(end - at), "%s", v->text);
    }
    return o->most == 0 || o->rows < o->most;
}

static inline const char *ask(place *p, nas_store *s, const char *sql) {
    shown *o = nas_arena_alloc(p->arena, sizeof *o, &p->err);
    assert_non_null(o);
    OK(nas_store_query(s, sql, NULL, 0, show, o, &p->err));
    return o->text;
}

static inline nas_store *open_db(place *p, nas_store_mode mode) {
    nas_store *s = NULL;
    OK(nas_store_open(p->db, mode, &s, &p->err));
    return s;
}

static inline nas_store *start(place *p, const nas_study *def, nas_study_id *id) {
    nas_store *s = open_db(p, NAS_STORE_CREATE);
    OK(nas_store_study(s, def, id, &p->err));
    return s;
}

static inline int files_in(place *p) {
    char **names;
    size_t n;
    OK(nas_dir_list(p->arena, p->dir, &names, &n, &p->err));
    return (int)n;
}

static inline void raw_sql(place *p, const char *sql) {
    sqlite3 *db;
    assert_int_equal(sqlite3_open(p->db, &db), SQLITE_OK);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DQS_DDL, 1, NULL); /* as most shells have it */
    char *text_ = NULL;
    if (sqlite3_exec(db, sql, NULL, NULL, &text_) != SQLITE_OK) fail_msg("%s", text_);
    sqlite3_close(db);
}

static inline bool is_dead(void *ctx, const char *worker, double heartbeat) {
    assert_true(heartbeat > 0);
    return !strcmp(worker, ctx);
}

#define T(name) cmocka_unit_test_setup_teardown(name, enter, leave)

#endif
