/* tests/search/test_language.c - parts of the space language: the blocks of compression,
 * objectives, times, NNI's form; their messages, values and hashes. */
#include "search/space/space.h"
#include "tests/open_space.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* By tests/golden/make_candidate_hash.py. */
#define GOLDEN_SMALL "f4ef290eda3cccbe43fd07c9c501a70bac3182efc724881c2105b10da1d717c4"

/* The i-th point; it must be a candidate. */
static nas_candidate candidate_at(const nas_space *s, int64_t i) {
    nas_point p = new_point(s);
    nas_candidate c;
    nas_err err = {0};
    nas_space_grid(s, i, &p);
    if (nas_space_candidate(s, arena, &p, 3, &c, &err) != NAS_OK) fail_msg("%s", err.text);
    return c;
}

static nas_candidate decode(space_parts p) {
    nas_space *s = open_parts(p);
    const nas_candidate c = candidate_at(s, 0);
    nas_space_close(s);
    return c;
}

#define POLYNOMIAL                                                                            \
    "\"prune\": {\"schedule\": \"polynomial\", \"from\": 0.2, \"to\": 0.8, \"begin\": 0.25, " \
    "\"end\": 0.75"

static const struct {
    space_parts parts;
    const char *fragment;
} errors[] = {
    {{.rest = "\"prune\": 0.5,\n"}, "f:8:10: prune: expected an object { ... } or null, got 0.5"},
    {{.rest = "\"prune\": {},\n"}, "f:8:10: prune.schedule: missing"},
    {{.rest = "\"prune\": {\"schedule\": \"polynomial\", \"to\": 0.5},\n"},
     "f:8:10: prune.begin: missing"},
    {{.rest = "\"prune\": {\"schedule\": \"constant\", \"to\": 0.5},\n"}, "prune.begin: missing"},
    {{.rest = "\"prune\": {\"schedule\": \"constant\", \"begin\": 0.5},\n"}, "prune.to: missing"},
    {{.rest = "\"prune\": {\"schedule\": \"constant\", \"to\": 0.5, \"begin\": 0, \"end\": 1},\n"},
     "f:8:58: prune.end: belongs to \"polynomial\" only; leave it out"},
    {{.rest = "\"prune\": {\"schedule\": \"constant\", \"to\": 0.5, \"begin\": 0, \"from\": 0},\n"},
     "prune.from: belongs to \"polynomial\" only"},
    {{.rest = "\"prune\": {\"schedule\": \"constant\", \"to\": 0.5, \"begin\": 0, \"power\": 1},"
              "\n"},
     "prune.power: belongs to \"polynomial\" only"},
    {{.rest = "\"prune\": {\"schedule\": \"linear\"},\n"}, "prune.schedule: expected \""},
    {{.rest = "\"prune\": {\"schedule\": \"polynomial\", \"from\": 0.2, \"to\": 0.8, \"begin\": "
              "0.5, \"end\": 0.25},\n"},
     "f:8:82: prune.end: expected at least \"begin\", which is 0.5; got 0.25"},
    {{.rest = "\"prune\": {\"schedule\": \"polynomial\", \"from\": 0.9, \"to\": 0.8, \"begin\": "
              "0.25, \"end\": 0.5},\n"},
     "prune.to: expected at least \"from\", which is 0.9; got 0.8"},
    {{.rest = POLYNOMIAL ", \"sparsity\": 1},\n"}, "prune.sparsity: unknown key"},
    {{.rest = POLYNOMIAL ", \"depthwise\": 1},\n"}, "prune.depthwise: expected true or false"},
    {{.rest = "\"prune\": {\"choice\": [null, {\"schedule\": \"constant\", \"to\": 2, \"begin\": "
              "0}]},\n"},
     "prune.to: expected a number 0 .. "},
    {{.rest = "\"cluster\": \"kmeans\",\n"}, "cluster: expected an object { ... } or null"},
    {{.rest = "\"cluster\": {\"init\": \"linear\"},\n"}, "f:8:12: cluster.clusters: missing"},
    {{.rest = "\"cluster\": {\"clusters\": 8, \"init\": \"kmeans\"},\n"},
     "did you mean \"kmeans++\"?"},
    {{.rest = "\"cluster\": {\"clusters\": 8, \"init\": \"linear\", \"scope\": \"layer\"},\n"},
     "cluster.scope: expected \"kernel\" or \"channel\", got \"layer\""},
    {{.quantize = "{\"kind\": \"float32\", \"fine_tune_epochs\": 2}"},
     "f:7:33: quantize.fine_tune_epochs: training goes through the rounding"},
    {{.quantize = "{\"kind\": \"int8\", \"fine_tune_epochs\": 1.5}"},
     "quantize.fine_tune_epochs: expected an integer 0 .. 1000, got 1.5"},
    {{.quantize = "{\"fine_tune_epochs\": 1}"}, "f:7:13: quantize.kind: missing"},
    {{.width = "{\"times\": 2}"}, "f:5:30: model.width: expected {\"times\": [\"path\", number]}"},
    {{.width = "{\"times\": [\"train.epochs\"]}"}, "expected {\"times\": [\"path\", number]}"},
    {{.width = "{\"times\": [2, \"train.epochs\"]}"}, "expected {\"times\": [\"path\", number]}"},
    {{.width = "{\"times\": [\"train.epochs\", 2], \"step\": 1}"}, "model.width.step: unknown key"},
    {{.width = "{\"times\": [\"train.epoch\", 2]}"},
     "f:5:31: model.width: no value has the path \"train.epoch\"; did you mean \"train.epochs\"?"},
    {{.width = "{\"times\": [\"model.width\", 2]}"},
     "f:5:20: model.width: times comes back to itself"},
    {{.width = "{\"times\": [\"train.label_smoothing\", 2]}",
      .train = "{\"epochs\": 1, \"batch_size\": 2, \"learning_rate\": 1, \"label_smoothing\": "
               "{\"same_as\": \"model.width\"}}"},
     "f:5:20: model.width: times comes back to itself"},
    {{.width = "{\"times\": [\"quantize\", 2]}"},
     "f:5:20: model.width: what times names does not fit: expected a number"},
    {{.width = "{\"times\": [\"train\", 2]}"}, "what times names does not fit: expected a number"},
    {{.quantize = "{\"times\": [\"train.epochs\", 2]}"},
     "quantize: times stands for a number, and none is expected here"},
    {{.width = "{\"times\": [\"train.epochs\", -1]}"},
     "no point is possible; the first: f: model.width: expected a number"},
    {{.width = "{\"_type\": \"normal\", \"_value\": [0, 1]}"},
     "f:5:30: model.width: \"normal\" has no ends"},
    {{.width = "{\"_type\": \"unifrom\", \"_value\": [0, 1]}"}, "did you mean \"uniform\"?"},
    {{.width = "{\"_type\": \"layer_choice\", \"_value\": [0, 1]}"},
     "expected \"choice\", \"randint\", \"uniform\""},
    {{.width = "{\"_type\": \"uniform\"}"}, "\"_value\" is missing beside \"_type\""},
    {{.width = "{\"_value\": [0, 1]}"}, "expected {\"_type\": \"uniform\""},
    {{.width = "{\"_type\": \"uniform\", \"_value\": [1, 2], \"step\": 1}"},
     "model.width.step: unknown key"},
    {{.width = "{\"_type\": \"uniform\", \"_value\": [1, 2, 3]}"},
     "expected \"_value\": [low, high], two numbers"},
    {{.width = "{\"_type\": \"quniform\", \"_value\": [1, 2]}"},
     "expected \"_value\": [low, high, q], three numbers"},
    {{.width = "{\"_type\": \"quniform\", \"_value\": [1, 2, 0]}"}, "expected a q above 0"},
    {{.width = "{\"_type\": \"quniform\", \"_value\": [1, 2, 0.3]}"}, "multiples of q"},
    {{.width = "{\"_type\": \"uniform\", \"_value\": [2, 1]}"}, "low end is above its high end"},
    {{.width = "{\"_type\": \"loguniform\", \"_value\": [0, 1]}"}, "begins above 0"},
    {{.width = "{\"_type\": \"choice\", \"_value\": []}"}, "with at least one value"},
    {{.augment = "{\"shift_frames\": {\"_type\": \"randint\", \"_value\": [2, 2]}}"},
     "randint leaves its upper end out"},
    {{.augment = "{\"shift_frames\": {\"_type\": \"randint\", \"_value\": [0.5, 2]}}"},
     "expected integers for randint"},
    {{.augment = "{\"shift_frames\": {\"_type\": \"randint\", \"_value\": [0, 1002]}}"},
     "augment.shift_frames: expected an integer 0 .. 1001, got 1002"},
    {{.augment = "{\"shift_frames\": {\"_type\": \"quniform\", \"_value\": [0, 3, 0.5]}}"},
     "expected an integer step for integers"},
    {{.quantize = "{\"_type\": \"uniform\", \"_value\": [1, 2]}"}, "a range stands for a number"},
    {{.augment = "{\"_name\": \"a\"}"}, "augment._name: unknown key"},
    {{.augment = "{\"choice\": [{\"_name\": 3}]}"}, "augment._name: unknown key"},
    {{.augment = "{\"_type\": \"choice\", \"_value\": [{\"_name\": 3}]}"},
     "augment._name: unknown key"},
    {{.rest = "\"objectives\": [{\"maximize\": \"accuracy\"}, {\"minimize\": \"macs\"}, "
              "{\"maximize\": \"accuracy\"}],\n"},
     "f:8:64: objectives[2]: accuracy is an objective already"},
    {{.rest = "\"objectives\": [{\"maximize\": \"macs\"}, {\"minimize\": \"macs\"}],\n"},
     "objectives[1]: macs cannot be maximised and minimised"},
    {{.rest = "\"objectives\": [{\"maximize\": \"accuracy\"}, {\"minimize\": \"mac\"}],\n"},
     "objectives[1]: no metric \"mac\"; did you mean \"macs\"?"},
    {{.rest = "\"objectives\": [],\n"}, "objectives: expected a list of objectives"},
    {{.rest = "\"objectives\": {\"maximize\": \"accuracy\"},\n"},
     "objectives: expected a list of objectives"},
    {{.rest = "\"objective\": {\"maximize\": \"accuracy\"}, \"objectives\": [{\"minimize\": "
              "\"macs\"}],\n"},
     "stands beside objective; keep one"},
};

