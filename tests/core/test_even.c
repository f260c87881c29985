/* One scale for all of a dense kernel: in fine-tuning and clusters, and how nets are made to bear
 * it. */
#include "core/compress/cluster.h"
#include "core/compress/even.h"
#include "core/compress/tune.h"
#include "core/deploy/deploy.h"
#include "tests/compress.h"

#include <math.h>

static const nas_model mlp = MODEL(HIGH, WIDE, 1, FLATTEN, DENSE(24), RELU, DROPOUT(0.2), DENSE(10),
                                   RELU, DENSE(CLASSES), SOFTMAX);
/* No pair: the ReLU is clipped; the value goes two ways. */
static const nas_model apart =
    MODEL(HIGH, WIDE, 1, FLATTEN, DENSE(24), RELU6, DENSE(CLASSES), SOFTMAX);

static void check(nas_status st, const nas_err *err) {
    if (st != NAS_OK) fail_msg("%s", err->text);
}

static nas_node *dense(const nas_net *net, int nth) {
    for (int32_t i = 0;; i++)
        if (net->nodes.v[i].ops == &nas_layer_dense && nth-- == 0) return &net->nodes.v[i];
}

static float largest(const nas_net *net, nas_node *node, int32_t place, bool column) {
    const nas_weight *w = &node->weights[0];
    const float *v = nas_node_param(node, 0, net);
    float most = 0;
    for (int32_t i = 0; i < (column ? w->rows : w->cols); i++)
        most = fmaxf(most, fabsf(v[column ? i * w->stride + place : place * w->stride + i]));
    return most;
}

/* A net whose first layer has columns of sizes 1 to 16. */
static nas_net *uneven(const nas_model *m) {
    nas_net *net = open_net(m);
    nas_node *node = dense(net, 0);
    float *v = nas_node_param(node, 0, net);
    nas_net_init(net, 3, 0);
    for (int32_t r = 0; r < node->weights[0].rows; r++)
        for (int32_t c = 0; c < node->weights[0].cols; c++)
            v[r * node->weights[0].stride + c] *= exp2f((float)(c % 5));
    return net;
}

static void predict(nas_net *net, float *p) {
    const nas_examples e = toy();
    nas_net_predict(net, e.x, e.n, p);
}

static double apart_by(const float *a, const float *b) {
    double most = 0;
    for (int i = 0; i < EXAMPLES * CLASSES; i++) most = fmax(most, fabs((double)(a[i] - b[i])));
    return most;
}

/* The sizes meet, the answers stay. */
static void test_even(void **state) {
    (void)state;
    nas_net *net = uneven(&mlp);
    float before[EXAMPLES * CLASSES], after[EXAMPLES * CLASSES];
    predict(net, before);
    nas_net_even(net);
    predict(net, after);
    assert_true(apart_by(before, after) < 1e-5);
    nas_node *a = dense(net, 1), *b = dense(net, 2); /* the pair that came last */
    for (int32_t c = 0; c < 10; c++)
        assert_true(fabsf(largest(net, a, c, true) / largest(net, b, c, false) - 1) < 1e-5f);
    nas_net_close(net);

    net = uneven(&apart);
    const float was = largest(net, dense(net, 0), 3, true);
    nas_net_even(net);
    assert_true(largest(net, dense(net, 0), 3, true) == was);
    nas_net_close(net);
}

/* Answers of the int8 file. */
static void answers(nas_net *net, bool by_channel, float *p) {
    const nas_examples e = toy();
    nas_arena *a;
    nas_interp *it;
    nas_err err = {0};
    check(nas_arena_open(&a, &err), &err);
    nas_graph g = nas_graph_start(a), out = nas_graph_start(a);
    check(nas_net_lower(net, &g, &err), &err);
    check(nas_graph_fold(&g, &err), &err);
    g.dense_by_channel = by_channel;
    check(nas_format_ship(&g, NAS_FORMAT_INT8, e.x, e.n, &out, &err), &err);
    check(nas_interp_open(&out, &it, &err), &err);
    for (int i = 0; i < e.n; i++) nas_interp_run(it, e.x + i * HIGH * WIDE, p + i * CLASSES);
    nas_interp_close(it);
    nas_arena_close(a);
}

/* One scale costs much where columns differ, and nothing where they were made even. */
static void test_cost(void **state) {
    (void)state;
    nas_net *net = uneven(&mlp);
    float exact[EXAMPLES * CLASSES], one[EXAMPLES * CLASSES], many[EXAMPLES * CLASSES],
        even[EXAMPLES * CLASSES];
    predict(net, exact);
    answers(net, false, one);
    answers(net, true, many);
    nas_net_even(net);
    answers(net, false, even);
    assert_true(apart_by(exact, many) < apart_by(exact, one));
    assert_true(apart_by(exact, even) < apart_by(exact, one));
    assert_true(apart_by(exact, even) < 1.5 * apart_by(exact, many));
    nas_net_close(net);
}

/* What fine-tuning and clusters hold is what the file will hold: codes of one scale. */
static void check_scales(const nas_net *net, bool by_channel) {
    for (int nth = 0; nth < 3; nth++) {
        nas_node *node = dense(net, nth);
        const nas_weight *w = &node->weights[0];
        const float *v = nas_node_param(node, 0, net), *scale = w->coding.scales;
        bool different = false;
        if (!scale) continue; /* too small for clusters */
        for (int32_t c = 0; c < w->cols; c++) {
            different |= scale[c] != scale[0];
            for (int32_t r = 0; r < w->rows; r++) {
                const float code = v[r * w->stride + c] / scale[c];
                assert_true(fabsf(code - roundf(code)) < 1e-3f && fabsf(code) < 127.5f);
            }
        }
        assert_int_equal(different, by_channel);
    }
}

static void test_scales(void **state) {
    (void)state;
    static const nas_cluster_config eight = {.on = true, .clusters = 8, .init = NAS_CLUSTER_LINEAR};
    nas_err err = {0};
    for (int by_channel = 0; by_channel < 2; by_channel++) {
        const nas_tuning tuning = {
            .all = true, .rounding = NAS_ROUND_CODES, .dense_by_channel = by_channel};
        nas_tuner *t;
        nas_net *net = uneven(&mlp), *other = uneven(&mlp);
        check(nas_tune_open(net, &tuning, &t, &err), &err);
        check_scales(net, by_channel);
        nas_tune_close(t);
        check(nas_cluster_net(other, &eight,
                              by_channel ? NAS_CLUSTER_DENSE_BY_CHANNEL : NAS_CLUSTER_SCALED, 1, 0,
                              &err),
              &err);
        check_scales(other, by_channel);
        nas_net_close(net);
        nas_net_close(other);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_even),
        cmocka_unit_test(test_cost),
        cmocka_unit_test(test_scales),
    };
    return cmocka_run_group_tests_name("even", tests, NULL, NULL);
}
