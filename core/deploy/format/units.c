/* core/deploy/format/units.c - other units for the activations inside an int8 graph. All arithmetic
 * there knows only ratios of scales, so an activation's scale may become 1 if the kernels around it
 * follow. Where a kernel's input has scale 1, the scales of its bias are those of the kernel, and a
 * file holds them once. */
#include "core/deploy/format/int.h"
#include "core/deploy/ops/op.h"
#include "core/graph/graph_int.h"

#include <string.h>

/* Tensors whose scales must keep their ratios are one set; a set with a pinned member keeps its. */
typedef struct units {
    nas_graph *g;
    int32_t *root;
    bool *pinned;
    float *scale; /* new, of each tensor with one scale */
    nas_err *err;
} units;

static int32_t root_of(const units *u, int32_t t) {
    while (u->root[t] != t) t = u->root[t];
    return t;
}

static void join(units *u, int32_t a, int32_t b) {
    const int32_t p = root_of(u, a), q = root_of(u, b);
    u->root[q] = p;
    if (u->pinned[q]) u->pinned[p] = true;
}

static void pin(units *u, int32_t t) {
    u->pinned[root_of(u, t)] = true;
}

static void bind_op(units *u, const nas_op *o) {
    const nas_unit_rule rule = nas_deploy_op_of((int32_t)o->kind)->units;
    for (int32_t k = 0; k < o->n_in && rule != NAS_UNITS_FREE; k++) {
        if (o->in[k] < 0 || nas_op_is_shape_operand(o, k)) continue;
        if (rule == NAS_UNITS_PINNED)
            pin(u, o->in[k]);
        else if (k == 0 || rule == NAS_UNITS_ALL)
            join(u, o->in[k], o->out);
    }
    if (rule == NAS_UNITS_PINNED) pin(u, o->out);
    if (o->activation == NAS_ACT_RELU6) pin(u, o->out); /* 6 has a unit */
}

/* Every free set gets the unit in which the first input of a kernel has scale 1. */
static void choose_scales(units *u, double *factor) {
    const nas_graph *g = u->g;
    for (int32_t i = 0; i < g->n_ops; i++) {
        const nas_op *o = &g->ops[i];
        const int32_t r = root_of(u, o->in[0]);
        if (!nas_op_is_weighted(o) || u->pinned[r] || factor[r] != 0) continue;
        factor[r] = 1 / (double)g->tensors[o->in[0]].scale[0];
    }
    for (int32_t i = 0; i < g->n_tensors; i++) {
        const nas_tensor *t = &g->tensors[i];
        const double f = factor[root_of(u, i)];
        if (t->n_scale == 1) u->scale[i] = f == 0 ? t->scale[0] : (float)((double)t->scale[0] * f);
    }
}

/* The kernel or bias of an operator with other scales; the codes stay. */
static nas_status replace(units *u, int32_t *tensor, const float *scale) {
    nas_tensor t = u->g->tensors[*tensor];
    t.scale = scale;
    return nas_graph_tensor(u->g, &t, tensor, u->err);
}

static nas_status change_op(units *u, nas_op *o) {
    const nas_tensor *t = u->g->tensors, *w = &t[o->in[1]];
    const double in = (double)u->scale[o->in[0]], out = (double)u->scale[o->out];
    const double ratio = (double)t[o->in[0]].scale[0] / in * (out / (double)t[o->out].scale[0]);
    const int32_t n = w->n_scale, bias = o->n_in == 3 ? o->in[2] : -1;
    float *kernel = nas_arena_array(u->g->arena, (size_t)n, sizeof *kernel, u->err);
    float *sum = nas_arena_array(u->g->arena, (size_t)n, sizeof *sum, u->err);
    if (!kernel || !sum) return NAS_ENOMEM;
    for (int32_t c = 0; c < n; c++) {
        kernel[c] = nas_scale_snap((float)((double)w->scale[c] * ratio));
        sum[c] = (float)(in * (double)kernel[c]);
    }
    const bool follows = bias >= 0 && t[bias].n_scale == n;
    NAS_TRY(replace(u, &o->in[1], kernel));
    return follows ? replace(u, &o->in[2], sum) : NAS_OK;
}

static nas_status change_all(units *u) {
    nas_graph *g = u->g;
    const int32_t n = g->n_tensors;
    for (int32_t i = 0; i < g->n_ops; i++)
        if (nas_op_is_weighted(&g->ops[i])) NAS_TRY(change_op(u, &g->ops[i]));
    float *scale = nas_arena_array(g->arena, (size_t)n, sizeof *scale, u->err);
    if (!scale) return NAS_ENOMEM;
    memcpy(scale, u->scale, (size_t)n * sizeof *scale);
    /* Kernels and biases with one scale have their new ones already. */
    for (int32_t i = 0; i < n; i++)
        if (g->tensors[i].n_scale == 1) g->tensors[i].scale = &scale[i];
    NAS_TRY(nas_graph_sweep(g, u->err));
    return nas_graph_check(g, u->err);
}

static nas_status change_units(units *u, nas_arena *scratch) {
    nas_graph *g = u->g;
    const size_t n = (size_t)g->n_tensors;
    u->root = nas_arena_array(scratch, n, sizeof *u->root, u->err);
    u->pinned = nas_arena_array(scratch, n, sizeof *u->pinned, u->err);
    u->scale = nas_arena_array(scratch, n, sizeof *u->scale, u->err);
    double *factor = nas_arena_array(scratch, n, sizeof *factor, u->err);
    if (!u->root || !u->pinned || !u->scale || !factor) return NAS_ENOMEM;
    for (int32_t i = 0; i < g->n_tensors; i++) u->root[i] = i;
    pin(u, g->input);
    pin(u, g->output);
    for (int32_t i = 0; i < g->n_ops; i++) bind_op(u, &g->ops[i]);
    choose_scales(u, factor);
    return change_all(u);
}

nas_status nas_int8_units(nas_graph *g, nas_err *err) {
    units u = {.g = g, .err = err};
    nas_arena *scratch;
    NAS_TRY(nas_graph_check(g, err));
    for (int32_t i = 0; i < g->n_ops; i++) {
        const nas_op *o = &g->ops[i];
        if (g->tensors[o->in[0]].dtype != NAS_I8 || g->tensors[o->out].dtype != NAS_I8)
            return NAS_OK;
    }
    NAS_TRY(nas_arena_open(&scratch, err));
    const nas_status st = change_units(&u, scratch);
    nas_arena_close(scratch);
    return st;
}
