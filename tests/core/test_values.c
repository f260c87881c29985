/* tests/core/test_values.c - nets that end in plain values: losses against Keras and central
 * differences, training, and the units of inputs and outputs. */
#include "core/data/table/series.h"
#include "core/deploy/deploy.h"
#include "core/graph/units.h"
#include "core/nn/layers/conv_int.h"
#include "core/nn/train/train.h"
#include "tests/fixture.h"
#include "tests/value_nets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static const char *const rows[] = {"reference", "generic", "avx2", "avx512"};

static nas_net *open_net(const nas_model *m, int32_t values, int32_t batch, const char *row) {
    nas_net *net;
    nas_err err = {0};
    const nas_kernel *k = nas_kernel_find(row);
    if (!k) return NULL;
    if (nas_net_open(m, values, batch, k, &net, &err) != NAS_OK) fail_msg("%s", err.text);
    nas_net_init(net, 3, 0);
    return net;
}

/* --- against Keras ------------------------------------------------------------------------------
 */

static int32_t read_line(FILE *f, const char *name, float *out, int32_t most) {
    char word[64];
    int32_t n = 0;
    assert_int_equal(fscanf(f, "%63s", word), 1);
    assert_string_equal(word, name);
    while (n < most && fscanf(f, "%f", &out[n]) == 1) n++;
    return n;
}

static void load_weights(nas_net *net, const float *from) {
    for (int32_t i = 0; i < nas_net_tensors(net); i++) {
        nas_net_tensor_set(net, i, from);
        from += nas_net_tensor_at(net, i).count;
    }
}

static void expect_weights(nas_net *net, const float *expected) {
    float v[256];
    for (int32_t i = 0; i < nas_net_tensors(net); i++) {
        const nas_net_tensor_info info = nas_net_tensor_at(net, i);
        nas_net_tensor_get(net, i, v);
        for (int64_t j = 0; j < info.count; j++)
            if (!(fabsf(v[j] - expected[j]) <= 2e-5f))
                fail_msg("%s[%d] is %.8g, Keras has %.8g", info.name, (int)j, (double)v[j],
                         (double)expected[j]);
        expected += info.count;
    }
}

static void test_keras(void **state) {
    (void)state;
    enum { N = 10, STEPS = 5, WEIGHTS = 154 };
    const nas_model m = MODEL(5, 1, 2, CONV1D(4, 3, 1, 1, 2), RELU, FLATTEN, DENSE(6), VALUES_END);
    static const struct {
        const char *name, *end;
        nas_loss loss;
    } kinds[] = {{"squared", "squared_end", NAS_LOSS_SQUARED},
                 {"absolute", "absolute_end", NAS_LOSS_ABSOLUTE},
                 {"huber", "huber_end", NAS_LOSS_HUBER}};
    FILE *f = fopen("tests/golden/losses.txt", "r");
    float x[N * 10], y[N * 6], start[WEIGHTS], loss[STEPS], after[WEIGHTS];
    assert_non_null(f);
    assert_int_equal(read_line(f, "x", x, N * 10), N * 10);
    assert_int_equal(read_line(f, "y", y, N * 6), N * 6);
    assert_int_equal(read_line(f, "start", start, WEIGHTS), WEIGHTS);
    const nas_examples e = {
        .x = x, .n = N, .h = 5, .w = 2, .values = y, .outputs = 6, .values_row = 6};
    for (size_t k = 0; k < sizeof kinds / sizeof *kinds; k++) {
        assert_int_equal(read_line(f, kinds[k].name, loss, STEPS), STEPS);
        assert_int_equal(read_line(f, kinds[k].end, after, WEIGHTS), WEIGHTS);
        const nas_train_config config = {.epochs = STEPS,
                                         .batch_size = N,
                                         .loss = (int32_t)kinds[k].loss,
                                         .huber_delta = 0.7,
                                         .learning_rate = {.from = 0.01, .power = 1}};
        for (size_t r = 0; r < sizeof rows / sizeof *rows; r++) {
            nas_net *net = open_net(&m, 6, N, rows[r]);
            if (!net) continue;
            load_weights(net, start);
            const nas_trainer_options o = {.net = net, .config = &config, .train = &e};
            nas_trainer *t;
            assert_int_equal(nas_trainer_open(&o, &t, NULL), NAS_OK);
            for (int s = 0; s < STEPS; s++) {
                const double v = nas_trainer_step_values(t, x, y, N);
                if (!(fabs(v - (double)loss[s]) <= 2e-6 * (double)loss[s]))
                    fail_msg("%s: loss of step %d is %.8f, Keras has %.8f", kinds[k].name, s, v,
                             (double)loss[s]);
            }
            expect_weights(net, after);
            nas_trainer_close(t);
            nas_net_close(net);
        }
    }
    fclose(f);
}

