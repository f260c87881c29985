/* core/kernel/vec_infer_i8.c - the vector rows of infer.h: int8, as exact sums of products of
 * int16.
 */
#include "core/kernel/vec_infer.h"

/* --- all input channels ----------------------------------------------------------------------- */

/* a + the two products of each lane's pair of int16 with the pair in x. */
INLINE vi add_pairs(vi a, vi w, vi x) {
#if defined(__AVX512VNNI__)
    return (vi)_mm512_dpwssd_epi32((__m512i)a, (__m512i)w, (__m512i)x);
#elif defined(__AVX512BW__)
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
    return splat_i(v);
}

INLINE void dense_block(const nas_window *win, int32_t pixels, int32_t vectors, int32_t p,
                        int32_t v, const int16_t *x, const int16_t *w, int32_t *acc) {
    vi sum[MOST_PIXELS][MOST_VECTORS] = {0};
    for (int32_t s = 0; s < win->n_seg; s++) {
        const int16_t *from[MOST_PIXELS];
        UNROLL for (int32_t q = 0; q < pixels; q++) {
            from[q] = x + win->at[p + q] + win->seg[s];
            HIDE(from[q]);
        }
        for (int64_t i = 0; i < win->run; i += 2, w += 2 * vectors * LANES) {
            vi k[MOST_VECTORS];
            UNROLL for (int32_t j = 0; j < vectors; j++) k[j] = load_i(w + 2 * j * LANES);
            UNROLL for (int32_t q = 0; q < pixels; q++) {
                const vi two = pair(from[q] + i);
                UNROLL for (int32_t j = 0; j < vectors; j++) sum[q][j] =
                    add_pairs(sum[q][j], k[j], two);
            }
        }
    }
    acc += (int64_t)p * win->out.room + v * LANES;
    UNROLL for (int32_t q = 0; q < pixels; q++) UNROLL for (int32_t j = 0; j < vectors; j++)
        store_i(acc + q * win->out.room + j * LANES, sum[q][j]);
}

void ROW(nas_infer_dense_i8)(const nas_window *win, const int16_t *x, const int16_t *w,
                             int32_t *acc) {
    const int64_t each = (int64_t)win->n_seg * win->run * LANES;
    const nas_lanes *out = &win->out;
#define MOST       MOST_I8
#define PIXELS(V)  PIXELS_I8(V)
#define CALL(P, V) dense_block(win, P, V, p, v, x, k, acc)
    ALL_BLOCKS(w)
#undef CALL
#undef PIXELS
#undef MOST
}

/* --- one kernel per channel ------------------------------------------------------------------- */

/* Products of two taps of 2 * LANES channels, summed: low and high have the channels that
 * interleaving puts there; in_order puts them right. */
#if defined(__SSE2__)
#if defined(__AVX512BW__)
#define UNPACK_LOW(a, b)  (vi) _mm512_unpacklo_epi16((__m512i)(a), (__m512i)(b))
#define UNPACK_HIGH(a, b) (vi) _mm512_unpackhi_epi16((__m512i)(a), (__m512i)(b))
#elif defined(__AVX2__)
#define UNPACK_LOW(a, b)  (vi) _mm256_unpacklo_epi16((__m256i)(a), (__m256i)(b))
#define UNPACK_HIGH(a, b) (vi) _mm256_unpackhi_epi16((__m256i)(a), (__m256i)(b))
#else
#define UNPACK_LOW(a, b)  (vi) _mm_unpacklo_epi16((__m128i)(a), (__m128i)(b))
#define UNPACK_HIGH(a, b) (vi) _mm_unpackhi_epi16((__m128i)(a), (__m128i)(b))
#endif

INLINE void in_order(vi low, vi high, int32_t *acc) {
#if defined(__AVX512BW__)
    const __m512i first = _mm512_set_epi64(11, 10, 3, 2, 9, 8, 1, 0);
    const __m512i second = _mm512_set_epi64(15, 14, 7, 6, 13, 12, 5, 4);
    const vi a = (vi)_mm512_permutex2var_epi64((__m512i)low, first, (__m512i)high);
    const vi b = (vi)_mm512_permutex2var_epi64((__m512i)low, second, (__m512i)high);
#elif defined(__AVX2__)
    const vi a = (vi)_mm256_permute2x128_si256((__m256i)low, (__m256i)high, 0x20);
    const vi b = (vi)_mm256_permute2x128_si256((__m256i)low, (__m256i)high, 0x31);
#else
    const vi a = low, b = high;
#endif
    store_i(acc, a);
    store_i(acc + LANES, b);
}

enum { DEPTH_PIXELS = 4, MOST_PAIRS = 32 };