static void test_messages(void **state) {
    (void)state;
    int wrong = 0;
    for (size_t i = 0; i < sizeof errors / sizeof *errors; i++) {
        nas_space *s = NULL;
        nas_err err = {0};
        const nas_status st = nas_space_parse("f", space_text(arena, errors[i].parts), &s, &err);
        nas_space_close(s);
        if (st == NAS_EINVAL && strstr(err.text, errors[i].fragment)) continue;
        print_error("case %zu: \"%s\" is not in \"%s\" (%d)\n", i, errors[i].fragment, err.text,
                    st);
        wrong++;
    }
    assert_int_equal(wrong, 0);
}

static void test_off(void **state) {
    (void)state;
    const nas_candidate c = decode((space_parts){.rest = "\"prune\": null, \"cluster\": null,\n"});
    assert_false(c.prune.on || c.cluster.on);
    assert_int_equal(c.quantize.kind, NAS_FORMAT_FLOAT32);
    assert_int_equal(c.quantize.fine_tune_epochs, 0);
    assert_true(c.quantize.fine_tune_learning_rate == 1e-4);
    assert_string_equal(c.prune_json, "");
    assert_string_equal(c.cluster_json, "");
}

static void test_structs(void **state) {
    (void)state;
    nas_candidate c = decode((space_parts){
        .rest = POLYNOMIAL "}, \"cluster\": {\"clusters\": 16, \"init\": \"kmeans++\", "
                           "\"fine_tune_epochs\": 2},\n",
        .quantize = "{\"kind\": \"int8\", \"fine_tune_epochs\": 3, \"fine_tune_learning_rate\": "
                    "0.5}"});
    assert_true(c.prune.on && c.prune.schedule == NAS_PRUNE_POLYNOMIAL);
    assert_true(c.prune.from == 0.2 && c.prune.to == 0.8 && c.prune.begin == 0.25);
    assert_true(c.prune.end == 0.75 && c.prune.power == 3 && c.prune.interval == 100);
    assert_false(c.prune.depthwise);
    assert_true(c.cluster.on && c.cluster.clusters == 16 && c.cluster.init == NAS_CLUSTER_KMEANS);
    assert_true(c.cluster.scope == 0 && c.cluster.fine_tune_epochs == 2 && !c.cluster.depthwise);
    assert_true(c.cluster.fine_tune_learning_rate == 1e-4);
    assert_true(c.quantize.kind == NAS_FORMAT_INT8 && c.quantize.fine_tune_epochs == 3);
    assert_true(c.quantize.fine_tune_learning_rate == 0.5);
    c = decode((space_parts){.rest = "\"prune\": {\"schedule\": \"constant\", \"to\": 0.5, "
                                     "\"begin\": 0.25, \"interval\": 7, \"depthwise\": true},\n"});
    assert_true(c.prune.on && c.prune.schedule == NAS_PRUNE_CONSTANT && c.prune.interval == 7);
    assert_true(c.prune.from == 0.5 && c.prune.to == 0.5 && c.prune.depthwise);
    assert_true(c.prune.begin == 0.25 && c.prune.end == 0.25);
}

