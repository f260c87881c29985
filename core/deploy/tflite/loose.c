/* core/deploy/tflite/loose.c - from the operators of a file to those of a graph. */
#include "core/deploy/ops/op.h"
#include "core/deploy/tflite/names.h"
#include "core/graph/graph_int.h"
#include "core/graph/op_row.h"

#include <string.h>

/* --- what each operator becomes --------------------------------------------------------------- */

static bool same_codes(const nas_tensor *x, const nas_tensor *y) {
    return x->dtype == NAS_I8 && y->dtype == NAS_I8 && x->n_scale == 1 && y->n_scale == 1 &&
           x->scale[0] == y->scale[0] && x->zero_point[0] == y->zero_point[0];
}

/* QUANTIZE from uint8 to int8 of the same scale or back, which only shifts codes. */
static bool is_shift(const nas_loose *l, const nas_loose_op *o) {
    if (o->code != NAS_OP_QUANTIZE || o->n_in != 1 || o->in[0] < 0) return false;
    const nas_tensor *x = &l->g->tensors[o->in[0]], *y = &l->g->tensors[o->out];
    const bool from = l->tensors[o->in[0]].was_uint8, to = l->tensors[o->out].was_uint8;
    return from != to && same_codes(x, y) && !x->data && !y->data && o->in[0] != o->out;
}

static nas_status check_uint8(const nas_loose *l, const nas_loose_op *o) {
    const bool in = o->in[0] >= 0 && o->in[0] < l->n_read && l->tensors[o->in[0]].was_uint8;
    const bool out = o->out < l->n_read && l->tensors[o->out].was_uint8;
    if ((!in && !out) || nas_op_row_of((nas_op_kind)o->code)->exact) return NAS_OK;
    return nas_loose_fail(l, o,
                          "it computes in UINT8, which rounds otherwise than INT8; a net with INT8 "
                          "inside and UINT8 as input and output is taken: convert it so");
}

static bool is_split(const nas_loose_op *o) {
    return o->code == NAS_LOOSE_SPLIT || o->code == NAS_LOOSE_SPLIT_V;
}

static nas_status resolve_op(nas_loose *l, nas_loose_op *o) {
    if (is_split(o)) return nas_loose_split(l, o);
    switch (o->code) {
    case NAS_LOOSE_SHAPE:
    case NAS_OP_STRIDED_SLICE:
    case NAS_LOOSE_GATHER:
    case NAS_LOOSE_REDUCE_PROD:
    case NAS_LOOSE_PACK:
    case NAS_OP_CONCATENATION: NAS_TRY(nas_loose_sizes(l, o)); break;
    case NAS_LOOSE_SPACE_TO_BATCH: NAS_TRY(nas_loose_dilate(l, o)); break;
    default: break;
    }
    if (o->gone) return NAS_OK;
    NAS_TRY(nas_loose_shape(l, o));
    if (!nas_op_name((nas_op_kind)o->code))
        return nas_fail(l->err, NAS_EUNSUPPORTED, "operator %d is %s, which nas does not run",
                        o->number, tfl_operator_name(o->code));
    if (o->n_in < 1) return nas_loose_fail(l, o, "it has no operand");
    if (o->other_masks)
        return nas_loose_fail(l, o, "its ellipsis, new axes or offsets are not supported");
    NAS_TRY(check_uint8(l, o));
    if (!is_shift(l, o)) return NAS_OK;
    l->same[o->out] = l->same[o->in[0]];
    o->gone = true;
    return NAS_OK;
}

/* --- the graph -------------------------------------------------------------------------------- */

static int32_t same_as(const nas_loose *l, int32_t tensor) {
    return tensor >= 0 && tensor < l->n_read ? l->same[tensor] : tensor;
}

/* FULLY_CONNECTED makes rows; where dimensions are kept, RESHAPE gives them back. */
static nas_status add_rows(nas_loose *l, nas_op *op) {
    nas_tensor rows = l->g->tensors[op->out];
    const nas_op back = {.kind = NAS_OP_RESHAPE, .n_in = 1, .out = op->out, .origin = op->origin};
    const int64_t n = nas_tensor_count(&rows), last = rows.rank ? rows.dims[rows.rank - 1] : 1;
    if (n < 1 || last < 1 || n / last > INT32_MAX) return nas_graph_add_op(l->g, op, l->err);
    rows.rank = 2;
    rows.dims[0] = (int32_t)(n / last);
    rows.dims[1] = (int32_t)last;
    NAS_TRY(nas_graph_tensor(l->g, &rows, &op->out, l->err));
    NAS_TRY(nas_graph_add_op(l->g, op, l->err));
    nas_op reshape = back;
    reshape.in[0] = op->out;
    return nas_graph_add_op(l->g, &reshape, l->err);
}

static nas_status add_op(nas_loose *l, const nas_loose_op *o) {
    if (is_split(o)) return nas_loose_add_split(l, o, same_as(l, o->in[0]));
    nas_op op = o->o;
    op.kind = (nas_op_kind)o->code;
    op.origin = o->number + 1;
    if (o->n_in > NAS_OP_INPUTS) return nas_loose_fail(l, o, "it has %d inputs", o->n_in);
    op.n_in = o->n_in;
    for (int32_t k = 0; k < o->n_in; k++) op.in[k] = same_as(l, o->in[k]);
    op.out = o->out;
    const nas_deploy_op *row = nas_deploy_op_of(o->code);
    if (row->settle) row->settle(l, o, &op);
    if (op.kind == NAS_OP_FULLY_CONNECTED && o->keep_dims && l->g->tensors[o->out].rank != 2 &&
        !l->g->tensors[o->out].data)
        return add_rows(l, &op);
    return nas_graph_add_op(l->g, &op, l->err);
}

/* Tensors that nobody names keep their places, so that the file's numbers hold. */
static nas_status empty_unnamed(nas_loose *l) {
    nas_graph *g = l->g;
    bool *named = nas_arena_array(l->arena, (size_t)g->n_tensors, sizeof *named, l->err);
    if (!named) return NAS_ENOMEM;
    named[g->input] = named[g->output] = true;
    for (int32_t i = 0; i < g->n_ops; i++) {
        named[g->ops[i].out] = true;
        for (int32_t k = 0; k < g->ops[i].n_in; k++)
            if (g->ops[i].in[k] >= 0) named[g->ops[i].in[k]] = true;
    }
    for (int32_t i = 0; i < g->n_tensors; i++)
        if (!named[i]) g->tensors[i] = (nas_tensor){.dtype = NAS_F32};
    return NAS_OK;
}

nas_status nas_loose_resolve(nas_loose *l) {
    for (int32_t i = 0; i < l->n_ops; i++)
        if (!l->ops[i].gone) NAS_TRY(resolve_op(l, &l->ops[i]));
    for (int32_t i = 0; i < l->n_ops; i++)
        if (!l->ops[i].gone) NAS_TRY(add_op(l, &l->ops[i]));
    l->g->output = same_as(l, l->g->output);
    return empty_unnamed(l);
}
