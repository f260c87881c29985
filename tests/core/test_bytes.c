/* tests/core/test_bytes.c - int8 on rows that sum products of bytes and scale by floats: the same
 * as fixed point, for scales whose sums come to a half too. */
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
static const char *const rows[] = {"reference", "generic",    "avx2",
                                   "avx512",    "avx512vnni", "avx512amx"};
enum { ROWS = sizeof rows / sizeof *rows, CODES = 256, PAIRS = CODES * CODES };

static void run_row(const nas_graph *g, const char *row, const void *x, void *y) {
    nas_interp *it;
    setenv("NAS_KERNEL", row, 1);
    if (nas_interp_open(g, &it, &err) != NAS_OK) fail_msg("%s", err.text);
    nas_interp_run_raw(it, x, y);
    nas_interp_close(it);
    unsetenv("NAS_KERNEL");
}

/* --- ADD -------------------------------------------------------------------------------------- */

/* As the reference kernel has it (reference/add.h), in fixed point. */
static int8_t sum_of(const float scale[3], const int32_t zero[3], int32_t a, int32_t b) {
    const double twice = (double)(2 * (scale[0] > scale[1] ? scale[0] : scale[1]));
    const nas_fixed p = nas_fixed_of((double)scale[0] / twice);
    const nas_fixed q = nas_fixed_of((double)scale[1] / twice);
    const nas_fixed r = nas_fixed_of(twice / (double)((float)(1 << 20) * scale[2]));
    const int32_t v = nas_fixed_scale((a - zero[0]) * (1 << 20), p) +
                      nas_fixed_scale((b - zero[1]) * (1 << 20), q);
    const int32_t code = nas_fixed_scale(v, r) + zero[2];
    return (int8_t)(code < -128 ? -128 : code > 127 ? 127 : code);
}

static void check_add(const float scale[3], const int32_t zero[3]) {
    const nas_arena_mark mark = nas_arena_here(arena);
    int8_t *codes = nas_arena_alloc(arena, 3 * PAIRS, &err), *x = codes + PAIRS, *y = x + PAIRS;
    nas_graph g = nas_graph_start(arena);
    nas_op o = {.kind = NAS_OP_ADD, .n_in = 2};
    int32_t at[3];
    for (int32_t i = 0; i < PAIRS; i++) {
        x[i] = (int8_t)(i % CODES - 128);
        codes[i] = (int8_t)(i / CODES - 128);
    }
    for (int32_t k = 0; k < 3; k++) {
        const nas_tensor t = {.dtype = NAS_I8,
                              .rank = 2,
                              .dims = {CODES, CODES},
                              .n_scale = 1,
                              .scale = &scale[k],
                              .zero_point = &zero[k],
                              .data = k == 1 ? codes : NULL};
        assert_int_equal(nas_graph_tensor(&g, &t, &at[k], &err), NAS_OK);
    }
    g.input = o.in[0] = at[0];
    o.in[1] = at[1];
    g.output = o.out = at[2];
    assert_int_equal(nas_graph_op(&g, &o, &err), NAS_OK);
    for (int32_t r = 0; r < ROWS; r++) {
        if (!nas_infer_find(rows[r])) continue;
        run_row(&g, rows[r], x, y);
        for (int32_t i = 0; i < PAIRS; i++)
            assert_int_equal(y[i], sum_of(scale, zero, x[i], codes[i]));
    }
    nas_arena_back(arena, mark);
}

static void test_add(void **state) {
    (void)state;
    static const float scales[][3] = {{0.5F, 0.5F, 1},
                                      {0.25F, 0.5F, 0.5F},
                                      {1, 0.125F, 2},
                                      {0.0231F, 0.0231F, 0.0462F},
                                      {0.01F, 0.0173F, 0.0211F},
                                      {0.0311F, 0.0011F, 0.0305F},
                                      {0.7F, 0.3F, 0.01F},
                                      {0.001F, 0.002F, 0.4F}};
    static const int32_t zeros[][3] = {{0, 0, 0}, {-128, -128, -128}, {3, -17, 88}};
    for (size_t i = 0; i < sizeof scales / sizeof *scales; i++)
        for (size_t k = 0; k < sizeof zeros / sizeof *zeros; k++) check_add(scales[i], zeros[k]);
}

/* --- windows ---------------------------------------------------------------------------------- */

enum { VALUES = 1 << 16 };

