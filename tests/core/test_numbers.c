/* tests/core/test_numbers.c - what becomes of a table's numbers: those that stand for none, gaps,
 * and those that float32 does not hold. */
#include "core/data/table/series.h"
#include "search/task/forecast/forecast.h"
#include "tests/fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { ROWS = 800 };

static char path[64], warned[8192], text[64 * ROWS];

static void keep_warning(void *ctx, const char *said) {
    const size_t n = strlen(warned);
    (void)ctx;
    snprintf(warned + n, sizeof warned - n, "%s\n", said);
}

static const nas_log log_to = {.warn = keep_warning};

static const char *const a_b[] = {"a", "b"}, *const b_only[] = {"b"}, *const names[] = {"bee"};

static nas_series_config config(nas_missing missing) {
    return (nas_series_config){.n_inputs = 2,
                               .inputs = a_b,
                               .n_targets = 1,
                               .targets = b_only,
                               .names = names,
                               .missing = missing,
                               .missing_longest = 2,
                               .window = 2,
                               .horizon = 1};
}

static void write_text(const char *s) {
    strcpy(path, "/tmp/nas_numbers_XXXXXX");
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, s, strlen(s)), (ssize_t)strlen(s));
    close(fd);
}

static nas_status try_text(const char *s, const nas_series_config *k, nas_series **out,
                           nas_err *err) {
    warned[0] = '\0';
    write_text(s);
    const nas_status st = nas_series_open(path, k, &log_to, out, err);
    unlink(path);
    return st;
}

static nas_series *open_text(const char *s, const nas_series_config *k) {
    nas_err err = {0};
    nas_series *out;
    if (try_text(s, k, &out, &err) != NAS_OK) fail_msg("%s", err.text);
    return out;
}

static void expect_said(const char *what) {
    if (!strstr(warned, what)) fail_msg("'%s' is not in:\n%s", what, warned);
}

/* --- numbers that stand for none ----------------------------------------------------------------
 */

/* Rows of a daily cycle; where_x is x in every 50th row, *_y the next. */
static const char *cycle(const char *x, const char *y) {
    char *end = text + sprintf(text, "a,b\n");
    for (int i = 0; i < ROWS; i++) {
        const double v = 12 + 6 * sin(i * M_PI / 12) + 0.1 * (i * 7 % 13);
        if (i % 50 == 0)
            end += sprintf(end, "%s,%.1f\n", x, v);
        else if (i % 50 == 1)
            end += sprintf(end, "%s,%.1f\n", y, v);
        else
            end += sprintf(end, "%.1f,%.1f\n", v, v);
    }
    return text;
}

static void test_odd(void **state) {
    (void)state;
    static const char *const odd[] = {"-9999",   "-9999.00", "-999.0", "-99.9", "9999",
                                      "99999.9", "-200",     "1e20",   "999"};
    const nas_series_config k = config(NAS_MISSING_ERROR);
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        char want[160];
        nas_series_close(open_text(cycle(odd[i], "12.5"), &k));
        snprintf(want, sizeof want, "column \"a\": 16 of 800 cells hold %.10g, far from all others",
                 atof(odd[i]));
        expect_said(want);
        expect_said("the first is in line 2.");
        snprintf(want, sizeof want, "set task.missing_values to [%.10g]", atof(odd[i]));
        expect_said(want);
        assert_null(strstr(warned, "column \"b\""));
    }
    /* Of gases: -200 is no further from 2 than 1,400 is, but nothing else is below 0. */
    char *end = text + sprintf(text, "a,b\n");
    for (int r = 0; r < ROWS; r++)
        end += r % 30 ? sprintf(end, "%.0f,%.0f\n", 2 * exp(0.0082 * (r * 7 % ROWS)),
                                600 + 90.0 * (r % 20))
                      : sprintf(end, "-200,-200\n");
    nas_series_close(open_text(text, &k));
    expect_said("column \"a\": 27 of 800 cells hold -200,");
    expect_said("column \"b\": 27 of 800 cells hold -200,");
    /* Two of them do not hide each other. */
    nas_series_close(open_text(cycle("-9999", "9999"), &k));
    expect_said("hold -9999,");
    expect_said("hold 9999,");
    nas_series_close(open_text(cycle("-9999", "-999"), &k));
    expect_said("hold -9999,");
    expect_said("hold -999, far from all others, the nearest of which is 6");
}

