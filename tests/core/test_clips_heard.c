/* tests/core/test_clips_heard.c - what is heard of clips, what is left of a data folder, and that
 * all of it is said. */
#include "core/data/clips/noise.h"
#include "core/data/split/split.h"
#include "tests/clips_place.h"

enum { RATE = 8000, MP3 = SF_FORMAT_MPEG | SF_FORMAT_MPEG_LAYER_III };

static void write_floats(const char *name, int format, const float *x, int n) {
    SF_INFO info = {.samplerate = RATE, .channels = 1, .format = format};
    SNDFILE *f = sf_open(path_of(name), SFM_WRITE, &info);
    assert_non_null(f);
    assert_int_equal(sf_writef_float(f, x, n), n);
    sf_close(f);
}

/* A tone of 0.5 in samples [at, at + length) of n, a quiet ramp elsewhere. */
static void make_tone(const char *name, int n, int at, int length) {
    float *x = calloc((size_t)n, sizeof *x);
    assert_non_null(x);
    for (int i = 0; i < n; i++)
        x[i] = i >= at && i < at + length ? wave(i, 0, RATE) : 1e-3f * (float)(i % 7);
    write_floats(name, WAV, x, n);
    free(x);
}

static const char *said(nas_clips_options o, nas_clips **c) {
    static seen s;
    nas_err err = {0};
    s = (seen){0};
    if (open_clips(o, &s, c, &err) != NAS_OK) fail_msg("%s", err.text);
    return s.all;
}

#define SAYS(text, word)                                                         \
    do {                                                                         \
        if (!strstr(text, word)) fail_msg("\"%s\" does not say %s", text, word); \
    } while (0)

/* Sets that are fine are what they were before anything could be cropped or scaled: fingerprint and
 * samples of a build without the keys. */
static void test_unchanged(void **state) {
    (void)state;
    make_words(3);
    make_folder("_background_noise_");
    nas_clips *c;
    char hex[65];
    assert_string_equal(said((nas_clips_options){.clip_seconds = 0.01, .full_scale = 1}, &c), "");
    nas_hash_hex(&c->fingerprint, hex);
    assert_string_equal(hex, "2bdfce4c75af0fd2a02e9de8d3858edb14b4693983e1fd53a3b67d2f626ccf4b");
    const nas_hash before = c->fingerprint;
    nas_clips_close(c);
    /* A crop hears the same of short clips, and yet is another study's data. */
    (void)said((nas_clips_options){.crop = NAS_CROP_CENTRE}, &c);
    assert_false(nas_hash_equal(&before, &c->fingerprint));
    nas_clips_close(c);
    (void)said((nas_clips_options){.full_scale = 2}, &c);
    assert_false(nas_hash_equal(&before, &c->fingerprint));
    nas_clips_close(c);
}

static void test_crop(void **state) {
    (void)state;
    make_folder("a");
    make_folder("b");
    make_tone("a/late.wav", 30000, 24000, 2000);
    make_tone("a/short.wav", 5000, 100, 2000);
    make_tone("b/early.wav", 16000, 0, 2000);
    make_tone("b/end.wav", 12001, 11001, 1000);
    nas_clips *c;
    const char *text = said((nas_clips_options){0}, &c);
    SAYS(text, "3 of 4 are longer than the 1 s of task.clip_seconds (median of all 1.75 s, longest "
               "3.75 s, a/late.wav)");
    SAYS(text, "only their beginnings are heard. Set task.clip_seconds, or task.crop");
    assert_int_equal(c->clips[0].length, 30000);
    for (int i = 0; i < 8000; i++) assert_true(pcm_of(c, 0)[i] < 0.1f);
    nas_clips_close(c);

    text = said((nas_clips_options){.crop = NAS_CROP_CENTRE}, &c);
    SAYS(text, "only their middles are heard, as task.crop says");
    static float all[30000];
    SF_INFO info = {0};
    SNDFILE *f = sf_open(path_of("a/late.wav"), SFM_READ, &info);
    assert_int_equal(sf_readf_float(f, all, 30000), 30000);
    sf_close(f);
    assert_memory_equal(pcm_of(c, 0), all + 11000, 8000 * sizeof(float));
    assert_int_equal(c->clips[1].samples, 5000);
    nas_clips_close(c);

    text = said((nas_clips_options){.crop = NAS_CROP_LOUDEST}, &c);
    SAYS(text, "only their loudest parts are heard, as task.crop says");
    /* From 18,000 to 22,000 windows hold all of the tone: the middle one. */
    assert_memory_equal(pcm_of(c, 0), all + 20000, 8000 * sizeof(float));
    assert_true(fabsf(pcm_of(c, 2)[1]) > 0.1f && fabsf(pcm_of(c, 3)[7999]) > 0.1f);
    nas_clips_close(c);
}

