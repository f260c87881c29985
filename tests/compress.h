/* tests/compress.h - nets, examples and looks into them that the tests of compression share. */
#ifndef NAS_TESTS_COMPRESS_H
#define NAS_TESTS_COMPRESS_H

#include "core/nn/net/net_int.h"
#include "core/nn/train/train.h"
#include "tests/nets.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

/* Averages that follow within the few steps of a test. */
#undef BN
#define BN \
    { .ops = &nas_layer_batch_norm, .momentum = 0.7, .epsilon = 1e-3 }

enum { CLASSES = 3, EXAMPLES = 40, BATCH = 8, HIGH = 13, WIDE = 8 };

/* Kernels: 81, depthwise 81, 45, 540, 480, 144, 36 weights. */
static const nas_model plain = MODEL(
    HIGH, WIDE, 1, CONV(9, 3, 3, 2, 2, NAS_SAME, false), BN, RELU,
    DEPTHWISE(3, 3, 1, 1, NAS_SAME, false), BN, CONV(5, 1, 1, 1, 1, NAS_VALID, false), RELU,
    CONV(12, 3, 3, 1, 1, NAS_SAME, true), BN, RELU, GAP, DENSE(40), RELU, DENSE(CLASSES), SOFTMAX);

/* Batch norms before and inside residuals, after ReLU, pooling and dense, twice in a row. */
static const nas_model knotted =
    MODEL(HIGH, WIDE, 1, BN, CONV(6, 3, 3, 2, 2, NAS_SAME, false), BN, BN, RELU, BN,
          RESIDUAL(0, BN, DEPTHWISE(3, 3, 1, 1, NAS_SAME, true), BN, RELU,
                   CONV(6, 1, 1, 1, 1, NAS_VALID, false), BN),
          RELU, CONV(7, 1, 1, 1, 1, NAS_VALID, true), BN,
          RESIDUAL(1, BN, RELU, CONV(10, 3, 3, 2, 2, NAS_SAME, true), BN), BN, RELU, GAP, BN,
          DENSE(16), BN, RELU, DENSE(CLASSES), BN, SOFTMAX);

static float examples_x[EXAMPLES * HIGH * WIDE];
static int32_t examples_y[EXAMPLES];

/* A class is a place where values are raised. */
static inline nas_examples toy(void) {
    fill(examples_x, EXAMPLES * HIGH * WIDE, 7);
    for (int32_t i = 0; i < EXAMPLES; i++) {
        const int32_t y = examples_y[i] = i * 7 % CLASSES;
        for (int32_t j = 0; j < 20; j++)
            examples_x[i * HIGH * WIDE + (y * 30 + j) % (HIGH * WIDE)] += 1.5f;
    }
    return (nas_examples){.x = examples_x, .y = examples_y, .n = EXAMPLES, .h = HIGH, .w = WIDE};
}

static inline const nas_kernel *kernels(void) {
    const nas_kernel *k;
    assert_int_equal(nas_kernel_choose(&k, NULL), NAS_OK);
    return k;
}

static inline nas_net *open_net(const nas_model *m) {
    nas_net *net;
    nas_err err = {0};
    if (nas_net_open(m, CLASSES, BATCH, kernels(), &net, &err) != NAS_OK) fail_msg("%s", err.text);
    nas_net_init(net, 3, 0);
    return net;
}

static inline int32_t tensor_at(const nas_net *net, const char *name) {
    for (int32_t i = 0; i < nas_net_tensors(net); i++)
        if (!strcmp(nas_net_tensor_at(net, i).name, name)) return i;
    fail_msg("no tensor %s", name);
    return -1;
}

static inline float *get(const nas_net *net, int32_t i) {
    float *v = malloc((size_t)nas_net_tensor_at(net, i).count * sizeof *v);
    nas_net_tensor_get(net, i, v);
    return v;
}

static inline int64_t zeros_in(const float *v, int64_t n) {
    int64_t zeros = 0;
    for (int64_t i = 0; i < n; i++) zeros += v[i] == 0;
    return zeros;
}

static inline int64_t zeros_of(const nas_net *net, const char *name) {
    const int32_t i = tensor_at(net, name);
    float *v = get(net, i);
    const int64_t n = zeros_in(v, nas_net_tensor_at(net, i).count);
    free(v);
    return n;
}

/* Batch norms that are far from doing nothing. */
static inline void disturb(nas_net *net) {
    for (int32_t i = 0; i < nas_net_tensors(net); i++) {
        const nas_net_tensor_info t = nas_net_tensor_at(net, i);
        if (strstr(t.name, "kernel")) continue;
        float *v = get(net, i);
        fill(v, t.count, (uint32_t)i);
        for (int64_t j = 0; j < t.count; j++) {
            if (strstr(t.name, "gamma")) v[j] += 1.2f;
            if (strstr(t.name, "variance")) v[j] = 0.3f + v[j] * v[j];
        }
        nas_net_tensor_set(net, i, v);
        free(v);
    }
}

static inline nas_net *fold(const nas_net *net) {
    nas_net *out;
    nas_err err = {0};
    if (nas_net_fold(net, &out, &err) != NAS_OK) fail_msg("%s", err.text);
    return out;
}

static inline nas_graph graph_of(nas_arena *a, const nas_net *net) {
    nas_err err = {0};
    nas_graph g = nas_graph_start(a);
    if (nas_net_lower(net, &g, &err) != NAS_OK || nas_graph_fold(&g, &err) != NAS_OK)
        fail_msg("%s", err.text);
    return g;
}

#endif
