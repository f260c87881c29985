/* tests/search/test_condition.c - what a condition of "forbid" says of numbers that are none. */
#include "search/space/forbid.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static const cJSON *value_of(void *ctx, const char *path) {
    const cJSON *values = ctx; /* one, nan */
    return strcmp(path, "one") == 0 ? &values[0] : strcmp(path, "nan") == 0 ? &values[1] : NULL;
}

/* As SQL does with NULL: a comparison with what is not known rules nothing out, != either. */
static void nothing_holds_of_no_number(void **state) {
    (void)state;
    static const struct {
        const char *text;
        bool holds;
    } rows[] = {
        {"one == 1", true},
        {"one != 1", false},
        {"one != 2", true},
        {"one >= 1", true},
        {"one < 1", false},
        {"one <= 1 and one > 0.5", true},
        {"nan != 1", false},
        {"nan == nan", false},
        {"nan != nan", false},
        {"nan <= 1", false},
        {"one / 0 != 1", false},
        {"0 / 0 != 1", false},
        {"gone != 1", false},
        {"one != 'a'", true},
        {"one == 'a'", false},
        {"nan != 'a'", true},
        {"one < 2 or nan != 1", true},
    };
    cJSON values[] = {{.type = cJSON_Number, .valuedouble = 1},
                      {.type = cJSON_Number, .valuedouble = (double)NAN}};
    nas_arena *a = NULL;
    nas_err err = {0};
    assert_int_equal(nas_arena_open(&a, &err), NAS_OK);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        nas_condition *c = NULL;
        assert_int_equal(nas_condition_parse(a, rows[i].text, &c, &err), NAS_OK);
        if (nas_condition_holds(c, value_of, values) != rows[i].holds)
            fail_msg("%s: expected %d", rows[i].text, rows[i].holds);
    }
    nas_arena_close(a);
}

int main(void) {
    const struct CMUnitTest all[] = {cmocka_unit_test(nothing_holds_of_no_number)};
    return cmocka_run_group_tests(all, NULL, NULL);
}
