/* tests/search/test_rivals.c - forecasts that need no search, several series in one table, and what
 * is drawn for bounds of them. */
#include "search/task/forecast/forecast.h"
#include "tests/fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const columns[] = {"t", "h"}, *const names[] = {"t", "h"};

static nas_task task_of(const char *group, bool timed, int32_t season, nas_time_split split) {
    nas_forecast_task *own = nas_arena_alloc(arena, sizeof *own, NULL);
    assert_non_null(own);
    *own = (nas_forecast_task){.series = {.n_inputs = 2,
                                          .inputs = columns,
                                          .n_targets = 2,
                                          .targets = columns,
                                          .names = names,
                                          .n_time = timed,
                                          .time = {"when"},
                                          .time_format = "%Y-%m-%d %H:%M",
                                          .group = group,
                                          .missing = 1,
                                          .season = season,
                                          .window = 5,
                                          .horizon = 4},
                               .time_split = split};
    return (nas_task){.ops = &nas_task_forecast, .own = own};
}

static const char golden[] = "tests/golden/rivals.csv";
static char warned[4096];

static void keep_warning(void *ctx, const char *text) {
    (void)ctx;
    strncat(warned, text, sizeof warned - strlen(warned) - 1);
}

static void open_data(const nas_task *task, const char *path, nas_dataset *d) {
    const nas_log log = {.warn = keep_warning};
    nas_err err = {0};
    warned[0] = '\0';
    if (nas_dataset_open(arena, task, path, false, NULL, &log, d, &err) != NAS_OK)
        fail_msg("%s", err.text);
}

static bool near(double x, double y) {
    return fabs(x - y) <= 2e-5 * fabs(y);
}

static void compare(const char *name, const nas_task *task) {
    nas_dataset d;
    char line[256], label[16], target[8];
    double carried, seasonal, linear;
    int found = 0;
    open_data(task, golden, &d);
    nas_tally t = nas_series_of(&d)->simple;
    if (!d.folds)
        nas_forecast_add_simple(nas_series_of(&d), &nas_series_of(&d)->part[NAS_VALIDATION],
                                nas_forecast_part_linear(nas_series_of(&d), NAS_VALIDATION), &t);
    FILE *f = fopen("tests/golden/rivals.txt", "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        assert_int_equal(
            sscanf(line, "%15s %7s %lf %lf %lf", label, target, &carried, &seasonal, &linear), 5);
        if (strcmp(label, name) != 0) continue;
        const nas_forecast_figures g =
            nas_forecast_figure(&nas_forecast_keys(task)->series, &t, found++);
        if (!near(g.carried, carried) || !near(g.seasonal, seasonal) || !near(g.linear, linear))
            fail_msg("%s%g %g %g", line, g.carried, g.seasonal, g.linear);
    }
    fclose(f);
    assert_int_equal(found, 2);
    nas_dataset_close(&d);
}

/* tests/golden/make_rivals.py: NumPy. */
static void test_numpy(void **state) {
    (void)state;
    const nas_time_split plain = {.validation = 0.3, .test = 0.2};
    const nas_time_split folds = {.test = 0.2, .folds = 3};
    const nas_task day = task_of("station", true, -1, plain); /* a season is a day of rows */
    const nas_task short_season = task_of("station", true, 3, plain);
    const nas_task rows = task_of("station", false, 24, plain);
    const nas_task in_turn = task_of("station", true, 24, folds);
    compare("groups", &day);
    compare("short", &short_season);
    compare("rows", &rows);
    compare("folds", &in_turn);
}

/* Without a time and a season of rows there is none. */
static void test_no_season(void **state) {
    (void)state;
    const nas_task task =
        task_of("station", false, -1, (nas_time_split){.validation = 0.3, .test = 0.2});
    nas_dataset d;
    nas_tally t = {0};
    open_data(&task, golden, &d);
    nas_forecast_add_simple(nas_series_of(&d), &nas_series_of(&d)->part[NAS_VALIDATION],
                            nas_forecast_part_linear(nas_series_of(&d), NAS_VALIDATION), &t);
    const nas_forecast_figures f = nas_forecast_figure(&nas_forecast_keys(&task)->series, &t, 0);
    assert_true(isnan(f.seasonal) && isnan(f.skill_seasonal) && f.carried > 0 && f.linear > 0);
    nas_dataset_close(&d);
}

