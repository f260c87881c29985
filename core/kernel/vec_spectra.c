/* core/kernel/vec_spectra.c - the rows of spectra.h. */
#include "core/kernel/spectra.h"

#include "core/kernel/level.h"
#include "core/kernel/vec_infer.h"

#include <math.h>

/* --- from samples to lanes -------------------------------------------------------------------- */

#if defined(__AVX512BW__)
#define LOW  0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23
#define HIGH 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31
#elif defined(__AVX2__)
#define LOW  0, 8, 1, 9, 2, 10, 3, 11
#define HIGH 4, 12, 5, 13, 6, 14, 7, 15
#else
#define LOW  0, 4, 1, 5
#define HIGH 2, 6, 3, 7
#endif

/* GCC has this builtin since 12; what 11 has gives the same. */
#if __has_builtin(__builtin_shufflevector)
#define SHUFFLE(a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#else
typedef int32_t places __attribute__((vector_size(sizeof(vf))));
#define SHUFFLE(a, b, ...) __builtin_shuffle(a, b, (places){__VA_ARGS__})
#endif

/* Rows to columns: shuffled perfectly as often as doubling gives the lanes. */
INLINE void turn(vf v[LANES]) {
    UNROLL for (int32_t round = 1; round < LANES; round *= 2) {
        vf t[LANES];
        UNROLL for (int32_t i = 0; i < LANES / 2; i++) {
            t[2 * i] = SHUFFLE(v[i], v[i + LANES / 2], LOW);
            t[2 * i + 1] = SHUFFLE(v[i], v[i + LANES / 2], HIGH);
        }
        UNROLL for (int32_t i = 0; i < LANES; i++) v[i] = t[i];
    }
}

/* Windowed samples of all frames, each where the transform wants it; zeros behind them. */
static void gather(const nas_fft *f, const float *const at[LANES], int32_t length,
                   const float *window, float *z) {
    for (int32_t s = 0; s < length; s += LANES) {
        const vf w = load_f(window + s);
        vf v[LANES];
        if (s + LANES <= length) {
            UNROLL for (int32_t l = 0; l < LANES; l++) v[l] = load_f(at[l] + s) * w;
        } else {
            for (int32_t l = 0; l < LANES; l++) {
                vf few = {0};
                memcpy(&few, at[l] + s, (size_t)(length - s) * sizeof(float));
                v[l] = few * w;
            }
        }
        turn(v);
        for (int32_t i = 0; i < LANES && s + i < 2 * f->n; i++)
            store_f(z + ((int64_t)f->place[(s + i) / 2] * 2 + i % 2) * LANES, v[i], LANES);
    }
    const vf zero = {0};
    for (int32_t s = (length + LANES - 1) / LANES * LANES; s < 2 * f->n; s++)
        store_f(z + ((int64_t)f->place[s / 2] * 2 + s % 2) * LANES, zero, LANES);
}

/* --- the transform ---------------------------------------------------------------------------- */

typedef struct complex_v {
    vf re, im;
} cv;

INLINE cv load_c(const float *z, int64_t i) {
    return (cv){load_f(z + i * 2 * LANES), load_f(z + (i * 2 + 1) * LANES)};
}

INLINE void store_c(float *z, int64_t i, cv v) {
    store_f(z + i * 2 * LANES, v.re, LANES);
    store_f(z + (i * 2 + 1) * LANES, v.im, LANES);
}

INLINE cv plus(cv a, cv b) {
    return (cv){a.re + b.re, a.im + b.im};
}

INLINE cv minus(cv a, cv b) {
    return (cv){a.re - b.re, a.im - b.im};
}

INLINE cv turned(cv a, const float *w) {
    const float c = w[0], s = w[1];
    return (cv){a.re * c - a.im * s, a.re * s + a.im * c};
}

/* a - i b and a + i b. */
INLINE cv back(cv a, cv b) {
    return (cv){a.re + b.im, a.im - b.re};
}

INLINE cv forth(cv a, cv b) {
    return (cv){a.re - b.im, a.im + b.re};
}

INLINE void small_2(cv v[5]) {
    const cv a = v[0];
    v[0] = plus(a, v[1]);
    v[1] = minus(a, v[1]);
}

