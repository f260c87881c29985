/* store/sql/sql.h - statements and transactions of the store, on any backend (store/backend.h).
 * Errors, where none are named: NAS_EBUSY another holds the database, and nothing was written;
 * NAS_EFULL; NAS_EIO; NAS_ENOMEM; NAS_EFORMAT the database holds what we never write.
 * Thread safety: one thread at a time for each store. */
#ifndef NAS_STORE_SQL_SQL_H
#define NAS_STORE_SQL_SQL_H

#include "store/sql/backend.h"

/* Is what was written safe from a power cut once the transaction has ended? NORMAL: it may be
 * taken away, whole transactions, the last first. */
typedef enum nas_sync { NAS_SYNC_NORMAL = 1, NAS_SYNC_FULL = 2 } nas_sync;

/* A transaction that writes; waits for other writers. nas_sql_end commits when status is NAS_OK,
 * and with NAS_SYNC_FULL returns once that is on the disk; else it rolls back and hands status on.
 * NAS_EMOVED: it is written, but to a file that is no longer at its path. */
NAS_NODISCARD nas_status nas_sql_begin(nas_store *s, nas_sync sync, nas_err *err);
NAS_NODISCARD nas_status nas_sql_end(nas_store *s, nas_status status, nas_err *err);

/* Runs statements without values. define: they change the schema, or a setting. Errors: as above.
 */
NAS_NODISCARD nas_status nas_sql_exec(nas_store *s, const char *sql, nas_err *err);
NAS_NODISCARD nas_status nas_sql_define(nas_store *s, const char *sql, nas_err *err);
/* The same of a draft, which is ended. */
NAS_NODISCARD nas_status nas_sql_exec_draft(nas_store *s, nas_draft *d, nas_err *err);
NAS_NODISCARD nas_status nas_sql_define_draft(nas_store *s, nas_draft *d, nas_err *err);

/* A statement for one use. types: of the values of ?1, ?2, ...: i int64_t, r double (NaN: NULL),
 * t const char * (NULL: NULL), h const nas_hash * (as hex). Owner: the caller ends *out, which is
 * NULL on failure. Errors: as above. */
NAS_NODISCARD nas_status nas_sql_open(nas_store *s, nas_stmt **out, nas_err *err, const char *sql,
                                      const char *types, ...);
/* The same of a draft, which is ended. */
NAS_NODISCARD nas_status nas_sql_open_draft(nas_store *s, nas_stmt **out, nas_draft *d,
                                            nas_err *err, const char *types, ...);
/* The same, run to its end. */
NAS_NODISCARD nas_status nas_sql_put(nas_store *s, nas_err *err, const char *sql, const char *types,
                                     ...);
NAS_NODISCARD nas_status nas_sql_put_draft(nas_store *s, nas_draft *d, nas_err *err,
                                           const char *types, ...);
/* The integer in the first column of its first row; *out stays as it is when there is no row.
 * Errors: as above. */
NAS_NODISCARD nas_status nas_sql_integer(nas_store *s, nas_draft *d, int64_t *out, nas_err *err,
                                         const char *types, ...);
/* A statement that is kept until the caller ends it. Errors: as above. */
NAS_NODISCARD nas_status nas_sql_keep(nas_store *s, const char *sql, nas_stmt **out, nas_err *err);
void nas_stmt_end(nas_stmt *st); /* NULL: nothing */

/* Values for a statement; they stay until others take their place. Errors: as above. */
NAS_NODISCARD nas_status nas_sql_bind(nas_store *s, nas_stmt *st, nas_err *err, const char *types,
                                      ...);
NAS_NODISCARD nas_status nas_sql_bind_value(nas_store *s, nas_stmt *st, int at, const nas_value *v,
                                            nas_err *err);
NAS_NODISCARD nas_status nas_sql_bind_null(nas_store *s, nas_stmt *st, int at, nas_err *err);
/* n bytes, borrowed until the statement has run; p NULL: NULL. Errors: as nas_sql_bind. */
NAS_NODISCARD nas_status nas_sql_bind_bytes(nas_store *s, nas_stmt *st, int at, const void *p,
                                            size_t n, nas_err *err);

/* *row: there is one. At the end and on failure the statement is reset. Errors: as above. */
NAS_NODISCARD nas_status nas_sql_step(nas_store *s, nas_stmt *st, bool *row, nas_err *err);
/* Runs a statement to its end. Errors: as above. */
NAS_NODISCARD nas_status nas_sql_run(nas_store *s, nas_stmt *st, nas_err *err);
/* The number that the row got which a statement with RETURNING has just added. Errors: as above. */
NAS_NODISCARD nas_status nas_sql_run_returning(nas_store *s, nas_stmt *st, int64_t *id,
                                               nas_err *err);
int64_t nas_sql_changes(nas_store *s); /* rows that the last one wrote */

/* Column i, from 0, of the row that is there; pointers hold until the next step. */
bool nas_stmt_is_null(const nas_stmt *st, int i);
int64_t nas_stmt_integer(const nas_stmt *st, int i);
double nas_stmt_real(const nas_stmt *st, int i); /* NULL: NaN */
const char *nas_stmt_text(const nas_stmt *st, int i);
const void *nas_stmt_bytes(const nas_stmt *st, int i, size_t *n);
nas_value nas_stmt_value(const nas_stmt *st, int i); /* of bytes their number alone */
void nas_stmt_reset(nas_stmt *st);
/* Column i as a text in arena a; NULL stays NULL. Errors: NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_sql_text(nas_stmt *st, int i, nas_arena *a, const char **out,
                                      nas_err *err);

/* Says that the database holds what we never write. Returns NAS_EFORMAT. */
nas_status nas_sql_damaged(const nas_store *s, const char *what, nas_err *err);
/* Says that there was no memory for a statement. Returns NAS_ENOMEM. */
nas_status nas_sql_no_memory(const nas_store *s, nas_err *err);

#endif