/* A measurement is none of them, be it large, rare or often the same. */
static void test_not_odd(void **state) {
    (void)state;
    const nas_series_config k = config(NAS_MISSING_ERROR);
    nas_series_close(open_text(cycle("21.5", "3.0"), &k));
    assert_string_equal(warned, "");
    char *end = text + sprintf(text, "a,b\n");
    for (int i = 0; i < ROWS; i++) /* rain, and a heater that is off half of the time */
        end += sprintf(end, "%.1f,%d\n",
                       i % 9      ? 0
                       : i == 450 ? 61.0
                       : i == 459 ? 61.0
                                  : exp(0.04 * (i % 90)),
                       i % 2 ? 0 : 2000 + i % 50);
    nas_series_close(open_text(text, &k));
    assert_string_equal(warned, "");
    end = text + sprintf(text, "a,b\n");
    for (int i = 0; i < ROWS; i++) end += sprintf(end, "%d,%d\n", i % 2 * 100, i % 3);
    nas_series_close(open_text(text, &k));
    assert_string_equal(warned, "");
    end = text + sprintf(text, "a,b\n");
    for (int i = 0; i < ROWS; i++) /* an inverter at night, and its temperature */
        end += sprintf(end, "%d,%.1f\n", i % 24 < 12 ? -1 : 400 * (i % 24 - 11), 20 * sin(i / 4.0));
    nas_series_close(open_text(text, &k));
    assert_string_equal(warned, "");
}

static void test_named(void **state) {
    (void)state;
    const nas_none all[] = {{NULL, -999}, {NULL, -9999}}, other[] = {{"b", -9999}};
    nas_series_config k = config(NAS_MISSING_DROP);
    k.none = all;
    k.n_none = 2;
    nas_series *s = open_text(cycle("-9999.0", "-999"), &k);
    assert_int_equal(s->dropped, 32);
    expect_said("column \"a\": 32 of 800 cells hold a number that task.missing_values names, the "
                "first in line 2");
    assert_null(strstr(warned, "far from"));
    nas_series_close(s);
    k.none = other;
    k.n_none = 1;
    s = open_text(cycle("-9999.0", "12.5"), &k);
    assert_int_equal(s->dropped, 0);
    expect_said("hold -9999,");
    nas_series_close(s);
    nas_err err = {0};
    k.missing = NAS_MISSING_ERROR;
    k.none = all;
    assert_int_equal(try_text("a,b\n1,2\n3,-999\n", &k, &s, &err), NAS_EFORMAT);
    if (!strstr(err.text, ":3: column \"b\": expected a number, got \"-999\", which "
                          "task.missing_values names; set task.missing"))
        fail_msg("%s", err.text);
}

/* Rows are brought together by group; the line is the first of the file all the same. */
static void test_odd_of_groups(void **state) {
    (void)state;
    nas_series_config k = config(NAS_MISSING_DROP);
    k.group = "g";
    char *end = text + sprintf(text, "g,a,b\n");
    for (int i = 0; i < 80; i++)
        end += sprintf(end, "%s,%d,%d\n", i < 40 ? "z" : "a", i % 40 == 7 ? -9999 : i * 31 % 17,
                       i * 13 % 11);
    nas_series_close(open_text(text, &k));
    expect_said("2 of 80 cells hold -9999");
    expect_said("the first is in line 9.");
}

/* --- gaps ---------------------------------------------------------------------------------------
 */

static const char gaps[] = "a,b\n1,10\n2,11\n,12\n,13\n5,14\n6,\n7,16\n8,17\n,18\n,19\n,20\n12,21\n"
                           "13,22\n14,23\n,24\n";

