/* core/nn/layers/lower.c - shorthands for layers that write themselves as operators. */
#include "core/nn/layers/conv_int.h"

#include <stdlib.h>
#include <string.h>

static nas_status lower_scales(const nas_weight *w, nas_graph *g, nas_tensor *t, bool out_first,
                               nas_err *err) {
    const size_t n = (size_t)w->cols;
    float *scale = nas_arena_array(g->arena, n, sizeof *scale, err);
    int32_t *zero = nas_arena_array(g->arena, n, sizeof *zero, err);
    if (!scale || !zero) return NAS_ENOMEM;
    memcpy(scale, w->coding.scales, n * sizeof *scale);
    t->n_scale = w->cols;
    t->scale = scale;
    t->zero_point = zero;
    t->axis = out_first ? 0 : t->rank - 1;
    return NAS_OK;
}

nas_status nas_lower_weight(const nas_node *node, const nas_net *net, int32_t weight, nas_graph *g,
                            int32_t rank, const int32_t *dims, bool out_first, int32_t *index,
                            nas_err *err) {
    const nas_weight *w = &node->weights[weight];
    const float *from = nas_node_param(node, weight, net);
    const size_t rows = (size_t)w->rows, cols = (size_t)w->cols;
    float *dense = malloc(rows * cols * sizeof *dense);
    if (!dense) return nas_fail(err, NAS_ENOMEM, "%s: out of memory", node->label);
    for (size_t r = 0; r < rows; r++)
        for (size_t c = 0; c < cols; c++)
            dense[out_first ? c * rows + r : r * cols + c] = from[r * (size_t)w->stride + c];
    const nas_status st = nas_graph_constant(g, rank, dims, dense, index, err);
    free(dense);
    if (st != NAS_OK || !w->coding.scales) return st;
    return lower_scales(w, g, &g->tensors[*index], out_first, err);
}

nas_status nas_lower_activation(nas_graph *g, nas_shape s, bool flat, int32_t *index,
                                nas_err *err) {
    const int32_t map[] = {1, s.h, s.w, s.c}, vector[] = {1, s.c};
    return nas_graph_activation(g, NAS_F32, flat ? 2 : 4, flat ? vector : map, index, err);
}

nas_status nas_lower_op(nas_graph *g, nas_op op, nas_shape s, bool flat, int32_t *out,
                        nas_err *err) {
    NAS_TRY(nas_lower_activation(g, s, flat, out, err));
    for (int32_t i = op.n_in; i < NAS_OP_INPUTS; i++) op.in[i] = -1;
    op.out = *out;
    return nas_graph_op(g, &op, err);
}

static nas_status reshape(nas_graph *g, nas_shape s, bool flat, int32_t *tensor, nas_err *err) {
    const int32_t rank = flat ? 2 : 4;
    int32_t *dims = nas_arena_array(g->arena, 4, sizeof *dims, err);
    if (!dims) return NAS_ENOMEM;
    dims[0] = 1;
    dims[1] = flat ? s.c : s.h;
    dims[2] = s.w;
    dims[3] = s.c;
    const nas_tensor shape = {.dtype = NAS_I32, .rank = 1, .dims = {rank}, .data = dims};
    nas_op op = {.kind = NAS_OP_RESHAPE, .n_in = 2, .in = {*tensor}};
    NAS_TRY(nas_graph_tensor(g, &shape, &op.in[1], err));
    return nas_lower_op(g, op, s, flat, tensor, err);
}

nas_status nas_lower_reshape(nas_graph *g, nas_shape s, int32_t *tensor, nas_err *err) {
    const nas_tensor *t = &g->tensors[*tensor];
    if (t->rank == 4 && t->dims[1] == s.h && t->dims[2] == s.w && t->dims[3] == s.c) return NAS_OK;
    return reshape(g, s, false, tensor, err);
}

nas_status nas_lower_rank(nas_graph *g, nas_shape s, bool flat, int32_t *tensor, nas_err *err) {
    if ((g->tensors[*tensor].rank == 2) == flat) return NAS_OK;
    return reshape(g, flat ? (nas_shape){1, 1, s.h * s.w * s.c} : s, flat, tensor, err);
}
