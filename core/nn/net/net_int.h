/* core/nn/net/net_int.h - a planned net from the inside: for layers, the passes and the trainer.
 * Thread safety: one thread at a time for each net, but for what takes a nas_run: that is of its
 * lane and part. */
#ifndef NAS_CORE_NN_NET_NET_INT_H
#define NAS_CORE_NN_NET_NET_INT_H

#include "core/nn/layers/layers.h"
#include "core/nn/net/examples.h"
#include "core/nn/net/net.h"

struct nas_net {
    nas_arena *arena; /* nodes, values, loops: all that is not numbers */
    const nas_kernel *kernel;
    nas_model model; /* as it was given; its layers are in the arena */
    int32_t classes, batch;
    int32_t chunk, most_chunk; /* images at a time: as a rule, and at most */
    int32_t lanes;             /* threads that there are buffers for */
    size_t lane_floats;        /* from a buffer of one thread to that of the next */
    double macs;               /* of one example */
    nas_nodes nodes;
    int32_t n_values, output;
    nas_value *values;
    int32_t segments, *begins; /* the first node of each, and the end */
    const char **names;        /* of the tensors */
    void *block;               /* all numbers, one allocation */
    size_t block_bytes;
    size_t n_params, n_averages; /* floats as stored */
    float *params, *grads, *averages;
    float *more_grads;    /* of all parts but the first: [NAS_PARTS - 1][n_params] */
    float *scratch;       /* for the time of one call; of the first lane */
    bool watching;        /* round layers note the range of what they see, and let it pass */
    bool ready;           /* packed weights are those of params, for prediction */
    double (*seconds)[2]; /* added up for each node, forward and backward; NULL: no clock runs */
    /* Of the step under way. */
    const int32_t *labels;
    nas_mix mix;          /* of labels that are mixed; else NULLs */
    const float *targets; /* of a model of values, in place of labels: [batch][classes] */
    nas_loss loss_kind;
    double delta;
    double smoothing, loss[NAS_PARTS];
    /* Where its random numbers come from. */
    uint64_t seed;
    uint32_t replicate;
    int64_t step;
};

/* Of a buffer that holds a chunk: the one of the run's thread. */
static inline float *nas_run_lane(const nas_run *run, float *first) {
    return first + (size_t)run->lane * run->net->lane_floats;
}
static inline nas_map nas_run_map(const nas_run *run, const nas_map *m, bool whole) {
    nas_map r = *m;
    r.at = whole ? m->at + run->first * m->image : nas_run_lane(run, m->at);
    return r;
}

/* The chunk's part of an input, of the output, and of their gradients. */
static inline nas_map nas_node_x(const nas_node *node, int32_t i, const nas_run *run) {
    const nas_value *v = &run->net->values[node->in[i]];
    return nas_run_map(run, &v->x, v->whole);
}
static inline nas_map nas_node_y(const nas_node *node, const nas_run *run) {
    const nas_value *v = &run->net->values[node->out];
    return nas_run_map(run, &v->x, v->whole);
}
static inline nas_map nas_node_dy(const nas_node *node, const nas_run *run) {
    const nas_value *v = &run->net->values[node->out];
    return nas_run_map(run, &v->dx, v->grad_whole);
}
static inline nas_map nas_node_dx(const nas_node *node, int32_t i, const nas_run *run) {
    const nas_edge *e = &node->edge[i];
    return nas_run_map(run, &e->dx, e->whole);
}

static inline float *nas_node_param(const nas_node *node, int32_t i, const struct nas_net *net) {
    const nas_weight *w = &node->weights[i];
    return (w->trainable ? net->params : net->averages) + w->at;
}
static inline float *nas_node_grad(const nas_node *node, int32_t i, const struct nas_net *net) {
    return net->grads + node->weights[i].at;
}
/* What the run's part adds to. */
static inline float *nas_run_grads(const nas_run *run) {
    const nas_net *net = run->net;
    return run->part ? net->more_grads + (size_t)(run->part - 1) * net->n_params : net->grads;
}
static inline float *nas_run_grad(const nas_node *node, int32_t i, const nas_run *run) {
    return nas_run_grads(run) + node->weights[i].at;
}

/* How many parts a batch of n has, and the first image of one. They are functions of the shapes
 * alone: the order of sums depends on them. */
int32_t nas_net_parts(const nas_net *net, int32_t n);
static inline int32_t nas_part_start(int32_t n, int32_t parts, int32_t part) {
    return (int32_t)((int64_t)n * part / parts);
}
/* How many runs of about `most` images n is cut into; none has more than half as many again. */
static inline int32_t nas_even_runs(int32_t n, int32_t most) {
    const int32_t runs = (n + (most - 1) / 2) / most;
    return runs > 0 ? runs : 1;
}

/* The segment in which a node's backward runs: a barrier's is the one before its own. */
int32_t nas_backward_segment(const nas_node *node);
/* Sets whole, grad_whole and again, from segments; then, once maps are laid out, x_as and dx_as. */
void nas_storage_place(nas_net *net);
void nas_storage_share(nas_net *net);

/* Copies between Keras' layout, dense [rows][cols], and stored [rows][stride]. */
void nas_weight_get(const nas_weight *w, const float *stored, float *dense);
void nas_weight_set(const nas_weight *w, const float *dense, float *stored);

/* Copies the weights of a node, and what compression wants of them, to one like it. Errors:
 * NAS_ENOMEM. */
nas_status nas_node_copy(const nas_node *from, const nas_net *source, nas_node *to, nas_net *net,
                         nas_err *err);

/* Room for the scales of w's columns, in the net's arena; if there is some it stays. Errors:
 * NAS_ENOMEM. */
nas_status nas_net_give_scales(nas_net *net, nas_weight *w, nas_err *err);

/* The loss of one value that is off by e, and its derivative. squared: e^2. absolute: |e|. Huber
 * (1964), as Keras has it: e^2 / 2 up to delta, from there on delta * (|e| - delta / 2). */
double nas_error_of(nas_loss loss, double delta, double e, double *slope);

/* Values of a vector that are worked on at a time, by whichever thread. */
enum { NAS_SLICE = 1 << 14 };
static inline int32_t nas_slices(size_t n) {
    return (int32_t)((n + NAS_SLICE - 1) / NAS_SLICE);
}
static inline size_t nas_slice(size_t n, int32_t i) { /* how long the i-th is */
    const size_t left = n - (size_t)i * NAS_SLICE;
    return left < NAS_SLICE ? left : NAS_SLICE;
}
/* Threads that a step on a batch of n may use now. */
int32_t nas_net_threads(const nas_net *net, int32_t n);

/* Takes a share of themselves from all kernels. Zeros stay zeros: of the padding, and of masks; and
 * what moves as differences shrinks alike, as the one is linear in the other. */
void nas_net_decay(nas_net *net, float share, int32_t threads);

/* One batch of n <= net->batch examples forward and backward: gradients of the mean loss are left
 * in net->grads. Returns the loss: the mean cross-entropy against labels, mixed where net->mix says
 * so, then smoothed as Keras does; of a model of values the mean over examples and values of
 * net->loss_kind against net->targets. */
double nas_net_step(nas_net *net, const float *x, const int32_t *labels, int32_t n,
                    double smoothing);

#endif
