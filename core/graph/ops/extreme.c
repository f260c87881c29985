/* core/graph/ops/extreme.c - MINIMUM and MAXIMUM of operands that broadcast. */
#include "core/graph/op_row.h"

static nas_status check_extreme(const nas_check *c) {
    const nas_tensor *b = nas_check_operand(c, 1);
    if (!b) return nas_check_bad(c, "its second operand is missing");
    NAS_TRY(nas_check_activations(c));
    if (b->dtype != c->x->dtype) return nas_check_bad(c, "operands of different types");
    NAS_TRY(nas_check_broadcast(c, c->x, b));
    NAS_TRY(nas_check_same_scale(c));
    if (b->dtype == NAS_F32 || (b->n_scale == 1 && nas_same_parameters(b, c->y))) return NAS_OK;
    return nas_check_bad(c, "both operands and the output must have the same scale");
}

#define EXTREME(word)                                                       \
    {                                                                       \
        .name = word, .operands = 2, .exact = true, .scale = NAS_SCALE_ALL, \
        .check = check_extreme, .releases = {                               \
            {NAS_FORM_FLOAT, 1, NAS_RELEASE(1, 14), 0},                     \
            {NAS_FORM_INT8, 2, NAS_RELEASE(1, 14), 0}                       \
        }                                                                   \
    }
const nas_op_row nas_op_minimum = EXTREME("MINIMUM"), nas_op_maximum = EXTREME("MAXIMUM");
