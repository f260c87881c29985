/* The training loop: ten steps as Keras makes them, runs that are cut, stopped, or diverge; batches
 * and their augmentation. */
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

enum { CLASSES = 3 };

static const char *const rows[] = {"reference", "generic", "avx2", "avx512"};

/* Nets of tests/golden/make_keras.py. */
static const nas_model golden_nets[] = {
    MODEL(13, 8, 1, CONV(9, 3, 3, 2, 2, NAS_VALID, false), BN, RELU,
          CONV(7, 3, 2, 1, 1, NAS_SAME, true),
          {.ops = &nas_layer_batch_norm, .momentum = 0.9, .epsilon = 1e-2}, RELU, GAP,
          DENSE(CLASSES), SOFTMAX),
    MODEL(13, 8, 1, CONV(6, 3, 3, 2, 2, NAS_SAME, true), BN, RELU,
          RESIDUAL(0, DEPTHWISE(3, 3, 1, 1, NAS_SAME, false), CONV(6, 1, 1, 1, 1, NAS_VALID, false),
                   BN, RELU),
          RESIDUAL(1, DEPTHWISE(3, 3, 2, 2, NAS_SAME, true), CONV(10, 1, 1, 1, 1, NAS_VALID, true),
                   BN),
          RELU, FLATTEN, DENSE(CLASSES), SOFTMAX),
    MODEL(13, 8, 1, CONV(6, 3, 3, 1, 1, NAS_SAME, true), RELU6, MAX_POOL(2, 2, 0, 0, NAS_SAME),
          {.ops = &nas_layer_conv2d, .filters = 5, DILATED(3, 2, 1, 1, 2, 3, NAS_SAME)},
          AVERAGE_POOL(3, 2, 2, 1, NAS_SAME),
          {.ops = &nas_layer_depthwise_conv2d, DILATED(2, 2, 1, 1, 2, 2, NAS_VALID)},
          MAX_POOL(2, 1, 1, 1, NAS_VALID), FLATTEN, DENSE(CLASSES), SOFTMAX),
    MODEL(13, 8, 1, CONV1D(9, 3, 1, 2, NAS_CAUSAL), BN, RELU, CONV1D(5, 4, 2, 1, NAS_SAME),
          AVERAGE_POOL(2, 1, 1, 1, NAS_SAME),
          {.ops = &nas_layer_conv1d,
           .filters = 6,
           .kernel = {3},
           .stride = {2},
           .padding = NAS_CAUSAL},
          GAP, DENSE(CLASSES), SOFTMAX),
};

static nas_net *open_net(const nas_model *m, int32_t batch, const nas_kernel *k) {
    nas_net *net;
    nas_err err = {0};
    if (nas_net_open(m, CLASSES, batch, k, &net, &err) != NAS_OK) fail_msg("%s", err.text);
    nas_net_init(net, 3, 0);
    return net;
}

static nas_trainer *open_trainer(const nas_trainer_options *o) {
    nas_trainer *t;
    nas_err err = {0};
    if (nas_trainer_open(o, &t, &err) != NAS_OK) fail_msg("%s", err.text);
    return t;
}

static void read_all(FILE *f, void *p, size_t bytes) {
    assert_int_equal(fread(p, 1, bytes, f), bytes);
}

