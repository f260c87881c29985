/* tests/random_net.h - nets of random structure for tests: rnet(arena, seed). */
#ifndef NAS_TESTS_RANDOM_NET_H
#define NAS_TESTS_RANDOM_NET_H

#include "tests/random_graph.h"

static inline int32_t rnet_below(rg *b, int32_t n) {
    return (int32_t)nas_rng_below(&b->rng, (uint64_t)n);
}

static inline int32_t rnet_between(rg *b, int32_t lo, int32_t hi) {
    return lo + rnet_below(b, hi - lo + 1);
}

static inline nas_activation rnet_activation(rg *b) {
    static const nas_activation all[] = {NAS_ACT_NONE, NAS_ACT_RELU, NAS_ACT_RELU6};
    return all[rnet_below(b, 3)];
}

/* A window that fits the newest map. */
static inline rg_window rnet_window(rg *b, bool dilated) {
    rg_window w = {.activation = rnet_activation(b)};
    w.padding = rnet_below(b, 3) ? NAS_SAME : NAS_VALID;
    for (int k = 0; k < 2; k++) {
        const int32_t in = rg_top(b)->dims[1 + k];
        w.kernel[k] = rnet_between(b, 1, 5);
        w.stride[k] = rnet_between(b, 1, 3);
        w.dilation[k] = dilated && w.stride[k] == 1 ? rnet_between(b, 1, 3) : 1;
        if ((w.kernel[k] - 1) * w.dilation[k] + 1 > in) w.padding = NAS_SAME;
    }
    /* The runtime wants the same stride, or none, of a dilated window. */
    if (w.dilation[0] > 1 || w.dilation[1] > 1) w.stride[0] = w.stride[1] = 1;
    return w;
}

static inline void rnet_block(rg *b) {
    const int32_t c = rg_top(b)->dims[3];
    const int32_t filters = rnet_below(b, 4) ? rnet_between(b, 1, 24) : rnet_between(b, 25, 67);
    rg_window same = {.kernel = {3, 3}};
    const int32_t before = b->last;
    switch (rnet_below(b, 9)) {
    case 0:
    case 1: rg_conv(b, filters, rnet_window(b, true)); break;
    case 2: { /* without an activation of its own: batch norm comes before it */
        rg_window w = rnet_window(b, false);
        w.activation = NAS_ACT_NONE;
        rg_conv(b, filters, w);
        rg_batch_norm(b);
        rg_unary(b, rnet_below(b, 2) ? NAS_OP_RELU : NAS_OP_RELU6);
        break;
    }
    case 3: rg_depthwise(b, 1, rnet_window(b, true)); break;
    case 4: rg_depthwise(b, c < 20 ? rnet_between(b, 1, 3) : 1, rnet_window(b, false)); break;
    case 5: /* residual */
        rg_depthwise(b, 1, same);
        rg_conv(b, c, (rg_window){.kernel = {1, 1}});
        rg_join(b, NAS_OP_ADD, before, rnet_activation(b));
        break;
    case 6: /* gate */
        rg_conv(b, c, same);
        rg_join(b, NAS_OP_MUL, before, rnet_activation(b));
        break;
    case 7: {
        const nas_op_kind kind = rnet_below(b, 2) ? NAS_OP_MAX_POOL_2D : NAS_OP_AVERAGE_POOL_2D;
        rg_pool(b, kind, rnet_window(b, false));
        break;
    }
    default: rg_batch_norm(b); break;
    }
}

static inline rg rnet(nas_arena *a, uint32_t seed) {
    rg b = rg_start(a, 77777 + seed, 0, NULL);
    const int32_t dims[4] = {1, rnet_between(&b, 1, 20), rnet_between(&b, 1, 20),
                             rnet_below(&b, 2) ? 1 : rnet_between(&b, 2, 9)};
    b.g = nas_graph_start(a);
    rg_ok(&b, nas_graph_activation(&b.g, NAS_F32, 4, dims, &b.last, &b.err));
    b.g.input = b.last;
    const int32_t blocks = rnet_between(&b, 1, 5), units = rnet_between(&b, 1, 67);
    for (int32_t k = 0; k < blocks; k++) rnet_block(&b);
    switch (rnet_below(&b, 3)) {
    case 0: rg_flatten(&b); break;
    case 1: rg_mean(&b, rnet_below(&b, 2)); break;
    default: break;
    }
    if (rnet_below(&b, 4) == 0) rg_dense(&b, rnet_between(&b, 1, 67), rnet_activation(&b), true);
    rg_dense(&b, units, NAS_ACT_NONE, rnet_below(&b, 3) > 0);
    if (rnet_below(&b, 2)) rg_unary(&b, NAS_OP_SOFTMAX);
    return b;
}

#endif
