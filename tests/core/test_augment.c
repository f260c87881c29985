/* tests/core/test_augment.c - clips that are moved, louder, noisy: amounts, draws, and the features
 * of an epoch. */
#include "base/files/file.h"
#include "core/audio/augment.h"
#include "core/data/clips/noise.h"
#include "core/kernel/threads.h"
#include "search/stage/evaluate.h"
#include "search/task/keywords/augmented.h"
#include "search/task/keywords/keywords.h"
#include "search/task/keywords/noise.h"
#include "search/task/keywords/warped.h"
#include "tests/space_texts.h"

#include <math.h>
#include <setjmp.h>
#include <sndfile.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N = 800, RATE = 8000, DRAWS = 3000 };

static float clip[N], bed[5000];

static nas_rng stream(uint32_t i) {
    return nas_rng_stream(1, 0, NAS_PURPOSE_TEST, i, 0, 0);
}

static void fill_signals(void) {
    nas_rng r = stream(UINT32_MAX);
    for (int i = 0; i < N; i++) clip[i] = 0.3f * sinf(0.11f * (float)i) + 0.01f;
    for (size_t i = 0; i < sizeof bed / sizeof *bed; i++) bed[i] = nas_rng_float(&r) - 0.5f;
}

static const float *const beds[] = {bed, bed + 2000};
static const int64_t lengths[] = {2000, 3000};
static const nas_noise noise = {.n = 2, .pcm = beds, .samples = lengths};

static void augment(const nas_sound_augment *o, uint32_t draw, float *out) {
    nas_rng r = stream(draw);
    memcpy(out, clip, sizeof clip);
    nas_sound_augment_run(o, RATE, &noise, &r, N, out);
}

/* By how many samples was the clip moved? Fails when anything but zeros came in. */
static int moved(const float *x, int most) {
    for (int by = -most; by <= most; by++) {
        bool same = true;
        for (int i = 0; i < N && same; i++) {
            const int from = i - by;
            same = x[i] == (from < 0 || from >= N ? 0.0f : clip[from]);
        }
        if (same) return by;
    }
    fail_msg("the clip is not moved by up to %d samples", most);
    return 0;
}

static void test_shift(void **state) {
    (void)state;
    float x[N];
    int seen[2 * 20 + 1] = {0};
    const nas_sound_augment o = {.shift_ms = 2.5}; /* 20 samples */
    for (uint32_t i = 0; i < DRAWS; i++) {
        augment(&o, i, x);
        seen[moved(x, 20) + 20]++;
    }
    for (int i = 0; i <= 40; i++) /* 73 expected */
        if (seen[i] < 40 || seen[i] > 110) fail_msg("by %d: %d times", i - 20, seen[i]);
    /* 0.31 ms are 2.48 samples: two. */
    const nas_sound_augment few = {.shift_ms = 0.31};
    for (uint32_t i = 0; i < 100; i++) {
        augment(&few, i, x);
        (void)moved(x, 2);
    }
    /* Farther than the clip is long. */
    const nas_sound_augment far = {.shift_ms = 10000};
    int silent = 0;
    for (uint32_t i = 0; i < 200; i++) {
        augment(&far, i, x);
        silent += abs(moved(x, N)) == N;
    }
    assert_true(silent > 170);
}

static double decibels(double ratio) {
    return 10 * log10(ratio);
}

static double power(const float *x, int n) {
    double sum = 0;
    for (int i = 0; i < n; i++) sum += (double)x[i] * (double)x[i];
    return sum / n;
}

static void test_gain(void **state) {
    (void)state;
    float x[N];
    double least = 99, most = -99, sum = 0;
    const nas_sound_augment o = {.gain_db = 6};
    for (uint32_t i = 0; i < DRAWS; i++) {
        augment(&o, i, x);
        const double db = decibels(power(x, N) / power(clip, N));
        for (int k = 0; k < N; k++)
            assert_true(fabs((double)x[k] - (double)clip[k] * pow(10, db / 20)) < 1e-6);
        least = fmin(least, db);
        most = fmax(most, db);
        sum += db;
    }
    assert_true(least >= -6.0001 && least < -5.97 && most <= 6.0001 && most > 5.97);
    assert_true(fabs(sum / DRAWS) < 0.3);
}

