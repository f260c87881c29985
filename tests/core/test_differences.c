/* tests/core/test_differences.c - train.differences: the same as a net that reads differences. */
#include "core/nn/net/net_int.h"
#include "core/nn/train/train.h"
#include "tests/value_nets.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { N = 200, ROWS = N + VALUE_WINDOW + VALUE_HORIZON, IN = VALUE_WINDOW * VALUE_INPUTS };

/* A slow series; and its windows, one by one, as rows of differences. */
typedef struct data {
    float x[ROWS * VALUE_INPUTS], differences[N * IN], values[N * VALUES];
    int32_t first[N];
    nas_examples series, changed;
} data;

static double rms_of_steps(const data *d, int c) {
    double squares = 0;
    int n = 0;
    for (int i = 0; i < N; i++)
        for (int t = 0; t + 1 < VALUE_WINDOW; t++, n++) {
            const float *x = d->x + (i + t) * VALUE_INPUTS + c;
            const double step = (double)x[VALUE_INPUTS] - (double)x[0];
            squares += step * step;
        }
    return sqrt(squares / n);
}

static void fill_data(data *d) {
    *d = (data){0};
    for (int i = 0; i < ROWS; i++) {
        d->x[2 * i] = (float)(sin(0.05 * i) + 0.1 * sin(0.9 * i));
        d->x[2 * i + 1] = (float)cos(0.08 * i + 1);
    }
    for (int i = 0; i < N; i++) {
        d->first[i] = i;
        memcpy(d->values + i * VALUES, d->x + (i + VALUE_WINDOW) * 2, VALUES * sizeof(float));
        for (int t = 0; t < VALUE_WINDOW; t++)
            for (int c = 0; c < 2; c++) {
                const float *x = d->x + (i + t) * 2 + c;
                d->differences[i * IN + t * 2 + c] =
                    t + 1 < VALUE_WINDOW
                        ? (float)(((double)x[2] - (double)x[0]) / rms_of_steps(d, c))
                        : x[0];
            }
    }
    d->series = (nas_examples){.x = d->x,
                               .n = N,
                               .h = VALUE_WINDOW,
                               .w = 2,
                               .first = d->first,
                               .values = d->x + 2 * VALUE_WINDOW,
                               .outputs = VALUES,
                               .values_row = 2};
    d->changed = (nas_examples){.x = d->differences,
                                .n = N,
                                .h = VALUE_WINDOW,
                                .w = 2,
                                .values = d->values,
                                .outputs = VALUES,
                                .values_row = VALUES};
}

static nas_net *open_net(const nas_model *m) {
    nas_net *net;
    nas_err err = {0};
    if (nas_net_open(m, VALUES, 16, nas_kernel_find("reference"), &net, &err) != NAS_OK)
        fail_msg("%s", err.text);
    nas_net_init(net, 5, 0);
    return net;
}

static nas_train_config config_of(bool differences) {
    return (nas_train_config){.epochs = 6,
                              .batch_size = 16,
                              .loss = NAS_LOSS_SQUARED,
                              .huber_delta = 1,
                              .differences = differences,
                              .learning_rate = {.kind = NAS_SCHEDULE_COSINE, .from = 0.005}};
}

static nas_trainer *open_trainer(nas_net *net, const nas_train_config *c, const nas_examples *e,
                                 const nas_train_hook *hook) {
    const nas_trainer_options o = {.net = net, .config = c, .train = e, .hook = hook};
    nas_trainer *t;
    nas_err err = {0};
    if (nas_trainer_open(&o, &t, &err) != NAS_OK) fail_msg("%s", err.text);
    return t;
}

static void run_to(nas_trainer *t, int64_t step) {
    nas_train_end end;
    assert_int_equal(nas_trainer_run(t, step, NULL, NULL, NULL, &end, NULL), NAS_OK);
    assert_int_equal(end, NAS_TRAIN_DONE);
}

/* A net that is moved through differences learns what one learns that is given them; its own kernel
 * reads the series as it is. A conv1d whose window is the whole one is the same, also of features
 * that it takes as frames. */
