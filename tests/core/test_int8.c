/* tests/core/test_int8.c - fixed-point arithmetic against golden values, the rows of the inference
 * kernels against the plain one, quantised nets against float nets and against LiteRT. */
#include "base/files/file.h"
#include "core/deploy/deploy.h"
#include "core/deploy/fixed.h"
#include "core/kernel/infer.h"
#include "tests/fixture.h"
#include "tests/mlperf.h"
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

static const char *const row_names[] = {"reference", "generic",    "avx2",
                                        "avx512",    "avx512vnni", "avx512amx"};
enum { ROW_NAMES = sizeof row_names / sizeof *row_names };

/* The same bits from all rows, in all formats; the reference's come first. */
static void rows_agree(rg *b) {
    enum { INPUTS = 4096, OUTPUTS = 1 << 16 };
    const char *kept = getenv("NAS_KERNEL");
    float *x = nas_arena_array(arena, INPUTS, sizeof *x, &err);
    float *want = nas_arena_array(arena, OUTPUTS, sizeof *want, &err);
    float *got = nas_arena_array(arena, OUTPUTS, sizeof *got, &err);
    const int64_t n_in = nas_tensor_count(&b->g.tensors[b->g.input]);
    assert_true(x && want && got && 2 * n_in <= INPUTS);
    for (int32_t i = 0; i < INPUTS; i++) x[i] = rg_uniform(b, -2, 2);
    for (int32_t k = 0; nas_format_names[k]; k++) {
        nas_graph g = nas_graph_start(arena);
        assert_int_equal(nas_format_apply(&b->g, (nas_format)k, x, 2, &g, &err), NAS_OK);
        const int64_t n = nas_tensor_count(&g.tensors[g.output]);
        assert_true(n <= OUTPUTS);
        for (int32_t r = 0; r < ROW_NAMES; r++) {
            nas_interp *it;
            if (!nas_infer_find(row_names[r])) continue;
            setenv("NAS_KERNEL", row_names[r], 1);
            assert_string_equal(nas_infer_choose()->name, row_names[r]);
            assert_int_equal(nas_interp_open(&g, &it, &err), NAS_OK);
            nas_interp_run(it, x, r == 0 ? want : got);
            nas_interp_close(it);
            if (r > 0) assert_memory_equal(want, got, (size_t)n * sizeof *got);
        }
    }
    if (kept)
        setenv("NAS_KERNEL", kept, 1);
    else
        unsetenv("NAS_KERNEL");
}

static void test_rows_agree(void **state) {
    (void)state;
    for (int32_t variant = 0; variant < rg_variants; variant++) {
        const nas_arena_mark mark = nas_arena_here(arena);
        rg b = rg_net(arena, 5, variant, false);
        rows_agree(&b);
        nas_arena_back(arena, mark);
    }
    assert_null(nas_infer_find("abacus"));
}

/* Units of one vector, of two, and of what is left; windows that slide and others. */
static void test_depthwise_rows(void **state) {
    (void)state;
    static const struct {
        int32_t h, w, multiplier;
        rg_window window;
    } maps[] = {
        {5, 4, 1, {.kernel = {3, 3}, .activation = NAS_ACT_RELU}},
        {4, 5, 1, {.kernel = {3, 3}}},
        {3, 9, 1, {.kernel = {3, 3}, .padding = NAS_VALID}},
        {3, 17, 1, {.kernel = {2, 3}, .activation = NAS_ACT_RELU6}},
        {2, 23, 1, {.kernel = {1, 3}, .stride = {2, 1}}},
        {7, 11, 1, {.kernel = {3, 3}, .stride = {2, 2}}},
        {7, 8, 1, {.kernel = {3, 3}, .dilation = {2, 2}}},
        {6, 7, 1, {.kernel = {5, 3}, .dilation = {2, 1}}},
        {4, 6, 3, {.kernel = {3, 3}}},
        {10, 8, 1, {.kernel = {8, 8}}},
        {9, 9, 1, {.kernel = {9, 8}}},
    };
    static const int32_t channels[] = {1, 3, 4, 5, 7, 8, 9, 15, 16, 17, 24, 31, 32, 33, 40};
    for (size_t m = 0; m < sizeof maps / sizeof *maps; m++)
        for (size_t k = 0; k < sizeof channels / sizeof *channels; k++) {
            const nas_arena_mark mark = nas_arena_here(arena);
            const int32_t c = channels[k];
            if (2 * maps[m].h * maps[m].w * c > 4096) continue;
            rg b = rg_start(arena, (uint32_t)(m * 100 + k), 4,
                            (int32_t[]){1, maps[m].h, maps[m].w, c});
            rg_depthwise(&b, maps[m].multiplier, maps[m].window);
            rows_agree(&b);
            nas_arena_back(arena, mark);
        }
}

/* a * b + c of one product, rounded once, on every row: values whose sum is all but half way, tiny
 * ones, large ones, and what is no number. */
