/* core/nn/layers/affine.c - what is left of a batch norm that cannot go into a kernel when a net is
 * folded: y = x * scale + shift by its running averages. Nothing in it is trained. */
#include "core/nn/layers/conv_int.h"

static const nas_key keys[] = {NAS_KEY_END};

enum { SCALE, SHIFT };

static nas_status affine_plan(nas_node *node, nas_err *err) {
    const nas_shape s = node->out_shape = node->in_shape[0];
    (void)err;
    nas_node_weight(node, "scale", 1, s.c, false, NAS_INIT_ONES);
    nas_node_weight(node, "shift", 1, s.c, false, NAS_INIT_ZEROS);
    return NAS_OK;
}

/* The zeros that affine_grad needs. */
static nas_status affine_bind(nas_node *node, const nas_value *values, nas_arena *a, nas_err *err) {
    (void)values;
    (void)a;
    (void)err;
    node->work_floats = (size_t)node->weights[SCALE].stride;
    return NAS_OK;
}

static void affine_forward(const nas_node *node, const nas_run *run) {
    const nas_map x = nas_node_x(node, 0, run), y = nas_node_y(node, run);
    run->kernel->affine(&x, run->n, nas_node_param(node, SCALE, run->net),
                        nas_node_param(node, SHIFT, run->net), node->relu, &y);
}

static void affine_backward(const nas_node *node, const nas_run *run) {
    if (!node->edge[0].wanted) return;
    const nas_map x = nas_node_x(node, 0, run), dy = nas_node_dy(node, run);
    const nas_map dx = nas_node_dx(node, 0, run);
    run->kernel->affine_grad(&x, &dy, run->n, nas_node_param(node, SCALE, run->net),
                             nas_node_param(node, SHIFT, run->net), node->relu, node->work,
                             node->work, &dx);
}

static nas_status affine_lower(const nas_node *node, const nas_net *net, nas_graph *g,
                               const int32_t in[2], int32_t *out, nas_err *err) {
    const nas_shape s = node->out_shape;
    const bool flat = g->tensors[in[0]].rank == 2;
    nas_op mul = {.kind = NAS_OP_MUL, .n_in = 2, .in = {in[0]}};
    nas_op add = {.kind = NAS_OP_ADD, .n_in = 2};
    NAS_TRY(nas_lower_weight(node, net, SCALE, g, 1, &s.c, false, &mul.in[1], err));
    NAS_TRY(nas_lower_weight(node, net, SHIFT, g, 1, &s.c, false, &add.in[1], err));
    NAS_TRY(nas_lower_op(g, mul, s, flat, &add.in[0], err));
    return nas_lower_op(g, add, s, flat, out, err);
}

const nas_layer_ops nas_layer_affine = {.name = "affine",
                                        .keys = keys,
                                        .fuses_relu = true,
                                        .can_relu = true,
                                        .channelwise = true,
                                        .is_cheap = true,
                                        .plan = affine_plan,
                                        .bind = affine_bind,
                                        .forward = affine_forward,
                                        .backward = affine_backward,
                                        .lower = affine_lower};
