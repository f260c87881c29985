/* tests/search/test_recall.c - recalls and their bounds, beside scikit-learn's and statsmodels'
 * (tests/golden/make_recall.py). */
#include "search/estimate/estimate.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

#include <cmocka.h>

enum { ROOM = 256 };

static void near(const char *what, double got, double want) {
    if (!(fabs(got - want) < 1e-9)) fail_msg("%s is %.12g, expected %.12g", what, got, want);
}

static void read_all(FILE *f, int32_t *v, int32_t n) {
    for (int32_t i = 0; i < n; i++) assert_int_equal(fscanf(f, "%d", &v[i]), 1);
}

static void test_golden(void **state) {
    (void)state;
    FILE *f = fopen("tests/golden/recall.txt", "r");
    nas_class_groups g;
    int32_t n[ROOM], right[ROOM], cases = 0;
    double confidence, want[5];
    assert_non_null(f);
    while (fscanf(f, "%d %d %lf", &g.groups, &g.classes, &confidence) == 3) {
        assert_true(g.groups * g.classes <= ROOM);
        read_all(f, n, g.groups * g.classes);
        read_all(f, right, g.groups * g.classes);
        for (int i = 0; i < 5; i++) assert_int_equal(fscanf(f, "%lf", &want[i]), 1);
        g.n = n;
        g.right = right;
        const nas_bound_rule rule = {confidence, NAS_BOUND_DRAWS, 7};
        nas_recalls r;
        assert_int_equal(nas_recall_bounds(&g, &rule, &r, NULL), NAS_OK);
        near("balanced", r.balanced, want[0]);
        near("worst", r.worst, want[1]);
        near("majority", r.majority, want[2]);
        near("balanced_lo", r.balanced_lo, want[3]);
        near("worst_lo", r.worst_lo, want[4]);
        cases++;
    }
    fclose(f);
    assert_int_equal(cases, 6);
}

/* Of one class all is as of an accuracy. */
static void test_one_class(void **state) {
    (void)state;
    const int32_t n[] = {3, 8, 1, 5, 6, 6, 2, 9, 4}, right[] = {3, 6, 1, 4, 6, 2, 2, 9, 3};
    const nas_class_groups g = {9, 1, n, right};
    const nas_groups same = {9, n};
    const nas_bound_rule rule = {0.95, NAS_BOUND_DRAWS, 1};
    nas_recalls r;
    nas_accuracy a;
    assert_int_equal(nas_recall_bounds(&g, &rule, &r, NULL), NAS_OK);
    assert_int_equal(nas_accuracy_bound(&same, right, &rule, &a, NULL), NAS_OK);
    assert_true(r.majority == 1 && r.commonest == 0 && r.classes == 1);
    near("balanced", r.balanced, a.accuracy);
    near("worst", r.worst, a.accuracy);
    near("balanced_lo", r.balanced_lo, a.lo);
    near("worst_lo", r.worst_lo, a.lo);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_golden),
        cmocka_unit_test(test_one_class),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
