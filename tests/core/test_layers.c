/* Every layer's gradients against central differences, in small nets; shapes and costs by hand. */
#include "core/nn/layers/conv_int.h"
#include "tests/nets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

enum { CLASSES = 3 };

static nas_net *open_net(const nas_model *m, int32_t batch, const char *row) {
    nas_net *net;
    nas_err err = {0};
    const nas_kernel *k = nas_kernel_find(row);
    if (!k) return NULL;
    if (nas_net_open(m, CLASSES, batch, k, &net, &err) != NAS_OK) fail_msg("%s", err.text);
    nas_net_init(net, 7, 0);
    /* Away from their symmetric start. */
    for (int32_t i = 0; i < nas_net_tensors(net); i++) {
        const nas_net_tensor_info info = nas_net_tensor_at(net, i);
        if (!info.trainable) continue;
        float *v = malloc((size_t)info.count * 2 * sizeof *v), *d = v + info.count;
        nas_net_tensor_get(net, i, v);
        fill(d, info.count, 100 + (uint32_t)i);
        for (int64_t j = 0; j < info.count; j++) v[j] += 0.1f * d[j];
        nas_net_tensor_set(net, i, v);
        free(v);
    }
    return net;
}

static void assert_padding_zero(const nas_net *net) {
    for (int32_t i = 0; i < net->nodes.n; i++)
        for (int32_t j = 0; j < net->nodes.v[i].n_weights; j++) {
            const nas_weight *w = &net->nodes.v[i].weights[j];
            for (int32_t r = 0; r < w->rows; r++)
                for (int32_t c = w->cols; c < w->stride; c++) {
                    const size_t at = w->at + (size_t)r * (size_t)w->stride + (size_t)c;
                    assert_true((w->trainable ? net->params : net->averages)[at] == 0);
                    if (w->trainable) assert_true(net->grads[at] == 0);
                }
        }
}

/* Along the gradient of each tensor, bent by a random direction, the slope of the loss is that of
 * the gradient. */
static void check_tensor(nas_net *net, int32_t i, const float *x, const int32_t *y, int32_t n) {
    const nas_net_tensor_info info = nas_net_tensor_at(net, i);
    const size_t count = (size_t)info.count;
    float *w = malloc(4 * count * sizeof *w), *g = w + count, *d = g + count, *v = d + count;
    nas_net_tensor_get(net, i, w);
    (void)nas_net_step(net, x, y, n, 0.1);
    nas_net_tensor_grad(net, i, g);
    double length = 0, slope = 0, loss[2];
    for (size_t j = 0; j < count; j++) length += (double)g[j] * (double)g[j];
    length = sqrt(length);
    fill(d, info.count, (uint32_t)i);
    for (size_t j = 0; j < count; j++) {
        d[j] = (float)((double)g[j] / (length + 1e-12) + 0.5 * (double)d[j] / sqrt((double)count));
        slope += (double)d[j] * (double)g[j];
    }
    /* A ReLU that switches between the two points spoils a difference: three distances. */
    static const double steps[] = {4e-3, 1e-3, 2.5e-4};
    double seen = 0;
    bool right = false;
    for (int k = 0; k < 3 && !right; k++) {
        for (int s = 0; s < 2; s++) {
            const double by = s ? steps[k] : -steps[k];
            for (size_t j = 0; j < count; j++) v[j] = w[j] + (float)(by * (double)d[j]);
            nas_net_tensor_set(net, i, v);
            loss[s] = nas_net_step(net, x, y, n, 0.1);
        }
        seen = (loss[1] - loss[0]) / (2 * steps[k]);
        right = fabs(seen - slope) <= 2e-4 + 3e-3 * fabs(slope);
    }
    nas_net_tensor_set(net, i, w);
    if (!right)
        fail_msg("%s (%s): slope %.6g, by differences %.6g", info.name, net->kernel->name, slope,
                 seen);
    free(w);
}

