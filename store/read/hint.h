/* store/read/hint.h - what a wrong statement might have meant.
 * Thread safety: one thread at a time for each store. */
#ifndef NAS_STORE_READ_HINT_H
#define NAS_STORE_READ_HINT_H

#include "store/store.h"

/* What a statement might have meant by a column that is not there, in arena a; NULL: it
 * names no view that is known. */
const char *nas_sql_hint(nas_store *s, nas_arena *a, const char *sql, const char *missing);

#endif
