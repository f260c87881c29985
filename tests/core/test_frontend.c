/* tests/core/test_frontend.c - features against TensorFlow (tests/golden/make_frontend.py), shapes,
 * rounding of milliseconds, errors. */
#include "base/files/file.h"
#include "core/audio/fft.h"
#include "core/audio/frontend.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* The golden file, read from front to back. */
typedef struct reader {
    const uint8_t *p;
    size_t left;
} reader;

static void take(reader *r, void *out, size_t bytes) {
    assert_true(bytes <= r->left);
    memcpy(out, r->p, bytes);
    r->p += bytes;
    r->left -= bytes;
}

static int32_t take_i32(reader *r) {
    int32_t v;
    take(r, &v, sizeof v);
    return v;
}

static double take_f64(reader *r) {
    double v;
    take(r, &v, sizeof v);
    return v;
}

enum { MOST_CLIPS = 8, MOST_SAMPLES = 22050, MOST_VALUES = 1 << 14 };

typedef struct clip {
    int32_t rate, n;
    float pcm[MOST_SAMPLES];
} clip;

static void take_clip(reader *r, clip *c) {
    c->rate = take_i32(r);
    c->n = take_i32(r);
    assert_in_range(c->n, 1, MOST_SAMPLES);
    for (int32_t i = 0; i < c->n; i++) {
        int16_t v;
        take(r, &v, sizeof v);
        c->pcm[i] = (float)v / 32768.0f;
    }
}

static float largest_difference(const float *a, const float *b, size_t n) {
    float worst = 0.0f;
    for (size_t i = 0; i < n; i++) {
        const float d = fabsf(a[i] - b[i]);
        if (!(d <= worst)) worst = d;
    }
    return worst;
}

static void check_case(reader *r, const clip *clips, int32_t n_clips) {
    static float want[MOST_VALUES], got[MOST_VALUES];
    const int32_t which = take_i32(r);
    assert_in_range(which, 0, n_clips - 1);
    nas_frontend_config c = {.sample_rate_hz = clips[which].rate};
    c.kind = take_i32(r);
    c.fft_length = take_i32(r);
    c.mel_bins = take_i32(r);
    c.coefficients = take_i32(r);
    const int32_t frames = take_i32(r), bins = take_i32(r);
    c.frame_length_ms = take_f64(r);
    c.frame_step_ms = take_f64(r);
    c.lower_hz = take_f64(r);
    c.upper_hz = take_f64(r);
    const size_t n = (size_t)frames * (size_t)bins;
    assert_true(n <= MOST_VALUES);
    take(r, want, n * sizeof *want);

    nas_err err;
    nas_frontend *f = NULL;
    assert_int_equal(nas_frontend_open(&c, clips[which].n, &f, &err), NAS_OK);
    assert_int_equal(nas_frontend_frames(f), frames);
    assert_int_equal(nas_frontend_bins(f), bins);
    nas_frontend_run(f, clips[which].pcm, got);
    nas_frontend_run(f, clips[which].pcm, got); /* nothing is left over from the first run */
    nas_frontend_close(f);
    const float worst = largest_difference(want, got, n);
    print_message("clip %d, %s, %g/%g ms: largest difference %.2g\n", which,
                  c.kind == NAS_MFCC ? "mfcc" : "log_mel", c.frame_length_ms, c.frame_step_ms,
                  (double)worst);
    assert_true(worst <= 1e-3f);
}

static void test_golden(void **state) {
    (void)state;
    nas_arena *a = NULL;
    reader r = {0};
    uint8_t *bytes;
    assert_int_equal(nas_arena_open(&a, NULL), NAS_OK);
    assert_int_equal(nas_file_read(a, "tests/golden/frontend.bin", 1 << 20, &bytes, &r.left, NULL),
                     NAS_OK);
    r.p = bytes;
    char magic[8];
    take(&r, magic, sizeof magic);
    assert_memory_equal(magic, "NASFRONT", sizeof magic);
    static clip clips[MOST_CLIPS];
    const int32_t n_clips = take_i32(&r);
    assert_in_range(n_clips, 1, MOST_CLIPS);
    for (int32_t i = 0; i < n_clips; i++) take_clip(&r, &clips[i]);
    const int32_t n_cases = take_i32(&r);
    assert_true(n_cases >= 8);
    for (int32_t i = 0; i < n_cases; i++) check_case(&r, clips, n_clips);
    assert_int_equal(r.left, 0);
    nas_arena_close(a);
}

