/* core/kernel/vec_infer.c - the vector rows of infer.h: float. Output channels are the lanes; a
 * block of channels of a few pixels stays in registers while the window is walked. */
#include "core/kernel/vec_infer.h"

/* --- all input channels ----------------------------------------------------------------------- */

typedef struct finish {
    const float *bias; /* NULL: sums stay as they are */
    float lo, hi;
    float *y;
} finish;

/* Sums of a block: pixels from p on, vectors from v on. */
INLINE void finish_block(const nas_lanes *out, int32_t pixels, int32_t vectors, int32_t p,
                         int32_t v, vf sum[MOST_PIXELS][MOST_VECTORS], const finish *f) {
    HIDE(f); /* or its values would be kept in registers meanwhile */
    const vf lo = splat_f(f->lo), hi = splat_f(f->hi);
    const int64_t c = out->c;
    UNROLL for (int32_t j = 0; j < vectors; j++) {
        const vf bias = load_f(f->bias + (v + j) * LANES);
        float *y = f->y + p * c + out->start[v + j];
        if (__builtin_expect(c >= LANES, 1))
            UNROLL for (int32_t q = 0; q < pixels; q++, y += c)
                store_f(y, clamp(sum[q][j] + bias, lo, hi), LANES);
        else
            UNROLL for (int32_t q = 0; q < pixels; q++, y += c)
                store_few(y, clamp(sum[q][j] + bias, lo, hi), out->c);
    }
}

INLINE void dense_block(const nas_window *win, int32_t pixels, int32_t vectors, int32_t p,
                        int32_t v, const float *x, const float *w, const finish *f) {
    vf sum[MOST_PIXELS][MOST_VECTORS] = {0};
    for (int32_t s = 0; s < win->n_seg; s++) {
        const float *from[MOST_PIXELS];
        UNROLL for (int32_t q = 0; q < pixels; q++) {
            from[q] = x + win->at[p + q] + win->seg[s];
            HIDE(from[q]);
        }
        for (int64_t i = 0; i < win->run; i++, w += vectors * LANES) {
            vf k[MOST_VECTORS];
            UNROLL for (int32_t j = 0; j < vectors; j++) k[j] = load_f(w + j * LANES);
            UNROLL for (int32_t q = 0; q < pixels; q++) {
                const vf one = splat_f(from[q][i]);
                UNROLL for (int32_t j = 0; j < vectors; j++) sum[q][j] =
                    fused(one, k[j], sum[q][j]);
            }
        }
    }
    const nas_lanes *out = &win->out;
    if (!f->bias) {
        UNROLL for (int32_t q = 0; q < pixels; q++) UNROLL for (int32_t j = 0; j < vectors; j++)
            store_f(f->y + (int64_t)(p + q) * out->room + (v + j) * LANES, sum[q][j], LANES);
        return;
    }
    finish_block(out, pixels, vectors, p, v, sum, f);
}

static void dense_f32(const nas_window *win, const float *x, const float *w, const float *bias,
                      float lo, float hi, float *y) {
    const finish f = {bias, lo, hi, y};
    const int64_t each = (int64_t)win->n_seg * win->run * LANES;
    const nas_lanes *out = &win->out;
#define MOST       MOST_F32
#define PIXELS(V)  PIXELS_F32(V)
#define CALL(P, V) dense_block(win, P, V, p, v, x, k, &f)
    ALL_BLOCKS(w)
#undef CALL
#undef PIXELS
#undef MOST
}

/* --- one kernel per channel ------------------------------------------------------------------- */

INLINE void plane_vectors(const nas_padded *map, const nas_lanes *unit, int32_t vectors,
                          const float *x, float *out) {
    const int64_t c = map->in_c;
    const int32_t w = map->in_w;
    x += unit->start[0];
    out += ((int64_t)map->top * map->w + map->left) * vectors * LANES;
    for (int32_t i = 0; i < map->in_h; i++, out += (map->w - w) * vectors * LANES)
        for (int32_t k = 0; k < w; k++, x += c, out += vectors * LANES)
            UNROLL for (int32_t j = 0; j < vectors; j++)
                store_f(out + j * LANES, load_f(x + j * LANES), LANES);
}

static void plane_f32(const nas_padded *map, const nas_lanes *unit, const float *x, float *out) {
    if (unit->vectors == 2) {
        plane_vectors(map, unit, 2, x, out);
    } else if (unit->c >= LANES) {
        plane_vectors(map, unit, 1, x, out);
    } else {
        out += ((int64_t)map->top * map->w + map->left) * LANES;
        for (int32_t i = 0; i < map->in_h; i++, out += (map->w - map->in_w) * LANES)
            for (int32_t k = 0; k < map->in_w; k++, x += map->in_c, out += LANES)
                memcpy(out, x, (size_t)unit->c * sizeof *x);
    }
}

