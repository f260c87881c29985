/* core/graph/check.c - may this graph be run? Nothing in it is believed before it is looked at,
 * since it may come from a hostile file. */
#include "core/graph/graph_int.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum {
    MOST_WINDOW = 1 << 16, /* strides, dilations, pool windows */
    MOST_REACH = 1 << 24   /* a dilated window along one axis */
};

typedef struct check {
    const nas_graph *g;
    int32_t number; /* of the operator, in the file if it was read from one */
    const nas_op *o;
    const nas_tensor *x, *y;
    const bool *fixed; /* the tensors that are constants or are made of one */
    nas_err *err;
} check;

static nas_status bad(const check *c, const char *fmt, ...) NAS_PRINTF(2, 3);
static nas_status bad(const check *c, const char *fmt, ...) {
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    const char *name = nas_op_name(c->o->kind);
    return nas_fail(c->err, NAS_EFORMAT, "graph: operator %d (%s): %s", c->number,
                    name ? name : "unknown", text);
}

/* --- tensors ---------------------------------------------------------------------------------- */

/* Scales of float32 tensors are what number formats shall give them; those of constants may come
 * without zero points. */
static nas_status check_quantisation(const nas_tensor *t, int32_t i, nas_err *err) {
    if (t->n_scale == 0) return NAS_OK;
    const bool f32 = t->dtype == NAS_F32, weights = f32 && t->data;
    if (!t->scale || (!t->zero_point && !weights) ||
        (t->dtype != NAS_I8 && t->dtype != NAS_I32 && !f32))
        return nas_fail(err, NAS_EFORMAT,
                        "graph: tensor %d: scales without values or on a type that has none", i);
    if (f32 && !weights && t->n_scale != 1)
        return nas_fail(err, NAS_EFORMAT, "graph: tensor %d: %d scales; an activation has one", i,
                        t->n_scale);
    const bool axis_fits =
        t->n_scale == 1 || (t->axis >= 0 && t->axis < t->rank && t->n_scale == t->dims[t->axis]);
    if (t->n_scale < 0 || !axis_fits)
        return nas_fail(err, NAS_EFORMAT, "graph: tensor %d: %d scales do not fit its axis %d", i,
                        t->n_scale, t->axis);
    for (int32_t k = 0; k < t->n_scale; k++) {
        if (!isfinite(t->scale[k]) || !(t->scale[k] > 0))
            return nas_fail(err, NAS_EFORMAT, "graph: tensor %d: scale %d is not above 0", i, k);
        const int32_t zp = t->zero_point ? t->zero_point[k] : 0;
        if (t->dtype == NAS_I8 || (f32 && !weights) ? zp < -128 || zp > 127 : zp != 0)
            return nas_fail(err, NAS_EFORMAT, "graph: tensor %d: zero point %d", i, zp);
    }
    return NAS_OK;
}

static nas_status check_tensor(const nas_tensor *t, int32_t i, nas_err *err) {
    if (nas_dtype_bytes(t->dtype) == 0)
        return nas_fail(err, NAS_EFORMAT, "graph: tensor %d: type %d is unknown", i, (int)t->dtype);
    if (t->rank < 0 || t->rank > NAS_MAX_RANK)
        return nas_fail(err, NAS_EFORMAT, "graph: tensor %d: rank %d is not in 0..%d", i, t->rank,
                        NAS_MAX_RANK);
    for (int32_t k = 0; k < t->rank; k++)
        if (t->dims[k] < 1)
            return nas_fail(err, NAS_EFORMAT, "graph: tensor %d: dimension %d is %d", i, k,
                            t->dims[k]);
    const int64_t n = nas_tensor_count(t);
    if (n < 1 || n > NAS_MOST_ITEMS)
        return nas_fail(err, NAS_EFORMAT, "graph: tensor %d: more than %d elements", i,
                        NAS_MOST_ITEMS);
    return check_quantisation(t, i, err);
}

static const nas_tensor *operand(const check *c, int32_t slot) {
    if (slot >= c->o->n_in || c->o->in[slot] < 0) return NULL;
    return &c->g->tensors[c->o->in[slot]];
}

static bool is_fixed(const check *c, int32_t slot) {
    return c->fixed[c->o->in[slot]];
}

static bool same_shape(const nas_tensor *a, const nas_tensor *b) {
    return a->rank == b->rank && memcmp(a->dims, b->dims, (size_t)a->rank * sizeof *a->dims) == 0;
}

