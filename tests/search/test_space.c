/* tests/search/test_space.c - spaces against a brute-force expansion, their points, values, hashes
 * and messages. */
#include "base/rng.h"
#include "search/metrics/metrics.h"
#include "search/sampler/sampler.h"
#include "search/space/space_int.h"
#include "search/task/keywords/keywords.h"
#include "tests/open_space.h"

#include <glob.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* By tests/golden/make_candidate_hash.py. */
#define GOLDEN_PLAIN "7f62aa78b1a1e09426af979e4b58364bc6a091f3d0b4922a6bb73b7183c718bd"
#define GOLDEN_RICH  "641dd797c9c4d483202765720e6106123a9bafd475aca49c7a7c57ee5b9dff7a"

static void write_file(const char *path, const char *text) {
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fputs(text, f) >= 0, 1);
    assert_int_equal(fclose(f), 0);
}

/* The whole file and a NUL. */
static char *read_file(const char *path, size_t *n) {
    enum { MOST = 1 << 20 };
    char *text = nas_arena_alloc(arena, MOST, NULL);
    FILE *f = fopen(path, "r");
    if (!f) fail_msg("no %s; tests run at the root of the repository", path);
    *n = fread(text, 1, MOST - 1, f);
    fclose(f);
    return text;
}

/* Messages */

