/* core/kernel/infer.h - the hot loops of the interpreter of exported files; one row per build. All
 * rows give the same bits: every output adds its products in the same order (window rows, columns,
 * input channels), each by one fused multiply-add that is rounded once, whatever the processor has;
 * nothing else is contracted. int8 sums are exact.
 * Thread safety: the rows are constant; their functions are functions of their arguments. */
#ifndef NAS_CORE_KERNEL_INFER_H
#define NAS_CORE_KERNEL_INFER_H

#include <stdbool.h>
#include <stdint.h>

/* How output channels stand in vectors of a row's width. Vector j begins at channel start[j]; the
 * last ones overlap those before where c is no multiple, so that all are whole. Where c is below
 * the width, one vector holds them and zeros. room = vectors * width: what packed weights, biases
 * and sums have for each pixel. */
typedef struct nas_lanes {
    int32_t c, room, vectors;
    const int32_t *start;
} nas_lanes;

/* Where a window operator reads. Output pixel p takes, for each of n_seg runs, `run` consecutive
 * elements from x + at[p] + seg[s]. slide: where runs are of one tap, three to a row of the window
 * and next to each other, and windows go by one pixel: outputs in a row; else 0. */
typedef struct nas_window {
    int32_t n_pix, n_seg, run, slide;
    nas_lanes out;
    const int32_t *at, *seg;
} nas_window;

/* A map inside its border of zeros: [h][w][c] elements, of which the input's pixels [in_h][in_w]
 * begin at (top, left). */
typedef struct nas_padded {
    int32_t in_h, in_w, in_c, h, w, c, top, left;
} nas_padded;

/* A 3x3 convolution of stride 1 by 16 products for 2x2 outputs (Winograd 1980; Lavin and Gray, CVPR
 * 2016, section 4.1) instead of 36. Tile (i, j) makes outputs (2i, 2j) to (2i + 1, 2j + 1) from
 * inputs (2i - top, 2j - left) to (2i - top + 3, 2j - left + 3). Input and output channels of the
 * points: [16][down * across][depth] and [16][down * across][out.room], each point that many
 * elements after the one before. */
typedef struct nas_tiles {
    int32_t in_h, in_w, in_c, depth; /* depth: in_c, made even for int8 */
    int32_t out_h, out_w, top, left, down, across;
    int64_t in_point, out_point;
    nas_lanes out;
} nas_tiles;
enum { NAS_TILE_POINTS = 16 };

/* How an int32 sum becomes an int8: TFLite's fixed-point multiplier of each lane (before and after:
 * its left and right shift), the zero point, the clamp. plain: no left shift, a right shift of 1
 * at least and no bias that could make a sum overflow, in every lane. half: 2^(after - 1), or 0. */
typedef struct nas_requant {
    const int32_t *bias, *mult, *before, *after, *half;
    bool plain;
    int32_t zero_point, lo, hi;
} nas_requant;

/* The same by floats, one conversion, two fused multiply-adds and a truncation: trunc(sum * high +
 * (sum * low + half with the sum's sign)), the inner one rounded up, the outer towards zero; then
 * the zero point and the clamp. Who fills it has made sure that no sum gives another value than
 * nas_requant does. */
typedef struct nas_rounding {
    const float *high, *low, *half;
    int32_t zero_point, lo, hi;
} nas_rounding;

/* DEPTHWISE_CONV_2D of horizontal stride 1 by sums of four products. A row of the map, and of the
 * output, is one sequence of elements [w * c] whatever c is; weights and what else a channel has
 * are repeated until a vector begins with channel 0 again: `period` vectors, and three more. A row
 * of quads has, for each element, the bytes of four rows of the map, or of four pixels of a row
 * (across), `down` bytes apart. Output row i takes rows i * stride + g * group_step of quads, g <
 * groups, and in each of them `taps` elements `step` apart.
 *   map: [rows][pitch] bytes and what quads read beyond; all hold `border` from the beginning,
 *   which is the zero point + 128; pitch: w * c, made a multiple of 64;
 *   quads: [ring][quad_pitch] of four bytes each, and 64 more. */
