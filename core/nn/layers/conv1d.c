/* core/nn/layers/conv1d.c - convolution over frames, with all coefficients of a frame as channels:
 * a conv2d with windows of [kernel, 1] on a map [frames, 1, channels]. The features, [frames, bins,
 * 1], are taken so by a reshape that expand.c puts before. */
#include "core/nn/layers/conv_int.h"

/* The first two are nas_padding's, the third NAS_CAUSAL. */
static const char *const paddings[] = {"same", "valid", "causal", NULL};

static const nas_key keys[] = {
    {.name = "filters",
     .kind = NAS_KEY_INT,
     .offset = offsetof(nas_layer_spec, filters),
     .lo = 1,
     .hi = NAS_MAX_FILTERS,
     .flags = NAS_KEY_WIDTH,
     .help = "output channels, before model.width; input: frames x 1 x channels, or features, "
             "whose bins are the channels"},
    {.name = "kernel",
     .kind = NAS_KEY_INT,
     .offset = offsetof(nas_layer_spec, kernel),
     .lo = 1,
     .hi = NAS_MAX_KERNEL,
     .help = "frames of the window"},
    {.name = "stride",
     .kind = NAS_KEY_INT,
     .offset = offsetof(nas_layer_spec, stride),
     .lo = 1,
     .hi = NAS_MAX_KERNEL,
     .def = "1",
     .help = "frames from window to window"},
    {.name = "padding",
     .kind = NAS_KEY_WORD,
     .offset = offsetof(nas_layer_spec, padding),
     .def = "\"valid\"",
     .words = paddings,
     .help = "same: zeros on both sides; valid: none; causal: zeros before the first frame only"},
    {.name = "dilation",
     .kind = NAS_KEY_INT,
     .offset = offsetof(nas_layer_spec, dilation),
     .lo = 1,
     .hi = NAS_MAX_KERNEL,
     .def = "1",
     .help = "frames from tap to tap of the window"},
    NAS_KEY_BIAS("filter"),
    NAS_KEY_SCALE,
    NAS_KEY_SPARSITY,
    NAS_KEY_END};

/* What it is as a conv2d. */
static nas_layer_spec as_2d(const nas_layer_spec *s) {
    nas_layer_spec r = *s;
    r.kernel[1] = r.stride[1] = r.dilation[1] = 1;
    return r;
}

/* Shape: in [t,1,c] -> out [ot,1,filters]. MACs: ot * kernel * c * filters. */
static nas_status conv1d_plan(nas_node *node, nas_err *err) {
    const nas_layer_spec s = as_2d(node->spec);
    const nas_shape in = node->in_shape[0];
    if (in.w != 1)
        return nas_fail(err, NAS_ESHAPE,
                        "its input is a map of %dx%dx%d, neither frames x 1 x channels nor "
                        "features; put a reshape to [%d, 1, %lld] before",
                        in.h, in.w, in.c, in.h, (long long)in.w * in.c);
    return nas_conv_plan(node, &s, err);
}

static void conv1d_border(const nas_node *node, nas_value *in, nas_value *out) {
    const nas_layer_spec s = as_2d(node->spec);
    nas_conv_border(node, &s, in, out);
}

static nas_status conv1d_bind(nas_node *node, const nas_value *values, nas_arena *a, nas_err *err) {
    const nas_layer_spec s = as_2d(node->spec);
    const nas_window w = nas_window_of(node, &s);
    return nas_conv_bind(node, &w, values, a, err);
}

/* The operators have no such padding: zero frames come before by an operator of their own. */
static nas_status lower_causal(const nas_node *node, const nas_layer_spec *s, nas_graph *g,
                               int32_t *tensor, nas_err *err) {
    const nas_window w = nas_window_of(node, s);
    nas_shape shape = node->in_shape[0];
    int32_t *widths = nas_arena_array(g->arena, 8, sizeof *widths, err);
    if (!widths) return NAS_ENOMEM;
    widths[2] = w.before[0];
    shape.h += w.before[0];
    const nas_tensor t = {.dtype = NAS_I32, .rank = 2, .dims = {4, 2}, .data = widths};
    nas_op op = {.kind = NAS_OP_PAD, .n_in = 2, .in = {*tensor}};
    NAS_TRY(nas_lower_rank(g, node->in_shape[0], false, &op.in[0], err));
    NAS_TRY(nas_graph_tensor(g, &t, &op.in[1], err));
    return nas_lower_op(g, op, shape, false, tensor, err);
}

static nas_status conv1d_lower(const nas_node *node, const nas_net *net, nas_graph *g,
                               const int32_t in[2], int32_t *out, nas_err *err) {
    nas_layer_spec s = as_2d(node->spec);
    int32_t from = in[0];
    if (s.padding == NAS_CAUSAL && s.kernel[0] > 1) NAS_TRY(lower_causal(node, &s, g, &from, err));
    if (s.padding == NAS_CAUSAL) s.padding = NAS_VALID;
    return nas_conv_lower(node, &s, net, g, from, out, err);
}

const nas_layer_ops nas_layer_conv1d = {.name = "conv1d",
                                        .keys = keys,
                                        .has_kernel = true,
                                        .reads = NAS_FRAMES_MAP,
                                        .fuses_relu = true,
                                        .plan = conv1d_plan,
                                        .border = conv1d_border,
                                        .bind = conv1d_bind,
                                        .prepare = nas_conv_prepare,
                                        .forward = nas_conv_forward,
                                        .backward = nas_conv_backward,
                                        .lower = conv1d_lower};
