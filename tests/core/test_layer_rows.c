/* tests/core/test_layer_rows.c - what a row says is all that the engine asks of a layer: a layer of
 * this file, in no table, is trained, folded, rounded and lowered. */
#include "core/compress/tune.h"
#include "core/nn/layers/conv_int.h"
#include "tests/nets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { H = 8, W = 6, SIZE = H * W, CLASSES = 3, N = 12 };

/* gain: y = x * gamma, a learnt factor for each channel. */
static const nas_key no_keys[] = {NAS_KEY_END};

static nas_status gain_plan(nas_node *node, nas_err *err) {
    const nas_shape s = node->out_shape = node->in_shape[0];
    (void)err;
    nas_node_weight(node, "gamma", 1, s.c, true, NAS_INIT_ONES);
    return NAS_OK;
}

static nas_status gain_bind(nas_node *node, const nas_value *values, nas_arena *a, nas_err *err) {
    (void)values;
    (void)a;
    (void)err;
    node->work_floats = (size_t)node->weights[0].stride; /* zeros */
    return NAS_OK;
}

static void gain_forward(const nas_node *node, const nas_run *run) {
    const nas_map x = nas_node_x(node, 0, run), y = nas_node_y(node, run);
    run->kernel->affine(&x, run->n, nas_node_param(node, 0, run->net), node->work, false, &y);
}

static void gain_backward(const nas_node *node, const nas_run *run) {
    const nas_map x = nas_node_x(node, 0, run), dy = nas_node_dy(node, run);
    const float *gamma = nas_node_param(node, 0, run->net);
    float *grad = nas_run_grad(node, 0, run);
    for (int32_t i = 0; i < run->n; i++)
        for (int32_t r = 0; r < x.h; r++)
            for (int32_t k = 0; k < x.w * x.c; k++) {
                const int32_t col = k / x.c, c = k % x.c;
                grad[c] += x.at[i * x.image + r * x.row + col * x.cs + c] *
                           dy.at[i * dy.image + r * dy.row + col * dy.cs + c];
            }
    if (!node->edge[0].wanted) return;
    const nas_map dx = nas_node_dx(node, 0, run);
    run->kernel->affine_grad(&x, &dy, run->n, gamma, node->work, false, node->work, node->work,
                             &dx);
}

static nas_status gain_lower(const nas_node *node, const nas_net *net, nas_graph *g,
                             const int32_t in[2], int32_t *out, nas_err *err) {
    const nas_shape s = node->out_shape;
    nas_op mul = {.kind = NAS_OP_MUL, .n_in = 2, .in = {in[0]}};
    NAS_TRY(nas_lower_weight(node, net, 0, g, 1, &s.c, false, &mul.in[1], err));
    return nas_lower_op(g, mul, s, g->tensors[in[0]].rank == 2, out, err);
}

static void gain_affine(const nas_node *node, const nas_net *net, int32_t c, float *scale,
                        float *shift) {
    *scale = nas_node_param(node, 0, net)[c];
    *shift = 0;
}

static const nas_layer_ops gain = {.name = "gain",
                                   .keys = no_keys,
                                   .channelwise = true,
                                   .folded = &nas_layer_affine,
                                   .plan = gain_plan,
                                   .bind = gain_bind,
                                   .forward = gain_forward,
                                   .backward = gain_backward,
                                   .lower = gain_lower,
                                   .affine = gain_affine};
#define GAIN \
    { .ops = &gain }

static float all_x[N * SIZE];
static int32_t all_y[N];
static const nas_examples examples = {.x = all_x, .y = all_y, .n = N, .h = H, .w = W};

/* The first gain has no kernel before it, the others go into theirs. */
static const nas_model model = MODEL(H, W, 1, GAIN, CONV(4, 3, 3, 1, 1, NAS_SAME, false), GAIN,
                                     RELU, DEPTHWISE(3, 3, 2, 2, NAS_SAME, false), DROPOUT(0.1),
                                     GAIN, RELU6, GAP, DENSE(CLASSES), SOFTMAX);

static int make_examples(void **state) {
    (void)state;
    fill(all_x, N * SIZE, 5);
    for (int i = 0; i < N; i++) all_y[i] = i * 7 % CLASSES;
    return 0;
}

static int32_t count(const nas_net *net, const nas_layer_ops *ops) {
    int32_t n = 0;
    for (int32_t i = 0; i < net->nodes.n; i++) n += net->nodes.v[i].ops == ops;
    return n;
}

