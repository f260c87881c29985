/* core/data/table/numbers.h - columns of numbers on their way from a table to a series: in doubles,
 * with what is missing, filled or suspicious counted and said.
 * Thread safety: no shared state; one thread at a time for each table. */
#ifndef NAS_CORE_DATA_TABLE_NUMBERS_H
#define NAS_CORE_DATA_TABLE_NUMBERS_H

#include "base/log.h"
#include "core/data/table/csv.h"

/* What becomes of a cell that holds no number. */
typedef enum nas_missing {
    NAS_MISSING_ERROR,
    NAS_MISSING_DROP,        /* no window holds its row */
    NAS_MISSING_PREVIOUS,    /* the number before it; rows of longer gaps are dropped */
    NAS_MISSING_INTERPOLATE, /* on the line between its neighbours; the same */
} nas_missing;

/* A number that stands for none, in a column (NULL: in all). */
typedef struct nas_none {
    const char *column;
    double value;
} nas_none;

typedef struct nas_missing_config {
    nas_missing how;
    int32_t longest; /* rows that are filled between two numbers */
    int32_t n_none;
    const nas_none *none;
} nas_missing_config;

typedef struct nas_number_column {
    const char *name;
    double *v;                /* [rows]; NaN: it is missing */
    uint8_t *filled;          /* [rows]; NULL: none is */
    double base;              /* float32 holds v - base well enough; 0 where it holds v */
    bool odd;                 /* some values lie far from all others */
    int64_t missing, first;   /* cells that hold no number, and the line of the first */
    int64_t none, none_first; /* those of them that the space names */
    int64_t almost, almost_first;
    char almost_cell[48], almost_core[64];
} nas_number_column;

/* Columns of one table. Owner: nas_numbers_close. */
typedef struct nas_numbers {
    const nas_csv *csv;
    const char *path;
    const nas_missing_config *missing;
    int32_t n, rows, room;
    nas_number_column *column;
    const int32_t *line; /* [rows] of the file; whoever opens it lends it */
} nas_numbers;

/* Of at most `columns` columns and `room` rows. Borrows csv and path. Errors: NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_numbers_open(const nas_csv *csv, const char *path,
                                          const nas_missing_config *missing, int32_t columns,
                                          int32_t room, nas_numbers *out, nas_err *err);
void nas_numbers_close(nas_numbers *s);
/* One more column; its index, or -1: out of memory. */
int32_t nas_numbers_add(nas_numbers *s, const char *name, nas_err *err);

/* The cell of the column in row s->rows; whoever calls counts the rows. Errors: NAS_EFORMAT it is
 * no number where that is an error, or too large. */
NAS_NODISCARD nas_status nas_numbers_take(nas_numbers *s, int32_t column, int64_t line,
                                          nas_cell cell, nas_err *err);

/* After the last row: warns of numbers that look like none, fills gaps within runs (rows of one
 * number of run[] follow each other without a break in time), and finds bases. Errors: NAS_ENOMEM.
 */
NAS_NODISCARD nas_status nas_numbers_finish(nas_numbers *s, const int32_t *run, const nas_log *log,
                                            nas_err *err);

/* Warns where a few equal values lie far from all others (numbers_odd.c). Errors: NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_numbers_warn_of_odd(nas_numbers *s, const nas_log *log, nas_err *err);

#endif
