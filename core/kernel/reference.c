/* core/kernel/reference.c - every kernel as plain loops: what the vector rows are checked against.
 */
#include "core/kernel/kernel_int.h"
#include "core/kernel/pool.h"

#include <math.h>
#include <string.h>

/* Calls for each stored value of n images; offsets of the same value in maps that may differ in
 * their borders. */
#define EACH_PIXEL(m, n)                     \
    for (int32_t i = 0; i < (n); i++)        \
        for (int32_t y = 0; y < (m)->h; y++) \
            for (int32_t x = 0; x < (m)->w; x++)

static float *pixel(const nas_map *m, int32_t i, int32_t y, int32_t x) {
    return m->at + i * m->image + y * m->row + (ptrdiff_t)x * m->cs;
}

static void conv_pack(const nas_conv *c, const float *w, float *packed) {
    for (int32_t t = 0; t < c->taps; t++)
        for (int32_t k = 0; k < c->depth; k++)
            for (int32_t o = 0; o < c->out; o++) {
                const ptrdiff_t from = c->tap[t] * c->w_tap + k * c->w_depth + o * c->w_out;
                *packed++ = o < c->used ? w[from] : 0.0f;
            }
}

static void conv(const nas_conv *c, int32_t n, const float *x, const float *packed,
                 const float *bias, float *y) {
    for (int32_t i = 0; i < n; i++)
        for (int32_t a = 0; a < c->h; a++)
            for (int32_t b = 0; b < c->w; b++) {
                const float *from = x + i * c->x_image + a * c->x_row + b * c->x_pixel;
                float *to = y + i * c->y_image + a * c->y_row + b * c->y_pixel;
                for (int32_t o = 0; o < c->out; o++) to[o] = bias ? bias[o] : 0.0f;
                for (int32_t t = 0; t < c->taps; t++)
                    for (int32_t k = 0; k < c->depth; k++) {
                        const float v = from[c->at[t] + k];
                        const float *w = packed + ((ptrdiff_t)t * c->depth + k) * c->out;
                        for (int32_t o = 0; o < c->out; o++) to[o] += v * w[o];
                    }
            }
}

static void conv_weights(const nas_conv *c, int32_t n, const float *x, const float *dy, float *dw) {
    for (int32_t t = 0; t < c->taps; t++)
        for (int32_t k = 0; k < c->depth; k++) {
            float *to = dw + c->tap[t] * c->w_tap + k * c->w_depth;
            if (c->fresh) memset(to, 0, (size_t)c->out * sizeof *to);
            for (int32_t i = 0; i < n; i++)
                for (int32_t a = 0; a < c->h; a++)
                    for (int32_t b = 0; b < c->w; b++) {
                        const float v =
                            x[i * c->x_image + a * c->x_row + b * c->x_pixel + c->at[t] + k];
                        const float *d = dy + i * c->y_image + a * c->y_row + b * c->y_pixel;
                        for (int32_t o = 0; o < c->out; o++) to[o] += v * d[o];
                    }
        }
}

/* The taps of a Winograd convolution, for the direct one. */
static nas_conv taps_of(const nas_winograd *p, ptrdiff_t at[9]) {
    nas_conv c = p->conv;
    for (int32_t t = 0; t < 9; t++) at[t] = p->at + t / 3 * c.x_row + t % 3 * c.x_pixel;
    c.taps = 9;
    c.at = at;
    c.tap = p->tap;
    return c;
}

static void winograd_pack(const nas_winograd *p, const float *w, float *packed) {
    ptrdiff_t at[9];
    const nas_conv c = taps_of(p, at);
    conv_pack(&c, w, packed);
}

static void winograd(const nas_winograd *p, int32_t n, const float *x, const float *packed,
                     const float *bias, float *y, float *scratch) {
    ptrdiff_t at[9];
    const nas_conv c = taps_of(p, at);
    (void)scratch;
    conv(&c, n, x, packed, bias, y);
}

