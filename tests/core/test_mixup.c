/* tests/core/test_mixup.c - mixed examples: the draws, the batches, the loss of soft labels. */
#include "core/data/augment.h"
#include "core/nn/layers/conv_int.h"
#include "core/nn/train/train.h"
#include "tests/nets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N = 40, H = 9, W = 5, SIZE = H * W, CLASSES = 3, SEED = 11 };

static float all_x[N * SIZE];
static int32_t all_y[N];
static const nas_examples examples = {.x = all_x, .y = all_y, .n = N, .h = H, .w = W};

static int make_examples(void **state) {
    (void)state;
    fill(all_x, N * SIZE, 5);
    for (int i = 0; i < N; i++) all_y[i] = i * 7 % CLASSES;
    return 0;
}

/* As many draws as SciPy says lie below each of its quantiles, within 4.5 deviations. */
static void test_beta(void **state) {
    (void)state;
    enum { DRAWS = 40000, QUANTILES = 7 };
    static const double shares[QUANTILES] = {0.02, 0.1, 0.25, 0.5, 0.75, 0.9, 0.98};
    FILE *f = fopen("tests/golden/beta.txt", "r");
    double a, b, q[QUANTILES];
    int cases = 0;
    assert_non_null(f);
    while (fscanf(f, "%lf %lf", &a, &b) == 2) {
        int below[QUANTILES] = {0};
        for (int k = 0; k < QUANTILES; k++) assert_int_equal(fscanf(f, "%lf", &q[k]), 1);
        for (uint32_t i = 0; i < DRAWS; i++) {
            nas_rng r = nas_rng_stream(1, 0, NAS_PURPOSE_TEST, i, (uint32_t)cases, 0);
            const double v = nas_rng_beta(&r, a, b);
            assert_true(v >= 0 && v <= 1);
            for (int k = 0; k < QUANTILES; k++) below[k] += v < q[k];
        }
        for (int k = 0; k < QUANTILES; k++) {
            const double p = shares[k], most = 4.5 * sqrt(p * (1 - p) / DRAWS);
            if (q[k] >= 1) continue; /* SciPy's digits end there */
            if (!(fabs((double)below[k] / DRAWS - p) < most))
                fail_msg("Beta(%g, %g): %d of %d below the quantile of %g", a, b, below[k], DRAWS,
                         p);
        }
        cases++;
    }
    assert_int_equal(cases, 6);
    fclose(f);
    /* Nothing is 0 / 0, however small the parameters. */
    for (uint32_t i = 0; i < 1000; i++) {
        nas_rng r = nas_rng_stream(1, 0, NAS_PURPOSE_TEST, i, 99, 0);
        const double v = nas_rng_beta(&r, 1e-6, 1e-6);
        assert_true(v >= 0 && v <= 1);
    }
}

typedef struct drawn {
    float x[N * SIZE], shares[N];
    int32_t y[N], others[N];
    uint32_t room[N + 16 + SIZE];
} drawn;

/* The batch of n of an epoch from its place `first` on. */
static void draw(const nas_augment *a, int32_t epoch, const uint32_t *order, int32_t first,
                 int32_t n, drawn *out) {
    const nas_batch_maker m = nas_augment_maker(a);
    nas_batch b = {.from = &examples,
                   .seed = SEED,
                   .epoch = epoch,
                   .order = order,
                   .x = out->x,
                   .y = out->y,
                   .others = m.mixes ? out->others : NULL,
                   .shares = m.mixes ? out->shares : NULL,
                   .room = out->room};
    assert_true(m.fill && m.mixes == (a->mixup > 0));
    assert_true(!m.room_bytes || m.room_bytes(m.ctx, &examples) <= sizeof out->room);
    if (m.begin) m.begin(m.ctx, &b);
    b.first = first;
    b.n = n;
    m.fill(m.ctx, &b);
}

