/* core/kernel/vec_infer_tiles.c - the vector rows of infer.h: 3x3 convolutions at the points of
 * tiles. Rows or columns of a tile: (d0 - d2, d1 + d2, d2 - d1, d1 - d3); of the sums:
 * (m0 + m1 + m2, m1 - m2 - m3). */
#include "core/kernel/vec_infer.h"

/* A tile's rows of the map, NULL outside it. */
#define TILE_ROWS(type)                                                                 \
    INLINE void tile_rows_##type(const nas_tiles *t, int32_t i, const type *x,          \
                                 const type *row[4]) {                                  \
        for (int32_t k = 0; k < 4; k++) {                                               \
            const int32_t r = 2 * i - t->top + k;                                       \
            row[k] = r < 0 || r >= t->in_h ? NULL : x + (int64_t)r * t->in_w * t->in_c; \
        }                                                                               \
    }
TILE_ROWS(float)
TILE_ROWS(int8_t)

#define TRANSFORM(d, out)       \
    do {                        \
        (out)[0] = d[0] - d[2]; \
        (out)[1] = d[1] + d[2]; \
        (out)[2] = d[2] - d[1]; \
        (out)[3] = d[1] - d[3]; \
    } while (0)

/* --- float ------------------------------------------------------------------------------------ */

INLINE vf load_some(const float *p, int32_t n) {
    vf v = {0};
    memcpy(&v, p, (size_t)n * sizeof *p);
    return v;
}

INLINE void column_f32(const nas_tiles *t, const float *const row[4], int32_t x, int32_t c,
                       int32_t n, vf out[4]) {
    vf d[4] = {0};
    if (x >= 0 && x < t->in_w)
        UNROLL for (int32_t k = 0; k < 4; k++) if (row[k]) d[k] =
            load_some(row[k] + (int64_t)x * t->in_c + c, n);
    TRANSFORM(d, out);
}

/* n channels from c on of a row of tiles. */
INLINE void tile_row_f32(const nas_tiles *t, const float *const row[4], int32_t c, int32_t n,
                         float *v) {
    vf a[4][4];
    column_f32(t, row, -t->left, c, n, a[0]);
    column_f32(t, row, 1 - t->left, c, n, a[1]);
    for (int32_t j = 0; j < t->across; j++, v += t->depth) {
        column_f32(t, row, 2 * j + 2 - t->left, c, n, a[2]);
        column_f32(t, row, 2 * j + 3 - t->left, c, n, a[3]);
        float *to = v;
        UNROLL for (int32_t k = 0; k < 4; k++) {
            const vf d[4] = {a[0][k], a[1][k], a[2][k], a[3][k]};
            vf b[4];
            TRANSFORM(d, b);
            UNROLL for (int32_t m = 0; m < 4; m++, to += t->in_point) store_f(to, b[m], n);
            a[0][k] = a[2][k];
            a[1][k] = a[3][k];
        }
    }
}

void ROW(nas_infer_tile_f32)(const nas_tiles *t, const float *x, float *v) {
    const int64_t line = (int64_t)t->across * t->depth;
    for (int32_t i = 0; i < t->down; i++, v += line) {
        const float *row[4];
        tile_rows_float(t, i, x, row);
        int32_t c = 0;
        for (; c + LANES <= t->in_c; c += LANES) tile_row_f32(t, row, c, LANES, v + c);
        if (c == t->in_c) continue;
        if (t->in_c < LANES)
            tile_row_f32(t, row, 0, t->in_c, v);
        else
            tile_row_f32(t, row, t->in_c - LANES, LANES, v + t->in_c - LANES);
    }
}

void ROW(nas_infer_untile_f32)(const nas_tiles *t, const float *sums, const float *bias, float lo,
                               float hi, float *y) {
    const vf low = splat_f(lo), high = splat_f(hi);
    const nas_lanes *out = &t->out;
    for (int32_t i = 0; i < t->down; i++)
        for (int32_t j = 0; j < t->across; j++)
            for (int32_t v = 0; v < out->vectors; v++, sums += LANES) {
                const vf add = load_f(bias + v * LANES);
                float *to = y + ((int64_t)2 * i * t->out_w + 2 * j) * out->c + out->start[v];
                vf a[2][4];
                UNROLL for (int32_t k = 0; k < 4; k++) {
                    const float *m = sums + k * t->out_point;
                    const int64_t row = 4 * t->out_point;
                    const vf m1 = load_f(m + row), m2 = load_f(m + 2 * row);
                    a[0][k] = load_f(m) + m1 + m2;
                    a[1][k] = m1 - m2 - load_f(m + 3 * row);
                }
                const bool right = 2 * j + 1 < t->out_w;
                UNROLL for (int32_t k = 0; k < 2; k++, to += (int64_t)t->out_w * out->c) {
                    const vf p = a[k][0] + a[k][1] + a[k][2], q = a[k][1] - a[k][2] - a[k][3];
                    if (2 * i + k >= t->out_h) break;
                    store_f(to, clamp(p + add, low, high), out->c);
                    if (right) store_f(to + out->c, clamp(q + add, low, high), out->c);
                }
            }
}

