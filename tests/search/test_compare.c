/* tests/search/test_compare.c - neighbours and their paired means, beside SciPy's. */
#include "search/estimate/compare.h"
#include "tests/fixture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { ROOM = 64, WIDTH = 0, PRUNE, TO, FRONT, PARAMS };

typedef struct table {
    int32_t n;
    nas_value param[ROOM][PARAMS];
    double metric[ROOM][2];
    char front[ROOM][8];
} table;

static nas_value null_value(void) {
    return (nas_value){.is_null = true};
}

static nas_value integer(int64_t v) {
    return (nas_value){.type = NAS_COLUMN_INTEGER, .integer = v};
}

static nas_value real(double v) {
    return (nas_value){.type = NAS_COLUMN_REAL, .real = v};
}

static double number(const char *s) {
    return strcmp(s, "-") == 0 ? (double)NAN : atof(s);
}

/* One line of the golden file; false where it is of another kind. */
static bool add_row(table *t, const char *line) {
    char width[32], to[32], accuracy[32], bytes[32];
    if (sscanf(line, "row %31s %31s %7s %31s %31s", width, to, t->front[t->n], accuracy, bytes) !=
        5)
        return false;
    const bool pruned = strcmp(to, "-") != 0;
    nas_value *p = t->param[t->n];
    p[WIDTH] = real(atof(width));
    p[PRUNE] = pruned ? integer(1) : null_value();
    p[TO] = pruned ? real(atof(to)) : null_value();
    p[FRONT] = (nas_value){.type = NAS_COLUMN_TEXT, .text = t->front[t->n]};
    t->metric[t->n][0] = number(accuracy);
    t->metric[t->n][1] = number(bytes);
    t->n++;
    return true;
}

static const bool ratio[] = {false, true};

static void compare(const table *t, nas_contrast **v, int32_t *n) {
    const nas_compare_table c = {.rows = t->n,
                                 .params = PARAMS,
                                 .metrics = 2,
                                 .param = &t->param[0][0],
                                 .metric = &t->metric[0][0],
                                 .ratio = ratio,
                                 .size = ratio};
    nas_err err;
    assert_int_equal(nas_compare_trials(&c, arena, v, n, &err), NAS_OK);
}

/* The name of a contrast in the golden file. */
static bool is_named(const table *t, const nas_contrast *c, const char *name) {
    const nas_value *from = t->param[c->from], *to = t->param[c->to];
    if (strcmp(name, "width") == 0)
        return c->param == WIDTH && from[WIDTH].real == 1 && to[WIDTH].real == 0.5;
    if (strncmp(name, "prune-", 6) == 0)
        return c->param == PRUNE && from[PRUNE].is_null && to[TO].real == atof(name + 6);
    if (strcmp(name, "to") == 0) return c->param == TO && from[TO].real == 0.7;
    return c->param == FRONT && strcmp(from[FRONT].text, "a") == 0;
}

static void expect_close(const char *name, double got, double wanted) {
    if (!(fabs(got - wanted) <= 1e-10 * (1 + fabs(wanted))))
        fail_msg("%s: %.15g, expected %.15g", name, got, wanted);
}

static void expect_contrast(const table *t, const nas_contrast *v, int32_t n, const char *line) {
    char name[32];
    int pairs;
    double w[6];
    assert_int_equal(sscanf(line, "contrast %31s %d %lf %lf %lf %lf %lf %lf", name, &pairs, &w[0],
                            &w[1], &w[2], &w[3], &w[4], &w[5]),
                     8);
    for (int32_t k = 0; k < n; k++) {
        if (!is_named(t, &v[k], name)) continue;
        assert_int_equal(v[k].pairs, pairs);
        for (int m = 0; m < 2; m++) {
            expect_close(name, v[k].by[m].mean, w[3 * m]);
            expect_close(name, v[k].by[m].lo, w[3 * m + 1]);
            expect_close(name, v[k].by[m].hi, w[3 * m + 2]);
        }
        return;
    }
    fail_msg("no contrast %s", name);
}

static void test_golden(void **state) {
    (void)state;
    table t = {.n = 0};
    nas_contrast *v;
    int32_t n, degrees, quantiles = 0, contrasts = 0;
    double wanted;
    char line[512];
    FILE *f = fopen("tests/golden/compare.txt", "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        if (sscanf(line, "t %d %lf", &degrees, &wanted) == 2) {
            expect_close("t", nas_student_quantile(0.975, degrees), wanted);
            quantiles++;
        } else if (!add_row(&t, line)) {
            if (!contrasts++) compare(&t, &v, &n);
            expect_contrast(&t, v, n, line);
        }
    }
    (void)fclose(f);
    assert_int_equal(quantiles, 35);
    assert_int_equal(t.n, 11);
    /* All that there is: width, three of prune, front. */
    assert_int_equal(contrasts, 5);
    assert_int_equal(n, 5);
    for (int32_t k = 0; k < n; k++) assert_int_equal(v[k].from_base, v[k].param != PRUNE || 1);
}

/* Two things that change at once are no pair, even where one of them is a switch. */
static void test_two_changes(void **state) {
    (void)state;
    static const char *const lines[] = {"row 1 - a 0.9 100", "row 0.5 0.7 a 0.8 50",
                                        "row 0.5 - b 0.8 50", "row 1 0.9 b 0.9 40"};
    table t = {.n = 0};
    nas_contrast *v;
    int32_t n;
    compare(&t, &v, &n);
    assert_int_equal(n, 0);
    for (int i = 0; i < 4; i++) assert_true(add_row(&t, lines[i]));
    compare(&t, &v, &n);
    assert_int_equal(n, 0);
    /* One pair has no interval. */
    assert_true(add_row(&t, "row 0.5 - a 0.85 60"));
    compare(&t, &v, &n);
    assert_int_equal(n, 3);
    assert_int_equal(v[0].param, WIDTH);
    assert_int_equal(v[0].by[0].pairs, 1);
    assert_true(fabs(v[0].by[0].mean + 0.05) < 1e-12 && isnan(v[0].by[0].lo));
    assert_true(fabs(v[0].by[1].mean - 0.6) < 1e-12);
}

/* All levels against the costliest one come first. */
static void test_base(void **state) {
    (void)state;
    table t = {.n = 0};
    nas_contrast *v;
    int32_t n;
    char line[64];
    for (int i = 0; i < 4; i++) {
        snprintf(line, sizeof line, "row %g - a 0.9 %d", 0.25 * (4 - i), 100 - 10 * i);
        assert_true(add_row(&t, line));
    }
    compare(&t, &v, &n);
    assert_int_equal(n, 6);
    for (int32_t k = 0; k < n; k++) {
        assert_int_equal(v[k].from_base, k < 3);
        assert_true(v[k].by[1].mean < 1);
        if (k < 3) assert_int_equal(v[k].from, 0);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_golden, setup, teardown),
        cmocka_unit_test_setup_teardown(test_two_changes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_base, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
