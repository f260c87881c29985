/* tests/search/test_verdict.c - exported folders read back; the interval of an accuracy, against
 * closed forms. */
#include "base/files/file.h"
#include "search/task/forecast/deployed/forecaster.h"
#include "search/task/keywords/deployed/deployed.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

enum { SPEAKERS = 40 };

static nas_verdict verdict_of(int32_t clips_each, int32_t right_speakers) {
    nas_speaker_score s[SPEAKERS];
    nas_verdict v = {0};
    for (int32_t i = 0; i < SPEAKERS; i++)
        s[i] = (nas_speaker_score){"", clips_each, i < right_speakers ? clips_each : 0};
    nas_verdict_interval(s, SPEAKERS, &v);
    return v;
}

static void near(double got, double want, double within) {
    if (!(fabs(got - want) <= within)) fail_msg("%.9g is not within %g of %.9g", got, within, want);
}

/* One clip a speaker: Wilson's interval of 36 of 40; statsmodels' proportion_confint gives these.
 */
static void test_alone(void **state) {
    (void)state;
    const nas_verdict v = verdict_of(1, 36);
    const double p = 0.9;
    near(v.accuracy, p, 1e-12);
    near(v.error, sqrt(p * (1 - p) / SPEAKERS * SPEAKERS / (SPEAKERS - 1)), 1e-12);
    near(v.low, 0.76741, 1e-4);
    near(v.high, 0.96087, 1e-4);
}

/* Clips that stand or fall together tell no more than one of them. */
static void test_together(void **state) {
    (void)state;
    const nas_verdict one = verdict_of(1, 36), ten = verdict_of(10, 36);
    near(ten.accuracy, one.accuracy, 1e-12);
    near(ten.error, one.error, 1e-12);
    near(ten.low, one.low, 1e-9);
    near(ten.high, one.high, 1e-9);
}

/* Speakers that are all alike give the error of independent clips, never less. */
static void test_alike(void **state) {
    (void)state;
    nas_speaker_score s[SPEAKERS];
    nas_verdict v = {0};
    for (int32_t i = 0; i < SPEAKERS; i++) s[i] = (nas_speaker_score){"", 10, 9};
    nas_verdict_interval(s, SPEAKERS, &v);
    near(v.error, sqrt(0.09 / 400), 1e-12);
    assert_int_equal(v.speakers, SPEAKERS);
}

static void test_edges(void **state) {
    (void)state;
    const nas_verdict all = verdict_of(3, SPEAKERS), none = verdict_of(3, 0);
    near(all.high, 1, 1e-12);
    near(none.low, 0, 1e-12);
    assert_true(all.low > 0.9 && all.low < 1);
    nas_verdict empty = {0};
    nas_verdict_interval(NULL, 0, &empty);
    near(empty.accuracy, 0, 0);
}

/* A model may be as large as the writer makes them: this one is read, and has only zeros. */
static void test_large_file(void **state) {
    (void)state;
    char folder[] = "/tmp/nas_verdict_XXXXXX", path[64];
    nas_arena *a;
    nas_err err = {0};
    nas_deployed d;
    nas_forecaster f;
    assert_non_null(mkdtemp(folder));
    snprintf(path, sizeof path, "%s/model.tflite", folder);
    assert_int_equal(nas_file_write(path, "", 0, &err), NAS_OK);
    assert_int_equal(truncate(path, (off_t)65 << 20), 0);
    assert_int_equal(nas_arena_open(&a, &err), NAS_OK);
    assert_int_equal(nas_deployed_open(a, &(nas_deployed_paths){.model = folder}, &d, &err),
                     NAS_EFORMAT);
    if (!strstr(err.text, "TFL3")) fail_msg("%s", err.text);
    assert_int_equal(nas_forecaster_open(a, folder, &f, &err), NAS_EFORMAT);
    if (!strstr(err.text, "TFL3")) fail_msg("%s", err.text);
    nas_arena_close(a);
    assert_int_equal(nas_dir_remove(folder, NULL), NAS_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_alone),      cmocka_unit_test(test_together),
        cmocka_unit_test(test_alike),      cmocka_unit_test(test_edges),
        cmocka_unit_test(test_large_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
