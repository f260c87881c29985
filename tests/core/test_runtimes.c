/* tests/core/test_runtimes.c - versions of operators, and where a graph runs. What the wheels say
 * of the same files is tests/interop's. */
#include "core/deploy/deploy.h"
#include "core/deploy/device.h"
#include "core/graph/runtimes.h"
#include "tests/fixture.h"
#include "tests/random_graph.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static nas_err err;

enum { LITERT, REFERENCE, TENSORFLOW, MICRO, VELA, SOURCE };

/* A convolution, a dense layer and SOFTMAX. */
static nas_graph graph_of(nas_format format) {
    rg b = rg_start(arena, 3, 4, (int32_t[]){1, 9, 5, 8});
    const rg_window w = {
        .kernel = {3, 3}, .stride = {1, 1}, .dilation = {1, 1}, .padding = NAS_SAME};
    nas_graph out = nas_graph_start(arena);
    float x[9 * 5 * 8];
    for (int i = 0; i < 9 * 5 * 8; i++) x[i] = (float)(i % 7) - 3;
    rg_conv(&b, 8, w);
    rg_flatten(&b);
    rg_dense(&b, 4, NAS_ACT_NONE, true);
    rg_unary(&b, NAS_OP_SOFTMAX);
    assert_int_equal(nas_format_apply(&b.g, format, x, 1, &out, &err), NAS_OK);
    return out;
}

/* The dense kernel gets one scale, or one for each output. */
static void scale_dense(nas_graph *g, int32_t n) {
    static const float scales[] = {0.01f, 0.02f, 0.03f, 0.04f};
    static const int32_t zeros[4];
    for (int32_t i = 0; i < g->n_ops; i++) {
        if (g->ops[i].kind != NAS_OP_FULLY_CONNECTED) continue;
        nas_tensor *w = &g->tensors[g->ops[i].in[1]];
        assert_int_equal(w->dims[0], 4);
        w->n_scale = n;
        w->scale = scales;
        w->zero_point = zeros;
        w->axis = 0;
    }
}

static const nas_op *op_of(const nas_graph *g, nas_op_kind kind) {
    int32_t i = 0;
    while (g->ops[i].kind != kind) i++;
    return &g->ops[i];
}

static int32_t version(const nas_graph *g, nas_op_kind kind) {
    return nas_op_version(g, op_of(g, kind));
}

static void test_versions(void **state) {
    (void)state;
    nas_graph g = graph_of(NAS_FORMAT_FLOAT32);
    assert_int_equal(version(&g, NAS_OP_CONV_2D), 1);
    assert_int_equal(version(&g, NAS_OP_FULLY_CONNECTED), 1);
    g = graph_of(NAS_FORMAT_FLOAT16);
    assert_int_equal(version(&g, NAS_OP_DEQUANTIZE), 3);
    g = graph_of(NAS_FORMAT_INT8);
    assert_int_equal(version(&g, NAS_OP_CONV_2D), 3);
    assert_int_equal(version(&g, NAS_OP_FULLY_CONNECTED), 4);
    assert_int_equal(version(&g, NAS_OP_SOFTMAX), 2);
    g = graph_of(NAS_FORMAT_DYNAMIC);
    assert_int_equal(version(&g, NAS_OP_CONV_2D), 5);
    scale_dense(&g, 4);
    assert_int_equal(version(&g, NAS_OP_FULLY_CONNECTED), 12);
    scale_dense(&g, 1);
    assert_int_equal(version(&g, NAS_OP_FULLY_CONNECTED), 9);
}

static void assert_runs(const nas_graph *g, const char *const verdict[NAS_RUNTIMES]) {
    nas_runs r[NAS_RUNTIMES];
    nas_runs_in(g, r);
    for (int i = 0; i < NAS_RUNTIMES; i++) {
        assert_string_equal(r[i].verdict, verdict[i]);
        assert_int_equal(r[i].all, strcmp(verdict[i], "yes") == 0);
        assert_int_equal(*r[i].why == 0, r[i].all);
    }
}