static double snr_of(const float *x, const float *original) {
    double n = 0, s = 0;
    for (int i = 0; i < N; i++) {
        const double d = (double)x[i] - (double)original[i];
        n += d * d;
        s += (double)original[i] * (double)original[i];
    }
    return decibels(s / n);
}

static void test_noise(void **state) {
    (void)state;
    static const double ratios[] = {-5, 0, 12.5, 40};
    float x[N], before[N];
    for (size_t k = 0; k < 4; k++) {
        const nas_sound_augment o = {.noise_snr_db = {true, ratios[k], ratios[k]}};
        for (uint32_t i = 0; i < 50; i++) {
            augment(&o, i, x);
            assert_true(fabs(snr_of(x, clip) - ratios[k]) < 0.1);
        }
    }
    /* Beside shift and gain the ratio is to the clip as it then is, and their draws stay. */
    const nas_sound_augment without = {.shift_ms = 20, .gain_db = 10};
    nas_sound_augment with = without;
    with.noise_snr_db = (nas_span){true, 0, 20};
    double least = 99, most = -99, sum = 0;
    for (uint32_t i = 0; i < DRAWS; i++) {
        augment(&without, i, before);
        augment(&with, i, x);
        const double db = snr_of(x, before);
        least = fmin(least, db);
        most = fmax(most, db);
        sum += db;
    }
    assert_true(least > -0.1 && least < 0.1 && most < 20.1 && most > 19.9);
    assert_true(fabs(sum / DRAWS - 10) < 0.5);
}

/* Where in which recording the noise of x begins, -1 when nowhere. */
static int place_of(const float *x, const nas_noise *from, int k) {
    const int64_t length = from->samples[k];
    for (int64_t at = 0; at < length; at++) {
        const double scale = ((double)x[0] - (double)clip[0]) / (double)from->pcm[k][at];
        bool same = true;
        for (int i = 0; i < N && same; i++)
            same = fabs((double)x[i] - (double)clip[i] -
                        scale * (double)from->pcm[k][(at + i) % length]) < 1e-5;
        if (same) return (int)at;
    }
    return -1;
}

static void test_noise_places(void **state) {
    (void)state;
    float x[N];
    int of[2] = {0}, early = 0;
    const nas_sound_augment o = {.noise_snr_db = {true, 0, 0}};
    for (uint32_t i = 0; i < 200; i++) {
        augment(&o, i, x);
        const int a = place_of(x, &noise, 0), b = place_of(x, &noise, 1);
        assert_true((a >= 0) != (b >= 0));
        of[b >= 0]++;
        /* Never over the end of a recording that is long enough. */
        assert_true(a <= 2000 - N && b <= 3000 - N);
        early += a >= 0 && a < (2000 - N) / 2;
    }
    assert_true(of[0] > 70 && of[1] > 70);
    assert_true(early > of[0] / 4 && early < of[0] * 3 / 4);
    /* A recording that is shorter than the clip begins again. */
    static const int64_t few[] = {37};
    const nas_noise little = {.n = 1, .pcm = beds, .samples = few};
    int seen[37] = {0};
    for (uint32_t i = 0; i < 400; i++) {
        nas_rng r = stream(i);
        memcpy(x, clip, sizeof clip);
        nas_sound_augment_run(&o, RATE, &little, &r, N, x);
        const int at = place_of(x, &little, 0);
        assert_true(at >= 0);
        seen[at]++;
    }
    for (int i = 0; i < 37; i++) assert_true(seen[i] > 0);
}

static void test_silence(void **state) {
    (void)state;
    static const float nothing[N];
    static const float *const none[] = {nothing};
    static const int64_t length[] = {N};
    const nas_noise silent = {.n = 1, .pcm = none, .samples = length};
    const nas_sound_augment o = {.noise_snr_db = {true, 0, 0}};
    float x[N];
    nas_rng r = stream(0);
    memcpy(x, clip, sizeof clip);
    nas_sound_augment_run(&o, RATE, &silent, &r, N, x);
    assert_memory_equal(x, clip, sizeof clip);
    memset(x, 0, sizeof x);
    nas_sound_augment_run(&o, RATE, &noise, &r, N, x);
    assert_memory_equal(x, nothing, sizeof x);
    /* Nothing asked for, nothing done. */
    const nas_sound_augment nil = {.shift_ms = 0};
    assert_false(nas_sound_augment_any(&nil));
    augment(&nil, 3, x);
    assert_memory_equal(x, clip, sizeof clip);
}

