/* search/stage/reject.c - what is known of a candidate before it is trained. */
#include "search/space/forbid.h"
#include "search/stage/evaluate.h"

#include <math.h>
#include <string.h>

/* Biases begin as 0 and seldom stay so: what is 0 in the graph then is so in the trained one. */
static nas_status move_zeros(nas_net *net, nas_arena *a, nas_err *err) {
    int64_t k = 0;
    for (int32_t i = 0; i < nas_net_tensors(net); i++) {
        const nas_arena_mark mark = nas_arena_here(a);
        const nas_net_tensor_info t = nas_net_tensor_at(net, i);
        float *v = nas_arena_array(a, (size_t)t.count, sizeof *v, err);
        if (!v) return NAS_ENOMEM;
        nas_net_tensor_get(net, i, v);
        for (int64_t j = 0; t.trainable && j < t.count; j++)
            if (v[j] == 0) v[j] = (float)(1 + k++ % 4093) * 1e-5f;
        nas_net_tensor_set(net, i, v);
        nas_arena_back(a, mark);
    }
    return NAS_OK;
}

nas_status nas_untrained_graph(const nas_candidate *c, int32_t outputs, const nas_kernel *kernel,
                               nas_arena *a, nas_graph *out, nas_err *err) {
    nas_net *net = NULL;
    NAS_TRY(nas_net_open(&c->model, outputs, 1, kernel, &net, err));
    nas_net_init(net, 0, 0);
    const size_t n = (size_t)c->model.input.h * (size_t)c->model.input.w * (size_t)c->model.input.c;
    float *x = nas_arena_array(a, n, sizeof *x, err);
    nas_status st = x ? move_zeros(net, a, err) : NAS_ENOMEM;
    for (size_t i = 0; x && i < n; i++) x[i] = (float)(i % 7) - 3.0f;
    nas_graph g = nas_graph_start(a);
    *out = nas_graph_start(a);
    if (st == NAS_OK) st = nas_net_lower(net, &g, err);
    if (st == NAS_OK) st = nas_graph_fold(&g, err);
    g.dense_by_channel = c->quantize.dense_scales == NAS_DENSE_BY_CHANNEL;
    if (st == NAS_OK) st = nas_format_apply(&g, (nas_format)c->quantize.kind, x, 1, out, err);
    nas_net_close(net);
    return st;
}

/* May the trained weights lose what their random begin gave each of them? Pruned and clustered ones
 * share values, decay that outlasts a training leaves zeros, and steps as long as these leave sums
 * of few steps. */
static bool may_settle(const nas_evaluator *e, const nas_candidate *c) {
    const nas_train_config *t = &c->train;
    const double rate = fmax(t->learning_rate.from, t->learning_rate.to);
    const double steps = (double)nas_train_steps(t, e->data->part[NAS_TRAIN].n);
    const double decay = rate * t->weight_decay;
    return c->prune.on || c->cluster.on || rate > 0.1 || decay > 0.5 || decay * steps > 16;
}

/* The file holds equal constants once. Vectors may become equal (biases that no gradient reaches
 * are 0) and so may what has few values, such as the signs of a kernel with one weight a channel.
 */
static bool may_repeat(const nas_tensor *t, bool settles) {
    return settles || t->rank < 2 || nas_tensor_bytes(t) < 64;
}

/* Is there an equal one before it, or with any one of its length? */
static bool is_repeated(const nas_graph *g, int32_t i, bool any) {
    const nas_tensor *t = &g->tensors[i];
    const int64_t bytes = nas_tensor_bytes(t);
    for (int32_t k = 0; k < i; k++) {
        const nas_tensor *u = &g->tensors[k];
        if (u->data && nas_tensor_bytes(u) == bytes &&
            (any || !memcmp(u->data, t->data, (size_t)bytes)))
            return true;
    }
    return false;
}

static bool is_zero(const nas_tensor *t) {
    const float *v = t->data;
    const int64_t n = nas_tensor_count(t);
    int64_t i = 0;
    while (i < n && v[i] == 0) i++;
    return i == n;
}

static void weigh_constants(const nas_graph *g, bool settles, nas_foreseen *out) {
    for (int32_t i = 0; i < g->n_tensors; i++) {
        const nas_tensor *t = &g->tensors[i];
        if (!t->data) continue;
        if (!is_repeated(g, i, may_repeat(t, settles))) out->bytes += nas_tensor_bytes(t);
        if (settles || t->dtype != NAS_F32 || is_repeated(g, i, false) || is_zero(t)) continue;
        out->floats += nas_tensor_count(t);
        if (t->rank >= 2) out->weights += nas_tensor_count(t);
    }
}

static nas_status foresee(const nas_evaluator *e, const nas_candidate *c, nas_arena *a,
                          nas_foreseen *out, nas_err *err) {
    nas_model_cost model;
    NAS_TRY(nas_model_check(&c->model, e->data->outputs, &model, err));
    nas_graph g;
    NAS_TRY(nas_untrained_graph(c, e->data->outputs, e->kernel, a, &g, err));
    nas_cost cost;
    NAS_TRY(nas_graph_cost(&g, &cost, err));
    *out = (nas_foreseen){.params = model.params,
                          .macs = cost.macs,
                          .ram_bytes = cost.ram_bytes,
                          .arena_bytes = cost.arena_bytes};
    weigh_constants(&g, may_settle(e, c), out);
    return NAS_OK;
}

static bool hopeless(const nas_metric *m, double v, const nas_constraint *b) {
    if (isnan(v)) return false;
    if (isinf(v)) return true;
    if (m->known == NAS_KNOWN_BEFORE) return !nas_relation_holds(b->op, v, b->bound);
    return nas_relation_direction(b->op) < 0 && !nas_relation_holds(b->op, v, b->bound);
}

/* The metric of a bound, when something is known of it before training; else NULL. */
static const nas_metric *foreseen_metric(const nas_evaluator *e, int32_t bound) {
    const nas_metric_list *list = &e->data->task->metrics;
    const int m = nas_metric_in(list, e->bounds[bound].metric);
    return m >= 0 && list->v[m].before ? &list->v[m] : NULL;
}

static bool needs_graph(const nas_evaluator *e) {
    for (int32_t i = 0; i < e->n_bounds; i++)
        if (foreseen_metric(e, i)) return true;
    return false;
}

nas_status nas_reject(const nas_evaluator *e, const nas_candidate *c, nas_arena *a,
                      const char **reason, nas_err *err) {
    *reason = NULL;
    if (!needs_graph(e)) return NAS_OK;
    nas_foreseen f;
    NAS_TRY(foresee(e, c, a, &f, err));
    for (int32_t i = 0; i < e->n_bounds; i++) {
        const nas_constraint *b = &e->bounds[i];
        const nas_metric *m = foreseen_metric(e, i);
        const double v = m ? m->before(&f) : (double)NAN;
        if (!m || !hopeless(m, v, b)) continue;
        *reason = isinf(v) ? nas_arena_format(a, err,
                                              "%s: TensorFlow Lite for Microcontrollers refuses "
                                              "%s files",
                                              b->text, nas_format_names[c->quantize.kind])
                           : nas_arena_format(a, err, "%s: %s is %s%.0f", b->text, m->name,
                                              m->known == NAS_KNOWN_BEFORE ? "" : "at least ", v);
        return *reason ? NAS_OK : NAS_ENOMEM;
    }
    return NAS_OK;
}
