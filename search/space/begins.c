/* search/space/begins.c - the fractions of a training at which a space can ask for pruning to
 * begin: the states there are where trials part. */
#include "search/space/space_int.h"

#include <string.h>

typedef struct begins {
    const nas_space *space;
    double *v;
    int32_t n;
} begins;

static void add(begins *b, double v) {
    for (int32_t i = 0; i < b->n; i++)
        if (b->v[i] == v) return;
    if (b->n < NAS_BEGINS_MOST) b->v[b->n++] = v;
}

static void add_numbers(begins *b, const nas_node *n, double factor, int depth);

/* The numbers of the parameter that a same_as or times names. */
static void add_target(begins *b, const nas_node *n, double factor, int depth) {
    if (depth > 8) return;
    for (int32_t i = 0; i < b->space->n_params; i++) {
        if (strcmp(b->space->params[i].path, n->target) != 0) continue;
        const nas_place *p = &b->space->places[i];
        for (int32_t k = 0; k < p->n; k++) add_numbers(b, p->nodes[k], factor, depth + 1);
    }
}

/* A range without a step has no values to foresee. */
static void add_numbers(begins *b, const nas_node *n, double factor, int depth) {
    if (n->kind == NAS_NODE_CONSTANT && cJSON_IsNumber(n->v)) add(b, n->v->valuedouble * factor);
    if (n->kind == NAS_NODE_CHOICE)
        for (int32_t i = 0; i < n->n; i++) add_numbers(b, n->below[i], factor, depth);
    if (n->kind == NAS_NODE_RANGE)
        for (int64_t i = 0; i < n->count && i < NAS_BEGINS_MOST; i++)
            add(b, nas_range_at(n, i) * factor);
    if (n->kind == NAS_NODE_SAME) add_target(b, n, factor, depth);
    if (n->kind == NAS_NODE_TIMES) add_target(b, n, factor * n->factor, depth);
}

static void add_prune(begins *b, const nas_node *n) {
    if (n->kind == NAS_NODE_CONSTANT) {
        const cJSON *begin = cJSON_GetObjectItemCaseSensitive(n->v, "begin");
        if (cJSON_IsNumber(begin)) add(b, begin->valuedouble);
    }
    for (int32_t i = 0; n->kind == NAS_NODE_CHOICE && i < n->n; i++) add_prune(b, n->below[i]);
    for (int32_t i = 0; n->kind == NAS_NODE_OBJECT && i < n->n; i++)
        if (strcmp(n->below[i]->key, "begin") == 0) add_numbers(b, n->below[i], 1, 0);
}

nas_status nas_space_begins(const nas_space *s, nas_arena *a, const double **out, int32_t *n,
                            nas_err *err) {
    begins b = {.space = s, .v = nas_arena_array(a, NAS_BEGINS_MOST, sizeof *b.v, err)};
    if (!b.v) return NAS_ENOMEM;
    for (int32_t i = 0; s->root->kind == NAS_NODE_OBJECT && i < s->root->n; i++)
        if (strcmp(s->root->below[i]->key, "prune") == 0) add_prune(&b, s->root->below[i]);
    *out = b.v;
    *n = b.n;
    return NAS_OK;
}