static void test_states(void **state) {
    (void)state;
    static float x[9000];
    make_words(2);
    write_floats("up/zeros.wav", WAV, x, 4000);
    write_floats("up/late.wav", WAV, (x[8500] = 0.5f, x), 9000); /* zeros in what is heard */
    for (int i = 0; i < 9000; i++) x[i] = 0.25f;
    write_floats("left/flat.wav", WAV, x, 4000);
    for (int i = 0; i < 9000; i++) x[i] = fmaxf(-1, fminf(1, 3 * wave(i, 0, RATE)));
    write_floats("left/loud.wav", WAV, x, 8000);
    for (int i = 0; i < 9000; i++) x[i] = 2 * wave(i, 0, RATE); /* just reaches it */
    write_floats("left/fine.wav", WAV, x, 8000);
    make_sound("down/one.wav", WAV, RATE, 1, 1);
    nas_clips *c;
    const char *text = said((nas_clips_options){0}, &c);
    SAYS(text, "3 of 12 are silent in what is heard of them: all samples are 0 (as down/one.wav)");
    SAYS(text, "1 of 12 are constant in what is heard");
    SAYS(text, "1 of 12 were recorded too loud");
    SAYS(text, "(as left/loud.wav)");
    SAYS(text,
         "7 of 12 are shorter than a tenth of the 1 s of task.clip_seconds (shortest 0.000125 "
         "s, down/one.wav); zeros follow them");
    nas_clips_close(c);
}

static void test_floats(void **state) {
    (void)state;
    static float x[4000], y[4000];
    make_folder("a");
    make_folder("b");
    for (int i = 0; i < 4000; i++) y[i] = (x[i] = roundf(32768 * wave(i, 0, RATE))) / 32768;
    write_floats("a/pcm.wav", WAV, y, 4000);
    write_floats("a/raw.wav", WAV_FLOAT, x, 4000);
    write_floats("b/raw.wav", WAV_FLOAT, x, 4000);
    expect_error((nas_clips_options){0}, NAS_EFORMAT, "2 of 3 clips");
    expect_error((nas_clips_options){0}, NAS_EFORMAT, "task.full_scale");
    expect_error((nas_clips_options){0}, NAS_EFORMAT, "(32768?)");
    nas_clips *c; /* the same samples as those that were written as integers */
    assert_string_equal(said((nas_clips_options){.full_scale = 32768}, &c), "");
    assert_memory_equal(pcm_of(c, 0), pcm_of(c, 1), 4000 * sizeof(float));
    nas_clips_close(c);

    for (int i = 0; i < 4000; i++) x[i] = 2.5f * wave(i, 0, RATE);
    write_floats("a/raw.wav", WAV_FLOAT, x, 4000);
    write_floats("b/raw.wav", WAV_FLOAT, y, 4000);
    SAYS(said((nas_clips_options){0}, &c), "1 of 3 go beyond -1 .. 1 (up to 1.25, a/raw.wav), and "
                                           "are cut off there");
    assert_true(c->clips[1].peak > 1.24f && c->clips[1].peak < 1.26f);
    nas_clips_close(c);
    SAYS(said((nas_clips_options){.full_scale = 32768}, &c),
         "1 of 3 hold floats between -1 and 1, which task.full_scale divides by 32768 (as "
         "b/raw.wav)");
    nas_clips_close(c);
}

