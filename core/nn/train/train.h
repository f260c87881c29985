/* core/nn/train/train.h - the training loop: optimiser, schedule, epochs, state that can be stored.
 * Thread safety: one thread at a time for each trainer and its net. Steps run on the threads of
 * base/team.h, so only one trainer at a time in a process. */
#ifndef NAS_CORE_NN_TRAIN_TRAIN_H
#define NAS_CORE_NN_TRAIN_TRAIN_H

#include "base/key.h"
#include "base/log.h"
#include "core/nn/net/net.h"
#include "core/nn/train/batch.h"

typedef enum nas_schedule_kind {
    NAS_SCHEDULE_CONSTANT,
    NAS_SCHEDULE_POLYNOMIAL,
    NAS_SCHEDULE_COSINE,
    NAS_SCHEDULE_EXPONENTIAL
} nas_schedule_kind;

/* A rate over all steps: step s of S has fraction p = s / S (s from 0).
 * constant: from. polynomial: to + (from - to) * (1 - p)^power (Keras PolynomialDecay).
 * cosine: to + (from - to) * (1 + cos(pi * p)) / 2 (Loshchilov and Hutter 2017, eq. 5, without
 * restarts; Keras CosineDecay). exponential: from * (to / from)^p; both above 0. */
typedef struct nas_schedule {
    int32_t kind; /* nas_schedule_kind */
    double from, to, power;
} nas_schedule;

typedef struct nas_train_config {
    int32_t epochs, batch_size;
    int32_t optimizer; /* its place in NAS_OPTIMIZER_LIST: 0 adam, 1 sgd */
    double momentum, label_smoothing;
    /* After each step kernels (of conv2d, conv1d, depthwise_conv2d and dense; no biases, no batch
     * norm) are multiplied by 1 - weight_decay * rate (Loshchilov and Hutter 2019, algorithm 2, the
     * rate being eta_t; there, as in Keras, before the step: apart by weight_decay * rate * step).
     * Not where a hook has values of its own. */
    double weight_decay;
    bool exact;
    bool differences; /* core/nn/net/differences.h; not where a hook has values of its own */
    int32_t keep;     /* 0 last, 1 best */
    int32_t patience; /* epochs; below 1: none */
    int32_t loss;     /* nas_loss */
    double huber_delta;
    nas_schedule learning_rate;
    double warm_up_epochs; /* below epochs; nas_train_rate */
} nas_train_config;

/* Keys of "train" (learning_rate is a BLOCK) and of learning_rate's object form (offsets into
 * nas_schedule). */
extern const nas_key nas_train_keys[];
extern const nas_key nas_schedule_keys[];

double nas_schedule_at(const nas_schedule *s, int64_t step, int64_t steps);

/* The rate of a step of `steps`. The first W, warm_up_epochs in steps (nearest, and never all of
 * them), rise in a line to the schedule's first rate: that times (step + 1) / W. The schedule has
 * the others. */
double nas_train_rate(const nas_train_config *c, int64_t step, int64_t steps);

typedef struct nas_epoch {
    int32_t epoch; /* from 1 */
    int64_t step;  /* steps done so far */
    double loss;   /* mean over the epoch's examples, of the training loss as it was stepped on */
    double val_loss, val_accuracy; /* of the float net on the validation set; NaN when there is
                                      none; with values in place of labels there is no accuracy */
    double seconds;                /* measured */
} nas_epoch;

typedef enum nas_train_end { NAS_TRAIN_DONE, NAS_TRAIN_DIVERGED } nas_train_end;

typedef struct nas_trainer nas_trainer;

/* What compression does around each step, so that there is one training loop. Members may be NULL
 * or 0. All that it remembers from step to step is in its part of the state. */
typedef struct nas_train_hook {
    void *ctx;
    void (*before)(void *ctx, int64_t step); /* step (from 0) comes next; the net may be changed */
    void (*after)(void *ctx);                /* the weights, or `values`, have moved */

    /* count > 0: the optimizer moves these in place of the net's weights. gradients fills grads
     * from those of the net; after puts values into the net. 64-byte aligned, count a multiple of
     * NAS_CHANNELS. */
    size_t count;
    float *values, *grads;
    void (*gradients)(void *ctx);

    /* Its part of the state after `step` steps; load may be given none only where state_bytes is 0,
     * and puts back what was then. */
    size_t (*state_bytes)(const void *ctx, int64_t step);
    void (*save)(const void *ctx, int64_t step, void *out);
    void (*load)(void *ctx, int64_t step, const void *in);

    bool masks; /* from step masked_from on some weights are kept at zero */
    int64_t masked_from;
    int64_t counts_from; /* keep and patience look only at epochs whose first step is not below */
} nas_train_hook;

