/* core/nn/layers/residual.c - layers with a shortcut around them (He et al. 2016, section 3.2): the
 * input itself, or option B, a strided 1x1 convolution without bias and batch norm. No activation
 * follows the addition by itself. expand.c unrolls the body; what is left here is the addition. */
#include "core/nn/layers/conv_int.h"

#include <math.h>

static const char *const shortcuts[] = {"identity", "project", NULL};

static const nas_key keys[] = {{.name = "shortcut",
                                .kind = NAS_KEY_WORD,
                                .offset = offsetof(nas_layer_spec, shortcut),
                                .def = "\"identity\"",
                                .words = shortcuts,
                                .help = "identity: the input; project: 1x1 convolution and batch "
                                        "norm, for another shape"},
                               NAS_KEY_END};

static nas_status add_plan(nas_node *node, nas_err *err) {
    const nas_shape a = node->in_shape[0], b = node->in_shape[1];
    if (a.h != b.h || a.w != b.w || a.c != b.c)
        return nas_fail(err, NAS_ESHAPE,
                        "its layers make %dx%dx%d of %dx%dx%d, which cannot be added; use "
                        "\"shortcut\": \"project\"",
                        a.h, a.w, a.c, b.h, b.w, b.c);
    node->out_shape = a;
    return NAS_OK;
}

static void add_forward(const nas_node *node, const nas_run *run) {
    const nas_map a = nas_node_x(node, 0, run), b = nas_node_x(node, 1, run);
    const nas_map y = nas_node_y(node, run);
    run->kernel->add(&a, &b, run->n, node->relu, &y);
}

static void add_backward(const nas_node *node, const nas_run *run) {
    for (int32_t i = 0; i < node->n_in; i++) {
        if (!node->edge[i].wanted) continue;
        const nas_map y = nas_node_y(node, run), dy = nas_node_dy(node, run);
        const nas_map dx = nas_node_dx(node, i, run);
        if (i && node->edge[0].wanted && dx.at == nas_node_dx(node, 0, run).at) continue;
        if (node->relu)
            run->kernel->relu_grad(&y, &dy, run->n, INFINITY, &dx);
        else
            run->kernel->add(&dy, NULL, run->n, false, &dx);
    }
}

static nas_status add_lower(const nas_node *node, const nas_net *net, nas_graph *g,
                            const int32_t in[2], int32_t *out, nas_err *err) {
    (void)net;
    const bool flat = g->tensors[in[0]].rank == 2;
    nas_op op = {.kind = NAS_OP_ADD, .n_in = 2, .in = {in[0], in[1]}};
    NAS_TRY(nas_lower_rank(g, node->in_shape[1], flat, &op.in[1], err));
    return nas_lower_op(g, op, node->out_shape, flat, out, err);
}

const nas_layer_ops nas_layer_residual = {
    .name = "residual", .keys = keys, .fuses_relu = true, .has_body = true};

const nas_layer_ops nas_layer_add = {.name = "add",
                                     .is_cheap = true,
                                     .can_relu = true,
                                     .passes_on = true,
                                     .channelwise = true,
                                     .plan = add_plan,
                                     .forward = add_forward,
                                     .backward = add_backward,
                                     .lower = add_lower};
