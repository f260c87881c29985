/* tests/clips_place.h - a temporary folder of clips for a test, and what a log heard. */
#ifndef NAS_TESTS_CLIPS_PLACE_H
#define NAS_TESTS_CLIPS_PLACE_H

#include "base/files/file.h"
#include "core/audio/sound.h"
#include "core/data/clips/clips.h"

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

static inline int make_root(void **state) {
    (void)state;
    snprintf(root, sizeof root, "/tmp/nas_clips_XXXXXX");
    if (!mkdtemp(root)) return -1;
    snprintf(data, sizeof data, "%s/data", root);
    snprintf(cache, sizeof cache, "%s/cache", root);
    return 0;
}

static inline int drop_root(void **state) {
    (void)state;
    return nas_dir_remove(root, NULL) == NAS_OK ? 0 : -1;
}

static const char *path_of(const char *name) {
    static char path[600];
    snprintf(path, sizeof path, "%s/%s", data, name);
    return path;
}

static inline void make_folder(const char *name) {
    assert_int_equal(nas_dir_make(path_of(name), NULL), NAS_OK);
}

/* Channel c of frame i. */
static inline float wave(int i, int c, int rate) {
    return 0.5f * sinf(6.2831853f * 440.0f * (float)i / (float)rate) * (c == 0 ? 1.0f : 0.5f);
}

static inline void make_sound(const char *name, int format, int rate, int channels, int frames) {
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

static inline void make_bytes(const char *name, const void *p, size_t bytes) {
    assert_int_equal(nas_file_write(path_of(name), p, bytes, NULL), NAS_OK);
}

static inline void make_text(const char *name, const char *text) {
    make_bytes(name, text, strlen(text));
}

/* n short clips in each of the folders down, up, left. */
static inline void make_words(int n) {
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
    char last[1024], all[16384]; /* the last warning; all of them, a line each */
} seen;

static inline void on_warning(void *ctx, const char *text) {
    seen *s = ctx;
    s->warnings++;
    snprintf(s->last, sizeof s->last, "%s", text);
    const size_t used = strlen(s->all);
    snprintf(s->all + used, sizeof s->all - used, "%s\n", text);
}

static inline void on_progress(void *ctx, const char *what, int64_t done, int64_t total) {
    seen *s = ctx;
    assert_true(done <= total);
    if (strcmp(what, "reading clips") == 0) s->decoded = (int)done;
}

static inline bool on_stop(void *ctx) {
    seen *s = ctx;
    return s->stop_after > 0 && ++s->asked >= s->stop_after;
}

static inline nas_status open_clips(nas_clips_options o, seen *s, nas_clips **c, nas_err *err) {
    *s = (seen){.stop_after = s->stop_after};
    const nas_log log = {.ctx = s, .warn = on_warning, .progress = on_progress, .stop = on_stop};
    o.folder = data;
    o.cache = cache;
    if (o.clip_seconds == 0) o.clip_seconds = 1;
    return nas_clips_open(&o, &log, c, err);
}

/* The samples of clip i; stays until the next but one call. */
static inline const float *pcm_of(const nas_clips *c, int32_t i) {
    static float room[2][65536];
    static int turn;
    float *out = room[turn++ % 2];
    assert_true(c->clips[i].samples <= 65536);
    assert_int_equal(nas_clips_samples(c, i, out, NULL), NAS_OK);
    return out;
}

static inline void expect_error(nas_clips_options o, nas_status code, const char *word) {
    seen s = {0};
    nas_err err = {0};
    nas_clips *c;
    assert_int_equal(open_clips(o, &s, &c, &err), code);
    assert_null(c);
    if (!strstr(err.text, word)) fail_msg("\"%s\" does not say %s", err.text, word);
    assert_false(nas_path_exists(cache)); /* nothing is left behind */
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make_root, drop_root)

#endif
