/* core/deploy/plain/kernels.c - the operators as they stand in an exported model.c: C99, no
 * runtime. core/deploy/emit/emit.c copies the parts that a model uses, each with what it needs;
 * what lies outside of parts is not copied. Arithmetic as in core/deploy/interp/step_*.c, products
 * and sums one by one. */
#include "core/deploy/fixed.h"

#include <float.h>
#include <math.h>
#include <stddef.h>
#include <string.h>

/* part window */
/* A window that goes over a map [h][w][c]; what it covers outside counts as zero. */
typedef struct window {
    int32_t in[3], out[3]; /* h, w, c */
    int32_t size[2], stride[2], dilation[2];
    int32_t before[2]; /* rows above and columns left of the map */
} window;

/* Where tap k of an output along one axis reads; below 0: outside. */
static int32_t tap_at(const window *n, int axis, int32_t out, int32_t k) {
    const int32_t at = out * n->stride[axis] - n->before[axis] + k * n->dilation[axis];
    return at < n->in[axis] ? at : -1;
}
/* end */

/* part clamp_f32 */
static float clamp_f32(float v, float lo, float hi) {
    v = v < lo ? lo : v;
    return v > hi ? hi : v;
}
/* end */

/* part codes */
/* Zero points of input and output, and the codes that an activation leaves. */
typedef struct codes {
    int32_t in, out, lo, hi;
} codes;

static int8_t code_of(int64_t v, const codes *q) {
    v += q->out;
    return (int8_t)(v < q->lo ? q->lo : v > q->hi ? q->hi : v);
}
/* end */

/* --- convolutions: kernels are [out][h][w][in], of depthwise [h][w][channel]
 * ---------------------- */

/* part conv_sum: window */
static int32_t conv_sum(const window *n, const int8_t *kernel, int32_t zero, const int8_t *x,
                        int32_t row, int32_t column, int32_t o) {
    const int32_t depth = n->in[2];
    int32_t sum = 0;
    for (int32_t i = 0; i < n->size[0]; i++) {
        const int32_t r = tap_at(n, 0, row, i);
        for (int32_t j = 0; r >= 0 && j < n->size[1]; j++) {
            const int32_t q = tap_at(n, 1, column, j);
            if (q < 0) continue;
            const int8_t *from = x + ((ptrdiff_t)r * n->in[1] + q) * depth;
            const int8_t *k = kernel + (((ptrdiff_t)o * n->size[0] + i) * n->size[1] + j) * depth;
            for (int32_t c = 0; c < depth; c++) sum += (from[c] - zero) * k[c];
        }
    }
    return sum;
}
/* end */

/* part depth_sum: window */
static int32_t depth_sum(const window *n, const int8_t *kernel, int32_t zero, const int8_t *x,
                         int32_t row, int32_t column, int32_t o) {
    const int32_t from = o / (n->out[2] / n->in[2]);
    int32_t sum = 0;
    for (int32_t i = 0; i < n->size[0]; i++) {
        const int32_t r = tap_at(n, 0, row, i);
        for (int32_t j = 0; r >= 0 && j < n->size[1]; j++) {
            const int32_t q = tap_at(n, 1, column, j);
            if (q < 0) continue;
            const int32_t v = x[((ptrdiff_t)r * n->in[1] + q) * n->in[2] + from] - zero;
            sum += v * kernel[((ptrdiff_t)i * n->size[1] + j) * n->out[2] + o];
        }
    }
    return sum;
}
/* end */

/* part window_sum: window */
/* conv_sum or depth_sum: of one output, before its bias. */
typedef int32_t window_sum(const window *n, const int8_t *kernel, int32_t zero, const int8_t *x,
                           int32_t row, int32_t column, int32_t o);
/* end */

/* part window_i8: window_sum codes fixed_scale */
static void window_i8(const window *n, const codes *q, window_sum *sum_of, const int8_t *kernel,
                      const int32_t *bias, const nas_fixed *scale, const int8_t *x, int8_t *y) {
    for (int32_t i = 0; i < n->out[0]; i++)
        for (int32_t j = 0; j < n->out[1]; j++)
            for (int32_t o = 0; o < n->out[2]; o++) {
                const uint32_t sum = (uint32_t)sum_of(n, kernel, q->in, x, i, j, o);
                *y++ = code_of(nas_fixed_scale((int32_t)(sum + (uint32_t)bias[o]), scale[o]), q);
            }
}
/* end */

