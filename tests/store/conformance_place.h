/* tests/store/conformance_place.h - what the files of the conformance suite share: a place with a
 * database for each test, a small study in it, a pick, and what reads say as text. */
#ifndef NAS_TESTS_STORE_CONFORMANCE_PLACE_H
#define NAS_TESTS_STORE_CONFORMANCE_PLACE_H

#include "store/file.h"
#include "store/read.h"
#include "tests/expect.h"
#include "tests/store/conformance.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

extern const nas_conformance *nas_under_test;

/* The groups of tests; each returns how many failed. */
int nas_conformance_trials(void);
int nas_conformance_workers(void);
int nas_conformance_results(void);
int nas_conformance_finals(void);
int nas_conformance_reads(void);
int nas_conformance_studies(void);
int nas_conformance_versions(void);
int nas_conformance_values(void);

typedef struct place {
    char where[256];
    nas_arena *arena;
    nas_err err;
    nas_store *s;
    nas_study def;
    nas_study_id id;
} place;

static const nas_column params[] = {{"width", NAS_COLUMN_REAL}, {"format", NAS_COLUMN_TEXT}};
static const nas_column metrics[] = {{"accuracy", NAS_COLUMN_REAL},
                                     {"zlib_bytes", NAS_COLUMN_INTEGER},
                                     {"accuracy_lo", NAS_COLUMN_REAL}};
static const nas_bound bounds[] = {{"zlib_bytes < 1000", "zlib_bytes", NAS_BELOW, 1000},
                                   {"accuracy_lo >= 0.5", "accuracy_lo", NAS_AT_LEAST, 0.5}};
static const nas_goal goals[] = {{"accuracy", NAS_MAXIMIZE}};
enum { N_METRICS = 3 };

static inline nas_study study_named(const char *name, int64_t trials) {
    return (nas_study){
        .name = name,
        .task = "keywords",
        .space_text = "{}",
        .space_hash = nas_hash_of("space", 5),
        .fingerprint = nas_hash_of("data", 4),
        .trials = trials,
        .n_params = 2,
        .n_metrics = N_METRICS,
        .n_bounds = 2,
        .n_goals = 1,
        .params = params,
        .metrics = metrics,
        .bounds = bounds,
        .goals = goals,
        .tie_break = "zlib_bytes",
    };
}

static inline nas_store *open_it(place *p, nas_store_mode mode) {
    nas_store *s;
    OK(nas_under_test->open(p->where, mode, &s, &p->err));
    return s;
}

static inline int enter(void **state) {
    place *p = calloc(1, sizeof *p);
    if (!p || !nas_under_test->make(p->where, sizeof p->where)) return -1;
    *state = p;
    if (nas_arena_open(&p->arena, &p->err) != NAS_OK) return -1;
    p->s = open_it(p, NAS_STORE_CREATE);
    p->def = study_named("demo", 40);
    return nas_store_study(p->s, &p->def, &p->id, &p->err) == NAS_OK ? 0 : -1;
}

static inline int leave(void **state) {
    place *p = *state;
    nas_store_close(p->s);
    nas_arena_close(p->arena);
    nas_under_test->remove(p->where);
    free(p);
    return 0;
}

static inline nas_status pick(void *ctx, int64_t number, int64_t *cursor, nas_value *values,
                              nas_picked *out, nas_err *err) {
    (void)ctx, (void)err;
    values[0] = (nas_value){.type = NAS_COLUMN_REAL, .real = 0.5 * (double)number};
    values[1] = (nas_value){.type = NAS_COLUMN_TEXT, .text = "int8", .is_null = number % 2 == 0};
    out->candidate = nas_hash_of(cursor, sizeof *cursor);
    out->json = "{\"it's\": \"a candidate\"}";
    ++*cursor;
    return NAS_OK;
}

static inline nas_claimed claim(place *p, nas_store *s, const char *worker, nas_claim *c) {
    const char *json = NULL;
    nas_claimed what;
    OK(nas_store_claim(s, p->id, worker, pick, NULL, p->arena, c, &json, &what, &p->err));
    if (what == NAS_CLAIMED) assert_string_equal(json, "{\"it's\": \"a candidate\"}");
    return what;
}

static inline bool finish(place *p, nas_store *s, const nas_claim *c, const char *worker,
                          double accuracy, int64_t bytes, nas_state state) {
    const nas_value m[N_METRICS] = {
        {.type = NAS_COLUMN_REAL, .real = accuracy, .is_null = isnan(accuracy)},
        {.type = NAS_COLUMN_INTEGER, .integer = bytes, .is_null = bytes < 0},
        {.type = NAS_COLUMN_REAL, .real = accuracy - 0.25, .is_null = isnan(accuracy)}};
    const nas_result r = {.state = state,
                          .reason = state == NAS_REJECTED ? "zlib_bytes < 1000: too large" : NULL,
                          .metrics = m,
                          .machine = "test"};
    const nas_status st = nas_store_finish(s, p->id, c, worker, &r, &p->err);
    if (st != NAS_ELOST) OK(st);
    return st == NAS_OK;
}

static inline void add(place *p, double accuracy, int64_t bytes, nas_state state) {
    nas_claim c;
    assert_int_equal(claim(p, p->s, "w", &c), NAS_CLAIMED);
    assert_true(finish(p, p->s, &c, "w", accuracy, bytes, state));
}

/* In how many processes at once work is done, each with a store of its own; 90 and more: a store
 * cannot be opened, or a process crashed. What they say with their exit status, summed. */
static inline int in_children(place *p, int n, int (*work)(place *p, nas_store *s)) {
    pid_t child[8];
    int sum = 0;
    assert_true(n <= 8);
    for (int i = 0; i < n; i++) {
        child[i] = fork();
        if (child[i] == 0) {
            nas_store *s = NULL;
            if (nas_under_test->open(p->where, NAS_STORE_WRITE, &s, &p->err) != NAS_OK) _exit(99);
            const int said = work(p, s);
            nas_store_close(s);
            _exit(said);
        }
    }
    for (int i = 0; i < n; i++) {
        int status;
        assert_int_equal(waitpid(child[i], &status, 0), child[i]);
        sum += WIFEXITED(status) ? WEXITSTATUS(status) : 90;
    }
    return sum;
}

static inline int in_child(place *p, int (*work)(place *p, nas_store *s)) {
    return in_children(p, 1, work);
}

typedef struct told {
    char text[512];
} told;

static inline void say(told *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static inline void say(told *t, const char *format, ...) {
    const size_t n = strlen(t->text);
    va_list ap;
    va_start(ap, format);
    vsnprintf(t->text + n, sizeof t->text - n, format, ap);
    va_end(ap);
}

static inline bool tell_numbers(void *ctx, const nas_row *row) {
    say(ctx, "%d ", (int)row->values[0].integer);
    return true;
}

static inline const char *numbers(place *p, nas_trials_ask ask) {
    static told t;
    static const char *const columns[] = {"number"};
    t.text[0] = '\0';
    ask.columns = columns;
    ask.n_columns = 1;
    OK(nas_store_trials(p->s, &p->def, &ask, tell_numbers, &t, &p->err));
    return t.text;
}

static inline bool is_dead(void *ctx, const char *worker, double heartbeat) {
    (void)heartbeat;
    return strcmp(worker, ctx) == 0;
}

#define T(name) cmocka_unit_test_setup_teardown(name, enter, leave)

#endif
