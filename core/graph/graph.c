/* core/graph/graph.c - building a graph, sizes of tensors. */
#include "core/graph/graph.h"

#include "core/graph/graph_int.h"
#include "core/graph/op_row.h"

#include <string.h>

nas_graph nas_graph_start(nas_arena *a) {
    return (nas_graph){.arena = a, .input = -1, .output = -1};
}

/* Doubles an array of the arena when it is full; *items and *room change together. */
static nas_status grow(nas_arena *a, size_t size, int32_t used, int32_t *room, void **items,
                       nas_err *err) {
    if (used < *room) return NAS_OK;
    if (*room > INT32_MAX / 2) return nas_fail(err, NAS_ENOMEM, "graph: too many items");
    const int32_t more = *room ? *room * 2 : 16;
    void *p = nas_arena_array(a, (size_t)more, size, err);
    if (!p) return NAS_ENOMEM;
    if (used) memcpy(p, *items, (size_t)used * size);
    *items = p;
    *room = more;
    return NAS_OK;
}

nas_status nas_graph_tensor(nas_graph *g, const nas_tensor *t, int32_t *index, nas_err *err) {
    void *items = g->tensors;
    *index = -1;
    NAS_TRY(grow(g->arena, sizeof *t, g->n_tensors, &g->tensor_room, &items, err));
    g->tensors = items;
    g->tensors[g->n_tensors] = *t;
    *index = g->n_tensors++;
    return NAS_OK;
}

nas_status nas_graph_activation(nas_graph *g, nas_dtype dtype, int32_t rank, const int32_t *dims,
                                int32_t *index, nas_err *err) {
    *index = -1;
    if (rank < 0 || rank > NAS_MAX_RANK)
        return nas_fail(err, NAS_ESHAPE, "graph: rank %d is not in 0..%d", rank, NAS_MAX_RANK);
    nas_tensor t = {.dtype = dtype, .rank = rank};
    for (int32_t i = 0; i < rank; i++) t.dims[i] = dims[i];
    return nas_graph_tensor(g, &t, index, err);
}

/* A constant of any dtype whose values are copied. */
static nas_status add_constant(nas_graph *g, nas_dtype dtype, int32_t rank, const int32_t *dims,
                               const void *values, int32_t *index, nas_err *err) {
    NAS_TRY(nas_graph_activation(g, dtype, rank, dims, index, err));
    nas_tensor *t = &g->tensors[*index];
    const int64_t bytes = nas_tensor_bytes(t);
    if (bytes < 0) return nas_fail(err, NAS_ESHAPE, "graph: a constant with an impossible shape");
    void *p = nas_arena_alloc(g->arena, (size_t)bytes, err);
    if (!p) return NAS_ENOMEM;
    if (bytes && values) memcpy(p, values, (size_t)bytes);
    t->data = p;
    return NAS_OK;
}

nas_status nas_graph_constant(nas_graph *g, int32_t rank, const int32_t *dims, const float *values,
                              int32_t *index, nas_err *err) {
    return add_constant(g, NAS_F32, rank, dims, values, index, err);
}

nas_status nas_graph_list(nas_graph *g, int32_t n, const int32_t *values, int32_t *index,
                          nas_err *err) {
    return add_constant(g, NAS_I32, 1, &n, values, index, err);
}

nas_status nas_graph_add_op(nas_graph *g, const nas_op *o, nas_err *err) {
    void *items = g->ops;
    NAS_TRY(grow(g->arena, sizeof *o, g->n_ops, &g->op_room, &items, err));
    g->ops = items;
    g->ops[g->n_ops++] = *o;
    return NAS_OK;
}

nas_status nas_graph_op(nas_graph *g, const nas_op *o, nas_err *err) {
    nas_op whole = *o;
    const nas_op_row *row = nas_op_row_of(o->kind);
    if (row && row->complete) NAS_TRY(row->complete(g, &whole, err));
    return nas_graph_add_op(g, &whole, err);
}

int32_t nas_dtype_bytes(nas_dtype d) {
    switch (d) {
    case NAS_F32:
    case NAS_I32: return 4;
    case NAS_F16: return 2;
    case NAS_I64: return 8;
    case NAS_I8: return 1;
    }
    return 0;
}

const char *nas_dtype_name(nas_dtype d) {
    switch (d) {
    case NAS_F32: return "float32";
    case NAS_F16: return "float16";
    case NAS_I32: return "int32";
    case NAS_I64: return "int64";
    case NAS_I8: return "int8";
    }
    return NULL;
}

int64_t nas_tensor_count(const nas_tensor *t) {
    int64_t n = 1;
    for (int32_t i = 0; i < t->rank; i++)
        if (t->dims[i] < 0 || __builtin_mul_overflow(n, (int64_t)t->dims[i], &n)) return -1;
    return n;
}

int64_t nas_tensor_bytes(const nas_tensor *t) {
    const int64_t n = nas_tensor_count(t);
    int64_t bytes;
    if (n < 0 || __builtin_mul_overflow(n, (int64_t)nas_dtype_bytes(t->dtype), &bytes)) return -1;
    return bytes;
}

void nas_window_axis(nas_padding padding, int32_t in, int32_t kernel, int32_t stride,
                     int32_t dilation, int32_t *out, int32_t *before) {
    const int64_t reach = ((int64_t)kernel - 1) * dilation + 1;
    *out = *before = 0;
    if (in < 1 || kernel < 1 || stride < 1 || dilation < 1 || reach > INT32_MAX / 2) return;
    const int64_t span = padding == NAS_SAME ? (int64_t)in + stride - 1 : in + stride - reach;
    const int64_t n = span < 0 ? 0 : span / stride;
    const int64_t total = (n - 1) * stride + reach - in;
    *out = (int32_t)n;
    *before = total > 0 ? (int32_t)(total / 2) : 0;
}
