/* core/nn/layers/reshape.c - the same values in the same order as a map of another shape. */
#include "core/nn/layers/conv_int.h"

static const nas_key keys[] = {{.name = "shape",
                                .kind = NAS_KEY_SHAPE,
                                .offset = offsetof(nas_layer_spec, shape),
                                .lo = 1,
                                .hi = NAS_MAX_FILTERS,
                                .help = "[height, width, channels] with as many values as before"},
                               NAS_KEY_END};

static nas_status reshape_plan(nas_node *node, nas_err *err) {
    const nas_shape in = node->in_shape[0];
    const int32_t *to = node->spec->shape;
    node->out_shape = (nas_shape){to[0], to[1], to[2]};
    const int64_t values = (int64_t)in.h * in.w * in.c;
    bool fits = true;
    for (int32_t i = 0; i < 3; i++) fits = fits && to[i] >= 1 && to[i] <= values;
    if (!fits || (int64_t)to[0] * to[1] > values || (int64_t)to[0] * to[1] * to[2] != values)
        return nas_fail(err, NAS_ESHAPE, "%dx%dx%d has not the %lld values of its input %dx%dx%d",
                        to[0], to[1], to[2], (long long)values, in.h, in.w, in.c);
    return NAS_OK;
}

static nas_status reshape_lower(const nas_node *node, const nas_net *net, nas_graph *g,
                                const int32_t in[2], int32_t *out, nas_err *err) {
    (void)net;
    *out = in[0];
    return nas_lower_reshape(g, node->out_shape, out, err);
}

const nas_layer_ops nas_layer_reshape = {.name = "reshape",
                                         .keys = keys,
                                         .keeps_scale = true,
                                         .renames = NAS_FRAMES_MAP,
                                         .is_cheap = true,
                                         .plan = reshape_plan,
                                         .forward = nas_reshape_forward,
                                         .backward = nas_reshape_backward,
                                         .lower = reshape_lower};
