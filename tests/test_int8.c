/* tests/test_int8.c - fixed-point arithmetic against golden values, the rows of the inference
 * kernels against the plain one, quantised nets against float nets and against LiteRT. */
#include "base/file.h"
#include "core/deploy/deploy.h"
#include "core/deploy/fixed.h"
#include "core/kernel/infer.h"
#include "tests/fixture.h"
#include "tests/random_graph.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static nas_err err;

/* --- golden values ---------------------------------------------------------------------------- */

/* A graph of one int8 SOFTMAX, run on a row. */
static void softmax(int32_t n, float scale, const int8_t *x, int8_t *y) {
    const nas_arena_mark mark = nas_arena_here(arena);
    const float out_scale = 1.0f / 256;
    const int32_t zero = 0, least = -128;
    nas_graph g = nas_graph_start(arena);
    const nas_tensor in = {.dtype = NAS_I8,
                           .rank = 2,
                           .dims = {1, n},
                           .n_scale = 1,
                           .scale = &scale,
                           .zero_point = &zero};
    nas_tensor out = in;
    out.scale = &out_scale;
    out.zero_point = &least;
    nas_op o = {.kind = NAS_OP_SOFTMAX, .n_in = 1};
    nas_interp *it;
    assert_int_equal(nas_graph_tensor(&g, &in, &g.input, &err), NAS_OK);
    assert_int_equal(nas_graph_tensor(&g, &out, &g.output, &err), NAS_OK);
    o.in[0] = g.input;
    o.out = g.output;
    assert_int_equal(nas_graph_op(&g, &o, &err), NAS_OK);
    if (nas_interp_open(&g, &it, &err) != NAS_OK) fail_msg("%s", err.text);
    nas_interp_run_raw(it, x, y);
    nas_interp_close(it);
    nas_arena_back(arena, mark);
}

static int64_t next_int(char **at) {
    return strtoll(*at, at, 10);
}

static void check_line(const char *name, char *at) {
    if (strcmp(name, "softmax") == 0) {
        const int32_t n = (int32_t)next_int(&at);
        const float scale = (float)strtod(at, &at);
        int8_t x[64], y[64];
        for (int32_t i = 0; i < n; i++) x[i] = (int8_t)next_int(&at);
        softmax(n, scale, x, y);
        for (int32_t i = 0; i < n; i++) assert_int_equal(y[i], next_int(&at));
        return;
    }
    if (strcmp(name, "multiplier") == 0) {
        const nas_fixed f = nas_fixed_of(strtod(at, &at));
        assert_int_equal(f.mult, next_int(&at));
        assert_int_equal(f.shift, next_int(&at));
        return;
    }
    const int32_t a = (int32_t)next_int(&at);
    int64_t got;
    if (strcmp(name, "high") == 0)
        got = nas_fixed_high(a, (int32_t)next_int(&at));
    else if (strcmp(name, "divide") == 0)
        got = nas_fixed_shift(a, (int32_t)next_int(&at));
    else if (strcmp(name, "scale") == 0)
        got = nas_fixed_scale(a, nas_fixed_of(strtod(at, &at)));
    else if (strcmp(name, "exp") == 0)
        got = nas_fixed_exp(a);
    else
        got = nas_fixed_reciprocal(a);
    assert_int_equal(got, next_int(&at));
}

static void test_fixed_point_golden(void **state) {
    (void)state;
    FILE *f = fopen("tests/golden/fixed.txt", "r");
    char line[2048], name[16];
    int32_t lines = 0;
    assert_non_null(f);
    while (fgets(line, sizeof line, f)) {
        int used = 0;
        assert_int_equal(sscanf(line, "%15s%n", name, &used), 1);
        check_line(name, line + used);
        lines++;
    }
    fclose(f);
    assert_true(lines > 1800);
}

/* --- rows ------------------------------------------------------------------------------------- */

