/* core/nn/layers/dense.c - a fully connected layer: a 1x1 convolution whose pixels are the images.
 */
#include "core/nn/layers/conv_int.h"

static const nas_key keys[] = {
    {.name = "units",
     .kind = NAS_KEY_INT,
     .offset = offsetof(nas_layer_spec, filters),
     .lo = 1,
     .hi = NAS_MAX_FILTERS,
     .flags = NAS_KEY_WIDTH | NAS_KEY_CLASSES,
     .help = "outputs, before model.width; or \"classes\", of a forecast \"outputs\""},
    NAS_KEY_BIAS("output"),
    NAS_KEY_SPARSITY,
    NAS_KEY_END};

static const nas_window window = {.kernel = {1, 1}, .stride = {1, 1}, .dilation = {1, 1}};

/* Shape: in [1,1,c] -> out [1,1,units]. */
static nas_status dense_plan(nas_node *node, nas_err *err) {
    const nas_layer_spec *s = node->spec;
    const nas_shape in = node->in_shape[0];
    if (in.h != 1 || in.w != 1)
        return nas_fail(err, NAS_ESHAPE,
                        "its input is a map of %dx%dx%d; put global_average_pool or flatten before",
                        in.h, in.w, in.c);
    if (s->filters < 1 || s->filters > NAS_MAX_FILTERS)
        return nas_fail(err, NAS_ESHAPE, "%d units; there may be 1 to %d", s->filters,
                        NAS_MAX_FILTERS);
    nas_weight *w = nas_node_weight(node, "kernel", in.c, s->filters, true, NAS_INIT_GLOROT);
    w->fan_in = in.c;
    w->fan_out = s->filters;
    if (s->bias) nas_node_weight(node, "bias", 1, s->filters, true, NAS_INIT_ZEROS);
    node->out_shape = (nas_shape){1, 1, s->filters};
    node->macs = (int64_t)in.c * s->filters;
    return NAS_OK;
}

static nas_status dense_bind(nas_node *node, const nas_value *values, nas_arena *a, nas_err *err) {
    return nas_conv_bind(node, &window, values, a, err);
}

static nas_status dense_lower(const nas_node *node, const nas_net *net, nas_graph *g,
                              const int32_t in[2], int32_t *out, nas_err *err) {
    const int32_t dims[] = {node->out_shape.c, node->in_shape[0].c};
    nas_op op = {.kind = NAS_OP_FULLY_CONNECTED, .n_in = node->n_weights + 1, .in = {in[0]}};
    NAS_TRY(nas_lower_rank(g, node->in_shape[0], true, &op.in[0], err));
    NAS_TRY(nas_lower_weight(node, net, 0, g, 2, dims, true, &op.in[1], err));
    if (node->n_weights > 1)
        NAS_TRY(nas_lower_weight(node, net, 1, g, 1, dims, false, &op.in[2], err));
    return nas_lower_op(g, op, node->out_shape, true, out, err);
}

const nas_layer_ops nas_layer_dense = {.name = "dense",
                                       .keys = keys,
                                       .fuses_relu = true,
                                       .has_kernel = true,
                                       .shares_scale = true,
                                       .reads = NAS_FRAMES_ROW,
                                       .plan = dense_plan,
                                       .bind = dense_bind,
                                       .prepare = nas_conv_prepare,
                                       .forward = nas_conv_forward,
                                       .backward = nas_conv_backward,
                                       .lower = dense_lower};