/* Power falls to a half with each octave: -3 dB. */
static void test_pink(void **state) {
    (void)state;
    enum { SEGMENT = 1024, SEGMENTS = 600, OCTAVES = 7 };
    float *x = malloc(SEGMENT * SEGMENTS * sizeof *x);
    assert_non_null(x);
    nas_rng r = stream(0);
    nas_pink_noise(&r, SEGMENT * SEGMENTS, x);
    double density[OCTAVES] = {0}, most = 0;
    for (int i = 0; i < SEGMENT * SEGMENTS; i++) most = fmax(most, fabs((double)x[i]));
    assert_true(most < 1 && most > 0.01);
    for (int o = 0; o < OCTAVES; o++) {
        const double w = 2 * M_PI * (4 << o) / SEGMENT;
        for (int s = 0; s < SEGMENTS; s++) {
            double re = 0, im = 0;
            for (int i = 0; i < SEGMENT; i++) {
                const double hann = 1 - cos(2 * M_PI * i / SEGMENT);
                const double v = hann * (double)x[s * SEGMENT + i];
                re += v * cos(w * i);
                im += v * sin(w * i);
            }
            density[o] += re * re + im * im;
        }
    }
    for (int o = 1; o < OCTAVES; o++) {
        const double db = decibels(density[o] / density[o - 1]);
        if (fabs(db + 3.01) > 0.7) fail_msg("octave %d: %.2f dB", o, db);
    }
    assert_true(fabs(decibels(density[OCTAVES - 1] / density[0]) + 3.01 * (OCTAVES - 1)) < 0.7);
    free(x);
}

/* A folder of clips, and the features of its training set. */

typedef struct bench {
    char root[64];
    nas_arena *a;
    nas_cache cache;
    nas_task task;
    nas_candidate c;
    nas_dataset d;
    nas_features f;
    nas_err err;
    char warning[1024];
    int warnings;
    nas_log log;
} bench;

static void on_warning(void *ctx, const char *text) {
    bench *b = ctx;
    b->warnings++;
    snprintf(b->warning, sizeof b->warning, "%s", text);
}

static const char *path_of(const bench *b, const char *name) {
    static char path[512];
    snprintf(path, sizeof path, "%s/data/%s", b->root, name);
    return path;
}

static void make_sound(const bench *b, const char *name, int rate, int samples, double tone) {
    SF_INFO info = {.samplerate = rate, .channels = 1, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16};
    SNDFILE *f = sf_open(path_of(b, name), SFM_WRITE, &info);
    assert_non_null(f);
    for (int i = 0; i < samples; i++) {
        const float v = (float)(0.3 * sin(tone * i) + 0.1 * sin(0.002 * tone * i * i));
        assert_int_equal(sf_writef_float(f, &v, 1), 1);
    }
    sf_close(f);
}

static nas_status decode(bench *b, const char *settings, nas_candidate *out) {
    static const char frontend[] =
        "{\"kind\": \"mfcc\", \"sample_rate_hz\": 8000, \"frame_length_ms\": 20, "
        "\"frame_step_ms\": 20, \"mel_bins\": 20, \"lower_hz\": 20, \"upper_hz\": 4000, "
        "\"coefficients\": 8, \"normalize\": \"coefficient\"}";
    nas_json *j = NULL;
    const char *text = space_text(
        b->a, (space_parts){.task = ", \"labels\": [\"up\", \"down\"], \"clip_seconds\": 0.2, "
                                    "\"split\": {\"by\": \"file\", \"validation\": 0.2, "
                                    "\"test\": 0.2}",
                            .frontend = frontend,
                            .augment = settings,
                            .train = "{\"epochs\": 3, \"batch_size\": 4, \"learning_rate\": "
                                     "0.01}"});
    assert_int_equal(nas_json_parse(b->a, "c", text, &j, &b->err), NAS_OK);
    const nas_status st = nas_candidate_decode(b->a, j, nas_json_root(j), 2, out, &b->err);
    nas_json_close(j);
    return st;
}

