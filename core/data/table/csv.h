/* core/data/table/csv.h - tables of text with one header line (RFC 4180): the delimiter (comma,
 * semicolon, tab or bar), quotes, line ends, a byte-order mark, the encoding of the header, the
 * decimal sign and gzip are recognised.
 * Thread safety: no shared state; a table that was read may be read by several threads. */
#ifndef NAS_CORE_DATA_TABLE_CSV_H
#define NAS_CORE_DATA_TABLE_CSV_H

#include "base/arena.h"
#include "base/hash.h"

#include <stdbool.h>
#include <stdint.h>

typedef struct nas_csv nas_csv;

/* Reads the file once, unpacks it where it is gzip, and reads its header. Rows of nothing but
 * delimiters at the end are no rows. Owner: the caller closes it. Errors: NAS_ENOTFOUND, NAS_EIO;
 * NAS_EFORMAT an empty file, one of 2 GiB or more, what is no table of text (named for what it is).
 */
NAS_NODISCARD nas_status nas_csv_open(const char *path, nas_csv **out, nas_err *err);
void nas_csv_close(nas_csv *c);

/* Of the bytes that were read. */
nas_hash nas_csv_hash(const nas_csv *c);
int32_t nas_csv_columns(const nas_csv *c);
/* The name in UTF-8, whatever the file's encoding: without it being UTF-8 it is read as Latin-1. */
const char *nas_csv_name(const nas_csv *c, int32_t column);
/* The first of that name; -1: there is none. */
int32_t nas_csv_find(const nas_csv *c, const char *name);
/* Lines that may be rows: an upper bound of their number. */
int64_t nas_csv_lines(const nas_csv *c);

/* Rows of nothing but delimiters at the end, and the line of the first. */
int64_t nas_csv_empty_rows(const nas_csv *c, int64_t *line);

/* One cell, without its quotes; not followed by a NUL. */
typedef struct nas_cell {
    const char *p;
    int32_t n;
} nas_cell;

/* A cell's text in UTF-8, blanks around it left out; what is no UTF-8 is read as Latin-1. Owner:
 * arena a. NULL: out of memory. */
const char *nas_csv_text(nas_arena *a, nas_cell cell, nas_err *err);

/* Is a cell this text of UTF-8? The cell is read as nas_csv_text has it, with its blanks. */
bool nas_csv_is(nas_cell cell, const char *text);

/* The rows in turn; empty lines are none. Cells of the columns wanted[0 .. n) go to cells[0 .. n);
 * line is that of the file, from 1. Stops at the first error that row returns. Errors: NAS_EFORMAT
 * a row with another number of cells than the header, an open quote. */
typedef nas_status (*nas_csv_fn)(void *ctx, int64_t line, const nas_cell *cells, nas_err *err);
NAS_NODISCARD nas_status nas_csv_read(const nas_csv *c, int32_t n, const int32_t *wanted,
                                      nas_csv_fn row, void *ctx, nas_err *err);

/* Which sign numbers have before their fraction. */
typedef enum nas_decimal { NAS_DECIMAL_AUTO, NAS_DECIMAL_POINT, NAS_DECIMAL_COMMA } nas_decimal;

/* Finds the decimal sign of the cells of columns[0 .. n) in the whole file: one file has one, and
 * the other of point and comma then parts thousands. auto is what task.decimal says. Errors: those
 * of nas_csv_read; NAS_EFORMAT both are decimal signs, or it cannot be told, with the places. */
NAS_NODISCARD nas_status nas_csv_find_decimal(nas_csv *c, int32_t n, const int32_t *columns,
                                              nas_decimal given, nas_err *err);

/* The number that a cell holds, blanks around it left out. Thousands may be parted by the sign of
 * point and comma that is not the decimal one (which is the point where commas delimit cells, until
 * nas_csv_find_decimal has looked), by a blank or an apostrophe. false: it is no finite number. */
bool nas_csv_number(const nas_csv *c, nas_cell cell, double *out);

/* Is the decimal sign a comma? */
bool nas_csv_comma(const nas_csv *c);

/* Is a cell that is no number one but for its writing: a unit or percent sign behind it, a typeset
 * minus, brackets, another decimal sign? Its number goes to core, as it should be written. */
bool nas_csv_almost(const nas_csv *c, nas_cell cell, char core[64]);

#endif