/* The end that a choice brings before the beginning is found in the point that has it. */
static void test_impossible_point(void **state) {
    (void)state;
    nas_space *s = open_parts((space_parts){
        .rest = "\"prune\": {\"schedule\": \"polynomial\", \"from\": 0.2, \"to\": {\"choice\": "
                "[0.7, 0.1]}, \"begin\": 0.2, \"end\": 0.8},\n"});
    nas_point p = new_point(s);
    nas_candidate c;
    nas_err err = {0};
    assert_true(candidate_at(s, 0).prune.to == 0.7);
    nas_space_grid(s, 1, &p);
    assert_int_equal(nas_space_candidate(s, arena, &p, 3, &c, &err), NAS_ESHAPE);
    assert_non_null(strstr(err.text, "prune.to: expected at least \"from\""));
    nas_space_close(s);
}

/* A net that the format of its file cannot hold is none, before anything is trained. */
static void expect_decoded(const char *layers, const char *quantize, int32_t classes,
                           const char *word) {
    nas_json *j = NULL;
    nas_candidate c;
    nas_err err = {0};
    const char *text = space_text(arena, (space_parts){.layers = layers, .quantize = quantize});
    assert_int_equal(nas_json_parse(arena, "candidate", text, &j, &err), NAS_OK);
    const nas_status st = nas_candidate_decode(arena, j, nas_json_root(j), classes, &c, &err);
    if (st != (word ? NAS_ESHAPE : NAS_OK) || (word && !strstr(err.text, word)))
        fail_msg("%d: '%s', not '%s'", st, err.text, word ? word : "");
    nas_json_close(j);
}