static void open_bench(bench *b) {
    *b = (bench){.root = "/tmp/nas_augment_XXXXXX"};
    b->log = (nas_log){.ctx = b, .warn = on_warning};
    assert_non_null(mkdtemp(b->root));
    assert_int_equal(nas_arena_open(&b->a, &b->err), NAS_OK);
    b->cache.dir = nas_arena_format(b->a, NULL, "%s/cache", b->root);
    for (int l = 0; l < 2; l++) {
        assert_int_equal(nas_dir_make(path_of(b, l ? "up" : "down"), NULL), NAS_OK);
        for (int i = 0; i < 12; i++) {
            char name[64];
            snprintf(name, sizeof name, "%s/s%d_nohash_0.wav", l ? "up" : "down", i);
            make_sound(b, name, 8000, 1400 + 10 * i, l ? 0.2 + 0.01 * i : 0.6 - 0.01 * i);
        }
    }
}

static void open_data(bench *b) {
    if (decode(b, NULL, &b->c) != NAS_OK) fail_msg("%s", b->err.text);
    b->task = b->c.task;
    const char *folder = nas_arena_format(b->a, NULL, "%s/data", b->root);
    if (nas_dataset_open(b->a, &b->task, folder, false, &b->cache, &b->log, &b->d, &b->err) !=
        NAS_OK)
        fail_msg("%s", b->err.text);
    if (nas_features_open(&b->d, &b->c, &b->cache, NULL, &b->f, &b->err) != NAS_OK)
        fail_msg("%s", b->err.text);
}

static void close_data(bench *b) {
    nas_features_close(&b->f);
    nas_dataset_close(&b->d);
}

static void close_bench(bench *b) {
    nas_arena_close(b->a);
    assert_int_equal(nas_dir_remove(b->root, NULL), NAS_OK);
}

static nas_augmented *open_augmented(bench *b, nas_candidate *c, const char *settings,
                                     uint64_t seed) {
    nas_augmented *g = NULL;
    if (decode(b, settings, c) != NAS_OK) fail_msg("%s", b->err.text);
    if (nas_augmented_open(&b->d, c, &b->f, &b->cache, seed, 0, &b->log, &g, &b->err) != NAS_OK)
        fail_msg("%s", b->err.text);
    return g;
}

static nas_hash hash_of(const nas_augmented *g) {
    nas_hasher h = nas_hasher_start();
    nas_augmented_hash(g, &h);
    return nas_hasher_end(&h);
}

static void test_epochs(void **state) {
    (void)state;
    bench b;
    nas_candidate c, same;
    open_bench(&b);
    open_data(&b);
    const int32_t n = b.d.part[NAS_TRAIN].n;
    const size_t values = (size_t)n * (size_t)b.f.h * (size_t)b.f.w, bytes = values * sizeof(float);
    float *first = malloc(bytes), *second = malloc(bytes);
    assert_true(first && second && n > 10);
    assert_null(open_augmented(&b, &c, "{\"shift_frames\": 3}", 0));
    /* A change too small to matter: the rows of the features, normalised alike. */
    nas_augmented *g = open_augmented(&b, &c, "{\"gain_db\": 1e-9}", 0);
    nas_examples e = nas_augmented_examples(g);
    /* Before any epoch there is something to take deviations of. */
    assert_memory_equal(e.x, b.f.x[NAS_TRAIN], bytes);
    assert_int_equal(nas_augmented_epoch(g, 0, &b.err), NAS_OK);
    assert_true(e.n == n && e.h == b.f.h && e.w == b.f.w && e.y == b.d.part[NAS_TRAIN].label);
    for (size_t i = 0; i < values; i++) assert_true(fabsf(e.x[i] - b.f.x[NAS_TRAIN][i]) < 1e-3f);
    nas_augmented_close(g);

    g = open_augmented(&b, &c, "{\"shift_ms\": 20, \"gain_db\": 6, \"noise_snr_db\": [5, 30]}", 7);
    e = nas_augmented_examples(g);
    assert_int_equal(nas_augmented_epoch(g, 4, &b.err), NAS_OK);
    memcpy(first, e.x, bytes);
    assert_int_equal(nas_augmented_epoch(g, 5, &b.err), NAS_OK);
    memcpy(second, e.x, bytes);
    const size_t row = (size_t)b.f.h * (size_t)b.f.w;
    for (int32_t i = 0; i < n; i++) {
        assert_memory_not_equal(first + (size_t)i * row, second + (size_t)i * row,
                                row * sizeof *first);
        assert_memory_not_equal(first + (size_t)i * row, b.f.x[NAS_TRAIN] + (size_t)i * row,
                                row * sizeof *first);
    }
    nas_threads_set(4); /* whichever threads make the rows */
    assert_int_equal(nas_augmented_epoch(g, 4, &b.err), NAS_OK);
    nas_threads_set(1);
    assert_memory_equal(first, e.x, bytes);
    nas_augmented_close(g);
    /* The same again by whoever opens it; another seed, other rows. */
    g = open_augmented(&b, &same, "{\"shift_ms\": 20, \"gain_db\": 6, \"noise_snr_db\": [5, 30]}",
                       7);
    assert_int_equal(nas_augmented_epoch(g, 4, &b.err), NAS_OK);
    assert_memory_equal(first, nas_augmented_examples(g).x, bytes);
    nas_augmented_close(g);
    g = open_augmented(&b, &same, "{\"shift_ms\": 20, \"gain_db\": 6, \"noise_snr_db\": [5, 30]}",
                       8);
    assert_int_equal(nas_augmented_epoch(g, 4, &b.err), NAS_OK);
    assert_memory_not_equal(first, nas_augmented_examples(g).x, bytes);
    nas_augmented_close(g);
    free(first);
    free(second);
    close_data(&b);
    close_bench(&b);
}

