/* core/nn/net/expand.c - a model's layers as nodes in the order in which they run, with shapes. */
#include "core/nn/layers/layers.h"

#include <assert.h>
#include <math.h>
#include <string.h>

static const int64_t most_params = (int64_t)1 << 28; /* 1 GB of floats */
static const int64_t most_values = NAS_MOST_ITEMS;   /* of one map of one example, of one kernel */

typedef struct expander {
    nas_arena *a;
    nas_nodes *out;
    nas_err *err;
} expander;

int32_t nas_channels_stored(int32_t c) {
    return (c + NAS_CHANNELS - 1) / NAS_CHANNELS * NAS_CHANNELS;
}

nas_weight *nas_node_weight(nas_node *node, const char *name, int64_t rows, int64_t cols,
                            bool trainable, nas_init init) {
    assert(node->n_weights < NAS_NODE_WEIGHTS);
    nas_weight *w = &node->weights[node->n_weights++];
    /* Absurd sizes are refused by the caller from rows * cols before anything uses them. */
    *w = (nas_weight){
        .name = name,
        .rows = (int32_t)(rows < INT32_MAX ? rows : INT32_MAX),
        .cols = (int32_t)cols,
        .stride = nas_channels_stored((int32_t)cols),
        .trainable = trainable,
        .init = init,
    };
    return w;
}

static int64_t count_layers(const nas_layer_spec *layers, int32_t n, int32_t depth) {
    int64_t sum = 0;
    for (int32_t i = 0; i < n && sum <= NAS_MAX_NODES; i++) {
        sum += layers[i].ops->reads == NAS_FRAMES_MAP ? 2 : 1;
        if (!layers[i].ops->has_body) continue;
        if (depth == NAS_MAX_DEPTH) return NAS_MAX_NODES + 1;
        sum += 2 + count_layers(layers[i].layers, layers[i].n_layers, depth + 1);
    }
    return sum;
}

static int64_t node_params(const nas_node *node) {
    int64_t sum = 0;
    for (int32_t i = 0; i < node->n_weights; i++)
        if (node->weights[i].trainable)
            sum += (int64_t)node->weights[i].rows * node->weights[i].stride;
    return sum;
}

static nas_status plan_node(nas_node *node, nas_err *err) {
    NAS_TRY(node->ops->plan(node, err));
    const nas_shape s = node->out_shape;
    if (s.h < 1 || s.w < 1 || s.c < 1)
        return nas_fail(err, NAS_ESHAPE, "its output would be %dx%dx%d", s.h, s.w, s.c);
    if ((int64_t)s.h * s.w > most_values / s.c)
        return nas_fail(err, NAS_ESHAPE,
                        "its output %dx%dx%d has more than %lld values; use fewer filters or a "
                        "larger stride",
                        s.h, s.w, s.c, (long long)most_values);
    if (node_params(node) >= most_params)
        return nas_fail(err, NAS_ESHAPE, "it has more than %lld weights; use fewer filters",
                        (long long)most_params);
    for (int32_t i = 0; i < node->n_weights; i++) {
        const nas_weight *w = &node->weights[i];
        if ((int64_t)w->rows * w->cols > most_values)
            return nas_fail(err, NAS_ESHAPE,
                            "its %s has %lld weights, and a file holds %lld in one tensor; use "
                            "fewer filters",
                            w->name, (long long)w->rows * w->cols, (long long)most_values);
    }
    return NAS_OK;
}

/* Appends one node that reads values in[0 .. n_in); its output is *value. */
static nas_status append(expander *e, const nas_layer_ops *ops, const nas_layer_spec *spec,
                         const char *label, const char *path, const int32_t *in, int32_t n_in,
                         int32_t *value) {
    assert(e->out->n < NAS_MAX_NODES);
    nas_node *node = &e->out->v[e->out->n];
    *node = (nas_node){
        .ops = ops, .spec = spec, .label = label, .path = path, .number = e->out->n, .n_in = n_in};
    for (int32_t i = 0; i < n_in; i++) {
        node->in[i] = in[i];
        node->in_shape[i] = in[i] ? e->out->v[in[i] - 1].out_shape : e->out->input;
    }
    node->out = *value = ++e->out->n;
    const nas_status st = plan_node(node, e->err);
    return st == NAS_OK ? st : nas_fail_in(e->err, st, "%s", label);
}

