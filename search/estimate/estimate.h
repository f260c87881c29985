/* search/estimate/estimate.h - what may be said of a figure that was estimated from examples which
 * come in groups (speakers, days, subjects): its bound, the claim for the best of many, two models
 * compared. Groups are what is drawn. All draws are a function of (seed, number of groups): of two
 * models, or of all trials of a study, they are the same. docs/PROMISE.md says it in words.
 * Thread safety: no shared state; distinct estimates may be made by distinct threads. */
#ifndef NAS_SEARCH_ESTIMATE_ESTIMATE_H
#define NAS_SEARCH_ESTIMATE_ESTIMATE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    NAS_BOUND_DRAWS = 1000,
    /* Below as many groups a bound is not to be relied on. Groups are counted as if they were of
     * one size: (sum n)^2 / sum n^2, so that a very large one does not hide that others are few. */
    NAS_BOUND_FEW = 8
};

/* How a bound is made. */
typedef struct nas_bound_rule {
    double confidence; /* one-sided, in (0.5, 1): 0.95; an end of a two-sided interval 0.975 */
    int32_t draws;     /* NAS_BOUND_DRAWS */
    uint64_t seed;
} nas_bound_rule;

/* ---- examples and groups ---- */

/* Examples without groups are a group each. The order of groups decides which are drawn. */
typedef struct nas_groups {
    int32_t groups;   /* at least 1 */
    const int32_t *n; /* [groups] examples of each, at least 1 */
} nas_groups;

/* Bit i % 8 of byte i / 8 says whether example i was right; group[i] in [0, groups), NULL: example
 * i is group i. Fills right[groups] and, where it is not NULL, n[groups]. */
void nas_outcomes_count(const uint8_t *bits, const int32_t *group, int64_t examples, int32_t groups,
                        int32_t *right, int32_t *n);
/* The same of two models: how often only one of them was right, into only_a[groups] and
 * only_b[groups]. */
void nas_outcomes_differ(const uint8_t *a, const uint8_t *b, const int32_t *group, int64_t examples,
                         int32_t groups, int32_t *only_a, int32_t *only_b);

/* ---- one model ---- */

typedef struct nas_accuracy {
    int64_t n, right;
    int32_t groups;
    bool few; /* NAS_BOUND_FEW */
    double accuracy;
    double lo, hi; /* each one-sided; errors have 1 - lo as their upper end */
    double deff;   /* design effect, at least 1: n / deff independent examples would say as much */
    double wilson_lo, wilson_hi;       /* lo is the lower of the two, hi the higher */
    double bootstrap_lo, bootstrap_hi; /* they bound nothing where all groups are alike */
} nas_accuracy;

/* Bounds of the accuracy over the population that groups come from; right[groups].
 * bootstrap: percentile of a ratio of sums over groups drawn with replacement, as many as there are
 * (Davison and Hinkley, Bootstrap Methods, 1997, section 3.8), the level expanded for few groups
 * (Hesterberg, What Teachers Should Know About the Bootstrap, The American Statistician 69, 2015).
 * wilson: Wilson's (1927) score bound for n / deff examples, with Student's quantile for groups
 * that are counted as for NAS_BOUND_FEW. deff is the variance of a ratio over groups (Cochran,
 * Sampling Techniques, 1977, section 2.11) beside that of independent examples. Few errors say
 * little of it, none nothing: it is drawn towards 1 + rho (m - 1), m = sum n^2 / sum n (Kish,
 * Survey Sampling, 1965), as if that were known from four errors; rho = 0.02 is a choice, by
 * simulation. Errors: NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_accuracy_bound(const nas_groups *g, const int32_t *right,
                                            const nas_bound_rule *rule, nas_accuracy *out,
                                            nas_err *err);

/* Ends of Wilson's interval of p from n examples (n need not be whole); z: normal quantile. */
double nas_wilson_lo(double p, double n, double z);
double nas_wilson_hi(double p, double n, double z);

/* The least number of examples with which nas_wilson_lo lies above the bound, if p and deff stay,
 * with the normal quantile; 0: p is not above it, or more than 2^53 are needed. */
int64_t nas_examples_needed(double p, double bound, double deff, double confidence);

double nas_normal_mass(double x);     /* P(Z < x) */
double nas_normal_quantile(double q); /* 0 < q < 1 */

/* ---- recalls of classes ---- */

/* Counts by group and class. */
typedef struct nas_class_groups {
    int32_t groups, classes;
    const int32_t *n, *right; /* [groups][classes]; each group has examples */
} nas_class_groups;

/* Classes without examples count for nothing. */
typedef struct nas_recalls {
    int32_t classes;   /* that have examples */
    int32_t commonest; /* the first of those with the most */
    double majority;   /* its share of all examples: the accuracy of who always answers it */
    double balanced;   /* mean of the recalls */
    double worst;      /* the lowest */
    double balanced_lo, worst_lo;
} nas_recalls;

