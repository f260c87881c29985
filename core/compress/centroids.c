/* core/compress/centroids.c - k-means on a line. */
#include "core/compress/centroids.h"

#include <assert.h>
#include <math.h>

enum { MOST_ITERATIONS = 300 };

static void insert(nas_centroids *c, double at, bool fixed) {
    assert(c->n < NAS_MAX_CLUSTERS);
    int32_t i = c->n++;
    for (; i > 0 && c->v[i - 1].at > at; i--) c->v[i] = c->v[i - 1];
    c->v[i] = (nas_centroid){at, fixed};
}

static void take_out(nas_centroids *c, int32_t i) {
    for (c->n--; i < c->n; i++) c->v[i] = c->v[i + 1];
}

/* Adds each distinct value if there are at most k. */
static bool add_distinct(nas_centroids *c, int32_t k, const double *values, size_t n) {
    size_t distinct = n > 0;
    for (size_t i = 1; i < n; i++) distinct += values[i] != values[i - 1];
    if (distinct > (size_t)k) return false;
    for (size_t i = 0; i < n; i++)
        if (i == 0 || values[i] != values[i - 1]) insert(c, values[i], false);
    return true;
}

static double square(double v) {
    return v * v;
}

/* Squared distance to the nearest of those in own. */
static double distance(const nas_centroids *own, double value) {
    return square(value - own->v[nas_centroids_find(own, value)].at);
}

/* Each new centroid is a value, drawn with a chance in proportion to its squared distance. There
 * are more than k distinct values, so that one has a distance above 0. */
static void add_drawn(nas_centroids *c, int32_t k, const double *values, size_t n, nas_rng *rng) {
    nas_centroids own = {0};
    insert(&own, values[nas_rng_below(rng, n)], false);
    while (own.n < k) {
        double sum = 0;
        for (size_t i = 0; i < n; i++) sum += distance(&own, values[i]);
        double left = nas_rng_double(rng) * sum;
        size_t at = n;
        for (size_t i = 0; i < n && left >= 0; i++) {
            const double d = distance(&own, values[i]);
            if (d > 0) at = i;
            left -= d;
        }
        if (at == n) break; /* the squares are too small for a double */
        insert(&own, values[at], false);
    }
    for (int32_t i = 0; i < own.n; i++) insert(c, own.v[i].at, false);
}

void nas_centroids_add(nas_centroids *c, int32_t k, nas_cluster_init init, const double *values,
                       size_t n, nas_rng *rng) {
    if (k < 1 || add_distinct(c, k, values, n)) return;
    if (init == NAS_CLUSTER_KMEANS) {
        add_drawn(c, k, values, n, rng);
        return;
    }
    const double first = values[0], last = values[n - 1];
    for (int32_t j = 0; j < k; j++) {
        const double part = k > 1 ? (double)j / (k - 1) : 0.5;
        const size_t rank = (size_t)((j + 0.5) / k * (double)n);
        insert(c, init == NAS_CLUSTER_LINEAR ? first + part * (last - first) : values[rank], false);
    }
}

int32_t nas_centroids_find(const nas_centroids *c, double value) {
    int32_t lo = 0, hi = c->n - 1; /* the first whose middle to the next is not below value */
    while (lo < hi) {
        const int32_t i = (lo + hi) / 2;
        if (value - c->v[i].at <= c->v[i + 1].at - value)
            hi = i;
        else
            lo = i + 1;
    }
    return lo;
}

double nas_centroids_move(nas_centroids *c, const double *values, size_t n, bool *moved) {
    double sum[NAS_MAX_CLUSTERS] = {0}, error = 0, worst = 0;
    size_t count[NAS_MAX_CLUSTERS] = {0}, farthest = 0;
    int32_t at = 0, empty = -1;
    for (size_t i = 0; i < n; i++) {
        while (at + 1 < c->n && values[i] - c->v[at].at > c->v[at + 1].at - values[i]) at++;
        const double d = square(values[i] - c->v[at].at);
        error += d;
        if (d > worst) {
            worst = d;
            farthest = i;
        }
        sum[at] += values[i];
        count[at]++;
    }
    *moved = false;
    for (int32_t j = 0; j < c->n; j++) {
        if (c->v[j].fixed) continue;
        if (!count[j]) {
            empty = j;
            continue;
        }
        const double mean = sum[j] / (double)count[j];
        if (mean == c->v[j].at) continue;
        c->v[j].at = mean;
        *moved = true;
    }
    if (empty < 0 || !(worst > 0)) return error;
    take_out(c, empty);
    insert(c, values[farthest], false);
    *moved = true;
    return error;
}

void nas_centroids_settle(nas_centroids *c, const double *values, size_t n) {
    bool moved = c->n > 0;
    for (int i = 0; i < MOST_ITERATIONS && moved; i++)
        (void)nas_centroids_move(c, values, n, &moved);
}