static const struct {
    space_parts parts;
    const char *fragment;
} errors[] = {
    {{.augment = "{\"shift_frames\": -1}"},
     "f:4:29: augment.shift_frames: expected an integer 0 .. 1000, got -1"},
    {{.augment = "{\"shift_frame\": 1}"},
     "f:4:13: augment.shift_frame: unknown key; did you mean \"shift_frames\"?"},
    {{.rest = "\"export\": {\"name\": true},\n"},
     "export.name: unknown key; did you mean \"names\"?"},
    {{.rest = "\"export\": false,\n"}, "export: expected an object { ... }, got false"},
    {{.augment = "{\"zzzzzzzz\": 1}"}, "augment.zzzzzzzz: unknown key; expected \"shift_frames\""},
    {{.augment = "{\"mixup\": -0.1}"}, "augment.mixup: expected a number 0 .. 10, got -0.1"},
    {{.augment = "5"}, "f:4:12: augment: expected an object { ... }, got 5"},
    {{.augment = "{\"shift_frames\": {\"choice\": [1, 2, 1.5]}}"},
     "f:4:47: augment.shift_frames: expected an integer 0 .. 1000, got 1.5"},
    {{.augment =
          "{\"choice\": [{}, {\"shift_frames\": {\"choice\": [0, {\"range\": [1, 2000]}]}}]}"},
     "augment.shift_frames: expected an integer 0 .. 1000, got 2000"},
    {{.augment = "{\"shift_frames\": {\"choice\": []}}"}, "with at least one value"},
    {{.augment = "{\"shift_frames\": {\"choice\": 3}}"}, "with at least one value"},
    {{.augment = "{\"shift_frames\": {\"choice\": [3], \"extra\": 1}}"},
     "augment.shift_frames.extra: unknown key; expected \"choice\""},
    {{.augment = "{\"shift_frames\": {\"range\": [4, 1]}}"}, "low end is above its high end"},
    {{.augment = "{\"shift_frames\": {\"range\": [1, 4], \"step\": 0.5}}"},
     "f:4:55: augment.shift_frames: expected an integer step"},
    {{.augment = "{\"shift_frames\": {\"range\": [1, 4], \"step\": 0}}"},
     "expected a step above 0"},
    {{.augment = "{\"shift_frames\": {\"range\": [1, 4], \"step\": 1, \"log\": true}}"},
     "step and log exclude each other"},
    {{.augment = "{\"shift_frames\": {\"range\": [0, 4], \"log\": true}}"}, "begins above 0"},
    {{.augment = "{\"shift_frames\": {\"range\": [1]}}"}, "two numbers"},
    {{.augment = "{\"shift_frames\": {\"same_as\": \"train.epoch\"}}"},
     "f:4:41: augment.shift_frames: no value has the path \"train.epoch\"; did you mean "
     "\"train.epochs\"?"},
    {{.augment = "{\"shift_frames\": {\"same_as\": \"augment.shift_frames\"}}"},
     "f:4:29: augment.shift_frames: same_as comes back to itself"},
    {{.augment = "{\"shift_frames\": {\"same_as\": \"quantize\"}}"},
     "what same_as names does not fit: expected an integer 0 .. 1000, got \"float32\""},
    {{.width = "{\"same_as\": \"train.label_smoothing\"}",
      .train = "{\"epochs\": 1, \"batch_size\": 2, \"learning_rate\": 1, \"label_smoothing\": "
               "{\"same_as\": \"model.width\"}}"},
     "f:5:20: model.width: same_as comes back to itself"},
    {{.augment = "{\"choice\": [{\"shift_frames\": {\"same_as\": \"train.epochs\"}}, {}]}",
      .train = "{\"epochs\": {\"same_as\": \"augment.shift_frames\"}, \"batch_size\": 2, "
               "\"learning_rate\": 1}"},
     "same_as comes back to itself"},
    {{.quantize = "{\"choice\": [\"int8\", \"int9\"]}"},
     "f:7:33: quantize: expected \"float32\", \"float16\", \"dynamic\" or \"int8\", got \"int9\"; "
     "did you mean \"int8\"?"},
    {{.quantize = "{\"range\": [1, 2]}"}, "a range stands for a number"},
    {{.task = ", \"labels\": [\"a\"]"}, "f:2:53: task.labels: expected a list of 2 .. 1000"},
    {{.task = ", \"labels\": [\"a\", \"a\"]"}, "f:2:59: task.labels[1]: \"a\" stands twice"},
    {{.task = ", \"labels\": [\"a\", \"../b\"]"}, "task.labels[1]: expected the name of a class"},
    {{.task = ", \"clip_seconds\": {\"choice\": [1, 2]}"},
     "task.clip_seconds: a choice cannot stand here"},
    {{.augment = "{\"noise_snr_db\": 10}"},
     "f:4:29: augment.noise_snr_db: expected [lowest, highest], each -20 .. 100, or null, got 10"},
    {{.augment = "{\"noise_snr_db\": [1, 2, 3]}"}, "got a list of another length"},
    {{.augment = "{\"noise_snr_db\": [20, 5]}"}, "the lowest is above the highest"},
    {{.augment = "{\"noise_snr_db\": [-30, 5]}"},
     "augment.noise_snr_db[0]: expected a number -20 .. 100, got -30"},
    {{.augment = "{\"noise_snr_db\": [{\"choice\": [0, \"a\"]}, 5]}"},
     "augment.noise_snr_db[0]: expected a number -20 .. 100, got \"a\""},
    {{.augment = "{\"shift_ms\": -1}"}, "augment.shift_ms: expected a number 0 .. 10000"},
    {{.task = ", \"split\": {\"by\": \"lists\"}"}, "task.split.validation: missing"},
    {{.task = ", \"split\": {\"by\": \"lists\", \"validation\": 0.1, \"test\": \"t\"}"},
     "task.split.validation: expected a text in quotes, got 0.1"},
    {{.task = ", \"split\": {\"by\": \"lists\", \"validation\": \"v\", \"test\": \"/t\"}"},
     "task.split.test: expected a file inside the data folder"},
    {{.task = ", \"split\": {\"by\": \"lists\", \"validation\": \"a/../../v\", \"test\": "
              "\"t\"}"},
     "task.split.validation: expected a file inside the data folder"},
    {{.task = ", \"split\": {\"by\": \"folders\", \"test\": 0.1}"}, "task.split.test: unknown key"},
    {{.task = ", \"split\": {\"by\": \"groups\", \"folds\": 3}"}, "task.split.list"},
    {{.task = ", \"split\": {\"by\": \"groups\", \"folds\": 3, \"list\": \"../x\"}"},
     "inside the data"},
    {{.task = ", \"split\": {\"validation\": \"v.txt\"}"},
     "task.split.validation: expected a number 0.001 .. 0.9, got \"v.txt\""},
    {{.task = ", \"split\": {\"test\": 0}"}, "task.split.test: expected at least 0.001"},
    {{.task = ", \"split\": {\"folds\": 1}"}, "task.split.folds: expected an integer 2 .. 20"},
    {{.task = ", \"split\": {\"folds\": 5, \"by\": \"file\"}"}, "folds are by \"speaker\", or by"},
    {{.task = ", \"split\": {\"folds\": 5, \"validation\": 0.2}"},
     "task.split.validation: with folds"},
    {{.task = ", \"split\": {\"speaker_pattern\": \"(\"}"}, "no POSIX extended expression"},
    {{.task = ", \"split\": {\"speaker_pattern\": \"abc\"}"},
     "expected an expression with a group"},
    {{.frontend = "{\"kind\": \"mfcc\", \"frame_length_ms\": 40, \"frame_step_ms\": 40, "
                  "\"mel_bins\": 20, \"lower_hz\": 20, \"upper_hz\": 4000}"},
     "frontend.coefficients: missing; \"mfcc\" needs it"},
    {{.frontend = "{\"kind\": \"log_mel\", \"frame_length_ms\": 40, \"frame_step_ms\": 40, "
                  "\"mel_bins\": 20, \"lower_hz\": 20, \"upper_hz\": 4000, \"coefficients\": 4}"},
     "frontend.coefficients: belongs to \"mfcc\" only"},
    {{.frontend = "{\"kind\": \"mfcc\"}"}, "frontend.mel_bins: missing; "},
    {{.frontend = "{\"kind\": \"log_mel\", \"level\": \"loud\", \"frame_length_ms\": 40, "
                  "\"frame_step_ms\": 40, \"mel_bins\": 20, \"lower_hz\": 20, \"upper_hz\": 4000}"},
     "frontend.level: expected \"none\", \"peak\" or \"rms\", got \"loud\""},
    {{.frontend = "{\"kind\": \"mfcc\", \"frame_length_ms\": 40, \"frame_step_ms\": 40, "
                  "\"mel_bins\": 20, \"lower_hz\": 20, \"upper_hz\": 9000, \"coefficients\": 9}"},
     "f: no point is possible; the first: "},
    {{.layers = "[]"}, "f:5:33: model.layers: expected a list of layers, got an empty one"},
    {{.layers = "[{}]"}, "model.layers[0]: expected a layer, an object with \"op\" or \"repeat\""},
    {{.layers = "[{\"op\": \"conv\"}, " LAYERS_END "]"},
     "f:5:41: model.layers[0].op: expected one of"},
    {{.layers = "[{\"op\": \"max_pool\"}, " LAYERS_END "]"}, "model.layers[0].size: missing"},
    {{.layers = "[{\"op\": \"max_pool\", \"size\": [2, null]}, " LAYERS_END "]"},
     "model.layers[0].size[1]: expected an integer 1 .. 255, got null"},
    {{.layers =
          "[{\"op\": \"max_pool\", \"size\": [2, 2], \"stride\": [1, null]}, " LAYERS_END "]"},
     "model.layers[0].stride[1]: expected an integer 1 .. 255, got null"},
    {{.layers = "[{\"op\": \"reshape\", \"shape\": [2, 2]}, " LAYERS_END "]"},
     "model.layers[0].shape: expected [height, width, channels], each 1 .. 65536, got a list of "
     "another length"},
    {{.layers = "[{\"op\": \"reshape\", \"shape\": [2, 2, {\"choice\": [1, 0]}]}, " LAYERS_END "]"},
     "model.layers[0].shape[2]: expected an integer 1 .. 65536, got 0"},
    {{.layers = "[{\"op\": \"reshape\", \"shape\": [2, 2, 2]}, " LAYERS_END "]"},
     "2x2x2 has not the "},
    {{.layers = "[{\"op\": \"dropout\", \"rate\": 1}, " LAYERS_END "]"},
     "model.layers[0].rate: expected a number 0 .. 0.99, got 1"},
    {{.layers = "[{\"op\": \"conv1d\", \"filters\": 2, \"kernel\": [3, 1]}, " LAYERS_END "]"},
     "model.layers[0].kernel: expected an integer 1 .. 255"},
    {{.layers = "[{\"op\": \"conv2d\", \"filters\": 1, \"kernel\": [1, 1], \"sparsity\": 1}, "
                "" LAYERS_END "]"},
     "model.layers[0].sparsity: expected a number 0 .. 0.99 or null, got 1"},
    {{.layers = "[{\"op\": \"convd2\"}, " LAYERS_END "]"}, "did you mean \"conv2d\"?"},
    {{.layers = "[{\"op\": \"conv2d\"}, " LAYERS_END "]"}, "model.layers[0].filters: missing"},
    {{.layers = "[{\"op\": \"conv2d\", \"filters\": 0, \"kernel\": [1, 1]}, " LAYERS_END "]"},
     "model.layers[0].filters: expected an integer 1 .. 65536, got 0"},
    {{.layers =
          "[{\"op\": \"conv2d\", \"filters\": \"classes\", \"kernel\": [1, 1]}, " LAYERS_END "]"},
     "model.layers[0].filters: expected an integer 1 .. 65536, got \"classes\""},
    {{.layers = "[{\"op\": \"conv2d\", \"filters\": 1, \"kernel\": [1, {\"choice\": [1, 0]}]}, "
                "" LAYERS_END "]"},
     "model.layers[0].kernel[1]: expected an integer 1 .. 255, got 0"},
    {{.layers = "[{\"op\": \"conv2d\", \"filters\": 1, \"kernel\": 3}, " LAYERS_END "]"},
     "model.layers[0].kernel: expected [height, width], each 1 .. 255, got 3"},
    {{.layers =
          "[{\"op\": \"conv2d\", \"filters\": 1, \"kernel\": [1, 1], \"bias\": 1}, " LAYERS_END
          "]"},
     "model.layers[0].bias: expected true or false, got 1"},
    {{.layers = "[{\"op\": \"conv2d\", \"filters\": 1, \"kernel\": [1, 1], \"dilation\": [2, 0]}, "
                "" LAYERS_END "]"},
     "model.layers[0].dilation[1]: expected an integer 1 .. 255, got 0"},
    {{.layers = "[{\"op\": {\"choice\": [\"relu\", \"dens\"]}}, " LAYERS_END "]"},
     "f:5:61: model.layers[0].op: expected a kind of layer, got \"dens\"; did you mean \"dense\"?"},
    {{.layers = "[{\"repeat\": 2, \"op\": \"relu\", \"layers\": []}, " LAYERS_END "]"},
     "\"op\" and \"repeat\" exclude each other"},
    {{.layers = "[{\"repeat\": 0, \"layers\": []}, " LAYERS_END "]"},
     "model.layers[0].repeat: expected an integer 1 .. 64, got 0"},
    {{.layers = "[{\"repeat\": 2}, " LAYERS_END "]"}, "model.layers[0].layers: missing"},
    {{.layers = "[{\"op\": \"residual\", \"layers\": []}, " LAYERS_END "]"},
     "model.layers[0].layers: expected a list of layers, got an empty one"},
    {{.layers = "[{\"op\": \"conv2d\", \"filters\": 1, \"kernel\": [200, 1]}, " LAYERS_END "]"},
     "f: no point is possible; the first: layer"},
    {{.train = "{\"epochs\": 1, \"batch_size\": 2, \"learning_rate\": {\"schedule\": \"cosine\", "
               "\"from\": 1, \"power\": 2}}"},
     "train.learning_rate.power: belongs to other schedules than \"cosine\""},
    {{.train = "{\"epochs\": 1, \"batch_size\": 2, \"learning_rate\": {\"schedule\": "
               "\"exponential\", \"from\": 1}}"},
     "train.learning_rate.to: missing; \"exponential\" needs it, above 0"},
    {{.train = "{\"epochs\": 1, \"batch_size\": 2, \"learning_rate\": {\"schedule\": "
               "\"exponential\", \"from\": 1, \"to\": {\"choice\": [0, 0]}}}"},
     "train.learning_rate: exponential from 1 to 0; expected both above 0"},
    {{.train = "{\"epochs\": 4, \"batch_size\": 2, \"learning_rate\": 1, "
               "\"warm_up_epochs\": {\"choice\": [4, 5.5]}}"},
     "train.warm_up_epochs: 4, and train.epochs is 4; expected fewer than the training has"},
    {{.train = "{\"epochs\": 4, \"batch_size\": 2, \"learning_rate\": 1, "
               "\"weight_decay\": 1.5}"},
     "train.weight_decay: expected a number 0 .. 1, got 1.5"},
    {{.train = "{\"epochs\": 1, \"batch_size\": 2, \"learning_rate\": {\"schedule\": \"constant\", "
               "\"from\": 1, \"to\": 1}}"},
     "train.learning_rate.to: belongs to other schedules"},
    {{.train = "{\"epochs\": 1, \"batch_size\": 2, \"learning_rate\": \"fast\"}"},
     "train.learning_rate: expected a number 0 .. 10, got \"fast\""},
    {{.train = "{\"epochs\": 1, \"batch_size\": 2}"}, "f:6:10: train.learning_rate: missing"},
    {{.train = "{\"epochs\": 1, \"batch_size\": 2, \"learning_rate\": 1, \"keep\": \"bets\"}"},
     "train.keep: expected \"last\" or \"best\", got \"bets\"; did you mean \"best\"?"},
    {{.train = "{\"epochs\": 1, \"batch_size\": 2, \"learning_rate\": 1, \"patience\": 0}"},
     "train.patience: expected an integer 1 .. 100000 or null, got 0"},
    {{.rest = "\"objective\": {\"maximize\": \"acuracy\"},\n"},
     "f:8:27: objective: no metric \"acuracy\"; did you mean \"accuracy\"?"},
    {{.rest = "\"objective\": {\"maximize\": \"test_accuracy\"},\n"}, "nothing selects on"},
    {{.rest = "\"objective\": 5,\n"}, "objective: expected {\"maximize\": \"metric\"}"},
    {{.rest = "\"constraints\": [\"accuracy 3\"],\n"},
     "f:8:17: constraints[0]: character 10: expected one of > >= < <= == !="},
    {{.rest = "\"constraints\": [\"accuracy > x\"],\n"}, "character 12: expected a number"},
    {{.rest = "\"constraints\": [\"zlib_byte < 3\"],\n"}, "did you mean \"zlib_bytes\"?"},
    {{.rest = "\"constraints\": [\"accuracy > 90\"],\n"},
     "f:8:17: constraints[0]: accuracy is a fraction, at most 1: 90 % is 0.9, not 90"},
    {{.rest = "\"constraints\": [\"zlib_bytes < 0\"],\n"}, "zlib_bytes is never below 0"},
    {{.rest = "\"constraints\": \"accuracy > 1\",\n"}, "constraints: expected a list"},
    {{.rest = "\"forbid\": [\"train.epochs >\"],\n"}, "character 15: the condition ends here"},
    {{.rest = "\"forbid\": [\"train.epochs\"],\n"}, "expected a comparison"},
    {{.rest = "\"forbid\": [\"train.epochs > 'a'\"],\n"}, "compared with == or !="},
    {{.rest = "\"forbid\": [\"train.epoch > 1\"],\n"},
     "f:8:12: forbid[0]: character 1: no value has the path \"train.epoch\"; did you mean "
     "\"train.epochs\"?"},
    {{.rest = "\"forbid\": [\"quantize == int8\"],\n"}, "a word stands in quotes: 'int8'"},
    {{.rest = "\"forbid\": [\"(train.epochs > 1\"],\n"}, "expected \")\""},
    {{.rest = "\"forbid\": [\"1 < 2 < 3\"],\n"}, "character 7: expected an operator or the end"},
    {{.rest = "\"forbid\": [\"train.epochs == 1\"],\n"}, "f: forbid rules out every point"},
    {{.rest = "\"try_first\": [{\"train.epochs\": 1}],\n"}, "leave it out"},
    {{.width = "{\"choice\": [1, 2]}", .rest = "\"try_first\": [{\"model.widht\": 1}],\n"},
     "f:8:16: try_first[0].model.widht: no choice has this path; did you mean \"model.width\"?"},
    {{.width = "{\"choice\": [1, 2]}", .rest = "\"try_first\": [{\"model.width\": 3}],\n"},
     "try_first[0].model.width: expected one of 1, 2, got 3"},
    {{.width = "{\"choice\": [1, 2]}",
      .rest = "\"forbid\": [\"model.width == 1\"], \"try_first\": [{\"model.width\": 1}],\n"},
     "try_first[0]: forbid rules this point out"},
    {{.augment = "{\"choice\": [{}, {\"shift_frames\": {\"choice\": [1, 2]}}]}",
      .rest = "\"try_first\": [{\"augment\": 0, \"augment.shift_frames\": 1}],\n"},
     "does not exist beside the other values (only when augment = 1)"},
    {{.width = "{\"range\": [1, 2]}"}, "f:5:20: model.width: a range of floats without a step"},
    {{.search = "{\"sampler\": \"bayes\"}"},
     "search.sampler: expected \"grid\", \"random\" or \"sobol\""},
    {{.search = "{\"sampler\": \"grid\", \"trials\": 0}"}, "search.trials: expected an integer 1"},
    {{.search = "{\"sampler\": \"grid\", \"seed\": -1}"}, "search.seed: expected an integer 0"},
    {{.search = "{\"sampler\": \"grid\", \"seed\": 1.5}"}, "search.seed: expected an integer 0"},
    {{.search = "{\"sampler\": \"grid\", \"seed\": 9007199254740993}"},
     "search.seed: expected an integer 0 .. 9007199254740991, got"},
    {{.search = "{}"}, "f:8:11: search.sampler: missing"},
};

