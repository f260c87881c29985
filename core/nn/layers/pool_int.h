/* core/nn/layers/pool_int.h - what max_pool and average_pool share.
 * Thread safety: no shared state; one thread at a time plans a net or fills a graph. */
#ifndef NAS_CORE_NN_LAYERS_POOL_INT_H
#define NAS_CORE_NN_LAYERS_POOL_INT_H

#include "core/nn/layers/conv_int.h"

extern const nas_key nas_pool_keys[];

/* Shape: in [h,w,c] -> out [oh,ow,c]. Errors of plan: NAS_ESHAPE the window is larger than the
 * input; of lower: NAS_ENOMEM. */
nas_status nas_pool_plan(nas_node *node, nas_err *err);
nas_pool nas_pool_of(const nas_node *node);
nas_status nas_pool_lower(const nas_node *node, nas_op_kind kind, nas_graph *g, int32_t in,
                          int32_t *out, nas_err *err);

#endif
