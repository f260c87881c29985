/* core/compress/tune.h - fine-tuning of a folded net that keeps what compression made of it: zeros
 * stay zero, clusters stay clusters, and weights are seen as the file will hold them.
 * Thread safety: one thread at a time for each net. */
#ifndef NAS_CORE_COMPRESS_TUNE_H
#define NAS_CORE_COMPRESS_TUNE_H

#include "core/graph/rounding.h"
#include "core/nn/train/train.h"

/* What may move, and how weights are rounded on the way. Gradients go through the rounding as if it
 * were not there (straight-through; Jacob et al., CVPR 2018, section 3); the weights behind it are
 * float32. */
typedef struct nas_tuning {
    /* false: clusters' values and biases alone. true: every weight; clusters by their values. */
    bool all;
    nas_weight_rounding rounding;
    int64_t least; /* NAS_ROUND_CODES: smaller kernels stay float (those with scales never do) */
    bool dense_by_channel; /* as the number format will have it */
} nas_tuning;

/* Prepares nas_trainer_options' hook. The net must be folded: from nas_net_fold, or nas_net_round
 * for activations that are rounded too. It is changed from here on: its weights are always the
 * rounded ones, and it keeps the scales of rounded kernels, which its lowered graph carries.
 * Errors: NAS_EINVAL a net with batch norm; NAS_ROUND_CODES on clusters that have no scales
 * (nas_cluster_net with NAS_CLUSTER_UNSCALED). Owner: the caller closes it, before the net. */
typedef struct nas_tuner nas_tuner;
NAS_NODISCARD nas_status nas_tune_open(nas_net *net, const nas_tuning *tuning, nas_tuner **out,
                                       nas_err *err);
nas_train_hook nas_tune_hook(nas_tuner *t); /* valid as long as t */
void nas_tune_close(nas_tuner *t);

/* All of it: `epochs` with a fresh Adam at a constant rate, then the net is as it shall be lowered.
 * how->trainer: as for the training before, its examples, augmentation, seed and replicate; of its
 * configuration batch_size and label_smoothing are taken. Errors: those of the trainer; after
 * NAS_ESTOP, as after *end says that the loss was not finite, the net is of no use. */
typedef struct nas_tune_run {
    nas_trainer_options trainer; /* its net and hook mean nothing */
    int32_t epochs;
    double learning_rate;
    nas_epoch_fn on_epoch; /* may be NULL */
    void *ctx;
    const nas_log *log;
} nas_tune_run;
NAS_NODISCARD nas_status nas_tune(nas_net *net, const nas_tuning *tuning, const nas_tune_run *how,
                                  nas_train_end *end, nas_err *err);

/* Raise it when the same inputs give other bits. */
enum { NAS_TUNE_VERSION = 2 };

#endif
