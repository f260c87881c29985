/* tests/test_clips.c - folders of clips, good and bad, and their packed cache. Each test makes its
 * folders below a temporary one. */
#include "base/file.h"
#include "core/audio/sound.h"
#include "core/data/clips.h"

#include <math.h>
#include <setjmp.h>
#include <sndfile.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static char root[256], data[300], cache[300];

static int make_root(void **state) {
    (void)state;
    snprintf(root, sizeof root, "/tmp/nas_clips_XXXXXX");
    if (!mkdtemp(root)) return -1;
    snprintf(data, sizeof data, "%s/data", root);
    snprintf(cache, sizeof cache, "%s/cache", root);
    return 0;
}

static int drop_root(void **state) {
    (void)state;
    return nas_dir_remove(root, NULL) == NAS_OK ? 0 : -1;
}

static const char *path_of(const char *name) {
    static char path[600];
    snprintf(path, sizeof path, "%s/%s", data, name);
    return path;
}

static void make_folder(const char *name) {
    assert_int_equal(nas_dir_make(path_of(name), NULL), NAS_OK);
}

/* Channel c of frame i. */
static float wave(int i, int c, int rate) {
    return 0.5f * sinf(6.2831853f * 440.0f * (float)i / (float)rate) * (c == 0 ? 1.0f : 0.5f);
}

static void make_sound(const char *name, int format, int rate, int channels, int frames) {
    SF_INFO info = {.samplerate = rate, .channels = channels, .format = format};
    SNDFILE *f = sf_open(path_of(name), SFM_WRITE, &info);
    assert_non_null(f);
    float *x = calloc((size_t)(frames * channels) + 1, sizeof *x);
    assert_non_null(x);
    for (int i = 0; i < frames; i++)
        for (int c = 0; c < channels; c++) x[i * channels + c] = wave(i, c, rate);
    assert_int_equal(sf_writef_float(f, x, frames), frames);
    free(x);
    sf_close(f);
}

enum {
    WAV = SF_FORMAT_WAV | SF_FORMAT_PCM_16,
    WAV_FLOAT = SF_FORMAT_WAV | SF_FORMAT_FLOAT,
    FLAC = SF_FORMAT_FLAC | SF_FORMAT_PCM_16
};

static void make_bytes(const char *name, const void *p, size_t bytes) {
    assert_int_equal(nas_file_write(path_of(name), p, bytes, NULL), NAS_OK);
}

/* n short clips in each of the folders down, up, left. */
static void make_words(int n) {
    static const char *const words[] = {"down", "left", "up"};
    for (int w = 0; w < 3; w++) {
        make_folder(words[w]);
        for (int i = 0; i < n; i++) {
            char name[64];
            snprintf(name, sizeof name, "%s/p%d_nohash_%d.wav", words[w], i / 2, i % 2);
            make_sound(name, WAV, 8000, 1, 40 + i + w);
        }
    }
}

/* What nas_log saw. */
typedef struct seen {
    int warnings, decoded, stop_after, asked;
    char last[1024];
} seen;

static void on_warning(void *ctx, const char *text) {
    seen *s = ctx;
    s->warnings++;
    snprintf(s->last, sizeof s->last, "%s", text);
}

static void on_progress(void *ctx, const char *what, int64_t done, int64_t total) {
    seen *s = ctx;
    assert_true(done <= total);
    if (strcmp(what, "reading clips") == 0) s->decoded = (int)done;
}

static bool on_stop(void *ctx) {
    seen *s = ctx;
    return s->stop_after > 0 && ++s->asked >= s->stop_after;
}

static nas_status open_clips(nas_clips_options o, seen *s, nas_clips **c, nas_err *err) {
    *s = (seen){.stop_after = s->stop_after};
    const nas_log log = {.ctx = s, .warn = on_warning, .progress = on_progress, .stop = on_stop};
    o.folder = data;
    o.cache = cache;
    if (o.clip_seconds == 0) o.clip_seconds = 1;
    return nas_clips_open(&o, &log, c, err);
}

