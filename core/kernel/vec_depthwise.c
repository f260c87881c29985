/* core/kernel/vec_depthwise.c - one window a channel: channels are the lanes, and a few pixels at a
 * time share each weight. */
#include "core/kernel/axes.h"
#include "core/kernel/row.h"

#include <stddef.h>
#include <string.h>

/* One vector of channels, all pixels. */
static void channels(const nas_conv *c, const axes *a, const float *x, const float *w,
                     const float *bias, float *y) {
    const ptrdiff_t step = a->along.x;
    const vec start = bias ? load(bias) : (vec){0};
    walk at = {0};
    for (int32_t g = 0; g < a->total; g++, walk_next(a, &at)) {
        vec sum[GROUP];
        UNROLL for (int p = 0; p < GROUP; p++) sum[p] = start;
        for (int32_t t = 0; t < c->taps; t++) {
            const float *from = x + at.x + c->at[t];
            const vec weight = load(w + (ptrdiff_t)c->tap[t] * c->out);
            UNROLL for (int p = 0; p < GROUP; p++) sum[p] = fmadd(load(from + p * step), weight, sum[p]);
        }
        UNROLL for (int p = 0; p < GROUP; p++) store(y + at.y + p * a->along.y, sum[p]);
    }
}

/* Three by three taps whose columns lie as far apart as the pixels: neighbours share what they
 * read. Pixels of a row at a time; the products of each are added in the order of the taps. */
enum { RUN = 5, MANY = 128 };

typedef struct grid {
    ptrdiff_t row, column; /* from tap to tap */
} grid;

static bool grid_of(const nas_conv *c, grid *g) {
    if (c->taps != 9) return false;
    *g = (grid){.row = c->at[3] - c->at[0], .column = c->at[1] - c->at[0]};
    for (int t = 0; t < 9; t++)
        if (c->at[t] != c->at[0] + t / 3 * g->row + t % 3 * g->column) return false;
    return g->column == c->x_pixel || g->column == -c->x_pixel;
}

/* A map one pixel wide is one row of pixels below each other. */
static nas_conv lay_down(const nas_conv *c) {
    nas_conv r = *c;
    if (c->w == 1) {
        r.w = c->h;
        r.h = 1;
        r.x_pixel = c->x_row;
        r.y_pixel = c->y_row;
    }
    return r;
}

/* n pixels of every row of an image, of `many` channels: few enough that three rows of them stay in
 * the first cache. back: the columns of the taps run backwards. */
INLINE void grid_rows(const nas_conv *c, ptrdiff_t row, int n, bool back, int32_t many,
                      const float *x, const float *w, const float *bias, float *y) {
    const float *kernel[9];
    UNROLL for (int t = 0; t < 9; t++) kernel[t] = w + (ptrdiff_t)c->tap[t] * c->out;
    const ptrdiff_t step = c->x_pixel * (ptrdiff_t)sizeof *x; /* bytes: what addresses scale by */
    x += c->at[0];
    for (int32_t r = 0; r < c->h; r++, x += c->x_row, y += c->y_row)
        for (int32_t o = 0; o < many; o += LANES) {
            const vec start = bias ? load(bias + o) : (vec){0};
            vec sum[RUN];
            UNROLL for (int p = 0; p < n; p++) sum[p] = start;
            UNROLL for (int i = 0; i < 3; i++) {
                const char *from = (const char *)(x + o + i * row);
                vec k[3];
                UNROLL for (int j = 0; j < 3; j++) k[j] = load(kernel[i * 3 + j] + o);
                UNROLL for (int s = 0; s < n + 2; s++) {
                    const int e = back ? n - 1 - s : s;
                    const vec v = load((const float *)(const void *)(from + e * step));
                    UNROLL for (int p = 0; p < n; p++) {
                        const int j = back ? p - e : e - p;
                        if (j >= 0 && j < 3) sum[p] = fmadd(v, k[j], sum[p]);
                    }
                }
            }
            UNROLL for (int p = 0; p < n; p++) store(y + o + p * c->y_pixel, sum[p]);
        }
}

#define GRID(n)                                                                                  \
    static __attribute__((noinline)) void grid_##n(const nas_conv *c, ptrdiff_t row, bool back,  \
                                                   int32_t many, const float *x, const float *w, \
                                                   const float *bias, float *y) {                \
        if (back)                                                                                \
            grid_rows(c, row, n, true, many, x, w, bias, y);                                     \
        else                                                                                     \
            grid_rows(c, row, n, false, many, x, w, bias, y);                                    \
    }
GRID(1)
GRID(2)
GRID(3)
GRID(4)
GRID(5)

typedef void grid_fn(const nas_conv *, ptrdiff_t, bool, int32_t, const float *, const float *,
                     const float *, float *);
static grid_fn *const grids[RUN + 1] = {NULL, grid_1, grid_2, grid_3, grid_4, grid_5};

static void grid_image(const nas_conv *c, const grid *g, const float *x, const float *w,
                       const float *bias, float *y) {
    const int parts = (c->w + RUN - 1) / RUN;
    for (int32_t o = 0; o < c->out; o += MANY)
        for (int part = 0; part < parts; part++) {
            const int from = c->w * part / parts, to = c->w * (part + 1) / parts;
            const int32_t many = c->out - o < MANY ? c->out - o : MANY;
            grids[to - from](c, g->row, g->column < 0, many, x + o + from * c->x_pixel, w + o,
                             bias ? bias + o : NULL, y + o + from * c->y_pixel);
        }
}