/* As all rows agree on. out_scale, kernel_scale: 0: as calibrated; else that. */
static void check_rows(rg *b, float kernel_scale, float out_scale) {
    const int64_t n_in = nas_tensor_count(&b->g.tensors[b->g.input]);
    float *x = nas_arena_array(arena, VALUES, sizeof *x, &err);
    int8_t *codes = nas_arena_alloc(arena, (size_t)n_in, &err);
    nas_graph g = nas_graph_start(arena);
    assert_true(x && codes && n_in <= VALUES);
    for (int64_t i = 0; i < n_in; i++) x[i] = rg_uniform(b, -2, 2);
    assert_int_equal(nas_format_apply(&b->g, NAS_FORMAT_INT8, x, 1, &g, &err), NAS_OK);
    for (int64_t i = 0; i < n_in; i++) codes[i] = (int8_t)((int)nas_rng_below(&b->rng, 256) - 128);
    nas_tensor *kernel = &g.tensors[g.ops[0].in[1]], *out = &g.tensors[g.ops[0].out];
    float *scale = nas_arena_array(arena, (size_t)kernel->n_scale + 1, sizeof *scale, &err);
    assert_non_null(scale);
    for (int32_t i = 0; i < kernel->n_scale; i++)
        scale[i] = kernel_scale > 0 ? kernel_scale : kernel->scale[i];
    scale[kernel->n_scale] = out_scale > 0 ? out_scale : out->scale[0];
    kernel->scale = scale;
    out->scale = scale + kernel->n_scale;
    const size_t n = (size_t)nas_tensor_bytes(&g.tensors[g.output]);
    int8_t *want = nas_arena_alloc(arena, n, &err), *got = nas_arena_alloc(arena, n, &err);
    assert_true(want && got);
    for (int32_t r = 0; r < ROWS; r++) {
        if (!nas_infer_find(rows[r])) continue;
        run_row(&g, rows[r], codes, r == 0 ? want : got);
        if (r > 0) assert_memory_equal(want, got, n);
    }
}

typedef struct window_case {
    int32_t h, w, in, out; /* out 0: depthwise */
    rg_window window;
} window_case;

/* Runs of each length of a tile, pixels that are no multiple of one, windows over time. */
static void test_windows(void **state) {
    (void)state;
    static const window_case cases[] = {
        {25, 12, 48, 48, {.kernel = {1, 1}}},
        {24, 4, 128, 77, {.kernel = {1, 1}, .activation = NAS_ACT_RELU}},
        {7, 5, 64, 17, {.kernel = {3, 3}, .activation = NAS_ACT_RELU}},
        {14, 4, 51, 51, {.kernel = {3, 3}, .activation = NAS_ACT_RELU6}},
        {11, 9, 70, 24, {.kernel = {2, 2}, .stride = {2, 1}, .padding = NAS_VALID}},
        {40, 1, 24, 48, {.kernel = {3, 1}, .stride = {2, 1}}},
        {9, 9, 1, 20, {.kernel = {5, 5}, .stride = {2, 2}}},
        {33, 1, 64, 5, {.kernel = {1, 1}}},
        {25, 1, 48, 0, {.kernel = {9, 1}, .activation = NAS_ACT_RELU}},
        {25, 1, 7, 0, {.kernel = {4, 1}, .dilation = {3, 1}}},
        {25, 1, 36, 0, {.kernel = {5, 1}, .stride = {2, 1}}},
        {6, 21, 20, 0, {.kernel = {1, 7}, .activation = NAS_ACT_RELU6}},
        {6, 21, 36, 0, {.kernel = {1, 3}, .stride = {2, 1}, .dilation = {1, 2}}},
        {12, 12, 77, 0, {.kernel = {3, 3}}},
        {12, 6, 128, 0, {.kernel = {6, 5}, .dilation = {2, 1}}},
    };
    static const float scales[][2] = {{0, 0}, {0x1p-7F, 1}, {0x1.8p-6F, 0.5F}, {0x1p-3F, 0x1p-12F}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (size_t k = 0; k < sizeof scales / sizeof *scales; k++) {
            const window_case *t = &cases[i];
            const nas_arena_mark mark = nas_arena_here(arena);
            rg b = rg_start(arena, (uint32_t)i, 4, (int32_t[]){1, t->h, t->w, t->in});
            if (t->out)
                rg_conv(&b, t->out, t->window);
            else
                rg_depthwise(&b, 1, t->window);
            check_rows(&b, scales[k][0], scales[k][1]);
            nas_arena_back(arena, mark);
        }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_add),
        cmocka_unit_test(test_windows),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