static void test_rows_fuse(void **state) {
    (void)state;
    static const float hard[] = {1,        1.0000001f, 0.99999994f, 3,        1e-20f,
                                 -1e-20f,  1.4e-45f,   -7e-42f,     1e38f,    -3e38f,
                                 16777216, 0.1f,       8388609,     -0.0f,    1e-38f,
                                 5.9e-8f,  33554436,   1 / 3.0f,    INFINITY, NAN};
    enum { HARD = sizeof hard / sizeof *hard, LANES = 16 };
    rg b = rg_start(arena, 3, 2, (int32_t[]){1, 1});
    for (int32_t n = 0; n < 4000; n++) {
        float x[2], k[2];
        for (int32_t i = 0; i < 2; i++) {
            x[i] = n < HARD * HARD ? hard[i ? n % HARD : n / HARD] : rg_uniform(&b, -2, 2);
            k[i] = n < HARD * HARD
                       ? hard[(n * 7 + 3 * i) % HARD]
                       : ldexpf(rg_uniform(&b, -2, 2), (int)nas_rng_below(&b.rng, 60) - 30);
        }
        const float want = fmaf(x[1], k[1], fmaf(x[0], k[0], 0));
        for (int32_t r = 0; r < ROW_NAMES; r++) {
            const nas_infer *row = nas_infer_find(row_names[r]);
            if (!row) continue;
            const int32_t zero = 0;
            float w[2 * LANES] = {0}, y[LANES];
            w[0] = k[0];
            w[row->width] = k[1];
            const nas_window win = {
                .n_pix = 1,
                .n_seg = 1,
                .run = 2,
                .out = {.c = 1, .room = row->width, .vectors = 1, .start = &zero},
                .at = &zero,
                .seg = &zero};
            row->dense_f32(&win, x, w, NULL, 0, 0, y);
            if (!(y[0] == want || (isnan(want) && isnan(y[0]))))
                fail_msg("%s: %a * %a + %a * %a is %a, not %a", row_names[r], (double)x[0],
                         (double)k[0], (double)x[1], (double)k[1], (double)y[0], (double)want);
        }
    }
}

/* --- tiles ------------------------------------------------------------------------------------ */

typedef struct conv_case {
    int32_t h, w, in, out;
    nas_padding padding;
    nas_activation activation;
} conv_case;

/* The sum at an output pixel, by taps. zero: of the input. */
static double plain_sum(const nas_graph *g, const void *x, int32_t zero, int32_t y, int32_t at,
                        int32_t c) {
    const nas_op *o = &g->ops[0];
    const nas_tensor *in = &g->tensors[o->in[0]], *k = &g->tensors[o->in[1]];
    const int32_t pad = o->padding == NAS_SAME ? 1 : 0;
    double sum = 0;
    for (int32_t t = 0; t < 9; t++) {
        const int32_t i = y - pad + t / 3, j = at - pad + t % 3;
        if (i < 0 || j < 0 || i >= in->dims[1] || j >= in->dims[2]) continue;
        for (int32_t d = 0; d < in->dims[3]; d++) {
            const int64_t from = ((int64_t)i * in->dims[2] + j) * in->dims[3] + d;
            const int64_t w = ((int64_t)c * 9 + t) * in->dims[3] + d;
            if (in->dtype == NAS_F32)
                sum += (double)((const float *)x)[from] * (double)((const float *)k->data)[w];
            else
                sum += (((const int8_t *)x)[from] - zero) * ((const int8_t *)k->data)[w];
        }
    }
    return sum;
}

