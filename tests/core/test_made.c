/* tests/core/test_made.c - classes without a folder: unknown words and silence, on a small copy of
 * the public layout of Speech Commands. */
#include "base/files/file.h"
#include "base/rng.h"
#include "core/audio/sound.h"
#include "core/data/clips/cuts.h"
#include "search/stage/evaluate.h"
#include "search/task/keywords/deployed/deployed.h"
#include "search/task/keywords/keywords.h"
#include "tests/space_texts.h"

#include <math.h>
#include <setjmp.h>
#include <sndfile.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { RATE = 8000, SPEAKERS = 20, CLIP = 1600, MOST_SECONDS = 5 };

typedef struct bench {
    char root[64];
    nas_arena *a;
    nas_cache cache;
    nas_candidate c;
    nas_dataset d;
    nas_err err;
    int warnings;
    char said[4096];
} bench;

#define OK(call) \
    if ((call) != NAS_OK) fail_msg("%s", b->err.text)

static void on_warning(void *ctx, const char *text) {
    bench *b = ctx;
    const size_t used = strlen(b->said);
    b->warnings++;
    snprintf(b->said + used, sizeof b->said - used, "%s\n", text);
}

static const char *path_of(const bench *b, const char *name) {
    return nas_arena_format(b->a, NULL, "%s/data/%s", b->root, name);
}

/* Noise of its own for each `what`. */
static void make_sound(const bench *b, const char *name, int rate, int samples, uint32_t what) {
    SF_INFO info = {.samplerate = rate, .channels = 1, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16};
    SNDFILE *f = sf_open(path_of(b, name), SFM_WRITE, &info);
    assert_non_null(f);
    nas_rng r = nas_rng_stream(1, 0, NAS_PURPOSE_TEST, what, 0, 0);
    for (int i = 0; i < samples; i++) {
        const float v = nas_rng_float(&r) - 0.5f;
        assert_int_equal(sf_writef_float(f, &v, 1), 1);
    }
    sf_close(f);
}

static void make_word(const bench *b, const char *folder, int clips, uint32_t what) {
    assert_int_equal(nas_dir_make(path_of(b, folder), NULL), NAS_OK);
    for (int i = 0; i < clips; i++)
        make_sound(b,
                   nas_arena_format(b->a, NULL, "%s/p%02d_nohash_%d.wav", folder, i % SPEAKERS,
                                    i / SPEAKERS),
                   RATE, CLIP, what * 100 + (uint32_t)i);
}

static void make_noise(const bench *b, int n, double seconds) {
    assert_int_equal(nas_dir_make(path_of(b, "_background_noise_"), NULL), NAS_OK);
    for (int i = 0; i < n; i++)
        make_sound(b, nas_arena_format(b->a, NULL, "_background_noise_/n%d.wav", i), RATE,
                   (int)(seconds * RATE), 9000 + (uint32_t)i);
}

/* 40 clips of each of two words; 4, 20 and 30 of others; recordings. */
static void make_public(const bench *b, int recordings, double seconds) {
    make_word(b, "yes", 40, 1);
    make_word(b, "no", 40, 2);
    make_word(b, "bed", 4, 3);
    make_word(b, "cat", 20, 4);
    make_word(b, "bird", 30, 5);
    if (recordings) make_noise(b, recordings, seconds);
}

static int begin(void **state) {
    bench *b = calloc(1, sizeof *b);
    *state = b;
    strcpy(b->root, "/tmp/nas_made_XXXXXX");
    assert_non_null(mkdtemp(b->root));
    OK(nas_arena_open(&b->a, &b->err));
    b->cache.dir = nas_arena_format(b->a, NULL, "%s/cache", b->root);
    return 0;
}

static void close_data(bench *b) {
    if (b->d.task) nas_dataset_close(&b->d);
    b->d = (nas_dataset){0};
}

static int end(void **state) {
    bench *b = *state;
    close_data(b);
    const nas_status st = nas_dir_remove(b->root, NULL);
    nas_arena_close(b->a);
    free(b);
    return st == NAS_OK ? 0 : -1;
}

