/* core/compress/cluster.c - few values for the weights of each kernel. Han, Mao and Dally, "Deep
 * compression", ICLR 2016, section 3. */
#include "core/compress/cluster.h"

#include "core/compress/centroids.h"
#include "core/compress/compress_int.h"

#include <math.h>
#include <stdlib.h>

static const char *const inits[] = {"linear", "density", "kmeans++", NULL};
static const char *const scopes[] = {"kernel", "channel", NULL};

const nas_key nas_cluster_keys[] = {
    {.name = "clusters",
     .kind = NAS_KEY_INT,
     .offset = offsetof(nas_cluster_config, clusters),
     .lo = 2,
     .hi = NAS_MAX_CLUSTERS,
     .help = "values that the weights of a kernel may have, zero included"},
    {.name = "init",
     .kind = NAS_KEY_WORD,
     .offset = offsetof(nas_cluster_config, init),
     .words = inits,
     .help = "where k-means starts: equal distances, equal shares, or drawn"},
    {.name = "scope",
     .kind = NAS_KEY_WORD,
     .offset = offsetof(nas_cluster_config, scope),
     .def = "\"kernel\"",
     .words = scopes,
     .help = "what has its own clusters: each kernel, or each of its output channels"},
    {.name = "fine_tune_epochs",
     .kind = NAS_KEY_INT,
     .offset = offsetof(nas_cluster_config, fine_tune_epochs),
     .lo = 0,
     .hi = 1000,
     .def = "0",
     .help = "epochs that then train the clusters' values and the biases"},
    {.name = "fine_tune_learning_rate",
     .kind = NAS_KEY_FLOAT,
     .offset = offsetof(nas_cluster_config, fine_tune_learning_rate),
     .lo = 0,
     .hi = 10,
     .def = "0.0001",
     .help = "constant rate of those epochs"},
    {.name = "depthwise",
     .kind = NAS_KEY_BOOL,
     .offset = offsetof(nas_cluster_config, depthwise),
     .def = "false",
     .help = "clusters depthwise kernels too"},
    NAS_KEY_END};

typedef struct clusterer {
    const nas_cluster_config *config;
    nas_net *net;
    nas_cluster_scales scales;
    uint64_t seed;
    uint32_t replicate;
    nas_err *err;
} clusterer;

/* Weights that share their centroids: columns first .. end of a kernel, in Keras' order. */
typedef struct group {
    const nas_weight *w;
    float *at;           /* the stored kernel */
    const float *scales; /* one a column; NULL: weights are clustered as they are */
    int32_t first, end;
    uint32_t kernel;
} group;

static double value_of(const group *g, int32_t r, int32_t c) {
    const double v = (double)g->at[(size_t)r * (size_t)g->w->stride + (size_t)c];
    return g->scales ? v / (127 * (double)g->scales[c]) : v;
}

