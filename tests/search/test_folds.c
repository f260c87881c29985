/* tests/search/test_folds.c - cross-validation against the plain evaluation of each fold. */
#include "base/files/file.h"
#include "search/stage/evaluate.h"
#include "tests/space_texts.h"

#include <math.h>
#include <setjmp.h>
#include <sndfile.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { FOLDS = 3, SPEAKERS = 40, RATE = 8000, SAMPLES = 1600 };

typedef struct bench {
    char root[64];
    nas_arena *a;
    nas_cache cache;
    nas_candidate c;
    nas_dataset d;
    nas_evaluator e;
    nas_log log;
    nas_err err;
    int32_t told;           /* the last epoch that was heard of */
    int32_t asked, stop_at; /* epochs that were asked of; the one to stop at */
} bench;

#define OK(call) \
    if ((call) != NAS_OK) fail_msg("%s", b->err.text)

/* Two classes that are hard to tell apart: tones in noise. */
static void make_clip(const bench *b, int speaker, int label) {
    char path[256];
    SF_INFO info = {.samplerate = RATE, .channels = 1, .format = SF_FORMAT_WAV | SF_FORMAT_PCM_16};
    snprintf(path, sizeof path, "%s/data/%s/s%d_nohash_0.wav", b->root, label ? "up" : "down",
             speaker);
    SNDFILE *f = sf_open(path, SFM_WRITE, &info);
    assert_non_null(f);
    nas_rng r = nas_rng_stream(1, 0, NAS_PURPOSE_TEST, (uint32_t)(2 * speaker + label), 0, 0);
    for (int i = 0; i < SAMPLES; i++) {
        const double tone = sin((label ? 0.5 : 0.45) * i), noise = nas_rng_double(&r) - 0.5;
        const float v = (float)(0.05 * tone + 0.5 * noise);
        assert_int_equal(sf_writef_float(f, &v, 1), 1);
    }
    sf_close(f);
}

/* 25 kernels of 300 weights without biases, which the file has all the same. */
#define THIN  "{\"op\": \"depthwise_conv2d\", \"kernel\": [1, 1], \"bias\": false}, "
#define EIGHT THIN THIN THIN THIN THIN THIN THIN THIN
#define FLAT                                                                                     \
    "[{\"op\": \"conv2d\", \"filters\": 300, \"kernel\": [1, 1], \"bias\": false}, " EIGHT EIGHT \
        EIGHT "{\"op\": \"global_average_pool\"}, {\"op\": \"dense\", \"units\": "               \
    "\"classes\"}, {\"op\": \"softmax\"}]"
#define FLAT_TRAIN "{\"epochs\": 1, \"batch_size\": 32, \"learning_rate\": 0.01}"

static void decode_as(bench *b, const char *layers, const char *train, const char *quantize) {
    nas_json *j = NULL;
    const char *text = space_text(
        b->a, (space_parts){
                  .task = ", \"labels\": [\"up\", \"down\"], \"clip_seconds\": 0.2, "
                          "\"split\": {\"folds\": 3, \"test\": 0.2}",
                  .frontend = "{\"kind\": \"mfcc\", \"sample_rate_hz\": 8000, "
                              "\"frame_length_ms\": 20, \"frame_step_ms\": 20, \"mel_bins\": 20, "
                              "\"lower_hz\": 20, \"upper_hz\": 4000, \"coefficients\": 8, "
                              "\"normalize\": \"coefficient\"}",
                  .layers = layers,
                  .train = train,
                  .quantize = quantize,
              });
    OK(nas_json_parse(b->a, "c", text, &j, &b->err));
    OK(nas_candidate_decode(b->a, j, nas_json_root(j), 2, &b->c, &b->err));
    nas_json_close(j);
}

static void note_epoch(void *ctx, const nas_epoch *epoch) {
    ((bench *)ctx)->told = epoch->epoch;
}

static int begin(void **state) {
    bench *b = calloc(1, sizeof *b);
    *state = b;
    strcpy(b->root, "/tmp/nas_folds_XXXXXX");
    assert_non_null(mkdtemp(b->root));
    OK(nas_arena_open(&b->a, &b->err));
    b->cache.dir = nas_arena_format(b->a, NULL, "%s/cache", b->root);
    const char *data = nas_arena_format(b->a, NULL, "%s/data", b->root);
    for (int label = 0; label < 2; label++) {
        OK(nas_dir_make(nas_arena_format(b->a, NULL, "%s/%s", data, label ? "up" : "down"),
                        &b->err));
        for (int s = 0; s < SPEAKERS; s++) make_clip(b, s, label);
    }
    decode_as(b, NULL, "{\"epochs\": 4, \"batch_size\": 4, \"learning_rate\": 0.01}", "\"int8\"");
    OK(nas_dataset_open(b->a, &b->c.task, data, false, &b->cache, &b->log, &b->d, &b->err));
    b->e = (nas_evaluator){.data = &b->d,
                           .cache = &b->cache,
                           .seed = 5,
                           .log = &b->log,
                           .on_epoch = note_epoch,
                           .ctx = b};
    OK(nas_kernel_choose(&b->e.kernel, &b->err));
    return 0;
}

