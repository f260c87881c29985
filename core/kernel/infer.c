/* core/kernel/infer.c - the choice of a row, and the plain C row that says what the others do. */
#include "core/kernel/infer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

static float clamp_f32(float v, float lo, float hi) {
    v = v < lo ? lo : v;
    return v > hi ? hi : v;
}

static void dense_f32(const nas_window *win, const float *x, const float *w, const float *bias,
                      float lo, float hi, float *y) {
    for (int32_t p = 0; p < win->n_pix; p++)
        for (int32_t c = 0; c < win->c; c++) {
            const float *k = w + c;
            float sum = 0;
            for (int32_t s = 0; s < win->n_seg; s++)
                for (int32_t i = 0; i < win->run; i++, k += win->room)
                    sum += x[win->at[p] + win->seg[s] + i] * *k;
            *y++ = clamp_f32(sum + bias[c], lo, hi);
        }
}

static void dense_i8(const nas_window *win, const int16_t *x, const int16_t *w, int32_t *acc) {
    for (int32_t p = 0; p < win->n_pix; p++)
        for (int32_t c = 0; c < win->room; c++) {
            const int16_t *k = w + 2 * c;
            int32_t sum = 0;
            for (int32_t s = 0; s < win->n_seg; s++)
                for (int32_t i = 0; i < win->run; i += 2, k += 2 * win->room) {
                    const int16_t *v = x + win->at[p] + win->seg[s] + i;
                    sum += v[0] * k[0] + v[1] * k[1];
                }
            *acc++ = sum;
        }
}

static void depth_f32(const nas_window *win, const float *x, const float *w, const float *bias,
                      float lo, float hi, float *y) {
    for (int32_t p = 0; p < win->n_pix; p++)
        for (int32_t c = 0; c < win->c; c++) {
            float sum = 0;
            for (int32_t s = 0; s < win->n_seg; s++)
                sum += x[win->at[p] + win->seg[s] + c] * w[s * win->room + c];
            *y++ = clamp_f32(sum + bias[c], lo, hi);
        }
}

static void depth_i8(const nas_window *win, const int16_t *x, const int16_t *w, int32_t *acc) {
    for (int32_t p = 0; p < win->n_pix; p++)
        for (int32_t c = 0; c < win->room; c++) {
            int32_t sum = 0;
            for (int32_t s = 0; s < win->n_seg; s++)
                sum += x[win->at[p] + win->seg[s] + c] * w[s * win->room + c];
            *acc++ = sum;
        }
}

/* gemmlowp's doubling high multiplication and rounding shift, for a multiplier that is not negative
 * (then rounding half away from zero and truncating is the same as adding half and shifting). */
static int32_t scale_sum(int32_t v, int32_t mult, int32_t before, int32_t after) {
    const int32_t big = (int32_t)((uint32_t)v << before);
    const int32_t high = (int32_t)(((int64_t)big * mult + (1 << 30)) >> 31);
    const int32_t mask = (int32_t)((1u << after) - 1);
    const int32_t rest = high & mask, half = (mask >> 1) + (high < 0);
    return (high >> after) + (rest > half);
}

static void requant(int32_t n_pix, int32_t c, int32_t room, const nas_requant *q,
                    const int32_t *acc, int8_t *y) {
    for (int32_t p = 0; p < n_pix; p++, acc += room)
        for (int32_t i = 0; i < c; i++) {
            const int32_t sum = (int32_t)((uint32_t)acc[i] + (uint32_t)q->bias[i]);
            const int64_t v =
                (int64_t)scale_sum(sum, q->mult[i], q->before[i], q->after[i]) + q->zero_point;
            *y++ = (int8_t)(v < q->lo ? q->lo : v > q->hi ? q->hi : v);
        }
}

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

static void rescale(int32_t n_pix, int32_t c, int32_t room, const nas_rescale *r,
                    const int32_t *acc, float *y) {
    for (int32_t p = 0; p < n_pix; p++, acc += room)
        for (int32_t i = 0; i < c; i++)
            *y++ = clamp_f32((float)acc[i] * r->factor[i] * r->scale + r->bias[i], r->lo, r->hi);
}

const nas_infer nas_infer_reference = {
    .name = "reference",
    .width = 1,
    .dense_f32 = dense_f32,
    .dense_i8 = dense_i8,
    .depth_f32 = depth_f32,
    .depth_i8 = depth_i8,
    .requant = requant,
    .range = range,
    .quantize = quantize,
    .rescale = rescale,
};

/* Best last. */
static const nas_infer *const rows[] = {
    &nas_infer_reference,
    &nas_infer_generic,
#ifdef __x86_64__
    &nas_infer_avx2,
    &nas_infer_avx512,
#endif
};

static int runs_here(const nas_infer *row) {
#ifdef __x86_64__
    if (row == &nas_infer_avx2) return __builtin_cpu_supports("avx2");
    if (row == &nas_infer_avx512)
        return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
               __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
#endif
    return row != NULL;
}

const nas_infer *nas_infer_find(const char *name) {
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
        if (strcmp(rows[i]->name, name) == 0) return runs_here(rows[i]) ? rows[i] : NULL;
    return NULL;
}

const nas_infer *nas_infer_choose(void) {
    const char *name = getenv("NAS_KERNEL");
    const nas_infer *row = name ? nas_infer_find(name) : NULL;
    for (size_t i = sizeof rows / sizeof *rows; !row && i > 0; i--)
        if (runs_here(rows[i - 1])) row = rows[i - 1];
    return row;
}
