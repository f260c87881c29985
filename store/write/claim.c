/* store/write/claim.c - who works on which trial: claims, heartbeats, and trials of the dead. */
#include "base/clock.h"
#include "store/write/write.h"

#include <math.h>
#include <string.h>

/* How far a version has come. */
typedef struct progress {
    int64_t trials, cursor, next; /* next: the number that a new trial would get */
    bool exhausted;
} progress;

static nas_status read_progress(nas_store *s, nas_layout *l, progress *p, nas_err *err) {
    nas_stmt *st = NULL;
    NAS_TRY(nas_layout_slot(s, l, NAS_SQL_PROGRESS,
                            "SELECT s.trials, p.cursor, p.exhausted, (SELECT max(number) + 1 FROM"
                            " nas_trials_# WHERE version = ?1) FROM nas_studies s JOIN nas_spaces p"
                            " ON p.study = s.id AND p.version = ?1 WHERE s.id = #",
                            &st, err));
    NAS_TRY(nas_sql_bind(s, st, err, "i", l->version));
    bool row = false;
    NAS_TRY(nas_sql_step(s, st, &row, err));
    if (!row) return nas_fail(err, NAS_ENOTFOUND, "%s: the study is not there", s->path);
    p->trials = nas_stmt_integer(st, 0);
    p->cursor = nas_stmt_integer(st, 1);
    p->exhausted = (int)nas_stmt_integer(st, 2) != 0;
    p->next = nas_stmt_integer(st, 3);
    nas_stmt_reset(st);
    /* Samplers count on: what is far beyond would not be theirs. */
    const int64_t most = INT64_MAX / 2;
    return p->cursor < 0 || p->cursor > most || p->next < 0 || p->next > most
               ? nas_sql_damaged(s, "a version whose trials or cursor have numbers that are none",
                                 err)
               : NAS_OK;
}

static bool is_among(const int64_t *rows, int32_t n, int64_t row) {
    for (int32_t i = 0; i < n; i++)
        if (rows[i] == row) return true;
    return false;
}

/* Not there for this handle. */
static bool is_left(const nas_store *s, int64_t row) {
    return s->only ? row != s->only : is_among(s->left, s->n_left, row);
}

/* *others: there are some that are passed over. */
static nas_status read_waiting(nas_store *s, nas_stmt *st, nas_arena *a, nas_claim *out,
                               const char **json, bool *found, bool *others, nas_err *err) {
    for (;;) {
        NAS_TRY(nas_sql_step(s, st, found, err));
        if (!*found) return NAS_OK;
        const int64_t row = nas_stmt_integer(st, 0);
        if (is_left(s, row)) continue;
        if (!is_among(s->passed, s->n_passed, row)) break;
        *others = true;
    }
    out->id = nas_stmt_integer(st, 0);
    out->number = nas_stmt_integer(st, 1);
    const int64_t attempt = nas_stmt_integer(st, 2), most = 1000000000;
    const char *hash = nas_stmt_text(st, 3);
    if (!hash || !nas_hash_from_hex(hash, &out->candidate) || out->number < 0 || attempt < 0 ||
        attempt > most)
        return nas_sql_damaged(s, "a waiting trial has a number, attempt or hash that is none",
                               err);
    out->attempt = (int32_t)attempt + 1;
    return nas_sql_text(st, 4, a, json, err);
}

/* The waiting trial with the lowest number, if it is one of the `trials` that are wanted. */
static nas_status take_waiting(nas_store *s, nas_layout *l, const progress *p, const char *worker,
                               nas_arena *a, nas_claim *out, const char **json, bool *found,
                               bool *others, nas_err *err) {
    nas_stmt *st = NULL;
    NAS_TRY(nas_layout_slot(s, l, NAS_SQL_WAITING,
                            "SELECT id, number, attempt, candidate, json FROM nas_trials_#"
                            " WHERE version = ?1 AND state = 'waiting' AND number < ?2"
                            " ORDER BY number",
                            &st, err));
    NAS_TRY(nas_sql_bind(s, st, err, "ii", l->version, p->trials < 0 ? INT64_MAX : p->trials));
    const nas_status status = read_waiting(s, st, a, out, json, found, others, err);
    nas_stmt_reset(st);
    NAS_TRY(status);
    if (!*found) return NAS_OK;
    NAS_TRY(nas_layout_slot(s, l, NAS_SQL_TAKE,
                            "UPDATE nas_trials_# SET state = 'running', reason = NULL,"
                            " attempt = ?2, worker = ?3, heartbeat = nas_now(),"
                            " started = nas_now(),"
                            " finished = NULL WHERE id = ?1",
                            &st, err));
    NAS_TRY(nas_sql_bind(s, st, err, "iit", out->id, (int64_t)out->attempt, worker));
    return nas_sql_run(s, st, err);
}

