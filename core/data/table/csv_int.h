/* core/data/table/csv_int.h - what the parts of the CSV reader know of each other.
 * Thread safety: no shared state; one thread at a time for each reader. */
#ifndef NAS_CORE_DATA_TABLE_CSV_INT_H
#define NAS_CORE_DATA_TABLE_CSV_INT_H

#include "core/data/table/csv.h"

const char *nas_csv_path(const nas_csv *c);
char nas_csv_delimiter(const nas_csv *c);
bool nas_csv_quotes(const nas_csv *c); /* are there any? */
char nas_csv_decimal(const nas_csv *c);
void nas_csv_set_decimal(nas_csv *c, char sign);

/* Errors: NAS_EFORMAT p[0 .. n) is no table of text. */
NAS_NODISCARD nas_status nas_csv_refuse(const char *path, const char *p, size_t n, nas_err *err);

/* Bytes of the sign that parts thousands at p: of a decimal point the comma, and the reverse; a
 * blank, also in UTF-8 and Latin-1 one that does not break, an apostrophe. 0: there is none. */
int32_t nas_csv_group_sign(const char *p, const char *end, char decimal);

#endif
