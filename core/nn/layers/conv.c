/* core/nn/layers/conv.c - conv2d, conv1d and dense, which differ in their windows only. */
#include "core/nn/layers/conv_int.h"

typedef struct conv_own {
    nas_taps taps; /* of a node without tiles */
    bool bias;
    bool has_dx;
    nas_winograd forward, backward; /* of one with them */
    size_t backward_at;             /* floats from the start of its work */
} conv_own;

nas_status nas_conv_plan(nas_node *node, const nas_layer_spec *s, nas_err *err) {
    const nas_shape in = node->in_shape[0];
    nas_window window;
    nas_shape out = {.c = s->filters};
    if (s->filters < 1 || s->filters > NAS_MAX_FILTERS)
        return nas_fail(err, NAS_ESHAPE, "%d filters; there may be 1 to %d", s->filters,
                        NAS_MAX_FILTERS);
    NAS_TRY(nas_window_plan(s, in, &window, &out, err));
    const int64_t area = (int64_t)s->kernel[0] * s->kernel[1], rows = area * in.c;
    nas_weight *w = nas_node_weight(node, "kernel", rows, out.c, true, NAS_INIT_GLOROT);
    w->fan_in = rows;
    w->fan_out = area * out.c;
    if (s->bias) nas_node_weight(node, "bias", 1, out.c, true, NAS_INIT_ZEROS);
    node->out_shape = out;
    node->macs = (int64_t)out.h * out.w * rows * out.c;
    return NAS_OK;
}

void nas_conv_border(const nas_node *node, const nas_layer_spec *spec, nas_value *in,
                     nas_value *out) {
    const nas_window w = nas_window_of(node, spec);
    nas_window_borders(&w, in, out);
    if (node->tile[0]) nas_winograd_borders(node, &w, in, out);
}

static size_t larger(size_t a, size_t b) {
    return a > b ? a : b;
}

/* A chunk may have a few images more than are worked on at a time as a rule. */
static size_t scratch_of(const nas_winograd *p) {
    nas_winograd most = *p;
    most.images += p->images / 2;
    return nas_winograd_scratch(&most);
}

/* The same for n images, in even runs. */
static nas_winograd tiles_for(const nas_winograd *p, int32_t n) {
    nas_winograd q = *p;
    const int32_t runs = nas_even_runs(n, p->images);
    q.images = (n + runs - 1) / runs;
    return q;
}

static void bind_tiles(nas_node *node, conv_own *own, const nas_window *w,
                       const nas_value *values) {
    const nas_value *in = &values[node->in[0]], *out = &values[node->out];
    own->forward = nas_winograd_forward(node, w, &in->x, &out->x);
    node->scratch_floats = scratch_of(&own->forward);
    node->lane_floats = own->backward_at = nas_winograd_packed(&own->forward);
    node->work_floats = own->backward_at;
    if (own->has_dx) {
        own->backward = nas_winograd_backward(node, w, &out->dx, &node->edge[0].dx);
        node->scratch_floats = larger(node->scratch_floats, scratch_of(&own->backward));
        node->work_floats += nas_winograd_packed(&own->backward);
    }
}

nas_status nas_conv_bind(nas_node *node, const nas_window *w, const nas_value *values, nas_arena *a,
                         nas_err *err) {
    conv_own *own = node->own = nas_arena_alloc(a, sizeof *own, err);
    if (!own) return NAS_ENOMEM;
    own->bias = node->n_weights > 1;
    own->has_dx = node->edge[0].wanted;
    if (node->tile[0]) {
        bind_tiles(node, own, w, values);
        return NAS_OK;
    }
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
    if (node->tile[0]) {
        run->kernel->winograd_pack(&own->forward, w, node->work);
        if (run->training && own->has_dx)
            run->kernel->winograd_pack(&own->backward, w, node->work + own->backward_at);
        return;
    }
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
    if (!node->tile[0]) {
        run->kernel->conv(&own->taps.forward, run->n, x.at, node->work, bias, y.at);
        return;
    }
    const nas_winograd p = tiles_for(&own->forward, run->n);
    run->kernel->winograd(&p, run->n, x.at, node->work, bias, y.at,
                          nas_run_lane(run, run->net->scratch));
}

/* The sums over tiles become those of weights once all images of the part are in them. */
static void backward_tiles(const nas_node *node, const nas_run *run) {
    const conv_own *own = node->own;
    const nas_map x = nas_node_x(node, 0, run), dy = nas_node_dy(node, run);
    float *scratch = nas_run_lane(run, run->net->scratch);
    float *du = nas_run_lane(run, node->lane_work);
    nas_winograd weights = tiles_for(&own->forward, run->n);
    weights.fresh = run->opens;
    weights.conv.y_image = dy.image; /* dy's border may differ from y's */
    weights.conv.y_row = dy.row;
    run->kernel->winograd_weights(&weights, run->n, x.at, dy.at, du, scratch);
    if (run->closes) run->kernel->winograd_unpack(&weights, du, nas_run_grad(node, 0, run));
    if (!own->has_dx) return;
    const nas_map dx = nas_node_dx(node, 0, run);
    const nas_winograd back = tiles_for(&own->backward, run->n);
    run->kernel->winograd(&back, run->n, dy.at, node->work + own->backward_at, NULL, dx.at,
                          scratch);
}

void nas_conv_backward(const nas_node *node, const nas_run *run) {
    const conv_own *own = node->own;
    const nas_taps *t = &own->taps;
    const nas_map x = nas_node_x(node, 0, run), dy = nas_node_dy(node, run);
    if (own->bias) run->kernel->sum_pixels(&dy, run->n, nas_run_grad(node, 1, run));
    if (node->tile[0]) {
        backward_tiles(node, run);
        return;
    }
    nas_conv weights = t->forward;
    weights.y_image = dy.image; /* dy's border may differ from y's */
    weights.y_row = dy.row;
    run->kernel->conv_weights(&weights, run->n, x.at, dy.at, nas_run_grad(node, 0, run));
    if (!node->edge[0].wanted) return;
    const nas_map dx = nas_node_dx(node, 0, run);
    for (int32_t i = 0; i < t->n_phases; i++) {
        const nas_phase *p = &t->phases[i];
        run->kernel->conv(&p->conv, run->n, dy.at, node->work + t->packed + p->packed, NULL,
                          dx.at + p->dx);
    }
}

nas_status nas_conv_lower(const nas_node *node, const nas_layer_spec *s, const nas_net *net,
                          nas_graph *g, int32_t in, int32_t *out, nas_err *err) {
    const nas_shape from = node->in_shape[0], to = node->out_shape;
    const int32_t dims[] = {to.c, s->kernel[0], s->kernel[1], from.c};
    nas_op op = {.kind = NAS_OP_CONV_2D,
                 .n_in = node->n_weights + 1,
                 .in = {in},
                 .padding = (nas_padding)s->padding,
                 .stride = {s->stride[0], s->stride[1]},
                 .dilation = {s->dilation[0], s->dilation[1]}};
    NAS_TRY(nas_lower_rank(g, from, false, &op.in[0], err));
    NAS_TRY(nas_lower_weight(node, net, 0, g, 4, dims, true, &op.in[1], err));
    if (s->bias) NAS_TRY(nas_lower_weight(node, net, 1, g, 1, dims, false, &op.in[2], err));
    return nas_lower_op(g, op, to, false, out, err);
}