static void test_where_formats_run(void **state) {
    (void)state;
    nas_graph g = graph_of(NAS_FORMAT_FLOAT32);
    assert_runs(&g, (const char *const[]){"yes", "yes", "yes", "yes", "to no use", "yes"});
    g = graph_of(NAS_FORMAT_FLOAT16);
    assert_runs(&g, (const char *const[]){"yes", "yes", "yes", "no", "to no use", "yes"});
    g = graph_of(NAS_FORMAT_INT8);
    scale_dense(&g, 1);
    assert_runs(&g, (const char *const[]){"yes", "yes", "yes", "yes", "yes", "yes"});
    scale_dense(&g, 4);
    assert_runs(&g, (const char *const[]){"yes", "yes", "yes", "since 2024-09-27", "yes", "yes"});
    g = graph_of(NAS_FORMAT_DYNAMIC);
    scale_dense(&g, 1);
    assert_runs(&g, (const char *const[]){"yes", "yes", "yes", "no", "to no use", "yes"});
    scale_dense(&g, 4);
    assert_runs(&g,
                (const char *const[]){"yes", "since 2.1", "since 2.17", "no", "to no use", "yes"});
}

/* The version that stands in a file counts, not what its operator would need. */
static void test_versions_of_others(void **state) {
    (void)state;
    nas_graph g = graph_of(NAS_FORMAT_DYNAMIC);
    nas_runs r[NAS_RUNTIMES];
    scale_dense(&g, 1);
    for (int32_t i = 0; i < g.n_ops; i++)
        if (g.ops[i].kind == NAS_OP_FULLY_CONNECTED) g.ops[i].version = 12;
    nas_runs_in(&g, r);
    assert_string_equal(r[TENSORFLOW].verdict, "since 2.17");
    assert_non_null(strstr(r[TENSORFLOW].why, "is FULLY_CONNECTED version 12"));
    for (int32_t i = 0; i < g.n_ops; i++) g.ops[i].version = 99;
    nas_runs_in(&g, r);
    assert_string_equal(r[LITERT].verdict, "not known");
    assert_string_equal(r[TENSORFLOW].verdict, "not known");
}

/* tflite-micro clamps a RELU6 without changing the scale. */
static void test_relu6_of_another_scale(void **state) {
    (void)state;
    rg b = rg_start(arena, 3, 2, (int32_t[]){1, 8});
    nas_graph g = nas_graph_start(arena);
    nas_runs r[NAS_RUNTIMES];
    const float x[8] = {-4, -2, 0, 2, 4, 6, 8, 10};
    rg_unary(&b, NAS_OP_RELU6);
    assert_int_equal(nas_format_apply(&b.g, NAS_FORMAT_INT8, x, 1, &g, &err), NAS_OK);
    g.tensors[g.output].scale = (float[]){0.02f};
    nas_runs_in(&g, r);
    assert_string_equal(r[MICRO].verdict, "no");
    assert_null(nas_micro_refuses(&g, &g.ops[0]));
    g.tensors[g.output] = g.tensors[g.input];
    nas_runs_in(&g, r);
    assert_string_equal(r[MICRO].verdict, "yes");
}

/* Reading gives the version that was written. */
static void test_read_back(void **state) {
    (void)state;
    for (int f = 0; nas_format_names[f]; f++) {
        const nas_graph g = graph_of((nas_format)f);
        nas_graph back = nas_graph_start(arena);
        uint8_t *bytes;
        size_t n;
        assert_int_equal(nas_tflite_write(&g, arena, &bytes, &n, &err), NAS_OK);
        assert_int_equal(nas_tflite_read(bytes, n, &back, &err), NAS_OK);
        for (int32_t i = 0; i < g.n_ops; i++)
            assert_int_equal(back.ops[i].version, nas_op_version(&g, &g.ops[i]));
    }
}

/* DEVICE.md says it, too. */
static void test_text(void **state) {
    (void)state;
    const nas_graph g = graph_of(NAS_FORMAT_FLOAT16);
    const char *text;
    assert_int_equal(nas_device_text(&g, arena, &text, &err), NAS_OK);
    assert_non_null(strstr(text, "| input | 1 x 9 x 5 x 8, float32 |"));
    assert_non_null(strstr(text, "| operators | DEQUANTIZE, CONV_2D, RESHAPE, FULLY_CONNECTED, "
                                 "SOFTMAX |"));
    assert_non_null(strstr(text, "| TensorFlow Lite for Microcontrollers | no | operator 0 is "
                                 "DEQUANTIZE version 3, float16 constants |"));
    assert_non_null(strstr(text, "| model.c, C99 | yes |  |"));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_where_formats_run),
        cmocka_unit_test(test_versions_of_others),
        cmocka_unit_test(test_read_back),
        cmocka_unit_test(test_text),
        cmocka_unit_test(test_relu6_of_another_scale),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