enum { FIRST_PARAM = 6 }; /* its place among the values of the statement */

static nas_status insert_slot(nas_store *s, nas_layout *l, nas_stmt **out, nas_err *err) {
    *out = l->slots[NAS_SQL_INSERT];
    if (*out) return NAS_OK;
    nas_draft *q = nas_draft_new();
    nas_draft_add(q,
                  "INSERT INTO nas_trials_%l(version, number, state, attempt, candidate,"
                  " worker, heartbeat, started, json",
                  l->study);
    for (int32_t i = 0; i < l->n_params; i++) nas_draft_add(q, ", \"%w\"", l->stored[i]);
    nas_draft_put(q, ") VALUES(?1, ?2, 'running', 1, ?3, ?4, nas_now(), nas_now(), ?5");
    for (int32_t i = 0; i < l->n_params; i++) nas_draft_add(q, ", ?%d", i + FIRST_PARAM);
    nas_draft_put(q, ") RETURNING id");
    return nas_layout_slot_draft(s, l, NAS_SQL_INSERT, q, out, err);
}

static nas_status insert_trial(nas_store *s, nas_layout *l, const char *worker,
                               const nas_value *values, const char *json, nas_claim *out,
                               nas_err *err) {
    nas_stmt *st = NULL;
    NAS_TRY(insert_slot(s, l, &st, err));
    NAS_TRY(
        nas_sql_bind(s, st, err, "iihtt", l->version, out->number, &out->candidate, worker, json));
    for (int32_t i = 0; i < l->n_params; i++)
        NAS_TRY(nas_sql_bind_value(s, st, i + FIRST_PARAM, &values[i], err));
    return nas_sql_run_returning(s, st, &out->id, err);
}

static nas_status write_cursor(nas_store *s, nas_layout *l, int64_t cursor, bool exhausted,
                               nas_err *err) {
    nas_stmt *st = NULL;
    NAS_TRY(nas_layout_slot(s, l, NAS_SQL_CURSOR,
                            "UPDATE nas_spaces SET cursor = ?2, exhausted = ?3 WHERE study = #"
                            " AND version = ?1",
                            &st, err));
    NAS_TRY(nas_sql_bind(s, st, err, "iii", l->version, cursor, (int64_t)exhausted));
    return nas_sql_run(s, st, err);
}

static nas_status pick_new(nas_store *s, nas_layout *l, const progress *p, const char *worker,
                           nas_pick_fn pick, void *ctx, nas_arena *a, nas_claim *out,
                           const char **json, bool *found, bool *again, nas_err *err) {
    *found = false;
    if (s->only || p->exhausted || (p->trials >= 0 && p->next >= p->trials)) return NAS_OK;
    nas_value *values = nas_arena_array(a, (size_t)l->n_params, sizeof *values, err);
    if (!values) return NAS_ENOMEM;
    for (int32_t i = 0; i < l->n_params; i++) values[i].is_null = true;
    nas_picked picked = {.json = NULL};
    int64_t cursor = p->cursor;
    NAS_TRY(pick(ctx, p->next, &cursor, values, &picked, err));
    if (cursor != p->cursor || picked.exhausted)
        NAS_TRY(write_cursor(s, l, cursor, picked.exhausted, err));
    *again = picked.again;
    if (picked.exhausted || picked.again || picked.wait) return NAS_OK;
    *out = (nas_claim){.number = p->next, .attempt = 1, .candidate = picked.candidate};
    if (picked.json && !(*json = nas_arena_text(a, picked.json, err))) return NAS_ENOMEM;
    NAS_TRY(insert_trial(s, l, worker, values, picked.json, out, err));
    *found = true;
    return NAS_OK;
}

