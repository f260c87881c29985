/* core/kernel/infer_reference.c - the plain C row of infer.h, which says what the others do. */
#include "core/kernel/infer.h"

#include <math.h>
#include <string.h>

static float clamp_f32(float v, float lo, float hi) {
    v = v < lo ? lo : v;
    return v > hi ? hi : v;
}

/* One lane a vector, one vector a block: weights are [room][n_seg][run]. */
static void dense_f32(const nas_window *win, const float *x, const float *w, const float *bias,
                      float lo, float hi, float *y) {
    const int64_t each = (int64_t)win->n_seg * win->run;
    const nas_lanes *out = &win->out;
    for (int32_t p = 0; p < win->n_pix; p++, y += bias ? out->c : out->room)
        for (int32_t j = 0; j < out->room; j++) {
            const float *k = w + j * each;
            float sum = 0;
            for (int32_t s = 0; s < win->n_seg; s++)
                for (int32_t i = 0; i < win->run; i++)
                    sum = fmaf(x[win->at[p] + win->seg[s] + i], *k++, sum);
            y[bias ? out->start[j] : j] = bias ? clamp_f32(sum + bias[j], lo, hi) : sum;
        }
}

static void dense_i8(const nas_window *win, const int16_t *x, const int16_t *w, int32_t *acc) {
    const int64_t each = (int64_t)win->n_seg * win->run;
    for (int32_t p = 0; p < win->n_pix; p++)
        for (int32_t j = 0; j < win->out.room; j++) {
            const int16_t *k = w + j * each;
            int32_t sum = 0;
            for (int32_t s = 0; s < win->n_seg; s++)
                for (int32_t i = 0; i < win->run; i++)
                    sum += x[win->at[p] + win->seg[s] + i] * *k++;
            *acc++ = sum;
        }
}

static void plane_f32(const nas_padded *map, const nas_lanes *unit, const float *x, float *out) {
    for (int32_t i = 0; i < map->in_h; i++)
        for (int32_t k = 0; k < map->in_w; k++, x += map->in_c)
            out[(i + map->top) * map->w + map->left + k] = x[unit->start[0]];
}

static void plane_i8(const nas_padded *map, const nas_lanes *unit, const int8_t *x,
                     int32_t zero_point, int16_t *out) {
    for (int32_t i = 0; i < map->in_h; i++)
        for (int32_t k = 0; k < map->in_w; k++, x += map->in_c)
            out[(i + map->top) * map->w + map->left + k] =
                (int16_t)(x[unit->start[0]] - zero_point);
}

static void depth_f32(const nas_window *win, const float *x, const float *w, const float *bias,
                      float lo, float hi, float *y) {
    y += win->out.start[0];
    for (int32_t p = 0; p < win->n_pix; p++, y += win->out.c) {
        float sum = 0;
        for (int32_t s = 0; s < win->n_seg; s++) sum = fmaf(x[win->at[p] + win->seg[s]], w[s], sum);
        *y = clamp_f32(sum + *bias, lo, hi);
    }
}

static void depth_i8(const nas_window *win, const int16_t *x, const int16_t *w, int32_t *acc) {
    for (int32_t p = 0; p < win->n_pix; p++) {
        int32_t sum = 0;
        for (int32_t s = 0; s < win->n_seg; s++) sum += x[win->at[p] + win->seg[s]] * w[s];
        *acc++ = sum;
    }
}

/* --- tiles ------------------------------------------------------------------------------------ */

static bool inside(const nas_tiles *t, int32_t y, int32_t x) {
    return y >= 0 && y < t->in_h && x >= 0 && x < t->in_w;
}

/* Rows, then columns: (d0 - d2, d1 + d2, d2 - d1, d1 - d3). */
#define TRANSFORM(type)                                                  \
    static void transform_##type(type d[4][4], type *v, int64_t point) { \
        type a[4][4];                                                    \
        for (int32_t x = 0; x < 4; x++) {                                \
            a[0][x] = (type)(d[0][x] - d[2][x]);                         \
            a[1][x] = (type)(d[1][x] + d[2][x]);                         \
            a[2][x] = (type)(d[2][x] - d[1][x]);                         \
            a[3][x] = (type)(d[1][x] - d[3][x]);                         \
        }                                                                \
        for (int32_t k = 0; k < 4; k++) {                                \
            v[(4 * k + 0) * point] = (type)(a[k][0] - a[k][2]);          \
            v[(4 * k + 1) * point] = (type)(a[k][1] + a[k][2]);          \
            v[(4 * k + 2) * point] = (type)(a[k][2] - a[k][1]);          \
            v[(4 * k + 3) * point] = (type)(a[k][1] - a[k][3]);          \
        }                                                                \
    }
TRANSFORM(float)
TRANSFORM(int16_t)

static void tile_f32(const nas_tiles *t, const float *x, float *v) {
    for (int32_t i = 0; i < t->down; i++)
        for (int32_t j = 0; j < t->across; j++, v += t->depth)
            for (int32_t c = 0; c < t->in_c; c++) {
                float d[4][4] = {{0}};
                for (int32_t k = 0; k < 16; k++) {
                    const int32_t r = 2 * i - t->top + k / 4, q = 2 * j - t->left + k % 4;
                    if (inside(t, r, q))
                        d[k / 4][k % 4] = x[((int64_t)r * t->in_w + q) * t->in_c + c];
                }
                transform_float(d, v + c, t->in_point);
            }
}

