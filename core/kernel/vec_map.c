/* core/kernel/vec_map.c - what goes over maps value by value, sums over pixels, Adam, and the row's
 * entry in the table. */
#include "core/kernel/row.h"

#include <math.h>

/* Calls one pixel at a time with the same offsets in maps whose borders differ. */
#define EACH_PIXEL(m, n)                     \
    for (int32_t i = 0; i < (n); i++)        \
        for (int32_t y = 0; y < (m)->h; y++) \
            for (int32_t x = 0; x < (m)->w; x++)

INLINE float *pixel(const nas_map *m, int32_t i, int32_t y, int32_t x) {
    return m->at + i * m->image + y * m->row + (ptrdiff_t)x * m->cs;
}

/* The same by rows; pixels of a row are cs apart. */
#define EACH_ROW(m, n)                \
    for (int32_t i = 0; i < (n); i++) \
        for (int32_t y = 0; y < (m)->h; y++)

/* Sums go over pixels for a few vectors of channels at a time: whole cache lines in a row, and no
 * strides that fall on the same sets. */
enum { WIDE = 64 / LANES > 4 ? 4 : 64 / LANES };

#define IN_BLOCKS(cs, call)                       \
    for (int32_t c = 0; c < (cs);) {              \
        const int32_t left = ((cs)-c) / LANES;    \
        if (left >= WIDE) {                       \
            enum { W = WIDE };                    \
            call;                                 \
        } else if (left == 3) {                   \
            enum { W = 3 };                       \
            call;                                 \
        } else if (left == 2) {                   \
            enum { W = 2 };                       \
            call;                                 \
        } else {                                  \
            enum { W = 1 };                       \
            call;                                 \
        }                                         \
        c += (left < WIDE ? left : WIDE) * LANES; \
    }

INLINE void sum_block(const nas_map *m, int32_t n, int32_t c, int w, float *sum) {
    vec s[WIDE];
    UNROLL for (int v = 0; v < w; v++) s[v] = (vec){0};
    EACH_PIXEL(m, n) {
        const float *p = pixel(m, i, y, x) + c;
        UNROLL for (int v = 0; v < w; v++) s[v] += load(p + v * LANES);
    }
    UNROLL for (int v = 0; v < w; v++) store(sum + c + v * LANES, load(sum + c + v * LANES) + s[v]);
}

static void sum_pixels(const nas_map *m, int32_t n,
                       float *sum){IN_BLOCKS(m->cs, sum_block(m, n, c, W, sum))}

INLINE void moments_block(const nas_map *m, int32_t n, int32_t c, int w, float *shift, float *sum,
                          float *square) {
    vec s[WIDE], q[WIDE], from[WIDE];
    UNROLL for (int v = 0; v < w; v++) {
        s[v] = q[v] = (vec){0};
        from[v] = load(m->at + c + v * LANES);
    }
    EACH_PIXEL(m, n) {
        const float *p = pixel(m, i, y, x) + c;
        UNROLL for (int v = 0; v < w; v++) {
            const vec d = load(p + v * LANES) - from[v];
            s[v] += d;
            q[v] = fmadd(d, d, q[v]);
        }
    }
    UNROLL for (int v = 0; v < w; v++) {
        store(shift + c + v * LANES, from[v]);
        store(sum + c + v * LANES, s[v]);
        store(square + c + v * LANES, q[v]);
    }
}

static void moments(const nas_map *m, int32_t n, float *shift, float *sum,
                    float *square){IN_BLOCKS(m->cs, moments_block(m, n, c, W, shift, sum, square))}

/* A row of a map at a time: the next cache lines are then those that the last brought near. */
INLINE void affine_block(int32_t pixels, int32_t cs, int32_t c, int w, const float *p,
                         const float *scale, const float *shift, bool relu, float *to) {
    vec a[WIDE], b[WIDE];
    UNROLL for (int v = 0; v < w; v++) {
        a[v] = load(scale + c + v * LANES);
        b[v] = load(shift + c + v * LANES);
    }
    for (int32_t x = 0; x < pixels; x++, p += cs, to += cs) UNROLL for (int v = 0; v < w; v++) {
            const vec z = fmadd(load(p + c + v * LANES), a[v], b[v]);
            store(to + c + v * LANES, relu ? only(~(z <= (vec){0}), z) : z);
        }
}

