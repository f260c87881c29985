/* tests/core/test_csv.c - tables of text, and numbers and times in them. */
#include "base/files/file.h"
#include "base/rng.h"
#include "core/data/table/csv.h"
#include "core/data/table/words.h"
#include "tests/fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char path[64];

static void write_bytes(const char *p, size_t n) {
    strcpy(path, "/tmp/nas_csv_XXXXXX");
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, p, n), (ssize_t)n);
    close(fd);
}

static nas_csv *open_text(const char *text) {
    nas_err err = {0};
    nas_csv *c;
    write_bytes(text, strlen(text));
    if (nas_csv_open(path, &c, &err) != NAS_OK) fail_msg("%s", err.text);
    unlink(path);
    return c;
}

/* All cells of the wanted columns as one text: cells end with |, rows with their line. */
typedef struct gathered {
    char text[512];
    int32_t n;
} gathered;

static nas_status gather(void *ctx, int64_t line, const nas_cell *cells, nas_err *err) {
    gathered *g = ctx;
    (void)err;
    char *end = g->text + strlen(g->text);
    for (int32_t i = 0; i < g->n; i++) end += sprintf(end, "%.*s|", cells[i].n, cells[i].p);
    sprintf(end, "%d ", (int)line);
    return NAS_OK;
}

static void expect_rows(const char *text, int32_t n, const int32_t *wanted, const char *rows) {
    nas_csv *c = open_text(text);
    nas_err err = {0};
    gathered g = {.n = n};
    if (nas_csv_read(c, n, wanted, gather, &g, &err) != NAS_OK) fail_msg("%s", err.text);
    assert_string_equal(g.text, rows);
    nas_csv_close(c);
}

static void test_shapes(void **state) {
    (void)state;
    static const int32_t both[] = {1, 0}, first[] = {0};
    expect_rows("a,b\n1,2\n3,4\n", 2, both, "2|1|2 4|3|3 ");
    expect_rows("a,b\r\n1,2\r\n3,4", 2, both, "2|1|2 4|3|3 ");
    expect_rows("a;b\n1,5;2\n", 2, both, "2|1,5|2 ");
    expect_rows("a\tb\n1\t2\n", 2, both, "2|1|2 ");
    expect_rows("a|b\n1|2\n", 2, both, "2|1|2 ");
    expect_rows("a\n1\n2\n", 1, first, "1|2 2|3 ");
    expect_rows("a\n1\n\n2\n\n\n", 1, first, "1|2 |3 2|4 ");
    expect_rows("\xef\xbb\xbf"
                "a,b\n1,2\n",
                2, both, "2|1|2 ");
    expect_rows("a,b\n\n1,2\n\n\n3,4\n\n", 2, both, "2|1|3 4|3|6 ");
    expect_rows("a,b\n1,\n,2\n", 2, both, "|1|2 2||3 ");
    expect_rows("a,\"b,c\"\n\"1,5\",2\n\"x\ny\",\"4\"\n5,6\n", 2, both, "2|1,5|2 4|x\ny|3 6|5|5 ");
    expect_rows("\"semi;colon\";b\n1;2\n", 2, both, "2|1|2 ");
    expect_rows("pipe 5\" T;b\n1;2\n", 2, both, "2|1|2 "); /* inches */
    expect_rows("a,b\n", 2, both, "");
    expect_rows("a,b", 2, both, "");
}

static void test_names(void **state) {
    (void)state;
    nas_csv *c = open_text("T (degC), SWDR (W/m\xb2) ,\"say \"\"x\"\"\"\n1,2,3\n");
    assert_int_equal(nas_csv_columns(c), 3);
    assert_string_equal(nas_csv_name(c, 1), "SWDR (W/m\xc2\xb2)");
    assert_string_equal(nas_csv_name(c, 2), "say \"x\"");
    assert_int_equal(nas_csv_find(c, "SWDR (W/m\xc2\xb2)"), 1);
    assert_int_equal(nas_csv_find(c, "rh (%)"), -1);
    nas_csv_close(c);
    c = open_text("W/m\xc2\xb2,b\n1,2\n"); /* UTF-8 stays as it is */
    assert_string_equal(nas_csv_name(c, 0), "W/m\xc2\xb2");
    nas_csv_close(c);
}

static void expect_bad(const char *text, size_t n, const char *what) {
    static const int32_t first[] = {0};
    nas_err err = {0};
    nas_csv *c = NULL;
    write_bytes(text, n);
    nas_status st = nas_csv_open(path, &c, &err);
    unlink(path);
    gathered g = {.n = 1};
    if (st == NAS_OK) st = nas_csv_read(c, 1, first, gather, &g, &err);
    nas_csv_close(c);
    assert_int_equal(st, NAS_EFORMAT);
    if (!strstr(err.text, what)) fail_msg("'%s' does not say '%s'", err.text, what);
}