static void expect_values(const nas_series *s, const char *a, const char *b) {
    char got[2][256] = {"", ""};
    for (int32_t i = 0; i < s->rows; i++)
        for (int c = 0; c < 2; c++)
            sprintf(got[c] + strlen(got[c]), "%g ", (double)s->inputs[2 * i + c]);
    if (strcmp(got[0], a) != 0 || strcmp(got[1], b) != 0) fail_msg("%s| %s", got[0], got[1]);
}

static void expect_windows(const nas_series *s, int32_t n, const int32_t *first) {
    nas_windows w;
    assert_int_equal(nas_windows_find(s, 0, s->rows, arena, &w, NULL), NAS_OK);
    if (w.n != n) fail_msg("%d windows, not %d", w.n, n);
    for (int32_t i = 0; i < n; i++) assert_int_equal(w.first[i], first[i]);
}

static void test_gaps(void **state) {
    (void)state;
    nas_series_config k = config(NAS_MISSING_DROP);
    nas_series *s = open_text(gaps, &k);
    expect_windows(s, 1, (int32_t[]){11});
    expect_said("7 of 15 rows lack a value, most often of \"a\" (first in line 4); windows over "
                "them are left out: 1 of 13 stay (8 %). To fill short gaps set task.missing");
    nas_series_close(s);

    k.missing = NAS_MISSING_PREVIOUS;
    s = open_text(gaps, &k);
    expect_values(s, "1 2 2 2 5 6 7 8 0 0 0 12 13 14 14 ",
                  "10 11 12 13 14 14 16 17 18 19 20 21 22 23 24 ");
    /* The sixth target was not measured, so no window forecasts it. */
    expect_windows(s, 7, (int32_t[]){0, 1, 2, 4, 5, 11, 12});
    expect_said("column \"a\": 3 of 6 missing cells are filled (the value before) in gaps of up to "
                "2 rows, the first missing one in line 4");
    expect_said("column \"b\": 1 of 1 missing cells");
    expect_said("3 of 15 rows lack a value, most often of \"a\" (first in line 10)");
    nas_series_close(s);

    k.missing = NAS_MISSING_INTERPOLATE;
    s = open_text(gaps, &k);
    expect_values(s, "1 2 3 4 5 6 7 8 0 0 0 12 13 14 0 ",
                  "10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 ");
    expect_said("4 of 7 windows are left out all the same");
    /* None whose last row is made of what it forecasts: rows 2, 3 and 5. */
    expect_windows(s, 3, (int32_t[]){0, 5, 11});
    nas_series_close(s);
}

/* What was not measured on the other side of a break says nothing of this one. */
static void test_gaps_at_breaks(void **state) {
    (void)state;
    nas_series_config k = config(NAS_MISSING_INTERPOLATE);
    k.n_time = 1;
    k.time[0] = "t";
    k.time_format = "%H:%M";
    nas_series *s = open_text("t,a,b\n0:00,1,1\n0:10,,1\n0:30,3,1\n0:40,,1\n0:50,5,1\n", &k);
    expect_values(s, "1 0 3 4 5 ", "1 1 1 1 1 ");
    nas_series_close(s);
    k.missing = NAS_MISSING_PREVIOUS;
    s = open_text("t,a,b\n0:00,1,1\n0:10,,1\n0:30,,1\n0:40,4,1\n0:50,,1\n,,\n1:00,6,1\n", &k);
    expect_values(s, "1 1 0 4 4 6 ", "1 1 1 1 1 1 ");
    expect_said("1 rows without a time and without a value, the first in line 7, are passed over");
    nas_series_close(s);
}

/* Rows of a group are brought together, and filled from their own. */
static void test_gaps_of_groups(void **state) {
    (void)state;
    nas_series_config k = config(NAS_MISSING_PREVIOUS);
    k.group = "g";
    nas_series *s = open_text("g,a,b\nx,1,1\ny,,2\nx,,1\ny,20,2\nx,3,1\ny,,2\n", &k);
    expect_values(s, "1 1 3 0 20 20 ", "1 1 1 2 2 2 ");
    nas_series_close(s);
}

