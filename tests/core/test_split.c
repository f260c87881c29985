/* tests/core/test_split.c - what a split promises: speakers apart, shares kept, the same every
 * time. */
#include "base/clock.h"
#include "base/files/file.h"
#include "base/rng.h"
#include "core/data/split/split.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Clips without sound: names, speakers and labels are all that a split looks at. */
typedef struct made {
    nas_arena *a;
    nas_clips c;
    uint8_t *part;
    char warning[1024];
    int warnings;
} made;

static void on_warning(void *ctx, const char *text) {
    made *m = ctx;
    m->warnings++;
    snprintf(m->warning, sizeof m->warning, "%s", text);
}

static void make_labels(made *m, int32_t n_labels, int32_t most_clips) {
    *m = (made){0};
    assert_int_equal(nas_arena_open(&m->a, NULL), NAS_OK);
    m->c.n_labels = n_labels;
    m->c.labels = nas_arena_array(m->a, (size_t)n_labels, sizeof *m->c.labels, NULL);
    for (int32_t l = 0; l < n_labels; l++)
        m->c.labels[l] = nas_arena_format(m->a, NULL, "word%d", l);
    m->c.clips = nas_arena_array(m->a, (size_t)most_clips, sizeof *m->c.clips, NULL);
    m->part = nas_arena_alloc(m->a, (size_t)most_clips, NULL);
}

static void add_clip(made *m, int32_t label, int32_t speaker) {
    const int32_t i = m->c.n++;
    m->c.clips[i] = (nas_clip){
        .name = nas_arena_format(m->a, NULL, "word%d/s%d_nohash_%d.wav", label, speaker, i),
        .speaker = nas_arena_format(m->a, NULL, "s%d", speaker),
        .label = label};
}

static void drop(made *m) {
    nas_arena_close(m->a);
}

static nas_status split(made *m, int32_t by, double validation, double test, nas_hash *h,
                        nas_err *err) {
    const nas_log log = {.ctx = m, .warn = on_warning};
    const nas_split_config config = {.by = by, .validation = validation, .test = test};
    m->warnings = 0;
    return nas_split_make(&m->c, &config, false, &log, m->part, h, err);
}

static int compare_clips(const void *a, const void *b) {
    const nas_clip *x = *(const nas_clip *const *)a, *y = *(const nas_clip *const *)b;
    return strcmp(x->speaker, y->speaker);
}

static void assert_speakers_apart(const nas_clips *c, const uint8_t *part) {
    const nas_clip **by = malloc((size_t)c->n * sizeof *by);
    assert_non_null(by);
    for (int32_t i = 0; i < c->n; i++) by[i] = &c->clips[i];
    qsort(by, (size_t)c->n, sizeof *by, compare_clips);
    for (int32_t i = 1; i < c->n; i++)
        if (strcmp(by[i]->speaker, by[i - 1]->speaker) == 0)
            assert_int_equal(part[by[i] - c->clips], part[by[i - 1] - c->clips]);
    free(by);
}

static double share_of(const nas_clips *c, const uint8_t *part, int p, int32_t label) {
    int n = 0, all = 0;
    for (int32_t i = 0; i < c->n; i++) {
        if (label >= 0 && c->clips[i].label != label) continue;
        all++;
        n += part[i] == p;
    }
    return (double)n / (double)all;
}

static void assert_shares(const nas_clips *c, const uint8_t *part, const double want[3],
                          double tolerance) {
    for (int p = 0; p < 3; p++)
        for (int32_t l = 0; l < c->n_labels; l++)
            assert_true(fabs(share_of(c, part, p, l) / want[p] - 1.0) <= tolerance);
}

/* Speakers with one to eight clips, unevenly over the words. */
static void make_people(made *m, int32_t speakers, int32_t n_labels) {
    nas_rng r = nas_rng_stream(1, 0, NAS_PURPOSE_TEST, 0, 0, 0);
    make_labels(m, n_labels, speakers * 8);
    for (int32_t s = 0; s < speakers; s++) {
        const int32_t n = 1 + (int32_t)nas_rng_below(&r, 8);
        for (int32_t i = 0; i < n; i++)
            add_clip(m, (int32_t)nas_rng_below(&r, (uint64_t)n_labels), s);
    }
}

static void test_speakers(void **state) {
    (void)state;
    made m;
    nas_hash h;
    make_people(&m, 600, 6);
    assert_int_equal(split(&m, 0, 0.1, 0.15, &h, NULL), NAS_OK);
    assert_int_equal(m.warnings, 0);
    assert_speakers_apart(&m.c, m.part);
    assert_shares(&m.c, m.part, (const double[3]){0.75, 0.1, 0.15}, 0.2);
    /* A part ends with the speaker who fills it: at most seven clips too many. */
    for (int p = NAS_VALIDATION; p <= NAS_TEST; p++) {
        const double n = share_of(&m.c, m.part, p, -1) * m.c.n;
        const double want = (p == NAS_TEST ? 0.15 : 0.1) * m.c.n;
        assert_true(n >= want - 1e-6 && n < want + 8);
    }
    drop(&m);
}