static int32_t group_of(const nas_series *s, int32_t row) {
    int32_t g = 0;
    while (row >= s->group_begin[g + 1]) g++;
    return g;
}

/* By time each group lends rows to all parts, the later ones to test; no window has rows of two. */
static void test_by_time(void **state) {
    (void)state;
    const nas_task task =
        task_of("station", true, -1, (nas_time_split){.validation = 0.3, .test = 0.2});
    nas_dataset d;
    open_data(&task, golden, &d);
    const nas_series *s = nas_series_of(&d)->series;
    assert_int_equal(s->n_groups, 3);
    for (int p = 0; p < NAS_PARTS; p++)
        for (int32_t g = 0; g < 3; g++) {
            int32_t n = 0, least = INT32_MAX, most = 0;
            const int32_t rows = s->group_begin[g + 1] - s->group_begin[g];
            for (int32_t w = 0; w < d.part[p].n; w++) {
                const int32_t row = d.part[p].example[w];
                if (group_of(s, row) != g) continue;
                assert_int_equal(group_of(s, row + 8), g);
                if (row - s->group_begin[g] < least) least = row - s->group_begin[g];
                if (row + 8 - s->group_begin[g] > most) most = row + 8 - s->group_begin[g];
                n++;
            }
            static const double share[] = {0, 0.5, 0.8, 1};
            assert_true(n > 20 && least >= (int32_t)(rows * share[p]) &&
                        most < (int32_t)(rows * share[p + 1] + 1e-6));
        }
    /* B's first judged hour is 200, A's 188, C's 150, where the others still train. */
    if (!strstr(warned, "from 2024-03-07 06:00:00 to 2024-03-09 07:00:00 some groups train while "
                        "others are judged already"))
        fail_msg("%s", warned);
    nas_dataset_close(&d);
}

/* What is drawn is a day of all stations, not a day of each. */
static void test_days(void **state) {
    (void)state;
    const nas_task task =
        task_of("station", true, -1, (nas_time_split){.validation = 0.3, .test = 0.2});
    nas_dataset d;
    nas_example *e;
    int32_t n;
    open_data(&task, golden, &d);
    const nas_series *s = nas_series_of(&d)->series;
    assert_int_equal(d.n_groups, 17); /* 400 hours */
    for (int32_t i = 0; i < s->rows; i++)
        assert_int_equal(nas_series_of(&d)->block[i],
                         (s->time[i] - s->time[0]) / (86400 * NAS_SECOND));
    assert_string_equal(d.groups[0], "2024-03-01");
    assert_string_equal(d.groups[16], "2024-03-17");
    assert_int_equal(nas_forecast_examples(&d, arena, &e, &n, NULL), NAS_OK);
    /* In each day of C's last ones its hours and those of A and B are one sum. */
    double windows = 0;
    for (int32_t i = 0; i < n; i++)
        if (strcmp(e[i].part, "validation") == 0 && e[i].step == 1 && e[i].class[0] == 't')
            windows += e[i].windows;
    assert_true(windows == d.part[NAS_VALIDATION].n);
    nas_dataset_close(&d);
}

