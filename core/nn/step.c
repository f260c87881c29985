/* core/nn/step.c - passes over the nodes, a chunk of images at a time between barriers. */
#include "base/clock.h"
#include "base/copy.h"
#include "core/nn/net_int.h"

#include <string.h>

static void load_input(const nas_map *to, const float *x, int32_t n) {
    const size_t row = (size_t)to->w * (size_t)to->c;
    for (int32_t i = 0; i < n; i++)
        for (int32_t y = 0; y < to->h; y++) {
            float *at = to->at + i * to->image + y * to->row;
            if (to->cs == to->c)
                nas_copy_floats(at, x, row);
            else
                for (int32_t j = 0; j < to->w; j++)
                    nas_copy_floats(at + (ptrdiff_t)j * to->cs, x + (ptrdiff_t)j * to->c,
                                    (size_t)to->c);
            x += row;
        }
}

enum { FORWARD, BACKWARD };

/* Calls one of a node's functions; on the clock where somebody wants to know. */
static void call(void (*fn)(const nas_node *, const nas_run *), const nas_node *node,
                 const nas_run *run, int32_t direction) {
    double(*seconds)[2] = run->net->seconds;
    if (!fn) return;
    if (!seconds) {
        fn(node, run);
        return;
    }
    const double start = nas_clock_cpu();
    fn(node, run);
    seconds[node - run->net->nodes.v][direction] += nas_clock_cpu() - start;
}

static void prepare(const nas_run *run) {
    for (int32_t i = 0; i < run->net->nodes.n; i++) {
        const nas_node *node = &run->net->nodes.v[i];
        if (!node->skip) call(node->ops->prepare, node, run, FORWARD);
    }
}

static int32_t chunk_size(const nas_run *run, int32_t first) {
    const int32_t left = run->batch - first;
    return left < run->net->chunk ? left : run->net->chunk;
}

static void forward_nodes(const nas_run *run, const nas_node *first, const nas_node *end) {
    for (const nas_node *node = first; node < end; node++)
        if (!node->skip) call(node->ops->forward, node, run, FORWARD);
}

/* Nodes [first, end) of a segment, for all chunks; then `barrier` has seen the batch. */
static void forward_segment(nas_run *run, const nas_node *first, const nas_node *end,
                            const nas_node *barrier) {
    for (run->first = 0; run->first < run->batch; run->first += run->net->chunk) {
        run->n = chunk_size(run, run->first);
        forward_nodes(run, first, end);
        call(barrier->ops->reduce, barrier, run, FORWARD);
    }
    call(barrier->ops->finish, barrier, run, FORWARD);
}

static void backward_in(const nas_node *node, const nas_run *run) {
    node->ops->backward(node, run);
    for (int32_t i = 0; i < node->n_in; i++) {
        const nas_edge *e = &node->edge[i];
        if (!e->wanted || !e->add) continue;
        const nas_value *v = &run->net->values[node->in[i]];
        const nas_map part = nas_node_dx(node, i, run);
        const nas_map sum = nas_map_from(&v->dx, v->grad_whole ? run->first : 0);
        run->kernel->add(&sum, &part, run->n, false, &sum);
    }
}

static void backward_node(const nas_node *node, const nas_run *run) {
    call(backward_in, node, run, BACKWARD);
}

/* The same going back: the barrier after the segment gives its gradient, and the one that opens it
 * (its first node) takes its sums. What was kept for one chunk only is computed again; in the last
 * segment, which has no barrier, for the first time. */
static void backward_segment(nas_run *run, const nas_node *first, const nas_node *end,
                             const nas_node *barrier) {
    const nas_node *opens = first < end && first->ops->reduce && !first->skip ? first : NULL;
    for (run->first = 0; run->first < run->batch; run->first += run->net->chunk) {
        run->n = chunk_size(run, run->first);
        if (!barrier) forward_nodes(run, first, end);
        for (const nas_node *node = first; barrier && node < end; node++)
            if (node->again) call(node->ops->forward, node, run, BACKWARD);
        if (barrier) backward_node(barrier, run);
        for (const nas_node *node = end; node-- > first;) {
            if (node == opens)
                call(node->ops->dreduce, node, run, BACKWARD);
            else if (!node->skip)
                backward_node(node, run);
        }
    }
    if (opens) call(opens->ops->dfinish, opens, run, BACKWARD);
}

/* The nodes of segment s, and the barrier that opens the next. */
static void segment_of(const nas_net *net, int32_t s, const nas_node **first, const nas_node **end,
                       const nas_node **barrier) {
    const nas_node *all_end = net->nodes.v + net->nodes.n;
    const nas_node *node = net->nodes.v;
    while (node < all_end && node->segment < s) node++;
    *first = node;
    while (node < all_end && node->segment == s) node++;
    *end = node;
    *barrier = node < all_end ? node : NULL;
}

double nas_net_step(nas_net *net, const float *x, const int32_t *labels, int32_t n,
                    double smoothing) {
    const nas_node *first, *end, *barrier;
    nas_run run = {.net = net, .kernel = net->kernel, .batch = n, .training = true};
    net->labels = labels;
    net->smoothing = smoothing;
    net->loss = 0;
    net->ready = false;
    load_input(&net->values[0].x, x, n);
    memset(net->grads, 0, net->n_params * sizeof *net->grads);
    prepare(&run);
    for (int32_t s = 0; s + 1 < net->segments; s++) {
        segment_of(net, s, &first, &end, &barrier);
        forward_segment(&run, first, end, barrier);
    }
    for (int32_t s = net->segments - 1; s >= 0; s--) {
        segment_of(net, s, &first, &end, &barrier);
        backward_segment(&run, first, end, barrier);
    }
    net->labels = NULL;
    return net->loss / n;
}

void nas_net_predict(nas_net *net, const float *x, int32_t n, float *out) {
    const nas_map *in = &net->values[0].x, *probability = &net->values[net->output].x;
    const size_t example = (size_t)in->h * (size_t)in->w * (size_t)in->c;
    const size_t classes = (size_t)net->classes;
    const int32_t most = net->chunk < net->batch ? net->chunk : net->batch;
    nas_run run = {.net = net, .kernel = net->kernel};
    if (!net->ready) prepare(&run);
    net->ready = true;
    for (int32_t done = 0; done < n; done += run.n) {
        run.n = run.batch = n - done < most ? n - done : most;
        load_input(in, x + (size_t)done * example, run.n);
        forward_nodes(&run, net->nodes.v, net->nodes.v + net->nodes.n);
        for (int32_t i = 0; i < run.n; i++)
            nas_copy_floats(out + (size_t)(done + i) * classes,
                            probability->at + i * probability->image, classes);
    }
}
