/* tests/random_graph.h - builds graphs layer by layer with random weights, for tests. Every failure
 * ends the program: these graphs are right by construction. */
#ifndef NAS_TESTS_RANDOM_GRAPH_H
#define NAS_TESTS_RANDOM_GRAPH_H

#include "base/rng.h"
#include "core/graph/graph.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

typedef struct rg {
    nas_graph g;
    nas_rng rng;
    int32_t last; /* the newest activation */
    nas_err err;
} rg;

static inline void rg_ok(rg *b, nas_status st) {
    if (st == NAS_OK) return;
    fprintf(stderr, "random graph: %s\n", b->err.text);
    exit(1);
}

static inline float rg_uniform(rg *b, float lo, float hi) {
    return lo + (hi - lo) * nas_rng_float(&b->rng);
}

static inline rg rg_start(nas_arena *a, uint32_t seed, int32_t rank, const int32_t *dims) {
    rg b = {.g = nas_graph_start(a), .rng = nas_rng_stream(seed, 0, NAS_PURPOSE_TEST, 0, 0, 0)};
    rg_ok(&b, nas_graph_activation(&b.g, NAS_F32, rank, dims, &b.last, &b.err));
    b.g.input = b.last;
    return b;
}

static inline const nas_tensor *rg_top(const rg *b) {
    return &b->g.tensors[b->last];
}

/* A constant with values of size about `size` around `middle`; size 0 with every tenth channel 0.
 */
static inline int32_t rg_constant(rg *b, int32_t rank, const int32_t *dims, float middle,
                                  float size) {
    nas_tensor t = {.dtype = NAS_F32, .rank = rank};
    for (int32_t i = 0; i < rank; i++) t.dims[i] = dims[i];
    const int64_t n = nas_tensor_count(&t);
    float *v = malloc((size_t)n * sizeof *v);
    int32_t index;
    if (!v) exit(1);
    for (int64_t i = 0; i < n; i++) v[i] = middle + rg_uniform(b, -size, size);
    rg_ok(b, nas_graph_constant(&b->g, rank, dims, v, &index, &b->err));
    free(v);
    return index;
}

/* Adds *o, whose operand 0 is the newest activation, with an output of this shape. */
static inline void rg_op(rg *b, nas_op o, int32_t rank, const int32_t *dims) {
    o.in[0] = b->last;
    rg_ok(b, nas_graph_activation(&b->g, NAS_F32, rank, dims, &o.out, &b->err));
    rg_ok(b, nas_graph_op(&b->g, &o, &b->err));
    b->last = b->g.output = o.out;
}

typedef struct rg_window {
    int32_t kernel[2], stride[2], dilation[2];
    nas_padding padding;
    nas_activation activation;
} rg_window;

static inline nas_op rg_window_op(const rg *b, nas_op_kind kind, rg_window w, int32_t *dims) {
    nas_op o = {.kind = kind, .padding = w.padding, .activation = w.activation};
    for (int k = 0; k < 2; k++) {
        int32_t before;
        o.stride[k] = w.stride[k] ? w.stride[k] : 1;
        o.dilation[k] = w.dilation[k] ? w.dilation[k] : 1;
        nas_window_axis(w.padding, rg_top(b)->dims[1 + k], w.kernel[k], o.stride[k], o.dilation[k],
                        &dims[1 + k], &before);
    }
    dims[0] = 1;
    return o;
}

static inline void rg_conv(rg *b, int32_t filters, rg_window w) {
    const int32_t in = rg_top(b)->dims[3];
    int32_t dims[4];
    nas_op o = rg_window_op(b, NAS_OP_CONV_2D, w, dims);
    const float size = sqrtf(6.0f / (float)(in * w.kernel[0] * w.kernel[1]));
    dims[3] = filters;
    o.n_in = 3;
    o.in[1] = rg_constant(b, 4, (int32_t[]){filters, w.kernel[0], w.kernel[1], in}, 0, size);
    o.in[2] = rg_constant(b, 1, &filters, 0, 0.3f);
    rg_op(b, o, 4, dims);
}

