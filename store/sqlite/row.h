/* store/sqlite/row.h - the row of SQLite, for the table of backends. */
#ifndef NAS_STORE_SQLITE_ROW_H
#define NAS_STORE_SQLITE_ROW_H

#include "store/sql/backend.h"

extern const nas_backend nas_sqlite_backend;

#endif
