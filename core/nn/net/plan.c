/* core/nn/net/plan.c - from nodes to a net: segments, layouts, one allocation. */
#include "base/pages.h"
#include "core/kernel/threads.h"
#include "core/nn/net/net_int.h"

#include <stdlib.h>

enum {
    ALIGN = 16, /* floats */
    TILE_FLOATS =
        1 << 14 /* of a chunk's largest map; keeps all of a segment's in the second cache */
};

/* A ReLU that is the only reader of a node that can do it is done there. */
static void fuse_relus(nas_net *net) {
    for (int32_t i = 1; i < net->nodes.n; i++) {
        nas_node *node = &net->nodes.v[i], *before = &net->nodes.v[i - 1];
        if (!node->ops->is_plain_relu || !before->ops->can_relu) continue;
        if (before->out != node->in[0] || net->values[node->in[0]].readers != 1) continue;
        before->relu = node->skip = net->values[node->in[0]].dead = true;
        before->out = node->out;
    }
}

static void count_readers(nas_net *net) {
    for (int32_t i = 0; i < net->nodes.n; i++)
        for (int32_t j = 0; j < net->nodes.v[i].n_in; j++)
            net->values[net->nodes.v[i].in[j]].readers++;
}

static void cut_segments(nas_net *net) {
    int32_t segment = 0;
    for (int32_t i = 0; i < net->nodes.n; i++) {
        nas_node *node = &net->nodes.v[i];
        if (!node->skip && node->ops->reduce) segment++;
        node->segment = segment;
    }
    net->segments = segment + 1;
}

/* Where each begins, and at last where the nodes end. */
static nas_status list_segments(nas_net *net, nas_err *err) {
    const size_t n = (size_t)net->segments + 1;
    net->begins = nas_arena_array(net->arena, n, sizeof *net->begins, err);
    if (!net->begins) return NAS_ENOMEM;
    for (int32_t i = 0, s = 0; s <= net->segments; s++) {
        while (i < net->nodes.n && net->nodes.v[i].segment < s) i++;
        net->begins[s] = i;
    }
    return NAS_OK;
}

/* Before the first weights nobody wants a gradient. */
static void want_gradients(nas_net *net) {
    for (int32_t i = 0; i < net->nodes.n; i++) {
        const nas_node *node = &net->nodes.v[i];
        bool wanted = false;
        for (int32_t j = 0; j < node->n_weights; j++) wanted |= node->weights[j].trainable;
        for (int32_t j = 0; j < node->n_in; j++) wanted |= net->values[node->in[j]].has_grad;
        net->values[i + 1].has_grad = wanted;
    }
}

static void choose_tiles(nas_net *net) {
    for (int32_t i = 0; i < net->nodes.n; i++) {
        nas_node *node = &net->nodes.v[i];
        if (node->ops->tiles && !net->model.direct) node->ops->tiles(node, net->model.exact);
    }
}

static void choose_borders(nas_net *net) {
    for (int32_t v = 0; v < net->n_values; v++) net->values[v].packed = v == 0;
    for (int32_t i = 0; i < net->nodes.n; i++) {
        const nas_node *node = &net->nodes.v[i];
        if (node->skip) continue;
        if (node->ops->border)
            node->ops->border(node, &net->values[node->in[0]], &net->values[node->out]);
        if (!node->ops->channelwise) continue;
        for (int32_t j = 0; j < node->n_in; j++) net->values[node->in[j]].packed = false;
    }
}

static int32_t larger(int32_t a, int32_t b) {
    return a > b ? a : b;
}

/* The end of a row is the border before the next, and so for images. */
static nas_map lay_out(nas_shape s, bool packed, const nas_border *b) {
    nas_map m = {.h = s.h, .w = s.w, .c = s.c, .cs = packed ? s.c : nas_channels_stored(s.c)};
    m.row = (ptrdiff_t)(s.w + larger(b->left, b->right)) * m.cs;
    m.image = (s.h + larger(b->top, b->bottom)) * m.row;
    return m;
}

/* A gradient whose rows are all one, which only one node writes and a barrier reads by rows, is
 * stored as one row. */
