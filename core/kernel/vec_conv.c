/* core/kernel/vec_conv.c - convolution as one register-blocked sum: a few vectors of output
 * channels by groups of four pixels, all taps and channels inside. Sums are never carried in
 * memory. */
#include "core/kernel/axes.h"
#include "core/kernel/row.h"

void ROW(nas_conv_pack)(const nas_conv *c, const float *w, float *packed) {
    for (int at = 0, left = c->out / LANES; left > 0;) {
        const int v = block_of(left), from = at * LANES, to = from + v * LANES;
        const int real = to < c->used ? to : c->used;
        for (int32_t t = 0; t < c->taps; t++)
            for (int32_t k = 0; k < c->depth; k++) {
                const float *row = w + c->tap[t] * c->w_tap + k * c->w_depth;
                for (int o = from; o < real; o++) *packed++ = row[o * c->w_out];
                for (int o = real > from ? real : from; o < to; o++) *packed++ = 0.0f;
            }
        at += v;
        left -= v;
    }
}

/* groups * 4 pixels by width vectors. The sums stay in registers because every bound is a constant
 * once this is inlined. */
INLINE void tile(const nas_conv *c, int groups, int width, const float *const x[], ptrdiff_t step,
                 const float *w, const float *bias, float *const y[], ptrdiff_t y_step) {
    vec sum[3 * GROUP][3];
    UNROLL for (int p = 0; p < groups * GROUP; p++) UNROLL for (int v = 0; v < width; v++)
        sum[p][v] = bias ? load(bias + v * LANES) : (vec){0};
    for (int32_t t = 0; t < c->taps; t++) {
        const ptrdiff_t at = c->at[t];
        const float *a0 = x[0] + at;
        const float *a1 = x[groups > 1 ? 1 : 0] + at;
        const float *a2 = x[groups > 2 ? 2 : 0] + at;
        _Pragma("GCC unroll 4") for (int32_t k = 0; k < c->depth; k++) {
            vec b[3];
            UNROLL for (int v = 0; v < width; v++) b[v] = load(w + v * LANES);
            w += width * LANES;
            UNROLL for (int p = 0; p < groups * GROUP; p++) {
                const float *a = p < GROUP ? a0 : p < 2 * GROUP ? a1 : a2;
                const vec s = splat(a[(p % GROUP) * step]);
                UNROLL for (int v = 0; v < width; v++) sum[p][v] += s * b[v];
            }
            a0++;
            a1++;
            a2++;
        }
    }
    UNROLL for (int p = 0; p < groups * GROUP; p++) UNROLL for (int v = 0; v < width; v++)
        store(y[p / GROUP] + (p % GROUP) * y_step + v * LANES, sum[p][v]);
}

/* All pixels of one block of output channels. */
INLINE void block(const nas_conv *c, const axes *a, int groups, int width, const float *x,
                  const float *w, const float *bias, float *y) {
    walk at = {0};
    for (int32_t done = 0; done < a->total; done += groups) {
        const float *from[3];
        float *to[3];
        UNROLL for (int g = 0; g < groups; g++) {
            from[g] = x + at.x;
            to[g] = y + at.y;
            if (done + g + 1 < a->total) walk_next(a, &at); /* else the last one again */
        }
        tile(c, groups, width, from, a->along.x, w, bias, to, a->along.y);
    }
}

#define BLOCK(name, groups, width)                                                               \
    static __attribute__((noinline)) void name(const nas_conv *c, const axes *a, const float *x, \
                                               const float *w, const float *bias, float *y) {    \
        if (bias)                                                                                \
            block(c, a, groups, width, x, w, bias, y);                                           \
        else                                                                                     \
            block(c, a, groups, width, x, w, NULL, y);                                           \
    }
enum { ROOMY = REGISTERS == 32 };
BLOCK(block_1, ROOMY ? 3 : 2, 1)
BLOCK(block_2, ROOMY ? 3 : 1, 2)
BLOCK(block_3, ROOMY ? 2 : 1, 3)

void ROW(nas_conv_forward)(const nas_conv *c, int32_t n, const float *x, const float *packed,
                           const float *bias, float *y) {
    const axes a = axes_plan(c, n);
    for (int left = c->out / LANES; left > 0;) {
        const int v = block_of(left);
        (v == 1 ? block_1 : v == 2 ? block_2 : block_3)(c, &a, x, packed, bias, y);
        packed += (ptrdiff_t)c->taps * c->depth * v * LANES;
        if (bias) bias += v * LANES;
        y += v * LANES;
        left -= v;
    }
}

