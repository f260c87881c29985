/* core/graph/fold.c - batch norm and activations disappear into the operators before them. */
#include "core/graph/graph_int.h"
#include "core/graph/op_row.h"

#include <string.h>

/* Operators with a kernel whose output channels can be scaled; axis of those channels. */
static int32_t kernel_axis(const nas_op *o) {
    const nas_op_row *row = nas_op_row_of(o->kind);
    return row->weighted ? row->kernel_axis : -1;
}

static int32_t count_readers(const nas_graph *g, int32_t tensor) {
    int32_t n = g->output == tensor;
    for (int32_t i = 0; i < g->n_ops; i++)
        for (int32_t k = 0; k < g->ops[i].n_in; k++) n += g->ops[i].in[k] == tensor;
    return n;
}

/* The operator that makes tensor, if it may be changed for the one reader that tensor has. */
static nas_op *sole_maker(const nas_graph *g, int32_t tensor) {
    if (count_readers(g, tensor) != 1) return NULL;
    for (int32_t i = 0; i < g->n_ops; i++)
        if (g->ops[i].out == tensor && g->ops[i].n_in)
            return g->ops[i].activation == NAS_ACT_NONE ? &g->ops[i] : NULL;
    return NULL;
}

/* Takes o out: its maker makes o's output. */
static void absorb(nas_op *maker, nas_op *o, nas_activation activation) {
    maker->out = o->out;
    maker->activation = activation;
    *o = (nas_op){.n_in = 0, .out = -1};
}

/* One value, or one for each of c channels of the last axis. */
static bool is_per_channel(const nas_tensor *t, int32_t c) {
    if (!t->data || t->dtype != NAS_F32) return false;
    const int64_t n = nas_tensor_count(t);
    return n == 1 || (n == c && t->rank >= 1 && t->dims[t->rank - 1] == c);
}

static nas_status new_constant(nas_graph *g, const nas_tensor *like, int32_t *index, float **values,
                               nas_err *err) {
    const int64_t n = nas_tensor_count(like);
    nas_tensor t = *like;
    t.n_scale = 0; /* scales that were given for other values */
    *values = nas_arena_array(g->arena, (size_t)n, sizeof **values, err);
    if (!*values) return NAS_ENOMEM;
    if (like->data) memcpy(*values, like->data, (size_t)n * sizeof **values);
    t.data = *values;
    return nas_graph_tensor(g, &t, index, err);
}

static nas_status scale_kernel(nas_graph *g, nas_op *m, int32_t axis, int32_t c, const float *f,
                               bool single, nas_err *err) {
    const nas_tensor old = g->tensors[m->in[1]];
    const int64_t n = nas_tensor_count(&old), inner = axis == 0 ? n / c : 1;
    float *w;
    NAS_TRY(new_constant(g, &old, &m->in[1], &w, err));
    for (int64_t i = 0; i < n; i++) w[i] *= f[single ? 0 : i / inner % c];
    return NAS_OK;
}

/* b * f (MUL) or b + f (ADD). */
static nas_status change_bias(nas_graph *g, nas_op *m, nas_op_kind kind, int32_t c, const float *f,
                              bool single, nas_err *err) {
    nas_tensor old = {.dtype = NAS_F32, .rank = 1, .dims = {c}};
    float *b;
    if (m->n_in == 3 && m->in[2] >= 0) old = g->tensors[m->in[2]];
    m->n_in = 3;
    NAS_TRY(new_constant(g, &old, &m->in[2], &b, err));
    for (int32_t i = 0; i < c; i++) {
        const float v = f[single ? 0 : i];
        b[i] = kind == NAS_OP_MUL ? b[i] * v : b[i] + v;
    }
    return NAS_OK;
}

static nas_status fold_affine(nas_graph *g, nas_op *o, bool *changed, nas_err *err) {
    const int32_t slot = g->tensors[o->in[0]].data ? 1 : 0;
    const nas_tensor x = g->tensors[o->in[slot]], k = g->tensors[o->in[1 - slot]];
    nas_op *m = sole_maker(g, o->in[slot]);
    const int32_t axis = m ? kernel_axis(m) : -1;
    if (axis < 0 || !g->tensors[m->in[1]].data || g->tensors[m->in[1]].dtype != NAS_F32)
        return NAS_OK;
    if (m->n_in == 3 && m->in[2] >= 0 && !g->tensors[m->in[2]].data) return NAS_OK;
    const int32_t c = g->tensors[m->in[1]].dims[axis];
    if (x.dtype != NAS_F32 || !is_per_channel(&k, c) || k.rank > x.rank) return NAS_OK;
    const bool single = nas_tensor_count(&k) == 1;
    if (o->kind == NAS_OP_MUL) NAS_TRY(scale_kernel(g, m, axis, c, k.data, single, err));
    NAS_TRY(change_bias(g, m, o->kind, c, k.data, single, err));
    absorb(m, o, o->activation);
    *changed = true;
    return NAS_OK;
}

static nas_status fold_one(nas_graph *g, nas_op *o, bool *changed, nas_err *err) {
    if (o->n_in == 0) return NAS_OK;
    if (o->kind == NAS_OP_MUL || o->kind == NAS_OP_ADD) return fold_affine(g, o, changed, err);
    const nas_op_row *row = nas_op_row_of(o->kind);
    if (row->renames) o->n_in = 1; /* its output's shape says the same */
    if (row->is == NAS_ACT_NONE) return NAS_OK;
    nas_op *m = sole_maker(g, o->in[0]);
    if (!m || !nas_op_row_of(m->kind)->fuses || g->tensors[o->out].dtype != NAS_F32) return NAS_OK;
    absorb(m, o, row->is);
    *changed = true;
    return NAS_OK;
}

nas_status nas_graph_sweep(nas_graph *g, nas_err *err) {
    int32_t *to = nas_arena_array(g->arena, (size_t)g->n_tensors, sizeof *to, err);
    int32_t ops = 0, tensors = 0;
    if (!to) return NAS_ENOMEM;
    for (int32_t i = 0; i < g->n_ops; i++)
        if (g->ops[i].n_in) g->ops[ops++] = g->ops[i];
    g->n_ops = ops;
    to[g->input] = to[g->output] = 1;
    for (int32_t i = 0; i < ops; i++) {
        to[g->ops[i].out] = 1;
        for (int32_t k = 0; k < g->ops[i].n_in; k++)
            if (g->ops[i].in[k] >= 0) to[g->ops[i].in[k]] = 1;
    }
    for (int32_t i = 0; i < g->n_tensors; i++) {
        if (!to[i]) continue;
        g->tensors[tensors] = g->tensors[i];
        to[i] = tensors++;
    }
    g->n_tensors = tensors;
    g->input = to[g->input];
    g->output = to[g->output];
    for (int32_t i = 0; i < ops; i++) {
        g->ops[i].out = to[g->ops[i].out];
        for (int32_t k = 0; k < g->ops[i].n_in; k++)
            if (g->ops[i].in[k] >= 0) g->ops[i].in[k] = to[g->ops[i].in[k]];
    }
    return NAS_OK;
}

nas_status nas_graph_fold(nas_graph *g, nas_err *err) {
    NAS_TRY(nas_graph_check(g, err));
    for (bool changed = true; changed;) {
        changed = false;
        for (int32_t i = 0; i < g->n_ops; i++) NAS_TRY(fold_one(g, &g->ops[i], &changed, err));
    }
    NAS_TRY(nas_graph_sweep(g, err));
    return nas_graph_check(g, err);
}
