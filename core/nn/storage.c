/* core/nn/storage.c - which values are kept for all images of a batch and which for one chunk, what
 * is computed again going back, and which buffers are shared. Memory that is touched less often is
 * memory that stays in a cache: most of a small net's step is traffic. */
#include "core/nn/net_int.h"

int32_t nas_backward_segment(const nas_node *node) {
    return node->ops->reduce ? node->segment - 1 : node->segment;
}

/* Is value v read by node? */
static bool reads(const nas_node *node, int32_t v) {
    if (node->skip) return false;
    for (int32_t i = 0; i < node->n_in; i++)
        if (node->in[i] == v) return true;
    return false;
}

/* The node that makes value v; NULL for the net's input. */
static nas_node *maker_of(const nas_net *net, int32_t v) {
    for (int32_t i = 0; i < net->nodes.n; i++)
        if (!net->nodes.v[i].skip && net->nodes.v[i].out == v) return &net->nodes.v[i];
    return NULL;
}

/* The last segment goes forward and back with a chunk before the next one comes, so its values need
 * room for a chunk only. In the others that holds for what is cheap to compute again; but what
 * another segment reads, or a barrier, which sees every chunk twice, is kept. */
static void place_value(nas_net *net, int32_t v) {
    nas_value *value = &net->values[v];
    nas_node *maker = maker_of(net, v);
    value->whole = !maker;
    if (!maker) return;
    const bool last = maker->segment == net->segments - 1;
    value->whole = !last && !maker->ops->is_cheap;
    for (int32_t i = 0; i < net->nodes.n; i++) {
        const nas_node *node = &net->nodes.v[i];
        if (reads(node, v) && (node->segment != maker->segment || node->ops->reduce))
            value->whole = true;
    }
    maker->again = !last && !value->whole;
}

/* One that is written and read in one segment needs room for one chunk only. */
static void place_gradient(nas_net *net, int32_t v) {
    nas_value *value = &net->values[v];
    const nas_node *maker = maker_of(net, v);
    value->grad_whole = maker && maker->ops->reduce;
    for (int32_t i = 0; maker && i < net->nodes.n; i++)
        if (reads(&net->nodes.v[i], v) && nas_backward_segment(&net->nodes.v[i]) != maker->segment)
            value->grad_whole = true;
}

void nas_storage_place(nas_net *net) {
    for (int32_t v = 0; v < net->n_values; v++) {
        if (net->values[v].dead) continue;
        place_value(net, v);
        place_gradient(net, v);
    }
}

static bool same_border(const nas_border *a, const nas_border *b) {
    return a->top == b->top && a->left == b->left && a->bottom == b->bottom && a->right == b->right;
}

/* Their zeros stand at the same places. */
static bool same_map(const nas_map *a, const nas_map *b) {
    return a->h == b->h && a->w == b->w && a->c == b->c && a->cs == b->cs && a->row == b->row &&
           a->image == b->image;
}

/* The passes backward, from the last segment to the first, in which a value's gradient lives. */
typedef struct lifetime {
    int32_t from, to;  /* from >= to */
    bool leaves_first; /* in the last of them it is read by what comes first in each chunk */
} lifetime;

static lifetime life_of(const nas_net *net, int32_t v) {
    const nas_node *maker = maker_of(net, v);
    lifetime l = {.from = maker->segment, .to = nas_backward_segment(maker)};
    for (int32_t i = 0; i < net->nodes.n; i++)
        if (reads(&net->nodes.v[i], v)) {
            const int32_t segment = nas_backward_segment(&net->nodes.v[i]);
            if (segment > l.from) l.from = segment;
        }
    l.leaves_first = maker->ops->reduce != NULL;
    return l;
}

static bool apart(lifetime a, lifetime b) {
    return a.to > b.from || (a.to == b.from && a.leaves_first);
}

/* Does nobody else who shares with `first` need the buffer while v's gradient lives? */
static bool is_free(const nas_net *net, int32_t first, int32_t v) {
    const lifetime l = life_of(net, v);
    for (int32_t u = first; u < v; u++) {
        const nas_value *other = &net->values[u];
        if (other->dead || !other->has_grad || (u != first && other->dx_as != first)) continue;
        const lifetime o = life_of(net, u);
        if (!apart(l, o) && !apart(o, l)) return false;
    }
    return true;
}

static void share_gradient(nas_net *net, int32_t v) {
    nas_value *value = &net->values[v];
    for (int32_t u = 1; u < v && value->dx_as == v; u++) {
        const nas_value *other = &net->values[u];
        if (other->dead || !other->has_grad || other->dx_as != u) continue;
        if (other->grad_whole != value->grad_whole || !same_map(&other->dx, &value->dx) ||
            !same_border(&other->grad_border, &value->grad_border))
            continue;
        if (is_free(net, u, v)) value->dx_as = u;
    }
}

/* Values of a chunk live in their own segment only. */
static void share_value(nas_net *net, int32_t v) {
    nas_value *value = &net->values[v];
    const int32_t segment = maker_of(net, v)->segment;
    for (int32_t u = 1; u < v && value->x_as == v; u++) {
        const nas_value *other = &net->values[u];
        if (other->dead || other->whole || other->x_as != u || !same_map(&other->x, &value->x) ||
            !same_border(&other->border, &value->border))
            continue;
        bool free = true;
        for (int32_t k = u; k < v; k++)
            if (!net->values[k].dead && net->values[k].x_as == u &&
                maker_of(net, k)->segment == segment)
                free = false;
        if (free) value->x_as = u;
    }
}

void nas_storage_share(nas_net *net) {
    for (int32_t v = 0; v < net->n_values; v++) {
        nas_value *value = &net->values[v];
        value->x_as = value->dx_as = v;
        if (value->dead || !v) continue;
        if (!value->whole) share_value(net, v);
        if (value->has_grad) share_gradient(net, v);
    }
}
