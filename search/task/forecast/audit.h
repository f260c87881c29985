/* search/task/forecast/audit.h - what was read of a table.
 * Thread safety: no shared state; one thread at a time for each dataset. */
#ifndef NAS_SEARCH_TASK_FORECAST_AUDIT_H
#define NAS_SEARCH_TASK_FORECAST_AUDIT_H

#include "search/task/dataset.h"

/* A table: what was read of it, column by column, without rows that are in no window. */
typedef struct nas_audit_column {
    const char *name;
    bool target;
    double least, mean, most, deviation;
} nas_audit_column;

typedef struct nas_audit_table {
    int32_t rows, runs; /* runs: stretches without a break */
    int64_t dropped, gaps, irregular, repeats;
    double step_seconds; /* of the usual step; 0: the time is not read */
    int32_t groups;      /* 1 where no column says whose row it is */
    int32_t windows[NAS_PARTS];
    int32_t n;
    nas_audit_column *columns; /* inputs, then targets */
} nas_audit_table;

/* *out: NULL where d is of no table. Owner: arena a. Errors: NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_audit_series(const nas_dataset *d, nas_arena *a,
                                          const nas_audit_table **out, nas_err *err);

#endif
