/* tests/search/test_foreseen.c - what is known of a file before training is never wrong, whatever
 * the weights become: at their initial values, 0, or one value for all. */
#include "core/deploy/deploy.h"
#include "search/stage/evaluate.h"
#include "tests/fixture.h"
#include "tests/space_texts.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

/* 25 kernels with as many biases as weights. */
#define THIN  "{\"op\": \"depthwise_conv2d\", \"kernel\": [1, 1]}, "
#define EIGHT THIN THIN THIN THIN THIN THIN THIN THIN
#define FLAT                                                                           \
    "[{\"op\": \"conv2d\", \"filters\": 1000, \"kernel\": [1, 1]}, " EIGHT EIGHT EIGHT \
    "{\"op\": \"global_average_pool\"}, {\"op\": \"dense\", \"units\": \"classes\"}, " \
    "{\"op\": \"softmax\"}]"
/* Many weights, as most nets have. */
#define DEEP                                                                                 \
    "[{\"op\": \"conv2d\", \"filters\": 32, \"kernel\": [3, 3]}, {\"op\": \"batch_norm\"}, " \
    "{\"op\": \"relu\"}, {\"op\": \"conv2d\", \"filters\": 32, \"kernel\": [3, 3]}, "        \
    "{\"op\": \"conv2d\", \"filters\": 32, \"kernel\": [3, 3]}, {\"op\": \"flatten\"}, "     \
    "{\"op\": \"dense\", \"units\": \"classes\"}, {\"op\": \"softmax\"}]"
#define TRAIN(rate, more) "{\"epochs\": 20, \"batch_size\": 10, \"learning_rate\": " rate more "}"

typedef enum become { INITIAL, ZEROS, ALIKE } become;

static const struct {
    const char *name, *layers, *train, *rest;
    become kernels;
} cases[] = {
    {"rate 0", FLAT, TRAIN("0", ""), NULL, INITIAL},
    {"rate 0", DEEP, TRAIN("0", ""), NULL, INITIAL},
    {"plain", FLAT, TRAIN("0.01", ""), NULL, INITIAL},
    {"plain", DEEP, TRAIN("0.01", ""), NULL, INITIAL},
    {"some decay", DEEP, TRAIN("0.01", ", \"weight_decay\": 0.02"), NULL, INITIAL},
    {"decay to 0", DEEP, TRAIN("1", ", \"weight_decay\": 1"), NULL, ZEROS},
    {"decay to 0 by steps", DEEP, TRAIN("0.1", ", \"weight_decay\": 1"), NULL, ZEROS},
    {"pruned whole", DEEP, TRAIN("0.01", ""),
     "\"prune\": {\"schedule\": \"constant\", \"to\": 1, \"begin\": 0},\n", ZEROS},
    {"one cluster", DEEP, TRAIN("0.01", ""),
     "\"cluster\": {\"clusters\": 2, \"init\": \"linear\"},\n", ALIKE},
};

static void change(nas_net *net, become to) {
    for (int32_t i = 0; to != INITIAL && i < nas_net_tensors(net); i++) {
        const nas_net_tensor_info t = nas_net_tensor_at(net, i);
        float *v = nas_arena_array(arena, (size_t)t.count, sizeof *v, NULL);
        nas_net_tensor_get(net, i, v);
        const bool kernel = t.trainable && v[0] != 0 && v[0] != v[1];
        for (int64_t k = 0; kernel && k < t.count; k++) v[k] = to == ZEROS ? 0 : 0.25f;
        nas_net_tensor_set(net, i, v);
    }
}