static nas_status expand_layers(expander *e, const nas_layer_spec *layers, int32_t n,
                                const char *label, const char *path, int32_t *value);

/* The smallest stride with which a 1x1 convolution takes `in` to `out`; 0: none does. */
static int32_t stride_between(int32_t in, int32_t out) {
    for (int32_t s = 1; s <= in; s++)
        if ((in + s - 1) / s == out) return s;
    return 0;
}

/* He et al. 2016, option B: a 1x1 convolution without bias, strided to match, then batch norm; that
 * of a folded net has a bias instead. */
static nas_status expand_project(expander *e, const nas_node *from, nas_shape to,
                                 nas_shortcut shortcut, const char *label, const char *path,
                                 int32_t *value) {
    const nas_shape in = from->in_shape[0];
    const int32_t sh = stride_between(in.h, to.h), sw = stride_between(in.w, to.w);
    if (!sh || !sw)
        return nas_fail(e->err, NAS_ESHAPE,
                        "%s: no stride takes the shortcut's %dx%d to the %dx%d of its layers; use "
                        "padding \"same\" in them",
                        label, in.h, in.w, to.h, to.w);
    nas_layer_spec *spec = nas_arena_array(e->a, 2, sizeof *spec, e->err);
    if (!spec) return NAS_ENOMEM;
    spec[0] = (nas_layer_spec){.ops = &nas_layer_conv2d,
                               .filters = to.c,
                               .kernel = {1, 1},
                               .stride = {sh, sw},
                               .dilation = {1, 1},
                               .padding = NAS_VALID,
                               .bias = shortcut != NAS_SHORTCUT_PROJECT,
                               .scale = true,
                               .sparsity = (double)NAN};
    if (shortcut == NAS_SHORTCUT_PROJECT)
        spec[1] = (nas_layer_spec){.ops = &nas_layer_batch_norm, .momentum = 0.99, .epsilon = 1e-3};
    if (shortcut == NAS_SHORTCUT_ROUNDED) spec[1] = (nas_layer_spec){.ops = &nas_layer_round};
    for (int32_t i = 0; i < 2 && spec[i].ops; i++) {
        const char *place =
            nas_arena_format(e->a, e->err, "%s.shortcut.%s", path, spec[i].ops->name);
        if (!place) return NAS_ENOMEM;
        NAS_TRY(append(e, spec[i].ops, &spec[i], label, place, value, 1, value));
    }
    return NAS_OK;
}

static nas_status expand_residual(expander *e, const nas_layer_spec *spec, const char *label,
                                  const char *path, int32_t *value) {
    if (spec->n_layers < 1) return nas_fail(e->err, NAS_ESHAPE, "%s: \"layers\" is empty", label);
    const char *inner = nas_arena_format(e->a, e->err, "%s: ", label);
    const char *below = nas_arena_format(e->a, e->err, "%s.", path);
    if (!inner || !below) return NAS_ENOMEM;
    int32_t in[2] = {*value, *value};
    const int32_t first = e->out->n;
    NAS_TRY(expand_layers(e, spec->layers, spec->n_layers, inner, below, &in[0]));
    if (spec->shortcut != NAS_SHORTCUT_IDENTITY)
        NAS_TRY(expand_project(e, &e->out->v[first], e->out->v[in[0] - 1].out_shape,
                               (nas_shortcut)spec->shortcut, label, path, &in[1]));
    return append(e, &nas_layer_add, spec, label, path, in, 2, value);
}

/* What reads [h,1,w] takes features [h,w,1] as frames of w channels. */
static nas_status expand_frames(expander *e, const char *label, const char *path, int32_t *value) {
    const nas_shape in = *value ? e->out->v[*value - 1].out_shape : e->out->input;
    if (in.w == 1 || in.c != 1) return NAS_OK;
    nas_layer_spec *spec = nas_arena_alloc(e->a, sizeof *spec, e->err);
    const char *place = nas_arena_format(e->a, e->err, "%s.reshape", path);
    if (!spec || !place) return NAS_ENOMEM;
    *spec = (nas_layer_spec){.ops = &nas_layer_reshape, .shape = {in.h, 1, in.w}};
    return append(e, spec->ops, spec, label, place, value, 1, value);
}

