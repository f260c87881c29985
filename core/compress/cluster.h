/* core/compress/cluster.h - weight clustering of a folded net.
 * Thread safety: one thread at a time for each net. */
#ifndef NAS_CORE_COMPRESS_CLUSTER_H
#define NAS_CORE_COMPRESS_CLUSTER_H

#include "base/key.h"
#include "core/nn/net/net.h"

#include <stdbool.h>

typedef enum nas_cluster_init {
    NAS_CLUSTER_LINEAR = 0,
    NAS_CLUSTER_DENSITY = 1,
    NAS_CLUSTER_KMEANS = 2
} nas_cluster_init;

/* For formats with scales: one for each output channel, of a dense kernel one for all of it or, as
 * asked, one for each output too. */
typedef enum nas_cluster_scales {
    NAS_CLUSTER_UNSCALED = 0,
    NAS_CLUSTER_SCALED = 1,
    NAS_CLUSTER_DENSE_BY_CHANNEL = 2
} nas_cluster_scales;

typedef struct nas_cluster_config {
    bool on; /* false: the candidate's "cluster" is null */
    int32_t clusters;
    int32_t init;
    int32_t scope; /* 0 kernel, 1 channel */
    int32_t fine_tune_epochs;
    double fine_tune_learning_rate;
    bool depthwise;
} nas_cluster_config;

extern const nas_key nas_cluster_keys[];

/* Gives each kernel of a folded net (nas_net_fold) at most config->clusters different weights:
 * every kernel but the depthwise ones (those with config->depthwise) of at least 64 weights.
 * - Scope: in all of the kernel, or in each output channel.
 * - Where a kernel has zeros, zero is one of the centroids, and zeros stay.
 * - Centroids: k-means, in double, from the start that init names; of its random numbers each
 * kernel (and channel) has its own stream of (seed, replicate).
 * - Scales: centroids are found on weight / scale, where 127 codes of the scale are the largest
 * weight that has it (rounded up to a quarter power of two), and are codes themselves. The net
 * keeps the scales, lowered kernels carry them, and their *codes* take at most so many values.
 *
 * Everything that follows (fine-tuning, rounding, lowering) reads the clusters off the net.
 * Errors: NAS_EINVAL a net that is not folded, weights that are not finite; NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_cluster_net(nas_net *net, const nas_cluster_config *config,
                                         nas_cluster_scales scales, uint64_t seed,
                                         uint32_t replicate, nas_err *err);

/* Raise it when the same inputs give other bits. */
enum { NAS_CLUSTER_VERSION = 3 };

#endif
