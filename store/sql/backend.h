/* store/sql/backend.h - what a database does for the store: a row of functions for each kind. The
 * store keeps studies by SQL, and this is the door through which each of its statements goes.
 * SQLite fills the row in store/sqlite; the statements are written so that PostgreSQL can take
 * them.
 *
 * What a statement may say:
 * - Placeholders are ?1, ?2, ...; a value may be used at several of them.
 * - Names that the store makes up have 63 bytes at most.
 * - Types and the key of a table's rows are words of the row (`types`, `key`).
 * - nas_now() is the date in seconds since 1970, of the clock that all users of the database share:
 *   of a file the machine's, of a server its own. Leases are told by no other clock.
 * - INSERT ... ON CONFLICT ..., RETURNING, aggregates with FILTER, window functions.
 *
 * Thread safety: one thread at a time for each store. The rows are constant. */
#ifndef NAS_STORE_SQL_BACKEND_H
#define NAS_STORE_SQL_BACKEND_H

#include "store/file.h"
#include "store/sql/draft.h"
#include "store/store.h"

typedef struct nas_backend nas_backend;

/* What every backend's statement begins with. */
typedef struct nas_stmt {
    const nas_backend *backend;
} nas_stmt;

/* What a statement is there for. */
typedef enum nas_use {
    NAS_USE_ONCE,
    NAS_USE_KEPT,  /* it runs again and again, until the store is closed */
    NAS_USE_READ,  /* it reads, and takes steps in proportion to what is stored */
    NAS_USE_ASKED, /* people wrote it: it reads, for as long as it takes */
} nas_use;

typedef enum nas_missing_kind {
    NAS_MISSING_NOTHING,
    NAS_MISSING_COLUMN,
    NAS_MISSING_TABLE
} nas_missing_kind;
/* What the text of a statement names and the database has not. */
typedef struct nas_missing {
    nas_missing_kind kind;
    char name[256]; /* as the database wrote it */
} nas_missing;

typedef enum nas_object_kind {
    NAS_OBJECT_TABLE,
    NAS_OBJECT_VIEW,
    NAS_OBJECT_INDEX,
    NAS_OBJECT_TRIGGER
} nas_object_kind;
/* An object of the schema: what it is, its name, and the statement that makes it. */
typedef struct nas_object {
    nas_object_kind kind;
    const char *name;
    const char *text; /* NULL: whatever it is */
} nas_object;

/* After a row of `table` has changed in `columns` (comma-separated, quoted), where `when` holds of
 * it (its columns are NEW."x"), the statements `body` run, a semicolon behind each but the last. */
typedef struct nas_trigger {
    const char *name, *table, *columns, *when, *body;
} nas_trigger;

/* One column of a table or view; false: no more are wanted. type is one of the row's `types`, or
 * another word. Pointers hold during the call. */
typedef bool (*nas_column_fn)(void *ctx, const char *name, const char *type);
typedef bool (*nas_name_fn)(void *ctx, const char *name);

/* Words of the database's language. */
typedef struct nas_backend_words {
    const char *types[NAS_COLUMN_BLOB + 1]; /* of nas_column_type */
    const char *key;      /* type of a column that numbers rows from 1 where no number is given */
    int32_t most_columns; /* of one table, with room for what later versions add */
    bool (*is_keyword)(const char *word); /* would it have to be quoted as a name? */
    /* The statement that makes a trigger, without a semicolon. */
    void (*put_trigger)(nas_draft *d, const nas_trigger *t);
    /* Statements for a view that this connection alone sees, in place of one that it made before
     * and before the database's of that name. */
    void (*put_own_view)(nas_draft *d, const char *name, const char *body);
} nas_backend_words;

/* Opening and closing. */
typedef struct nas_backend_door {
    /* s has its path and mode. Makes the database where the mode says so, checks that it is ours,
     * and brings its schema up to date where it may be written. s->db is the backend's own, of
     * which nothing is left on failure. Errors: those of nas_store_open_at. */
    nas_status (*open)(nas_store *s, const nas_store_place *place, nas_err *err);
    void (*close)(nas_store *s);
    /* Errors: those of nas_store_check. */
    nas_status (*check)(const char *path, nas_err *err);
} nas_backend_door;

