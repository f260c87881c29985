/* core/kernel/vec_infer.c - the vector rows of infer.h. Output channels are the lanes; a block of
 * channels of a few pixels stays in registers while the window is walked. */
#include "core/kernel/infer.h"

#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

#if defined(__AVX512BW__)
enum { BYTES = 64, LANES = 16, MOST = 5 };
#elif defined(__AVX2__)
enum { BYTES = 32, LANES = 8, MOST = 3 };
#else
enum { BYTES = 16, LANES = 4, MOST = 3 };
#endif
enum { PIXELS = 4 };

typedef float vf __attribute__((vector_size(BYTES)));
typedef int32_t vi __attribute__((vector_size(BYTES)));
typedef int16_t vh __attribute__((vector_size(BYTES / 2)));

/* A block's size must be a constant for its sums to stay in registers. */
#define INLINE static inline __attribute__((always_inline))

INLINE vf load_f(const float *p) {
    vf v;
    memcpy(&v, p, sizeof v);
    return v;
}

INLINE vi load_i(const void *p) {
    vi v;
    memcpy(&v, p, sizeof v);
    return v;
}

INLINE vi load_h(const int16_t *p) {
    vh v;
    memcpy(&v, p, sizeof v);
    return __builtin_convertvector(v, vi);
}

/* a + the two products of each lane's pair of int16 with the pair in x. */
INLINE vi add_pairs(vi a, vi w, vi x) {
#if defined(__AVX512BW__)
    return a + (vi)_mm512_madd_epi16((__m512i)w, (__m512i)x);
#elif defined(__AVX2__)
    return a + (vi)_mm256_madd_epi16((__m256i)w, (__m256i)x);
#elif defined(__SSE2__)
    return a + (vi)_mm_madd_epi16((__m128i)w, (__m128i)x);
#else
    const vi low = (vi)((w << 16) >> 16) * (vi)((x << 16) >> 16);
    return a + low + (w >> 16) * (x >> 16);
#endif
}

/* A pair of int16 in every lane. */
INLINE vi pair(const int16_t *p) {
    int32_t v;
    memcpy(&v, p, sizeof v);
    return v - (vi){0};
}

/* The last block of channels may be cut. */
INLINE void finish(const vf *sum, int32_t vectors, int32_t c, const float *bias, float lo, float hi,
                   float *y) {
    float v[MOST * LANES];
    for (int32_t j = 0; j < vectors; j++) {
        const vf t = sum[j] + load_f(bias + j * LANES);
        memcpy(v + j * LANES, &t, sizeof t);
    }
    const int32_t n = c < vectors * LANES ? c : vectors * LANES;
    for (int32_t i = 0; i < n; i++) {
        const float t = v[i] < lo ? lo : v[i];
        y[i] = t > hi ? hi : t;
    }
}

/* --- float, all input channels ---------------------------------------------------------------- */

INLINE void dense_f32_block(const nas_window *win, int32_t pixels, int32_t vectors, int32_t p,
                            int32_t c, const float *x, const float *w, const float *bias, float lo,
                            float hi, float *y) {
    vf sum[PIXELS][MOST] = {0};
    const float *at[PIXELS];
    w += c;
    for (int32_t q = 0; q < pixels; q++) at[q] = x + win->at[p + q];
    for (int32_t s = 0; s < win->n_seg; s++) {
        const int32_t off = win->seg[s];
        for (int32_t i = 0; i < win->run; i++, w += win->room)
            for (int32_t j = 0; j < vectors; j++) {
                const vf k = load_f(w + j * LANES);
                for (int32_t q = 0; q < pixels; q++) sum[q][j] += at[q][off + i] * k;
            }
    }
    for (int32_t q = 0; q < pixels; q++)
        finish(sum[q], vectors, win->c - c, bias + c, lo, hi, y + (p + q) * win->c + c);
}

/* CALL(pixels, vectors) with constants, for the pixels and channels of a whole window. Blocks of
 * vectors are as even as can be. */
#define CALL_VECTORS(pixels, vectors)                \
    switch (vectors) {                               \
    case 1: CALL(pixels, 1); break;                  \
    case 2: CALL(pixels, 2); break;                  \
    case 3: CALL(pixels, 3); break;                  \
    case 4: CALL(pixels, (MOST > 4 ? 4 : 3)); break; \
    default: CALL(pixels, MOST); break;              \
    }
#define WALK()                                                                    \
    do {                                                                          \
        const int32_t all = win->room / LANES, blocks = (all + MOST - 1) / MOST;  \
        for (int32_t b = 0; b < blocks; b++) {                                    \
            const int32_t c = (int32_t)((int64_t)all * b / blocks) * LANES;       \
            const int32_t end = (int32_t)((int64_t)all * (b + 1) / blocks);       \
            const int32_t n = end - c / LANES;                                    \
            int32_t p = 0;                                                        \
            for (; p + PIXELS <= win->n_pix; p += PIXELS) CALL_VECTORS(PIXELS, n) \
            for (; p < win->n_pix; p++) CALL_VECTORS(1, n)                        \
        }                                                                         \
    } while (0)

static void dense_f32(const nas_window *win, const float *x, const float *w, const float *bias,
                      float lo, float hi, float *y) {
#define CALL(pixels, vectors) dense_f32_block(win, pixels, vectors, p, c, x, w, bias, lo, hi, y)
    WALK();
#undef CALL
}

/* --- int8, all input channels ----------------------------------------------------------------- */

