/* tests/core/test_series.c - columns over time: windows, breaks, scaling, the linear forecast. */
#include "core/data/table/series.h"
#include "core/data/table/times.h"
#include "core/nn/train/batch.h"
#include "search/task/forecast/forecast.h"
#include "tests/fixture.h"
#include "tests/random_graph.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static char path[64];

static void write_text(const char *text) {
    strcpy(path, "/tmp/nas_series_XXXXXX");
    const int fd = mkstemp(path);
    const size_t n = strlen(text);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, n), (ssize_t)n);
    close(fd);
}

static const char *const a_b[] = {"a", "b"}, *const b_only[] = {"b"}, *const names[] = {"bee"};

static nas_series_config config(void) {
    return (nas_series_config){.n_inputs = 2,
                               .inputs = a_b,
                               .n_targets = 1,
                               .targets = b_only,
                               .names = names,
                               .window = 2,
                               .horizon = 1};
}

static nas_series *open_text(const char *text, const nas_series_config *k) {
    nas_err err = {0};
    nas_series *s;
    write_text(text);
    if (nas_series_open(path, k, NULL, &s, &err) != NAS_OK) fail_msg("%s", err.text);
    unlink(path);
    return s;
}

static void expect_windows(const nas_series *s, int32_t begin, int32_t end, int32_t n,
                           const int32_t *first) {
    nas_windows w;
    assert_int_equal(nas_windows_find(s, begin, end, arena, &w, NULL), NAS_OK);
    assert_int_equal(w.n, n);
    for (int32_t i = 0; i < n; i++) assert_int_equal(w.first[i], first[i]);
}

static void test_windows(void **state) {
    (void)state;
    const nas_series_config k = config();
    nas_series *s = open_text("b,x,a\n1,9,10\n2,9,20\n3,9,30\n4,9,40\n5,9,50\n", &k);
    assert_int_equal(s->rows, 5);
    for (int32_t i = 0; i < 5; i++) {
        assert_true(s->inputs[2 * i] == (float)(10 * (i + 1)));
        assert_true(s->inputs[2 * i + 1] == (float)(i + 1) && s->targets[i] == (float)(i + 1));
    }
    expect_windows(s, 0, 5, 3, (int32_t[]){0, 1, 2});
    expect_windows(s, 1, 4, 1, (int32_t[]){1});
    expect_windows(s, 1, 3, 0, NULL);
    /* Views of the rows as they lie. */
    const int32_t first[] = {2, 0};
    const uint32_t order[] = {1, 0};
    const nas_examples e = {.x = s->inputs,
                            .n = 2,
                            .h = 2,
                            .w = 2,
                            .first = first,
                            .values = s->targets + 2,
                            .outputs = 1,
                            .values_row = 1};
    float x[8], y[2];
    const nas_batch b = {.from = &e, .order = order, .n = 2, .x = x};
    nas_batch_gather(&b);
    nas_batch_values(&b, y);
    static const float expected[] = {10, 1, 20, 2, 30, 3, 40, 4};
    for (int i = 0; i < 8; i++) assert_true(x[i] == expected[i]);
    assert_true(y[0] == 3 && y[1] == 5);
    nas_series_close(s);
}

static void test_breaks(void **state) {
    (void)state;
    nas_series_config k = config();
    k.n_time = 1;
    k.time[0] = "t";
    k.time_format = "%H:%M";
    /* A gap after the fourth row, and a repeat at the end. */
    nas_series *s = open_text("t,a,b\n0:00,1,1\n0:10,2,1\n0:20,3,1\n0:30,4,1\n0:50,5,1\n1:00,6,1\n"
                              "1:10,7,1\n1:10,8,1\n",
                              &k);
    assert_int_equal(s->gaps, 1);
    assert_int_equal(s->repeats, 1);
    expect_windows(s, 0, 8, 3, (int32_t[]){0, 1, 4});
    nas_series_close(s);
    k.n_time = 0;
    k.missing = 1;
    s = open_text("t,a,b\n0,1,1\n0,2,1\n0,NA,1\n0,4,1\n0,5,\n0,6,1\n0,7,1\n0,8,1\n", &k);
    assert_int_equal(s->dropped, 2);
    expect_windows(s, 0, 8, 1, (int32_t[]){5});
    nas_scaling scaling;
    assert_int_equal(nas_scaling_find(s, 0, 8, arena, &scaling, NULL), NAS_EINVAL); /* b is 1 */
    nas_series_close(s);
}