/* The order of the clips, and of the labels, says nothing. */
static void test_same_result(void **state) {
    (void)state;
    made m;
    nas_hash h, again;
    make_people(&m, 200, 4);
    assert_int_equal(split(&m, 0, 0.1, 0.1, &h, NULL), NAS_OK);
    uint8_t *first = malloc((size_t)m.c.n);
    assert_non_null(first);
    memcpy(first, m.part, (size_t)m.c.n);
    memset(m.part, 9, (size_t)m.c.n);
    assert_int_equal(split(&m, 0, 0.1, 0.1, &again, NULL), NAS_OK);
    assert_memory_equal(first, m.part, (size_t)m.c.n);
    assert_true(nas_hash_equal(&h, &again));

    m.c.fingerprint.b[0] = 1;
    assert_int_equal(split(&m, 0, 0.1, 0.1, &again, NULL), NAS_OK);
    assert_false(nas_hash_equal(&h, &again));

    for (int32_t i = 0; i < m.c.n / 2; i++) {
        const nas_clip t = m.c.clips[i];
        m.c.clips[i] = m.c.clips[m.c.n - 1 - i];
        m.c.clips[m.c.n - 1 - i] = t;
    }
    for (int32_t i = 0; i < m.c.n; i++) m.c.clips[i].label = 3 - m.c.clips[i].label;
    assert_int_equal(split(&m, 0, 0.1, 0.1, &again, NULL), NAS_OK);
    for (int32_t i = 0; i < m.c.n; i++) assert_int_equal(first[i], m.part[m.c.n - 1 - i]);
    free(first);
    drop(&m);
}

static void test_by_file(void **state) {
    (void)state;
    made m;
    nas_hash h;
    make_labels(&m, 3, 600);
    for (int32_t i = 0; i < 600; i++) add_clip(&m, i % 3, 7);
    assert_int_equal(split(&m, 1, 0.1, 0.2, &h, NULL), NAS_OK);
    assert_shares(&m.c, m.part, (const double[3]){0.7, 0.1, 0.2}, 1e-9);
    /* A clip keeps its place in the order when others are added. */
    uint8_t first[600];
    memcpy(first, m.part, sizeof first);
    int moved = 0;
    m.c.n -= 3;
    assert_int_equal(split(&m, 1, 0.1, 0.2, &h, NULL), NAS_OK);
    for (int32_t i = 0; i < m.c.n; i++) moved += first[i] != m.part[i];
    assert_true(moved <= 6);
    drop(&m);
}

/* One class is spoken by four people only: no split keeps it within a fifth. */
/* Names that tell no speaker: said without a pattern, refused with one, nothing to a split by file.
 */
static void test_unnamed(void **state) {
    (void)state;
    made m;
    nas_err err;
    nas_hash h;
    make_labels(&m, 2, 200);
    for (int32_t i = 0; i < 200; i++) add_clip(&m, i % 2, i / 4);
    m.c.n_unnamed = 3;
    m.c.unnamed = "word0/x.wav";
    assert_int_equal(split(&m, NAS_BY_SPEAKER, 0.2, 0.2, &h, &err), NAS_OK);
    assert_non_null(strstr(m.warning, "3 of 200 clips tell no speaker, as word0/x.wav"));
    m.c.has_pattern = true;
    assert_int_equal(split(&m, NAS_BY_SPEAKER, 0.2, 0.2, &h, &err), NAS_EINVAL);
    assert_non_null(strstr(err.text, "3 of 200 clips, as in word0/x.wav"));
    assert_int_equal(split(&m, NAS_BY_FILE, 0.2, 0.2, &h, &err), NAS_OK);
    assert_int_equal(m.warnings, 0);
    drop(&m);
}

static void test_warning(void **state) {
    (void)state;
    made m;
    nas_hash h;
    make_labels(&m, 2, 1000);
    for (int32_t s = 0; s < 100; s++)
        for (int32_t i = 0; i < 5; i++) add_clip(&m, 0, s);
    for (int32_t s = 0; s < 4; s++)
        for (int32_t i = 0; i < 5; i++) add_clip(&m, 1, s);
    assert_int_equal(split(&m, 0, 0.1, 0.1, &h, NULL), NAS_OK);
    assert_int_equal(m.warnings, 1);
    assert_non_null(strstr(m.warning, "\"word1\""));
    assert_speakers_apart(&m.c, m.part);
    assert_true(share_of(&m.c, m.part, NAS_TRAIN, 1) > 0);
    drop(&m);
}