static nas_frontend_config usual(void) {
    return (nas_frontend_config){.kind = NAS_MFCC,
                                 .sample_rate_hz = 16000,
                                 .frame_length_ms = 40,
                                 .frame_step_ms = 20,
                                 .mel_bins = 40,
                                 .lower_hz = 20,
                                 .upper_hz = 4000,
                                 .coefficients = 10};
}

/* Magnitudes of all lanes against the plain transform in double, of every kind of length; the bits
 * of every row. */
static void check_transform(int32_t points, int32_t length) {
    static const char *const rows[] = {"generic", "avx2", "avx512"};
    enum { MOST = 1024, STEP = 7 };
    static float pcm[MOST + NAS_SPECTRA_LANES * STEP], window[MOST + NAS_SPECTRA_LANES];
    static _Alignas(64) float z[(MOST + 2) * NAS_SPECTRA_LANES];
    static _Alignas(64) float magnitude[(MOST / 2 + 1) * NAS_SPECTRA_LANES];
    static float first[NAS_SPECTRA_LANES][MOST / 2 + 1];
    nas_fft f;
    assert_true(nas_fft_suits(points));
    assert_true(nas_fft_open(&f, points));
    memset(window, 0, sizeof window);
    for (int32_t i = 0; i < length; i++) window[i] = 0.5f + 0.001f * (float)(i % 300);
    for (size_t i = 0; i < sizeof pcm / sizeof *pcm; i++)
        pcm[i] = sinf(0.7f * (float)i) + 0.3f * cosf(0.01f * (float)(i * i % 1000));
    int32_t known = 0;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        const nas_spectra *k = nas_spectra_find(rows[r]);
        if (!k) continue;
        k->magnitudes(&f, pcm, STEP, k->lanes, length, window, points / 2, z, magnitude);
        for (int32_t l = 0; l < k->lanes; l++)
            for (int32_t b = 0; b <= points / 2; b++) {
                const float got = magnitude[b * k->lanes + l];
                if (l < known) {
                    assert_memory_equal(&got, &first[l][b], sizeof got);
                    continue;
                }
                double re = 0, im = 0;
                for (int32_t i = 0; i < length; i++) {
                    const double v = (double)(pcm[l * STEP + i] * window[i]);
                    const double turn = 2 * M_PI * (double)((int64_t)b * i % points) / points;
                    re += v * cos(turn);
                    im -= v * sin(turn);
                }
                const double want = sqrt(re * re + im * im);
                if (!(fabs((double)got - want) <= 2e-7 * (want + length)))
                    fail_msg("%d points, lane %d, bin %d: %g, not %g", points, l, b, (double)got,
                             want);
                first[l][b] = got;
            }
        if (k->lanes > known) known = k->lanes;
    }
    nas_fft_close(&f);
}

static void test_transform(void **state) {
    (void)state;
    static const int32_t points[] = {2, 4, 6, 8, 10, 12, 18, 30, 32, 50, 54, 90, 120, 250, 640};
    for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
        check_transform(points[i], points[i]);
        check_transform(points[i], points[i] - 1);
    }
    check_transform(1024, 640);
    check_transform(1024, 401);
    assert_false(nas_fft_suits(14));
    assert_false(nas_fft_suits(642));
}

static void run_clip(const nas_frontend_config *c, const float *pcm, int32_t samples, float *out) {
    nas_frontend *f;
    nas_err err;
    assert_int_equal(nas_frontend_open(c, samples, &f, &err), NAS_OK);
    nas_frontend_run(f, pcm, out);
    nas_frontend_close(f);
}

/* The features of a frame are the same bits alone, beside others and on every row; a length that
 * has another factor goes another way. */
static void test_frames_alone(void **state) {
    (void)state;
    static const char *const rows[] = {"generic", "avx2", "avx512"};
    static const int32_t lengths[] = {640, 642, 1024};
    enum { SAMPLES = 640 + 18 * 320, FRAMES = 19 };
    static float pcm[SAMPLES], want[FRAMES * 10], got[FRAMES * 10], one[10];
    const char *kept = getenv("NAS_KERNEL");
    for (int32_t i = 0; i < SAMPLES; i++) pcm[i] = 0.4f * sinf(0.03f * (float)(i % 777));
    for (size_t k = 0; k < sizeof lengths / sizeof *lengths; k++) {
        nas_frontend_config c = usual();
        c.fft_length = lengths[k];
        bool known = false;
        for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
            if (!nas_spectra_find(rows[r])) continue;
            setenv("NAS_KERNEL", rows[r], 1);
            run_clip(&c, pcm, SAMPLES, known ? got : want);
            if (known) assert_memory_equal(got, want, sizeof want);
            known = true;
            for (int32_t t = 0; t < FRAMES; t++) {
                run_clip(&c, pcm + t * 320, 640, one);
                assert_memory_equal(one, want + t * 10, sizeof one);
            }
        }
    }
    if (kept)
        setenv("NAS_KERNEL", kept, 1);
    else
        unsetenv("NAS_KERNEL");
}

