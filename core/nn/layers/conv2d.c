/* core/nn/layers/conv2d.c - convolution (cross-correlation, as everybody's). */
#include "core/nn/layers/conv_int.h"

static const nas_key keys[] = {{.name = "filters",
                                .kind = NAS_KEY_INT,
                                .offset = offsetof(nas_layer_spec, filters),
                                .lo = 1,
                                .hi = NAS_MAX_FILTERS,
                                .flags = NAS_KEY_WIDTH,
                                .help = "output channels, before model.width"},
                               NAS_KEYS_WINDOW,
                               NAS_KEY_BIAS("filter"),
                               NAS_KEY_SCALE,
                               NAS_KEY_SPARSITY,
                               NAS_KEY_END};

/* Shape: in [h,w,c] -> out [oh,ow,filters]. MACs: oh * ow * kh * kw * c * filters. */
static nas_status conv2d_plan(nas_node *node, nas_err *err) {
    return nas_conv_plan(node, node->spec, err);
}

static void conv2d_border(const nas_node *node, nas_value *in, nas_value *out) {
    nas_conv_border(node, node->spec, in, out);
}

static nas_status conv2d_bind(nas_node *node, const nas_value *values, nas_arena *a, nas_err *err) {
    const nas_window w = nas_window_of(node, node->spec);
    return nas_conv_bind(node, &w, values, a, err);
}

static nas_status conv2d_lower(const nas_node *node, const nas_net *net, nas_graph *g,
                               const int32_t in[2], int32_t *out, nas_err *err) {
    return nas_conv_lower(node, node->spec, net, g, in[0], out, err);
}

static void conv2d_tiles(nas_node *node, bool exact) {
    const nas_window w = nas_window_of(node, node->spec);
    nas_winograd_choose(node, &w, exact);
    if (node->tile[0]) node->tile_images = nas_winograd_images(node);
}

const nas_layer_ops nas_layer_conv2d = {.name = "conv2d",
                                        .keys = keys,
                                        .fuses_relu = true,
                                        .has_kernel = true,
                                        .plan = conv2d_plan,
                                        .tiles = conv2d_tiles,
                                        .border = conv2d_border,
                                        .bind = conv2d_bind,
                                        .prepare = nas_conv_prepare,
                                        .forward = nas_conv_forward,
                                        .backward = nas_conv_backward,
                                        .lower = conv2d_lower};