static char warned[512];

static void keep_warning(void *ctx, const char *text) {
    (void)ctx;
    snprintf(warned, sizeof warned, "%s", text);
}

/* Most months have 31 days; the others repeat nothing. */
static void test_months(void **state) {
    (void)state;
    const nas_log log = {.warn = keep_warning};
    nas_series_config k = config();
    nas_series *s;
    nas_err err = {0};
    k.n_time = 1;
    k.time[0] = "t";
    k.time_format = "%Y-%m-%d";
    k.horizon = 2;
    write_text("t,a,b\n2023-01-31,1,2\n2023-02-28,1,3\n2023-03-31,1,5\n2023-04-30,1,7\n"
               "2023-05-31,1,2\n2023-06-30,1,3\n2023-07-31,1,5\n2023-08-31,1,7\n");
    if (nas_series_open(path, &k, &log, &s, &err) != NAS_OK) fail_msg("%s", err.text);
    assert_int_equal(s->gaps, 0);
    assert_int_equal(s->repeats, 0);
    assert_int_equal(s->irregular, 3);
    assert_int_equal(s->step, 31 * 86400 * NAS_SECOND);
    expect_windows(s, 0, 8, 0, NULL);
    if (!strstr(warned, "3 steps between rows are shorter than the usual one of 2678400 seconds") ||
        !strstr(warned, "Without task.time"))
        fail_msg("%s", warned);
    nas_series_close(s);
    /* What then has no windows says so too. */
    nas_forecast_task keys = {.series = k, .time_split = {.validation = 0.25, .test = 0.25}};
    const nas_task task = {.own = &keys};
    nas_dataset d = {.task = &task, .folder = path};
    assert_int_equal(nas_forecast_open(arena, &task, false, NULL, &log, &d, &err), NAS_EINVAL);
    if (!strstr(err.text, "leave task.time out")) fail_msg("%s", err.text);
    nas_forecast_close(&d);
    unlink(path);
}

/* A share of less than a row is no part. */
static void test_parts(void **state) {
    (void)state;
    static const struct {
        nas_time_split split;
        const char *text;
    } cases[] = {
        {{.validation = 0.2, .test = 0.2}, NULL},
        {{.validation = 0.02, .test = 0.23}, "the validation set has 0 rows"},
        {{.validation = 0.2, .test = 0.02}, "the test set has 1 rows"},
        {{.validation = 0.2, .test = 0.1}, "the test set has 2 rows"},
        {{.test = 0.2, .folds = 2}, NULL},
        {{.test = 0.02, .folds = 2}, "the test set has 1 rows"},
        {{.test = 0.2, .folds = 10}, "the training set has 1 rows"},
    };
    nas_err err = {0};
    write_text("a,b\n1,3\n2,1\n3,4\n5,1\n5,5\n6,9\n7,2\n9,6\n9,5\n10,3\n11,5\n12,8\n13,9\n"
               "14,7\n16,9\n16,3\n17,2\n18,3\n19,8\n20,4\n");
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        nas_forecast_task keys = {.series = config(), .time_split = cases[i].split};
        const nas_task task = {.own = &keys};
        nas_dataset d = {.task = &task, .folder = path};
        const nas_status st = nas_forecast_open(arena, &task, false, NULL, NULL, &d, &err);
        nas_forecast_close(&d);
        const char *want = cases[i].text;
        if (st != (want ? NAS_EINVAL : NAS_OK) || (want && !strstr(err.text, want)))
            fail_msg("%zu: %d: '%s', not '%s'", i, st, err.text, want ? want : "");
    }
    unlink(path);
}