/* Everything is borrowed and must outlive the trainer. validation may be NULL or empty; then no
 * epoch is better than another, the last is kept and patience never ends.
 * The best epoch has the highest validation accuracy (of labels), then the lowest validation loss,
 * then it is the earliest; only epochs that begin at step hook->counts_from or later count, for
 * keep and for patience. When none has counted, the last is kept. Random numbers are streams of
 * (seed, replicate): results do not depend on how a run is cut. */
typedef struct nas_trainer_options {
    nas_net *net;
    const nas_train_config *config;
    const nas_examples *train, *validation;
    nas_batch_maker maker; /* of the training batches; {0}: the examples as they are */
    uint64_t seed;
    uint32_t replicate;
    const nas_train_hook *hook; /* NULL: none */
    /* For training examples that are others in each epoch; NULL: they stay. Called before the
     * first step of an epoch (from 0) and before going on within one; it brings what train->x
     * points at to that epoch, to the same bits each time. What it fails with ends the run. */
    nas_status (*refresh)(void *ctx, int32_t epoch, nas_err *err);
    void *refresh_ctx;
} nas_trainer_options;

/* Owner: the caller closes it. Errors: NAS_EINVAL a configuration, hook or label that cannot be, or
 * a net planned for smaller batches; NAS_ESHAPE the examples do not fit the model's input;
 * NAS_ENOMEM. Then *out is NULL. */
NAS_NODISCARD nas_status nas_trainer_open(const nas_trainer_options *o, nas_trainer **out,
                                          nas_err *err);
void nas_trainer_close(nas_trainer *t);

/* epochs * ceil(examples / batch): of a trainer, and before there is one. */
int64_t nas_trainer_steps(const nas_trainer *t);
int64_t nas_train_steps(const nas_train_config *c, int32_t examples);
int64_t nas_trainer_step(const nas_trainer *t); /* steps done */
bool nas_trainer_done(const nas_trainer *t);    /* all steps, or patience is at its end */

/* Trains until `until` steps are done, or all, or patience is at its end (nas_trainer_done). Then
 * the net has the weights and averages of the epoch that is kept. on_epoch (may be NULL) hears of
 * each finished epoch. Errors: NAS_ESTOP when log's stop asks for it (between two steps); those of
 * refresh. Not an error: *end says that the loss was not finite. */
typedef void (*nas_epoch_fn)(void *ctx, const nas_epoch *e);
NAS_NODISCARD nas_status nas_trainer_run(nas_trainer *t, int64_t until, nas_epoch_fn on_epoch,
                                         void *ctx, const nas_log *log, nas_train_end *end,
                                         nas_err *err);

/* One step on given examples; for golden tests. Returns the loss of the batch before the update.
 * The second is for models of values, [n][outputs]. */
double nas_trainer_step_on(nas_trainer *t, const float *x, const int32_t *y, int32_t n);
double nas_trainer_step_values(nas_trainer *t, const float *x, const float *values, int32_t n);
/* On mixed examples: mix says with what. */
double nas_trainer_step_mixed(nas_trainer *t, const float *x, const int32_t *y, nas_mix mix,
                              int32_t n);

/* Weights, optimiser moments and step, batch-norm averages, position in the epoch, the best epoch
 * and (keep "best") its weights and averages. Bytes are only meaningful for the same model,
 * configuration and kernel row; load checks lengths and a tag. A hook's part may grow with the
 * steps done, and state_bytes with it.
 * Errors: NAS_EFORMAT, and the trainer is as it was. */
size_t nas_trainer_state_bytes(const nas_trainer *t);
void nas_trainer_save(const nas_trainer *t, void *out);
NAS_NODISCARD nas_status nas_trainer_load(nas_trainer *t, const void *in, size_t bytes,
                                          nas_err *err);

/* The version of this code in stage keys: raise it when the same inputs give other bits
 * (tests/core/test_threads.c pins some). */
enum { NAS_TRAIN_VERSION = 5 };

#endif