#define LABELS   "\"labels\": [\"yes\", \"_unknown_\", \"no\", \"_silence_\"], "
#define FOLDS    "\"split\": {\"folds\": 3, \"test\": 0.1}"
#define PLAIN    "\"split\": {\"validation\": 0.2, \"test\": 0.2}"
#define DEFAULTS LABELS "\"unknown\": {}, \"silence\": {}, " FOLDS

static nas_status decode(bench *b, const char *task) {
    nas_json *j = NULL;
    const char *text = space_text(
        b->a,
        (space_parts){.task = nas_arena_format(b->a, NULL, ", \"clip_seconds\": 0.2, %s", task)});
    OK(nas_json_parse(b->a, "c", text, &j, &b->err));
    const nas_status st = nas_candidate_decode(b->a, j, nas_json_root(j), 0, &b->c, &b->err);
    nas_json_close(j);
    return st;
}

static nas_status open_data(bench *b, const char *task) {
    const nas_log log = {.ctx = b, .warn = on_warning};
    close_data(b);
    b->warnings = 0;
    b->said[0] = '\0';
    OK(decode(b, task));
    return nas_dataset_open(b->a, &b->c.task, path_of(b, "."), false, &b->cache, &log, &b->d,
                            &b->err);
}

static void expect_said(const bench *b, const char *text) {
    if (!strstr(b->said, text)) fail_msg("\"%s\" does not say %s", b->said, text);
}

static void expect_fails(bench *b, const char *task, nas_status code, const char *text) {
    const nas_status st = open_data(b, task);
    b->d = (nas_dataset){0}; /* closed by whoever failed */
    if (st != code || !strstr(b->err.text, text)) fail_msg("%d: \"%s\"", st, b->err.text);
}

static int32_t label_of(const bench *b, const char *label) {
    for (int32_t i = 0; i < nas_clips_of(&b->d)->n_labels; i++)
        if (strcmp(nas_clips_of(&b->d)->labels[i], label) == 0) return i;
    fail_msg("no label %s", label);
    return -1;
}

/* Clips of a label whose names begin so. */
static int32_t count(const bench *b, const char *label, const char *begins) {
    const int32_t l = label_of(b, label);
    int32_t n = 0;
    for (int32_t i = 0; i < nas_clips_of(&b->d)->n; i++) {
        const nas_clip *k = &nas_clips_of(&b->d)->clips[i];
        n += k->label == l && strncmp(k->name, begins, strlen(begins)) == 0;
    }
    return n;
}

/* As many as a label has in the mean, evenly from what there is. */
static void test_counts(void **state) {
    bench *b = *state;
    make_public(b, 6, MOST_SECONDS);
    OK(open_data(b, DEFAULTS));
    const nas_clips *c = nas_clips_of(&b->d);
    assert_int_equal(b->d.outputs, 4);
    assert_string_equal(c->labels[1], "_unknown_"); /* the order of the space stays */
    assert_string_equal(c->labels[3], "_silence_");
    assert_int_equal(c->n, 160);
    assert_int_equal(count(b, "yes", "yes/"), 40);
    assert_int_equal(count(b, "no", "no/"), 40);
    assert_int_equal(count(b, "_unknown_", ""), 40);
    assert_int_equal(count(b, "_unknown_", "bed/"), 4);
    assert_int_equal(count(b, "_unknown_", "cat/"), 18);
    assert_int_equal(count(b, "_unknown_", "bird/"), 18);
    assert_int_equal(count(b, "_silence_", "_background_noise_/"), 40);
    assert_int_equal(c->made.unknown, 40);
    assert_int_equal(c->made.folders, 3);
    assert_int_equal(c->made.cuts, 40);
    assert_int_equal(c->made.recordings, 6);
    char line[512];
    b->c.task.ops->describe(&b->d, line, sizeof line);
    assert_non_null(
        strstr(line, "_unknown_: 40 clips of 3 other folders; _silence_: 40 cuts of 6 recordings"));
    /* A label in the middle, and one folder alone. */
    OK(open_data(b, "\"labels\": [\"_silence_\", \"yes\", \"_unknown_\", \"no\"], \"silence\": {}, "
                    "\"unknown\": {\"folders\": [\"bird\"]}, " FOLDS));
    assert_string_equal(nas_clips_of(&b->d)->labels[0], "_silence_");
    assert_int_equal(count(b, "_unknown_", "bird/"), 30);
    assert_int_equal(count(b, "_silence_", "_background_noise_/"), 40);
    assert_int_equal(count(b, "no", "no/"), 40);
    expect_said(b, "unknown: 30 clips of the 40 that were asked for");
    /* Names of one's own. */
    OK(open_data(b, "\"labels\": [\"yes\", \"noise\", \"rest\"], \"silence\": {\"label\": "
                    "\"noise\"}, \"unknown\": {\"label\": \"rest\"}, " FOLDS));
    assert_int_equal(count(b, "noise", "_background_noise_/"), 40);
    assert_int_equal(count(b, "rest", ""), 40);
}

