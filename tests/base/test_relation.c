/* tests/base/test_relation.c - the comparison operators: texts, what begins with one, what stands
 * in no relation. */
#include "base/relation.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static void texts(void **state) {
    (void)state;
    for (int r = 0; r < NAS_RELATIONS; r++) {
        const nas_relation is = (nas_relation)r;
        assert_true(nas_relation_of(nas_relation_text(is)) == is);
        assert_true(nas_relation_at(nas_relation_text(is)) == is);
    }
    assert_true(nas_relation_of("=") == NAS_RELATIONS && nas_relation_of(NULL) == NAS_RELATIONS);
    assert_true(nas_relation_of("< ") == NAS_RELATIONS);
    assert_true(nas_relation_at(">= 3") == NAS_AT_LEAST && nas_relation_at("<3") == NAS_BELOW);
    assert_true(nas_relation_at("=< 3") == NAS_RELATIONS && nas_relation_at("") == NAS_RELATIONS);
}

static void holds(void **state) {
    (void)state;
    static const bool want[NAS_RELATIONS][3] = {
        /* of 1, 2 and 3 against 2 */
        [NAS_ABOVE] = {false, false, true}, [NAS_AT_LEAST] = {false, true, true},
        [NAS_BELOW] = {true, false, false}, [NAS_AT_MOST] = {true, true, false},
        [NAS_EQUAL] = {false, true, false}, [NAS_UNEQUAL] = {true, false, true}};
    for (int r = 0; r < NAS_RELATIONS; r++) {
        const nas_relation is = (nas_relation)r;
        for (int i = 0; i < 3; i++) assert_true(nas_relation_holds(is, i + 1, 2) == want[r][i]);
        assert_false(nas_relation_holds(is, (double)NAN, 2));
        assert_false(nas_relation_holds(is, 2, (double)NAN));
        const int asks = want[r][2] - want[r][0];
        assert_int_equal(nas_relation_direction(is), asks);
    }
}

int main(void) {
    const struct CMUnitTest all[] = {cmocka_unit_test(texts), cmocka_unit_test(holds)};
    return cmocka_run_group_tests(all, NULL, NULL);
}