static void test_beyond_formats(void **state) {
    (void)state;
#define WIDE(filters) \
    "[{\"op\": \"conv2d\", \"filters\": " #filters ", \"kernel\": [1, 1]}, " LAYERS_END "]"
    /* The dense layer reads 250 values of each filter. */
    static const char many[] =
        "layer 3 (dense): sums of 33000 products; of int8 there may be 32768";
    expect_decoded(WIDE(131), "\"int8\"", 3, NULL);
    expect_decoded(WIDE(132), "\"int8\"", 3, many);
    expect_decoded(WIDE(132), "{\"kind\": \"int8\", \"fine_tune_epochs\": 1}", 3, many);
    expect_decoded(WIDE(132), "\"dynamic\"", 3, NULL);
    expect_decoded(WIDE(132), "\"float32\"", 3, NULL);
    expect_decoded("[" LAYERS_END "]", "\"int8\"", 4095, NULL);
    expect_decoded("[" LAYERS_END "]", "\"int8\"", 4096, "layer 3 (softmax): sums of 4096");
    expect_decoded("[" LAYERS_END "]", "\"float16\"", 4096, NULL);
    expect_decoded("[{\"op\": \"flatten\"}, {\"op\": \"dense\", \"units\": 8192}, {\"op\": "
                   "\"dense\", \"units\": 8193}, " LAYERS_END "]",
                   "\"float32\"", 3, "layer 3 (dense): its kernel has 67117056 weights");
#undef WIDE
}

