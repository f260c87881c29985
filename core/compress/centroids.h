/* core/compress/centroids.h - k-means on a line: values in rising order, centroids too.
 * Thread safety: all are functions of their arguments. */
#ifndef NAS_CORE_COMPRESS_CENTROIDS_H
#define NAS_CORE_COMPRESS_CENTROIDS_H

#include "base/rng.h"
#include "core/compress/cluster.h"

enum { NAS_MAX_CLUSTERS = 256 };

typedef struct nas_centroid {
    double at;
    bool fixed; /* stays where it is */
} nas_centroid;

typedef struct nas_centroids {
    int32_t n;
    nas_centroid v[NAS_MAX_CLUSTERS];
} nas_centroids;

/* Adds at most k centroids for values [n], in the order of their places. As many distinct values or
 * fewer become centroids themselves. linear: at equal distances from the least to the largest.
 * density: at equal steps of the cumulative distribution (Han, Mao and Dally 2016, section 3.2).
 * kmeans++: Arthur and Vassilvitskii 2007, section 2.2, drawn from rng. */
void nas_centroids_add(nas_centroids *c, int32_t k, nas_cluster_init init, const double *values,
                       size_t n, nas_rng *rng);

/* One iteration of Lloyd's: each value goes to its nearest centroid (the lower of two), each
 * centroid to the mean of its values; one without any goes to the value farthest from its own.
 * *moved says whether any did. Returns the sum of squared distances before they did, which no
 * iteration raises.
 */
double nas_centroids_move(nas_centroids *c, const double *values, size_t n, bool *moved);

/* Iterates until nothing moves, at most 300 times. */
void nas_centroids_settle(nas_centroids *c, const double *values, size_t n);

/* The nearest centroid, the lower of two. */
int32_t nas_centroids_find(const nas_centroids *c, double value);

#endif
