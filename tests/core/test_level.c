/* tests/core/test_level.c - frontend.level: gains against NumPy (tests/golden/make_level.py), and
 * what they do to features. */
#include "core/audio/frontend.h"
#include "core/kernel/level.h"
#include "core/kernel/spectra.h"
#include "tests/golden_clips.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CLIPS = GOLDEN_CLIPS, MOST = 22050, RATE = 16000, N = 9600, FRAMES = 29, BINS = 40 };

static float clips[CLIPS][MOST];
static int32_t lengths[CLIPS];

static int read_clips(void **state) {
    (void)state;
    nas_arena *a = NULL;
    golden_clip out[CLIPS];
    if (nas_arena_open(&a, NULL) != NAS_OK || golden_clips(a, out) != 0) return -1;
    for (int32_t k = 0; k < CLIPS; k++) {
        lengths[k] = out[k].samples;
        for (int32_t i = 0; i < lengths[k]; i++) clips[k][i] = (float)out[k].pcm[i] / 32768.0f;
    }
    nas_arena_close(a);
    return 0;
}

static void test_gains(void **state) {
    (void)state;
    static float x[MOST];
    FILE *f = fopen("tests/golden/level.txt", "r");
    assert_non_null(f);
    int32_t k, first, n, lines = 0, most = 0;
    double scale, want[2];
    while (fscanf(f, "%d %d %d %lf %lf %lf", &k, &first, &n, &scale, &want[0], &want[1]) == 6) {
        assert_true(k < CLIPS && first + n <= lengths[k]);
        for (int32_t i = 0; i < n; i++) x[i] = clips[k][first + i] * (float)scale;
        for (int32_t l = 0; l < 2; l++) {
            const double got = (double)nas_level_gain(NAS_LEVEL_PEAK + l, x, n);
            if (!(fabs(got - want[l]) <= 1.2e-7 * want[l]))
                fail_msg("clip %d from %d, %d samples times %g: a gain of %.9g, not %.9g", k, first,
                         n, scale, got, want[l]);
            most += want[l] == 100;
        }
        assert_true(nas_level_gain(NAS_LEVEL_NONE, x, n) == 1.0f);
        lines++;
    }
    (void)fclose(f);
    assert_int_equal(lines, CLIPS * 5 * 6);
    assert_in_range(most, 80, 160); /* 40 dB and no more */
}

static nas_frontend_config config_of(int32_t kind, int32_t level) {
    return (nas_frontend_config){.kind = kind,
                                 .sample_rate_hz = RATE,
                                 .level = level,
                                 .frame_length_ms = 40,
                                 .frame_step_ms = 20,
                                 .mel_bins = BINS,
                                 .lower_hz = 20,
                                 .upper_hz = 7600,
                                 .coefficients = kind == NAS_MFCC ? BINS : 0};
}

static void run(int32_t kind, int32_t level, const float *pcm, float *out) {
    const nas_frontend_config c = config_of(kind, level);
    nas_frontend *f;
    nas_err err;
    assert_int_equal(nas_frontend_open(&c, N, &f, &err), NAS_OK);
    assert_int_equal(nas_frontend_frames(f), FRAMES);
    nas_frontend_run(f, pcm, out);
    nas_frontend_close(f);
}

/* Features are those of the clip times its gain, to the bit and on every row; nothing is clipped,
 * and the clip itself stays. */
static void test_features_of_the_scaled_clip(void **state) {
    (void)state;
    static const char *const rows[] = {"generic", "avx2", "avx512"};
    static float pcm[N], scaled[N], want[FRAMES * BINS], got[FRAMES * BINS];
    const char *kept = getenv("NAS_KERNEL");
    bool beyond = false;
    for (int32_t i = 0; i < 16; i++) {
        const int32_t level = i & 1 ? NAS_LEVEL_RMS : NAS_LEVEL_PEAK;
        const int32_t kind = i & 2 ? NAS_MFCC : NAS_LOG_MEL;
        for (int32_t k = 0; k < N; k++) pcm[k] = clips[i & 4 ? 3 : 1][k] * (i & 8 ? 0.37f : 1);
        const float gain = nas_level_gain(level, pcm, N);
        for (int32_t k = 0; k < N; k++) beyond |= fabsf(scaled[k] = pcm[k] * gain) > 1.01f;
        run(kind, NAS_LEVEL_NONE, scaled, want);
        memcpy(scaled, pcm, sizeof pcm);
        for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
            if (!nas_spectra_find(rows[r])) continue;
            setenv("NAS_KERNEL", rows[r], 1);
            run(kind, level, pcm, got);
            assert_memory_equal(got, want, sizeof want);
        }
        assert_memory_equal(scaled, pcm, sizeof pcm);
    }
    assert_true(beyond);
    if (kept)
        setenv("NAS_KERNEL", kept, 1);
    else
        unsetenv("NAS_KERNEL");
}

