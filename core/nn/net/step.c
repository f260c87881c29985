/* core/nn/net/step.c - passes over the nodes, a chunk of images at a time between barriers. */
#include "base/clock.h"
#include "base/copy.h"
#include "base/team.h"
#include "core/kernel/threads.h"
#include "core/nn/net/net_int.h"

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

static void prepare_node(void *ctx, int32_t i, int32_t lane) {
    const nas_run *run = ctx;
    const nas_node *node = &run->net->nodes.v[i];
    (void)lane;
    if (!node->skip) call(node->ops->prepare, node, run, FORWARD);
}

static void forward_nodes(const nas_run *run, const nas_node *first, const nas_node *end) {
    for (const nas_node *node = first; node < end; node++)
        if (!node->skip) call(node->ops->forward, node, run, FORWARD);
}

/* Nodes [first, end) of a segment and the barrier that opens the next, for a step's parts. */
typedef struct segment {
    nas_run run;
    int32_t threads, parts;
    const nas_node *first, *end, *barrier;
    bool from_end;
} segment;

/* The images of a part, and the chunks that they go in. */
typedef struct span {
    int32_t start, n, chunks;
} span;

static span part_of(const segment *s, int32_t task, nas_run *run) {
    const int32_t part = s->from_end ? s->parts - 1 - task : task;
    const int32_t start = nas_part_start(s->run.batch, s->parts, part);
    const int32_t n = nas_part_start(s->run.batch, s->parts, part + 1) - start;
    *run = s->run;
    run->part = part;
    run->done = run->n = 0;
    return (span){start, n, nas_even_runs(n, run->net->chunk)};
}

static void go_to(const segment *s, nas_run *run, span p, int32_t turn) {
    const int32_t chunk = s->from_end ? p.chunks - 1 - turn : turn;
    run->done += run->n;
    run->first = p.start + nas_part_start(p.n, p.chunks, chunk);
    run->n = p.start + nas_part_start(p.n, p.chunks, chunk + 1) - run->first;
    run->opens = !turn;
    run->closes = turn == p.chunks - 1;
}

static void forward_part(void *ctx, int32_t task, int32_t lane) {
    const segment *s = ctx;
    nas_run run;
    const span p = part_of(s, task, &run);
    run.lane = lane;
    for (int32_t i = 0; i < p.chunks; i++) {
        go_to(s, &run, p, i);
        forward_nodes(&run, s->first, s->end);
        call(s->barrier->ops->reduce, s->barrier, &run, FORWARD);
    }
}

static void backward_in(const nas_node *node, const nas_run *run) {
    node->ops->backward(node, run);
    for (int32_t i = 0; i < node->n_in; i++) {
        const nas_edge *e = &node->edge[i];
        if (!e->wanted || !e->add) continue;
        const nas_value *v = &run->net->values[node->in[i]];
        const nas_map part = nas_node_dx(node, i, run);
        const nas_map sum = nas_run_map(run, &v->dx, v->grad_whole);
        run->kernel->add(&sum, &part, run->n, false, &sum);
    }
}

static void backward_node(const nas_node *node, const nas_run *run) {
    call(backward_in, node, run, BACKWARD);
}

static const nas_node *opener_of(const segment *s) {
    return s->first < s->end && s->first->ops->reduce && !s->first->skip ? s->first : NULL;
}

/* The same going back: the barrier after the segment gives its gradient, and the one that opens it
 * (its first node) takes its sums. What was kept for one chunk only is computed again; in the last
 * segment, which has no barrier, for the first time. */
static void backward_part(void *ctx, int32_t task, int32_t lane) {
    const segment *s = ctx;
    const nas_node *opens = opener_of(s);
    nas_run run;
    const span p = part_of(s, task, &run);
    run.lane = lane;
    if (!s->barrier) memset(nas_run_grads(&run), 0, run.net->n_params * sizeof(float));
    for (int32_t i = 0; i < p.chunks; i++) {
        go_to(s, &run, p, i);
        if (!s->barrier) forward_nodes(&run, s->first, s->end);
        for (const nas_node *node = s->first; s->barrier && node < s->end; node++)
            if (node->again) call(node->ops->forward, node, &run, BACKWARD);
        if (s->barrier) backward_node(s->barrier, &run);
        for (const nas_node *node = s->end; node-- > s->first;) {
            if (node == opens)
                call(node->ops->dreduce, node, &run, BACKWARD);
            else if (!node->skip)
                backward_node(node, &run);
        }
    }
}

