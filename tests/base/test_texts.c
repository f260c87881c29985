/* tests/base/test_texts.c - near words, texts that steer no terminal, pieces of C, gzip, and memory
 * that is given back at once. */
#include "base/files/gunzip.h"
#include "base/text/c_text.h"
#include "base/text/digits.h"
#include "base/text/visible.h"
#include "base/text/word.h"
#include "tests/fixture.h"

#include <float.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static nas_err err;

static void near_words(void **state) {
    (void)state;
    static const char *const list[] = {"filters", "kernel", "stride", "padding", NULL};
    assert_string_equal(nas_nearest("filter", list), "filters");
    assert_string_equal(nas_nearest("fitlers", list), "filters"); /* neighbours changed places */
    assert_string_equal(nas_nearest("kernal", list), "kernel");
    assert_string_equal(nas_nearest("strides", list), "stride");
    assert_null(nas_nearest("units", list));
    assert_null(nas_nearest("", list));
    assert_null(
        nas_nearest("paddingpaddingpaddingpaddingpaddingpaddingpaddingpaddingpadding", list));
    assert_true(nas_word_in("kernel", list));
    assert_false(nas_word_in("kerne", list));
}

static void assert_shown(const char *text, const char *want) {
    char all[256] = "", one[NAS_VISIBLE];
    for (int n; *text; text += n) {
        n = nas_visible(text, one);
        strcat(all, one);
    }
    assert_string_equal(all, want);
}

static void texts_that_steer_nothing(void **state) {
    (void)state;
    assert_shown("a\xc3\xa4\n\t\r", "a\xc3\xa4\\n\\t\\r");
    assert_shown("\x1b[2J\x7f", "\\x1b[2J\\x7f");
    assert_shown("\xe2\x80\xae", "\\u202e");                           /* right to left */
    assert_shown("\xff\xc3", "\\xff\\xc3");                            /* no UTF-8, cut UTF-8 */
    assert_shown("\xc0\xaf\xed\xa0\x80", "\\xc0\\xaf\\xed\\xa0\\x80"); /* too long, a surrogate */
    assert_false(nas_has_control("plain \xc3\xa4"));
    assert_true(nas_has_control("\x1b"));
    assert_true(nas_has_control("\xff"));
    assert_true(nas_is_line("a b"));
    assert_false(nas_is_line("a\nb"));
    assert_false(nas_is_line("a\xe2\x80\xa8"));
    char text[32];
    assert_string_equal(nas_thousands(1234567, text), "1,234,567");
    assert_string_equal(nas_thousands(-1234, text), "-1,234");
    assert_string_equal(nas_thousands(999, text), "999");
}

static void numbers_of_c_read_back(void **state) {
    (void)state;
    static const float values[] = {0, -0.0f, 1, 0.1f, 1e10f, FLT_MAX, FLT_MIN, 1e-45f, 1 / 3.0f};
    char text[NAS_C_NUMBER];
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char *end;
        nas_c_float(text, values[i]);
        const float back = strtof(text, &end);
        assert_memory_equal(&back, &values[i], sizeof back);
        assert_string_equal(end, "f");
    }
    nas_c_i32(text, (const int32_t[]){INT32_MIN}, 0);
    assert_string_equal(text, "INT32_MIN");
}

static void pieces_of_c(void **state) {
    (void)state;
    static const char *const lines[] = {"/* part a - one */",  "x", "/* end */",
                                        "/* part ab - two */", "y", "/* end */"};
    nas_stream s = {0};
    const char *text;
    assert_int_equal(nas_stream_open(&s, &err), NAS_OK);
    nas_c_string(s.to,
                 "a\"\\?\n\0"
                 "1",
                 7);
    nas_c_part(lines, 6, "a", s.to);
    nas_c_array(s.to, "int8_t", "v", 3, (const int8_t[]){-128, 0, 127}, nas_c_i8);
    assert_int_equal(nas_stream_take(&s, arena, &text, &err), NAS_OK);
    assert_string_equal(text, "\"a\\042\\134\\077\\012\\0001\"x\n"
                              "static const int8_t v[3] = {\n    -128, 0, 127,\n};\n");
    nas_stream_drop(&s);
}