static int end(void **state) {
    bench *b = *state;
    nas_dataset_close(&b->d);
    const nas_status st = nas_dir_remove(b->root, NULL);
    nas_arena_close(b->a);
    free(b);
    return st == NAS_OK ? 0 : -1;
}

/* Evaluates a data set as one that has no folds, from nothing. */
static void evaluate_plain(bench *b, const nas_dataset *d, const char *cache, nas_outcome *out) {
    nas_dataset plain = *d;
    plain.folds = 0;
    const nas_cache own = {.dir = nas_arena_format(b->a, NULL, "%s/%s", b->root, cache)};
    nas_evaluator e = b->e;
    e.data = &plain;
    e.cache = &own;
    OK(nas_evaluate(&e, &b->c, b->a, out, &b->err));
    assert_true(out->state == NAS_COMPLETE);
}

static int32_t rights(double accuracy, int32_t n) {
    return (int32_t)lround(accuracy * n);
}

static void test_accuracy(void **state) {
    bench *b = *state;
    nas_outcome whole, fold;
    OK(nas_evaluate(&b->e, &b->c, b->a, &whole, &b->err));
    assert_true(whole.state == NAS_COMPLETE);
    assert_int_equal(b->told, 4 * (FOLDS + 1));
    assert_int_equal(whole.n_epochs, 4);
    assert_string_equal(whole.stages[0].name, "folds");
    const int32_t n = b->d.part[NAS_TRAIN].n;
    assert_int_equal(n + b->d.part[NAS_TEST].n, 2 * SPEAKERS);
    int32_t right = 0, first_step = 0, seen = 0, least = INT32_MAX, most = 0;
    for (int32_t k = 0; k < FOLDS; k++) {
        nas_dataset d;
        OK(nas_dataset_fold(b->a, &b->d, k, &d, &b->err));
        const nas_rows *judged = &d.part[NAS_VALIDATION];
        evaluate_plain(b, &d, k == 0 ? "0" : k == 1 ? "1" : "2", &fold);
        const int32_t r = rights(fold.metric[NAS_METRIC_SCORE], judged->n);
        right += r;
        first_step += rights(fold.steps[0].score, judged->n);
        seen += judged->n;
        least = r < least ? r : least;
        most = r > most ? r : most;
    }
    assert_int_equal(seen, n);
    assert_true(least < most); /* else one fold could stand for all */
    assert_true(right < n);
    assert_true(whole.metric[NAS_METRIC_SCORE] == (double)right / n);
    assert_true(whole.steps[0].score == (double)first_step / n);
    assert_true(whole.steps[whole.n_steps - 1].score == whole.metric[NAS_METRIC_SCORE]);
}

/* Epochs that were asked of, in a row; the last of them ends the candidate. */
static bool stop_at(void *ctx, const nas_epoch *epoch) {
    bench *b = ctx;
    assert_int_equal(epoch->epoch, b->asked + 1);
    return ++b->asked == b->stop_at;
}

static void evaluate_stopped(bench *b, const nas_dataset *d, const nas_cache *cache, int32_t at,
                             nas_outcome *out) {
    nas_evaluator e = b->e;
    e.data = d;
    e.cache = cache;
    e.stops = at ? stop_at : NULL;
    b->asked = 0;
    b->stop_at = at;
    OK(nas_evaluate(&e, &b->c, b->a, out, &b->err));
}

/* Epochs are reported as they end, found ones too, and one may be the last: up to there the bits
 * are those of one that goes on, and it can go on later. */