static bool shape_is(const nas_tensor *t, int32_t rank, const int32_t *dims) {
    return t->rank == rank && memcmp(t->dims, dims, (size_t)rank * sizeof *dims) == 0;
}

static bool same_parameters(const nas_tensor *a, const nas_tensor *b) {
    return a->n_scale == b->n_scale && (a->n_scale == 0 || (a->scale[0] == b->scale[0] &&
                                                            a->zero_point[0] == b->zero_point[0]));
}

/* The fixed-point multiplier of a scale has at most 30 bits before the point. */
static nas_status check_multiplier(const check *c, double real) {
    if (real < 0x1p30) return NAS_OK;
    return bad(c, "a ratio of scales of %g is too large", real);
}

/* Float, or int8 with one scale; y as x. */
static nas_status check_activations(const check *c) {
    if (c->x->dtype != c->y->dtype) return bad(c, "input and output have different types");
    if (c->x->dtype == NAS_F32) return NAS_OK;
    if (c->x->dtype != NAS_I8)
        return bad(c, "type %s, not float32 or int8", nas_dtype_name(c->x->dtype));
    if (c->x->n_scale != 1 || c->y->n_scale != 1)
        return bad(c, "an int8 input or output without one scale");
    return NAS_OK;
}

static nas_status check_same_scale(const check *c) {
    if (c->x->dtype != NAS_F32 && !same_parameters(c->x, c->y))
        return bad(c, "input and output must have the same scale");
    return NAS_OK;
}

static nas_status check_activation_kind(const check *c) {
    const nas_activation a = c->o->activation;
    if (a != NAS_ACT_NONE && a != NAS_ACT_RELU && a != NAS_ACT_RELU6)
        return bad(c, "fused activation %d", (int)a);
    return NAS_OK;
}

/* --- windows ---------------------------------------------------------------------------------- */

static nas_status check_map(const check *c) {
    if (c->x->rank != 4 || c->y->rank != 4 || c->x->dims[0] != 1 || c->y->dims[0] != 1)
        return bad(c, "input and output must have the shape [1,h,w,c]");
    return NAS_OK;
}

static nas_status check_window(const check *c, const int32_t kernel[2], const int32_t dilation[2],
                               int32_t channels) {
    const nas_op *o = c->o;
    int32_t dims[4] = {1, 0, 0, channels};
    if (o->padding != NAS_SAME && o->padding != NAS_VALID)
        return bad(c, "padding %d", (int)o->padding);
    for (int32_t k = 0; k < 2; k++) {
        const int32_t s = o->stride[k], d = dilation[k];
        if (s < 1 || s > MOST_WINDOW || d < 1 || d > MOST_WINDOW || kernel[k] < 1 ||
            ((int64_t)kernel[k] - 1) * d + 1 > MOST_REACH)
            return bad(c, "window %d, stride %d, dilation %d", kernel[k], s, d);
        int32_t before;
        nas_window_axis(o->padding, c->x->dims[1 + k], kernel[k], s, d, &dims[1 + k], &before);
    }
    if (!shape_is(c->y, 4, dims))
        return bad(c, "its output is [%d,%d,%d,%d] but should be [1,%d,%d,%d]", c->y->dims[0],
                   c->y->dims[1], c->y->dims[2], c->y->dims[3], dims[1], dims[2], dims[3]);
    return NAS_OK;
}

/* --- weighted operators ----------------------------------------------------------------------- */

static nas_status check_int8_weights(const check *c, const nas_tensor *w, const nas_tensor *b,
                                     int32_t axis, int64_t products) {
    if (w->dtype != NAS_I8 || (b && b->dtype != NAS_I32))
        return bad(c, "int8 needs an int8 kernel and an int32 bias");
    if (w->n_scale < 1 || (w->n_scale > 1 && w->axis != axis))
        return bad(c, "its kernel needs scales along axis %d", axis);
    if (products > NAS_MOST_INT8_SUM)
        return bad(c, "more than %d products in a sum", NAS_MOST_INT8_SUM);
    for (int32_t k = 0; k < w->n_scale; k++) {
        const bool free_zero = c->o->kind == NAS_OP_FULLY_CONNECTED && w->n_scale == 1;
        if (w->zero_point[k] != 0 && !free_zero) return bad(c, "its kernel has a zero point");
        NAS_TRY(check_multiplier(c, (double)c->x->scale[0] * (double)w->scale[k] /
                                        (double)c->y->scale[0]));
        /* With one scale a FULLY_CONNECTED multiplies in float. */
        const float product = c->x->scale[0] * w->scale[k];
        if (free_zero) NAS_TRY(check_multiplier(c, (double)product / (double)c->y->scale[0]));
    }
    return NAS_OK;
}

