/* tests/core/test_times.c - texts of times, the order of rows, groups, seasons. */
#include "core/data/table/series.h"
#include "tests/fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

static void expect_time(const char *format, const char *text, const char *shown) {
    nas_instant s;
    char out[32];
    assert_null(nas_time_format_wrong(format));
    assert_true(nas_time_parse(format, text, (int32_t)strlen(text), &s));
    nas_time_show(s.micros / NAS_SECOND, out);
    assert_string_equal(out, shown);
}

static void test_times(void **state) {
    (void)state;
    nas_instant s;
    expect_time("%d.%m.%Y %H:%M:%S", "09.06.2024 11:40:00", "2024-06-09 11:40:00");
    expect_time("%m/%d/%y %H:%M", "1/1/17 0:10", "2017-01-01 00:10:00");
    expect_time("%Y-%m-%dT%H:%M:%S", "1970-12-31T23:59:59", "1970-12-31 23:59:59");
    expect_time("%Y%m%d", "20000229", "2000-02-29 00:00:00");
    static const char *const none[] = {"31.04.2024", "29.02.2023", "1.13.2024", "1.1",
                                       "1.1.2024x",  "",           "a.1.2024",  "0.1.2024"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_false(nas_time_parse("%d.%m.%Y", none[i], (int32_t)strlen(none[i]), &s));
    assert_non_null(nas_time_format_wrong("%Q"));
    assert_non_null(nas_time_format_wrong("%"));
    assert_non_null(nas_time_format_wrong("day"));
    /* The C library's calendar over four hundred years and more. */
    for (int64_t t = -8000000000; t < 12000000000; t += 86400 * 17 + 4321) {
        const time_t as = (time_t)t;
        struct tm tm;
        char theirs[64], ours[32];
        gmtime_r(&as, &tm);
        strftime(theirs, sizeof theirs, "%Y-%m-%d %H:%M:%S", &tm);
        nas_time_show(t, ours);
        assert_string_equal(ours, theirs);
        assert_true(nas_time_parse("%Y-%m-%d %H:%M:%S", ours, (int32_t)strlen(ours), &s));
        assert_true(s.micros == t * NAS_SECOND && !s.offset);
        const int days =
            (tm.tm_year % 4 == 0 && tm.tm_year % 100 != 0) || (tm.tm_year + 1900) % 400 == 0 ? 366
                                                                                             : 365;
        const double day = (tm.tm_hour * 3600 + tm.tm_min * 60 + tm.tm_sec) / 86400.0;
        assert_true(fabs(nas_time_of_day(t) - day) < 1e-12);
        assert_true(fabs(nas_time_of_year(t) - (tm.tm_yday + day) / days) < 1e-12);
    }
}

/* tests/golden/make_times.py: Python's datetime. */
static void test_datetime(void **state) {
    (void)state;
    char line[256];
    int lines = 0;
    FILE *f = fopen("tests/golden/times.txt", "r");
    assert_non_null(f);
    for (; fgets(line, sizeof line, f); lines++) {
        char *text = strchr(line, '|'), *micros = strchr(text + 1, '|'), *offset;
        nas_instant t;
        *text++ = *micros++ = '\0';
        assert_null(nas_time_format_wrong(line));
        if (!nas_time_parse(line, text, (int32_t)strlen(text), &t)) fail_msg("%s: %s", line, text);
        if (t.micros != strtoll(micros, &offset, 10) || t.offset != atoi(offset + 1))
            fail_msg("%s: %s became %lld", line, text, (long long)t.micros);
        assert_true(nas_time_is_local(line) == !strstr(line, "%z"));
    }
    fclose(f);
    assert_int_equal(lines, 156);
}

static int64_t micros_of(const char *format, const char *text) {
    nas_instant t;
    if (!nas_time_parse(format, text, (int32_t)strlen(text), &t)) fail_msg("%s", text);
    return t.micros;
}

/* What datetime does not read. */
static void test_other_times(void **state) {
    (void)state;
    nas_instant t;
    const int64_t noon = INT64_C(1709294400);
    assert_true(micros_of("epoch_s", "1709294400") == noon * NAS_SECOND);
    assert_true(micros_of("epoch_s", " 1709294400.25 ") == noon * NAS_SECOND + NAS_SECOND / 4);
    assert_true(micros_of("epoch_ms", "1709294400250") == noon * NAS_SECOND + NAS_SECOND / 4);
    assert_true(micros_of("epoch_s", "-1") == -NAS_SECOND);
    assert_false(nas_time_parse("epoch_s", "1709294400250", 13, &t)); /* the year 56134 */
    assert_false(nas_time_parse("epoch_s", "1e9", 3, &t));
    assert_true(micros_of("%Y-%m-%d %H:%M", "2024-02-29 24:00") ==
                micros_of("%Y-%m-%d %H:%M", "2024-03-01 0:00"));
    assert_true(micros_of("%Y-%m-%d %H:%M:%S.%f", "2024-03-01 12:00:00.123456789") ==
                noon * NAS_SECOND + 123456);
    assert_true(micros_of("%F %T", "2024-03-01\t12:00:00") == noon * NAS_SECOND);
    assert_true(micros_of("%d. %b %Y %I %p", " 1. Sept 2024 12 a.m.") ==
                micros_of("%F", "2024-09-01"));
    assert_true(micros_of("%FT%T%z", "2024-03-01T12:00:00Z") == noon * NAS_SECOND);
    static const char *const none[][2] = {{"%Y-%m-%d %H:%M", "2024-02-29 24:01"},
                                          {"%Y-%m-%d %H:%M", "2024-02-29 25:00"},
                                          {"%Y %j", "2023 366"},
                                          {"%Y %j", "2023 0"},
                                          {"%d %b %Y", "1 Foo 2024"},
                                          {"%d %b %Y", "1 Ju 2024"},
                                          {"%I:%M %p", "13:00 PM"},
                                          {"%I:%M %p", "0:30 AM"},
                                          {"%T", "12:00:60"},
                                          {"%T%z", "12:00:00 UTC"}};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        if (nas_time_parse(none[i][0], none[i][1], (int32_t)strlen(none[i][1]), &t))
            fail_msg("%s: %s", none[i][0], none[i][1]);
    static const char *const wrong[] = {"%H:%M %p", "%I:%M", "%H %I %p", "%Y %j %m",
                                        "%Y %y",    "%F %d", "%b %m",    "epoch"};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (!nas_time_format_wrong(wrong[i])) fail_msg("%s", wrong[i]);
}

static void test_guess(void **state) {
    (void)state;
    static const char *const pairs[][2] = {{"2024-03-01 12:00:00", "%Y-%m-%d %H:%M:%S"},
                                           {"16/12/2006 17:24:00", "%d/%m/%Y %H:%M:%S"},
                                           {"12/16/2006 5:24:00 PM", "%m/%d/%Y %I:%M:%S %p"},
                                           {"10/03/2004 18.00.00", "%d/%m/%Y %H.%M.%S"},
                                           {"2024-03-01T12:00:00+01:00", "%Y-%m-%dT%H:%M:%S%z"},
                                           {"1-Mar-2024 12:00", "%d-%b-%Y %H:%M"},
                                           {"01/03/24", "%d/%m/%y"},
                                           {"1709294400", "epoch_s"},
                                           {"1709294400250", "epoch_ms"}};
    char out[64];
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        assert_true(nas_time_guess(pairs[i][0], (int32_t)strlen(pairs[i][0]), out, sizeof out));
        assert_string_equal(out, pairs[i][1]);
    }
    assert_false(nas_time_guess("yesterday", 9, out, sizeof out));
}