static void test_stops(void **state) {
    bench *b = *state;
    nas_outcome whole, stopped, later;
    nas_dataset plain = b->d;
    plain.folds = 0;
    evaluate_plain(b, &b->d, "whole", &whole);
    const nas_cache own = {.dir = nas_arena_format(b->a, NULL, "%s/stops", b->root)};
    evaluate_stopped(b, &plain, &own, 2, &stopped);
    assert_true(stopped.state == NAS_STOPPED);
    assert_string_equal(stopped.reason, "stopped after epoch 2 of 4");
    assert_int_equal(stopped.n_epochs, 2);
    assert_null(stopped.tflite.p);
    assert_true(isnan(stopped.metric[NAS_METRIC_SCORE]));
    assert_true(stopped.epochs_trained == 2 && stopped.epochs_saved == 0);
    for (int i = 0; i < 2; i++) assert_true(stopped.epochs[i].loss == whole.epochs[i].loss);
    evaluate_stopped(b, &plain, &own, 5, &later);
    assert_true(later.state == NAS_COMPLETE);
    assert_int_equal(b->asked, 4);
    assert_true(later.epochs_trained == 2 && later.epochs_saved == 2);
    assert_int_equal(later.tflite.n, whole.tflite.n);
    assert_memory_equal(later.tflite.p, whole.tflite.p, whole.tflite.n);
    /* All of it is there by now: it is stopped at the same epoch, and nothing is trained. */
    evaluate_stopped(b, &plain, &own, 3, &stopped);
    assert_true(stopped.state == NAS_STOPPED);
    assert_int_equal(stopped.n_epochs, 3);
    assert_int_equal(b->asked, 3);
    assert_true(stopped.epochs_trained == 0 && stopped.epochs_saved == 3);
    assert_true(stopped.epochs[2].loss == whole.epochs[2].loss);
}

static void test_stops_in_a_fold(void **state) {
    bench *b = *state;
    nas_outcome out;
    evaluate_stopped(b, &b->d, &b->cache, 5, &out);
    assert_true(out.state == NAS_STOPPED);
    assert_string_equal(out.reason, "fold 2 of 3: stopped after epoch 1 of 4");
    assert_true(isnan(out.metric[NAS_METRIC_SCORE]));
}

/* What ships is the net that learnt from all folds. */
static void test_bytes(void **state) {
    bench *b = *state;
    nas_outcome whole, all;
    OK(nas_evaluate(&b->e, &b->c, b->a, &whole, &b->err));
    evaluate_plain(b, &b->d, "all", &all);
    assert_true(isnan(all.metric[NAS_METRIC_SCORE]));
    assert_int_equal(whole.tflite.n, all.tflite.n);
    assert_memory_equal(whole.tflite.p, all.tflite.p, all.tflite.n);
}

/* The second time nothing is trained; a lost file of one net brings back that one alone. */
static void test_reuse(void **state) {
    bench *b = *state;
    nas_outcome first, again;
    OK(nas_evaluate(&b->e, &b->c, b->a, &first, &b->err));
    assert_false(first.stages[0].reused);
    b->told = 0;
    OK(nas_evaluate(&b->e, &b->c, b->a, &again, &b->err));
    assert_int_equal(b->told, 0);
    for (int32_t i = 0; i + 1 < again.n_stages; i++) assert_true(again.stages[i].reused);
    assert_true(nas_hash_equal(&first.stages[0].key, &again.stages[0].key));
    assert_true(again.metric[NAS_METRIC_SCORE] == first.metric[NAS_METRIC_SCORE]);
    for (int32_t i = 0; i < again.n_stages; i++)
        if (strcmp(again.stages[i].name, "train") == 0)
            nas_cache_remove(&b->cache, &again.stages[i].key);
    OK(nas_evaluate(&b->e, &b->c, b->a, &again, &b->err));
    assert_true(again.stages[0].reused);
    assert_int_equal(b->told, 4 * (FOLDS + 1));
    assert_memory_equal(again.tflite.p, first.tflite.p, first.tflite.n);
}

/* The file is never smaller than what was known of it: it holds equal constants once. */
static void test_bound(void **state) {
    bench *b = *state;
    nas_outcome out;
    const char *reason;
    decode_as(b, FLAT, FLAT_TRAIN, "\"float32\"");
    evaluate_plain(b, &b->d, "bound", &out);
    const nas_constraint bounds[] = {{"t", "tflite_bytes", NAS_AT_MOST, (double)out.tflite.n},
                                     {"z", "zlib_bytes", NAS_AT_MOST, (double)out.zlib.n}};
    nas_evaluator e = b->e;
    e.bounds = bounds;
    e.n_bounds = 2;
    OK(nas_reject(&e, &b->c, b->a, &reason, &b->err));
    if (reason) fail_msg("%s", reason);
    /* All weights count. */
    const nas_constraint tight = {"t", "tflite_bytes", NAS_AT_MOST, 4 * (25 * 300 + 2 * 300)};
    e.bounds = &tight;
    e.n_bounds = 1;
    OK(nas_reject(&e, &b->c, b->a, &reason, &b->err));
    assert_non_null(reason);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_accuracy, begin, end),
        cmocka_unit_test_setup_teardown(test_stops, begin, end),
        cmocka_unit_test_setup_teardown(test_stops_in_a_fold, begin, end),
        cmocka_unit_test_setup_teardown(test_bytes, begin, end),
        cmocka_unit_test_setup_teardown(test_reuse, begin, end),
        cmocka_unit_test_setup_teardown(test_bound, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
