/* core/graph/ops/pair.c - ADD, SUB and MUL of operands that broadcast. */
#include "core/graph/op_row.h"

/* Of twice the larger scale to the output's, with NAS_ADD_BITS in between (reference/add.h). */
static bool add_fits(float larger, float out) {
    return 2 * (double)larger / (0x1p20 * (double)out) < 1;
}

float nas_int8_add_width(float width, float larger) {
    return add_fits(larger, width / 255) ? width : larger * (255 * 0x1p-18f);
}

static nas_status check_elementwise(const nas_check *c) {
    const nas_tensor *b = nas_check_operand(c, 1);
    if (!b) return nas_check_bad(c, "its second operand is missing");
    NAS_TRY(nas_check_activation_kind(c));
    NAS_TRY(nas_check_activations(c));
    if (b->dtype != c->x->dtype) return nas_check_bad(c, "operands of different types");
    NAS_TRY(nas_check_broadcast(c, c->x, b));
    if (b->dtype == NAS_F32) return NAS_OK;
    if (b->n_scale != 1) return nas_check_bad(c, "an int8 operand without one scale");
    const float p = c->x->scale[0], q = b->scale[0], r = c->y->scale[0];
    if (c->o->kind == NAS_OP_MUL) return nas_check_multiplier(c, (double)(p * q / r));
    return add_fits(p > q ? p : q, r) ? NAS_OK : nas_check_bad(c, "its output scale is too small");
}

/* Version 3: a product of scales that is at least the output's. */
static int32_t mul_version(const nas_graph *g, const nas_op *o) {
    const nas_tensor *t = g->tensors;
    if (!nas_op_is_int8(g, o)) return 1;
    return t[o->in[0]].scale[0] * t[o->in[1]].scale[0] / t[o->out].scale[0] >= 1 ? 3 : 2;
}

const nas_op_row nas_op_add = {
    .name = "ADD",
    .operands = 2,
    .adds = true,
    .fuses = true,
    .check = check_elementwise,
    .releases = {{NAS_FORM_FLOAT, 1, NAS_RELEASE(1, 5), 0},
                 {NAS_FORM_INT8, 2, NAS_RELEASE(1, 14), 0}},
};

const nas_op_row nas_op_mul = {
    .name = "MUL",
    .operands = 2,
    .fuses = true,
    .check = check_elementwise,
    .version = mul_version,
    .releases = {{NAS_FORM_FLOAT, 1, NAS_RELEASE(1, 5), 0},
                 {NAS_FORM_INT8, 2, NAS_RELEASE(1, 14), 0},
                 {NAS_FORM_INT8, 3, NAS_RELEASE(1, 15), 0}},
};

const nas_op_row nas_op_sub = {
    .name = "SUB",
    .operands = 2,
    .adds = true,
    .fuses = true,
    .check = check_elementwise,
    .releases = {{NAS_FORM_FLOAT, 1, NAS_RELEASE(1, 6), 0},
                 {NAS_FORM_INT8, 2, NAS_RELEASE(1, 14), 0}},
};