static void check_net(const nas_model *m, int32_t batch, int32_t n) {
    static const char *const names[] = {"reference", "generic", "avx2", "avx512"};
    const int64_t values = (int64_t)m->input.h * m->input.w * m->input.c * n;
    float *x = malloc((size_t)values * sizeof *x);
    int32_t *y = malloc((size_t)n * sizeof *y);
    fill(x, values, 1000);
    for (int32_t i = 0; i < n; i++) y[i] = i % CLASSES;
    for (int r = 0; r < 4; r++) {
        nas_net *net = open_net(m, batch, names[r]);
        if (!net) continue;
        for (int32_t i = 0; i < nas_net_tensors(net); i++)
            if (nas_net_tensor_at(net, i).trainable) check_tensor(net, i, x, y, n);
        assert_padding_zero(net);
        nas_net_close(net);
    }
    free(x);
    free(y);
}

static void test_dense(void **state) {
    (void)state;
    const nas_model m = MODEL(3, 4, 2, FLATTEN, DENSE(17), RELU, DENSE(CLASSES), SOFTMAX);
    check_net(&m, 21, 21);
    check_net(&m, 3, 1);
}

static void test_conv(void **state) {
    (void)state;
    static const struct {
        int32_t h, w, c, f, kh, kw, sh, sw, pad;
    } cases[] = {
        {9, 7, 1, 5, 3, 3, 1, 1, NAS_SAME},    {9, 7, 1, 17, 3, 3, 2, 2, NAS_SAME},
        {10, 8, 1, 33, 3, 3, 2, 2, NAS_SAME},  {10, 8, 1, 3, 4, 2, 2, 2, NAS_VALID},
        {11, 6, 3, 16, 5, 3, 1, 2, NAS_VALID}, {7, 5, 2, 1, 1, 1, 1, 1, NAS_VALID},
        {7, 5, 2, 20, 1, 5, 3, 1, NAS_SAME},   {5, 4, 1, 48, 2, 2, 3, 3, NAS_SAME},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const int32_t f = cases[i].f;
        /* The second convolution's dx runs through the same case. */
        const nas_model m = MODEL(cases[i].h, cases[i].w, cases[i].c, CONV(f, 1, 1, 1, 1, 1, true),
                                  CONV(f + 2, cases[i].kh, cases[i].kw, cases[i].sh, cases[i].sw,
                                       cases[i].pad, i % 2 == 0),
                                  RELU, GAP, DENSE(CLASSES), SOFTMAX);
        const nas_model first =
            MODEL(cases[i].h, cases[i].w, cases[i].c,
                  CONV(f, cases[i].kh, cases[i].kw, cases[i].sh, cases[i].sw, cases[i].pad, true),
                  FLATTEN, DENSE(CLASSES), SOFTMAX);
        check_net(&m, 6, 6);
        check_net(&first, 5, 5);
    }
}

/* Convolutions that go by tiles: gradients by differences, and the same as by taps (reference). */
static void check_tiles(const nas_model *m, int32_t n) {
    static const char *const names[] = {"generic", "avx2", "avx512"};
    const int64_t values = (int64_t)m->input.h * m->input.w * m->input.c * n;
    float *x = malloc((size_t)values * sizeof *x);
    int32_t y[32];
    assert_true(n <= 32);
    fill(x, values, 1000);
    for (int32_t i = 0; i < n; i++) y[i] = i % CLASSES;
    for (int r = 0; r < 3; r++) {
        nas_net *net = open_net(m, n, names[r]); /* NULL: not of this processor */
        if (!net) continue;
        nas_net *direct = open_net(m, n, "reference");
        for (int conv = 1; conv <= 3; conv += 2)
            for (int axis = 0; axis < 2; axis++)
                assert_in_range(net->nodes.v[conv].tile[axis], 2, m->exact ? 2 : 4);
        (void)nas_net_step(net, x, y, n, 0.1);
        (void)nas_net_step(direct, x, y, n, 0.1);
        for (int32_t i = 0; i < nas_net_tensors(net); i++) {
            const size_t count = (size_t)nas_net_tensor_at(net, i).count;
            float *a = malloc(2 * count * sizeof *a), *b = a + count;
            double far = 0, length = 0;
            nas_net_tensor_grad(net, i, a);
            nas_net_tensor_grad(direct, i, b);
            for (size_t j = 0; j < count; j++) {
                far += pow((double)a[j] - (double)b[j], 2);
                length += pow((double)b[j], 2);
            }
            if (!(sqrt(far) <= 5e-6 + 5e-5 * sqrt(length)))
                fail_msg("%s (%s): %g from the direct way's", nas_net_tensor_at(net, i).name,
                         names[r], sqrt(far / length));
            free(a);
        }
        nas_net_close(net);
        nas_net_close(direct);
    }
    free(x);
    check_net(m, 5, 5);
}