static void expect_error(nas_clips_options o, nas_status code, const char *word) {
    seen s = {0};
    nas_err err = {0};
    nas_clips *c;
    assert_int_equal(open_clips(o, &s, &c, &err), code);
    assert_null(c);
    if (!strstr(err.text, word)) fail_msg("\"%s\" does not say %s", err.text, word);
    assert_false(nas_path_exists(cache)); /* nothing is left behind */
}

static void test_formats(void **state) {
    (void)state;
    make_folder("a");
    make_folder("b");
    make_sound("a/mono.wav", WAV, 16000, 1, 16000);
    make_sound("a/stereo.wav", WAV_FLOAT, 16000, 2, 12000);
    make_sound("a/long.flac", FLAC, 44100, 1, 50000);
    make_sound("b/slow.flac", FLAC, 8000, 1, 8000);
    make_bytes("b/README.md", "text", 4);
    make_bytes("b/list.TXT", "text", 4);
    make_bytes("b/.hidden.wav", "text", 4);
    make_folder("b/deeper");
    make_folder("_background_noise_");
    make_sound("_background_noise_/n.wav", WAV, 16000, 1, 100);
    make_folder("docs");
    make_bytes("docs/notes.txt", "text", 4);

    seen s = {0};
    nas_clips *c;
    assert_int_equal(open_clips((nas_clips_options){0}, &s, &c, NULL), NAS_OK);
    assert_int_equal(s.warnings, 0);
    assert_int_equal(c->n_labels, 2);
    assert_string_equal(c->labels[1], "b");
    assert_int_equal(c->n, 4);
    assert_int_equal(c->n_bad, 0);
    static const char *const names[] = {"a/long.flac", "a/mono.wav", "a/stereo.wav", "b/slow.flac"};
    static const int rates[] = {44100, 16000, 16000, 8000}, samples[] = {44100, 16000, 12000, 8000};
    for (int i = 0; i < 4; i++) {
        assert_string_equal(c->clips[i].name, names[i]);
        assert_int_equal(c->clips[i].rate_hz, rates[i]);
        assert_int_equal(c->clips[i].samples, samples[i]);
        assert_int_equal(c->clips[i].label, i == 3);
    }
    assert_string_equal(c->clips[2].speaker, "stereo");
    for (int i = 0; i < 12000; i++) /* the mean of the channels */
        assert_float_equal(c->clips[2].pcm[i], 0.75f * wave(i, 0, 16000), 1e-6f);

    static float out[16000], half[8000];
    for (int k = 0; k < 4; k++) { /* each clip is the same tone, whatever its rate was */
        assert_int_equal(nas_clips_read(c, k, 16000, out, 16000, NULL), NAS_OK);
        const float gain = k == 2 ? 0.75f : 1.0f;
        for (int i = 500; i < 11500; i++)
            assert_float_equal(out[i], gain * wave(i, 0, 16000), 2e-3f);
        for (int i = 12000; k == 2 && i < 16000; i++) assert_true(out[i] == 0.0f);
    }
    assert_int_equal(nas_clips_read(c, 1, 8000, half, 8000, NULL), NAS_OK);
    for (int i = 500; i < 7500; i++) assert_float_equal(half[i], wave(i, 0, 8000), 2e-3f);
    assert_int_equal(nas_clips_read(c, 1, 16000, out, 100, NULL), NAS_OK); /* cropped */
    assert_int_equal(nas_clips_read(c, 1, 5000000, out, 100, NULL), NAS_EINVAL);
    nas_clips_close(c);
}

