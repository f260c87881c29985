/* core/kernel/vec_infer.h - what the vector rows of infer.h share. Compiled once for each row.
 * Thread safety: all are functions of their arguments. */
#ifndef NAS_CORE_KERNEL_VEC_INFER_H
#define NAS_CORE_KERNEL_VEC_INFER_H

#include "core/kernel/infer.h"

#include <string.h>
#ifdef __x86_64__
#include <immintrin.h>
#endif

/* Blocks whose sums stay in registers: vectors, and how many pixels of so many vectors. */
#if defined(__AVX512BW__)
enum { BYTES = 64, LANES = 16, MOST_F32 = 4, MOST_I8 = 4 };
#define PIXELS_F32(vectors) ((vectors) == 4 ? 6 : 8)
#define PIXELS_I8(vectors)  ((vectors) == 4 ? 6 : 8)
#elif defined(__AVX2__)
enum { BYTES = 32, LANES = 8, MOST_F32 = 3, MOST_I8 = 2 };
#define PIXELS_F32(vectors) ((vectors) == 3 ? 4 : (vectors) == 2 ? 6 : 8)
#define PIXELS_I8(vectors)  ((vectors) == 2 ? 6 : 8)
#else
enum { BYTES = 16, LANES = 4, MOST_F32 = 2, MOST_I8 = 2 };
#define PIXELS_F32(vectors) (FUSED_IS_FAST ? 6 : 2)
#define PIXELS_I8(vectors)  ((vectors) == 2 ? 6 : 8)
#endif
#if defined(__FMA__) || defined(__aarch64__) || defined(__FP_FAST_FMAF)
enum { FUSED_IS_FAST = 1 };
#else
enum { FUSED_IS_FAST = 0 };
#endif
enum { MOST_PIXELS = 8, MOST_VECTORS = 4, DEPTH_UNIT = 2 * LANES };

/* A switch over all sizes of blocks, CALL(pixels, vectors) with constants. MOST and PIXELS are
 * macros of who asks. */
#define CASE(P, V)                                                             \
    case (V)*16 + (P):                                                         \
        if ((V) <= MOST && (P) <= PIXELS(V)) CALL(P, ((V) <= MOST ? (V) : 1)); \
        break;
#define CASES(V) \
    CASE(1, V) CASE(2, V) CASE(3, V) CASE(4, V) CASE(5, V) CASE(6, V) CASE(7, V) CASE(8, V)
#define ALL_CASES CASES(1) CASES(2) CASES(3) CASES(4)

/* CALL for all blocks of packed weights W, and in each for all pixels in groups as even as can be.
 * It names a group's first pixel p, the block's first vector v and its weights k. */
#define ALL_BLOCKS(W)                                                                  \
    for (int32_t b = 0, v = 0; v < out->vectors; b++) {                                \
        const int32_t n = nas_infer_block(out, MOST, b + 1) - v, most = PIXELS(n);     \
        const int32_t groups = (win->n_pix + most - 1) / most;                         \
        const int32_t least = win->n_pix / groups, more = win->n_pix - least * groups; \
        const __typeof__(*(W)) *k = (W) + each * v;                                    \
        for (int32_t g = 0, p = 0; g < groups; g++) {                                  \
            const int32_t m = least + (g < more);                                      \
            switch (n * 16 + m) {                                                      \
                ALL_CASES                                                              \
            default: __builtin_unreachable();                                          \
            }                                                                          \
            p += m;                                                                    \
        }                                                                              \
        v += n;                                                                        \
    }

typedef float vf __attribute__((vector_size(BYTES)));
typedef int32_t vi __attribute__((vector_size(BYTES)));
typedef uint32_t vu __attribute__((vector_size(BYTES)));
typedef int16_t vs __attribute__((vector_size(BYTES)));
typedef int16_t vh __attribute__((vector_size(BYTES / 2)));
typedef int8_t vb __attribute__((vector_size(LANES)));

/* A block's size must be a constant for its sums to stay in registers. */
#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")

/* The compiler shall not find out how pointers hang together: it would compute each from another in
 * the inner loop. */
#define HIDE(p) __asm__("" : "+r"(p))

#define INFER_JOIN_(a, b) a##_##b
#define INFER_JOIN(a, b)  INFER_JOIN_(a, b)
#define ROW(x)            INFER_JOIN(x, NAS_ROW)

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

INLINE vf splat_f(float v) {
    return v - (vf){0};
}

INLINE vi splat_i(int32_t v) {
    return v - (vi){0};
}

INLINE vf pick(vi mask, vf yes, vf no) {
    return (vf)((mask & (vi)yes) | (~mask & (vi)no));
}

INLINE vi pick_i(vi mask, vi yes, vi no) {
    return (mask & yes) | (~mask & no);
}

