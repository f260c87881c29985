/* core/nn/layers/depthwise_conv2d.c - one window for each channel. */
#include "core/nn/layers/conv_int.h"

static const nas_key keys[] = {NAS_KEYS_WINDOW, NAS_KEY_BIAS("channel"), NAS_KEY_END};

/* Shape: in [h,w,c] -> out [oh,ow,c]. Fans as Keras takes them from a kernel of shape
 * (kh, kw, c, 1). */
static nas_status depthwise_plan(nas_node *node, nas_err *err) {
    const nas_layer_spec *s = node->spec;
    const nas_shape in = node->in_shape[0];
    nas_window window;
    nas_shape out = {.c = in.c};
    NAS_TRY(nas_window_plan(s, in, &window, &out, err));
    const int64_t area = (int64_t)s->kernel[0] * s->kernel[1];
    nas_weight *w = nas_node_weight(node, "kernel", area, in.c, true, NAS_INIT_GLOROT);
    w->fan_in = area * in.c;
    w->fan_out = area;
    if (s->bias) nas_node_weight(node, "bias", 1, in.c, true, NAS_INIT_ZEROS);
    node->out_shape = out;
    node->macs = (int64_t)out.h * out.w * area * in.c;
    return NAS_OK;
}

static void depthwise_border(const nas_node *node, nas_value *in, nas_value *out) {
    const nas_window w = nas_window_of(node, node->spec);
    nas_window_borders(&w, in, out);
}

static nas_status depthwise_bind(nas_node *node, const nas_value *values, nas_arena *a,
                                 nas_err *err) {
    const nas_window w = nas_window_of(node, node->spec);
    const nas_edge *e = &node->edge[0];
    nas_taps *t = node->own = nas_arena_alloc(a, sizeof *t, err);
    if (!t) return NAS_ENOMEM;
    return nas_taps_plan(&w, &values[node->in[0]], &values[node->out], e->wanted ? &e->dx : NULL,
                         true, a, t, err);
}

static void depthwise_forward(const nas_node *node, const nas_run *run) {
    const nas_taps *t = node->own;
    const nas_map x = nas_node_x(node, 0, run), y = nas_node_y(node, run);
    const float *bias = node->n_weights > 1 ? nas_node_param(node, 1, run->net) : NULL;
    run->kernel->depthwise(&t->forward, run->n, x.at, nas_node_param(node, 0, run->net), bias,
                           y.at);
}

static void depthwise_backward(const nas_node *node, const nas_run *run) {
    const nas_taps *t = node->own;
    const nas_map x = nas_node_x(node, 0, run), dy = nas_node_dy(node, run);
    nas_conv weights = t->forward;
    weights.y_image = dy.image; /* dy's border may differ from y's */
    weights.y_row = dy.row;
    run->kernel->depthwise_weights(&weights, run->n, x.at, dy.at, nas_run_grad(node, 0, run));
    if (node->n_weights > 1) run->kernel->sum_pixels(&dy, run->n, nas_run_grad(node, 1, run));
    if (!node->edge[0].wanted) return;
    const nas_map dx = nas_node_dx(node, 0, run);
    for (int32_t i = 0; i < t->n_phases; i++)
        run->kernel->depthwise(&t->phases[i].conv, run->n, dy.at, nas_node_param(node, 0, run->net),
                               NULL, dx.at + t->phases[i].dx);
}

static nas_status depthwise_lower(const nas_node *node, const nas_net *net, nas_graph *g,
                                  const int32_t in[2], int32_t *out, nas_err *err) {
    const nas_layer_spec *s = node->spec;
    const nas_shape shape = node->out_shape;
    const int32_t dims[] = {1, s->kernel[0], s->kernel[1], shape.c};
    nas_op op = {.kind = NAS_OP_DEPTHWISE_CONV_2D,
                 .n_in = node->n_weights + 1,
                 .in = {in[0]},
                 .padding = (nas_padding)s->padding,
                 .stride = {s->stride[0], s->stride[1]},
                 .dilation = {s->dilation[0], s->dilation[1]}};
    NAS_TRY(nas_lower_rank(g, node->in_shape[0], false, &op.in[0], err));
    NAS_TRY(nas_lower_weight(node, net, 0, g, 4, dims, false, &op.in[1], err));
    if (s->bias) NAS_TRY(nas_lower_weight(node, net, 1, g, 1, &dims[3], false, &op.in[2], err));
    return nas_lower_op(g, op, shape, false, out, err);
}

const nas_layer_ops nas_layer_depthwise_conv2d = {.name = "depthwise_conv2d",
                                                  .keys = keys,
                                                  .fuses_relu = true,
                                                  .has_kernel = true,
                                                  .depthwise = true,
                                                  .channelwise = true,
                                                  .is_cheap = true,
                                                  .plan = depthwise_plan,
                                                  .border = depthwise_border,
                                                  .bind = depthwise_bind,
                                                  .forward = depthwise_forward,
                                                  .backward = depthwise_backward,
                                                  .lower = depthwise_lower};
