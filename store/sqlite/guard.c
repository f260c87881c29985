/* store/sqlite/guard.c - what a statement may do, on every connection. A file may come from
 * anybody, and its texts become part of statements: whatever they hold, no other file is reached,
 * nothing is loaded, and only tables of ours are written. */
#include "store/sqlite/sqlite.h"

#include <string.h>
#include <strings.h>
#include <sys/stat.h>

static bool is_in(const char *const *list, const char *name) {
    for (int i = 0; list[i]; i++)
        if (!strcasecmp(list[i], name)) return true;
    return false;
}

/* Pragmas that tell something, without and with an argument. */
static bool pragma_reads(const char *name, const char *argument) {
    static const char *const plain[] = {
        "application_id", "user_version",   "schema_version", "page_count",    "page_size",
        "freelist_count", "journal_mode",   "encoding",       "database_list", "compile_options",
        "function_list",  "collation_list", "pragma_list",    "module_list",   NULL,
    };
    static const char *const either[] = {
        "table_info",  "table_xinfo",      "table_list",      "index_list",  "index_info",
        "index_xinfo", "foreign_key_list", "integrity_check", "quick_check", NULL,
    };
    return is_in(either, name) || (!argument && is_in(plain, name));
}

/* Those that we set. */
static bool pragma_sets(const char *name) {
    static const char *const ours[] = {
        "journal_mode",       "synchronous",  "cache_size",
        "journal_size_limit", "query_only",   "temp_store",
        "application_id",     "user_version", NULL,
    };
    return is_in(ours, name);
}

static bool starts(const char *name, const char *with) {
    return name && !strncasecmp(name, with, strlen(with));
}

/* What only tells. within: the view or trigger that the statement came to it by. */
static bool reads(int action, const char *a, const char *b, const char *within) {
    static const char *const never[] = {"load_extension", "fts3_tokenizer", NULL};
    switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_RECURSIVE: return true;
    case SQLITE_FUNCTION: return !is_in(never, b) && !starts(within, "nas_front_");
    case SQLITE_PRAGMA: return pragma_reads(a, b);
    default: return false;
    }
}

/* Rows of our tables; a trigger has those of a front alone. */
static bool writes(int action, const char *a, const char *within) {
    switch (action) {
    case SQLITE_TRANSACTION: return true;
    case SQLITE_INSERT:
    case SQLITE_UPDATE:
    case SQLITE_DELETE: return starts(a, within ? "nas_front_" : "nas_");
    default: return false;
    }
}

/* Our tables, their indices and triggers, and views, which have the names of studies. */
static bool defines(int action, const char *a, const char *b, const char *within) {
    if (within) return false;
    switch (action) {
    case SQLITE_DELETE: return true; /* also of views that go */
    case SQLITE_INSERT:
    case SQLITE_UPDATE: return starts(a, "sqlite_");
    case SQLITE_CREATE_TABLE:
    case SQLITE_DROP_TABLE: return starts(a, "nas_");
    case SQLITE_CREATE_INDEX:
    case SQLITE_DROP_INDEX:
    case SQLITE_CREATE_TRIGGER:
    case SQLITE_DROP_TRIGGER:
    case SQLITE_ALTER_TABLE: return starts(b, "nas_");
    case SQLITE_REINDEX: return starts(a, "nas_");
    case SQLITE_CREATE_VIEW:
    case SQLITE_DROP_VIEW:
    case SQLITE_CREATE_TEMP_VIEW:
    case SQLITE_DROP_TEMP_VIEW: return true;
    default: return false;
    }
}

/* Asked while a statement is prepared, and again when its schema has changed meanwhile. */
static int allow(void *ctx, int action, const char *a, const char *b, const char *c,
                 const char *within) {
    nas_store *s = ctx;
    (void)c;
    bool yes = s && reads(action, a, b, within);
    if (!yes && s && lite(s)->door != NAS_DOOR_QUERY) yes = writes(action, a, within);
    if (!yes && s && lite(s)->door == NAS_DOOR_DEFINE)
        yes = defines(action, a, b, within) || (action == SQLITE_PRAGMA && pragma_sets(a));
    if (!yes && s) lite(s)->denied = true;
    return yes ? SQLITE_OK : SQLITE_DENY;
}

/* Millions of steps of SQLite's machine. What we ask takes a few for each row, so a file that
 * takes more than this has tables in which rows come back again and again, or views that never
 * end. */
enum { STEPS = 1000000, LEAST = 400, BYTES_A_STEP = 1000 };

static int64_t patience(const nas_store *s) {
    struct stat st;
    int64_t bytes = stat(s->path, &st) == 0 ? (int64_t)st.st_size : 0;
    char *wal = sqlite3_mprintf("%s-wal", s->path);
    if (wal && stat(wal, &st) == 0) bytes += (int64_t)st.st_size;
    sqlite3_free(wal);
    return LEAST + bytes / BYTES_A_STEP;
}

static int spend(void *ctx) {
    nas_store *s = ctx;
    if (lite(s)->endless) return 1;
    if (!lite(s)->bounded || ++lite(s)->spent <= LEAST) return 0;
    lite(s)->endless = lite(s)->spent > patience(s);
    return lite(s)->endless;
}

void nas_guard_connection(sqlite3 *db, nas_store *s) {
    enum { LONGEST = 1 << 28 };
    static const int off[] = {
        SQLITE_DBCONFIG_TRUSTED_SCHEMA,
        SQLITE_DBCONFIG_DQS_DML,
        SQLITE_DBCONFIG_DQS_DDL,
        SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION,
        SQLITE_DBCONFIG_ENABLE_FTS3_TOKENIZER,
    };
    for (size_t i = 0; i < sizeof off / sizeof *off; i++) sqlite3_db_config(db, off[i], 0, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, s && s->mode != NAS_STORE_READ, NULL);
    sqlite3_limit(db, SQLITE_LIMIT_ATTACHED, 0);
    sqlite3_limit(db, SQLITE_LIMIT_TRIGGER_DEPTH, 1);
    sqlite3_limit(db, SQLITE_LIMIT_LENGTH, LONGEST);
    (void)sqlite3_exec(db, "PRAGMA cell_size_check=ON", NULL, NULL, NULL);
    sqlite3_set_authorizer(db, allow, s);
    if (s) sqlite3_progress_handler(db, STEPS, spend, s);
}

nas_door nas_guard_door(nas_store *s, nas_door door) {
    const nas_door before = lite(s)->door;
    lite(s)->door = door;
    return before;
}

void nas_guard_patience(nas_store *s, bool bounded) {
    lite(s)->spent = 0;
    lite(s)->bounded = bounded;
}
