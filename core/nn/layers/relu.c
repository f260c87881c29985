/* core/nn/layers/relu.c - negatives become zero. After batch norm or an addition the layer before
 * does it in its own loops, and this row only lowers. */
#include "core/nn/layers/conv_int.h"

#include <math.h>

static const nas_key keys[] = {NAS_KEY_END};

static nas_status relu_plan(nas_node *node, nas_err *err) {
    (void)err;
    node->out_shape = node->in_shape[0];
    return NAS_OK;
}

static void relu_forward(const nas_node *node, const nas_run *run) {
    const nas_map x = nas_node_x(node, 0, run), y = nas_node_y(node, run);
    run->kernel->relu(&x, run->n, INFINITY, &y);
}

static void relu_backward(const nas_node *node, const nas_run *run) {
    if (!node->edge[0].wanted) return;
    const nas_map y = nas_node_y(node, run), dy = nas_node_dy(node, run);
    const nas_map dx = nas_node_dx(node, 0, run);
    run->kernel->relu_grad(&y, &dy, run->n, INFINITY, &dx);
}

static nas_status relu_lower(const nas_node *node, const nas_net *net, nas_graph *g,
                             const int32_t in[2], int32_t *out, nas_err *err) {
    (void)net;
    const nas_op op = {.kind = NAS_OP_RELU, .n_in = 1, .in = {in[0]}};
    return nas_lower_op(g, op, node->out_shape, g->tensors[in[0]].rank == 2, out, err);
}

const nas_layer_ops nas_layer_relu = {.name = "relu",
                                      .keys = keys,
                                      .is_relu = true,
                                      .is_plain_relu = true,
                                      .channelwise = true,
                                      .is_cheap = true,
                                      .plan = relu_plan,
                                      .forward = relu_forward,
                                      .backward = relu_backward,
                                      .lower = relu_lower};