static void go_to_segment(segment *s, int32_t i) {
    const nas_net *net = s->run.net;
    s->first = net->nodes.v + net->begins[i];
    s->end = net->nodes.v + net->begins[i + 1];
    s->barrier = i + 1 < net->segments ? s->end : NULL;
}

/* Adds the gradients of the other parts to those of the first, a slice at a time. */
static void add_parts(void *ctx, int32_t slice, int32_t lane) {
    const segment *s = ctx;
    const nas_net *net = s->run.net;
    const size_t from = (size_t)slice * NAS_SLICE, n = nas_slice(net->n_params, slice);
    (void)lane;
    nas_map sum = {.at = net->grads + from, .h = 1, .w = (int32_t)(n / NAS_CHANNELS)};
    sum.c = sum.cs = NAS_CHANNELS;
    nas_map more = sum;
    for (int32_t p = 0; p + 1 < s->parts; p++) {
        more.at = net->more_grads + (size_t)p * net->n_params + from;
        s->run.kernel->add(&sum, &more, 1, false, &sum);
    }
}

/* Every pass begins where the one before it ended, with what the caches still have. */
static void pass(segment *s, nas_team_fn *fn) {
    nas_team_run(s->threads, s->parts, fn, s);
    s->from_end = !s->from_end;
}

static void run_segments(segment *s) {
    const int32_t segments = s->run.net->segments;
    for (int32_t i = 0; i + 1 < segments; i++) {
        go_to_segment(s, i);
        pass(s, forward_part);
        call(s->barrier->ops->finish, s->barrier, &s->run, FORWARD);
    }
    for (int32_t i = segments - 1; i >= 0; i--) {
        go_to_segment(s, i);
        pass(s, backward_part);
        if (opener_of(s)) call(s->first->ops->dfinish, s->first, &s->run, BACKWARD);
    }
}

int32_t nas_net_threads(const nas_net *net, int32_t n) {
    const int32_t now = nas_threads(), parts = nas_net_parts(net, n);
    const int32_t most = parts < net->lanes ? parts : net->lanes;
    return net->seconds ? 1 : now < most ? now : most;
}

double nas_net_step(nas_net *net, const float *x, const int32_t *labels, int32_t n,
                    double smoothing) {
    segment s = {.run = {.net = net, .kernel = net->kernel, .batch = n, .training = true},
                 .parts = nas_net_parts(net, n)};
    s.threads = nas_net_threads(net, n);
    net->labels = labels;
    net->smoothing = smoothing;
    net->ready = false;
    load_input(&net->values[0].x, x, n);
    memset(net->loss, 0, sizeof net->loss);
    nas_team_run(s.threads, net->nodes.n, prepare_node, &s.run);
    run_segments(&s);
    if (s.parts > 1) nas_team_run(s.threads, nas_slices(net->n_params), add_parts, &s);
    net->labels = NULL;
    double loss = 0;
    for (int32_t p = 0; p < s.parts; p++) loss += net->loss[p];
    return loss / n;
}

void nas_net_predict(nas_net *net, const float *x, int32_t n, float *out) {
    const nas_map *in = &net->values[0].x, *probability = &net->values[net->output].x;
    const size_t example = (size_t)in->h * (size_t)in->w * (size_t)in->c;
    const size_t classes = (size_t)net->classes;
    const int32_t most = net->chunk < net->batch ? net->chunk : net->batch;
    nas_run run = {.net = net, .kernel = net->kernel};
    if (!net->ready) nas_team_run(1, net->nodes.n, prepare_node, &run);
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
