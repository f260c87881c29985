/* core/nn/conv.c - the passes of conv2d and dense, which differ in their windows only. */
#include "core/nn/conv_int.h"

typedef struct conv_own {
    nas_taps taps;
    bool bias;
} conv_own;

nas_status nas_conv_bind(nas_node *node, const nas_window *w, const nas_value *values, nas_arena *a,
                         nas_err *err) {
    conv_own *own = node->own = nas_arena_alloc(a, sizeof *own, err);
    if (!own) return NAS_ENOMEM;
    own->bias = node->n_weights > 1;
    const nas_edge *e = &node->edge[0];
    NAS_TRY(nas_taps_plan(w, &values[node->in[0]], &values[node->out], e->wanted ? &e->dx : NULL,
                          false, a, &own->taps, err));
    node->work_floats = own->taps.packed + own->taps.packed_phases;
    return NAS_OK;
}

void nas_conv_prepare(const nas_node *node, const nas_run *run) {
    const conv_own *own = node->own;
    const nas_taps *t = &own->taps;
    const float *w = nas_node_param(node, 0, run->net);
    run->kernel->conv_pack(&t->forward, w, node->work);
    if (!run->training) return;
    for (int32_t i = 0; i < t->n_phases; i++) {
        const nas_phase *p = &t->phases[i];
        run->kernel->conv_pack(&p->conv, w, node->work + t->packed + p->packed);
    }
}

void nas_conv_forward(const nas_node *node, const nas_run *run) {
    const conv_own *own = node->own;
    const nas_map x = nas_node_x(node, 0, run), y = nas_node_y(node, run);
    const float *bias = own->bias ? nas_node_param(node, 1, run->net) : NULL;
    run->kernel->conv(&own->taps.forward, run->n, x.at, node->work, bias, y.at);
}

void nas_conv_backward(const nas_node *node, const nas_run *run) {
    const conv_own *own = node->own;
    const nas_taps *t = &own->taps;
    const nas_map x = nas_node_x(node, 0, run), dy = nas_node_dy(node, run);
    nas_conv weights = t->forward;
    weights.y_image = dy.image; /* dy's border may differ from y's */
    weights.y_row = dy.row;
    run->kernel->conv_weights(&weights, run->n, x.at, dy.at, nas_node_grad(node, 0, run->net));
    if (own->bias) run->kernel->sum_pixels(&dy, run->n, nas_node_grad(node, 1, run->net));
    if (!node->edge[0].wanted) return;
    const nas_map dx = nas_node_dx(node, 0, run);
    for (int32_t i = 0; i < t->n_phases; i++) {
        const nas_phase *p = &t->phases[i];
        run->kernel->conv(&p->conv, run->n, dy.at, node->work + t->packed + p->packed, NULL,
                          dx.at + p->dx);
    }
}
