/* store/sqlite/sqlite.h - what the files of this room share: the connection to a SQLite file.
 * Errors, where none are named: NAS_EIO, NAS_EFULL, NAS_EMOVED, NAS_ENOMEM, NAS_EFORMAT.
 * Thread safety: one thread at a time for each store. */
#ifndef NAS_STORE_SQLITE_SQLITE_H
#define NAS_STORE_SQLITE_SQLITE_H

#include "store/schema/schema.h"

#include <sqlite3.h>
#include <stdio.h>

/* "nas1"; stands in the header of each of our files. */
#define NAS_STORE_APPLICATION 0x6e617331

/* What statements may do: read; and write rows of ours; and change the schema. */
typedef enum nas_door { NAS_DOOR_ROWS, NAS_DOOR_QUERY, NAS_DOOR_DEFINE } nas_door;

/* s->db of a store that is a SQLite file. */
typedef struct nas_sqlite {
    sqlite3 *db;
    char *file; /* the path, for SQLite */
    char *real; /* to which SQLite adds -wal and -shm */
    nas_store_place place;
    nas_file_id beside[NAS_PLACE_FILES - 1]; /* -wal, -shm; inode 0: not known */
    bool expects;                            /* place was known before it was opened */
    bool alone; /* it was there, and no -wal file beside it, when it was opened */
    double busy_since;
    nas_turns *turns;
    bool has_turn;
    nas_door door;
    bool denied;           /* something was, since it was last cleared */
    bool bounded, endless; /* reading is to come to an end; it did not */
    int64_t spent;
} nas_sqlite;

static inline nas_sqlite *lite(const nas_store *s) {
    return s->db;
}

/* guard.c */

/* Once a connection is open; s: whose it is, NULL: no statement is run through it. */
void nas_guard_connection(sqlite3 *db, nas_store *s);
/* The door that was open before. */
nas_door nas_guard_door(nas_store *s, nas_door door);
/* Of the statement that follows: bounded: it takes steps in proportion to the file, or fails. */
void nas_guard_patience(nas_store *s, bool bounded);

/* inspect.c: is the schema ours, and do the rows that statements are made of hold what we write?
 * Errors: NAS_EFORMAT says what is foreign or damaged. */
NAS_NODISCARD nas_status nas_store_inspect(nas_store *s, nas_err *err);

/* turns.c */

/* False: none came in time, or there are none to take. */
bool nas_turns_take(nas_turns *t);
void nas_turns_give(nas_turns *t);

/* statement.c */

/* *err from SQLite's last error on s; rc is its code. Returns NAS_EBUSY, NAS_EFULL, NAS_EFORMAT,
 * NAS_EIO, NAS_EMOVED, NAS_ENOMEM, NAS_ESTOP or, of any other, NAS_EBUG. */
nas_status nas_sqlite_fail(nas_store *s, int rc, const char *doing, nas_err *err);
/* Runs statements and waits as long as somebody else holds the file. Errors: as nas_sql_exec. */
NAS_NODISCARD nas_status nas_sqlite_run_patiently(nas_store *s, const char *sql, nas_err *err);
int nas_sqlite_wait(void *store, int times); /* busy handler */
/* One integer pragma. Errors: those of a statement. */
NAS_NODISCARD nas_status nas_sqlite_pragma(nas_store *s, const char *name, int64_t *out,
                                           nas_err *err);

/* open.c */

/* As nas_store_lacks_wal. */
bool nas_sqlite_lacks_wal(nas_store *s);

/* path.c */

/* Can a database be made at a path where none is? Errors: NAS_ENOTFOUND its folder is not there,
 * NAS_EIO the folder cannot be written, NAS_EINVAL the path cannot be one, NAS_EFORMAT a -wal
 * file lies there, NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_store_check_new(const char *path, nas_err *err);
/* Does a file with that tail lie beside path (beside what a link leads to), and hold something? */
bool nas_file_has_bytes(const char *path, const char *tail);
bool nas_file_has_wal(const char *path);
bool nas_file_folder_is_writable(const char *path);
void nas_file_remove_all(const char *path); /* with what SQLite puts beside it */
/* What was made or removed in path's folder is durable. Errors: NAS_EIO, NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_file_sync_folder(const char *path, nas_err *err);

/* fresh.c: an empty file beside path, `path`.new-xxxxxxxx, that nobody else has; what killed makers
 * left there is removed. The end removes it unless it was renamed, with what SQLite put beside it;
 * every connection to it is closed by then (see nas_life). Paths as SQLite takes them.
 * Errors: NAS_EIO, NAS_EFULL, NAS_ENOMEM; then there is none. */