static void check_tiles(const conv_case *t, nas_format format, uint32_t seed) {
    const nas_arena_mark mark = nas_arena_here(arena);
    rg b = rg_start(arena, seed, 4, (int32_t[]){1, t->h, t->w, t->in});
    rg_conv(&b, t->out,
            (rg_window){.kernel = {3, 3}, .padding = t->padding, .activation = t->activation});
    const int64_t n = nas_tensor_count(&b.g.tensors[b.g.input]);
    float *values = nas_arena_array(arena, (size_t)n, sizeof *values, &err);
    for (int64_t i = 0; i < n; i++) values[i] = rg_uniform(&b, -2, 2);
    nas_graph g = nas_graph_start(arena);
    nas_interp *it;
    assert_int_equal(nas_format_apply(&b.g, format, values, 1, &g, &err), NAS_OK);
    const nas_tensor *in = &g.tensors[g.input], *out = &g.tensors[g.output];
    const nas_tensor *kernel = &g.tensors[g.ops[0].in[1]], *bias = &g.tensors[g.ops[0].in[2]];
    int8_t *codes = nas_arena_alloc(arena, (size_t)n, &err);
    for (int64_t i = 0; i < n; i++) codes[i] = (int8_t)((int32_t)nas_rng_below(&b.rng, 256) - 128);
    const void *x = format == NAS_FORMAT_INT8 ? (const void *)codes : values;
    void *y = nas_arena_alloc(arena, (size_t)nas_tensor_bytes(out), &err);
    assert_int_equal(nas_interp_open(&g, &it, &err), NAS_OK);
    nas_interp_run_raw(it, x, y);
    nas_interp_close(it);
    for (int64_t i = 0; i < nas_tensor_count(out); i++) {
        const int32_t c = (int32_t)(i % t->out), at = (int32_t)(i / t->out);
        const int32_t zero = in->n_scale ? in->zero_point[0] : 0;
        const double sum = plain_sum(&g, x, zero, at / out->dims[2], at % out->dims[2], c);
        if (format != NAS_FORMAT_INT8) {
            double v = sum + (double)((const float *)bias->data)[c];
            if (t->activation != NAS_ACT_NONE && v < 0) v = 0;
            if (t->activation == NAS_ACT_RELU6 && v > 6) v = 6;
            assert_true(fabs((double)((float *)y)[i] - v) <= 2e-5);
            continue;
        }
        const nas_fixed f =
            nas_fixed_of((double)in->scale[0] * (double)kernel->scale[c] / (double)out->scale[0]);
        int32_t v = nas_fixed_scale((int32_t)sum + ((const int32_t *)bias->data)[c], f) +
                    out->zero_point[0];
        const int32_t least = t->activation == NAS_ACT_NONE ? -128 : out->zero_point[0];
        v = v < least ? least : v > 127 ? 127 : v;
        if (t->activation != NAS_ACT_RELU6) assert_int_equal(((int8_t *)y)[i], v);
    }
    nas_arena_back(arena, mark);
}

static void test_tiles(void **state) {
    (void)state;
    static const conv_case cases[] = {
        {24, 4, 32, 32, NAS_SAME, NAS_ACT_RELU},  {13, 7, 16, 8, NAS_SAME, NAS_ACT_NONE},
        {9, 9, 77, 51, NAS_VALID, NAS_ACT_RELU6}, {6, 12, 33, 17, NAS_VALID, NAS_ACT_RELU},
        {2, 2, 40, 9, NAS_SAME, NAS_ACT_NONE},    {1, 9, 32, 16, NAS_SAME, NAS_ACT_NONE},
        {7, 5, 130, 24, NAS_SAME, NAS_ACT_RELU},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        check_tiles(&cases[i], NAS_FORMAT_FLOAT32, (uint32_t)i);
        check_tiles(&cases[i], NAS_FORMAT_INT8, (uint32_t)i);
    }
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

/* Weights symmetric per output channel, those of a dense layer with one scale unless asked
 * otherwise, activations with one scale, int32 bias. */
static void check_layout(bool dense_by_channel) {
    rg b = rg_net(arena, 2, 1, true);
    float x[13 * 9 * 3];
    b.g.dense_by_channel = dense_by_channel;
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
        const bool whole = o->kind == NAS_OP_FULLY_CONNECTED && !dense_by_channel;
        int32_t most[64] = {0};
        assert_int_equal(w->n_scale, whole ? 1 : c);
        assert_int_equal(bias->n_scale, w->n_scale);
        assert_int_equal(w->axis, axis);
        assert_int_equal(bias->dtype, NAS_I32);
        for (int64_t k = 0; k < nas_tensor_count(w); k++) {
            const int32_t v = abs(((const int8_t *)w->data)[k]);
            int32_t *at = &most[whole ? 0 : k / inner % c];
            *at = v > *at ? v : *at;
        }
        for (int32_t k = 0; k < w->n_scale; k++) {
            const float *in_scale = q.tensors[o->in[0]].scale;
            assert_int_equal(most[k], 127);
            assert_int_equal(w->zero_point[k], 0);
            assert_true(bias->scale[k] == (float)((double)*in_scale * (double)w->scale[k]));
        }
    }
    const nas_tensor *y = &q.tensors[q.output];
    assert_true(y->scale[0] == 1.0f / 256 && y->zero_point[0] == -128);
}

static void test_quantised_layout(void **state) {
    (void)state;
    check_layout(false);
    check_layout(true);
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

static void test_mlperf_model(void **state) {
    (void)state;
    const char *path = mlperf_path();
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
    for (int64_t k = 0; k < MLPERF_EXAMPLES; k++) {
        int8_t x[MLPERF_INPUT], y[MLPERF_OUTPUT];
        mlperf_input(k, x);
        nas_interp_run_raw(it, x, y);
        for (int32_t c = 0; c < MLPERF_OUTPUT; c++) {
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
        cmocka_unit_test(test_fixed_point_golden),
        cmocka_unit_test(test_rows_agree),
        cmocka_unit_test(test_depthwise_rows),
        cmocka_unit_test(test_rows_fuse),
        cmocka_unit_test(test_tiles),
        cmocka_unit_test(test_quantised_is_close),
        cmocka_unit_test(test_quantised_layout),
        cmocka_unit_test(test_activation_range),
        cmocka_unit_test(test_not_finite_is_refused),
        cmocka_unit_test(test_mlperf_model),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
