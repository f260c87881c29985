/* core/data/table/series.h - columns of a table over time, and windows of them: `window` rows of
 * inputs, and the `horizon` rows of targets that follow. Windows are views: an index of their first
 * row.
 * Thread safety: no shared state; a series that was read may be read by several threads. */
#ifndef NAS_CORE_DATA_TABLE_SERIES_H
#define NAS_CORE_DATA_TABLE_SERIES_H

#include "base/hash.h"
#include "base/log.h"
#include "core/data/table/numbers.h"
#include "core/data/table/times.h"

enum { NAS_TARGETS_MOST = 8, NAS_INPUTS_MOST = 256, NAS_TIME_PARTS = 6 };

/* Inputs that are made of the time: of the day and of the year, in this order. */
extern const char *const nas_series_derived[]; /* hour_sin, hour_cos, year_sin, year_cos, NULL */

typedef struct nas_series_config {
    int32_t n_inputs, n_targets;
    const char *const *inputs;  /* columns, or derived */
    const char *const *targets; /* columns */
    const char *const *names;   /* of the targets: "temperature" */
    int32_t n_time;             /* columns that hold the time; 0: it is not read */
    const char *time[NAS_TIME_PARTS];
    const char *time_format; /* of their cells with a blank between each two; NULL: the columns are
                                year, month, day, hour, ... */
    double tolerance;        /* seconds that a step may differ from the usual one; 0: none */
    const char *group;       /* the column that says whose row it is; NULL: all are one series */
    int32_t season;          /* rows until things repeat; below 1: a day where the time is read */
    int32_t missing;         /* nas_missing; what follows goes with it */
    int32_t missing_longest, n_none;
    const nas_none *none;
    int32_t decimal; /* nas_decimal */
    int32_t window, horizon;
} nas_series_config;

/* A target of the row was not measured; a value of it was made of one that comes later. */
typedef enum nas_filled { NAS_FILLED_TARGET = 1, NAS_FILLED_AHEAD = 2 } nas_filled;

typedef struct nas_series {
    nas_arena *arena;
    const char *path;
    nas_series_config config; /* borrowed */
    int32_t rows;             /* those of a group stand together */
    const float *inputs;      /* [rows][n_inputs], in the units of the file, less input_base */
    const float *targets;     /* [rows][n_targets], the same */
    /* What float32 could not hold: the middle of a column's range, of a counter of 48,123,456.7;
     * 0 for other columns. NULL: all are 0. */
    const double *input_base, *target_base; /* [n_inputs], [n_targets] */
    const uint8_t *filled;                  /* [rows] of nas_filled; NULL: nothing was */
    const int32_t *line;                    /* [rows] of the file */
    const int64_t *time;        /* [rows] microseconds since 1970; NULL: the time is not read */
    const int32_t *run;         /* [rows]: rows of one number follow each other without a break */
    const int32_t *season;      /* [rows]: the row one season before; -1: it is not there or lacks a
                                   value. NULL: no season is known */
    int32_t n_groups;           /* at least 1 */
    const int32_t *group_begin; /* [n_groups + 1] rows */
    const char *const *group_name; /* [n_groups]; NULL without groups */
    nas_hash hash;                 /* of names and values */
    nas_hash file;                 /* of the bytes that were read */
    int64_t dropped;
    int64_t gaps, irregular, repeats; /* steps longer than the usual one, shorter, of 0 or back */
    int64_t step;                     /* microseconds of the usual one; 0: the time is not read */
    int64_t jitter; /* the tolerance that would make most odd steps even; 0: none would */
} nas_series;

/* Owner: the caller closes it. Errors: those of nas_csv_open; NAS_EINVAL a column that is not
 * there; NAS_EFORMAT a cell that is no number, a time that does not fit its format or goes back
 * within a group. */
NAS_NODISCARD nas_status nas_series_open(const char *path, const nas_series_config *config,
                                         const nas_log *log, nas_series **out, nas_err *err);
void nas_series_close(nas_series *s);

/* Rows [begin[i], end[i]) of a series, rising; of a part those of each group. */
typedef struct nas_spans {
    int32_t n;
    const int32_t *begin, *end; /* [n] */
} nas_spans;

/* All windows whose rows, inputs and targets, lie in one span without a break, whose
 * targets were all measured, and whose last row sees nothing that was made of them.
 * Owner: arena a. Errors: NAS_ENOMEM. */
typedef struct nas_windows {
    int32_t n;
    const int32_t *first; /* [n], rising */
} nas_windows;
NAS_NODISCARD nas_status nas_windows_in(const nas_series *s, const nas_spans *of, nas_arena *a,
                                        nas_windows *out, nas_err *err);
/* Those of [begin, end). Errors: NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_windows_find(const nas_series *s, int32_t begin, int32_t end,
                                          nas_arena *a, nas_windows *out, nas_err *err);

/* Mean and deviation (of the population) of each column over the usable rows of spans.
 * Shape: [n_inputs], [n_targets], in the file's units, means less the bases. Errors:
 * NAS_EINVAL a constant column. */
typedef struct nas_scaling {
    const float *mean, *deviation;               /* of the inputs */
    const float *target_mean, *target_deviation; /* of the targets */
} nas_scaling;
NAS_NODISCARD nas_status nas_scaling_in(const nas_series *s, const nas_spans *of, nas_arena *a,
                                        nas_scaling *out, nas_err *err);
/* Over [begin, end). Errors: those of nas_scaling_in. */
NAS_NODISCARD nas_status nas_scaling_find(const nas_series *s, int32_t begin, int32_t end,
                                          nas_arena *a, nas_scaling *out, nas_err *err);

/* (v - mean) / deviation of each column. Shape: from and to [rows][n]. */
void nas_scaling_apply(const float *mean, const float *deviation, int32_t rows, int32_t n,
                       const float *from, float *to);

/* The linear forecast: targets of the horizon as an affine function of the window's inputs, by
 * least squares on windows of standardised values (normal equations, Cholesky, doubles; of long
 * windows every few are taken). *weights: [horizon * n_targets][window * n_inputs + 1], the last is
 * the constant; NULL where the equations have no one solution. Owner: arena a. Errors: NAS_ESTOP.
 */
NAS_NODISCARD nas_status nas_linear_fit(const nas_series *s, const nas_windows *w, const float *x,
                                        const float *y, const nas_log *log, nas_arena *a,
                                        const double **weights, nas_err *err);

enum { NAS_SERIES_VERSION = 2 };

#endif
