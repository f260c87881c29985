/* core/deploy/ops/softmax.c - SOFTMAX. */
#include "core/deploy/ops/op.h"

#include <math.h>

static void read_softmax(nas_reader *r, const nas_flat_in_table *t, nas_loose_op *l) {
    const size_t at = nas_flat_field(&r->f, t, TFL_SOFTMAX_BETA, 4);
    l->o.beta = at ? nas_flat_get_f32(&r->f, at) : 0;
}

static void write_softmax(nas_flat *f, const nas_graph *g, const nas_op *o) {
    (void)g;
    nas_flat_f32(f, TFL_SOFTMAX_BETA, o->beta);
}

static nas_status softmax(nas_emitter *e) {
    const nas_tensor *x = e->step.in[0];
    const int32_t depth = x->dims[x->rank - 1];
    const int64_t rows = nas_tensor_count(x) / depth;
    if (x->dtype == NAS_F32) {
        char text[NAS_C_NUMBER];
        if (!isfinite(e->step.op->beta)) return nas_emit_unsupported(e, "beta is not finite");
        nas_c_float(text, e->step.op->beta);
        nas_emit_begin(e, "softmax_f32");
        fprintf(e->calls, "%lld, %d, %s, ", (long long)rows, depth, text);
    } else {
        int32_t v[256];
        for (int32_t i = 0; i < 256; i++) v[i] = nas_softmax_exp(&e->step, -i);
        nas_emit_begin(e, "softmax_i8");
        nas_emit_array(e, "int32_t", "exponential", 256, v, nas_c_i32);
        fprintf(e->calls, "%lld, %d, exponential_%d, ", (long long)rows, depth, e->n);
    }
    nas_emit_end(e);
    return NAS_OK;
}

const nas_deploy_op nas_deploy_softmax = {
    .options = 9,
    .read = read_softmax,
    .write = write_softmax,
    .open = nas_step_softmax,
    .emit = softmax,
};
