/* core/nn/train.h - the training loop: optimiser, schedule, epochs, state that can be stored. */
#ifndef NAS_CORE_NN_TRAIN_H
#define NAS_CORE_NN_TRAIN_H

#include "base/key.h"
#include "base/log.h"
#include "core/data/batch.h"
#include "core/nn/net.h"

typedef enum nas_schedule_kind {
    NAS_SCHEDULE_CONSTANT,
    NAS_SCHEDULE_POLYNOMIAL,
    NAS_SCHEDULE_COSINE,
    NAS_SCHEDULE_EXPONENTIAL
} nas_schedule_kind;

/* A rate over all steps: step s of S has fraction p = s / S (s from 0).
 * constant: from. polynomial: to + (from - to) * (1 - p)^power (Keras PolynomialDecay). */
typedef struct nas_schedule {
    int32_t kind; /* nas_schedule_kind */
    double from, to, power;
} nas_schedule;

typedef struct nas_train_config {
    int32_t epochs, batch_size;
    int32_t optimizer; /* 0 adam, 1 sgd */
    double momentum, label_smoothing;
    bool exact;
    int32_t keep; /* 0 last, 1 best */
    int32_t patience;
    nas_schedule learning_rate;
} nas_train_config;

/* Keys of "train" (learning_rate is a BLOCK) and of learning_rate's object form (offsets into
 * nas_schedule). */
extern const nas_key nas_train_keys[];
extern const nas_key nas_schedule_keys[];

double nas_schedule_at(const nas_schedule *s, int64_t step, int64_t steps);

typedef struct nas_epoch {
    int32_t epoch; /* from 1 */
    int64_t step;  /* steps done so far */
    double loss;   /* mean over the epoch's examples, of the training loss as it was stepped on */
    double val_loss,
        val_accuracy; /* of the float net on the validation part; NaN when there is none */
    double seconds;   /* measured */
} nas_epoch;

typedef enum nas_train_end { NAS_TRAIN_DONE, NAS_TRAIN_DIVERGED } nas_train_end;

typedef struct nas_trainer nas_trainer;

/* Everything is borrowed and must outlive the trainer. validation may be NULL or empty.
 * Random numbers are streams of (seed, replicate): results do not depend on how a run is cut. */
typedef struct nas_trainer_options {
    nas_net *net;
    const nas_train_config *config;
    const nas_augment *augment; /* NULL: none */
    const nas_examples *train, *validation;
    uint64_t seed;
    uint32_t replicate;
    /* For training examples that are others in each epoch; NULL: they stay. Called before the
     * first step of an epoch (from 0) and before going on within one; it brings what train->x
     * points at to that epoch, to the same bits each time. What it fails with ends the run. */
    nas_status (*refresh)(void *ctx, int32_t epoch, nas_err *err);
    void *refresh_ctx;
} nas_trainer_options;

NAS_NODISCARD nas_status nas_trainer_open(const nas_trainer_options *o, nas_trainer **out,
                                          nas_err *err);
void nas_trainer_close(nas_trainer *t);

int64_t nas_trainer_steps(const nas_trainer *t); /* epochs * ceil(examples / batch) */
int64_t nas_trainer_step(const nas_trainer *t);  /* steps done */

/* Trains until `until` steps are done (or all). on_epoch (may be NULL) hears of each finished
 * epoch. Errors: NAS_ESTOP when log's stop asks for it (between two steps). Not an error: *end says
 * that the loss was not finite. */
typedef void (*nas_epoch_fn)(void *ctx, const nas_epoch *e);
NAS_NODISCARD nas_status nas_trainer_run(nas_trainer *t, int64_t until, nas_epoch_fn on_epoch,
                                         void *ctx, const nas_log *log, nas_train_end *end,
                                         nas_err *err);

/* One step on given examples; for golden tests. Returns the loss of the batch before the update. */
double nas_trainer_step_on(nas_trainer *t, const float *x, const int32_t *y, int32_t n);

/* Weights, optimiser moments and step, batch-norm averages, position in the epoch. Bytes are only
 * meaningful for the same model, configuration and kernel row; load checks lengths and a tag.
 * Errors: NAS_EFORMAT, and the trainer is as it was. */
size_t nas_trainer_state_bytes(const nas_trainer *t);
void nas_trainer_save(const nas_trainer *t, void *out);
NAS_NODISCARD nas_status nas_trainer_load(nas_trainer *t, const void *in, size_t bytes,
                                          nas_err *err);

/* The version of this code in stage keys: raise it when the same inputs give other bits. */
enum { NAS_TRAIN_VERSION = 1 };

#endif
