/* core/nn/net/round.c - a folded net with its activations rounded as int8 has them. */
#include "core/nn/net/round_int.h"

typedef struct rounder {
    nas_arena *a;
    nas_err *err;
} rounder;

static const nas_layer_spec rounding = {.ops = &nas_layer_round};

/* The layer of a list before or after i that does something outside of training; NULL: none. */
static const nas_layer_ops *beside(const nas_layer_spec *l, int32_t n, int32_t i, int32_t step) {
    for (i += step; i >= 0 && i < n; i += step)
        if (!l[i].ops->is_idle) return l[i].ops;
    return NULL;
}

/* Does the file store the output of layer i with a scale of its own? It does not store what goes
 * into a ReLU of the same operator. */
static bool has_scale(const nas_layer_spec *l, int32_t n, int32_t i) {
    const nas_layer_ops *ops = l[i].ops;
    const nas_layer_ops *before = beside(l, n, i, -1), *after = beside(l, n, i, 1);
    if (ops->is_idle || ops->keeps_scale || ops->fixes_scale) return false;
    if (ops->fuses_relu && after && after->is_relu) return false;
    if (ops->keeps_scale_alone && !(before && before->fuses_relu)) return false;
    return !(ops->is_relu && before && before->fuses_relu && before->keeps_scale);
}

static nas_status round_list(rounder *r, const nas_layer_spec *from, int32_t n, bool whole,
                             nas_layer_spec **out, int32_t *n_out) {
    nas_layer_spec *to = *out = nas_arena_array(r->a, 2 * (size_t)n + 1, sizeof *to, r->err);
    if (!to) return NAS_ENOMEM;
    if (whole) *to++ = rounding; /* the net's input */
    for (int32_t i = 0; i < n; i++) {
        *to = from[i];
        if (from[i].ops->has_body) {
            NAS_TRY(
                round_list(r, from[i].layers, from[i].n_layers, false, &to->layers, &to->n_layers));
            if (from[i].shortcut == NAS_SHORTCUT_FOLDED) to->shortcut = NAS_SHORTCUT_ROUNDED;
        }
        to++;
        if (has_scale(from, n, i)) *to++ = rounding;
    }
    *n_out = (int32_t)(to - *out);
    return NAS_OK;
}

static nas_status copy_net(const nas_net *from, nas_net *to, nas_err *err) {
    nas_node *node = to->nodes.v;
    for (int32_t i = 0; i < from->nodes.n; i++, node++) {
        while (node->ops == &nas_layer_round) node++;
        NAS_TRY(nas_node_copy(&from->nodes.v[i], from, node, to, err));
    }
    return NAS_OK;
}

static nas_status find_ranges(nas_net *net, const float *x, int32_t n, nas_err *err) {
    const nas_shape in = net->nodes.input;
    const size_t example = (size_t)in.h * (size_t)in.w * (size_t)in.c;
    float *out = nas_arena_array(net->arena, (size_t)net->classes, sizeof *out, err);
    if (!out) return NAS_ENOMEM;
    net->watching = true;
    for (int32_t i = 0; i < net->nodes.n; i++)
        if (net->nodes.v[i].ops == &nas_layer_round) nas_round_forget(&net->nodes.v[i]);
    for (int32_t i = 0; i < n; i++) nas_net_predict(net, x + (size_t)i * example, 1, out);
    net->watching = false;
    for (int32_t i = 0; i < net->nodes.n; i++) {
        const nas_node *node = &net->nodes.v[i];
        if (node->ops != &nas_layer_round || nas_round_settle(node, net)) continue;
        return nas_fail(err, NAS_EINVAL,
                        "rounding: the net gives values that are not finite on the examples");
    }
    return NAS_OK;
}

static nas_status round_in(const nas_net *net, rounder *r, const float *x, int32_t n,
                           nas_net **out) {
    nas_model model = net->model;
    if (n < 1)
        return nas_fail(r->err, NAS_EINVAL, "rounding: without examples there are no ranges");
    NAS_TRY(round_list(r, net->model.layers, net->model.n_layers, true, &model.layers,
                       &model.n_layers));
    NAS_TRY(nas_net_open(&model, net->classes, net->batch, net->kernel, out, r->err));
    NAS_TRY(copy_net(net, *out, r->err));
    return find_ranges(*out, x, n, r->err);
}

nas_status nas_net_round(const nas_net *net, const float *x, int32_t n, nas_net **out,
                         nas_err *err) {
    rounder r = {.err = err};
    *out = NULL;
    NAS_TRY(nas_arena_open(&r.a, err));
    const nas_status st = round_in(net, &r, x, n, out);
    nas_arena_close(r.a);
    if (st == NAS_OK) return NAS_OK;
    nas_net_close(*out);
    *out = NULL;
    return st;
}