/* Weights of two taps, interleaved as their inputs will be. */
INLINE void pair_up(int32_t n_seg, const int16_t *w, vi pairs[2 * MOST_PAIRS]) {
    for (int32_t s = 0; s < n_seg; s += 2, w += 4 * LANES, pairs += 2) {
        const vi first = load_i(w), second = s + 1 < n_seg ? load_i(w + 2 * LANES) : (vi){0};
        pairs[0] = UNPACK_LOW(first, second);
        pairs[1] = UNPACK_HIGH(first, second);
    }
}

INLINE void depth_block(const nas_window *win, int32_t pixels, int32_t p, const int16_t *x,
                        const vi *w, int32_t *acc) {
    const int16_t *at[DEPTH_PIXELS];
    UNROLL for (int32_t q = 0; q < pixels; q++) {
        at[q] = x + win->at[p + q];
        HIDE(at[q]);
    }
    vi low[DEPTH_PIXELS] = {0}, high[DEPTH_PIXELS] = {0};
    for (int32_t s = 0; s < win->n_seg; s += 2, w += 2) {
        const int64_t a = win->seg[s], b = s + 1 < win->n_seg ? win->seg[s + 1] : a;
        const vi w_low = w[0], w_high = w[1];
        UNROLL for (int32_t q = 0; q < pixels; q++) {
            const vi d = load_i(at[q] + a), e = load_i(at[q] + b);
            low[q] = add_pairs(low[q], UNPACK_LOW(d, e), w_low);
            high[q] = add_pairs(high[q], UNPACK_HIGH(d, e), w_high);
        }
    }
    UNROLL for (int32_t q = 0; q < pixels; q++)
        in_order(low[q], high[q], acc + (int64_t)(p + q) * 2 * LANES);
}
#endif

INLINE vi load_h(const int16_t *p) {
    vh v;
    memcpy(&v, p, sizeof v);
    return __builtin_convertvector(v, vi);
}

void ROW(nas_infer_depth_i8)(const nas_window *win, const int16_t *x, const int16_t *w,
                             int32_t *acc) {
    const int32_t room = win->out.room;
#if defined(__SSE2__)
    if (room == 2 * LANES && win->n_seg <= 2 * MOST_PAIRS) {
        vi pairs[2 * MOST_PAIRS];
        int32_t p = 0;
        pair_up(win->n_seg, w, pairs);
        for (; p + DEPTH_PIXELS <= win->n_pix; p += DEPTH_PIXELS)
            depth_block(win, DEPTH_PIXELS, p, x, pairs, acc);
        for (; p < win->n_pix; p++) depth_block(win, 1, p, x, pairs, acc);
        return;
    }
#endif
    for (int32_t p = 0; p < win->n_pix; p++)
        for (int32_t i = 0; i < room; i += LANES, acc += LANES) {
            const int16_t *at = x + win->at[p] + i, *k = w + i;
            vi sum = {0};
            for (int32_t s = 0; s < win->n_seg; s++, k += room)
                sum += load_h(at + win->seg[s]) * load_h(k);
            store_i(acc, sum);
        }
}

typedef int8_t vt __attribute__((vector_size(BYTES / 2)));

void ROW(nas_infer_plane_i8)(const nas_padded *map, const nas_lanes *unit, const int8_t *x,
                             int32_t zero_point, int16_t *out) {
    const vs zero = (vs){0} + (int16_t)zero_point;
    const int32_t room = unit->room, n = unit->c < LANES ? unit->c : LANES;
    x += unit->start[0];
    out += ((int64_t)map->top * map->w + map->left) * room;
    for (int32_t i = 0; i < map->in_h; i++, out += (map->w - map->in_w) * room)
        for (int32_t k = 0; k < map->in_w; k++, x += map->in_c, out += room) {
            vt codes = {0};
            if (room == 2 * LANES)
                memcpy(&codes, x, sizeof codes);
            else if (n == LANES)
                memcpy(&codes, x, LANES);
            else
                memcpy(&codes, x, (size_t)n);
            const vs values = __builtin_convertvector(codes, vs) - zero;
            memcpy(out, &values, room == 2 * LANES ? sizeof values : sizeof values / 2);
        }
}

/* --- int32 to int8 ---------------------------------------------------------------------------- */

#if defined(__AVX2__)
typedef int64_t vl __attribute__((vector_size(BYTES)));

/* Lanes 0, 2, ... of the products. */
INLINE vl even_products(vi a, vi b) {
#if defined(__AVX512BW__)
    return (vl)_mm512_mul_epi32((__m512i)a, (__m512i)b);
#else
    return (vl)_mm256_mul_epi32((__m256i)a, (__m256i)b);
#endif
}

