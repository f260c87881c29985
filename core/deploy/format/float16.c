/* core/deploy/format/float16.c - every float constant as float16, with a DEQUANTIZE before its
 * first reader. */
#include "core/deploy/format/int.h"
#include "core/deploy/half.h"
#include "core/graph/graph_int.h"

#include <string.h>

/* Adds the constant `from` in its new form; its float tensor, which has its old index, is made by a
 * DEQUANTIZE. */
static nas_status add_constant(const nas_graph *g, int32_t from, nas_graph *out, nas_err *err) {
    nas_tensor t = g->tensors[from];
    const float *v = t.data;
    const int64_t n = nas_tensor_count(&t);
    uint16_t *half = nas_arena_array(out->arena, (size_t)n, sizeof *half, err);
    if (!half) return NAS_ENOMEM;
    for (int64_t i = 0; i < n; i++) half[i] = nas_half_of(v[i]);
    t.dtype = NAS_F16;
    t.n_scale = 0;
    t.data = half;
    nas_op o = {.kind = NAS_OP_DEQUANTIZE, .n_in = 1, .out = from};
    NAS_TRY(nas_graph_tensor(out, &t, &o.in[0], err));
    return nas_graph_op(out, &o, err);
}

/* Shapes and axes. */
static nas_status copy_data(nas_tensor *t, nas_arena *a, nas_err *err) {
    const size_t bytes = (size_t)nas_tensor_bytes(t);
    void *copy = nas_arena_alloc(a, bytes, err);
    if (!copy) return NAS_ENOMEM;
    t->data = memcpy(copy, t->data, bytes);
    return NAS_OK;
}

static nas_status add_tensors(const nas_graph *g, nas_graph *out, nas_err *err) {
    for (int32_t i = 0; i < g->n_tensors; i++) {
        nas_tensor t = g->tensors[i];
        int32_t index;
        t.n_scale = 0;
        if (t.dtype == NAS_F32) t.data = NULL;
        if (t.data) NAS_TRY(copy_data(&t, out->arena, err));
        NAS_TRY(nas_graph_tensor(out, &t, &index, err));
    }
    return NAS_OK;
}

static nas_status apply_float16(const nas_graph *g, const float *x, int32_t n, nas_graph *out,
                                nas_err *err) {
    (void)x;
    (void)n;
    bool *made = nas_arena_array(out->arena, (size_t)g->n_tensors, sizeof *made, err);
    if (!made) return NAS_ENOMEM;
    NAS_TRY(add_tensors(g, out, err));
    for (int32_t i = 0; i < g->n_ops; i++) {
        const nas_op *o = &g->ops[i];
        for (int32_t k = 0; k < o->n_in; k++) {
            const int32_t t = o->in[k];
            if (t < 0 || made[t] || !g->tensors[t].data || g->tensors[t].dtype != NAS_F32) continue;
            NAS_TRY(add_constant(g, t, out, err));
            made[t] = true;
        }
        NAS_TRY(nas_graph_add_op(out, o, err));
    }
    out->input = g->input;
    out->output = g->output;
    return nas_graph_check(out, err);
}

const nas_format_ops nas_format_float16 = {
    .name = "float16", .apply = apply_float16, .rounding = NAS_ROUND_HALF};
