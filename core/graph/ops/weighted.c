/* core/graph/ops/weighted.c - CONV_2D, DEPTHWISE_CONV_2D and FULLY_CONNECTED. */
#include "core/graph/op_row.h"

static nas_status check_int8_weights(const nas_check *c, const nas_tensor *w, const nas_tensor *b,
                                     int32_t axis, int64_t products) {
    if (w->dtype != NAS_I8 || (b && b->dtype != NAS_I32))
        return nas_check_bad(c, "int8 needs an int8 kernel and an int32 bias");
    if (w->n_scale < 1 || (w->n_scale > 1 && w->axis != axis))
        return nas_check_bad(c, "its kernel needs scales along axis %d", axis);
    if (products > NAS_MOST_INT8_SUM)
        return nas_check_bad(c, "more than %d products in a sum", NAS_MOST_INT8_SUM);
    for (int32_t k = 0; k < w->n_scale; k++) {
        const bool free_zero = c->o->kind == NAS_OP_FULLY_CONNECTED && w->n_scale == 1;
        if (w->zero_point[k] != 0 && !free_zero)
            return nas_check_bad(c, "its kernel has a zero point");
        NAS_TRY(nas_check_multiplier(c, (double)c->x->scale[0] * (double)w->scale[k] /
                                            (double)c->y->scale[0]));
        /* With one scale a FULLY_CONNECTED multiplies in float. */
        const float product = c->x->scale[0] * w->scale[k];
        if (free_zero) NAS_TRY(nas_check_multiplier(c, (double)product / (double)c->y->scale[0]));
    }
    return NAS_OK;
}

static nas_status check_hybrid(const nas_check *c, const nas_tensor *w, const nas_tensor *b,
                               int32_t axis, int64_t products) {
    if (b && b->dtype != NAS_F32) return nas_check_bad(c, "a float input needs a float bias");
    if (w->n_scale < 1 || (w->n_scale > 1 && w->axis != axis) ||
        (c->o->kind == NAS_OP_DEPTHWISE_CONV_2D && w->n_scale != w->dims[axis]))
        return nas_check_bad(c, "its kernel needs scales along axis %d", axis);
    if (products > NAS_MOST_INT8_SUM)
        return nas_check_bad(c, "more than %d products in a sum", NAS_MOST_INT8_SUM);
    for (int32_t k = 0; k < w->n_scale; k++)
        if (w->zero_point[k] != 0) return nas_check_bad(c, "its kernel has a zero point");
    return NAS_OK;
}

static nas_status check_weights(const nas_check *c, const nas_tensor *w, int32_t axis,
                                int64_t products) {
    const nas_tensor *b = nas_check_operand(c, 2);
    NAS_TRY(nas_check_activation_kind(c));
    NAS_TRY(nas_check_activations(c));
    if (!nas_check_fixed(c, 1) || (b && !nas_check_fixed(c, 2)))
        return nas_check_bad(c, "its kernel and bias must be constants");
    if (!b && c->o->kind != NAS_OP_FULLY_CONNECTED) return nas_check_bad(c, "it has no bias");
    if (b && nas_tensor_count(b) != w->dims[axis])
        return nas_check_bad(c, "its bias is not one value for each of %d channels", w->dims[axis]);
    if (c->x->dtype == NAS_I8) return check_int8_weights(c, w, b, axis, products);
    if (w->dtype == NAS_I8) return check_hybrid(c, w, b, axis, products);
    if (w->dtype != NAS_F32 || (b && b->dtype != NAS_F32))
        return nas_check_bad(c, "a float operator needs a float kernel and bias");
    return NAS_OK;
}