/* du is in the order of dw, without its padding. */
static nas_conv gradient_of(const nas_winograd *p, ptrdiff_t at[9]) {
    nas_conv c = taps_of(p, at);
    c.w_depth = c.out;
    c.w_tap = (ptrdiff_t)c.depth * c.out;
    c.fresh = p->fresh;
    return c;
}

static void winograd_weights(const nas_winograd *p, int32_t n, const float *x, const float *dy,
                             float *du, float *scratch) {
    ptrdiff_t at[9];
    const nas_conv c = gradient_of(p, at);
    (void)scratch;
    conv_weights(&c, n, x, dy, du);
}

static void winograd_unpack(const nas_winograd *p, const float *du, float *dw) {
    const nas_conv *c = &p->conv;
    for (int32_t t = 0; t < 9; t++)
        for (int32_t k = 0; k < c->depth; k++)
            for (int32_t o = 0; o < c->out; o++)
                dw[p->tap[t] * c->w_tap + k * c->w_depth + o] +=
                    du[((ptrdiff_t)p->tap[t] * c->depth + k) * c->out + o];
}

static void depthwise(const nas_conv *c, int32_t n, const float *x, const float *w,
                      const float *bias, float *y) {
    for (int32_t i = 0; i < n; i++)
        for (int32_t a = 0; a < c->h; a++)
            for (int32_t b = 0; b < c->w; b++) {
                const float *from = x + i * c->x_image + a * c->x_row + b * c->x_pixel;
                float *to = y + i * c->y_image + a * c->y_row + b * c->y_pixel;
                for (int32_t o = 0; o < c->out; o++) to[o] = bias ? bias[o] : 0.0f;
                for (int32_t t = 0; t < c->taps; t++)
                    for (int32_t o = 0; o < c->out; o++)
                        to[o] += from[c->at[t] + o] * w[(ptrdiff_t)c->tap[t] * c->out + o];
            }
}

static void depthwise_weights(const nas_conv *c, int32_t n, const float *x, const float *dy,
                              float *dw) {
    for (int32_t i = 0; i < n; i++)
        for (int32_t a = 0; a < c->h; a++)
            for (int32_t b = 0; b < c->w; b++) {
                const float *from = x + i * c->x_image + a * c->x_row + b * c->x_pixel;
                const float *d = dy + i * c->y_image + a * c->y_row + b * c->y_pixel;
                for (int32_t t = 0; t < c->taps; t++)
                    for (int32_t o = 0; o < c->out; o++)
                        dw[(ptrdiff_t)c->tap[t] * c->out + o] += from[c->at[t] + o] * d[o];
            }
}

static void sum_pixels(const nas_map *m, int32_t n, float *sum) {
    EACH_PIXEL(m, n) {
        const float *v = pixel(m, i, y, x);
        for (int32_t c = 0; c < m->cs; c++) sum[c] += v[c];
    }
}

static void moments(const nas_map *m, int32_t n, float *shift, float *sum, float *square) {
    for (int32_t c = 0; c < m->cs; c++) {
        shift[c] = m->at[c];
        sum[c] = square[c] = 0.0f;
    }
    EACH_PIXEL(m, n) {
        const float *v = pixel(m, i, y, x);
        for (int32_t c = 0; c < m->cs; c++) {
            const float d = v[c] - shift[c];
            sum[c] += d;
            square[c] += d * d;
        }
    }
}

static void affine(const nas_map *m, int32_t n, const float *scale, const float *shift, bool relu,
                   const nas_map *out) {
    EACH_PIXEL(m, n) {
        const float *v = pixel(m, i, y, x);
        float *to = pixel(out, i, y, x);
        for (int32_t c = 0; c < m->cs; c++) {
            const float z = v[c] * scale[c] + shift[c];
            to[c] = relu && z <= 0.0f ? 0.0f : z;
        }
    }
}

