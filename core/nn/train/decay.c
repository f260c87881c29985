/* core/nn/train/decay.c - weight decay. */
#include "base/team.h"
#include "core/nn/net/net_int.h"

typedef struct decay {
    nas_net *net;
    float share;
} decay;

static void decay_node(void *ctx, int32_t i, int32_t lane) {
    const decay *d = ctx;
    const nas_node *node = &d->net->nodes.v[i];
    (void)lane;
    if (!node->ops->has_kernel) return;
    const nas_weight *w = &node->weights[0];
    const size_t n = (size_t)w->rows * (size_t)w->stride;
    float *v = nas_node_param(node, 0, d->net);
    for (size_t k = 0; k < n; k++) v[k] -= d->share * v[k];
}

void nas_net_decay(nas_net *net, float share, int32_t threads) {
    decay d = {net, share};
    nas_team_run(threads, net->nodes.n, decay_node, &d);
}
