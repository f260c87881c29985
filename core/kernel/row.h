/* core/kernel/row.h - what the vector sources share. They are compiled once for each row with
 * NAS_ROW its name; ROW(x) is the row's own name for x.
 * Thread safety: all are functions of their arguments. */
#ifndef NAS_CORE_KERNEL_ROW_H
#define NAS_CORE_KERNEL_ROW_H

#include "core/kernel/kernel_int.h"

#ifdef __FAST_MATH__
#error "-ffast-math gives other bits under the same version: build without it"
#endif

#ifdef __x86_64__
#include <immintrin.h>
#elif defined __aarch64__
#include <arm_neon.h>
#endif

#define ROW_JOIN_(a, b) a##_##b
#define ROW_JOIN(a, b)  ROW_JOIN_(a, b)
#define ROW(x)          ROW_JOIN(x, NAS_ROW)
#define ROW_TEXT_(x)    #x
#define ROW_TEXT(x)     ROW_TEXT_(x)

/* Floats in a vector, and vector registers. */
#define LANES_generic 4
#define LANES_avx2    8
#define LANES_avx512  16
#ifdef __aarch64__
#define REGISTERS_generic 32
#else
#define REGISTERS_generic 16
#endif
#define REGISTERS_avx2   16
#define REGISTERS_avx512 32
enum { LANES = ROW_JOIN(LANES, NAS_ROW), REGISTERS = ROW_JOIN(REGISTERS, NAS_ROW) };

typedef float vec __attribute__((vector_size(4 * ROW_JOIN(LANES, NAS_ROW)), may_alias));
typedef int32_t mask __attribute__((vector_size(4 * ROW_JOIN(LANES, NAS_ROW)), may_alias));

#define INLINE static inline __attribute__((always_inline))
#define UNROLL _Pragma("GCC unroll 16")

INLINE vec load(const float *p) {
    return *(const vec *)(const void *)p;
}

INLINE void store(float *p, vec v) {
    *(vec *)(void *)p = v;
}

INLINE vec splat(float v) {
    return v - (vec){0};
}

/* a * b + c, rounded once where the row's processors can, else twice. No compiler fuses what is not
 * written so (-ffp-contract=off): a row gives the same bits from any of them. */
#define FMADD_avx512 _mm512_fmadd_ps
#define FMADD_avx2   _mm256_fmadd_ps
#ifdef __aarch64__
#define FMADD_generic(a, b, c) vfmaq_f32(c, a, b)
#else
#define FMADD_generic(a, b, c) ((a) * (b) + (c))
#endif
INLINE vec fmadd(vec a, vec b, vec c) {
    return (vec)ROW_JOIN(FMADD, NAS_ROW)(a, b, c);
}

/* v where keep has all bits, else zero. A NaN comes through (keep is then a comparison's "not <=").
 */
INLINE vec only(mask keep, vec v) {
    return (vec)(keep & (mask)v);
}

/* Vectors of output channels in a block of packed weights when `left` of them remain. */
INLINE int block_of(int left) {
    if (REGISTERS == 32 && LANES == 16) return left == 1 ? 1 : left % 2 ? 3 : 2;
    return left == 4 ? 2 : left >= 3 ? 3 : left;
}

void ROW(nas_conv_pack)(const nas_conv *c, const float *w, float *packed);
void ROW(nas_conv_forward)(const nas_conv *c, int32_t n, const float *x, const float *packed,
                           const float *bias, float *y);
void ROW(nas_conv_weights)(const nas_conv *c, int32_t n, const float *x, const float *dy,
                           float *dw);
void ROW(nas_depthwise_forward)(const nas_conv *c, int32_t n, const float *x, const float *w,
                                const float *bias, float *y);
void ROW(nas_depthwise_weights)(const nas_conv *c, int32_t n, const float *x, const float *dy,
                                float *dw);
void ROW(nas_winograd_pack)(const nas_winograd *p, const float *w, float *packed);
void ROW(nas_winograd_forward)(const nas_winograd *p, int32_t n, const float *x,
                               const float *packed, const float *bias, float *y, float *scratch);
void ROW(nas_winograd_weights)(const nas_winograd *p, int32_t n, const float *x, const float *dy,
                               float *du, float *scratch);
void ROW(nas_winograd_unpack)(const nas_winograd *p, const float *du, float *dw);
void ROW(nas_max_pool)(const nas_pool *p, const nas_map *x, int32_t n, const nas_map *y);
void ROW(nas_max_pool_grad)(const nas_pool *p, const nas_map *x, const nas_map *y,
                            const nas_map *dy, int32_t n, const nas_map *dx);
void ROW(nas_average_pool)(const nas_pool *p, const nas_map *x, int32_t n, const nas_map *y);
void ROW(nas_average_pool_grad)(const nas_pool *p, const nas_map *dy, int32_t n, const nas_map *dx);

#endif
