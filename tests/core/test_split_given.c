/* tests/core/test_split_given.c - splits that the data set says (lists, folders), and folds. */
#include "base/files/file.h"
#include "base/rng.h"
#include "core/data/split/split.h"

#include <math.h>
#include <setjmp.h>
#include <sndfile.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static char root[64];
static nas_clips *clips;
static uint8_t part[512];
static nas_hash hash;
static nas_err err;
static char warning[2048];
static int warnings;

static void on_warning(void *ctx, const char *text) {
    (void)ctx;
    warnings++;
    snprintf(warning, sizeof warning, "%s", text);
}

static const nas_log log_all = {.warn = on_warning};

static const char *path_of(const char *name) {
    static char path[512];
    snprintf(path, sizeof path, "%s/data/%s", root, name);
    return path;
}

static void write_bytes(const char *name, const char *bytes, size_t n) {
    assert_int_equal(nas_file_write(path_of(name), bytes, n, NULL), NAS_OK);
}

static void write_text(const char *name, const char *text) {
    write_bytes(name, text, strlen(text));
}

static void make_clips(const char *folder, int first, int n) {
    assert_int_equal(nas_dir_make(path_of(folder), NULL), NAS_OK);
    for (int i = first; i < first + n; i++) {
        char name[128];
        snprintf(name, sizeof name, "%s/s%d_nohash_0.wav", folder, i);
        SF_INFO info = {
            .samplerate = 8000, .channels = 1, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16};
        SNDFILE *f = sf_open(path_of(name), SFM_WRITE, &info);
        assert_non_null(f);
        const short x[4] = {(short)i, 2, 3, 4};
        assert_int_equal(sf_writef_short(f, x, 4), 4);
        sf_close(f);
    }
}

static int begin(void **state) {
    (void)state;
    strcpy(root, "/tmp/nas_given_XXXXXX");
    warnings = 0;
    clips = NULL;
    assert_non_null(mkdtemp(root));
    return 0;
}

static int end(void **state) {
    (void)state;
    nas_clips_close(clips);
    return nas_dir_remove(root, NULL) == NAS_OK ? 0 : -1;
}

static nas_status open_clips(bool parts, const char *const *labels, int32_t n) {
    static char folder[128], cache[128];
    snprintf(folder, sizeof folder, "%s/data", root);
    snprintf(cache, sizeof cache, "%s/cache", root);
    const nas_clips_options o = {.folder = folder,
                                 .labels = labels,
                                 .n_labels = n,
                                 .parts = parts,
                                 .clip_seconds = 1,
                                 .unreadable = 1,
                                 .cache = cache};
    nas_clips_close(clips);
    return nas_clips_open(&o, NULL, &clips, &err); /* what splits say is counted */
}

static void make_words(void) {
    make_clips("up", 0, 6);
    make_clips("down", 0, 6);
    make_clips("left", 0, 6);
}

static nas_status by_lists(const char *train, const char *validation, const char *test,
                           bool allow_missing) {
    const nas_split_config config = {
        .by = NAS_BY_LISTS, .train_list = train, .validation_list = validation, .test_list = test};
    return nas_split_make(clips, &config, allow_missing, &log_all, part, &hash, &err);
}

static int part_of(const char *name) {
    for (int32_t i = 0; i < clips->n; i++)
        if (strcmp(clips->clips[i].name, name) == 0) return part[i];
    fail_msg("no clip %s", name);
    return -1;
}

static int count(int p) {
    int n = 0;
    for (int32_t i = 0; i < clips->n; i++) n += part[i] == p;
    return n;
}

static void expect(nas_status got, nas_status want, const char *words) {
    assert_int_equal(got, want);
    if (!strstr(err.text, words)) fail_msg("\"%s\" is not in: %s", words, err.text);
}

