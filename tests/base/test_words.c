/* tests/base/test_words.c - tables of words: comparison operators, what stands in no relation,
 * units, directions. */
#include "base/direction.h"
#include "base/relation.h"
#include "base/unit.h"

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

/* The texts stand in space files, in documentation and in what is printed. */
static void units_and_directions(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool size, ratio;
    } want[NAS_UNITS] = {
        [NAS_UNIT_NONE] = {"", false, false},     [NAS_UNIT_FRACTION] = {"fraction", false, false},
        [NAS_UNIT_BYTES] = {"bytes", true, true}, [NAS_UNIT_COUNT] = {"count", true, true},
        [NAS_UNIT_MS] = {"ms", false, true},      [NAS_UNIT_OWN] = {"own", false, false}};
    for (int u = 0; u < NAS_UNITS; u++) {
        assert_string_equal(nas_unit_text((nas_unit)u), want[u].text);
        assert_true(nas_unit_is_size((nas_unit)u) == want[u].size);
        assert_true(nas_unit_is_ratio((nas_unit)u) == want[u].ratio);
    }
    assert_string_equal(nas_direction_text(NAS_MAXIMIZE), "maximize");
    assert_string_equal(nas_direction_text(NAS_MINIMIZE), "minimize");
    assert_string_equal(nas_direction_text(NAS_DIRECTIONS), "");
    assert_int_equal(NAS_MINIMIZE, 0); /* as nas_goals.maximize stores them */
    assert_int_equal(NAS_MAXIMIZE, 1);
}

int main(void) {
    const struct CMUnitTest all[] = {cmocka_unit_test(texts), cmocka_unit_test(holds),
                                     cmocka_unit_test(units_and_directions)};
    return cmocka_run_group_tests(all, NULL, NULL);
}
