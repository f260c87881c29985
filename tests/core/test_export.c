/* tests/core/test_export.c - a trained net and the file that it becomes say the same. */
#include "base/rng.h"
#include "search/stage/evaluate.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

enum { CLASSES = 5, EXAMPLES = 24, EPOCHS = 3 };

static const char *const models[] = {
    /* plain convolutions, biases, both paddings */
    "{\"op\":\"conv2d\",\"filters\":7,\"kernel\":[3,3],\"stride\":[2,2]},{\"op\":\"relu\"},"
    "{\"op\":\"conv2d\",\"filters\":5,\"kernel\":[2,3],\"padding\":\"same\"},"
    "{\"op\":\"flatten\"},",
    /* batch norm after everything it can follow */
    "{\"op\":\"batch_norm\"},{\"op\":\"conv2d\",\"filters\":17,\"kernel\":[3,3],\"bias\":false,"
    "\"padding\":\"same\",\"stride\":[2,2]},{\"op\":\"batch_norm\"},{\"op\":\"relu\"},"
    "{\"op\":\"depthwise_conv2d\",\"kernel\":[3,3],\"padding\":\"same\"},{\"op\":\"batch_norm\"},"
    "{\"op\":\"relu\"},{\"op\":\"conv2d\",\"filters\":9,\"kernel\":[1,1]},{\"op\":\"batch_norm\"},"
    "{\"op\":\"relu\"},{\"op\":\"global_average_pool\"},",
    /* residuals, within one another too, and batch norm after the sum */
    "{\"op\":\"conv2d\",\"filters\":6,\"kernel\":[3,3],\"padding\":\"same\"},{\"op\":\"relu\"},"
    "{\"op\":\"residual\",\"layers\":[{\"op\":\"depthwise_conv2d\",\"kernel\":[3,3],"
    "\"padding\":\"same\"},{\"op\":\"batch_norm\"},{\"op\":\"relu\"},{\"op\":\"residual\","
    "\"layers\":[{\"op\":\"conv2d\",\"filters\":6,\"kernel\":[1,1]},{\"op\":\"relu\"}]}]},"
    "{\"op\":\"batch_norm\"},{\"op\":\"relu\"},"
    "{\"op\":\"residual\",\"shortcut\":\"project\",\"layers\":[{\"op\":\"conv2d\",\"filters\":11,"
    "\"kernel\":[3,3],\"padding\":\"same\",\"stride\":[2,2],\"bias\":false},{\"op\":\"batch_norm\"}"
    "]},"
    "{\"op\":\"relu\"},{\"op\":\"global_average_pool\"},",
    /* pools of both kinds, paddings and strides, RELU6 behind everything it can follow */
    "{\"op\":\"conv2d\",\"filters\":18,\"kernel\":[3,3],\"padding\":\"same\"},{\"op\":\"relu6\"},"
    "{\"op\":\"max_pool\",\"size\":[2,2]},{\"op\":\"batch_norm\"},{\"op\":\"relu6\"},"
    "{\"op\":\"average_pool\",\"size\":[3,2],\"stride\":[1,1],\"padding\":\"same\"},"
    "{\"op\":\"depthwise_conv2d\",\"kernel\":[2,2],\"padding\":\"same\"},"
    "{\"op\":\"average_pool\",\"size\":[2,1],\"stride\":[2,2]},{\"op\":\"relu6\"},"
    "{\"op\":\"max_pool\",\"size\":[3,1],\"stride\":[2,1],\"padding\":\"same\"},"
    "{\"op\":\"flatten\"},",
    /* dilations */
    "{\"op\":\"conv2d\",\"filters\":6,\"kernel\":[3,2],\"dilation\":[2,3],\"padding\":\"same\"},"
    "{\"op\":\"batch_norm\"},{\"op\":\"relu\"},{\"op\":\"depthwise_conv2d\",\"kernel\":[3,3],"
    "\"dilation\":[3,2],\"padding\":\"same\"},{\"op\":\"conv2d\",\"filters\":5,\"kernel\":[3,1],"
    "\"dilation\":[2,1],\"stride\":[2,1]},{\"op\":\"global_average_pool\"},",
    /* frames of channels, each padding; dropout leaves no trace */
    "{\"op\":\"conv1d\",\"filters\":9,\"kernel\":3,\"padding\":\"same\"},{\"op\":\"batch_norm\"},"
    "{\"op\":\"relu\"},{\"op\":\"dropout\",\"rate\":0.2},{\"op\":\"conv1d\",\"filters\":9,"
    "\"kernel\":3,"
    "\"dilation\":2,\"padding\":\"causal\",\"bias\":false},{\"op\":\"batch_norm\"},{\"op\":"
    "\"relu\"},"
    "{\"op\":\"residual\",\"layers\":[{\"op\":\"conv1d\",\"filters\":9,\"kernel\":2,\"padding\":"
    "\"causal\"}]},{\"op\":\"conv1d\",\"filters\":7,\"kernel\":2,\"stride\":2,\"padding\":"
    "\"causal\"},"
    "{\"op\":\"conv1d\",\"filters\":4,\"kernel\":2},{\"op\":\"flatten\"},"
    "{\"op\":\"dropout\",\"rate\":0.5},",
    /* other shapes */
    "{\"op\":\"reshape\",\"shape\":[6,7,2]},{\"op\":\"conv2d\",\"filters\":6,\"kernel\":[3,3]},"
    "{\"op\":\"reshape\",\"shape\":[3,5,8]},{\"op\":\"depthwise_conv2d\",\"kernel\":[2,2]},"
    "{\"op\":\"relu\"},{\"op\":\"reshape\",\"shape\":[1,1,64]},",
    /* dense alone */
    ("{\"op\":\"flatten\"},{\"op\":\"dense\",\"units\":13},{\"op\":\"batch_norm\"},"
     "{\"op\":\"relu\"},"),
};