static nas_status check_hybrid(const check *c, const nas_tensor *w, const nas_tensor *b,
                               int32_t axis, int64_t products) {
    if (b && b->dtype != NAS_F32) return bad(c, "a float input needs a float bias");
    if (w->n_scale < 1 || (w->n_scale > 1 && w->axis != axis) ||
        (c->o->kind == NAS_OP_DEPTHWISE_CONV_2D && w->n_scale != w->dims[axis]))
        return bad(c, "its kernel needs scales along axis %d", axis);
    if (products > NAS_MOST_INT8_SUM)
        return bad(c, "more than %d products in a sum", NAS_MOST_INT8_SUM);
    for (int32_t k = 0; k < w->n_scale; k++)
        if (w->zero_point[k] != 0) return bad(c, "its kernel has a zero point");
    return NAS_OK;
}

static nas_status check_weights(const check *c, const nas_tensor *w, int32_t axis,
                                int64_t products) {
    const nas_tensor *b = operand(c, 2);
    NAS_TRY(check_activation_kind(c));
    NAS_TRY(check_activations(c));
    if (!is_fixed(c, 1) || (b && !is_fixed(c, 2)))
        return bad(c, "its kernel and bias must be constants");
    if (!b && c->o->kind != NAS_OP_FULLY_CONNECTED) return bad(c, "it has no bias");
    if (b && nas_tensor_count(b) != w->dims[axis])
        return bad(c, "its bias is not one value for each of %d channels", w->dims[axis]);
    if (c->x->dtype == NAS_I8) return check_int8_weights(c, w, b, axis, products);
    if (w->dtype == NAS_I8) return check_hybrid(c, w, b, axis, products);
    if (w->dtype != NAS_F32 || (b && b->dtype != NAS_F32))
        return bad(c, "a float operator needs a float kernel and bias");
    return NAS_OK;
}

static nas_status check_conv(const check *c) {
    const nas_tensor *w = operand(c, 1);
    NAS_TRY(check_map(c));
    if (!w || w->rank != 4) return bad(c, "its kernel must have the shape [out,h,w,in]");
    if (w->dims[3] != c->x->dims[3])
        return bad(c, "its kernel takes %d channels, the input has %d", w->dims[3], c->x->dims[3]);
    NAS_TRY(check_window(c, &w->dims[1], c->o->dilation, w->dims[0]));
    return check_weights(c, w, 0, (int64_t)w->dims[1] * w->dims[2] * w->dims[3]);
}

static nas_status check_depthwise(const check *c) {
    const nas_tensor *w = operand(c, 1);
    NAS_TRY(check_map(c));
    if (!w || w->rank != 4 || w->dims[0] != 1)
        return bad(c, "its kernel must have the shape [1,h,w,channels]");
    if (w->dims[3] % c->x->dims[3] != 0)
        return bad(c, "its kernel has %d channels, no multiple of the input's %d", w->dims[3],
                   c->x->dims[3]);
    NAS_TRY(check_window(c, &w->dims[1], c->o->dilation, w->dims[3]));
    return check_weights(c, w, 3, (int64_t)w->dims[1] * w->dims[2]);
}

static nas_status check_fully_connected(const check *c) {
    const nas_tensor *w = operand(c, 1);
    if (!w || w->rank != 2) return bad(c, "its kernel must have the shape [out,in]");
    const int64_t n = nas_tensor_count(c->x);
    if (n % w->dims[1] != 0)
        return bad(c, "its kernel takes %d inputs, the input has %lld", w->dims[1], (long long)n);
    const int32_t dims[2] = {(int32_t)(n / w->dims[1]), w->dims[0]};
    if (!shape_is(c->y, 2, dims)) return bad(c, "its output must be [%d,%d]", dims[0], dims[1]);
    return check_weights(c, w, 0, w->dims[1]);
}

/* --- the others ------------------------------------------------------------------------------- */

/* What of a window can lie in the map. */
static int64_t most_in_window(const check *c) {
    int64_t n = 1;
    for (int32_t k = 0; k < 2; k++) {
        const int32_t in = c->x->dims[1 + k], window = c->o->window[k];
        n *= window < in ? window : in;
    }
    return n;
}

