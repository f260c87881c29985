/* tests/search/test_traits.c - what a clip is like, against NumPy (tests/golden/make_traits.py),
 * and at its edges. */
#include "core/audio/traits.h"
#include "tests/golden_clips.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CLIPS = GOLDEN_CLIPS, MOST = 60000, TAPS = 201 };

static double clips[CLIPS][MOST];
static int32_t lengths[CLIPS], rates[CLIPS];

static int read_clips(void **state) {
    (void)state;
    nas_arena *a = NULL;
    golden_clip out[CLIPS];
    if (nas_arena_open(&a, NULL) != NAS_OK || golden_clips(a, out) != 0) return -1;
    for (int32_t k = 0; k < CLIPS; k++) {
        lengths[k] = out[k].samples;
        rates[k] = out[k].rate_hz;
        for (int32_t i = 0; i < lengths[k]; i++) clips[k][i] = out[k].pcm[i] / 32768.0;
    }
    nas_arena_close(a);
    return 0;
}

static void low_pass(const double *x, int32_t n, double cutoff, double *out) {
    double h[TAPS];
    for (int k = 0; k < TAPS; k++) {
        const double t = 2 * cutoff * (k - 100);
        h[k] = 2 * cutoff * (k == 100 ? 1 : sin(M_PI * t) / (M_PI * t)) *
               (0.5 + 0.5 * cos(M_PI * (k - 100) / 101));
    }
    for (int32_t i = 0; i < n; i++) {
        out[i] = 0;
        for (int k = 0; k < TAPS; k++) {
            const int32_t from = i + 100 - k;
            if (from >= 0 && from < n) out[i] += x[from] * h[k];
        }
    }
}

static nas_traits traits_of(const float *x, int32_t n, int32_t rate) {
    nas_traits_plan *p = nas_traits_open();
    assert_non_null(p);
    nas_traits t, again;
    nas_traits_find(p, x, n, rate, &t);
    nas_traits_find(p, x, n, rate, &again);
    assert_memory_equal(&t, &again, sizeof t); /* nothing is left over from the first */
    nas_traits_close(p);
    return t;
}

static void test_numpy(void **state) {
    (void)state;
    static double x[MOST], y[MOST];
    static float pcm[MOST];
    FILE *f = fopen("tests/golden/traits.txt", "r");
    assert_non_null(f);
    int32_t k, first, n, zeros, bits, fine, still, lines = 0, cuts = 0;
    uint32_t cut;
    double cutoff, mean, rms, edge;
    while (fscanf(f, "%d %d %d %d %lf %d %lf %lf %lf %u %d %d", &k, &first, &n, &zeros, &cutoff,
                  &bits, &mean, &rms, &edge, &cut, &fine, &still) == 12) {
        assert_true(k < CLIPS && n + zeros <= MOST);
        memset(x, 0, sizeof x);
        memcpy(x, clips[k] + first, (size_t)n * sizeof *x);
        n += zeros;
        if (cutoff > 0)
            low_pass(x, n, cutoff, y);
        else
            memcpy(y, x, sizeof y);
        for (int32_t i = 0; i < n; i++)
            pcm[i] = (float)ldexp(floor(ldexp(y[i], bits - 1) + 0.5), 1 - bits);
        const nas_traits t = traits_of(pcm, n, rates[k]);
        if (fabs((double)t.mean - mean) > 1e-7 || fabs((double)t.rms - rms) > 1e-6 * rms ||
            fabs((double)t.edge_hz - edge) > 1e-3 || t.cut != cut || t.bits != fine ||
            t.still != still)
            fail_msg("line %d: %g %g %g %u %d %d, not %g %g %g %u %d %d", lines + 1, (double)t.mean,
                     (double)t.rms, (double)t.edge_hz, t.cut, t.bits, t.still, mean, rms, edge, cut,
                     fine, still);
        cuts += cut != 0;
        lines++;
    }
    fclose(f);
    assert_int_equal(lines, 32);
    assert_true(cuts >= 4);
}

static void test_constants(void **state) {
    (void)state;
    float x[1000] = {0};
    nas_traits t = traits_of(x, 1000, 16000);
    assert_int_equal(t.still, 1000);
    assert_true(t.rms == 0 && t.mean == 0 && t.edge_hz == 0 && t.bits == 0 && t.cut == 0);
    for (int i = 0; i < 1000; i++) x[i] = 0.25f;
    t = traits_of(x, 1000, 16000);
    assert_true(t.still == 1000 && t.mean == 0.25f && t.rms == 0);
    t = traits_of(x, 1, 16000);
    assert_int_equal(t.still, 1);
}

/* 10 ms is where padding begins. */
static void test_padding(void **state) {
    (void)state;
    float x[2000];
    for (int i = 0; i < 2000; i++) x[i] = i % 2 ? 0.5f : -0.5f;
    assert_int_equal(traits_of(x, 2000, 16000).still, 0);
    for (int i = 0; i < 159; i++) x[i] = 0;
    assert_int_equal(traits_of(x, 2000, 16000).still, 0);
    x[159] = 0;
    assert_int_equal(traits_of(x, 2000, 16000).still, 160);
    for (int i = 0; i < 200; i++) x[1999 - i] = 0.125f;
    assert_int_equal(traits_of(x, 2000, 16000).still, 360);
}

static void test_sums(void **state) {
    (void)state;
    float x[1003], y[1003];
    for (int i = 0; i < 1003; i++) x[i] = y[i] = (float)(i % 77) / 128;
    assert_true(traits_of(x, 1003, 16000).sum == traits_of(y, 1003, 8000).sum);
    for (int i = 0; i < 1003; i++) {
        y[i] += 1.0f / 128;
        assert_true(traits_of(x, 1003, 16000).sum != traits_of(y, 1003, 16000).sum);
        y[i] = x[i];
    }
    assert_true(traits_of(x, 1003, 16000).sum != traits_of(x, 1002, 16000).sum);
}

/* Beyond what 24 bits hold, and beyond full scale. */
static void test_fineness(void **state) {
    (void)state;
    float x[600];
    for (int i = 0; i < 600; i++) x[i] = (float)(i % 5 - 2) / 8388608.0f;
    assert_int_equal(traits_of(x, 600, 16000).bits, 24);
    x[300] = 1.5f / 8388608.0f;
    assert_int_equal(traits_of(x, 600, 16000).bits, 0);
    for (int i = 0; i < 600; i++) x[i] = (float)(i % 5 - 2) * 1e6f;
    const nas_traits t = traits_of(x, 600, 16000);
    assert_true(isfinite(t.rms) && t.rms > 1e6f);
    for (int i = 0; i < 600; i++) x[i] = i % 2 ? 0.5f : -0.5f;
    assert_int_equal(traits_of(x, 600, 16000).bits, 2);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numpy),    cmocka_unit_test(test_constants),
        cmocka_unit_test(test_padding),  cmocka_unit_test(test_sums),
        cmocka_unit_test(test_fineness),
    };
    return cmocka_run_group_tests(tests, read_clips, NULL);
}
