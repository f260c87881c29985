/* core/graph/ops/softmax.c - SOFTMAX and LOG_SOFTMAX over the last axis. */
#include "core/graph/op_row.h"

#include <math.h>

static nas_status check_softmax(const nas_check *c) {
    NAS_TRY(nas_check_activations(c));
    if (!nas_same_shape(c->x, c->y) || c->x->rank < 1)
        return nas_check_bad(c, "input and output differ in shape");
    if (!isfinite(c->o->beta) || !(c->o->beta > 0)) return nas_check_bad(c, "beta is not above 0");
    if (c->x->dtype == NAS_F32) return NAS_OK;
    if (c->y->zero_point[0] != -128 || fabsf(c->y->scale[0] - 1.0f / 256) > 0.001f / 256)
        return nas_check_bad(c, "its int8 output must have scale 1/256 and zero point -128");
    if (!((double)c->o->beta * (double)c->x->scale[0] * 0x1p26 > 1))
        return nas_check_bad(c, "its input scale is too small");
    if (c->x->dims[c->x->rank - 1] > NAS_MOST_INT8_CLASSES)
        return nas_check_bad(c, "int8 sums over more than %d values", NAS_MOST_INT8_CLASSES);
    return NAS_OK;
}

static nas_status complete(nas_graph *g, nas_op *o, nas_err *err) {
    (void)g;
    (void)err;
    if (o->beta == 0) o->beta = 1;
    return NAS_OK;
}

const nas_op_row nas_op_softmax = {
    .name = "SOFTMAX",
    .operands = 1,
    .scale = NAS_SCALE_FIXED,
    .fixed_scale = 1.0f / 256,
    .fixed_zero_point = -128,
    .check = check_softmax,
    .complete = complete,
    .releases = {{NAS_FORM_FLOAT, 1, NAS_RELEASE(1, 5), 0},
                 {NAS_FORM_INT8, 2, NAS_RELEASE(1, 14), 0}},
};

static nas_status check_log(const nas_check *c) {
    NAS_TRY(nas_check_activations(c));
    NAS_TRY(nas_check_same_shape(c));
    if (c->x->rank < 1) return nas_check_bad(c, "its input has no axis");
    if (c->x->dtype == NAS_F32) return NAS_OK;
    if (c->y->zero_point[0] != 127 || c->y->scale[0] != 1.0f / 16)
        return nas_check_bad(c, "its int8 output must have scale 1/16 and zero point 127");
    if (!((double)c->x->scale[0] * 0x1p26 > 1))
        return nas_check_bad(c, "its input scale is too small");
    if (c->x->dims[c->x->rank - 1] > NAS_MOST_INT8_CLASSES)
        return nas_check_bad(c, "int8 sums over more than %d values", NAS_MOST_INT8_CLASSES);
    return NAS_OK;
}

const nas_op_row nas_op_log_softmax = {
    .name = "LOG_SOFTMAX",
    .operands = 1,
    .scale = NAS_SCALE_FIXED,
    .fixed_scale = 1.0f / 16,
    .fixed_zero_point = 127,
    .check = check_log,
    .releases = {{NAS_FORM_FLOAT, 1, NAS_RELEASE(1, 14), 0},
                 {NAS_FORM_INT8, 2, NAS_RELEASE(1, 14), 0}},
};
