/* store/read/parts.c - what belongs to a trial: steps, stages, epochs, examples, and what is
 * claimed of it. */
#include "store/read/ask.h"
#include "store/schema/schema.h"

#include <math.h>

typedef struct hand {
    nas_step_row_fn step;
    nas_stage_row_fn stage;
    nas_epoch_row_fn epoch;
    nas_claimed_fn claim;
    nas_share_fn share;
    nas_score_fn score;
    void *ctx;
} hand;

static int64_t count_at(const nas_value *v) {
    return v->is_null ? -1 : v->integer;
}

static const char *text_at(const nas_value *v) {
    return v->type == NAS_COLUMN_TEXT && v->text ? v->text : "";
}

static void put_trial(nas_ask *q, nas_study_id id, int64_t trained) {
    nas_ask_put(q, " where study = ");
    nas_ask_integer(q, id.study);
    nas_ask_put(q, " and trial = ");
    nas_ask_integer(q, trained);
}

static bool hand_step(void *ctx, const nas_row *row) {
    const hand *h = ctx;
    const nas_value *v = row->values;
    const nas_step_row r = {text_at(&v[0]), nas_value_real(&v[1]), count_at(&v[2]),
                            count_at(&v[3])};
    return h->step(h->ctx, &r);
}

nas_status nas_store_steps(nas_store *s, nas_study_id id, int64_t trained, nas_step_row_fn fn,
                           void *ctx, nas_err *err) {
    hand h = {.step = fn, .ctx = ctx};
    nas_ask q;
    nas_ask_begin(&q);
    nas_ask_put(&q, "select name, accuracy, tflite_bytes, zlib_bytes from nas_steps");
    put_trial(&q, id, trained);
    nas_ask_put(&q, " order by position");
    return nas_ask_run(s, &q, hand_step, &h, err);
}

static bool hand_stage(void *ctx, const nas_row *row) {
    const hand *h = ctx;
    const nas_value *v = row->values;
    const nas_stage_row r = {.name = text_at(&v[0]),
                             .reused = v[1].integer == 1,
                             .wall_seconds = nas_value_real(&v[2]),
                             .cpu_seconds = nas_value_real(&v[3])};
    return h->stage(h->ctx, &r);
}

nas_status nas_store_stages(nas_store *s, nas_study_id id, int64_t trained, nas_stage_row_fn fn,
                            void *ctx, nas_err *err) {
    hand h = {.stage = fn, .ctx = ctx};
    nas_ask q;
    nas_ask_begin(&q);
    nas_ask_put(&q, "select name, reused, wall_seconds, cpu_seconds from nas_stages");
    put_trial(&q, id, trained);
    nas_ask_put(&q, " order by position");
    return nas_ask_run(s, &q, hand_stage, &h, err);
}

static bool hand_epoch(void *ctx, const nas_row *row) {
    const hand *h = ctx;
    const nas_value *v = row->values;
    const nas_epoch_row r = {.epoch = (int32_t)v[0].integer,
                             .loss = nas_value_real(&v[1]),
                             .val_loss = nas_value_real(&v[2]),
                             .val_accuracy = nas_value_real(&v[3]),
                             .seconds = nas_value_real(&v[4])};
    return h->epoch(h->ctx, &r);
}

nas_status nas_store_epochs(nas_store *s, nas_study_id id, int64_t trained, nas_epoch_row_fn fn,
                            void *ctx, nas_err *err) {
    hand h = {.epoch = fn, .ctx = ctx};
    nas_ask q;
    nas_ask_begin(&q);
    nas_ask_put(&q, "select epoch, loss, val_loss, val_accuracy, seconds from nas_epochs");
    put_trial(&q, id, trained);
    nas_ask_put(&q, " order by epoch");
    return nas_ask_run(s, &q, hand_epoch, &h, err);
}

static bool hand_claim(void *ctx, const nas_row *row) {
    const hand *h = ctx;
    const nas_value *v = row->values;
    const nas_claimed_row r = {
        .number = v[0].integer,
        .trained = v[1].integer,
        .claim =
            {
                .trial = v[2].integer,
                .wins = nas_value_real(&v[3]),
                .trials = v[4].is_null ? 0 : v[4].integer,
                .observed = nas_value_real(&v[5]),
                .claimed = nas_value_real(&v[6]),
                .lo = nas_value_real(&v[7]),
                .low = nas_value_real(&v[8]),
                .high = nas_value_real(&v[9]),
                .meets = nas_value_real(&v[10]),
                .confidence = nas_value_real(&v[11]),
            },
    };
    return h->claim(h->ctx, &r);
}

nas_status nas_store_claims(nas_store *s, nas_study_id id, nas_claimed_fn fn, void *ctx,
                            nas_err *err) {
    hand h = {.claim = fn, .ctx = ctx};
    nas_ask q;
    nas_ask_begin(&q);
    nas_ask_put(&q,
                "select t.number, coalesce(t.reused, t.id), c.trial, c.wins, c.trials, c.observed,"
                " c.claimed, c.claimed_lo, c.claimed_low, c.claimed_high, c.meets, c.confidence"
                " from nas_claims c join nas_trials_%lld t on t.id = c.trial where c.study = ",
                (long long)id.study);
    nas_ask_integer(&q, id.study);
    nas_ask_put(&q, " and c.version = ");
    nas_ask_integer(&q, id.version);
    nas_ask_put(&q, " order by c.place");
    return nas_ask_run(s, &q, hand_claim, &h, err);
}

