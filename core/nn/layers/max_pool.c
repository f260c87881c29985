/* core/nn/layers/max_pool.c - the largest value of each window. */
#include "core/nn/layers/pool_int.h"

static void max_forward(const nas_node *node, const nas_run *run) {
    const nas_pool p = nas_pool_of(node);
    const nas_map x = nas_node_x(node, 0, run), y = nas_node_y(node, run);
    run->kernel->max_pool(&p, &x, run->n, &y);
}

static void max_backward(const nas_node *node, const nas_run *run) {
    if (!node->edge[0].wanted) return;
    const nas_pool p = nas_pool_of(node);
    const nas_map x = nas_node_x(node, 0, run), y = nas_node_y(node, run);
    const nas_map dy = nas_node_dy(node, run), dx = nas_node_dx(node, 0, run);
    run->kernel->max_pool_grad(&p, &x, &y, &dy, run->n, &dx);
}

static nas_status max_lower(const nas_node *node, const nas_net *net, nas_graph *g,
                            const int32_t in[2], int32_t *out, nas_err *err) {
    (void)net;
    return nas_pool_lower(node, NAS_OP_MAX_POOL_2D, g, in[0], out, err);
}

const nas_layer_ops nas_layer_max_pool = {.name = "max_pool",
                                          .keys = nas_pool_keys,
                                          .fuses_relu = true,
                                          .keeps_scale = true,
                                          .channelwise = true,
                                          .is_cheap = true,
                                          .plan = nas_pool_plan,
                                          .forward = max_forward,
                                          .backward = max_backward,
                                          .lower = max_lower};