static void test_shares(void **state) {
    bench *b = *state;
    make_public(b, 6, MOST_SECONDS);
    OK(open_data(b, LABELS "\"unknown\": {\"share\": 0.2}, \"silence\": {\"share\": 0.1}, " FOLDS));
    assert_int_equal(count(b, "_unknown_", ""), 23); /* 80 of 0.7 are 114.3 */
    assert_int_equal(count(b, "_silence_", ""), 11);
    OK(open_data(b, LABELS "\"unknown\": {\"share\": 0.2}, \"silence\": {}, " FOLDS));
    assert_int_equal(count(b, "_unknown_", ""), 30); /* 120 of 0.8 are 150 */
    assert_int_equal(count(b, "_silence_", ""), 40);
    assert_int_equal(nas_made_count(80, 2, 0.25, 0.25), 40);
    assert_int_equal(nas_made_count(80, 2, (double)NAN, 0.25), 40);
    assert_int_equal(nas_made_count(3, 2, (double)NAN, 0), 2);
}

/* The same clips whatever else is asked for; fewer are the first of more. */
static void test_determined(void **state) {
    bench *b = *state;
    make_public(b, 6, MOST_SECONDS);
    OK(open_data(b, DEFAULTS));
    const nas_hash first = b->d.fingerprint, clips = nas_clips_of(&b->d)->fingerprint;
    OK(open_data(b, DEFAULTS));
    assert_true(nas_hash_equal(&first, &b->d.fingerprint));
    assert_true(nas_hash_equal(&clips, &nas_clips_of(&b->d)->fingerprint));
    OK(open_data(b, LABELS "\"unknown\": {}, \"silence\": {\"volume\": [0, 0.5]}, " FOLDS));
    assert_false(nas_hash_equal(&first, &b->d.fingerprint));
    const char *few[64];
    int32_t n = 0;
    OK(open_data(b, LABELS "\"unknown\": {\"share\": 0.1}, \"silence\": {}, " FOLDS));
    for (int32_t i = 0; i < nas_clips_of(&b->d)->n; i++)
        if (nas_clips_of(&b->d)->clips[i].label == 1)
            few[n++] = nas_arena_text(b->a, nas_clips_of(&b->d)->clips[i].name, NULL);
    assert_int_equal(n, 13);
    OK(open_data(b, DEFAULTS));
    for (int32_t i = 0; i < n; i++) assert_int_equal(count(b, "_unknown_", few[i]), 1);
}

