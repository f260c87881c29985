/* core/graph/ops/leaky_relu.c - LEAKY_RELU. */
#include "core/graph/op_row.h"

#include <math.h>

static nas_status check_leaky(const nas_check *c) {
    const float alpha = c->o->alpha;
    NAS_TRY(nas_check_activations(c));
    NAS_TRY(nas_check_same_shape(c));
    if (!isfinite(alpha)) return nas_check_bad(c, "its slope is not finite");
    if (c->x->dtype == NAS_F32) return NAS_OK;
    if (!(alpha >= 0)) return nas_check_bad(c, "its slope in int8 is %g, below 0", (double)alpha);
    NAS_TRY(nas_check_multiplier(c, (double)(c->x->scale[0] / c->y->scale[0])));
    return nas_check_multiplier(c, (double)(c->x->scale[0] * alpha / c->y->scale[0]));
}

const nas_op_row nas_op_leaky_relu = {
    .name = "LEAKY_RELU",
    .operands = 1,
    .check = check_leaky,
    .releases = {{NAS_FORM_FLOAT, 1, NAS_RELEASE(1, 13), 0},
                 {NAS_FORM_INT8, 2, NAS_RELEASE(2, 3), 0}},
};