typedef struct nas_strips {
    nas_padded padded;
    int32_t out_h, out_n; /* out_n: elements of an output row */
    int32_t rows, pitch, ring, quad_pitch;
    int32_t stride, groups, group_step, taps, step, period;
    int64_t down;
    bool across;
    uint8_t border, *map;
    uint32_t *quads;
    const int8_t *weights; /* [period + 3][groups][taps][width][4] */
    const int32_t *first;  /* of each lane: what its sum begins with */
} nas_strips;
enum { NAS_STRIP_GROUPS = 16 }; /* at most */

/* The sum of two int8 values: each operand's value, a code less `zero`, times 2^20, is scaled, then
 * their sum. */
typedef struct nas_scale {
    int32_t mult, after; /* no left shift */
} nas_scale;
typedef struct nas_add {
    int32_t zero[2];
    nas_scale in[2], out;
    int32_t zero_point, lo, hi;
} nas_add;
enum { NAS_ADD_BITS = 20 };

/* The same by floats: u = a * high[0] + b * high[1] + high[2], exact; l = a * low[0] + b * low[1] +
 * low[2] (the product of a is added last); trunc(u + (l + half with u's sign)), the outer addition
 * rounded towards zero; then the zero point and the clamp. Who fills it has made sure that no codes
 * give another value than nas_add does. */
typedef struct nas_add_floats {
    float high[3], low[3], half;
    int32_t zero_point, lo, hi;
} nas_add_floats;

/* How an int32 sum of a hybrid operator becomes a float; factor and bias of each lane. */
typedef struct nas_rescale {
    const float *factor, *bias;
    float scale, lo, hi;
} nas_rescale;

typedef struct nas_infer {
    const char *name;
    int32_t width;             /* of a vector */
    int32_t most_f32, most_i8; /* vectors of a block of packed weights */
    int32_t depth_unit;        /* channels that depth_* work on at a time */

    /* y[n_pix][c] = clamp(bias + sum of x * w); without a bias (NULL) y[n_pix][room] = the sums.
     * Weights: see nas_infer_place. May read width - 1 elements beyond x and w. */
    void (*dense_f32)(const nas_window *win, const float *x, const float *w, const float *bias,
                      float lo, float hi, float *y);

    /* acc[n_pix][room] = sum of x * w. run is even; weights are pairs of elements. Reads one
     * element beyond the last run at most. |x| < 2^15, |w| < 2^15; sums stay in 32 bits. */
    void (*dense_i8)(const nas_window *win, const int16_t *x, const int16_t *w, int32_t *acc);

    /* Where a processor sums four products of bytes at a time (else NULL): y = x + 128; and
     * first[lane] + the sum of y * w as acc[n_pix][room], or, with r, as int8 y[n_pix][c]. A run is
     * a multiple of 4; weights are [element / 4] as nas_infer_place has pairs, 4 to a lane, for
     * blocks of nas_infer_most_u8. Reads beyond the last run as far as that has been made longer.
     * Sums are taken modulo 2^32. room: copy_pixels * n_seg * run bytes. Runs that are multiples of
     * run_unit are fastest where there are many pixels. */
    int32_t run_unit, copy_pixels;
    void (*flip)(int64_t n, const int8_t *x, uint8_t *y);
    void (*dense_u8)(const nas_window *win, const uint8_t *x, const int8_t *w, const int32_t *first,
                     const nas_rounding *r, uint8_t *room, void *y);
    void (*strips_u8)(const nas_strips *d, const nas_rounding *r, const int8_t *x, int8_t *y);

    /* One kernel per channel, for one unit: 1 vector, or the 2 of depth_unit channels. plane_*:
     * those channels of x [in_h][in_w][in_c] (less the zero point) into the map [h][w][room];
     * depth_*: from there, with weights [n_seg][room], to y [n_pix][c] or acc [n_pix][room]. */
    void (*plane_f32)(const nas_padded *map, const nas_lanes *unit, const float *x, float *out);
    void (*depth_f32)(const nas_window *win, const float *x, const float *w, const float *bias,
                      float lo, float hi, float *y);
    void (*plane_i8)(const nas_padded *map, const nas_lanes *unit, const int8_t *x,
                     int32_t zero_point, int16_t *out);
    void (*depth_i8)(const nas_window *win, const int16_t *x, const int16_t *w, int32_t *acc);

    /* Inputs to points, and sums at the points to outputs. In int8 weights are 4 times those of the
     * points, so sums are 4 times; |x - zero_point| < 256. */
    void (*tile_f32)(const nas_tiles *t, const float *x, float *v);
    void (*untile_f32)(const nas_tiles *t, const float *sums, const float *bias, float lo, float hi,
                       float *y);
    void (*tile_i8)(const nas_tiles *t, const int8_t *x, int32_t zero_point, int16_t *v);
    void (*untile_i8)(const nas_tiles *t, const int32_t *sums, int32_t *acc);

    /* y[n_pix][c], in it the lanes' channels, from acc[n_pix][room]. */
    void (*requant)(int32_t n_pix, const nas_lanes *out, const nas_requant *q, const int32_t *acc,
                    int8_t *y);

    void (*widen)(int64_t n, const int8_t *x, int32_t zero_point, int16_t *y); /* x - zero_point */
    void (*add_f32)(int64_t n, const float *a, const float *b, float lo, float hi, float *y);
    void (*add_i8)(int64_t n, const nas_add *how, const int8_t *a, const int8_t *b, int8_t *y);
    /* NULL where a processor cannot choose how one operation rounds. */
    void (*add_near)(int64_t n, const nas_add_floats *how, const int8_t *a, const int8_t *b,
                     int8_t *y);
    /* sum[c] = the sum over pixels of x[n_pix][c], in their order. */
    void (*sum_f32)(int32_t n_pix, int32_t c, const float *x, float *sum);
    void (*sum_i8)(int32_t n_pix, int32_t c, const int8_t *x, int32_t *sum);

    /* Hybrid operators. The least and the largest of n values and 0; */
    void (*range)(int64_t n, const float *x, float *lo, float *hi);
    /* q = x * inverse rounded + zero_point, clamped to lo..127. TFLite's form on x86: all but the
     * last n % 8 values are rounded by adding +-0.5 in float and truncating, the last half away
     * from zero (optimized/neon_tensor_utils.cc under NEON_2_SSE); */
    void (*quantize)(int64_t n, const float *x, float inverse, int32_t zero_point, int32_t lo,
                     int8_t *q);
    /* y[n_pix][c] = clamp(acc[n_pix][room] * factor * scale + bias), in this order. */
    void (*rescale)(int32_t n_pix, const nas_lanes *out, const nas_rescale *r, const int32_t *acc,
                    float *y);
} nas_infer;