/* float16 holds neither 1016 in a bias beside a deviation of 10, nor pascals. */
static void test_own_units(void **state) {
    (void)state;
    rg b = rg_start(arena, 1, 2, (int32_t[]){1, 4});
    rg_dense(&b, 1, NAS_ACT_NONE, true);
    nas_forecast_task keys = {.series = config()};
    nas_candidate c = {.task = {.own = &keys}};
    nas_series series = {0};
    assert_true(nas_forecast_is_own(&series, &c, &b.g));
    c.quantize.kind = NAS_FORMAT_FLOAT16;
    assert_false(nas_forecast_is_own(&series, &c, &b.g));
    c.quantize.kind = NAS_FORMAT_INT8;
    assert_false(nas_forecast_is_own(&series, &c, &b.g));
    c = (nas_candidate){.task = {.own = &keys}, .cluster = {.on = true}};
    assert_false(nas_forecast_is_own(&series, &c, &b.g));
}

static void test_time_inputs(void **state) {
    (void)state;
    static const char *const in[] = {"a", "hour_sin", "hour_cos", "year_sin", "year_cos"};
    nas_series_config k = config();
    k.n_inputs = 5;
    k.inputs = in;
    k.n_time = 4;
    k.time[0] = "y", k.time[1] = "m", k.time[2] = "d", k.time[3] = "h";
    nas_series *s = open_text("y,m,d,h,a,b\n2010,1,1,0,1,2\n2010,7,2,12,1,2\n", &k);
    static const float expected[2][5] = {{1, 0, 1, 0, 1}, {1, 0, -1, 0, -1}};
    for (int r = 0; r < 2; r++)
        for (int i = 0; i < 5; i++)
            assert_true(fabsf(s->inputs[5 * r + i] - expected[r][i]) < 1e-6f);
    nas_series_close(s);
}

/* A word is 1 where the cell is it, all of it; a column of that very name is read as numbers. */
static void test_words(void **state) {
    (void)state;
    static const char *const in[] = {"wind=NW", "wind=N", "b=2"};
    nas_series_config k = config();
    k.n_inputs = 3;
    k.inputs = in;
    nas_series *s = open_text("wind,b,b=2\nNW,1,5\nN,2,6\n\"NW\",2,7\nNA,2,8\n", &k);
    static const float expected[4][3] = {{1, 0, 5}, {0, 1, 6}, {1, 0, 7}, {0, 0, 8}};
    for (int r = 0; r < 4; r++)
        for (int i = 0; i < 3; i++) assert_true(s->inputs[3 * r + i] == expected[r][i]);
    nas_series_close(s);
}

static void expect_bad(const char *text, const nas_series_config *k, nas_status status,
                       const char *what) {
    nas_err err = {0};
    nas_series *s;
    write_text(text);
    const nas_status st = nas_series_open(path, k, NULL, &s, &err);
    unlink(path);
    if (st != status || !strstr(err.text, what)) fail_msg("%d: '%s', not '%s'", st, err.text, what);
}

static void test_bad(void **state) {
    (void)state;
    static const char *const hour[] = {"a", "hour_sin"};
    static const char *const near[] = {"a", "humidty"};
    nas_series_config k = config();
    expect_bad("a,c\n1,2\n", &k, NAS_EINVAL, ":1: no column \"b\"");
    expect_bad("a,b\n1,2\n1,NA\n", &k, NAS_EFORMAT,
               ":3: column \"b\": expected a number (\"missing\": \"drop\"");
    expect_bad("a,b\n1,2\n,3\n", &k, NAS_EFORMAT, ":3: column \"a\"");
    k.inputs = near;
    expect_bad("a,humidity,b\n1,2,3\n", &k, NAS_EINVAL, "did you mean \"humidity\"?");
    k.inputs = hour;
    expect_bad("a,b\n1,2\n", &k, NAS_EINVAL, "hour_sin is made of the time");
    k.n_time = 1;
    k.time[0] = "t";
    k.time_format = "%H:%M";
    expect_bad("t,a,b\n1:00,1,1\n2:00,1,1\n1:30,1,1\n", &k, NAS_EFORMAT,
               ":4: the time goes back, to 1970-01-01 01:30:00 after 1970-01-01 02:00:00");
    expect_bad("t,a,b\n1:00,1,1\n24:01,1,1\n", &k, NAS_EFORMAT,
               ":3: column \"t\": expected a time like %H:%M, got \"24:01\"");
    k.time_format = NULL;
    expect_bad("t,a,b\n2010.5,1,1\n", &k, NAS_EFORMAT, "expected an integer, a part of the time");
    k.n_time = 3;
    k.time[1] = "a", k.time[2] = "b";
    expect_bad("t,a,b\n2010,2,30\n", &k, NAS_EFORMAT, ":2: there is no time 2010-2-30 0:0:0");
}