static void test_messages(void **state) {
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        nas_space *s = NULL;
        nas_err err = {0};
        const char *text = space_text(arena, errors[i].parts);
        const nas_status st = nas_space_parse("f", text, &s, &err);
        nas_space_close(s);
        if (st == NAS_EINVAL && strstr(err.text, errors[i].fragment)) continue;
        print_error("case %zu: \"%s\" is not in \"%s\" (%d)\n", i, errors[i].fragment, err.text,
                    st);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

static void test_messages_of_the_whole(void **state) {
    (void)state;
    nas_space *s = NULL;
    nas_err err = {0};
    assert_int_equal(nas_space_open("no/such.json", &s, &err), NAS_ENOTFOUND);
    assert_int_equal(nas_space_parse("f", "[]", &s, &err), NAS_EINVAL);
    assert_non_null(strstr(err.text, "f:1:1: expected an object"));
    assert_int_equal(nas_space_parse("f", "{}", &s, &err), NAS_EINVAL);
    static const char *const missing[] = {"name", "task", "frontend", "model", "train", "search"};
    for (size_t i = 0; i < sizeof missing / sizeof *missing; i++) {
        char line[64];
        snprintf(line, sizeof line, "f:1:1: %s: missing", missing[i]);
        assert_non_null(strstr(err.text, line));
    }
    /* Two mistakes, in different parts: both are shown. */
    const char *text = space_text(arena, (space_parts){.augment = "{\"shift_frames\": -1}",
                                                       .rest = "\"forbid\": [\"x > 1\"],\n"});
    assert_int_equal(nas_space_parse("f", text, &s, &err), NAS_EINVAL);
    assert_non_null(strstr(err.text, "augment.shift_frames"));
    assert_non_null(strstr(err.text, "forbid[0]"));
    /* Names that cannot be a view's. */
    assert_int_equal(nas_space_parse("f", "{\"name\": \"select\"}", &s, &err), NAS_EINVAL);
    assert_non_null(strstr(err.text, "f:1:10: name: "));
}

/* A file that grows without end when same_as is followed is refused, and soon. */
static void test_laughter(void **state) {
    (void)state;
    nas_text t = {.arena = arena};
    char line[160];
    nas_text_put(&t, "[");
    for (int i = 0; i < 40; i++) {
        snprintf(line, sizeof line,
                 "{\"repeat\": 2, \"layers\": [{\"same_as\": \"model.layers[%d]\"}, {\"same_as\": "
                 "\"model.layers[%d]\"}]}, ",
                 i + 1, i + 1);
        nas_text_put(&t, line);
    }
    nas_text_put(&t, "{\"op\": \"relu\"}, " LAYERS_END "]");
    nas_space *s = NULL;
    nas_err err = {0};
    assert_int_equal(
        nas_space_parse("f", space_text(arena, (space_parts){.layers = t.p}), &s, &err),
        NAS_EINVAL);
    assert_non_null(strstr(err.text, "too large once same_as is followed"));
}

/* One that the check of the text lets pass, as each level is looked at once a place: whether or not
 * a condition asks for the document first, it is the file that is too large, not memory. */
static void test_large_points(void **state) {
    (void)state;
    const char *const rest[] = {"\"constraints\": [],\n",
                                "\"forbid\": [\"train.epochs > 100000\"],\n"};
    for (size_t k = 0; k < sizeof rest / sizeof *rest; k++) {
        nas_text t = {.arena = arena};
        char line[200];
        nas_text_put(&t, "[");
        for (int i = 0; i < 15; i++) {
            snprintf(line, sizeof line,
                     "{\"repeat\": 2, \"layers\": [{\"same_as\": \"model.layers[%d]\"}, "
                     "{\"same_as\": \"model.layers[%d]\"}]}, ",
                     i + 1, i + 1);
            nas_text_put(&t, line);
        }
        nas_text_put(&t, "{\"op\": \"relu\"}, " LAYERS_END "]");
        const char *text = space_text(arena, (space_parts){.layers = t.p, .rest = rest[k]});
        nas_space *s = NULL;
        nas_err err = {0};
        assert_int_equal(nas_space_parse("f", text, &s, &err), NAS_EINVAL);
        assert_non_null(strstr(err.text, "f: no point is possible"));
        assert_non_null(strstr(err.text, "too large once same_as is followed"));
    }
}

/* Large files full of mistakes are refused within reason. */
static void test_many_mistakes(void **state) {
    (void)state;
    nas_text keys = {.arena = arena}, same = {.arena = arena}, forbid = {.arena = arena};
    nas_text_put(&keys, "{\"shift_frames\": 1");
    nas_text_put(&same, "[");
    nas_text_put(&forbid, "\"forbid\": [\"1 == 1\"");
    for (int i = 0; i < 20000; i++) {
        char line[96];
        snprintf(line, sizeof line, ", \"k%d\": 1", i);
        nas_text_put(&keys, line);
        snprintf(line, sizeof line, "{\"op\": {\"same_as\": \"model.layers[%d].op\"}}, ", i + 1);
        nas_text_put(&same, line);
        snprintf(line, sizeof line, ", \"x%d > y%d\"", i, i);
        nas_text_put(&forbid, line);
    }
    nas_text_put(&keys, "}");
    nas_text_put(&same, LAYERS_END "]");
    nas_text_put(&forbid, "],\n");
    const space_parts parts[] = {{.augment = keys.p}, {.layers = same.p}, {.rest = forbid.p}};
    for (size_t i = 0; i < 3; i++) {
        nas_space *s = NULL;
        nas_err err = {0};
        assert_int_equal(nas_space_parse("f", space_text(arena, parts[i]), &s, &err), NAS_EINVAL);
        assert_non_null(strstr(err.text, " more"));
    }
}

/* Brute force */

typedef struct texts {
    char **p;
    size_t n;
} texts;

static texts expand(const cJSON *v);

static void add_text(texts *t, char *s) {
    char **p = realloc(t->p, (t->n + 1) * sizeof *p);
    assert_non_null(p);
    t->p = p;
    t->p[t->n++] = s;
}

static void free_texts(texts *t) {
    for (size_t i = 0; i < t->n; i++) free(t->p[i]);
    free(t->p);
}

static char *concat(const char *a, const char *b, const char *c) {
    char *s = malloc(strlen(a) + strlen(b) + strlen(c) + 1);
    assert_non_null(s);
    sprintf(s, "%s%s%s", a, b, c);
    return s;
}

/* All combinations of children, the last one fastest. */
static texts expand_children(const cJSON *v) {
    texts all = {0};
    add_text(&all, concat(cJSON_IsObject(v) ? "{" : "[", "", ""));
    for (const cJSON *c = v->child; c; c = c->next) {
        texts below = expand(c), next = {0};
        for (size_t i = 0; i < all.n; i++)
            for (size_t k = 0; k < below.n; k++) {
                char key[64] = "";
                if (c->string) snprintf(key, sizeof key, "\"%s\":", c->string);
                char *head = concat(all.p[i], key, below.p[k]);
                add_text(&next, concat(head, c->next ? "," : "", ""));
                free(head);
            }
        free_texts(&below);
        free_texts(&all);
        all = next;
    }
    for (size_t i = 0; i < all.n; i++) {
        char *closed = concat(all.p[i], cJSON_IsObject(v) ? "}" : "]", "");
        free(all.p[i]);
        all.p[i] = closed;
    }
    return all;
}

static texts expand(const cJSON *v) {
    texts out = {0};
    const cJSON *choice = cJSON_GetObjectItemCaseSensitive(v, "choice");
    const cJSON *range = cJSON_GetObjectItemCaseSensitive(v, "range");
    if (choice) {
        for (const cJSON *o = choice->child; o; o = o->next) {
            texts below = expand(o);
            for (size_t i = 0; i < below.n; i++) add_text(&out, below.p[i]);
            free(below.p);
        }
        return out;
    }
    if (range) {
        const cJSON *step = cJSON_GetObjectItemCaseSensitive(v, "step");
        for (int x = range->child->valueint; x <= range->child->next->valueint;
             x += step ? step->valueint : 1) {
            char number[16];
            snprintf(number, sizeof number, "%d", x);
            add_text(&out, concat(number, "", ""));
        }
        return out;
    }
    if (cJSON_IsObject(v) || cJSON_IsArray(v)) return expand_children(v);
    char *text = cJSON_PrintUnformatted(v);
    add_text(&out, concat(text, "", ""));
    cJSON_free(text);
    return out;
}

/* An integer of 1 .. 9, or something that varies among them. */
static const char *random_integer(nas_rng *rng, int depth) {
    const uint64_t kind = nas_rng_below(rng, depth ? 4 : 1);
    const int a = 1 + (int)nas_rng_below(rng, 9), b = a + (int)nas_rng_below(rng, 4);
    if (kind == 0) return nas_arena_format(arena, NULL, "%d", a);
    if (kind == 1) return nas_arena_format(arena, NULL, "{\"range\": [%d, %d]}", a, b);
    if (kind == 2) return nas_arena_format(arena, NULL, "{\"range\": [%d, %d], \"step\": 2}", a, b);
    nas_text t = {.arena = arena};
    nas_text_put(&t, "{\"choice\": [");
    const uint64_t n = 1 + nas_rng_below(rng, 3);
    for (uint64_t i = 0; i < n; i++) {
        if (i) nas_text_put(&t, ", ");
        nas_text_put(&t, random_integer(rng, depth - 1));
    }
    nas_text_put(&t, "]}");
    return t.p;
}

static const char *random_layers(nas_rng *rng, int depth) {
    nas_text t = {.arena = arena};
    const uint64_t n = 1 + nas_rng_below(rng, 2);
    nas_text_put(&t, "[");
    for (uint64_t i = 0; i < n; i++) {
        const uint64_t kind = nas_rng_below(rng, depth ? 4 : 2);
        if (i) nas_text_put(&t, ", ");
        if (kind == 0) {
            nas_text_put(&t, "{\"op\": {\"choice\": [\"relu\", \"batch_norm\"]}}");
        } else if (kind == 1) {
            nas_text_put(&t, "{\"op\": \"conv2d\", \"kernel\": [1, 1], \"filters\": ");
            nas_text_put(&t, random_integer(rng, 1));
            nas_text_put(&t, "}");
        } else if (kind == 2) {
            nas_text_put(&t, "{\"repeat\": ");
            nas_text_put(&t, random_integer(rng, 1));
            nas_text_put(&t, ", \"layers\": ");
            nas_text_put(&t, random_layers(rng, depth - 1));
            nas_text_put(&t, "}");
        } else {
            nas_text_put(&t, "{\"choice\": [{\"op\": \"relu\"}, {\"repeat\": 1, \"layers\": ");
            nas_text_put(&t, random_layers(rng, depth - 1));
            nas_text_put(&t, "}]}");
        }
    }
    nas_text_put(&t, "]");
    return t.p;
}

static char *canonical_of(const cJSON *v) {
    char *text = NULL;
    nas_err err;
    assert_int_equal(nas_json_canonical(arena, v, &text, &err), NAS_OK);
    return text;
}

static char *canonical_text(const char *s) {
    cJSON *v = cJSON_Parse(s);
    assert_non_null(v);
    char *out = canonical_of(v);
    cJSON_Delete(v);
    return out;
}

/* Compares the whole grid, in its order, with all combinations written out. */
static int64_t compare_grid(const char *text) {
    nas_space *s = open_text(text);
    nas_point p = new_point(s);
    cJSON *whole = cJSON_Parse(text);
    cJSON_DeleteItemFromObject(whole, "search");
    texts all = expand(whole);
    assert_int_equal(nas_space_points(s), all.n);
    for (size_t i = 0; i < all.n; i++) {
        const nas_arena_mark mark = nas_arena_here(arena);
        nas_space_grid(s, (int64_t)i, &p);
        cJSON *document;
        assert_int_equal(nas_space_resolve(s, arena, &p, NULL, &document, NULL), NAS_OK);
        assert_non_null(document);
        assert_string_equal(canonical_of(document), canonical_text(all.p[i]));
        nas_arena_back(arena, mark);
    }
    const int64_t n = (int64_t)all.n;
    free_texts(&all);
    cJSON_Delete(whole);
    nas_space_close(s);
    return n;
}

static void test_grid_against_brute_force(void **state) {
    (void)state;
    nas_rng rng = nas_rng_stream(3, 0, NAS_PURPOSE_TEST, 0, 0, 0);
    int64_t most = 0;
    for (int i = 0; i < 120; i++) {
        const nas_arena_mark mark = nas_arena_here(arena);
        const char *layers = random_layers(&rng, 1);
        const char *text = space_text(
            arena,
            (space_parts){
                .augment = nas_arena_format(
                    arena, NULL,
                    "{\"choice\": [{}, {\"shift_frames\": %s}, {\"shift_frames\": %s}]}",
                    random_integer(&rng, 2), random_integer(&rng, 1)),
                .layers = nas_arena_format(
                    arena, NULL, "[{\"repeat\": 1, \"layers\": %s}, " LAYERS_END "]", layers),
                .train = nas_arena_format(
                    arena, NULL, "{\"epochs\": %s, \"batch_size\": 2, \"learning_rate\": 0.1}",
                    random_integer(&rng, 1)),
                .quantize = i % 3 ? "\"int8\"" : "{\"choice\": [\"int8\", \"float32\"]}"});
        const int64_t n = compare_grid(text);
        most = n > most ? n : most;
        nas_arena_back(arena, mark);
    }
    assert_true(most > 100);
}

static void test_large_grid(void **state) {
    (void)state;
    nas_text t = {.arena = arena};
    nas_text_put(&t, "[");
    for (int i = 0; i < 9; i++)
        nas_text_put(
            &t, "{\"op\": \"conv2d\", \"kernel\": [1, 1], \"filters\": {\"range\": [1, 10]}}, ");
    nas_text_put(&t, LAYERS_END "]");
    nas_space *s = open_parts((space_parts){.layers = t.p});
    assert_int_equal(nas_space_points(s), 1000000000);
    nas_point p = new_point(s);
    const size_t before = nas_arena_bytes(s->arena) + nas_arena_bytes(s->scratch);
    nas_rng rng = nas_rng_stream(4, 0, NAS_PURPOSE_TEST, 0, 0, 0);
    for (int k = 0; k < 1000; k++) {
        const int64_t i = (int64_t)nas_rng_below(&rng, 1000000000);
        nas_space_grid(s, i, &p);
        int64_t back = 0;
        for (int d = 0; d < 9; d++) back = back * 10 + (int64_t)p.values[d] - 1;
        assert_int_equal(back, i);
    }
    assert_int_equal(nas_arena_bytes(s->arena) + nas_arena_bytes(s->scratch), before);
    nas_space_close(s);
    /* 10^30 points are "that many or more". */
    nas_text u = {.arena = arena};
    nas_text_put(&u, "[");
    for (int i = 0; i < 30; i++)
        nas_text_put(
            &u, "{\"op\": \"conv2d\", \"kernel\": [1, 1], \"filters\": {\"range\": [1, 10]}}, ");
    nas_text_put(&u, LAYERS_END "]");
    s = open_parts((space_parts){.layers = u.p});
    assert_true(nas_space_points(s) == INT64_MAX);
    p = new_point(s);
    nas_space_grid(s, 123, &p);
    assert_true(p.values[29] == 4 && p.values[28] == 3 && p.values[27] == 2 && p.values[0] == 1);
    nas_space_close(s);
    s = open_parts(
        (space_parts){.width = "{\"range\": [0.5, 1]}", .search = "{\"sampler\": \"random\"}"});
    assert_int_equal(nas_space_points(s), -1);
    nas_space_close(s);
}

/* Parameters, values */

static nas_value value_at(const nas_space *s, const nas_point *p, const char *column) {
    nas_value *v = nas_arena_array(arena, (size_t)nas_space_params(s), sizeof *v, NULL);
    nas_space_values(s, p, v);
    for (int32_t i = 0; i < nas_space_params(s); i++)
        if (strcmp(nas_space_param(s, i)->column, column) == 0) return v[i];
    fail_msg("no column %s", column);
    return (nas_value){0};
}

static const nas_param *param_at(const nas_space *s, const char *path) {
    for (int32_t i = 0; i < nas_space_params(s); i++)
        if (strcmp(nas_space_param(s, i)->path, path) == 0) return nas_space_param(s, i);
    fail_msg("no parameter %s", path);
    return NULL;
}

static void test_conditional_values(void **state) {
    (void)state;
    nas_space *s = open_parts((space_parts){
        .augment = "{\"choice\": [{}, {\"shift_frames\": {\"choice\": [3, 4]}}, {\"shift_frames\": "
                   "{\"range\": [5, 6]}}]}",
        .width = "{\"choice\": [1, 0.5]}",
        .layers = "{\"choice\": [[" LAYERS_END "], [{\"repeat\": {\"choice\": [1, 2]}, \"layers\": "
                  "[{\"op\": \"conv2d\", \"filters\": 4, \"kernel\": {\"choice\": [[1, 1], [3, "
                  "3]]}, \"bias\": {\"choice\": [true, false]}}]}, " LAYERS_END "]]}"});
    assert_int_equal(nas_space_params(s), 7);
    assert_int_equal(nas_space_points(s), 5 * 2 * (1 + 8));
    const nas_param *shift = param_at(s, "augment.shift_frames");
    assert_string_equal(shift->column, "augment_shift_frames");
    assert_string_equal(shift->condition, "only when augment = 1 or augment = 2");
    assert_string_equal(shift->values, "3, 4; 5 .. 6");
    assert_int_equal(shift->type, NAS_COLUMN_INTEGER);
    assert_int_equal(param_at(s, "augment")->type, NAS_COLUMN_INTEGER);
    assert_int_equal(param_at(s, "model.width")->type, NAS_COLUMN_REAL);
    assert_int_equal(param_at(s, "model.layers[0].layers[0].kernel")->type, NAS_COLUMN_TEXT);
    assert_int_equal(param_at(s, "model.layers[0].layers[0].bias")->type, NAS_COLUMN_INTEGER);
    nas_point p = new_point(s);
    nas_space_grid(s, 0, &p);
    assert_int_equal(value_at(s, &p, "augment").integer, 0);
    assert_true(value_at(s, &p, "augment_shift_frames").is_null);
    assert_true(isnan(p.values[1]));
    assert_true(value_at(s, &p, "model_layers_0_repeat").is_null);
    assert_int_equal(value_at(s, &p, "model_layers").integer, 0);
    nas_space_grid(s, nas_space_points(s) - 1, &p);
    assert_int_equal(value_at(s, &p, "augment").integer, 2);
    assert_int_equal(value_at(s, &p, "augment_shift_frames").integer, 6);
    assert_true(value_at(s, &p, "model_width").real == 0.5);
    assert_int_equal(value_at(s, &p, "model_layers").integer, 1);
    assert_int_equal(value_at(s, &p, "model_layers_0_repeat").integer, 2);
    assert_string_equal(value_at(s, &p, "model_layers_0_layers_0_kernel").text, "[3,3]");
    assert_int_equal(value_at(s, &p, "model_layers_0_layers_0_bias").integer, 0);
    assert_false(value_at(s, &p, "model_layers_0_layers_0_bias").is_null);
    nas_space_close(s);
}

static void test_choice_in_choice(void **state) {
    (void)state;
    nas_space *s = open_parts((space_parts){
        .width = "{\"choice\": [1, {\"range\": [0.1, 0.5], \"step\": 0.1}, {\"choice\": [2, 3]}]}",
        .rest = "\"try_first\": [{\"model.width\": 0.3}],\n"});
    assert_int_equal(nas_space_points(s), 1 + 5 + 2);
    assert_int_equal(nas_space_params(s), 3);
    assert_string_equal(nas_space_param(s, 1)->path, "model.width.range");
    assert_string_equal(nas_space_param(s, 1)->column, "model_width_range");
    nas_point p = new_point(s);
    static const double widths[] = {1, 0.1, 0.2, 0.3, 0.4, 0.5, 2, 3};
    for (int i = 0; i < 8; i++) {
        nas_space_grid(s, i, &p);
        assert_true(value_at(s, &p, "model_width").real == widths[i]);
        assert_int_equal(value_at(s, &p, "model_width_range").is_null, i < 1 || i > 5);
    }
    nas_space_close(s);
}

static void test_steps(void **state) {
    (void)state;
    nas_space *s =
        open_parts((space_parts){.width = "{\"range\": [0.1, 0.95], \"step\": 0.2}",
                                 .train = "{\"epochs\": {\"range\": [3, 10], \"step\": 3}, "
                                          "\"batch_size\": 2, \"learning_rate\": 1}"});
    assert_int_equal(nas_space_points(s), 5 * 3);
    nas_point p = new_point(s);
    for (int i = 0; i < 15; i++) {
        static const double widths[] = {0.1, 0.3, 0.5, 0.7, 0.9};
        nas_space_grid(s, i, &p);
        assert_true(p.values[0] == widths[i / 3] && p.values[1] == 3 + 3 * (i % 3));
    }
    nas_space_close(s);
}

/* Random */

static void test_random(void **state) {
    (void)state;
    enum { DRAWS = 30000 };
    nas_space *s = open_parts((space_parts){
        .augment = "{\"choice\": [{}, {\"shift_frames\": {\"range\": [1, 4]}}]}",
        .width = "{\"range\": [0.1, 10], \"log\": true}",
        .train = "{\"epochs\": {\"choice\": [1, 2, 3]}, \"batch_size\": {\"range\": [1, 100], "
                 "\"log\": true}, \"learning_rate\": {\"range\": [0.5, 1]}}",
        .search = "{\"sampler\": \"random\"}"});
    int option[2] = {0}, shift[5] = {0}, epochs[3] = {0}, small = 0, low = 0, ones = 0;
    nas_point p = new_point(s), q = new_point(s);
    assert_string_equal(nas_space_param(s, 4)->path, "train.batch_size");
    for (int i = 0; i < DRAWS; i++) {
        nas_space_random(s, 5, i, 0, &p);
        option[(int)p.values[0]]++;
        if (p.values[0] == 1)
            shift[(int)p.values[1]]++;
        else
            assert_true(isnan(p.values[1]));
        assert_true(p.values[2] >= 0.1 && p.values[2] <= 10);
        small += p.values[2] < 1;
        char text[32];
        snprintf(text, sizeof text, "%.6g", p.values[2]);
        assert_true(strtod(text, NULL) == p.values[2]);
        epochs[(int)p.values[3]]++;
        assert_true(p.values[4] >= 1 && p.values[4] <= 100 && p.values[4] == floor(p.values[4]));
        ones += p.values[4] == 1;
        low += p.values[5] < 0.75;
    }
    /* Five standard deviations of a binomial count. */
    const double five = 5 * sqrt(DRAWS * 0.25);
    assert_true(fabs(option[0] - DRAWS / 2.0) < five);
    assert_true(fabs(small - DRAWS / 2.0) < five);
    assert_true(fabs(low - DRAWS / 2.0) < five);
    for (int i = 0; i < 3; i++) assert_true(fabs(epochs[i] - DRAWS / 3.0) < five);
    for (int i = 1; i <= 4; i++) assert_true(fabs(shift[i] - option[1] / 4.0) < five);
    const double share = log(1.5 / 0.5) / log(100.5 / 0.5);
    assert_true(fabs(ones - DRAWS * share) < five);
    /* A function of (seed, n, attempt) and of nothing else. */
    nas_space_random(s, 5, 7, 0, &p);
    nas_space_random(s, 5, 7, 1, &q);
    assert_true(p.values[2] != q.values[2]);
    nas_space_random(s, 6, 7, 0, &q);
    assert_true(p.values[2] != q.values[2]);
    nas_space_random(s, 5, 7, 0, &q);
    assert_memory_equal(p.values, q.values, (size_t)nas_space_params(s) * sizeof(double));
    nas_space_close(s);
}

/* Candidates */

static nas_candidate decode(space_parts parts, int32_t classes) {
    nas_space *s = open_parts(parts);
    nas_point p = new_point(s);
    nas_candidate c;
    nas_err err = {0};
    nas_space_grid(s, 0, &p);
    if (nas_space_candidate(s, arena, &p, classes, &c, &err) != NAS_OK) fail_msg("%s", err.text);
    nas_hash hash;
    assert_int_equal(nas_space_point_hash(s, &p, &hash, &err), NAS_OK);
    assert_true(nas_hash_equal(&hash, &c.hash));
    nas_space_close(s);
    return c;
}

static nas_candidate decode_split(const char *split) {
    return decode((space_parts){.task = nas_arena_format(arena, NULL,
                                                         ", \"labels\": [\"a\", \"b\"], "
                                                         "\"split\": {%s}",
                                                         split)},
                  0);
}

static void test_spans(void **state) {
    (void)state;
    nas_candidate c = decode((space_parts){0}, 0);
    const nas_hash plain = c.hash;
    assert_false(c.augment.sound.noise_snr_db.given);
    c = decode((space_parts){.augment = "{\"noise_snr_db\": null, \"gain_db\": 0}"}, 0);
    assert_true(nas_hash_equal(&c.hash, &plain));
    c = decode((space_parts){.augment = "{\"noise_snr_db\": [5, 20.5], \"shift_ms\": 100, "
                                        "\"gain_db\": 6}"},
               0);
    const nas_sound_augment *s = &c.augment.sound;
    assert_true(s->noise_snr_db.given && s->noise_snr_db.lo == 5 && s->noise_snr_db.hi == 20.5);
    assert_true(s->shift_ms == 100 && s->gain_db == 6);
    assert_false(nas_hash_equal(&c.hash, &plain));
}

static void test_splits(void **state) {
    (void)state;
    nas_candidate c = decode_split("");
    const nas_hash plain = c.hash;
    assert_int_equal(nas_keywords_keys(&c.task)->split.by, NAS_BY_SPEAKER);
    assert_true(nas_keywords_keys(&c.task)->split.folds < 2);
    c = decode_split("\"folds\": null, \"validation\": 0.1");
    assert_true(nas_hash_equal(&c.hash, &plain));
    c = decode_split("\"folds\": 5, \"test\": 0");
    assert_int_equal(nas_keywords_keys(&c.task)->split.folds, 5);
    assert_true(nas_keywords_keys(&c.task)->split.test == 0);
    assert_false(nas_hash_equal(&c.hash, &plain));
    c = decode_split("\"by\": \"folders\"");
    assert_int_equal(nas_keywords_keys(&c.task)->split.by, NAS_BY_FOLDERS);
    c = decode_split("\"by\": \"groups\", \"list\": \"folds.csv\", \"folds\": 3");
    assert_int_equal(nas_keywords_keys(&c.task)->split.by, NAS_BY_GROUPS);
    assert_int_equal(nas_keywords_keys(&c.task)->split.folds, 3);
    assert_string_equal(nas_keywords_keys(&c.task)->split.list, "folds.csv");
    assert_true(nas_keywords_keys(&c.task)->split.test == 0 &&
                nas_keywords_keys(&c.task)->split.stopping == 0);
    c = decode_split("\"by\": \"lists\", \"validation\": \"v.txt\", \"test\": \"x/t.txt\"");
    const nas_hash lists = c.hash;
    assert_int_equal(nas_keywords_keys(&c.task)->split.by, NAS_BY_LISTS);
    assert_null(nas_keywords_keys(&c.task)->split.train_list);
    assert_string_equal(nas_keywords_keys(&c.task)->split.validation_list, "v.txt");
    assert_string_equal(nas_keywords_keys(&c.task)->split.test_list, "x/t.txt");
    c = decode_split("\"test\": \"x/t.txt\", \"train\": null, \"validation\": \"v.txt\", "
                     "\"by\": \"lists\"");
    assert_true(nas_hash_equal(&c.hash, &lists));
    c = decode_split("\"by\": \"lists\", \"validation\": \"v.txt\", \"test\": \"x/t.txt\", "
                     "\"train\": \"a.txt\"");
    assert_string_equal(nas_keywords_keys(&c.task)->split.train_list, "a.txt");
    assert_false(nas_hash_equal(&c.hash, &lists));
}

static void test_decoding(void **state) {
    (void)state;
    const nas_candidate c = decode(
        (space_parts){
            .task = ", \"labels\": [\"x\", \"y\"], \"clip_seconds\": 0.5, \"split\": {\"by\": "
                    "\"file\", \"test\": 0.2, \"speaker_pattern\": \"^(a+)\"}",
            .augment = "{\"shift_frames\": 2}",
            .width = "0.5",
            .layers =
                "[{\"op\": \"conv2d\", \"filters\": 5, \"kernel\": [3, 2], \"padding\": \"same\", "
                "\"bias\": false}, {\"repeat\": 2, \"layers\": [{\"op\": \"conv2d\", \"filters\": "
                "3, \"kernel\": [1, 1]}, {\"op\": \"residual\", \"layers\": [{\"op\": \"conv2d\", "
                "\"filters\": 4, \"kernel\": [1, 1]}]}]}, " LAYERS_END "]",
            .train = "{\"epochs\": 7, \"batch_size\": 9, \"learning_rate\": {\"schedule\": "
                     "\"polynomial\", \"from\": 0.5, \"to\": 0.25}}",
            .quantize = "{\"kind\": \"int8\"}"},
        0);
    assert_int_equal(nas_keywords_keys(&c.task)->n_labels, 2);
    assert_string_equal(nas_keywords_keys(&c.task)->labels[1], "y");
    assert_string_equal(c.task.data, "d");
    assert_string_equal(nas_keywords_keys(&c.task)->speaker_pattern, "^(a+)");
    assert_true(nas_keywords_keys(&c.task)->clip_seconds == 0.5 &&
                nas_keywords_keys(&c.task)->split.by == 1);
    assert_true(nas_keywords_keys(&c.task)->split.test == 0.2 &&
                nas_keywords_keys(&c.task)->split.validation == 0.1);
    assert_int_equal(c.frontend.sample_rate_hz, 16000);
    assert_int_equal(c.frontend.kind, NAS_MFCC);
    assert_int_equal(c.augment.shift_frames, 2);
    assert_int_equal(c.train.epochs, 7);
    assert_int_equal(c.train.learning_rate.kind, NAS_SCHEDULE_POLYNOMIAL);
    assert_true(c.train.learning_rate.to == 0.25 && c.train.learning_rate.power == 1);
    assert_int_equal(c.quantize.kind, NAS_FORMAT_INT8);
    /* (0.5 s - 40 ms) / 40 ms + 1 frames */
    assert_true(c.model.input.h == 12 && c.model.input.w == 10 && c.model.input.c == 1);
    assert_int_equal(c.model.n_layers, 1 + 2 * 2 + 3);
    const nas_layer_spec *l = c.model.layers;
    assert_int_equal(l[0].filters, 3); /* 2.5, halves up */
    assert_true(l[0].kernel[0] == 3 && l[0].kernel[1] == 2 && l[0].stride[1] == 1 && !l[0].bias);
    assert_int_equal(l[1].filters, 2); /* 1.5 */
    assert_int_equal(l[2].layers[0].filters, 2);
    assert_int_equal(l[4].layers[0].filters, 2);
    assert_true(l[1].bias && l[3].filters == 2);
    assert_int_equal(l[6].filters, 2); /* classes */
}

/* The last layer with filters or units stays, be its number written out, and 1 is the least. */
static void test_width(void **state) {
    (void)state;
    const nas_candidate c = decode(
        (space_parts){.width = "0.001",
                      .layers =
                          "[{\"op\": \"conv2d\", \"filters\": 400, \"kernel\": [1, 1]}, "
                          "{\"op\": \"conv2d\", \"filters\": 600, \"kernel\": [1, 1]}, "
                          "{\"op\": \"flatten\"}, {\"op\": \"dense\", \"units\": 3}, {\"op\": "
                          "\"softmax\"}]"},
        3);
    assert_int_equal(c.model.layers[0].filters, 1);
    assert_int_equal(c.model.layers[1].filters, 1);
    assert_int_equal(c.model.layers[3].filters, 3);
}

/* Every key of the newer layers, written out and left out; scale false stays as it is. */
static void test_layer_keys(void **state) {
    (void)state;
    const nas_candidate c = decode(
        (space_parts){
            .width = "2",
            .layers =
                "[{\"op\": \"conv2d\", \"filters\": 4, \"kernel\": [1, 1], \"scale\": false, "
                "\"dilation\": [2, 3], \"sparsity\": 0.5}, {\"op\": \"conv2d\", \"filters\": 4, "
                "\"kernel\": [1, 1], \"scale\": true}, {\"op\": \"max_pool\", \"size\": [2, 1]}, "
                "{\"op\": \"average_pool\", \"size\": [1, 2], \"stride\": [2, 1], \"padding\": "
                "\"same\"}, {\"op\": \"dropout\", \"rate\": 0.25}, {\"op\": \"flatten\"}, "
                "{\"op\": \"dense\", \"units\": 48}, {\"op\": \"reshape\", \"shape\": [12, 8, 1]}, "
                "{\"op\": \"conv1d\", \"filters\": 5, \"kernel\": 3, \"stride\": 2, \"dilation\": "
                "4, "
                "\"padding\": \"causal\"}, {\"op\": \"relu6\"}, {\"op\": \"conv1d\", \"filters\": "
                "6, "
                "\"kernel\": 1, \"scale\": false}, {\"op\": \"flatten\"}, {\"op\": \"dense\", "
                "\"units\": \"classes\"}, {\"op\": \"softmax\"}]"},
        3);
    const nas_layer_spec *l = c.model.layers;
    assert_int_equal(l[0].filters, 4);
    assert_true(l[0].dilation[0] == 2 && l[0].dilation[1] == 3 && l[0].sparsity == 0.5);
    assert_int_equal(l[1].filters, 8);
    assert_true(l[1].dilation[0] == 1 && isnan(l[1].sparsity) && isnan(l[6].sparsity));
    assert_true(l[2].kernel[0] == 2 && l[2].kernel[1] == 1 && l[2].stride[0] == 0);
    assert_true(l[3].stride[0] == 2 && l[3].stride[1] == 1 && l[3].padding == 0);
    assert_true(l[4].rate == 0.25);
    assert_true(l[7].shape[0] == 12 && l[7].shape[1] == 8 && l[7].shape[2] == 1);
    assert_true(l[8].filters == 10 && l[8].kernel[0] == 3 && l[8].stride[0] == 2);
    assert_true(l[8].dilation[0] == 4 && l[8].padding == 2 && l[8].bias);
    assert_true(l[10].filters == 6 && l[10].stride[0] == 1 && l[10].padding == 1);
}

static void test_impossible_points(void **state) {
    (void)state;
    nas_space *s = open_parts((space_parts){
        .layers = "[{\"op\": \"conv2d\", \"filters\": 2, \"kernel\": [{\"choice\": [3, 99]}, 1]}, "
                  "" LAYERS_END "]",
        .width = "{\"choice\": [1, 64]}"});
    nas_point p = new_point(s);
    nas_candidate c;
    nas_err err = {0};
    nas_space_grid(s, 0, &p);
    assert_int_equal(nas_space_candidate(s, arena, &p, 3, &c, &err), NAS_OK);
    nas_space_grid(s, 1, &p);
    assert_int_equal(nas_space_candidate(s, arena, &p, 3, &c, &err), NAS_ESHAPE);
    assert_non_null(strstr(err.text, "99"));
    nas_space_close(s);
}

static void test_same_as(void **state) {
    (void)state;
    nas_space *s = open_parts((space_parts){
        .augment = "{\"choice\": [{}, {\"shift_frames\": {\"choice\": [3, 4]}}]}",
        .layers =
            "[{\"op\": \"conv2d\", \"filters\": {\"choice\": [2, 3]}, \"kernel\": [{\"same_as\": "
            "\"model.layers[0].filters\"}, 1]}, {\"op\": \"conv2d\", \"filters\": {\"same_as\": "
            "\"model.layers[0].kernel[0]\"}, \"kernel\": {\"same_as\": "
            "\"model.layers[0].kernel\"}}, " LAYERS_END "]",
        .train = "{\"epochs\": {\"same_as\": \"augment.shift_frames\"}, \"batch_size\": 2, "
                 "\"learning_rate\": 1}"});
    assert_int_equal(nas_space_points(s), 6);
    nas_point p = new_point(s);
    nas_candidate c;
    nas_err err = {0};
    nas_space_grid(s, 1, &p);
    assert_int_equal(nas_space_candidate(s, arena, &p, 3, &c, &err), NAS_ESHAPE);
    assert_non_null(strstr(err.text, "same_as \"augment.shift_frames\": no such value"));
    nas_space_grid(s, 5, &p);
    assert_int_equal(nas_space_candidate(s, arena, &p, 3, &c, &err), NAS_OK);
    assert_int_equal(c.train.epochs, 4);
    const nas_layer_spec *l = c.model.layers;
    assert_true(l[0].filters == 3 && l[0].kernel[0] == 3 && l[1].filters == 3);
    assert_true(l[1].kernel[0] == 3 && l[1].kernel[1] == 1);
    nas_space_close(s);
    /* Two that name each other in different options are no cycle. */
    s = open_parts((space_parts){
        .frontend = "{\"choice\": [{\"kind\": \"mfcc\", \"frame_length_ms\": {\"same_as\": "
                    "\"frontend.frame_step_ms\"}, \"frame_step_ms\": 30, \"mel_bins\": 20, "
                    "\"lower_hz\": 20, \"upper_hz\": 4000, \"coefficients\": 10}, {\"kind\": "
                    "\"mfcc\", \"frame_length_ms\": 20, \"frame_step_ms\": {\"same_as\": "
                    "\"frontend.frame_length_ms\"}, \"mel_bins\": 20, \"lower_hz\": 20, "
                    "\"upper_hz\": 4000, \"coefficients\": 10}]}"});
    for (int i = 0; i < 2; i++) {
        p = new_point(s);
        nas_space_grid(s, i, &p);
        assert_int_equal(nas_space_candidate(s, arena, &p, 3, &c, &err), NAS_OK);
        assert_true(c.frontend.frame_length_ms == c.frontend.frame_step_ms);
        assert_true(c.frontend.frame_step_ms == (i ? 20 : 30));
    }
    nas_space_close(s);
}

static void test_hash_golden(void **state) {
    (void)state;
    char hex[65];
    nas_candidate c = decode((space_parts){0}, 0);
    nas_hash_hex(&c.hash, hex);
    assert_string_equal(hex, GOLDEN_PLAIN);
    c = decode((space_parts){.width = "0.50",
                             .augment = "{\"shift_frames\": 3}",
                             .layers = "[{\"repeat\": 2, \"layers\": [{\"op\": \"conv2d\", "
                                       "\"kernel\": [3, 3], \"filters\": 8, \"padding\": \"same\", "
                                       "\"bias\": true}]}, " LAYERS_END "]",
                             .quantize = "\"int8\""},
               0);
    nas_hash_hex(&c.hash, hex);
    assert_string_equal(hex, GOLDEN_RICH);
    assert_string_equal(c.augment_json, "{\"shift_frames\":3}");
    assert_string_equal(c.quantize_json, "\"int8\"");
    assert_string_equal(c.task_json, "{\"kind\":\"keywords\",\"labels\":[\"a\",\"b\",\"c\"]}");
    assert_string_equal(c.train_json, "{\"batch_size\":2,\"epochs\":1,\"learning_rate\":0.01}");
}

/* Pairs that mean the same, and changes that do not. */
static void test_hash_equal(void **state) {
    (void)state;
    static const space_parts same[] = {
        {.augment = "{\"shift_frames\": 0}"},
        {.width = "1.0"},
        {.quantize = "{\"kind\": \"float32\"}"},
        {.train = "{\"learning_rate\": 1e-2, \"batch_size\": 2.0, \"epochs\": 1, \"optimizer\": "
                  "\"adam\", \"keep\": \"last\", \"patience\": null}"},
        {.train = "{\"epochs\": 1, \"batch_size\": 2, \"learning_rate\": {\"schedule\": "
                  "\"constant\", \"from\": 0.01}}"},
        {.task = ", \"labels\": [\"a\", \"b\", \"c\"], \"clip_seconds\": 1, \"split\": {\"by\": "
                 "\"speaker\", \"speaker_pattern\": null, \"test\": 0.1}"},
        {.frontend = "{\"kind\": \"mfcc\", \"frame_length_ms\": 40, \"frame_step_ms\": 40, "
                     "\"sample_rate_hz\": 16000, \"normalize\": \"none\", \"level\": \"none\", "
                     "\"mel_bins\": 20, "
                     "\"lower_hz\": 20, \"upper_hz\": 4000, \"coefficients\": 10}"},
        {.layers = "[{\"op\": \"flatten\"}, {\"op\": \"dense\", \"bias\": true, \"units\": "
                   "\"classes\"}, {\"op\": \"softmax\"}]"},
        {.rest = "\"schema\": 1, \"export\": {\"names\": true}, \"prune\": null, \"cluster\": "
                 "null, \"constraints\": [\"accuracy > "
                 "0.5\"], \"forbid\": [\"train.epochs > 3\"], \"objective\": {\"minimize\": "
                 "\"macs\"},\n"},
        {.search = "{\"sampler\": \"random\", \"trials\": 5, \"seed\": 9}"}};
    static const space_parts other[] = {{.augment = "{\"shift_frames\": 1}"},
                                        {.frontend = "{\"kind\": \"mfcc\", \"frame_length_ms\": "
                                                     "40, \"frame_step_ms\": 40, \"level\": "
                                                     "\"rms\", \"mel_bins\": 20, \"lower_hz\": 20, "
                                                     "\"upper_hz\": 4000, \"coefficients\": 10}"},
                                        {.width = "1.5"},
                                        {.quantize = "\"int8\""},
                                        {.rest = "\"export\": {\"names\": false},\n"},
                                        {.task = ", \"labels\": [\"a\", \"c\", \"b\"]"}};
    const nas_candidate base = decode((space_parts){0}, 0);
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        const nas_candidate c = decode(same[i], 0);
        if (!nas_hash_equal(&base.hash, &c.hash)) fail_msg("case %zu", i);
    }
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        const nas_candidate c = decode(other[i], 0);
        assert_false(nas_hash_equal(&base.hash, &c.hash));
    }
    assert_string_equal(base.augment_json, "");
    assert_string_equal(base.quantize_json, "");
}

