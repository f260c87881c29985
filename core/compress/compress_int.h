/* core/compress/compress_int.h - what pruning, clustering and rounding share. */
#ifndef NAS_CORE_COMPRESS_COMPRESS_INT_H
#define NAS_CORE_COMPRESS_COMPRESS_INT_H

#include "core/nn/net_int.h"

#include <string.h>

enum { NAS_LEAST_KERNEL = 64 }; /* weights; smaller kernels save little and suffer much */

static inline bool nas_is_kernel(const nas_weight *w) {
    return !strcmp(w->name, "kernel");
}
static inline bool nas_is_depthwise(const nas_node *node) {
    return node->ops == &nas_layer_depthwise_conv2d;
}
static inline size_t nas_weight_count(const nas_weight *w) {
    return (size_t)w->rows * (size_t)w->cols;
}
/* Where dense index i stands in the stored tensor. */
static inline size_t nas_weight_place(const nas_weight *w, size_t i) {
    return i / (size_t)w->cols * (size_t)w->stride + i % (size_t)w->cols;
}

#endif