static void spread_gradients(nas_net *net) {
    for (int32_t i = 0; i < net->nodes.n; i++) {
        const nas_node *node = &net->nodes.v[i];
        if (node->skip || !node->ops->spreads) continue;
        nas_value *value = &net->values[node->in[0]];
        const nas_border *b = &value->grad_border;
        if (value->readers != 1 || value->maker < 0 || !net->nodes.v[value->maker].ops->reduce ||
            b->top || b->left || b->bottom || b->right)
            continue;
        value->dx.image = value->dx.row;
        value->dx.row = 0;
    }
}

/* One buffer of the block; sizes first, places when the block is there. */
typedef struct cursor {
    float *base; /* NULL while sizes are summed */
    size_t used;
    bool overflow;
} cursor;

static float *take(cursor *c, size_t floats) {
    float *at = c->base ? c->base + c->used : NULL;
    size_t rounded;
    if (__builtin_add_overflow(floats, (size_t)ALIGN - 1, &rounded) ||
        __builtin_add_overflow(c->used, rounded / ALIGN * ALIGN, &c->used))
        c->overflow = true;
    return at;
}

static void take_map(cursor *c, nas_map *m, const nas_border *b, int32_t images) {
    const size_t lead = (size_t)(b->top * m->row + (ptrdiff_t)b->left * m->cs);
    size_t floats;
    const size_t padded = (lead + ALIGN - 1) / ALIGN * ALIGN;
    if (__builtin_mul_overflow((size_t)m->image, (size_t)images, &floats) ||
        __builtin_add_overflow(floats, padded, &floats))
        c->overflow = true;
    float *at = take(c, floats);
    m->at = at ? at + padded : NULL;
}

static void take_work(nas_net *net, cursor *c) {
    size_t more;
    if (__builtin_mul_overflow(net->n_params, (size_t)NAS_PARTS - 1, &more)) c->overflow = true;
    net->params = take(c, net->n_params);
    net->grads = take(c, net->n_params);
    net->more_grads = take(c, nas_net_parts(net, net->batch) > 1 ? more : 0);
    net->averages = take(c, net->n_averages);
    for (int32_t i = 0; i < net->nodes.n; i++) {
        nas_node *node = &net->nodes.v[i];
        size_t floats;
        if (__builtin_mul_overflow(node->image_floats, (size_t)net->batch, &floats) ||
            __builtin_add_overflow(floats, node->work_floats, &floats))
            c->overflow = true;
        node->work = take(c, floats);
    }
}

/* Those of the whole batch, or those of a chunk. */
static void take_values(nas_net *net, cursor *c, bool whole) {
    const int32_t images = whole ? net->batch : net->most_chunk;
    for (int32_t v = 0; v < net->n_values; v++) {
        nas_value *value = &net->values[v];
        if (value->dead) continue;
        if (value->x_as != v)
            value->x.at = net->values[value->x_as].x.at;
        else if (value->whole == whole)
            take_map(c, &value->x, &value->border, images);
    }
    for (int32_t v = 0; v < net->n_values; v++) {
        nas_value *value = &net->values[v];
        if (value->dead || !value->has_grad) continue;
        if (value->dx_twin)
            value->dx.at = net->values[value->dx_twin].dx.at;
        else if (value->dx_in)
            value->dx.at = net->values[value->dx_in].x.at;
        else if (value->dx_as != v)
            value->dx.at = net->values[value->dx_as].dx.at;
        else if (value->grad_whole == whole)
            take_map(c, &value->dx, &value->grad_border, images);
    }
}

static void take_edges(nas_net *net, cursor *c) {
    for (int32_t i = 0; i < net->nodes.n; i++) {
        nas_node *node = &net->nodes.v[i];
        for (int32_t j = 0; j < node->n_in; j++) {
            nas_edge *e = &node->edge[j];
            const nas_value *value = &net->values[node->in[j]];
            if (!e->wanted) continue;
            if (e->add)
                take_map(c, &e->dx, &value->grad_border, net->most_chunk);
            else
                e->dx.at = value->dx.at;
        }
    }
}