static void test_errors(void **state) {
    (void)state;
    made m;
    nas_hash h;
    nas_err err;
    make_labels(&m, 2, 100);
    for (int32_t i = 0; i < 20; i++) add_clip(&m, i % 2, 0);
    assert_int_equal(split(&m, 0, 0.1, 0.1, &h, &err), NAS_EINVAL); /* one speaker */
    assert_non_null(strstr(err.text, "1 speakers"));
    assert_int_equal(split(&m, 1, 0.01, 0.1, &h, &err), NAS_EINVAL); /* no clip to select with */
    assert_int_equal(split(&m, 0, 0.5, 0.5, &h, &err), NAS_EINVAL);
    assert_int_equal(split(&m, 0, 0.0, 0.1, &h, &err), NAS_EINVAL);
    assert_int_equal(split(&m, 0, (double)NAN, 0.1, &h, &err), NAS_EINVAL);
    for (int32_t i = 0; i < 20; i++) add_clip(&m, 0, i);
    /* The second word has one speaker, who must train: others fill the parts. */
    assert_int_equal(split(&m, 0, 0.1, 0.1, &h, &err), NAS_OK);
    for (int32_t i = 0; i < 20; i++) assert_int_equal(m.part[i], NAS_TRAIN);
    m.c.n = 0;
    assert_int_equal(split(&m, 0, 0.1, 0.1, &h, &err), NAS_EINVAL);
    drop(&m);
}

/* Three people, each with a word of their own: one word would have nobody to train with. */
static void test_nobody_left(void **state) {
    (void)state;
    made m;
    nas_hash h;
    nas_err err;
    make_labels(&m, 3, 30);
    for (int32_t i = 0; i < 30; i++) add_clip(&m, i % 3, i % 3);
    assert_int_equal(split(&m, 0, 0.1, 0.1, &h, &err), NAS_EINVAL);
    assert_non_null(strstr(err.text, "to train on"));
    drop(&m);
}

/* 100,000 clips and a class that no salt can please. */
static void test_large(void **state) {
    (void)state;
    made m;
    nas_hash h;
    make_labels(&m, 30, 100000);
    for (int32_t i = 0; i < 99998; i++) add_clip(&m, i % 29, i % 3000);
    add_clip(&m, 29, 5);
    add_clip(&m, 29, 6);
    const double begin = nas_clock_cpu();
    assert_int_equal(split(&m, 0, 0.1, 0.1, &h, NULL), NAS_OK);
    const double seconds = nas_clock_cpu() - begin;
    print_message("100,000 clips, 1,000 salts: %.2f s\n", seconds);
    assert_int_equal(m.warnings, 1);
    assert_true(seconds < 10.0);
    drop(&m);
}

static void test_real(void **state) {
    (void)state;
    const char *data = getenv("NAS_TEST_DATA");
    char folder[1024], cache[] = "/tmp/nas_split_XXXXXX";
    snprintf(folder, sizeof folder, "%s/speech_commands", data ? data : "../shared/data");
    if (!nas_path_is_dir(folder)) {
        print_message("test_real: %s is absent\n", folder);
        skip();
    }
    static const char *const labels[] = {"down", "go", "left", "no", "right", "stop", "up", "yes"};
    assert_non_null(mkdtemp(cache));
    const nas_clips_options o = {
        .folder = folder, .labels = labels, .n_labels = 8, .clip_seconds = 1, .cache = cache};
    nas_clips *c = NULL;
    nas_err err;
    assert_int_equal(nas_clips_open(&o, NULL, &c, &err), NAS_OK);
    assert_int_equal(c->n, 2898);
    uint8_t *part = malloc((size_t)c->n);
    assert_non_null(part);
    nas_hash h;
    const nas_split_config config = {.by = 0, .validation = 0.1, .test = 0.1};
    assert_int_equal(nas_split_make(c, &config, false, NULL, part, &h, &err), NAS_OK);
    assert_speakers_apart(c, part);
    assert_shares(c, part, (const double[3]){0.8, 0.1, 0.1}, 0.2);
    free(part);
    nas_clips_close(c);
    assert_int_equal(nas_dir_remove(cache, NULL), NAS_OK);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_speakers),    cmocka_unit_test(test_same_result),
        cmocka_unit_test(test_by_file),     cmocka_unit_test(test_warning),
        cmocka_unit_test(test_unnamed),     cmocka_unit_test(test_errors),
        cmocka_unit_test(test_large),       cmocka_unit_test(test_real),
        cmocka_unit_test(test_nobody_left),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