/* part dense_i8: codes fixed_scale */
/* step: from the scale of an output to that of the next; 0 where all have one. */
static void dense_i8(int32_t rows, int32_t in, int32_t out, const codes *q, const int8_t *kernel,
                     const int32_t *bias, const nas_fixed *scale, int32_t step, const int8_t *x,
                     int8_t *y) {
    for (int32_t r = 0; r < rows; r++, x += in)
        for (int32_t o = 0; o < out; o++) {
            const int8_t *k = kernel + (ptrdiff_t)o * in;
            uint32_t sum = (uint32_t)bias[o];
            for (int32_t c = 0; c < in; c++) sum += (uint32_t)((x[c] - q->in) * k[c]);
            *y++ = code_of(nas_fixed_scale((int32_t)sum, scale[o * step]), q);
        }
}
/* end */

/* part conv_f32: window clamp_f32 */
static void conv_f32(const window *n, const float *kernel, const float *bias, float lo, float hi,
                     const float *x, float *y) {
    const int32_t depth = n->in[2];
    for (int32_t i = 0; i < n->out[0]; i++)
        for (int32_t j = 0; j < n->out[1]; j++) {
            const float *k = kernel;
            for (int32_t o = 0; o < n->out[2]; o++) {
                float sum = 0;
                for (int32_t a = 0; a < n->size[0]; a++)
                    for (int32_t b = 0; b < n->size[1]; b++, k += depth) {
                        const int32_t r = tap_at(n, 0, i, a), q = tap_at(n, 1, j, b);
                        if (r < 0 || q < 0) continue;
                        const float *from = x + ((ptrdiff_t)r * n->in[1] + q) * depth;
                        for (int32_t c = 0; c < depth; c++) sum += from[c] * k[c];
                    }
                *y++ = clamp_f32(sum + bias[o], lo, hi);
            }
        }
}
/* end */

/* part depthwise_f32: window clamp_f32 */
static void depthwise_f32(const window *n, const float *kernel, const float *bias, float lo,
                          float hi, const float *x, float *y) {
    for (int32_t i = 0; i < n->out[0]; i++)
        for (int32_t j = 0; j < n->out[1]; j++)
            for (int32_t o = 0; o < n->out[2]; o++) {
                const int32_t from = o / (n->out[2] / n->in[2]);
                float sum = 0;
                for (int32_t a = 0; a < n->size[0]; a++)
                    for (int32_t b = 0; b < n->size[1]; b++) {
                        const int32_t r = tap_at(n, 0, i, a), q = tap_at(n, 1, j, b);
                        if (r < 0 || q < 0) continue;
                        sum += x[((ptrdiff_t)r * n->in[1] + q) * n->in[2] + from] *
                               kernel[((ptrdiff_t)a * n->size[1] + b) * n->out[2] + o];
                    }
                *y++ = clamp_f32(sum + bias[o], lo, hi);
            }
}
/* end */

/* part dense_f32: clamp_f32 */
static void dense_f32(int32_t rows, int32_t in, int32_t out, const float *kernel, const float *bias,
                      float lo, float hi, const float *x, float *y) {
    for (int32_t r = 0; r < rows; r++, x += in)
        for (int32_t o = 0; o < out; o++) {
            const float *k = kernel + (ptrdiff_t)o * in;
            float sum = 0;
            for (int32_t c = 0; c < in; c++) sum += x[c] * k[c];
            *y++ = clamp_f32(sum + bias[o], lo, hi);
        }
}
/* end */

/* --- kernels of int8 on floats, which become codes on the way
 * ------------------------------------- */

/* part hybrid: clamp_f32 */
/* How an operator scales: one scale a channel; apart: the input's is multiplied afterwards. */
typedef struct hybrid {
    const float *scale, *bias;
    int apart, symmetric; /* symmetric: the input's codes have no zero point */
    float lo, hi;
} hybrid;

static float hybrid_value(const hybrid *h, int32_t sum, int32_t o, float scale) {
    const float factor = h->apart ? h->scale[o] : h->scale[o] * scale;
    const float v = (float)sum * factor * (h->apart ? scale : 1) + h->bias[o];
    return clamp_f32(v, h->lo, h->hi);
}