/* a * b + c, rounded once. */
INLINE vf fused(vf a, vf b, vf c) {
#if defined(__AVX512BW__)
    return (vf)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif defined(__FMA__)
    return (vf)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#elif defined(__aarch64__) || defined(__FP_FAST_FMAF)
    vf r = {0};
    for (int l = 0; l < LANES; l++) r[l] = __builtin_fmaf(a[l], b[l], c[l]);
    return r;
#else
    /* The product is exact in double; the sum is rounded to odd there, so that rounding it again
     * rounds the exact one (Boldo and Melquiond, IEEE Trans. Computers 57, 2008). */
    typedef double vd __attribute__((vector_size(2 * BYTES)));
    typedef int64_t vl __attribute__((vector_size(2 * BYTES)));
    const vd p = __builtin_convertvector(a, vd) * __builtin_convertvector(b, vd);
    const vd d = __builtin_convertvector(c, vd), s = p + d, back = s - p;
    const vd miss = (p - (s - back)) + (d - back);
    const vl inexact = (miss < 0) | (miss > 0), apart = (miss > 0) ^ (s > 0);
    const vl step = 1 + (apart & -2), even = ((vl)s & 1) - 1;
    const vd odd = (vd)((vl)s + (step & inexact & even));
    return __builtin_convertvector(odd, vf);
#endif
}

/* v < lo ? lo : v, then > hi: a NaN stays. */
INLINE vf clamp(vf v, vf lo, vf hi) {
#if defined(__AVX512BW__)
    return (vf)_mm512_min_ps((__m512)hi, _mm512_max_ps((__m512)lo, (__m512)v));
#elif defined(__AVX2__)
    return (vf)_mm256_min_ps((__m256)hi, _mm256_max_ps((__m256)lo, (__m256)v));
#elif defined(__SSE2__)
    return (vf)_mm_min_ps((__m128)hi, _mm_max_ps((__m128)lo, (__m128)v));
#else
    v = pick(v < lo, lo, v);
    return pick(v > hi, hi, v);
#endif
}

static __attribute__((noinline, cold, unused)) void store_few(float *p, vf v, int32_t n) {
    memcpy(p, &v, (size_t)n * sizeof *p);
}

/* The first n values. */
INLINE void store_f(float *p, vf v, int32_t n) {
    if (__builtin_expect(n >= LANES, 1))
        memcpy(p, &v, sizeof v);
    else
        store_few(p, v, n);
}

INLINE void store_i(int32_t *p, vi v) {
    memcpy(p, &v, sizeof v);
}

/* Codes as int32. */
INLINE vi load_codes(const int8_t *p) {
#if defined(__AVX512BW__)
    return (vi)_mm512_cvtepi8_epi32(_mm_loadu_si128((const void *)p));
#elif defined(__AVX2__)
    return (vi)_mm256_cvtepi8_epi32(_mm_loadl_epi64((const void *)p));
#else
    vb v;
    memcpy(&v, p, sizeof v);
    return __builtin_convertvector(v, vi);
#endif
}

void ROW(nas_infer_dense_i8)(const nas_window *win, const int16_t *x, const int16_t *w,
                             int32_t *acc);
extern const nas_infer ROW(nas_infer);
void ROW(nas_infer_flip)(int64_t n, const int8_t *x, uint8_t *y);
void ROW(nas_infer_dense_u8)(const nas_window *win, const uint8_t *x, const int8_t *w,
                             const int32_t *first, const nas_rounding *r, uint8_t *room, void *y);
void ROW(nas_infer_strips_u8)(const nas_strips *d, const nas_rounding *r, const int8_t *x,
                              int8_t *y);
void ROW(nas_infer_plane_i8)(const nas_padded *map, const nas_lanes *unit, const int8_t *x,
                             int32_t zero_point, int16_t *out);
void ROW(nas_infer_depth_i8)(const nas_window *win, const int16_t *x, const int16_t *w,
                             int32_t *acc);
void ROW(nas_infer_requant)(int32_t n_pix, const nas_lanes *out, const nas_requant *q,
                            const int32_t *acc, int8_t *y);
void ROW(nas_infer_widen)(int64_t n, const int8_t *x, int32_t zero_point, int16_t *y);
void ROW(nas_infer_add_i8)(int64_t n, const nas_add *how, const int8_t *a, const int8_t *b,
                           int8_t *y);
void ROW(nas_infer_add_near)(int64_t n, const nas_add_floats *how, const int8_t *a, const int8_t *b,
                             int8_t *y);
void ROW(nas_infer_sum_i8)(int32_t n_pix, int32_t c, const int8_t *x, int32_t *sum);
void ROW(nas_infer_tile_f32)(const nas_tiles *t, const float *x, float *v);
void ROW(nas_infer_untile_f32)(const nas_tiles *t, const float *sums, const float *bias, float lo,
                               float hi, float *y);
void ROW(nas_infer_tile_i8)(const nas_tiles *t, const int8_t *x, int32_t zero_point, int16_t *v);
void ROW(nas_infer_untile_i8)(const nas_tiles *t, const int32_t *sums, int32_t *acc);

#endif
