/* tests/store/conformance_workers.c - several processes at one database: who holds a trial, who is
 * dead, who only waits, and what others see. */
#include "tests/store/conformance_place.h"

#include <signal.h>

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
    assert_int_equal(in_children(p, CHILDREN, claim_some), 0);
    int64_t next = 0, all;
    const nas_trials_ask ask = {.columns = columns, .n_columns = 1};
    OK(nas_store_trials(p->s, &p->def, &ask, note_number, &next, &p->err));
    assert_int_equal(next, EACH * CHILDREN);
    OK(nas_store_count_trials(p->s, &p->def, &ask, &all, &p->err));
    assert_int_equal(all, next);
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
    const nas_result r = {.state = NAS_COMPLETE};
    FAILS(NAS_EBUSY, nas_store_finish(b->s, p->id, &b->c, "w", &r, &p->err));
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

/* ---- both at once ---- */

static int join(place *p, nas_store *s) {
    nas_study_id id;
    const nas_study def = study_named("of all", 1);
    nas_study good = def;
    good.name = "of_all";
    if (nas_store_study(s, &good, &id, &p->err) != NAS_OK) return 1;
    return id.version == 1 ? 0 : 2;
}

/* Whoever comes first makes the study, the others join it. */
static void test_study_of_processes(void **state) {
    place *p = *state;
    int64_t studies, trials;
    assert_int_equal(in_children(p, CHILDREN, join), 0);
    OK(nas_store_totals(p->s, &studies, &trials, &p->err));
    assert_int_equal(studies, 2);
}

static int reap_all(place *p, nas_store *s) {
    char dead[] = "gone";
    int32_t n = 0;
    if (nas_store_reap(s, p->id, -1, "silent", is_dead, dead, &n, &p->err) != NAS_OK) return 50;
    return n;
}

/* A trial is given back once, whoever looks. */
static void test_reap_of_processes(void **state) {
    place *p = *state;
    nas_claim c;
    nas_counts counts;
    for (int i = 0; i < 4; i++) assert_int_equal(claim(p, p->s, "gone", &c), NAS_CLAIMED);
    assert_int_equal(in_children(p, CHILDREN, reap_all), 4);
    OK(nas_store_counts(p->s, "demo", &counts, &p->err));
    assert_int_equal(counts.in[NAS_WAITING], 4);
}

static int retry_all(place *p, nas_store *s) {
    const nas_retry all = {0, 99};
    int64_t n = 0;
    if (nas_store_retry(s, p->id, &all, 1, NULL, NULL, &n, &p->err) != NAS_OK) return 50;
    return (int)n;
}

static void test_retry_of_processes(void **state) {
    place *p = *state;
    for (int i = 0; i < 3; i++) add(p, NAN, -1, NAS_FAILED);
    assert_int_equal(in_children(p, CHILDREN, retry_all), 3);
}

static nas_claim stolen;

static int finish_stolen(place *p, nas_store *s) {
    const nas_epoch_row e = {.epoch = 1};
    const nas_artefact f = {"model.tflite", "old", 3};
    const nas_result r = {
        .state = NAS_COMPLETE, .n_epochs = 1, .epochs = &e, .n_artefacts = 1, .artefacts = &f};
    return nas_store_finish(s, p->id, &stolen, "gone", &r, &p->err) == NAS_ELOST ? 0 : 1;
}

static int reuse_stolen(place *p, nas_store *s) {
    return nas_store_reuse(s, p->id, &stolen, "gone", &p->err) == NAS_ELOST ? 0 : 1;
}

static int beat_stolen(place *p, nas_store *s) {
    return nas_store_heartbeat(s, p->id, &stolen, "gone", &p->err) == NAS_ELOST ? 0 : 1;
}

static bool count_epoch(void *ctx, const nas_epoch_row *e) {
    (void)e;
    ++*(int32_t *)ctx;
    return true;
}

/* Another process that was given up for dead writes over nothing of its successor: not while that
 * is at it, nor when it has ended. */
