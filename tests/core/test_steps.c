/* tests/core/test_steps.c - steps with weight decay and warm-up: against Keras, and what must not
 * move.
 */
#include "core/nn/layers/conv_int.h"
#include "core/nn/train/train.h"
#include "tests/nets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N = 12, H = 6, W = 5, CLASSES = 3, STEPS = 8, WEIGHTS = 5 * 9 + 4 * 5 + 45 + 5 + 453 };

static const char *const rows[] = {"reference", "generic", "avx2", "avx512"};

/* The net of tests/golden/make_steps.py. */
static const nas_model model =
    MODEL(H, W, 1, CONV(5, 3, 3, 1, 1, NAS_SAME, false), BN, RELU,
          DEPTHWISE(3, 3, 1, 1, NAS_SAME, true), RELU, FLATTEN, DENSE(CLASSES), SOFTMAX);

typedef struct golden {
    float x[N * H * W], start[WEIGHTS];
    int32_t y[N], z[N];
    float share[N];
    nas_examples e;
} golden;

static FILE *file;

static void read_line(const char *name, float *out, int32_t n) {
    char word[64];
    assert_int_equal(fscanf(file, "%63s", word), 1);
    assert_string_equal(word, name);
    for (int32_t i = 0; i < n; i++) assert_int_equal(fscanf(file, "%f", &out[i]), 1);
}

static void read_labels(const char *name, int32_t *out) {
    float v[N];
    read_line(name, v, N);
    for (int i = 0; i < N; i++) out[i] = (int32_t)v[i];
}

static void load(nas_net *net, const float *from) {
    for (int32_t i = 0; i < nas_net_tensors(net); i++) {
        nas_net_tensor_set(net, i, from);
        from += nas_net_tensor_at(net, i).count;
    }
}

static nas_net *open_net(const nas_model *m, int32_t classes, const nas_kernel *k) {
    nas_net *net;
    nas_err err = {0};
    if (nas_net_open(m, classes, N, k, &net, &err) != NAS_OK) fail_msg("%s", err.text);
    nas_net_init(net, 3, 0);
    return net;
}

static nas_trainer *open_trainer(nas_net *net, const nas_train_config *config,
                                 const nas_examples *e) {
    nas_trainer *t;
    nas_err err = {0};
    const nas_trainer_options o = {.net = net, .config = config, .train = e};
    if (nas_trainer_open(&o, &t, &err) != NAS_OK) fail_msg("%s", err.text);
    return t;
}

/* Keras shrinks weights before the step and not after it: off by share * step. */
static void expect_weights(const nas_net *net, const char *run, const float *expected,
                           double most) {
    float v[512];
    for (int32_t i = 0; i < nas_net_tensors(net); i++) {
        const nas_net_tensor_info info = nas_net_tensor_at(net, i);
        nas_net_tensor_get(net, i, v);
        for (int64_t j = 0; j < info.count; j++)
            if (!(fabs((double)v[j] - (double)expected[j]) <= most))
                fail_msg("%s: %s[%d] is %.8g, Keras has %.8g", run, info.name, (int)j, (double)v[j],
                         (double)expected[j]);
        expected += info.count;
    }
}

static void check_run(const golden *g, const char *run, const nas_train_config *config, bool soft,
                      double most) {
    float loss[STEPS], after[WEIGHTS];
    char end[64];
    snprintf(end, sizeof end, "%s_end", run);
    read_line(run, loss, STEPS);
    read_line(end, after, WEIGHTS);
    for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
        const nas_kernel *k = nas_kernel_find(rows[r]);
        if (!k) continue;
        nas_net *net = open_net(&model, CLASSES, k);
        load(net, g->start);
        nas_trainer *t = open_trainer(net, config, &g->e);
        for (int s = 0; s < STEPS; s++) {
            const double v =
                soft ? nas_trainer_step_mixed(t, g->x, g->y, (nas_mix){g->z, g->share}, N)
                     : nas_trainer_step_on(t, g->x, g->y, N);
            if (!(fabs(v - (double)loss[s]) <= 2e-3 * (double)loss[s]))
                fail_msg("%s: loss of step %d is %.8f, Keras has %.8f", run, s, v, (double)loss[s]);
        }
        expect_weights(net, run, after, most);
        nas_trainer_close(t);
        nas_net_close(net);
    }
}