/* candidate.json reads back to the same hash. */
static void test_candidate_file(void **state) {
    (void)state;
    const char *path = "/tmp/nas_test_candidate.tmp";
    nas_err err = {0};
    const nas_candidate c = decode((space_parts){.width = "{\"choice\": [0.25, 1]}"}, 0);
    nas_candidate back;
    write_file(path, c.json);
    assert_int_equal(nas_candidate_open(arena, path, 0, &back, &err), NAS_OK);
    assert_true(nas_hash_equal(&c.hash, &back.hash));
    assert_string_equal(c.json, back.json);
    assert_string_equal(back.task.data, "d");
    const char *more =
        nas_arena_format(arena, &err, "{\"seed\": 12, \"replicate\": 3,%s", c.json + 1);
    write_file(path, more);
    assert_int_equal(nas_candidate_open(arena, path, 0, &back, &err), NAS_OK);
    assert_true(nas_hash_equal(&c.hash, &back.hash));
    assert_true(back.seed == 12 && back.replicate == 3);
    const char *space = space_text(arena, (space_parts){.width = "{\"choice\": [0.25, 1]}"});
    write_file(path, space);
    assert_int_equal(nas_candidate_open(arena, path, 0, &back, &err), NAS_EINVAL);
    assert_non_null(strstr(err.text, "is a space"));
    const char *plain = space_text(arena, (space_parts){.width = "0.25"});
    write_file(path, plain);
    assert_int_equal(nas_candidate_open(arena, path, 0, &back, &err), NAS_OK);
    assert_true(nas_hash_equal(&c.hash, &back.hash));
    const char *bad = space_text(arena, (space_parts){.width = "-1"});
    write_file(path, bad);
    assert_int_equal(nas_candidate_open(arena, path, 0, &back, &err), NAS_EINVAL);
    assert_non_null(
        strstr(err.text, "nas_test_candidate.tmp:5:20: model.width: expected a number"));
    const char *nameless = space_text(arena, (space_parts){.task = ""});
    write_file(path, nameless);
    assert_int_equal(nas_candidate_open(arena, path, 0, &back, &err), NAS_EINVAL);
    assert_non_null(strstr(err.text, "number of classes is not known"));
    assert_int_equal(nas_candidate_open(arena, path, 4, &back, &err), NAS_OK);
    remove(path);
}