INLINE void small_3(cv v[5]) {
    const float sine = 0.86602540378443865f;
    const cv sum = plus(v[1], v[2]), apart = minus(v[1], v[2]);
    const cv middle = {v[0].re - sum.re * 0.5f, v[0].im - sum.im * 0.5f};
    const cv side = {apart.re * sine, apart.im * sine};
    v[0] = plus(v[0], sum);
    v[1] = back(middle, side);
    v[2] = forth(middle, side);
}

INLINE void small_4(cv v[5]) {
    const cv a = plus(v[0], v[2]), b = minus(v[0], v[2]);
    const cv c = plus(v[1], v[3]), d = minus(v[1], v[3]);
    v[0] = plus(a, c);
    v[1] = back(b, d);
    v[2] = minus(a, c);
    v[3] = forth(b, d);
}

INLINE void small_5(cv v[5]) {
    const float c1 = 0.30901699437494742f, c2 = -0.80901699437494742f;
    const float s1 = 0.95105651629515357f, s2 = 0.58778525229247313f;
    const cv a = plus(v[1], v[4]), b = minus(v[1], v[4]);
    const cv c = plus(v[2], v[3]), d = minus(v[2], v[3]);
    const cv p = {v[0].re + a.re * c1 + c.re * c2, v[0].im + a.im * c1 + c.im * c2};
    const cv q = {v[0].re + a.re * c2 + c.re * c1, v[0].im + a.im * c2 + c.im * c1};
    const cv r = {b.re * s1 + d.re * s2, b.im * s1 + d.im * s2};
    const cv s = {b.re * s2 - d.re * s1, b.im * s2 - d.im * s1};
    v[0] = plus(v[0], plus(a, c));
    v[1] = back(p, r);
    v[2] = back(q, s);
    v[3] = forth(q, s);
    v[4] = forth(p, r);
}

/* One stage: blocks of radix * m values; m points each were transformed before. */
#define STAGE(R)                                                                                   \
    static void stage_##R(float *z, int32_t n, int32_t m, const float *w) {                        \
        for (int32_t b = 0; b < n; b += R * m) {                                                   \
            const float *t = w;                                                                    \
            for (int32_t j = b; j < b + m; j++, t += 2 * (R - 1)) {                                \
                cv v[5];                                                                           \
                v[0] = load_c(z, j);                                                               \
                UNROLL for (int32_t k = 1; k < R; k++) v[k] =                                      \
                    m == 1 ? load_c(z, j + k * m) : turned(load_c(z, j + k * m), t + 2 * (k - 1)); \
                small_##R(v);                                                                      \
                UNROLL for (int32_t k = 0; k < R; k++) store_c(z, j + k * m, v[k]);                \
            }                                                                                      \
        }                                                                                          \
    }
STAGE(2)
STAGE(3)
STAGE(4)
STAGE(5)

static void transform(const nas_fft *f, float *z) {
    const float *w = f->twiddle;
    int32_t m = 1;
    for (int32_t s = 0; s < f->stages; s++) {
        const int32_t r = f->radix[s];
        switch (r) {
        case 2: stage_2(z, f->n, m, w); break;
        case 3: stage_3(z, f->n, m, w); break;
        case 4: stage_4(z, f->n, m, w); break;
        default: stage_5(z, f->n, m, w); break;
        }
        w += (int64_t)m * 2 * (r - 1);
        m *= r;
    }
}

INLINE vf root(vf v) {
#if defined(__AVX512BW__)
    return (vf)_mm512_sqrt_ps((__m512)v);
#elif defined(__AVX2__)
    return (vf)_mm256_sqrt_ps((__m256)v);
#elif defined(__SSE2__)
    return (vf)_mm_sqrt_ps((__m128)v);
#else
    for (int32_t l = 0; l < LANES; l++) v[l] = sqrtf(v[l]);
    return v;
#endif
}

INLINE vf length_of(cv v) {
    return root(v.re * v.re + v.im * v.im);
}

/* Of the real values' transform: bin k is e + w o and bin n - k its mirror image, where e and o are
 * those of the values with even and odd numbers. */