static void affine_sums(const nas_map *m, const nas_map *dy, int32_t n, const float *scale,
                        const float *shift, bool relu, const float *mean, float *sum, float *dot) {
    for (int32_t c = 0; c < m->cs; c++) sum[c] = dot[c] = 0.0f;
    EACH_PIXEL(m, n) {
        const float *v = pixel(m, i, y, x), *d = pixel(dy, i, y, x);
        for (int32_t c = 0; c < m->cs; c++) {
            if (relu && v[c] * scale[c] + shift[c] <= 0.0f) continue;
            sum[c] += d[c];
            dot[c] += d[c] * (v[c] - mean[c]);
        }
    }
}

static void affine_grad(const nas_map *m, const nas_map *dy, int32_t n, const float *scale,
                        const float *shift, bool relu, const float *slope, const float *offset,
                        const nas_map *dx) {
    EACH_PIXEL(m, n) {
        const float *v = pixel(m, i, y, x), *d = pixel(dy, i, y, x);
        float *to = pixel(dx, i, y, x);
        for (int32_t c = 0; c < m->cs; c++) {
            const bool off = relu && v[c] * scale[c] + shift[c] <= 0.0f;
            to[c] = (off ? 0.0f : scale[c] * d[c]) + (slope[c] * v[c] + offset[c]);
        }
    }
}

static void relu_forward(const nas_map *m, int32_t n, float top, const nas_map *out) {
    EACH_PIXEL(m, n) {
        const float *v = pixel(m, i, y, x);
        float *to = pixel(out, i, y, x);
        for (int32_t c = 0; c < m->cs; c++) to[c] = v[c] <= 0.0f ? 0.0f : v[c] >= top ? top : v[c];
    }
}

static void relu_grad(const nas_map *m, const nas_map *dy, int32_t n, float top,
                      const nas_map *dx) {
    EACH_PIXEL(m, n) {
        const float *v = pixel(m, i, y, x), *d = pixel(dy, i, y, x);
        float *to = pixel(dx, i, y, x);
        for (int32_t c = 0; c < m->cs; c++) to[c] = v[c] <= 0.0f || v[c] >= top ? 0.0f : d[c];
    }
}

static void add(const nas_map *a, const nas_map *b, int32_t n, bool relu, const nas_map *out) {
    EACH_PIXEL(a, n) {
        const float *v = pixel(a, i, y, x), *u = b ? pixel(b, i, y, x) : NULL;
        float *to = pixel(out, i, y, x);
        for (int32_t c = 0; c < a->cs; c++) {
            const float z = u ? v[c] + u[c] : v[c];
            to[c] = relu && z <= 0.0f ? 0.0f : z;
        }
    }
}

static void mean(const nas_map *m, int32_t n, const nas_map *out) {
    for (int32_t i = 0; i < n; i++)
        for (int32_t c = 0; c < m->cs; c++) pixel(out, i, 0, 0)[c] = 0.0f;
    const float part = 1.0f / (float)(m->h * m->w);
    EACH_PIXEL(m, n) {
        const float *v = pixel(m, i, y, x);
        float *to = pixel(out, i, 0, 0);
        for (int32_t c = 0; c < m->cs; c++) to[c] += v[c] * part;
    }
}

static void mean_grad(const nas_map *dy, int32_t n, const nas_map *dx) {
    const float part = 1.0f / (float)(dx->h * dx->w);
    nas_map once = *dx;
    if (!dx->row) once.h = 1;
    EACH_PIXEL(&once, n) {
        const float *d = pixel(dy, i, 0, 0);
        float *to = pixel(dx, i, y, x);
        for (int32_t c = 0; c < dx->cs; c++) to[c] = d[c] * part;
    }
}

/* A NaN stays. */
static void max_pool(const nas_pool *p, const nas_map *m, int32_t n, const nas_map *out) {
    EACH_PIXEL(out, n) {
        const pool_window r = pool_at(p, m->h, m->w, y, x);
        float *to = pixel(out, i, y, x);
        for (int32_t c = 0; c < m->cs; c++) {
            float most = pixel(m, i, r.top, r.left)[c];
            for (int32_t a = r.top; a < r.bottom; a++)
                for (int32_t b = r.left; b < r.right; b++) {
                    const float v = pixel(m, i, a, b)[c];
                    if (!(v <= most) && most == most) most = v;
                }
            to[c] = most;
        }
    }
}

