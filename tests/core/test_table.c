/* tests/core/test_table.c - files that are tables and files that are none, and the signs of
 * numbers. */
#include "core/data/table/csv.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <zlib.h>

#include <cmocka.h>

static char path[64];

static void write_bytes(const void *p, size_t n) {
    strcpy(path, "/tmp/nas_table_XXXXXX");
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, p, n), (ssize_t)n);
    close(fd);
}

/* --- numbers ------------------------------------------------------------------------------------
 */

typedef struct sums {
    const nas_csv *c;
    double v[3];
} sums;

static nas_status add(void *ctx, int64_t line, const nas_cell *cells, nas_err *err) {
    sums *s = ctx;
    for (int i = 0; i < 3; i++) {
        double v;
        if (!nas_csv_number(s->c, cells[i], &v))
            return nas_fail(err, NAS_EFORMAT, "line %d: '%.*s'", (int)line, cells[i].n, cells[i].p);
        s->v[i] += v;
    }
    return NAS_OK;
}

static const int32_t columns[] = {0, 1, 2};

static nas_status sum_up(const char *text, nas_decimal given, double *out, nas_err *err) {
    nas_csv *c;
    write_bytes(text, strlen(text));
    if (nas_csv_open(path, &c, err) != NAS_OK) fail_msg("%s", err->text);
    nas_status st = nas_csv_find_decimal(c, 3, columns, given, err);
    sums s = {.c = c};
    if (st == NAS_OK) st = nas_csv_read(c, 3, columns, add, &s, err);
    memcpy(out, s.v, sizeof s.v);
    nas_csv_close(c);
    unlink(path);
    return st;
}