/* Reads one net's part of the golden file, and compares ten steps with each row of kernels. */
static void check_golden(FILE *f, const nas_model *m, const nas_examples *e, int32_t n,
                         int32_t steps) {
    int32_t optimizer, tensors, count[64];
    float rate, momentum;
    float *before[64], *after[64];
    double losses[16];
    read_all(f, &optimizer, sizeof optimizer);
    read_all(f, &rate, sizeof rate);
    read_all(f, &momentum, sizeof momentum);
    read_all(f, &tensors, sizeof tensors);
    assert_true(tensors <= 64 && steps <= 16);
    for (int32_t i = 0; i < tensors; i++) {
        read_all(f, &count[i], sizeof count[i]);
        const size_t bytes = (size_t)count[i] * sizeof(float);
        before[i] = malloc(bytes);
        after[i] = malloc(bytes);
        read_all(f, before[i], bytes);
        read_all(f, after[i], bytes);
    }
    read_all(f, losses, (size_t)steps * sizeof *losses);
    const nas_train_config config = {.epochs = 1,
                                     .batch_size = n,
                                     .optimizer = optimizer,
                                     .momentum = (double)momentum,
                                     .label_smoothing = 0.1,
                                     .learning_rate = {.from = (double)rate}};
    for (int r = 0; r < 4; r++) {
        const nas_kernel *k = nas_kernel_find(rows[r]);
        if (!k) continue;
        nas_net *net = open_net(m, n, k);
        assert_int_equal(nas_net_tensors(net), tensors);
        for (int32_t i = 0; i < tensors; i++) {
            assert_int_equal(nas_net_tensor_at(net, i).count, count[i]);
            nas_net_tensor_set(net, i, before[i]);
        }
        const nas_trainer_options o = {.net = net, .config = &config, .train = e};
        nas_trainer *t = open_trainer(&o);
        for (int32_t s = 0; s < steps; s++) {
            const double loss = nas_trainer_step_on(t, e->x + (size_t)s * (size_t)(n * e->h * e->w),
                                                    e->y + s * n, n);
            if (!(fabs(loss - losses[s]) <= 1e-4 * losses[s]))
                fail_msg("%s: loss of step %d is %.8f, Keras has %.8f", rows[r], s, loss,
                         losses[s]);
        }
        for (int32_t i = 0; i < tensors; i++) {
            float *v = malloc((size_t)count[i] * sizeof *v);
            nas_net_tensor_get(net, i, v);
            /* Adam makes steps of one size from gradients that are rounding errors. */
            const float most = nas_net_tensor_at(net, i).trainable ? 1e-3f : 1e-4f;
            for (int32_t j = 0; j < count[i]; j++)
                if (!(fabsf(v[j] - after[i][j]) <= most * (1 + fabsf(after[i][j]))))
                    fail_msg("%s: %s[%d] is %g, Keras has %g", rows[r],
                             nas_net_tensor_at(net, i).name, j, (double)v[j], (double)after[i][j]);
            free(v);
        }
        nas_trainer_close(t);
        nas_net_close(net);
    }
    for (int32_t i = 0; i < tensors; i++) {
        free(before[i]);
        free(after[i]);
    }
}

static void test_keras(void **state) {
    (void)state;
    FILE *f = fopen("tests/golden/keras.bin", "rb");
    assert_non_null(f);
    int32_t head[6]; /* examples a step, steps, h, w, classes, nets */
    read_all(f, head, sizeof head);
    assert_int_equal(head[4], CLASSES);
    assert_int_equal(head[5], 4);
    const size_t examples = (size_t)(head[0] * head[1]), values = (size_t)(head[2] * head[3]);
    float *x = malloc(examples * values * sizeof *x);
    int32_t *y = malloc(examples * sizeof *y);
    read_all(f, x, examples * values * sizeof *x);
    read_all(f, y, examples * sizeof *y);
    const nas_examples e = {.x = x, .y = y, .n = (int32_t)examples, .h = head[2], .w = head[3]};
    for (int i = 0; i < 4; i++) {
        check_golden(f, &golden_nets[i], &e, head[0], head[1]);
    }
    assert_int_equal(fgetc(f), EOF);
    fclose(f);
    free(x);
    free(y);
}

/* A toy: the class is where the map is bright. */
enum { TOY = 50, TOY_H = 9, TOY_W = 5 };
static float toy_x[TOY * TOY_H * TOY_W];
static int32_t toy_y[TOY];
static const nas_examples toy = {.x = toy_x, .y = toy_y, .n = TOY, .h = TOY_H, .w = TOY_W};

/* A run on 30 of the toy examples, selected on the other 20 in noise and at a high rate, so that
 * accuracy goes up and down. */
enum { FEW = 30 };
static float noisy_x[(TOY - FEW) * TOY_H * TOY_W];
static const nas_examples few = {.x = toy_x, .y = toy_y, .n = FEW, .h = TOY_H, .w = TOY_W};
static const nas_examples others = {
    .x = noisy_x, .y = toy_y + FEW, .n = TOY - FEW, .h = TOY_H, .w = TOY_W};

static int make_toy(void **state) {
    (void)state;
    fill(toy_x, TOY * TOY_H * TOY_W, 5);
    for (int i = 0; i < TOY; i++) {
        toy_y[i] = (i * 7) % CLASSES;
        for (int j = 0; j < TOY_W * 2; j++)
            toy_x[i * TOY_H * TOY_W + toy_y[i] * TOY_W * 3 + j] += 2;
    }
    fill(noisy_x, (TOY - FEW) * TOY_H * TOY_W, 6);
    for (int i = 0; i < (TOY - FEW) * TOY_H * TOY_W; i++)
        noisy_x[i] = 2 * noisy_x[i] + toy_x[FEW * TOY_H * TOY_W + i];
    return 0;
}

static const nas_train_config toy_config = {
    .epochs = 6,
    .batch_size = 8, /* the last batch of an epoch has 2 */
    .label_smoothing = 0.05,
    .learning_rate = {.kind = NAS_SCHEDULE_POLYNOMIAL, .from = 0.02, .to = 1e-4, .power = 1}};