/* Where packed weights of dense_* have element k of `elements` (of all runs; in int8 pairs) for
 * vector j: in units of a vector. Blocks of vectors, as even as can be and at most `most` of them,
 * come one after the other; in each, elements, then vectors. */
static inline int32_t nas_infer_block(const nas_lanes *out, int32_t most, int32_t b) {
    const int32_t blocks = (out->vectors + most - 1) / most;
    return (int32_t)((int64_t)out->vectors * b / blocks);
}
static inline int64_t nas_infer_place(const nas_lanes *out, int32_t most, int64_t elements,
                                      int64_t k, int32_t j) {
    int32_t b = j / most;
    while (nas_infer_block(out, most, b + 1) <= j) b++;
    const int32_t from = nas_infer_block(out, most, b), to = nas_infer_block(out, most, b + 1);
    return elements * from + k * (to - from) + j - from;
}

/* Does dense_u8 work by tiles of 16 pixels, and on how many vectors at a time? */
enum { NAS_TILE_RUN = 64 };
static inline bool nas_infer_by_tiles(const nas_infer *k, const nas_window *win) {
    return k->run_unit == NAS_TILE_RUN && win->run % NAS_TILE_RUN == 0 && win->n_pix >= 8;
}
static inline int32_t nas_infer_most_u8(const nas_infer *k, const nas_window *win) {
    return nas_infer_by_tiles(k, win) ? 2 : k->most_i8;
}

/* The best row that this processor runs, or the one that the environment variable NAS_KERNEL names
 * if it runs here. */
const nas_infer *nas_infer_choose(void);
const nas_infer *nas_infer_find(const char *name); /* NULL when unknown or not runnable here */

/* Not a row to choose: as the reference, but each product is rounded before it is added, as
 * TFLite's reference kernels do. For float operators of graphs whose hybrid ones look at every last
 * bit. */
extern const nas_infer nas_infer_plain;

extern const nas_infer nas_infer_reference, nas_infer_generic;
#ifdef __x86_64__
extern const nas_infer nas_infer_avx2, nas_infer_avx512, nas_infer_avx512vnni, nas_infer_avx512amx;
#endif

#endif