/* All rows give the same bits on whole nets, in all formats. */
static void test_rows_agree(void **state) {
    (void)state;
    static const char *const names[] = {"reference", "generic", "avx2", "avx512"};
    const char *kept = getenv("NAS_KERNEL");
    for (int32_t variant = 0; variant < rg_variants; variant++) {
        const nas_arena_mark mark = nas_arena_here(arena);
        rg b = rg_net(arena, 5, variant, false);
        float x[4096], want[256], got[256];
        for (int32_t i = 0; i < 4096; i++) x[i] = rg_uniform(&b, -2, 2);
        for (int32_t k = 0; nas_format_names[k]; k++) {
            const nas_format format = (nas_format)k;
            nas_graph g = nas_graph_start(arena);
            assert_int_equal(nas_format_apply(&b.g, format, x, 2, &g, &err), NAS_OK);
            const size_t bytes = (size_t)nas_tensor_count(&g.tensors[g.output]) * sizeof(float);
            for (size_t r = 0; r < sizeof names / sizeof *names; r++) {
                nas_interp *it;
                if (!nas_infer_find(names[r])) continue;
                setenv("NAS_KERNEL", names[r], 1);
                assert_string_equal(nas_infer_choose()->name, names[r]);
                assert_int_equal(nas_interp_open(&g, &it, &err), NAS_OK);
                nas_interp_run(it, x, r == 0 ? want : got);
                nas_interp_close(it);
                if (r > 0) assert_memory_equal(want, got, bytes);
            }
        }
        nas_arena_back(arena, mark);
    }
    if (kept)
        setenv("NAS_KERNEL", kept, 1);
    else
        unsetenv("NAS_KERNEL");
    assert_null(nas_infer_find("abacus"));
}

/* --- quantised nets --------------------------------------------------------------------------- */

static void test_quantised_is_close(void **state) {
    (void)state;
    enum { EXAMPLES = 40 };
    for (int32_t variant = 0; variant < rg_variants; variant++) {
        const nas_arena_mark mark = nas_arena_here(arena);
        rg b = rg_net(arena, 9, variant, false);
        nas_graph q = nas_graph_start(arena);
        nas_interp *exact, *coarse;
        const size_t n = (size_t)nas_tensor_count(&b.g.tensors[b.g.input]);
        const size_t m = (size_t)nas_tensor_count(rg_top(&b));
        float *x = nas_arena_array(arena, n * EXAMPLES, sizeof *x, &err);
        for (size_t i = 0; i < n * EXAMPLES; i++) x[i] = rg_uniform(&b, -2, 2);
        assert_int_equal(nas_graph_fold(&b.g, &err), NAS_OK);
        assert_int_equal(nas_format_apply(&b.g, NAS_FORMAT_INT8, x, EXAMPLES, &q, &err), NAS_OK);
        assert_int_equal(nas_interp_open(&b.g, &exact, &err), NAS_OK);
        assert_int_equal(nas_interp_open(&q, &coarse, &err), NAS_OK);
        double error = 0, size = 0;
        float lo = 0, hi = 0;
        for (size_t i = 0; i < EXAMPLES; i++) {
            float y[256], z[256];
            nas_interp_run(exact, x + i * n, y);
            nas_interp_run(coarse, x + i * n, z);
            for (size_t k = 0; k < m; k++) {
                error += (double)((y[k] - z[k]) * (y[k] - z[k]));
                size += 1;
                lo = y[k] < lo ? y[k] : lo;
                hi = y[k] > hi ? y[k] : hi;
            }
        }
        nas_interp_close(exact);
        nas_interp_close(coarse);
        /* The root mean square error is a few steps of the output's 255. */
        assert_true(sqrt(error / size) < 5 * (double)(hi - lo) / 255);
        nas_arena_back(arena, mark);
    }
}

/* Weights symmetric per output channel, activations with one scale, int32 bias.
 */
static void test_quantised_layout(void **state) {
    (void)state;
    rg b = rg_net(arena, 2, 1, true);
    float x[13 * 9 * 3];
    for (size_t i = 0; i < sizeof x / sizeof *x; i++) x[i] = rg_uniform(&b, -2, 2);
    nas_graph q = nas_graph_start(arena);
    assert_int_equal(nas_format_apply(&b.g, NAS_FORMAT_INT8, x, 1, &q, &err), NAS_OK);
    for (int32_t i = 0; i < q.n_ops; i++) {
        const nas_op *o = &q.ops[i];
        const nas_tensor *y = &q.tensors[o->out];
        assert_int_equal(y->dtype, NAS_I8);
        assert_int_equal(y->n_scale, 1);
        if (o->n_in < 3) continue;
        const nas_tensor *w = &q.tensors[o->in[1]], *bias = &q.tensors[o->in[2]];
        const int32_t axis = o->kind == NAS_OP_DEPTHWISE_CONV_2D ? 3 : 0, c = w->dims[axis];
        const int64_t inner = axis == 0 ? nas_tensor_count(w) / c : 1;
        int32_t most[64] = {0};
        assert_int_equal(w->n_scale, c);
        assert_int_equal(w->axis, axis);
        assert_int_equal(bias->dtype, NAS_I32);
        for (int64_t k = 0; k < nas_tensor_count(w); k++) {
            const int32_t v = abs(((const int8_t *)w->data)[k]);
            int32_t *at = &most[k / inner % c];
            *at = v > *at ? v : *at;
        }
        for (int32_t k = 0; k < c; k++) {
            const float *in_scale = q.tensors[o->in[0]].scale;
            assert_int_equal(most[k], 127);
            assert_int_equal(w->zero_point[k], 0);
            assert_true(bias->scale[k] == (float)((double)*in_scale * (double)w->scale[k]));
        }
    }
    const nas_tensor *y = &q.tensors[q.output];
    assert_true(y->scale[0] == 1.0f / 256 && y->zero_point[0] == -128);
}