static const nas_model toy_model = MODEL(
    TOY_H, TOY_W, 1, CONV(6, 3, 3, 1, 1, NAS_SAME, false), BN, RELU,
    RESIDUAL(0, DEPTHWISE(3, 3, 1, 1, NAS_SAME, false), CONV(6, 1, 1, 1, 1, NAS_VALID, 0), BN),
    RELU, DROPOUT(0.2), FLATTEN, DENSE(CLASSES), SOFTMAX);

static nas_trainer_options toy_options(nas_net *net, const nas_augment *augment) {
    return (nas_trainer_options){.net = net,
                                 .config = &toy_config,
                                 .maker = nas_augment_maker(augment),
                                 .train = &toy,
                                 .validation = &toy,
                                 .seed = 11};
}

typedef struct heard {
    int n;
    nas_epoch last;
    double losses[8];
} heard;

static void hear(void *ctx, const nas_epoch *e) {
    heard *h = ctx;
    assert_int_equal(e->epoch, h->n + 1);
    h->losses[h->n++] = e->loss;
    h->last = *e;
}

static void run_to(nas_trainer *t, int64_t until, heard *h) {
    nas_err err = {0};
    nas_train_end end;
    if (nas_trainer_run(t, until, hear, h, NULL, &end, &err) != NAS_OK) fail_msg("%s", err.text);
    assert_int_equal(end, NAS_TRAIN_DONE);
    assert_int_equal(nas_trainer_step(t), until);
}

/* A batch that holds all examples needs a net for so many, and gives the same bits. */
static void test_large_batches(void **state) {
    (void)state;
    nas_train_config config = toy_config;
    config.batch_size = 64;
    for (int r = 0; r < 4; r++) {
        const nas_kernel *k = nas_kernel_find(rows[r]);
        if (!k) continue;
        nas_net *nets[2];
        heard heards[2] = {{0}};
        for (int i = 0; i < 2; i++) {
            nets[i] = open_net(&toy_model, i ? FEW : 64, k);
            nas_trainer_options o = toy_options(nets[i], NULL);
            o.config = &config;
            o.train = &few;
            o.validation = &others;
            nas_trainer *t = open_trainer(&o);
            assert_int_equal(nas_trainer_steps(t), 6);
            run_to(t, 6, &heards[i]);
            nas_trainer_close(t);
        }
        assert_memory_equal(nets[0]->params, nets[1]->params, nets[0]->n_params * sizeof(float));
        assert_memory_equal(heards[0].losses, heards[1].losses, sizeof heards[0].losses);
        assert_true(heards[0].last.val_loss == heards[1].last.val_loss);
        nas_net_close(nets[0]);
        nas_net_close(nets[1]);
    }
    nas_net *small = open_net(&toy_model, FEW - 1, nas_kernel_find("reference"));
    nas_trainer_options o = toy_options(small, NULL);
    nas_trainer *t;
    nas_err err = {0};
    o.config = &config;
    o.train = &few;
    assert_int_equal(nas_trainer_open(&o, &t, &err), NAS_EINVAL);
    assert_non_null(strstr(err.text, "planned for 29"));
    nas_net_close(small);
}

/* Uncut; and cut at each of some steps, each part in a net of its own that loads the state. */
static void test_cuts(void **state) {
    (void)state;
    const nas_augment augment = {.shift_frames = 1, .time_mask_frames = 2, .band_mask_bins = 1};
    for (int r = 0; r < 4; r++) {
        const nas_kernel *k = nas_kernel_find(rows[r]);
        if (!k) continue;
        heard whole = {0}, parts = {0};
        nas_net *net = open_net(&toy_model, 8, k);
        nas_trainer_options o = toy_options(net, &augment);
        nas_trainer *t = open_trainer(&o);
        const int64_t steps = nas_trainer_steps(t);
        const size_t bytes = nas_trainer_state_bytes(t);
        assert_int_equal(steps, 6 * 7);
        char *uncut = malloc(bytes), *cut = malloc(bytes);
        run_to(t, steps, &whole);
        assert_int_equal(whole.n, 6);
        nas_trainer_save(t, uncut);
        /* What dropout is drawn from. */
        assert_true(net->seed == o.seed && net->step == steps - 1);
        nas_trainer_close(t);
        nas_net_close(net);
        static const int64_t at[] = {3, 4, 7, 20, 41, 42};
        for (int i = 0; i < 6; i++) {
            nas_err err = {0};
            net = open_net(&toy_model, 8, k);
            nas_net_init(net, 99, 0); /* must not matter once a state is loaded */
            if (i == 0) nas_net_init(net, 3, 0);
            o = toy_options(net, &augment);
            t = open_trainer(&o);
            if (i > 0) assert_int_equal(nas_trainer_load(t, cut, bytes, &err), NAS_OK);
            run_to(t, at[i], &parts);
            memset(cut, 0xff, bytes);
            nas_trainer_save(t, cut);
            nas_trainer_close(t);
            nas_net_close(net);
        }
        assert_memory_equal(uncut, cut, bytes);
        assert_int_equal(parts.n, 6);
        for (int i = 0; i < 6; i++) assert_true(whole.losses[i] == parts.losses[i]);
        assert_true(whole.last.val_loss == parts.last.val_loss);
        free(uncut);
        free(cut);
    }
}