/* No recording and no speaker is in two folds, and each has its share. */
static void test_folds(void **state) {
    bench *b = *state;
    make_public(b, 6, MOST_SECONDS);
    OK(open_data(b, DEFAULTS));
    const nas_dataset *d = &b->d;
    int32_t cuts[256] = {0}, words[256] = {0};
    assert_int_equal(d->folds, 3);
    for (int32_t i = 0; i < nas_clips_of(d)->n; i++) {
        const nas_clip *k = &nas_clips_of(d)->clips[i];
        (k->cut ? cuts : words)[nas_keywords_of(d)->fold[i]]++;
        for (int32_t j = 0; j < i; j++)
            if (strcmp(k->speaker, nas_clips_of(d)->clips[j].speaker) == 0)
                assert_int_equal(nas_keywords_of(d)->fold[i], nas_keywords_of(d)->fold[j]);
    }
    const uint8_t folds[] = {0, 1, 2, NAS_TEST_FOLD};
    for (size_t i = 0; i < sizeof folds; i++) {
        const int32_t n = cuts[folds[i]], of = words[folds[i]];
        if (abs(n * 120 - of * 40) > 60) fail_msg("%d cuts beside %d clips", n, of);
    }
    assert_null(strstr(b->said, "stretch"));
    for (int32_t i = 0; i < nas_clips_of(d)->n; i++) /* the group is the recording */
        if (nas_clips_of(d)->clips[i].cut)
            assert_string_equal(d->groups[d->group[i]], nas_clips_of(d)->clips[i].speaker);
    assert_null(strstr(b->said, "stand in no recording"));
    nas_dataset fold;
    OK(nas_dataset_fold(b->a, d, 1, &fold, &b->err));
    assert_int_equal(fold.part[NAS_VALIDATION].n, cuts[1] + words[1]);
}

/* Where a part's cuts of a recording lie, those of another part do not. */
static void test_few_recordings(void **state) {
    bench *b = *state;
    make_public(b, 2, MOST_SECONDS);
    OK(open_data(b, DEFAULTS));
    expect_said(b, "silence: ");
    expect_said(b, "has 2 recordings for the 4 sets of the split");
    const nas_dataset *d = &b->d;
    int32_t parts[256] = {0};
    for (int32_t i = 0; i < nas_clips_of(d)->n; i++) {
        const nas_clip *k = &nas_clips_of(d)->clips[i];
        if (!k->cut) continue;
        parts[nas_keywords_of(d)->fold[i]]++;
        for (int32_t j = 0; j < i; j++) {
            const nas_clip *m = &nas_clips_of(d)->clips[j];
            if (m->cut && strcmp(k->speaker, m->speaker) == 0 &&
                nas_keywords_of(d)->fold[i] != nas_keywords_of(d)->fold[j])
                assert_true(labs((long)(k->pcm - m->pcm)) >= CLIP);
        }
    }
    assert_true(parts[0] && parts[1] && parts[2] && parts[NAS_TEST_FOLD]);
    OK(open_data(b, LABELS "\"unknown\": {}, \"silence\": {\"share\": 0.6}, " FOLDS));
    expect_said(b, "overlap, for there are 10 s of recordings");
}

static void test_parts(void **state) {
    bench *b = *state;
    make_public(b, 6, MOST_SECONDS);
    static const char *const splits[] = {PLAIN, "\"split\": {\"by\": \"file\"}"};
    for (size_t s = 0; s < sizeof splits / sizeof *splits; s++) {
        OK(open_data(b, nas_arena_format(b->a, NULL, LABELS "\"unknown\": {}, \"silence\": {}, %s",
                                         splits[s])));
        const nas_dataset *d = &b->d;
        const char *recording[NAS_PARTS][64];
        int32_t n[NAS_PARTS] = {0};
        for (int p = 0; p < NAS_PARTS; p++)
            for (int32_t i = 0; i < d->part[p].n; i++) {
                const nas_clip *k = &nas_clips_of(d)->clips[d->part[p].example[i]];
                if (k->cut) recording[p][n[p]++] = k->speaker;
            }
        for (int p = 0; p < NAS_PARTS; p++) {
            if (abs(n[p] * 160 - 40 * d->part[p].n) > 120)
                fail_msg("%d cuts of %d", n[p], d->part[p].n);
            for (int q = 0; q < p; q++)
                for (int32_t i = 0; i < n[p]; i++)
                    for (int32_t j = 0; j < n[q]; j++)
                        assert_string_not_equal(recording[p][i], recording[q][j]);
        }
    }
}

