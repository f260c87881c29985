/* core/deploy/ops/relu.c - RELU and RELU6. */
#include "core/deploy/ops/op.h"

static nas_status relu(nas_emitter *e) {
    const nas_activation a = e->step.op->kind == NAS_OP_RELU ? NAS_ACT_RELU : NAS_ACT_RELU6;
    char text[NAS_C_NUMBER];
    if (e->step.out->dtype == NAS_I8) {
        const nas_fixed scale = nas_relu_scale(&e->step);
        e->step.out = nas_relu_units(&e->step);
        nas_emit_rescale(e, a, scale);
        return NAS_OK;
    }
    nas_emit_begin(e, "clamp_all");
    nas_emit_limits(a, text);
    fprintf(e->calls, "%lld, %s, ", (long long)nas_tensor_count(e->step.out), text);
    nas_emit_end(e);
    return NAS_OK;
}

const nas_deploy_op nas_deploy_relu = {
    .units = NAS_UNITS_IN_OUT,
    .open = nas_step_relu,
    .emit = relu,
};

const nas_deploy_op nas_deploy_relu6 = {
    .open = nas_step_relu,
    .emit = relu,
};