static void test_keras(void **state) {
    (void)state;
    golden g;
    file = fopen("tests/golden/steps.txt", "r");
    assert_non_null(file);
    read_line("x", g.x, N * H * W);
    read_labels("y", g.y);
    read_labels("z", g.z);
    read_line("share", g.share, N);
    read_line("start", g.start, WEIGHTS);
    g.e = (nas_examples){.x = g.x, .y = g.y, .n = N, .h = H, .w = W};
    nas_train_config config = {.epochs = STEPS,
                               .batch_size = N,
                               .label_smoothing = 0.1,
                               .weight_decay = 1,
                               .learning_rate = {.from = 0.001}};
    check_run(&g, "adam_decay", &config, false, 5e-5);
    config.optimizer = 1;
    config.momentum = 0.9;
    config.weight_decay = 1;
    config.learning_rate.from = 0.002;
    check_run(&g, "sgd_decay", &config, false, 5e-4);
    config.optimizer = 0;
    config.weight_decay = 0;
    config.learning_rate.from = 0.01;
    check_run(&g, "soft", &config, true, 2e-3);
    fclose(file);
}

/* Where all gradients are zero only kernels shrink, each by the same share; the padding stays. */
static void test_what_decays(void **state) {
    (void)state;
    const nas_model m = MODEL(9, 1, 5, CONV1D(6, 3, 1, 1, NAS_SAME), BN, RELU,
                              DEPTHWISE(3, 1, 1, 1, NAS_SAME, true),
                              CONV(7, 1, 1, 1, 1, NAS_SAME, true), GAP, DENSE(1), SOFTMAX);
    static float x[N * 45], before[512], after[512];
    static const int32_t y[N];
    fill(x, N * 45, 3);
    const nas_examples e = {.x = x, .y = y, .n = N, .h = 9, .w = 5};
    for (int32_t optimizer = 0; optimizer < 2; optimizer++) {
        const nas_train_config config = {.epochs = 9,
                                         .batch_size = N,
                                         .optimizer = optimizer,
                                         .weight_decay = 0.5,
                                         .learning_rate = {.from = 0.25}};
        nas_net *net = open_net(&m, 1, nas_kernel_find("generic"));
        nas_net *old = open_net(&m, 1, nas_kernel_find("generic"));
        nas_trainer *t = open_trainer(net, &config, &e);
        for (int i = 0; i < 2; i++) assert_true(nas_trainer_step_on(t, x, y, N) == 0);
        int kernels = 0;
        for (int32_t i = 0; i < nas_net_tensors(net); i++) {
            const nas_net_tensor_info info = nas_net_tensor_at(net, i);
            if (!info.trainable) continue;
            const bool kernel = strstr(info.name, "kernel");
            nas_net_tensor_get(old, i, before);
            nas_net_tensor_get(net, i, after);
            kernels += kernel;
            for (int64_t j = 0; j < info.count; j++) {
                const double want = (double)before[j] * (kernel ? 0.875 * 0.875 : 1);
                if (!(fabs((double)after[j] - want) <= 1e-6 * fabs(want)))
                    fail_msg("%s[%d]: %g after %g", info.name, (int)j, (double)after[j],
                             (double)before[j]);
            }
        }
        assert_int_equal(kernels, 4);
        for (size_t i = 0; i < net->n_params; i++)
            assert_true(old->params[i] != 0 || net->params[i] == 0);
        nas_trainer_close(t);
        nas_net_close(net);
        nas_net_close(old);
    }
}

static void test_own_values(void **state) {
    (void)state;
    static _Alignas(64) float values[NAS_CHANNELS], grads[NAS_CHANNELS];
    static const float x[N * H * W];
    static const int32_t y[N];
    const nas_examples e = {.x = x, .y = y, .n = N, .h = H, .w = W};
    const nas_train_hook hook = {.count = NAS_CHANNELS, .values = values, .grads = grads};
    const nas_train_config config = {.epochs = 1, .batch_size = N, .weight_decay = 0.1};
    nas_net *net = open_net(&model, CLASSES, nas_kernel_find("generic"));
    const nas_trainer_options o = {.net = net, .config = &config, .train = &e, .hook = &hook};
    nas_trainer *t;
    nas_err err = {0};
    assert_int_equal(nas_trainer_open(&o, &t, &err), NAS_EINVAL);
    assert_non_null(strstr(err.text, "weight decay"));
    nas_net_close(net);
}