/* --- gradients ----------------------------------------------------------------------------------
 */

/* Along the gradient of all weights the slope of the loss is its length. */
static void check_slope(nas_net *net, const float *x, int32_t n) {
    const size_t count = net->n_params;
    float *start = malloc(2 * count * sizeof *start), *g = start + count;
    double length = 0, loss[2];
    memcpy(start, net->params, count * sizeof *start);
    (void)nas_net_step(net, x, NULL, n, 0);
    memcpy(g, net->grads, count * sizeof *g);
    for (size_t i = 0; i < count; i++) length += (double)g[i] * (double)g[i];
    const double h = 2e-3 / sqrt(length);
    for (int s = 0; s < 2; s++) {
        for (size_t i = 0; i < count; i++)
            net->params[i] = start[i] + (float)((s ? h : -h) * (double)g[i]);
        loss[s] = nas_net_step(net, x, NULL, n, 0);
    }
    memcpy(net->params, start, count * sizeof *start);
    const double slope = (loss[1] - loss[0]) / (2 * h);
    if (!(fabs(slope - length) <= 0.03 * length)) fail_msg("slope %g, gradient %g", slope, length);
    free(start);
}

static void test_gradients(void **state) {
    (void)state;
    enum { N = 9 };
    float x[N * VALUE_WINDOW * VALUE_INPUTS], y[N * VALUES];
    fill(x, N * VALUE_WINDOW * VALUE_INPUTS, 1);
    fill(y, N * VALUES, 2);
    bool own;
    for (int i = 0; i < VALUE_NETS; i++)
        for (size_t r = 0; r < sizeof rows / sizeof *rows; r++)
            for (int loss = NAS_LOSS_SQUARED; loss <= NAS_LOSS_HUBER; loss++) {
                const nas_model m = value_net(i, &own);
                nas_net *net = open_net(&m, VALUES, N, rows[r]);
                if (!net) continue;
                net->targets = y;
                net->loss_kind = (nas_loss)loss;
                net->delta = 0.7;
                check_slope(net, x, N);
                nas_net_close(net);
            }
}

/* --- training -----------------------------------------------------------------------------------
 */

/* Windows of a series whose next values are linear in the last ones. */
static void test_training(void **state) {
    (void)state;
    enum { N = 400, SPAN = N + VALUE_WINDOW + VALUE_HORIZON };
    static float x[SPAN * 2];
    int32_t first[N];
    for (int i = 0; i < SPAN; i++) {
        x[2 * i] = (float)sin(0.3 * i);
        x[2 * i + 1] = (float)cos(0.3 * i + 0.5);
    }
    for (int i = 0; i < N; i++) first[i] = i;
    const nas_examples train = {.x = x,
                                .n = N - 100,
                                .h = VALUE_WINDOW,
                                .w = 2,
                                .first = first,
                                .values = x + 2 * VALUE_WINDOW,
                                .outputs = VALUES,
                                .values_row = 2};
    nas_examples validation = train;
    validation.n = 100;
    validation.first = first + 300;
    const nas_train_config config = {.epochs = 40,
                                     .batch_size = 16,
                                     .loss = NAS_LOSS_ABSOLUTE,
                                     .huber_delta = 1,
                                     .keep = 1,
                                     .learning_rate = {.kind = NAS_SCHEDULE_COSINE, .from = 0.02}};
    bool own;
    const nas_model m = value_net(0, &own);
    nas_net *net = open_net(&m, VALUES, 16, "reference");
    const nas_trainer_options o = {
        .net = net, .config = &config, .train = &train, .validation = &validation};
    nas_trainer *t;
    nas_train_end end;
    float out[VALUES];
    assert_int_equal(nas_trainer_open(&o, &t, NULL), NAS_OK);
    assert_int_equal(nas_trainer_run(t, 1 << 30, NULL, NULL, NULL, &end, NULL), NAS_OK);
    nas_net_predict(net, x + 2 * 350, 1, out);
    for (int i = 0; i < VALUES; i++)
        assert_true(fabsf(out[i] - x[2 * (350 + VALUE_WINDOW) + i]) < 0.03f);
    nas_trainer_close(t);
    /* Labels are not what it learns. */
    static const int32_t labels[N];
    nas_examples wrong = train;
    wrong.y = labels;
    const nas_trainer_options bad = {.net = net, .config = &config, .train = &wrong};
    assert_int_equal(nas_trainer_open(&bad, &t, NULL), NAS_EINVAL);
    nas_net_close(net);
}

