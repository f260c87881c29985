/* search/stage/training.c - the training stage. The state at step s lies under the key of all that
 * led to it. States where others part from this training are kept; others in between only while a
 * trial runs, so that a killed one goes on from there. */
#include "search/candidate/blocks.h"
#include "search/stage/evaluate.h"
#include "search/stage/libm_key.h"

#include "base/clock.h"
#include "core/compress/prune.h"
#include "core/nn/net/differences.h"

#include <stdlib.h>
#include <string.h>

static const double checkpoint_seconds = 10;

typedef struct job {
    const nas_evaluator *e;
    const nas_candidate *c;
    const nas_features *f;
    nas_refresh refresh; /* of the training set, or {0} */
    nas_trainer *trainer;
    nas_pruner *pruner; /* NULL: nothing is pruned */
    nas_train_hook hook;
    nas_trained *out;
    int32_t room;
    int32_t asked;                     /* epochs that e->stops has heard of */
    int64_t per_epoch, trained, found; /* steps */
} job;

/* Before its first mask a pruned training is the dense one, and shares its states; but keep and
 * patience remember other epochs. */
static bool is_pruned(const job *j, int64_t step) {
    const nas_train_config *t = &j->c->train;
    if (!j->c->prune.on) return false;
    return t->keep || t->patience > 0 ||
           step > nas_prune_begin(&j->c->prune, nas_trainer_steps(j->trainer));
}

static nas_hash state_key(const job *j, int64_t step) {
    const nas_candidate *c = j->c;
    nas_hasher h = nas_hasher_start();
    nas_hasher_text(&h, "train");
    nas_hasher_i64(&h, NAS_TRAIN_VERSION);
    nas_hasher_text(&h, nas_kernel_name(j->e->kernel));
    nas_libm_hash(&h);
    nas_hasher_hash(&h, &j->f->key);
    nas_candidate_bits(c, NAS_BITS_EXAMPLES, &h);
    nas_refresh_hash(&j->refresh, &h);
    if (c->train.differences && c->model.input.w > 1) nas_hasher_i64(&h, NAS_DIFFERENCES_VERSION);
    nas_candidate_bits(c, NAS_BITS_TRAINING, &h);
    nas_hasher_i64(&h, nas_trainer_steps(j->trainer));
    nas_hasher_i64(&h, (int64_t)j->e->seed);
    nas_hasher_i64(&h, j->e->replicate);
    nas_hasher_i64(&h, step);
    if (is_pruned(j, step)) {
        nas_hasher_i64(&h, NAS_PRUNE_VERSION);
        nas_candidate_bits(c, NAS_BITS_MASKS, &h);
    }
    return nas_hasher_end(&h);
}

static void note_epoch(void *ctx, const nas_epoch *epoch) {
    job *j = ctx;
    if (j->out->n_epochs < j->room) j->out->epochs[j->out->n_epochs++] = *epoch;
    nas_epoch told = *epoch;
    told.epoch += j->e->epochs_before;
    if (j->e->on_epoch) j->e->on_epoch(j->e->ctx, &told);
}

/* The i-th step whose state other trials may begin at: the first steps under a mask that the space
 * can ask for, while this training is still the dense one. -1: not of this training. */
static int64_t mark_at(const job *j, int32_t i) {
    const nas_train_config *t = &j->c->train;
    const nas_prune_config *own = &j->c->prune;
    if (t->keep || t->patience > 0) return -1;
    const int64_t steps = nas_trainer_steps(j->trainer);
    const int64_t last = own->on ? nas_prune_begin(own, steps) : steps;
    if (i == j->e->n_begins) return own->on ? last : -1;
    const nas_prune_config asked = {.begin = j->e->begins[i]};
    const int64_t at = nas_prune_begin(&asked, steps);
    return at <= last ? at : -1;
}

static int64_t next_mark(const job *j) {
    const int64_t at = nas_trainer_step(j->trainer);
    int64_t next = nas_trainer_steps(j->trainer);
    for (int32_t i = 0; i <= j->e->n_begins; i++) {
        const int64_t mark = mark_at(j, i);
        if (mark > at && mark < next) next = mark;
    }
    return next;
}

/* The latest step before `step` that may have left a state: the end of an epoch, or a mark. */
static int64_t step_before(const job *j, int64_t step) {
    int64_t before = (step - 1) / j->per_epoch * j->per_epoch;
    for (int32_t i = 0; i <= j->e->n_begins; i++) {
        const int64_t mark = mark_at(j, i);
        if (mark > before && mark < step) before = mark;
    }
    return before;
}

static bool is_mark(const job *j, int64_t step) {
    for (int32_t i = 0; i <= j->e->n_begins; i++)
        if (mark_at(j, i) == step) return true;
    return false;
}

static bool is_over(const job *j) {
    return j->out->stopped || nas_trainer_done(j->trainer) || j->out->end == NAS_TRAIN_DIVERGED;
}

/* Payload: the number of epochs and how it ended (two int32 in 64 bytes), the epochs, the state. */
enum { STATE_HEAD = 64 };