/* Cuts are samples of their recording, times a number within the bounds; at any rate. */
static void test_samples(void **state) {
    bench *b = *state;
    float x[CLIP], half[CLIP / 2];
    double least = 2, most = 0;
    make_public(b, 6, MOST_SECONDS);
    OK(open_data(b, LABELS "\"unknown\": {}, \"silence\": {\"volume\": [0.25, 0.75]}, " FOLDS));
    nas_clips *c = nas_clips_of(&b->d);
    OK(nas_clips_prepare(c, RATE / 2, NULL, &b->err));
    for (int32_t i = 0; i < c->n; i++) {
        const nas_clip *k = &c->clips[i];
        OK(nas_clips_read(c, i, RATE, x, CLIP, &b->err));
        OK(nas_clips_read(c, i, RATE / 2, half, CLIP / 2, &b->err));
        if (!k->cut) {
            float own[CLIP];
            OK(nas_clips_samples(c, i, own, &b->err));
            assert_memory_equal(x, own, sizeof x);
            continue;
        }
        for (int s = 0; s < CLIP; s++) assert_true(x[s] == k->pcm[s] * k->volume);
        least = fmin(least, (double)k->volume);
        most = fmax(most, (double)k->volume);
        nas_sound sound;
        const char *at = strchr(k->name, '@');
        OK(nas_sound_read(path_of(b, k->speaker), MOST_SECONDS, &sound, &b->err));
        assert_memory_equal(k->pcm, sound.pcm + atol(at + 1), sizeof x);
        nas_sound_free(&sound);
    }
    assert_true(least >= 0.25 && least < 0.35 && most > 0.65 && most <= 0.75);
}

/* Folders of their own are read as ever, and the candidate is the same. */
static void test_own_folders(void **state) {
    bench *b = *state;
    make_public(b, 6, MOST_SECONDS);
    make_word(b, "_unknown_", 25, 6);
    make_word(b, "_silence_", 25, 7);
    OK(open_data(b, LABELS FOLDS));
    const nas_hash without = b->d.fingerprint, candidate = b->c.hash;
    OK(open_data(b, DEFAULTS));
    assert_true(nas_hash_equal(&without, &b->d.fingerprint));
    assert_true(nas_hash_equal(&candidate, &b->c.hash));
    assert_int_equal(count(b, "_unknown_", "_unknown_/"), 25);
    assert_int_equal(count(b, "_silence_", "_silence_/"), 25);
    char line[512];
    b->c.task.ops->describe(&b->d, line, sizeof line);
    assert_non_null(strstr(line, "_unknown_: its own folder; _silence_: its own folder"));
}

/* Google's lists name clips by their own folders. */
static void test_lists(void **state) {
    bench *b = *state;
    make_public(b, 6, MOST_SECONDS);
    static const char *const words[] = {"yes", "no", "bed", "cat", "bird"};
    static const int clips[] = {40, 40, 4, 20, 30};
    for (int l = 0; l < 2; l++) {
        FILE *f = fopen(path_of(b, l ? "testing_list.txt" : "validation_list.txt"), "w");
        assert_non_null(f);
        for (int w = 0; w < 5; w++)
            for (int i = 0; i < clips[w]; i++)
                if (i % SPEAKERS == 2 * l || i % SPEAKERS == 2 * l + 1)
                    fprintf(f, "%s/p%02d_nohash_%d.wav\n", words[w], i % SPEAKERS, i / SPEAKERS);
        assert_int_equal(fclose(f), 0);
    }
    OK(open_data(b, LABELS "\"unknown\": {}, \"silence\": {}, \"split\": {\"by\": \"lists\", "
                           "\"validation\": \"validation_list.txt\", \"test\": "
                           "\"testing_list.txt\"}"));
    const nas_rows *test = &b->d.part[NAS_TEST];
    int32_t n[4] = {0};
    for (int32_t i = 0; i < test->n; i++) {
        const nas_clip *k = &nas_clips_of(&b->d)->clips[test->example[i]];
        n[k->label]++;
        if (!k->cut) assert_true(strcmp(k->speaker, "p02") == 0 || strcmp(k->speaker, "p03") == 0);
    }
    assert_int_equal(n[0], 4);
    assert_int_equal(n[2], 4);
    assert_true(n[1] > 0 && n[3] > 0);
    assert_int_equal(b->warnings, 0);
}