static void test_tiles(void **state) {
    (void)state;
    static const struct {
        int32_t h, w, c, f, pad;
    } cases[] = {{9, 7, 24, 20, NAS_SAME},
                 {12, 4, 33, 20, NAS_SAME},
                 {7, 10, 17, 32, NAS_VALID},
                 {6, 6, 32, 19, NAS_VALID}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        for (int exact = 0; exact < 2; exact++) {
            /* Without a ReLU behind them: one that switches is no error of a convolution. No biases
             * before batch norm: the loss does not depend on them, and differences show rounding.
             */
            nas_model m =
                MODEL(cases[i].h, cases[i].w, 1, CONV(cases[i].c, 1, 1, 1, 1, 1, false),
                      CONV(cases[i].f, 3, 3, 1, 1, cases[i].pad, false), BN,
                      CONV(32, 3, 3, 1, 1, NAS_SAME, true), FLATTEN, DENSE(CLASSES), SOFTMAX);
            m.exact = exact;
            check_tiles(&m, 21);
        }
}

static void test_depthwise(void **state) {
    (void)state;
    static const struct {
        int32_t h, w, c, kh, kw, sh, sw, pad;
    } cases[] = {
        {9, 5, 17, 3, 3, 1, 1, NAS_SAME}, {9, 6, 3, 3, 3, 2, 2, NAS_SAME},
        {8, 8, 16, 3, 3, 2, 2, NAS_SAME}, {6, 4, 33, 5, 2, 1, 1, NAS_VALID},
        {6, 3, 2, 2, 3, 2, 1, NAS_VALID}, {4, 2, 20, 1, 1, 1, 1, NAS_SAME},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const nas_model m = MODEL(
            cases[i].h, cases[i].w, 1, CONV(cases[i].c, 1, 1, 1, 1, 1, false),
            DEPTHWISE(cases[i].kh, cases[i].kw, cases[i].sh, cases[i].sw, cases[i].pad, i % 2 == 0),
            FLATTEN, DENSE(CLASSES), SOFTMAX);
        check_net(&m, 7, 7);
    }
    const nas_model first =
        MODEL(5, 5, 3, DEPTHWISE(3, 3, 1, 1, NAS_SAME, true), GAP, DENSE(CLASSES), SOFTMAX);
    check_net(&first, 4, 4);
}

static void test_dilation(void **state) {
    (void)state;
    static const struct {
        int32_t kh, kw, sh, sw, dh, dw, pad;
    } cases[] = {{3, 3, 1, 1, 2, 2, NAS_SAME},  {3, 2, 1, 1, 3, 1, NAS_VALID},
                 {2, 3, 2, 1, 3, 2, NAS_SAME},  {3, 2, 2, 3, 2, 4, NAS_VALID},
                 {2, 2, 3, 2, 2, 3, NAS_VALID}, {1, 3, 1, 2, 5, 2, NAS_SAME}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const nas_model conv = MODEL(11, 8, 1, CONV(5, 1, 1, 1, 1, 1, true),
                                     {.ops = &nas_layer_conv2d,
                                      .filters = 18,
                                      DILATED(cases[i].kh, cases[i].kw, cases[i].sh, cases[i].sw,
                                              cases[i].dh, cases[i].dw, cases[i].pad)},
                                     FLATTEN, DENSE(CLASSES), SOFTMAX);
        const nas_model first = MODEL(11, 8, 1,
                                      {.ops = &nas_layer_conv2d,
                                       .filters = 4,
                                       DILATED(cases[i].kh, cases[i].kw, cases[i].sh, cases[i].sw,
                                               cases[i].dh, cases[i].dw, cases[i].pad)},
                                      FLATTEN, DENSE(CLASSES), SOFTMAX);
        const nas_model depthwise =
            MODEL(11, 8, 1, CONV(5, 1, 1, 1, 1, 1, true),
                  {.ops = &nas_layer_depthwise_conv2d,
                   DILATED(cases[i].kh, cases[i].kw, cases[i].sh, cases[i].sw, cases[i].dh,
                           cases[i].dw, cases[i].pad)},
                  FLATTEN, DENSE(CLASSES), SOFTMAX);
        check_net(&conv, 6, 6);
        check_net(&first, 6, 6);
        check_net(&depthwise, 6, 6);
    }
}

static void test_conv1d(void **state) {
    (void)state;
    static const struct {
        int32_t k, s, d, pad;
    } cases[] = {{3, 1, 1, NAS_SAME},   {5, 2, 1, NAS_VALID},  {4, 1, 1, NAS_CAUSAL},
                 {3, 2, 2, NAS_CAUSAL}, {2, 3, 4, NAS_CAUSAL}, {1, 1, 1, NAS_VALID}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const nas_model m =
            MODEL(13, 7, 1, CONV1D(17, cases[i].k, cases[i].s, cases[i].d, cases[i].pad), RELU,
                  CONV1D(6, 2, 1, 1, NAS_SAME), GAP, DENSE(CLASSES), SOFTMAX);
        const nas_model inner = MODEL(13, 7, 1, BN, CONV1D(9, 1, 1, 1, NAS_VALID), BN, RELU,
                                      CONV1D(5, cases[i].k, cases[i].s, cases[i].d, cases[i].pad),
                                      FLATTEN, DENSE(CLASSES), SOFTMAX);
        check_net(&m, 8, 8);
        check_net(&inner, 19, 19);
    }
    /* A frame of the output sees no later frame of the input. */
    const nas_model causal = MODEL(9, 4, 1, CONV1D(3, 3, 1, 2, NAS_CAUSAL), RESHAPE(3, 3, 3), GAP,
                                   DENSE(CLASSES), SOFTMAX);
    nas_net *net = open_net(&causal, 1, "reference");
    float x[36], p[CLASSES], before[27];
    fill(x, 36, 3);
    nas_net_predict(net, x, 1, p);
    const nas_map *y = &net->values[2].x;
    for (int t = 0; t < 9; t++)
        for (int c = 0; c < 3; c++) before[t * 3 + c] = y->at[t * y->row + c];
    for (int b = 0; b < 4; b++) x[5 * 4 + b] += 1;
    nas_net_predict(net, x, 1, p);
    for (int t = 0; t < 9; t++)
        for (int c = 0; c < 3; c++)
            assert_true((before[t * 3 + c] != y->at[t * y->row + c]) == (t == 5 || t == 7));
    nas_net_close(net);
}

static void test_pools(void **state) {
    (void)state;
    static const struct {
        int32_t h, w, sh, sw, pad;
    } cases[] = {{2, 2, 0, 0, NAS_VALID}, {3, 2, 1, 1, NAS_SAME},  {2, 3, 2, 1, NAS_SAME},
                 {5, 5, 3, 2, NAS_SAME},  {1, 1, 2, 2, NAS_VALID}, {9, 6, 0, 0, NAS_VALID}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const nas_model max =
            MODEL(9, 6, 1, CONV(18, 1, 1, 1, 1, 1, true),
                  MAX_POOL(cases[i].h, cases[i].w, cases[i].sh, cases[i].sw, cases[i].pad),
                  CONV(4, 1, 1, 1, 1, 1, true), FLATTEN, DENSE(CLASSES), SOFTMAX);
        const nas_model average =
            MODEL(9, 6, 1, CONV(3, 3, 3, 1, 1, NAS_SAME, true),
                  AVERAGE_POOL(cases[i].h, cases[i].w, cases[i].sh, cases[i].sw, cases[i].pad),
                  DEPTHWISE(1, 1, 1, 1, NAS_SAME, true), BN, FLATTEN, DENSE(CLASSES), SOFTMAX);
        check_net(&max, 5, 5);
        check_net(&average, 18, 18);
    }
}

/* Windows at an edge count what is inside only. */
static void test_pool_values(void **state) {
    (void)state;
    static const float x[] = {1, 2, 3, 4, 5, 6, 7, 8, -9};
    static const float means[] = {3, 4.5f, 7.5f, -9}, largest[] = {5, 6, 8, -9};
    const nas_model average =
        MODEL(3, 3, 1, AVERAGE_POOL(2, 2, 0, 0, NAS_SAME), FLATTEN, DENSE(CLASSES), SOFTMAX);
    const nas_model max =
        MODEL(3, 3, 1, MAX_POOL(2, 2, 2, 2, NAS_SAME), FLATTEN, DENSE(CLASSES), SOFTMAX);
    for (int k = 0; k < 2; k++) {
        static const char *const names[] = {"reference", "generic", "avx2", "avx512"};
        for (int r = 0; r < 4; r++) {
            if (!nas_kernel_find(names[r])) continue;
            nas_net *net = open_net(k ? &max : &average, 1, names[r]);
            float p[CLASSES];
            nas_net_predict(net, x, 1, p);
            for (int i = 0; i < 4; i++)
                assert_float_equal(net->values[2].x.at[i], (k ? largest : means)[i], 1e-6);
            nas_net_close(net);
        }
    }
}

static void test_relu6(void **state) {
    (void)state;
    const nas_model m =
        MODEL(7, 5, 1, CONV(17, 3, 3, 1, 1, NAS_SAME, true), BN, RELU6,
              {.ops = &nas_layer_depthwise_conv2d, DILATED(3, 3, 1, 1, 1, 1, NAS_SAME)}, RELU6,
              FLATTEN, DENSE(40), RELU6, DENSE(CLASSES), SOFTMAX);
    check_net(&m, 9, 9);
    const nas_model one = MODEL(1, 5, 1, RELU6, FLATTEN, DENSE(CLASSES), SOFTMAX);
    static const float x[] = {-1, 0, 2.5f, 6, 7}, want[] = {0, 0, 2.5f, 6, 6};
    nas_net *net = open_net(&one, 1, "generic");
    float p[CLASSES];
    nas_net_predict(net, x, 1, p);
    for (int i = 0; i < 5; i++)
        assert_true(net->values[1].x.at[i * net->values[1].x.cs] == want[i]);
    nas_net_close(net);
}

static void test_reshape(void **state) {
    (void)state;
    const nas_model m = MODEL(6, 5, 1, CONV(4, 2, 2, 1, 1, NAS_SAME, true), RESHAPE(3, 2, 20),
                              CONV(5, 3, 1, 1, 1, NAS_SAME, true), RESHAPE(1, 10, 3),
                              DEPTHWISE(1, 3, 1, 1, NAS_SAME, true), RESHAPE(5, 1, 6), GAP,
                              DENSE(CLASSES), SOFTMAX);
    check_net(&m, 6, 6);
    /* Values keep their order. */
    const nas_model one = MODEL(4, 3, 1, CONV(1, 1, 1, 1, 1, 1, false), RESHAPE(2, 3, 2),
                                RESHAPE(1, 1, 12), DENSE(CLASSES), SOFTMAX);
    nas_net *net = open_net(&one, 1, "generic");
    const float unit = 1;
    float x[12], p[CLASSES];
    nas_net_tensor_set(net, 0, &unit);
    for (int i = 0; i < 12; i++) x[i] = (float)i;
    nas_net_predict(net, x, 1, p);
    const nas_map *y = &net->values[2].x;
    for (int i = 0; i < 12; i++)
        assert_true(y->at[i / 6 * y->row + i % 6 / 2 * y->cs + i % 2] == (float)i);
    for (int i = 0; i < 12; i++) assert_true(net->values[3].x.at[i] == (float)i);
    nas_net_close(net);
}

static void test_dropout(void **state) {
    (void)state;
    const nas_model m = MODEL(7, 5, 1, CONV(17, 3, 3, 1, 1, NAS_SAME, true), DROPOUT(0.3), BN, RELU,
                              FLATTEN, DROPOUT(0.5), DENSE(CLASSES), DROPOUT(0), SOFTMAX);
    check_net(&m, 9, 9);
    /* A share of about rate is dropped, the rest is larger, differently in each step, image and
     * layer; a batch's chunks do not matter; nothing is dropped out of training. */
    enum { N = 40, V = 250 };
    const nas_model one =
        MODEL(V, 1, 1, DROPOUT(0.25), DROPOUT(0.25), FLATTEN, DENSE(CLASSES), SOFTMAX);
    nas_net *net = open_net(&one, N, "generic");
    static float x[N * V];
    static int32_t y[N];
    float p[CLASSES];
    int64_t dropped[2] = {0};
    static bool kept[2 * N][V];
    for (int i = 0; i < N * V; i++) x[i] = 1;
    /* Maps hold one chunk of images; what was drawn is kept for all. */
    const nas_node *a = &net->nodes.v[0], *b = &net->nodes.v[1];
    for (int step = 0; step < 2; step++) {
        net->step = step;
        (void)nas_net_step(net, x, y, N, 0);
        for (int i = 0; i < N; i++)
            for (int v = 0; v < V; v++) {
                const float u = a->work[(size_t)i * a->image_floats + (size_t)v];
                const float w = b->work[(size_t)i * b->image_floats + (size_t)v];
                assert_true(u == 0 || u == (float)(1 / 0.75));
                assert_true(w == 0 || w == (float)(1 / 0.75));
                dropped[step] += u == 0;
                kept[step * N + i][v] = u > 0;
            }
        assert_true(fabs((double)dropped[step] / (N * V) - 0.25) < 0.03);
    }
    for (int i = 0; i < 2 * N; i++) /* by chance 5 in 8 values are the same */
        for (int j = 0; j < i; j++) {
            int same = 0;
            for (int v = 0; v < V; v++) same += kept[i][v] == kept[j][v];
            assert_true(same < V * 8 / 10);
        }
    net->step = 0;
    (void)nas_net_step(net, x, y, 1, 0);
    for (int v = 0; v < V; v++) assert_true((a->work[v] > 0) == kept[0][v]);
    nas_net_predict(net, x, 1, p);
    for (int v = 0; v < V; v++) assert_true(net->values[2].x.at[v * net->values[2].x.row] == 1);
    nas_net_close(net);
}

static void test_batch_norm(void **state) {
    (void)state;
    const nas_model m =
        MODEL(8, 5, 1, CONV(17, 3, 3, 1, 1, NAS_SAME, true), BN, RELU, DEPTHWISE(3, 3, 1, 1, 0, 0),
              BN, CONV(6, 1, 1, 2, 2, NAS_SAME, false), BN, RELU, GAP, DENSE(CLASSES), SOFTMAX);
    check_net(&m, 40, 37);
    const nas_model opens = MODEL(6, 4, 2, BN, RELU, BN, CONV(3, 2, 2, 1, 1, 1, true), FLATTEN,
                                  DENSE(9), BN, DENSE(CLASSES), BN, SOFTMAX);
    check_net(&opens, 19, 19);
}

static void test_residual(void **state) {
    (void)state;
    const nas_model identity = MODEL(
        7, 4, 1, CONV(5, 3, 3, 1, 1, NAS_SAME, false), BN, RELU,
        RESIDUAL(0, CONV(5, 3, 3, 1, 1, NAS_SAME, false), BN, RELU, CONV(5, 1, 1, 1, 1, 1, 1), BN),
        RELU, RESIDUAL(0, BN, RELU, DEPTHWISE(3, 3, 1, 1, NAS_SAME, true)), GAP, DENSE(CLASSES),
        SOFTMAX);
    check_net(&identity, 18, 18);
    const nas_model project =
        MODEL(9, 6, 1, CONV(4, 3, 3, 1, 1, NAS_SAME, true), RELU,
              RESIDUAL(1, CONV(20, 3, 3, 2, 2, NAS_SAME, false), BN, RELU,
                       RESIDUAL(0, CONV(20, 3, 1, 1, 1, NAS_SAME, true), RELU)),
              RELU, GAP, DENSE(CLASSES), SOFTMAX);
    check_net(&project, 9, 9);
    const nas_model vectors = MODEL(3, 3, 1, FLATTEN, DENSE(6), RELU, RESIDUAL(0, DENSE(6), RELU),
                                    RESIDUAL(0, DENSE(6)), DENSE(CLASSES), SOFTMAX);
    check_net(&vectors, 20, 20);
}

/* Buffers that values and gradients of one shape pass on, and those that they may not. */
#define SAME_CONV CONV(8, 3, 3, 1, 1, NAS_SAME, false)
static void test_storage(void **state) {
    (void)state; /* batches of three chunks */
    const nas_model plain =
        MODEL(4, 3, 1, SAME_CONV, BN, RELU, DEPTHWISE(3, 3, 1, 1, NAS_SAME, false), SAME_CONV, BN,
              SAME_CONV, BN, SAME_CONV, BN, GAP, DENSE(CLASSES), SOFTMAX);
    check_net(&plain, 50, 50);
    const nas_model read_again = MODEL(3, 3, 1, FLATTEN, DENSE(8), BN, DENSE(8), RELU, BN, DENSE(8),
                                       BN, DENSE(CLASSES), SOFTMAX);
    check_net(&read_again, 50, 50);
    const nas_model nested =
        MODEL(4, 3, 1, SAME_CONV, BN,
              RESIDUAL(0, SAME_CONV, BN, RESIDUAL(0, SAME_CONV, BN, SAME_CONV, BN), SAME_CONV, BN),
              RESIDUAL(0, SAME_CONV, BN, SAME_CONV), SAME_CONV, BN, GAP, DENSE(CLASSES), SOFTMAX);
    check_net(&nested, 50, 50);
    const nas_model twice =
        MODEL(4, 3, 1, SAME_CONV, BN, RESIDUAL(0, RESIDUAL(0, SAME_CONV, BN), SAME_CONV, BN),
              RESIDUAL(0, SAME_CONV, BN, RESIDUAL(0, SAME_CONV, BN)), GAP, DENSE(CLASSES), SOFTMAX);
    check_net(&twice, 50, 50);
    const nas_model first = MODEL(4, 3, 1, SAME_CONV, BN, SAME_CONV, RESIDUAL(1, BN, SAME_CONV),
                                  RESIDUAL(0, BN, SAME_CONV), BN, GAP, DENSE(CLASSES), SOFTMAX);
    check_net(&first, 50, 50);
}

static void test_cost(void **state) {
    (void)state;
    nas_err err = {0};
    nas_model_cost cost;
    const nas_model m =
        MODEL(49, 10, 1, CONV(77, 3, 3, 2, 2, NAS_VALID, false), BN, RELU,
              CONV(77, 3, 3, 1, 1, NAS_SAME, false), BN, RELU,
              CONV(77, 3, 3, 1, 1, NAS_SAME, false), BN, RELU, GAP, DENSE(8), SOFTMAX);
    assert_int_equal(nas_model_check(&m, 8, &cost, &err), NAS_OK);
    assert_int_equal(cost.params, 9 * 77 + 2 * 9 * 77 * 77 + 3 * 2 * 77 + 77 * 8 + 8);
    assert_int_equal(cost.macs, 24 * 4 * 77 * 9 + 2 * 24 * 4 * 77 * 77 * 9 + 77 * 8);
}

static void expect_shape_error(const nas_model *m, const char *text) {
    nas_err err = {0};
    nas_model_cost cost;
    assert_int_equal(nas_model_check(m, CLASSES, &cost, &err), NAS_ESHAPE);
    if (!strstr(err.text, text)) fail_msg("\"%s\" lacks \"%s\"", err.text, text);
}

static void test_errors(void **state) {
    (void)state;
    const nas_model large = MODEL(3, 2, 1, RELU, CONV(4, 5, 5, 1, 1, NAS_SAME, true), SOFTMAX);
    expect_shape_error(&large, "layer 2 (conv2d): kernel 5x5 is larger than its input 3x2");
    const nas_model map = MODEL(3, 2, 1, DENSE(CLASSES), SOFTMAX);
    expect_shape_error(&map, "layer 1 (dense): its input is a map of 3x2x1");
    const nas_model classes = MODEL(3, 2, 1, GAP, DENSE(4), SOFTMAX);
    expect_shape_error(&classes, "4 outputs, but there are 3 classes");
    const nas_model open_end = MODEL(3, 2, 1, GAP, DENSE(CLASSES));
    expect_shape_error(&open_end, "layer 2 (dense): the last layer must be softmax");
    const nas_model early = MODEL(1, 1, 3, SOFTMAX, DENSE(CLASSES), SOFTMAX);
    expect_shape_error(&early, "layer 1 (softmax): softmax must be the last");
    const nas_model huge = MODEL(30, 30, 1, CONV(65536, 1, 1, 1, 1, 1, true),
                                 CONV(65536, 3, 3, 1, 1, 1, true), GAP, SOFTMAX);
    expect_shape_error(&huge, "layer 2 (conv2d)");
    const nas_model sum =
        MODEL(4, 4, 1, CONV(3, 1, 1, 1, 1, 1, true),
              RESIDUAL(0, CONV(4, 3, 3, 1, 1, NAS_SAME, true)), GAP, DENSE(CLASSES), SOFTMAX);
    expect_shape_error(&sum, "layer 2 (residual): its layers make 4x4x4 of 4x4x3");
    const nas_model inner = MODEL(2, 2, 1, RESIDUAL(1, CONV(4, 3, 3, 1, 1, NAS_SAME, true)), GAP,
                                  DENSE(CLASSES), SOFTMAX);
    expect_shape_error(&inner, "layer 1 (residual): layer 1 (conv2d): kernel 3x3");
    const nas_model pool =
        MODEL(3, 2, 1, MAX_POOL(2, 3, 1, 1, NAS_SAME), GAP, DENSE(CLASSES), SOFTMAX);
    expect_shape_error(&pool, "layer 1 (max_pool): size 2x3 is larger than its input 3x2");
    const nas_model wide = MODEL(
        4, 6, 1, {.ops = &nas_layer_conv2d, .filters = 2, DILATED(3, 2, 1, 1, 2, 1, NAS_SAME)}, GAP,
        DENSE(CLASSES), SOFTMAX);
    expect_shape_error(&wide, "kernel 5x2 is larger than its input 4x6, with its dilation");
    const nas_model count = MODEL(4, 6, 1, RESHAPE(5, 5, 1), GAP, DENSE(CLASSES), SOFTMAX);
    expect_shape_error(&count, "layer 1 (reshape): 5x5x1 has not the 24 values of its input 4x6x1");
    const nas_model frames = MODEL(4, 6, 1, CONV(2, 1, 1, 1, 1, 1, true), CONV1D(3, 2, 1, 1, 1),
                                   GAP, DENSE(CLASSES), SOFTMAX);
    expect_shape_error(&frames, "put a reshape to [4, 1, 12] before");
    const nas_model shrink = MODEL(8, 8, 1, RESIDUAL(1, CONV(4, 2, 2, 1, 1, NAS_VALID, true)), GAP,
                                   DENSE(CLASSES), SOFTMAX);
    expect_shape_error(&shrink, "no stride takes");
}

static void test_names(void **state) {
    (void)state;
    const nas_model m =
        MODEL(6, 6, 1, CONV(4, 3, 3, 1, 1, 0, true),
              RESIDUAL(1, CONV(8, 3, 3, 2, 2, NAS_SAME, false), BN), GAP, DENSE(CLASSES), SOFTMAX);
    static const char *const names[] = {"1.conv2d.kernel",
                                        "1.conv2d.bias",
                                        "2.residual.1.conv2d.kernel",
                                        "2.residual.2.batch_norm.gamma",
                                        "2.residual.2.batch_norm.beta",
                                        "2.residual.2.batch_norm.mean",
                                        "2.residual.2.batch_norm.variance",
                                        "2.residual.shortcut.conv2d.kernel",
                                        "2.residual.shortcut.batch_norm.gamma"};
    nas_net *net = open_net(&m, 4, "reference");
    assert_int_equal(nas_net_tensors(net), 14);
    for (int32_t i = 0; i < 9; i++) assert_string_equal(nas_net_tensor_at(net, i).name, names[i]);
    assert_false(nas_net_tensor_at(net, 5).trainable);
    assert_string_equal(nas_layer_name(nas_layer_find("dense")), "dense");
    assert_null(nas_layer_find("add"));
    nas_net_close(net);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_dense),      cmocka_unit_test(test_conv),
        cmocka_unit_test(test_tiles),      cmocka_unit_test(test_depthwise),
        cmocka_unit_test(test_batch_norm), cmocka_unit_test(test_residual),
        cmocka_unit_test(test_storage),    cmocka_unit_test(test_cost),
        cmocka_unit_test(test_dilation),   cmocka_unit_test(test_conv1d),
        cmocka_unit_test(test_pools),      cmocka_unit_test(test_pool_values),
        cmocka_unit_test(test_relu6),      cmocka_unit_test(test_reshape),
        cmocka_unit_test(test_dropout),    cmocka_unit_test(test_errors),
        cmocka_unit_test(test_names),
    };
    return cmocka_run_group_tests_name("layers", tests, NULL, NULL);
}