static void test_space_hash(void **state) {
    (void)state;
    nas_space *base = open_parts((space_parts){.width = "{\"choice\": [1, 2]}"});
    const nas_hash hash = nas_space_hash(base);
    nas_space_close(base);
    static const space_parts same[] = {
        {.rest = "\"constraints\": [\"accuracy > 0.5\"],\n", .width = "{\"choice\": [1, 2]}"},
        {.search = "{\"sampler\": \"grid\", \"trials\": 2, \"workers\": 3}",
         .width = "{\"choice\": [1.0, 2]}"}};
    static const space_parts other[] = {
        {.width = "{\"choice\": [2, 1]}"},
        {.search = "{\"sampler\": \"grid\", \"seed\": 1}", .width = "{\"choice\": [1, 2]}"},
        {.rest = "\"forbid\": [\"model.width > 1\"],\n", .width = "{\"choice\": [1, 2]}"}};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        nas_space *s = open_parts(same[i]);
        const nas_hash h = nas_space_hash(s);
        assert_true(nas_hash_equal(&h, &hash));
        nas_space_close(s);
    }
    for (size_t i = 0; i < sizeof other / sizeof *other; i++) {
        nas_space *s = open_parts(other[i]);
        const nas_hash h = nas_space_hash(s);
        assert_false(nas_hash_equal(&h, &hash));
        nas_space_close(s);
    }
}

