/* core/graph/check.c - may this graph be run? Nothing in it is believed before it is looked at,
 * since it may come from a hostile file. */
#include "core/graph/graph_int.h"
#include "core/graph/op_row.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

nas_status nas_check_bad(const nas_check *c, const char *fmt, ...) {
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

const nas_tensor *nas_check_operand(const nas_check *c, int32_t slot) {
    if (slot >= c->o->n_in || c->o->in[slot] < 0) return NULL;
    return &c->g->tensors[c->o->in[slot]];
}

bool nas_check_fixed(const nas_check *c, int32_t slot) {
    return c->fixed[c->o->in[slot]];
}

bool nas_same_shape(const nas_tensor *a, const nas_tensor *b) {
    return a->rank == b->rank && memcmp(a->dims, b->dims, (size_t)a->rank * sizeof *a->dims) == 0;
}

bool nas_shape_is(const nas_tensor *t, int32_t rank, const int32_t *dims) {
    return t->rank == rank && memcmp(t->dims, dims, (size_t)rank * sizeof *dims) == 0;
}

bool nas_same_parameters(const nas_tensor *a, const nas_tensor *b) {
    return a->n_scale == b->n_scale && (a->n_scale == 0 || (a->scale[0] == b->scale[0] &&
                                                            a->zero_point[0] == b->zero_point[0]));
}

/* The fixed-point multiplier of a scale has at most 30 bits before the point. */
nas_status nas_check_multiplier(const nas_check *c, double real) {
    if (real < 0x1p30) return NAS_OK;
    return nas_check_bad(c, "a ratio of scales of %g is too large", real);
}

/* Float, or int8 with one scale; y as x. */
nas_status nas_check_activations(const nas_check *c) {
    if (c->x->dtype != c->y->dtype)
        return nas_check_bad(c, "input and output have different types");
    if (c->x->dtype == NAS_F32) return NAS_OK;
    if (c->x->dtype != NAS_I8)
        return nas_check_bad(c, "type %s, not float32 or int8", nas_dtype_name(c->x->dtype));
    if (c->x->n_scale != 1 || c->y->n_scale != 1)
        return nas_check_bad(c, "an int8 input or output without one scale");
    return NAS_OK;
}

nas_status nas_check_same_scale(const nas_check *c) {
    if (c->x->dtype != NAS_F32 && !nas_same_parameters(c->x, c->y))
        return nas_check_bad(c, "input and output must have the same scale");
    return NAS_OK;
}

nas_status nas_check_activation_kind(const nas_check *c) {
    const nas_activation a = c->o->activation;
    if (a != NAS_ACT_NONE && a != NAS_ACT_RELU && a != NAS_ACT_RELU6)
        return nas_check_bad(c, "fused activation %d", (int)a);
    return NAS_OK;
}

/* --- windows ---------------------------------------------------------------------------------- */

nas_status nas_check_map(const nas_check *c) {
    if (c->x->rank != 4 || c->y->rank != 4 || c->x->dims[0] != 1 || c->y->dims[0] != 1)
        return nas_check_bad(c, "input and output must have the shape [1,h,w,c]");
    return NAS_OK;
}

nas_status nas_check_window(const nas_check *c, const int32_t kernel[2], const int32_t dilation[2],
                            int32_t channels) {
    const nas_op *o = c->o;
    int32_t dims[4] = {1, 0, 0, channels};
    if (o->padding != NAS_SAME && o->padding != NAS_VALID)
        return nas_check_bad(c, "padding %d", (int)o->padding);
    for (int32_t k = 0; k < 2; k++) {
        const int32_t s = o->stride[k], d = dilation[k];
        if (s < 1 || s > NAS_MOST_WINDOW || d < 1 || d > NAS_MOST_WINDOW || kernel[k] < 1 ||
            ((int64_t)kernel[k] - 1) * d + 1 > NAS_MOST_REACH)
            return nas_check_bad(c, "window %d, stride %d, dilation %d", kernel[k], s, d);
        int32_t before;
        nas_window_axis(o->padding, c->x->dims[1 + k], kernel[k], s, d, &dims[1 + k], &before);
    }
    if (!nas_shape_is(c->y, 4, dims))
        return nas_check_bad(c, "its output is [%d,%d,%d,%d] but should be [1,%d,%d,%d]",
                             c->y->dims[0], c->y->dims[1], c->y->dims[2], c->y->dims[3], dims[1],
                             dims[2], dims[3]);
    return NAS_OK;
}

/* --- what others share --------------------------------------------------------------------------
 */

nas_status nas_check_broadcast(const nas_check *c, const nas_tensor *a, const nas_tensor *b) {
    const int32_t rank = a->rank > b->rank ? a->rank : b->rank;
    if (c->y->rank != rank) return nas_check_bad(c, "its output must have rank %d", rank);
    for (int32_t k = 1; k <= rank; k++) {
        const int32_t p = k <= a->rank ? a->dims[a->rank - k] : 1;
        const int32_t q = k <= b->rank ? b->dims[b->rank - k] : 1;
        if (p != q && p != 1 && q != 1)
            return nas_check_bad(c, "operands of %d and %d along axis %d", p, q, rank - k);
        if (c->y->dims[rank - k] != (p > q ? p : q))
            return nas_check_bad(c, "its output is %d along axis %d", c->y->dims[rank - k],
                                 rank - k);
    }
    return NAS_OK;
}

nas_status nas_check_list(const nas_check *c, const nas_tensor *s) {
    if (s->dtype != NAS_I32 || !s->data || s->rank > 1)
        return nas_check_bad(c, "its second operand must be a constant list of int32");
    return NAS_OK;
}

nas_status nas_check_same_shape(const nas_check *c) {
    if (nas_same_shape(c->x, c->y)) return NAS_OK;
    return nas_check_bad(c, "input and output differ in shape");
}

/* --- order ------------------------------------------------------------------------------------ */

static bool index_fits(const nas_graph *g, int32_t i) {
    return i >= 0 && i < g->n_tensors;
}

/* Every operand stands before its reader; every tensor is made once. */
static nas_status check_order(const nas_check *c, const bool *ready) {
    const nas_op *o = c->o;
    const nas_op_row *row = nas_op_row_of(o->kind);
    if (!row) return nas_check_bad(c, "kind %d", (int)o->kind);
    if (o->n_in < 1 || o->n_in > row->operands)
        return nas_check_bad(c, "it has %d operands", o->n_in);
    if (!index_fits(c->g, o->out)) return nas_check_bad(c, "its output is tensor %d", o->out);
    if (ready[o->out]) return nas_check_bad(c, "tensor %d is made twice", o->out);
    for (int32_t k = 0; k < o->n_in; k++) {
        if (o->in[k] == -1 && k == 2 && row->weighted) continue;
        if (!index_fits(c->g, o->in[k]))
            return nas_check_bad(c, "operand %d is tensor %d", k, o->in[k]);
        if (!ready[o->in[k]])
            return nas_check_bad(c, "tensor %d is read before it is made", o->in[k]);
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
        nas_check c = {.g = g, .o = &g->ops[i], .fixed = fixed, .err = err};
        c.number = c.o->origin ? c.o->origin - 1 : i;
        NAS_TRY(check_order(&c, ready));
        c.x = nas_check_operand(&c, 0);
        c.y = &g->tensors[c.o->out];
        NAS_TRY(nas_op_row_of(c.o->kind)->check(&c));
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