static inline void rg_depthwise(rg *b, int32_t multiplier, rg_window w) {
    const int32_t c = rg_top(b)->dims[3] * multiplier;
    int32_t dims[4];
    nas_op o = rg_window_op(b, NAS_OP_DEPTHWISE_CONV_2D, w, dims);
    const float size = sqrtf(6.0f / (float)(w.kernel[0] * w.kernel[1]));
    dims[3] = c;
    o.n_in = 3;
    o.in[1] = rg_constant(b, 4, (int32_t[]){1, w.kernel[0], w.kernel[1], c}, 0, size);
    o.in[2] = rg_constant(b, 1, &c, 0, 0.3f);
    rg_op(b, o, 4, dims);
}

static inline void rg_pool(rg *b, nas_op_kind kind, rg_window w) {
    int32_t dims[4];
    nas_op o = rg_window_op(b, kind, w, dims);
    for (int k = 0; k < 2; k++) {
        o.window[k] = w.kernel[k];
        o.dilation[k] = 0;
    }
    dims[3] = rg_top(b)->dims[3];
    o.n_in = 1;
    rg_op(b, o, 4, dims);
}

/* widths: before and after along each axis. */
static inline void rg_pad(rg *b, const int32_t widths[8]) {
    const nas_tensor x = *rg_top(b);
    int32_t *data = nas_arena_array(b->g.arena, 8, sizeof *data, &b->err);
    if (!data) exit(1);
    nas_op o = {.kind = NAS_OP_PAD, .n_in = 2};
    const nas_tensor t = {.dtype = NAS_I32, .rank = 2, .dims = {4, 2}, .data = data};
    int32_t dims[4];
    for (int i = 0; i < 8; i++) data[i] = widths[i];
    for (int i = 0; i < 4; i++) dims[i] = x.dims[i] + widths[2 * i] + widths[2 * i + 1];
    rg_ok(b, nas_graph_tensor(&b->g, &t, &o.in[1], &b->err));
    rg_op(b, o, 4, dims);
}

static inline void rg_dense(rg *b, int32_t units, nas_activation activation, bool biased) {
    const int32_t in = (int32_t)nas_tensor_count(rg_top(b));
    nas_op o = {.kind = NAS_OP_FULLY_CONNECTED, .n_in = 2 + biased, .activation = activation};
    o.in[1] = rg_constant(b, 2, (int32_t[]){units, in}, 0, sqrtf(6.0f / (float)in));
    if (biased) o.in[2] = rg_constant(b, 1, &units, 0, 0.3f);
    rg_op(b, o, 2, (int32_t[]){1, units});
}

static inline void rg_mean(rg *b, bool keep) {
    const int32_t c = rg_top(b)->dims[3];
    const nas_op o = {.kind = NAS_OP_MEAN, .n_in = 1, .keep_dims = keep};
    rg_op(b, o, keep ? 4 : 2, keep ? (int32_t[]){1, 1, 1, c} : (int32_t[]){1, c});
}

static inline void rg_unary(rg *b, nas_op_kind kind) {
    const nas_tensor t = *rg_top(b);
    const nas_op o = {.kind = kind, .n_in = 1};
    rg_op(b, o, t.rank, t.dims);
}

/* ADD or MUL with one value per channel: what batch norm lowers to. */
static inline void rg_affine(rg *b, nas_op_kind kind, bool full_rank) {
    const nas_tensor t = *rg_top(b);
    const int32_t dims[4] = {1, 1, 1, t.dims[t.rank - 1]};
    nas_op o = {.kind = kind, .n_in = 2};
    const float middle = kind == NAS_OP_MUL ? 1 : 0;
    o.in[1] = full_rank ? rg_constant(b, t.rank, dims + 4 - t.rank, middle, 0.5f)
                        : rg_constant(b, 1, dims + 3, middle, 0.5f);
    rg_op(b, o, t.rank, t.dims);
}

static inline void rg_batch_norm(rg *b) {
    rg_affine(b, NAS_OP_MUL, false);
    rg_affine(b, NAS_OP_ADD, true);
}

/* The newest activation joined with an older one of its shape. */
static inline void rg_join(rg *b, nas_op_kind kind, int32_t other, nas_activation activation) {
    const nas_tensor t = *rg_top(b);
    nas_op o = {.kind = kind, .n_in = 2, .activation = activation};
    o.in[1] = other;
    rg_op(b, o, t.rank, t.dims);
}

/* The newest activation and an older one, which differ along `axis` alone. */
static inline void rg_concat(rg *b, int32_t other, int32_t axis) {
    const nas_tensor t = *rg_top(b);
    int32_t dims[4];
    nas_op o = {.kind = NAS_OP_CONCATENATION, .n_in = 2, .in = {0, other}, .axis = axis};
    for (int k = 0; k < 4; k++) dims[k] = t.dims[k];
    dims[axis] += b->g.tensors[other].dims[axis];
    rg_op(b, o, t.rank, dims);
}

