/* core/kernel/vec_winograd.c - 3x3 convolution of stride 1 by Winograd's products: into points,
 * one small matrix product a point, back from points. Channels are the lanes, so the transforms
 * are sums of whole vectors. Points 0, 1, -1, 2, -2 and infinity; F(2) without the twos. Lavin and
 * Gray, CVPR 2016, section 4.3; their matrices B, G and A, here without multiplications by 0. */
#include "core/kernel/row.h"

enum { SIDE = 6 }; /* points along an axis, at most */

/* B^T d: m + 2 inputs to points. */
INLINE void to_points(int m, const vec *d, vec *v) {
    if (m == 2) {
        v[0] = d[0] - d[2];
        v[1] = d[1] + d[2];
        v[2] = d[2] - d[1];
        v[3] = d[1] - d[3];
        return;
    }
    const vec two = splat(2), four = splat(4);
    const vec a = fnmadd(four, d[2], d[4]), b = fnmadd(four, d[1], d[3]);
    const vec c = d[4] - d[2], e = d[3] - d[1];
    v[0] = fmsub(four, d[0], 5 * d[2]) + d[4];
    v[1] = a + b;
    v[2] = a - b;
    v[3] = fmadd(two, e, c);
    v[4] = fnmadd(two, e, c);
    v[5] = fmsub(four, d[1], 5 * d[3]) + d[5];
}

/* A^T v: points to m outputs. */
INLINE void from_points(int m, const vec *v, vec *y) {
    const vec a = v[1] + v[2], b = v[1] - v[2];
    if (m == 2) {
        y[0] = v[0] + a;
        y[1] = b - v[3];
        return;
    }
    const vec c = v[3] + v[4], e = v[3] - v[4];
    y[0] = v[0] + a + c;
    y[1] = fmadd(splat(2), e, b);
    y[2] = fmadd(splat(4), c, a);
    y[3] = fmadd(splat(8), e, b) + v[5];
}

/* A y: the way back of from_points. */
INLINE void spread(int m, const vec *y, vec *v) {
    if (m == 2) {
        v[0] = y[0];
        v[1] = y[0] + y[1];
        v[2] = y[0] - y[1];
        v[3] = -y[1];
        return;
    }
    const vec a = y[0] + y[2], b = y[1] + y[3];
    const vec c = fmadd(splat(4), y[2], y[0]), e = fmadd(splat(2), y[1], 8 * y[3]);
    v[0] = y[0];
    v[1] = a + b;
    v[2] = a - b;
    v[3] = c + e;
    v[4] = c - e;
    v[5] = y[3];
}

/* a * b + c. */
INLINE vec product(bool rounded, vec a, vec b, vec c) {
    if (rounded) return a * b + c;
    return fmadd(a, b, c);
}

/* G g: three weights to points. stored: they are weights as they are stored, whose products are
 * rounded before they are added. */
INLINE void kernel_points(int m, bool stored, const vec *g, vec *u) {
    const vec even = g[0] + g[2];
    if (m == 2) {
        u[0] = g[0];
        u[1] = (even + g[1]) * 0.5f;
        u[2] = (even - g[1]) * 0.5f;
        u[3] = g[2];
        return;
    }
    const vec far = product(stored, g[0], splat(1.0f / 24), g[2] * (1.0f / 6));
    u[0] = g[0] * 0.25f;
    u[1] = (even + g[1]) * (-1.0f / 6);
    u[2] = (even - g[1]) * (-1.0f / 6);
    u[3] = product(stored, g[1], splat(1.0f / 12), far);
    u[4] = product(stored, g[1], splat(-1.0f / 12), far);
    u[5] = g[2];
}

/* G^T u: the way back of kernel_points. halved: u are halves of sums, whose factor is the one that
 * would be fused; so the product that is added to one of them is rounded. */
INLINE void kernel_back(int m, bool halved, const vec *u, vec *g) {
    const vec a = u[1] + u[2], b = u[1] - u[2];
    if (m == 2) {
        g[0] = fmadd(a, splat(0.5f), u[0]);
        g[1] = b * 0.5f;
        g[2] = fmadd(a, splat(0.5f), u[3]);
        return;
    }
    const vec c = u[3] + u[4], e = u[3] - u[4];
    g[0] = fmadd(c, splat(1.0f / 24), fmsub(u[0], splat(0.25f), a * (1.0f / 6)));
    g[1] = fmsub(e, splat(1.0f / 12), b * (1.0f / 6));
    g[2] = product(halved, c - a, splat(1.0f / 6), u[5]);
}

