/* core/nn/layers/error.c - how far plain outputs are from the values that they should be. It ends a
 * net that has no softmax (nas_layer_values); the file knows nothing of it. */
#include "core/nn/layers/conv_int.h"

#include <math.h>

/* Shape: in [h,w,c] -> out [1,1,h*w*c], the same values. */
static nas_status error_plan(nas_node *node, nas_err *err) {
    const nas_shape in = node->in_shape[0];
    const int64_t c = (int64_t)in.h * in.w * in.c;
    if (c > NAS_MAX_FILTERS)
        return nas_fail(err, NAS_ESHAPE, "%dx%dx%d values; there may be %d", in.h, in.w, in.c,
                        NAS_MAX_FILTERS);
    node->out_shape = (nas_shape){1, 1, (int32_t)c};
    return NAS_OK;
}

double nas_error_of(nas_loss loss, double delta, double e, double *slope) {
    const double size = fabs(e), sign = (double)(e > 0) - (double)(e < 0);
    if (loss == NAS_LOSS_ABSOLUTE || (loss == NAS_LOSS_HUBER && size > delta)) {
        const bool huber = loss == NAS_LOSS_HUBER;
        *slope = huber ? delta * sign : sign;
        return huber ? delta * (size - delta / 2) : size;
    }
    const double half = loss == NAS_LOSS_HUBER ? 0.5 : 1;
    *slope = 2 * half * e;
    return half * e * e;
}

/* The loss of an example is the mean over its values, that of a batch the mean over examples. */
static void error_backward(const nas_node *node, const nas_run *run) {
    nas_net *net = run->net;
    const nas_map y = nas_node_y(node, run);
    const bool wanted = node->edge[0].wanted;
    const nas_map dy = wanted ? nas_node_dy(node, run) : (nas_map){0};
    const double share = 1.0 / y.c;
    for (int32_t i = 0; i < run->n; i++) {
        const float *p = y.at + i * y.image;
        const float *target = net->targets + (size_t)(run->first + i) * (size_t)y.c;
        double sum = 0;
        for (int32_t c = 0; c < y.c; c++) {
            double slope;
            sum +=
                nas_error_of(net->loss_kind, net->delta, (double)p[c] - (double)target[c], &slope);
            if (wanted) dy.at[i * dy.image + c] = (float)(slope * share / run->batch);
        }
        net->loss[run->part] += sum * share;
    }
    nas_reshape_backward(node, run);
}

const nas_layer_ops nas_layer_error = {.name = "error",
                                       .keeps_scale = true,
                                       .ends = NAS_ENDS_VALUES,
                                       .plan = error_plan,
                                       .forward = nas_reshape_forward,
                                       .backward = error_backward,
                                       .lower = nas_nothing_lower};