static void test_cache(void **state) {
    (void)state;
    make_words(10);
    seen s = {0};
    nas_clips *c, *again;
    assert_int_equal(open_clips((nas_clips_options){0}, &s, &c, NULL), NAS_OK);
    assert_int_equal(s.decoded, 30);
    assert_int_equal(open_clips((nas_clips_options){0}, &s, &again, NULL), NAS_OK);
    assert_int_equal(s.decoded, 0);
    assert_int_equal(c->n, again->n);
    assert_true(nas_hash_equal(&c->fingerprint, &again->fingerprint));
    for (int32_t i = 0; i < c->n; i++) {
        const nas_clip *x = &c->clips[i], *y = &again->clips[i];
        assert_string_equal(x->name, y->name);
        assert_string_equal(x->speaker, y->speaker);
        assert_true(nas_hash_equal(&x->content, &y->content));
        assert_int_equal(x->samples, y->samples);
        assert_memory_equal(x->pcm, y->pcm, (size_t)x->samples * sizeof(float));
    }
    nas_clips_close(again);

    /* Another content under the same name is other data. */
    make_sound("up/p0_nohash_0.wav", WAV, 8000, 1, 77);
    assert_int_equal(open_clips((nas_clips_options){0}, &s, &again, NULL), NAS_OK);
    assert_int_equal(s.decoded, 30);
    assert_false(nas_hash_equal(&c->fingerprint, &again->fingerprint));
    nas_clips_close(again);

    /* So is another length. */
    assert_int_equal(open_clips((nas_clips_options){.clip_seconds = 0.005}, &s, &again, NULL),
                     NAS_OK);
    assert_int_equal(s.decoded, 30);
    assert_int_equal(again->clips[0].samples, 40);
    assert_false(nas_hash_equal(&c->fingerprint, &again->fingerprint));
    nas_clips_close(again);
    nas_clips_close(c);
}

/* Prepared or not, reading at another rate gives the same samples. */
static void test_prepare(void **state) {
    (void)state;
    make_words(6);
    make_sound("up/fast.wav", WAV, 11025, 1, 20000);
    make_sound("up/tiny.wav", WAV, 48000, 1, 1);
    seen s = {0};
    nas_clips *c;
    static float want[20][11025], got[11025];
    assert_int_equal(open_clips((nas_clips_options){0}, &s, &c, NULL), NAS_OK);
    assert_int_equal(c->n, 20);
    for (int32_t i = 0; i < c->n; i++)
        assert_int_equal(nas_clips_read(c, i, 11025, want[i], 11025, NULL), NAS_OK);
    for (int k = 0; k < 2; k++) { /* made, then found in the cache */
        assert_int_equal(nas_clips_prepare(c, 11025, NULL, NULL), NAS_OK);
        assert_int_equal(nas_clips_prepare(c, 11025, NULL, NULL), NAS_OK);
        for (int32_t i = 0; i < c->n; i++) {
            assert_int_equal(nas_clips_read(c, i, 11025, got, 11025, NULL), NAS_OK);
            assert_memory_equal(got, want[i], sizeof got);
        }
        assert_int_equal(nas_clips_read(c, 0, 8000, got, 8000, NULL), NAS_OK);
        nas_clips_close(c);
        assert_int_equal(open_clips((nas_clips_options){0}, &s, &c, NULL), NAS_OK);
        assert_int_equal(s.decoded, 0);
    }
    assert_int_equal(nas_clips_prepare(c, 0, NULL, NULL), NAS_EINVAL);
    assert_int_equal(nas_clips_prepare(c, 100000000, NULL, NULL), NAS_EINVAL);
    assert_int_equal(nas_clips_read(c, 0, 8000, got, 8000, NULL), NAS_OK);
    nas_clips_close(c);
}

/* The pack, which is the only file in the cache, into path. */
static void find_pack(char *path, size_t room) {
    nas_arena *a = NULL;
    char **kk, **files, folder[400];
    size_t n;
    assert_int_equal(nas_arena_open(&a, NULL), NAS_OK);
    assert_int_equal(nas_dir_list(a, cache, &kk, &n, NULL), NAS_OK);
    assert_int_equal(n, 1);
    assert_int_equal(strlen(kk[0]), 2);
    snprintf(folder, sizeof folder, "%s/%s", cache, kk[0]);
    assert_int_equal(nas_dir_list(a, folder, &files, &n, NULL), NAS_OK);
    assert_int_equal(n, 1); /* no lock, nothing beside it */
    assert_int_equal(strlen(files[0]), 64);
    assert_memory_equal(files[0], kk[0], 2);
    snprintf(path, room, "%s/%s", folder, files[0]);
    nas_arena_close(a);
}

