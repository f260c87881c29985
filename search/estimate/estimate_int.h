/* search/estimate/estimate_int.h - draws of groups and percentiles, for search/estimate*.c.
 * Thread safety: no shared state; distinct estimates may be made by distinct threads. */
#ifndef NAS_SEARCH_ESTIMATE_ESTIMATE_INT_H
#define NAS_SEARCH_ESTIMATE_ESTIMATE_INT_H

#include "search/estimate/estimate.h"

/* How often each of the groups is drawn: times[groups] sums to groups. */
void nas_groups_draw(uint64_t seed, int32_t draw, int32_t groups, int32_t *times);

/* As many groups of equal size would say as much of a mean over groups (Kish, Survey Sampling,
 * 1965): sum^2 / squares, rounded down, at least 2 where there are 2. sum: of n, squares: of n^2.
 */
int32_t nas_groups_like(int32_t groups, double sum, double squares);
int32_t nas_groups_equal(const nas_groups *g); /* of their examples */

/* Hesterberg's level: percentiles of draws of few groups are too narrow at the level itself. like:
 * nas_groups_like. */
double nas_tail_expand(double tail, int32_t like);
double nas_tail_shrink(double tail, int32_t like); /* the way back */
/* Student's quantile for that tail; of one group the normal one. */
double nas_tail_quantile(double tail, int32_t like);

void nas_doubles_sort(double *v, int32_t n);
/* Of sorted v[n], between neighbours by a straight line (NumPy's default), and the way back: the
 * share that lies below x. */
double nas_percentile(const double *v, int32_t n, double share);
double nas_share_below(const double *v, int32_t n, double x);

/* right[groups] of g->n; n and right in all must be filled in out, deff is. */
void nas_deff_estimate(const nas_groups *g, const int32_t *right, nas_accuracy *out);
/* A design effect that was found, drawn towards the one that is supposed of such groups. */
double nas_deff_shrink(const nas_groups *g, double found, int64_t n, int64_t right);

#endif
