/* tests/base/test_log.c - the texts of warnings. */
#include "base/log.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void note(void *ctx, const char *text) {
    char **last = ctx;
    free(*last);
    *last = strdup(text);
}

static void test_one_line(void **state) {
    (void)state;
    char *said = NULL;
    const nas_log log = {.ctx = &said, .warn = note};
    nas_warn(&log, "clips: %s: %d of %d", "go/a\nb\t\x1b[31m\x7f.wav", 1, 2);
    assert_string_equal(said, "clips: go/a\\nb\\t\\x1b[31m\\x7f.wav: 1 of 2");
    nas_warn(&log, "h\xC3\xB6ren");
    assert_string_equal(said, "h\xC3\xB6ren");
    free(said);
}

/* A long text is whole; one that is far too long says that it is cut, between two characters. */
static void test_long(void **state) {
    (void)state;
    char *said = NULL, long_one[6001];
    const nas_log log = {.ctx = &said, .warn = note};
    memset(long_one, 'x', 3000);
    long_one[3000] = '\0';
    nas_warn(&log, "%s end", long_one);
    assert_int_equal(strlen(said), 3004);
    for (int odd = 0; odd < 2; odd++) {
        for (int i = 0; i < 3000; i++) memcpy(long_one + 2 * i, "\xC3\xB6", 2);
        long_one[6000] = '\0';
        nas_warn(&log, "%s%s end", odd ? "x" : "", long_one);
        const size_t n = strlen(said);
        assert_true(n > 4000 && n < 4096);
        assert_string_equal(said + n - 5, "\xC3\xB6...");
    }
    free(said);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_one_line),
        cmocka_unit_test(test_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
