/* core/graph/plan.c - one arena for all activations. Pisarchyk and Lee, "Efficient memory
 * management for deep neural net inference", 2020, section 5 (offsets, greedy by size). */
#include "core/graph/graph_int.h"

#include <stdlib.h>

enum { ALIGN = 16 };

/* A place: one activation, or several that RESHAPE makes one. Lives from operator first to last. */
typedef struct place {
    int64_t bytes, offset;
    int32_t first, last, tensor;
} place;

static void live_at(place *p, int32_t op) {
    if (op < p->first) p->first = op;
    if (op > p->last) p->last = op;
}

/* Lifetimes; owner[t] is the tensor whose place t has, or -1. */
static void find_lives(const nas_graph *g, place *places, int32_t *owner) {
    for (int32_t i = 0; i < g->n_tensors; i++) {
        const nas_tensor *t = &g->tensors[i];
        const int64_t bytes = (nas_tensor_bytes(t) + ALIGN - 1) / ALIGN * ALIGN;
        places[i] = (place){.bytes = bytes, .first = INT32_MAX, .last = -1, .tensor = i};
        owner[i] = t->data ? -1 : i;
    }
    live_at(&places[g->input], 0);
    for (int32_t i = 0; i < g->n_ops; i++) {
        const nas_op *o = &g->ops[i];
        for (int32_t k = 0; k < o->n_in; k++)
            if (o->in[k] >= 0 && owner[o->in[k]] >= 0) live_at(&places[owner[o->in[k]]], i);
        if (o->kind == NAS_OP_RESHAPE && owner[o->in[0]] >= 0) owner[o->out] = owner[o->in[0]];
        live_at(&places[owner[o->out]], i);
    }
    live_at(&places[owner[g->output]], g->n_ops - 1);
}

static int by_size(const void *a, const void *b) {
    const place *p = *(place *const *)a, *q = *(place *const *)b;
    if (p->bytes != q->bytes) return p->bytes > q->bytes ? -1 : 1;
    return p->tensor < q->tensor ? -1 : p->tensor > q->tensor;
}

/* Puts p into the smallest hole between those placed (sorted by offset) that live with it. */
static int64_t best_offset(place *const *placed, int32_t n, const place *p) {
    int64_t end = 0, best = -1, best_hole = INT64_MAX;
    for (int32_t i = 0; i < n; i++) {
        const place *q = placed[i];
        if (q->last < p->first || p->last < q->first) continue;
        const int64_t hole = q->offset - end;
        if (hole >= p->bytes && hole < best_hole) {
            best_hole = hole;
            best = end;
        }
        if (q->offset + q->bytes > end) end = q->offset + q->bytes;
    }
    return best >= 0 ? best : end;
}

static nas_status plan_with(const nas_graph *g, nas_arena *scratch, int64_t *offsets,
                            int64_t *total, nas_err *err) {
    const size_t n = (size_t)g->n_tensors;
    place *places = nas_arena_array(scratch, n, sizeof *places, err);
    place **order = nas_arena_array(scratch, n, sizeof *order, err);
    place **placed = nas_arena_array(scratch, n, sizeof *placed, err);
    int32_t *owner = nas_arena_array(scratch, n, sizeof *owner, err);
    int32_t used = 0;
    if (!places || !order || !placed || !owner) return NAS_ENOMEM;
    find_lives(g, places, owner);
    for (int32_t i = 0; i < g->n_tensors; i++)
        if (places[i].last >= 0 && owner[i] == i) order[used++] = &places[i];
    qsort(order, (size_t)used, sizeof(place *), by_size);
    for (int32_t i = 0; i < used; i++) {
        place *p = order[i];
        p->offset = best_offset(placed, i, p);
        int32_t at = i;
        for (; at > 0 && placed[at - 1]->offset > p->offset; at--) placed[at] = placed[at - 1];
        placed[at] = p;
        if (p->offset + p->bytes > *total) *total = p->offset + p->bytes;
    }
    for (int32_t i = 0; i < g->n_tensors; i++) {
        const bool lives = owner[i] >= 0 && places[owner[i]].last >= 0;
        offsets[i] = lives ? places[owner[i]].offset : -1;
    }
    return NAS_OK;
}

nas_status nas_graph_plan(const nas_graph *g, int64_t *offsets, int64_t *total, nas_err *err) {
    *total = 0;
    NAS_TRY(nas_graph_check(g, err));
    nas_arena *scratch;
    NAS_TRY(nas_arena_open(&scratch, err));
    const nas_status st = plan_with(g, scratch, offsets, total, err);
    nas_arena_close(scratch);
    return st;
}
