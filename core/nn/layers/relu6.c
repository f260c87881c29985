/* core/nn/layers/relu6.c - negatives become zero, and what is above 6 becomes 6. */
#include "core/nn/layers/conv_int.h"

static const nas_key keys[] = {NAS_KEY_END};

static const float top = 6;

static nas_status relu6_plan(nas_node *node, nas_err *err) {
    (void)err;
    node->out_shape = node->in_shape[0];
    return NAS_OK;
}

static void relu6_forward(const nas_node *node, const nas_run *run) {
    const nas_map x = nas_node_x(node, 0, run), y = nas_node_y(node, run);
    run->kernel->relu(&x, run->n, top, &y);
}

static void relu6_backward(const nas_node *node, const nas_run *run) {
    if (!node->edge[0].wanted) return;
    const nas_map y = nas_node_y(node, run), dy = nas_node_dy(node, run);
    const nas_map dx = nas_node_dx(node, 0, run);
    run->kernel->relu_grad(&y, &dy, run->n, top, &dx);
}

static nas_status relu6_lower(const nas_node *node, const nas_net *net, nas_graph *g,
                              const int32_t in[2], int32_t *out, nas_err *err) {
    (void)net;
    const nas_op op = {.kind = NAS_OP_RELU6, .n_in = 1, .in = {in[0]}};
    return nas_lower_op(g, op, node->out_shape, g->tensors[in[0]].rank == 2, out, err);
}

const nas_layer_ops nas_layer_relu6 = {.name = "relu6",
                                       .keys = keys,
                                       .is_relu = true,
                                       .keeps_scale_alone = true,
                                       .channelwise = true,
                                       .is_cheap = true,
                                       .plan = relu6_plan,
                                       .forward = relu6_forward,
                                       .backward = relu6_backward,
                                       .lower = relu6_lower};