static void test_nested(void **state) {
    (void)state;
    make_words(2);
    make_folder("go/anna/old");
    make_folder("go/ben");
    make_sound("go/anna/0.wav", WAV, RATE, 1, 900);
    make_sound("go/anna/0b_nohash_1.wav", WAV, RATE, 1, 900);
    make_sound("go/ben/0.wav", WAV, RATE, 1, 900);
    make_text("go/ben/notes.db", "notes");
    make_folder("copy/up");
    make_sound("copy/up/0.wav", WAV, RATE, 1, 900);
    make_folder("up/old");
    nas_clips *c;
    const char *text = said((nas_clips_options){0}, &c);
    assert_int_equal(c->n_labels, 4);
    assert_int_equal(c->n, 9);
    SAYS(text,
         "1 of 4 class folders hold folders of clips, as go/anna: each such folder is a speaker");
    SAYS(text,
         "with the names of classes are left out; where they are classes, set task.labels (1, "
         "as copy)");
    SAYS(text, "one folder of clips for each speaker (2, as go/anna/old)");
    SAYS(text, "no sound are passed over (1, as go/ben/notes.db)");
    assert_string_equal(c->clips[2].name, "go/anna/0.wav");
    assert_string_equal(c->clips[2].speaker, "anna");
    assert_string_equal(c->clips[3].speaker, "anna");
    assert_string_equal(c->clips[4].speaker, "ben");
    assert_string_equal(c->clips[0].speaker, "p0");
    assert_int_equal(c->n_unnamed, 0);

    /* Lists name such clips by all three parts. */
    make_text("v.txt", "go/anna/0.wav\nx/up/p0_nohash_0.wav\n");
    make_text("t.txt", "go/ben/0.wav\ndown/p0_nohash_1.wav\n");
    const nas_split_config by = {
        .by = NAS_BY_LISTS, .validation_list = "v.txt", .test_list = "t.txt"};
    uint8_t part[9];
    nas_hash h;
    nas_err err = {0};
    if (nas_split_make(c, &by, false, NULL, part, &h, &err) != NAS_OK) fail_msg("%s", err.text);
    assert_int_equal(part[2], NAS_VALIDATION);
    assert_int_equal(part[3], NAS_TRAIN);
    assert_int_equal(part[4], NAS_TEST);
    nas_clips_close(c);

    static const char *const two[] = {"copy", "go"};
    text = said((nas_clips_options){.labels = two, .n_labels = 2}, &c);
    assert_int_equal(c->n, 4);
    SAYS(text, "none of task.labels are left out (3, as down)");
    nas_clips_close(c);
}

/* Parts of a split are no classes. */
static void test_parts(void **state) {
    (void)state;
    make_folder("train/up");
    make_folder("train/down");
    make_folder("test/up");
    make_sound("train/up/0.wav", WAV, RATE, 1, 900);
    make_sound("train/down/0.wav", WAV, RATE, 1, 900);
    make_sound("test/up/0.wav", WAV, RATE, 1, 900);
    expect_error((nas_clips_options){0}, NAS_EINVAL, "{\"by\": \"folders\"}");
    make_folder("validation/up");
    make_folder("more/up");
    make_sound("validation/up/0.wav", WAV, RATE, 1, 900);
    make_sound("more/up/0.wav", WAV, RATE, 1, 900);
    nas_clips *c;
    SAYS(said((nas_clips_options){.parts = true}, &c), "test/ are left out (1, as more)");
    assert_int_equal(c->n, 4);
    assert_string_equal(c->clips[0].speaker, "0");
    nas_clips_close(c);
}

static void test_no_sound(void **state) {
    (void)state;
    make_words(2);
    make_bytes("up/Thumbs.db", "\xd0\xcf\x11\xe0\xa1\xb1", 6);
    make_text("up/desktop.ini", "[.ShellClassInfo]");
    make_bytes("down/a.png", "\x89PNG\r\n", 6);
    make_bytes("down/._0.wav", "\0\5\026\7", 4);
    make_bytes("more.zip", "PK\3\4", 4);
    make_text("README.md", "words");
    make_sound("lost.wav", WAV, RATE, 1, 900);
    make_sound("up/noend", WAV, RATE, 1, 900);
    make_sound("up/s.2", WAV, RATE, 1, 900);
    nas_clips *c;
    const char *text = said((nas_clips_options){0}, &c);
    assert_int_equal(c->n, 8);
    SAYS(text, "files that are no sound are passed over (4, as more.zip)");
    SAYS(text, "sound files that stand in no class folder are left out (1, as lost.wav)");
    nas_clips_close(c);
}

static void expect_reason(const char *name, const void *bytes, size_t n, const char *word) {
    nas_sound s;
    nas_err err = {0};
    make_bytes(name, bytes, n);
    assert_int_equal(nas_sound_read(path_of(name), 1, &s, &err), NAS_EFORMAT);
    SAYS(err.text, word);
}