/* dw[k][v] += the sum over pixels of x[k] * dy[v]; depth and width are constants when inlined. */
INLINE void outer(const nas_conv *c, int32_t n, int depth, int width, const float *x,
                  const float *dy, float *dw) {
    vec sum[14][3];
    UNROLL for (int k = 0; k < depth; k++) UNROLL for (int v = 0; v < width; v++) sum[k][v] =
        (vec){0};
    for (int32_t i = 0; i < n; i++)
        for (int32_t r = 0; r < c->h; r++) {
            const float *a = x + i * c->x_image + r * c->x_row;
            const float *d = dy + i * c->y_image + r * c->y_row;
            for (int32_t p = 0; p < c->w; p++) {
                vec b[3];
                UNROLL for (int v = 0; v < width; v++) b[v] = load(d + v * LANES);
                UNROLL for (int k = 0; k < depth; k++) {
                    const vec s = splat(a[k]);
                    UNROLL for (int v = 0; v < width; v++) sum[k][v] += s * b[v];
                }
                a += c->x_pixel;
                d += c->y_pixel;
            }
        }
    UNROLL for (int k = 0; k < depth; k++) UNROLL for (int v = 0; v < width; v++) {
        float *to = dw + k * c->w_depth + v * LANES;
        if (!c->fresh) sum[k][v] += load(to);
        store(to, sum[k][v]);
    }
}

/* Channels at a time, by what the registers hold beside one or three vectors of dy. */
#define FEW(X, v)      X(1, v) X(2, v) X(3, v) X(4, v)
#define SOME(X, v)     X(5, v) X(6, v)
#define MORE(X, v)     X(7, v) X(8, v) X(9, v)
#define MOST(X, v)     X(10, v) X(11, v) X(12, v) X(13, v) X(14, v)
#define UP_TO_9(X, v)  FEW(X, v) SOME(X, v) MORE(X, v)
#define UP_TO_14(X, v) UP_TO_9(X, v) MOST(X, v)

#define OUTER(k, v)                                                                 \
    static __attribute__((noinline)) void outer_##k##_##v(                          \
        const nas_conv *c, int32_t n, const float *x, const float *dy, float *dw) { \
        outer(c, n, k, v, x, dy, dw);                                               \
    }
UP_TO_14(OUTER, 1)
UP_TO_14(OUTER, 2)
UP_TO_9(OUTER, 3)

#define NAME(k, v) outer_##k##_##v,
typedef void outer_fn(const nas_conv *, int32_t, const float *, const float *, float *);
static outer_fn *const outers[3][15] = {
    {NULL, UP_TO_14(NAME, 1)},
    {NULL, UP_TO_14(NAME, 2)},
    {NULL, UP_TO_9(NAME, 3)},
};
static const int most_outer[3] = {ROOMY ? 14 : 12, ROOMY ? 14 : 6, ROOMY ? 9 : 4};

static void weights_of(const nas_conv *c, int32_t n, const float *x, const float *dy, float *dw) {
    nas_conv flat = *c;
    if (flat.x_row == flat.w * flat.x_pixel && flat.y_row == flat.w * flat.y_pixel) {
        flat.w *= flat.h; /* one long row: fewer turns */
        flat.h = 1;
    }
    for (int at = 0, left = c->out / LANES; left > 0;) {
        const int v = block_of(left), most = most_outer[v - 1];
        const int parts = (c->depth + most - 1) / most;
        for (int part = 0; part < parts; part++) {
            const int from = (int)((int64_t)c->depth * part / parts);
            const int to = (int)((int64_t)c->depth * (part + 1) / parts);
            for (int32_t t = 0; t < c->taps; t++)
                outers[v - 1][to - from](&flat, n, x + c->at[t] + from, dy + at * LANES,
                                         dw + c->tap[t] * c->w_tap + from * c->w_depth +
                                             at * LANES);
        }
        at += v;
        left -= v;
    }
}

/* A block of dy and the lines of x beside it are read once for each tap and channel: few enough
 * pixels at a time stay in the first cache. Wider vectors ask less of the second. */
enum { NEAR_PIXELS = 16 * 1024 / (3 * LANES * 4 + 64) };

void ROW(nas_conv_weights)(const nas_conv *c, int32_t n, const float *x, const float *dy,
                           float *dw) {
    nas_conv some = *c;
    const int32_t rows = c->w < NEAR_PIXELS ? NEAR_PIXELS / c->w : 1;
    if (LANES == 16 || (int64_t)n * c->h * c->w <= NEAR_PIXELS) {
        weights_of(c, n, x, dy, dw);
        return;
    }
    const int32_t images = rows > c->h ? rows / c->h : 1;
    for (int32_t i = 0; i < n; i += images)
        for (int32_t r = 0; r < c->h; r += rows) {
            some.h = c->h - r < rows ? c->h - r : rows;
            weights_of(&some, n - i < images ? n - i : images, x + i * c->x_image + r * c->x_row,
                       dy + i * c->y_image + r * c->y_row, dw);
            some.fresh = false;
        }
}