/* --- rows over time --- */

static char warned[4096], path[64];

static void keep_warning(void *ctx, const char *text) {
    (void)ctx;
    strncat(warned, text, sizeof warned - strlen(warned) - 1);
}

static const char *const v_only[] = {"v"}, *const names[] = {"vee"};

static nas_series_config config(const char *time, const char *format) {
    nas_series_config k = {.n_inputs = 1,
                           .inputs = v_only,
                           .n_targets = 1,
                           .targets = v_only,
                           .names = names,
                           .window = 2,
                           .horizon = 1,
                           .n_time = time ? 1 : 0,
                           .time = {time},
                           .time_format = format};
    return k;
}

/* NULL after an error, which is in *err. */
static nas_series *read_text(const char *text, const nas_series_config *k, nas_err *err) {
    const nas_log log = {.warn = keep_warning};
    nas_series *s;
    strcpy(path, "/tmp/nas_times_XXXXXX");
    const int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, strlen(text)), (ssize_t)strlen(text));
    close(fd);
    warned[0] = '\0';
    *err = (nas_err){0};
    (void)!nas_series_open(path, k, &log, &s, err);
    unlink(path);
    return s;
}

static nas_series *opened(const char *text, const nas_series_config *k) {
    nas_err err;
    nas_series *s = read_text(text, k, &err);
    if (!s) fail_msg("%s", err.text);
    return s;
}

