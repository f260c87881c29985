/* tests/nets.h - models written down in few words, for the tests of the training core. */
#ifndef NAS_TESTS_NETS_H
#define NAS_TESTS_NETS_H

#include "base/rng.h"
#include "core/nn/layers/layers.h"

#include <math.h>

#define LAYERS(...)      \
    (nas_layer_spec[]) { \
        __VA_ARGS__      \
    }
#define COUNT(...) ((int32_t)(sizeof(LAYERS(__VA_ARGS__)) / sizeof(nas_layer_spec)))
#define MODEL(h, w, c, ...) \
    { .input = {h, w, c}, .n_layers = COUNT(__VA_ARGS__), .layers = LAYERS(__VA_ARGS__) }

#define CONV(f, kh, kw, sh, sw, pad, with_bias)                                               \
    {                                                                                         \
        .ops = &nas_layer_conv2d, .filters = f, .kernel = {kh, kw}, .stride = {sh, sw},       \
        .dilation = {1, 1}, .padding = pad, .bias = with_bias, .scale = true, .sparsity = NAN \
    }
#define DEPTHWISE(kh, kw, sh, sw, pad, with_bias)                                   \
    {                                                                               \
        .ops = &nas_layer_depthwise_conv2d, .kernel = {kh, kw}, .stride = {sh, sw}, \
        .padding = pad, .bias = with_bias                                           \
    }
#define DILATED(kh, kw, sh, sw, dh, dw, pad) \
    .kernel = {kh, kw}, .stride = {sh, sw}, .dilation = {dh, dw}, .padding = pad, .bias = true
#define CONV1D(f, k, s, d, pad)                                                                \
    {                                                                                          \
        .ops = &nas_layer_conv1d, .filters = f, .kernel = {k}, .stride = {s}, .dilation = {d}, \
        .padding = pad, .bias = true, .scale = true                                            \
    }
#define MAX_POOL(h, w, sh, sw, pad) \
    { .ops = &nas_layer_max_pool, .kernel = {h, w}, .stride = {sh, sw}, .padding = pad }
#define AVERAGE_POOL(h, w, sh, sw, pad) \
    { .ops = &nas_layer_average_pool, .kernel = {h, w}, .stride = {sh, sw}, .padding = pad }
#define RESHAPE(h, w, c)                                \
    {                                                   \
        .ops = &nas_layer_reshape, .shape = { h, w, c } \
    }
#define DROPOUT(p) \
    { .ops = &nas_layer_dropout, .rate = p }
#define RELU6 \
    { .ops = &nas_layer_relu6 }
#define DENSE(n) \
    { .ops = &nas_layer_dense, .filters = n, .bias = true, .sparsity = NAN }
#define BN \
    { .ops = &nas_layer_batch_norm, .momentum = 0.99, .epsilon = 1e-3 }
#define RELU \
    { .ops = &nas_layer_relu }
#define GAP \
    { .ops = &nas_layer_global_average_pool }
#define FLATTEN \
    { .ops = &nas_layer_flatten }
#define SOFTMAX \
    { .ops = &nas_layer_softmax }
#define RESIDUAL(how, ...)                                                           \
    {                                                                                \
        .ops = &nas_layer_residual, .shortcut = how, .n_layers = COUNT(__VA_ARGS__), \
        .layers = LAYERS(__VA_ARGS__)                                                \
    }

/* Roughly normal values. */
static inline void fill(float *v, int64_t n, uint32_t place) {
    nas_rng rng = nas_rng_stream(1, 0, NAS_PURPOSE_TEST, place, 0, 0);
    for (int64_t i = 0; i < n; i++) {
        float sum = -2;
        for (int j = 0; j < 4; j++) sum += nas_rng_float(&rng);
        v[i] = sum * 1.7f;
    }
}

#endif
