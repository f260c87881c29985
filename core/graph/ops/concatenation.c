/* core/graph/ops/concatenation.c - CONCATENATION along an axis. */
#include "core/graph/op_row.h"

static nas_status check_concatenation(const nas_check *c) {
    const int32_t axis = c->o->axis;
    int64_t along = 0;
    if (c->o->activation != NAS_ACT_NONE) return nas_check_bad(c, "it has a fused activation");
    if (axis < 0 || axis >= c->y->rank) return nas_check_bad(c, "axis %d", axis);
    NAS_TRY(nas_check_activations(c));
    for (int32_t k = 0; k < c->o->n_in; k++) {
        const nas_tensor *x = nas_check_operand(c, k);
        bool fits = x->dtype == c->y->dtype && x->rank == c->y->rank;
        for (int32_t i = 0; fits && i < x->rank; i++)
            fits = i == axis || x->dims[i] == c->y->dims[i];
        if (!fits) return nas_check_bad(c, "operand %d does not fit its output", k);
        if (x->dtype == NAS_I8 && (x->n_scale != 1 || !nas_same_parameters(x, c->y)))
            return nas_check_bad(c, "all operands and the output must have the same scale");
        along += x->dims[axis];
    }
    if (along == c->y->dims[axis]) return NAS_OK;
    return nas_check_bad(c, "its output is %d along axis %d", c->y->dims[axis], axis);
}

const nas_op_row nas_op_concatenation = {
    .name = "CONCATENATION",
    .operands = NAS_OP_INPUTS,
    .exact = true,
    .scale = NAS_SCALE_ALL,
    .check = check_concatenation,
    .releases = {{NAS_FORM_FLOAT, 1, NAS_RELEASE(1, 5), 0},
                 {NAS_FORM_INT8, 2, NAS_RELEASE(1, 14), 0}},
};