INLINE vi odd_of(vi v) {
    return (vi)((vl)v >> 32);
}

/* gemmlowp's doubling high multiplication, then its rounding shift, for a multiplier that is not
 * negative: (product + 2^30) >> 31, halves of the shift away from zero. less: -1 where a negative
 * value has 1 taken off first (wherever there is a shift). */
INLINE vi scale_sum(vi sum, vi mult, vi after, vi half, vi less) {
    const vl even = (even_products(sum, mult) + (1 << 30)) >> 31;
    const vl odd = (even_products(odd_of(sum), odd_of(mult)) + (1 << 30)) << 1;
#if defined(__AVX512BW__)
    const vi high = (vi)_mm512_mask_blend_epi32(0xAAAA, (__m512i)even, (__m512i)odd);
    return (vi)_mm512_srav_epi32((__m512i)(high + half + ((high >> 31) & less)), (__m512i)after);
#else
    const vi high = (vi)_mm256_blend_epi32((__m256i)even, (__m256i)odd, 0xAA);
    return (vi)_mm256_srav_epi32((__m256i)(high + half + ((high >> 31) & less)), (__m256i)after);
#endif
}

static __attribute__((noinline, cold)) void store_few_codes(int8_t *y, __m128i bytes, int32_t n) {
    memcpy(y, &bytes, (size_t)n);
}

typedef struct codes {
    vi zero_point, lo, hi; /* lo and hi: less the zero point, as v + zero_point might not fit */
} codes;

INLINE codes codes_of(int32_t zero_point, int32_t lo, int32_t hi) {
    return (codes){splat_i(zero_point), splat_i(lo - zero_point), splat_i(hi - zero_point)};
}

/* v + zero_point, clamped, as bytes, of which the first n are stored. */
INLINE void store_codes(int8_t *y, vi v, codes c, int32_t n) {
#if defined(__AVX512BW__)
    const __m512i t = _mm512_min_epi32(_mm512_max_epi32((__m512i)v, (__m512i)c.lo), (__m512i)c.hi);
    const __m128i bytes = _mm512_cvtepi32_epi8(_mm512_add_epi32(t, (__m512i)c.zero_point));
#else
    const __m256i t = _mm256_min_epi32(_mm256_max_epi32((__m256i)v, (__m256i)c.lo), (__m256i)c.hi);
    const __m256i u = _mm256_add_epi32(t, (__m256i)c.zero_point);
    const __m128i w = _mm_packs_epi32(_mm256_castsi256_si128(u), _mm256_extracti128_si256(u, 1));
    const __m128i bytes = _mm_packs_epi16(w, w);
#endif
    if (__builtin_expect(n < LANES, 0)) {
        store_few_codes(y, bytes, n);
        return;
    }
#if defined(__AVX512BW__)
    _mm_storeu_si128((void *)y, bytes);
#else
    _mm_storel_epi64((void *)y, bytes);
#endif
}

static void requant_plain(int32_t n_pix, const nas_lanes *out, const nas_requant *q,
                          const int32_t *acc, int8_t *y) {
    const vi all = splat_i(-1);
    const codes how = codes_of(q->zero_point, q->lo, q->hi);
    const int32_t room = out->room, c = out->c;
    for (int32_t v = 0; v < out->vectors; v++) {
        const vi bias = load_i(q->bias + v * LANES), mult = load_i(q->mult + v * LANES);
        const vi after = load_i(q->after + v * LANES), half = load_i(q->half + v * LANES);
        const int32_t *from = acc + v * LANES;
        int8_t *to = y + out->start[v];
        for (int32_t p = 0; p < n_pix; p++, from += room, to += c) {
            const vi t = scale_sum(load_i(from) + bias, mult, after, half, all);
            store_codes(to, t, how, c);
        }
    }
}
#endif

/* Written without branches for the compiler to make vectors of. */
static void requant_any(int32_t n_pix, const nas_lanes *out, const nas_requant *q,
                        const int32_t *acc, int8_t *y) {
    const int32_t zp = q->zero_point, lo = q->lo - zp, hi = q->hi - zp;
    const int32_t n = out->c < LANES ? out->c : LANES;
    for (int32_t p = 0; p < n_pix; p++, y += out->c)
        for (int32_t v = 0; v < out->vectors; v++, acc += LANES) {
            const int32_t *bias = q->bias + v * LANES, *mult = q->mult + v * LANES;
            const int32_t *before = q->before + v * LANES, *after = q->after + v * LANES;
            int8_t *restrict to = y + out->start[v];
            for (int32_t i = 0; i < n; i++) {
                const uint32_t sum = (uint32_t)acc[i] + (uint32_t)bias[i];
                const int64_t product = (int64_t)(int32_t)(sum << before[i]) * mult[i];
                const int32_t high = (int32_t)((product + (1 << 30)) >> 31);
                const int32_t mask = (int32_t)((1u << after[i]) - 1);
                const int32_t up = (high & mask) > (mask >> 1) + (high < 0);
                const int32_t t = (high >> after[i]) + up;
                to[i] = (int8_t)((t < lo ? lo : t > hi ? hi : t) + zp);
            }
        }
}

