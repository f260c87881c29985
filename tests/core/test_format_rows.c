/* tests/core/test_format_rows.c - what the row of a number format says is what its file holds. */
#include "core/deploy/deploy.h"
#include "core/nn/layers/conv_int.h"
#include "tests/nets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

enum { H = 6, W = 5, N = 4, CLASSES = 3, FILTERS = 8 };

/* Kernels of 9 * FILTERS, of 3 * FILTERS and of FILTERS * CLASSES weights. */
static const nas_model model =
    MODEL(H, W, 1, CONV(FILTERS, 3, 3, 1, 1, NAS_SAME, true), DEPTHWISE(3, 1, 1, 1, NAS_SAME, true),
          RELU, GAP, DENSE(CLASSES), SOFTMAX);

static nas_graph float_graph(nas_arena *a) {
    nas_net *net;
    nas_err err = {0};
    nas_graph g = nas_graph_start(a);
    if (nas_net_open(&model, CLASSES, 1, nas_kernel_find("generic"), &net, &err) != NAS_OK)
        fail_msg("%s", err.text);
    nas_net_init(net, 3, 0);
    assert_int_equal(nas_net_lower(net, &g, &err), NAS_OK);
    assert_int_equal(nas_graph_fold(&g, &err), NAS_OK);
    nas_net_close(net);
    return g;
}

static int32_t constants_of(const nas_graph *g, nas_dtype d, int64_t least) {
    int32_t n = 0;
    for (int32_t i = 0; i < g->n_tensors; i++)
        n += g->tensors[i].data && g->tensors[i].dtype == d &&
             nas_tensor_count(&g->tensors[i]) >= least;
    return n;
}

static void test_rows(void **state) {
    (void)state;
    nas_arena *a;
    nas_err err = {0};
    static float x[N * H * W];
    fill(x, N * H * W, 5);
    assert_int_equal(nas_arena_open(&a, &err), NAS_OK);
    const nas_graph g = float_graph(a);
    for (int32_t i = 0; i < NAS_FORMATS; i++) {
        const nas_format_ops *row = nas_format_at((nas_format)i);
        assert_string_equal(row->name, nas_format_names[i]);
        nas_graph out = nas_graph_start(a);
        if (nas_format_apply(&g, (nas_format)i, x, N, &out, &err) != NAS_OK)
            fail_msg("%s: %s", row->name, err.text);
        const bool codes = row->rounding == NAS_ROUND_CODES;
        assert_int_equal(row->integer, out.tensors[out.input].dtype == NAS_I8);
        assert_int_equal(constants_of(&out, NAS_F16, 1) > 0, row->rounding == NAS_ROUND_HALF);
        assert_int_equal(constants_of(&out, NAS_I8, 1) > 0, codes);
        /* What has fewer weights is float32, if the row says so. */
        assert_int_equal(constants_of(&out, NAS_I8, 1), constants_of(&out, NAS_I8, row->least));
        assert_true(codes || (!row->integer && !row->least));
    }
    assert_null(nas_format_names[NAS_FORMATS]);
    assert_null(nas_format_at(NAS_FORMATS));
    nas_graph out = nas_graph_start(a);
    assert_int_equal(nas_format_apply(&g, NAS_FORMATS, x, N, &out, &err), NAS_EINVAL);
    nas_arena_close(a);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_rows)};
    return cmocka_run_group_tests_name("format_rows", tests, NULL, NULL);
}