static void test_written(void **state) {
    (void)state;
    nas_series_config k = config(NAS_MISSING_ERROR);
    nas_err err = {0};
    nas_series *s;
    assert_int_equal(try_text("a,b\n1,2\n6.87%,3\n", &k, &s, &err), NAS_EFORMAT);
    if (!strstr(err.text, ":3: column \"a\": expected a number, got \"6.87%\"; that number is "
                          "written otherwise") ||
        !strstr(err.text, "write 6.87") || strstr(err.text, "drop"))
        fail_msg("%s", err.text);
    assert_int_equal(try_text("a,b\n1,2\nNA,3\n", &k, &s, &err), NAS_EFORMAT);
    if (!strstr(err.text, "\"missing\": \"drop\"")) fail_msg("%s", err.text);
    k.missing = NAS_MISSING_DROP;
    s = open_text("a,b\n1,2\n6.87%,3\n2,4\nNA,3\n3 C,2\n", &k);
    assert_int_equal(s->dropped, 3);
    expect_said("column \"a\": 2 of 5 cells count as missing only because of how their numbers are "
                "written, as \"6.87%\" in line 3; write 6.87");
    nas_series_close(s);
}

/* --- what float32 does not hold -----------------------------------------------------------------
 */

/* Errors of the naive forecast, and mean and deviation, of doubles. */
typedef struct truth {
    double carried, mean, deviation;
} truth;

static truth truth_of(const double *v, int32_t n) {
    truth t = {0};
    for (int32_t i = 0; i + 2 < n; i++) t.carried += fabs(v[i + 2] - v[i + 1]) / (n - 2);
    for (int32_t i = 0; i < n; i++) t.mean += v[i] / n;
    for (int32_t i = 0; i < n; i++) t.deviation += (v[i] - t.mean) * (v[i] - t.mean) / n;
    t.deviation = sqrt(t.deviation);
    return t;
}

static void expect_true(const double *v, const nas_series *s) {
    const truth t = truth_of(v, s->rows);
    nas_scaling z;
    nas_windows w;
    double carried = 0;
    assert_int_equal(nas_windows_find(s, 0, s->rows, arena, &w, NULL), NAS_OK);
    assert_int_equal(w.n, s->rows - 2);
    assert_int_equal(nas_scaling_find(s, 0, s->rows, arena, &z, NULL), NAS_OK);
    for (int32_t i = 0; i < w.n; i++) {
        const float *row = s->targets + w.first[i];
        carried += fabs((double)row[2] - (double)row[1]) / w.n;
    }
    const double base = s->target_base ? s->target_base[0] : 0;
    if (fabs(carried / t.carried - 1) > 1e-4 ||
        fabs((double)z.target_mean[0] + base - t.mean) > 1e-5 * t.deviation ||
        fabs((double)z.target_deviation[0] / t.deviation - 1) > 1e-5)
        fail_msg("carried %.9g (%.9g), mean %.12g (%.12g), deviation %.9g (%.9g)", carried,
                 t.carried, (double)z.target_mean[0] + base, t.mean, (double)z.target_deviation[0],
                 t.deviation);
}

static const char *counter(double begin, double step, int decimals, double *v) {
    char *end = text + sprintf(text, "a,b\n");
    for (int i = 0; i < ROWS; i++) {
        v[i] = i ? v[i - 1] + step * (1 + (i * 7 % 5)) : begin;
        end += sprintf(end, "%d,%.*f\n", i * 31 % 17, decimals, v[i]);
    }
    return text;
}

static void test_counters(void **state) {
    (void)state;
    static const struct {
        double begin, step;
        int decimals;
        bool based;
    } cases[] = {
        {48123456, 0.2, 1, true}, {60000, 0.001, 3, true},  {16777216, 1, 0, true},
        {-9e8, 3, 0, true},       {100000, 0.001, 3, true}, {1000, 1, 0, false},
        {0, 0.2, 1, false},       {989, 0.01, 2, false},
    };
    const nas_series_config k = config(NAS_MISSING_ERROR);
    static double v[ROWS];
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nas_series *s = open_text(counter(cases[i].begin, cases[i].step, cases[i].decimals, v), &k);
        assert_int_equal(s->target_base != NULL, cases[i].based);
        expect_true(v, s);
        assert_string_equal(warned, "");
        if (cases[i].based) assert_true(!(fabs(s->input_base[0]) > 0)); /* a is plain */
        nas_series_close(s);
    }
}