void ROW(nas_infer_requant)(int32_t n_pix, const nas_lanes *out, const nas_requant *q,
                            const int32_t *acc, int8_t *y) {
#if defined(__AVX2__)
    if (q->plain) {
        requant_plain(n_pix, out, q, acc, y);
        return;
    }
#endif
    requant_any(n_pix, out, q, acc, y);
}

/* --- maps ------------------------------------------------------------------------------------- */

void ROW(nas_infer_widen)(int64_t n, const int8_t *restrict x, int32_t zero_point,
                          int16_t *restrict y) {
    for (int64_t i = 0; i < n; i++) y[i] = (int16_t)(x[i] - zero_point);
}

#if defined(__AVX2__)
typedef struct scaling {
    vi mult, after, half, less;
} scaling;

INLINE scaling scaling_of(nas_scale s) {
    return (scaling){splat_i(s.mult), splat_i(s.after), splat_i(s.after ? 1 << (s.after - 1) : 0),
                     splat_i(s.after ? -1 : 0)};
}

INLINE vi scaled(vi v, scaling s) {
    return scale_sum(v, s.mult, s.after, s.half, s.less);
}

static bool is_half(nas_scale s) {
    return s.mult == 1 << 30 && s.after == 0;
}

/* Whole vectors. The operand with the larger scale, at least, is halved exactly. */
INLINE int64_t add_vectors(int64_t n, const nas_add *how, const int8_t *a, const int8_t *b,
                           int8_t *restrict y, bool half_a, bool half_b) {
    const scaling p = scaling_of(how->in[0]), q = scaling_of(how->in[1]);
    const scaling r = scaling_of(how->out);
    const vi zero_a = splat_i(how->zero[0]), zero_b = splat_i(how->zero[1]);
    const codes out = codes_of(how->zero_point, how->lo, how->hi);
    int64_t i = 0;
    for (; i + LANES <= n; i += LANES) {
        const vi v = load_codes(a + i) - zero_a, w = load_codes(b + i) - zero_b;
        const vi s = half_a ? v << (NAS_ADD_BITS - 1) : scaled(v << NAS_ADD_BITS, p);
        const vi t = half_b ? w << (NAS_ADD_BITS - 1) : scaled(w << NAS_ADD_BITS, q);
        store_codes(y + i, scaled(s + t, r), out, LANES);
    }
    return i;
}
#endif

void ROW(nas_infer_add_i8)(int64_t n, const nas_add *how, const int8_t *a, const int8_t *b,
                           int8_t *y) {
    int64_t i = 0;
#if defined(__AVX2__)
    if (is_half(how->in[0]) && is_half(how->in[1]))
        i = add_vectors(n, how, a, b, y, true, true);
    else if (is_half(how->in[0]))
        i = add_vectors(n, how, a, b, y, true, false);
    else if (is_half(how->in[1]))
        i = add_vectors(n, how, a, b, y, false, true);
#endif
    if (i < n) nas_infer_reference.add_i8(n - i, how, a + i, b + i, y + i);
}

INLINE void sum_block(int32_t vectors, int32_t n_pix, int32_t c, const int8_t *x, int32_t *sum) {
    vi s[MOST_VECTORS] = {0};
    for (int32_t p = 0; p < n_pix; p++, x += c) UNROLL for (int32_t j = 0; j < vectors; j++) {
            s[j] += load_codes(x + j * LANES);
        }
    UNROLL for (int32_t j = 0; j < vectors; j++) store_i(sum + j * LANES, s[j]);
}

void ROW(nas_infer_sum_i8)(int32_t n_pix, int32_t c, const int8_t *x, int32_t *sum) {
    int32_t i = 0;
    for (; i + MOST_VECTORS * LANES <= c; i += MOST_VECTORS * LANES)
        sum_block(MOST_VECTORS, n_pix, c, x + i, sum + i);
    for (; i + LANES <= c; i += LANES) sum_block(1, n_pix, c, x + i, sum + i);
    if (i < c && c >= LANES)
        sum_block(1, n_pix, c, x + c - LANES, sum + c - LANES);
    else if (i < c)
        nas_infer_reference.sum_i8(n_pix, c, x, sum);
}