/* The lists as Google ships them: no training list, paths of all words. */
static void test_lists(void **state) {
    (void)state;
    make_words();
    write_text("validation_list.txt", "up/s0_nohash_0.wav\ndown/s1_nohash_0.wav\n"
                                      "left/s2_nohash_0.wav\n");
    write_text("testing_list.txt", "\xef\xbb\xbf"
                                   "some/where/up/s3_nohash_0.wav\r\n"
                                   "\n  ./down/s3_nohash_0.wav\r\n/x/left/s4_nohash_0.wav");
    assert_int_equal(open_clips(false, NULL, 0), NAS_OK);
    if (by_lists(NULL, "validation_list.txt", "testing_list.txt", false) != NAS_OK)
        fail_msg("%s", err.text);
    assert_int_equal(warnings, 0);
    assert_int_equal(count(NAS_TRAIN), 12);
    assert_int_equal(count(NAS_VALIDATION), 3);
    assert_int_equal(count(NAS_TEST), 3);
    assert_int_equal(part_of("up/s0_nohash_0.wav"), NAS_VALIDATION);
    assert_int_equal(part_of("up/s3_nohash_0.wav"), NAS_TEST);
    assert_int_equal(part_of("down/s3_nohash_0.wav"), NAS_TEST);
    assert_int_equal(part_of("left/s4_nohash_0.wav"), NAS_TEST);
    assert_int_equal(part_of("left/s3_nohash_0.wav"), NAS_TRAIN);

    /* Other contents, another fingerprint; other names of the lists, the same. */
    const nas_hash first = hash;
    write_text("v.txt", "left/s2_nohash_0.wav\nup/s0_nohash_0.wav\ndown/s1_nohash_0.wav\n");
    assert_int_equal(by_lists(NULL, "v.txt", "testing_list.txt", false), NAS_OK);
    assert_true(nas_hash_equal(&first, &hash));
    write_text("v.txt", "left/s2_nohash_0.wav\nup/s0_nohash_0.wav\ndown/s2_nohash_0.wav\n");
    assert_int_equal(by_lists(NULL, "v.txt", "testing_list.txt", false), NAS_OK);
    assert_false(nas_hash_equal(&first, &hash));

    /* With labels named, lines of other words are passed over; without, they are missing. */
    static const char *const two[] = {"up", "left"};
    write_text("v.txt", "up/s0_nohash_0.wav\nleft/s1_nohash_0.wav\ndown/s0_nohash_0.wav\n"
                        "bed/s0_nohash_0.wav\n");
    expect(by_lists(NULL, "v.txt", "testing_list.txt", false), NAS_ENOTFOUND, "1 of 7");
    assert_int_equal(open_clips(false, two, 2), NAS_OK);
    assert_int_equal(by_lists(NULL, "v.txt", "testing_list.txt", false), NAS_OK);
    assert_int_equal(warnings, 0);
    assert_int_equal(count(NAS_VALIDATION), 2);
}

static void test_train_list(void **state) {
    (void)state;
    make_words();
    assert_int_equal(nas_dir_make(path_of("lists"), NULL), NAS_OK);
    write_text("lists/a.txt", "up/s0_nohash_0.wav\ndown/s0_nohash_0.wav\nleft/s0_nohash_0.wav\n");
    write_text("lists/b.txt", "up/s1_nohash_0.wav\ndown/s1_nohash_0.wav\nleft/s1_nohash_0.wav\n");
    write_text("lists/c.txt", "up/s2_nohash_0.wav\ndown/s2_nohash_0.wav\nup/s2_nohash_0.wav\n");
    assert_int_equal(open_clips(false, NULL, 0), NAS_OK);
    if (by_lists("lists/a.txt", "lists/b.txt", "lists/c.txt", false) != NAS_OK)
        fail_msg("%s", err.text);
    assert_int_equal(count(NAS_TRAIN), 3);
    assert_int_equal(count(NAS_VALIDATION), 3);
    assert_int_equal(count(NAS_TEST), 2);
    assert_int_equal(count(NAS_NO_PART), 10);
    /* No "left" to test with. */
    assert_int_equal(warnings, 1);
    assert_non_null(strstr(warning, "\"left\" has no clip in the test set"));
}