/* One parameter whichever option was chosen; absent where null is. */
static void test_choices(void **state) {
    (void)state;
    nas_space *s = open_parts((space_parts){
        .rest = "\"prune\": {\"choice\": [null, {\"schedule\": \"constant\", \"to\": {\"choice\": "
                "[0.5, 0.6]}, \"begin\": 0.5}]}, \"cluster\": {\"choice\": [null, {\"clusters\": "
                "{\"range\": [4, 6]}, \"init\": \"linear\"}]},\n",
        .quantize = "{\"choice\": [\"float32\", {\"kind\": \"int8\", \"fine_tune_epochs\": 1}]}"});
    assert_int_equal(nas_space_points(s), 2 * 3 * 4);
    int pruned = 0, clustered = 0, tuned = 0;
    for (int64_t i = 0; i < nas_space_points(s); i++) {
        const nas_candidate c = candidate_at(s, i);
        pruned += c.prune.on;
        clustered += c.cluster.on;
        tuned += c.quantize.fine_tune_epochs;
    }
    assert_int_equal(pruned, 16);
    assert_int_equal(clustered, 18);
    assert_int_equal(tuned, 12);
    nas_space_close(s);
}

static void test_objectives(void **state) {
    (void)state;
    nas_space *s = open_parts(
        (space_parts){.rest = "\"objectives\": [{\"minimize\": \"zlib_bytes\"}, {\"maximize\": "
                              "\"accuracy\"}, {\"minimize\": \"total_ms\"}],\n"});
    static const char *const names[] = {"zlib_bytes", "accuracy", "total_ms"};
    assert_int_equal(nas_space_objectives(s), 3);
    for (int32_t i = 0; i < 3; i++) {
        assert_string_equal(nas_space_objective(s, i)->metric, names[i]);
        assert_true(nas_space_objective(s, i)->direction == (i == 1 ? NAS_MAXIMIZE : NAS_MINIMIZE));
    }
    nas_space_close(s);
    s = open_parts((space_parts){.rest = "\"objectives\": null,\n"});
    assert_int_equal(nas_space_objectives(s), 1);
    assert_string_equal(nas_space_objective(s, 0)->metric, "accuracy");
    nas_space_close(s);
}

/* times */

static double width_at(const nas_space *s, int64_t i) {
    return candidate_at(s, i).width;
}

static void test_times(void **state) {
    (void)state;
    /* Half of 3, 4, 5 epochs in whole frames, halves up; a chain of two ties; a tie inside an
     * option. */
    nas_space *s = open_parts((space_parts){
        .augment = "{\"shift_frames\": {\"times\": [\"train.epochs\", 0.5]}}",
        .width = "{\"choice\": [1, {\"times\": [\"augment.shift_frames\", 0.1]}]}",
        .train = "{\"epochs\": {\"range\": [3, 5]}, \"batch_size\": {\"same_as\": "
                 "\"augment.shift_frames\"}, \"learning_rate\": {\"times\": [\"model.width\", "
                 "0.3]}}"});
    assert_int_equal(nas_space_points(s), 6);
    assert_int_equal(nas_space_params(s), 2);
    static const int32_t half[] = {2, 2, 3};
    for (int i = 0; i < 6; i++) {
        const nas_candidate c = candidate_at(s, i);
        const int32_t want = half[i % 3];
        assert_int_equal(c.augment.shift_frames, want);
        assert_int_equal(c.train.batch_size, want);
        const double width = i < 3 ? 1 : want == 2 ? 0.2 : 0.3; /* not 0.30000000000000004 */
        assert_true(c.width == width);
        assert_true(c.train.learning_rate.from == (i < 3 ? 0.3 : want == 2 ? 0.06 : 0.09));
    }
    nas_point p = new_point(s);
    nas_value values[2];
    nas_space_grid(s, 5, &p);
    nas_space_values(s, &p, values);
    assert_true(values[0].type == NAS_COLUMN_REAL && values[0].real == 0.3);
    assert_non_null(strstr(nas_space_param(s, 0)->values, "0.1 times augment.shift_frames"));
    nas_space_close(s);
}