static void code_values(int32_t n, const float *x, float inverse, int32_t zero, int32_t lo,
                        int8_t *q) {
    for (int32_t i = 0; i < n; i++) {
        float v = x[i] * inverse;
        v = v > -1000 ? v : -1000;
        v = v < 1000 ? v : 1000;
        /* The runtime's builds for x86 round eight at a time. */
        const float r = i < n / 8 * 8 ? v + (v < 0 ? -0.5f : 0.5f) : roundf(v);
        const int32_t code = (int32_t)r + zero;
        q[i] = (int8_t)(code < lo ? lo : code > 127 ? 127 : code);
    }
}

/* x[n] as codes q of one scale and zero point. */
static void code_input(int32_t n, const float *x, int symmetric, int8_t *q, float *scale,
                       int32_t *zero) {
    float lo = 0, hi = 0;
    for (int32_t i = 0; i < n; i++) {
        lo = x[i] < lo ? x[i] : lo;
        hi = x[i] > hi ? x[i] : hi;
    }
    *scale = 1;
    *zero = 0;
    if (lo == hi) {
        memset(q, 0, (size_t)n);
    } else if (symmetric) {
        const float range = -lo > hi ? -lo : hi;
        *scale = range / 127;
        code_values(n, x, 127 / range, 0, -127, q);
    } else {
        const double exact = (double)(hi - lo) / 255;
        const double low = (double)lo / exact, high = (double)hi / exact;
        const double z = 128 + fabs(low) < 127 + fabs(high) ? -128 - low : 127 - high;
        *zero = !(z > -128) ? -128 : z >= 127 ? 127 : (int32_t)round(z);
        *scale = (float)exact;
        const float inverse = *scale == 0 ? 0 : (float)(1 / (double)*scale);
        code_values(n, x, inverse, *zero, -128, q);
    }
}
/* end */

/* part window_hybrid: window_sum hybrid */
static void window_hybrid(const window *n, const hybrid *h, window_sum *sum_of,
                          const int8_t *kernel, const float *x, int8_t *code, float *y) {
    float scale;
    int32_t zero;
    code_input(n->in[0] * n->in[1] * n->in[2], x, h->symmetric, code, &scale, &zero);
    for (int32_t i = 0; i < n->out[0]; i++)
        for (int32_t j = 0; j < n->out[1]; j++)
            for (int32_t o = 0; o < n->out[2]; o++)
                *y++ = hybrid_value(h, sum_of(n, kernel, zero, code, i, j, o), o, scale);
}
/* end */

/* part dense_hybrid: hybrid */
static void dense_hybrid(int32_t rows, int32_t in, int32_t out, const hybrid *h,
                         const int8_t *kernel, const float *x, int8_t *code, float *y) {
    for (int32_t r = 0; r < rows; r++, x += in) {
        float scale;
        int32_t zero;
        code_input(in, x, h->symmetric, code, &scale, &zero);
        for (int32_t o = 0; o < out; o++) {
            const int8_t *k = kernel + (ptrdiff_t)o * in;
            int32_t sum = 0;
            for (int32_t c = 0; c < in; c++) sum += (code[c] - zero) * k[c];
            *y++ = hybrid_value(h, sum, o, scale);
        }
    }
}
/* end */

/* --- pools
 * ---------------------------------------------------------------------------------------- */

/* part average_pool_i8: window codes */
static void average_pool_i8(const window *n, const codes *q, const int8_t *x, int8_t *y) {
    for (int32_t i = 0; i < n->out[0]; i++)
        for (int32_t j = 0; j < n->out[1]; j++)
            for (int32_t c = 0; c < n->out[2]; c++) {
                int32_t sum = 0, count = 0;
                for (int32_t a = 0; a < n->size[0]; a++)
                    for (int32_t b = 0; b < n->size[1]; b++) {
                        const int32_t r = tap_at(n, 0, i, a), s = tap_at(n, 1, j, b);
                        if (r < 0 || s < 0) continue;
                        sum += x[((ptrdiff_t)r * n->in[1] + s) * n->in[2] + c];
                        count++;
                    }
                *y++ = code_of((sum > 0 ? sum + count / 2 : sum - count / 2) / count, q);
            }
}
/* end */

