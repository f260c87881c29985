/* store/write/retry.c - trials that failed wait once more. */
#include "store/write/write.h"

#include <stdlib.h>
#include <string.h>

/* One trial that failed, as it is told. */
static nas_status set_back(nas_store *s, nas_layout *l, int64_t row, int64_t number,
                           const char *reason, nas_err *err) {
    char *text = nas_draft_text("trial %l was set back by `nas retry`; it had failed: %s", number,
                                reason ? reason : "no reason is stored");
    if (!text) return nas_sql_no_memory(s, err);
    nas_draft *d =
        nas_draft_of("UPDATE nas_trials_%l SET state = 'waiting', reason = NULL, attempt = 0,"
                     " worker = NULL, heartbeat = NULL, finished = NULL WHERE id = ?1",
                     l->study);
    nas_status status = nas_sql_put_draft(s, d, err, "i", row);
    if (status == NAS_OK) status = nas_trial_forget(s, l, row, err);
    const nas_study_id id = {.study = l->study, .version = l->version};
    if (status == NAS_OK) status = nas_warning_insert(s, id, text, err);
    free(text);
    return status;
}

typedef struct found {
    struct found *next;
    int64_t row, number;
    nas_state state;
    const char *reason;
} found;

/* Those of a range, lowest number first. */
static nas_status list_range(nas_store *s, const nas_layout *l, int64_t first, int64_t last,
                             nas_arena *a, found **out, nas_err *err) {
    nas_stmt *st = NULL;
    nas_draft *d = nas_draft_of("SELECT id, number, state, reason FROM nas_trials_%l WHERE"
                                " version = ?1 AND number BETWEEN ?2 AND ?3 ORDER BY number",
                                l->study);
    NAS_TRY(nas_sql_open_draft(s, &st, d, err, "iii", l->version, first, last));
    nas_status status;
    bool row = false;
    while ((status = nas_sql_step(s, st, &row, err)) == NAS_OK && row) {
        found *f = nas_arena_alloc(a, sizeof *f, err);
        const char *state = NULL;
        status = f ? nas_sql_text(st, 2, a, &state, err) : NAS_ENOMEM;
        if (status == NAS_OK) status = nas_sql_text(st, 3, a, &f->reason, err);
        if (status != NAS_OK) break;
        f->state = nas_state_of(state);
        f->row = nas_stmt_integer(st, 0);
        f->number = nas_stmt_integer(st, 1);
        *out = f;
        out = &f->next;
    }
    nas_stmt_end(st);
    return status;
}

static nas_status refuse(const nas_store *s, const nas_retry *r, const found *f, nas_err *err) {
    if (!f)
        return nas_fail(err, NAS_ENOTFOUND, "%s: there is no trial %lld", s->path,
                        (long long)r->first);
    return nas_fail(err, f->state == NAS_RUNNING ? NAS_EBUSY : NAS_EINVAL,
                    "%s: trial %lld is %s: only one that failed is set back", s->path,
                    (long long)f->number, nas_state_text(f->state));
}

/* A range may hold others, which stay as they are; one that is named by itself is meant. */
static nas_status retry_range(nas_store *s, nas_layout *l, const nas_retry *r, nas_arena *a,
                              nas_retry_fn told, void *ctx, int64_t *n, nas_err *err) {
    found *list = NULL;
    NAS_TRY(list_range(s, l, r->first, r->last, a, &list, err));
    if (r->first == r->last && (!list || list->state != NAS_FAILED)) return refuse(s, r, list, err);
    for (const found *f = list; f; f = f->next) {
        if (f->state != NAS_FAILED) continue;
        NAS_TRY(set_back(s, l, f->row, f->number, f->reason, err));
        if (told) told(ctx, f->number, f->reason ? f->reason : "");
        ++*n;
    }
    return NAS_OK;
}

nas_status nas_store_retry(nas_store *s, nas_study_id id, const nas_retry *ranges, int32_t n_ranges,
                           nas_retry_fn told, void *ctx, int64_t *n, nas_err *err) {
    nas_layout *l = NULL;
    nas_arena *a = NULL;
    *n = 0;
    NAS_TRY(nas_layout_get(s, id, &l, err));
    NAS_TRY(nas_arena_open(&a, err));
    nas_status status = nas_sql_begin(s, NAS_SYNC_FULL, err);
    if (status == NAS_OK) {
        for (int32_t i = 0; status == NAS_OK && i < n_ranges; i++)
            status = retry_range(s, l, &ranges[i], a, told, ctx, n, err);
        status = nas_sql_end(s, status, err);
    }
    nas_arena_close(a);
    if (status != NAS_OK) *n = 0;
    return status;
}
