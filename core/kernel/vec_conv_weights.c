/* core/kernel/vec_conv_weights.c - gradients of a convolution's kernel: for each tap the outer
 * products of x and dy, summed over pixels in registers, a few channels by a few vectors at a time.
 */
#include "core/kernel/row.h"

/* A row of less than 16 lanes takes a few pixels at a time, so that what is read again for each tap
 * and channel stays in the first cache, and copies what would not stay there. Wider vectors ask
 * less of the caches. */
enum {
    NEAR = LANES < 16,
    PANEL = NAS_CHANNELS, /* channels of x that are copied at a time */
    STEP = 36, /* and of x that is not; whole blocks of channels, whatever their vectors */
    PIXELS = 16 * 1024 / (3 * LANES * 4 + PANEL * 4),
    BLOCKS_FLOATS = 32 * 1024 /* of dy, copied at a time: they stay in the second cache */
};

static int32_t least(int32_t a, int32_t b) {
    return a < b ? a : b;
}

/* dw[k][v] += the sum over pixels of x[k] * dy[v]; depth and width are constants when inlined. */
INLINE void outer(const nas_conv *c, int32_t n, int depth, int width, const float *x,
                  const float *dy, float *dw) {
    vec sum[14][3];
    UNROLL for (int k = 0; k < depth; k++) UNROLL for (int v = 0; v < width; v++) sum[k][v] =
        (vec){0};
    if (NEAR) UNROLL for (int k = 0; k < depth; k++) {
            __builtin_prefetch(dw + k * c->w_depth, 1);
            __builtin_prefetch(dw + k * c->w_depth + (width - 1) * LANES, 1);
        }
    const int32_t images = NEAR ? 1 : n, rows = NEAR ? 1 : c->h; /* there all is one row */
    for (int32_t i = 0; i < images; i++)
        for (int32_t r = 0; r < rows; r++) {
            const float *a = x + i * c->x_image + r * c->x_row;
            const float *d = dy + i * c->y_image + r * c->y_row;
            _Pragma("GCC unroll NEAR + 1") for (int32_t p = 0; p < c->w; p++) {
                vec b[3];
                UNROLL for (int v = 0; v < width; v++) b[v] = load(d + v * LANES);
                UNROLL for (int k = 0; k < depth; k++) {
                    const vec s = splat(a[k]);
                    UNROLL for (int v = 0; v < width; v++) sum[k][v] = fmadd(s, b[v], sum[k][v]);
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
enum { ROOMY = REGISTERS == 32 };
static const int most_outer[3] = {ROOMY ? 14 : 12, ROOMY ? 14 : 6, ROOMY ? 9 : 4};

/* `depth` channels with a block of v vectors, in even parts, at one place of x or at each tap. */
INLINE void channels(const nas_conv *c, bool taps, int32_t n, int v, int32_t depth, const float *x,
                     const float *dy, float *dw) {
    const int32_t most = most_outer[v - 1], parts = (depth + most - 1) / most;
    const int32_t few = depth / parts, more = depth % parts; /* parts that have one more */
    for (int32_t part = 0; part < parts; part++) {
        const int32_t some = few + (part < more);
        if (!taps) outers[v - 1][some](c, n, x, dy, dw);
        for (int32_t t = 0; taps && t < c->taps; t++)
            outers[v - 1][some](c, n, x + c->at[t], dy, dw + c->tap[t] * c->w_tap);
        x += some;
        dw += some * c->w_depth;
    }
}

/* Pixels that follow each other at one distance are one row: fewer turns. */
static bool one_row(const nas_conv *c, int32_t n, ptrdiff_t pixel, ptrdiff_t row, ptrdiff_t image) {
    return (c->h == 1 || row == c->w * pixel) && (n == 1 || image == c->h * c->w * pixel);
}

static void at_once(const nas_conv *c, int32_t n, const float *x, const float *dy, float *dw) {
    nas_conv flat = *c;
    if (one_row(c, 1, c->x_pixel, c->x_row, 0) && one_row(c, 1, c->y_pixel, c->y_row, 0)) {
        flat.w *= flat.h;
        flat.h = 1;
    }
    for (int at = 0, left = c->out / LANES; left > 0;) {
        const int v = block_of(left);
        channels(&flat, true, n, v, c->depth, x, dy + at * LANES, dw + at * LANES);
        at += v;
        left -= v;
    }
}

/* Pixels at such a distance fall on few sets of the first cache. */
static bool conflicts(ptrdiff_t pixel) {
    return pixel % 128 == 0;
}

INLINE void copy(float *to, const float *from, int width) {
    vec v[3];
    UNROLL for (int i = 0; i < width; i++) v[i] = load(from + i * LANES);
    UNROLL for (int i = 0; i < width; i++) store(to + i * LANES, v[i]);
}

/* Pixel p of `pixels`: its vectors go to their blocks. */
INLINE void copy_to_blocks(const float *from, int vectors, int32_t p, int32_t pixels, float *to) {
    for (int left = vectors; left > 0;) {
        const int v = block_of(left);
        float *at = to + p * v * LANES;
        if (v == 3)
            copy(at, from, 3);
        else if (v == 2)
            copy(at, from, 2);
        else
            copy(at, from, 1);
        from += v * LANES;
        to += (ptrdiff_t)pixels * v * LANES;
        left -= v;
    }
}

typedef float loose __attribute__((vector_size(sizeof(vec)), may_alias, aligned(4)));

/* Offsets of the pixels of n images, in order. */
static void offsets(const nas_conv *c, int32_t n, ptrdiff_t image, ptrdiff_t row, ptrdiff_t pixel,
                    ptrdiff_t *at) {
    for (int32_t i = 0; i < n; i++)
        for (int32_t r = 0; r < c->h; r++)
            for (int32_t p = 0; p < c->w; p++) *at++ = i * image + r * row + p * pixel;
}

/* depth channels from k on, of some taps beside each other, at each pixel: up to PANEL in all. A
 * net's input has them anywhere. A vector may reach beyond them, into what is overwritten next, but
 * not beyond the last pixel. */
static void copy_to_panel(const float *x, const ptrdiff_t *tap, int32_t taps, const ptrdiff_t *at,
                          int32_t pixels, int32_t depth, float *to) {
    int32_t p = 0;
    if (depth == PANEL)
        for (; p < pixels; p++, to += PANEL)
            UNROLL for (int i = 0; i < PANEL; i += LANES)
                store(to + i, *(const loose *)(const void *)(x + at[p] + tap[0] + i));
    for (; p < pixels && at[pixels - 1] - at[p] >= LANES; p++, to += PANEL)
        for (int32_t t = 0; t < taps; t++)
            for (int32_t i = 0; i < depth; i += LANES)
                *(loose *)(void *)(to + t * depth + i) =
                    *(const loose *)(const void *)(x + at[p] + tap[t] + i);
    for (; p < pixels; p++, to += PANEL)
        for (int32_t t = 0; t < taps; t++)
            for (int32_t i = 0; i < depth; i++) to[t * depth + i] = x[at[p] + tap[t] + i];
}

/* How many taps fit a panel beside each other: more than one where their rows of the kernel follow
 * each other, too. */
static int32_t taps_together(const nas_conv *c) {
    if (c->depth > PANEL || c->w_tap != c->depth * c->w_depth) return 1;
    for (int32_t t = 0; t < c->taps; t++)
        if (c->tap[t] != t) return 1;
    return PANEL / c->depth;
}

/* At most PIXELS pixels. */
static void near(const nas_conv *c, int32_t n, const float *x, const float *dy, float *dw) {
    float panel[PIXELS * PANEL + LANES] __attribute__((aligned(64)));
    float blocks[BLOCKS_FLOATS] __attribute__((aligned(64)));
    ptrdiff_t x_at[PIXELS], y_at[PIXELS];
    const bool copy_x = !one_row(c, n, c->x_pixel, c->x_row, c->x_image) || conflicts(c->x_pixel);
    const bool copy_y = !one_row(c, n, c->y_pixel, c->y_row, c->y_image) || conflicts(c->y_pixel);
    if (copy_x) offsets(c, n, c->x_image, c->x_row, c->x_pixel, x_at);
    if (copy_y) offsets(c, n, c->y_image, c->y_row, c->y_pixel, y_at);
    nas_conv q = *c; /* the pixels in one row */
    q.w = n * c->h * c->w;
    if (copy_x) q.x_pixel = PANEL;
    const int32_t together = copy_x ? taps_together(c) : 1, step = copy_x ? PANEL : STEP;
    const int all = c->out / LANES, most = copy_y ? BLOCKS_FLOATS / LANES / q.w / 3 * 3 : all;
    for (int first = 0; first < all; first += most) {
        const int vectors = least(all - first, most);
        if (copy_y)
            for (int32_t p = 0; p < q.w; p++)
                copy_to_blocks(dy + y_at[p] + first * LANES, vectors, p, q.w, blocks);
        for (int32_t t = 0; t < c->taps; t += together)
            for (int32_t k = 0; k < c->depth; k += step) {
                const int32_t taps = least(together, c->taps - t),
                              depth = least(c->depth - k, step);
                const float *d = copy_y ? blocks : dy + first * LANES;
                float *to = dw + c->tap[t] * c->w_tap + k * c->w_depth + first * LANES;
                if (copy_x) copy_to_panel(x + k, c->at + t, taps, x_at, q.w, depth, panel);
                for (int left = vectors; left > 0;) {
                    const int v = block_of(left);
                    if (copy_y) q.y_pixel = v * LANES;
                    channels(&q, false, 1, v, taps * depth, copy_x ? panel : x + c->at[t] + k, d,
                             to);
                    d += (copy_y ? q.w : 1) * v * LANES;
                    to += v * LANES;
                    left -= v;
                }
            }
    }
}

void ROW(nas_conv_weights)(const nas_conv *c, int32_t n, const float *x, const float *dy,
                           float *dw) {
    if (!NEAR) {
        at_once(c, n, x, dy, dw);
        return;
    }
    const int32_t w = least(c->w, PIXELS), h = least(c->h, PIXELS / w);
    const int32_t images = w == c->w && h == c->h ? PIXELS / (h * w) : 1;
    nas_conv some = *c;
    for (int32_t i = 0; i < n; i += images)
        for (int32_t r = 0; r < c->h; r += h)
            for (int32_t p = 0; p < c->w; p += w) {
                some.h = least(h, c->h - r);
                some.w = least(w, c->w - p);
                near(&some, least(images, n - i),
                     x + i * c->x_image + r * c->x_row + p * c->x_pixel,
                     dy + i * c->y_image + r * c->y_row + p * c->y_pixel, dw);
                some.fresh = false;
            }
}
