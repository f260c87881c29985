/* core/deploy/interp/step_softmax.c - SOFTMAX over the last axis
 * (kernels/internal/reference/softmax.h).
 */
#include "core/deploy/interp/interp_int.h"

#include <math.h>

typedef struct softmax {
    int64_t rows;
    int32_t depth;
    int32_t *exponential; /* of int8: of the differences 0, -1 ... -255 to the largest code */
} softmax;

static void run_f32(const nas_step *s) {
    const softmax *d = s->state;
    const float *x = s->x[0], beta = s->op->beta;
    float *y = s->y;
    for (int64_t r = 0; r < d->rows; r++, x += d->depth, y += d->depth) {
        float max = x[0], sum = 0;
        for (int32_t c = 1; c < d->depth; c++) max = max < x[c] ? x[c] : max;
        for (int32_t c = 0; c < d->depth; c++) {
            y[c] = expf((x[c] - max) * beta);
            sum += y[c];
        }
        for (int32_t c = 0; c < d->depth; c++) y[c] /= sum;
    }
}

static void row_i8(const softmax *d, const int8_t *x, int8_t *y) {
    int32_t max = -128, sum = 0; /* sum has 12 integer bits */
    for (int32_t c = 0; c < d->depth; c++) max = max < x[c] ? x[c] : max;
    for (int32_t c = 0; c < d->depth; c++) {
        const int32_t part = nas_fixed_shift(d->exponential[max - x[c]], 12);
        sum = (int32_t)((uint32_t)sum + (uint32_t)part);
    }
    const int32_t lead = sum > 0 ? __builtin_clz((unsigned)sum) : 0;
    const uint32_t fraction = ((uint32_t)sum << lead) - 0x80000000u;
    const int32_t inverse = nas_fixed_reciprocal((int32_t)fraction);
    const int32_t shift = 12 - lead + 31 - 8; /* above 31 every part is less than half a step */
    for (int32_t c = 0; c < d->depth; c++) {
        const int32_t part = nas_fixed_high(inverse, d->exponential[max - x[c]]);
        const int32_t v = (shift > 31 ? 0 : nas_fixed_shift(part, shift)) - 128;
        y[c] = (int8_t)(v > 127 ? 127 : v < -128 ? -128 : v);
    }
}

static void run_i8(const nas_step *s) {
    const softmax *d = s->state;
    for (int64_t r = 0; r < d->rows; r++)
        row_i8(d, (const int8_t *)s->x[0] + r * d->depth, (int8_t *)s->y + r * d->depth);
}

/* Differences are scaled to 5 integer bits; what they cannot hold adds nothing. */
int32_t nas_softmax_exp(const nas_step *s, int32_t difference) {
    const double real = (double)s->op->beta * (double)s->in[0]->scale[0] * 0x1p26;
    const nas_fixed scale = nas_fixed_of(real < 0x1p31 - 1 ? real : 0x1p31 - 1);
    const int32_t least = -(int32_t)floor(31 * 0x1p26 / ldexp(1, scale.shift));
    return difference < least ? 0 : nas_fixed_exp(nas_fixed_scale(difference, scale));
}

nas_status nas_step_softmax(nas_step *s, nas_arena *a, nas_err *err) {
    const nas_tensor *x = s->in[0];
    softmax *d = nas_arena_alloc(a, sizeof *d, err);
    if (!d) return NAS_ENOMEM;
    d->depth = x->dims[x->rank - 1];
    d->rows = nas_tensor_count(x) / d->depth;
    s->state = d;
    s->run = run_f32;
    if (x->dtype == NAS_F32) return NAS_OK;
    d->exponential = nas_arena_array(a, 256, sizeof *d->exponential, err);
    if (!d->exponential) return NAS_ENOMEM;
    for (int32_t i = 0; i < 256; i++) d->exponential[i] = nas_softmax_exp(s, -i);
    s->run = run_i8;
    return NAS_OK;
}
