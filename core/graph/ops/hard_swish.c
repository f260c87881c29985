/* core/graph/ops/hard_swish.c - HARD_SWISH: x relu6(x + 3) / 6. Howard et al., "Searching for
 * MobileNetV3", 2019, section 5.2. */
#include "core/graph/op_row.h"

/* Runtimes demand an output multiplier of at most 1 (kernels/activations.cc). */
static nas_status check_hard_swish(const nas_check *c) {
    NAS_TRY(nas_check_activations(c));
    NAS_TRY(nas_check_same_shape(c));
    if (c->x->dtype == NAS_F32) return NAS_OK;
    if (!(c->x->scale[0] / 128 / c->y->scale[0] < 0.999f))
        return nas_check_bad(c, "its output scale is too small");
    if (!(c->x->scale[0] < 0x1p16f)) return nas_check_bad(c, "its input scale is too large");
    return NAS_OK;
}

static int32_t version(const nas_graph *g, const nas_op *o) {
    (void)g;
    (void)o;
    return 1;
}

const nas_op_row nas_op_hard_swish = {
    .name = "HARD_SWISH",
    .operands = 1,
    .check = check_hard_swish,
    .version = version,
    .releases = {{NAS_FORM_FLOAT, 1, NAS_RELEASE(1, 15), 0},
                 {NAS_FORM_INT8, 1, NAS_RELEASE(1, 15), 0}},
};