/* Each part takes unknown words from its own folders. */
static void test_folders(void **state) {
    bench *b = *state;
    static const char *const parts[] = {"train", "validation", "test"};
    static const char *const words[] = {"yes", "no", "cat", "bird"};
    for (int p = 0; p < 3; p++)
        for (int w = 0; w < 4; w++)
            make_word(b, nas_arena_format(b->a, NULL, "%s/%s", parts[p], words[w]), p ? 6 : 12,
                      (uint32_t)(10 + 4 * p + w));
    make_noise(b, 3, MOST_SECONDS);
    OK(open_data(b, LABELS "\"unknown\": {}, \"silence\": {}, \"split\": {\"by\": \"folders\"}"));
    assert_int_equal(count(b, "_unknown_", "train/cat/"), 6);
    assert_int_equal(count(b, "_unknown_", "train/bird/"), 6);
    assert_int_equal(count(b, "_unknown_", "test/cat/"), 3);
    assert_int_equal(count(b, "_unknown_", "validation/bird/"), 3);
    assert_int_equal(nas_clips_of(&b->d)->made.folders, 2);
    assert_int_equal(b->d.part[NAS_TRAIN].n, 48);
    assert_int_equal(b->d.part[NAS_VALIDATION].n, 24);
    assert_int_equal(b->d.part[NAS_TEST].n, 24);
}

static void test_what_is_missing(void **state) {
    bench *b = *state;
    make_public(b, 0, 0);
    expect_fails(b, LABELS FOLDS, NAS_ENOTFOUND, "Set \"unknown\": {} in \"task\"");
    expect_fails(b, LABELS "\"unknown\": {}, " FOLDS, NAS_ENOTFOUND,
                 "Set \"silence\": {} in \"task\"");
    expect_fails(b, DEFAULTS, NAS_ENOTFOUND, "there is no recording in");
    make_noise(b, 3, 0.15);
    expect_fails(b, DEFAULTS, NAS_EFORMAT, "none of the 3 files");
    expect_said(b, "3 of 3 recordings in");
    make_sound(b, "_background_noise_/n0.wav", RATE, CLIP + 10, 1);
    expect_fails(b, DEFAULTS, NAS_EINVAL, "too few and too short");
    expect_fails(
        b, "\"labels\": [\"yes\", \"_unknown_\"], \"unknown\": {\"folders\": [\"brid\"]}, " FOLDS,
        NAS_ENOTFOUND, "no class folder \"brid\" in");
    assert_non_null(strstr(b->err.text, "did you mean \"bird\"?"));
    expect_fails(b,
                 "\"labels\": [\"yes\", \"no\", \"bed\", \"cat\", \"bird\", \"_unknown_\"], "
                 "\"unknown\": {}, " FOLDS,
                 NAS_ENOTFOUND, "has no class folder that is no label");
    make_noise(b, 4, MOST_SECONDS); /* one that cannot be read is said and passed over */
    assert_int_equal(nas_file_write(path_of(b, "_background_noise_/n9.wav"), "text", 4, NULL),
                     NAS_OK);
    OK(open_data(b, DEFAULTS));
    expect_said(b, "n9.wav is left out");
    assert_int_equal(nas_clips_of(&b->d)->made.recordings, 4);
}

static void expect_refused(bench *b, const char *task, const char *text) {
    const nas_status st = decode(b, task);
    if (st != NAS_EINVAL || !strstr(b->err.text, text)) fail_msg("%d: \"%s\"", st, b->err.text);
}