static void tile_i8(const nas_tiles *t, const int8_t *x, int32_t zero_point, int16_t *v) {
    for (int32_t i = 0; i < t->down; i++)
        for (int32_t j = 0; j < t->across; j++, v += t->depth)
            for (int32_t c = 0; c < t->in_c; c++) {
                int16_t d[4][4] = {{0}};
                for (int32_t k = 0; k < 16; k++) {
                    const int32_t r = 2 * i - t->top + k / 4, q = 2 * j - t->left + k % 4;
                    if (inside(t, r, q))
                        d[k / 4][k % 4] =
                            (int16_t)(x[((int64_t)r * t->in_w + q) * t->in_c + c] - zero_point);
                }
                transform_int16_t(d, v + c, t->in_point);
            }
}

static void untile_f32(const nas_tiles *t, const float *sums, const float *bias, float lo, float hi,
                       float *y) {
    for (int32_t i = 0; i < t->out_h; i++)
        for (int32_t j = 0; j < t->out_w; j++)
            for (int32_t c = 0; c < t->out.c; c++) {
                const float *m = sums + ((int64_t)(i / 2) * t->across + j / 2) * t->out.room + c;
                float a[4];
                for (int32_t k = 0; k < 4; k++) {
                    const float *p = m + k * t->out_point;
                    const float m0 = p[0], m1 = p[4 * t->out_point];
                    const float m2 = p[8 * t->out_point], m3 = p[12 * t->out_point];
                    a[k] = i % 2 ? m1 - m2 - m3 : m0 + m1 + m2;
                }
                const float v = j % 2 ? a[1] - a[2] - a[3] : a[0] + a[1] + a[2];
                *y++ = clamp_f32(v + bias[c], lo, hi);
            }
}

static void untile_i8(const nas_tiles *t, const int32_t *sums, int32_t *acc) {
    for (int32_t i = 0; i < t->out_h; i++)
        for (int32_t j = 0; j < t->out_w; j++)
            for (int32_t c = 0; c < t->out.c; c++) {
                const int32_t *m = sums + ((int64_t)(i / 2) * t->across + j / 2) * t->out.room + c;
                uint32_t a[4];
                for (int32_t k = 0; k < 4; k++) {
                    const int32_t *p = m + k * t->out_point;
                    const uint32_t m0 = (uint32_t)p[0], m1 = (uint32_t)p[4 * t->out_point];
                    const uint32_t m2 = (uint32_t)p[8 * t->out_point];
                    const uint32_t m3 = (uint32_t)p[12 * t->out_point];
                    a[k] = i % 2 ? m1 - m2 - m3 : m0 + m1 + m2;
                }
                const uint32_t v = j % 2 ? a[1] - a[2] - a[3] : a[0] + a[1] + a[2];
                *acc++ = (int32_t)v / 4;
            }
}

/* --- int32 to int8 ---------------------------------------------------------------------------- */

/* gemmlowp's doubling high multiplication and rounding shift, for a multiplier that is not negative
 * (then rounding half away from zero and truncating is the same as adding half and shifting). */
static int32_t scale_sum(int32_t v, int32_t mult, int32_t before, int32_t after) {
    const int32_t big = (int32_t)((uint32_t)v << before);
    const int32_t high = (int32_t)(((int64_t)big * mult + (1 << 30)) >> 31);
    const int32_t mask = (int32_t)((1u << after) - 1);
    const int32_t rest = high & mask, half = (mask >> 1) + (high < 0);
    return (high >> after) + (rest > half);
}

static int8_t clamp_code(int64_t v, int32_t lo, int32_t hi) {
    return (int8_t)(v < lo ? lo : v > hi ? hi : v);
}

static void requant(int32_t n_pix, const nas_lanes *out, const nas_requant *q, const int32_t *acc,
                    int8_t *y) {
    for (int32_t p = 0; p < n_pix; p++, y += out->c)
        for (int32_t i = 0; i < out->room; i++) {
            const int32_t sum = (int32_t)((uint32_t)*acc++ + (uint32_t)q->bias[i]);
            const int32_t v = scale_sum(sum, q->mult[i], q->before[i], q->after[i]);
            y[out->start[i]] = clamp_code((int64_t)v + q->zero_point, q->lo, q->hi);
        }
}

/* --- maps ------------------------------------------------------------------------------------- */

static void widen(int64_t n, const int8_t *x, int32_t zero_point, int16_t *y) {
    for (int64_t i = 0; i < n; i++) y[i] = (int16_t)(x[i] - zero_point);
}

static void add_f32(int64_t n, const float *a, const float *b, float lo, float hi, float *y) {
    for (int64_t i = 0; i < n; i++) y[i] = clamp_f32(a[i] + b[i], lo, hi);
}