static void test_recordings(void **state) {
    (void)state;
    bench b;
    nas_candidate c;
    open_bench(&b);
    open_data(&b);
    nas_augmented *g = open_augmented(&b, &c, "{\"noise_snr_db\": [5, 30]}", 0);
    const nas_hash pink = hash_of(g);
    nas_augmented_close(g);
    g = open_augmented(&b, &c, "{\"gain_db\": 3}", 0);
    const nas_hash no_noise = hash_of(g);
    nas_augmented_close(g);
    assert_false(nas_hash_equal(&pink, &no_noise));

    const char *folder = b.d.folder;
    nas_noise_bed bed_now;
    assert_int_equal(nas_noise_open(folder, 8000, &b.cache, &b.log, &bed_now, &b.err), NAS_OK);
    assert_true(bed_now.noise.n == 1 && bed_now.noise.samples[0] == 60 * 8000);
    nas_noise_close(&bed_now);

    assert_int_equal(nas_dir_make(path_of(&b, "_background_noise_"), NULL), NAS_OK);
    make_sound(&b, "_background_noise_/a.wav", 8000, 20000, 0.3);
    make_sound(&b, "_background_noise_/b.wav", 16000, 30000, 0.1);
    assert_int_equal(nas_file_write(path_of(&b, "_background_noise_/README.md"), "x", 1, NULL),
                     NAS_OK);
    b.warnings = 0;
    for (int again = 0; again < 2; again++) { /* made, then from the cache */
        assert_int_equal(nas_noise_open(folder, 8000, &b.cache, &b.log, &bed_now, &b.err), NAS_OK);
        assert_int_equal(bed_now.noise.n, 2);
        assert_int_equal(bed_now.noise.samples[0], 20000);
        assert_true(llabs((long long)bed_now.noise.samples[1] - 15000) <= 1);
        for (int i = 0; i < 20000; i += 997)
            assert_true(fabs((double)bed_now.noise.pcm[0][i] - 0.3 * sin(0.3 * i) -
                             0.1 * sin(0.0006 * i * i)) < 1e-3);
        nas_noise_close(&bed_now);
    }
    assert_int_equal(b.warnings, 0);
    /* Recordings that came or changed since the clips were opened would be another study's. */
    g = NULL;
    assert_int_equal(decode(&b, "{\"noise_snr_db\": [5, 30]}", &c), NAS_OK);
    assert_int_equal(nas_augmented_open(&b.d, &c, &b.f, &b.cache, 0, 0, &b.log, &g, &b.err),
                     NAS_EIO);
    assert_non_null(strstr(b.err.text, "changed since the clips were read"));
    nas_keywords_of(&b.d)->knows_noise = false;
    g = open_augmented(&b, &c, "{\"noise_snr_db\": [5, 30]}", 0);
    const nas_hash recorded = hash_of(g);
    nas_augmented_close(g);
    assert_false(nas_hash_equal(&pink, &recorded));
    /* Other contents, another key. */
    make_sound(&b, "_background_noise_/a.wav", 8000, 20000, 0.31);
    g = open_augmented(&b, &c, "{\"noise_snr_db\": [5, 30]}", 0);
    const nas_hash other = hash_of(g);
    nas_augmented_close(g);
    assert_false(nas_hash_equal(&other, &recorded));
    /* What is no sound is left out, and said. */
    assert_int_equal(nas_file_write(path_of(&b, "_background_noise_/a.wav"), "no", 2, NULL),
                     NAS_OK);
    assert_int_equal(nas_noise_open(folder, 8000, &b.cache, &b.log, &bed_now, &b.err), NAS_OK);
    assert_int_equal(bed_now.noise.n, 1);
    nas_noise_close(&bed_now);
    assert_int_equal(b.warnings, 1);
    assert_non_null(strstr(b.warning, "a.wav"));
    assert_int_equal(nas_file_write(path_of(&b, "_background_noise_/b.wav"), "no", 2, NULL),
                     NAS_OK);
    assert_int_equal(nas_noise_open(folder, 8000, &b.cache, &b.log, &bed_now, &b.err), NAS_EFORMAT);
    assert_non_null(strstr(b.err.text, "none of the 2 files"));
    close_data(&b);
    close_bench(&b);
}