/* Where the tiles of n images are, and how far apart the points of `channels` lie. */
typedef struct run_of {
    const nas_winograd *p;
    int32_t n;
    ptrdiff_t stride;
    int32_t channels;
} run_of;

#define EACH_TILE(r)                                             \
    for (int32_t i = 0, at = 0; i < (r)->n; i++)                 \
        for (int32_t a = 0; a < (r)->p->tiles[0]; a++)           \
            for (int32_t b = 0; b < (r)->p->tiles[1]; b++, at++) \
                for (int32_t c = 0; c < (r)->channels; c += LANES)

INLINE void input_tiles(const run_of *r, int mh, int mw, const float *x, float *v) {
    const nas_conv *q = &r->p->conv;
    const ptrdiff_t stride = r->stride;
    EACH_TILE(r) {
        const float *from =
            x + i * q->x_image + a * mh * q->x_row + b * mw * q->x_pixel + r->p->at + c;
        float *to = v + (ptrdiff_t)at * r->channels + c;
        vec half[SIDE][SIDE];
        UNROLL for (int k = 0; k < mw + 2; k++) {
            vec d[SIDE], out[SIDE];
            UNROLL for (int j = 0; j < mh + 2; j++) d[j] =
                load(from + j * q->x_row + k * q->x_pixel);
            to_points(mh, d, out);
            UNROLL for (int j = 0; j < mh + 2; j++) half[j][k] = out[j];
        }
        UNROLL for (int j = 0; j < mh + 2; j++) {
            vec out[SIDE];
            to_points(mw, half[j], out);
            UNROLL for (int k = 0; k < mw + 2; k++) store(to + (j * (mw + 2) + k) * stride, out[k]);
        }
    }
}

INLINE void gradient_tiles(const run_of *r, int mh, int mw, const float *dy, float *v) {
    const nas_conv *q = &r->p->conv;
    const ptrdiff_t stride = r->stride;
    EACH_TILE(r) {
        const float *from = dy + i * q->y_image + a * mh * q->y_row + b * mw * q->y_pixel + c;
        float *to = v + (ptrdiff_t)at * r->channels + c;
        vec half[SIDE][SIDE];
        UNROLL for (int k = 0; k < mw; k++) {
            vec d[SIDE], out[SIDE];
            UNROLL for (int j = 0; j < mh; j++) d[j] = load(from + j * q->y_row + k * q->y_pixel);
            spread(mh, d, out);
            UNROLL for (int j = 0; j < mh + 2; j++) half[j][k] = out[j];
        }
        UNROLL for (int j = 0; j < mh + 2; j++) {
            vec out[SIDE];
            spread(mw, half[j], out);
            UNROLL for (int k = 0; k < mw + 2; k++) store(to + (j * (mw + 2) + k) * stride, out[k]);
        }
    }
}

INLINE void output_tiles(const run_of *r, int mh, int mw, const float *v, const float *bias,
                         float *y) {
    const nas_conv *q = &r->p->conv;
    const ptrdiff_t stride = r->stride;
    EACH_TILE(r) {
        const float *from = v + (ptrdiff_t)at * r->channels + c;
        float *to = y + i * q->y_image + a * mh * q->y_row + b * mw * q->y_pixel + c;
        const int32_t rows = q->h - a * mh, columns = q->w - b * mw;
        const vec start = bias ? load(bias + c) : (vec){0};
        vec half[SIDE][SIDE];
        UNROLL for (int k = 0; k < mw + 2; k++) {
            vec d[SIDE], out[SIDE];
            UNROLL for (int j = 0; j < mh + 2; j++) d[j] = load(from + (j * (mw + 2) + k) * stride);
            from_points(mh, d, out);
            UNROLL for (int j = 0; j < mh; j++) half[j][k] = out[j];
        }
        UNROLL for (int j = 0; j < mh; j++) {
            vec out[SIDE];
            if (j >= rows) break;
            from_points(mw, half[j], out);
            UNROLL for (int k = 0; k < mw; k++) {
                if (k < columns) store(to + j * q->y_row + k * q->y_pixel, out[k] + start);
            }
        }
    }
}

