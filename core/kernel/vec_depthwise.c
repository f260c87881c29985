/* core/kernel/vec_depthwise.c - one window a channel: channels are the lanes, four pixels at a time
 * share each weight. */
#include "core/kernel/axes.h"
#include "core/kernel/row.h"

#include <stddef.h>

/* One vector of channels, all pixels. taps > 0: a constant, and the weights stay in registers. */
INLINE void channels(const nas_conv *c, const axes *a, int taps, const float *x, const float *w,
                     const float *bias, float *y) {
    const ptrdiff_t step = a->along.x;
    const vec start = bias ? load(bias) : (vec){0};
    vec kept[9];
    ptrdiff_t place[9];
    UNROLL for (int t = 0; t < taps; t++) {
        kept[t] = load(w + (ptrdiff_t)c->tap[t] * c->out);
        place[t] = c->at[t];
    }
    walk at = {0};
    for (int32_t g = 0; g < a->total; g++, walk_next(a, &at)) {
        vec sum[GROUP];
        UNROLL for (int p = 0; p < GROUP; p++) sum[p] = start;
        if (taps) {
            UNROLL for (int t = 0; t < taps; t++) {
                const float *from = x + at.x + place[t];
                UNROLL for (int p = 0; p < GROUP; p++) sum[p] += load(from + p * step) * kept[t];
            }
        } else {
            for (int32_t t = 0; t < c->taps; t++) {
                const float *from = x + at.x + c->at[t];
                const vec weight = load(w + (ptrdiff_t)c->tap[t] * c->out);
                UNROLL for (int p = 0; p < GROUP; p++) sum[p] += load(from + p * step) * weight;
            }
        }
        UNROLL for (int p = 0; p < GROUP; p++) store(y + at.y + p * a->along.y, sum[p]);
    }
}

void ROW(nas_depthwise_forward)(const nas_conv *c, int32_t n, const float *x, const float *w,
                                const float *bias, float *y) {
    for (int32_t i = 0; i < n; i++) {
        const axes a = axes_plan(c, 1);
        for (int32_t o = 0; o < c->out; o += LANES) {
            const float *b = bias ? bias + o : NULL;
            if (c->taps == 9)
                channels(c, &a, 9, x + o, w + o, b, y + o);
            else
                channels(c, &a, 0, x + o, w + o, b, y + o);
        }
        x += c->x_image;
        y += c->y_image;
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
                UNROLL for (int t = 0; t < taps; t++) sum[t] += load(a + place[t]) * v;
                a += c->x_pixel;
                d += c->y_pixel;
            }
        }
    UNROLL for (int t = 0; t < taps; t++) {
        float *to = dw + (ptrdiff_t)c->tap[first + t] * c->out;
        store(to, load(to) + sum[t]);
    }
}

void ROW(nas_depthwise_weights)(const nas_conv *c, int32_t n, const float *x, const float *dy,
                                float *dw) {
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
