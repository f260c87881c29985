/* store/sqlite/backend.c - the row of SQLite. */
#include "store/sqlite/row.h"
#include "store/sqlite/sqlite.h"

const nas_backend nas_sqlite_backend = {
    .name = "sqlite",
    .words = &nas_sqlite_words,
    .door = &nas_sqlite_door,
    .sql = &nas_sqlite_sql,
    .schema = &nas_sqlite_schema,
    .file = &nas_sqlite_file,
};