static void max_pool_grad(const nas_pool *p, const nas_map *m, const nas_map *out,
                          const nas_map *dy, int32_t n, const nas_map *dx) {
    EACH_PIXEL(dx, n)
    for (int32_t c = 0; c < dx->cs; c++) pixel(dx, i, y, x)[c] = 0.0f;
    EACH_PIXEL(out, n) {
        const pool_window r = pool_at(p, m->h, m->w, y, x);
        for (int32_t c = 0; c < m->cs; c++) {
            const float most = pixel(out, i, y, x)[c];
            bool found = false;
            for (int32_t a = r.top; a < r.bottom && !found; a++)
                for (int32_t b = r.left; b < r.right && !found; b++) {
                    found = pixel(m, i, a, b)[c] == most;
                    if (found) pixel(dx, i, a, b)[c] += pixel(dy, i, y, x)[c];
                }
        }
    }
}

static void average_pool(const nas_pool *p, const nas_map *m, int32_t n, const nas_map *out) {
    EACH_PIXEL(out, n) {
        const pool_window r = pool_at(p, m->h, m->w, y, x);
        float *to = pixel(out, i, y, x);
        for (int32_t c = 0; c < m->cs; c++) {
            float sum = 0.0f;
            for (int32_t a = r.top; a < r.bottom; a++)
                for (int32_t b = r.left; b < r.right; b++) sum += pixel(m, i, a, b)[c];
            to[c] = sum * pool_part(r);
        }
    }
}

static void average_pool_grad(const nas_pool *p, const nas_map *dy, int32_t n, const nas_map *dx) {
    EACH_PIXEL(dx, n)
    for (int32_t c = 0; c < dx->cs; c++) pixel(dx, i, y, x)[c] = 0.0f;
    EACH_PIXEL(dy, n) {
        const pool_window r = pool_at(p, dx->h, dx->w, y, x);
        for (int32_t a = r.top; a < r.bottom; a++)
            for (int32_t b = r.left; b < r.right; b++)
                for (int32_t c = 0; c < dx->cs; c++)
                    pixel(dx, i, a, b)[c] += pixel(dy, i, y, x)[c] * pool_part(r);
    }
}

static void sgd(size_t count, float *w, const float *g, float *v, float rate, float momentum) {
    for (size_t i = 0; i < count; i++) {
        v[i] = momentum * v[i] - rate * g[i];
        w[i] += v[i];
    }
}

static void adam(size_t count, float *w, const float *g, float *m, float *v, float rate,
                 float one_b1, float one_b2, float epsilon) {
    for (size_t i = 0; i < count; i++) {
        m[i] += (g[i] - m[i]) * one_b1;
        v[i] += (g[i] * g[i] - v[i]) * one_b2;
        w[i] -= rate * m[i] / (sqrtf(v[i]) + epsilon);
    }
}

const nas_kernel nas_kernel_reference = {
    .name = "reference",
    .conv_pack = conv_pack,
    .conv = conv,
    .conv_weights = conv_weights,
    .winograd_pack = winograd_pack,
    .winograd = winograd,
    .winograd_weights = winograd_weights,
    .winograd_unpack = winograd_unpack,
    .depthwise = depthwise,
    .depthwise_weights = depthwise_weights,
    .sum_pixels = sum_pixels,
    .moments = moments,
    .affine = affine,
    .affine_sums = affine_sums,
    .affine_grad = affine_grad,
    .relu = relu_forward,
    .relu_grad = relu_grad,
    .add = add,
    .mean = mean,
    .mean_grad = mean_grad,
    .max_pool = max_pool,
    .max_pool_grad = max_pool_grad,
    .average_pool = average_pool,
    .average_pool_grad = average_pool_grad,
    .adam = adam,
    .sgd = sgd,
};