static void add_i8(int64_t n, const nas_add *how, const int8_t *a, const int8_t *b, int8_t *y) {
    const nas_scale *s = how->in;
    for (int64_t i = 0; i < n; i++) {
        const int32_t p = (a[i] - how->zero[0]) * (1 << NAS_ADD_BITS);
        const int32_t q = (b[i] - how->zero[1]) * (1 << NAS_ADD_BITS);
        const int32_t sum =
            scale_sum(p, s[0].mult, 0, s[0].after) + scale_sum(q, s[1].mult, 0, s[1].after);
        const int32_t v = scale_sum(sum, how->out.mult, 0, how->out.after);
        y[i] = clamp_code((int64_t)v + how->zero_point, how->lo, how->hi);
    }
}

static void sum_f32(int32_t n_pix, int32_t c, const float *x, float *sum) {
    memset(sum, 0, (size_t)c * sizeof *sum);
    for (int32_t p = 0; p < n_pix; p++)
        for (int32_t i = 0; i < c; i++) sum[i] += *x++;
}

static void sum_i8(int32_t n_pix, int32_t c, const int8_t *x, int32_t *sum) {
    memset(sum, 0, (size_t)c * sizeof *sum);
    for (int32_t p = 0; p < n_pix; p++)
        for (int32_t i = 0; i < c; i++) sum[i] += *x++;
}

/* --- hybrid ----------------------------------------------------------------------------------- */

static void range(int64_t n, const float *x, float *lo, float *hi) {
    *lo = *hi = 0;
    for (int64_t i = 0; i < n; i++) {
        if (x[i] < *lo) *lo = x[i];
        if (x[i] > *hi) *hi = x[i];
    }
}

static int32_t clamp_i32(int32_t v, int32_t lo, int32_t hi) {
    return v < lo ? lo : v > hi ? hi : v;
}

static void quantize(int64_t n, const float *x, float inverse, int32_t zero_point, int32_t lo,
                     int8_t *q) {
    for (int64_t i = 0; i < n; i++) {
        float v = x[i] * inverse;
        v = v > -1000 ? v : -1000; /* NaN too */
        v = v < 1000 ? v : 1000;
        const float r = i < n / 8 * 8 ? v + (v < 0 ? -0.5f : 0.5f) : roundf(v);
        q[i] = (int8_t)clamp_i32((int32_t)r + zero_point, lo, 127);
    }
}

static void rescale(int32_t n_pix, const nas_lanes *out, const nas_rescale *r, const int32_t *acc,
                    float *y) {
    for (int32_t p = 0; p < n_pix; p++, y += out->c)
        for (int32_t i = 0; i < out->room; i++) {
            const float v = (float)*acc++ * r->factor[i] * r->scale + r->bias[i];
            y[out->start[i]] = clamp_f32(v, r->lo, r->hi);
        }
}

/* --- products rounded on their own ------------------------------------------------------------ */

static void dense_f32_plain(const nas_window *win, const float *x, const float *w,
                            const float *bias, float lo, float hi, float *y) {
    const int64_t each = (int64_t)win->n_seg * win->run;
    const nas_lanes *out = &win->out;
    for (int32_t p = 0; p < win->n_pix; p++, y += bias ? out->c : out->room)
        for (int32_t j = 0; j < out->room; j++) {
            const float *k = w + j * each;
            float sum = 0;
            for (int32_t s = 0; s < win->n_seg; s++)
                for (int32_t i = 0; i < win->run; i++)
                    sum += x[win->at[p] + win->seg[s] + i] * *k++;
            y[bias ? out->start[j] : j] = bias ? clamp_f32(sum + bias[j], lo, hi) : sum;
        }
}

static void depth_f32_plain(const nas_window *win, const float *x, const float *w,
                            const float *bias, float lo, float hi, float *y) {
    y += win->out.start[0];
    for (int32_t p = 0; p < win->n_pix; p++, y += win->out.c) {
        float sum = 0;
        for (int32_t s = 0; s < win->n_seg; s++) sum += x[win->at[p] + win->seg[s]] * w[s];
        *y = clamp_f32(sum + *bias, lo, hi);
    }
}

#define ROW(NAME, DENSE, DEPTH)                                                                   \
    {                                                                                             \
        .name = NAME, .width = 1, .most_f32 = 1, .most_i8 = 1, .depth_unit = 1,                   \
        .dense_f32 = DENSE, .dense_i8 = dense_i8, .depth_f32 = DEPTH, .depth_i8 = depth_i8,       \
        .plane_f32 = plane_f32, .plane_i8 = plane_i8, .tile_f32 = tile_f32,                       \
        .untile_f32 = untile_f32, .tile_i8 = tile_i8, .untile_i8 = untile_i8, .requant = requant, \
        .widen = widen, .add_f32 = add_f32, .add_i8 = add_i8, .sum_f32 = sum_f32,                 \
        .sum_i8 = sum_i8, .range = range, .quantize = quantize, .rescale = rescale,               \
    }

const nas_infer nas_infer_reference = ROW("reference", dense_f32, depth_f32);
const nas_infer nas_infer_plain = ROW("plain", dense_f32_plain, depth_f32_plain);