static void affine(const nas_map *m, int32_t n, const float *scale, const float *shift, bool relu,
                   const nas_map *out) {
    EACH_ROW(m, n) {
        const float *p = pixel(m, i, y, 0);
        float *to = pixel(out, i, y, 0);
        if (relu)
            IN_BLOCKS(m->cs, affine_block(m->w, m->cs, c, W, p, scale, shift, true, to))
        else
            IN_BLOCKS(m->cs, affine_block(m->w, m->cs, c, W, p, scale, shift, false, to))
    }
}

INLINE void affine_sums_block(const nas_map *m, const nas_map *dy, int32_t n, int32_t c, int w,
                              const float *scale, const float *shift, bool relu, const float *mean,
                              float *sum, float *dot) {
    vec a[WIDE], b[WIDE], from[WIDE], s[WIDE], q[WIDE];
    UNROLL for (int v = 0; v < w; v++) {
        a[v] = load(scale + c + v * LANES);
        b[v] = load(shift + c + v * LANES);
        from[v] = load(mean + c + v * LANES);
        s[v] = q[v] = (vec){0};
    }
    EACH_PIXEL(m, n) {
        const float *p = pixel(m, i, y, x) + c, *d = pixel(dy, i, y, x) + c;
        UNROLL for (int v = 0; v < w; v++) {
            const vec u = load(p + v * LANES);
            vec z = load(d + v * LANES);
            if (relu) z = only(~(fmadd(u, a[v], b[v]) <= (vec){0}), z);
            s[v] += z;
            q[v] = fmadd(z, u - from[v], q[v]);
        }
    }
    UNROLL for (int v = 0; v < w; v++) {
        store(sum + c + v * LANES, s[v]);
        store(dot + c + v * LANES, q[v]);
    }
}

static void affine_sums(const nas_map *m, const nas_map *dy, int32_t n, const float *scale,
                        const float *shift, bool relu, const float *mean, float *sum, float *dot) {
    if (relu)
        IN_BLOCKS(m->cs, affine_sums_block(m, dy, n, c, W, scale, shift, true, mean, sum, dot))
    else
        IN_BLOCKS(m->cs, affine_sums_block(m, dy, n, c, W, scale, shift, false, mean, sum, dot))
}

INLINE void affine_grad_block(int32_t pixels, int32_t cs, int32_t c, int w, const float *p,
                              const float *d, const float *scale, const float *shift, bool relu,
                              const float *slope, const float *offset, float *to) {
    vec a[WIDE], b[WIDE], k[WIDE], o[WIDE];
    UNROLL for (int v = 0; v < w; v++) {
        a[v] = load(scale + c + v * LANES);
        b[v] = load(shift + c + v * LANES);
        k[v] = load(slope + c + v * LANES);
        o[v] = load(offset + c + v * LANES);
    }
    for (int32_t x = 0; x < pixels; x++, p += cs, d += cs, to += cs)
        UNROLL for (int v = 0; v < w; v++) {
            const vec u = load(p + c + v * LANES);
            vec z = load(d + c + v * LANES);
            if (relu) z = only(~(fmadd(u, a[v], b[v]) <= (vec){0}), z);
            store(to + c + v * LANES, fmadd(a[v], z, fmadd(k[v], u, o[v])));
        }
}

static void affine_grad(const nas_map *m, const nas_map *dy, int32_t n, const float *scale,
                        const float *shift, bool relu, const float *slope, const float *offset,
                        const nas_map *dx) {
    EACH_ROW(m, n) {
        const float *p = pixel(m, i, y, 0), *d = pixel(dy, i, y, 0);
        float *to = pixel(dx, i, y, 0);
        if (relu)
            IN_BLOCKS(m->cs, affine_grad_block(m->w, m->cs, c, W, p, d, scale, shift, true, slope,
                                               offset, to))
        else
            IN_BLOCKS(m->cs, affine_grad_block(m->w, m->cs, c, W, p, d, scale, shift, false, slope,
                                               offset, to))
    }
}

/* Values of a row, of maps that have the same channels. */
static int32_t row_of(const nas_map *m) {
    return m->w * m->cs;
}

static void relu_forward(const nas_map *m, int32_t n, float top, const nas_map *out) {
    const vec most = splat(top);
    const int32_t len = row_of(m);
    EACH_ROW(m, n) {
        const float *p = pixel(m, i, y, 0);
        float *to = pixel(out, i, y, 0);
        for (int32_t c = 0; c < len; c += LANES) {
            const vec z = load(p + c);
            const mask over = z >= most;
            store(to + c, only(~(z <= (vec){0}), (vec)((over & (mask)most) | (~over & (mask)z))));
        }
    }
}

