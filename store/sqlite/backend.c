/* store/sqlite/backend.c - the row of SQLite. */
#include "store/sqlite/row.h"
#include "store/sqlite/sqlite.h"

static const nas_backend_file file = {
    .check_names = nas_place_check_names,
    .still = nas_place_still,
    .place = nas_place_of,
    .has_moved = nas_sqlite_has_moved,
    .hold = nas_place_hold,
    .is_read_long = nas_place_is_read_long,
    .lacks_wal = nas_sqlite_lacks_wal,
    .take_turns = nas_place_take_turns,
    .settle = nas_place_settle_wal,
    .copy = nas_sqlite_copy,
};

const nas_backend nas_sqlite_backend = {
    .name = "sqlite",
    .words = &nas_sqlite_words,
    .door = &nas_sqlite_door,
    .sql = &nas_sqlite_sql,
    .schema = &nas_sqlite_schema,
    .file = &file,
};