/* Training examples that are others in each epoch. */
typedef struct changing {
    float x[TOY * TOY_H * TOY_W];
    int calls, epoch, fail_at; /* fail_at: the epoch that cannot be made; -1: none */
} changing;

static nas_status refresh(void *ctx, int32_t epoch, nas_err *err) {
    changing *c = ctx;
    c->calls++;
    c->epoch = epoch;
    if (epoch == c->fail_at) return nas_fail(err, NAS_ESTOP, "cannot be made");
    for (int i = 0; i < TOY * TOY_H * TOY_W; i++)
        c->x[i] = toy_x[i] * (1 + 0.1f * (float)((i * 7 + epoch * 13) % 11));
    return NAS_OK;
}

static nas_trainer *open_changing(nas_net *net, changing *c, nas_examples *e) {
    *c = (changing){.epoch = -1, .fail_at = -1};
    *e = toy;
    e->x = c->x;
    nas_trainer_options o = toy_options(net, NULL);
    o.train = e;
    o.refresh = refresh;
    o.refresh_ctx = c;
    return open_trainer(&o);
}

/* Made once for each epoch, and again by whoever goes on within one. */
static void test_changing_examples(void **state) {
    (void)state;
    static changing c;
    nas_examples e;
    heard whole = {0}, parts = {0};
    const nas_kernel *k = nas_kernel_find("generic");
    nas_net *net = open_net(&toy_model, 8, k);
    nas_trainer *t = open_changing(net, &c, &e);
    const size_t bytes = nas_trainer_state_bytes(t);
    char *uncut = malloc(bytes), *cut = malloc(bytes);
    run_to(t, 42, &whole);
    assert_int_equal(c.calls, 6);
    assert_int_equal(c.epoch, 5);
    nas_trainer_save(t, uncut);
    nas_trainer_close(t);
    nas_net_close(net);
    static const int64_t at[] = {3, 7, 20, 21, 42};
    static const int calls[] = {1, 1, 2, 1, 3};
    for (int i = 0; i < 5; i++) {
        nas_err err = {0};
        net = open_net(&toy_model, 8, k);
        t = open_changing(net, &c, &e);
        if (i > 0) assert_int_equal(nas_trainer_load(t, cut, bytes, &err), NAS_OK);
        run_to(t, at[i], &parts);
        assert_int_equal(c.calls, calls[i]);
        nas_trainer_save(t, cut);
        nas_trainer_close(t);
        nas_net_close(net);
    }
    assert_memory_equal(uncut, cut, bytes);
    for (int i = 0; i < 6; i++) assert_true(whole.losses[i] == parts.losses[i]);
    /* Examples that stay give other losses; and a failure is passed on, before the step. */
    net = open_net(&toy_model, 8, k);
    t = open_changing(net, &c, &e);
    c.fail_at = 2;
    nas_err err = {0};
    nas_train_end end;
    assert_int_equal(nas_trainer_run(t, 42, NULL, NULL, NULL, &end, &err), NAS_ESTOP);
    assert_string_equal(err.text, "cannot be made");
    assert_int_equal(nas_trainer_step(t), 14);
    c.fail_at = -1;
    assert_int_equal(nas_trainer_run(t, 42, NULL, NULL, NULL, &end, &err), NAS_OK);
    nas_trainer_save(t, cut);
    assert_memory_equal(uncut, cut, bytes);
    nas_trainer_close(t);
    nas_net_close(net);
    free(uncut);
    free(cut);
}

static void test_learns(void **state) {
    (void)state;
    const nas_kernel *k;
    assert_int_equal(nas_kernel_choose(&k, NULL), NAS_OK);
    heard h = {0};
    nas_net *net = open_net(&toy_model, 8, k);
    const nas_trainer_options o = toy_options(net, NULL);
    nas_trainer *t = open_trainer(&o);
    run_to(t, nas_trainer_steps(t), &h);
    assert_true(h.last.val_accuracy > 0.95);
    assert_true(h.losses[5] < 0.5 * h.losses[0]);
    float p[3 * CLASSES], q[CLASSES];
    nas_net_predict(net, toy_x, 3, p);
    nas_net_predict(net, toy_x + TOY_H * TOY_W, 1, q);
    assert_memory_equal(p + CLASSES, q, sizeof q);
    assert_true(fabsf(p[0] + p[1] + p[2] - 1) < 1e-6f);
    nas_trainer_close(t);
    nas_net_close(net);
}