static inline int32_t rg_list(rg *b, int32_t n, const int32_t *values) {
    int32_t index, *data = nas_arena_array(b->g.arena, (size_t)n, sizeof *data, &b->err);
    if (!data) exit(1);
    for (int i = 0; i < n; i++) data[i] = values[i];
    const nas_tensor t = {.dtype = NAS_I32, .rank = 1, .dims = {n}, .data = data};
    rg_ok(b, nas_graph_tensor(&b->g, &t, &index, &b->err));
    return index;
}

static inline void rg_transpose(rg *b, const int32_t order[4]) {
    const nas_tensor x = *rg_top(b);
    nas_op o = {.kind = NAS_OP_TRANSPOSE, .n_in = 2, .in = {0, rg_list(b, 4, order)}};
    int32_t dims[4];
    for (int k = 0; k < 4; k++) dims[k] = x.dims[order[k]];
    rg_op(b, o, 4, dims);
}

/* Every second row but the first, columns backwards. */
static inline void rg_slice(rg *b) {
    const nas_tensor x = *rg_top(b);
    const int32_t begin[4] = {0, 1, -1, 0}, end[4] = {0, 0, 0, 0}, step[4] = {1, 2, -1, 1};
    nas_op o = {.kind = NAS_OP_STRIDED_SLICE, .n_in = 4, .end_mask = 0xf};
    o.in[1] = rg_list(b, 4, begin);
    o.in[2] = rg_list(b, 4, end);
    o.in[3] = rg_list(b, 4, step);
    rg_op(b, o, 4, (int32_t[]){1, x.dims[1] / 2, x.dims[2], x.dims[3]});
}

static inline void rg_max(rg *b) {
    const nas_op o = {.kind = NAS_OP_REDUCE_MAX, .n_in = 1};
    rg_op(b, o, 2, (int32_t[]){1, rg_top(b)->dims[3]});
}

static inline void rg_leaky(rg *b) {
    const nas_tensor t = *rg_top(b);
    const nas_op o = {.kind = NAS_OP_LEAKY_RELU, .n_in = 1, .alpha = 0.2f};
    rg_op(b, o, t.rank, t.dims);
}

static inline void rg_flatten(rg *b) {
    const int32_t dims[2] = {1, (int32_t)nas_tensor_count(rg_top(b))};
    const nas_op o = {.kind = NAS_OP_RESHAPE, .n_in = 1};
    rg_op(b, o, 2, dims);
}

/* A small net of kind `variant` (from 0): convolutions of every sort, odd channel numbers, strides,
 * paddings, dilations, pools, joins. rg_variants says how many there are. Without SOFTMAX the bits
 * before it are seen. */
enum { rg_variants = 18, rg_own = 15 }; /* rg_own: those of operators that exports have */