/* The file of a candidate whose training left that. */
static void export_as(const nas_candidate *c, become to, nas_bytes *file, size_t *zlib,
                      size_t *zip) {
    nas_net *net = NULL;
    uint8_t *stream;
    const size_t n = (size_t)c->model.input.h * (size_t)c->model.input.w;
    float *x = nas_arena_array(arena, n, sizeof *x, NULL);
    for (size_t i = 0; i < n; i++) x[i] = sinf((float)i);
    assert_int_equal(nas_net_open(&c->model, 2, 1, nas_kernel_find("reference"), &net, NULL),
                     NAS_OK);
    nas_net_init(net, 1, 0);
    change(net, to);
    assert_int_equal(nas_export_net(net, (nas_format)c->quantize.kind, x, 1, arena, file, NULL),
                     NAS_OK);
    assert_int_equal(nas_zlib_stream(file->p, file->n, NAS_ZLIB_SHORT, arena, &stream, zlib, NULL),
                     NAS_OK);
    assert_int_equal(nas_zip_length(file->p, file->n, strlen("model.tflite"), zip, NULL), NAS_OK);
    nas_net_close(net);
}

static nas_candidate decode(const char *layers, const char *train, const char *rest,
                            const char *format) {
    nas_json *j = NULL;
    nas_candidate c;
    nas_err err = {0};
    const char *text = space_text(
        arena, (space_parts){.layers = layers,
                             .train = train,
                             .rest = rest,
                             .task = ", \"labels\": [\"up\", \"down\"]",
                             .quantize = nas_arena_format(arena, NULL, "\"%s\"", format)});
    if (nas_json_parse(arena, "c", text, &j, &err) != NAS_OK ||
        nas_candidate_decode(arena, j, nas_json_root(j), 2, &c, &err) != NAS_OK)
        fail_msg("%s", err.text);
    nas_json_close(j);
    return c;
}

static const char *reason_for(const nas_candidate *c, const char *metric, double bound) {
    const nas_constraint b = {.text = metric, .metric = metric, .op = NAS_AT_MOST, .bound = bound};
    const nas_dataset d = {.task = &c->task, .outputs = 2, .part[NAS_TRAIN].n = 1000};
    const nas_evaluator e = {
        .data = &d, .kernel = nas_kernel_find("reference"), .n_bounds = 1, .bounds = &b};
    const char *reason;
    nas_err err = {0};
    if (nas_reject(&e, c, arena, &reason, &err) != NAS_OK) fail_msg("%s", err.text);
    return reason;
}

static void test_never_wrong(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int32_t k = 0; nas_format_names[k]; k++) {
            const nas_candidate c =
                decode(cases[i].layers, cases[i].train, cases[i].rest, nas_format_names[k]);
            nas_bytes file;
            size_t zlib, zip;
            export_as(&c, cases[i].kernels, &file, &zlib, &zip);
            const struct {
                const char *metric;
                size_t is;
            } rows[] = {{"tflite_bytes", file.n}, {"zlib_bytes", zlib}, {"zip_bytes", zip}};
            for (size_t m = 0; m < sizeof rows / sizeof *rows; m++) {
                const char *said = reason_for(&c, rows[m].metric, (double)rows[m].is);
                if (said)
                    fail_msg("%s, %s: %s, and it is %zu", cases[i].name, nas_format_names[k], said,
                             rows[m].is);
            }
        }
}

/* Nets that are far too large are known to be. */
static void test_of_use(void **state) {
    (void)state;
    const nas_candidate c = decode(DEEP, TRAIN("0.01", ""), NULL, "float32");
    nas_bytes file;
    size_t zlib, zip;
    export_as(&c, INITIAL, &file, &zlib, &zip);
    assert_non_null(reason_for(&c, "tflite_bytes", 0.9 * (double)file.n));
    assert_non_null(reason_for(&c, "zlib_bytes", 0.5 * (double)zlib));
    const nas_candidate i8 = decode(DEEP, TRAIN("0.01", ""), NULL, "int8");
    export_as(&i8, INITIAL, &file, &zlib, &zip);
    assert_non_null(reason_for(&i8, "tflite_bytes", 0.7 * (double)file.n));
    assert_null(reason_for(&i8, "zlib_bytes", 1));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_never_wrong, setup, teardown),
        cmocka_unit_test_setup_teardown(test_of_use, setup, teardown),
    };
    return cmocka_run_group_tests_name("foreseen", tests, NULL, NULL);
}