/* What killed writers left of a pack goes when it is made again; what somebody writes stays. */
static void test_leftovers(void **state) {
    (void)state;
    make_words(4);
    seen s = {0};
    nas_clips *c;
    assert_int_equal(open_clips((nas_clips_options){0}, &s, &c, NULL), NAS_OK);
    nas_clips_close(c);
    char path[600], left[700], other[700];
    find_pack(path, sizeof path);
    snprintf(left, sizeof left, "%s.AbC123", path);
    snprintf(other, sizeof other, "%.*s.AbC123", (int)strlen(path) - 1, path);
    assert_int_equal(nas_file_write(left, "by", 2, NULL), NAS_OK);
    assert_int_equal(nas_file_write(other, "by", 2, NULL), NAS_OK);
    nas_file *f;
    assert_int_equal(nas_file_begin(path, &f, NULL), NAS_OK);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(open_clips((nas_clips_options){0}, &s, &c, NULL), NAS_OK);
    assert_int_equal(s.decoded, 12);
    nas_clips_close(c);
    assert_false(nas_path_exists(left));
    assert_true(nas_path_exists(other));
    assert_int_equal(nas_file_commit(f, NULL), NAS_OK); /* it was left alone */
}

/* Whichever byte of a pack is damaged, and wherever it ends: it is made again, the same. */
static void test_damage(void **state) {
    (void)state;
    make_words(4);
    seen s = {0};
    nas_clips *c;
    assert_int_equal(open_clips((nas_clips_options){0}, &s, &c, NULL), NAS_OK);
    nas_clips_close(c);
    char path[600];
    find_pack(path, sizeof path);
    nas_arena *a = NULL;
    uint8_t *good, *now;
    size_t bytes, n;
    assert_int_equal(nas_arena_open(&a, NULL), NAS_OK);
    assert_int_equal(nas_file_read(a, path, 1 << 20, &good, &bytes, NULL), NAS_OK);
    assert_true(bytes > 2000);
    uint8_t *bad = nas_arena_alloc(a, bytes + 8, NULL);
    const size_t tables = bytes - 1100; /* 12 entries, names, tail */
    for (size_t at = 0; at <= bytes; at += at < tables ? 509 : 7) {
        for (int cut = 0; cut < 2; cut++) {
            memcpy(bad, good, bytes);
            bad[at] ^= 0x40;
            if (at >= bytes && !cut) continue;
            const size_t keep = cut ? (at < bytes ? at : bytes + 8) : bytes;
            assert_int_equal(nas_file_write(path, bad, keep, NULL), NAS_OK);
            assert_int_equal(open_clips((nas_clips_options){0}, &s, &c, NULL), NAS_OK);
            nas_clips_close(c);
            const nas_arena_mark mark = nas_arena_here(a);
            assert_int_equal(nas_file_read(a, path, 1 << 20, &now, &n, NULL), NAS_OK);
            assert_int_equal(n, bytes);
            /* The padding of samples is all that may stay as it was. */
            if (s.decoded == 0) {
                assert_true(!cut && at < tables);
                now[at] ^= 0x40;
            } else {
                assert_int_equal(s.warnings, 1);
            }
            assert_memory_equal(now, good, bytes);
            nas_arena_back(a, mark);
        }
    }
    nas_arena_close(a);
}

static void test_bad_clips(void **state) {
    (void)state;
    make_words(70);
    make_bytes("up/zero.wav", "", 0);
    make_bytes("left/noise.wav", "this is no sound", 16);
    seen s = {0};
    nas_clips *c;
    for (int k = 0; k < 2; k++) { /* 2 of 212; the second time from the pack */
        assert_int_equal(open_clips((nas_clips_options){0}, &s, &c, NULL), NAS_OK);
        assert_int_equal(s.decoded, k == 0 ? 212 : 0);
        assert_int_equal(c->n, 210);
        assert_int_equal(c->n_bad, 2);
        assert_int_equal(s.warnings, 2);
        assert_memory_equal(c->bad[0], "left/noise.wav: ", 16);
        assert_string_equal(c->bad[1], "up/zero.wav: the file is empty");
        for (int32_t i = 0; i < c->n; i++) {
            assert_null(strstr(c->clips[i].name, "zero"));
            assert_null(strstr(c->clips[i].name, "noise"));
        }
        nas_clips_close(c);
    }
    assert_int_equal(nas_dir_remove(cache, NULL), NAS_OK);
    assert_int_equal(symlink("/nowhere/at/all.wav", path_of("up/gone.wav")), 0);
    expect_error((nas_clips_options){0}, NAS_EFORMAT, "3 of 213");
    expect_error((nas_clips_options){0}, NAS_EFORMAT, "up/gone.wav: ");
}