static inline rg rg_net(nas_arena *a, uint32_t seed, int32_t variant, bool softmax) {
    static const int32_t inputs[rg_variants][4] = {
        {1, 25, 20, 1}, {1, 13, 9, 3}, {1, 12, 11, 5}, {1, 9, 9, 4},  {1, 16, 7, 2}, {1, 10, 10, 1},
        {1, 8, 8, 6},   {1, 7, 5, 17}, {1, 1, 1, 33},  {1, 11, 6, 3}, {1, 14, 4, 8}, {1, 6, 6, 19},
        {1, 1, 30, 4},  {1, 5, 5, 16}, {1, 17, 1, 5},  {1, 9, 7, 3},  {1, 6, 5, 8},  {1, 8, 7, 5}};
    const rg_window same3 = {.kernel = {3, 3}, .activation = NAS_ACT_RELU};
    const rg_window one = {.kernel = {1, 1}, .activation = NAS_ACT_RELU6};
    rg b = rg_start(a, seed * 1000 + (uint32_t)variant, 4, inputs[variant]);
    switch (variant) {
    case 0: /* a plain CNN with batch norm */
        rg_conv(&b, 21, (rg_window){.kernel = {3, 3}, .stride = {2, 2}, .padding = NAS_VALID});
        rg_batch_norm(&b);
        rg_unary(&b, NAS_OP_RELU);
        rg_conv(&b, 13, (rg_window){.kernel = {3, 3}});
        rg_batch_norm(&b);
        rg_unary(&b, NAS_OP_RELU6);
        rg_flatten(&b);
        rg_dense(&b, 8, NAS_ACT_NONE, true);
        break;
    case 1: /* depthwise separable */
        rg_conv(&b, 24, (rg_window){.kernel = {5, 3}, .stride = {2, 1}});
        rg_depthwise(&b, 1, same3);
        rg_conv(&b, 31, one);
        rg_depthwise(&b, 1, (rg_window){.kernel = {3, 3}, .stride = {2, 2}});
        rg_conv(&b, 9, one);
        rg_mean(&b, false);
        rg_dense(&b, 12, NAS_ACT_NONE, true);
        break;
    case 2: { /* residual */
        rg_conv(&b, 18, same3);
        const int32_t skip = b.last;
        rg_conv(&b, 18, (rg_window){.kernel = {3, 3}});
        rg_join(&b, NAS_OP_ADD, skip, NAS_ACT_RELU);
        rg_mean(&b, true);
        rg_dense(&b, 5, NAS_ACT_NONE, false);
        break;
    }
    case 3: /* pools */
        rg_conv(&b, 7, (rg_window){.kernel = {2, 2}, .padding = NAS_VALID});
        rg_pool(&b, NAS_OP_MAX_POOL_2D, (rg_window){.kernel = {2, 3}, .stride = {2, 1}});
        rg_pool(&b, NAS_OP_AVERAGE_POOL_2D, (rg_window){.kernel = {3, 3}});
        rg_pool(&b, NAS_OP_MAX_POOL_2D,
                (rg_window){.kernel = {2, 2}, .stride = {2, 2}, .padding = NAS_VALID});
        rg_flatten(&b);
        rg_dense(&b, 6, NAS_ACT_RELU, true);
        rg_dense(&b, 4, NAS_ACT_NONE, true);
        break;
    case 4: /* dilations */
        rg_conv(&b, 10, (rg_window){.kernel = {3, 2}, .dilation = {2, 3}});
        rg_conv(&b, 11, (rg_window){.kernel = {3, 1}, .dilation = {3, 1}, .padding = NAS_VALID});
        rg_depthwise(&b, 1, (rg_window){.kernel = {3, 3}, .dilation = {2, 2}});
        rg_mean(&b, false);
        rg_dense(&b, 3, NAS_ACT_NONE, true);
        break;
    case 5: /* depthwise with a multiplier on one channel and on many */
        rg_depthwise(&b, 8, (rg_window){.kernel = {4, 4}, .stride = {2, 2}});
        rg_depthwise(&b, 3, (rg_window){.kernel = {3, 3}, .activation = NAS_ACT_RELU6});
        rg_mean(&b, false);
        rg_dense(&b, 10, NAS_ACT_NONE, true);
        break;
    case 6: /* activations and affine operators that cannot be folded */
        rg_affine(&b, NAS_OP_MUL, true);
        rg_affine(&b, NAS_OP_ADD, false);
        rg_unary(&b, NAS_OP_RELU);
        rg_conv(&b, 16, (rg_window){.kernel = {1, 1}});
        rg_pool(&b, NAS_OP_AVERAGE_POOL_2D,
                (rg_window){.kernel = {2, 2}, .stride = {2, 2}, .activation = NAS_ACT_RELU6});
        rg_unary(&b, NAS_OP_RELU6);
        rg_mean(&b, false);
        break;
    case 7: { /* a gate */
        rg_conv(&b, 17, (rg_window){.kernel = {3, 3}});
        const int32_t gate = b.last;
        rg_conv(&b, 17, (rg_window){.kernel = {1, 1}});
        rg_join(&b, NAS_OP_MUL, gate, NAS_ACT_NONE);
        rg_mean(&b, false);
        rg_dense(&b, 7, NAS_ACT_NONE, true);
        break;
    }
    case 8: /* dense only */
        rg_dense(&b, 77, NAS_ACT_RELU, true);
        rg_dense(&b, 40, NAS_ACT_RELU6, false);
        rg_dense(&b, 12, NAS_ACT_NONE, true);
        break;
    case 9: { /* one map read twice */
        rg_conv(&b, 12, same3);
        const int32_t trunk = b.last;
        rg_unary(&b, NAS_OP_RELU6);
        rg_join(&b, NAS_OP_ADD, trunk, NAS_ACT_NONE);
        rg_conv(&b, 6, (rg_window){.kernel = {3, 3}, .stride = {3, 3}});
        rg_flatten(&b);
        rg_dense(&b, 9, NAS_ACT_NONE, true);
        break;
    }
    case 10: /* a kernel larger than the map, whose border is most of it */
        rg_conv(&b, 33, (rg_window){.kernel = {7, 7}});
        rg_depthwise(&b, 1, (rg_window){.kernel = {5, 9}, .stride = {3, 2}});
        rg_mean(&b, false);
        rg_dense(&b, 4, NAS_ACT_NONE, true);
        break;
    case 11: /* many channels */
        rg_conv(&b, 77, same3);
        rg_conv(&b, 77, same3);
        rg_mean(&b, false);
        rg_dense(&b, 12, NAS_ACT_NONE, true);
        break;
    case 12: /* one row: conv1d */
        rg_conv(&b, 15, (rg_window){.kernel = {1, 5}, .stride = {1, 2}, .padding = NAS_VALID});
        rg_conv(&b, 14, (rg_window){.kernel = {1, 3}, .activation = NAS_ACT_RELU});
        rg_pool(&b, NAS_OP_MAX_POOL_2D, (rg_window){.kernel = {1, 2}, .stride = {1, 2}});
        rg_flatten(&b);
        rg_dense(&b, 3, NAS_ACT_NONE, true);
        break;
    case 14: { /* causal conv1d, and a pad of all inner axes */
        const int32_t causal[8] = {0, 0, 4, 0}, around[8] = {0, 0, 1, 2, 2, 0, 1, 3};
        rg_pad(&b, causal);
        rg_conv(&b, 9, (rg_window){.kernel = {3, 1}, .dilation = {2, 1}, .padding = NAS_VALID});
        rg_unary(&b, NAS_OP_RELU);
        rg_pad(&b, around);
        rg_conv(&b, 6, (rg_window){.kernel = {2, 2}, .padding = NAS_VALID});
        rg_mean(&b, false);
        rg_dense(&b, 4, NAS_ACT_NONE, true);
        break;
    }
    case 15: { /* branches, and a gate of 0 to 1 */
        rg_conv(&b, 6, same3);
        const int32_t trunk = b.last;
        rg_pool(&b, NAS_OP_AVERAGE_POOL_2D, (rg_window){.kernel = {3, 3}});
        rg_concat(&b, trunk, 3);
        const int32_t both = b.last;
        rg_unary(&b, NAS_OP_LOGISTIC);
        rg_join(&b, NAS_OP_MUL, both, NAS_ACT_NONE);
        rg_concat(&b, both, 1);
        rg_mean(&b, false);
        rg_dense(&b, 5, NAS_ACT_NONE, true);
        break;
    }
    case 16: { /* activations and comparisons of files of others */
        rg_conv(&b, 9, (rg_window){.kernel = {3, 3}});
        const int32_t trunk = b.last;
        rg_unary(&b, NAS_OP_TANH);
        rg_join(&b, NAS_OP_SUB, trunk, NAS_ACT_RELU);
        rg_leaky(&b);
        rg_join(&b, NAS_OP_MINIMUM, trunk, NAS_ACT_NONE);
        rg_unary(&b, NAS_OP_HARD_SWISH);
        rg_affine(&b, NAS_OP_MAXIMUM, false);
        rg_max(&b);
        rg_dense(&b, 4, NAS_ACT_NONE, true);
        break;
    }
    case 17: { /* parts and turned axes */
        const int32_t turn[4] = {0, 2, 3, 1};
        rg_conv(&b, 6, same3);
        rg_slice(&b);
        rg_transpose(&b, turn);
        rg_unary(&b, NAS_OP_LOG_SOFTMAX);
        rg_conv(&b, 4, (rg_window){.kernel = {2, 2}, .padding = NAS_VALID});
        rg_mean(&b, false);
        rg_dense(&b, 3, NAS_ACT_NONE, true);
        break;
    }
    default: /* exact widths */
        rg_conv(&b, 16, (rg_window){.kernel = {3, 3}, .padding = NAS_VALID});
        rg_conv(&b, 64, one);
        rg_conv(&b, 1, one);
        rg_flatten(&b);
        rg_dense(&b, 2, NAS_ACT_NONE, true);
        break;
    }
    if (softmax) rg_unary(&b, NAS_OP_SOFTMAX);
    return b;
}

#endif
