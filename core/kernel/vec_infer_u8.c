/* core/kernel/vec_infer_u8.c - the vector rows of infer.h: int8, as sums of four products of bytes
 * (VNNI). One operand has no sign there, so inputs are codes + 128; what that adds to a sum, and
 * the zero point, are in the value that it begins with. */
#include "core/kernel/vec_infer.h"

#if defined(__AVX512BW__)

/* --- int32 to int8 ---------------------------------------------------------------------------- */

enum {
    UP = _MM_FROUND_TO_POS_INF | _MM_FROUND_NO_EXC,
    TOWARDS_ZERO = _MM_FROUND_TO_ZERO | _MM_FROUND_NO_EXC
};

/* half with the sign of v. */
INLINE __m512 with_sign(__m512 half, __m512 v) {
    const __m512i top = _mm512_set1_epi32(INT32_MIN);
    /* half | (v & top) */
    return _mm512_castsi512_ps(
        _mm512_ternarylogic_epi32(_mm512_castps_si512(half), _mm512_castps_si512(v), top, 0xF8));
}

typedef struct bytes_of {
    __m512i order, zero_point, lo, hi;
} bytes_of;

INLINE bytes_of bytes_open(int32_t zero_point, int32_t lo, int32_t hi) {
    return (bytes_of){_mm512_set_epi32(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0),
                      _mm512_set1_epi16((int16_t)zero_point), _mm512_set1_epi8((int8_t)lo),
                      _mm512_set1_epi8((int8_t)hi)};
}

/* Four vectors, or as many as there are, with the zero point and clamped. */
INLINE __m512i bytes_join(const vi v[4], int32_t vectors, bytes_of b) {
    const __m512i p = (__m512i)v[0], q = vectors > 1 ? (__m512i)v[1] : p;
    __m512i low = _mm512_adds_epi16(_mm512_packs_epi32(p, q), b.zero_point), high = low;
    if (vectors > 2) {
        const __m512i r = (__m512i)v[2], s = vectors > 3 ? (__m512i)v[3] : r;
        high = _mm512_adds_epi16(_mm512_packs_epi32(r, s), b.zero_point);
    }
    const __m512i all = _mm512_permutexvar_epi32(b.order, _mm512_packs_epi16(low, high));
    return _mm512_min_epi8(_mm512_max_epi8(all, b.lo), b.hi);
}

/* --- sums of maps ----------------------------------------------------------------------------- */

INLINE __m512 codes_at(const int8_t *p) {
    return _mm512_cvtepi32_ps((__m512i)load_codes(p));
}

INLINE __m512i add_codes(const nas_add_floats *how, const int8_t *a, const int8_t *b, bytes_of o) {
    vi v[4];
    UNROLL for (int32_t j = 0; j < 4; j++) {
        const __m512 p = codes_at(a + j * LANES), q = codes_at(b + j * LANES);
        __m512 u = _mm512_set1_ps(how->high[2]), l = _mm512_set1_ps(how->low[2]);
        u = _mm512_fmadd_ps(q, _mm512_set1_ps(how->high[1]), u);
        l = _mm512_fmadd_ps(q, _mm512_set1_ps(how->low[1]), l);
        u = _mm512_fmadd_ps(p, _mm512_set1_ps(how->high[0]), u);
        l = _mm512_fmadd_ps(p, _mm512_set1_ps(how->low[0]), l);
        l = _mm512_add_ps(l, with_sign(_mm512_set1_ps(how->half), u));
        v[j] = (vi)_mm512_cvttps_epi32(_mm512_add_round_ps(u, l, TOWARDS_ZERO));
    }
    return bytes_join(v, 4, o);
}