/* Whole groups, each in one part. */
static void test_by_group(void **state) {
    (void)state;
    const nas_task task = task_of(
        "station", true, -1, (nas_time_split){.validation = 0.3, .test = 0.2, .by = NAS_BY_GROUP});
    nas_dataset d;
    int32_t part_of[3] = {-1, -1, -1};
    open_data(&task, golden, &d);
    const nas_series *s = nas_series_of(&d)->series;
    for (int p = 0; p < NAS_PARTS; p++) {
        assert_true(d.part[p].n > 0);
        for (int32_t w = 0; w < d.part[p].n; w++) {
            int32_t *of = &part_of[group_of(s, d.part[p].example[w])];
            assert_true(*of == -1 || *of == p);
            *of = p;
        }
    }
    for (int g = 0; g < 3; g++) assert_true(part_of[g] >= 0);
    /* One judged group bounds nothing; its days do. */
    assert_int_equal(d.n_groups, 17);
    if (!strstr(warned, "1 of 3 groups are judged, fewer than 8: bounds are over days"))
        fail_msg("%s", warned);
    nas_dataset_close(&d);
    /* In turn: each of those that are not tested is judged once by a model of the others. */
    const nas_task folds =
        task_of("station", true, -1, (nas_time_split){.test = 0.2, .folds = 2, .by = NAS_BY_GROUP});
    open_data(&folds, golden, &d);
    int32_t judged = 0;
    for (int32_t k = 0; k < 2; k++) {
        nas_dataset fold;
        assert_int_equal(nas_dataset_fold(arena, &d, k, &fold, NULL), NAS_OK);
        judged += fold.part[NAS_VALIDATION].n;
        assert_true(fold.part[NAS_VALIDATION].n > 0 && fold.part[NAS_TEST].n == 0);
        assert_int_equal(fold.part[NAS_TRAIN].n + fold.part[NAS_VALIDATION].n, d.part[NAS_TRAIN].n);
    }
    assert_int_equal(judged, d.part[NAS_TRAIN].n);
    nas_dataset_close(&d);
    /* Two groups are too few. */
    const nas_task more =
        task_of("station", true, -1, (nas_time_split){.test = 0.2, .folds = 4, .by = NAS_BY_GROUP});
    nas_err err = {0};
    assert_int_equal(
        nas_dataset_open(arena, &more, "tests/golden/rivals.csv", false, NULL, NULL, &d, &err),
        NAS_EINVAL);
    if (!strstr(err.text, "\"station\" has 3 different words; to split by group needs 5"))
        fail_msg("%s", err.text);
}

/* Of many groups it is them that are drawn. */
static void test_draws_groups(void **state) {
    (void)state;
    static const char path[] = "nas_rivals_many.csv";
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("station,t,h\n", f);
    for (int g = 0; g < 40; g++)
        for (int i = 0; i < 30; i++)
            fprintf(f, "s%02d,%d,%d\n", g, (g + 7) * i * i % 17, (g + 3) * i * i % 13);
    fclose(f);
    const nas_task task = task_of(
        "station", false, -1, (nas_time_split){.validation = 0.3, .test = 0.2, .by = NAS_BY_GROUP});
    nas_dataset d;
    open_data(&task, path, &d);
    remove(path);
    assert_string_equal(warned, "");
    assert_int_equal(d.n_groups, 40);
    assert_int_equal(d.part[NAS_VALIDATION].n, 12 * 22);
    assert_int_equal(d.part[NAS_TEST].n, 8 * 22);
    for (int g = 0; g < 40; g++)
        assert_string_equal(d.groups[g], nas_series_of(&d)->series->group_name[g]);
    nas_dataset_close(&d);
}

/* A group that is too short lends nothing, and that is said. */
static void test_short_group(void **state) {
    (void)state;
    static const char path[] = "nas_rivals_short.csv";
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("station,t,h\n", f);
    for (int i = 0; i < 200; i++) fprintf(f, "A,%d,%d\n", i * i % 17, i * i % 13);
    for (int i = 0; i < 20; i++) fprintf(f, "B,%d,%d\n", i * i % 17, i * i % 13);
    fclose(f);
    const nas_task task =
        task_of("station", false, -1, (nas_time_split){.validation = 0.3, .test = 0.2});
    nas_dataset d;
    open_data(&task, path, &d);
    remove(path);
    if (!strstr(warned, "1 of 2 groups (the first \"B\") have no whole window of 5 + 4 rows in the "
                        "test set"))
        fail_msg("%s", warned);
    nas_dataset_close(&d);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_numpy, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_season, setup, teardown),
        cmocka_unit_test_setup_teardown(test_by_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_days, setup, teardown),
        cmocka_unit_test_setup_teardown(test_by_group, setup, teardown),
        cmocka_unit_test_setup_teardown(test_draws_groups, setup, teardown),
        cmocka_unit_test_setup_teardown(test_short_group, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
