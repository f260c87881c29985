/* core/kernel/kernel.h - the table of hot loops; one row per build, chosen once at start.
 * Maps are NHWC. The stored channel stride is a multiple of 16 floats, the channels beyond the real
 * ones are zero, and so is the border around each image; no kernel writes either (but that zero
 * weights give zero results). Vector loads are 64-byte aligned. Sums over pixels have an order that
 * the shape alone fixes.
 * Thread safety: the rows are constant; their functions may be called by several threads that
 * write to distinct places. */
#ifndef NAS_CORE_KERNEL_KERNEL_H
#define NAS_CORE_KERNEL_KERNEL_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { NAS_CHANNELS = 16 }; /* stored channels are a multiple of this */

/* A run of images. Strides in floats; a pixel's stride is cs. */
typedef struct nas_map {
    float *at; /* channel 0 of pixel (0, 0) of the first image */
    int32_t h, w, c, cs;
    ptrdiff_t row, image;
} nas_map;

/* A sum of taps at each output pixel, on maps with borders: convolution forward, its backward-data
 * (one for each phase of the stride), a dense layer (the images are the pixels), a depthwise layer.
 *   y[n][i][j][o] = bias[o] + sum over t, k of x[n][i][j; t][k] * weight[t][k][o]
 * x[n][i][j; t] starts at n * x_image + i * x_row + j * x_pixel + at[t]. Depthwise: k = o, no sum
 * over k, depth unused. */
typedef struct nas_conv {
    int32_t h, w; /* output pixels of an image */
    ptrdiff_t x_image, x_row, x_pixel;
    ptrdiff_t y_image, y_row, y_pixel;
    int32_t taps; /* 0 gives bias or zeros */
    const ptrdiff_t *at;
    const int32_t *tap; /* which tap of the kernel as it is stored */
    int32_t depth;      /* channels that are summed, of each tap */
    int32_t out;        /* stored output channels, a multiple of NAS_CHANNELS */
    /* The stored kernel: weight (t, k, o) is w[tap[t] * w_tap + k * w_depth + o * w_out] for
     * o < used, else zero. */
    ptrdiff_t w_tap, w_depth, w_out;
    int32_t used;
    bool fresh; /* of conv_weights: dw has nothing yet, and is overwritten */
} nas_conv;

/* A 3x3 convolution of stride 1 by products at a few points of a tile, instead of by taps (Winograd
 * 1980; Lavin and Gray, CVPR 2016, sections 4.1 to 4.3): F(2x2) takes 4 products where the direct
 * way takes 9, F(4x4) 2.25, F(4x2) 3. Tiles stand over the last row and column where they do not
 * fit: there x and dy have zeros, and y is not written. */
typedef struct nas_winograd {
    nas_conv conv;    /* maps and weights; its taps are those below */
    ptrdiff_t at;     /* floats from x to what the first tap of the first output reads */
    int32_t tap[9];   /* which tap of the stored kernel, by rows of the window */
    int32_t tile[2];  /* output rows and columns of a tile: 2 or 4 */
    int32_t tiles[2]; /* in an image */
    int32_t images;   /* that are worked on at a time; the order of sums depends on it */
    bool fresh;       /* of winograd_weights: du has nothing yet, and is overwritten */
} nas_winograd;

enum { NAS_WINOGRAD_POINTS = 36 }; /* at most */

static inline int32_t nas_winograd_points(const nas_winograd *p) {
    return (p->tile[0] + 2) * (p->tile[1] + 2);
}
/* Floats from point to point of the packed weights; not a power of two, which would have all points
 * fall on the same lines of the cache. */
static inline size_t nas_winograd_point(const nas_winograd *p) {
    return (size_t)p->conv.depth * (size_t)p->conv.out + NAS_CHANNELS;
}
/* Floats of the packed weights, and of the gradients before they are unpacked. */
static inline size_t nas_winograd_packed(const nas_winograd *p) {
    return (size_t)nas_winograd_points(p) * nas_winograd_point(p);
}
/* The same of `channels` for all tiles. */
static inline size_t nas_winograd_stride(const nas_winograd *p, size_t channels) {
    return (size_t)p->images * (size_t)p->tiles[0] * (size_t)p->tiles[1] * channels + NAS_CHANNELS;
}
static inline size_t nas_winograd_scratch(const nas_winograd *p) {
    return (size_t)nas_winograd_points(p) * (nas_winograd_stride(p, (size_t)p->conv.x_pixel) +
                                             nas_winograd_stride(p, (size_t)p->conv.out));
}

/* Windows on maps without borders' help: what stands over the edge is left out. Height, width. */
typedef struct nas_pool {
    int32_t size[2], stride[2];
    int32_t before[2]; /* rows and columns of the first window that lie before the map */
} nas_pool;

/* Per-channel vectors have cs entries. n is the number of images. */
struct nas_kernel {
    const char *name;

    /* Puts the weights in the order in which conv reads them: taps * depth * out floats. */
    void (*conv_pack)(const nas_conv *c, const float *w, float *packed);
    /* bias may be NULL. Overwrites y. */
    void (*conv)(const nas_conv *c, int32_t n, const float *x, const float *packed,
                 const float *bias, float *y);
    /* dw += (fresh: =) the sum over pixels of x * dy; the stored kernel must have w_out 1. */
    void (*conv_weights)(const nas_conv *c, int32_t n, const float *x, const float *dy, float *dw);