void ROW(nas_infer_add_near)(int64_t n, const nas_add_floats *how, const int8_t *a, const int8_t *b,
                             int8_t *y) {
    const nas_add_floats h = *how;
    const bytes_of o = bytes_open(h.zero_point, h.lo, h.hi);
    int64_t i = 0;
    for (; i + BYTES <= n; i += BYTES) _mm512_storeu_si512(y + i, add_codes(&h, a + i, b + i, o));
    if (i == n) return;
    int8_t last[3][BYTES] = {0};
    memcpy(last[0], a + i, (size_t)(n - i));
    memcpy(last[1], b + i, (size_t)(n - i));
    _mm512_storeu_si512(last[2], add_codes(&h, last[0], last[1], o));
    memcpy(y + i, last[2], (size_t)(n - i));
}

#if defined(__AVX512VNNI__)

/* The lowest n bits, n of any size. */
INLINE __mmask64 bits_below(int64_t n) {
    return n <= 0 ? 0 : n >= 64 ? ~(__mmask64)0 : ~(__mmask64)0 >> (64 - n);
}

/* Of a vector of sums, as nas_rounding says. */
INLINE vi rounded(vi sum, __m512 high, __m512 low, __m512 half) {
    const __m512 v = _mm512_cvtepi32_ps((__m512i)sum);
    const __m512 t = _mm512_fmadd_round_ps(v, low, with_sign(half, v), UP);
    return (vi)_mm512_cvttps_epi32(_mm512_fmadd_round_ps(v, high, t, TOWARDS_ZERO));
}

INLINE vi add_quads(vi a, vi x, vi w) {
    return (vi)_mm512_dpbusd_epi32((__m512i)a, (__m512i)x, (__m512i)w);
}

void ROW(nas_infer_flip)(int64_t n, const int8_t *restrict x, uint8_t *restrict y) {
    const __m512i top = _mm512_set1_epi8(-128);
    int64_t i = 0;
    for (; i + BYTES <= n; i += BYTES)
        _mm512_storeu_si512(y + i, _mm512_xor_si512(_mm512_loadu_si512(x + i), top));
    if (i == n) return;
    const __mmask64 rest = bits_below(n - i);
    _mm512_mask_storeu_epi8(y + i, rest,
                            _mm512_xor_si512(_mm512_maskz_loadu_epi8(rest, x + i), top));
}

/* --- all input channels ----------------------------------------------------------------------- */

/* A block's bytes in its output pixels: those of `most`, and the last vector's, which may overlap
 * the one before, at `apart` from there. */
typedef struct places {
    __mmask64 most, last;
    int64_t apart;
} places;

INLINE places places_of(const nas_lanes *out, int32_t v, int32_t vectors) {
    const int32_t left = out->c - out->start[v];
    const int32_t moved = out->start[v] + (vectors - 1) * LANES - out->start[v + vectors - 1];
    const int32_t n = moved                    ? (vectors - 1) * LANES
                      : left < vectors * LANES ? left
                                               : vectors * LANES;
    const __mmask64 lane = (__mmask64)0xFFFF << (LANES * (vectors - 1));
    return (places){bits_below(n), moved ? lane : 0, -moved};
}

INLINE void block_store(int8_t *y, __m512i all, places to) {
    _mm512_mask_storeu_epi8(y, to.most, all);
    if (__builtin_expect(to.last != 0, 0))
        _mm512_mask_storeu_epi8((char *)((uintptr_t)y + (uintptr_t)to.apart), to.last, all);
}

INLINE void finish_block(const nas_lanes *out, int32_t pixels, int32_t vectors, int32_t p,
                         int32_t v, vi sum[MOST_PIXELS][MOST_VECTORS], const nas_rounding *r,
                         int8_t *y) {
    HIDE(r);
    UNROLL for (int32_t j = 0; j < vectors; j++) {
        const __m512 high = (__m512)load_f(r->high + (v + j) * LANES);
        const __m512 low = (__m512)load_f(r->low + (v + j) * LANES);
        const __m512 half = (__m512)load_f(r->half + (v + j) * LANES);
        UNROLL for (int32_t q = 0; q < pixels; q++) sum[q][j] = rounded(sum[q][j], high, low, half);
    }
    const bytes_of b = bytes_open(r->zero_point, r->lo, r->hi);
    const places to = places_of(out, v, vectors);
    y += (int64_t)p * out->c + out->start[v];
    UNROLL for (int32_t q = 0; q < pixels; q++, y += out->c)
        block_store(y, bytes_join(sum[q], vectors, b), to);
}