/* The constant sides of the tile that p asks for. */
#define BY_TILE(p, call)                            \
    do {                                            \
        if ((p)->tile[0] == 4 && (p)->tile[1] == 4) \
            call(4, 4);                             \
        else if ((p)->tile[0] == 4)                 \
            call(4, 2);                             \
        else if ((p)->tile[1] == 4)                 \
            call(2, 4);                             \
        else                                        \
            call(2, 2);                             \
    } while (0)

static __attribute__((noinline)) void input(const run_of *r, const float *x, float *v) {
#define CALL(mh, mw) input_tiles(r, mh, mw, x, v)
    BY_TILE(r->p, CALL);
#undef CALL
}

static __attribute__((noinline)) void gradient(const run_of *r, const float *dy, float *v) {
#define CALL(mh, mw) gradient_tiles(r, mh, mw, dy, v)
    BY_TILE(r->p, CALL);
#undef CALL
}

static __attribute__((noinline)) void output(const run_of *r, const float *v, const float *bias,
                                             float *y) {
#define CALL(mh, mw) output_tiles(r, mh, mw, v, bias, y)
    BY_TILE(r->p, CALL);
#undef CALL
}

/* At a point all tiles are the pixels of a 1x1 convolution. */
static nas_conv product_of(const nas_winograd *p, int32_t n) {
    static const ptrdiff_t at[1] = {0};
    static const int32_t tap[1] = {0};
    const nas_conv *q = &p->conv;
    return (nas_conv){.h = 1,
                      .w = n * p->tiles[0] * p->tiles[1],
                      .x_pixel = q->x_pixel,
                      .y_pixel = q->out,
                      .taps = 1,
                      .at = at,
                      .tap = tap,
                      .depth = q->depth,
                      .out = q->out,
                      .w_depth = q->out,
                      .w_out = 1,
                      .used = q->out};
}

static int32_t least(int32_t a, int32_t b) {
    return a < b ? a : b;
}

void ROW(nas_winograd_forward)(const nas_winograd *p, int32_t n, const float *x,
                               const float *packed, const float *bias, float *y, float *scratch) {
    const nas_conv *q = &p->conv;
    const int32_t points = nas_winograd_points(p), stored = (int32_t)q->x_pixel;
    const ptrdiff_t x_stride = (ptrdiff_t)nas_winograd_stride(p, (size_t)stored);
    const ptrdiff_t y_stride = (ptrdiff_t)nas_winograd_stride(p, (size_t)q->out);
    const ptrdiff_t point = (ptrdiff_t)nas_winograd_point(p);
    float *from = scratch, *to = scratch + points * x_stride;
    for (int32_t first = 0; first < n; first += p->images) {
        const int32_t some = least(p->images, n - first);
        const nas_conv product = product_of(p, some);
        const run_of in = {p, some, x_stride, stored}, out = {p, some, y_stride, q->out};
        input(&in, x + first * q->x_image, from);
        for (int32_t i = 0; i < points; i++) ROW(nas_conv_forward)
        (&product, 1, from + i * x_stride, packed + i * point, NULL, to + i * y_stride);
        output(&out, to, bias, y + first * q->y_image);
    }
}

void ROW(nas_winograd_weights)(const nas_winograd *p, int32_t n, const float *x, const float *dy,
                               float *du, float *scratch) {
    const nas_conv *q = &p->conv;
    const int32_t points = nas_winograd_points(p), stored = (int32_t)q->x_pixel;
    const ptrdiff_t x_stride = (ptrdiff_t)nas_winograd_stride(p, (size_t)stored);
    const ptrdiff_t y_stride = (ptrdiff_t)nas_winograd_stride(p, (size_t)q->out);
    const ptrdiff_t point = (ptrdiff_t)nas_winograd_point(p);
    float *from = scratch, *to = scratch + points * x_stride;
    for (int32_t first = 0; first < n; first += p->images) {
        const int32_t some = least(p->images, n - first);
        nas_conv product = product_of(p, some);
        product.fresh = p->fresh && !first;
        const run_of in = {p, some, x_stride, stored}, out = {p, some, y_stride, q->out};
        input(&in, x + first * q->x_image, from);
        gradient(&out, dy + first * q->y_image, to);
        for (int32_t i = 0; i < points; i++) ROW(nas_conv_weights)
        (&product, 1, from + i * x_stride, to + i * y_stride, du + i * point);
    }
}