typedef struct course {
    int n;
    nas_epoch e[32];
} course;

static void note(void *ctx, const nas_epoch *e) {
    course *c = ctx;
    c->e[c->n++] = *e;
}

/* By the definition: the epoch (from 0) that is best of the first n that begin at `from` or later;
 * -1: none. */
static int best_of(const course *c, int n, int64_t from) {
    int best = -1;
    for (int i = 0; i < n; i++) {
        if (i * 4 < from) continue;
        const nas_epoch *a = &c->e[i], *b = best < 0 ? NULL : &c->e[best];
        if (!b || a->val_accuracy > b->val_accuracy ||
            (a->val_accuracy == b->val_accuracy && a->val_loss < b->val_loss))
            best = i;
    }
    return best;
}

static nas_trainer *open_few(const nas_kernel *k, const nas_train_config *config, int64_t from,
                             nas_net **net) {
    *net = open_net(&toy_model, 8, k);
    nas_trainer_options o = toy_options(*net, NULL);
    o.config = config;
    o.train = &few;
    o.validation = &others;
    const nas_train_hook hook = {.counts_from = from};
    o.hook = &hook;
    nas_trainer *t = open_trainer(&o);
    assert_int_equal(nas_trainer_steps(t), config->epochs * 4);
    return t;
}

static void run_few(nas_trainer *t, int64_t until, course *c) {
    nas_err err = {0};
    nas_train_end end;
    if (nas_trainer_run(t, until, note, c, NULL, &end, &err) != NAS_OK) fail_msg("%s", err.text);
    assert_int_equal(end, NAS_TRAIN_DONE);
}

static void assert_same_weights(const nas_net *a, const nas_net *b) {
    assert_memory_equal(a->params, b->params, a->n_params * sizeof(float));
    assert_memory_equal(a->averages, b->averages, a->n_averages * sizeof(float));
}

/* keep and patience for one configuration (from -1: just after the best of all begins): what they
 * did is what the plain run, looked at from outside, says they should. */
static void check_kept(const nas_kernel *k, int32_t keep, int32_t patience, int64_t from) {
    nas_train_config config = toy_config;
    config.epochs = 20;
    config.learning_rate = (nas_schedule){.from = 0.1};
    course plain = {0}, c = {0}, parts = {0};
    nas_net *net, *at;
    nas_trainer *t = open_few(k, &config, 0, &net);
    run_few(t, 1000, &plain);
    assert_int_equal(plain.n, 20);
    nas_trainer_close(t);
    nas_net_close(net);
    if (from < 0) from = 4 * best_of(&plain, 20, 0) + 1;
    int last = 0;
    for (; last < 19; last++) {
        const int best = best_of(&plain, last + 1, from);
        if (patience > 0 && best >= 0 && last - best >= patience) break;
    }
    config.keep = keep;
    config.patience = patience;
    t = open_few(k, &config, from, &net);
    run_few(t, 1000, &c);
    assert_true(nas_trainer_done(t));
    assert_int_equal(c.n, last + 1);
    assert_int_equal(nas_trainer_step(t), 4 * (last + 1));
    for (int i = 0; i < c.n; i++) assert_true(c.e[i].val_loss == plain.e[i].val_loss);
    const size_t bytes = nas_trainer_state_bytes(t);
    char *whole = malloc(bytes), *cut = malloc(bytes);
    nas_trainer_save(t, whole);
    nas_trainer_close(t);
    /* The plain run cut after the epoch that is kept. */
    const int best = best_of(&plain, last + 1, from);
    nas_train_config until = config;
    until.keep = until.patience = 0;
    t = open_few(k, &until, 0, &at);
    run_few(t, 4 * ((keep && best >= 0 ? best : last) + 1), &parts);
    assert_same_weights(net, at);
    nas_trainer_close(t);
    nas_net_close(at);
    nas_net_close(net);
    /* Cut anywhere the same comes out. */
    parts.n = 0;
    for (int64_t step = 0; step < 84; step += 7) {
        nas_err err = {0};
        t = open_few(k, &config, from, &net);
        if (step > 0) assert_int_equal(nas_trainer_load(t, cut, bytes, &err), NAS_OK);
        run_few(t, step + 7, &parts);
        nas_trainer_save(t, cut);
        nas_trainer_close(t);
        nas_net_close(net);
    }
    assert_int_equal(parts.n, c.n);
    assert_memory_equal(whole, cut, bytes);
    free(whole);
    free(cut);
}

