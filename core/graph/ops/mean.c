/* core/graph/ops/mean.c - MEAN and REDUCE_MAX over axes. */
#include "core/graph/op_row.h"

static nas_status check_reduced(const nas_check *c, int64_t *reduced) {
    const nas_tensor *s = nas_check_operand(c, 1);
    bool gone[NAS_MAX_RANK] = {false};
    int32_t rank = 0, dims[NAS_MAX_RANK];
    *reduced = 1;
    NAS_TRY(nas_check_activations(c));
    if (!s) return nas_check_bad(c, "its axes are missing");
    NAS_TRY(nas_check_list(c, s));
    const int32_t *axes = s->data;
    for (int64_t k = 0; k < nas_tensor_count(s); k++) {
        if (axes[k] < -c->x->rank || axes[k] >= c->x->rank)
            return nas_check_bad(c, "axis %d", axes[k]);
        gone[axes[k] < 0 ? axes[k] + c->x->rank : axes[k]] = true;
    }
    for (int32_t k = 0; k < c->x->rank; k++) {
        if (gone[k]) *reduced *= c->x->dims[k];
        if (!gone[k] || c->o->keep_dims) dims[rank++] = gone[k] ? 1 : c->x->dims[k];
    }
    if (!nas_shape_is(c->y, rank, dims)) return nas_check_bad(c, "its output has the wrong shape");
    return NAS_OK;
}

static nas_status check_mean(const nas_check *c) {
    int64_t reduced;
    NAS_TRY(check_reduced(c, &reduced));
    if (c->x->dtype == NAS_F32) return NAS_OK;
    if (reduced > NAS_MOST_INT8_MEAN)
        return nas_check_bad(c, "a mean of more than %d values", NAS_MOST_INT8_MEAN);
    return nas_check_multiplier(c, (double)c->x->scale[0] / (double)c->y->scale[0]);
}

static nas_status check_max(const nas_check *c) {
    int64_t reduced;
    NAS_TRY(check_reduced(c, &reduced));
    return nas_check_same_scale(c);
}

static nas_status complete(nas_graph *g, nas_op *o, nas_err *err) {
    if (o->n_in != 1) return NAS_OK;
    o->n_in = 2;
    return nas_graph_list(g, 2, (const int32_t[]){1, 2}, &o->in[1], err);
}

/* Sums of int8, a place in the input, and the axes (kernels/reduce_common.cc). */
static int32_t scratch(const nas_graph *g, const nas_op *o, int64_t bytes[NAS_OP_SCRATCH]) {
    int32_t n = 0;
    if (nas_op_is_int8(g, o)) bytes[n++] = 4 * nas_tensor_count(&g->tensors[o->out]);
    bytes[n++] = 4 * (int64_t)g->tensors[o->in[0]].rank;
    bytes[n++] = 4 * nas_tensor_count(&g->tensors[o->in[1]]);
    return n;
}

const nas_op_row nas_op_mean = {
    .name = "MEAN",
    .operands = 2,
    .lists = 1u << 1,
    .check = check_mean,
    .complete = complete,
    .scratch = scratch,
    .releases = {{NAS_FORM_FLOAT, 1, NAS_RELEASE(1, 6), 0},
                 {NAS_FORM_INT8, 2, NAS_RELEASE(1, 14), 0}},
};

/* A place in the input, and the axes. */
static int32_t max_scratch(const nas_graph *g, const nas_op *o, int64_t bytes[NAS_OP_SCRATCH]) {
    bytes[0] = 4 * (int64_t)g->tensors[o->in[0]].rank;
    bytes[1] = 4 * nas_tensor_count(&g->tensors[o->in[1]]);
    return 2;
}

const nas_op_row nas_op_reduce_max = {
    .name = "REDUCE_MAX",
    .operands = 2,
    .lists = 1u << 1,
    .exact = true,
    .scale = NAS_SCALE_INPUT,
    .check = check_max,
    .complete = complete,
    .scratch = max_scratch,
    .releases = {{NAS_FORM_FLOAT, 1, NAS_RELEASE(1, 11), 0},
                 {NAS_FORM_INT8, 2, NAS_RELEASE(1, 14), 0}},
};