static nas_net *train(void) {
    static const nas_train_config config = {
        .epochs = 4, .batch_size = N, .learning_rate = {.from = 0.05}};
    nas_net *net;
    nas_trainer *t;
    nas_train_end end;
    nas_err err = {0};
    if (nas_net_open(&model, CLASSES, N, nas_kernel_find("generic"), &net, &err) != NAS_OK)
        fail_msg("%s", err.text);
    nas_net_init(net, 3, 0);
    const nas_trainer_options o = {.net = net, .config = &config, .train = &examples};
    if (nas_trainer_open(&o, &t, &err) != NAS_OK) fail_msg("%s", err.text);
    assert_int_equal(nas_trainer_run(t, 4, NULL, NULL, NULL, &end, &err), NAS_OK);
    nas_trainer_close(t);
    return net;
}

static void test_row_alone(void **state) {
    (void)state;
    nas_err err = {0};
    nas_net *net = train(), *folded, *rounded;
    float trained[N * CLASSES], out[N * CLASSES], gamma[4];
    assert_int_equal(count(net, &gain), 3);
    nas_net_predict(net, all_x, N, trained);
    /* It learnt. */
    for (int32_t i = 0; i < nas_net_tensors(net); i++) {
        if (!strstr(nas_net_tensor_at(net, i).name, "gamma")) continue;
        nas_net_tensor_get(net, i, gamma);
        assert_true(gamma[0] != 1);
    }

    nas_tuner *tuner;
    const nas_tuning tuning = {.all = true, .rounding = NAS_ROUND_CODES};
    assert_int_equal(nas_tune_open(net, &tuning, &tuner, &err), NAS_EINVAL);
    assert_non_null(strstr(err.text, "layer 1 (gain)"));
    assert_int_equal(nas_net_fold(net, &folded, &err), NAS_OK);
    assert_int_equal(count(folded, &gain), 0);
    assert_int_equal(count(folded, &nas_layer_affine), 1);
    nas_net_predict(folded, all_x, N, out);
    for (int i = 0; i < N * CLASSES; i++) assert_true(fabsf(out[i] - trained[i]) < 1e-5f);

    assert_int_equal(nas_net_round(folded, all_x, N, &rounded, &err), NAS_OK);
    nas_arena *a;
    assert_int_equal(nas_arena_open(&a, &err), NAS_OK);
    nas_graph g = nas_graph_start(a);
    assert_int_equal(nas_net_lower(rounded, &g, &err), NAS_OK);
    assert_int_equal(nas_graph_fold(&g, &err), NAS_OK);
    nas_arena_close(a);
    nas_net_close(net);
    nas_net_close(folded);
    nas_net_close(rounded);
}

/* What a row says fits together. */
static void expect_sense(const nas_layer_ops *l) {
    if (l->is_plain_relu) assert_true(l->is_relu);
    if (l->depthwise || l->shares_scale || l->reads) assert_true(l->has_kernel);
    if (l->renames) assert_true(l->keeps_scale && !l->reads);
    assert_true((l->affine != NULL) == (l->folded != NULL));
    assert_true(l->keeps_scale + l->keeps_scale_alone + l->fixes_scale <= 1);
    if (l->reduce) assert_true(l->finish && l->dreduce && l->dfinish);
    assert_true(l->has_body || (l->plan && l->forward && l->backward && l->lower));
}

static void test_rows(void **state) {
    (void)state;
    int32_t classes = 0;
    for (int i = 0; nas_layer_at(i); i++) {
        const nas_layer_ops *l = nas_layer_at(i);
        expect_sense(l);
        assert_ptr_equal(nas_layer_find(l->name), l);
        classes += l->ends == NAS_ENDS_CLASSES;
        assert_int_not_equal(l->ends, NAS_ENDS_VALUES);
    }
    assert_int_equal(classes, 1);
    assert_int_equal(nas_layer_values()->ends, NAS_ENDS_VALUES);
    expect_sense(nas_layer_values());
    expect_sense(&nas_layer_affine);
    expect_sense(&nas_layer_round);
    expect_sense(&nas_layer_add);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_row_alone),
                                       cmocka_unit_test(test_rows)};
    return cmocka_run_group_tests_name("layer_rows", tests, make_examples, NULL);
}
