/* core/nn/net/state.c - what a net has learned, as bytes. */
#include "core/nn/net/net_int.h"

#include <string.h>

static const char tag[8] = "nasnet1";

typedef struct state_head {
    char tag[8];
    uint64_t n_params, n_averages, kernels;
} state_head;

/* Of each kernel: this, then room for its scales. */
typedef struct state_coding {
    int32_t clusters, by_channel, has_scales, columns;
} state_coding;

/* The kernel of a node; NULL: it has none. */
static nas_weight *kernel_of(const nas_net *net, int32_t node) {
    nas_node *n = &net->nodes.v[node];
    return n->ops->has_kernel ? &n->weights[0] : NULL;
}

static size_t coding_bytes(const nas_weight *w) {
    return sizeof(state_coding) + (size_t)w->cols * sizeof(float);
}

static state_head head_of(const nas_net *net) {
    state_head h = {.n_params = net->n_params, .n_averages = net->n_averages};
    memcpy(h.tag, tag, sizeof tag);
    for (int32_t i = 0; i < net->nodes.n; i++) h.kernels += kernel_of(net, i) != NULL;
    return h;
}

size_t nas_net_state_bytes(const nas_net *net) {
    size_t sum = sizeof(state_head) + (net->n_params + net->n_averages) * sizeof(float);
    for (int32_t i = 0; i < net->nodes.n; i++) {
        const nas_weight *w = kernel_of(net, i);
        if (w) sum += coding_bytes(w);
    }
    return sum;
}

void nas_net_save(const nas_net *net, void *out) {
    const size_t params = net->n_params * sizeof(float);
    const size_t averages = net->n_averages * sizeof(float);
    const state_head h = head_of(net);
    char *p = out;
    memcpy(p, &h, sizeof h);
    memcpy(p += sizeof h, net->params, params);
    memcpy(p += params, net->averages, averages);
    p += averages;
    for (int32_t i = 0; i < net->nodes.n; i++) {
        const nas_weight *w = kernel_of(net, i);
        if (!w) continue;
        const nas_coding *c = &w->coding;
        const state_coding s = {c->clusters, c->by_channel, c->scales != NULL, w->cols};
        memset(p, 0, coding_bytes(w));
        memcpy(p, &s, sizeof s);
        if (c->scales) memcpy(p + sizeof s, c->scales, (size_t)w->cols * sizeof(float));
        p += coding_bytes(w);
    }
}

static nas_status load_codings(nas_net *net, const char *p, nas_err *err) {
    for (int32_t i = 0; i < net->nodes.n; i++) {
        nas_weight *w = kernel_of(net, i);
        state_coding s;
        if (!w) continue;
        memcpy(&s, p, sizeof s);
        w->coding.clusters = s.clusters;
        w->coding.by_channel = s.by_channel;
        if (s.has_scales) {
            NAS_TRY(nas_net_give_scales(net, w, err));
            memcpy(w->coding.scales, p + sizeof s, (size_t)w->cols * sizeof(float));
        } else {
            w->coding.scales = NULL;
        }
        p += coding_bytes(w);
    }
    return NAS_OK;
}

nas_status nas_net_load(nas_net *net, const void *in, size_t bytes, nas_err *err) {
    const size_t params = net->n_params * sizeof(float);
    const size_t averages = net->n_averages * sizeof(float);
    const state_head mine = head_of(net);
    if (bytes != nas_net_state_bytes(net) || memcmp(in, &mine, sizeof mine))
        return nas_fail(err, NAS_EFORMAT, "a net's state: of another version or model");
    const char *p = (const char *)in + sizeof mine;
    memcpy(net->params, p, params);
    memcpy(net->averages, p += params, averages);
    net->ready = false;
    return load_codings(net, p + averages, err);
}