/* The same choices in another order number the points differently. */
static void test_space_hash_order(void **state) {
    (void)state;
    nas_space *a = open_parts((space_parts){
        .train = "{\"epochs\": {\"choice\": [1, 2]}, \"batch_size\": {\"choice\": [1, 2]}, "
                 "\"learning_rate\": 1}"});
    nas_space *b = open_parts((space_parts){
        .train = "{\"batch_size\": {\"choice\": [1, 2]}, \"epochs\": {\"choice\": [1, 2]}, "
                 "\"learning_rate\": 1}"});
    const nas_hash x = nas_space_hash(a), y = nas_space_hash(b);
    assert_false(nas_hash_equal(&x, &y));
    nas_space_close(a);
    nas_space_close(b);
}

/* forbid, try_first, constraints */

static bool is_forbidden(const nas_space *s, const nas_point *p) {
    bool yes = false;
    assert_int_equal(nas_space_forbidden(s, p, &yes, NULL), NAS_OK);
    return yes;
}

static int64_t allowed(space_parts parts) {
    nas_space *s = open_parts(parts);
    nas_point p = new_point(s);
    int64_t n = 0;
    for (int64_t i = 0; i < nas_space_points(s); i++) {
        nas_space_grid(s, i, &p);
        n += !is_forbidden(s, &p);
    }
    nas_space_close(s);
    return n;
}

