/* core/deploy/format/channels.c - which channels of an int8 graph may change places. Sums of
 * integers do not know the order of their terms, so a kernel's outputs may be permuted where all
 * that read them follow. A channel is told by its place in memory modulo the number of channels,
 * which RESHAPE keeps. */
#include "core/deploy/format/reorder.h"
#include "core/graph/graph_int.h"

#include <string.h>

typedef struct finder {
    const nas_graph *g;
    int32_t *root;     /* of each tensor: another of its set */
    int32_t *channels; /* of each root */
    bool *fixed;       /* of each root */
    int32_t *readers;  /* operators that read a constant */
    nas_arena *arena;
    nas_err *err;
} finder;

static int32_t root_of(const finder *f, int32_t t) {
    while (f->root[t] != t) t = f->root[t];
    return t;
}

static void fix(finder *f, int32_t t) {
    f->fixed[root_of(f, t)] = true;
}

static void join(finder *f, int32_t a, int32_t b) {
    const int32_t p = root_of(f, a), q = root_of(f, b);
    if (f->channels[p] != f->channels[q]) f->fixed[p] = f->fixed[q] = true;
    f->root[q] = p;
    f->fixed[p] = f->fixed[p] || f->fixed[q];
}

static int32_t last_of(const nas_tensor *t) {
    return t->rank ? t->dims[t->rank - 1] : 1;
}

/* Do the channels of t's set lie along its last axis? */
static bool along_last(const finder *f, int32_t t) {
    return last_of(&f->g->tensors[t]) % f->channels[root_of(f, t)] == 0;
}

static bool pads_channels(const nas_graph *g, const nas_op *o) {
    const nas_tensor *x = &g->tensors[o->in[0]];
    const int32_t *widths = g->tensors[o->in[1]].data;
    return widths[2 * (x->rank - 1)] || widths[2 * (x->rank - 1) + 1];
}

/* MEAN over height and width of a map: what is left are its channels. */
static bool is_spatial_mean(const nas_graph *g, const nas_op *o) {
    const nas_tensor *x = &g->tensors[o->in[0]], *axes = &g->tensors[o->in[1]];
    if (x->rank != 4) return false;
    for (int64_t k = nas_tensor_count(axes); k > 0; k--) {
        const int32_t axis = ((const int32_t *)axes->data)[k - 1];
        if (axis != 1 && axis != 2 && axis != -3 && axis != -2) return false;
    }
    return true;
}

/* Two activations of one shape, or one and a constant whose last axis is the same or 1. */
static void tie_elementwise(finder *f, const nas_op *o) {
    const nas_graph *g = f->g;
    const nas_tensor *y = &g->tensors[o->out];
    for (int32_t k = 0; k < 2; k++) {
        const nas_tensor *x = &g->tensors[o->in[k]];
        const bool same =
            x->rank == y->rank && memcmp(x->dims, y->dims, (size_t)x->rank * sizeof *x->dims) == 0;
        if (x->data) {
            if (k == 0 || (last_of(x) != 1 && last_of(x) != last_of(y))) fix(f, o->out);
        } else if (same) {
            join(f, o->in[k], o->out);
        } else {
            fix(f, o->in[k]);
            fix(f, o->out);
        }
    }
}

static bool shared_constant(const finder *f, const nas_op *o) {
    for (int32_t k = 1; k < o->n_in; k++)
        if (o->in[k] >= 0 && f->g->tensors[o->in[k]].data && f->readers[o->in[k]] > 1) return true;
    return false;
}

static void tie(finder *f, const nas_op *o) {
    const nas_graph *g = f->g;
    bool free_in = true;
    switch (o->kind) {
    case NAS_OP_CONV_2D:
    case NAS_OP_FULLY_CONNECTED: break;
    case NAS_OP_DEPTHWISE_CONV_2D:
        if (g->tensors[o->in[0]].dims[3] == g->tensors[o->out].dims[3])
            join(f, o->in[0], o->out);
        else
            free_in = false;
        break;
    case NAS_OP_ADD:
    case NAS_OP_MUL: tie_elementwise(f, o); break;
    case NAS_OP_AVERAGE_POOL_2D:
    case NAS_OP_MAX_POOL_2D:
    case NAS_OP_RELU:
    case NAS_OP_RELU6:
    case NAS_OP_RESHAPE:
    case NAS_OP_DEQUANTIZE:
    case NAS_OP_QUANTIZE: join(f, o->in[0], o->out); break;
    case NAS_OP_PAD:
        join(f, o->in[0], o->out);
        free_in = !pads_channels(g, o);
        break;
    case NAS_OP_MEAN:
        if (is_spatial_mean(g, o))
            join(f, o->in[0], o->out);
        else
            free_in = false;
        break;
    default:
        free_in = false;
        for (int32_t k = 1; k < o->n_in; k++) fix(f, o->in[k]);
        break;
    }
    if (free_in && !shared_constant(f, o)) return;
    fix(f, o->in[0]);
    fix(f, o->out);
}

