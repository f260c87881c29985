/* core/nn/net/storage.c - which values are kept for all images of a batch and which for one chunk,
 * what is computed again going back, and which buffers are shared. Memory that is touched less
 * often is memory that stays in a cache: most of a small net's step is traffic. */
#include "core/nn/net/net_int.h"

int32_t nas_backward_segment(const nas_node *node) {
    return node->ops->reduce ? node->segment - 1 : node->segment;
}

/* The node that makes value v; NULL for the net's input. */
static nas_node *maker_of(const nas_net *net, int32_t v) {
    return net->values[v].maker < 0 ? NULL : &net->nodes.v[net->values[v].maker];
}

static void find_makers(nas_net *net) {
    for (int32_t v = 0; v < net->n_values; v++) net->values[v].maker = -1;
    for (int32_t i = 0; i < net->nodes.n; i++)
        if (!net->nodes.v[i].skip) net->values[net->nodes.v[i].out].maker = i;
}

/* The last segment goes forward and back with a chunk before the next one comes, so its values need
 * room for a chunk only. In the others that holds for what is cheap to compute again; but what
 * another segment reads, or a barrier, which sees every chunk twice, is kept. A gradient that is
 * written and read in one segment needs room for one chunk only. */
static void place_made(nas_net *net, int32_t v) {
    nas_value *value = &net->values[v];
    const nas_node *maker = maker_of(net, v);
    value->whole = !maker;
    value->grad_whole = maker && maker->ops->reduce;
    value->x_last = -1;
    if (!maker) return;
    value->whole = maker->segment != net->segments - 1 && !maker->ops->is_cheap;
    value->life = (nas_lifetime){.from = maker->segment,
                                 .to = nas_backward_segment(maker),
                                 .leaves_first = maker->ops->reduce != NULL};
}

static void place_read(nas_net *net, const nas_node *reader, nas_value *value) {
    const nas_node *maker = value->maker < 0 ? NULL : &net->nodes.v[value->maker];
    const int32_t back = nas_backward_segment(reader);
    if (!maker) return;
    if (reader->segment != maker->segment || reader->ops->reduce) value->whole = true;
    if (back != maker->segment) value->grad_whole = true;
    if (back > value->life.from) value->life.from = back;
    /* Kernels do not ask for their output going back. */
    if (value->readers == 1 && reader->ops->reduce && maker->ops->has_kernel && !maker->relu)
        value->x_last = back;
}

void nas_storage_place(nas_net *net) {
    find_makers(net);
    for (int32_t v = 0; v < net->n_values; v++)
        if (!net->values[v].dead) place_made(net, v);
    for (int32_t i = 0; i < net->nodes.n; i++)
        for (int32_t j = 0; !net->nodes.v[i].skip && j < net->nodes.v[i].n_in; j++)
            place_read(net, &net->nodes.v[i], &net->values[net->nodes.v[i].in[j]]);
    for (int32_t v = 0; v < net->n_values; v++) {
        nas_node *maker = net->values[v].dead ? NULL : maker_of(net, v);
        if (maker) maker->again = maker->segment != net->segments - 1 && !net->values[v].whole;
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

static bool apart(nas_lifetime a, nas_lifetime b) {
    return a.to > b.from || (a.to == b.from && a.leaves_first);
}

/* Does nobody from `first` on need their buffer while v's gradient lives? */
static bool is_free(const nas_net *net, int32_t first, int32_t v) {
    const nas_lifetime l = net->values[v].life;
    for (int32_t u = first; u; u = net->values[u].dx_next) {
        const nas_lifetime o = net->values[u].life;
        if (!apart(l, o) && !apart(o, l)) return false;
    }
    return true;
}

/* The barrier reads x first in each chunk, so the pass can leave a gradient there. */
static bool replace_value(nas_net *net, int32_t v) {
    nas_value *value = &net->values[v];
    for (int32_t u = 1; value->grad_whole && u < net->n_values; u++) {
        nas_value *other = &net->values[u];
        if (other->dead || other->x_last < value->life.from || !same_map(&other->x, &value->dx) ||
            !same_border(&other->border, &value->grad_border) || !is_free(net, other->x_next, v))
            continue;
        value->dx_in = u;
        value->dx_next = other->x_next;
        other->x_next = v;
        return true;
    }
    return false;
}

/* Does a node from `first` on but `node` read v, and so write its gradient before node's operands
 * are done with theirs? */
static bool is_read(const nas_net *net, int32_t v, int32_t first, const nas_node *node) {
    for (int32_t i = first; i < net->nodes.n; i++) {
        const nas_node *reader = &net->nodes.v[i];
        if (reader->skip || reader == node) continue;
        for (int32_t j = 0; j < reader->n_in; j++)
            if (reader->in[j] == v) return true;
    }
    return false;
}

/* A sum passes its gradient on to both operands: the later one's is the earlier one's, until more
 * is added to that. */
static void find_twins(nas_net *net) {
    for (int32_t i = 0; i < net->nodes.n; i++) {
        const nas_node *node = &net->nodes.v[i];
        if (node->skip || !node->ops->passes_on) continue;
        const bool swapped = node->in[0] > node->in[1];
        const int32_t earlier = node->in[swapped], later = node->in[!swapped];
        const nas_value *first = &net->values[earlier];
        nas_value *second = &net->values[later];
        if (first->has_grad && second->has_grad && second->readers == 1 &&
            first->grad_whole == second->grad_whole && same_map(&first->dx, &second->dx) &&
            same_border(&first->grad_border, &second->grad_border) &&
            !is_read(net, earlier, second->maker + 1, node))
            second->dx_twin = earlier;
    }
}

static void share_gradient(nas_net *net, int32_t v) {
    nas_value *value = &net->values[v];
    if (value->dx_twin) return;
    if (replace_value(net, v)) return;
    for (int32_t u = 1; u < v; u++) {
        nas_value *other = &net->values[u];
        if (other->dead || !other->has_grad || other->dx_as != u || other->dx_in ||
            other->dx_twin || other->grad_whole != value->grad_whole ||
            !same_map(&other->dx, &value->dx) ||
            !same_border(&other->grad_border, &value->grad_border) || !is_free(net, u, v))
            continue;
        value->dx_as = u;
        value->dx_next = other->dx_next;
        other->dx_next = v;
        return;
    }
}

/* Values of a chunk live in their own segment only. Nodes stand in the order of segments, so who
 * shares a buffer last is of the last of theirs. */
static void share_value(nas_net *net, int32_t v) {
    nas_value *value = &net->values[v];
    const int32_t segment = maker_of(net, v)->segment;
    value->x_segment = segment;
    for (int32_t u = 1; u < v; u++) {
        nas_value *other = &net->values[u];
        if (other->dead || other->whole || other->x_as != u || other->x_segment == segment ||
            !same_map(&other->x, &value->x) || !same_border(&other->border, &value->border))
            continue;
        value->x_as = u;
        other->x_segment = segment;
        return;
    }
}

void nas_storage_share(nas_net *net) {
    find_twins(net);
    for (int32_t v = 0; v < net->n_values; v++) {
        nas_value *value = &net->values[v];
        value->x_as = value->dx_as = v;
        if (value->dead || !v) continue;
        if (!value->whole) share_value(net, v);
        if (value->has_grad) share_gradient(net, v);
    }
}