static void test_forbid(void **state) {
    (void)state;
    static const struct {
        const char *condition;
        int64_t allowed; /* of epochs 1 .. 4 x (no shift, shift 2, shift 3) */
    } cases[] = {
        {"train.epochs > 2", 6},
        {"train.epochs >= 2", 3},
        {"train.epochs != 2", 3},
        {"train.epochs * 2 == 4 or train.epochs - 1 == 0", 6},
        {"train.epochs > 1 and train.epochs < 4", 6},
        {"train.epochs > 1 and train.epochs < 4 or train.epochs == 4", 3},
        {"train.epochs == 4 or train.epochs > 1 and train.epochs < 4", 3},
        {"(train.epochs == 4 or train.epochs > 1) and train.epochs < 4", 6},
        {"augment.shift_frames == 3", 8},
        {"augment.shift_frames != 3", 4}, /* its default, 0, stands where it is left out */
        {"prune == null and train.epochs == 1", 9},
        {"quantize == 'float32' and train.epochs < 3", 6},
        {"quantize == 'int8'", 12},
        {"quantize > 3 or quantize == 3", 12},
        {"train.epochs / 0 > 1", 12},
        {"-train.epochs < -3", 9},
        {"train.epochs - -1 > 4", 9},
        {"2 + 2 * 3 == 8 and train.epochs == 1", 9},
        {"model.layers[1].bias == true and train.epochs == 1", 9},
        {"frontend.upper_hz > frontend.sample_rate_hz / 2", 12},
        {"frontend.upper_hz <= frontend.sample_rate_hz / 4 and train.epochs == 1", 9},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int64_t n = allowed((space_parts){
            .augment = "{\"choice\": [{}, {\"shift_frames\": {\"choice\": [2, 3]}}]}",
            .train = "{\"epochs\": {\"range\": [1, 4]}, \"batch_size\": 2, \"learning_rate\": 1}",
            .rest = nas_arena_format(arena, NULL, "\"prune\": null, \"forbid\": [\"%s\"],\n",
                                     cases[i].condition)});
        if (n != cases[i].allowed)
            fail_msg("%s: %d instead of %d", cases[i].condition, (int)n, (int)cases[i].allowed);
    }
}

static void test_try_first(void **state) {
    (void)state;
    nas_space *s = open_parts((space_parts){
        .augment = "{\"choice\": [{}, {\"shift_frames\": {\"range\": [1, 1000]}}, {}]}",
        .width = "{\"choice\": [1, 2, 3]}",
        .rest =
            "\"forbid\": [\"model.width == 3\"], \"try_first\": [{\"augment.shift_frames\": 77}, "
            "{\"model.width\": 2, \"augment\": 2}],\n"});
    nas_point p = new_point(s);
    assert_int_equal(nas_space_try_first(s), 2);
    for (uint64_t seed = 0; seed < 50; seed++) {
        assert_int_equal(nas_space_try(s, seed, 0, &p, NULL), NAS_OK);
        assert_true(p.values[0] == 1 && p.values[1] == 77 && p.values[2] < 2);
        assert_int_equal(nas_space_try(s, seed, 1, &p, NULL), NAS_OK);
        assert_true(p.values[0] == 2 && isnan(p.values[1]) && p.values[2] == 1);
    }
    nas_space_close(s);
}

static void test_goals(void **state) {
    (void)state;
    nas_space *s = open_parts((space_parts){
        .rest = "\"objectives\": [{\"minimize\": \"zlib_bytes\"}], \"constraints\": [\"accuracy > "
                "0.90\", \"total_ms<=4e1\", \"macs >= -1\", \"params != 3\"],\n"});
    assert_int_equal(nas_space_objectives(s), 1);
    assert_string_equal(nas_space_objective(s, 0)->metric, "zlib_bytes");
    assert_true(nas_space_objective(s, 0)->direction == NAS_MINIMIZE);
    assert_int_equal(nas_space_constraints(s), 4);
    const nas_constraint *c = nas_space_constraint(s, 1);
    assert_string_equal(c->text, "total_ms<=4e1");
    assert_string_equal(c->metric, "total_ms_hi");
    assert_true(c->op == NAS_AT_MOST && c->bound == 40);
    assert_true(nas_space_constraint(s, 0)->op == NAS_ABOVE &&
                nas_space_constraint(s, 0)->bound == 0.9);
    assert_true(nas_space_constraint(s, 2)->op == NAS_AT_LEAST &&
                nas_space_constraint(s, 2)->bound == -1);
    assert_int_equal(nas_space_constraint(s, 3)->op, NAS_UNEQUAL);
    nas_space_close(s);
    s = open_parts((space_parts){.search = "{\"sampler\": \"random\", \"trials\": 3, \"seed\": "
                                           "9007199254740991, \"workers\": 2}"});
    assert_string_equal(nas_space_objective(s, 0)->metric, "accuracy");
    const nas_search_config *search = nas_space_search(s);
    assert_true(search->sampler == 1 && search->trials == 3 && search->workers == 2);
    assert_true(search->seed == 9007199254740991u);
    assert_string_equal(nas_space_name(s), "t");
    assert_int_equal(nas_space_task(s)->ops->outputs(nas_space_task(s)), 3);
    nas_space_close(s);
}

/* Presets and the page of the language */

/* No point of the grid is impossible, but for forbidden ones; nor are those to try first, and they
 * are not forbidden either. */
static void expect_possible(const char *file, const nas_space *s) {
    nas_err err = {0};
    nas_candidate c;
    nas_point p = new_point(s);
    const nas_task *task = nas_space_task(s);
    const int32_t outputs = task->ops->outputs(task), classes = outputs ? outputs : 8;
    const int64_t points = nas_space_points(s), step = points / 200 + 1;
    for (int64_t k = 0; k < points; k += step) {
        const nas_arena_mark mark = nas_arena_here(arena);
        nas_space_grid(s, k, &p);
        if (!is_forbidden(s, &p) && nas_space_candidate(s, arena, &p, classes, &c, &err) != NAS_OK)
            fail_msg("%s, point %lld: %s", file, (long long)k, err.text);
        nas_arena_back(arena, mark);
    }
    for (int32_t i = 0; i < nas_space_try_first(s); i++) {
        assert_int_equal(nas_space_try(s, nas_space_search(s)->seed, i, &p, NULL), NAS_OK);
        if (nas_space_candidate(s, arena, &p, classes, &c, &err) != NAS_OK)
            fail_msg("%s, try_first[%d]: %s", file, i, err.text);
        if (is_forbidden(s, &p)) fail_msg("%s, try_first[%d]: forbidden", file, i);
    }
}

static void check_preset(const char *file) {
    nas_space *s = NULL, *again = NULL;
    nas_err err = {0};
    if (nas_space_open(file, &s, &err) != NAS_OK) fail_msg("%s", err.text);
    if (nas_space_parse("db", nas_space_text(s), &again, &err) != NAS_OK) fail_msg("%s", err.text);
    const nas_hash a = nas_space_hash(s), b = nas_space_hash(again);
    assert_true(nas_hash_equal(&a, &b));
    char named[96];
    snprintf(named, sizeof named, "spaces/%s.json", nas_space_name(s));
    assert_string_equal(file, named);
    expect_possible(file, s);
    nas_space_close(s);
    nas_space_close(again);
}