/* A RESHAPE that tears channels apart, or an operator that has them along no last axis. */
static void fix_torn(finder *f) {
    for (int32_t i = 0; i < f->g->n_ops; i++) {
        const nas_op *o = &f->g->ops[i];
        if (!along_last(f, o->in[0])) fix(f, o->in[0]);
        if (!along_last(f, o->out)) fix(f, o->out);
    }
}

/* A RESHAPE's output has its input's channels, not those of its own last axis. */
static void count_channels(finder *f) {
    const nas_graph *g = f->g;
    for (int32_t i = 0; i < g->n_tensors; i++) {
        f->root[i] = i;
        f->channels[i] = last_of(&g->tensors[i]);
    }
    for (int32_t i = 0; i < g->n_ops; i++) {
        const nas_op *o = &g->ops[i];
        if (o->kind == NAS_OP_RESHAPE) f->channels[o->out] = f->channels[o->in[0]];
        for (int32_t k = 0; k < o->n_in; k++)
            if (o->in[k] >= 0) f->readers[o->in[k]]++;
    }
}

/* --- sets ------------------------------------------------------------------------------------- */

static nas_status add_axis(finder *f, nas_channel_set *s, int32_t tensor, int32_t axis) {
    const nas_tensor *t = &f->g->tensors[tensor];
    if (s->n_axes == s->axis_room) {
        s->axis_room = s->axis_room ? 2 * s->axis_room : 8;
        nas_channel_axis *more =
            nas_arena_array(f->arena, (size_t)s->axis_room, sizeof *more, f->err);
        if (!more) return NAS_ENOMEM;
        if (s->n_axes) memcpy(more, s->axes, (size_t)s->n_axes * sizeof *more);
        s->axes = more;
    }
    nas_channel_axis a = {.tensor = tensor, .outer = 1, .length = t->dims[axis], .inner = 1};
    for (int32_t k = 0; k < axis; k++) a.outer *= t->dims[k];
    for (int32_t k = axis + 1; k < t->rank; k++) a.inner *= t->dims[k];
    a.scaled = t->n_scale > 1 && t->axis == axis;
    s->axes[s->n_axes++] = a;
    return NAS_OK;
}

static nas_status add_vector(finder *f, nas_channel_set *s, const nas_op *o, int32_t slot) {
    if (slot >= o->n_in || o->in[slot] < 0) return NAS_OK;
    const nas_tensor *t = &f->g->tensors[o->in[slot]];
    if (!t->data || t->rank < 1 || last_of(t) == 1) return NAS_OK;
    return add_axis(f, s, o->in[slot], t->rank - 1);
}

/* The axes of *o's constants that belong to the set of out (made) or of its input (read). */
static nas_status add_made(finder *f, nas_channel_set *s, const nas_op *o) {
    switch (o->kind) {
    case NAS_OP_CONV_2D:
    case NAS_OP_FULLY_CONNECTED: NAS_TRY(add_axis(f, s, o->in[1], 0)); break;
    case NAS_OP_DEPTHWISE_CONV_2D: NAS_TRY(add_axis(f, s, o->in[1], 3)); break;
    case NAS_OP_ADD:
    case NAS_OP_MUL: return add_vector(f, s, o, 1);
    default: return NAS_OK;
    }
    return add_vector(f, s, o, 2);
}

static nas_status add_read(finder *f, nas_channel_set *s, const nas_op *o) {
    if (o->kind == NAS_OP_CONV_2D) return add_axis(f, s, o->in[1], 3);
    return o->kind == NAS_OP_FULLY_CONNECTED ? add_axis(f, s, o->in[1], 1) : NAS_OK;
}