static nas_status check_pool(const check *c) {
    const int32_t one[2] = {1, 1};
    NAS_TRY(check_map(c));
    NAS_TRY(check_activation_kind(c));
    NAS_TRY(check_activations(c));
    NAS_TRY(check_same_scale(c));
    if (c->o->window[0] > MOST_WINDOW || c->o->window[1] > MOST_WINDOW)
        return bad(c, "window %dx%d", c->o->window[0], c->o->window[1]);
    NAS_TRY(check_window(c, c->o->window, one, c->x->dims[3]));
    if (c->o->kind == NAS_OP_MAX_POOL_2D || c->x->dtype == NAS_F32) return NAS_OK;
    if (most_in_window(c) > NAS_MOST_INT8_MEAN)
        return bad(c, "a mean of more than %d values", NAS_MOST_INT8_MEAN);
    return NAS_OK;
}

static nas_status check_broadcast(const check *c, const nas_tensor *a, const nas_tensor *b) {
    const int32_t rank = a->rank > b->rank ? a->rank : b->rank;
    if (c->y->rank != rank) return bad(c, "its output must have rank %d", rank);
    for (int32_t k = 1; k <= rank; k++) {
        const int32_t p = k <= a->rank ? a->dims[a->rank - k] : 1;
        const int32_t q = k <= b->rank ? b->dims[b->rank - k] : 1;
        if (p != q && p != 1 && q != 1)
            return bad(c, "operands of %d and %d along axis %d", p, q, rank - k);
        if (c->y->dims[rank - k] != (p > q ? p : q))
            return bad(c, "its output is %d along axis %d", c->y->dims[rank - k], rank - k);
    }
    return NAS_OK;
}

/* Of twice the larger scale to the output's, with NAS_ADD_BITS in between (reference/add.h). */
static bool add_fits(float larger, float out) {
    return 2 * (double)larger / (0x1p20 * (double)out) < 1;
}

float nas_int8_add_width(float width, float larger) {
    return add_fits(larger, width / 255) ? width : larger * (255 * 0x1p-18f);
}

static nas_status check_elementwise(const check *c) {
    const nas_tensor *b = operand(c, 1);
    if (!b) return bad(c, "its second operand is missing");
    NAS_TRY(check_activation_kind(c));
    NAS_TRY(check_activations(c));
    if (b->dtype != c->x->dtype) return bad(c, "operands of different types");
    NAS_TRY(check_broadcast(c, c->x, b));
    if (b->dtype == NAS_F32) return NAS_OK;
    if (b->n_scale != 1) return bad(c, "an int8 operand without one scale");
    const float p = c->x->scale[0], q = b->scale[0], r = c->y->scale[0];
    if (c->o->kind == NAS_OP_MUL) return check_multiplier(c, (double)(p * q / r));
    return add_fits(p > q ? p : q, r) ? NAS_OK : bad(c, "its output scale is too small");
}

static nas_status check_relu(const check *c) {
    NAS_TRY(check_activations(c));
    if (!same_shape(c->x, c->y)) return bad(c, "input and output differ in shape");
    if (c->x->dtype == NAS_F32) return NAS_OK;
    return check_multiplier(c, (double)(c->x->scale[0] / c->y->scale[0]));
}

static nas_status check_softmax(const check *c) {
    NAS_TRY(check_activations(c));
    if (!same_shape(c->x, c->y) || c->x->rank < 1)
        return bad(c, "input and output differ in shape");
    if (!isfinite(c->o->beta) || !(c->o->beta > 0)) return bad(c, "beta is not above 0");
    if (c->x->dtype == NAS_F32) return NAS_OK;
    if (c->y->zero_point[0] != -128 || fabsf(c->y->scale[0] - 1.0f / 256) > 0.001f / 256)
        return bad(c, "its int8 output must have scale 1/256 and zero point -128");
    if (!((double)c->o->beta * (double)c->x->scale[0] * 0x1p26 > 1))
        return bad(c, "its input scale is too small");
    if (c->x->dims[c->x->rank - 1] > NAS_MOST_INT8_CLASSES)
        return bad(c, "int8 sums over more than %d values", NAS_MOST_INT8_CLASSES);
    return NAS_OK;
}

static nas_status check_shape_operand(const check *c, const nas_tensor *s) {
    if (s->dtype != NAS_I32 || !s->data || s->rank > 1)
        return bad(c, "its second operand must be a constant list of int32");
    return NAS_OK;
}