/* That may be given back to this handle. */
static nas_status any_running(nas_store *s, nas_layout *l, bool *yes, nas_err *err) {
    nas_stmt *st = NULL;
    NAS_TRY(nas_layout_slot(s, l, NAS_SQL_RUNNING,
                            "SELECT 1 FROM nas_trials_# WHERE version = ?1 AND state = 'running'"
                            " AND (?2 = 0 OR id = ?2) LIMIT 1",
                            &st, err));
    NAS_TRY(nas_sql_bind(s, st, err, "ii", l->version, s->only));
    NAS_TRY(nas_sql_step(s, st, yes, err));
    nas_stmt_reset(st);
    return NAS_OK;
}

static nas_status claim(nas_store *s, nas_layout *l, const char *worker, nas_pick_fn pick,
                        void *ctx, nas_arena *a, nas_claim *out, const char **json,
                        nas_claimed *what, nas_err *err) {
    progress p = {0};
    bool found = false, others = false, again = false;
    NAS_TRY(read_progress(s, l, &p, err));
    NAS_TRY(take_waiting(s, l, &p, worker, a, out, json, &found, &others, err));
    if (!found) NAS_TRY(pick_new(s, l, &p, worker, pick, ctx, a, out, json, &found, &again, err));
    *what = again ? NAS_CLAIM_AGAIN : NAS_CLAIMED;
    if (again) return NAS_OK;
    if (found) return nas_reuse_find(s, l, out, err);
    bool running = others;
    if (!running) NAS_TRY(any_running(s, l, &running, err));
    *what = running ? NAS_CLAIM_WAIT : NAS_CLAIM_NONE_LEFT;
    return NAS_OK;
}

nas_status nas_store_claim(nas_store *s, nas_study_id id, const char *worker, nas_pick_fn pick,
                           void *ctx, nas_arena *a, nas_claim *out, const char **json,
                           nas_claimed *what, nas_err *err) {
    *out = (nas_claim){0};
    *json = NULL;
    *what = NAS_CLAIM_NONE_LEFT;
    nas_layout *l = NULL;
    NAS_TRY(nas_layout_get(s, id, &l, err));
    NAS_TRY(nas_sql_begin(s, NAS_SYNC_NORMAL, err));
    return nas_sql_end(s, claim(s, l, worker, pick, ctx, a, out, json, what, err), err);
}

void nas_store_pass_over(nas_store *s, const int64_t *rows, int32_t n) {
    s->passed = rows;
    s->n_passed = n;
}

void nas_store_narrow(nas_store *s, int64_t only, const int64_t *left, int32_t n) {
    s->only = only;
    s->left = left;
    s->n_left = n;
}

nas_status nas_store_has_candidate(nas_store *s, nas_study_id id, const nas_hash *candidate,
                                   bool *yes, nas_err *err) {
    *yes = false;
    nas_layout *l = NULL;
    nas_stmt *st = NULL;
    NAS_TRY(nas_layout_get(s, id, &l, err));
    NAS_TRY(nas_layout_slot(s, l, NAS_SQL_HAS,
                            "SELECT 1 FROM nas_trials_# WHERE candidate = ?1 AND version = ?2", &st,
                            err));
    NAS_TRY(nas_sql_bind(s, st, err, "hi", candidate, l->version));
    NAS_TRY(nas_sql_step(s, st, yes, err));
    nas_stmt_reset(st);
    return NAS_OK;
}

/* That the value changes is the sign, also where the clock stands still. */
static nas_status beat(nas_store *s, nas_layout *l, const nas_claim *c, const char *worker,
                       nas_err *err) {
    nas_stmt *st = NULL;
    NAS_TRY(
        nas_layout_slot(s, l, NAS_SQL_HEARTBEAT,
                        "UPDATE nas_trials_# SET heartbeat = CASE heartbeat WHEN nas_now() THEN"
                        " nas_now() + 0.001 ELSE nas_now() END WHERE id = ?1 AND state = 'running'"
                        " AND attempt = ?2 AND worker = ?3",
                        &st, err));
    NAS_TRY(nas_sql_bind(s, st, err, "iit", c->id, (int64_t)c->attempt, worker));
    NAS_TRY(nas_sql_run(s, st, err));
    return nas_claim_held(s, c, worker, err);
}

