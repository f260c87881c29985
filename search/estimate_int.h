/* search/estimate_int.h - draws of groups and percentiles, for search/estimate*.c. */
#ifndef NAS_SEARCH_ESTIMATE_INT_H
#define NAS_SEARCH_ESTIMATE_INT_H

#include "search/estimate.h"

/* How often each of the groups is drawn: times[groups] sums to groups. */
void nas_groups_draw(uint64_t seed, int32_t draw, int32_t groups, int32_t *times);

/* Hesterberg's level: percentiles of draws of few groups are too narrow at the level itself. */
double nas_tail_expand(double tail, int32_t groups);
double nas_tail_shrink(double tail, int32_t groups); /* the way back */

void nas_doubles_sort(double *v, int32_t n);
/* Of sorted v[n], between neighbours by a straight line (NumPy's default), and the way back: the
 * share that lies below x. */
double nas_percentile(const double *v, int32_t n, double share);
double nas_share_below(const double *v, int32_t n, double x);

/* right[groups] of g->n; n and right in all must be filled in out, deff is. */
void nas_deff_estimate(const nas_groups *g, const int32_t *right, nas_accuracy *out);

#endif