static nas_status check_conv(const nas_check *c) {
    const nas_tensor *w = nas_check_operand(c, 1);
    NAS_TRY(nas_check_map(c));
    if (!w || w->rank != 4) return nas_check_bad(c, "its kernel must have the shape [out,h,w,in]");
    if (w->dims[3] != c->x->dims[3])
        return nas_check_bad(c, "its kernel takes %d channels, the input has %d", w->dims[3],
                             c->x->dims[3]);
    NAS_TRY(nas_check_window(c, &w->dims[1], c->o->dilation, w->dims[0]));
    return check_weights(c, w, 0, (int64_t)w->dims[1] * w->dims[2] * w->dims[3]);
}

static nas_status check_depthwise(const nas_check *c) {
    const nas_tensor *w = nas_check_operand(c, 1);
    NAS_TRY(nas_check_map(c));
    if (!w || w->rank != 4 || w->dims[0] != 1)
        return nas_check_bad(c, "its kernel must have the shape [1,h,w,channels]");
    if (w->dims[3] % c->x->dims[3] != 0)
        return nas_check_bad(c, "its kernel has %d channels, no multiple of the input's %d",
                             w->dims[3], c->x->dims[3]);
    NAS_TRY(nas_check_window(c, &w->dims[1], c->o->dilation, w->dims[3]));
    return check_weights(c, w, 3, (int64_t)w->dims[1] * w->dims[2]);
}

static nas_status check_fully_connected(const nas_check *c) {
    const nas_tensor *w = nas_check_operand(c, 1);
    if (!w || w->rank != 2) return nas_check_bad(c, "its kernel must have the shape [out,in]");
    const int64_t n = nas_tensor_count(c->x);
    if (n % w->dims[1] != 0)
        return nas_check_bad(c, "its kernel takes %d inputs, the input has %lld", w->dims[1],
                             (long long)n);
    const int32_t dims[2] = {(int32_t)(n / w->dims[1]), w->dims[0]};
    if (!nas_shape_is(c->y, 2, dims))
        return nas_check_bad(c, "its output must be [%d,%d]", dims[0], dims[1]);
    return check_weights(c, w, 0, w->dims[1]);
}

/* The runtime demands a bias of its convolutions: zeros stand for one that was left out. */
static nas_status complete_bias(nas_graph *g, nas_op *o, nas_err *err) {
    nas_op_at_least_one(o->stride);
    nas_op_at_least_one(o->dilation);
    if (o->n_in == 3 && o->in[2] >= 0) return NAS_OK;
    const bool known = o->n_in >= 2 && o->in[1] >= 0 && o->in[1] < g->n_tensors;
    const nas_tensor *w = known ? &g->tensors[o->in[1]] : NULL;
    if (!w || w->rank != 4 || w->dtype != NAS_F32) return NAS_OK;
    const int32_t c = w->dims[nas_op_row_of(o->kind)->kernel_axis];
    if (c < 1) return NAS_OK;
    o->n_in = 3;
    return nas_graph_constant(g, 1, &c, NULL, &o->in[2], err);
}

/* Products of one output: the kernel's dimensions but that of its channels. */
static int64_t macs(const nas_graph *g, const nas_op *o) {
    int64_t n = nas_tensor_count(&g->tensors[o->out]);
    const nas_tensor *k = &g->tensors[o->in[1]];
    for (int32_t i = 0; i < k->rank; i++)
        if (i != nas_op_row_of(o->kind)->kernel_axis) n *= k->dims[i];
    return n;
}

static bool by_channel(const nas_graph *g, const nas_op *o) {
    return g->tensors[o->in[1]].n_scale > 1;
}

static nas_form form(const nas_graph *g, const nas_op *o) {
    if (g->tensors[o->in[1]].dtype != NAS_I8) return NAS_FORM_FLOAT;
    return nas_op_is_int8(g, o) ? NAS_FORM_INT8 : NAS_FORM_HYBRID;
}

static nas_form dense_form(const nas_graph *g, const nas_op *o) {
    const nas_form f = form(g, o);
    return f == NAS_FORM_INT8 && by_channel(g, o) ? NAS_FORM_BY_CHANNEL : f;
}