static nas_status check_reshape(const check *c) {
    const nas_tensor *s = operand(c, 1);
    if (c->x->dtype != c->y->dtype || nas_tensor_count(c->x) != nas_tensor_count(c->y))
        return bad(c, "input and output differ in type or number of elements");
    NAS_TRY(check_same_scale(c));
    if (!s) return NAS_OK;
    NAS_TRY(check_shape_operand(c, s));
    if (nas_tensor_count(s) != c->y->rank) return bad(c, "its shape operand is not the output's");
    const int32_t *dims = s->data;
    for (int32_t k = 0; k < c->y->rank; k++)
        if (dims[k] != -1 && dims[k] != c->y->dims[k])
            return bad(c, "its shape operand is not the output's");
    return NAS_OK;
}

static nas_status check_pad(const check *c) {
    const nas_tensor *s = operand(c, 1);
    NAS_TRY(check_activations(c));
    NAS_TRY(check_same_scale(c));
    if (!s || s->dtype != NAS_I32 || !s->data || !shape_is(s, 2, (const int32_t[]){c->x->rank, 2}))
        return bad(c, "its second operand must be constant int32 of shape [%d,2]", c->x->rank);
    if (c->y->rank != c->x->rank) return bad(c, "input and output differ in rank");
    const int32_t *widths = s->data;
    for (int32_t k = 0; k < c->x->rank; k++) {
        const int32_t before = widths[2 * k], after = widths[2 * k + 1];
        if (before < 0 || after < 0 || (int64_t)c->x->dims[k] + before + after != c->y->dims[k])
            return bad(c, "%d and %d around %d do not make %d along axis %d", before, after,
                       c->x->dims[k], c->y->dims[k], k);
    }
    return NAS_OK;
}

static nas_status check_mean(const check *c) {
    const nas_tensor *s = operand(c, 1);
    bool gone[NAS_MAX_RANK] = {false};
    int64_t reduced = 1;
    int32_t rank = 0, dims[NAS_MAX_RANK];
    NAS_TRY(check_activations(c));
    if (!s) return bad(c, "its axes are missing");
    NAS_TRY(check_shape_operand(c, s));
    const int32_t *axes = s->data;
    for (int64_t k = 0; k < nas_tensor_count(s); k++) {
        if (axes[k] < -c->x->rank || axes[k] >= c->x->rank) return bad(c, "axis %d", axes[k]);
        gone[axes[k] < 0 ? axes[k] + c->x->rank : axes[k]] = true;
    }
    for (int32_t k = 0; k < c->x->rank; k++) {
        if (gone[k]) reduced *= c->x->dims[k];
        if (!gone[k] || c->o->keep_dims) dims[rank++] = gone[k] ? 1 : c->x->dims[k];
    }
    if (!shape_is(c->y, rank, dims)) return bad(c, "its output has the wrong shape");
    if (c->x->dtype == NAS_F32) return NAS_OK;
    if (reduced > NAS_MOST_INT8_MEAN)
        return bad(c, "a mean of more than %d values", NAS_MOST_INT8_MEAN);
    return check_multiplier(c, (double)c->x->scale[0] / (double)c->y->scale[0]);
}

static nas_status check_quantize(const check *c) {
    if (!same_shape(c->x, c->y)) return bad(c, "input and output differ in shape");
    if (c->y->dtype != NAS_I8 || c->y->n_scale != 1) return bad(c, "its output must be int8");
    if (c->x->dtype == NAS_F32) return NAS_OK;
    NAS_TRY(check_activations(c));
    return check_multiplier(c, (double)c->x->scale[0] / (double)c->y->scale[0]);
}

static nas_status check_dequantize(const check *c) {
    if (!same_shape(c->x, c->y)) return bad(c, "input and output differ in shape");
    const bool int8 = c->x->dtype == NAS_I8 && c->x->n_scale == 1;
    const bool half = c->x->dtype == NAS_F16 && is_fixed(c, 0);
    if ((!int8 && !half) || c->y->dtype != NAS_F32)
        return bad(c, "it takes int8 with one scale or a float16 constant and gives float32");
    return NAS_OK;
}

static nas_status check_kind(const check *c) {
    switch (c->o->kind) {
    case NAS_OP_ADD:
    case NAS_OP_MUL: return check_elementwise(c);
    case NAS_OP_AVERAGE_POOL_2D:
    case NAS_OP_MAX_POOL_2D: return check_pool(c);
    case NAS_OP_CONV_2D: return check_conv(c);
    case NAS_OP_DEPTHWISE_CONV_2D: return check_depthwise(c);
    case NAS_OP_DEQUANTIZE: return check_dequantize(c);
    case NAS_OP_FULLY_CONNECTED: return check_fully_connected(c);
    case NAS_OP_RELU:
    case NAS_OP_RELU6: return check_relu(c);
    case NAS_OP_RESHAPE: return check_reshape(c);
    case NAS_OP_SOFTMAX: return check_softmax(c);
    case NAS_OP_MEAN: return check_mean(c);
    case NAS_OP_PAD: return check_pad(c);
    case NAS_OP_QUANTIZE: return check_quantize(c);
    }
    return bad(c, "kind %d", (int)c->o->kind);
}