/* Statements and transactions. */
typedef struct nas_backend_sql {
    /* A transaction that writes; only one at a time writes a study. Waits for others as long as
     * s waits (nas_store_set_wait). Errors: NAS_EBUSY, NAS_EIO. */
    nas_status (*begin)(nas_store *s, nas_err *err);
    /* Commits where status is NAS_OK, else rolls back and hands status on. With durable it returns
     * once a power cut takes nothing of it away. Errors: also NAS_EFULL. */
    nas_status (*end)(nas_store *s, nas_status status, bool durable, nas_err *err);
    bool (*in_transaction)(nas_store *s);
    /* A transaction that reads: all of it sees one moment. */
    nas_status (*begin_read)(nas_store *s, nas_err *err);
    void (*end_read)(nas_store *s);

    /* One or several statements without values or rows. defines: they change the schema. Errors:
     * NAS_EBUSY, NAS_EFULL, NAS_EIO, NAS_EFORMAT (the database holds what we never write). */
    nas_status (*run)(nas_store *s, const char *sql, bool defines, nas_err *err);
    /* *missing may be NULL. Owner: the caller ends *out. Errors: as run; of NAS_USE_READ and
     * NAS_USE_ASKED also NAS_EINVAL: wrong, more than one, or not only reading. */
    nas_status (*prepare)(nas_store *s, const char *sql, nas_use use, nas_stmt **out,
                          nas_missing *missing, nas_err *err);
    void (*finalize)(nas_stmt *st);
    /* *row: there is one. At its end, and on failure, the statement is as if it were new, but for
     * its values. Errors: as run. */
    nas_status (*step)(nas_store *s, nas_stmt *st, bool *row, nas_err *err);
    void (*reset)(nas_stmt *st);
    int64_t (*changes)(nas_store *s);      /* rows that the last statement wrote */
    int32_t (*values)(const nas_stmt *st); /* placeholders */
    /* Value `at`, from 1; texts are copied. Errors: NAS_ENOMEM, NAS_EBUG. */
    nas_status (*bind)(nas_store *s, nas_stmt *st, int at, const nas_value *v, nas_err *err);
    /* n bytes, borrowed until the statement has run; NULL: NULL. */
    nas_status (*bind_bytes)(nas_store *s, nas_stmt *st, int at, const void *p, size_t n,
                             nas_err *err);

    /* Column i, from 0, of the row that step gave; pointers hold until the next one. A value of
     * another type is converted as far as it goes. */
    int32_t (*columns)(const nas_stmt *st);
    const char *(*column_name)(const nas_stmt *st, int i);
    nas_value (*value)(const nas_stmt *st, int i); /* of bytes, how many */
    int64_t (*integer)(const nas_stmt *st, int i);
    double (*real)(const nas_stmt *st, int i);                  /* NULL: NaN */
    const char *(*text)(const nas_stmt *st, int i);             /* NULL: NULL */
    const void *(*bytes)(const nas_stmt *st, int i, size_t *n); /* NULL: NULL, or none */
} nas_backend_sql;

/* What stands in the schema. Errors: as nas_backend_sql.run. */
typedef struct nas_backend_schema {
    /* *there: some object has its name. *same: it is what o->text makes. */
    nas_status (*has_object)(nas_store *s, const nas_object *o, bool *there, bool *same,
                             nas_err *err);
    nas_status (*list_columns)(nas_store *s, const char *of, nas_column_fn fn, void *ctx,
                               nas_err *err);
    /* Tables and views that people may ask for, by name. */
    nas_status (*list_tables)(nas_store *s, nas_name_fn fn, void *ctx, nas_err *err);
    /* Of a store that reads: while it is open, what is defined is this connection's alone. */
    nas_status (*own_views)(nas_store *s, bool open, nas_err *err);
} nas_backend_schema;

/* Of databases that are files. */
typedef struct nas_backend_file {
    nas_status (*check_names)(const char *path, nas_err *err);
    nas_status (*still)(const nas_store *s, nas_err *err);
    nas_store_place (*place)(const nas_store *s);
    /* Has somebody removed or replaced the file since it was opened? */
    bool (*has_moved)(const nas_store *s);
    void (*hold)(const nas_store *s, nas_held *h);
    bool (*is_read_long)(nas_store *s, int64_t bytes);
    bool (*lacks_wal)(nas_store *s);
    void (*take_turns)(nas_store *s, nas_turns *t);
    /* What is committed stands in the file itself, as far as that takes at most so long. */
    bool (*settle)(nas_store *s, double seconds);
    nas_status (*copy)(nas_store *s, const char *to, bool replace, nas_err *err);
} nas_backend_file;

struct nas_backend {
    const char *name;
    const nas_backend_words *words;
    const nas_backend_door *door;
    const nas_backend_sql *sql;
    const nas_backend_schema *schema;
    const nas_backend_file *file; /* NULL: it is none, and nothing of a file's is to be feared */
};

/* The row for a database at that path. */
const nas_backend *nas_backend_for(const char *path);
/* Has any backend's language that word? */
bool nas_backend_keyword(const char *word);

#endif