static void test_keep(void **state) {
    (void)state;
    for (int r = 0; r < 4; r++) {
        const nas_kernel *k = nas_kernel_find(rows[r]);
        if (!k) continue;
        check_kept(k, 0, 0, 0);
        check_kept(k, 1, 0, 0);
        check_kept(k, 1, 0, -1);
        check_kept(k, 1, 0, 80); /* none does */
        check_kept(k, 0, 3, 0);
        check_kept(k, 1, 2, 0);
        check_kept(k, 1, 2, 24);
    }
}

/* Without validation examples the last epoch is kept. */
static void test_keep_without_validation(void **state) {
    (void)state;
    const nas_kernel *k = nas_kernel_find("generic");
    nas_train_config config = toy_config;
    nas_net *net[2];
    for (int i = 0; i < 2; i++) {
        net[i] = open_net(&toy_model, 8, k);
        nas_trainer_options o = toy_options(net[i], NULL);
        course c = {0};
        o.config = &config;
        o.validation = NULL;
        config.keep = i;
        config.patience = i;
        nas_trainer *t = open_trainer(&o);
        run_few(t, 1000, &c);
        assert_int_equal(c.n, 6);
        nas_trainer_close(t);
    }
    assert_same_weights(net[0], net[1]);
    nas_net_close(net[0]);
    nas_net_close(net[1]);
}

static void test_load_errors(void **state) {
    (void)state;
    nas_err err = {0};
    nas_net *net = open_net(&toy_model, 8, nas_kernel_find("reference"));
    const nas_trainer_options o = toy_options(net, NULL);
    nas_trainer *t = open_trainer(&o);
    const size_t bytes = nas_trainer_state_bytes(t);
    char *s = malloc(bytes), *again = malloc(bytes);
    nas_trainer_save(t, s);
    memcpy(again, s, bytes);
    assert_int_equal(nas_trainer_load(t, s, bytes - 1, &err), NAS_EFORMAT);
    s[0] ^= 1;
    assert_int_equal(nas_trainer_load(t, s, bytes, &err), NAS_EFORMAT);
    nas_trainer_save(t, s);
    assert_memory_equal(s, again, bytes);
    free(s);
    free(again);
    nas_trainer_close(t);
    nas_net_close(net);
}

static void test_diverges(void **state) {
    (void)state;
    const nas_model m = MODEL(TOY_H, TOY_W, 1, FLATTEN, DENSE(CLASSES), SOFTMAX);
    const nas_kernel *k;
    assert_int_equal(nas_kernel_choose(&k, NULL), NAS_OK);
    nas_net *net = open_net(&m, 8, k);
    nas_train_config config = toy_config;
    config.learning_rate = (nas_schedule){.from = 3e38};
    nas_trainer_options o = toy_options(net, NULL);
    o.config = &config;
    nas_trainer *t = open_trainer(&o);
    nas_train_end end;
    nas_err err = {0};
    assert_int_equal(nas_trainer_run(t, 1000, NULL, NULL, NULL, &end, &err), NAS_OK);
    assert_int_equal(end, NAS_TRAIN_DIVERGED);
    assert_true(nas_trainer_step(t) < 4);
    nas_trainer_close(t);
    nas_net_close(net);
}

/* A NaN in the input passes every layer. */
static void test_nan_is_seen(void **state) {
    (void)state;
    static float x[2 * TOY_H * TOY_W];
    const int32_t y[2] = {0, 1};
    memcpy(x, toy_x, sizeof x);
    x[7] = NAN;
    const nas_model other =
        MODEL(TOY_H, TOY_W, 1, MAX_POOL(2, 2, 1, 1, NAS_SAME), CONV1D(4, 2, 1, 1, NAS_CAUSAL),
              RELU6, AVERAGE_POOL(2, 1, 0, 0, NAS_VALID), DROPOUT(0.01), RESHAPE(1, 1, 16),
              DENSE(CLASSES), SOFTMAX);
    for (int r = 0; r < 8; r++) {
        const nas_kernel *k = nas_kernel_find(rows[r / 2]);
        if (!k) continue;
        nas_net *net = open_net(r % 2 ? &toy_model : &other, 8, k);
        assert_true(isnan(nas_net_step(net, x, y, 2, 0)));
        nas_net_close(net);
    }
}

static bool stop_third(void *ctx) {
    return ++*(int *)ctx == 3;
}

static void test_stops(void **state) {
    (void)state;
    int asked = 0;
    const nas_log log = {.ctx = &asked, .stop = stop_third};
    nas_net *net = open_net(&toy_model, 8, nas_kernel_find("generic"));
    const nas_trainer_options o = toy_options(net, NULL);
    nas_trainer *t = open_trainer(&o);
    nas_train_end end;
    nas_err err = {0};
    assert_int_equal(nas_trainer_run(t, 1000, NULL, NULL, &log, &end, &err), NAS_ESTOP);
    assert_int_equal(nas_trainer_step(t), 2);
    nas_trainer_close(t);
    nas_net_close(net);
}