static void refuse_common(void *ctx, bool over) {
    (void)ctx;
    (void)over;
    fail_msg("the table was computed again");
}

static void copy_epoch(nas_augmented *g, int32_t epoch, float *out, size_t bytes) {
    nas_err err = {0};
    if (nas_augmented_epoch(g, epoch, &err) != NAS_OK) fail_msg("%s", err.text);
    memcpy(out, nas_augmented_examples(g).x, bytes);
}

/* Rows that are looked up are those that are made anew, where clips are not changed: a shift of no
 * sample has them made. */
static void test_warp_routes(void **state) {
    (void)state;
    bench b;
    nas_candidate c, d;
    open_bench(&b);
    open_data(&b);
    const int32_t n = b.d.part[NAS_TRAIN].n;
    const size_t row = (size_t)b.f.h * (size_t)b.f.w, bytes = (size_t)n * row * sizeof(float);
    float *first = malloc(bytes), *second = malloc(bytes);
    assert_null(open_augmented(&b, &c, "{\"warp\": 0.02}", 0));
    nas_augmented *table = open_augmented(&b, &c, "{\"warp\": 0.15}", 7);
    nas_augmented *anew = open_augmented(&b, &d, "{\"warp\": 0.15, \"shift_ms\": 1e-9}", 7);
    assert_memory_equal(nas_augmented_examples(table).x, b.f.x[NAS_TRAIN], bytes);
    for (int32_t epoch = 0; epoch < 12; epoch += 3) {
        copy_epoch(table, epoch, first, bytes);
        copy_epoch(anew, epoch, second, bytes);
        assert_memory_equal(first, second, bytes);
        assert_memory_not_equal(first, b.f.x[NAS_TRAIN], bytes);
    }
    copy_epoch(table, 6, second, bytes);
    assert_memory_not_equal(first, second, bytes);
    const nas_hash own = hash_of(table), other = hash_of(anew);
    assert_false(nas_hash_equal(&own, &other));
    nas_augmented_close(table);
    nas_augmented_close(anew);
    /* Changed clips are warped too. */
    anew = open_augmented(&b, &c, "{\"warp\": 0.15, \"gain_db\": 9}", 7);
    copy_epoch(anew, 9, second, bytes);
    nas_augmented_close(anew);
    anew = open_augmented(&b, &c, "{\"gain_db\": 9}", 7);
    assert_memory_not_equal(first, second, bytes);
    copy_epoch(anew, 9, first, bytes);
    assert_memory_not_equal(first, second, bytes);
    nas_augmented_close(anew);
    free(first);
    free(second);
    close_data(&b);
    close_bench(&b);
}

/* Every row of an epoch is one of the table's, normalised; the ends of the grid come half as often
 * as the rest. The table does not know the split. */