static void split(const nas_fft *f, const float *z, int32_t last, float *magnitude) {
    const int32_t n = f->n;
    for (int32_t k = 0; k <= n / 2; k++) {
        if (k > last && n - k > last) continue;
        const cv a = load_c(z, k), b = load_c(z, k ? n - k : 0);
        const cv even = {(a.re + b.re) * 0.5f, (a.im - b.im) * 0.5f};
        const cv odd = {(a.im + b.im) * 0.5f, (b.re - a.re) * 0.5f};
        const cv o = turned(odd, f->half_turn + (int64_t)2 * k);
        if (k <= last) store_f(magnitude + (int64_t)k * LANES, length_of(plus(even, o)), LANES);
        if (n - k <= last)
            store_f(magnitude + (int64_t)(n - k) * LANES, length_of(minus(even, o)), LANES);
    }
}

static void magnitudes(const nas_fft *f, const float *pcm, ptrdiff_t step, int32_t frames,
                       int32_t length, const float *window, int32_t last, float *z,
                       float *magnitude) {
    const float *at[LANES];
    for (int32_t l = 0; l < LANES; l++) at[l] = pcm + (l < frames ? l : frames - 1) * step;
    gather(f, at, length, window, z);
    transform(f, z);
    split(f, z, last, magnitude);
}

/* --- bands ------------------------------------------------------------------------------------ */

/* The logarithm of a positive normal number: x = 2^e m, m in [sqrt(1/2), sqrt(2)), and Cephes' (S.
 * Moshier) polynomial of m - 1. Within an ulp or two. What is not such a number, libm sees. */
INLINE vf log_of(vf x) {
    const vi bits = (vi)x, e = (bits - 0x3f3504f3) >> 23;
    const vf m = (vf)(bits - (e << 23)), t = m - 1.0f, t2 = t * t;
    const vf power = __builtin_convertvector(e, vf);
    vf y = t * 7.0376836292e-2f + -1.1514610310e-1f;
    y = y * t + 1.1676998740e-1f;
    y = y * t + -1.2420140846e-1f;
    y = y * t + 1.4249322787e-1f;
    y = y * t + -1.6668057665e-1f;
    y = y * t + 2.0000714765e-1f;
    y = y * t + -2.4999993993e-1f;
    y = y * t + 3.3333331174e-1f;
    y = y * t * t2 + power * -2.12194440e-4f - t2 * 0.5f;
    return t + y + power * 0.693359375f;
}

static void bands(int32_t n, const nas_band *band, const float *weights, const float *magnitude,
                  float *mel) {
    for (int32_t i = 0; i < n; i++, mel += LANES) {
        const float *w = weights + band[i].first;
        vf sum = {0};
        for (int32_t k = band[i].begin; k < band[i].end; k++)
            sum += load_f(magnitude + (int64_t)k * LANES) * w[k - band[i].begin];
        sum += 1e-6f;
        vf log = log_of(sum);
        const vi odd = ~((sum > 1e-30f) & (sum < 1e30f));
        int32_t any = 0;
        for (int32_t l = 0; l < LANES; l++) any |= odd[l];
        for (int32_t l = 0; any && l < LANES; l++)
            if (odd[l]) log[l] = logf(sum[l]);
        store_f(mel, log, LANES);
    }
}

static void project(int32_t rows, int32_t columns, const float *m, const float *mel, int32_t frames,
                    float *out) {
    for (int32_t j = 0; j < rows; j++) {
        vf sum = {0};
        if (m)
            for (int32_t k = 0; k < columns; k++)
                sum += load_f(mel + (int64_t)k * LANES) * m[(int64_t)j * columns + k];
        else
            sum = load_f(mel + (int64_t)j * LANES);
        for (int32_t l = 0; l < frames; l++) out[(int64_t)l * rows + j] = sum[l];
    }
}

#define TEXT_(row) #row
#define TEXT(row)  TEXT_(row)

/* --- level ------------------------------------------------------------------------------------ */

static void bring_to_level(int32_t level, const float *pcm, int32_t samples, float *out) {
    const float gain = nas_level_gain(level, pcm, samples);
    for (int32_t i = 0; i < samples; i++) out[i] = pcm[i] * gain;
}

const nas_spectra ROW(nas_spectra) = {
    .name = TEXT(NAS_ROW),
    .lanes = LANES,
    .magnitudes = magnitudes,
    .bands = bands,
    .project = project,
    .level = bring_to_level,
};
