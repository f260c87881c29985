/* core/graph/ops/sigmoid.c - LOGISTIC and TANH. */
#include "core/graph/op_row.h"

#include <math.h>

static nas_status check_sigmoid(const nas_check *c) {
    const nas_op_row *row = nas_op_row_of(c->o->kind);
    const float scale = row->fixed_scale;
    NAS_TRY(nas_check_activations(c));
    NAS_TRY(nas_check_same_shape(c));
    if (c->x->dtype == NAS_F32) return NAS_OK;
    if (c->y->zero_point[0] != row->fixed_zero_point ||
        fabsf(c->y->scale[0] - scale) > 0.001f * scale)
        return nas_check_bad(c, "its int8 output must have scale 1/%d and zero point %d",
                             (int)(1 / scale), row->fixed_zero_point);
    /* Its multiplier has 4 integer bits. */
    return nas_check_multiplier(c, (double)c->x->scale[0] * 0x1p27);
}

const nas_op_row nas_op_logistic = {
    .name = "LOGISTIC",
    .operands = 1,
    .scale = NAS_SCALE_FIXED,
    .fixed_scale = 1.0f / 256,
    .fixed_zero_point = -128,
    .check = check_sigmoid,
    .releases = {{NAS_FORM_FLOAT, 1, NAS_RELEASE(1, 14), 0},
                 {NAS_FORM_INT8, 2, NAS_RELEASE(1, 14), 0}},
};

const nas_op_row nas_op_tanh = {
    .name = "TANH",
    .operands = 1,
    .scale = NAS_SCALE_FIXED,
    .fixed_scale = 1.0f / 128,
    .check = check_sigmoid,
    .releases = {{NAS_FORM_FLOAT, 1, NAS_RELEASE(1, 14), 0},
                 {NAS_FORM_INT8, 2, NAS_RELEASE(1, 14), 0}},
};