static void test_keys(void **state) {
    bench *b = *state;
    expect_refused(b, "\"labels\": [\"yes\", \"no\"], \"unknown\": {}",
                   "its label \"_unknown_\" is none of task.labels");
    expect_refused(b, "\"silence\": {}", "its label \"_silence_\" is none of task.labels");
    expect_refused(b, LABELS "\"unknown\": {\"label\": \"_silence_\"}, \"silence\": {}",
                   "its label is that of task.unknown");
    expect_refused(b, LABELS "\"unknown\": {\"share\": 0.5}, \"silence\": {\"share\": 0.5}",
                   "leave nothing to the other labels");
    expect_refused(b, LABELS "\"unknown\": {\"folders\": [\"no\"]}", "is a label");
    expect_refused(b, LABELS "\"unknown\": {\"folders\": [\"a\", \"a\"]}", "stands twice");
    expect_refused(b, LABELS "\"unknown\": {\"folders\": [\"\\u00e9\", \"e\\u0301\"]}",
                   "stands twice");
    expect_refused(b, LABELS "\"unknown\": {\"folders\": []}", "expected \"others\" or a list");
    expect_refused(b, LABELS "\"unknown\": {\"folders\": \"all\"}", "expected \"others\"");
    expect_refused(b, LABELS "\"silence\": {\"volume\": [1, 0]}", "the lowest is above");
    expect_refused(b, LABELS "\"silence\": {\"shares\": 1}", "did you mean \"share\"");
    expect_refused(b, LABELS "\"unknown\": 1", "expected an object");
    OK(decode(b, LABELS "\"unknown\": null, \"silence\": null"));
    assert_false(nas_keywords_keys(&b->c.task)->unknown.given);
    assert_false(nas_keywords_keys(&b->c.task)->silence.given);
}

static bool stop_once(void *ctx) {
    int *calls = ctx;
    return (*calls)++ == 0;
}

/* Who judges a model without asking for a part goes on where its split cannot be made, but not when
 * asked to stop. */
static void test_stop(void **state) {
    bench *b = *state;
    make_public(b, 6, MOST_SECONDS);
    OK(decode(b, LABELS "\"unknown\": {}, \"silence\": {}, " PLAIN));
    const nas_deployed d = {.has_candidate = true, .task = *nas_keywords_keys(&b->c.task)};
    const nas_clips_options o = {.folder = path_of(b, "."),
                                 .labels = d.task.labels,
                                 .n_labels = d.task.n_labels,
                                 .unknown = &d.task.unknown,
                                 .silence = &d.task.silence,
                                 .clip_seconds = d.task.clip_seconds,
                                 .full_scale = d.task.full_scale,
                                 .cache = b->cache.dir};
    nas_clips *c = NULL;
    OK(nas_clips_open(&o, NULL, &c, &b->err));
    int calls = 0;
    const nas_log log = {.ctx = &calls, .stop = stop_once};
    const uint8_t *parts;
    nas_parts_known known;
    assert_int_equal(nas_deployed_split(&d, c, -1, false, &log, b->a, &parts, &known, &b->err),
                     NAS_ESTOP);
    assert_string_equal(b->err.text, "stopped");
    nas_clips_close(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_counts, begin, end),
        cmocka_unit_test_setup_teardown(test_shares, begin, end),
        cmocka_unit_test_setup_teardown(test_determined, begin, end),
        cmocka_unit_test_setup_teardown(test_folds, begin, end),
        cmocka_unit_test_setup_teardown(test_few_recordings, begin, end),
        cmocka_unit_test_setup_teardown(test_parts, begin, end),
        cmocka_unit_test_setup_teardown(test_samples, begin, end),
        cmocka_unit_test_setup_teardown(test_own_folders, begin, end),
        cmocka_unit_test_setup_teardown(test_lists, begin, end),
        cmocka_unit_test_setup_teardown(test_folders, begin, end),
        cmocka_unit_test_setup_teardown(test_what_is_missing, begin, end),
        cmocka_unit_test_setup_teardown(test_keys, begin, end),
        cmocka_unit_test_setup_teardown(test_stop, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