/* b follows a exactly: the linear forecast finds it, whatever the units. */
static bool always(void *ctx) {
    (void)ctx;
    return true;
}

static void test_linear(void **state) {
    (void)state;
    enum { ROWS = 300 };
    char *text = nas_arena_alloc(arena, 64 * ROWS, NULL), *end = text;
    double a[ROWS], b[ROWS];
    for (int i = 0; i < ROWS; i++) {
        a[i] = 1000 + 20 * sin(0.7 * i * i);
        b[i] = i > 1 ? 3 * a[i - 1] - 2 * a[i - 2] + 0.5 * b[i - 1] + 7 : 2000;
    }
    end += sprintf(end, "a,b\n");
    for (int i = 0; i < ROWS; i++) end += sprintf(end, "%.6f,%.6f\n", a[i], b[i]);
    const nas_series_config k = config();
    nas_series *s = open_text(text, &k);
    nas_windows w;
    nas_scaling z;
    const double *linear;
    float *x = nas_arena_array(arena, 2 * ROWS, sizeof *x, NULL);
    float *y = nas_arena_array(arena, ROWS, sizeof *y, NULL);
    assert_int_equal(nas_windows_find(s, 2, ROWS, arena, &w, NULL), NAS_OK);
    assert_int_equal(nas_scaling_find(s, 2, ROWS, arena, &z, NULL), NAS_OK);
    nas_scaling_apply(z.mean, z.deviation, ROWS, 2, s->inputs, x);
    nas_scaling_apply(z.target_mean, z.target_deviation, ROWS, 1, s->targets, y);
    double mean = 0, square = 0;
    for (int i = 2; i < ROWS; i++) mean += a[i] / (ROWS - 2);
    for (int i = 2; i < ROWS; i++) square += (a[i] - mean) * (a[i] - mean) / (ROWS - 2);
    assert_true(fabs((double)z.mean[0] - mean) < 1e-3);
    assert_true(fabs((double)z.deviation[0] - sqrt(square)) < 1e-3);
    assert_int_equal(nas_linear_fit(s, &w, x, y, NULL, arena, &linear, NULL), NAS_OK);
    assert_non_null(linear);
    for (int32_t i = 0; i < w.n; i++) {
        double v = linear[4];
        for (int j = 0; j < 4; j++) v += linear[j] * (double)x[2 * w.first[i] + j];
        assert_true(fabs(v - (double)y[w.first[i] + 2]) < 1e-3);
    }
    /* Whoever stops it gets no half of a fit. */
    const nas_log log = {.stop = always};
    nas_err err = {0};
    assert_int_equal(nas_linear_fit(s, &w, x, y, &log, arena, &linear, &err), NAS_ESTOP);
    assert_null(linear);
    nas_series_close(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_windows, setup, teardown),
        cmocka_unit_test_setup_teardown(test_breaks, setup, teardown),
        cmocka_unit_test_setup_teardown(test_months, setup, teardown),
        cmocka_unit_test_setup_teardown(test_parts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_own_units, setup, teardown),
        cmocka_unit_test_setup_teardown(test_time_inputs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_words, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad, setup, teardown),
        cmocka_unit_test_setup_teardown(test_linear, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
