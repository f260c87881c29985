/* core/nn/layer_conv2d.c - convolution (cross-correlation, as everybody's). */
#include "core/nn/conv_int.h"

static const char *const paddings[] = {"same", "valid", NULL};

static const nas_key keys[] = {{.name = "filters",
                                .kind = NAS_KEY_INT,
                                .offset = offsetof(nas_layer_spec, filters),
                                .lo = 1,
                                .hi = NAS_MAX_FILTERS,
                                .flags = NAS_KEY_WIDTH,
                                .help = "output channels, before model.width"},
                               {.name = "kernel",
                                .kind = NAS_KEY_PAIR,
                                .offset = offsetof(nas_layer_spec, kernel),
                                .lo = 1,
                                .hi = NAS_MAX_KERNEL,
                                .help = "[height, width] of the window"},
                               {.name = "stride",
                                .kind = NAS_KEY_PAIR,
                                .offset = offsetof(nas_layer_spec, stride),
                                .lo = 1,
                                .hi = NAS_MAX_KERNEL,
                                .def = "[1, 1]",
                                .help = "[height, width] from window to window"},
                               {.name = "padding",
                                .kind = NAS_KEY_WORD,
                                .offset = offsetof(nas_layer_spec, padding),
                                .def = "\"valid\"",
                                .words = paddings,
                                .help = "same: zeros around the map; valid: none"},
                               {.name = "dilation",
                                .kind = NAS_KEY_PAIR,
                                .offset = offsetof(nas_layer_spec, dilation),
                                .lo = 1,
                                .hi = NAS_MAX_KERNEL,
                                .def = "[1, 1]",
                                .later = "",
                                .help = "[height, width] between taps"},
                               {.name = "bias",
                                .kind = NAS_KEY_BOOL,
                                .offset = offsetof(nas_layer_spec, bias),
                                .def = "true",
                                .help = "adds a trained constant to each filter"},
                               {.name = "scale",
                                .kind = NAS_KEY_BOOL,
                                .offset = offsetof(nas_layer_spec, scale),
                                .def = "true",
                                .later = "",
                                .help = "false: model.width leaves filters as they are"},
                               {.name = "sparsity",
                                .kind = NAS_KEY_FLOAT,
                                .offset = offsetof(nas_layer_spec, sparsity),
                                .lo = 0,
                                .hi = 1,
                                .def = "null",
                                .flags = NAS_KEY_NULLABLE,
                                .later = "",
                                .help = "fraction of zeros, instead of prune.to"},
                               NAS_KEY_END};

/* Shape: in [h,w,c] -> out [oh,ow,filters]. MACs: oh * ow * kh * kw * c * filters. */
static nas_status conv2d_plan(nas_node *node, nas_err *err) {
    const nas_layer_spec *s = node->spec;
    const nas_shape in = node->in_shape[0];
    nas_window window;
    nas_shape out = {.c = s->filters};
    if (s->filters < 1 || s->filters > NAS_MAX_FILTERS)
        return nas_fail(err, NAS_ESHAPE, "%d filters; there may be 1 to %d", s->filters,
                        NAS_MAX_FILTERS);
    NAS_TRY(nas_window_plan(s, in, &window, &out, err));
    const int64_t area = (int64_t)s->kernel[0] * s->kernel[1], rows = area * in.c;
    nas_weight *w = nas_node_weight(node, "kernel", rows, out.c, true, NAS_INIT_GLOROT);
    w->fan_in = rows;
    w->fan_out = area * out.c;
    if (s->bias) nas_node_weight(node, "bias", 1, out.c, true, NAS_INIT_ZEROS);
    node->out_shape = out;
    node->macs = (int64_t)out.h * out.w * rows * out.c;
    return NAS_OK;
}

static nas_window window_of(const nas_node *node) {
    nas_window w;
    nas_shape s;
    (void)!nas_window_plan(node->spec, node->in_shape[0], &w, &s, NULL);
    return w;
}

static void conv2d_border(const nas_node *node, nas_value *in, nas_value *out) {
    const nas_window w = window_of(node);
    nas_window_borders(&w, in, out);
}

static nas_status conv2d_bind(nas_node *node, const nas_value *values, nas_arena *a, nas_err *err) {
    const nas_window w = window_of(node);
    return nas_conv_bind(node, &w, values, a, err);
}

static nas_status conv2d_lower(const nas_node *node, const nas_net *net, nas_graph *g,
                               const int32_t in[2], int32_t *out, nas_err *err) {
    const nas_layer_spec *s = node->spec;
    const nas_shape shape = node->out_shape;
    const int32_t dims[] = {shape.c, s->kernel[0], s->kernel[1], node->in_shape[0].c};
    nas_op op = {.kind = NAS_OP_CONV_2D,
                 .n_in = node->n_weights + 1,
                 .in = {in[0]},
                 .padding = (nas_padding)s->padding,
                 .stride = {s->stride[0], s->stride[1]},
                 .dilation = {1, 1}};
    NAS_TRY(nas_lower_rank(g, node->in_shape[0], false, &op.in[0], err));
    NAS_TRY(nas_lower_weight(node, net, 0, g, 4, dims, true, &op.in[1], err));
    if (s->bias) NAS_TRY(nas_lower_weight(node, net, 1, g, 1, dims, false, &op.in[2], err));
    return nas_lower_op(g, op, shape, false, out, err);
}

const nas_layer_ops nas_layer_conv2d = {.name = "conv2d",
                                        .keys = keys,
                                        .has_kernel = true,
                                        .plan = conv2d_plan,
                                        .border = conv2d_border,
                                        .bind = conv2d_bind,
                                        .prepare = nas_conv_prepare,
                                        .forward = nas_conv_forward,
                                        .backward = nas_conv_backward,
                                        .lower = conv2d_lower};
