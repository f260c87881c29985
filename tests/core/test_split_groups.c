/* tests/core/test_split_groups.c - folds that a file of the data set says. */
#include "core/data/split/split.h"

#include "base/files/file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { SPEAKERS = 6, WORDS = 2, CLIPS = SPEAKERS * WORDS };

static char root[64];
static nas_err err;
static char warning[1024];
static int warnings;
static nas_hash hash;
static uint8_t fold[CLIPS];

static void on_warning(void *ctx, const char *text) {
    (void)ctx;
    warnings++;
    snprintf(warning, sizeof warning, "%s", text);
}
static const nas_log log_all = {.warn = on_warning};

/* Speakers p0 .. p5, each with a clip of each word. */
static nas_status split(const char *list, int32_t folds) {
    static char names[CLIPS][32], speakers[SPEAKERS][8];
    static nas_clip clip[CLIPS];
    static const char *labels[WORDS] = {"down", "up"};
    char path[128];
    for (int i = 0; i < CLIPS; i++) {
        const int s = i % SPEAKERS, w = i / SPEAKERS;
        snprintf(speakers[s], sizeof speakers[s], "p%d", s);
        snprintf(names[i], sizeof names[i], "%s/p%d_nohash_0.wav", labels[w], s);
        clip[i] = (nas_clip){.name = names[i], .speaker = speakers[s], .label = w};
    }
    const nas_clips c = {
        .folder = root, .clips = clip, .n = CLIPS, .labels = labels, .n_labels = WORDS};
    const nas_split_config config = {.by = NAS_BY_GROUPS, .list = "folds.csv", .folds = folds};
    snprintf(path, sizeof path, "%s/folds.csv", root);
    assert_int_equal(nas_file_write(path, list, strlen(list), NULL), NAS_OK);
    warnings = 0;
    return nas_split_folds(&c, &config, &log_all, fold, &hash, &err);
}

static void expect(const char *list, int32_t folds, nas_status status, const char *text) {
    assert_int_equal(split(list, folds), status);
    if (!strstr(err.text, text)) fail_msg("expected \"%s\" in: %s", text, err.text);
}

static void test_as_said(void **state) {
    (void)state;
    static const uint8_t want[SPEAKERS] = {1, 0, 1, 2, 0, NAS_TEST_FOLD};
    static const char *const lists[] = {
        "speaker,fold\np0,1\np1,0\np2,1\np3,2\np4,0\np5,test\n",
        "\xef\xbb\xbfp5;test\r\n\r\np4; 0 \r\np3;2\r\np2;1\r\np1;0\r\n\"p0\";1",
        "p1\t0\np2\t1\np0\t1\np3\t2\np4\t0\np5\ttest\np0\t1\n",
    };
    nas_hash first = {0};
    for (size_t k = 0; k < sizeof lists / sizeof *lists; k++) {
        memset(fold, 77, sizeof fold);
        if (split(lists[k], 3) != NAS_OK) fail_msg("%s", err.text);
        assert_int_equal(warnings, 0);
        for (int i = 0; i < CLIPS; i++) assert_int_equal(fold[i], want[i % SPEAKERS]);
        if (k == 0) first = hash;
        assert_true(nas_hash_equal(&first, &hash)); /* what counts is who is where */
    }
    assert_int_equal(split("p0,1\np1,0\np2,0\np3,2\np4,0\np5,test\n", 3), NAS_OK);
    assert_false(nas_hash_equal(&first, &hash));
}

static void test_said_wrong(void **state) {
    (void)state;
#define ALL "p1,0\np2,1\np3,2\np4,0\n"
    expect(ALL "p5,1\n", 3, NAS_EINVAL, "down/p0_nohash_0.wav; give each speaker a line");
    expect(ALL "p5,1\np0,3\n", 3, NAS_EINVAL, "folds.csv:6: expected \"speaker,fold\" with a fold");
    expect(ALL "p5,1\np0\n", 3, NAS_EINVAL, "folds.csv:6");
    expect(ALL "p5,1\np0,-1\n", 3, NAS_EINVAL, "folds.csv:6");
    expect(ALL "p5,1\np0,1\nspeaker,fold\n", 3, NAS_EINVAL, "folds.csv:7");
    expect(ALL "p5,1\np0,1\np2,2\n", 3, NAS_EINVAL, "folds.csv:7: the speaker \"p2\" stands in");
    expect(ALL "p5,1\np0,1\n", 4, NAS_EINVAL, "fold 3 of");
    expect("p0,test\np1,test\np2,0\np3,0\np4,test\np5,test\n", 2, NAS_EINVAL,
           "is left to train on");
    expect("", 3, NAS_EINVAL, "stand in no line");
}

static void test_listed_without_clips(void **state) {
    (void)state;
    assert_int_equal(split(ALL "p5,1\np0,1\nq7,1\nq7,1\nq9,2\n", 3), NAS_OK);
    assert_int_equal(warnings, 1);
    assert_non_null(strstr(warning, "2 of 8 speakers of"));
}

static void test_no_list(void **state) {
    (void)state;
    const nas_clips c = {.folder = root};
    nas_split_config config = {.by = NAS_BY_GROUPS, .list = "../folds.csv", .folds = 3};
    assert_int_equal(nas_split_folds(&c, &config, NULL, fold, &hash, &err), NAS_EINVAL);
    assert_non_null(strstr(err.text, "inside the data folder"));
}

static int begin(void **state) {
    (void)state;
    strcpy(root, "/tmp/nas_groups_XXXXXX");
    assert_non_null(mkdtemp(root));
    return 0;
}

static int end(void **state) {
    (void)state;
    assert_int_equal(nas_dir_remove(root, NULL), NAS_OK);
    return 0;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_as_said, begin, end),
        cmocka_unit_test_setup_teardown(test_said_wrong, begin, end),
        cmocka_unit_test_setup_teardown(test_listed_without_clips, begin, end),
        cmocka_unit_test_setup_teardown(test_no_list, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