/* LANES neighbours of the output, of which only the used ones are there. */
INLINE vec weights_at(const nas_conv *c, const float *w, int32_t o) {
    if (c->w_out == 1) return load(w + o);
    vec v = {0};
    w += o * c->w_out;
    if (o + LANES <= c->used) {
        UNROLL for (int l = 0; l < LANES; l++) v[l] = w[l * c->w_out];
        return v;
    }
    for (int l = 0; o + l < c->used; l++) v[l] = w[l * c->w_out];
    return v;
}

INLINE void pack_vector(const nas_winograd *p, int mh, int mw, const float *w, int32_t o,
                        float *to) {
    const ptrdiff_t stride = (ptrdiff_t)nas_winograd_point(p);
    vec half[SIDE][3];
    UNROLL for (int k = 0; k < 3; k++) {
        vec g[3], u[SIDE];
        UNROLL for (int j = 0; j < 3; j++) g[j] =
            weights_at(&p->conv, w + p->tap[j * 3 + k] * p->conv.w_tap, o);
        kernel_points(mh, true, g, u);
        UNROLL for (int j = 0; j < mh + 2; j++) half[j][k] = u[j];
    }
    UNROLL for (int j = 0; j < mh + 2; j++) {
        vec u[SIDE];
        kernel_points(mw, j == 0 || j == mh + 1, half[j], u);
        UNROLL for (int k = 0; k < mw + 2; k++) store(to + (j * (mw + 2) + k) * stride, u[k]);
    }
}

/* The order of nas_conv_pack at each point. */
INLINE void pack_all(const nas_winograd *p, int mh, int mw, const float *w, float *packed) {
    const nas_conv *c = &p->conv;
    for (int at = 0, left = c->out / LANES; left > 0;) {
        const int v = block_of(left);
        for (int32_t k = 0; k < c->depth; k++)
            for (int i = 0; i < v; i++, packed += LANES)
                pack_vector(p, mh, mw, w + k * c->w_depth, (at + i) * LANES, packed);
        at += v;
        left -= v;
    }
}

void ROW(nas_winograd_pack)(const nas_winograd *p, const float *w, float *packed) {
#define CALL(mh, mw) pack_all(p, mh, mw, w, packed)
    BY_TILE(p, CALL);
#undef CALL
}

INLINE void unpack_all(const nas_winograd *p, int mh, int mw, const float *du, float *dw) {
    const nas_conv *c = &p->conv;
    const ptrdiff_t stride = (ptrdiff_t)nas_winograd_point(p);
    for (int32_t k = 0; k < c->depth; k++)
        for (int32_t o = 0; o < c->out; o += LANES) {
            const float *from = du + (ptrdiff_t)k * c->out + o;
            float *to = dw + k * c->w_depth + o;
            vec half[3][SIDE];
            UNROLL for (int j = 0; j < mw + 2; j++) {
                vec u[SIDE], g[3];
                UNROLL for (int i = 0; i < mh + 2; i++) u[i] =
                    load(from + (i * (mw + 2) + j) * stride);
                kernel_back(mh, false, u, g);
                UNROLL for (int i = 0; i < 3; i++) half[i][j] = g[i];
            }
            UNROLL for (int i = 0; i < 3; i++) {
                vec g[3];
                kernel_back(mw, mh == 2 && i == 1, half[i], g);
                UNROLL for (int j = 0; j < 3; j++) {
                    float *at = to + p->tap[i * 3 + j] * c->w_tap;
                    store(at, load(at) + g[j]);
                }
            }
        }
}

void ROW(nas_winograd_unpack)(const nas_winograd *p, const float *du, float *dw) {
#define CALL(mh, mw) unpack_all(p, mh, mw, du, dw)
    BY_TILE(p, CALL);
#undef CALL
}
