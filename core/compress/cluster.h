/* core/compress/cluster.h - weight clustering of a folded net. */
#ifndef NAS_CORE_COMPRESS_CLUSTER_H
#define NAS_CORE_COMPRESS_CLUSTER_H

#include "base/key.h"

#include <stdbool.h>

typedef enum nas_cluster_init {
    NAS_CLUSTER_LINEAR = 0,
    NAS_CLUSTER_DENSITY = 1,
    NAS_CLUSTER_KMEANS = 2
} nas_cluster_init;

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

#endif
