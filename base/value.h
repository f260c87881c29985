/* base/value.h - the value of one column of one trial.
 * Thread safety: all are functions of their arguments. */
#ifndef NAS_BASE_VALUE_H
#define NAS_BASE_VALUE_H

#include <math.h>
#include <stdbool.h>
#include <stdint.h>

typedef enum nas_column_type {
    NAS_COLUMN_INTEGER,
    NAS_COLUMN_REAL,
    NAS_COLUMN_TEXT,
    NAS_COLUMN_BLOB /* only in query results; text is NULL, integer its length */
} nas_column_type;

/* Bool is INTEGER 0 or 1. */
typedef struct nas_value {
    bool is_null;
    nas_column_type type;
    int64_t integer;
    double real;
    const char *text; /* borrowed */
} nas_value;

/* NaN: it is no number. */
static inline double nas_value_real(const nas_value *v) {
    if (v->is_null || v->type == NAS_COLUMN_TEXT || v->type == NAS_COLUMN_BLOB) return (double)NAN;
    return v->type == NAS_COLUMN_REAL ? v->real : (double)v->integer;
}

/* A column of a study's table: a choice or a metric. */
typedef struct nas_column {
    const char *name; /* an SQL name: letters, digits, underscores */
    nas_column_type type;
} nas_column;

#endif