/* Four bytes in every lane. */
INLINE vi four(const uint8_t *p) {
    int32_t v;
    memcpy(&v, p, sizeof v);
    return splat_i(v);
}

INLINE void dense_block(const nas_window *win, int32_t pixels, int32_t vectors, int32_t p,
                        int32_t v, const uint8_t *x, const int8_t *w, const int32_t *first,
                        const nas_rounding *r, void *y) {
    vi sum[MOST_PIXELS][MOST_VECTORS];
    UNROLL for (int32_t j = 0; j < vectors; j++) UNROLL for (int32_t q = 0; q < pixels; q++)
        sum[q][j] = load_i(first + (v + j) * LANES);
    for (int32_t s = 0; s < win->n_seg; s++) {
        const uint8_t *from[MOST_PIXELS];
        UNROLL for (int32_t q = 0; q < pixels; q++) {
            from[q] = x + win->at[p + q] + win->seg[s];
            HIDE(from[q]);
        }
        for (int64_t i = 0; i < win->run; i += 4, w += 4 * vectors * LANES) {
            vi k[MOST_VECTORS];
            UNROLL for (int32_t j = 0; j < vectors; j++) k[j] = load_i(w + 4 * j * LANES);
            UNROLL for (int32_t q = 0; q < pixels; q++) {
                const vi some = four(from[q] + i);
                UNROLL for (int32_t j = 0; j < vectors; j++) sum[q][j] =
                    add_quads(sum[q][j], some, k[j]);
            }
        }
    }
    if (r) {
        finish_block(&win->out, pixels, vectors, p, v, sum, r, y);
        return;
    }
    int32_t *acc = (int32_t *)y + (int64_t)p * win->out.room + v * LANES;
    UNROLL for (int32_t q = 0; q < pixels; q++) UNROLL for (int32_t j = 0; j < vectors; j++)
        store_i(acc + q * win->out.room + j * LANES, sum[q][j]);
}

#if defined(__AMX_INT8__)
/* --- all input channels, tiles of 16 pixels by 16 lanes --------------------------------------- */

enum { TILE = 16, PAIR = 2 * TILE };

/* All tiles are 16 rows of 64 bytes. */
INLINE void tiles_begin(void) {
    struct {
        uint8_t palette, start, none[14];
        uint16_t bytes[16];
        uint8_t rows[16];
    } config = {.palette = 1};
    for (int k = 0; k < 8; k++) {
        config.bytes[k] = BYTES;
        config.rows[k] = TILE;
    }
    _tile_loadconfig(&config);
}

/* Where a window's 16 pixels stand: run i of pixel q at from + seg[i] + q * stride. */
typedef struct tile_pixels {
    const uint8_t *from;
    const int32_t *seg; /* NULL: one run after the other */
    int64_t stride;
} tile_pixels;

