/* tests/core/test_gaps.c - mel bands without a bin of the transform, against TensorFlow
 * (tests/golden/make_gaps.py). */
#include "core/audio/frontend.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

static void test_tensorflow(void **state) {
    (void)state;
    FILE *f = fopen("tests/golden/gaps.txt", "r");
    assert_non_null(f);
    nas_frontend_config c = {.kind = NAS_LOG_MEL, .frame_step_ms = 10};
    nas_frontend_gaps want, got;
    int lines = 0;
    while (fscanf(f, "%d %d %lf %lf %lf %d %d %d %d", &c.mel_bins, &c.sample_rate_hz, &c.lower_hz,
                  &c.upper_hz, &c.frame_length_ms, &c.fft_length, &want.empty, &want.most_bins,
                  &want.fft_length) == 9) {
        assert_int_equal(nas_frontend_find_gaps(&c, c.sample_rate_hz, &got, NULL), NAS_OK);
        assert_int_equal(got.empty, want.empty);
        assert_int_equal(got.most_bins, want.most_bins);
        assert_int_equal(got.fft_length, want.fft_length);
        /* What is advised helps. */
        if (got.empty) {
            nas_frontend_config better = c;
            better.mel_bins = got.most_bins;
            assert_int_equal(nas_frontend_find_gaps(&better, c.sample_rate_hz, &got, NULL), NAS_OK);
            assert_int_equal(got.empty, 0);
        }
        lines++;
    }
    fclose(f);
    assert_int_equal(lines, 8);
}

static void test_divisor(void **state) {
    (void)state;
    assert_true(nas_frontend_divisor(0) == 1 && nas_frontend_divisor(9e-7f) == 1);
    assert_true(nas_frontend_divisor(1e-6f) == 1e-6f && nas_frontend_divisor(2.5f) == 2.5f);
    assert_true(nas_frontend_is_constant(0) && !nas_frontend_is_constant(1e-5f));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tensorflow),
        cmocka_unit_test(test_divisor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
