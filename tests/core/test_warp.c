/* tests/core/test_warp.c - features at other pitches and paces: against NumPy, and the front end's
 * own bits where nothing is warped. */
#include "core/audio/warp.h"

#include "core/audio/mel.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RATE = 8000, N = 2400, VALUES_MOST = 4096 };

static float pcm[N];

static int make_clip(void **state) {
    (void)state;
    for (int64_t i = 0; i < N; i++)
        pcm[i] = (float)((7 * i * i + 131 * i) % 20011 - 10005) / 32768.0f;
    return 0;
}

static nas_warper *open_warper(const nas_frontend_config *c, int32_t reach) {
    nas_warper *w;
    nas_err err = {0};
    if (nas_warper_open(c, N, reach, &w, &err) != NAS_OK) fail_msg("%s", err.text);
    return w;
}

static bool read_case(FILE *f, nas_frontend_config *c, int32_t point[2], int32_t *n, float *want) {
    int32_t frames, bins;
    *c = (nas_frontend_config){.sample_rate_hz = RATE};
    if (fscanf(f, "%d %lf %lf %d %d %lf %lf %d %d %d %d %d", &c->kind, &c->frame_length_ms,
               &c->frame_step_ms, &c->fft_length, &c->mel_bins, &c->lower_hz, &c->upper_hz,
               &c->coefficients, &point[0], &point[1], &frames, &bins) != 12)
        return false;
    *n = frames * bins;
    assert_true(*n <= VALUES_MOST);
    for (int32_t i = 0; i < *n; i++) assert_int_equal(fscanf(f, "%f", &want[i]), 1);
    return true;
}

static void test_golden(void **state) {
    (void)state;
    static float want[VALUES_MOST], got[VALUES_MOST];
    FILE *f = fopen("tests/golden/warp.txt", "r");
    nas_frontend_config c;
    int32_t point[2], n, cases = 0;
    assert_non_null(f);
    for (; read_case(f, &c, point, &n, want); cases++) {
        nas_warper *w = open_warper(&c, 6);
        nas_warper_take(w, pcm);
        nas_warper_run(w, point[1], point[0], 1, got);
        for (int32_t i = 0; i < n; i++)
            if (!(fabsf(got[i] - want[i]) <= 2e-3f))
                fail_msg("case %d, value %d: %g, NumPy has %g", cases, i, (double)got[i],
                         (double)want[i]);
        nas_warper_close(w);
    }
    assert_int_equal(cases, 6);
    fclose(f);
}

static const nas_frontend_config configs[] = {
    {.kind = NAS_LOG_MEL,
     .sample_rate_hz = RATE,
     .frame_length_ms = 32,
     .frame_step_ms = 17,
     .mel_bins = 20,
     .lower_hz = 20,
     .upper_hz = 4000},
    {.kind = NAS_MFCC,
     .sample_rate_hz = RATE,
     .frame_length_ms = 20,
     .frame_step_ms = 20,
     .fft_length = 302, /* kissfft's */
     .mel_bins = 20,
     .lower_hz = 60,
     .upper_hz = 3000,
     .coefficients = 9,
     .level = 1},
};

/* Nothing warped: the front end's own bits; and alphas together or one by one. */
static void test_plain(void **state) {
    (void)state;
    enum { REACH = 3, ALPHAS = 2 * REACH + 1 };
    static float plain[VALUES_MOST], all[ALPHAS * VALUES_MOST], one[VALUES_MOST];
    for (int k = 0; k < 2; k++) {
        nas_frontend *f;
        assert_int_equal(nas_frontend_open(&configs[k], N, &f, NULL), NAS_OK);
        const size_t row = (size_t)(nas_frontend_frames(f) * nas_frontend_bins(f));
        nas_frontend_run(f, pcm, plain);
        nas_frontend_close(f);
        nas_warper *w = open_warper(&configs[k], REACH), *none = open_warper(&configs[k], 0);
        nas_warper_take(none, pcm);
        nas_warper_run(none, 0, 0, 1, one);
        assert_memory_equal(one, plain, row * sizeof *one);
        nas_warper_take(w, pcm);
        for (int32_t tau = -REACH; tau <= REACH; tau++) {
            nas_warper_run(w, tau, -REACH, ALPHAS, all);
            for (int32_t a = -REACH; a <= REACH; a++) {
                nas_warper_run(w, tau, a, 1, one);
                assert_memory_equal(one, all + (size_t)(a + REACH) * row, row * sizeof *one);
                if (a || tau)
                    assert_memory_not_equal(one, plain, row * sizeof *one);
                else
                    assert_memory_equal(one, plain, row * sizeof *one);
            }
        }
        nas_warper_close(w);
        nas_warper_close(none);
    }
}

static void test_grid(void **state) {
    (void)state;
    assert_int_equal(nas_warp_reach(0), 0);
    assert_int_equal(nas_warp_reach(0.024), 0);
    assert_int_equal(nas_warp_reach(0.05), 1);
    assert_int_equal(nas_warp_reach(0.15), 3);
    assert_int_equal(nas_warp_reach(0.3), 6);
    assert_int_equal(nas_warp_point(-0.15), -3);
    assert_int_equal(nas_warp_point(-0.12), -2);
    assert_int_equal(nas_warp_point(0.13), 3);
    assert_true(nas_warp_factor(0) == 1 && nas_warp_factor(-3) == 0.85);
    /* Of the formula by hand: 8000 Hz; below the bend, at it, above it, at the end. */
    assert_true(fabs(nas_mel_warp(1000, 8000, 0.8) - 1250) < 1e-9);
    assert_true(fabs(nas_mel_warp(3840, 8000, 0.8) - 4800) < 1e-9);
    assert_true(fabs(nas_mel_warp(5920, 8000, 0.8) - 6400) < 1e-9);
    assert_true(fabs(nas_mel_warp(8000, 8000, 0.8) - 8000) < 1e-9);
    assert_true(fabs(nas_mel_warp(4800, 8000, 1.2) - 4000) < 1e-9);
    assert_true(fabs(nas_mel_warp(6400, 8000, 1.2) - 6000) < 1e-9);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_plain),
        cmocka_unit_test(test_grid),
    };
    return cmocka_run_group_tests_name("warp", tests, make_clip, NULL);
}
