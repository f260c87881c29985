/* core/deploy/plain/kernels.c - the operators as they stand in an exported model.c: C99, no
 * runtime. core/deploy/emit/emit.c copies the parts that a model uses, each with what it needs;
 * what lies outside of parts is not copied. Arithmetic as in core/deploy/interp/step_*.c, products
 * and sums one by one. Newer operators have theirs in core/deploy/ops, where the interpreter runs
 * the same text. The order of files is the Makefile's. */
#include "core/deploy/plain/shared.h"

#include <math.h>

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