/* Each example and its partner, both as they are in their places, by the share that is told. */
static void test_batches(void **state) {
    (void)state;
    const nas_augment augment = {
        .shift_frames = 2, .time_mask_frames = 2, .band_mask_bins = 2, .mixup = 0.4};
    const nas_augment alone = {.shift_frames = 2, .time_mask_frames = 2, .band_mask_bins = 2};
    uint32_t order[N];
    bool seen[N] = {false};
    static drawn plain, mixed, one, later;
    nas_batch_order(SEED, 0, 4, N, order);
    draw(&alone, 4, order, 0, N, &plain);
    draw(&augment, 4, order, 0, N, &mixed);
    draw(&augment, 5, order, 0, 1, &later);
    const uint32_t *partners = mixed.room; /* they come first */
    assert_memory_not_equal(partners, order, sizeof order);
    assert_memory_not_equal(partners, later.room, sizeof order);
    for (int i = 0; i < N; i++) seen[partners[i]] = true;
    for (int i = 0; i < N; i++) assert_true(seen[i]);
    double least = 1, sum = 0;
    for (int i = 0; i < N; i++) {
        const uint32_t p = partners[i];
        const float share = mixed.shares[i];
        assert_true(share >= 0.5f && share <= 1);
        assert_int_equal(mixed.y[i], all_y[order[i]]);
        assert_int_equal(mixed.others[i], all_y[order[p]]);
        for (int k = 0; k < SIZE; k++)
            assert_true(fabsf(mixed.x[i * SIZE + k] - share * plain.x[i * SIZE + k] -
                              (1 - share) * plain.x[p * SIZE + (uint32_t)k]) < 1e-6f);
        /* The cut does not matter. */
        draw(&augment, 4, order, i, 1, &one);
        assert_memory_equal(one.x, mixed.x + i * SIZE, SIZE * sizeof *one.x);
        assert_true(one.shares[0] == share && one.others[0] == mixed.others[i]);
        least = fmin(least, (double)share);
        sum += (double)share;
    }
    /* The mean of max(l, 1 - l) is 0.86 for 0.4. */
    assert_true(least < 0.65 && fabs(sum / N - 0.86) < 0.08);
    /* Another epoch, other shares. */
    assert_true(later.shares[0] != mixed.shares[0]);
}

static const nas_model model = MODEL(H, W, 1, CONV(6, 3, 3, 1, 1, NAS_SAME, false), BN, RELU,
                                     DROPOUT(0.2), FLATTEN, DENSE(CLASSES), SOFTMAX);

static nas_net *open_net(const nas_model *m, int32_t batch) {
    nas_net *net;
    nas_err err = {0};
    if (nas_net_open(m, CLASSES, batch, nas_kernel_find("generic"), &net, &err) != NAS_OK)
        fail_msg("%s", err.text);
    nas_net_init(net, 3, 0);
    return net;
}

/* The slope of the loss along each tensor's gradient is that gradient's length. */
static void test_gradients(void **state) {
    (void)state;
    const nas_model m = MODEL(H, W, 1, FLATTEN, DENSE(7), DENSE(CLASSES), SOFTMAX);
    static const int32_t others[] = {0, 2, 1, 1, 0, 2, 2};
    static const float shares[] = {0.5f, 0.9f, 1, 0.75f, 0.6f, 0.55f, 0.8f};
    enum { BATCH = 7 };
    static float w[512], g[512], v[512];
    nas_net *net = open_net(&m, BATCH);
    net->mix = (nas_mix){others, shares};
    for (int32_t i = 0; i < nas_net_tensors(net); i++) {
        const int64_t count = nas_net_tensor_at(net, i).count;
        double squares = 0, loss[2];
        nas_net_tensor_get(net, i, w);
        (void)nas_net_step(net, all_x, all_y, BATCH, 0.1);
        nas_net_tensor_grad(net, i, g);
        for (int64_t j = 0; j < count; j++) squares += (double)g[j] * (double)g[j];
        const double length = sqrt(squares), step = 1e-3;
        for (int s = 0; s < 2; s++) {
            const double by = (s ? step : -step) / length;
            for (int64_t j = 0; j < count; j++) v[j] = w[j] + (float)(by * (double)g[j]);
            nas_net_tensor_set(net, i, v);
            loss[s] = nas_net_step(net, all_x, all_y, BATCH, 0.1);
        }
        nas_net_tensor_set(net, i, w);
        const double slope = (loss[1] - loss[0]) / (2 * step);
        if (!(fabs(slope - length) < 2e-3 * length))
            fail_msg("%s: %g, by differences %g", nas_net_tensor_at(net, i).name, length, slope);
    }
    nas_net_close(net);
}