/* Sums that show which sign was which. */
static void test_decimal(void **state) {
    (void)state;
    static const struct {
        const char *text;
        double v[3];
    } cases[] = {
        {"a;b;c\n1.046;6,87;1\n2;0,13;1\n", {1048, 7, 2}},           /* one comma decides */
        {"a;b;c\n1,046;6.87;1\n2;0.13;1\n", {1048, 7, 2}},           /* one point */
        {"a;b;c\n1.046,5;1;1\n2.000;1;1\n", {3046.5, 2, 2}},         /* both in one cell */
        {"a;b;c\n1.046.000;1,5;1\n1;1,5;1\n", {1046001, 3, 2}},      /* two of one sign */
        {"a,b,c\n\"1,046.5\",1,1\n\"2,000\",1,1\n", {3046.5, 2, 2}}, /* quoted */
        {"a,b,c\n\"12,34\",1,1\n\"1,5\",1,1\n", {13.84, 2, 2}},
        {"a,b,c\n1.046,1,1\n987,1,1\n", {988.046, 2, 2}}, /* commas delimit: a point is one */
        {"a;b;c\n1.5;1;1\n2.25;1;1\n", {3.75, 2, 2}},
        {"a;b;c\n1,125;1,250;1,375\n2,125;2,250;2,375\n", {3.25, 3.5, 3.75}},
        {"a;b;c\n1.046;1;12345\n2.000;1;1\n", {3.046, 2, 12346}}, /* nothing speaks against it */
        {"a;b;c\n1 046,5;1\xc2\xa0"
         "000;12'345\n1;1;1\n",
         {1047.5, 1001, 12346}},
        {"a;b;c\n1e3;-1,5e-1;+2\n0;0;0\n", {1000, -0.15, 2}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nas_err err = {0};
        double v[3];
        if (sum_up(cases[i].text, NAS_DECIMAL_AUTO, v, &err) != NAS_OK)
            fail_msg("%zu: %s", i, err.text);
        for (int k = 0; k < 3; k++)
            if (fabs(v[k] - cases[i].v[k]) > 1e-9 * fabs(v[k])) fail_msg("%zu: %.10g", i, v[k]);
    }
}

static void test_no_decimal(void **state) {
    (void)state;
    static const char *const cases[][3] = {
        {"a;b;c\n1,5;1;1\n1;2.5;1\n", "\"1,5\" has a decimal comma",
         "line 3, column \"b\": \"2.5\""},
        {"a;b;c\n1.000.000;1;1\n1;2.5;1\n", ":3: column \"b\": \"2.5\" has a decimal point",
         "line 2, column \"a\": \"1.000.000\" a point between thousands"},
        {"a;b;c\n987;1;1\n1.046;1;1\n", ":3: column \"a\": is \"1.046\" a number of thousands",
         "\"987\" in line 2"},
        {"a;b;c\n1,046;1;1\n2;1.046;1\n", "set task.decimal", "\"1.046\" in line 3"},
        {"a,b,c\n\"1,046\",1,1\n", "set task.decimal", "\"1,046\""},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nas_err err = {0};
        double v[3];
        assert_int_equal(sum_up(cases[i][0], NAS_DECIMAL_AUTO, v, &err), NAS_EFORMAT);
        if (!strstr(err.text, cases[i][1]) || !strstr(err.text, cases[i][2]))
            fail_msg("%zu: %s", i, err.text);
    }
    nas_err err = {0};
    double v[3];
    assert_int_equal(sum_up(cases[2][0], NAS_DECIMAL_POINT, v, &err), NAS_OK);
    assert_true(fabs(v[0] - 988.046) < 1e-9);
    assert_int_equal(sum_up(cases[2][0], NAS_DECIMAL_COMMA, v, &err), NAS_OK);
    assert_true(fabs(v[0] - 2033) < 1e-9);
}

static void test_groups_of_three(void **state) {
    (void)state;
    static const char *const none[] = {"1 2",      "1,04",   "1,0466", ",123",   "1234,567",
                                       "1,234,56", "1,,234", "1,234,", "1'23.4", "1.5,000"};
    nas_csv *c;
    nas_err err = {0};
    double v;
    write_bytes("a,b\n1,2\n", 8);
    assert_int_equal(nas_csv_open(path, &c, &err), NAS_OK);
    unlink(path);
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        if (nas_csv_number(c, (nas_cell){none[i], (int32_t)strlen(none[i])}, &v))
            fail_msg("'%s' is %g", none[i], v);
    assert_true(nas_csv_number(c, (nas_cell){"-12,345,678.25", 14}, &v) && v == -12345678.25);
    nas_csv_close(c);
}

static void test_almost(void **state) {
    (void)state;
    static const char *const cases[][2] = {
        {"6.87%", "6.87"},
        {"12 C", "12"},
        {"(5.13)", "-5.13"},
        {"1.5D+03", "1500"},
        {"<0.5", "0.5"},
        {"\xe2\x88\x92"
         "5.1",
         "-5.1"},
        {"6,87", "6.87"},
        {"12.3*", "12.3"},
        {"\xe2\x82\xac 1,234.5", "1234.5"},
        {"#DIV/0!", NULL},
        {"NA", NULL},
        {"1.2.3", NULL},
        {"2020-01-01", NULL},
        {"12:30", NULL},
        {"sensor 7", NULL},
        {"-", NULL},
        {"", NULL},
        {"3 measurements more", NULL},
    };
    nas_csv *c;
    nas_err err = {0};
    write_bytes("a,b\n1,2\n", 8);
    assert_int_equal(nas_csv_open(path, &c, &err), NAS_OK);
    unlink(path);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char core[64] = "";
        const nas_cell cell = {cases[i][0], (int32_t)strlen(cases[i][0])};
        const bool almost = nas_csv_almost(c, cell, core);
        if (almost != (cases[i][1] != NULL) || (almost && strcmp(core, cases[i][1]) != 0))
            fail_msg("'%s' is '%s'", cases[i][0], core);
    }
    nas_csv_close(c);
}

/* --- files --------------------------------------------------------------------------------------
 */

static nas_status keep_last(void *ctx, int64_t line, const nas_cell *cells, nas_err *err) {
    int64_t *last = ctx;
    (void)cells;
    (void)err;
    last[0]++;
    last[1] = line;
    return NAS_OK;
}

static void expect_rows(const char *text, int64_t rows, int64_t last, int64_t empty,
                        int64_t first) {
    nas_csv *c;
    nas_err err = {0};
    int64_t seen[2] = {0}, line;
    write_bytes(text, strlen(text));
    if (nas_csv_open(path, &c, &err) != NAS_OK) fail_msg("%s", err.text);
    if (nas_csv_read(c, 2, columns, keep_last, seen, &err) != NAS_OK) fail_msg("%s", err.text);
    if (seen[0] != rows || seen[1] != last || nas_csv_empty_rows(c, &line) != empty ||
        line != first)
        fail_msg("'%s': %d rows, the last in %d; %d empty from %d", text, (int)seen[0],
                 (int)seen[1], (int)nas_csv_empty_rows(c, &line), (int)line);
    nas_csv_close(c);
    unlink(path);
}