/* --- int8: integers, 16 bits at the points' inputs, sums modulo 2^32 ---------------------------
 */

typedef int8_t vt __attribute__((vector_size(BYTES / 2)));
enum { WIDE = 2 * LANES };

INLINE vs widen_some(const int8_t *p, int32_t n, vs zero_point) {
    vt v = {0};
    memcpy(&v, p, (size_t)n);
    return __builtin_convertvector(v, vs) - zero_point;
}

INLINE void column_i8(const nas_tiles *t, const int8_t *const row[4], int32_t x, int32_t c,
                      int32_t n, vs zero_point, vs out[4]) {
    vs d[4] = {0};
    if (x >= 0 && x < t->in_w)
        UNROLL for (int32_t k = 0; k < 4; k++) if (row[k]) d[k] =
            widen_some(row[k] + (int64_t)x * t->in_c + c, n, zero_point);
    TRANSFORM(d, out);
}

INLINE void tile_row_i8(const nas_tiles *t, const int8_t *const row[4], int32_t c, int32_t n,
                        vs zero_point, int16_t *v) {
    vs a[4][4];
    column_i8(t, row, -t->left, c, n, zero_point, a[0]);
    column_i8(t, row, 1 - t->left, c, n, zero_point, a[1]);
    for (int32_t j = 0; j < t->across; j++, v += t->depth) {
        column_i8(t, row, 2 * j + 2 - t->left, c, n, zero_point, a[2]);
        column_i8(t, row, 2 * j + 3 - t->left, c, n, zero_point, a[3]);
        int16_t *to = v;
        UNROLL for (int32_t k = 0; k < 4; k++) {
            const vs d[4] = {a[0][k], a[1][k], a[2][k], a[3][k]};
            vs b[4];
            TRANSFORM(d, b);
            UNROLL for (int32_t m = 0; m < 4; m++, to += t->in_point)
                memcpy(to, &b[m], (size_t)n * sizeof *to);
            a[0][k] = a[2][k];
            a[1][k] = a[3][k];
        }
    }
}

void ROW(nas_infer_tile_i8)(const nas_tiles *t, const int8_t *x, int32_t zero_point, int16_t *v) {
    const int64_t line = (int64_t)t->across * t->depth;
    const vs zero = (vs){0} + (int16_t)zero_point;
    for (int32_t i = 0; i < t->down; i++, v += line) {
        const int8_t *row[4];
        tile_rows_int8_t(t, i, x, row);
        int32_t c = 0;
        for (; c + WIDE <= t->in_c; c += WIDE) tile_row_i8(t, row, c, WIDE, zero, v + c);
        if (c == t->in_c) continue;
        if (t->in_c < WIDE)
            tile_row_i8(t, row, 0, t->in_c, zero, v);
        else
            tile_row_i8(t, row, t->in_c - WIDE, WIDE, zero, v + t->in_c - WIDE);
    }
}

INLINE vu load_u(const int32_t *p) {
    vu v;
    memcpy(&v, p, sizeof v);
    return v;
}

void ROW(nas_infer_untile_i8)(const nas_tiles *t, const int32_t *sums, int32_t *acc) {
    const nas_lanes *out = &t->out;
    for (int32_t i = 0; i < t->down; i++)
        for (int32_t j = 0; j < t->across; j++)
            for (int32_t v = 0; v < out->vectors; v++, sums += LANES) {
                int32_t *to = acc + ((int64_t)2 * i * t->out_w + 2 * j) * out->room + v * LANES;
                vu a[2][4];
                UNROLL for (int32_t k = 0; k < 4; k++) {
                    const int32_t *m = sums + k * t->out_point;
                    const int64_t row = 4 * t->out_point;
                    const vu m1 = load_u(m + row), m2 = load_u(m + 2 * row);
                    a[0][k] = load_u(m) + m1 + m2;
                    a[1][k] = m1 - m2 - load_u(m + 3 * row);
                }
                const bool right = 2 * j + 1 < t->out_w;
                UNROLL for (int32_t k = 0; k < 2; k++, to += (int64_t)t->out_w * out->room) {
                    const vi p = (vi)(a[k][0] + a[k][1] + a[k][2]) >> 2;
                    const vi q = (vi)(a[k][1] - a[k][2] - a[k][3]) >> 2;
                    if (2 * i + k >= t->out_h) break;
                    memcpy(to, &p, sizeof p);
                    if (right) memcpy(to + out->room, &q, sizeof q);
                }
            }
}