static void test_hostile(void **state) {
    (void)state;
    make_folder("a");
    make_sound("a/whole.wav", WAV, 16000, 1, 1000);
    make_sound("a/whole.flac", FLAC, 16000, 1, 20000);
    make_sound("a/silent.wav", WAV, 16000, 1, 0);
    make_sound("a/float.wav", WAV_FLOAT, 16000, 1, 100);
    nas_arena *a = NULL;
    uint8_t *p;
    size_t n;
    nas_sound sound;
    nas_err err;
    assert_int_equal(nas_arena_open(&a, NULL), NAS_OK);
    assert_int_equal(nas_sound_read(path_of("a/silent.wav"), 1, &sound, &err), NAS_EFORMAT);
    assert_int_equal(nas_sound_read(path_of("a"), 1, &sound, &err), NAS_EFORMAT);
    assert_int_equal(nas_sound_read(path_of("a/none"), 1, &sound, &err), NAS_ENOTFOUND);
    assert_null(sound.pcm);

    assert_int_equal(nas_file_read(a, path_of("a/whole.wav"), 1 << 20, &p, &n, NULL), NAS_OK);
    make_bytes("a/short.wav", p, n - 500);
    assert_int_equal(nas_sound_read(path_of("a/short.wav"), 1, &sound, &err), NAS_EFORMAT);
    assert_non_null(strstr(err.text, "cut short"));
    memset(p + 4, 0xff, 4); /* the length of a pipe: what is there counts */
    make_bytes("a/piped.wav", p, n - 500);
    assert_int_equal(nas_sound_read(path_of("a/piped.wav"), 1, &sound, &err), NAS_OK);
    assert_int_equal(sound.samples, 750);
    nas_sound_free(&sound);
    for (size_t cut = 0; cut < 60; cut++) { /* wherever a header ends: an error or less sound */
        make_bytes("a/cut.wav", p, cut);
        if (nas_sound_read(path_of("a/cut.wav"), 1, &sound, &err) == NAS_OK) nas_sound_free(&sound);
    }

    assert_int_equal(nas_file_read(a, path_of("a/float.wav"), 1 << 20, &p, &n, NULL), NAS_OK);
    memset(p + n - 8, 0xff, 4); /* not a number */
    make_bytes("a/nan.wav", p, n);
    assert_int_equal(nas_sound_read(path_of("a/nan.wav"), 1, &sound, &err), NAS_EFORMAT);
    assert_non_null(strstr(err.text, "finite"));

    assert_int_equal(nas_file_read(a, path_of("a/whole.flac"), 1 << 20, &p, &n, NULL), NAS_OK);
    make_bytes("a/short.flac", p, n / 2);
    assert_int_equal(nas_sound_read(path_of("a/short.flac"), 600, &sound, &err), NAS_EFORMAT);
    memset(p + 22, 0xff, 4); /* the header claims 2^36 samples */
    p[21] |= 0x0f;
    make_bytes("a/huge.flac", p, n);
    assert_int_equal(nas_sound_read(path_of("a/huge.flac"), 600, &sound, &err), NAS_EFORMAT);
    nas_arena_close(a);
}