/* What a node keeps from chunk to chunk lives in its own segment only. */
static void take_lane_work(nas_net *net, cursor *c) {
    const size_t start = c->used;
    size_t end = start, scratch = 0;
    for (int32_t i = 0; i < net->nodes.n; i++) {
        nas_node *node = &net->nodes.v[i];
        if (i && node->segment != net->nodes.v[i - 1].segment) c->used = start;
        node->lane_work = take(c, node->lane_floats);
        end = c->used > end ? c->used : end;
        if (node->scratch_floats > scratch) scratch = node->scratch_floats;
    }
    c->used = end;
    net->scratch = take(c, scratch);
}

static void take_all(nas_net *net, cursor *c) {
    take_work(net, c);
    take_values(net, c, true);
    const size_t start = c->used;
    take_lane_work(net, c);
    take_values(net, c, false);
    take_edges(net, c);
    net->lane_floats = c->used - start;
    for (int32_t i = 1; i < net->lanes; i++) (void)take(c, net->lane_floats);
}

/* Of several readers of a value the last one runs first going backward, and overwrites. */
static void plan_edges(nas_net *net) {
    for (int32_t i = net->nodes.n - 1; i >= 0; i--) {
        nas_node *node = &net->nodes.v[i];
        if (node->skip) continue;
        for (int32_t j = node->n_in - 1; j >= 0; j--) {
            nas_edge *e = &node->edge[j];
            nas_value *value = &net->values[node->in[j]];
            *e = (nas_edge){.wanted = value->has_grad, .whole = value->grad_whole, .dx = value->dx};
            e->add = value->read_later;
            value->read_later = true;
            if (e->add) e->whole = false;
        }
    }
}

/* A power of two, a function of the shapes alone: it decides the order of sums. */
static int32_t chunk_of(const nas_net *net) {
    ptrdiff_t most = 1;
    for (int32_t v = 1; v < net->n_values; v++)
        if (!net->values[v].dead && net->values[v].x.image > most) most = net->values[v].x.image;
    int32_t chunk = 1;
    while (chunk < 16 && chunk * 2 * most <= TILE_FLOATS) chunk *= 2;
    for (int32_t i = 0; i < net->nodes.n; i++) {
        const nas_node *node = &net->nodes.v[i];
        while (chunk < 16 && chunk < node->tile_images) chunk *= 2;
    }
    return chunk;
}

enum { LEAST_WORK = 1 << 22 }; /* multiplications of a step that is cut into parts */

int32_t nas_net_parts(const nas_net *net, int32_t n) {
    const int32_t chunks = (n + net->chunk - 1) / net->chunk;
    int32_t parts = 1;
    if (net->macs * n < LEAST_WORK) return 1;
    while (parts < NAS_PARTS && parts < chunks && parts * 2 <= n) parts *= 2;
    return parts;
}

/* Buffers for as many threads as there can be work for. */
static void choose_lanes(nas_net *net) {
    const int32_t parts = nas_net_parts(net, net->batch), threads = nas_threads_most();
    net->lanes = parts < threads ? parts : threads;
    net->most_chunk = net->chunk + net->chunk / 2;
    if (net->most_chunk > net->batch) net->most_chunk = net->batch;
}

static void place_weights(nas_net *net) {
    for (int32_t i = 0; i < net->nodes.n; i++)
        for (int32_t j = 0; j < net->nodes.v[i].n_weights; j++) {
            nas_weight *w = &net->nodes.v[i].weights[j];
            size_t *total = w->trainable ? &net->n_params : &net->n_averages;
            w->at = *total;
            *total += (size_t)w->rows * (size_t)w->stride;
        }
}

static nas_status bind_nodes(nas_net *net, nas_err *err) {
    for (int32_t i = 0; i < net->nodes.n; i++) {
        nas_node *node = &net->nodes.v[i];
        if (node->skip || !node->ops->bind) continue;
        NAS_TRY(node->ops->bind(node, net->values, net->arena, err));
    }
    return NAS_OK;
}

static nas_status allocate(nas_net *net, nas_err *err) {
    cursor c = {0};
    take_all(net, &c);
    if (c.overflow || c.used > SIZE_MAX / 8)
        return nas_fail(err, NAS_ENOMEM, "the model with batches of %d is too large", net->batch);
    net->block_bytes = c.used * sizeof(float);
    c = (cursor){.base = nas_pages_alloc(net->block_bytes, &net->block)};
    if (!c.base)
        return nas_fail(err, NAS_ENOMEM,
                        "no room for %zu bytes of the model; use a smaller batch_size or model",
                        net->block_bytes);
    take_all(net, &c);
    return NAS_OK;
}