static void refused(const char *text, const nas_series_config *k, const char *what) {
    nas_err err;
    nas_series *s = read_text(text, k, &err);
    if (s || !strstr(err.text, what)) fail_msg("'%s', not '%s'", err.text, what);
}

static void says(const char *what) {
    if (!strstr(warned, what)) fail_msg("'%s', not '%s'", warned, what);
}

static void expect_windows(const nas_series *s, int32_t n, const int32_t *first) {
    nas_windows w;
    assert_int_equal(nas_windows_find(s, 0, s->rows, arena, &w, NULL), NAS_OK);
    assert_int_equal(w.n, n);
    for (int32_t i = 0; i < n; i++) assert_int_equal(w.first[i], first[i]);
}

static void test_two_columns(void **state) {
    (void)state;
    static const char *const in[] = {"v", "hour_sin"};
    nas_series_config k = config("date", "%d/%m/%Y %H.%M");
    k.n_time = 2;
    k.time[1] = "clock";
    k.n_inputs = 2;
    k.inputs = in;
    nas_series *s =
        opened("date;clock;v\n1/2/2024;6.00;1\n1/2/2024;18.00;2\n2/2/2024;6.00;3\n", &k);
    assert_true(s->step == 12 * 3600 * NAS_SECOND);
    assert_true(s->time[0] == micros_of("%F %T", "2024-02-01 06:00:00"));
    assert_true(s->inputs[1] > 0.999f && s->inputs[3] < -0.999f);
    expect_windows(s, 1, (int32_t[]){0});
    nas_series_close(s);
    refused("date;clock;v\n1/2/2024;6:00;1\n", &k, "got \"1/2/2024 6:00\"");
    /* Without a format they are numbers. */
    k.time_format = NULL;
    refused("date;clock;v\n16/12/2006;17:24:00;1\n", &k, "\"format\": \"%d/%m/%Y %H:%M:%S\"");
    /* Hours 1 to 24. */
    refused("date;clock;v\n6/12/2006;17:24:00;1\n", &k,
            "\"format\": \"%d/%m/%Y %H:%M:%S\", or the month first in task.time");
    k.time[0] = "y", k.time[1] = "m", k.time[2] = "d", k.time[3] = "h";
    k.n_time = 4;
    k.n_inputs = 1;
    s = opened("y,m,d,h,v\n2024,2,29,23,1\n2024,2,29,24,2\n2024,3,1,1,3\n", &k);
    assert_true(s->gaps == 0 && s->step == 3600 * NAS_SECOND);
    nas_series_close(s);
}

static void test_offsets(void **state) {
    (void)state;
    static const char *const in[] = {"hour_cos"};
    nas_series_config k = config("t", "%Y-%m-%dT%H:%M:%S%z");
    k.inputs = in;
    /* An hour is left out of the clock, not of the time; hours of the day are the clock's. */
    nas_series *s = opened("t,v\n2024-03-31T00:00:00+01:00,1\n2024-03-31T01:00:00+01:00,2\n"
                           "2024-03-31T03:00:00+02:00,3\n2024-03-31T04:00:00+02:00,4\n",
                           &k);
    assert_true(s->gaps == 0 && s->time[0] == micros_of("%F %T", "2024-03-30 23:00:00"));
    for (int i = 0; i < 4; i++)
        assert_true(fabs((double)s->inputs[i] - cos((i + (i > 1)) * M_PI / 12)) < 1e-6);
    assert_string_equal(warned, "");
    nas_series_close(s);
}