static nas_status fill_set(finder *f, int32_t root, nas_channel_set *s) {
    const nas_graph *g = f->g;
    s->channels = f->channels[root];
    for (int32_t i = 0; i < g->n_ops; i++)
        if (root_of(f, g->ops[i].out) == root) NAS_TRY(add_made(f, s, &g->ops[i]));
    for (int32_t i = 0; i < g->n_ops; i++)
        if (root_of(f, g->ops[i].in[0]) == root) NAS_TRY(add_read(f, s, &g->ops[i]));
    return NAS_OK;
}

/* Every axis must hold whole blocks of channels. */
static bool fits(const nas_channel_set *s) {
    for (int32_t k = 0; k < s->n_axes; k++)
        if (s->axes[k].length % s->channels) return false;
    return s->n_axes > 0 && s->channels > 1;
}

static bool is_int8(const nas_graph *g) {
    for (int32_t i = 0; i < g->n_ops; i++) {
        const nas_op *o = &g->ops[i];
        if (g->tensors[o->in[0]].dtype != NAS_I8 || g->tensors[o->out].dtype != NAS_I8)
            return false;
    }
    return true;
}

static nas_status find(finder *f, nas_channel_sets *out) {
    const nas_graph *g = f->g;
    if (!is_int8(g)) return NAS_OK;
    count_channels(f);
    fix(f, g->input);
    fix(f, g->output);
    for (int32_t i = 0; i < g->n_ops; i++) tie(f, &g->ops[i]);
    fix_torn(f);
    out->sets = nas_arena_array(f->arena, (size_t)g->n_tensors, sizeof *out->sets, f->err);
    if (!out->sets) return NAS_ENOMEM;
    for (int32_t i = 0; i < g->n_tensors; i++) {
        if (f->root[i] != i || f->fixed[i] || g->tensors[i].data) continue;
        NAS_TRY(fill_set(f, i, &out->sets[out->n]));
        if (fits(&out->sets[out->n]))
            out->n++;
        else
            out->sets[out->n] = (nas_channel_set){0};
    }
    return NAS_OK;
}

nas_status nas_channel_sets_find(const nas_graph *g, nas_arena *a, nas_channel_sets *out,
                                 nas_err *err) {
    finder f = {.g = g, .arena = a, .err = err};
    const size_t n = (size_t)g->n_tensors;
    *out = (nas_channel_sets){0};
    f.root = nas_arena_array(a, n, sizeof *f.root, err);
    f.channels = nas_arena_array(a, n, sizeof *f.channels, err);
    f.fixed = nas_arena_array(a, n, sizeof *f.fixed, err);
    f.readers = nas_arena_array(a, n, sizeof *f.readers, err);
    if (!f.root || !f.channels || !f.fixed || !f.readers) return NAS_ENOMEM;
    return find(&f, out);
}

/* --- moving ----------------------------------------------------------------------------------- */

static void *moved(const void *from, const nas_channel_axis *axis, const int32_t *order,
                   int32_t channels, size_t bytes, nas_arena *a, nas_err *err) {
    const size_t block = (size_t)axis->inner * bytes;
    uint8_t *to = nas_arena_alloc(a, (size_t)(axis->outer * axis->length) * block, err), *p = to;
    if (!to) return NULL;
    for (int64_t o = 0; o < axis->outer; o++)
        for (int64_t i = 0; i < axis->length; i++, p += block) {
            const int64_t place = i - i % channels + order[i % channels];
            memcpy(p, (const uint8_t *)from + (size_t)(o * axis->length + place) * block, block);
        }
    return to;
}

nas_status nas_channels_move(const nas_tensor *t, const nas_channel_axis *axis, const int32_t *from,
                             int32_t channels, nas_arena *a, nas_tensor *out, nas_err *err) {
    const nas_channel_axis list = {.outer = 1, .length = axis->length, .inner = 1};
    *out = *t;
    out->data = moved(t->data, axis, from, channels, (size_t)nas_dtype_bytes(t->dtype), a, err);
    if (!out->data) return NAS_ENOMEM;
    if (!axis->scaled) return NAS_OK;
    out->scale = moved(t->scale, &list, from, channels, sizeof *t->scale, a, err);
    out->zero_point = moved(t->zero_point, &list, from, channels, sizeof *t->zero_point, a, err);
    return out->scale && out->zero_point ? NAS_OK : NAS_ENOMEM;
}
