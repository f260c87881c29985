/* tests/core/test_mel.c - mel filters beside tf.signal's in double, where bands are narrower than a
 * bin (tests/golden/make_mel.py). */
#include "core/audio/mel.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { MOST_BANDS = 512, MOST_WEIGHTS = 4096 };

static float weight_at(const nas_band *f, const float *weights, int32_t bin) {
    return bin >= f->begin && bin < f->end ? weights[f->first + bin - f->begin] : 0;
}

/* As floats: to half a unit in the last place of the weight. */
static void check_case(FILE *from, int bands, int bins, double rate, double lower, double upper,
                       int n) {
    static nas_band filters[MOST_BANDS];
    static float weights[MOST_WEIGHTS];
    assert_in_range(bands, 1, MOST_BANDS);
    assert_int_equal(nas_mel_fill(bands, bins, rate, lower, upper, 1, filters, NULL), n);
    assert_in_range(n, 1, MOST_WEIGHTS);
    (void)nas_mel_fill(bands, bins, rate, lower, upper, 1, filters, weights);
    for (int i = 0; i < n; i++) {
        int bin, band;
        double w;
        assert_int_equal(fscanf(from, "%d %d %lf", &bin, &band, &w), 3);
        const double got = (double)weight_at(&filters[band], weights, bin);
        if (fabs(got - w) > 1e-7 * w + 1e-9)
            fail_msg("bin %d of band %d: %.9g, not %.9g", bin, band, got, w);
    }
}

static void test_narrow_bands(void **state) {
    (void)state;
    FILE *from = fopen("tests/golden/mel.txt", "r");
    assert_non_null(from);
    int bands, bins, n, cases = 0;
    double rate, lower, upper;
    for (; fscanf(from, "%d %d %lf %lf %lf %d", &bands, &bins, &rate, &lower, &upper, &n) == 6;
         cases++)
        check_case(from, bands, bins, rate, lower, upper, n);
    fclose(from);
    assert_int_equal(cases, 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_narrow_bands)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
