/* core/deploy/plain/values.c - operators that go value by value, in an exported model.c. */
#include "core/deploy/plain/pairs.h"

#include <math.h>

/* part add_i8: pairs codes fixed_scale */
/* q->in is the first operand's zero point; scale: of both, and of the sum. */
static void add_i8(const pairs *p, const codes *q, int32_t other, const nas_fixed scale[3],
                   const int8_t *x, const int8_t *z, int8_t *y) {
    EACH_PAIR(p) {
        const int32_t a = (x[OPERAND(p, 0)] - q->in) * (1 << 20);
        const int32_t b = (z[OPERAND(p, 1)] - other) * (1 << 20);
        const int32_t sum = nas_fixed_scale(a, scale[0]) + nas_fixed_scale(b, scale[1]);
        *y++ = code_of(nas_fixed_scale(sum, scale[2]), q);
    }
}
/* end */

/* part mul_i8: pairs codes fixed_scale */
static void mul_i8(const pairs *p, const codes *q, int32_t other, nas_fixed scale, const int8_t *x,
                   const int8_t *z, int8_t *y) {
    EACH_PAIR(p) {
        const int32_t v = (x[OPERAND(p, 0)] - q->in) * (z[OPERAND(p, 1)] - other);
        *y++ = code_of(nas_fixed_scale(v, scale), q);
    }
}
/* end */

/* part add_f32: pairs clamp_f32 */
static void add_f32(const pairs *p, float lo, float hi, const float *x, const float *z, float *y) {
    EACH_PAIR(p) *y++ = clamp_f32(x[OPERAND(p, 0)] + z[OPERAND(p, 1)], lo, hi);
}
/* end */

/* part mul_f32: pairs clamp_f32 */
static void mul_f32(const pairs *p, float lo, float hi, const float *x, const float *z, float *y) {
    EACH_PAIR(p) *y++ = clamp_f32(x[OPERAND(p, 0)] * z[OPERAND(p, 1)], lo, hi);
}
/* end */

/* part scale_i8: codes fixed_scale */
/* Other scale, other zero point, and what an activation leaves. */
static void scale_i8(int32_t n, const codes *q, nas_fixed scale, const int8_t *x, int8_t *y) {
    for (int32_t i = 0; i < n; i++) y[i] = code_of(nas_fixed_scale(x[i] - q->in, scale), q);
}
/* end */

/* part clamp_all: clamp_f32 */
static void clamp_all(int32_t n, float lo, float hi, const float *x, float *y) {
    for (int32_t i = 0; i < n; i++) y[i] = clamp_f32(x[i], lo, hi);
}
/* end */

/* part quantize */
static void quantize(int32_t n, float scale, int32_t zero, const float *x, int8_t *y) {
    for (int32_t i = 0; i < n; i++) {
        const float r = roundf(x[i] / scale);
        const int32_t v = !(r > -1024) ? -128 : r > 1024 ? 127 : (int32_t)r + zero;
        y[i] = (int8_t)(v < -128 ? -128 : v > 127 ? 127 : v);
    }
}
/* end */

/* part dequantize */
static void dequantize(int32_t n, float scale, int32_t zero, const int8_t *x, float *y) {
    for (int32_t i = 0; i < n; i++) y[i] = (float)((double)scale * (x[i] - zero));
}
/* end */

/* part pad */
/* Bytes; the last of four axes counts them. */
static void pad(const int32_t in[4], const int32_t out[4], const int32_t before[4], int fill,
                const void *x, void *y) {
    const char *from = x;
    memset(y, fill, (size_t)out[0] * (size_t)out[1] * (size_t)out[2] * (size_t)out[3]);
    for (int32_t i = 0; i < in[0]; i++)
        for (int32_t j = 0; j < in[1]; j++)
            for (int32_t k = 0; k < in[2]; k++, from += in[3]) {
                const ptrdiff_t row =
                    ((ptrdiff_t)(i + before[0]) * out[1] + j + before[1]) * out[2];
                memcpy((char *)y + (row + k + before[2]) * out[3] + before[3], from, (size_t)in[3]);
            }
}
/* end */

/* part softmax_i8: fixed_high fixed_shift fixed_reciprocal */
/* exponential: of the 256 differences to the largest code, as fractions of 31 bits; 0 adds nothing.
 */
static void softmax_i8(int32_t rows, int32_t depth, const int32_t *exponential, const int8_t *x,
                       int8_t *y) {
    for (int32_t r = 0; r < rows; r++, x += depth, y += depth) {
        int32_t most = -128;
        uint32_t sum = 0; /* 12 integer bits */
        int lead = 0;
        for (int32_t c = 0; c < depth; c++) most = most < x[c] ? x[c] : most;
        for (int32_t c = 0; c < depth; c++)
            sum += (uint32_t)nas_fixed_shift(exponential[most - x[c]], 12);
        while (lead < 31 && !(sum << lead & 0x80000000u)) lead++;
        const int32_t inverse = nas_fixed_reciprocal((int32_t)((sum << lead) - 0x80000000u));
        const int32_t shift = 12 - lead + 31 - 8; /* above 31 every part is less than half a step */
        for (int32_t c = 0; c < depth; c++) {
            const int32_t part = nas_fixed_high(inverse, exponential[most - x[c]]);
            const int32_t v = (shift > 31 ? 0 : nas_fixed_shift(part, shift)) - 128;
            y[c] = (int8_t)(v > 127 ? 127 : v < -128 ? -128 : v);
        }
    }
}
/* end */

/* part softmax_f32 */
static void softmax_f32(int32_t rows, int32_t depth, float beta, const float *x, float *y) {
    for (int32_t r = 0; r < rows; r++, x += depth, y += depth) {
        float most = x[0], sum = 0;
        for (int32_t c = 1; c < depth; c++) most = most < x[c] ? x[c] : most;
        for (int32_t c = 0; c < depth; c++) {
            y[c] = expf((x[c] - most) * beta);
            sum += y[c];
        }
        for (int32_t c = 0; c < depth; c++) y[c] /= sum;
    }
}
/* end */
