/* core/deploy/ops/sigmoid.c - LOGISTIC and TANH. In int8 as the reference kernels have it
 * (kernels/internal/reference/integer_ops/logistic.h and tanh.h); others differ by a code. */
#include "core/deploy/ops/op.h"

#include <math.h>

enum { INTEGER_BITS = 4 };

/* part logistic_f32 */
static void logistic_f32(int32_t n, const float *x, float *y) {
    for (int32_t i = 0; i < n; i++) y[i] = 1 / (1 + expf(-x[i]));
}
/* end */

/* part tanh_f32 */
static void tanh_f32(int32_t n, const float *x, float *y) {
    for (int32_t i = 0; i < n; i++) y[i] = tanhf(x[i]);
}
/* end */

static void run_f32(const nas_step *s) {
    const int32_t n = (int32_t)nas_tensor_count(s->out);
    if (s->op->kind == NAS_OP_TANH)
        tanh_f32(n, s->x[0], s->y);
    else
        logistic_f32(n, s->x[0], s->y);
}

/* 1 / (1 + exp(-v)) of v with 4 integer bits, as a fraction of 31 bits. */
static int32_t logistic_of(int32_t v) {
    if (v == 0) return 1 << 30;
    const int32_t above = nas_fixed_reciprocal(nas_fixed_exp_of(v < 0 ? v : -v, INTEGER_BITS));
    return v > 0 ? above : INT32_MAX - above;
}

/* The same of tanh: exp of twice v, which has one integer bit more. */
static int32_t tanh_of(int32_t v) {
    if (v == 0) return 0;
    const int32_t t = nas_fixed_complement(nas_fixed_exp_of(v < 0 ? v : -v, INTEGER_BITS + 1));
    return v < 0 ? -t : t;
}

/* Beyond the radius v has no code with 4 integer bits. */
static int8_t code_of(const nas_step *s, int32_t code) {
    const nas_fixed scale = nas_fixed_of((double)s->in[0]->scale[0] * 0x1p27);
    const int32_t v = code - s->in[0]->zero_point[0];
    const double radius = floor(15 * 0x1p27 / ldexp(1, scale.shift));
    if (v <= -radius) return -128;
    if (v >= radius) return 127;
    const int32_t fixed = nas_fixed_scale(v, scale);
    const bool tangent = s->op->kind == NAS_OP_TANH;
    const int32_t y = tangent ? nas_fixed_shift(tanh_of(fixed), 31 - 7)
                              : nas_fixed_shift(logistic_of(fixed), 31 - 8) - 128;
    return (int8_t)(y < -128 ? -128 : y > 127 ? 127 : y);
}

static nas_status open_sigmoid(nas_step *s, nas_arena *a, nas_err *err) {
    s->run = run_f32;
    return s->out->dtype == NAS_F32 ? NAS_OK : nas_table_open(s, code_of, a, err);
}

static nas_status emit_sigmoid(nas_emitter *e) {
    if (e->step.out->dtype == NAS_F32) {
        nas_emit_begin(e, e->step.op->kind == NAS_OP_TANH ? "tanh_f32" : "logistic_f32");
        fprintf(e->calls, "%lld, ", (long long)nas_tensor_count(e->step.out));
        nas_emit_end(e);
    } else {
        nas_table_emit(e, code_of);
    }
    return NAS_OK;
}

const nas_deploy_op nas_deploy_logistic = {
    .open = open_sigmoid,
    .emit = emit_sigmoid,
};

const nas_deploy_op nas_deploy_tanh = {
    .open = open_sigmoid,
    .emit = emit_sigmoid,
};
