/* core/graph/ops/transpose.c - TRANSPOSE: axes in another order. */
#include "core/graph/op_row.h"

static nas_status check_transpose(const nas_check *c) {
    const nas_tensor *s = nas_check_operand(c, 1);
    bool taken[NAS_MAX_RANK] = {false};
    NAS_TRY(nas_check_activations(c));
    NAS_TRY(nas_check_same_scale(c));
    if (!s) return nas_check_bad(c, "the order of its axes is missing");
    NAS_TRY(nas_check_list(c, s));
    if (nas_tensor_count(s) != c->x->rank || c->y->rank != c->x->rank)
        return nas_check_bad(c, "it orders %lld axes of %d", (long long)nas_tensor_count(s),
                             c->x->rank);
    const int32_t *order = s->data;
    for (int32_t k = 0; k < c->x->rank; k++) {
        if (order[k] < 0 || order[k] >= c->x->rank || taken[order[k]])
            return nas_check_bad(c, "axis %d", order[k]);
        taken[order[k]] = true;
        if (c->y->dims[k] != c->x->dims[order[k]])
            return nas_check_bad(c, "its output has the wrong shape");
    }
    return NAS_OK;
}

const nas_op_row nas_op_transpose = {
    .name = "TRANSPOSE",
    .operands = 2,
    .lists = 1u << 1,
    .exact = true,
    .scale = NAS_SCALE_INPUT,
    .check = check_transpose,
    .releases = {{NAS_FORM_FLOAT, 1, NAS_RELEASE(1, 6), 0},
                 {NAS_FORM_INT8, 2, NAS_RELEASE(1, 14), 0}},
};