static int rising(const void *a, const void *b) {
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Negative and positive values apart, where zero is a centroid already: their shares of k are those
 * of the values. */
static void start_sides(const clusterer *k, const group *g, const double *v, size_t n,
                        nas_centroids *c) {
    const nas_cluster_init init = (nas_cluster_init)k->config->init;
    const int32_t room = k->config->clusters - 1;
    size_t below = 0;
    while (below < n && v[below] < 0) below++;
    int32_t left = (int32_t)floor((double)room * (double)below / (double)n + 0.5);
    if (left == 0 && below > 0 && room > 1) left = 1;
    if (left == room && below < n && room > 1) left = room - 1;
    for (uint32_t side = 0; side < 2; side++) {
        nas_rng rng = nas_rng_stream(k->seed, k->replicate, NAS_PURPOSE_CLUSTER, g->kernel,
                                     (uint32_t)g->first, side);
        if (side == 0)
            nas_centroids_add(c, left, init, v, below, &rng);
        else
            nas_centroids_add(c, room - left, init, v + below, n - below, &rng);
    }
}

static void find_centroids(const clusterer *k, const group *g, double *v, size_t n, bool zeros,
                           nas_centroids *c) {
    *c = (nas_centroids){0};
    if (zeros) *c = (nas_centroids){1, {{0, true}}};
    if (n == 0) return;
    qsort(v, n, sizeof *v, rising);
    if (zeros) {
        start_sides(k, g, v, n, c);
    } else {
        nas_rng rng = nas_rng_stream(k->seed, k->replicate, NAS_PURPOSE_CLUSTER, g->kernel,
                                     (uint32_t)g->first, 0);
        nas_centroids_add(c, k->config->clusters, (nas_cluster_init)k->config->init, v, n, &rng);
    }
    nas_centroids_settle(c, v, n);
}

static void assign(const group *g, const nas_centroids *c) {
    for (int32_t r = 0; r < g->w->rows; r++)
        for (int32_t i = g->first; i < g->end; i++) {
            float *w = &g->at[(size_t)r * (size_t)g->w->stride + (size_t)i];
            if (*w == 0) continue;
            const double v = c->v[nas_centroids_find(c, value_of(g, r, i))].at;
            *w = g->scales ? (float)round(127 * v) * g->scales[i] : (float)v;
            if (*w == 0) *w = 0; /* no -0 */
        }
}

static void cluster_group(const clusterer *k, const group *g, double *v) {
    nas_centroids c;
    size_t n = 0;
    bool zeros = false;
    for (int32_t r = 0; r < g->w->rows; r++)
        for (int32_t i = g->first; i < g->end; i++) {
            v[n] = value_of(g, r, i);
            if (v[n] == 0)
                zeros = true;
            else
                n++;
        }
    find_centroids(k, g, v, n, zeros, &c);
    assign(g, &c);
}

/* The next quarter power of two: a kernel then has few different scales, and so have the biases
 * behind it, which saves more bytes of the zlib stream than the codes between cost accuracy. */
static float quarter_above(float v) {
    static const double steps[] = {0.5, 0.59460355750136051, 0.70710678118654752,
                                   0.84089641525371454};
    int exponent, i = 0;
    const double part = frexp((double)v, &exponent);
    while (i < 4 && part > steps[i]) i++;
    return (float)ldexp(i < 4 ? steps[i] : 1, exponent);
}

/* Of each output channel: what a code of 1 means. whole: the same for all. */
static void find_scales(const nas_weight *w, const float *at, bool whole, float *scales) {
    float largest = 0;
    for (int32_t c = 0; c < w->cols; c++) {
        float most = 0;
        for (int32_t r = 0; r < w->rows; r++)
            most = fmaxf(most, fabsf(at[(size_t)r * (size_t)w->stride + (size_t)c]));
        largest = fmaxf(largest, most);
        scales[c] = quarter_above(nas_code_scale(most));
    }
    for (int32_t c = 0; whole && c < w->cols; c++)
        scales[c] = quarter_above(nas_code_scale(largest));
}

static nas_status cluster_kernel(const clusterer *k, nas_node *node, uint32_t number) {
    nas_weight *w = &node->weights[0];
    group g = {.w = w, .at = nas_node_param(node, 0, k->net), .kernel = number};
    const size_t n = nas_weight_count(w);
    for (size_t i = 0; i < n; i++)
        if (!isfinite(g.at[nas_weight_place(w, i)]))
            return nas_fail(k->err, NAS_EINVAL, "cluster: %s has weights that are not finite",
                            node->label);
    if (k->scales != NAS_CLUSTER_UNSCALED) {
        const bool whole = nas_shares_scale(node) && k->scales != NAS_CLUSTER_DENSE_BY_CHANNEL;
        NAS_TRY(nas_net_give_scales(k->net, w, k->err));
        find_scales(w, g.at, whole, w->coding.scales);
        g.scales = w->coding.scales;
    }
    w->coding.clusters = k->config->clusters;
    w->coding.by_channel = k->config->scope == 1;
    double *v = malloc(n * sizeof *v);
    if (!v) return nas_fail(k->err, NAS_ENOMEM, "cluster: out of memory");
    const int32_t wide = w->coding.by_channel ? 1 : w->cols;
    for (g.first = 0; g.first < w->cols; g.first = g.end) {
        g.end = g.first + wide;
        cluster_group(k, &g, v);
    }
    free(v);
    return NAS_OK;
}

nas_status nas_cluster_net(nas_net *net, const nas_cluster_config *config,
                           nas_cluster_scales scales, uint64_t seed, uint32_t replicate,
                           nas_err *err) {
    const clusterer k = {config, net, scales, seed, replicate, err};
    uint32_t number = 0;
    if (config->clusters < 2 || config->clusters > NAS_MAX_CLUSTERS)
        return nas_fail(err, NAS_EINVAL, "cluster: %d clusters", config->clusters);
    NAS_TRY(nas_check_folded(net, "cluster", err));
    for (int32_t i = 0; i < net->nodes.n; i++) {
        nas_node *node = &net->nodes.v[i];
        if (!node->ops->has_kernel) continue;
        number++;
        if (nas_weight_count(&node->weights[0]) < NAS_LEAST_KERNEL) continue;
        if (nas_is_depthwise(node) && !config->depthwise) continue;
        NAS_TRY(cluster_kernel(&k, node, number));
    }
    net->ready = false;
    return NAS_OK;
}