static void test_list_errors(void **state) {
    (void)state;
    make_words();
    write_text("a", "up/s0_nohash_0.wav\ndown/s0_nohash_0.wav\nleft/s0_nohash_0.wav\n");
    write_text("b", "up/s1_nohash_0.wav\ndown/s1_nohash_0.wav\nleft/s1_nohash_0.wav\n");
    write_text("gone", "up/s2_nohash_0.wav\nup/one.wav\nup/two.wav\ndown/three.wav\n"
                       "down/four.wav\nbed/five.wav\n");
    write_text("twice", "up/s2_nohash_0.wav\nup/s1_nohash_0.wav\n");
    write_text("flat", "up/s2_nohash_0.wav\ns3_nohash_0.wav\n");
    write_text("empty", "\n\n");
    write_text("no_up", "down/s0_nohash_0.wav\nleft/s0_nohash_0.wav\n");
    assert_int_equal(open_clips(false, NULL, 0), NAS_OK);
    expect(by_lists("a", "b", "gone", false), NAS_ENOTFOUND, "5 of 12 listed clips");
    assert_non_null(
        strstr(err.text, "up/one.wav (gone), up/two.wav (gone), down/three.wav (gone)"));
    assert_null(strstr(err.text, "four"));
    assert_non_null(strstr(err.text, "--allow-missing"));
    assert_int_equal(by_lists("a", "b", "gone", true), NAS_OK);
    assert_non_null(strstr(warning, "split: the class \"left\""));
    assert_int_equal(count(NAS_TEST), 1);
    expect(by_lists("a", "b", "twice", false), NAS_EINVAL, "1 lines name clips that stand in");
    assert_non_null(strstr(err.text, "up/s1_nohash_0.wav (twice)"));
    expect(by_lists("a", "b", "twice", true), NAS_EINVAL, "another list");
    expect(by_lists("a", "b", "flat", false), NAS_EINVAL, "flat:2: expected a path that ends with");
    /* No name goes on behind a 0; one at the end of a line is left out. */
    static const char zero[] = "up/s2_nohash_0.wav\0\nup/s3_nohash_0.wav\0wav\n";
    write_bytes("zero", zero, sizeof zero - 1);
    expect(by_lists("a", "b", "zero", false), NAS_EINVAL, "zero:2: expected a path that ends with");
    expect(by_lists("a", "b", "empty", false), NAS_EINVAL, "the test set");
    expect(by_lists("a", "b", "nowhere", false), NAS_ENOTFOUND, "split.test");
    expect(by_lists("no_up", "b", "gone", true), NAS_EINVAL,
           "\"up\" has no clip in the training set");
    expect(by_lists("a", "b", NULL, false), NAS_EINVAL, "split.test");
    /* A file that cannot be read as sound stands in the folder: it is not missing. */
    write_text("up/bad.wav", "no sound");
    make_clips("up", 6, 150);
    write_text("c", "up/bad.wav\nup/s3_nohash_0.wav\n");
    assert_int_equal(open_clips(false, NULL, 0), NAS_OK);
    assert_int_equal(by_lists("a", "b", "c", false), NAS_OK);
}