static void assert_rate(const nas_train_config *c, int64_t step, int64_t steps, double want) {
    const double rate = nas_train_rate(c, step, steps);
    if (!(fabs(rate - want) < 1e-12)) fail_msg("step %d: %.15g, not %.15g", (int)step, rate, want);
}

static void test_warm_up(void **state) {
    (void)state;
    nas_train_config c = {
        .epochs = 10, .warm_up_epochs = 2, .learning_rate = {NAS_SCHEDULE_COSINE, 0.3, 0.1, 1}};
    /* 70 steps: 14 of them rise, the cosine has 56. */
    for (int s = 0; s < 14; s++) assert_rate(&c, s, 70, 0.3 * (s + 1) / 14);
    assert_rate(&c, 14, 70, 0.3);
    assert_rate(&c, 14 + 28, 70, 0.2);
    assert_rate(&c, 14 + 14, 70, 0.2 + 0.1 * sqrt(0.5));
    assert_rate(&c, 70, 70, 0.1);
    /* Parts of an epoch: 2.45 steps are two, 2.5 three. */
    c.warm_up_epochs = 0.35;
    assert_rate(&c, 0, 70, 0.15);
    assert_rate(&c, 1, 70, 0.3);
    assert_rate(&c, 2 + 34, 70, 0.2);
    c.learning_rate = (nas_schedule){.kind = NAS_SCHEDULE_CONSTANT, .from = 0.6};
    c.warm_up_epochs = 2.5 / 7;
    for (int s = 0; s < 9; s++) assert_rate(&c, s, 70, s < 3 ? 0.2 * (s + 1) : 0.6);
    /* Never all steps; none is the schedule alone. */
    c.warm_up_epochs = 9.99;
    assert_rate(&c, 68, 70, 0.6);
    assert_rate(&c, 0, 70, 0.6 / 69);
    c.warm_up_epochs = 0;
    assert_rate(&c, 0, 70, 0.6);
}

/* A step of plain gradient descent is as long as its rate says; a cut does not matter. */
static void test_warm_steps(void **state) {
    (void)state;
    const nas_model m = MODEL(H, W, 1, FLATTEN, DENSE(CLASSES), SOFTMAX);
    static float x[N * H * W], before[128], after[128], grad[128];
    static int32_t y[N];
    fill(x, N * H * W, 3);
    for (int i = 0; i < N; i++) y[i] = i % CLASSES;
    const nas_examples e = {.x = x, .y = y, .n = N, .h = H, .w = W};
    nas_train_config config = {.epochs = 6,
                               .batch_size = N,
                               .optimizer = 1,
                               .warm_up_epochs = 3,
                               .learning_rate = {.from = 0.3}};
    nas_net *net = open_net(&m, CLASSES, nas_kernel_find("generic"));
    nas_trainer *t = open_trainer(net, &config, &e);
    for (int s = 0; s < 6; s++) {
        nas_net_tensor_get(net, 0, before);
        (void)nas_trainer_step_on(t, x, y, N);
        nas_net_tensor_get(net, 0, after);
        nas_net_tensor_grad(net, 0, grad);
        const double rate = s < 3 ? 0.1 * (s + 1) : 0.3;
        for (int i = 0; i < H * W * CLASSES; i++)
            assert_true(fabs((double)before[i] - rate * (double)grad[i] - (double)after[i]) < 1e-6);
    }
    nas_trainer_close(t);
    const nas_trainer_options o = {.net = net, .config = &config, .train = &e};
    nas_err err = {0};
    config.warm_up_epochs = 6;
    assert_int_equal(nas_trainer_open(&o, &t, &err), NAS_EINVAL);
    assert_non_null(strstr(err.text, "warm-up"));
    nas_net_close(net);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keras),      cmocka_unit_test(test_what_decays),
        cmocka_unit_test(test_own_values), cmocka_unit_test(test_warm_up),
        cmocka_unit_test(test_warm_steps),
    };
    return cmocka_run_group_tests_name("steps", tests, NULL, NULL);
}