static void test_summer_time(void **state) {
    (void)state;
    nas_series_config k = config("t", "%Y-%m-%d %H:%M");
    nas_series *s = opened("t,v\n2024-03-31 00:00,1\n2024-03-31 01:00,2\n2024-03-31 03:00,3\n"
                           "2024-03-31 04:00,4\n2024-03-31 05:00,5\n",
                           &k);
    says("at 1 places the clock goes forward or back by an hour at night, as summer time makes it, "
         "the first at line 4, after 2024-03-31 01:00:00");
    expect_windows(s, 1, (int32_t[]){2});
    nas_series_close(s);
    s = opened("t,v\n2024-10-27 01:30,1\n2024-10-27 02:00,1\n2024-10-27 02:30,2\n"
               "2024-10-27 02:00,3\n2024-10-27 02:30,4\n2024-10-27 03:00,5\n",
               &k);
    says("at 1 places the clock goes forward or back");
    assert_int_equal(s->repeats, 1);
    expect_windows(s, 2, (int32_t[]){0, 3});
    nas_series_close(s);
    /* Twice in a night is no summer time, nor is noon. */
    refused("t,v\n2024-10-27 02:00,1\n2024-10-27 02:30,2\n2024-10-27 02:00,3\n"
            "2024-10-27 02:30,4\n2024-10-27 02:00,5\n2024-10-27 02:30,6\n2024-10-27 03:00,6\n",
            &k, ":6: the time goes back");
    refused("t,v\n2024-10-27 12:00,1\n2024-10-27 12:30,2\n2024-10-27 12:00,3\n"
            "2024-10-27 12:30,4\n2024-10-27 13:00,5\n",
            &k, ":4: the time goes back, to 2024-10-27 12:00:00 after 2024-10-27 12:30:00");
}

static void test_jitter(void **state) {
    (void)state;
    const char *text = "t,v\n2024-01-01 00:00:00.000,1\n2024-01-01 00:00:59.500,2\n"
                       "2024-01-01 00:02:00.250,3\n2024-01-01 00:03:00.000,4\n"
                       "2024-01-01 00:10:00.000,5\n2024-01-01 00:11:00.000,6\n";
    nas_series_config k = config("t", "%Y-%m-%d %H:%M:%S.%f");
    nas_series *s = opened(text, &k);
    says("3 of 5 steps between rows differ from 60 seconds by up to 0.75; to count them as even, "
         "set \"tolerance_seconds\": 0.75 in task.time");
    assert_true(s->jitter == NAS_SECOND * 3 / 4);
    nas_series_close(s);
    k.tolerance = 1;
    s = opened(text, &k);
    assert_true(s->gaps == 1 && s->irregular == 0 && s->step == 60 * NAS_SECOND);
    expect_windows(s, 2, (int32_t[]){0, 1});
    nas_series_close(s);
}