typedef struct nas_fresh {
    char *path;
    int fd;
} nas_fresh;
NAS_NODISCARD nas_status nas_fresh_begin(const char *path, nas_fresh *out, nas_err *err);
void nas_fresh_end(nas_fresh *f);
/* Removes what killed makers of path left beside it. Those at work hold a lock. */
void nas_fresh_sweep(const char *path);

/* place.c */

/* The same as nas_store_check_names, nas_store_still. */
NAS_NODISCARD nas_status nas_place_check_names(const char *path, nas_err *err);
NAS_NODISCARD nas_status nas_place_still(const nas_store *s, nas_err *err);
/* Has somebody removed the file since it was opened? */
bool nas_sqlite_has_moved(const nas_store *s);
/* The row's functions of files (store/sql/backend.h). */
nas_store_place nas_place_of(const nas_store *s);
void nas_place_hold(const nas_store *s, nas_held *h);
bool nas_place_is_read_long(nas_store *s, int64_t bytes);
void nas_place_take_turns(nas_store *s, nas_turns *t);
bool nas_place_settle_wal(nas_store *s, double seconds);
/* Before anything is opened: is the file that is expected at the path? Errors: NAS_EMOVED. */
NAS_NODISCARD nas_status nas_place_expect(const nas_store *s, nas_err *err);
/* Once it is open, before anything is read: the same of what is open; of what was not expected,
 * whether it has one name. Errors: NAS_EMOVED, NAS_EINVAL. */
NAS_NODISCARD nas_status nas_place_take(nas_store *s, nas_err *err);
/* Once there are files beside it: which they are. */
void nas_place_settle(nas_store *s);
/* Is path among the points of /proc/self/mountinfo? */
bool nas_place_is_mounted(FILE *mounts, const char *path);
/* Are path's bytes more than SQLite takes? is_new: it is to be made. Errors: NAS_EINVAL. */
NAS_NODISCARD nas_status nas_place_check_length(const char *path, bool is_new, nas_err *err);
/* What is added to the name of file i: "", "-wal", "-shm". */
const char *nas_place_tail(int i);
/* Is file i what lies at its name? */
bool nas_place_holds(const nas_held *h, const char *path, int i);
void nas_place_unlink(const char *path, int i);

/* copy.c */

/* The same as nas_store_copy. */
NAS_NODISCARD nas_status nas_sqlite_copy(nas_store *s, const char *to, bool replace, nas_err *err);
/* A database that nobody is at work on, and durable; of an older schema it is brought up to date.
 * Errors: those of nas_store_open, and of writing. */
NAS_NODISCARD nas_status nas_copy_settle(const char *path, nas_err *err);

/* schema.c */

/* The objects that every database of a schema version has: calls fn with type, name and text of
 * each. Errors: those of fn; NAS_ENOMEM. */
typedef nas_status (*nas_object_fn)(void *ctx, const char *type, const char *name, const char *sql,
                                    nas_err *err);
NAS_NODISCARD nas_status nas_schema_objects(int64_t version, nas_object_fn fn, void *ctx,
                                            nas_err *err);
/* Brings the file up to date, in a transaction of its own that is durable. Errors: of writing. */
NAS_NODISCARD nas_status nas_schema_migrate(nas_store *s, nas_err *err);

/* Parts of the row (backend.c). */
extern const nas_backend_words nas_sqlite_words;   /* catalog.c */
extern const nas_backend_schema nas_sqlite_schema; /* catalog.c */
extern const nas_backend_door nas_sqlite_door;     /* open.c */
extern const nas_backend_sql nas_sqlite_sql;       /* statement.c */

#endif
