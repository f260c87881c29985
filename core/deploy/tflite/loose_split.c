/* core/deploy/tflite/loose_split.c - SPLIT and SPLIT_V: a slice for each output. */
#include "core/deploy/tflite/loose.h"

#include "core/graph/graph_int.h"

#include <string.h>

/* Sizes along the axis, whose sum is n; one may be -1: what is left. */
static nas_status fill_sizes(const nas_loose *l, const nas_loose_op *o, int32_t *sizes, int32_t n) {
    int64_t sum = 0;
    int32_t rest = -1;
    for (int32_t k = 0; k < o->n_out; k++) {
        if (sizes[k] == -1 && rest < 0)
            rest = k;
        else if (sizes[k] < 1)
            return nas_loose_fail(l, o, "a part of size %d", sizes[k]);
        else
            sum += sizes[k];
    }
    if (rest >= 0 && sum < n) sizes[rest] = (int32_t)(n - sum);
    if (rest >= 0 ? sum < n : sum == n) return NAS_OK;
    return nas_loose_fail(l, o, "its parts do not make %d", n);
}

/* Afterwards: in[0] the input, axis, and the outputs' dimensions. */
nas_status nas_loose_split(nas_loose *l, nas_loose_op *o) {
    const bool given = o->code == NAS_LOOSE_SPLIT_V;
    int32_t axis[NAS_LOOSE_LIST], sizes[NAS_LOOSE_LIST];
    if (o->n_in != (given ? 3 : 2)) return nas_loose_fail(l, o, "it has %d inputs", o->n_in);
    const int32_t from = given ? o->in[0] : o->in[1];
    if (from < 0 || nas_loose_list(l, given ? o->in[2] : o->in[0], axis) != 1)
        return nas_loose_fail(l, o, "its axis must be one constant number");
    const nas_tensor x = l->g->tensors[from];
    const int32_t at = axis[0] < 0 ? axis[0] + x.rank : axis[0];
    if (at < 0 || at >= x.rank) return nas_loose_fail(l, o, "axis %d", axis[0]);
    if (given && nas_loose_list(l, o->in[1], sizes) != o->n_out)
        return nas_loose_fail(l, o, "its sizes must be %d constant numbers", o->n_out);
    for (int32_t k = 0; !given && k < o->n_out; k++) sizes[k] = x.dims[at] / o->n_out;
    NAS_TRY(fill_sizes(l, o, sizes, x.dims[at]));
    for (int32_t k = 0; k < o->n_out; k++) {
        nas_tensor *y = &l->g->tensors[o->outs[k]];
        if (y->data) return nas_loose_fail(l, o, "its output is a constant");
        y->rank = x.rank;
        memcpy(y->dims, x.dims, sizeof y->dims);
        y->dims[at] = sizes[k];
    }
    o->in[0] = from;
    o->n_in = 1;
    o->axis = at;
    l->g->changes |= NAS_CHANGED_SPLIT;
    return NAS_OK;
}

static nas_status add_list(nas_loose *l, int32_t rank, int32_t axis, int32_t others, int32_t value,
                           int32_t *index) {
    int32_t v[NAS_MAX_RANK];
    for (int32_t k = 0; k < rank; k++) v[k] = k == axis ? value : others;
    return nas_loose_constant(l, 1, &rank, v, index);
}

nas_status nas_loose_add_split(nas_loose *l, const nas_loose_op *o, int32_t input) {
    int32_t at = 0;
    for (int32_t k = 0; k < o->n_out; k++) {
        const nas_tensor y = l->g->tensors[o->outs[k]];
        const int32_t mask = 0xf & ~(1 << o->axis);
        nas_op op = {.kind = NAS_OP_STRIDED_SLICE,
                     .n_in = 4,
                     .in = {input},
                     .out = o->outs[k],
                     .begin_mask = mask,
                     .end_mask = mask,
                     .origin = o->number + 1};
        NAS_TRY(add_list(l, y.rank, o->axis, 0, at, &op.in[1]));
        at += y.dims[o->axis];
        NAS_TRY(add_list(l, y.rank, o->axis, 0, at, &op.in[2]));
        NAS_TRY(add_list(l, y.rank, o->axis, 1, 1, &op.in[3]));
        NAS_TRY(nas_graph_add_op(l->g, &op, l->err));
    }
    return NAS_OK;
}