/* Sums of one or two tiles of pixels by one or two vectors, to `sums` [pixel][2][LANES]. */
INLINE void tile_sums(const nas_window *win, bool both_p, bool both_v, const tile_pixels *x,
                      const int8_t *w, const int32_t *first, int32_t *sums) {
    const int64_t across = both_v ? 2 * BYTES : BYTES, row = 2 * BYTES;
    _tile_loadd(0, first, 0);
    if (both_v) _tile_loadd(1, first + LANES, 0);
    if (both_p) _tile_loadd(2, first, 0);
    if (both_p && both_v) _tile_loadd(3, first + LANES, 0);
    for (int32_t s = 0; s < win->n_seg; s++) {
        const int64_t at = x->seg ? x->seg[s] : (int64_t)s * win->run;
        const uint8_t *p = x[0].from + at, *q = both_p ? x[1].from + at : p;
        for (int32_t i = 0; i < win->run; i += BYTES, w += TILE * across) {
            _tile_loadd(4, p + i, x->stride);
            _tile_loadd(6, w, across);
            if (both_v) _tile_loadd(7, w + BYTES, across);
            _tile_dpbusd(0, 4, 6);
            if (both_v) _tile_dpbusd(1, 4, 7);
            if (!both_p) continue;
            _tile_loadd(5, q + i, x->stride);
            _tile_dpbusd(2, 5, 6);
            if (both_v) _tile_dpbusd(3, 5, 7);
        }
    }
    _tile_stored(0, sums, row);
    if (both_v) _tile_stored(1, sums + LANES, row);
    if (both_p) _tile_stored(2, sums + 2 * TILE * LANES, row);
    if (both_p && both_v) _tile_stored(3, sums + 2 * TILE * LANES + LANES, row);
}

/* To outputs, pixels from p on, vectors from v on. */
INLINE void tile_finish(const nas_lanes *out, int32_t pixels, int32_t vectors, int32_t p, int32_t v,
                        const int32_t *sums, const nas_rounding *r, void *y) {
    if (!r) {
        int32_t *acc = (int32_t *)y + (int64_t)p * out->room + v * LANES;
        for (int32_t q = 0; q < pixels; q++, acc += out->room, sums += 2 * LANES)
            memcpy(acc, sums, (size_t)vectors * BYTES);
        return;
    }
    const bytes_of b = bytes_open(r->zero_point, r->lo, r->hi);
    const places to = places_of(out, v, vectors);
    int8_t *at = (int8_t *)y + (int64_t)p * out->c + out->start[v];
    vf high[2], low[2], half[2];
    UNROLL for (int32_t j = 0; j < vectors; j++) {
        high[j] = load_f(r->high + (v + j) * LANES);
        low[j] = load_f(r->low + (v + j) * LANES);
        half[j] = load_f(r->half + (v + j) * LANES);
    }
    for (int32_t q = 0; q < pixels; q++, at += out->c, sums += 2 * LANES) {
        vi t[4];
        UNROLL for (int32_t j = 0; j < vectors; j++) t[j] =
            rounded(load_i(sums + j * LANES), (__m512)high[j], (__m512)low[j], (__m512)half[j]);
        block_store(at, bytes_join(t, vectors, b), to);
    }
}

/* Pixels p to p + n: where they are, if all are equally far apart and whole tiles; else copied, the
 * last of them as often as is missing. */
static void tile_gather(const nas_window *win, int32_t p, int32_t n, const uint8_t *x,
                        uint8_t *room, tile_pixels out[2]) {
    const int32_t *at = win->at + p, step = n > 1 ? at[1] - at[0] : 0;
    const int64_t all = (int64_t)win->n_seg * win->run;
    bool even = n % TILE == 0;
    for (int32_t q = 1; even && q < n; q++) even = at[q] - at[q - 1] == step;
    if (even) {
        out[0] = (tile_pixels){x + at[0], win->seg, step};
        out[1] = (tile_pixels){x + at[0] + (int64_t)(n > TILE ? TILE : 0) * step, win->seg, step};
        return;
    }
    uint8_t *to = room;
    for (int32_t q = 0; q < (n + TILE - 1) / TILE * TILE; q++)
        for (int32_t s = 0; s < win->n_seg; s++, to += win->run) {
            const uint8_t *from = x + at[q < n ? q : n - 1] + win->seg[s];
            for (int32_t i = 0; i < win->run; i += BYTES)
                _mm512_storeu_si512(to + i, _mm512_loadu_si512(from + i));
        }
    out[0] = (tile_pixels){room, NULL, all};
    out[1] = (tile_pixels){room + TILE * all, NULL, all};
}

