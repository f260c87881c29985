/* core/graph/ops/convert.c - QUANTIZE and DEQUANTIZE. */
#include "core/graph/op_row.h"

static nas_status check_quantize(const nas_check *c) {
    if (!nas_same_shape(c->x, c->y)) return nas_check_bad(c, "input and output differ in shape");
    if (c->y->dtype != NAS_I8 || c->y->n_scale != 1)
        return nas_check_bad(c, "its output must be int8");
    if (c->x->dtype == NAS_F32) return NAS_OK;
    NAS_TRY(nas_check_activations(c));
    return nas_check_multiplier(c, (double)c->x->scale[0] / (double)c->y->scale[0]);
}

static nas_status check_dequantize(const nas_check *c) {
    if (!nas_same_shape(c->x, c->y)) return nas_check_bad(c, "input and output differ in shape");
    const bool int8 = c->x->dtype == NAS_I8 && c->x->n_scale == 1;
    const bool half = c->x->dtype == NAS_F16 && nas_check_fixed(c, 0);
    if ((!int8 && !half) || c->y->dtype != NAS_F32)
        return nas_check_bad(
            c, "it takes int8 with one scale or a float16 constant and gives float32");
    return NAS_OK;
}

static nas_form dequantize_form(const nas_graph *g, const nas_op *o) {
    return nas_op_is_int8(g, o) ? NAS_FORM_INT8 : NAS_FORM_HALF;
}

static int32_t quantize_version(const nas_graph *g, const nas_op *o) {
    (void)g;
    (void)o;
    return 1;
}

static int32_t dequantize_version(const nas_graph *g, const nas_op *o) {
    return nas_op_is_int8(g, o) ? 2 : 3;
}

const nas_op_row nas_op_quantize = {
    .name = "QUANTIZE",
    .operands = 1,
    .exact = true,
    .formats = true,
    .check = check_quantize,
    .version = quantize_version,
    .releases = {{NAS_FORM_FLOAT, 1, NAS_RELEASE(1, 14), 0},
                 {NAS_FORM_INT8, 1, NAS_RELEASE(1, 14), 0},
                 {NAS_FORM_INT8, 2, NAS_RELEASE(1, 15), 0}},
};

const nas_op_row nas_op_dequantize = {
    .name = "DEQUANTIZE",
    .operands = 1,
    .exact = true,
    .formats = true,
    .check = check_dequantize,
    .form = dequantize_form,
    .version = dequantize_version,
    .releases = {{NAS_FORM_INT8, 2, NAS_RELEASE(1, 14), 0},
                 {NAS_FORM_HALF, 3, NAS_RELEASE(1, 15), 0}},
};
