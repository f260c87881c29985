/* core/deploy/ops/leaky_relu.c - LEAKY_RELU (kernels/internal/reference/leaky_relu.h). */
#include "core/deploy/ops/op.h"

#include <math.h>

/* part leaky_relu_f32 */
static void leaky_relu_f32(int32_t n, float alpha, const float *x, float *y) {
    for (int32_t i = 0; i < n; i++) y[i] = x[i] > 0 ? x[i] : x[i] * alpha;
}
/* end */

static void read_leaky(nas_reader *r, const nas_flat_in_table *t, nas_loose_op *l) {
    const size_t at = nas_flat_field(&r->f, t, TFL_LEAKY_ALPHA, 4);
    l->o.alpha = at ? nas_flat_get_f32(&r->f, at) : 0;
}

static void write_leaky(nas_flat *f, const nas_graph *g, const nas_op *o) {
    (void)g;
    nas_flat_f32(f, TFL_LEAKY_ALPHA, o->alpha);
}

static void run_f32(const nas_step *s) {
    leaky_relu_f32((int32_t)nas_tensor_count(s->out), s->op->alpha, s->x[0], s->y);
}

static int8_t code_of(const nas_step *s, int32_t code) {
    const float from = s->in[0]->scale[0], to = s->out->scale[0];
    const int32_t v = code - s->in[0]->zero_point[0];
    const float ratio = v >= 0 ? from / to : from * s->op->alpha / to;
    const int64_t y =
        (int64_t)nas_fixed_scale(v, nas_fixed_of((double)ratio)) + s->out->zero_point[0];
    return (int8_t)(y < -128 ? -128 : y > 127 ? 127 : y);
}

static nas_status open_leaky(nas_step *s, nas_arena *a, nas_err *err) {
    s->run = run_f32;
    return s->out->dtype == NAS_F32 ? NAS_OK : nas_table_open(s, code_of, a, err);
}

static nas_status emit_leaky(nas_emitter *e) {
    char text[NAS_C_NUMBER];
    if (e->step.out->dtype == NAS_F32) {
        nas_c_float(text, e->step.op->alpha);
        nas_emit_begin(e, "leaky_relu_f32");
        fprintf(e->calls, "%lld, %s, ", (long long)nas_tensor_count(e->step.out), text);
        nas_emit_end(e);
    } else {
        nas_table_emit(e, code_of);
    }
    return NAS_OK;
}

const nas_deploy_op nas_deploy_leaky_relu = {
    .options = 75,
    .read = read_leaky,
    .write = write_leaky,
    .open = open_leaky,
    .emit = emit_leaky,
};