static void dense_tiles(const nas_window *win, const uint8_t *x, const int8_t *w,
                        const int32_t *first, const nas_rounding *r, uint8_t *room, void *y) {
    const int64_t each = (int64_t)win->n_seg * win->run * LANES;
    const nas_lanes *out = &win->out;
    int32_t sums[PAIR * 2 * LANES] __attribute__((aligned(BYTES)));
    tiles_begin();
    for (int32_t p = 0; p < win->n_pix; p += PAIR) {
        const int32_t left = win->n_pix - p, pixels = left < PAIR ? left : PAIR;
        tile_pixels from[2];
        tile_gather(win, p, pixels, x, room, from);
        for (int32_t b = 0, v = 0; v < out->vectors; b++) {
            const int32_t n = nas_infer_block(out, 2, b + 1) - v;
            const int8_t *k = w + each * v;
            const bool both = pixels > TILE;
            if (both && n == 2)
                tile_sums(win, true, true, from, k, first + v * LANES, sums);
            else if (both)
                tile_sums(win, true, false, from, k, first + v * LANES, sums);
            else if (n == 2)
                tile_sums(win, false, true, from, k, first + v * LANES, sums);
            else
                tile_sums(win, false, false, from, k, first + v * LANES, sums);
            if (n == 2)
                tile_finish(out, pixels, 2, p, v, sums, r, y);
            else
                tile_finish(out, pixels, 1, p, v, sums, r, y);
            v += n;
        }
    }
    _tile_release();
}
#endif

void ROW(nas_infer_dense_u8)(const nas_window *win, const uint8_t *x, const int8_t *w,
                             const int32_t *first, const nas_rounding *r, uint8_t *room, void *y) {
#if defined(__AMX_INT8__)
    if (nas_infer_by_tiles(&ROW(nas_infer), win)) {
        dense_tiles(win, x, w, first, r, room, y);
        return;
    }
#else
    (void)room;
#endif
    const int64_t each = (int64_t)win->n_seg * win->run * LANES;
    const nas_lanes *out = &win->out;
#define MOST       MOST_I8
#define PIXELS(V)  PIXELS_I8(V)
#define CALL(P, V) dense_block(win, P, V, p, v, x, k, first, r, y)
    ALL_BLOCKS(w)
#undef CALL
#undef PIXELS
#undef MOST
}

/* --- one kernel per channel ------------------------------------------------------------------- */

/* Dwords 0, 4, 8, 12, 1, ... of each 64 bytes: what interleaving makes of four such vectors is in
 * the order of elements. */
INLINE __m512i spread(__m512i v) {
    return _mm512_permutexvar_epi32(
        _mm512_set_epi32(15, 11, 7, 3, 14, 10, 6, 2, 13, 9, 5, 1, 12, 8, 4, 0), v);
}

/* A row of the map with its border: codes + 128, spread if quads are not made across. */
static void strip_row(const nas_strips *d, const int8_t *x, uint8_t *to) {
    const nas_padded *b = &d->padded;
    const int64_t begin = (int64_t)b->left * b->c, end = begin + (int64_t)b->in_w * b->c;
    const __m512i top = _mm512_set1_epi8(-128), border = _mm512_set1_epi8((int8_t)d->border);
    for (int64_t i = 0; i < d->pitch; i += BYTES) {
        const __mmask64 inside = bits_below(end - i) & ~bits_below(begin - i);
        const void *at = (const void *)((uintptr_t)x + (uintptr_t)(i - begin));
        const __m512i codes = _mm512_maskz_loadu_epi8(inside, at);
        const __m512i v = _mm512_mask_blend_epi8(inside, border, _mm512_xor_si512(codes, top));
        _mm512_storeu_si512(to + i, d->across ? v : spread(v));
    }
}

