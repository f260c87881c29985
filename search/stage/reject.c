/* search/stage/reject.c - what is known of a candidate before it is trained. */
#include "search/space/forbid.h"
#include "search/stage/evaluate.h"

#include <math.h>
#include <string.h>

/* A metric before training: its value, or a lower bound of it. */
typedef struct known {
    bool exact;
    double value; /* NaN: nothing is known */
    bool never;   /* it will have none */
} known;

/* Biases begin as 0 and do not stay so: what is 0 or the same as another constant in the graph then
 * is so in the trained one. */
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

/* The file holds equal constants once: zeros that stand for biases, above all. */
static bool is_repeated(const nas_graph *g, int32_t i) {
    const nas_tensor *t = &g->tensors[i];
    const int64_t bytes = nas_tensor_bytes(t);
    for (int32_t k = 0; k < i; k++) {
        const nas_tensor *u = &g->tensors[k];
        if (u->data && nas_tensor_bytes(u) == bytes && !memcmp(u->data, t->data, (size_t)bytes))
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

static void weigh_constants(const nas_graph *g, int64_t *bytes, int64_t *floats) {
    *bytes = *floats = 0;
    for (int32_t i = 0; i < g->n_tensors; i++) {
        const nas_tensor *t = &g->tensors[i];
        if (!t->data || is_repeated(g, i)) continue;
        *bytes += nas_tensor_bytes(t);
        if (t->dtype == NAS_F32 && !is_zero(t)) *floats += nas_tensor_count(t);
    }
}

static nas_status know(const nas_evaluator *e, const nas_candidate *c, nas_arena *a, known *k,
                       nas_err *err) {
    for (int i = 0; i < NAS_METRICS_MOST; i++) k[i] = (known){.value = NAN};
    nas_model_cost model;
    NAS_TRY(nas_model_check(&c->model, e->data->outputs, &model, err));
    nas_graph g;
    NAS_TRY(nas_untrained_graph(c, e->data->outputs, e->kernel, a, &g, err));
    nas_cost cost;
    NAS_TRY(nas_graph_cost(&g, &cost, err));
    int64_t bytes, floats;
    weigh_constants(&g, &bytes, &floats);
    k[NAS_METRIC_PARAMS] = (known){true, (double)model.params, false};
    k[NAS_METRIC_MACS] = (known){true, (double)cost.macs, false};
    k[NAS_METRIC_RAM_BYTES] = (known){true, (double)cost.ram_bytes, false};
    k[NAS_METRIC_ARENA_BYTES] = (known){true, (double)cost.arena_bytes, cost.arena_bytes < 0};
    k[NAS_METRIC_TFLITE_BYTES] = (known){false, (double)bytes, false};
    /* DEFLATE has at least two bits for 258 bytes; an archive has its headers besides. */
    k[NAS_METRIC_ZIP_BYTES] = (known){false, floor((double)bytes / 1032) + 174, false};
    /* Zeros and shared values compress. */
    if (!c->prune.on && !c->cluster.on)
        k[NAS_METRIC_ZLIB_BYTES] = (known){false, 2.0 * (double)floats, false};
    return NAS_OK;
}

static bool hopeless(const known *k, const nas_constraint *b) {
    if (isnan(k->value)) return false;
    if (k->never) return true;
    if (k->exact) return !nas_compare(k->value, b->op, b->bound);
    return b->op == 2 ? k->value >= b->bound : b->op == 3 ? k->value > b->bound : false;
}

static bool needs_graph(const nas_evaluator *e) {
    static const int by_graph[] = {NAS_METRIC_PARAMS,       NAS_METRIC_MACS,
                                   NAS_METRIC_RAM_BYTES,    NAS_METRIC_ARENA_BYTES,
                                   NAS_METRIC_TFLITE_BYTES, NAS_METRIC_ZLIB_BYTES,
                                   NAS_METRIC_ZIP_BYTES};
    for (int32_t i = 0; i < e->n_bounds; i++)
        for (size_t k = 0; k < sizeof by_graph / sizeof *by_graph; k++)
            if (nas_metric_find(e->bounds[i].metric) == by_graph[k]) return true;
    return false;
}

nas_status nas_reject(const nas_evaluator *e, const nas_candidate *c, nas_arena *a,
                      const char **reason, nas_err *err) {
    *reason = NULL;
    if (!needs_graph(e)) return NAS_OK;
    known k[NAS_METRICS_MOST];
    NAS_TRY(know(e, c, a, k, err));
    const nas_metric_list *list = &e->data->task->metrics;
    for (int32_t i = 0; i < e->n_bounds; i++) {
        const int m = nas_metric_in(list, e->bounds[i].metric);
        if (m < 0 || !hopeless(&k[m], &e->bounds[i])) continue;
        *reason =
            k[m].never
                ? nas_arena_format(a, err,
                                   "%s: TensorFlow Lite for Microcontrollers refuses "
                                   "%s files",
                                   e->bounds[i].text, nas_format_names[c->quantize.kind])
                : nas_arena_format(a, err, "%s: %s is %s%.0f", e->bounds[i].text, list->v[m].name,
                                   k[m].exact ? "" : "at least ", k[m].value);
        return *reason ? NAS_OK : NAS_ENOMEM;
    }
    return NAS_OK;
}