static nas_status save(const job *j, int64_t step, nas_err *err) {
    if (j->e->no_share) return NAS_OK;
    const size_t n = nas_trainer_state_bytes(j->trainer);
    void *state = malloc(n + 1);
    if (!state) return nas_fail(err, NAS_ENOMEM, "training: no room for a checkpoint");
    nas_trainer_save(j->trainer, state);
    uint8_t head[STATE_HEAD] = {0};
    const int32_t words[2] = {j->out->n_epochs, (int32_t)j->out->end};
    memcpy(head, words, sizeof words);
    const nas_piece pieces[] = {
        {head, sizeof head},
        {j->out->epochs, (size_t)j->out->n_epochs * sizeof *j->out->epochs},
        {state, n},
    };
    const nas_hash key = state_key(j, step);
    const nas_status st = nas_stage_put(j->e, &key, "train", pieces, 3, err);
    free(state);
    return st;
}

static bool restore(job *j, const nas_cached *found) {
    int32_t words[2];
    if (found->bytes < STATE_HEAD) return false;
    memcpy(words, found->p, sizeof words);
    if (words[0] < 0 || words[0] > j->room) return false;
    const size_t rows = (size_t)words[0] * sizeof *j->out->epochs;
    if (found->bytes < STATE_HEAD + rows) return false;
    const uint8_t *state = found->p + STATE_HEAD + rows;
    const size_t n = found->bytes - STATE_HEAD - rows;
    if (nas_trainer_load(j->trainer, state, n, NULL) != NAS_OK) return false;
    memcpy(j->out->epochs, found->p + STATE_HEAD, rows);
    j->out->n_epochs = words[0];
    j->out->end = words[1] == NAS_TRAIN_DIVERGED ? NAS_TRAIN_DIVERGED : NAS_TRAIN_DONE;
    return true;
}

static nas_status try_restore(job *j, int64_t step, bool *yes, nas_err *err) {
    const nas_hash key = state_key(j, step);
    nas_cached found;
    NAS_TRY(nas_stage_get(j->e, &key, &found, yes, err));
    if (!*yes) return NAS_OK;
    *yes = restore(j, &found);
    nas_cache_release(&found);
    return NAS_OK;
}

/* Epochs since it was asked last. What lies beyond the one that is stopped at was not for this one.
 */
static void ask_to_go_on(job *j) {
    while (j->e->stops && !j->out->stopped && j->asked < j->out->n_epochs) {
        nas_epoch told = j->out->epochs[j->asked++];
        told.epoch += j->e->epochs_before;
        j->out->stopped = j->e->stops(j->e->ctx, &told);
        if (j->out->stopped) j->out->n_epochs = j->asked;
    }
}

static int64_t last_step(const job *j) {
    return j->out->stopped ? j->out->n_epochs * j->per_epoch : nas_trainer_steps(j->trainer);
}

/* The latest state that is there: the last step's, else of those before it that is later than the
 * net's. */
static nas_status go_on_from_cache(job *j, nas_err *err) {
    const int64_t at = nas_trainer_step(j->trainer);
    bool yes = false;
    if (j->e->no_share) return NAS_OK;
    for (int64_t step = nas_trainer_steps(j->trainer); !yes && step > at;
         step = step_before(j, step))
        NAS_TRY(try_restore(j, step, &yes, err));
    if (yes) j->found += nas_trainer_step(j->trainer) - at;
    ask_to_go_on(j);
    return NAS_OK;
}

static void drop_checkpoint(const job *j, int64_t step) {
    if (step <= 0 || is_mark(j, step) || j->e->no_share) return;
    const nas_hash key = state_key(j, step);
    nas_cache_remove(j->e->cache, &key);
}

static nas_status train_some(job *j, int64_t until, nas_err *err) {
    const int64_t at = nas_trainer_step(j->trainer);
    const nas_status st =
        nas_trainer_run(j->trainer, until, note_epoch, j, j->e->log, &j->out->end, err);
    j->trained += nas_trainer_step(j->trainer) - at;
    if (st == NAS_OK) ask_to_go_on(j);
    return st;
}

/* Trains up to a mark, or the end, and leaves the state there. A training that is over, however
 * early, leaves it under the key of the step that it was to come to; one that is stopped under that
 * of its own step, for others do not end there. */
static nas_status train_to(job *j, int64_t mark, nas_err *err) {
    int64_t checkpoint = nas_trainer_step(j->trainer);
    double saved = nas_clock_wall();
    while (!is_over(j) && nas_trainer_step(j->trainer) < mark) {
        const int64_t end = (nas_trainer_step(j->trainer) / j->per_epoch + 1) * j->per_epoch;
        NAS_TRY(train_some(j, end < mark ? end : mark, err));
        const int64_t at = nas_trainer_step(j->trainer);
        if (is_over(j) || at >= mark || nas_clock_wall() - saved < checkpoint_seconds) continue;
        NAS_TRY(save(j, at, err));
        drop_checkpoint(j, checkpoint);
        checkpoint = at;
        saved = nas_clock_wall();
    }
    const int64_t end = j->out->stopped ? nas_trainer_step(j->trainer) : mark;
    NAS_TRY(save(j, end, err));
    if (checkpoint != end) drop_checkpoint(j, checkpoint);
    return NAS_OK;
}

