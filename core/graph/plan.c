/* core/graph/plan.c - one arena for all activations. Pisarchyk and Lee, "Efficient memory
 * management for deep neural net inference", 2020, section 5 (offsets, greedy by size). */
#include "core/graph/graph_int.h"
#include "core/graph/op_row.h"

#include <stdlib.h>
#include <string.h>

enum { ALIGN = 16, MOST_WORK = 1 << 24 /* steps of the search */ };

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
        if (nas_op_row_of(o->kind)->renames && owner[o->in[0]] >= 0)
            owner[o->out] = owner[o->in[0]];
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

static int by_span(const void *a, const void *b) {
    const place *p = *(place *const *)a, *q = *(place *const *)b;
    const int32_t m = p->last - p->first, n = q->last - q->first;
    return m != n ? (m > n ? -1 : 1) : by_size(a, b);
}

static bool meet(const place *p, const place *q) {
    return q->last >= p->first && p->last >= q->first;
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

/* The lowest hole between those placed (sorted by offset) that live with p. */
static int64_t lowest_offset(place *const *placed, int32_t n, const place *p) {
    int64_t end = 0;
    for (int32_t i = 0; i < n; i++) {
        const place *q = placed[i];
        if (!meet(p, q)) continue;
        if (q->offset - end >= p->bytes) break;
        if (q->offset + q->bytes > end) end = q->offset + q->bytes;
    }
    return end;
}

/* Each as low as it goes. The bytes of the whole; most or more: it would not be better. */
static int64_t place_in_order(place *const *order, int32_t n, place **placed, int64_t most) {
    int64_t total = 0;
    for (int32_t i = 0; i < n && total < most; i++) {
        place *p = order[i];
        p->offset = lowest_offset(placed, i, p);
        insert(placed, i, p);
        if (p->offset + p->bytes > total) total = p->offset + p->bytes;
    }
    return total;
}

static void move(place **order, int32_t from, int32_t to) {
    place *p = order[from];
    for (; from > to; from--) order[from] = order[from - 1];
    for (; from < to; from++) order[from] = order[from + 1];
    order[to] = p;
}

/* One place at a time moves within the order while the whole shrinks. least: no plan is smaller. */
static int64_t improve(place **order, int32_t n, place **placed, int64_t total, int64_t least,
                       int64_t *work) {
    for (bool better = true; better;) {
        better = false;
        for (int32_t from = 0; from < n; from++)
            for (int32_t to = 0; to < n && total > least && *work > 0; to++) {
                if (to == from) continue;
                *work -= (int64_t)n * n;
                move(order, from, to);
                const int64_t now = place_in_order(order, n, placed, total);
                if (now < total) better = true;
                if (now < total)
                    total = now;
                else
                    move(order, to, from);
            }
    }
    return total;
}

/* Orders to begin with, and what moving in them brings; the best of them is placed in the end. */
static int64_t place_by_search(place **order, place **best, int32_t n, place **placed,
                               int64_t least) {
    static int (*const begin[])(const void *, const void *) = {by_size, by_time, by_span};
    int64_t total = INT64_MAX, work = MOST_WORK;
    for (size_t k = 0; k < sizeof begin / sizeof *begin && total > least; k++) {
        qsort(order, (size_t)n, sizeof(place *), begin[k]);
        int64_t now = place_in_order(order, n, placed, INT64_MAX);
        now = improve(order, n, placed, now, least, &work);
        if (now >= total) continue;
        total = now;
        memcpy(best, order, (size_t)n * sizeof(place *));
    }
    return place_in_order(best, n, placed, INT64_MAX);
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
    place **best = nas_arena_array(scratch, n, sizeof *best, err);
    place **placed = nas_arena_array(scratch, n, sizeof *placed, err);
    int32_t *owner = nas_arena_array(scratch, n, sizeof *owner, err);
    int32_t used = 0;
    if (!places || !order || !best || !placed || !owner) return NAS_ENOMEM;
    find_lives(g, places, owner);
    for (int32_t i = 0; i < g->n_tensors; i++)
        if (places[i].last >= 0 && owner[i] == i) order[used++] = &places[i];
    *total = least_room(order, used, g->n_ops);
    if (!place_from_ends(order, used, placed, *total))
        *total = place_by_search(order, best, used, placed, *total);
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
