/* core/graph/ops/pad.c - PAD with zeros. */
#include "core/graph/op_row.h"

static nas_status check_pad(const nas_check *c) {
    const nas_tensor *s = nas_check_operand(c, 1);
    NAS_TRY(nas_check_activations(c));
    NAS_TRY(nas_check_same_scale(c));
    if (!s || s->dtype != NAS_I32 || !s->data ||
        !nas_shape_is(s, 2, (const int32_t[]){c->x->rank, 2}))
        return nas_check_bad(c, "its second operand must be constant int32 of shape [%d,2]",
                             c->x->rank);
    if (c->y->rank != c->x->rank) return nas_check_bad(c, "input and output differ in rank");
    const int32_t *widths = s->data;
    for (int32_t k = 0; k < c->x->rank; k++) {
        const int32_t before = widths[2 * k], after = widths[2 * k + 1];
        if (before < 0 || after < 0 || (int64_t)c->x->dims[k] + before + after != c->y->dims[k])
            return nas_check_bad(c, "%d and %d around %d do not make %d along axis %d", before,
                                 after, c->x->dims[k], c->y->dims[k], k);
    }
    return NAS_OK;
}

const nas_op_row nas_op_pad = {
    .name = "PAD",
    .operands = 2,
    .lists = 1u << 1,
    .exact = true,
    .scale = NAS_SCALE_INPUT,
    .check = check_pad,
    .releases = {{NAS_FORM_FLOAT, 1, NAS_RELEASE(1, 5), 0},
                 {NAS_FORM_INT8, 2, NAS_RELEASE(1, 14), 0}},
};
