/* tests/core/test_c_program.c - the test program that is written beside a model.c, of graphs that
 * are odd, large, or of somebody else. */
#include "base/files/file.h"
#include "core/deploy/interp/interp_int.h"
#include "tests/fixture.h"
#include "tests/random_net.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static nas_err err;
static char folder[] = "/tmp/nas_p_XXXXXX";

static void put(const char *name, const char *text) {
    char path[64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    if (nas_file_write(path, text, strlen(text), &err) != NAS_OK) fail_msg("%s", err.text);
}

/* Its text; compiled beside the model's, it finds the outputs right to the bit. */
static const char *check(const nas_graph *g, const char *what) {
    const char *header, *source, *test, *again, *cc = getenv("CC");
    char command[640];
    if (nas_c_source(g, arena, &header, &source, &err) != NAS_OK) fail_msg("%s", err.text);
    if (nas_c_test(g, arena, &test, &err) != NAS_OK) fail_msg("%s", err.text);
    assert_int_equal(nas_c_test(g, arena, &again, &err), NAS_OK);
    assert_string_equal(test, again);
    put("model.h", header);
    put("model.c", source);
    put("model_test.c", test);
    snprintf(
        command, sizeof command,
        "cd %s && %s -std=c99 -pedantic -Wall -Wextra -Wconversion -Wshadow -Wstrict-prototypes "
        "-Wmissing-prototypes -Werror -DTOLERANCE=0 -o t model_test.c model.c -lm && ./t >told "
        "&& grep -q '^model_test: right: .* equal to the bit$' told || { cat told; exit 1; }",
        folder, cc && *cc ? cc : "cc");
    if (system(command) != 0) fail_msg("%s", what);
    return test;
}

static void assert_has(const char *text, const char *part) {
    if (!strstr(text, part)) fail_msg("no %s", part);
}

static nas_graph format_of(rg *b, nas_format format) {
    const int64_t n = nas_tensor_count(&b->g.tensors[b->g.input]);
    float *x = nas_arena_array(arena, (size_t)n * 4, sizeof *x, &err);
    nas_graph g = nas_graph_start(arena);
    assert_non_null(x);
    for (int64_t i = 0; i < n * 4; i++) x[i] = rg_uniform(b, -2, 2);
    if (nas_format_apply(&b->g, format, x, 4, &g, &err) != NAS_OK) fail_msg("%s", err.text);
    return g;
}

static void test_formats(void **state) {
    (void)state;
    for (int32_t k = 0; nas_format_names[k]; k++) {
        rg b = rnet(arena, 3);
        assert_int_equal(nas_graph_fold(&b.g, &err), NAS_OK);
        const nas_graph g = format_of(&b, (nas_format)k);
        const char *test = check(&g, nas_format_names[k]);
        assert_has(test, k == NAS_FORMAT_INT8 ? "#define PASSES 0\n" : "#define TOLERANCE 2e-5\n");
        assert_has(test, k == NAS_FORMAT_INT8 ? "static const int8_t expected["
                                              : "static const float expected[");
    }
}

/* An input of 27,648 values is held once; a small one four times. */
static void test_sizes(void **state) {
    (void)state;
    static const int32_t large[] = {1, 96, 96, 3}, small[] = {1, 6};
    static const rg_window w = {.kernel = {3, 3}, .stride = {8, 8}, .padding = NAS_SAME};
    rg b = rg_start(arena, 5, 4, large);
    rg_conv(&b, 2, w);
    rg_mean(&b, false);
    const nas_graph g = format_of(&b, NAS_FORMAT_INT8);
    const char *test = check(&g, "a large input");
    assert_has(test, "#define EXAMPLES 1\n");
    assert_has(test, "input[27648] = ");
    rg c = rg_start(arena, 5, 2, small);
    rg_dense(&c, 3, NAS_ACT_NONE, true);
    assert_has(check(&c.g, "a small one"), "#define EXAMPLES 4\n");
}

/* No operator at all but another name for the input. */
static void test_reshape(void **state) {
    (void)state;
    static const int32_t dims[] = {1, 3, 4, 5};
    rg b = rg_start(arena, 2, 4, dims);
    rg_flatten(&b);
    assert_has(check(&b.g, "RESHAPE"), "#define PASSES 0\n");
}

/* Weights near the largest float: sums that are no numbers, or the largest one. */
static void test_overflow(void **state) {
    (void)state;
    static const int32_t dims[] = {1, 8};
    rg b = rg_start(arena, 9, 2, dims);
    rg_dense(&b, 4, NAS_ACT_NONE, false);
    float *w = (float *)(uintptr_t)b.g.tensors[b.g.ops[0].in[1]].data;
    for (int k = 0; k < 32; k++) w[k] = k < 8 ? 1.0f : 3e38f;
    const char *test = check(&b.g, "infinite sums");
    assert_has(test, "3.4028235e+38f, ");
    assert_has(test, "NAN, ");
}

/* As converters leave it that keep small kernels in float: a window of floats between hybrid
 * operators, whose sums may decide a code. */
static void test_hybrid(void **state) {
    (void)state;
    static const int32_t dims[] = {1, 8, 8, 16};
    static const rg_window w = {.kernel = {3, 3}, .stride = {1, 1}, .padding = NAS_SAME};
    rg b = rg_start(arena, 4, 4, dims);
    rg_conv(&b, 8, w);
    rg_flatten(&b);
    rg_dense(&b, 30, NAS_ACT_RELU, true);
    nas_graph g = format_of(&b, NAS_FORMAT_DYNAMIC);
    nas_op *conv = &g.ops[0];
    nas_tensor t = g.tensors[conv->in[1]];
    assert_int_equal(t.dtype, NAS_I8);
    const int64_t n = nas_tensor_count(&t), each = n / t.dims[0];
    float *v = nas_arena_array(arena, (size_t)n, sizeof *v, &err);
    assert_non_null(v);
    for (int64_t i = 0; i < n; i++)
        v[i] = (float)((const int8_t *)t.data)[i] * t.scale[t.n_scale == 1 ? 0 : i / each];
    t.dtype = NAS_F32;
    t.n_scale = 0;
    t.data = v;
    assert_int_equal(nas_graph_tensor(&g, &t, &conv->in[1], &err), NAS_OK);
    check(&g, "a window of floats");
    nas_interp *it[2];
    float x[1024], y[2][30];
    assert_int_equal(nas_interp_open(&g, &it[0], &err), NAS_OK);
    assert_int_equal(nas_interp_open_plain(&g, &it[1], &err), NAS_OK);
    for (int k = 0; k < 20; k++) {
        for (int i = 0; i < 1024; i++) x[i] = rg_uniform(&b, -2, 2);
        for (int i = 0; i < 2; i++) nas_interp_run(it[i], x, y[i]);
        assert_memory_equal(y[0], y[1], sizeof y[0]);
    }
    for (int i = 0; i < 2; i++) nas_interp_close(it[i]);
}

/* Who calls model_run hands it other codes than the file takes: told where it is declared. */
static void test_as_read(void **state) {
    (void)state;
    static const int32_t dims[] = {1, 6};
    const char *header, *source;
    rg b = rg_start(arena, 5, 2, dims);
    rg_dense(&b, 3, NAS_ACT_NONE, true);
    nas_graph g = format_of(&b, NAS_FORMAT_INT8);
    g.changes = NAS_CHANGED_UINT8 | NAS_CHANGED_BATCH;
    check(&g, "as read");
    assert_int_equal(nas_c_source(&g, arena, &header, &source, &err), NAS_OK);
    assert_has(header, "is 128 less than the file's");
    assert_has(header, "is taken as 1. */");
}

static int make_folder(void **state) {
    (void)state;
    return mkdtemp(folder) ? 0 : -1;
}
static int drop_folder(void **state) {
    (void)state;
    return nas_dir_remove(folder, &err) == NAS_OK ? 0 : -1;
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_formats, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sizes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_reshape, setup, teardown),
        cmocka_unit_test_setup_teardown(test_overflow, setup, teardown),
        cmocka_unit_test_setup_teardown(test_hybrid, setup, teardown),
        cmocka_unit_test_setup_teardown(test_as_read, setup, teardown),
    };
    return cmocka_run_group_tests(tests, make_folder, drop_folder);
}
