/* core/data/table/series_int.h - what the parts of the reader of series know of each other.
 * Thread safety: no shared state; one thread at a time for each reader. */
#ifndef NAS_CORE_DATA_TABLE_SERIES_INT_H
#define NAS_CORE_DATA_TABLE_SERIES_INT_H

#include "core/data/table/series.h"
#include "core/data/table/words.h"

/* A series while it is read: rows in the order of the file. */
typedef struct nas_draft {
    float *inputs, *targets; /* [rows][n_inputs], [rows][n_targets] */
    uint8_t *broken;         /* [rows]: a value is missing */
    int32_t *line;           /* [rows] of the file */
    int64_t *time;           /* [rows] microseconds; NULL: not read */
    int32_t *group;          /* [rows] numbers of words; NULL: there are no groups */
    nas_words groups;
    nas_numbers *numbers;         /* columns, in the order of the rows */
    const int32_t *input_number;  /* [n_inputs] of them; -1: it is made of words or the time */
    const int32_t *target_number; /* [n_targets] */
} nas_draft;

/* The time that a row's cells say. false: why has room for 256 bytes and gets the reason, *cell the
 * place in cells[0 .. n_time) that is at fault, -1: all of them. */
bool nas_series_time(const nas_series_config *k, const nas_csv *csv, const nas_cell *cells,
                     nas_instant *out, int32_t *cell, char *why);

/* Brings the rows of a group together, in the order of the file, groups in that of their names, and
 * fills s->group_begin, group_name. Errors: NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_series_group(nas_series *s, nas_draft *d, nas_err *err);

/* Fills s->step, run, gaps, ..., says what breaks there are. Errors: NAS_EFORMAT the time of a
 * group goes back, but for an hour at the end of summer time, or rows of several groups are mixed.
 */
NAS_NODISCARD nas_status nas_series_order(nas_series *s, const nas_csv *csv, nas_draft *d,
                                          const nas_log *log, nas_err *err);

/* A column whose words part the rows so that the time rises within each of them; the one with the
 * fewest words. Where the time has no hours, also one that looks like the clock. Errors:
 * NAS_ENOMEM, those of reading the file again. */
typedef struct nas_explained {
    const char *column; /* NULL: there is none */
    int32_t words;
    bool clock; /* it holds a time of day */
} nas_explained;
NAS_NODISCARD nas_status nas_series_explain(const nas_series *s, const nas_csv *csv,
                                            const nas_draft *d, nas_explained *out, nas_err *err);

/* Finishes the numbers and moves them into the rows; rows that lack a value then are runs of their
 * own, and what that leaves is said. Errors: those of nas_numbers_finish. */
NAS_NODISCARD nas_status nas_series_place(nas_series *s, nas_draft *d, const nas_log *log,
                                          nas_err *err);

/* Fills s->season; warns where task.season finds no row. Errors: NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_series_find_season(nas_series *s, const nas_draft *d,
                                                const nas_log *log, nas_err *err);

#endif