static void assert_rate(const nas_schedule *s, int64_t step, int64_t steps, double want) {
    const double rate = nas_schedule_at(s, step, steps);
    if (!(fabs(rate - want) < 1e-12)) fail_msg("step %d: %.15g, not %.15g", (int)step, rate, want);
}

static void test_schedule(void **state) {
    (void)state;
    const nas_schedule line = {NAS_SCHEDULE_POLYNOMIAL, 0.01, 1e-5, 1};
    const nas_schedule cubic = {NAS_SCHEDULE_POLYNOMIAL, 1, 0, 3};
    const nas_schedule constant = {NAS_SCHEDULE_CONSTANT, 0.25, 0, 1};
    assert_rate(&line, 0, 10, 0.01);
    assert_rate(&line, 5, 10, 0.005005);
    assert_rate(&line, 10, 10, 1e-5);
    assert_rate(&cubic, 1, 2, 0.125);
    assert_rate(&constant, 7, 9, 0.25);
    const nas_schedule cosine = {NAS_SCHEDULE_COSINE, 0.3, 0.1, 1};
    assert_rate(&cosine, 0, 12, 0.3);
    assert_rate(&cosine, 2, 12, 0.2 + 0.1 * sqrt(0.75));
    assert_rate(&cosine, 4, 12, 0.25);
    assert_rate(&cosine, 6, 12, 0.2);
    assert_rate(&cosine, 12, 12, 0.1);
    const nas_schedule exponential = {NAS_SCHEDULE_EXPONENTIAL, 0.8, 0.1, 1};
    assert_rate(&exponential, 0, 9, 0.8);
    assert_rate(&exponential, 3, 9, 0.4);
    assert_rate(&exponential, 6, 9, 0.2);
    assert_rate(&exponential, 9, 9, 0.1);
    /* An exponential rate to 0 is refused. */
    nas_train_config config = toy_config;
    config.learning_rate = (nas_schedule){NAS_SCHEDULE_EXPONENTIAL, 0.8, 0, 1};
    nas_net *net = open_net(&toy_model, 8, nas_kernel_find("generic"));
    nas_trainer_options o = toy_options(net, NULL);
    nas_trainer *t;
    nas_err err = {0};
    o.config = &config;
    assert_int_equal(nas_trainer_open(&o, &t, &err), NAS_EINVAL);
    nas_net_close(net);
}

/* The batch of n of an epoch from its place `first` on. */
static void draw(const nas_augment *a, int32_t epoch, const uint32_t *order, int32_t first,
                 int32_t n, float *x, int32_t *y) {
    const nas_batch_maker m = nas_augment_maker(a);
    const nas_batch b = {.from = &toy,
                         .seed = 1,
                         .epoch = epoch,
                         .order = order,
                         .first = first,
                         .n = n,
                         .x = x,
                         .y = y};
    if (m.fill)
        m.fill(m.ctx, &b);
    else
        nas_batch_gather(&b);
}

static void test_batches(void **state) {
    (void)state;
    uint32_t order[TOY], other[TOY];
    bool seen[TOY] = {false};
    nas_batch_order(1, 0, 4, TOY, order);
    nas_batch_order(1, 0, 5, TOY, other);
    assert_memory_not_equal(order, other, sizeof order);
    for (int i = 0; i < TOY; i++) seen[order[i]] = true;
    for (int i = 0; i < TOY; i++) assert_true(seen[i]);
    /* Each example is its source moved by -2 .. 2 frames, edge frames repeated, and every move
     * comes up; the batch's cut does not matter. */
    const nas_augment augment = {.shift_frames = 2};
    enum { SIZE = TOY_H * TOY_W };
    static float x[TOY * SIZE], one[SIZE];
    int32_t y[TOY], label;
    int moved[5] = {0};
    draw(&augment, 4, order, 0, TOY, x, y);
    for (int i = 0; i < TOY; i++) {
        const float *from = toy_x + order[i] * SIZE;
        int found = 9;
        for (int by = -2; by <= 2; by++) {
            bool same = true;
            for (int t = 0; t < TOY_H; t++) {
                const int s = t - by < 0 ? 0 : t - by >= TOY_H ? TOY_H - 1 : t - by;
                same = same &&
                       !memcmp(x + i * SIZE + t * TOY_W, from + s * TOY_W, TOY_W * sizeof(float));
            }
            if (same) found = by;
        }
        assert_true(found <= 2);
        moved[found + 2]++;
        assert_int_equal(y[i], toy_y[order[i]]);
        draw(&augment, 4, order, i, 1, one, &label);
        assert_memory_equal(one, x + i * SIZE, sizeof one);
    }
    for (int i = 0; i < 5; i++) assert_true(moved[i] > 0);
}