static void run_to(nas_trainer *t, int64_t step) {
    nas_train_end end;
    nas_err err = {0};
    if (nas_trainer_run(t, step, NULL, NULL, NULL, &end, &err) != NAS_OK) fail_msg("%s", err.text);
    assert_int_equal(end, NAS_TRAIN_DONE);
}

static nas_trainer *open_trainer(nas_net *net, const nas_augment *augment) {
    static const nas_train_config config = {.epochs = 4,
                                            .batch_size = 12,
                                            .label_smoothing = 0.1,
                                            .weight_decay = 0.05,
                                            .warm_up_epochs = 1.5,
                                            .learning_rate = {.from = 0.01}};
    const nas_trainer_options o = {.net = net,
                                   .config = &config,
                                   .maker = nas_augment_maker(augment),
                                   .train = &examples,
                                   .validation = &examples,
                                   .seed = SEED};
    nas_trainer *t;
    nas_err err = {0};
    if (nas_trainer_open(&o, &t, &err) != NAS_OK) fail_msg("%s", err.text);
    return t;
}

/* A run of 16 steps that is cut gives the same bits; without mixup they are others. */
static void test_cuts(void **state) {
    (void)state;
    static const nas_augment kinds[] = {{.shift_frames = 1, .mixup = 0.3}, {.shift_frames = 1}};
    char *whole[2];
    size_t bytes = 0;
    for (int k = 0; k < 2; k++) {
        nas_net *net = open_net(&model, 12);
        nas_trainer *t = open_trainer(net, &kinds[k]);
        run_to(t, 16);
        bytes = nas_trainer_state_bytes(t);
        whole[k] = malloc(bytes);
        nas_trainer_save(t, whole[k]);
        nas_trainer_close(t);
        nas_net_close(net);
    }
    assert_memory_not_equal(whole[0], whole[1], bytes);
    char *cut = malloc(bytes);
    static const int64_t at[] = {1, 3, 4, 6, 15, 16};
    for (int i = 0; i < 6; i++) {
        nas_net *net = open_net(&model, 12);
        nas_trainer *t = open_trainer(net, &kinds[0]);
        if (i > 0) assert_int_equal(nas_trainer_load(t, cut, bytes, NULL), NAS_OK);
        run_to(t, at[i]);
        nas_trainer_save(t, cut);
        nas_trainer_close(t);
        nas_net_close(net);
    }
    assert_memory_equal(cut, whole[0], bytes);
    free(cut);
    free(whole[0]);
    free(whole[1]);
}

static void test_values(void **state) {
    (void)state;
    static const float values[N];
    const nas_model m = MODEL(H, W, 1, FLATTEN, DENSE(1), {.ops = &nas_layer_error});
    const nas_augment augment = {.mixup = 0.3};
    const nas_examples e = {
        .x = all_x, .n = N, .h = H, .w = W, .values = values, .outputs = 1, .values_row = 1};
    const nas_train_config config = {.epochs = 1, .batch_size = N};
    nas_net *net;
    nas_trainer *t;
    nas_err err = {0};
    assert_int_equal(nas_net_open(&m, 1, N, nas_kernel_find("generic"), &net, &err), NAS_OK);
    const nas_trainer_options o = {
        .net = net, .config = &config, .maker = nas_augment_maker(&augment), .train = &e};
    assert_int_equal(nas_trainer_open(&o, &t, &err), NAS_EINVAL);
    assert_non_null(strstr(err.text, "mixup"));
    nas_net_close(net);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_beta),      cmocka_unit_test(test_batches),
        cmocka_unit_test(test_gradients), cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_values),
    };
    return cmocka_run_group_tests_name("mixup", tests, make_examples, NULL);
}