static void test_fenced(void **state) {
    place *p = *state;
    char dead[] = "gone";
    int32_t n, epochs = 0;
    nas_claim c;
    uint8_t *bytes;
    size_t size;
    p->def.space_hash = nas_hash_of("before", 6);
    OK(nas_store_study(p->s, &p->def, &p->id, &p->err));
    add(p, 0.9, 1, NAS_COMPLETE);
    p->def.space_hash = nas_hash_of("space", 5);
    OK(nas_store_study(p->s, &p->def, &p->id, &p->err));
    assert_int_equal(claim(p, p->s, dead, &stolen), NAS_CLAIMED);
    assert_true(stolen.reuse != 0);
    OK(nas_store_reap(p->s, p->id, -1, "silent", is_dead, dead, &n, &p->err));
    for (int after = 0; after < 2; after++) {
        if (!after) assert_int_equal(claim(p, p->s, "w2", &c), NAS_CLAIMED);
        if (after) assert_true(finish(p, p->s, &c, "w2", 0.75, 2, NAS_COMPLETE));
        assert_int_equal(in_child(p, beat_stolen), 0);
        assert_int_equal(in_child(p, reuse_stolen), 0);
        assert_int_equal(in_child(p, finish_stolen), 0);
    }
    assert_int_equal(c.id, stolen.id);
    OK(nas_store_epochs(p->s, p->id, c.id, count_epoch, &epochs, &p->err));
    assert_int_equal(epochs, 0);
    FAILS(NAS_ENOTFOUND,
          nas_store_artefact(p->s, p->id, c.id, "model.tflite", p->arena, &bytes, &size, &p->err));
    const nas_condition is = {"accuracy", NAS_EQUAL, 0.75};
    assert_string_equal(numbers(p, (nas_trials_ask){.where = &is, .n_where = 1}), "0 ");
}

/* ---- killed ---- */

static int finish_for_good(place *p, nas_store *s) {
    for (int i = 0;; i++) {
        nas_claim c;
        char text[32];
        const nas_epoch_row e[2] = {{.epoch = 1}, {.epoch = 2}};
        const nas_artefact f = {"model.tflite", text, sizeof text};
        const nas_result r = {
            .state = NAS_COMPLETE, .n_epochs = 2, .epochs = e, .n_artefacts = 1, .artefacts = &f};
        snprintf(text, sizeof text, "model %d", i);
        if (claim(p, s, "gone", &c) != NAS_CLAIMED) return 1;
        if (nas_store_finish(s, p->id, &c, "gone", &r, &p->err) != NAS_OK) return 2;
    }
}

/* Killed anywhere: what has ended is there whole, the one in hand waits again. */
static void test_killed(void **state) {
    place *p = *state;
    const nas_state complete = NAS_COMPLETE;
    const nas_trials_ask ended = {.state = &complete};
    char dead[] = "gone";
    nas_counts counts;
    int64_t ended_by_now = 0;
    int status;
    int32_t n, epochs = 0;
    p->def.trials = -1;
    OK(nas_store_study(p->s, &p->def, &p->id, &p->err));
    const pid_t child = fork();
    if (child == 0) {
        nas_store *s = NULL;
        if (nas_under_test->open(p->where, NAS_STORE_WRITE, &s, &p->err) != NAS_OK) _exit(99);
        _exit(finish_for_good(p, s));
    }
    while (ended_by_now < 5) {
        assert_int_equal(waitpid(child, &status, WNOHANG), 0);
        OK(nas_store_count_trials(p->s, &p->def, &ended, &ended_by_now, &p->err));
    }
    kill(child, SIGKILL);
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status));
    OK(nas_store_reap(p->s, p->id, -1, "killed", is_dead, dead, &n, &p->err));
    assert_true(n <= 1);
    OK(nas_store_counts(p->s, "demo", &counts, &p->err));
    assert_int_equal(counts.in[NAS_RUNNING], 0);
    assert_true(counts.in[NAS_COMPLETE] >= ended_by_now);
    for (int64_t row = 1; row <= counts.in[NAS_COMPLETE]; row++) {
        uint8_t *bytes;
        size_t size;
        OK(nas_store_epochs(p->s, p->id, row, count_epoch, &epochs, &p->err));
        assert_int_equal(epochs, 2 * row);
        OK(nas_store_artefact(p->s, p->id, row, "model.tflite", p->arena, &bytes, &size, &p->err));
    }
    if (n == 1) add(p, 0.9, 1, NAS_COMPLETE);
}

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

static inline bool tell_text(void *ctx, const char *text) {
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

int nas_conformance_workers(void) {
    const struct CMUnitTest tests[] = {
        T(test_claims_of_processes),
        T(test_lost),
        T(test_busy),
        T(test_study_of_processes),
        T(test_reap_of_processes),
        T(test_retry_of_processes),
        T(test_fenced),
        T(test_killed),
        T(test_seen_by_others),
        T(test_warnings),
        T(test_fork),
    };
    return cmocka_run_group_tests_name("workers", tests, NULL, NULL);
}
