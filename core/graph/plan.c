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
        if (nas_op_makes_constant(g, o)) {
            owner[o->out] = -1;
            continue;
        }
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

static int by_time(const void *a, const void *b) {
    const place *p = *(place *const *)a, *q = *(place *const *)b;
    if (p->first != q->first) return p->first < q->first ? -1 : 1;
    return p->tensor < q->tensor ? -1 : p->tensor > q->tensor;
}

static bool meet(const place *p, const place *q) {
    return q->last >= p->first && p->last >= q->first;
}

/* The smallest hole between those placed (sorted by offset) that live with p. */
static int64_t best_offset(place *const *placed, int32_t n, const place *p) {
    int64_t end = 0, best = -1, best_hole = INT64_MAX;
    for (int32_t i = 0; i < n; i++) {
        const place *q = placed[i];
        if (!meet(p, q)) continue;
        const int64_t hole = q->offset - end;
        if (hole >= p->bytes && hole < best_hole) {
            best_hole = hole;
            best = end;
        }
        if (q->offset + q->bytes > end) end = q->offset + q->bytes;
    }
    return best >= 0 ? best : end;
}

/* The bottom if it is free, else the highest hole below `room`; negative: there is none. */
static int64_t end_offset(place *const *placed, int32_t n, const place *p, int64_t room) {
    int64_t top = room;
    bool bottom = true;
    for (int32_t i = n - 1; i >= 0; i--) {
        const place *q = placed[i];
        if (!meet(p, q)) continue;
        if (q->offset < p->bytes) bottom = false;
        if (q->offset + q->bytes > top - p->bytes && q->offset < top) top = q->offset;
    }
    return bottom ? 0 : top - p->bytes;
}

static void insert(place **placed, int32_t n, place *p) {
    for (; n > 0 && placed[n - 1]->offset > p->offset; n--) placed[n] = placed[n - 1];
    placed[n] = p;
}

/* The most bytes that live at one time: no plan is smaller. */
static int64_t least_room(place *const *order, int32_t n, int32_t n_ops) {
    int64_t most = 0;
    for (int32_t op = 0; op < n_ops; op++) {
        int64_t sum = 0;
        for (int32_t i = 0; i < n; i++)
            if (order[i]->first <= op && op <= order[i]->last) sum += order[i]->bytes;
        if (sum > most) most = sum;
    }
    return most;
}

static int64_t place_by_size(place **order, int32_t n, place **placed) {
    int64_t total = 0;
    qsort(order, (size_t)n, sizeof(place *), by_size);
    for (int32_t i = 0; i < n; i++) {
        place *p = order[i];
        p->offset = best_offset(placed, i, p);
        insert(placed, i, p);
        if (p->offset + p->bytes > total) total = p->offset + p->bytes;
    }
    return total;
}

/* From both ends of an arena of `room` bytes in the order of running, which is the best plan of
 * every chain. False: something did not fit. */
static bool place_from_ends(place **order, int32_t n, place **placed, int64_t room) {
    qsort(order, (size_t)n, sizeof(place *), by_time);
    for (int32_t i = 0; i < n; i++) {
        place *p = order[i];
        p->offset = end_offset(placed, i, p, room);
        if (p->offset < 0) return false;
        insert(placed, i, p);
    }
    return true;
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
    *total = least_room(order, used, g->n_ops);
    if (!place_from_ends(order, used, placed, *total)) *total = place_by_size(order, used, placed);
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
