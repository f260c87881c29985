/* What is kept of warnings names the data as the space file does. */
#include "search/run/keep.h"

/* cmocka.h wants these before it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

static void says(const char *place, const char *text, const char *kept) {
    nas_keep k;
    nas_err err = {0};
    nas_arena *a = NULL;
    assert_int_equal(nas_arena_open(&a, &err), NAS_OK);
    assert_int_equal(nas_keep_open(&k, NULL, NULL, &err), NAS_OK);
    nas_keep_place(&k, place, "data/clips");
    nas_warn(&k.log, "%s", text);
    char want[512];
    snprintf(want, sizeof want, "%s\n", kept);
    assert_string_equal(nas_keep_lines(&k, a), want);
    nas_keep_close(&k);
    nas_arena_close(a);
}

static void test_places(void **state) {
    (void)state;
    says(NULL, "clips: in x, 5", "clips: in x, 5");
    says("/home/x/c", "clips: in /home/x/c, 5", "clips: in data/clips, 5");
    says("/home/x/c", "/home/x/c/go/1.wav is empty", "data/clips/go/1.wav is empty");
    says("/home/x/c", "/home/x/c: a (\"/home/x/c\") /home/x/c",
         "data/clips: a (\"data/clips\") data/clips");
    says("/home/x/c", "/home/x/case, /also/home/x/c, /home/x/c.old",
         "/home/x/case, /also/home/x/c, /home/x/c.old");
    says("../c/", "in ../c/, 5", "in data/clips, 5");
    says(".", "clips: in ., 5 of 12. Set it.", "clips: in data/clips, 5 of 12. Set it.");
    /* A word may be a word. */
    says("clips", "clips: in clips, 5 clips of clips, clips/go",
         "clips: in data/clips, 5 clips of data/clips, data/clips/go");
    says("a", "a class of a, a b", "a class of data/clips, a b");
    says("data/clips", "in data/clips, 5", "in data/clips, 5");
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_places)};
    return cmocka_run_group_tests_name("keep", tests, NULL, NULL);
}
