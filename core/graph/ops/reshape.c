/* core/graph/ops/reshape.c - RESHAPE. */
#include "core/graph/op_row.h"

static nas_status check_reshape(const nas_check *c) {
    const nas_tensor *s = nas_check_operand(c, 1);
    if (c->x->dtype != c->y->dtype || nas_tensor_count(c->x) != nas_tensor_count(c->y))
        return nas_check_bad(c, "input and output differ in type or number of elements");
    NAS_TRY(nas_check_same_scale(c));
    if (!s) return NAS_OK;
    NAS_TRY(nas_check_list(c, s));
    if (nas_tensor_count(s) != c->y->rank)
        return nas_check_bad(c, "its shape operand is not the output's");
    const int32_t *dims = s->data;
    for (int32_t k = 0; k < c->y->rank; k++)
        if (dims[k] != -1 && dims[k] != c->y->dims[k])
            return nas_check_bad(c, "its shape operand is not the output's");
    return NAS_OK;
}

static int32_t version(const nas_graph *g, const nas_op *o) {
    (void)g;
    (void)o;
    return 1;
}

const nas_op_row nas_op_reshape = {
    .name = "RESHAPE",
    .operands = 2,
    .lists = 1u << 1,
    .renames = true,
    .exact = true,
    .scale = NAS_SCALE_INPUT,
    .check = check_reshape,
    .version = version,
    .releases = {{NAS_FORM_FLOAT, 1, NAS_RELEASE(1, 5), 0},
                 {NAS_FORM_INT8, 1, NAS_RELEASE(1, 5), 0}},
};