static nas_status plan(nas_net *net, nas_err *err) {
    net->n_values = net->nodes.n + 1;
    net->values = nas_arena_array(net->arena, (size_t)net->n_values, sizeof *net->values, err);
    if (!net->values) return NAS_ENOMEM;
    net->values[0].shape = net->nodes.input;
    for (int32_t i = 0; i < net->nodes.n; i++) net->values[i + 1].shape = net->nodes.v[i].out_shape;
    count_readers(net);
    fuse_relus(net);
    cut_segments(net);
    NAS_TRY(list_segments(net, err));
    want_gradients(net);
    nas_storage_place(net);
    choose_tiles(net);
    choose_borders(net);
    for (int32_t v = 0; v < net->n_values; v++) {
        nas_value *value = &net->values[v];
        value->x = lay_out(value->shape, value->packed, &value->border);
        value->dx = lay_out(value->shape, false, &value->grad_border);
    }
    spread_gradients(net);
    net->output = net->n_values - 1;
    net->chunk = chunk_of(net);
    for (int32_t i = 0; i < net->nodes.n; i++) net->macs += (double)net->nodes.v[i].macs;
    choose_lanes(net);
    nas_storage_share(net);
    plan_edges(net);
    place_weights(net);
    NAS_TRY(bind_nodes(net, err));
    return allocate(net, err);
}

/* A deep copy of the specs, which the nodes point into. */
static nas_status copy_layers(nas_arena *a, const nas_layer_spec *from, int32_t n,
                              nas_layer_spec **out, nas_err *err) {
    nas_layer_spec *to = *out = nas_arena_array(a, (size_t)n, sizeof *to, err);
    if (!to) return NAS_ENOMEM;
    for (int32_t i = 0; i < n; i++) {
        to[i] = from[i];
        if (from[i].ops->has_body)
            NAS_TRY(copy_layers(a, from[i].layers, from[i].n_layers, &to[i].layers, err));
    }
    return NAS_OK;
}

static nas_status name_tensors(nas_net *net, nas_err *err) {
    const char **name = net->names =
        nas_arena_array(net->arena, (size_t)nas_net_tensors(net) + 1, sizeof *net->names, err);
    if (!name) return NAS_ENOMEM;
    for (int32_t i = 0; i < net->nodes.n; i++)
        for (int32_t j = 0; j < net->nodes.v[i].n_weights; j++) {
            const nas_node *node = &net->nodes.v[i];
            *name = nas_arena_format(net->arena, err, "%s.%s", node->path, node->weights[j].name);
            if (!*name++) return NAS_ENOMEM;
        }
    return NAS_OK;
}

static nas_status open_in(nas_net *net, const nas_model *m, nas_err *err) {
    nas_model_cost cost;
    NAS_TRY(nas_model_check(m, net->classes, &cost, err));
    NAS_TRY(nas_arena_open(&net->arena, err));
    net->model = *m;
    NAS_TRY(copy_layers(net->arena, m->layers, m->n_layers, &net->model.layers, err));
    NAS_TRY(nas_nodes_expand(net->arena, &net->model, &net->nodes, err));
    NAS_TRY(plan(net, err));
    return name_tensors(net, err);
}

nas_status nas_net_open(const nas_model *m, int32_t classes, int32_t batch,
                        const nas_kernel *kernel, nas_net **out, nas_err *err) {
    *out = NULL;
    if (batch < 1) return nas_fail(err, NAS_EINVAL, "batches of %d examples", batch);
    nas_net *net = calloc(1, sizeof *net);
    if (!net) return nas_fail(err, NAS_ENOMEM, "net: out of memory");
    net->kernel = kernel;
    net->classes = classes;
    net->batch = batch;
    const nas_status st = open_in(net, m, err);
    if (st == NAS_OK)
        *out = net;
    else
        nas_net_close(net);
    return st;
}

void nas_net_close(nas_net *net) {
    if (!net) return;
    free(net->block);
    nas_arena_close(net->arena);
    free(net);
}
