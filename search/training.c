/* search/training.c - the training stage. The state at step s lies under the key of all that led to
 * it; states in between are kept while a trial runs, so that a killed one goes on from there. */
#include "search/augmented.h"
#include "search/evaluate.h"

#include "base/clock.h"
#include "core/compress/prune.h"

#include <stdlib.h>
#include <string.h>

static const double checkpoint_seconds = 10;

typedef struct job {
    const nas_evaluator *e;
    const nas_candidate *c;
    const nas_features *f;
    nas_augmented *augmented; /* NULL: the rows of f */
    nas_trainer *trainer;
    nas_pruner *pruner; /* NULL: nothing is pruned */
    nas_train_hook hook;
    nas_trained *out;
    int32_t room;
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
    nas_hasher_hash(&h, &j->f->key);
    nas_hasher_text(&h, c->augment_json);
    nas_augmented_hash(j->augmented, &h);
    nas_hasher_text(&h, c->model_json);
    nas_hasher_text(&h, c->train_json);
    nas_hasher_i64(&h, nas_trainer_steps(j->trainer));
    nas_hasher_i64(&h, (int64_t)j->e->seed);
    nas_hasher_i64(&h, j->e->replicate);
    nas_hasher_i64(&h, step);
    if (is_pruned(j, step)) {
        nas_hasher_i64(&h, NAS_PRUNE_VERSION);
        nas_hasher_text(&h, c->prune_json);
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

/* The end of training has the key of the last step, also when patience comes before it. */
static int64_t step_of(const job *j) {
    return nas_trainer_done(j->trainer) ? nas_trainer_steps(j->trainer)
                                        : nas_trainer_step(j->trainer);
}

/* Payload: the number of epochs and how it ended (two int32 in 64 bytes), the epochs, the state. */
enum { STATE_HEAD = 64 };

static nas_status save(const job *j, nas_err *err) {
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
    const nas_hash key = state_key(j, step_of(j));
    const nas_status st = nas_cache_put(j->e->cache, &key, pieces, 3, err);
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
    *yes = false;
    NAS_TRY(nas_cache_get(j->e->cache, &key, &found, yes, err));
    if (!*yes) return NAS_OK;
    *yes = restore(j, &found);
    nas_cache_release(&found);
    return NAS_OK;
}

/* The latest state that is there: the last step's, else that of the last epoch that left one. */
static nas_status begin_from_cache(job *j, int64_t per_epoch, nas_err *err) {
    const int64_t steps = nas_trainer_steps(j->trainer);
    for (int64_t step = steps; step > 0; step -= per_epoch) {
        bool yes;
        NAS_TRY(try_restore(j, step, &yes, err));
        if (!yes) continue;
        j->out->reused = nas_trainer_done(j->trainer);
        return NAS_OK;
    }
    return NAS_OK;
}

static void drop_checkpoint(const job *j, int64_t step) {
    if (step <= 0) return;
    const nas_hash key = state_key(j, step);
    nas_cache_remove(j->e->cache, &key);
}

static nas_status train_on(job *j, int64_t per_epoch, nas_err *err) {
    int64_t kept = nas_trainer_step(j->trainer);
    double saved = nas_clock_wall();
    while (!nas_trainer_done(j->trainer)) {
        const int64_t next = (nas_trainer_step(j->trainer) / per_epoch + 1) * per_epoch;
        NAS_TRY(nas_trainer_run(j->trainer, next, note_epoch, j, j->e->log, &j->out->end, err));
        if (j->out->end == NAS_TRAIN_DIVERGED) break;
        if (!nas_trainer_done(j->trainer) && nas_clock_wall() - saved < checkpoint_seconds)
            continue;
        NAS_TRY(save(j, err));
        drop_checkpoint(j, kept);
        kept = nas_trainer_step(j->trainer);
        saved = nas_clock_wall();
    }
    return NAS_OK;
}

static nas_status run(job *j, nas_arena *a, nas_err *err) {
    const nas_train_config *config = &j->c->train;
    j->room = config->epochs;
    j->out->epochs = nas_arena_array(a, (size_t)j->room, sizeof *j->out->epochs, err);
    if (!j->out->epochs) return NAS_ENOMEM;
    const int64_t per_epoch = nas_trainer_steps(j->trainer) / config->epochs;
    NAS_TRY(begin_from_cache(j, per_epoch, err));
    NAS_TRY(train_on(j, per_epoch, err));
    j->out->key = state_key(j, nas_trainer_steps(j->trainer));
    return NAS_OK;
}

static nas_status train_net(job *j, nas_arena *a, nas_err *err) {
    const nas_evaluator *e = j->e;
    const nas_candidate *c = j->c;
    const nas_examples train = j->augmented ? nas_augmented_examples(j->augmented)
                                            : nas_features_part(e->data, j->f, NAS_TRAIN);
    const nas_examples validation = nas_features_part(e->data, j->f, NAS_VALIDATION);
    const nas_trainer_options o = {
        .net = j->out->net,
        .config = &c->train,
        .augment = &c->augment,
        .train = &train,
        .validation = &validation,
        .seed = e->seed,
        .replicate = e->replicate,
        .hook = j->pruner ? &j->hook : NULL,
        .refresh = j->augmented ? nas_augmented_epoch : NULL,
        .refresh_ctx = j->augmented,
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

nas_status nas_train_stage(const nas_evaluator *e, const nas_candidate *c, const nas_features *f,
                           nas_arena *a, nas_trained *out, nas_err *err) {
    *out = (nas_trained){.end = NAS_TRAIN_DONE};
    job j = {.e = e, .c = c, .f = f, .out = out};
    NAS_TRY(
        nas_net_open(&c->model, e->data->outputs, c->train.batch_size, e->kernel, &out->net, err));
    nas_net_init(out->net, e->seed, e->replicate);
    nas_status st = nas_augmented_open(e->data, c, f, e->cache, e->seed, e->replicate, e->log,
                                       &j.augmented, err);
    if (st == NAS_OK) st = open_pruner(&j, err);
    if (st == NAS_OK) st = train_net(&j, a, err);
    nas_augmented_close(j.augmented);
    nas_prune_close(j.pruner);
    if (st == NAS_OK) return NAS_OK;
    nas_net_close(out->net);
    out->net = NULL;
    return st;
}