/* A list is never read outside the data folder. */
static void test_list_places(void **state) {
    (void)state;
    static const char *const bad[] = {"/etc/passwd", "..", "../x", "a/../../x", "a/..", ""};
    static const char *const good[] = {"a", "a/b", "..a", "a../b", "./a", "..a/...", "a//b"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) assert_false(nas_split_path_fits(bad[i]));
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(nas_split_path_fits(good[i]));
    make_words();
    write_text("a", "up/s0_nohash_0.wav\n");
    write_text("../b", "up/s1_nohash_0.wav\n");
    char absolute[128];
    snprintf(absolute, sizeof absolute, "%s/b", root);
    assert_int_equal(open_clips(false, NULL, 0), NAS_OK);
    expect(by_lists(NULL, "a", "../b", true), NAS_EINVAL, "inside the data folder");
    expect(by_lists(NULL, "a", absolute, true), NAS_EINVAL, "inside the data folder");
    write_text("b", "up/s1_nohash_0.wav\n");
    assert_int_equal(by_lists(NULL, "a", "b", false), NAS_OK);
}

static nas_status by_folders(void) {
    const nas_split_config config = {.by = NAS_BY_FOLDERS};
    return nas_split_make(clips, &config, false, &log_all, part, &hash, &err);
}

static void test_folders(void **state) {
    (void)state;
    make_clips("train/up", 0, 4);
    make_clips("train/down", 0, 5);
    make_clips("validation/up", 4, 2);
    make_clips("validation/down", 0, 1); /* the same name as one to train on: another clip */
    make_clips("test/up", 6, 1);
    assert_int_equal(nas_dir_make(path_of("train/_background_noise_"), NULL), NAS_OK);
    if (open_clips(true, NULL, 0) != NAS_OK) fail_msg("%s", err.text);
    assert_int_equal(clips->n, 13);
    assert_int_equal(clips->n_labels, 2);
    assert_string_equal(clips->labels[0], "down");
    assert_string_equal(clips->clips[0].speaker, "s0");
    for (int32_t i = 1; i < clips->n; i++) {
        const nas_clip *a = &clips->clips[i - 1], *b = &clips->clips[i];
        assert_true(a->label < b->label || (a->label == b->label && strcmp(a->name, b->name) < 0));
    }
    if (by_folders() != NAS_OK) fail_msg("%s", err.text);
    assert_int_equal(count(NAS_TRAIN), 9);
    assert_int_equal(count(NAS_VALIDATION), 3);
    assert_int_equal(count(NAS_TEST), 1);
    assert_int_equal(part_of("train/down/s0_nohash_0.wav"), NAS_TRAIN);
    assert_int_equal(part_of("validation/down/s0_nohash_0.wav"), NAS_VALIDATION);
    assert_int_equal(part_of("test/up/s6_nohash_0.wav"), NAS_TEST);
    assert_int_equal(warnings, 1); /* no "down" to test with */
    /* A file that moves to another part is another data set. */
    const nas_hash first = hash;
    assert_int_equal(open_clips(true, NULL, 0), NAS_OK);
    assert_int_equal(by_folders(), NAS_OK);
    assert_true(nas_hash_equal(&first, &hash));
    char from[512], to[512];
    strcpy(from, path_of("train/up/s3_nohash_0.wav"));
    strcpy(to, path_of("test/up/s3_nohash_0.wav"));
    assert_int_equal(rename(from, to), 0);
    assert_int_equal(open_clips(true, NULL, 0), NAS_OK);
    assert_int_equal(by_folders(), NAS_OK);
    assert_false(nas_hash_equal(&first, &hash));
}

static void test_folder_errors(void **state) {
    (void)state;
    make_clips("train/up", 0, 4);
    make_clips("train/down", 0, 4);
    make_clips("validation/up", 4, 2);
    expect(open_clips(true, NULL, 0), NAS_ENOTFOUND, "data/test/");
    assert_int_equal(nas_dir_make(path_of("test"), NULL), NAS_OK);
    assert_int_equal(open_clips(true, NULL, 0), NAS_OK);
    expect(by_folders(), NAS_EINVAL, "the test set");
    make_clips("test/left", 0, 1);
    assert_int_equal(open_clips(true, NULL, 0), NAS_OK);
    expect(by_folders(), NAS_EINVAL, "\"left\" has no clip in the training set");
    static const char *const wrong[] = {"up", "lft"};
    expect(open_clips(true, wrong, 2), NAS_ENOTFOUND, "\"left\"");
    static const char *const two[] = {"up", "down"};
    assert_int_equal(open_clips(true, two, 2), NAS_OK);
    expect(by_folders(), NAS_EINVAL, "the test set");
    /* Clips that were not opened by parts. */
    make_words();
    assert_int_equal(open_clips(false, two, 2), NAS_OK);
    expect(by_folders(), NAS_EINVAL, "does not stand in train/");
}