/* From mark to mark: whoever has the claim on the next one trains to it. */
static nas_status train_all(job *j, nas_err *err) {
    NAS_TRY(go_on_from_cache(j, err));
    while (!is_over(j)) {
        const int64_t mark = next_mark(j);
        const nas_hash key = state_key(j, mark);
        nas_lock claim;
        NAS_TRY(nas_stage_claim(j->e, &key, &claim, err));
        /* It may have been computed since it was looked for. */
        nas_status st = go_on_from_cache(j, err);
        if (st == NAS_OK && !is_over(j) && nas_trainer_step(j->trainer) < mark)
            st = train_to(j, mark, err);
        nas_stage_unclaim(j->e, &key, &claim);
        NAS_TRY(st);
    }
    return NAS_OK;
}

static nas_status run(job *j, nas_arena *a, nas_err *err) {
    j->room = j->c->train.epochs;
    j->out->epochs = nas_arena_array(a, (size_t)j->room, sizeof *j->out->epochs, err);
    if (!j->out->epochs) return NAS_ENOMEM;
    j->per_epoch = nas_trainer_steps(j->trainer) / j->c->train.epochs;
    const nas_status st = train_all(j, err);
    if (j->out->stopped) j->found = last_step(j) - j->trained;
    j->out->reused = j->trained == 0;
    j->out->epochs_trained = (double)j->trained / (double)j->per_epoch;
    j->out->epochs_saved = (double)j->found / (double)j->per_epoch;
    NAS_TRY(st);
    j->out->key = state_key(j, last_step(j));
    return NAS_OK;
}

const char *nas_trained_stop(const nas_trained *t, const nas_candidate *c, nas_arena *a,
                             nas_err *err) {
    return nas_arena_format(a, err, "stopped after epoch %d of %d", (int)t->n_epochs,
                            (int)c->train.epochs);
}

static nas_status train_net(job *j, nas_arena *a, nas_err *err) {
    const nas_evaluator *e = j->e;
    const nas_candidate *c = j->c;
    const nas_examples train = nas_refresh_examples(&j->refresh, e, j->f);
    const nas_examples validation = nas_features_part(e->data, j->f, NAS_VALIDATION);
    const nas_trainer_options o = {
        .net = j->out->net,
        .config = &c->train,
        .train = &train,
        .validation = &validation,
        .maker = nas_augment_maker(&c->augment),
        .seed = e->seed,
        .replicate = e->replicate,
        .hook = j->pruner ? &j->hook : NULL,
        .refresh = j->refresh.epoch,
        .refresh_ctx = j->refresh.ctx,
    };
    nas_status st = nas_trainer_open(&o, &j->trainer, err);
    if (st == NAS_OK) st = run(j, a, err);
    nas_trainer_close(j->trainer);
    return st;
}

static nas_status open_pruner(job *j, nas_err *err) {
    if (!j->c->prune.on) return NAS_OK;
    const int64_t steps = nas_train_steps(&j->c->train, j->e->data->part[NAS_TRAIN].n);
    NAS_TRY(nas_prune_open(&j->c->prune, j->out->net, steps, &j->pruner, err));
    j->hook = nas_prune_hook(j->pruner);
    return NAS_OK;
}

nas_status nas_refresh_open(const nas_evaluator *e, const nas_candidate *c, const nas_features *f,
                            nas_refresh *out, nas_err *err) {
    const nas_task_ops *ops = e->data->task->ops;
    const nas_training t = {e->cache, e->seed, e->replicate, e->log};
    *out = (nas_refresh){0};
    return ops->refresh ? ops->refresh(e->data, c, f, &t, out, err) : NAS_OK;
}

nas_examples nas_refresh_examples(const nas_refresh *r, const nas_evaluator *e,
                                  const nas_features *f) {
    return r->ctx ? r->examples : nas_features_part(e->data, f, NAS_TRAIN);
}

nas_status nas_train_stage(const nas_evaluator *e, const nas_candidate *c, const nas_features *f,
                           nas_arena *a, nas_trained *out, nas_err *err) {
    *out = (nas_trained){.end = NAS_TRAIN_DONE};
    job j = {.e = e, .c = c, .f = f, .out = out};
    const int32_t examples = e->data->part[NAS_TRAIN].n;
    const int32_t batch = c->train.batch_size < examples ? c->train.batch_size : examples;
    NAS_TRY(nas_net_open(&c->model, e->data->outputs, batch, e->kernel, &out->net, err));
    nas_net_init(out->net, e->seed, e->replicate);
    nas_status st = nas_refresh_open(e, c, f, &j.refresh, err);
    if (st == NAS_OK) st = open_pruner(&j, err);
    if (st == NAS_OK) st = train_net(&j, a, err);
    nas_refresh_close(&j.refresh);
    nas_prune_close(j.pruner);
    if (st == NAS_OK) return NAS_OK;
    nas_net_close(out->net);
    out->net = NULL;
    return st;
}