nas_status nas_store_heartbeat(nas_store *s, nas_study_id id, const nas_claim *c,
                               const char *worker, nas_err *err) {
    nas_layout *l = NULL;
    NAS_TRY(nas_layout_get(s, id, &l, err));
    NAS_TRY(nas_sql_begin(s, NAS_SYNC_NORMAL, err));
    return nas_sql_end(s, beat(s, l, c, worker, err), err);
}

/* A running trial as it was seen; it is given back only if it still is so. */
typedef struct seen {
    struct seen *next;
    int64_t id;
    int32_t attempt;
    double heartbeat;
    const char *worker;
} seen;

static nas_status list_dead(nas_store *s, int64_t study, nas_dead_fn dead, void *ctx, nas_arena *a,
                            seen **out, nas_err *err) {
    nas_stmt *st = NULL;
    NAS_TRY(nas_sql_open_draft(
        s, &st,
        nas_draft_of("SELECT id, attempt, heartbeat, worker FROM nas_trials_%l WHERE version IN"
                     " (SELECT version FROM nas_spaces WHERE study = ?1) AND state = 'running'",
                     study),
        err, "i", study));
    nas_status status = NAS_OK;
    bool row = true;
    while ((status = nas_sql_step(s, st, &row, err)) == NAS_OK && row) {
        const char *worker = nas_stmt_text(st, 3);
        const double heartbeat = nas_stmt_real(st, 2);
        if (!dead(ctx, worker ? worker : "", heartbeat)) continue;
        seen *d = nas_arena_alloc(a, sizeof *d, err);
        status = d ? nas_sql_text(st, 3, a, &d->worker, err) : NAS_ENOMEM;
        if (status != NAS_OK) break;
        d->id = nas_stmt_integer(st, 0);
        d->attempt = (int)nas_stmt_integer(st, 1);
        d->heartbeat = heartbeat;
        d->next = *out;
        *out = d;
    }
    nas_stmt_end(st);
    return status;
}

static nas_status give_back(nas_store *s, int64_t study, int32_t retries, const char *why,
                            const seen *list, int32_t *n, nas_err *err) {
    for (const seen *d = list; d; d = d->next) {
        nas_draft *q = nas_draft_of(
            "UPDATE nas_trials_%l SET state = CASE WHEN attempt > ?5 THEN 'failed' ELSE 'waiting'"
            " END, reason = ?7, finished = CASE WHEN attempt > ?5 THEN nas_now() END,"
            " heartbeat = NULL, attempt = attempt - ?6 WHERE id = ?1 AND state = 'running'"
            " AND attempt = ?2 AND (heartbeat = ?3 OR heartbeat IS NULL AND ?3 IS NULL)"
            " AND (worker = ?4 OR worker IS NULL AND ?4 IS NULL)",
            study);
        NAS_TRY(nas_sql_put_draft(s, q, err, "iirtiit", d->id, (int64_t)d->attempt, d->heartbeat,
                                  d->worker, retries < 0 ? INT64_MAX : (int64_t)retries,
                                  (int64_t)(retries < 0), why));
        *n += (int32_t)nas_sql_changes(s);
    }
    return NAS_OK;
}

nas_status nas_store_reap(nas_store *s, nas_study_id id, int32_t retries, const char *why,
                          nas_dead_fn dead, void *ctx, int32_t *n, nas_err *err) {
    *n = 0;
    nas_arena *a = NULL;
    NAS_TRY(nas_arena_open(&a, err));
    seen *list = NULL;
    nas_status status = list_dead(s, id.study, dead, ctx, a, &list, err);
    if (status == NAS_OK && list) {
        status = nas_sql_begin(s, NAS_SYNC_FULL, err);
        if (status == NAS_OK)
            status = nas_sql_end(s, give_back(s, id.study, retries, why, list, n, err), err);
    }
    nas_arena_close(a);
    if (status != NAS_OK) *n = 0;
    return status;
}