/* A table that a model is tried on may show one number of a counter alone: none of its digits are
 * lost beside a mean that is known in doubles. */
static void test_still_counter(void **state) {
    (void)state;
    const nas_series_config k = config(NAS_MISSING_ERROR);
    char *end = text + sprintf(text, "a,b\n");
    for (int i = 0; i < ROWS; i++) end += sprintf(end, "48123457.7,%d\n", i * 31 % 17);
    nas_series *s = open_text(text, &k);
    assert_non_null(s->input_base);
    assert_true(fabs((double)s->inputs[0] + s->input_base[0] - 48123457.7) < 1e-6);
    assert_true(!(fabs(s->target_base[0]) > 0));
    nas_series_close(s);
}

/* A column whose range leaves no room for its steps is told. */
static void test_wide_counter(void **state) {
    (void)state;
    const nas_series_config k = config(NAS_MISSING_ERROR);
    char *end = text + sprintf(text, "a,b\n");
    for (int i = 0; i < ROWS; i++)
        end += sprintf(end, "%d,%.1f\n", i % 7, i * 0.2 + (i < ROWS / 2 ? 0 : 4e7));
    nas_series_close(open_text(text, &k));
    expect_said("column \"b\" runs from 0 to ");
    expect_said("A column of its differences would keep them");
}

/* --- a target that does not change --------------------------------------------------------------
 */

static void test_constant_target(void **state) {
    (void)state;
    static const struct {
        int begin, end; /* rows of 100 where the target stays */
        nas_status status;
        const char *said;
    } cases[] = {
        {0, 0, NAS_OK, NULL},
        {70, 90, NAS_EINVAL, "target bee (\"b\") never changes in the validation set"},
        {0, 70, NAS_EINVAL, "target bee (\"b\") never changes in the training set"},
        {90, 100, NAS_OK, "target bee (\"b\") never changes in the test set"},
    };
    nas_forecast_task keys = {.series = config(NAS_MISSING_ERROR),
                              .time_split = {.validation = 0.2, .test = 0.1}};
    const nas_task task = {.own = &keys};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nas_err err = {0};
        nas_dataset d = {.task = &task, .folder = path};
        char *end = text + sprintf(text, "a,b\n");
        for (int r = 0; r < 100; r++)
            end += sprintf(end, "%d,%d\n", r * 31 % 17,
                           r >= cases[i].begin && r < cases[i].end ? 7 : r * 13 % 11);
        warned[0] = '\0';
        write_text(text);
        const nas_status st = nas_forecast_open(arena, &task, false, NULL, &log_to, &d, &err);
        nas_forecast_close(&d);
        unlink(path);
        if (st != cases[i].status) fail_msg("%zu: %d %s", i, st, err.text);
        const char *said = st == NAS_OK ? warned : err.text;
        if (cases[i].said ? !strstr(said, cases[i].said) : *warned) fail_msg("%zu: %s", i, said);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_odd, setup, teardown),
        cmocka_unit_test_setup_teardown(test_not_odd, setup, teardown),
        cmocka_unit_test_setup_teardown(test_odd_of_groups, setup, teardown),
        cmocka_unit_test_setup_teardown(test_named, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gaps, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gaps_at_breaks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gaps_of_groups, setup, teardown),
        cmocka_unit_test_setup_teardown(test_written, setup, teardown),
        cmocka_unit_test_setup_teardown(test_counters, setup, teardown),
        cmocka_unit_test_setup_teardown(test_still_counter, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wide_counter, setup, teardown),
        cmocka_unit_test_setup_teardown(test_constant_target, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
