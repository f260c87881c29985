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
                UNROLL for (int v = 0; v < width; v++) sum[p][v] = fmadd(s, b[v], sum[p][v]);
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