static void test_reasons(void **state) {
    (void)state;
    nas_series_config k = config("t", "%Y-%m-%d %H:%M");
    const char *stacked = "id,t,v\nA,2024-01-01 00:00,1\nA,2024-01-01 01:00,2\n"
                          "A,2024-01-01 02:00,3\nA,2024-01-01 03:00,4\nB,2024-01-01 00:00,5\n"
                          "B,2024-01-01 01:00,6\nB,2024-01-01 02:00,7\nB,2024-01-01 03:00,8\n";
    refused(stacked, &k,
            ":6: the time goes back, to 2024-01-01 00:00:00 after 2024-01-01 03:00:00; column "
            "\"id\" (2 different words) tells rows apart whose times rise: set \"group\": \"id\" "
            "in task");
    refused("t,id,v\n2024-01-01 00:00,A,1\n2024-01-01 00:00,B,2\n2024-01-01 01:00,A,3\n"
            "2024-01-01 01:00,B,4\n2024-01-01 02:00,A,5\n2024-01-01 02:00,B,6\n"
            "2024-01-01 03:00,A,7\n2024-01-01 03:00,B,8\n",
            &k, "4 of 8 rows have the time of the row before; column \"id\"");
    refused("t,v\n2024-01-01 02:00,1\n2024-01-01 01:00,2\n2024-01-01 00:00,3\n", &k,
            "the rows run from the newest to the oldest");
    refused("t,v\n2024-01-01 11:00,1\n2024-01-01 12:00,2\n2024-01-01 01:00,3\n"
            "2024-01-01 02:00,3\n",
            &k, "%I and %p");
    refused("t,v\n2024-01-01 11:00,1\n2024-01-01 12:00,2\n2024-01-01 10:00,3\n"
            "2024-01-01 13:00,3\n",
            &k, "sort the rows, or leave task.time out");
    k = config("t", "%Y-%m-%d");
    nas_series_close(opened("t,clock,v\n2024-01-01,0:00,1\n2024-01-01,6:00,2\n"
                            "2024-01-01,12:00,2\n2024-01-01,18:00,2\n2024-01-02,0:00,1\n"
                            "2024-01-02,6:00,2\n2024-01-02,12:00,2\n2024-01-02,18:00,2\n"
                            "2024-01-03,0:00,1\n2024-01-03,6:00,2\n2024-01-03,12:00,2\n"
                            "2024-01-03,18:00,2\n2024-01-04,0:00,1\n2024-01-04,6:00,2\n"
                            "2024-01-04,12:00,2\n2024-01-04,18:00,2\n",
                            &k));
    says("column \"clock\" looks like the clock: set \"columns\": [\"t\", \"clock\"]");
    /* An hour in a column of its own is one too, where the time has none. */
    nas_series_close(opened("t,hour,v\n2024-01-01,0,1\n2024-01-01,12,2\n2024-01-02,0,3\n"
                            "2024-01-02,12,4\n2024-01-03,0,5\n2024-01-03,12,6\n2024-01-04,0,7\n"
                            "2024-01-04,12,8\n",
                            &k));
    says("column \"hour\" looks like the clock");
    nas_series_close(opened("t,clock,v\n2024-01-01,0:00,1\n2024-01-01,0:01,2\n"
                            "2024-01-01,0:02,3\n2024-01-01,0:03,4\n",
                            &k));
    says("column \"clock\" looks like the clock");
    refused("t,id,v\n2024-01-01,A,1\n2024-01-01,B,2\n2024-01-02,A,3\n2024-01-02,B,4\n"
            "2024-01-03,A,5\n2024-01-03,B,6\n2024-01-04,A,7\n2024-01-04,B,8\n",
            &k, "set \"group\": \"id\"");
    k = config("t", "%H:%M");
    refused("t,v\n22:00,1\n23:00,2\n0:00,3\n1:00,3\n", &k, "the times have no day");
    k = config("t", "epoch_ms");
    nas_series_close(opened("t,v\n1709294400,1\n1709298000,2\n1709301600,3\n", &k));
    says("set \"format\": \"epoch_s\"");
}

/* Rows of a group come together; no window has rows of two. */
static void test_groups(void **state) {
    (void)state;
    nas_series_config k = config("t", "%H");
    k.group = "id";
    nas_series *s = opened("t,id,v\n1,B,10\n1,A,1\n2,B,20\n2, A ,2\n3,A,3\n5,A,5\n3,B,30\n4,B,40\n"
                           "6,A,6\n7,A,7\n5,C,100\n",
                           &k);
    static const float values[] = {1, 2, 3, 5, 6, 7, 10, 20, 30, 40, 100};
    assert_int_equal(s->n_groups, 3);
    assert_string_equal(s->group_name[0], "A");
    assert_string_equal(s->group_name[1], "B");
    assert_true(s->group_begin[1] == 6 && s->group_begin[2] == 10 && s->group_begin[3] == 11);
    for (int i = 0; i < 11; i++) assert_true(s->targets[i] == values[i]);
    assert_int_equal(s->gaps, 1);
    expect_windows(s, 4, (int32_t[]){0, 3, 6, 7});
    nas_series_close(s);
    refused("t,id,v\n1,B,10\n1,A,1\n2,B,20\n1,B,2\n", &k,
            ":5: the time goes back, to 1970-01-01 01:00:00 after 1970-01-01 02:00:00 (id \"B\")");
    refused("t,id,v\n1,B,10\n1,,1\n", &k, ":3: column \"id\": expected whose row it is");
    k = config(NULL, NULL);
    k.group = "id";
    s = opened("id,v\nA,1\nB,2\nA,3\nB,4\nA,5\nB,6\n", &k);
    expect_windows(s, 2, (int32_t[]){0, 3});
    nas_series_close(s);
    /* Names stand in files of JSON, so they are UTF-8 whatever the table is. */
    s = opened("id,v\nZ\xfcrich,1\nBern,2\nZ\xfcrich,3\n", &k);
    assert_int_equal(s->n_groups, 2);
    assert_string_equal(s->group_name[0], "Bern");
    assert_string_equal(s->group_name[1], "Z\xc3\xbcrich");
    nas_series_close(s);
}

