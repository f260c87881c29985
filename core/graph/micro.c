/* core/graph/micro.c - what TensorFlow Lite for Microcontrollers sets aside for a graph: its own
 * plan, not ours. Commit 90b983c2: micro_allocation_info.cc (lives), micro_allocator.cc (sizes),
 * memory_planner/greedy_memory_planner.cc (places). */
#include "core/graph/graph_int.h"
#include "core/graph/op_row.h"

#include <stdlib.h>

enum { ALIGN = 16 };

/* A buffer that lives from scope first to last: the input is there from scope 0, operator i is
 * scope i + 1. */
typedef struct buffer {
    int64_t bytes, offset;
    int32_t first, last, number;
} buffer;

typedef struct plan {
    buffer *all;
    buffer **placed; /* by offset */
    int32_t n;
} plan;

static int64_t aligned(int64_t bytes) {
    return (bytes + ALIGN - 1) / ALIGN * ALIGN;
}

static void add(plan *p, int64_t bytes, int32_t first, int32_t last) {
    if (bytes <= 0) return;
    p->all[p->n] = (buffer){aligned(bytes), 0, first, last, p->n};
    p->n++;
}

static void add_scratch(plan *p, const nas_graph *g, int32_t i) {
    const nas_op_row *row = nas_op_row_of(g->ops[i].kind);
    int64_t bytes[NAS_OP_SCRATCH];
    const int32_t n = row->scratch ? row->scratch(g, &g->ops[i], bytes) : 0;
    for (int32_t k = 0; k < n; k++) add(p, bytes[k], i + 1, i + 1);
}

/* Tensors in their order, then scratch; a tensor that nobody uses lives at no time at all. */
static void list_buffers(const nas_graph *g, int32_t *first, int32_t *last, plan *p) {
    for (int32_t i = 0; i < g->n_tensors; i++) first[i] = last[i] = -1;
    first[g->input] = last[g->input] = 0;
    for (int32_t i = 0; i < g->n_ops; i++) {
        const nas_op *o = &g->ops[i];
        if (first[o->out] < 0) first[o->out] = i + 1;
        last[o->out] = i + 1;
        for (int32_t k = 0; k < o->n_in; k++)
            if (o->in[k] >= 0) last[o->in[k]] = i + 1;
    }
    last[g->output] = g->n_ops;
    for (int32_t i = 0; i < g->n_tensors; i++)
        if (!g->tensors[i].data) add(p, nas_tensor_bytes(&g->tensors[i]), first[i], last[i]);
    for (int32_t i = 0; i < g->n_ops; i++) add_scratch(p, g, i);
}

/* The largest first; of equals the last one, as the planner fills its list from the end. */
static int by_size(const void *a, const void *b) {
    const buffer *p = a, *q = b;
    if (p->bytes != q->bytes) return p->bytes > q->bytes ? -1 : 1;
    return p->number > q->number ? -1 : p->number < q->number;
}

/* The first hole, from below, between those placed that live with it. */
static int64_t first_hole(const plan *p, int32_t placed, const buffer *b) {
    int64_t at = 0;
    for (int32_t i = 0; i < placed; i++) {
        const buffer *q = p->placed[i];
        if (q->first > b->last || b->first > q->last) continue;
        if (q->offset - at >= b->bytes) break;
        if (q->offset + q->bytes > at) at = q->offset + q->bytes;
    }
    return at;
}

static int64_t place_all(plan *p) {
    int64_t most = 0;
    qsort(p->all, (size_t)p->n, sizeof *p->all, by_size);
    for (int32_t i = 0; i < p->n; i++) {
        buffer *b = &p->all[i];
        b->offset = first_hole(p, i, b);
        int32_t k = i;
        for (; k > 0 && p->placed[k - 1]->offset > b->offset; k--) p->placed[k] = p->placed[k - 1];
        p->placed[k] = b;
        if (b->offset + b->bytes > most) most = b->offset + b->bytes;
    }
    return most;
}

nas_status nas_micro_arena(const nas_graph *g, int64_t *bytes, nas_err *err) {
    *bytes = -1;
    NAS_TRY(nas_graph_check(g, err));
    for (int32_t i = 0; i < g->n_ops; i++)
        if (nas_micro_refuses(g, &g->ops[i])) return NAS_OK;
    const size_t room = (size_t)g->n_tensors + NAS_OP_SCRATCH * (size_t)g->n_ops;
    plan p = {.all = calloc(room, sizeof *p.all), .placed = calloc(room, sizeof(buffer *))};
    int32_t *scope = calloc(2 * (size_t)g->n_tensors, sizeof *scope);
    const bool whole = p.all && p.placed && scope;
    if (whole) {
        list_buffers(g, scope, scope + g->n_tensors, &p);
        *bytes = place_all(&p);
    }
    free(p.all);
    free(p.placed);
    free(scope);
    return whole ? NAS_OK : nas_fail(err, NAS_ENOMEM, "plan of an arena: out of memory");
}