static nas_status expand_layers(expander *e, const nas_layer_spec *layers, int32_t n,
                                const char *label, const char *path, int32_t *value) {
    for (int32_t i = 0; i < n; i++) {
        const nas_layer_spec *l = &layers[i];
        const char *name = l->ops->name;
        const char *own = nas_arena_format(e->a, e->err, "%slayer %d (%s)", label, i + 1, name);
        const char *place = nas_arena_format(e->a, e->err, "%s%d.%s", path, i + 1, name);
        if (!own || !place) return NAS_ENOMEM;
        if (l->ops->reads == NAS_FRAMES_MAP) NAS_TRY(expand_frames(e, own, place, value));
        if (l->ops->has_body)
            NAS_TRY(expand_residual(e, l, own, place, value));
        else
            NAS_TRY(append(e, l->ops, l, own, place, value, 1, value));
    }
    return NAS_OK;
}

nas_status nas_nodes_expand(nas_arena *a, const nas_model *m, nas_nodes *out, nas_err *err) {
    *out = (nas_nodes){.input = m->input};
    const nas_shape in = m->input;
    if (in.h < 1 || in.w < 1 || in.c < 1 || (int64_t)in.h * in.w > most_values / in.c)
        return nas_fail(err, NAS_ESHAPE, "the model's input is %dx%dx%d", in.h, in.w, in.c);
    const int64_t room = count_layers(m->layers, m->n_layers, 0);
    if (room < 1) return nas_fail(err, NAS_ESHAPE, "the model has no layers");
    if (room > NAS_MAX_NODES)
        return nas_fail(err, NAS_ESHAPE,
                        "the model has more than %d layers, or residuals more than %d deep",
                        NAS_MAX_NODES, NAS_MAX_DEPTH);
    out->v = nas_arena_array(a, (size_t)room, sizeof *out->v, err);
    if (!out->v) return NAS_ENOMEM;
    expander e = {.a = a, .out = out, .err = err};
    int32_t value = 0;
    return expand_layers(&e, m->layers, m->n_layers, "", "", &value);
}

nas_status nas_nodes_check(const nas_nodes *nodes, int32_t classes, nas_model_cost *out,
                           nas_err *err) {
    nas_model_cost cost = {0};
    for (int32_t i = 0; i < nodes->n; i++) {
        const nas_node *node = &nodes->v[i];
        cost.macs += node->macs;
        int64_t stored = 0;
        for (int32_t j = 0; j < node->n_weights; j++)
            if (node->weights[j].trainable)
                stored += (int64_t)node->weights[j].rows * node->weights[j].cols;
        cost.params += stored;
        if (cost.params >= most_params)
            return nas_fail(err, NAS_ESHAPE, "%s: the model has more than %lld weights up to here",
                            node->label, (long long)most_params);
        if (node->ops->ends == NAS_ENDS_CLASSES && i + 1 < nodes->n)
            return nas_fail(err, NAS_ESHAPE,
                            node[1].ops->ends == NAS_ENDS_VALUES
                                ? "%s: %s is for classes, and this model gives plain values"
                                : "%s: %s must be the last layer",
                            node->label, node->ops->name);
    }
    const nas_node *last = &nodes->v[nodes->n - 1];
    const nas_shape s = cost.output = last->out_shape;
    if (last->ops->ends == NAS_ENDS_VALUES && s.c != classes)
        return nas_fail(err, NAS_ESHAPE,
                        "%s: the model ends in %d values, but %d are to be forecast; give the last "
                        "dense layer \"units\": \"outputs\"",
                        (nodes->n > 1 ? last - 1 : last)->label, s.c, classes);
    if (last->ops->ends == NAS_ENDS_NONE)
        return nas_fail(err, NAS_ESHAPE, "%s: the last layer must be softmax", last->label);
    if (s.h != 1 || s.w != 1 || s.c != classes)
        return nas_fail(err, NAS_ESHAPE,
                        "%s: the model ends in %d outputs, but there are %d classes; give the last "
                        "dense layer \"units\": \"classes\"",
                        last->label, s.c, classes);
    *out = cost;
    return NAS_OK;
}
