/* Texts of statements: names and literals are quoted, numbers read back. */
#include "store/sql/draft.h"

#include "tests/expect.h"

#include <stdlib.h>
#include <string.h>

static void expect_text(char *text, const char *expected) {
    assert_non_null(text);
    assert_string_equal(text, expected);
    free(text);
}

static void test_quotes(void **state) {
    (void)state;
    expect_text(nas_draft_text("\"%w\"", "a\"b'c"), "\"a\"\"b'c\"");
    expect_text(nas_draft_text("%q", "a\"b'c"), "'a\"b''c'");
    expect_text(nas_draft_text("%q%w%s", "", "", ""), "''");
    expect_text(nas_draft_text("100 %% of %s", "it"), "100 % of it");
}

static void test_numbers(void **state) {
    (void)state;
    expect_text(nas_draft_text("%d|%l|%l", -7, INT64_MIN, INT64_MAX),
                "-7|-9223372036854775808|9223372036854775807");
    expect_text(nas_draft_text("%r|%r|%r|%r", 0.1, 25000.0, 1e300, 1.0 / 3),
                "0.1|2.5e+04|1e+300|0.3333333333333333");
    /* One that needs all 17 digits. */
    char *text = nas_draft_text("%r", 0.1 + 0.2);
    assert_non_null(text);
    assert_true(strtod(text, NULL) == 0.1 + 0.2);
    free(text);
}

/* Far beyond the room that a draft begins with; parts of texts; NULL as no memory. */
static void test_growth(void **state) {
    (void)state;
    nas_draft *d = nas_draft_of("%s", "[");
    for (int i = 0; i < 5000; i++) nas_draft_put_part(d, "abcdef", 3);
    nas_draft_put(d, "]");
    char *text = nas_draft_take(d);
    assert_non_null(text);
    assert_int_equal(strlen(text), 15002);
    assert_true(strncmp(text, "[abcabc", 7) == 0 && strcmp(text + 14998, "abc]") == 0);
    free(text);
    nas_draft_put(NULL, "x");
    nas_draft_add(NULL, "%d", 1);
    nas_draft_drop(NULL);
    assert_null(nas_draft_take(NULL));
    text = nas_draft_take(nas_draft_new());
    assert_string_equal(text, "");
    free(text);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quotes),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_growth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