static const char *document(const char *layers, char *out, size_t n) {
    snprintf(out, n,
             "{\"schema\":1,\"name\":\"t\",\"task\":{\"kind\":\"keywords\",\"data\":\"x\"},"
             "\"frontend\":{\"kind\":\"mfcc\",\"frame_length_ms\":80,\"frame_step_ms\":80,"
             "\"mel_bins\":12,\"lower_hz\":20,\"upper_hz\":4000,\"coefficients\":7},"
             "\"model\":{\"layers\":[%s{\"op\":\"dense\",\"units\":\"classes\"},"
             "{\"op\":\"softmax\"}]},\"train\":{\"epochs\":%d,\"batch_size\":8,"
             "\"optimizer\":\"adam\",\"learning_rate\":0.01},"
             "\"objective\":{\"maximize\":\"accuracy\"}}",
             layers, EPOCHS);
    return out;
}

typedef struct fixture {
    nas_arena *a;
    nas_err err;
    nas_candidate c;
    nas_net *net;
    float *x;
    int32_t y[EXAMPLES];
} fixture;

static void decode(fixture *f, const char *layers) {
    char text[4096];
    nas_json *j = NULL;
    if (nas_json_parse(f->a, "test", document(layers, text, sizeof text), &j, &f->err) != NAS_OK ||
        nas_candidate_decode(f->a, j, nas_json_root(j), CLASSES, &f->c, &f->err) != NAS_OK)
        fail_msg("%s", f->err.text);
    nas_json_close(j);
}

static void train(fixture *f, const nas_kernel *k) {
    const nas_shape in = f->c.model.input;
    const size_t row = (size_t)in.h * (size_t)in.w;
    nas_rng r = nas_rng_stream(1, 0, NAS_PURPOSE_TEST, 0, 0, 0);
    f->x = nas_arena_array(f->a, EXAMPLES * row, sizeof *f->x, &f->err);
    for (size_t i = 0; i < EXAMPLES * row; i++) f->x[i] = 2.0f * nas_rng_float(&r) - 0.7f;
    for (int i = 0; i < EXAMPLES; i++) f->y[i] = (int32_t)nas_rng_below(&r, CLASSES);
    const nas_examples e = {.x = f->x, .y = f->y, .n = EXAMPLES, .h = in.h, .w = in.w};
    nas_trainer *t = NULL;
    nas_train_end end;
    assert_int_equal(nas_net_open(&f->c.model, CLASSES, 8, k, &f->net, &f->err), NAS_OK);
    nas_net_init(f->net, 3, 0);
    const nas_trainer_options o = {.net = f->net, .config = &f->c.train, .train = &e, .seed = 3};
    assert_int_equal(nas_trainer_open(&o, &t, &f->err), NAS_OK);
    assert_int_equal(nas_trainer_run(t, nas_trainer_steps(t), NULL, NULL, NULL, &end, &f->err),
                     NAS_OK);
    nas_trainer_close(t);
}

