/* tests/core/test_clips.c - folders of clips, good and bad, and their packed cache. Each test makes
 * its folders below a temporary one. */
#include "tests/clips_place.h"

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
    assert_non_null(strstr(s.all, "no sound are passed over (3, as b/README.md)"));
    assert_non_null(strstr(s.all, "without a sound file are no classes (1, as docs)"));
    assert_non_null(strstr(s.all, "one folder of clips for each speaker (1, as b/deeper)"));
    assert_non_null(strstr(s.all, "1 of 4 are longer than the 1 s"));
    assert_non_null(strstr(s.all, "1 of 4 have several channels (as a/stereo.wav, 2)"));
    assert_non_null(strstr(s.all, "several rates (44100 Hz: 1, as a/long.flac; 16000 Hz: 2, as "
                                  "a/mono.wav; 8000 Hz: 1, as b/slow.flac)"));
    assert_int_equal(s.warnings, 6);
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
    const float *stereo = pcm_of(c, 2);
    for (int i = 0; i < 12000; i++) /* the mean of the channels */
        assert_float_equal(stereo[i], 0.75f * wave(i, 0, 16000), 1e-6f);

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
        assert_memory_equal(pcm_of(c, i), pcm_of(again, i), (size_t)x->samples * sizeof(float));
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
    const size_t tables = bytes - 1300; /* 12 entries, names, tail */
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
                assert_int_equal(s.warnings, 2); /* and that clips are short */
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
    char list[400];
    snprintf(list, sizeof list, "%s/list.txt", root);
    const nas_clips_options one = {.unreadable = 1, .unreadable_list = list};
    seen s = {0};
    nas_clips *c;
    for (int k = 0; k < 2; k++) { /* the second time from the pack */
        assert_int_equal(open_clips(one, &s, &c, NULL), NAS_OK);
        assert_int_equal(s.decoded, k == 0 ? 212 : 0);
        assert_int_equal(c->n, 210);
        assert_int_equal(c->n_bad, 2);
        assert_int_equal(s.warnings, 3); /* and that clips are short */
        assert_non_null(strstr(s.all, "1 of 212 are empty and left out, as up/zero.wav: "));
        assert_non_null(strstr(s.all, "1 of 212 cannot be read and are left out, as left/noise"));
        assert_non_null(strstr(s.all, list));
        assert_memory_equal(c->bad[0], "left/noise.wav: ", 16);
        assert_string_equal(c->bad[1], "up/zero.wav: the file is empty");
        for (int32_t i = 0; i < c->n; i++) {
            assert_null(strstr(c->clips[i].name, "zero"));
            assert_null(strstr(c->clips[i].name, "noise"));
        }
        nas_clips_close(c);
    }
    nas_err err = {0}; /* the pack that is there allows no more */
    assert_int_equal(open_clips((nas_clips_options){0}, &s, &c, &err), NAS_EFORMAT);
    assert_non_null(strstr(err.text, "1 of 212 clips"));

    assert_int_equal(nas_dir_remove(cache, NULL), NAS_OK);
    assert_int_equal(symlink("/nowhere/at/all.wav", path_of("up/gone.wav")), 0);
    assert_int_equal(unlink(list), 0);
    expect_error(one, NAS_EFORMAT, "2 of 213");
    expect_error(one, NAS_EFORMAT, "task.unreadable to 2");
    nas_arena *a = NULL;
    uint8_t *text;
    size_t n;
    assert_int_equal(nas_arena_open(&a, NULL), NAS_OK);
    assert_int_equal(nas_file_read(a, list, 4096, &text, &n, NULL), NAS_OK);
    assert_non_null(strstr((char *)text, "left/noise.wav: not a sound file"));
    assert_non_null(strstr((char *)text, "\nup/gone.wav: "));
    assert_non_null(strstr((char *)text, "\nup/zero.wav: the file is empty\n"));
    nas_arena_close(a);
    expect_error((nas_clips_options){0}, NAS_EFORMAT, "left/noise.wav: ");
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

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_formats), TEST(test_cache),   TEST(test_damage),    TEST(test_bad_clips),
        TEST(test_hostile), TEST(test_labels),  TEST(test_folders),   TEST(test_speakers),
        TEST(test_stop),    TEST(test_prepare), TEST(test_leftovers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