/* A product out of bounds, and one of what is not there, make their points impossible. */
static void test_times_impossible(void **state) {
    (void)state;
    nas_space *s = open_parts((space_parts){
        .augment = "{\"shift_frames\": {\"times\": [\"train.epochs\", 10]}}",
        .train =
            "{\"epochs\": {\"choice\": [100, 101]}, \"batch_size\": 2, \"learning_rate\": 1}"});
    nas_point p = new_point(s);
    nas_candidate c;
    nas_err err = {0};
    assert_int_equal(candidate_at(s, 0).augment.shift_frames, 1000);
    nas_space_grid(s, 1, &p);
    assert_int_equal(nas_space_candidate(s, arena, &p, 3, &c, &err), NAS_ESHAPE);
    assert_non_null(strstr(err.text, "expected an integer 0 .. 1000, got 1010"));
    nas_space_close(s);
    s = open_parts((space_parts){.augment = "{\"choice\": [{\"shift_frames\": 4}, {}]}",
                                 .width = "{\"times\": [\"augment.shift_frames\", 0.25]}"});
    assert_true(width_at(s, 0) == 1);
    p = new_point(s);
    nas_space_grid(s, 1, &p);
    assert_int_equal(nas_space_candidate(s, arena, &p, 3, &c, &err), NAS_ESHAPE);
    assert_non_null(strstr(err.text, "times \"augment.shift_frames\": no such value"));
    /* A worker reads the point's document, and says the same. */
    const char *text = NULL;
    nas_json *j = NULL;
    assert_int_equal(nas_space_document(s, arena, &p, &text, &err), NAS_OK);
    assert_int_equal(nas_json_parse(arena, "candidate", text, &j, &err), NAS_OK);
    assert_int_equal(nas_candidate_decode(arena, j, nas_json_root(j), 3, &c, &err), NAS_EINVAL);
    assert_non_null(strstr(err.text, "times \"augment.shift_frames\": no such value"));
    nas_json_close(j);
    nas_space_close(s);
}

/* NNI's form */

/* Two ways to write a space: the same points in the same order, the same draws. */
static void expect_same(space_parts a, space_parts b) {
    a.search = b.search = "{\"sampler\": \"random\", \"trials\": 5}";
    nas_space *s = open_parts(a), *t = open_parts(b);
    assert_int_equal(nas_space_points(s), nas_space_points(t));
    for (int64_t i = 0; i < nas_space_points(s); i++) {
        const nas_hash x = candidate_at(s, i).hash, y = candidate_at(t, i).hash;
        assert_true(nas_hash_equal(&x, &y));
    }
    nas_point p = new_point(s), q = new_point(t);
    for (int64_t n = 0; n < 100; n++) {
        nas_hash x, y;
        nas_space_random(s, 3, n, 0, &p);
        nas_space_random(t, 3, n, 0, &q);
        assert_int_equal(nas_space_point_hash(s, &p, &x, NULL), NAS_OK);
        assert_int_equal(nas_space_point_hash(t, &q, &y, NULL), NAS_OK);
        assert_true(nas_hash_equal(&x, &y));
    }
    nas_space_close(s);
    nas_space_close(t);
}