/* Files with a sound's name that hold something else. */
static void test_named_wav(void **state) {
    (void)state;
    static const char lfs[] = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\n";
    static const char page[] = "\n<!doctype html><html><head>";
    static const char mp3[] = "ID3\4\0\0\0\0\0\0";
    static const char m4a[] = "\0\0\0\x20"
                              "ftypM4A \0\0\0\0";
    static const char zeros[64] = {0};
    static float x[8000];
    make_folder("a");
    expect_reason("a/lfs.wav", lfs, sizeof lfs - 1, "Git LFS");
    expect_reason("a/page.wav", page, sizeof page - 1, "a web page");
    expect_reason("a/cut.wav", mp3, sizeof mp3 - 1, "an MP3 file");
    expect_reason("a/phone.wav", m4a, sizeof m4a - 1, "an M4A file");
    expect_reason("a/zeros.wav", zeros, sizeof zeros, "zeros");
    SF_INFO can = {.samplerate = 16000, .channels = 1, .format = MP3};
    if (!sf_format_check(&can)) return; /* a libsndfile without MP3 */
    SNDFILE *f = sf_open(path_of("a/whole.wav"), SFM_WRITE, &can);
    assert_non_null(f);
    for (int i = 0; i < 8000; i++) x[i] = wave(i, 0, 16000);
    assert_int_equal(sf_writef_float(f, x, 8000), 8000);
    sf_close(f);
    nas_sound s;
    nas_err err = {0};
    if (nas_sound_read(path_of("a/whole.wav"), 1, &s, &err) == NAS_OK)
        nas_sound_free(&s);
    else
        SAYS(err.text, "an MP3 file");
}

#define COMPOSED   "t\u00fcr"
#define DECOMPOSED "tu\u0308r"

static void test_names(void **state) {
    (void)state;
    make_words(1);
    make_folder(DECOMPOSED);
    make_sound(DECOMPOSED "/p1_nohash_0.wav", WAV, RATE, 1, 900);
    make_sound(DECOMPOSED "/p2_nohash_0.wav", WAV, RATE, 1, 900);
    static const char *const labels[] = {"up", COMPOSED}, *const twice[] = {COMPOSED, DECOMPOSED};
    nas_clips *c;
    (void)said((nas_clips_options){.labels = labels, .n_labels = 2}, &c);
    assert_int_equal(c->n, 3);
    assert_string_equal(c->labels[1], COMPOSED); /* as it was written */
    assert_string_equal(c->clips[1].name, DECOMPOSED "/p1_nohash_0.wav");
    make_text("v.txt", COMPOSED "/p1_nohash_0.wav\n");
    make_text("t.txt", "up/p0_nohash_0.wav\n");
    nas_split_config by = {.by = NAS_BY_LISTS, .validation_list = "v.txt", .test_list = "t.txt"};
    uint8_t part[3];
    nas_hash h;
    nas_err err = {0};
    assert_int_equal(nas_split_make(c, &by, false, NULL, part, &h, &err), NAS_EINVAL);
    SAYS(err.text, "\"up\" has no clip in the training set"); /* all lines were found */
    nas_clips_close(c);
    assert_int_equal(nas_dir_remove(cache, NULL), NAS_OK);
    expect_error((nas_clips_options){.labels = twice, .n_labels = 2}, NAS_EINVAL, "twice");
}

/* A speaker whose name is written in both ways is one. */
static void test_alike_speakers(void **state) {
    (void)state;
    make_words(1);
    make_sound("up/" COMPOSED "_nohash_0.wav", WAV, RATE, 1, 900);
    make_sound("left/" DECOMPOSED "_nohash_0.wav", WAV, RATE, 1, 900);
    make_sound("down/" DECOMPOSED ".wav", WAV, RATE, 1, 900);
    nas_clips *c;
    (void)said((nas_clips_options){0}, &c);
    assert_int_equal(c->n, 6);
    assert_int_equal(c->n_speakers, 2); /* and p0 */
    const char *one = NULL;
    for (int32_t i = 0; i < c->n; i++) {
        if (strcmp(c->clips[i].speaker, "p0") == 0) continue;
        if (one) assert_string_equal(c->clips[i].speaker, one);
        one = c->clips[i].speaker;
    }
    nas_clips_close(c);
}