    /* The same for 3x3 windows of stride 1, with room for nas_winograd_scratch floats; x_pixel and
     * y_pixel are the stored channels. du is all 0 or fresh at first, and in the end dw += du
     * unpacked. */
    void (*winograd_pack)(const nas_winograd *p, const float *w, float *packed);
    void (*winograd)(const nas_winograd *p, int32_t n, const float *x, const float *packed,
                     const float *bias, float *y, float *scratch);
    void (*winograd_weights)(const nas_winograd *p, int32_t n, const float *x, const float *dy,
                             float *du, float *scratch);
    void (*winograd_unpack)(const nas_winograd *p, const float *du, float *dw);

    /* w is stored [tap][out]; used, w_* and depth mean nothing. */
    void (*depthwise)(const nas_conv *c, int32_t n, const float *x, const float *w,
                      const float *bias, float *y);
    void (*depthwise_weights)(const nas_conv *c, int32_t n, const float *x, const float *dy,
                              float *dw);

    /* sum[c] += the sum over images and pixels of x. */
    void (*sum_pixels)(const nas_map *x, int32_t n, float *sum);

    /* shift = the first pixel; sum and square = the sums of (x - shift) and of its square. */
    void (*moments)(const nas_map *x, int32_t n, float *shift, float *sum, float *square);
    /* y = x * scale + shift, negatives to zero if relu. */
    void (*affine)(const nas_map *x, int32_t n, const float *scale, const float *shift, bool relu,
                   const nas_map *y);
    /* dz = dy, or 0 where relu and x * scale + shift <= 0.
     * sum = the sum of dz; dot = the sum of dz * (x - mean). */
    void (*affine_sums)(const nas_map *x, const nas_map *dy, int32_t n, const float *scale,
                        const float *shift, bool relu, const float *mean, float *sum, float *dot);
    /* dx = scale * dz + slope * x + offset. */
    void (*affine_grad)(const nas_map *x, const nas_map *dy, int32_t n, const float *scale,
                        const float *shift, bool relu, const float *slope, const float *offset,
                        const nas_map *dx);

    /* y = x, but at least 0 and at most top (INFINITY: any). dx = dy where 0 < y < top. */
    void (*relu)(const nas_map *x, int32_t n, float top, const nas_map *y);
    void (*relu_grad)(const nas_map *y, const nas_map *dy, int32_t n, float top, const nas_map *dx);
    /* y = a + b, negatives to zero if relu; b may be NULL (a copy). y may be a or b. */
    void (*add)(const nas_map *a, const nas_map *b, int32_t n, bool relu, const nas_map *y);

    /* y is 1 x 1: the mean over pixels. The gradient spreads dy / (h * w), over
     * one row where the rows of dx are one (row = 0). */
    void (*mean)(const nas_map *x, int32_t n, const nas_map *y);
    void (*mean_grad)(const nas_map *dy, int32_t n, const nas_map *dx);

    /* The largest value of each window; its gradient goes to the first (by rows) that has it. */
    void (*max_pool)(const nas_pool *p, const nas_map *x, int32_t n, const nas_map *y);
    void (*max_pool_grad)(const nas_pool *p, const nas_map *x, const nas_map *y, const nas_map *dy,
                          int32_t n, const nas_map *dx);
    /* The mean over those values of each window that are in the map. */
    void (*average_pool)(const nas_pool *p, const nas_map *x, int32_t n, const nas_map *y);
    void (*average_pool_grad)(const nas_pool *p, const nas_map *dy, int32_t n, const nas_map *dx);

    /* Kingma and Ba 2015, the order of operations of Keras: rate holds both bias corrections.
     * m += (g - m) * one_b1; v += (g * g - v) * one_b2; w -= rate * m / (sqrt(v) + epsilon).
     * count is a multiple of NAS_CHANNELS. */
    void (*adam)(size_t count, float *w, const float *g, float *m, float *v, float rate,
                 float one_b1, float one_b2, float epsilon);
    /* v = momentum * v - rate * g; w += v (Polyak 1964 as in Keras). */
    void (*sgd)(size_t count, float *w, const float *g, float *v, float rate, float momentum);
};

typedef struct nas_kernel nas_kernel;

/* The best row that this processor runs, or the one that the environment variable NAS_KERNEL names
 * ("reference", "generic", "avx2", "avx512"). Errors: NAS_EINVAL an unknown row, or one that this
 * processor cannot run (names those it can). Rows are constant; nobody frees them. */
NAS_NODISCARD nas_status nas_kernel_choose(const nas_kernel **out, nas_err *err);
/* The row of that name. asked: what asked for it, for the message ("--kernel "). Errors: as above.
 */
NAS_NODISCARD nas_status nas_kernel_named(const char *asked, const char *name,
                                          const nas_kernel **out, nas_err *err);
const nas_kernel *nas_kernel_find(const char *name); /* NULL when unknown or not runnable here */
const char *nas_kernel_name(const nas_kernel *k);

#endif
