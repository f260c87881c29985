/* core/compress/compress_int.h - what pruning, clustering and fine-tuning share.
 * Thread safety: one thread at a time for each net. */
#ifndef NAS_CORE_COMPRESS_COMPRESS_INT_H
#define NAS_CORE_COMPRESS_COMPRESS_INT_H

#include "core/nn/net/net_int.h"

#include <string.h>

enum { NAS_LEAST_KERNEL = 64 }; /* weights; smaller kernels save little and suffer much */

static inline bool nas_is_kernel(const nas_weight *w) {
    return !strcmp(w->name, "kernel");
}
static inline bool nas_is_depthwise(const nas_node *node) {
    return node->ops->depthwise;
}
/* Do all columns of its kernel share one scale, unless asked otherwise? */
static inline bool nas_shares_scale(const nas_node *node) {
    return node->ops->shares_scale;
}
static inline size_t nas_weight_count(const nas_weight *w) {
    return (size_t)w->rows * (size_t)w->cols;
}
/* Where dense index i stands in the stored tensor. */
static inline size_t nas_weight_place(const nas_weight *w, size_t i) {
    return i / (size_t)w->cols * (size_t)w->stride + i % (size_t)w->cols;
}

/* What a code of 1 means where 127 means `most`; that of no weights is the converter's. */
static inline float nas_code_scale(float most) {
    return most > 0 ? most / 127 : 1e-6f / 254;
}

/* Errors: NAS_EINVAL, the net has a layer that folding takes away. */
nas_status nas_check_folded(const nas_net *net, const char *what, nas_err *err);

#endif