static void test_presets(void **state) {
    (void)state;
    size_t n;
    const char *readme = read_file("README.md", &n);
    glob_t files;
    assert_int_equal(glob("spaces/*.json", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        check_preset(files.gl_pathv[i]);
        if (!strstr(readme, files.gl_pathv[i]))
            fail_msg("README.md does not name %s", files.gl_pathv[i]);
    }
    globfree(&files);
}

/* Whatever a preset looks for, it can look for a short file or a short time instead. */
static void expect_selectable(const char *file, const char *metric) {
    nas_err err = {0};
    nas_space *s = NULL;
    const char *set = nas_arena_format(arena, NULL,
                                       "{\"objective\": {\"maximize\": null, \"minimize\": \"%s\"},"
                                       " \"objectives\": null, \"constraints\": [\"%s < 5000\"]}",
                                       metric, metric);
    if (nas_space_open_with(file, set, &s, &err) != NAS_OK)
        fail_msg("%s with %s: %s", file, metric, err.text);
    assert_int_equal(nas_space_objectives(s), 1);
    assert_string_equal(nas_space_objective(s, 0)->metric, metric);
    assert_int_equal(nas_space_constraints(s), 1);
    assert_string_equal(nas_space_constraint(s, 0)->metric, metric);
    nas_space_close(s);
}

static void test_presets_select(void **state) {
    (void)state;
    static const char *const metrics[] = {"tflite_bytes", "zlib_bytes",   "zip_bytes",
                                          "infer_ms_lo",  "infer_ms_p95", "total_ms_p95"};
    glob_t files;
    assert_int_equal(glob("spaces/*.json", 0, NULL, &files), 0);
    for (size_t i = 0; i < files.gl_pathc; i++) {
        size_t n;
        if (strstr(read_file(files.gl_pathv[i], &n), "\"test_function\"")) continue; /* no file */
        for (size_t k = 0; k < sizeof metrics / sizeof *metrics; k++)
            expect_selectable(files.gl_pathv[i], metrics[k]);
    }
    globfree(&files);
}

static void expect_row(const char *page, const char *where, const char *row) {
    if (!strstr(page, row)) fail_msg("docs/SPACES.md has no row for %s: %s", where, row);
}

/* What may stand at a key, as the page says it. */
static void describe_values(nas_text *t, const nas_key *k) {
    char lo[32], hi[32], line[128];
    static const char *const shapes[] = {
        [NAS_KEY_INT] = "integer ",
        [NAS_KEY_FLOAT] = "number ",
        [NAS_KEY_PAIR] = "[height, width], each ",
        [NAS_KEY_SHAPE] = "[height, width, channels], each ",
        [NAS_KEY_SPAN] = "[lowest, highest], each ",
    };
    nas_json_number(k->lo, lo);
    nas_json_number(k->hi, hi);
    if (k->kind == NAS_KEY_BOOL) nas_text_put(t, "true or false");
    if (k->kind == NAS_KEY_TEXT) nas_text_put(t, "text");
    if (k->kind < (int)(sizeof shapes / sizeof *shapes) && shapes[k->kind]) {
        snprintf(line, sizeof line, "%s%s .. %s", shapes[k->kind], lo, hi);
        nas_text_put(t, line);
    }
    bool first = true;
    for (const char *const *w = k->kind == NAS_KEY_WORD ? k->words : NULL; w && *w; w++) {
        snprintf(line, sizeof line, "%s\"%s\"", first ? "" : ", ", *w);
        nas_text_put(t, line);
        first = false;
    }
    if (k->flags & NAS_KEY_CLASSES) nas_text_put(t, ", or \"classes\"");
    if (k->flags & NAS_KEY_NULLABLE) nas_text_put(t, ", or null");
}

/* The row of a key, whole; of a key with code of its own only its name. */
static void expect_key(const char *page, const char *where, const nas_key *k) {
    nas_text t = {.arena = arena};
    nas_text_put(&t, nas_arena_format(arena, NULL, "| `%s` |", k->name));
    assert_non_null(k->help);
    if (k->kind != NAS_KEY_BLOCK) {
        nas_text_put(&t, " ");
        describe_values(&t, k);
        nas_text_put(&t, nas_arena_format(arena, NULL, k->def ? " | `%s` | %s |" : " | %s | %s |",
                                          k->def ? k->def : "*needed*", k->help));
    }
    expect_row(page, where, t.p);
}

static void test_page(void **state) {
    (void)state;
    size_t n;
    const char *page = read_file("docs/SPACES.md", &n);
    const nas_block *b;
    for (int32_t i = 0; (b = nas_block_at(i)); i++)
        for (const nas_key *k = NULL; (k = nas_block_next(b, k));) expect_key(page, b->path, k);
    for (int i = 0; nas_sampler_at(i); i++)
        for (const nas_key *k = NULL;
             (k = nas_sampler_at(i)->block ? nas_block_next(nas_sampler_at(i)->block, k) : NULL);)
            expect_key(page, nas_sampler_at(i)->name, k);
    for (int i = 0; nas_layer_at(i); i++) {
        const struct nas_layer_ops *row = nas_layer_at(i);
        char title[64];
        snprintf(title, sizeof title, "`%s`", nas_layer_name(row));
        assert_non_null(strstr(page, title));
        for (const nas_key *k = nas_layer_keys(row); k && k->name; k++)
            expect_key(page, nas_layer_name(row), k);
    }
    for (int i = 0; i < NAS_METRIC_COUNT; i++)
        assert_int_equal(nas_metric_find(nas_metrics[i].name), i);
    for (int i = NAS_METRIC_SCORES; i < NAS_METRIC_COUNT; i++) {
        expect_row(page, "metric",
                   nas_arena_format(arena, NULL, "| `%s` | %s |", nas_metrics[i].name,
                                    nas_metric_unit(&nas_metrics[i])));
    }
    nas_metric_list own;
    assert_int_equal(nas_keywords_metrics(arena, &own, NULL), NAS_OK);
    for (int i = 0; i < NAS_METRIC_SCORES; i++)
        expect_row(page, "metric",
                   nas_arena_format(arena, NULL, "| `%s` | %s |", own.v[i].name,
                                    nas_metric_unit(&own.v[i])));
    for (int i = NAS_METRIC_COUNT; i < own.n; i++)
        expect_row(page, "metric",
                   nas_arena_format(arena, NULL, "| `%s` | %s |", own.v[i].name,
                                    nas_metric_unit(&own.v[i])));
}

/* Any change of a good space is read or refused. */
static void mutate(const char *path) {
    size_t n;
    nas_err err = {0};
    const char *good = read_file(path, &n);
    static const char *const words[] = {
        "\"choice\"", "\"range\"", "\"same_as\"", "null",      "[",      "{",
        "}",          "]",         "-1",          "1e9",       "\"op\"", "0",
        "\"layers\"", "\"\"",      "true",        "\"model\"", ",",      "\"repeat\"",
        ":",          "\"times\"", "\"_type\"",   "\"_name\""};
    nas_rng rng = nas_rng_stream(6, 0, NAS_PURPOSE_TEST, 0, 0, 0);
    int read = 0;
    for (int i = 0; i < 1000; i++) {
        const nas_arena_mark mark = nas_arena_here(arena);
        char *text = nas_arena_alloc(arena, n + 64, NULL);
        memcpy(text, good, n);
        for (uint64_t k = nas_rng_below(&rng, 3) + 1; k; k--) {
            const char *w = words[nas_rng_below(&rng, sizeof words / sizeof *words)];
            size_t at = nas_rng_below(&rng, n - 16);
            while (at && !strchr("{[,:\"0123456789", text[at])) at--;
            memcpy(text + at, w, strlen(w));
        }
        nas_space *s = NULL;
        const nas_status st = nas_space_parse("f", text, &s, &err);
        assert_true(st == NAS_OK || (st == NAS_EINVAL && strncmp(err.text, "f:", 2) == 0));
        read += st == NAS_OK;
        nas_space_close(s);
        nas_arena_back(arena, mark);
    }
    assert_true(read > 0 && read < 1000);
}

static void test_mutations(void **state) {
    (void)state;
    mutate("spaces/kws_a.json");
    mutate("tests/golden/forms.json");
}

/* Whole values swapped for others: the text stays JSON, so that the checks are what is tried. */
static void swap_values(cJSON *root, nas_rng *rng) {
    cJSON *nodes[2] = {NULL, NULL};
    for (int k = 0; k < 2; k++) {
        cJSON *v = root;
        for (int depth = (int)nas_rng_below(rng, 8) + 1; depth && v->child; depth--)
            v = cJSON_GetArrayItem(v, (int)nas_rng_below(rng, (uint64_t)cJSON_GetArraySize(v)));
        nodes[k] = v;
    }
    cJSON *copy = cJSON_Duplicate(nodes[0], true);
    cJSON *to = nodes[1];
    if (to == root || !copy) {
        cJSON_Delete(copy);
        return;
    }
    cJSON_Delete(to->child);
    to->child = copy->child;
    if (to->valuestring) cJSON_free(to->valuestring);
    to->valuestring = copy->valuestring;
    to->valuedouble = copy->valuedouble;
    to->valueint = copy->valueint;
    to->type = copy->type & 0xFF;
    copy->child = NULL;
    copy->valuestring = NULL;
    cJSON_Delete(copy);
}

static void swap_in(const char *path) {
    size_t n;
    nas_err err = {0};
    const char *good = read_file(path, &n);
    nas_rng rng = nas_rng_stream(7, 0, NAS_PURPOSE_TEST, 0, 0, 0);
    int read = 0;
    for (int i = 0; i < 1000; i++) {
        cJSON *root = cJSON_Parse(good);
        swap_values(root, &rng);
        char *text = cJSON_PrintUnformatted(root);
        nas_space *s = NULL;
        const nas_status st = nas_space_parse("f", text, &s, &err);
        if (st != NAS_OK && (st != NAS_EINVAL || strncmp(err.text, "f:", 2) != 0))
            fail_msg("%d %s\n%s", st, err.text, text);
        read += st == NAS_OK;
        nas_space_close(s);
        cJSON_free(text);
        cJSON_Delete(root);
    }
    assert_true(read > 0 && read < 1000);
}

static void test_swaps(void **state) {
    (void)state;
    swap_in("spaces/kws_a.json");
    swap_in("tests/golden/forms.json");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_messages),
        TEST(test_messages_of_the_whole),
        TEST(test_laughter),
        TEST(test_large_points),
        TEST(test_many_mistakes),
        TEST(test_grid_against_brute_force),
        TEST(test_large_grid),
        TEST(test_conditional_values),
        TEST(test_choice_in_choice),
        TEST(test_steps),
        TEST(test_random),
        TEST(test_spans),
        TEST(test_splits),
        TEST(test_decoding),
        TEST(test_width),
        TEST(test_layer_keys),
        TEST(test_impossible_points),
        TEST(test_same_as),
        TEST(test_hash_golden),
        TEST(test_hash_equal),
        TEST(test_candidate_file),
        TEST(test_space_hash),
        TEST(test_space_hash_order),

        TEST(test_forbid),
        TEST(test_try_first),
        TEST(test_goals),
        TEST(test_presets),
        TEST(test_presets_select),
        TEST(test_page),
        TEST(test_mutations),
        TEST(test_swaps),
    };
    return cmocka_run_group_tests_name("space", tests, NULL, NULL);
}