/* Lower ends, one-sided, as in nas_accuracy_bound: the lower of a percentile of draws of groups and
 * of Wilson's bound. Of the mean, Wilson's is for K^2 / (sum of 1/n) / deff examples, n those of
 * each of K classes. worst_lo is the lowest of the classes' own ends: it lies above the lowest
 * recall of the population no more often than the end of that one class does. With one class both
 * are those of the accuracy. Errors: NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_recall_bounds(const nas_class_groups *g, const nas_bound_rule *rule,
                                           nas_recalls *out, nas_err *err);

/* ---- the best of many ---- */

/* Outcomes of all complete trials on the same examples, and how the winner is picked among them. */
typedef struct nas_contest {
    const nas_groups *groups;
    int32_t trials;       /* at least 1 */
    const int32_t *right; /* [trials][groups] */
    const bool *feasible; /* [trials] may be picked at all; NULL: all. At least one is true. */
    const int32_t *rank;  /* [trials] the lowest is picked of equals; NULL: the trial's number */
    const double *need; /* NULL: the highest accuracy is picked. [trials]: the lowest rank of those
                           whose accuracy is at least this, where there is none the least short of
                           it. (Smallest file with accuracy_lo > bound: rank by bytes, need =
                           bound + accuracy - accuracy_lo.) */
} nas_contest;

typedef struct nas_winner_claim {
    int32_t winner;   /* the rule on all groups */
    bool few;         /* NAS_BOUND_FEW */
    double observed;  /* the winner's accuracy: the best of many, so flattering */
    double claimed;   /* what it is expected to be on other groups; never above observed */
    double optimism;  /* observed - claimed */
    double lo;        /* one-sided end at rule->confidence */
    double low, high; /* two-sided interval, 95 % whatever the rule says */
    double deff;      /* mean of those that are picked, by how often */
    double meets; /* probability that the accuracy is at least `bound`: the confidence at which lo
                     would be the bound */
} nas_winner_claim;

/* Bootstrap bias correction (BBC-CV of Tsamardinos, Greasidou, Borboudakis, Bootstrapping the
 * out-of-sample predictions for efficient and accurate cross-validation, Machine Learning 107,
 * 2018), with groups drawn: the rule picks on the drawn groups, the pick is scored on the others.
 * optimism = mean of (score of the winner - score of the pick, both on the others), which has the
 * same mean as theirs and less noise of drawing: a winner that is always picked keeps its figure.
 * With `need`: mean of (accuracy of the pick - its score), because there another pick may be
 * better. lo, low: the bounds of nas_accuracy_bound moved down by the optimism, Wilson's about the
 * claimed figure. high: the bound of the observed figure. docs/PROMISE.md says why. bound NaN:
 * meets is NaN. wins (may be NULL): [trials] share of draws in which each is picked, the caller's.
 * Time grows with draws x groups x trials. Errors: NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_claim_winner(const nas_contest *c, const nas_bound_rule *rule,
                                          double bound, nas_winner_claim *out, double *wins,
                                          nas_err *err);

/* ---- two models ---- */

typedef struct nas_pair_difference {
    int64_t n, only_a, only_b; /* examples; those that only one model had right */
    int32_t groups;
    bool few;          /* NAS_BOUND_FEW */
    double difference; /* accuracy of a - accuracy of b */
    double lo, hi;     /* two-sided 95 % */
    double p;          /* two-sided, of no difference: below 0.05 where 0 lies outside (lo, hi) */
    double mcnemar_p;  /* as if all examples were independent */
} nas_pair_difference;

/* Student's t with groups - 1 degrees of freedom on the ratio over groups (Cochran 1977, section
 * 2.11), its variance never below that of independent examples. Where no example tells the models
 * apart: 0 in [0, 0], p = 1. One group: lo and hi are -1 and 1, p = 1. mcnemar_p: exact, by the
 * binomial distribution (McNemar 1947; Edwards 1948). */
void nas_pair_compare(const nas_groups *g, const int32_t *only_a, const int32_t *only_b,
                      nas_pair_difference *out);

/* ---- forecasts ---- */

/* Sums over blocks of time (days, weeks): a row of targets for each block. */
typedef struct nas_error_blocks {
    int32_t blocks, targets;
    const int64_t *n;          /* [blocks] forecasts of each target; at least 1 */
    const double *error;       /* [blocks][targets] sum of |error|, in units of the target */
    const double *naive_error; /* [blocks][targets] sum of |error of the naive forecast|; NULL: no
                                  skill is asked for */
} nas_error_blocks;

typedef struct nas_error_bound {
    double mae, mae_hi;     /* mean absolute error, its upper end */
    double skill, skill_lo; /* 1 - sum of error / sum of naive_error; NaN without naive errors */
} nas_error_bound;

/* out[targets + 1]: the last one has the means of the skills over targets, and of the errors (which
 * mean something where targets have one unit). Percentiles as in nas_accuracy_bound, over blocks
 * drawn with replacement; a block should be longer than what it remembers. *few:
 * NAS_BOUND_FEW, of blocks. Errors: NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_error_bounds(const nas_error_blocks *b, const nas_bound_rule *rule,
                                          nas_error_bound *out, bool *few, nas_err *err);

#endif
