/* core/nn/layers/softmax.c - class probabilities; the cross-entropy starts its backward pass here,
 * from the logits, so that it stays finite as long as they are. */
#include "core/nn/layers/conv_int.h"

#include <math.h>

static const nas_key keys[] = {NAS_KEY_END};

static nas_status softmax_plan(nas_node *node, nas_err *err) {
    const nas_shape in = node->out_shape = node->in_shape[0];
    if (in.h != 1 || in.w != 1)
        return nas_fail(err, NAS_ESHAPE,
                        "its input is a map of %dx%dx%d; put global_average_pool or flatten and "
                        "dense before",
                        in.h, in.w, in.c);
    return NAS_OK;
}

static void softmax_forward(const nas_node *node, const nas_run *run) {
    const nas_map x = nas_node_x(node, 0, run), y = nas_node_y(node, run);
    for (int32_t i = 0; i < run->n; i++) {
        const float *v = x.at + i * x.image;
        float *p = y.at + i * y.image;
        float top = v[0], sum = 0;
        for (int32_t c = 1; c < x.c; c++)
            if (v[c] > top) top = v[c];
        for (int32_t c = 0; c < x.c; c++) sum += p[c] = expf(v[c] - top);
        for (int32_t c = 0; c < x.c; c++) p[c] /= sum;
    }
}

/* log of the sum of exp(v). */
static double log_sum(const float *v, int32_t n) {
    double top = (double)v[0], sum = 0;
    for (int32_t c = 1; c < n; c++)
        if ((double)v[c] > top) top = (double)v[c];
    for (int32_t c = 0; c < n; c++) sum += exp((double)v[c] - top);
    return top + log(sum);
}

/* loss = -sum of target * log p over the batch, target = smoothed one-hot as in Keras:
 * (1 - s) * one-hot + s / classes; of mixed labels the one-hots are added by their shares.
 * d loss / d logit = (p - target) / batch. */
static double target_of(const nas_net *net, int32_t image, int32_t c, int32_t classes) {
    const double low = net->smoothing / classes;
    const bool own = c == net->labels[image];
    if (!net->mix.others) return own ? low + (1 - net->smoothing) : low;
    const double share = (double)net->mix.shares[image];
    const double other = c == net->mix.others[image] ? 1 - share : 0;
    return low + (1 - net->smoothing) * ((own ? share : 0) + other);
}

static void softmax_backward(const nas_node *node, const nas_run *run) {
    nas_net *net = run->net;
    const nas_map x = nas_node_x(node, 0, run), y = nas_node_y(node, run);
    const bool wanted = node->edge[0].wanted;
    const nas_map dx = wanted ? nas_node_dx(node, 0, run) : (nas_map){0};
    for (int32_t i = 0; i < run->n; i++) {
        const float *v = x.at + i * x.image, *p = y.at + i * y.image;
        const double all = log_sum(v, x.c);
        for (int32_t c = 0; c < x.c; c++) {
            const double target = target_of(net, run->first + i, c, x.c);
            net->loss[run->part] -= target * ((double)v[c] - all);
            if (wanted) dx.at[i * dx.image + c] = (float)(((double)p[c] - target) / run->batch);
        }
    }
}

static nas_status softmax_lower(const nas_node *node, const nas_net *net, nas_graph *g,
                                const int32_t in[2], int32_t *out, nas_err *err) {
    (void)net;
    nas_op op = {.kind = NAS_OP_SOFTMAX, .n_in = 1, .in = {in[0]}, .beta = 1};
    NAS_TRY(nas_lower_rank(g, node->in_shape[0], true, &op.in[0], err));
    return nas_lower_op(g, op, node->out_shape, true, out, err);
}

static nas_int8_sum softmax_int8_sum(const nas_node *node) {
    return (nas_int8_sum){"exponentials", node->in_shape[0].c, NAS_MOST_INT8_CLASSES};
}

const nas_layer_ops nas_layer_softmax = {.name = "softmax",
                                         .keys = keys,
                                         .fixes_scale = true,
                                         .ends = NAS_ENDS_CLASSES,
                                         .plan = softmax_plan,
                                         .forward = softmax_forward,
                                         .backward = softmax_backward,
                                         .lower = softmax_lower,
                                         .int8_sum = softmax_int8_sum};