INLINE void dense_i8_block(const nas_window *win, int32_t pixels, int32_t vectors, int32_t p,
                           int32_t c, const int16_t *x, const int16_t *w, int32_t *acc) {
    vi sum[PIXELS][MOST] = {0};
    const int16_t *at[PIXELS];
    w += 2 * c;
    for (int32_t q = 0; q < pixels; q++) at[q] = x + win->at[p + q];
    for (int32_t s = 0; s < win->n_seg; s++) {
        const int32_t off = win->seg[s];
        for (int32_t i = 0; i < win->run; i += 2, w += 2 * win->room)
            for (int32_t j = 0; j < vectors; j++) {
                const vi k = load_i(w + 2 * j * LANES);
                for (int32_t q = 0; q < pixels; q++)
                    sum[q][j] = add_pairs(sum[q][j], k, pair(at[q] + off + i));
            }
    }
    for (int32_t q = 0; q < pixels; q++)
        memcpy(acc + (p + q) * win->room + c, sum[q], (size_t)vectors * sizeof(vi));
}

static void dense_i8(const nas_window *win, const int16_t *x, const int16_t *w, int32_t *acc) {
#define CALL(pixels, vectors) dense_i8_block(win, pixels, vectors, p, c, x, w, acc)
    WALK();
#undef CALL
}

/* --- one kernel per channel ------------------------------------------------------------------- */

static void depth_f32(const nas_window *win, const float *x, const float *w, const float *bias,
                      float lo, float hi, float *y) {
    for (int32_t p = 0; p < win->n_pix; p++, y += win->c)
        for (int32_t c = 0; c < win->room; c += LANES) {
            const float *at = x + win->at[p] + c, *k = w + c;
            vf sum = {0};
            for (int32_t s = 0; s < win->n_seg; s++, k += win->room)
                sum += load_f(at + win->seg[s]) * load_f(k);
            finish(&sum, 1, win->c - c, bias + c, lo, hi, y + c);
        }
}

static void depth_i8(const nas_window *win, const int16_t *x, const int16_t *w, int32_t *acc) {
    for (int32_t p = 0; p < win->n_pix; p++, acc += win->room)
        for (int32_t c = 0; c < win->room; c += LANES) {
            const int16_t *at = x + win->at[p] + c, *k = w + c;
            vi sum = {0};
            for (int32_t s = 0; s < win->n_seg; s++, k += win->room)
                sum += load_h(at + win->seg[s]) * load_h(k);
            memcpy(acc + c, &sum, sizeof sum);
        }
}

/* --- int32 to int8 ---------------------------------------------------------------------------- */

/* As nas_infer_reference; written without branches for the compiler to make vectors of. */
static void requant(int32_t n_pix, int32_t c, int32_t room, const nas_requant *q,
                    const int32_t *acc, int8_t *restrict y) {
    const int32_t *restrict bias = q->bias, *restrict mult = q->mult;
    const int32_t *restrict before = q->before, *restrict after = q->after;
    const int32_t zp = q->zero_point, lo = q->lo - zp, hi = q->hi - zp;
    for (int32_t p = 0; p < n_pix; p++, acc += room, y += c)
        for (int32_t i = 0; i < c; i++) {
            const uint32_t sum = (uint32_t)acc[i] + (uint32_t)bias[i];
            const int64_t product = (int64_t)(int32_t)(sum << before[i]) * mult[i];
            const int32_t high = (int32_t)((product + (1 << 30)) >> 31);
            const int32_t mask = (int32_t)((1u << after[i]) - 1);
            const int32_t up = (high & mask) > (mask >> 1) + (high < 0);
            const int32_t v = (high >> after[i]) + up;
            y[i] = (int8_t)((v < lo ? lo : v > hi ? hi : v) + zp);
        }
}

/* --- hybrid ----------------------------------------------------------------------------------- */

INLINE vf pick(vi mask, vf yes, vf no) {
    return (vf)((mask & (vi)yes) | (~mask & (vi)no));
}

INLINE vi pick_i(vi mask, vi yes, vi no) {
    return (mask & yes) | (~mask & no);
}

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

typedef int8_t vb __attribute__((vector_size(LANES)));

/* As nas_infer_reference. */
static void quantize(int64_t n, const float *x, float inverse, int32_t zero_point, int32_t lo,
                     int8_t *q) {
    const vf zero = {0}, half = zero + 0.5f, most = zero + 1000.0f;
    const vi low = (vi){0} + lo, high = (vi){0} + 127;
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

static void rescale(int32_t n_pix, int32_t c, int32_t room, const nas_rescale *r,
                    const int32_t *acc, float *restrict y) {
    const float *restrict factor = r->factor, *restrict bias = r->bias;
    const float scale = r->scale, lo = r->lo, hi = r->hi;
    for (int32_t p = 0; p < n_pix; p++, acc += room, y += c)
        for (int32_t i = 0; i < c; i++) {
            const float v = (float)acc[i] * factor[i] * scale + bias[i];
            const float t = v < lo ? lo : v;
            y[i] = t > hi ? hi : t;
        }
}

#define JOIN(a, b) a##b
#define NAME(row)  JOIN(nas_infer_, row)
#define TEXT_(row) #row
#define TEXT(row)  TEXT_(row)

const nas_infer NAME(NAS_ROW) = {
    .name = TEXT(NAS_ROW),
    .width = LANES,
    .dense_f32 = dense_f32,
    .dense_i8 = dense_i8,
    .depth_f32 = depth_f32,
    .depth_i8 = depth_i8,
    .requant = requant,
    .range = range,
    .quantize = quantize,
    .rescale = rescale,
};
