/* tests/base/test_compose.c - texts that look alike, against the forms of Python's unicodedata. */
#include "base/text/compose.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

static int side(const char *x, const char *y) {
    const int order = nas_text_compare(x, strlen(x), y, strlen(y));
    return (order > 0) - (order < 0);
}

static void test_pairs(void **state) {
    (void)state;
    char line[256], before[256] = "";
    int n = 0;
    FILE *f = fopen("tests/golden/compose.txt", "r");
    assert_non_null(f);
    for (; fgets(line, sizeof line, f); n++) {
        char *tab = strchr(line, '\t');
        assert_non_null(tab);
        *tab = '\0';
        tab[strcspn(tab + 1, "\n") + 1] = '\0';
        if (!nas_texts_alike(line, tab + 1)) fail_msg("%s is not like %s", line, tab + 1);
        assert_false(nas_texts_alike(line, before));
        assert_int_equal(side(line, before), side(tab + 1, before)); /* one order for both */
        assert_int_equal(side(line, before), -side(before, tab + 1));
        strcpy(before, line);
    }
    fclose(f);
    assert_true(n > 700);
}

static void test_others(void **state) {
    (void)state;
    assert_true(nas_texts_alike("", ""));
    assert_int_equal(side("a", "ab"), -1);
    assert_int_equal(side("b", "ab"), 1);
    assert_false(nas_texts_alike("u", "\xc3\xbc"));
    assert_false(nas_texts_alike("u\xcc\x88", "u"));
    /* A mark without a letter, one that composes with nothing, and what is no UTF-8. */
    static const char *const odd[] = {"\xcc\x88", "q\xcc\x88", "\xff",     "\xc3",
                                      "u\xcc",    "\xc0\x80",  "\xe2\x82", "\xf0\x9f\x98\x80"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        for (size_t k = 0; k < sizeof odd / sizeof *odd; k++)
            assert_int_equal(nas_texts_alike(odd[i], odd[k]), i == k);
    assert_int_equal(nas_text_compare("abc", 1, "abd", 1), 0); /* no more than those bytes */
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_pairs), cmocka_unit_test(test_others)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