/* part average_pool_f32: window clamp_f32 */
static void average_pool_f32(const window *n, float lo, float hi, const float *x, float *y) {
    for (int32_t i = 0; i < n->out[0]; i++)
        for (int32_t j = 0; j < n->out[1]; j++)
            for (int32_t c = 0; c < n->out[2]; c++) {
                float sum = 0;
                int32_t count = 0;
                for (int32_t a = 0; a < n->size[0]; a++)
                    for (int32_t b = 0; b < n->size[1]; b++) {
                        const int32_t r = tap_at(n, 0, i, a), s = tap_at(n, 1, j, b);
                        if (r < 0 || s < 0) continue;
                        sum += x[((ptrdiff_t)r * n->in[1] + s) * n->in[2] + c];
                        count++;
                    }
                *y++ = clamp_f32(sum / (float)count, lo, hi);
            }
}
/* end */

/* part max_pool_i8: window codes */
static void max_pool_i8(const window *n, const codes *q, const int8_t *x, int8_t *y) {
    for (int32_t i = 0; i < n->out[0]; i++)
        for (int32_t j = 0; j < n->out[1]; j++)
            for (int32_t c = 0; c < n->out[2]; c++) {
                int32_t most = -128;
                for (int32_t a = 0; a < n->size[0]; a++)
                    for (int32_t b = 0; b < n->size[1]; b++) {
                        const int32_t r = tap_at(n, 0, i, a), s = tap_at(n, 1, j, b);
                        if (r < 0 || s < 0) continue;
                        const int32_t v = x[((ptrdiff_t)r * n->in[1] + s) * n->in[2] + c];
                        most = most < v ? v : most;
                    }
                *y++ = code_of(most, q);
            }
}
/* end */

/* part max_pool_f32: window clamp_f32 */
static void max_pool_f32(const window *n, float lo, float hi, const float *x, float *y) {
    for (int32_t i = 0; i < n->out[0]; i++)
        for (int32_t j = 0; j < n->out[1]; j++)
            for (int32_t c = 0; c < n->out[2]; c++) {
                float most = -FLT_MAX;
                for (int32_t a = 0; a < n->size[0]; a++)
                    for (int32_t b = 0; b < n->size[1]; b++) {
                        const int32_t r = tap_at(n, 0, i, a), s = tap_at(n, 1, j, b);
                        if (r < 0 || s < 0) continue;
                        const float v = x[((ptrdiff_t)r * n->in[1] + s) * n->in[2] + c];
                        most = most < v ? v : most;
                    }
                *y++ = clamp_f32(most, lo, hi);
            }
}
/* end */

/* part mean_i8: codes fixed_scale */
/* Over all pixels. */
static void mean_i8(int32_t pixels, int32_t channels, const codes *q, nas_fixed scale,
                    const int8_t *x, int8_t *y) {
    for (int32_t c = 0; c < channels; c++) {
        int32_t sum = -q->in * pixels;
        for (int32_t p = 0; p < pixels; p++) sum += x[(ptrdiff_t)p * channels + c];
        y[c] = code_of(nas_fixed_scale(sum, scale), q);
    }
}
/* end */

/* part mean_f32 */
static void mean_f32(int32_t pixels, int32_t channels, const float *x, float *y) {
    for (int32_t c = 0; c < channels; c++) {
        float sum = 0;
        for (int32_t p = 0; p < pixels; p++) sum += x[(ptrdiff_t)p * channels + c];
        y[c] = sum / (float)pixels;
    }
}
/* end */

/* --- value by value
 * ------------------------------------------------------------------------------- */

/* part pairs */
/* Two operands of up to four axes; along those that one lacks its step is 0. */
typedef struct pairs {
    int32_t size[4], step[2][4];
} pairs;

#define EACH_PAIR(p)                                   \
    for (int32_t i = 0; i < (p)->size[0]; i++)         \
        for (int32_t j = 0; j < (p)->size[1]; j++)     \
            for (int32_t k = 0; k < (p)->size[2]; k++) \
                for (int32_t c = 0; c < (p)->size[3]; c++)
#define OPERAND(p, n)                                                  \
    ((ptrdiff_t)i * (p)->step[n][0] + (ptrdiff_t)j * (p)->step[n][1] + \
     (ptrdiff_t)k * (p)->step[n][2] + (ptrdiff_t)c * (p)->step[n][3])
/* end */

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
