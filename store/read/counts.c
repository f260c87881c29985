/* store/read/counts.c - how much there is: trials by state, totals, versions of a study. */
#include "store/read/ask.h"
#include "store/schema/schema.h"

#include <stdio.h>

static void put_version_of(nas_ask *q, nas_study_id id) {
    nas_ask_put(q, " where study = ");
    nas_ask_integer(q, id.study);
    nas_ask_put(q, " and version = ");
    nas_ask_integer(q, id.version);
}

static bool add_count(void *ctx, const nas_row *row) {
    nas_counts *c = ctx;
    const nas_value *v = &row->values[0];
    const nas_state state = nas_state_of(v->type == NAS_COLUMN_TEXT ? v->text : NULL);
    if (state < NAS_STATES) c->in[state] = row->values[1].integer;
    return true;
}

nas_status nas_store_counts(nas_store *s, const char *name, nas_counts *out, nas_err *err) {
    nas_ask q;
    *out = (nas_counts){{0}};
    nas_ask_begin(&q);
    nas_ask_put(&q, "select state, trials from nas_progress where study = ");
    nas_ask_text(&q, name);
    return nas_ask_run(s, &q, add_count, out, err);
}

nas_status nas_store_totals(nas_store *s, int64_t *studies, int64_t *trials, nas_err *err) {
    nas_ask q;
    *studies = *trials = 0;
    nas_ask_begin(&q);
    nas_ask_put(&q, "select count(*) from nas_studies");
    NAS_TRY(nas_ask_number(s, &q, studies, err));
    if (!*studies) return NAS_OK; /* there is no nas_progress */
    nas_ask_begin(&q);
    nas_ask_put(&q, "select coalesce(sum(trials), 0) from nas_progress");
    return nas_ask_number(s, &q, trials, err);
}

static bool note_two(void *ctx, const nas_row *row) {
    double *const *to = ctx;
    for (int i = 0; i < 2; i++)
        *to[i] = row->values[i].is_null ? 0 : nas_value_real(&row->values[i]);
    return false;
}

nas_status nas_store_epochs_spent(nas_store *s, const nas_study *study, double *trained,
                                  double *saved, nas_err *err) {
    double *to[] = {trained, saved};
    nas_ask q;
    *trained = *saved = 0;
    nas_ask_begin(&q);
    nas_ask_put(&q, "select sum(epochs_trained), sum(epochs_saved) from ");
    nas_ask_name(&q, study->name, "");
    return nas_ask_run(s, &q, note_two, to, err);
}

nas_status nas_store_current_version(nas_store *s, int64_t study, int64_t *version, nas_err *err) {
    nas_ask q;
    *version = 0;
    nas_ask_begin(&q);
    nas_ask_put(&q, "select version from nas_studies where id = ");
    nas_ask_integer(&q, study);
    return nas_ask_number(s, &q, version, err);
}

nas_status nas_store_is_exhausted(nas_store *s, nas_study_id id, bool *yes, nas_err *err) {
    int64_t exhausted = 0;
    nas_ask q;
    nas_ask_begin(&q);
    nas_ask_put(&q, "select exhausted from nas_spaces");
    put_version_of(&q, id);
    const nas_status st = nas_ask_number(s, &q, &exhausted, err);
    *yes = exhausted != 0;
    return st;
}

static bool note_hex(void *ctx, const nas_row *row) {
    if (row->values[0].text) snprintf(ctx, 65, "%s", row->values[0].text);
    return false;
}

/* Before versions knew their data there was one for all of them. */
nas_status nas_store_fingerprint(nas_store *s, nas_study_id id, char out[65], nas_err *err) {
    nas_ask q;
    out[0] = '\0';
    nas_ask_begin(&q);
    if (nas_store_schema(s) < NAS_STORE_DATA) {
        nas_ask_put(&q, "select fingerprint from nas_studies where id = ");
        nas_ask_integer(&q, id.study);
    } else {
        nas_ask_put(&q, "select fingerprint from nas_spaces");
        put_version_of(&q, id);
    }
    return nas_ask_run(s, &q, note_hex, out, err);
}

typedef struct versions {
    int64_t *v;
    int32_t n, room;
} versions;

static bool add_number(void *ctx, const nas_row *row) {
    versions *all = ctx;
    if (all->n < all->room) all->v[all->n++] = row->values[0].integer;
    return all->n < all->room;
}

nas_status nas_store_same_data(nas_store *s, nas_study_id id, int32_t room, int64_t *v, int32_t *n,
                               nas_err *err) {
    versions all = {.v = v, .room = room};
    nas_ask q;
    nas_ask_begin(&q);
    nas_ask_put(&q, "select version from nas_spaces where study = ");
    nas_ask_integer(&q, id.study);
    nas_ask_put(&q, " and data = (select data from nas_spaces");
    put_version_of(&q, id);
    nas_ask_put(&q, ") order by version desc");
    const nas_status st = nas_ask_run(s, &q, add_number, &all, err);
    *n = all.n;
    return st;
}

typedef struct hand {
    nas_version_fn fn;
    void *ctx;
} hand;

static bool hand_version(void *ctx, const nas_row *row) {
    const hand *h = ctx;
    const nas_value *v = row->values;
    const nas_version_row r = {.version = v[0].integer,
                               .data = v[1].integer,
                               .trials = v[2].integer,
                               .complete = v[3].integer,
                               .begun = v[4].text ? v[4].text : ""};
    return h->fn(h->ctx, &r);
}

nas_status nas_store_versions(nas_store *s, nas_study_id id, nas_version_fn fn, void *ctx,
                              nas_err *err) {
    hand h = {fn, ctx};
    nas_ask q;
    nas_ask_begin(&q);
    nas_ask_put(&q, "select p.version, %s, count(t.id), count(t.id) filter (where t.state = ",
                nas_store_schema(s) < NAS_STORE_DATA ? "1" : "p.data");
    nas_ask_text(&q, nas_state_text(NAS_COMPLETE));
    nas_ask_put(&q,
                "), datetime(p.created, 'unixepoch') from nas_spaces p left join"
                " nas_trials_%lld t on t.version = p.version where p.study = ",
                (long long)id.study);
    nas_ask_integer(&q, id.study);
    nas_ask_put(&q, " group by p.version order by p.version");
    return nas_ask_run(s, &q, hand_version, &h, err);
}

static bool note_holder(void *ctx, const nas_row *row) {
    nas_holder *p = ctx;
    *p = (nas_holder){row->values[0].integer, row->values[1].integer, row->values[2].integer};
    return false;
}

nas_status nas_store_document_holder(nas_store *s, nas_study_id id, const char *json,
                                     nas_holder *out, nas_err *err) {
    nas_ask q;
    *out = (nas_holder){0};
    nas_ask_begin(&q);
    nas_ask_put(
        &q, "select id, version, number from nas_trials_%lld where json = ", (long long)id.study);
    nas_ask_text(&q, json);
    nas_ask_put(&q, " and state = ");
    nas_ask_text(&q, nas_state_text(NAS_COMPLETE));
    nas_ask_put(&q, " order by version = ");
    nas_ask_integer(&q, id.version);
    nas_ask_put(&q, " desc, version desc limit 1");
    return nas_ask_run(s, &q, note_holder, out, err);
}