static void test_same(void **state) {
    (void)state;
    static data d;
    fill_data(&d);
    const nas_model nets[] = {
        MODEL(VALUE_WINDOW, 1, 2, FLATTEN, DENSE(9), RELU, DENSE(VALUES), VALUES_END),
        MODEL(VALUE_WINDOW, 1, 2, CONV1D(9, VALUE_WINDOW, 1, 1, NAS_VALID), RELU, FLATTEN,
              DENSE(VALUES), VALUES_END),
        MODEL(VALUE_WINDOW, 2, 1, CONV1D(9, VALUE_WINDOW, 1, 1, NAS_VALID), RELU, FLATTEN,
              DENSE(VALUES), VALUES_END),
        /* And with weight decay. */
        MODEL(VALUE_WINDOW, 1, 2, FLATTEN, DENSE(9), RELU, DENSE(VALUES), VALUES_END),
    };
    nas_train_config with = config_of(true), without = config_of(false);
    for (int m = 0; m < 4; m++) {
        with.weight_decay = without.weight_decay = m == 3 ? 1 : 0;
        nas_net *a = open_net(&nets[m]), *b = open_net(&nets[m]);
        nas_trainer *s = open_trainer(a, &with, &d.series, NULL);
        nas_trainer *t = open_trainer(b, &without, &d.changed, NULL);
        float y[VALUES], z[VALUES], start[VALUES];
        nas_net_predict(b, d.differences, 1, start);
        run_to(s, 60);
        run_to(t, 60);
        for (int i = 0; i < N; i += 7) {
            nas_net_predict(a, d.x + 2 * i, 1, y);
            nas_net_predict(b, d.differences + IN * i, 1, z);
            for (int k = 0; k < VALUES; k++)
                if (!(fabsf(y[k] - z[k]) < 2e-3f))
                    fail_msg("net %d: %.8g and %.8g", m, (double)y[k], (double)z[k]);
        }
        /* It has moved at all. */
        nas_net_predict(b, d.differences, 1, z);
        float moved = 0;
        for (int k = 0; k < VALUES; k++) moved = fmaxf(moved, fabsf(z[k] - start[k]));
        assert_true(moved > 0.1f);
        nas_trainer_close(s);
        nas_trainer_close(t);
        nas_net_close(a);
        nas_net_close(b);
    }
}

/* A run that is cut goes on with the same bits: there is nothing to remember. */
static void test_cut(void **state) {
    (void)state;
    static data d;
    fill_data(&d);
    const nas_model m =
        MODEL(VALUE_WINDOW, 1, 2, FLATTEN, DENSE(9), RELU, DENSE(VALUES), VALUES_END);
    const nas_train_config c = config_of(true);
    const nas_train_hook hook = {.masks = true, .masked_from = 40};
    for (int64_t cut = 20; cut <= 60; cut += 20) {
        nas_net *a = open_net(&m), *b = open_net(&m);
        nas_trainer *s = open_trainer(a, &c, &d.series, &hook);
        run_to(s, cut);
        const size_t bytes = nas_trainer_state_bytes(s);
        void *saved = malloc(bytes);
        assert_non_null(saved);
        nas_trainer_save(s, saved);
        run_to(s, 1 << 30);
        nas_trainer *t = open_trainer(b, &c, &d.series, &hook);
        assert_int_equal(nas_trainer_load(t, saved, bytes, NULL), NAS_OK);
        run_to(t, 1 << 30);
        assert_memory_equal(a->params, b->params, a->n_params * sizeof(float));
        free(saved);
        nas_trainer_close(s);
        nas_trainer_close(t);
        nas_net_close(a);
        nas_net_close(b);
    }
}

/* From the first mask on, weights move by themselves: by plain gradient descent, as far as their
 * own gradient says. */
static void test_masks(void **state) {
    (void)state;
    static data d;
    fill_data(&d);
    const nas_model m = MODEL(VALUE_WINDOW, 1, 2, FLATTEN, DENSE(VALUES), VALUES_END);
    nas_train_config c = config_of(true);
    c.optimizer = 1;
    c.learning_rate = (nas_schedule){.kind = NAS_SCHEDULE_CONSTANT, .from = 0.01};
    const nas_train_hook hook = {.masks = true, .masked_from = 1};
    nas_net *net = open_net(&m);
    nas_trainer *t = open_trainer(net, &c, &d.series, &hook);
    float before[IN * VALUES], after[IN * VALUES], grad[IN * VALUES];
    for (int step = 0; step < 2; step++) {
        double off = 0;
        nas_net_tensor_get(net, 0, before);
        (void)nas_trainer_step_values(t, d.x, d.values, 16);
        nas_net_tensor_get(net, 0, after);
        nas_net_tensor_grad(net, 0, grad);
        for (int i = 0; i < IN * VALUES; i++)
            off = fmax(off, fabs((double)after[i] - (double)before[i] + 0.01 * (double)grad[i]));
        if (step == 0)
            assert_true(off > 1e-3);
        else
            assert_true(off < 1e-6);
    }
    nas_trainer_close(t);
    nas_net_close(net);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_masks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
