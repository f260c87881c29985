/* core/kernel/infer.h - the hot loops of the interpreter of exported files; one row per build. All
 * rows give the same bits: every output adds its products in the same order (window rows, columns,
 * input channels), without contraction; int8 sums are exact. */
#ifndef NAS_CORE_KERNEL_INFER_H
#define NAS_CORE_KERNEL_INFER_H

#include <stdint.h>

/* Where a window operator reads. Output pixel p takes, for each of n_seg runs, `run` consecutive
 * elements from x + at[p] + seg[s]. Channels c are padded to room (a multiple of the row's width);
 * weights are [n_seg][run][room], zero beyond c. */
typedef struct nas_window {
    int32_t n_pix, n_seg, run, c, room;
    const int32_t *at, *seg;
} nas_window;

/* How an int32 sum becomes an int8: TFLite's fixed-point multiplier of each channel (zero beyond
 * c; before and after: its left and right shift), the zero point, the clamp. */
typedef struct nas_requant {
    const int32_t *bias, *mult, *before, *after;
    int32_t zero_point, lo, hi;
} nas_requant;

/* How an int32 sum of a hybrid operator becomes a float; factor and bias of each channel. */
typedef struct nas_rescale {
    const float *factor, *bias;
    float scale, lo, hi;
} nas_rescale;

typedef struct nas_infer {
    const char *name;
    int32_t width; /* room is a multiple of it */

    /* y[n_pix][c] = clamp(bias + sum of x * w). */
    void (*dense_f32)(const nas_window *win, const float *x, const float *w, const float *bias,
                      float lo, float hi, float *y);

    /* acc[n_pix][room] = sum of x * w. run is even; weights are [n_seg][run / 2][room][2]. Reads
     * one element beyond the last run at most. |x| < 256, |w| < 256. */
    void (*dense_i8)(const nas_window *win, const int16_t *x, const int16_t *w, int32_t *acc);

    /* One kernel per channel: runs are the room channels of one tap, weights [n_seg][room]. */
    void (*depth_f32)(const nas_window *win, const float *x, const float *w, const float *bias,
                      float lo, float hi, float *y);
    void (*depth_i8)(const nas_window *win, const int16_t *x, const int16_t *w, int32_t *acc);

    /* y[n_pix][c] from acc[n_pix][room]. */
    void (*requant)(int32_t n_pix, int32_t c, int32_t room, const nas_requant *q,
                    const int32_t *acc, int8_t *y);

    /* Hybrid operators. The least and the largest of n values and 0; */
    void (*range)(int64_t n, const float *x, float *lo, float *hi);
    /* q = x * inverse rounded + zero_point, clamped to lo..127. TFLite's form on x86: all but the
     * last n % 8 values are rounded by adding +-0.5 in float and truncating, the last half away
     * from zero (optimized/neon_tensor_utils.cc under NEON_2_SSE); */
    void (*quantize)(int64_t n, const float *x, float inverse, int32_t zero_point, int32_t lo,
                     int8_t *q);
    /* y[n_pix][c] = clamp(acc[n_pix][room] * factor * scale + bias), in this order. */
    void (*rescale)(int32_t n_pix, int32_t c, int32_t room, const nas_rescale *r,
                    const int32_t *acc, float *y);
} nas_infer;

/* The best row that this processor runs, or the one that the environment variable NAS_KERNEL names
 * if it runs here. */
const nas_infer *nas_infer_choose(void);
const nas_infer *nas_infer_find(const char *name); /* NULL when unknown or not runnable here */

extern const nas_infer nas_infer_reference, nas_infer_generic;
#ifdef __x86_64__
extern const nas_infer nas_infer_avx2, nas_infer_avx512;
#endif

#endif