/* Louder or softer, the features stay: to the bit by powers of 2, else as far as rounding goes. */
static void test_loudness_is_gone(void **state) {
    (void)state;
    static float pcm[N], first[FRAMES * BINS], got[FRAMES * BINS];
    for (int32_t level = NAS_LEVEL_PEAK; level <= NAS_LEVEL_RMS; level++) {
        run(NAS_LOG_MEL, level, clips[1], first);
        for (int32_t e = 0; e < 6; e++) {
            static const float scales[] = {0.0625f, 0.5f, 2, 8, 0.1f, 3.3f};
            for (int32_t k = 0; k < N; k++) pcm[k] = clips[1][k] * scales[e];
            run(NAS_LOG_MEL, level, pcm, got);
            if (e < 4) assert_memory_equal(got, first, sizeof got);
            for (int32_t k = 0; k < FRAMES * BINS; k++) assert_float_equal(got[k], first[k], 1e-3f);
        }
    }
}

/* Beside none, log-mel moves by the gain's logarithm (but for the 1e-6 in it), and of the MFCC the
 * zeroth coefficient alone, by sqrt(2 N) times as much. */
static void test_one_offset(void **state) {
    (void)state;
    static float pcm[N], none[FRAMES * BINS], got[FRAMES * BINS];
    for (int32_t level = NAS_LEVEL_PEAK; level <= NAS_LEVEL_RMS; level++)
        for (int32_t k = 0; k < 2; k++) {
            for (int32_t i = 0; i < N; i++) pcm[i] = 0.3f * clips[k][i];
            const double gain = (double)nas_level_gain(level, pcm, N);
            assert_true(fabs(gain - 1) > 0.1);
            run(NAS_LOG_MEL, NAS_LEVEL_NONE, pcm, none);
            run(NAS_LOG_MEL, level, pcm, got);
            for (int32_t i = 0; i < FRAMES * BINS; i++) {
                const double sum = exp((double)none[i]) - 1e-6;
                assert_float_equal(got[i], (float)log(gain * sum + 1e-6), 1e-3f);
                if (none[i] > -5) assert_float_equal(got[i], none[i] + (float)log(gain), 1e-3f);
            }
            run(NAS_MFCC, NAS_LEVEL_NONE, pcm, none);
            run(NAS_MFCC, level, pcm, got);
            for (int32_t i = 0; i < FRAMES * BINS; i++) {
                const double by = i % BINS ? 0 : sqrt(2.0 * BINS) * log(gain);
                assert_float_equal(got[i], none[i] + (float)by, 2e-3f);
            }
        }
}

/* Zeros stay zeros; what is nearly silent gets 40 dB and stays softer than the rest. */
static void test_silence(void **state) {
    (void)state;
    static float pcm[N], want[FRAMES * BINS], got[FRAMES * BINS];
    for (int32_t level = NAS_LEVEL_PEAK; level <= NAS_LEVEL_RMS; level++) {
        memset(pcm, 0, sizeof pcm);
        run(NAS_LOG_MEL, NAS_LEVEL_NONE, pcm, want);
        run(NAS_LOG_MEL, level, pcm, got);
        assert_memory_equal(got, want, sizeof got);
        for (int32_t k = 0; k < N; k++) pcm[k] = 1e-30f * (float)(k % 5 - 2);
        assert_true(nas_level_gain(level, pcm, N) == 100.0f);
        run(NAS_LOG_MEL, level, pcm, got);
        for (int32_t k = 0; k < FRAMES * BINS; k++) assert_float_equal(got[k], want[k], 1e-6f);
        for (int32_t k = 0; k < N; k++) pcm[k] = k % 2 ? 1e-4f : -1e-4f;
        assert_true(nas_level_gain(level, pcm, N) == 100.0f);
    }
    const float loudest[] = {1, -1}, above[] = {0.02f, 0};
    assert_true(nas_level_gain(NAS_LEVEL_PEAK, loudest, 2) == 1.0f);
    assert_float_equal(nas_level_gain(NAS_LEVEL_PEAK, above, 2), 50, 1e-4f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gains),
        cmocka_unit_test(test_features_of_the_scaled_clip),
        cmocka_unit_test(test_loudness_is_gone),
        cmocka_unit_test(test_one_offset),
        cmocka_unit_test(test_silence),
    };
    return cmocka_run_group_tests(tests, read_clips, NULL);
}