/* Python's gzip of 20 lines "one line", and of "and another\n". */
static const uint8_t two[] = {
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0xcb, 0xcf, 0x4b, 0x55, 0xc8, 0xc9,
    0xcc, 0x4b, 0xe5, 0xca, 0x1f, 0x3a, 0x0c, 0x00, 0x48, 0xb5, 0x82, 0x3b, 0xb4, 0x00, 0x00, 0x00,
    0x1f, 0x8b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x02, 0x03, 0x4b, 0xcc, 0x4b, 0x51, 0x48, 0xcc,
    0xcb, 0x2f, 0xc9, 0x48, 0x2d, 0xe2, 0x02, 0x00, 0xcf, 0x35, 0x17, 0xef, 0x0c, 0x00, 0x00, 0x00};

static void gzip_members(void **state) {
    (void)state;
    uint8_t *out, bad[sizeof two];
    size_t n;
    assert_true(nas_is_gzip(two, sizeof two));
    assert_false(nas_is_gzip(two, 1));
    assert_int_equal(nas_gunzip("x", two, sizeof two, 192, &out, &n, &err), NAS_OK);
    assert_int_equal(n, 192);
    assert_memory_equal(out, "one line\none line\n", 18);
    assert_memory_equal(out + 180, "and another\n", 12);
    free(out);
    assert_int_equal(nas_gunzip("x", two, sizeof two, 191, &out, &n, &err), NAS_EFORMAT);
    assert_null(out);
    for (size_t cut = 1; cut < 32; cut++)
        assert_int_equal(nas_gunzip("x", two, cut, 1000, &out, &n, &err), NAS_EFORMAT);
    for (size_t i = 24; i < 32; i++) { /* the sum and the length */
        memcpy(bad, two, sizeof bad);
        bad[i] ^= 1;
        assert_int_equal(nas_gunzip("x", bad, sizeof bad, 1000, &out, &n, &err), NAS_EFORMAT);
    }
}

static void arenas_give_back(void **state) {
    (void)state;
    char *kept = nas_arena_text(arena, "kept", &err);
    const nas_arena_mark mark = nas_arena_here(arena);
    size_t most = 0;
    for (int round = 0; round < 3; round++) {
        for (size_t n = 0; n < 200000; n = n * 2 + 1) {
            uint8_t *p = nas_arena_alloc(arena, n, &err);
            assert_non_null(p);
            assert_int_equal((uintptr_t)p % 64, 0);
            for (size_t i = 0; i < n; i++) assert_int_equal(p[i], 0);
            memset(p, 0xee, n);
        }
        if (round == 0) most = nas_arena_bytes(arena);
        assert_int_equal(nas_arena_bytes(arena), most);
        nas_arena_back(arena, mark);
    }
    assert_string_equal(kept, "kept");
    assert_null(nas_arena_array(arena, SIZE_MAX / 2, 3, &err));
    assert_int_equal(err.code, NAS_ENOMEM);
    assert_null(nas_arena_alloc(arena, SIZE_MAX - 8, &err));
    assert_string_equal(nas_arena_format(arena, &err, "%s %d", kept, 3), "kept 3");
}

static void errors_say_where(void **state) {
    (void)state;
    assert_int_equal(nas_fail(NULL, NAS_EIO, "nobody listens"), NAS_EIO);
    assert_int_equal(nas_fail(&err, NAS_EFORMAT, "byte %d", 3), NAS_EFORMAT);
    assert_int_equal(nas_fail_in(&err, NAS_EIO, "file %s", "a"), NAS_EFORMAT);
    assert_string_equal(err.text, "file a: byte 3");
    for (nas_status s = NAS_OK; s <= NAS_EBUG; s++) assert_true(strlen(nas_status_name(s)) > 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(near_words),
        cmocka_unit_test(texts_that_steer_nothing),
        cmocka_unit_test(numbers_of_c_read_back),
        cmocka_unit_test_setup_teardown(pieces_of_c, setup, teardown),
        cmocka_unit_test(gzip_members),
        cmocka_unit_test_setup_teardown(arenas_give_back, setup, teardown),
        cmocka_unit_test(errors_say_where),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