INLINE void depth_block(const nas_window *win, int32_t pixels, int32_t vectors, int32_t p,
                        const float *x, const float *w, const finish *f) {
    const float *at[MOST_PIXELS];
    UNROLL for (int32_t q = 0; q < pixels; q++) {
        at[q] = x + win->at[p + q];
        HIDE(at[q]);
    }
    vf sum[MOST_PIXELS][MOST_VECTORS] = {0};
    for (int32_t s = 0; s < win->n_seg; s++, w += vectors * LANES) {
        const int64_t off = win->seg[s];
        vf k[MOST_VECTORS];
        UNROLL for (int32_t j = 0; j < vectors; j++) k[j] = load_f(w + j * LANES);
        UNROLL for (int32_t q = 0; q < pixels; q++) UNROLL for (int32_t j = 0; j < vectors; j++)
            sum[q][j] = fused(load_f(at[q] + off + j * LANES), k[j], sum[q][j]);
    }
    finish_block(&win->out, pixels, vectors, p, 0, sum, f);
}

/* Outputs next to each other in a row share inputs, so each is loaded once for them all. */
INLINE void slide_block(const nas_window *win, int32_t pixels, int32_t vectors, int32_t p,
                        int32_t v, const float *x, const float *w, const finish *f) {
    vf sum[MOST_PIXELS][MOST_VECTORS] = {0};
    x += win->at[p] + v * LANES;
    w += v * LANES;
    for (int32_t s = 0; s < win->n_seg; s += 3, w += 3 * vectors * LANES) {
        const float *at = x + win->seg[s];
        const vf left = load_f(w), middle = load_f(w + vectors * LANES);
        const vf right = load_f(w + 2 * vectors * LANES);
        UNROLL for (int32_t q = 0; q < pixels + 2; q++, at += vectors * LANES) {
            const vf one = load_f(at);
            if (q < pixels) sum[q][0] = fused(one, left, sum[q][0]);
            if (q > 0 && q <= pixels) sum[q - 1][0] = fused(one, middle, sum[q - 1][0]);
            if (q > 1) sum[q - 2][0] = fused(one, right, sum[q - 2][0]);
        }
    }
    finish_block(&win->out, pixels, 1, p, v, sum, f);
}

/* Rows of 5 outputs and more. */
INLINE void slide(const nas_window *win, int32_t vectors, const float *x, const float *w,
                  const finish *f) {
    const int32_t n = win->slide, groups = (n + MOST_PIXELS - 1) / MOST_PIXELS;
    const int32_t least = n / groups, more = n - least * groups;
    for (int32_t v = 0; v < vectors; v++)
        for (int32_t p = 0; p < win->n_pix;)
            for (int32_t g = 0; g < groups; g++) {
                const int32_t m = least + (g < more);
                switch (m) {
#define SLIDE(P) \
    case P: slide_block(win, P, vectors, p, v, x, w, f); break;
                    SLIDE(4)
                    SLIDE(5)
                    SLIDE(6)
                    SLIDE(7)
                    SLIDE(8)
                default: __builtin_unreachable();
                }
                p += m;
            }
}

static void depth_f32(const nas_window *win, const float *x, const float *w, const float *bias,
                      float lo, float hi, float *y) {
    const finish f = {bias, lo, hi, y};
    if (win->slide > MOST_PIXELS / 2) {
        if (win->out.vectors == 1) slide(win, 1, x, w, &f);
        if (win->out.vectors == 2) slide(win, 2, x, w, &f);
        return;
    }
#define MOST       2
#define PIXELS(V)  PIXELS_F32(V)
#define CALL(P, V) depth_block(win, P, V, p, x, w, &f)
    const int32_t n = win->out.vectors, most = PIXELS(n);
    const int32_t groups = (win->n_pix + most - 1) / most;
    const int32_t least = win->n_pix / groups, more = win->n_pix - least * groups;
    for (int32_t g = 0, p = 0; g < groups; g++) {
        const int32_t m = least + (g < more);
        switch (n * 16 + m) {
            ALL_CASES
        default: __builtin_unreachable();
        }
        p += m;
    }
#undef CALL
#undef PIXELS
#undef MOST
}

/* --- maps ------------------------------------------------------------------------------------- */

static void add_f32(int64_t n, const float *a, const float *b, float lo, float hi,
                    float *restrict y) {
    const vf low = splat_f(lo), high = splat_f(hi);
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES)
        store_f(y + i, clamp(load_f(a + i) + load_f(b + i), low, high), LANES);
    if (i < n) nas_infer_reference.add_f32(n - i, a + i, b + i, lo, hi, y + i);
}

INLINE void sum_block(int32_t vectors, int32_t n_pix, int32_t c, const float *x, float *sum) {
    vf s[MOST_VECTORS] = {0};
    for (int32_t p = 0; p < n_pix; p++, x += c)
        UNROLL for (int32_t j = 0; j < vectors; j++) s[j] += load_f(x + j * LANES);
    UNROLL for (int32_t j = 0; j < vectors; j++) store_f(sum + j * LANES, s[j], LANES);
}

