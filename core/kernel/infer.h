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