INLINE void quad_row(const nas_strips *d, bool across, int32_t row, uint32_t *to) {
    const uint8_t *from = d->map + (int64_t)row * d->pitch;
    for (int32_t i = 0; i < d->quad_pitch; i += BYTES, from += BYTES, to += BYTES) {
        __m512i v[4];
        UNROLL for (int32_t k = 0; k < 4; k++) {
            v[k] = _mm512_loadu_si512(from + k * d->down);
            if (across) v[k] = spread(v[k]);
        }
        const __m512i low = _mm512_unpacklo_epi8(v[0], v[1]);
        const __m512i high = _mm512_unpackhi_epi8(v[0], v[1]);
        const __m512i low2 = _mm512_unpacklo_epi8(v[2], v[3]);
        const __m512i high2 = _mm512_unpackhi_epi8(v[2], v[3]);
        _mm512_storeu_si512(to, _mm512_unpacklo_epi16(low, low2));
        _mm512_storeu_si512(to + LANES, _mm512_unpackhi_epi16(low, low2));
        _mm512_storeu_si512(to + 2 * LANES, _mm512_unpacklo_epi16(high, high2));
        _mm512_storeu_si512(to + 3 * LANES, _mm512_unpackhi_epi16(high, high2));
    }
}

static uint32_t *ring_row(const nas_strips *d, int32_t row) {
    return d->quads + (int64_t)(row % d->ring) * d->quad_pitch;
}

/* 64 outputs from element e on, of which a vector begins with lane 16 * v of the pattern. */
INLINE __m512i strip_outputs(const nas_strips *d, const nas_rounding *r,
                             const uint32_t *const quads[], int32_t e, int32_t v, bytes_of b) {
    const int64_t each = (int64_t)d->groups * d->taps * BYTES;
    const int8_t *w = d->weights + v * each;
    vi sum[4];
    UNROLL for (int32_t j = 0; j < 4; j++) sum[j] = load_i(d->first + (v + j) * LANES);
    for (int32_t g = 0; g < d->groups; g++) {
        const uint32_t *q = quads[g] + e;
        for (int32_t t = 0; t < d->taps; t++, q += d->step, w += BYTES)
            UNROLL for (int32_t j = 0; j < 4; j++) sum[j] =
                add_quads(sum[j], load_i(q + j * LANES), load_i(w + j * each));
    }
    UNROLL for (int32_t j = 0; j < 4; j++) {
        const int32_t at = (v + j) * LANES;
        sum[j] = rounded(sum[j], (__m512)load_f(r->high + at), (__m512)load_f(r->low + at),
                         (__m512)load_f(r->half + at));
    }
    return bytes_join(sum, 4, b);
}

INLINE void make_quads(const nas_strips *d, int32_t from, int32_t to) {
    for (; from < to; from++)
        if (d->across)
            quad_row(d, true, from, ring_row(d, from));
        else
            quad_row(d, false, from, ring_row(d, from));
}

void ROW(nas_infer_strips_u8)(const nas_strips *d, const nas_rounding *r, const int8_t *x,
                              int8_t *y) {
    const nas_padded *p = &d->padded;
    const bytes_of b = bytes_open(r->zero_point, r->lo, r->hi);
    const int64_t line = (int64_t)p->in_w * p->c;
    const int32_t n = d->out_n;
    for (int32_t i = 0; i < p->in_h; i++)
        strip_row(d, x + i * line, d->map + (int64_t)(i + p->top) * d->pitch);
    for (int32_t i = 0, made = 0; i < d->out_h; i++, y += n) {
        const int32_t row = i * d->stride, end = row + (d->groups - 1) * d->group_step + 1;
        const uint32_t *quads[NAS_STRIP_GROUPS];
        make_quads(d, made < row && d->groups == 1 ? row : made, end);
        made = end;
        for (int32_t g = 0; g < d->groups; g++) quads[g] = ring_row(d, row + g * d->group_step);
        for (int32_t e = 0, v = 0; e < n; e += BYTES) {
            const __m512i all = strip_outputs(d, r, quads, e, v, b);
            _mm512_mask_storeu_epi8(y + e, bits_below(n - e), all);
            for (v += 4; v >= d->period;) v -= d->period;
        }
    }
}
#endif
#endif