static void sum_f32(int32_t n_pix, int32_t c, const float *x, float *sum) {
    int32_t i = 0;
    for (; i + MOST_VECTORS * LANES <= c; i += MOST_VECTORS * LANES)
        sum_block(MOST_VECTORS, n_pix, c, x + i, sum + i);
    for (; i + LANES <= c; i += LANES) sum_block(1, n_pix, c, x + i, sum + i);
    if (i == c) return;
    if (c >= LANES) {
        sum_block(1, n_pix, c, x + c - LANES, sum + c - LANES);
        return;
    }
    for (int32_t k = 0; k < c; k++) sum[k] = 0;
    for (int32_t p = 0; p < n_pix; p++)
        for (int32_t k = 0; k < c; k++) sum[k] += *x++;
}

/* --- hybrid ----------------------------------------------------------------------------------- */

static void range(int64_t n, const float *x, float *lo, float *hi) {
    vf low = {0}, high = {0};
    float l[LANES], h[LANES];
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        const vf v = load_f(x + i);
        low = pick(v < low, v, low);
        high = pick(v > high, v, high);
    }
    memcpy(l, &low, sizeof l);
    memcpy(h, &high, sizeof h);
    *lo = *hi = 0;
    for (int32_t k = 0; k < LANES; k++) {
        if (l[k] < *lo) *lo = l[k];
        if (h[k] > *hi) *hi = h[k];
    }
    for (; i < n; i++) {
        if (x[i] < *lo) *lo = x[i];
        if (x[i] > *hi) *hi = x[i];
    }
}

/* As nas_infer_reference. */
static void quantize(int64_t n, const float *x, float inverse, int32_t zero_point, int32_t lo,
                     int8_t *q) {
    const vf zero = {0}, half = zero + 0.5f, most = zero + 1000.0f;
    const vi low = splat_i(lo), high = splat_i(127);
    int64_t i = 0;
    for (; i + LANES <= n / 8 * 8; i += LANES) {
        vf v = load_f(x + i) * inverse;
        v = pick(v > -most, v, -most);
        v = pick(v < most, v, most);
        v += pick(v < zero, -half, half);
        vi code = __builtin_convertvector(v, vi) + zero_point;
        code = pick_i(code < low, low, code);
        code = pick_i(code > high, high, code);
        const vb bytes = __builtin_convertvector(code, vb);
        memcpy(q + i, &bytes, sizeof bytes);
    }
    /* What is left of the eights, then the last. */
    if (i < n / 8 * 8) nas_infer_reference.quantize(8, x + i, inverse, zero_point, lo, q + i);
    i = n / 8 * 8;
    nas_infer_reference.quantize(n - i, x + i, inverse, zero_point, lo, q + i);
}

static void rescale(int32_t n_pix, const nas_lanes *out, const nas_rescale *r, const int32_t *acc,
                    float *y) {
    const vf lo = splat_f(r->lo), hi = splat_f(r->hi);
    for (int32_t p = 0; p < n_pix; p++, y += out->c)
        for (int32_t v = 0; v < out->vectors; v++, acc += LANES) {
            const vf sum = __builtin_convertvector(load_i(acc), vf);
            const vf t = sum * load_f(r->factor + v * LANES) * r->scale;
            store_f(y + out->start[v], clamp(t + load_f(r->bias + v * LANES), lo, hi), out->c);
        }
}

#define TEXT_(row) #row
#define TEXT(row)  TEXT_(row)

const nas_infer ROW(nas_infer) = {
    .name = TEXT(NAS_ROW),
    .width = LANES,
    .most_f32 = MOST_F32,
    .most_i8 = MOST_I8,
    .depth_unit = DEPTH_UNIT,
    .dense_f32 = dense_f32,
    .dense_i8 = ROW(nas_infer_dense_i8),
#if defined(__AVX512BW__)
    .add_near = ROW(nas_infer_add_near),
#endif
#if defined(__AVX512VNNI__)
#if defined(__AMX_INT8__)
    .run_unit = NAS_TILE_RUN,
    .copy_pixels = 32,
#else
    .run_unit = 4,
#endif
    .flip = ROW(nas_infer_flip),
    .dense_u8 = ROW(nas_infer_dense_u8),
    .strips_u8 = ROW(nas_infer_strips_u8),
#endif
    .plane_f32 = plane_f32,
    .depth_f32 = depth_f32,
    .plane_i8 = ROW(nas_infer_plane_i8),
    .depth_i8 = ROW(nas_infer_depth_i8),
    .tile_f32 = ROW(nas_infer_tile_f32),
    .untile_f32 = ROW(nas_infer_untile_f32),
    .tile_i8 = ROW(nas_infer_tile_i8),
    .untile_i8 = ROW(nas_infer_untile_i8),
    .requant = ROW(nas_infer_requant),
    .widen = ROW(nas_infer_widen),
    .add_f32 = add_f32,
    .add_i8 = ROW(nas_infer_add_i8),
    .sum_f32 = sum_f32,
    .sum_i8 = ROW(nas_infer_sum_i8),
    .range = range,
    .quantize = quantize,
    .rescale = rescale,
};
