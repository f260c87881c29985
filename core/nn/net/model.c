/* core/nn/net/model.c - the table of layers, and what a model costs. */
#include "core/nn/net/model.h"

#include "core/graph/graph.h"
#include "core/nn/layers/layers.h"

#include <string.h>

#define ROW(x) &nas_layer_##x,
static const nas_layer_ops *const rows[] = {NAS_LAYER_LIST(ROW) NULL};
#undef ROW

const nas_layer_ops *nas_layer_at(int i) {
    return i >= 0 && i < (int)(sizeof rows / sizeof *rows) ? rows[i] : NULL;
}

const nas_layer_ops *nas_layer_find(const char *op) {
    for (int i = 0; rows[i]; i++)
        if (!strcmp(rows[i]->name, op)) return rows[i];
    return NULL;
}

const nas_layer_ops *nas_layer_values(void) {
    return &nas_layer_error;
}

bool nas_model_gives_values(const nas_model *m) {
    return m->n_layers > 0 && m->layers[m->n_layers - 1].ops->ends == NAS_ENDS_VALUES;
}

const char *nas_layer_name(const nas_layer_ops *ops) {
    return ops->name;
}

const nas_key *nas_layer_keys(const nas_layer_ops *ops) {
    return ops->keys;
}

bool nas_layer_has_body(const nas_layer_ops *ops) {
    return ops->has_body;
}

nas_status nas_model_check(const nas_model *m, int32_t classes, nas_model_cost *out, nas_err *err) {
    nas_arena *a = NULL;
    nas_nodes nodes;
    *out = (nas_model_cost){0};
    NAS_TRY(nas_arena_open(&a, err));
    nas_status st = nas_nodes_expand(a, m, &nodes, err);
    if (st == NAS_OK) st = nas_nodes_check(&nodes, classes, out, err);
    nas_arena_close(a);
    return st;
}

static nas_int8_sum sum_of(const nas_node *node) {
    if (node->ops->int8_sum) return node->ops->int8_sum(node);
    if (node->ops->has_kernel)
        return (nas_int8_sum){"products", node->weights[0].rows, NAS_MOST_INT8_SUM};
    return (nas_int8_sum){0};
}

static nas_status check_int8(const nas_nodes *nodes, nas_err *err) {
    for (int32_t i = 0; i < nodes->n; i++) {
        const nas_int8_sum s = sum_of(&nodes->v[i]);
        if (s.n > s.most)
            return nas_fail(err, NAS_ESHAPE,
                            "%s: sums of %lld %s; of int8 there may be %lld. Make the layer or its "
                            "input smaller, or choose another quantize.kind",
                            nodes->v[i].label, (long long)s.n, s.what, (long long)s.most);
    }
    return NAS_OK;
}

nas_status nas_model_check_int8(const nas_model *m, nas_err *err) {
    nas_arena *a = NULL;
    nas_nodes nodes;
    NAS_TRY(nas_arena_open(&a, err));
    nas_status st = nas_nodes_expand(a, m, &nodes, err);
    if (st == NAS_OK) st = check_int8(&nodes, err);
    nas_arena_close(a);
    return st;
}