/* Folds: clips without sound. */

enum { SPEAKERS = 60, WORDS = 4, ROOM = SPEAKERS * 12 };

typedef struct people {
    nas_clips c;
    nas_clip clip[ROOM];
    int32_t speaker[ROOM];
    char names[ROOM][32], speakers[SPEAKERS][16];
    uint8_t fold[ROOM], part[ROOM];
} people;

static const char *words[WORDS] = {"a", "b", "c", "d"};

static people *make_people(int32_t speakers, int32_t most) {
    nas_rng r = nas_rng_stream(5, 0, NAS_PURPOSE_TEST, 0, 0, 0);
    people *p = calloc(1, sizeof *p);
    assert_non_null(p);
    p->c = (nas_clips){.folder = "x", .n_labels = WORDS, .labels = words, .clips = p->clip};
    for (int32_t s = 0; s < speakers; s++) {
        snprintf(p->speakers[s], sizeof p->speakers[s], "p%d", s);
        const int32_t n = 1 + (int32_t)nas_rng_below(&r, (uint64_t)most);
        for (int32_t i = 0; i < n; i++) {
            const int32_t k = p->c.n++;
            p->speaker[k] = s;
            snprintf(p->names[k], sizeof p->names[k], "w/p%d_%d.wav", s, i);
            p->clip[k] = (nas_clip){.name = p->names[k],
                                    .speaker = p->speakers[s],
                                    .label = (int32_t)nas_rng_below(&r, WORDS)};
        }
    }
    return p;
}

static nas_status fold_them(people *p, int32_t folds, double test) {
    const nas_split_config config = {.by = NAS_BY_SPEAKER, .folds = folds, .test = test};
    return nas_split_folds(&p->c, &config, &log_all, p->fold, &hash, &err);
}

static void test_folds(void **state) {
    (void)state;
    static const struct {
        int32_t folds;
        double test;
    } cases[] = {{2, 0}, {5, 0}, {5, 0.15}, {4, 0.1}};
    people *p = make_people(SPEAKERS, 12);
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const int32_t folds = cases[k].folds;
        warnings = 0;
        if (fold_them(p, folds, cases[k].test) != NAS_OK) fail_msg("%s", err.text);
        assert_int_equal(warnings, 0);
        int of[SPEAKERS], n[NAS_TEST_FOLD + 1] = {0}, of_word[NAS_TEST_FOLD + 1][WORDS] = {{0}};
        int words_in_all[WORDS] = {0};
        memset(of, -1, sizeof of);
        for (int32_t i = 0; i < p->c.n; i++) {
            const int f = p->fold[i], s = p->speaker[i];
            assert_true(f < folds || (f == NAS_TEST_FOLD && cases[k].test > 0));
            assert_true(of[s] < 0 || of[s] == f); /* a speaker in one fold only */
            of[s] = f;
            n[f]++;
            of_word[f][p->clip[i].label]++;
            words_in_all[p->clip[i].label]++;
        }
        const double all = p->c.n;
        if (cases[k].test > 0)
            assert_true(n[NAS_TEST_FOLD] >= cases[k].test * all &&
                        n[NAS_TEST_FOLD] < cases[k].test * all + 12);
        for (int32_t f = 0; f < folds; f++) {
            const double share = (1 - cases[k].test) / folds;
            assert_true(fabs(n[f] / (share * all) - 1) < 0.15);
            for (int w = 0; w < WORDS; w++)
                assert_true(fabs(of_word[f][w] / (share * words_in_all[w]) - 1) <= 0.2);
        }
        /* The same again, whatever the order of the clips. */
        uint8_t before[ROOM];
        memcpy(before, p->fold, sizeof before);
        const nas_hash first = hash;
        memset(p->fold, 7, sizeof p->fold);
        assert_int_equal(fold_them(p, folds, cases[k].test), NAS_OK);
        assert_memory_equal(before, p->fold, (size_t)p->c.n);
        assert_true(nas_hash_equal(&first, &hash));
    }
    free(p);
}