static void test_empty_rows(void **state) {
    (void)state;
    expect_rows("a,b\n1,2\n3,4\n", 2, 3, 0, 0);
    expect_rows("a,b\n1,2\n3,4\n,\n,\n", 2, 3, 2, 4);
    expect_rows("a,b\r\n1,2\r\n3,\r\n,\r\n\r\n,", 2, 3, 2, 4); /* "3," is a row */
    expect_rows("a;b\n1;2\n;\n3;4\n ; \n", 3, 4, 1, 5);        /* only those at the end */
    expect_rows("a,b\n,\n,\n", 0, 0, 2, 2);
    expect_rows("a,b\n\"x\ny\",1\n,\n", 1, 2, 1, 4);
}

static size_t pack(const char *text, uint8_t *out, size_t room) {
    z_stream z = {0};
    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, 16 + MAX_WBITS, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_in = (Bytef *)(uintptr_t)text;
    z.avail_in = (uInt)strlen(text);
    z.next_out = out;
    z.avail_out = (uInt)room;
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    const size_t n = z.total_out;
    deflateEnd(&z);
    return n;
}

static void expect_bad(const void *p, size_t n, const char *what) {
    nas_csv *c = NULL;
    nas_err err = {0};
    write_bytes(p, n);
    const nas_status st = nas_csv_open(path, &c, &err);
    unlink(path);
    nas_csv_close(c);
    if (st != NAS_EFORMAT || !strstr(err.text, what))
        fail_msg("%d: '%s' does not say '%s'", st, err.text, what);
}

static void test_gzip(void **state) {
    (void)state;
    enum { ROWS = 5000 };
    static char text[16 * ROWS + 8];
    static uint8_t packed[sizeof text];
    char *end = text + sprintf(text, "a,b\n");
    for (int i = 0; i < ROWS; i++) end += sprintf(end, "%d,%d\n", i, 3 * i);
    /* Two members, as `cat a.gz b.gz` makes them. */
    size_t n = pack(text, packed, sizeof packed);
    n += pack("7,8\n", packed + n, sizeof packed - n);
    nas_csv *c;
    nas_err err = {0};
    int64_t seen[2] = {0};
    write_bytes(packed, n);
    if (nas_csv_open(path, &c, &err) != NAS_OK) fail_msg("%s", err.text);
    unlink(path);
    assert_string_equal(nas_csv_name(c, 1), "b");
    assert_int_equal(nas_csv_read(c, 2, columns, keep_last, seen, &err), NAS_OK);
    assert_int_equal(seen[0], ROWS + 1);
    assert_int_equal(seen[1], ROWS + 2);
    nas_csv_close(c);
    expect_bad(packed, n - 20, "cut off");
    packed[100] ^= 0x55;
    expect_bad(packed, n, "damaged");
    n = pack("<!DOCTYPE html><html>", packed, sizeof packed);
    expect_bad(packed, n, "a web page");
}

static void test_kinds(void **state) {
    (void)state;
#define BAD(text, what) expect_bad(text, sizeof text - 1, what)
    BAD("PK\x03\x04\x14\0\0\0\x08\0..................[Content_Types].xml",
        "Excel workbook (.xlsx)");
    BAD("PK\x03\x04\x14\0\0\0\x08\0..................a.csv", "zip archive");
    BAD("PK\x03\x04mimetypeapplication/vnd.oasis.opendocument.spreadsheet", "OpenDocument");
    BAD("\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1....", ".xls");
    BAD("version https://git-lfs.github.com/spec/v1\noid sha256:1\nsize 2\n", "git lfs pull");
    BAD("\n <HTML><body>404</body>", "a web page");
    BAD("<?xml version=\"1.0\"?>", "XML");
    BAD("{\"a\": [1, 2]}", "JSON");
    BAD("[{\"a\": 1}]", "JSON");
    BAD("a\0,\0b\0\n\0", "UTF-16");
    BAD("\xfe\xff\0a\0,\0b", "UTF-16");
    BAD("a,b\n1,\0\n2,3\n4,5\n6,7\n", "zero bytes");
    BAD("PAR1....", "Parquet");
    BAD("%PDF-1.7", "PDF");
    BAD("BZh91AY", "bzip2");
#undef BAD
    /* Names in brackets are names. */
    expect_rows("[a],b\n1,2\n", 1, 2, 0, 0);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decimal),         cmocka_unit_test(test_no_decimal),
        cmocka_unit_test(test_groups_of_three), cmocka_unit_test(test_almost),
        cmocka_unit_test(test_empty_rows),      cmocka_unit_test(test_gzip),
        cmocka_unit_test(test_kinds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
