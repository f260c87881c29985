/* tests/core/test_bias.c - int8 convolutions whose bias is what a damaged file may hold: next to
 * 2^31. Sums wrap as the reference's do, on every row of kernels. */
#include "core/deploy/deploy.h"
#include "core/deploy/fixed.h"
#include "tests/fixture.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

enum { CHANNELS = 37, PIXELS = 5 };

static nas_err err;

static const int32_t odd[] = {INT32_MAX,       INT32_MIN, INT32_MAX - 900,
                              INT32_MIN + 900, 1 << 30,   -(1 << 30) - 5,
                              3 << 29,         123,       -77};

static int32_t int8_tensor(nas_graph *g, int32_t rank, const int32_t *dims, float scale, int32_t zp,
                           const void *data) {
    nas_tensor t = {.dtype = NAS_I8, .rank = rank, .n_scale = 1, .data = data};
    float *s = nas_arena_array(arena, 1, sizeof *s, &err);
    int32_t *z = nas_arena_array(arena, 1, sizeof *z, &err), index;
    memcpy(t.dims, dims, (size_t)rank * sizeof *dims);
    *s = scale;
    *z = zp;
    t.scale = s;
    t.zero_point = z;
    assert_int_equal(nas_graph_tensor(g, &t, &index, &err), NAS_OK);
    return index;
}

/* A 1x1 convolution of one input channel with the output scale 1 / ratio. */
static void check(double ratio) {
    nas_graph g = nas_graph_start(arena);
    int8_t kernel[CHANNELS], x[PIXELS] = {-128, -1, 0, 5, 127}, y[PIXELS * CHANNELS];
    int32_t bias[CHANNELS];
    for (int32_t c = 0; c < CHANNELS; c++) {
        kernel[c] = (int8_t)(c * 7 - 120);
        bias[c] = odd[c % (int32_t)(sizeof odd / sizeof *odd)];
    }
    g.input = int8_tensor(&g, 4, (int32_t[]){1, PIXELS, 1, 1}, 1, 0, NULL);
    const int32_t w = int8_tensor(&g, 4, (int32_t[]){CHANNELS, 1, 1, 1}, 1, 0, kernel);
    nas_tensor b = {.dtype = NAS_I32, .rank = 1, .dims = {CHANNELS}, .data = bias};
    nas_op o = {.kind = NAS_OP_CONV_2D, .n_in = 3, .in = {g.input, w}, .padding = NAS_VALID};
    assert_int_equal(nas_graph_tensor(&g, &b, &o.in[2], &err), NAS_OK);
    o.out = g.output =
        int8_tensor(&g, 4, (int32_t[]){1, PIXELS, 1, CHANNELS}, (float)(1 / ratio), 3, NULL);
    assert_int_equal(nas_graph_op(&g, &o, &err), NAS_OK);
    nas_interp *it;
    if (nas_interp_open(&g, &it, &err) != NAS_OK) fail_msg("%s", err.text);
    nas_interp_run_raw(it, x, y);
    nas_interp_close(it);
    const nas_fixed f = nas_fixed_of(1 / (double)(float)(1 / ratio));
    for (int32_t p = 0; p < PIXELS; p++)
        for (int32_t c = 0; c < CHANNELS; c++) {
            const uint32_t sum = (uint32_t)(x[p] * kernel[c]) + (uint32_t)bias[c];
            const int64_t v = (int64_t)nas_fixed_scale((int32_t)sum, f) + 3;
            assert_int_equal(y[p * CHANNELS + c], v < -128 ? -128 : v > 127 ? 127 : v);
        }
}

static void test_sums_wrap(void **state) {
    (void)state;
    for (int32_t shift = 1; shift < 32; shift++) {
        check(1.999 * 0.5 / (double)(1u << (shift - 1)));
        check(1.001 / (double)(1u << shift));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_sums_wrap)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
