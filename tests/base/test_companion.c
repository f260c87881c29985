/* tests/base/test_companion.c - which columns stand beside a metric's own. */
#include "base/companion.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void test_of(void **state) {
    (void)state;
    size_t n = 0;
    assert_ptr_equal(nas_companion_of("infer_ms_hi", &n), &nas_companions[NAS_UPPER_END]);
    assert_int_equal(n, strlen("infer_ms"));
    assert_ptr_equal(nas_companion_of("accuracy_lo", NULL), &nas_companions[NAS_LOWER_END]);
    assert_ptr_equal(nas_companion_of("total_ms_p95", &n), &nas_companions[NAS_PERCENTILE]);
    assert_int_equal(n, strlen("total_ms"));
    assert_null(nas_companion_of("accuracy", &n));
    assert_null(nas_companion_of("_hi", &n)); /* of nothing */
    assert_null(nas_companion_of("mae_hi_t", &n));
}

static void test_end(void **state) {
    (void)state;
    assert_int_equal(nas_companion_end("accuracy_lo", "accuracy"), -1);
    assert_int_equal(nas_companion_end("mae_t_hi", "mae_t"), 1);
    assert_int_equal(nas_companion_end("total_ms_p95", "total_ms"), 0);
    assert_int_equal(nas_companion_end("accuracy", "accuracy"), 0);
    assert_int_equal(nas_companion_end("balanced_accuracy_lo", "accuracy"), 0);
    assert_int_equal(nas_companion_end("accuracy_lo", "accuracy_lo"), 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_of),
        cmocka_unit_test(test_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