/* Each clip is judged once, by a net that never heard its speaker. */
static void test_fold_parts(void **state) {
    (void)state;
    people *p = make_people(SPEAKERS, 12);
    int judged[ROOM] = {0};
    nas_hash seen[6];
    assert_int_equal(fold_them(p, 5, 0.1), NAS_OK);
    for (int32_t k = 0; k < 5; k++) {
        (void)nas_split_fold_parts(&p->c, false, p->fold, k, p->part, &seen[k]);
        for (int32_t i = 0; i < p->c.n; i++) {
            judged[i] += p->part[i] == NAS_VALIDATION;
            assert_int_equal(p->part[i] == NAS_TEST, p->fold[i] == NAS_TEST_FOLD);
            for (int32_t j = 0; j < p->c.n; j++)
                if (p->speaker[i] == p->speaker[j]) assert_int_equal(p->part[i], p->part[j]);
        }
    }
    for (int32_t i = 0; i < p->c.n; i++) assert_int_equal(judged[i], p->fold[i] != NAS_TEST_FOLD);
    (void)nas_split_fold_parts(&p->c, false, p->fold, -1, p->part, &seen[5]);
    for (int32_t i = 0; i < p->c.n; i++)
        assert_int_equal(p->part[i], p->fold[i] == NAS_TEST_FOLD ? NAS_TEST : NAS_TRAIN);
    for (int i = 0; i < 6; i++)
        for (int k = 0; k < i; k++) assert_false(nas_hash_equal(&seen[i], &seen[k]));
    const nas_split_config config = {.by = NAS_BY_SPEAKER, .folds = 5, .test = 0.1};
    uint8_t all[ROOM];
    assert_int_equal(nas_split_make(&p->c, &config, false, NULL, all, &hash, &err), NAS_OK);
    assert_memory_equal(all, p->part, (size_t)p->c.n);
    assert_true(nas_hash_equal(&hash, &seen[5]));
    free(p);
}

/* Some speakers of each fold pick epochs: of nets that train on their fold, never of the one that
 * is judged by it. The folds are those that there are without. */
