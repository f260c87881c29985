/* core/deploy/ops/convert.c - QUANTIZE and DEQUANTIZE. */
#include "core/deploy/ops/op.h"

/* Between float and int8, or from one scale of int8 to another. */
static nas_status convert(nas_emitter *e) {
    const bool makes = e->step.op->kind == NAS_OP_QUANTIZE;
    const nas_tensor *of = makes ? e->step.out : e->step.in[0];
    if (makes && e->step.in[0]->dtype == NAS_I8) {
        nas_emit_rescale(e, NAS_ACT_NONE, nas_quantize_scale(&e->step));
        return NAS_OK;
    }
    if (of->dtype != NAS_I8) return nas_emit_unsupported(e, "only int8 is converted as it runs");
    char text[NAS_C_NUMBER];
    nas_c_float(text, of->scale[0]);
    nas_emit_begin(e, makes ? "quantize" : "dequantize");
    fprintf(e->calls, "%lld, %s, %d, ", (long long)nas_tensor_count(of), text, of->zero_point[0]);
    nas_emit_end(e);
    return NAS_OK;
}

const nas_deploy_op nas_deploy_quantize = {
    .options = 89,
    .open = nas_step_quantize,
    .emit = convert,
};

const nas_deploy_op nas_deploy_dequantize = {
    .options = 38,
    .open = nas_step_dequantize,
    .emit = convert,
};
