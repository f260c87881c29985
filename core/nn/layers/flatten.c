/* core/nn/layers/flatten.c - a map as one vector, channels innermost, without the padding that maps
 * are stored with. */
#include "core/nn/layers/conv_int.h"

static const nas_key keys[] = {NAS_KEY_END};

/* Shape: in [h,w,c] -> out [1,1,h*w*c]. */
static nas_status flatten_plan(nas_node *node, nas_err *err) {
    const nas_shape in = node->in_shape[0];
    const int64_t c = (int64_t)in.h * in.w * in.c;
    if (c > (1 << 24))
        return nas_fail(err, NAS_ESHAPE, "%dx%dx%d is too long for a vector", in.h, in.w, in.c);
    node->out_shape = (nas_shape){1, 1, (int32_t)c};
    return NAS_OK;
}

static nas_status flatten_lower(const nas_node *node, const nas_net *net, nas_graph *g,
                                const int32_t in[2], int32_t *out, nas_err *err) {
    (void)net;
    *out = in[0];
    return nas_lower_rank(g, node->in_shape[0], true, out, err);
}

const nas_layer_ops nas_layer_flatten = {.name = "flatten",
                                         .keys = keys,
                                         .keeps_scale = true,
                                         .renames = NAS_FRAMES_ROW,
                                         .is_cheap = true,
                                         .plan = flatten_plan,
                                         .forward = nas_reshape_forward,
                                         .backward = nas_reshape_backward,
                                         .lower = flatten_lower};
