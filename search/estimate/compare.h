/* search/estimate/compare.h - what each setting does, from trials that differ in it alone.
 * Thread safety: no shared state; one thread at a time for each comparison. */
#ifndef NAS_SEARCH_ESTIMATE_COMPARE_H
#define NAS_SEARCH_ESTIMATE_COMPARE_H

#include "base/arena.h"
#include "base/value.h"

#include <stdbool.h>
#include <stdint.h>

enum { NAS_COMPARE_METRICS = 8 };

/* Complete trials: settings and metrics. */
typedef struct nas_compare_table {
    int32_t rows, params, metrics; /* metrics: at most NAS_COMPARE_METRICS */
    const nas_value *param;        /* [rows][params]; NULL: the trial does not have it */
    const double *metric;          /* [rows][metrics]; NaN: not known */
    const bool *ratio;             /* [metrics] compared by quotients (bytes, times, counts), else
                                      by differences */
    const bool *size;              /* [metrics] changes are told from the side where the product of
                                      these quotients is larger */
} nas_compare_table;

/* Mean of paired differences, or geometric mean of paired quotients, and its 95 % interval by
 * Student's t (lo and hi NaN below two pairs). Quotients leave out pairs that are not both above 0.
 */
typedef struct nas_paired {
    int32_t pairs;
    double mean, lo, hi;
} nas_paired;

/* Two levels of a parameter. A level is a value with the settings that exist only under it: of
 * prune = {..., "to": 0.7} all of them; rows name an example of either side. */
typedef struct nas_contrast {
    int32_t param;
    int32_t from, to; /* rows */
    bool from_base;   /* `from` is the level that all changes of the parameter are told from */
    int32_t pairs;
    nas_paired by[NAS_COMPARE_METRICS];
} nas_contrast;

/* Two rows are neighbours in a parameter when it differs, and every other one is equal or exists on
 * one side only. Contrasts stand in the order of the parameters; those from the base level first.
 * Owner: arena a. Time grows with the square of the rows. Errors: NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_compare_trials(const nas_compare_table *t, nas_arena *a,
                                            nas_contrast **out, int32_t *n, nas_err *err);

bool nas_value_equal(const nas_value *a, const nas_value *b);

/* The mean of values[n] with its 95 % interval. */
nas_paired nas_paired_mean(const double *values, int32_t n);
/* The q-quantile (0.5 < q < 1) of Student's t with that many degrees of freedom, to 1e-10:
 * bisection of the series of Abramowitz and Stegun 26.7.3 and 26.7.4. */
double nas_student_quantile(double q, int32_t degrees);
double nas_student_central(double t, int32_t degrees); /* P(-t < T < t), by the same series */

#endif
