/* core/deploy/ops/hard_swish.c - HARD_SWISH. In int8 with 16 bits, as the reference kernels have it
 * (kernels/internal/reference/hard_swish.h). */
#include "core/deploy/ops/op.h"

#include <math.h>

/* part hard_swish_f32 */
static void hard_swish_f32(int32_t n, const float *x, float *y) {
    for (int32_t i = 0; i < n; i++) {
        const float up = x[i] + 3 > 0 ? x[i] + 3 : 0;
        y[i] = x[i] * (up < 6 ? up : 6) / 6;
    }
}
/* end */

static void run_f32(const nas_step *s) {
    hard_swish_f32((int32_t)nas_tensor_count(s->out), s->x[0], s->y);
}

static int32_t clip16(int32_t v) {
    return v < INT16_MIN ? INT16_MIN : v > INT16_MAX ? INT16_MAX : v;
}

/* High half of 2ab of 16 bits, rounded to nearest (halves away from zero). */
static int32_t high16(int32_t a, int32_t b) {
    const int32_t p = a * b;
    return (p + (p >= 0 ? 1 << 14 : 1 - (1 << 14))) / (1 << 15);
}

/* A multiplier with its 16 upper bits. */
static nas_fixed half_of(double real) {
    nas_fixed f = nas_fixed_of(real);
    f.mult = f.mult >= INT32_MAX - (1 << 15) ? INT16_MAX : (f.mult + (1 << 15)) >> 16;
    return f;
}

/* 3 is 2^15; the part of the value that is kept, as 15 bits. */
static int32_t kept_part(int32_t fine, nas_fixed f) {
    int32_t v = fine;
    if (f.shift > 0) v = clip16(f.shift > 16 ? v * 0x8000 : v * (1 << (f.shift - 1)));
    v = high16(v, f.mult);
    if (f.shift > 0) v = clip16(v * 2);
    if (f.shift < 0) v = nas_fixed_shift(v, -f.shift);
    return (v + (1 << 15)) >> 1;
}

static int8_t code_of(const nas_step *s, int32_t code) {
    const float fine_scale = 1.0f / 128 * s->in[0]->scale[0];
    const nas_fixed out = half_of((double)(fine_scale / s->out->scale[0]));
    const nas_fixed kept = half_of((double)(fine_scale / (3.0f / 32768)));
    const int32_t fine = (code - s->in[0]->zero_point[0]) * (1 << 7);
    const int32_t product = kept_part(fine, kept) * high16(fine, out.mult) / (1 << 15);
    const int32_t y = nas_fixed_shift(product, -out.shift) + s->out->zero_point[0];
    return (int8_t)(y < -128 ? -128 : y > 127 ? 127 : y);
}

static nas_status open_hard_swish(nas_step *s, nas_arena *a, nas_err *err) {
    s->run = run_f32;
    return s->out->dtype == NAS_F32 ? NAS_OK : nas_table_open(s, code_of, a, err);
}

static nas_status emit_hard_swish(nas_emitter *e) {
    if (e->step.out->dtype == NAS_F32) {
        nas_emit_begin(e, "hard_swish_f32");
        fprintf(e->calls, "%lld, ", (long long)nas_tensor_count(e->step.out));
        nas_emit_end(e);
    } else {
        nas_table_emit(e, code_of);
    }
    return NAS_OK;
}

const nas_deploy_op nas_deploy_hard_swish = {
    .options = 91,
    .open = open_hard_swish,
    .emit = emit_hard_swish,
};