static void test_nni(void **state) {
    (void)state;
    static const char *const widths[][2] = {
        {"{\"range\": [0.5, 2]}", "{\"_type\": \"uniform\", \"_value\": [0.5, 2]}"},
        {"{\"range\": [0.5, 2], \"step\": 0.25}",
         "{\"_type\": \"quniform\", \"_value\": [0.5, 2, 0.25]}"},
        {"{\"range\": [0.5, 2], \"log\": true}",
         "{\"_type\": \"loguniform\", \"_value\": [0.5, 2]}"},
        {"{\"choice\": [0.5, {\"range\": [1, 3], \"step\": 1}]}",
         "{\"_type\": \"choice\", \"_value\": [0.5, {\"_type\": \"randint\", \"_value\": [1, "
         "4]}]}"},
    };
    for (size_t i = 0; i < sizeof widths / sizeof *widths; i++)
        expect_same((space_parts){.width = widths[i][0]}, (space_parts){.width = widths[i][1]});
    expect_same((space_parts){.augment = "{\"shift_frames\": {\"range\": [2, 6]}}"},
                (space_parts){
                    .augment = "{\"shift_frames\": {\"_type\": \"randint\", \"_value\": [2, 7]}}"});
    expect_same(
        (space_parts){.augment = "{\"shift_frames\": {\"range\": [2, 6], \"step\": 2}}"},
        (space_parts){.augment =
                          "{\"shift_frames\": {\"_type\": \"quniform\", \"_value\": [2, 6, 2]}}"});
    /* Named options: the name is no part of the candidate. */
    expect_same(
        (space_parts){.rest = "\"cluster\": {\"choice\": [null, {\"clusters\": 8, \"init\": "
                              "\"linear\"}, {\"clusters\": {\"choice\": [4, 5]}, \"init\": "
                              "\"density\"}]},\n"},
        (space_parts){.rest = "\"cluster\": {\"_type\": \"choice\", \"_value\": [null, {\"_name\": "
                              "\"a\", \"clusters\": 8, \"init\": \"linear\"}, {\"clusters\": "
                              "{\"_type\": \"choice\", \"_value\": [4, 5]}, \"init\": "
                              "\"density\", \"_name\": \"b\"}]},\n"});
    expect_same(
        (space_parts){.layers = "[{\"choice\": [{\"op\": \"relu\"}, {\"repeat\": 1, \"layers\": "
                                "[]}]}, " LAYERS_END "]"},
        (space_parts){.layers = "[{\"_type\": \"choice\", \"_value\": [{\"_name\": \"a\", \"op\": "
                                "\"relu\"}, {\"repeat\": 1, \"layers\": [], \"_name\": "
                                "\"none\"}]}, " LAYERS_END "]"});
}

/* qloguniform has no form of ours: multiples of q, as many below the middle of the logarithms as
 * above it. */
static void test_nni_qloguniform(void **state) {
    (void)state;
    nas_space *s = open_parts(
        (space_parts){.width = "{\"_type\": \"qloguniform\", \"_value\": [0.5, 32, 0.5]}"});
    assert_int_equal(nas_space_points(s), 64);
    assert_true(width_at(s, 0) == 0.5 && width_at(s, 63) == 32);
    nas_point p = new_point(s);
    enum { DRAWS = 4000 };
    int below = 0;
    for (int64_t n = 0; n < DRAWS; n++) {
        nas_space_random(s, 1, n, 0, &p);
        const double v = p.values[0];
        assert_true(v >= 0.5 && v <= 32 && v * 2 == floor(v * 2));
        below += v <= 4; /* the square root of 0.5 * 32; values up to 4.25 become it */
    }
    const double expected = log(4.25 / 0.5) / log(64);
    const double spread = sqrt(expected * (1 - expected) / DRAWS);
    assert_true(fabs((double)below / DRAWS - expected) < 4 * spread);
    nas_space_close(s);
}

/* A file with every form: all its points resolve, most are possible. */
static void test_all_forms(void **state) {
    (void)state;
    nas_space *s = NULL;
    nas_err err = {0};
    if (nas_space_open("tests/golden/forms.json", &s, &err) != NAS_OK) fail_msg("%s", err.text);
    nas_point p = new_point(s);
    int good = 0, bad = 0;
    for (int64_t i = 0; i < nas_space_points(s); i += 101) {
        const nas_arena_mark mark = nas_arena_here(arena);
        nas_candidate c;
        nas_space_grid(s, i, &p);
        const nas_status st = nas_space_candidate(s, arena, &p, 2, &c, &err);
        good += st == NAS_OK;
        if (st != NAS_OK) {
            /* fine_tune_learning_rate is tied to a cluster block that null takes away, or to a key
             * that it leaves out. */
            bad++;
            assert_int_equal(st, NAS_ESHAPE);
            assert_non_null(strstr(err.text, "no such value"));
        } else {
            assert_true(c.frontend.frame_step_ms * 2 == c.frontend.frame_length_ms);
            assert_true(c.train.batch_size == 16 || c.train.batch_size == 24);
            if (c.prune.on && c.prune.schedule == NAS_PRUNE_POLYNOMIAL)
                assert_true(c.prune.end == 0.8);
            assert_null(strstr(c.json, "_name"));
        }
        nas_arena_back(arena, mark);
    }
    assert_true(good > 50 && bad > 0);
    nas_space_close(s);
}