/* Sums from nothing to the largest that are finite, and what is no number. */
static void test_logarithm(void **state) {
    (void)state;
    static const char *const rows[] = {"generic", "avx2", "avx512"};
    const float values[] = {0,     1e-7f, 1e-6f, 0.1f,     0.5f, 0.70710678f, 1,     2,
                            1e10f, 1e29f, 3e37f, INFINITY, NAN,  123.456f,    1e-3f, 41.5f};
    enum { N = sizeof values / sizeof *values };
    float weight = 1;
    const nas_band band = {0, 1, 0};
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        const nas_spectra *k = nas_spectra_find(rows[r]);
        for (int32_t i = 0; k && i < N; i += k->lanes) {
            float got[NAS_SPECTRA_LANES];
            k->bands(1, &band, &weight, values + i, got);
            for (int32_t l = 0; l < k->lanes; l++) {
                const double want = log((double)(values[i + l] + 1e-6f));
                if (isnan(want))
                    assert_true(isnan(got[l]));
                else if (isinf(want))
                    assert_true(got[l] > 0 && isinf(got[l]));
                else
                    assert_true(fabs((double)got[l] - want) <= 2e-7 * (1 + fabs(want)));
            }
        }
    }
}

static void expect_shape(const nas_frontend_config *c, int32_t samples, int32_t frames,
                         int32_t bins) {
    int32_t f, b;
    nas_err err;
    assert_int_equal(nas_frontend_shape(c, samples, &f, &b, &err), NAS_OK);
    assert_int_equal(f, frames);
    assert_int_equal(b, bins);
}

static void test_shape(void **state) {
    (void)state;
    nas_frontend_config c = usual();
    expect_shape(&c, 16000, 49, 10);
    expect_shape(&c, 640, 1, 10);
    expect_shape(&c, 640 + 319, 1, 10);
    expect_shape(&c, 640 + 320, 2, 10);
    c.kind = NAS_LOG_MEL;
    c.coefficients = 0;
    expect_shape(&c, 16000, 49, 40);
}

/* A frame that just fits shows how many samples the milliseconds became. */
static int32_t length_of(double ms, int32_t rate_hz) {
    nas_frontend_config c = usual();
    c.frame_length_ms = ms;
    c.sample_rate_hz = rate_hz;
    c.upper_hz = 0.5 * rate_hz;
    int32_t n = 1, f, b;
    while (nas_frontend_shape(&c, n, &f, &b, NULL) != NAS_OK && n < 100000) n++;
    return n;
}

static void test_milliseconds(void **state) {
    (void)state;
    assert_int_equal(length_of(25, 16000), 400);
    assert_int_equal(length_of(25.03125, 16000), 401); /* 400.5: halves up */
    assert_int_equal(length_of(25.03, 16000), 400);
    assert_int_equal(length_of(0.0625, 8000), 1); /* half a sample */
    assert_int_equal(length_of(20, 22050), 441);
    assert_int_equal(length_of(2.3, 11025), 25);   /* 25.3575 */
    assert_int_equal(length_of(62.5, 11000), 688); /* 687.5 */
}

static void expect_refused(nas_frontend_config c, int32_t samples, const char *word) {
    nas_err err = {0};
    int32_t f = -1, b = -1;
    assert_int_equal(nas_frontend_shape(&c, samples, &f, &b, &err), NAS_EINVAL);
    assert_int_equal(f, 0);
    assert_int_equal(b, 0);
    if (!strstr(err.text, word)) fail_msg("\"%s\" does not name %s", err.text, word);
    nas_frontend *open;
    assert_int_equal(nas_frontend_open(&c, samples, &open, &err), NAS_EINVAL);
    assert_null(open);
}

#define REFUSED(word, ...)               \
    do {                                 \
        nas_frontend_config c = usual(); \
        __VA_ARGS__;                     \
        expect_refused(c, 16000, word);  \
    } while (0)