/* Zero is a code of its own (padding), and the ends of the range are within a step of the ends. */
static void test_activation_range(void **state) {
    (void)state;
    static const float ends[][2] = {{-1, 3}, {0, 6}, {2, 5}, {-7, -2}, {-0.001f, 250}, {0, 0}};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        rg b = rg_start(arena, 1, 2, (int32_t[]){1, 2});
        rg_dense(&b, 2, NAS_ACT_NONE, true);
        nas_graph q = nas_graph_start(arena);
        assert_int_equal(nas_format_apply(&b.g, NAS_FORMAT_INT8, ends[i], 1, &q, &err), NAS_OK);
        const nas_tensor *x = &q.tensors[q.input];
        const double s = (double)x->scale[0];
        const double lo = s * (-128 - x->zero_point[0]), hi = s * (127 - x->zero_point[0]);
        assert_true(lo <= (double)fminf(ends[i][0], 0) + s / 2 + 1e-9);
        assert_true(hi >= (double)fmaxf(ends[i][1], 0) - s / 2 - 1e-9);
        assert_true(lo <= 0 && hi >= 0);
        const double width = (double)(fmaxf(ends[i][1], 0) - fminf(ends[i][0], 0));
        assert_true(fabs(hi - lo - width) <= 1e-5 * width + 2e-5);
    }
}

static void test_not_finite_is_refused(void **state) {
    (void)state;
    rg b = rg_net(arena, 1, 8, true);
    float x[33] = {0};
    nas_graph q = nas_graph_start(arena);
    x[5] = NAN;
    assert_int_equal(nas_format_apply(&b.g, NAS_FORMAT_INT8, x, 1, &q, &err), NAS_EINVAL);
    assert_non_null(strstr(err.text, "finite"));
}

/* --- a model of somebody else ----------------------------------------------------------------- */

static const char *model_path(void) {
    static char path[1024];
    const char *data = getenv("NAS_TEST_DATA");
    snprintf(path, sizeof path, "%s/models/mlperf_tiny_kws_int8.tflite",
             data ? data : "../shared/data");
    if (nas_path_exists(path)) return path;
    print_message("skipped: %s is absent (set NAS_TEST_DATA)\n", path);
    return NULL;
}

static void test_mlperf_model(void **state) {
    (void)state;
    const char *path = model_path();
    if (!path) skip();
    uint8_t *bytes;
    size_t n;
    nas_graph g = nas_graph_start(arena);
    nas_cost cost;
    nas_interp *it;
    assert_int_equal(nas_file_read(arena, path, 1 << 20, &bytes, &n, &err), NAS_OK);
    if (nas_tflite_read(bytes, n, &g, &err) != NAS_OK) fail_msg("%s", err.text);
    assert_int_equal(nas_graph_cost(&g, &cost, &err), NAS_OK);
    /* Of its architecture: conv 10x4 to 64 on 25x5, four blocks of 3x3 depthwise and 64x64, 12 out.
     */
    assert_int_equal(cost.macs, 125 * 64 * 40 + 4 * 125 * 64 * (9 + 64) + 64 * 12);
    assert_int_equal(cost.constants, 64 * 41 + 4 * (64 * 10 + 64 * 65) + 65 * 12);
    FILE *f = fopen("tests/golden/mlperf_kws.txt", "r");
    assert_non_null(f);
    if (nas_interp_open(&g, &it, &err) != NAS_OK) fail_msg("%s", err.text);
    for (int64_t k = 0; k < 16; k++) {
        int8_t x[490], y[12];
        for (int64_t i = 0; i < 490; i++)
            x[i] =
                (int8_t)((i / 10 * (3 + k) + i % 10 * (17 * k + 5) + i * i * k / 64) % 256 - 128);
        nas_interp_run_raw(it, x, y);
        for (int32_t c = 0; c < 12; c++) {
            int want;
            assert_int_equal(fscanf(f, "%d", &want), 1);
            assert_int_equal(y[c], want);
        }
    }
    fclose(f);
    nas_interp_close(it);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fixed_point_golden), cmocka_unit_test(test_rows_agree),
        cmocka_unit_test(test_quantised_is_close), cmocka_unit_test(test_quantised_layout),
        cmocka_unit_test(test_activation_range),   cmocka_unit_test(test_not_finite_is_refused),
        cmocka_unit_test(test_mlperf_model),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