/* What means the same is the same candidate. */
static void test_hashes(void **state) {
    (void)state;
    static const space_parts pairs[][2] = {
        {{.quantize = "\"int8\""},
         {.quantize = "{\"kind\": \"int8\", \"fine_tune_epochs\": 0, "
                      "\"fine_tune_learning_rate\": 0.5}"}},
        {{0}, {.quantize = "{\"fine_tune_epochs\": 0, \"kind\": \"float32\"}"}},
        {{0}, {.rest = "\"cluster\": null, \"prune\": null,\n"}},
        {{.rest = POLYNOMIAL "},\n"},
         {.rest = POLYNOMIAL ", \"power\": 3.0, \"interval\": 100, \"depthwise\": false},\n"}},
        {{.rest = "\"cluster\": {\"clusters\": 8, \"init\": \"density\"},\n"},
         {.rest = "\"cluster\": {\"init\": \"density\", \"clusters\": 8, \"scope\": \"kernel\", "
                  "\"fine_tune_learning_rate\": 0.01},\n"}},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        const nas_candidate a = decode(pairs[i][0]), b = decode(pairs[i][1]);
        if (!nas_hash_equal(&a.hash, &b.hash)) fail_msg("pair %zu", i);
    }
    static const space_parts all[] = {
        {0},
        {.quantize = "\"int8\""},
        {.quantize = "{\"kind\": \"int8\", \"fine_tune_epochs\": 1}"},
        {.quantize = "{\"kind\": \"int8\", \"fine_tune_epochs\": 1, \"fine_tune_learning_rate\": "
                     "0.5}"},
        {.rest = POLYNOMIAL "},\n"},
        {.rest = POLYNOMIAL ", \"interval\": 10},\n"},
        {.rest = "\"cluster\": {\"clusters\": 8, \"init\": \"density\"},\n"},
        {.rest =
             "\"cluster\": {\"clusters\": 8, \"init\": \"density\", \"scope\": \"channel\"},\n"},
    };
    enum { N = sizeof all / sizeof *all };
    nas_hash hash[N];
    for (size_t i = 0; i < N; i++) {
        hash[i] = decode(all[i]).hash;
        for (size_t k = 0; k < i; k++) assert_false(nas_hash_equal(&hash[i], &hash[k]));
    }
    const nas_candidate c = decode((space_parts){
        .rest = POLYNOMIAL ", \"interval\": 10}, \"cluster\": {\"clusters\": 8, \"init\": "
                           "\"kmeans++\", \"scope\": \"kernel\", \"fine_tune_epochs\": 2},\n",
        .quantize = "{\"kind\": \"int8\", \"fine_tune_epochs\": 2, \"fine_tune_learning_rate\": "
                    "1e-4}"});
    char hex[65];
    nas_hash_hex(&c.hash, hex);
    assert_string_equal(hex, GOLDEN_SMALL);
    assert_string_equal(c.prune_json, "{\"begin\":0.25,\"end\":0.75,\"from\":0.2,\"interval\":10,"
                                      "\"schedule\":\"polynomial\",\"to\":0.8}");
    assert_string_equal(c.cluster_json,
                        "{\"clusters\":8,\"fine_tune_epochs\":2,\"init\":\"kmeans++\"}");
    assert_string_equal(c.quantize_json, "{\"fine_tune_epochs\":2,\"kind\":\"int8\"}");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void) {
    const struct CMUnitTest tests[] = {
        TEST(test_messages),         TEST(test_off),
        TEST(test_structs),          TEST(test_impossible_point),
        TEST(test_beyond_formats),   TEST(test_choices),
        TEST(test_objectives),       TEST(test_times),
        TEST(test_times_impossible), TEST(test_nni),
        TEST(test_nni_qloguniform),  TEST(test_all_forms),
        TEST(test_hashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
