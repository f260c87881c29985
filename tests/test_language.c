/* tests/test_language.c - the blocks of compression in a space: their messages, structs and
 * hashes. */
#include "search/space.h"
#include "tests/space_texts.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* By tests/golden/make_candidate_hash.py. */
#define GOLDEN_SMALL "f4ef290eda3cccbe43fd07c9c501a70bac3182efc724881c2105b10da1d717c4"

static nas_arena *arena;

static int setup(void **state) {
    (void)state;
    nas_err err;
    return nas_arena_open(&arena, &err) == NAS_OK ? 0 : -1;
}

static int teardown(void **state) {
    (void)state;
    nas_arena_close(arena);
    return 0;
}

static nas_space *open_parts(space_parts p) {
    nas_space *s = NULL;
    nas_err err = {0};
    const char *text = space_text(arena, p);
    if (nas_space_parse("f", text, &s, &err) != NAS_OK) fail_msg("%s\n%s", err.text, text);
    return s;
}

static nas_point new_point(const nas_space *s) {
    return (nas_point){
        .values = nas_arena_array(arena, (size_t)nas_space_params(s) + 1, sizeof(double), NULL)};
}

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
     "f:7:33: quantize.fine_tune_epochs: belongs to \"int8\" only"},
    {{.quantize = "{\"kind\": \"int8\", \"fine_tune_epochs\": 1.5}"},
     "quantize.fine_tune_epochs: expected an integer 0 .. 1000, got 1.5"},
    {{.quantize = "{\"fine_tune_epochs\": 1}"}, "f:7:13: quantize.kind: missing"},
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
        assert_int_equal(nas_space_objective(s, i)->maximize, i == 1);
    }
    nas_space_close(s);
    s = open_parts((space_parts){.rest = "\"objectives\": null,\n"});
    assert_int_equal(nas_space_objectives(s), 1);
    assert_string_equal(nas_space_objective(s, 0)->metric, "accuracy");
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
        TEST(test_messages), TEST(test_off),        TEST(test_structs), TEST(test_impossible_point),
        TEST(test_choices),  TEST(test_objectives), TEST(test_hashes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