void ROW(nas_depthwise_forward)(const nas_conv *c, int32_t n, const float *x, const float *w,
                                const float *bias, float *y) {
    const nas_conv lying = lay_down(c);
    const axes a = axes_plan(c, 1);
    grid g;
    const bool shared = grid_of(&lying, &g);
    for (int32_t i = 0; i < n; i++, x += c->x_image, y += c->y_image) {
        if (shared) {
            grid_image(&lying, &g, x, w, bias, y);
            continue;
        }
        for (int32_t o = 0; o < c->out; o += LANES)
            channels(c, &a, x + o, w + o, bias ? bias + o : NULL, y + o);
    }
}

/* Taps [first, first + taps) of one vector of channels. */
INLINE void gather(const nas_conv *c, int32_t n, int taps, int32_t first, const float *x,
                   const float *dy, float *dw) {
    vec sum[9];
    ptrdiff_t place[9];
    UNROLL for (int t = 0; t < taps; t++) {
        sum[t] = (vec){0};
        place[t] = c->at[first + t];
    }
    for (int32_t i = 0; i < n; i++)
        for (int32_t r = 0; r < c->h; r++) {
            const float *a = x + i * c->x_image + r * c->x_row;
            const float *d = dy + i * c->y_image + r * c->y_row;
            for (int32_t p = 0; p < c->w; p++) {
                const vec v = load(d);
                UNROLL for (int t = 0; t < taps; t++) sum[t] = fmadd(load(a + place[t]), v, sum[t]);
                a += c->x_pixel;
                d += c->y_pixel;
            }
        }
    UNROLL for (int t = 0; t < taps; t++) {
        float *to = dw + (ptrdiff_t)c->tap[first + t] * c->out;
        store(to, load(to) + sum[t]);
    }
}

/* The same for the weights: n pixels of one row. */
INLINE void grid_add(const nas_conv *c, ptrdiff_t row, int n, const float *x, const float *dy,
                     vec sum[9]) {
    const ptrdiff_t step = c->x_pixel * (ptrdiff_t)sizeof *x;
    vec b[RUN];
    UNROLL for (int p = 0; p < n; p++) b[p] = load(dy + p * c->y_pixel);
    UNROLL for (int e = 0; e < n + 2; e++) {
        UNROLL for (int k = 0; k < 3; k++) {
            const char *from = (const char *)(x + k * row);
            const vec v = load((const float *)(const void *)(from + e * step));
            UNROLL for (int j = 0; j < 3; j++) {
                if (e - j >= 0 && e - j < n) sum[k * 3 + j] = fmadd(v, b[e - j], sum[k * 3 + j]);
            }
        }
    }
}

/* Rows of some runs and `rest` pixels, of `many` channels. */
INLINE void grid_gather(const nas_conv *c, ptrdiff_t row, int32_t images, int rest, int32_t many,
                        const float *x, const float *dy, float *dw) {
    vec sums[MANY / LANES][9];
    memset(sums, 0, (size_t)many / LANES * sizeof *sums);
    for (int32_t i = 0; i < images; i++)
        for (int32_t r = 0; r < c->h; r++)
            for (int32_t o = 0; o < many; o += LANES) {
                const float *a = x + o + c->at[0] + i * c->x_image + r * c->x_row;
                const float *d = dy + o + i * c->y_image + r * c->y_row;
                vec sum[9];
                UNROLL for (int t = 0; t < 9; t++) sum[t] = sums[o / LANES][t];
                for (int32_t p = RUN; p <= c->w; p += RUN) {
                    grid_add(c, row, RUN, a, d, sum);
                    a += RUN * c->x_pixel;
                    d += RUN * c->y_pixel;
                }
                if (rest) grid_add(c, row, rest, a, d, sum);
                UNROLL for (int t = 0; t < 9; t++) sums[o / LANES][t] = sum[t];
            }
    for (int32_t o = 0; o < many; o += LANES) UNROLL for (int t = 0; t < 9; t++) {
            float *to = dw + o + (ptrdiff_t)c->tap[t] * c->out;
            store(to, load(to) + sums[o / LANES][t]);
        }
}

#define GATHER(n)                                                                                  \
    static __attribute__((noinline)) void gather_##n(const nas_conv *c, ptrdiff_t row,             \
                                                     int32_t images, int32_t many, const float *x, \
                                                     const float *dy, float *dw) {                 \
        grid_gather(c, row, images, n, many, x, dy, dw);                                           \
    }
GATHER(0)
GATHER(1)
GATHER(2)
GATHER(3)
GATHER(4)

typedef void gather_fn(const nas_conv *, ptrdiff_t, int32_t, int32_t, const float *, const float *,
                       float *);
static gather_fn *const gathers[RUN] = {gather_0, gather_1, gather_2, gather_3, gather_4};

void ROW(nas_depthwise_weights)(const nas_conv *c, int32_t n, const float *x, const float *dy,
                                float *dw) {
    const nas_conv lying = lay_down(c);
    grid g;
    if (grid_of(&lying, &g) && g.column > 0) {
        for (int32_t o = 0; o < c->out; o += MANY) {
            const int32_t many = c->out - o < MANY ? c->out - o : MANY;
            gathers[lying.w % RUN](&lying, g.row, n, many, x + o, dy + o, dw + o);
        }
        return;
    }
    for (int32_t o = 0; o < c->out; o += LANES)
        for (int32_t t = 0; t < c->taps;) {
            const int32_t left = c->taps - t;
            if (left >= 9)
                gather(c, n, 9, t, x + o, dy + o, dw + o);
            else if (left >= 3)
                gather(c, n, 3, t, x + o, dy + o, dw + o);
            else
                gather(c, n, 1, t, x + o, dy + o, dw + o);
            t += left >= 9 ? 9 : left >= 3 ? 3 : 1;
        }
}