static void test_warp_table(void **state) {
    (void)state;
    bench b;
    nas_candidate c;
    nas_warped w, again;
    enum { SIDE = 7, EPOCHS = 120 };
    int seen[2][SIDE] = {{0}};
    open_bench(&b);
    open_data(&b);
    const nas_rows *rows = &b.d.part[NAS_TRAIN];
    const size_t row = (size_t)b.f.h * (size_t)b.f.w;
    nas_augmented *g = open_augmented(&b, &c, "{\"warp\": 0.15}", 7);
    assert_int_equal(nas_warped_open(&b.d, &c, row, &b.cache, &b.log, &w, &b.err), NAS_OK);
    assert_int_equal(nas_warped_bytes(&b.d, 3, row), 24 * SIDE * SIDE * row * sizeof(float));
    float *x = malloc(row * sizeof *x);
    for (int32_t epoch = 0; epoch < EPOCHS; epoch++) {
        assert_int_equal(nas_augmented_epoch(g, epoch, &b.err), NAS_OK);
        for (int32_t i = epoch % 3; i < rows->n; i += 3) {
            int found = 0;
            for (int32_t k = 0; k < SIDE * SIDE && !found; k++) {
                memcpy(x, nas_warped_row(&w, rows->example[i], k % SIDE - 3, k / SIDE - 3),
                       row * sizeof *x);
                nas_frontend_normalize(b.f.mean, b.f.deviation, b.f.w, x, row);
                found = !memcmp(x, nas_augmented_examples(g).x + (size_t)i * row, row * sizeof *x);
                if (found) seen[0][k % SIDE]++, seen[1][k / SIDE]++;
            }
            assert_true(found);
        }
    }
    for (int k = 0; k < 2; k++) { /* about 600 rows: 50, 100 ... 100, 50 */
        const int ends = seen[k][0] + seen[k][SIDE - 1];
        for (int i = 1; i < SIDE - 1; i++) assert_true(seen[k][i] > 60 && seen[k][i] < 140);
        assert_true(ends > 60 && ends < 140);
    }
    nas_dataset other = b.d;
    other.fingerprint.b[0] ^= 1;
    other.part[NAS_TRAIN].n = 3;
    const nas_cache untouched = {.dir = b.cache.dir, .common = refuse_common};
    assert_int_equal(nas_warped_open(&other, &c, row, &untouched, NULL, &again, &b.err), NAS_OK);
    assert_memory_equal(again.x, w.x, w.own.bytes);
    nas_warped_close(&w);
    nas_warped_close(&again);
    nas_augmented_close(g);
    free(x);
    close_data(&b);
    close_bench(&b);
}

/* The whole chain: augmentation reaches training, and nothing else; the cache changes nothing. */
static void test_trained(void **state) {
    (void)state;
    static const char *const settings[] = {"{}", "{\"gain_db\": 6, \"noise_snr_db\": [0, 10]}",
                                           "{\"warp\": 0.1}", "{\"warp\": 0.1, \"mixup\": 0.3}"};
    enum { SETTINGS = sizeof settings / sizeof *settings };
    bench b;
    nas_hash files[SETTINGS][2];
    open_bench(&b);
    open_data(&b);
    for (int s = 0; s < SETTINGS; s++)
        for (int again = 0; again < 2; again++) {
            nas_candidate c;
            nas_outcome o;
            char dir[96];
            snprintf(dir, sizeof dir, "%s/cache%d%d", b.root, s, again);
            const nas_cache cache = {.dir = again ? dir : b.cache.dir};
            nas_evaluator e = {.data = &b.d, .cache = &cache, .seed = 3, .log = &b.log};
            assert_int_equal(nas_kernel_choose(&e.kernel, &b.err), NAS_OK);
            assert_int_equal(decode(&b, settings[s], &c), NAS_OK);
            if (nas_evaluate(&e, &c, b.a, &o, &b.err) != NAS_OK) fail_msg("%s", b.err.text);
            assert_true(o.state == NAS_COMPLETE);
            files[s][again] = nas_hash_of(o.tflite.p, o.tflite.n);
        }
    for (int s = 0; s < SETTINGS; s++) {
        assert_true(nas_hash_equal(&files[s][0], &files[s][1]));
        for (int k = 0; k < s; k++) assert_false(nas_hash_equal(&files[s][0], &files[k][0]));
    }
    close_data(&b);
    close_bench(&b);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_shift),      cmocka_unit_test(test_gain),
        cmocka_unit_test(test_noise),      cmocka_unit_test(test_noise_places),
        cmocka_unit_test(test_silence),    cmocka_unit_test(test_pink),
        cmocka_unit_test(test_epochs),     cmocka_unit_test(test_recordings),
        cmocka_unit_test(test_trained),    cmocka_unit_test(test_warp_routes),
        cmocka_unit_test(test_warp_table),
    };
    fill_signals();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
