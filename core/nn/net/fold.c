/* core/nn/net/fold.c - a net without batch norm: what it does in the end goes into the kernels
 * before it. Jacob et al., CVPR 2018, section 3.2. */
#include "core/nn/net/net_int.h"

typedef struct folder {
    nas_arena *a;
    nas_err *err;
    int32_t n_norms;
    bool *merged; /* of each batch norm in the unrolled order: it goes into the kernel before it */
} folder;

static nas_status fold_list(folder *f, const nas_layer_spec *from, int32_t n, nas_layer_spec **out,
                            int32_t *n_out) {
    nas_layer_spec *to = *out = nas_arena_array(f->a, (size_t)n, sizeof *to, f->err);
    nas_layer_spec *kernel = NULL; /* of which the next layer could be a part */
    int32_t k = 0;
    if (!to) return NAS_ENOMEM;
    for (int32_t i = 0; i < n; i++) {
        if (from[i].ops->affine) {
            f->merged[f->n_norms++] = kernel != NULL;
            if (kernel) {
                kernel->bias = true;
                continue;
            }
        }
        to[k] = from[i];
        if (from[i].ops->affine) to[k].ops = from[i].ops->folded;
        if (from[i].ops->has_body) {
            NAS_TRY(fold_list(f, from[i].layers, from[i].n_layers, &to[k].layers, &to[k].n_layers));
            if (from[i].shortcut == NAS_SHORTCUT_PROJECT) {
                f->merged[f->n_norms++] = true;
                to[k].shortcut = NAS_SHORTCUT_FOLDED;
            }
        }
        if (!from[i].ops->is_idle) kernel = from[i].ops->has_kernel ? &to[k] : NULL;
        k++;
    }
    *n_out = k;
    return NAS_OK;
}

/* The columns of a kernel are its output channels. */
static void merge(const nas_node *norm, const nas_net *from, const nas_node *node,
                  const nas_net *to) {
    const nas_weight *w = &node->weights[0];
    float *kernel = nas_node_param(node, 0, to), *bias = nas_node_param(node, 1, to);
    for (int32_t c = 0; c < w->cols; c++) {
        float scale, shift;
        norm->ops->affine(norm, from, c, &scale, &shift);
        for (int32_t r = 0; r < w->rows; r++) {
            float *v = &kernel[(size_t)r * (size_t)w->stride + (size_t)c];
            *v = *v != 0 ? *v * scale : 0; /* no -0 */
        }
        bias[c] *= scale;
        bias[c] += shift;
    }
}

static nas_status copy_net(const nas_net *from, const bool *merged, nas_net *to, nas_err *err) {
    nas_node *node = to->nodes.v, *kernel = NULL;
    for (int32_t i = 0; i < from->nodes.n; i++) {
        const nas_node *old = &from->nodes.v[i];
        const bool norm = old->ops->affine != NULL;
        if (norm && *merged++) {
            merge(old, from, kernel, to);
            continue;
        }
        if (node->ops->has_kernel) kernel = node;
        if (!norm) NAS_TRY(nas_node_copy(old, from, node, to, err));
        for (int32_t c = 0; norm && c < old->out_shape.c; c++)
            old->ops->affine(old, from, c, &nas_node_param(node, 0, to)[c],
                             &nas_node_param(node, 1, to)[c]);
        node++;
    }
    return NAS_OK;
}

static nas_status fold_in(const nas_net *net, folder *f, nas_net **out) {
    nas_model model = net->model;
    f->merged = nas_arena_array(f->a, (size_t)net->nodes.n, sizeof *f->merged, f->err);
    if (!f->merged) return NAS_ENOMEM;
    NAS_TRY(fold_list(f, net->model.layers, net->model.n_layers, &model.layers, &model.n_layers));
    NAS_TRY(nas_net_open(&model, net->classes, net->batch, net->kernel, out, f->err));
    return copy_net(net, f->merged, *out, f->err);
}

nas_status nas_net_fold(const nas_net *net, nas_net **out, nas_err *err) {
    folder f = {.err = err};
    *out = NULL;
    NAS_TRY(nas_arena_open(&f.a, err));
    const nas_status st = fold_in(net, &f, out);
    nas_arena_close(f.a);
    if (st == NAS_OK) return NAS_OK;
    nas_net_close(*out);
    *out = NULL;
    return st;
}