static void test_bad(void **state) {
    (void)state;
#define BAD(text, what) expect_bad(text, sizeof text - 1, what)
    BAD("", "is empty; expected a header");
    BAD("\xef\xbb\xbf", "is empty");
    BAD("\xff\xfe"
        "a\0,\0b\0",
        "UTF-16");
    BAD("a,b\n1,2\n3\n", ":3: 1 cells, but the header has 2");
    BAD("a,b\n\n1,2,3\n", ":3: 3 cells");
    BAD("a,b\n1,\"2\n3,4\n", ":2: a quote that does not end");
    BAD("a,b\n1,\"2\"9\n", ":2: a quote that does not end, or text after one that does");
    BAD("a,\"b\n1,2\n", "the header has a quote");
#undef BAD
}

static bool number(const nas_csv *c, const char *s, double *out) {
    return nas_csv_number(c, (nas_cell){s, (int32_t)strlen(s)}, out);
}

static void test_numbers(void **state) {
    (void)state;
    nas_csv *comma = open_text("a,b\n"), *semicolon = open_text("a;b\n");
    static const char *const none[] = {"",    " ",  "NA",  "nan",   "inf", "-",   "1.2.3", "0x10",
                                       "1 2", "1e", "--1", "1e999", ".",   "1,5", "12a"};
    double v;
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        if (number(comma, none[i], &v)) fail_msg("'%s' is no number", none[i]);
    assert_true(number(semicolon, "-1,5", &v) && v == -1.5);
    assert_true(number(comma, "  +7\t", &v) && v == 7);
    nas_rng rng = nas_rng_stream(1, 0, NAS_PURPOSE_TEST, 0, 0, 0);
    for (int i = 0; i < 20000; i++) {
        static const char *const forms[] = {"%.0f", "%.2f", "%.6f", "%.17g", "%g", "%.12e"};
        char text[64];
        const double x = (nas_rng_double(&rng) - 0.5) * pow(10, (double)(i % 19) - 6);
        snprintf(text, sizeof text, forms[i % 6], x);
        assert_true(number(comma, text, &v));
        if (v != strtod(text, NULL)) fail_msg("%s became %.17g", text, v);
    }
    nas_csv_close(comma);
    nas_csv_close(semicolon);
}

/* A byte 0 ends a word, as the text that is kept of it: each cell is found again. */
static void test_words(void **state) {
    (void)state;
    static const char longer[] = "a word of more than a few bytes, kept behind it";
    static const nas_cell cells[] = {
        {"ab", 2}, {longer, sizeof longer - 1}, {"ab\0 a tail of some twenty bytes", 32}, {"", 0}};
    static const int32_t numbers[] = {0, 1, 0, 2};
    nas_words w = {0};
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        int32_t number;
        assert_int_equal(nas_words_number(&w, arena, cells[i], &number, NULL), NAS_OK);
        assert_int_equal(number, numbers[i]);
    }
    assert_int_equal(w.n, 3);
}

/* Of a space file, which is UTF-8, and a table that is Latin-1. */
static void test_is(void **state) {
    (void)state;
    static const struct {
        const char *cell, *text;
        bool is;
    } cases[] = {
        {"NW", "NW", true},
        {"NW", "N", false},
        {"N", "NW", false},
        {"", "", true},
        {"", "N", false},
        {"S\xc3\xbc"
         "d",
         "S\xc3\xbc"
         "d",
         true},
        {"S\xfc"
         "d",
         "S\xc3\xbc"
         "d",
         true},
        {"S\xfc",
         "S\xc3\xbc"
         "d",
         false},
        {"S\xfc"
         "d",
         "S\xc3\xbc", false},
        {"S\xfc"
         "d",
         "S\xc3\xb6"
         "d",
         false},
        {"S\xc3\xbc"
         "d",
         "S\xc3\x83\xc2\xbc"
         "d",
         false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const nas_cell cell = {cases[i].cell, (int32_t)strlen(cases[i].cell)};
        if (nas_csv_is(cell, cases[i].text) != cases[i].is) fail_msg("case %zu", i);
    }
}

/* A table is what it was when it was opened, whatever is written over it, and where it is cut. */
static void test_changed(void **state) {
    (void)state;
    static const char text[] = "a,b\n1,2\n3,4\n";
    nas_csv *c;
    nas_err err = {0};
    gathered g = {.n = 2};
    write_bytes(text, strlen(text));
    assert_int_equal(nas_csv_open(path, &c, &err), NAS_OK);
    FILE *f = fopen(path, "r+");
    assert_non_null(f);
    assert_int_equal(fputs("a,b\n\n\n\n\n\n\n\n\n", f) >= 0 && fclose(f) == 0, 1);
    const nas_hash before = nas_hash_of(text, strlen(text)), hash = nas_csv_hash(c);
    assert_true(nas_hash_equal(&before, &hash));
    assert_int_equal(truncate(path, 0), 0);
    assert_int_equal(nas_csv_read(c, 2, (const int32_t[]){0, 1}, gather, &g, &err), NAS_OK);
    assert_string_equal(g.text, "1|2|2 3|4|3 ");
    nas_csv_close(c);
    unlink(path);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_bad),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_is),
        cmocka_unit_test(test_changed),
        cmocka_unit_test_setup_teardown(test_words, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