static int32_t conv_version(const nas_graph *g, const nas_op *o) {
    if (form(g, o) == NAS_FORM_HYBRID) return by_channel(g, o) ? 5 : 2;
    return nas_op_is_int8(g, o) ? 3 : 1;
}

static int32_t depthwise_version(const nas_graph *g, const nas_op *o) {
    if (form(g, o) == NAS_FORM_HYBRID) return by_channel(g, o) ? 6 : 4;
    if (nas_op_is_int8(g, o)) return 3;
    return o->dilation[0] > 1 || o->dilation[1] > 1 ? 2 : 1;
}

static int32_t dense_version(const nas_graph *g, const nas_op *o) {
    if (form(g, o) == NAS_FORM_HYBRID) return by_channel(g, o) ? 12 : o->asymmetric ? 9 : 3;
    if (o->n_in < 3 || o->in[2] < 0) return 6;
    return nas_op_is_int8(g, o) ? 4 : 1;
}

const nas_op_row nas_op_conv_2d = {
    .name = "CONV_2D",
    .operands = 3,
    .weighted = true,
    .fuses = true,
    .check = check_conv,
    .complete = complete_bias,
    .macs = macs,
    .form = form,
    .version = conv_version,
    .releases = {{NAS_FORM_FLOAT, 1, NAS_RELEASE(1, 5), 0},
                 {NAS_FORM_HYBRID, 2, NAS_RELEASE(1, 14), 0},
                 {NAS_FORM_HYBRID, 5, NAS_RELEASE(2, 4), 0},
                 {NAS_FORM_INT8, 3, NAS_RELEASE(1, 14), 0}},
};

const nas_op_row nas_op_depthwise_conv_2d = {
    .name = "DEPTHWISE_CONV_2D",
    .operands = 3,
    .weighted = true,
    .kernel_axis = 3,
    .fuses = true,
    .check = check_depthwise,
    .complete = complete_bias,
    .macs = macs,
    .form = form,
    .version = depthwise_version,
    .releases = {{NAS_FORM_FLOAT, 1, NAS_RELEASE(1, 5), 0},
                 {NAS_FORM_FLOAT, 2, NAS_RELEASE(1, 12), 0},
                 {NAS_FORM_INT8, 3, NAS_RELEASE(1, 14), 0},
                 {NAS_FORM_HYBRID, 4, NAS_RELEASE(2, 2), 0},
                 {NAS_FORM_HYBRID, 6, NAS_RELEASE(2, 3), 0}},
};

const nas_op_row nas_op_fully_connected = {
    .name = "FULLY_CONNECTED",
    .operands = 3,
    .weighted = true,
    .fuses = true,
    .check = check_fully_connected,
    .macs = macs,
    .form = dense_form,
    .version = dense_version,
    .releases = {{NAS_FORM_FLOAT, 1, NAS_RELEASE(1, 5), 0},
                 {NAS_FORM_FLOAT, 5, NAS_RELEASE(2, 0), 0},
                 {NAS_FORM_FLOAT, 6, NAS_RELEASE(2, 1), 0},
                 {NAS_FORM_INT8, 4, NAS_RELEASE(1, 14), 0},
                 {NAS_FORM_INT8, 5, NAS_RELEASE(2, 0), 0},
                 {NAS_FORM_INT8, 6, NAS_RELEASE(2, 1), 0},
                 {NAS_FORM_BY_CHANNEL, 4, NAS_RELEASE(1, 14), 0},
                 {NAS_FORM_BY_CHANNEL, 5, NAS_RELEASE(2, 0), 0},
                 {NAS_FORM_BY_CHANNEL, 6, NAS_RELEASE(2, 1), 0},
                 {NAS_FORM_HYBRID, 3, NAS_RELEASE(1, 14), 0},
                 {NAS_FORM_HYBRID, 9, NAS_RELEASE(2, 3), 0},
                 {NAS_FORM_HYBRID, 12, NAS_RELEASE(2, 17), NAS_RELEASE(2, 1)}},
};