static void test_stopping(void **state) {
    (void)state;
    enum { FOLDS = 4 };
    people *p = make_people(SPEAKERS, 12);
    assert_int_equal(fold_them(p, FOLDS, 0.1), NAS_OK);
    uint8_t plain[ROOM];
    memcpy(plain, p->fold, sizeof plain);
    const nas_hash without = hash;
    const nas_split_config config = {
        .by = NAS_BY_SPEAKER, .folds = FOLDS, .test = 0.1, .stopping = 0.2};
    assert_int_equal(nas_split_folds(&p->c, &config, &log_all, p->fold, &hash, &err), NAS_OK);
    assert_false(nas_hash_equal(&without, &hash));
    int32_t of_fold[FOLDS] = {0}, stops[FOLDS] = {0};
    for (int32_t i = 0; i < p->c.n; i++) {
        const bool stopping = p->fold[i] >= NAS_STOPPING_FOLD && p->fold[i] != NAS_TEST_FOLD;
        assert_int_equal(stopping ? p->fold[i] - NAS_STOPPING_FOLD : p->fold[i], plain[i]);
        if (plain[i] == NAS_TEST_FOLD) continue;
        of_fold[plain[i]]++;
        stops[plain[i]] += stopping;
        for (int32_t j = 0; j < i; j++)
            if (p->speaker[i] == p->speaker[j]) assert_int_equal(p->fold[i], p->fold[j]);
    }
    for (int32_t k = 0; k < FOLDS; k++) {
        /* At least the share, and no more than one speaker above it. */
        assert_true(stops[k] >= 0.2 * of_fold[k] && stops[k] < 0.2 * of_fold[k] + 12);
        nas_hash seen;
        assert_int_equal(nas_split_fold_parts(&p->c, true, p->fold, k, p->part, &seen), NAS_TEST);
        for (int32_t i = 0; i < p->c.n; i++) {
            const bool stopping = p->fold[i] != plain[i];
            const int expected = plain[i] == NAS_TEST_FOLD ? NAS_NO_PART
                                 : plain[i] == k           ? NAS_TEST
                                 : stopping                ? NAS_VALIDATION
                                                           : NAS_TRAIN;
            assert_int_equal(p->part[i], expected);
        }
    }
    nas_hash whole;
    assert_int_equal(nas_split_fold_parts(&p->c, true, p->fold, -1, p->part, &whole),
                     NAS_VALIDATION);
    for (int32_t i = 0; i < p->c.n; i++)
        assert_int_equal(p->part[i], plain[i] == NAS_TEST_FOLD ? NAS_TEST
                                     : p->fold[i] != plain[i]  ? NAS_VALIDATION
                                                               : NAS_TRAIN);
    /* Asked for the validation set of such a model, nobody is an independent judge. */
    uint8_t all[ROOM];
    assert_int_equal(nas_split_make(&p->c, &config, false, NULL, all, &hash, &err), NAS_OK);
    assert_null(memchr(all, NAS_VALIDATION, (size_t)p->c.n));
    free(p);
}

static void test_fold_errors(void **state) {
    (void)state;
    people *p = make_people(4, 12);
    expect(fold_them(p, 5, 0), NAS_EINVAL, "4 speakers");
    expect(fold_them(p, 1, 0), NAS_EINVAL, "2 to 20");
    expect(fold_them(p, 21, 0), NAS_EINVAL, "2 to 20");
    expect(fold_them(p, 2, 1), NAS_EINVAL, "test");
    expect(fold_them(p, 2, (double)NAN), NAS_EINVAL, "test");
    const nas_split_config by_file = {.by = NAS_BY_FILE, .folds = 2};
    expect(nas_split_folds(&p->c, &by_file, NULL, p->fold, &hash, &err), NAS_EINVAL, "by speaker");
    /* One speaker alone says "d": whoever validates on it has none to train with. */
    for (int32_t i = 0; i < p->c.n; i++) p->clip[i].label = p->speaker[i] == 0 ? 3 : i % 3;
    expect(fold_them(p, 2, 0), NAS_EINVAL, "no clip to train on");
    for (int32_t i = 0; i < p->c.n; i++) p->clip[i].label = i % WORDS;
    warnings = 0;
    assert_int_equal(fold_them(p, 4, 0), NAS_OK); /* as many folds as speakers */
    assert_int_equal(warnings, 1);
    assert_non_null(strstr(warning, "fold"));
    free(p);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lists, begin, end),
        cmocka_unit_test_setup_teardown(test_train_list, begin, end),
        cmocka_unit_test_setup_teardown(test_list_errors, begin, end),
        cmocka_unit_test_setup_teardown(test_list_places, begin, end),
        cmocka_unit_test_setup_teardown(test_folders, begin, end),
        cmocka_unit_test_setup_teardown(test_folder_errors, begin, end),
        cmocka_unit_test(test_folds),
        cmocka_unit_test(test_fold_parts),
        cmocka_unit_test(test_stopping),
        cmocka_unit_test(test_fold_errors),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
