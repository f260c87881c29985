/* tests/store/conformance.c - the promises of store.h and read.h, asked of any backend. Nothing
 * here knows how rows are kept. */
#include "tests/store/conformance.h"

#include "tests/expect.h"

#include "store/read.h"

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

static const nas_conformance *under_test;

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

static nas_study study_named(const char *name, int64_t trials) {
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

static nas_store *open_it(place *p, nas_store_mode mode) {
    nas_store *s;
    OK(under_test->open(p->where, mode, &s, &p->err));
    return s;
}

static int enter(void **state) {
    place *p = calloc(1, sizeof *p);
    if (!p || !under_test->make(p->where, sizeof p->where)) return -1;
    *state = p;
    if (nas_arena_open(&p->arena, &p->err) != NAS_OK) return -1;
    p->s = open_it(p, NAS_STORE_CREATE);
    p->def = study_named("demo", 40);
    return nas_store_study(p->s, &p->def, &p->id, &p->err) == NAS_OK ? 0 : -1;
}

static int leave(void **state) {
    place *p = *state;
    nas_store_close(p->s);
    nas_arena_close(p->arena);
    under_test->remove(p->where);
    free(p);
    return 0;
}

static nas_status pick(void *ctx, int64_t number, int64_t *cursor, nas_value *values,
                       nas_picked *out, nas_err *err) {
    (void)ctx, (void)err;
    values[0] = (nas_value){.type = NAS_COLUMN_REAL, .real = 0.5 * (double)number};
    values[1] = (nas_value){.type = NAS_COLUMN_TEXT, .text = "int8", .is_null = number % 2 == 0};
    out->candidate = nas_hash_of(cursor, sizeof *cursor);
    out->json = "{\"it's\": \"a candidate\"}";
    ++*cursor;
    return NAS_OK;
}

static nas_claimed claim(place *p, nas_store *s, const char *worker, nas_claim *c) {
    const char *json = NULL;
    nas_claimed what;
    OK(nas_store_claim(s, p->id, worker, pick, NULL, p->arena, c, &json, &what, &p->err));
    if (what == NAS_CLAIMED) assert_string_equal(json, "{\"it's\": \"a candidate\"}");
    return what;
}

static bool finish(place *p, nas_store *s, const nas_claim *c, const char *worker, double accuracy,
                   int64_t bytes, nas_state state) {
    const nas_value m[N_METRICS] = {
        {.type = NAS_COLUMN_REAL, .real = accuracy, .is_null = isnan(accuracy)},
        {.type = NAS_COLUMN_INTEGER, .integer = bytes, .is_null = bytes < 0},
        {.type = NAS_COLUMN_REAL, .real = accuracy - 0.25, .is_null = isnan(accuracy)}};
    const nas_result r = {.state = state,
                          .reason = state == NAS_REJECTED ? "zlib_bytes < 1000: too large" : NULL,
                          .metrics = m,
                          .machine = "test"};
    bool kept = false;
    OK(nas_store_finish(s, p->id, c, worker, &r, &kept, &p->err));
    return kept;
}

static void add(place *p, double accuracy, int64_t bytes, nas_state state) {
    nas_claim c;
    assert_int_equal(claim(p, p->s, "w", &c), NAS_CLAIMED);
    assert_true(finish(p, p->s, &c, "w", accuracy, bytes, state));
}

/* What a process of its own says with its exit status. */
static int in_child(place *p, int (*work)(place *p, nas_store *s)) {
    int status;
    const pid_t child = fork();
    if (child == 0) {
        nas_store *s = NULL;
        if (under_test->open(p->where, NAS_STORE_WRITE, &s, &p->err) != NAS_OK) _exit(99);
        const int said = work(p, s);
        nas_store_close(s);
        _exit(said);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* ---- claims ---- */

enum { EACH = 10, CHILDREN = 3 };

static int claim_some(place *p, nas_store *s) {
    for (int i = 0; i < EACH; i++) {
        nas_claim c;
        char worker[32];
        snprintf(worker, sizeof worker, "w%d", (int)getpid());
        if (claim(p, s, worker, &c) != NAS_CLAIMED) return 1;
        if (!finish(p, s, &c, worker, 0.9, c.number, NAS_COMPLETE)) return 2;
    }
    return 0;
}

static bool note_number(void *ctx, const nas_row *row) {
    int64_t *next = ctx;
    if (row->values[0].integer == *next) ++*next;
    return true;
}

/* Numbers without a gap, each once, whoever claims. */
static void test_claims_of_processes(void **state) {
    place *p = *state;
    static const char *const columns[] = {"number"};
    pid_t child[CHILDREN];
    nas_store_close(p->s);
    for (int i = 0; i < CHILDREN; i++) {
        child[i] = fork();
        if (child[i] == 0) {
            nas_store *s = NULL;
            if (under_test->open(p->where, NAS_STORE_WRITE, &s, &p->err) != NAS_OK) _exit(99);
            const int said = claim_some(p, s);
            nas_store_close(s);
            _exit(said);
        }
    }
    for (int i = 0; i < CHILDREN; i++) {
        int status;
        assert_int_equal(waitpid(child[i], &status, 0), child[i]);
        assert_int_equal(status, 0);
    }
    p->s = open_it(p, NAS_STORE_WRITE);
    int64_t next = 0, all;
    const nas_trials_ask ask = {.columns = columns, .n_columns = 1};
    OK(nas_store_trials(p->s, &p->def, &ask, note_number, &next, &p->err));
    assert_int_equal(next, EACH * CHILDREN);
    OK(nas_store_count_trials(p->s, &p->def, &ask, &all, &p->err));
    assert_int_equal(all, next);
}

static void test_claim_ends(void **state) {
    place *p = *state;
    nas_claim c[2];
    bool yes;
    p->def = study_named("demo", 2);
    OK(nas_store_study(p->s, &p->def, &p->id, &p->err));
    for (int i = 0; i < 2; i++) assert_int_equal(claim(p, p->s, "w", &c[i]), NAS_CLAIMED);
    assert_int_equal(claim(p, p->s, "w2", &c[0]), NAS_CLAIM_WAIT);
    assert_true(finish(p, p->s, &c[1], "w", NAN, -1, NAS_WAITING));
    nas_store_pass_over(p->s, &c[1].id, 1);
    assert_int_equal(claim(p, p->s, "w2", &c[0]), NAS_CLAIM_WAIT);
    nas_store_pass_over(p->s, NULL, 0);
    assert_int_equal(claim(p, p->s, "w2", &c[0]), NAS_CLAIMED);
    assert_int_equal(c[0].id, c[1].id);
    assert_int_equal(c[0].attempt, 2);
    OK(nas_store_has_candidate(p->s, p->id, &c[1].candidate, &yes, &p->err));
    assert_true(yes);
}

/* ---- lost and busy ---- */

static bool is_dead(void *ctx, const char *worker, double heartbeat) {
    (void)heartbeat;
    return strcmp(worker, ctx) == 0;
}

/* Whoever was given up for dead can write nothing, though its successor has the same attempt. */
static void test_lost(void **state) {
    place *p = *state;
    nas_claim old, new;
    int32_t n;
    char dead[] = "w1";
    assert_int_equal(claim(p, p->s, dead, &old), NAS_CLAIMED);
    OK(nas_store_heartbeat(p->s, p->id, &old, dead, &p->err));
    OK(nas_store_reap(p->s, p->id, -1, "silent", is_dead, dead, &n, &p->err));
    assert_int_equal(n, 1);
    FAILS(NAS_ELOST, nas_store_heartbeat(p->s, p->id, &old, dead, &p->err));
    assert_int_equal(claim(p, p->s, "w2", &new), NAS_CLAIMED);
    assert_int_equal(new.id, old.id);
    assert_int_equal(new.attempt, old.attempt);
    assert_false(finish(p, p->s, &old, dead, 0.1, 1, NAS_COMPLETE));
    FAILS(NAS_ELOST, nas_store_heartbeat(p->s, p->id, &old, dead, &p->err));
    OK(nas_store_heartbeat(p->s, p->id, &new, "w2", &p->err));
    assert_true(finish(p, p->s, &new, "w2", 0.9, 10, NAS_COMPLETE));
    assert_false(finish(p, p->s, &new, "w2", 0.1, 1, NAS_FAILED)); /* once */
    nas_counts counts;
    OK(nas_store_counts(p->s, "demo", &counts, &p->err));
    assert_int_equal(counts.in[NAS_COMPLETE], 1);
    assert_int_equal(counts.in[NAS_FAILED], 0);
    /* The same worker's own earlier attempt cannot, either. */
    assert_int_equal(claim(p, p->s, "w3", &old), NAS_CLAIMED);
    assert_true(finish(p, p->s, &old, "w3", NAN, -1, NAS_WAITING));
    assert_int_equal(claim(p, p->s, "w3", &new), NAS_CLAIMED);
    assert_int_equal(new.attempt, 2);
    FAILS(NAS_ELOST, nas_store_heartbeat(p->s, p->id, &old, "w3", &p->err));
    assert_false(finish(p, p->s, &old, "w3", 0.1, 1, NAS_COMPLETE));
}

typedef struct busy {
    place *p;
    nas_store *s;
    nas_claim c;
} busy;

/* Within a transaction of another store, which a claim's pick is in. */
static nas_status pick_busy(void *ctx, int64_t number, int64_t *cursor, nas_value *values,
                            nas_picked *out, nas_err *err) {
    busy *b = ctx;
    place *p = b->p;
    nas_claim c;
    const char *json;
    nas_claimed what;
    bool kept = false;
    const nas_result r = {.state = NAS_COMPLETE};
    FAILS(NAS_EBUSY, nas_store_finish(b->s, p->id, &b->c, "w", &r, &kept, &p->err));
    FAILS(NAS_EBUSY, nas_store_heartbeat(b->s, p->id, &b->c, "w", &p->err));
    FAILS(NAS_EBUSY,
          nas_store_claim(b->s, p->id, "w", pick, NULL, p->arena, &c, &json, &what, &p->err));
    return pick(NULL, number, cursor, values, out, err);
}

/* What is busy is not lost: the same call keeps the result once the others are through. */
static void test_busy(void **state) {
    place *p = *state;
    const double soon = 0.05;
    busy b = {.p = p, .s = open_it(p, NAS_STORE_WRITE)};
    nas_claim c;
    const char *json;
    nas_claimed what;
    assert_int_equal(claim(p, b.s, "w", &b.c), NAS_CLAIMED);
    nas_store_set_patience(b.s, soon);
    OK(nas_store_claim(p->s, p->id, "w2", pick_busy, &b, p->arena, &c, &json, &what, &p->err));
    nas_store_set_patience(b.s, 0);
    OK(nas_store_heartbeat(b.s, p->id, &b.c, "w", &p->err));
    assert_true(finish(p, b.s, &b.c, "w", 0.9, 10, NAS_COMPLETE));
    nas_store_close(b.s);
}

/* ---- durable, whole ---- */

static int finish_and_die(place *p, nas_store *s) {
    nas_claim c;
    const nas_epoch_row e[] = {{1, 10, 0.5, 0.75, 0.25, 1.5}, {2, 20, NAN, 0.5, NAN, 1.25}};
    const nas_stage_row g[] = {{"features", {{1}}, true, 1, 2}, {"train", {{2}}, false, 3, 4}};
    const nas_step_row t[] = {{"dense", 0.5, 100, 50}, {"pruned", NAN, -1, -1}};
    const nas_artefact f = {"model.tflite", "bytes\0more", 10};
    const nas_result r = {.state = NAS_COMPLETE,
                          .n_epochs = 2,
                          .epochs = e,
                          .n_stages = 2,
                          .stages = g,
                          .n_steps = 2,
                          .steps = t,
                          .n_artefacts = 1,
                          .artefacts = &f};
    bool kept = false;
    if (claim(p, s, "w", &c) != NAS_CLAIMED) return 1;
    if (nas_store_finish(s, p->id, &c, "w", &r, &kept, &p->err) != NAS_OK || !kept) return 2;
    if (claim(p, s, "w", &c) != NAS_CLAIMED) return 3;
    _exit(7); /* with one in hand, nothing closed */
}

typedef struct told {
    char text[512];
} told;

static void say(told *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
static void say(told *t, const char *format, ...) {
    const size_t n = strlen(t->text);
    va_list ap;
    va_start(ap, format);
    vsnprintf(t->text + n, sizeof t->text - n, format, ap);
    va_end(ap);
}

static bool tell_epoch(void *ctx, const nas_epoch_row *e) {
    say(ctx, "%d %g %g %g %g|", (int)e->epoch, e->loss, e->val_loss, e->val_accuracy, e->seconds);
    return true;
}

static bool tell_stage(void *ctx, const nas_stage_row *g) {
    say(ctx, "%s %d %g %g|", g->name, g->reused, g->wall_seconds, g->cpu_seconds);
    return true;
}

static bool tell_step(void *ctx, const nas_step_row *t) {
    say(ctx, "%s %g %d %d|", t->name, t->accuracy, (int)t->tflite_bytes, (int)t->zlib_bytes);
    return true;
}

static void test_durable(void **state) {
    place *p = *state;
    told t = {""};
    char dead[] = "w";
    uint8_t *bytes;
    size_t n;
    int32_t given_back;
    nas_claim c;
    assert_int_equal(in_child(p, finish_and_die), 7);
    OK(nas_store_reap(p->s, p->id, -1, "gone", is_dead, dead, &given_back, &p->err));
    assert_int_equal(given_back, 1);
    assert_int_equal(claim(p, p->s, "w2", &c), NAS_CLAIMED);
    assert_int_equal(c.number, 1);
    const int64_t row = c.id - 1;
    OK(nas_store_epochs(p->s, p->id, row, tell_epoch, &t, &p->err));
    OK(nas_store_stages(p->s, p->id, row, tell_stage, &t, &p->err));
    OK(nas_store_steps(p->s, p->id, row, tell_step, &t, &p->err));
    assert_string_equal(t.text, "1 0.5 0.75 0.25 1.5|2 nan 0.5 nan 1.25|features 1 1 2|"
                                "train 0 3 4|dense 0.5 100 50|pruned nan -1 -1|");
    OK(nas_store_artefact(p->s, p->id, row, "model.tflite", p->arena, &bytes, &n, &p->err));
    assert_int_equal(n, 10);
    assert_memory_equal(bytes, "bytes\0more", 11);
    FAILS(NAS_ENOTFOUND,
          nas_store_artefact(p->s, p->id, row, "other", p->arena, &bytes, &n, &p->err));
    nas_holder holder;
    OK(nas_store_holder(p->s, p->id, "model.tflite", "bytes\0more", 10, &holder, &p->err));
    assert_int_equal(holder.row, row);
}

/* ---- reads ---- */

static bool tell_numbers(void *ctx, const nas_row *row) {
    say(ctx, "%d ", (int)row->values[0].integer);
    return true;
}

static const char *numbers(place *p, nas_trials_ask ask) {
    static told t;
    static const char *const columns[] = {"number"};
    t.text[0] = '\0';
    ask.columns = columns;
    ask.n_columns = 1;
    OK(nas_store_trials(p->s, &p->def, &ask, tell_numbers, &t, &p->err));
    return t.text;
}

static bool tell_contender(void *ctx, const nas_contender *c) {
    say(ctx, "%d:%d ", (int)c->row, (int)c->place);
    return true;
}

/* One order everywhere: what has no value of something comes behind what has one. */
static void test_order(void **state) {
    place *p = *state;
    told t = {""};
    p->def = study_named("unbound", 40);
    p->def.n_bounds = 0;
    OK(nas_store_study(p->s, &p->def, &p->id, &p->err));
    add(p, 0.9, -1, NAS_COMPLETE);  /* 0: no tie-break */
    add(p, 0.9, 300, NAS_COMPLETE); /* 1 */
    add(p, 0.9, 200, NAS_COMPLETE); /* 2 */
    add(p, NAN, 100, NAS_COMPLETE); /* 3: no objective */
    add(p, 0.8, 100, NAS_COMPLETE); /* 4 */
    add(p, 0.9, 200, NAS_COMPLETE); /* 5: as 2 */
    assert_string_equal(numbers(p, (nas_trials_ask){.order = NAS_BY_RANK}), "2 5 1 0 4 3 ");
    assert_string_equal(
        numbers(p, (nas_trials_ask){.order = NAS_BY_RANK, .among = NAS_AMONG_FEASIBLE}),
        "2 5 1 0 4 3 ");
    assert_string_equal(numbers(p, (nas_trials_ask){.among = NAS_AMONG_BEST}), "2 ");
    assert_string_equal(
        numbers(p, (nas_trials_ask){.order = NAS_BY_RANK, .among = NAS_AMONG_FRONT}), "2 5 1 0 ");
    OK(nas_store_contest(p->s, &p->def, NULL, "accuracy", "accuracy_lo", false, 10, tell_contender,
                         &t, &p->err));
    assert_string_equal(t.text, "3:1 6:2 2:3 1:4 5:5 ");
    /* Who stands before the one without a tie-break, and before the last. */
    assert_string_equal(numbers(p, (nas_trials_ask){.order = NAS_BY_RANK, .rival_of = 1}),
                        "2 5 1 ");
    assert_string_equal(numbers(p, (nas_trials_ask){.order = NAS_BY_RANK, .rival_of = 3}), "");
    assert_string_equal(numbers(p, (nas_trials_ask){.order = NAS_BY_COLUMN, .by = "zlib_bytes"}),
                        "3 4 2 5 1 0 ");
    assert_string_equal(
        numbers(p, (nas_trials_ask){.order = NAS_BY_COLUMN, .by = "zlib_bytes", .down = true}),
        "1 2 5 3 4 0 ");
    /* What other data begin with stands in the same order. */
    nas_claim c;
    p->def.fingerprint = nas_hash_of("more data", 9);
    OK(nas_store_study(p->s, &p->def, &p->id, &p->err));
    assert_int_equal(p->id.first, 3);
    for (int i = 0; i < 3; i++) {
        static const double width[] = {1, 2.5, 0.5};
        const nas_condition is = {"width", NAS_EQUAL, width[i]};
        const nas_trials_ask ask = {
            .in_range = true, .first = i, .last = i, .where = &is, .n_where = 1};
        int64_t n;
        OK(nas_store_count_trials(p->s, &p->def, &ask, &n, &p->err));
        assert_int_equal(n, 1);
        assert_int_equal(claim(p, p->s, "w", &c), NAS_CLAIMED);
    }
}

static void test_filters(void **state) {
    place *p = *state;
    static const char *const known[] = {"accuracy"}, *const columns[] = {"number"};
    const nas_state complete = NAS_COMPLETE, rejected = NAS_REJECTED;
    bool varies[2];
    int64_t n;
    told t = {""};
    add(p, 0.9, 500, NAS_COMPLETE);   /* 0 keeps both */
    add(p, 0.95, 2000, NAS_COMPLETE); /* 1 too large */
    add(p, NAN, -1, NAS_REJECTED);    /* 2 */
    add(p, 0.6, 400, NAS_COMPLETE);   /* 3 its end too low */
    add(p, NAN, 100, NAS_DIVERGED);   /* 4 */
    add(p, 0.7, 1100, NAS_COMPLETE);  /* 5 both */
    assert_string_equal(numbers(p, (nas_trials_ask){.most = 0}), "0 1 2 3 4 5 ");
    assert_string_equal(numbers(p, (nas_trials_ask){.most = 2}), "0 1 ");
    assert_string_equal(numbers(p, (nas_trials_ask){.state = &complete}), "0 1 3 5 ");
    assert_string_equal(numbers(p, (nas_trials_ask){.state = &rejected}), "2 ");
    assert_string_equal(numbers(p, (nas_trials_ask){.among = NAS_AMONG_FEASIBLE}), "0 ");
    assert_string_equal(numbers(p, (nas_trials_ask){.feasible = true}), "0 ");
    assert_string_equal(numbers(p, (nas_trials_ask){.known = known, .n_known = 1}), "0 1 3 5 ");
    assert_string_equal(numbers(p, (nas_trials_ask){.in_range = true, .first = 2, .last = 4}),
                        "2 3 4 ");
    const int64_t above = 3, highest = INT64_MAX;
    assert_string_equal(numbers(p, (nas_trials_ask){.above = &above}), "4 5 ");
    assert_string_equal(numbers(p, (nas_trials_ask){.above = &highest}), "");
    assert_string_equal(numbers(p, (nas_trials_ask){.row = 4}), "3 ");
    assert_string_equal(numbers(p, (nas_trials_ask){.but = 4, .state = &complete}), "0 1 5 ");
    static const struct {
        nas_relation is;
        const char *found;
    } rows[] = {{NAS_ABOVE, "1 5 "},     {NAS_AT_LEAST, "0 1 5 "}, {NAS_BELOW, "3 4 "},
                {NAS_AT_MOST, "0 3 4 "}, {NAS_EQUAL, "0 "},        {NAS_UNEQUAL, "1 3 4 5 "}};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        const nas_condition c = {"zlib_bytes", rows[i].is, 500};
        assert_string_equal(numbers(p, (nas_trials_ask){.where = &c, .n_where = 1}), rows[i].found);
    }
    OK(nas_store_turned_away(p->s, &p->def, &bounds[0], &n, &p->err));
    assert_int_equal(n, 3);
    OK(nas_store_turned_away(p->s, &p->def, &bounds[1], &n, &p->err));
    assert_int_equal(n, 2);
    OK(nas_store_nearest(p->s, &p->def, columns, 1, 3, tell_numbers, &t, &p->err));
    assert_string_equal(t.text, "0 5 3 ");
    OK(nas_store_varying(p->s, &p->def, &(nas_trials_ask){.most = 1}, varies, &p->err));
    assert_false(varies[0] || varies[1]);
    OK(nas_store_varying(p->s, &p->def, &(nas_trials_ask){.most = 2}, varies, &p->err));
    assert_true(varies[0] && varies[1]); /* no value is one, too */
    FAILS(NAS_EINVAL,
          nas_store_trials(p->s, &p->def, &(nas_trials_ask){.order = NAS_BY_COLUMN, .by = "nix"},
                           tell_numbers, &t, &p->err));
}

static bool tell_version(void *ctx, const nas_version_row *v) {
    say(ctx, "%d %d %d %d|", (int)v->version, (int)v->data, (int)v->trials, (int)v->complete);
    return true;
}

static void test_counts(void **state) {
    place *p = *state;
    nas_counts c;
    int64_t studies, trials, version, same[4];
    int32_t n;
    bool yes = true;
    char hex[65], expected[65];
    told t = {""};
    add(p, 0.9, 500, NAS_COMPLETE);
    add(p, 0.9, 500, NAS_FAILED);
    OK(nas_store_counts(p->s, "demo", &c, &p->err));
    assert_int_equal(c.in[NAS_COMPLETE], 1);
    assert_int_equal(c.in[NAS_FAILED], 1);
    assert_int_equal(c.in[NAS_RUNNING], 0);
    OK(nas_store_totals(p->s, &studies, &trials, &p->err));
    assert_int_equal(studies, 1);
    assert_int_equal(trials, 2);
    p->def.space_hash = nas_hash_of("another", 7);
    OK(nas_store_study(p->s, &p->def, &p->id, &p->err));
    OK(nas_store_current_version(p->s, p->id.study, &version, &p->err));
    assert_int_equal(version, 2);
    OK(nas_store_same_data(p->s, p->id, 4, same, &n, &p->err));
    assert_int_equal(n, 2);
    assert_int_equal(same[0], 2);
    OK(nas_store_versions(p->s, p->id, tell_version, &t, &p->err));
    assert_string_equal(t.text, "1 1 2 1|2 1 0 0|");
    OK(nas_store_is_exhausted(p->s, p->id, &yes, &p->err));
    assert_false(yes);
    OK(nas_store_fingerprint(p->s, p->id, hex, &p->err));
    nas_hash_hex(&p->def.fingerprint, expected);
    assert_string_equal(hex, expected);
}

/* ---- who may write, and what others see ---- */

static int count_trials(place *p, nas_store *s) {
    int64_t n = 98;
    const nas_trials_ask ask = {.n_where = 0};
    return nas_store_count_trials(s, &p->def, &ask, &n, &p->err) == NAS_OK ? (int)n : 97;
}

static void test_seen_by_others(void **state) {
    place *p = *state;
    nas_store *reader = open_it(p, NAS_STORE_READ);
    assert_int_equal(in_child(p, count_trials), 0);
    add(p, 0.9, 500, NAS_COMPLETE);
    assert_int_equal(in_child(p, count_trials), 1);
    assert_int_equal(count_trials(p, reader), 1);
    FAILS(NAS_EINVAL, nas_store_put_warning(reader, p->id, "x", &p->err));
    nas_claim c;
    const char *json;
    nas_claimed what;
    FAILS(NAS_EINVAL,
          nas_store_claim(reader, p->id, "w", pick, NULL, p->arena, &c, &json, &what, &p->err));
    nas_store_close(reader);
}

static bool tell_text(void *ctx, const char *text) {
    say(ctx, "%s|", text);
    return true;
}

static int warn_too(place *p, nas_store *s) {
    return nas_store_put_warning(s, p->id, "it's", &p->err) != NAS_OK ||
           nas_store_put_warning(s, p->id, "b", &p->err) != NAS_OK;
}

static void test_warnings(void **state) {
    place *p = *state;
    told t = {""};
    OK(nas_store_put_warning(p->s, p->id, "a", &p->err));
    assert_int_equal(in_child(p, warn_too), 0);
    OK(nas_store_put_warning(p->s, p->id, "b", &p->err));
    OK(nas_store_warnings(p->s, p->id, tell_text, &t, &p->err));
    assert_string_equal(t.text, "a|it's|b|");
}

/* A handle is its process's own. */
static void test_fork(void **state) {
    place *p = *state;
    int status;
    const pid_t child = fork();
    if (child == 0) _exit(nas_store_put_warning(p->s, p->id, "x", &p->err) == NAS_EBUG ? 0 : 1);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

int nas_conformance_run(const nas_conformance *backend) {
#define T(name) cmocka_unit_test_setup_teardown(name, enter, leave)
    const struct CMUnitTest tests[] = {
        T(test_claims_of_processes),
        T(test_claim_ends),
        T(test_lost),
        T(test_busy),
        T(test_durable),
        T(test_order),
        T(test_filters),
        T(test_counts),
        T(test_seen_by_others),
        T(test_warnings),
        T(test_fork),
    };
    under_test = backend;
    return cmocka_run_group_tests_name(backend->name, tests, NULL, NULL);
}