static bool hand_share(void *ctx, const nas_row *row) {
    const hand *h = ctx;
    const nas_value *v = row->values;
    const nas_share r = {text_at(&v[0]), v[1].integer, v[2].integer};
    return h->share(h->ctx, &r);
}

nas_status nas_store_shares(nas_store *s, nas_study_id id, int64_t trained, const char *part,
                            bool by_class, nas_share_fn fn, void *ctx, nas_err *err) {
    hand h = {.share = fn, .ctx = ctx};
    const char *by = by_class ? "class" : "group";
    nas_ask q;
    nas_ask_begin(&q);
    nas_ask_put(&q, "select \"%s\", count(*), sum(\"right\") from nas_verdicts", by);
    put_trial(&q, id, trained);
    nas_ask_put(&q, " and part = ");
    nas_ask_text(&q, part);
    nas_ask_put(&q, " and replicate = 0 group by \"%s\" order by \"%s\"", by, by);
    return nas_ask_run(s, &q, hand_share, &h, err);
}

nas_status nas_store_trained(nas_store *s, nas_study_id id, int64_t row, int64_t *trained,
                             nas_err *err) {
    nas_ask q;
    *trained = 0;
    nas_ask_begin(&q);
    nas_ask_put(
        &q, "select coalesce(reused, id) from nas_trials_%lld where id = ", (long long)id.study);
    nas_ask_integer(&q, row);
    return nas_ask_number(s, &q, trained, err);
}

/* Of the data that the trial was asked about. */
static nas_status count_asked(nas_store *s, nas_study_id id, int64_t trained, int64_t *asked,
                              nas_err *err) {
    nas_ask q;
    nas_ask_begin(&q);
    nas_ask_put(&q, "select count(*) from nas_answers where study = ");
    nas_ask_integer(&q, id.study);
    nas_ask_put(&q, " and part = 'test' and data = (select data from nas_answers");
    put_trial(&q, id, trained);
    nas_ask_put(&q, " and part = 'test') having count(*) > (select count(*) from nas_claims where"
                    " study = ");
    nas_ask_integer(&q, id.study);
    nas_ask_put(&q, " and version = ");
    nas_ask_integer(&q, id.version);
    nas_ask_put(&q, ")");
    return nas_ask_number(s, &q, asked, err);
}

nas_status nas_store_test_reads(nas_store *s, nas_study_id id, int64_t trained, int64_t *reads,
                                int64_t *asked, nas_err *err) {
    nas_ask q;
    *reads = *asked = 0;
    nas_ask_begin(&q);
    nas_ask_put(&q, "select reads from nas_answers");
    put_trial(&q, id, trained);
    nas_ask_put(&q, " and part = 'test'");
    NAS_TRY(nas_ask_number(s, &q, reads, err));
    return nas_store_schema(s) < NAS_STORE_DATA ? NAS_OK : count_asked(s, id, trained, asked, err);
}

static bool hand_score(void *ctx, const nas_row *row) {
    const hand *h = ctx;
    return h->score(h->ctx, nas_value_real(&row->values[0]));
}

nas_status nas_store_replicates(nas_store *s, nas_study_id id, int64_t trained, nas_score_fn fn,
                                void *ctx, nas_err *err) {
    hand h = {.score = fn, .ctx = ctx};
    nas_ask q;
    nas_ask_begin(&q);
    nas_ask_put(&q, "select score from nas_answers");
    put_trial(&q, id, trained);
    nas_ask_put(&q, " and replicate > 0 and part = 'validation' order by replicate");
    return nas_ask_run(s, &q, hand_score, &h, err);
}

typedef struct counts {
    int64_t *folds, *groups;
} counts;

static bool note_counts(void *ctx, const nas_row *row) {
    const counts *c = ctx;
    *c->folds = row->values[0].integer;
    *c->groups = row->values[1].integer;
    return false;
}

nas_status nas_store_example_counts(nas_store *s, nas_study_id id, int64_t *folds, int64_t *groups,
                                    nas_err *err) {
    counts c = {folds, groups};
    nas_ask q;
    *folds = *groups = 0;
    nas_ask_begin(&q);
    nas_ask_put(&q, "select count(distinct fold), count(distinct case when part = 'validation' then"
                    " \"group\" end) from nas_examples where study = ");
    nas_ask_integer(&q, id.study);
    if (nas_store_schema(s) >= NAS_STORE_DATA) {
        nas_ask_put(&q, " and data = (select data from nas_spaces where study = ");
        nas_ask_integer(&q, id.study);
        nas_ask_put(&q, " and version = ");
        nas_ask_integer(&q, id.version);
        nas_ask_put(&q, ")");
    }
    return nas_ask_run(s, &q, note_counts, &c, err);
}
