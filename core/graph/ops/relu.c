/* core/graph/ops/relu.c - RELU and RELU6. */
#include "core/graph/op_row.h"

static nas_status check_relu(const nas_check *c) {
    NAS_TRY(nas_check_activations(c));
    if (!nas_same_shape(c->x, c->y)) return nas_check_bad(c, "input and output differ in shape");
    if (c->x->dtype == NAS_F32) return NAS_OK;
    return nas_check_multiplier(c, (double)(c->x->scale[0] / c->y->scale[0]));
}

static nas_form relu6_form(const nas_graph *g, const nas_op *o) {
    if (!nas_op_is_int8(g, o)) return NAS_FORM_FLOAT;
    return nas_same_parameters(&g->tensors[o->in[0]], &g->tensors[o->out]) ? NAS_FORM_INT8
                                                                           : NAS_FORM_RESCALED;
}

const nas_op_row nas_op_relu = {
    .name = "RELU",
    .operands = 1,
    .is = NAS_ACT_RELU,
    .check = check_relu,
    .releases = {{NAS_FORM_FLOAT, 1, NAS_RELEASE(1, 5), 0},
                 {NAS_FORM_INT8, 2, NAS_RELEASE(2, 1), 0}},
};

/* tflite-micro keeps the scale. */
const nas_op_row nas_op_relu6 = {
    .name = "RELU6",
    .operands = 1,
    .is = NAS_ACT_RELU6,
    .scale = NAS_SCALE_INPUT,
    .check = check_relu,
    .form = relu6_form,
    .releases = {{NAS_FORM_FLOAT, 1, NAS_RELEASE(1, 5), 0},
                 {NAS_FORM_INT8, 2, NAS_RELEASE(1, 14), 0},
                 {NAS_FORM_RESCALED, 2, NAS_RELEASE(1, 14), 0}},
};