static void test_labels(void **state) {
    (void)state;
    make_words(2);
    static const char *const two[] = {"up", "down"};
    static const char *const wrong[] = {"up", "dwon"}, *const twice[] = {"up", "up"};
    static const char *const noise[] = {"up", "_background_noise_"};
    static const char *const away[] = {"up", "../data/down"};
    make_folder("_background_noise_");
    expect_error((nas_clips_options){.labels = wrong, .n_labels = 2}, NAS_ENOTFOUND, "\"down\"");
    expect_error((nas_clips_options){.labels = away, .n_labels = 2}, NAS_ENOTFOUND, "../data");
    expect_error((nas_clips_options){.labels = twice, .n_labels = 2}, NAS_EINVAL, "twice");
    expect_error((nas_clips_options){.labels = noise, .n_labels = 2}, NAS_EINVAL, "never");
    expect_error((nas_clips_options){.labels = two, .n_labels = 1}, NAS_EINVAL, "two");
    expect_error((nas_clips_options){.clip_seconds = -1}, NAS_EINVAL, "clip_seconds");
    seen s = {0};
    nas_clips *c;
    assert_int_equal(open_clips((nas_clips_options){.labels = two, .n_labels = 2}, &s, &c, NULL),
                     NAS_OK);
    assert_int_equal(c->n, 4);
    assert_string_equal(c->labels[0], "up"); /* as they were given */
    assert_string_equal(c->clips[0].name, "up/p0_nohash_0.wav");
    assert_int_equal(c->clips[0].label, 0);
    nas_clips_close(c);
}

static void test_folders(void **state) {
    (void)state;
    static const char *const empty[] = {"up", "down"};
    expect_error((nas_clips_options){0}, NAS_ENOTFOUND, data);
    make_folder(".");
    expect_error((nas_clips_options){0}, NAS_EINVAL, "no class folder");
    make_folder("up");
    make_folder("down");
    expect_error((nas_clips_options){0}, NAS_EINVAL, "no class folder");
    make_sound("up/a.wav", WAV, 8000, 1, 50);
    expect_error((nas_clips_options){0}, NAS_EINVAL, "one class folder");
    expect_error((nas_clips_options){.labels = empty, .n_labels = 2}, NAS_EINVAL, "down");
}

static void test_speakers(void **state) {
    (void)state;
    make_words(2);
    make_sound("up/single.wav", WAV, 8000, 1, 50);
    make_sound("up/_nohash_3.wav", WAV, 8000, 1, 50);
    seen s = {0};
    nas_clips *c;
    assert_int_equal(open_clips((nas_clips_options){0}, &s, &c, NULL), NAS_OK);
    assert_string_equal(c->clips[0].speaker, "p0");
    assert_string_equal(c->clips[4].name, "up/_nohash_3.wav");
    assert_string_equal(c->clips[4].speaker, "_nohash_3");
    assert_string_equal(c->clips[7].speaker, "single");
    assert_false(c->has_pattern);
    assert_int_equal(c->n_unnamed, 2);
    assert_string_equal(c->unnamed, "up/_nohash_3.wav");
    nas_clips_close(c);
    const nas_clips_options by = {.speaker_pattern = "^p([0-9]+_n)ohash"};
    assert_int_equal(open_clips(by, &s, &c, NULL), NAS_OK);
    assert_int_equal(s.decoded, 0); /* who speaks changes no sample */
    assert_string_equal(c->clips[0].speaker, "0_n");
    assert_true(c->has_pattern);
    assert_int_equal(c->n_unnamed, 2);
    assert_string_equal(c->clips[7].speaker, "single");
    nas_clips_close(c);
    assert_int_equal(nas_dir_remove(cache, NULL), NAS_OK);
    expect_error((nas_clips_options){.speaker_pattern = "(a"}, NAS_EINVAL, "compile");
    expect_error((nas_clips_options){.speaker_pattern = "abc"}, NAS_EINVAL, "group");
}

static void test_stop(void **state) {
    (void)state;
    make_words(2);
    for (int after = 1; after <= 2; after++) { /* while hashing, while decoding */
        seen s = {.stop_after = after};
        nas_clips *c;
        nas_err err;
        assert_int_equal(open_clips((nas_clips_options){0}, &s, &c, &err), NAS_ESTOP);
        assert_null(c);
        assert_false(nas_path_exists(cache));
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_root, drop_root)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_formats), TEST(test_cache),   TEST(test_damage),    TEST(test_bad_clips),
        TEST(test_hostile), TEST(test_labels),  TEST(test_folders),   TEST(test_speakers),
        TEST(test_stop),    TEST(test_prepare), TEST(test_leftovers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
