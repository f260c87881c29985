/* store/sql/backends.c - the table of backends. */
#include "store/sqlite/row.h"

static const nas_backend *const table[] = {&nas_sqlite_backend};

/* Whatever names no server is a file. */
const nas_backend *nas_backend_for(const char *path) {
    (void)path;
    return &nas_sqlite_backend;
}

bool nas_backend_keyword(const char *word) {
    for (size_t i = 0; i < sizeof table / sizeof *table; i++)
        if (table[i]->words->is_keyword(word)) return true;
    return false;
}