/* Noise of floats that are none between -1 and 1 would be a square wave. */
static void test_noise(void **state) {
    (void)state;
    static float x[4000];
    nas_sound s;
    nas_err err = {0};
    nas_noise_files files;
    nas_arena *a = NULL;
    assert_int_equal(nas_arena_open(&a, NULL), NAS_OK);
    make_folder("_background_noise_");
    for (int i = 0; i < 4000; i++) x[i] = 3 * wave(i, 0, RATE);
    write_floats("_background_noise_/a.wav", WAV_FLOAT, x, 4000);
    assert_int_equal(nas_noise_list(a, data, &files, NULL), NAS_OK);
    assert_int_equal(nas_noise_read(&files, 0, RATE, 1, &s, &err), NAS_OK);
    nas_sound_free(&s);
    for (int i = 0; i < 4000; i++) x[i] = 20000 * wave(i, 0, RATE);
    write_floats("_background_noise_/a.wav", WAV_FLOAT, x, 4000);
    assert_int_equal(nas_noise_read(&files, 0, RATE, 1, &s, &err), NAS_EIO); /* other bytes */
    SAYS(err.text, "_background_noise_/a.wav changed while");
    assert_int_equal(nas_noise_list(a, data, &files, NULL), NAS_OK);
    assert_int_equal(nas_noise_read(&files, 0, RATE, 1, &s, &err), NAS_EFORMAT);
    SAYS(err.text, "far beyond -1 .. 1");
    nas_arena_close(a);
}

/* Two class folders that look alike are a mistake where all are classes. */
static void test_alike(void **state) {
    (void)state;
    make_folder(COMPOSED);
    make_folder(DECOMPOSED);
    make_sound(COMPOSED "/0.wav", WAV, RATE, 1, 900);
    make_sound(DECOMPOSED "/0.wav", WAV, RATE, 1, 900);
    expect_error((nas_clips_options){0}, NAS_EINVAL, "marks are put together");
}

/* Clips of one name in two class folders are of one speaker, and that is the number that is said.
 */
static void test_one_speaker(void **state) {
    (void)state;
    make_folder("a");
    make_folder("b");
    for (int i = 0; i < 40; i++) {
        char name[64];
        snprintf(name, sizeof name, "a/%d.wav", i);
        make_sound(name, WAV, RATE, 1, 900 + i);
        snprintf(name, sizeof name, "b/%d.wav", i);
        if (i < 30) make_sound(name, WAV, RATE, 1, 800 + i);
    }
    nas_clips *c;
    (void)said((nas_clips_options){0}, &c);
    assert_int_equal(c->n_unnamed, 70);
    assert_int_equal(c->n_unnamed_speakers, 40);
    seen s = {0};
    const nas_log log = {.ctx = &s, .warn = on_warning};
    uint8_t part[70];
    nas_hash h;
    const nas_split_config by = {.by = NAS_BY_SPEAKER, .validation = 0.2, .test = 0.2};
    assert_int_equal(nas_split_make(c, &by, false, &log, part, &h, NULL), NAS_OK);
    SAYS(s.all, "70 of 70 clips tell no speaker, as a/0.wav; clips of one name count as one "
                "speaker, so they are 40");
    for (int i = 0; i < 40; i++) /* by name: both lists begin alike */
        for (int k = 40; k < 70; k++)
            if (strcmp(c->clips[i].speaker, c->clips[k].speaker) == 0)
                assert_int_equal(part[i], part[k]);
    nas_clips_close(c);
}

/* Folders that unknown words are taken from count as all others. */
static void test_nested_unknown(void **state) {
    (void)state;
    static const char *const parts[] = {"train", "validation", "test"};
    static const char *const words[] = {"up", "down", "left", "right"};
    static const char *const labels[] = {"up", "down", "_unknown_"};
    const nas_unknown_config unknown = {.given = true, .label = "_unknown_", .share = (double)NAN};
    for (int i = 0; i < 12; i++) {
        char name[64];
        snprintf(name, sizeof name, "%s/%s/anna", parts[i / 4], words[i % 4]);
        make_folder(name);
        snprintf(name, sizeof name, "%s/%s/anna/0.wav", parts[i / 4], words[i % 4]);
        make_sound(name, WAV, RATE, 1, 900);
    }
    nas_clips *c;
    SAYS(said(
             (nas_clips_options){
                 .labels = labels, .n_labels = 3, .unknown = &unknown, .parts = true},
             &c),
         "12 of 12 class folders hold folders of clips, as test/up/anna: ");
    assert_int_equal(c->n, 9);
    nas_clips_close(c);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_unchanged), TEST(test_crop),           TEST(test_states),
        TEST(test_floats),    TEST(test_nested),         TEST(test_parts),
        TEST(test_no_sound),  TEST(test_named_wav),      TEST(test_names),
        TEST(test_alike),     TEST(test_one_speaker),    TEST(test_alike_speakers),
        TEST(test_noise),     TEST(test_nested_unknown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