/* The largest difference of the class probabilities over all examples. */
static double compare(fixture *f, const nas_graph *g) {
    const size_t row = (size_t)f->c.model.input.h * (size_t)f->c.model.input.w;
    float want[EXAMPLES * CLASSES], got[CLASSES];
    double worst = 0;
    nas_interp *it = NULL;
    if (nas_interp_open(g, &it, &f->err) != NAS_OK) fail_msg("%s", f->err.text);
    nas_net_predict(f->net, f->x, EXAMPLES, want);
    for (int i = 0; i < EXAMPLES; i++) {
        nas_interp_run(it, f->x + (size_t)i * row, got);
        for (int k = 0; k < CLASSES; k++)
            worst = fmax(worst, fabs((double)got[k] - (double)want[i * CLASSES + k]));
    }
    nas_interp_close(it);
    return worst;
}

static void check_file(fixture *f, nas_format format, double tolerance) {
    nas_bytes file = {0};
    nas_graph g = nas_graph_start(f->a);
    if (nas_export_net(f->net, format, f->x, EXAMPLES, f->a, &file, &f->err) != NAS_OK ||
        nas_tflite_read(file.p, file.n, &g, &f->err) != NAS_OK)
        fail_msg("%s", f->err.text);
    const double worst = compare(f, &g);
    if (!(worst <= tolerance)) fail_msg("format %d: %g is above %g", (int)format, worst, tolerance);
}

static void check_model(const char *layers, const nas_kernel *k) {
    fixture f = {0};
    assert_int_equal(nas_arena_open(&f.a, &f.err), NAS_OK);
    decode(&f, layers);
    train(&f, k);
    nas_graph unfolded = nas_graph_start(f.a);
    if (nas_net_lower(f.net, &unfolded, &f.err) != NAS_OK ||
        nas_graph_check(&unfolded, &f.err) != NAS_OK)
        fail_msg("%s", f.err.text);
    assert_true(compare(&f, &unfolded) < 1e-5);
    check_file(&f, NAS_FORMAT_FLOAT32, 1e-5);
    check_file(&f, NAS_FORMAT_FLOAT16, 0.005);
    check_file(&f, NAS_FORMAT_DYNAMIC, 0.05);
    check_file(&f, NAS_FORMAT_INT8, 0.1);
    nas_net_close(f.net);
    nas_arena_close(f.a);
}

static void test_models(void **state) {
    static const char *const rows[] = {"reference", "generic", "avx2", "avx512"};
    (void)state;
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        const nas_kernel *k = nas_kernel_find(rows[r]);
        for (size_t i = 0; k && i < sizeof models / sizeof *models; i++) check_model(models[i], k);
    }
}

/* Folding leaves no MUL, and ADD only where two maps meet. */
static void test_folded(void **state) {
    (void)state;
    fixture f = {0};
    assert_int_equal(nas_arena_open(&f.a, &f.err), NAS_OK);
    decode(&f, models[2]);
    train(&f, nas_kernel_find("reference"));
    nas_graph g = nas_graph_start(f.a);
    assert_int_equal(nas_net_lower(f.net, &g, &f.err), NAS_OK);
    assert_int_equal(nas_graph_fold(&g, &f.err), NAS_OK);
    int muls = 0, adds = 0, relus = 0;
    for (int32_t i = 0; i < g.n_ops; i++) {
        muls += g.ops[i].kind == NAS_OP_MUL;
        adds += g.ops[i].kind == NAS_OP_ADD;
        relus += g.ops[i].kind == NAS_OP_RELU;
    }
    /* Three sums; the batch norm after the second stays, with its ReLU fused into its ADD. */
    assert_int_equal(muls, 1);
    assert_int_equal(adds, 4);
    assert_int_equal(relus, 0);
    assert_true(compare(&f, &g) < 1e-5);
    nas_net_close(f.net);
    nas_arena_close(f.a);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_models),
        cmocka_unit_test(test_folded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