/* The row a season before: by the time, so that a gap does not shift it; never of another group. */
static void test_season(void **state) {
    (void)state;
    nas_series_config k = config("t", "%d %H");
    k.missing = 1;
    nas_series *s = opened("t,v\n1 0,1\n1 6,2\n1 12,3\n1 18,4\n2 0,5\n2 12,7\n2 18,8\n3 0,\n"
                           "3 6,10\n3 12,11\n3 18,12\n4 0,13\n",
                           &k);
    static const int32_t season[] = {-1, -1, -1, -1, 0, 2, 3, 4, -1, 5, 6, -1};
    for (int i = 0; i < 12; i++) assert_int_equal(s->season[i], season[i]);
    nas_series_close(s);
    k = config(NULL, NULL);
    s = opened("v\n1\n2\n", &k);
    assert_null(s->season);
    nas_series_close(s);
    k.season = 2;
    k.group = "id";
    s = opened("id,v\nA,1\nA,3\nA,5\nB,2\nB,4\nB,6\n", &k);
    static const int32_t by_rows[] = {-1, -1, 0, -1, -1, 3};
    for (int i = 0; i < 6; i++) assert_int_equal(s->season[i], by_rows[i]);
    assert_string_equal(warned, "");
    nas_series_close(s);
    k.season = 3;
    nas_series_close(opened("id,v\nA,1\nA,3\nA,5\nB,2\nB,4\nB,6\n", &k));
    says("no row has another one task.season (3 rows) before it");
}

/* A time that stands twice, and a clock that is put back, do not end the seasons behind them. */
static void test_season_over_breaks(void **state) {
    (void)state;
    nas_series_config k = config("t", "%d %H");
    nas_series *s = opened("t,v\n1 0,1\n1 6,2\n1 6,3\n1 12,4\n1 18,5\n2 0,6\n2 6,7\n2 12,8\n"
                           "2 18,9\n3 0,10\n",
                           &k);
    static const int32_t twice[] = {-1, -1, -1, -1, -1, 0, 2, 3, 4, 5};
    for (int i = 0; i < 10; i++) assert_int_equal(s->season[i], twice[i]);
    nas_series_close(s);
    k = config("t", "%Y-%m-%d %H:%M");
    k.season = 2;
    s = opened("t,v\n2024-10-27 01:30,1\n2024-10-27 02:00,2\n2024-10-27 02:30,3\n"
               "2024-10-27 02:00,4\n2024-10-27 02:30,5\n2024-10-27 03:00,6\n"
               "2024-10-27 03:30,7\n2024-10-27 04:00,8\n",
               &k);
    static const int32_t back[] = {-1, -1, 0, -1, 0, 1, 4, 5};
    for (int i = 0; i < 8; i++) assert_int_equal(s->season[i], back[i]);
    nas_series_close(s);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_datetime),
        cmocka_unit_test(test_other_times),
        cmocka_unit_test(test_guess),
        cmocka_unit_test_setup_teardown(test_two_columns, setup, teardown),
        cmocka_unit_test_setup_teardown(test_offsets, setup, teardown),
        cmocka_unit_test_setup_teardown(test_summer_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_jitter, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reasons, setup, teardown),
        cmocka_unit_test_setup_teardown(test_groups, setup, teardown),
        cmocka_unit_test_setup_teardown(test_season, setup, teardown),
        cmocka_unit_test_setup_teardown(test_season_over_breaks, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