static void expect_shape_error(const nas_model *m, int32_t values, const char *what) {
    nas_err err = {0};
    nas_model_cost cost;
    assert_int_equal(nas_model_check(m, values, &cost, &err), NAS_ESHAPE);
    if (!strstr(err.text, what)) fail_msg("'%s' does not say '%s'", err.text, what);
}

static void test_shapes(void **state) {
    (void)state;
    bool own;
    const nas_model soft = MODEL(6, 1, 2, FLATTEN, DENSE(8), SOFTMAX, VALUES_END);
    const nas_model bare = MODEL(6, 1, 2, FLATTEN, DENSE(8));
    for (int i = 0; i < VALUE_NETS; i++) {
        nas_model_cost cost;
        const nas_model m = value_net(i, &own);
        assert_int_equal(nas_model_check(&m, VALUES, &cost, NULL), NAS_OK);
    }
    const nas_model first = value_net(0, &own);
    expect_shape_error(&first, 9, "ends in 8 values, but 9 are to be forecast");
    expect_shape_error(&soft, 8, "softmax is for classes");
    expect_shape_error(&bare, 8, "must be softmax");
}

/* --- units --------------------------------------------------------------------------------------
 */

static nas_graph lower(const nas_net *net) {
    nas_graph g = nas_graph_start(arena);
    assert_int_equal(nas_net_lower(net, &g, NULL), NAS_OK);
    assert_int_equal(nas_graph_fold(&g, NULL), NAS_OK);
    return g;
}

static void run(const nas_graph *g, const float *x, float *y) {
    nas_interp *it;
    nas_err err = {0};
    if (nas_interp_open(g, &it, &err) != NAS_OK) fail_msg("%s", err.text);
    nas_interp_run(it, x, y);
    nas_interp_close(it);
}

/* What a graph gives for own units is what it gave for standardised values, in own units. */
static void test_units(void **state) {
    (void)state;
    static const float mean[] = {9.5f, 76}, deviation[] = {8.4f, 16.4f};
    static const float to_mean[] = {76, -3}, to_deviation[] = {16.4f, 0.25f};
    const nas_columns in = {2, mean, deviation}, out = {2, to_mean, to_deviation};
    enum { IN = VALUE_WINDOW * VALUE_INPUTS };
    float x[IN], own[IN], y[VALUES], z[VALUES];
    for (int i = 0; i < VALUE_NETS; i++) {
        bool fits;
        const nas_model m = value_net(i, &fits);
        nas_net *net = open_net(&m, VALUES, 1, "reference");
        nas_graph before = lower(net), after = lower(net);
        assert_int_equal(nas_graph_takes_units(&after, 2, 2), fits);
        /* Channels that are no multiple of the columns. */
        assert_false(nas_graph_takes_units(&after, 5, 2));
        if (fits) {
            assert_int_equal(nas_graph_give_units(&after, &in, &out, NULL), NAS_OK);
            for (uint32_t k = 0; k < 20; k++) {
                fill(x, IN, k);
                for (int j = 0; j < IN; j++) own[j] = x[j] * deviation[j % 2] + mean[j % 2];
                run(&before, x, y);
                run(&after, own, z);
                for (int j = 0; j < VALUES; j++) {
                    const float expected = y[j] * to_deviation[j % 2] + to_mean[j % 2];
                    if (!(fabsf(z[j] - expected) <=
                          3e-5f * (fabsf(expected) + to_deviation[j % 2])))
                        fail_msg("net %d: %.8g, expected %.8g", i, (double)z[j], (double)expected);
                }
            }
            /* The file says the same of itself. */
            uint8_t *bytes;
            size_t n;
            nas_graph half = nas_graph_start(arena), read = nas_graph_start(arena);
            assert_int_equal(nas_format_apply(&after, NAS_FORMAT_FLOAT16, NULL, 0, &half, NULL),
                             NAS_OK);
            assert_int_equal(nas_tflite_write(&half, arena, &bytes, &n, NULL), NAS_OK);
            assert_int_equal(nas_tflite_read(bytes, n, &read, NULL), NAS_OK);
            assert_true(nas_graph_takes_units(&read, 2, 2));
        }
        nas_net_close(net);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keras),
        cmocka_unit_test(test_gradients),
        cmocka_unit_test(test_training),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test_setup_teardown(test_units, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