/* --- order ------------------------------------------------------------------------------------ */

static bool index_fits(const nas_graph *g, int32_t i) {
    return i >= 0 && i < g->n_tensors;
}

static int32_t most_operands(nas_op_kind kind) {
    switch (kind) {
    case NAS_OP_CONV_2D:
    case NAS_OP_DEPTHWISE_CONV_2D:
    case NAS_OP_FULLY_CONNECTED: return 3;
    case NAS_OP_ADD:
    case NAS_OP_MUL:
    case NAS_OP_RESHAPE:
    case NAS_OP_PAD:
    case NAS_OP_MEAN: return 2;
    case NAS_OP_AVERAGE_POOL_2D:
    case NAS_OP_DEQUANTIZE:
    case NAS_OP_MAX_POOL_2D:
    case NAS_OP_RELU:
    case NAS_OP_RELU6:
    case NAS_OP_SOFTMAX:
    case NAS_OP_QUANTIZE: break;
    }
    return 1;
}

/* Every operand stands before its reader; every tensor is made once. */
static nas_status check_order(const check *c, const bool *ready) {
    const nas_op *o = c->o;
    if (o->n_in < 1 || o->n_in > most_operands(o->kind))
        return bad(c, "it has %d operands", o->n_in);
    if (!index_fits(c->g, o->out)) return bad(c, "its output is tensor %d", o->out);
    if (ready[o->out]) return bad(c, "tensor %d is made twice", o->out);
    for (int32_t k = 0; k < o->n_in; k++) {
        if (o->in[k] == -1 && k == 2) continue;
        if (!index_fits(c->g, o->in[k])) return bad(c, "operand %d is tensor %d", k, o->in[k]);
        if (!ready[o->in[k]]) return bad(c, "tensor %d is read before it is made", o->in[k]);
    }
    return NAS_OK;
}

static nas_status check_all(const nas_graph *g, bool *ready, bool *fixed, nas_err *err) {
    for (int32_t i = 0; i < g->n_tensors; i++) {
        NAS_TRY(check_tensor(&g->tensors[i], i, err));
        ready[i] = fixed[i] = g->tensors[i].data != NULL;
    }
    if (ready[g->input])
        return nas_fail(err, NAS_EFORMAT, "graph: its input, tensor %d, is a constant", g->input);
    ready[g->input] = true;
    for (int32_t i = 0; i < g->n_ops; i++) {
        check c = {.g = g, .o = &g->ops[i], .fixed = fixed, .err = err};
        c.number = c.o->origin ? c.o->origin - 1 : i;
        NAS_TRY(check_order(&c, ready));
        c.x = operand(&c, 0);
        c.y = &g->tensors[c.o->out];
        NAS_TRY(check_kind(&c));
        ready[c.o->out] = true;
        fixed[c.o->out] = nas_op_makes_constant(g, c.o);
    }
    if (!ready[g->output] || fixed[g->output])
        return nas_fail(err, NAS_EFORMAT, "graph: nothing makes its output, tensor %d", g->output);
    return NAS_OK;
}

nas_status nas_graph_check(const nas_graph *g, nas_err *err) {
    if (!index_fits(g, g->input) || !index_fits(g, g->output) || g->n_ops < 1)
        return nas_fail(err, NAS_EFORMAT, "graph: without input, output or operators");
    if (g->n_tensors > NAS_GRAPH_MOST || g->n_ops > NAS_GRAPH_MOST)
        return nas_fail(err, NAS_EFORMAT, "graph: more than %d tensors or operators",
                        NAS_GRAPH_MOST);
    nas_arena *scratch;
    NAS_TRY(nas_arena_open(&scratch, err));
    bool *ready = nas_arena_array(scratch, (size_t)g->n_tensors, sizeof *ready, err);
    bool *fixed = nas_arena_array(scratch, (size_t)g->n_tensors, sizeof *fixed, err);
    const nas_status st = ready && fixed ? check_all(g, ready, fixed, err) : NAS_ENOMEM;
    nas_arena_close(scratch);
    return st;
}