static void test_errors(void **state) {
    (void)state;
    expect_refused(usual(), 639, "frame_length_ms");
    expect_refused(usual(), 0, "frame_length_ms");
    REFUSED("frame_length_ms", c.frame_length_ms = 1001);
    REFUSED("frame_length_ms", c.frame_length_ms = 0.01);
    REFUSED("frame_length_ms", c.frame_length_ms = (double)NAN);
    REFUSED("frame_step_ms", c.frame_step_ms = 0.01);
    REFUSED("fft_length", c.fft_length = 512);
    REFUSED("fft_length", c.fft_length = 641);
    REFUSED("the prime factor 131071", c.fft_length = 262142);
    REFUSED("upper_hz", c.upper_hz = 8001);
    REFUSED("upper_hz", c.upper_hz = (double)NAN);
    REFUSED("lower_hz", c.lower_hz = 4000);
    REFUSED("lower_hz", c.lower_hz = -1);
    REFUSED("mel_bins", c.mel_bins = 0);
    REFUSED("coefficients", c.coefficients = 41);
    REFUSED("coefficients", c.coefficients = 0);
    REFUSED("coefficients", c.kind = NAS_LOG_MEL);
    REFUSED("sample_rate_hz", c.sample_rate_hz = 0);
}

/* Filters narrower than a bin of the spectrum are empty: log(1e-6), as in TensorFlow. */
static void test_empty_filters(void **state) {
    (void)state;
    nas_frontend_config c = {.kind = NAS_LOG_MEL,
                             .sample_rate_hz = 16000,
                             .frame_length_ms = 4,
                             .frame_step_ms = 4,
                             .mel_bins = 80,
                             .lower_hz = 0,
                             .upper_hz = 8000};
    static float pcm[160], out[2 * 80];
    for (int i = 0; i < 160; i++) pcm[i] = i % 7 == 0 ? 0.9f : -0.3f;
    nas_frontend *f = NULL;
    assert_int_equal(nas_frontend_open(&c, 160, &f, NULL), NAS_OK);
    assert_int_equal(nas_frontend_frames(f), 2);
    nas_frontend_run(f, pcm, out);
    nas_frontend_close(f);
    assert_float_equal(out[0], logf(1e-6f), 1e-6f);
    assert_true(out[79] > -10.0f);
}

static void test_normalize(void **state) {
    (void)state;
    float x[] = {1, 10, 5, 3, 10, 5, 5, 10, 11};
    float mean[3], deviation[3];
    nas_frontend_moments(x, 3, 3, mean, deviation);
    assert_float_equal(mean[0], 3, 1e-6f);
    assert_float_equal(mean[1], 10, 1e-6f);
    assert_float_equal(mean[2], 7, 1e-6f);
    assert_float_equal(deviation[0], sqrtf(8.0f / 3.0f), 1e-6f);
    assert_float_equal(deviation[1], 0, 1e-6f);
    assert_float_equal(deviation[2], sqrtf(8.0f), 1e-6f);
    nas_frontend_normalize(mean, deviation, 3, x, 9);
    assert_float_equal(x[0], -2.0f / sqrtf(8.0f / 3.0f), 1e-6f);
    assert_float_equal(x[1], 0, 1e-6f); /* a bin that never changes is only centred */
    assert_float_equal(x[8], 4.0f / sqrtf(8.0f), 1e-6f);
}

/* More bins than are summed in one sweep. */
static void test_moments_wide(void **state) {
    (void)state;
    enum { ROWS = 50, BINS = 37 };
    static float x[ROWS * BINS], mean[BINS], deviation[BINS];
    for (int i = 0; i < ROWS * BINS; i++) x[i] = (float)(i * 7919 % 1000) * 0.01f;
    nas_frontend_moments(x, ROWS, BINS, mean, deviation);
    for (int b = 0; b < BINS; b++) {
        double sum = 0, squares = 0;
        for (int r = 0; r < ROWS; r++) sum += (double)x[r * BINS + b];
        for (int r = 0; r < ROWS; r++) squares += pow((double)x[r * BINS + b] - sum / ROWS, 2);
        assert_float_equal(mean[b], sum / ROWS, 1e-5);
        assert_float_equal(deviation[b], sqrt(squares / ROWS), 1e-5);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),       cmocka_unit_test(test_transform),
        cmocka_unit_test(test_frames_alone), cmocka_unit_test(test_logarithm),
        cmocka_unit_test(test_shape),        cmocka_unit_test(test_milliseconds),
        cmocka_unit_test(test_errors),       cmocka_unit_test(test_empty_filters),
        cmocka_unit_test(test_normalize),    cmocka_unit_test(test_moments_wide),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