static void relu_grad(const nas_map *m, const nas_map *dy, int32_t n, float top,
                      const nas_map *dx) {
    const vec most = splat(top);
    const int32_t len = row_of(m);
    EACH_ROW(m, n) {
        const float *p = pixel(m, i, y, 0), *d = pixel(dy, i, y, 0);
        float *to = pixel(dx, i, y, 0);
        for (int32_t c = 0; c < len; c += LANES) {
            const vec z = load(p + c);
            store(to + c, only(~((z <= (vec){0}) | (z >= most)), load(d + c)));
        }
    }
}

static void add(const nas_map *a, const nas_map *b, int32_t n, bool relu, const nas_map *out) {
    const int32_t len = row_of(a);
    EACH_ROW(a, n) {
        const float *p = pixel(a, i, y, 0), *q = b ? pixel(b, i, y, 0) : NULL;
        float *to = pixel(out, i, y, 0);
        if (!q) {
            for (int32_t c = 0; c < len; c += LANES) {
                const vec z = load(p + c);
                store(to + c, relu ? only(~(z <= (vec){0}), z) : z);
            }
            continue;
        }
        for (int32_t c = 0; c < len; c += LANES) {
            const vec z = load(p + c) + load(q + c);
            store(to + c, relu ? only(~(z <= (vec){0}), z) : z);
        }
    }
}

static void mean(const nas_map *m, int32_t n, const nas_map *out) {
    const vec part = splat(1.0f / (float)(m->h * m->w));
    for (int32_t i = 0; i < n; i++) {
        nas_map one = *m;
        one.at += i * m->image;
        float *to = pixel(out, i, 0, 0);
        for (int32_t c = 0; c < m->cs; c += LANES) store(to + c, (vec){0});
        sum_pixels(&one, 1, to);
        for (int32_t c = 0; c < m->cs; c += LANES) store(to + c, load(to + c) * part);
    }
}

static void mean_grad(const nas_map *dy, int32_t n, const nas_map *dx) {
    const vec part = splat(1.0f / (float)(dx->h * dx->w));
    nas_map once = *dx;
    if (!dx->row) once.h = 1;
    EACH_PIXEL(&once, n) {
        const float *d = pixel(dy, i, 0, 0);
        float *to = pixel(dx, i, y, x);
        for (int32_t c = 0; c < dx->cs; c += LANES) store(to + c, load(d + c) * part);
    }
}

static void adam(size_t count, float *w, const float *g, float *m, float *v, float rate,
                 float one_b1, float one_b2, float epsilon) {
    for (size_t i = 0; i < count; i += LANES) {
        const vec d = load(g + i), a = load(m + i), b = load(v + i);
        const vec first = fmadd(d - a, splat(one_b1), a);
        const vec second = fmadd(fmsub(d, d, b), splat(one_b2), b);
        vec root;
        UNROLL for (int l = 0; l < LANES; l++) root[l] = sqrtf(second[l]);
        store(m + i, first);
        store(v + i, second);
        store(w + i, load(w + i) - rate * first / (root + epsilon));
    }
}

static void sgd(size_t count, float *w, const float *g, float *v, float rate, float momentum) {
    for (size_t i = 0; i < count; i += LANES) {
        const vec next = fmsub(splat(momentum), load(v + i), rate * load(g + i));
        store(v + i, next);
        store(w + i, load(w + i) + next);
    }
}

const nas_kernel ROW(nas_kernel) = {
    .name = ROW_TEXT(NAS_ROW),
    .conv_pack = ROW(nas_conv_pack),
    .conv = ROW(nas_conv_forward),
    .conv_weights = ROW(nas_conv_weights),
    .winograd_pack = ROW(nas_winograd_pack),
    .winograd = ROW(nas_winograd_forward),
    .winograd_weights = ROW(nas_winograd_weights),
    .winograd_unpack = ROW(nas_winograd_unpack),
    .depthwise = ROW(nas_depthwise_forward),
    .depthwise_weights = ROW(nas_depthwise_weights),
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
    .max_pool = ROW(nas_max_pool),
    .max_pool_grad = ROW(nas_max_pool_grad),
    .average_pool = ROW(nas_average_pool),
    .average_pool_grad = ROW(nas_average_pool_grad),
    .adam = adam,
    .sgd = sgd,
};
