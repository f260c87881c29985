/* core/nn/layers/global_average_pool.c - Lin et al., "Network In Network", 2013, section 3.2. */
#include "core/nn/layers/conv_int.h"

static const nas_key keys[] = {NAS_KEY_END};

/* Shape: in [h,w,c] -> out [1,1,c]. */
static nas_status gap_plan(nas_node *node, nas_err *err) {
    (void)err;
    node->out_shape = (nas_shape){1, 1, node->in_shape[0].c};
    return NAS_OK;
}

static void gap_forward(const nas_node *node, const nas_run *run) {
    const nas_map x = nas_node_x(node, 0, run), y = nas_node_y(node, run);
    run->kernel->mean(&x, run->n, &y);
}

static void gap_backward(const nas_node *node, const nas_run *run) {
    if (!node->edge[0].wanted) return;
    const nas_map dy = nas_node_dy(node, run), dx = nas_node_dx(node, 0, run);
    run->kernel->mean_grad(&dy, run->n, &dx);
}

static nas_status gap_lower(const nas_node *node, const nas_net *net, nas_graph *g,
                            const int32_t in[2], int32_t *out, nas_err *err) {
    (void)net;
    int32_t *axes = nas_arena_array(g->arena, 2, sizeof *axes, err);
    if (!axes) return NAS_ENOMEM;
    axes[0] = 1;
    axes[1] = 2;
    const nas_tensor t = {.dtype = NAS_I32, .rank = 1, .dims = {2}, .data = axes};
    nas_op op = {.kind = NAS_OP_MEAN, .n_in = 2, .in = {in[0]}};
    NAS_TRY(nas_lower_rank(g, node->in_shape[0], false, &op.in[0], err));
    NAS_TRY(nas_graph_tensor(g, &t, &op.in[1], err));
    return nas_lower_op(g, op, node->out_shape, true, out, err);
}

static nas_int8_sum gap_int8_sum(const nas_node *node) {
    const nas_shape in = node->in_shape[0];
    return (nas_int8_sum){"values", (int64_t)in.h * in.w, NAS_MOST_INT8_MEAN};
}

const nas_layer_ops nas_layer_global_average_pool = {.name = "global_average_pool",
                                                     .keys = keys,
                                                     .spreads = true,
                                                     .channelwise = true,
                                                     .is_cheap = true,
                                                     .plan = gap_plan,
                                                     .forward = gap_forward,
                                                     .backward = gap_backward,
                                                     .lower = gap_lower,
                                                     .int8_sum = gap_int8_sum};