static float mean_of(const float *x, int b) {
    double sum = 0;
    for (int t = 0; t < TOY_H; t++) sum += (double)x[t * TOY_W + b];
    return (float)(sum / TOY_H);
}

/* Each masked example is its source with one run of frames and one of coefficients at the means;
 * all widths up to the most come up, and all places. */
static void test_masks(void **state) {
    (void)state;
    enum { SIZE = TOY_H * TOY_W, EPOCHS = 20 };
    static const nas_augment cases[] = {{.time_mask_frames = 3},
                                        {.band_mask_bins = 2},
                                        {.time_mask_frames = 100, .band_mask_bins = 100},
                                        {.shift_frames = 2, .time_mask_frames = 2}};
    static float x[TOY * SIZE], whole[TOY * SIZE], one[SIZE];
    uint32_t order[TOY];
    int32_t y[TOY], label;
    for (size_t k = 0; k < sizeof cases / sizeof *cases; k++) {
        const nas_augment shift = {.shift_frames = cases[k].shift_frames};
        bool other_frames = false, other_bins = false; /* in one epoch */
        bool frames_seen[TOY_H] = {false}, bins_seen[TOY_W] = {false};
        int widest = 0, broadest = 0, none = 0;
        for (int32_t epoch = 0; epoch < EPOCHS; epoch++) {
            nas_batch_order(1, 0, epoch, TOY, order);
            draw(&cases[k], epoch, order, 0, TOY, x, y);
            draw(&shift, epoch, order, 0, TOY, whole, y);
            for (int i = 0; i < TOY; i++) {
                const float *a = whole + i * SIZE, *b = x + i * SIZE;
                bool frame[TOY_H], bin[TOY_W];
                static bool frame_0[TOY_H], bin_0[TOY_W];
                int frames = 0, bins = 0, runs = 0;
                for (int t = 0; t < TOY_H; t++) {
                    frame[t] = true;
                    for (int c = 0; c < TOY_W; c++)
                        frame[t] = frame[t] && b[t * TOY_W + c] == mean_of(a, c);
                    frames += frame[t];
                    frames_seen[t] = frames_seen[t] || frame[t];
                    runs += frame[t] && (t == 0 || !frame[t - 1]);
                }
                assert_true(runs <= 1);
                for (int c = 0; c < TOY_W; c++) {
                    bin[c] = true;
                    for (int t = 0; t < TOY_H; t++)
                        bin[c] = bin[c] && b[t * TOY_W + c] == mean_of(a, c);
                    bins += bin[c];
                    bins_seen[c] = bins_seen[c] || bin[c];
                }
                for (int t = 0; t < TOY_H; t++)
                    for (int c = 0; c < TOY_W; c++)
                        assert_true(frame[t] || bin[c] || b[t * TOY_W + c] == a[t * TOY_W + c]);
                if (i == 0) memcpy(frame_0, frame, sizeof frame);
                if (i == 0) memcpy(bin_0, bin, sizeof bin);
                other_frames = other_frames || memcmp(frame_0, frame, sizeof frame);
                other_bins = other_bins || memcmp(bin_0, bin, sizeof bin);
                if (frames == 0 && bins == 0) none++;
                if (bins < TOY_W && frames > widest) widest = frames;
                if (frames < TOY_H && bins > broadest) broadest = bins;
                draw(&cases[k], epoch, order, i, 1, one, &label);
                assert_memory_equal(one, b, sizeof one);
            }
        }
        const int most = cases[k].time_mask_frames, wide = cases[k].band_mask_bins;
        assert_int_equal(widest, most < TOY_H ? most : TOY_H - 1);
        assert_int_equal(broadest, wide < TOY_W ? wide : TOY_W - 1);
        assert_true(none > 0);
        assert_true(other_frames == (most > 0) && other_bins == (wide > 0));
        for (int t = 0; t < TOY_H; t++) assert_true(frames_seen[t] == (most > 0));
        for (int c = 0; c < TOY_W; c++) assert_true(bins_seen[c] == (wide > 0));
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keras),
        cmocka_unit_test(test_cuts),
        cmocka_unit_test(test_large_batches),
        cmocka_unit_test(test_learns),
        cmocka_unit_test(test_load_errors),
        cmocka_unit_test(test_diverges),
        cmocka_unit_test(test_nan_is_seen),
        cmocka_unit_test(test_stops),
        cmocka_unit_test(test_schedule),
        cmocka_unit_test(test_batches),
        cmocka_unit_test(test_changing_examples),
        cmocka_unit_test(test_masks),
        cmocka_unit_test(test_keep),
        cmocka_unit_test(test_keep_without_validation),
    };
    return cmocka_run_group_tests_name("train", tests, make_toy, NULL);
}
