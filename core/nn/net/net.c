/* core/nn/net/net.c - a net's weights from outside: initial values, names, copies, operators. */
#include "core/nn/net/net_int.h"

#include "base/rng.h"
#include "core/nn/layers/conv_int.h"

#include <math.h>
#include <string.h>

void nas_weight_get(const nas_weight *w, const float *stored, float *dense) {
    for (int32_t r = 0; r < w->rows; r++)
        memcpy(dense + (size_t)r * (size_t)w->cols, stored + (size_t)r * (size_t)w->stride,
               (size_t)w->cols * sizeof *dense);
}

void nas_weight_set(const nas_weight *w, const float *dense, float *stored) {
    for (int32_t r = 0; r < w->rows; r++)
        memcpy(stored + (size_t)r * (size_t)w->stride, dense + (size_t)r * (size_t)w->cols,
               (size_t)w->cols * sizeof *dense);
}

nas_status nas_net_give_scales(nas_net *net, nas_weight *w, nas_err *err) {
    if (!w->coding.scales)
        w->coding.scales =
            nas_arena_array(net->arena, (size_t)w->cols, sizeof *w->coding.scales, err);
    return w->coding.scales ? NAS_OK : NAS_ENOMEM;
}

nas_status nas_node_copy(const nas_node *from, const nas_net *source, nas_node *to, nas_net *net,
                         nas_err *err) {
    for (int32_t i = 0; i < from->n_weights; i++) {
        const nas_weight *w = &from->weights[i];
        nas_coding *coding = &to->weights[i].coding;
        memcpy(nas_node_param(to, i, net), nas_node_param(from, i, source),
               (size_t)w->rows * (size_t)w->stride * sizeof(float));
        coding->clusters = w->coding.clusters;
        coding->by_channel = w->coding.by_channel;
        if (!w->coding.scales) continue;
        NAS_TRY(nas_net_give_scales(net, &to->weights[i], err));
        memcpy(coding->scales, w->coding.scales, (size_t)w->cols * sizeof *coding->scales);
    }
    return NAS_OK;
}

static void init_weight(const nas_weight *w, nas_rng *rng, float *to) {
    const double limit =
        w->init == NAS_INIT_GLOROT ? sqrt(6.0 / (double)(w->fan_in + w->fan_out)) : 0;
    for (int32_t r = 0; r < w->rows; r++)
        for (int32_t c = 0; c < w->cols; c++) {
            float v = w->init == NAS_INIT_ONES ? 1.0f : 0.0f;
            if (w->init == NAS_INIT_GLOROT)
                v = (float)((2 * (double)nas_rng_float(rng) - 1) * limit);
            to[(size_t)r * (size_t)w->stride + (size_t)c] = v;
        }
}

void nas_net_init(nas_net *net, uint64_t seed, uint32_t replicate) {
    for (int32_t i = 0; i < net->nodes.n; i++) {
        const nas_node *node = &net->nodes.v[i];
        nas_rng rng =
            nas_rng_stream(seed, replicate, NAS_PURPOSE_INIT, (uint32_t)node->number, 0, 0);
        for (int32_t j = 0; j < node->n_weights; j++)
            init_weight(&node->weights[j], &rng, nas_node_param(node, j, net));
    }
    net->ready = false;
}

nas_status nas_net_lower(const nas_net *net, nas_graph *g, nas_err *err) {
    int32_t *tensor = nas_arena_array(g->arena, (size_t)net->n_values, sizeof *tensor, err);
    if (!tensor) return NAS_ENOMEM;
    NAS_TRY(nas_lower_activation(g, net->nodes.input, false, &tensor[0], err));
    g->input = tensor[0];
    for (int32_t i = 0; i < net->nodes.n; i++) {
        const nas_node *node = &net->nodes.v[i];
        const int32_t in[2] = {tensor[node->in[0]], node->n_in > 1 ? tensor[node->in[1]] : -1};
        /* A node that does the next one's ReLU writes that one's value; as operators they are two,
         * and value i + 1 is what node i alone makes. */
        NAS_TRY(node->ops->lower(node, net, g, in, &tensor[i + 1], err));
    }
    g->output = tensor[net->output];
    return NAS_OK;
}

int32_t nas_net_tensors(const nas_net *net) {
    int32_t n = 0;
    for (int32_t i = 0; i < net->nodes.n; i++) n += net->nodes.v[i].n_weights;
    return n;
}

static const nas_node *find(const nas_net *net, int32_t i, int32_t *weight) {
    const nas_node *node = net->nodes.v;
    for (; i >= node->n_weights; node++) i -= node->n_weights;
    *weight = i;
    return node;
}

nas_net_tensor_info nas_net_tensor_at(const nas_net *net, int32_t i) {
    int32_t j;
    const nas_node *node = find(net, i, &j);
    const nas_weight *w = &node->weights[j];
    return (nas_net_tensor_info){
        .name = net->names[i], .count = (int64_t)w->rows * w->cols, .trainable = w->trainable};
}

void nas_net_tensor_get(const nas_net *net, int32_t i, float *dense) {
    int32_t j;
    const nas_node *node = find(net, i, &j);
    nas_weight_get(&node->weights[j], nas_node_param(node, j, net), dense);
}

void nas_net_tensor_set(nas_net *net, int32_t i, const float *dense) {
    int32_t j;
    const nas_node *node = find(net, i, &j);
    nas_weight_set(&node->weights[j], dense, nas_node_param(node, j, net));
    net->ready = false;
}

void nas_net_tensor_grad(const nas_net *net, int32_t i, float *dense) {
    int32_t j;
    const nas_node *node = find(net, i, &j);
    const nas_weight *w = &node->weights[j];
    if (w->trainable)
        nas_weight_get(w, nas_node_grad(node, j, net), dense);
    else
        memset(dense, 0, (size_t)w->rows * (size_t)w->cols * sizeof *dense);
}
