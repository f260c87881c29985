/* store/store_int.h - what the files of store/ share: the handle, its transactions, and the columns
 * of a study's table. */
#ifndef NAS_STORE_STORE_INT_H
#define NAS_STORE_STORE_INT_H

#include "store/store.h"

#include <sqlite3.h>
#include <stdio.h>
#include <sys/types.h>

/* The oldest schema that is read as it is: later ones only add. The versions that keep examples;
 * warnings, the kernel row of a study and the data of each version; finals. */
enum {
    NAS_SCHEMA_READABLE = 4,
    NAS_SCHEMA_EXAMPLES = 5,
    NAS_SCHEMA_WARNINGS = 6,
    NAS_SCHEMA_FINALS = 7
};

/* "nas1"; stands in the header of each of our files. */
#define NAS_STORE_APPLICATION 0x6e617331

/* Statements that are kept prepared, for one version of one study. */
typedef enum nas_sql_slot {
    NAS_SQL_PROGRESS,
    NAS_SQL_WAITING,
    NAS_SQL_TAKE,
    NAS_SQL_INSERT,
    NAS_SQL_CURSOR,
    NAS_SQL_RUNNING,
    NAS_SQL_HAS,
    NAS_SQL_PAST,
    NAS_SQL_HEARTBEAT,
    NAS_SQL_FINISH,
    NAS_SQL_FORGET_EPOCHS,
    NAS_SQL_FORGET_STAGES,
    NAS_SQL_FORGET_STEPS,
    NAS_SQL_FORGET_ARTEFACTS,
    NAS_SQL_FORGET_ANSWERS,
    NAS_SQL_FORGET_FINALS,
    NAS_SQL_EPOCH,
    NAS_SQL_STAGE,
    NAS_SQL_STEP,
    NAS_SQL_TWIN,
    NAS_SQL_ARTEFACT,
    NAS_SQL_ANSWERS,
    NAS_SQL_SLOTS
} nas_sql_slot;

/* The columns of one version of a study, and its statements. */
typedef struct nas_layout {
    struct nas_layout *next;
    int64_t study, version, data; /* data: number of the data that the version is about */
    int32_t n_params, n_metrics;
    const char **names;  /* n_params + n_metrics, as the definition says */
    const char **stored; /* the same in nas_trials_<study> */
    sqlite3_stmt *slots[NAS_SQL_SLOTS];
} nas_layout;

/* What statements may do: read; and write rows of ours; and change the schema. */
typedef enum nas_door { NAS_DOOR_ROWS, NAS_DOOR_QUERY, NAS_DOOR_DEFINE } nas_door;

typedef enum nas_sync { NAS_SYNC_NORMAL = 1, NAS_SYNC_FULL = 2 } nas_sync;

struct nas_store {
    sqlite3 *db;
    char *path; /* as the user wrote it */
    char *file; /* the same for SQLite */
    char *real; /* to which SQLite adds -wal and -shm */
    nas_store_place place;
    nas_file_id beside[NAS_PLACE_FILES - 1]; /* -wal, -shm; inode 0: not known */
    bool expects;                            /* place was known before it was opened */
    nas_store_mode mode;
    int64_t schema; /* of the file, once it is open */
    pid_t pid;      /* who opened it: SQLite handles do not survive a fork */
    nas_sync sync;
    nas_arena *arena; /* layouts */
    nas_layout *layouts;
    double busy_since, patience;
    nas_wait_fn wait; /* NULL: patience says how long */
    void *wait_ctx;
    nas_turns *turns;
    bool has_turn;
    bool marked; /* the file itself says that a run is at work, as far as this handle wrote it */
    bool alone;  /* it was there, and no -wal file beside it, when it was opened */
    nas_door door;
    bool denied;           /* something was, since it was last cleared */
    bool bounded, endless; /* reading is to come to an end; it did not */
    int64_t spent;
    const int64_t *passed; /* rows that claims leave alone */
    int32_t n_passed;
    int64_t only;        /* the one row that claims take; 0: any */
    const int64_t *left; /* rows that are not there for claims */
    int32_t n_left;
};

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
/* Letters, digits and underscores, of a length that we would write. */
bool nas_name_is_plain(const char *name);

/* turns.c */

/* False: none came in time, or there are none to take. */
bool nas_turns_take(nas_turns *t);
void nas_turns_give(nas_turns *t);

/* sql.c */

/* *err from SQLite's last error on s; rc is its code. */
nas_status nas_sql_fail(nas_store *s, int rc, const char *doing, nas_err *err);
NAS_NODISCARD nas_status nas_sql_exec(nas_store *s, const char *sql, nas_err *err);
/* The same of what changes the schema or a setting of the connection. */
NAS_NODISCARD nas_status nas_sql_define(nas_store *s, const char *sql, nas_err *err);
/* Ends str, runs it so and frees it. */
NAS_NODISCARD nas_status nas_sql_define_str(nas_store *s, sqlite3_str *str, nas_err *err);
/* The file holds what we never write. */
nas_status nas_sql_damaged(const nas_store *s, const char *what, nas_err *err);
/* Waits as long as somebody else holds the file. */
NAS_NODISCARD nas_status nas_sql_exec_patiently(nas_store *s, const char *sql, nas_err *err);
/* Ends str, runs it and frees it. */
NAS_NODISCARD nas_status nas_sql_exec_str(nas_store *s, sqlite3_str *str, nas_err *err);

/* Ends str and prepares it. Owner: the caller finalizes *out. */
NAS_NODISCARD nas_status nas_sql_open_str(nas_store *s, sqlite3_stmt **out, sqlite3_str *str,
                                          nas_err *err);

/* Values for ?1, ?2, ...; types: i int64_t, r double (NaN: NULL), t const char * (NULL: NULL),
 * h const nas_hash * (as hex). */
NAS_NODISCARD nas_status nas_sql_bind(nas_store *s, sqlite3_stmt *st, nas_err *err,
                                      const char *types, ...);
/* One-off statement with bound values. Owner: the caller finalizes *out. */
NAS_NODISCARD nas_status nas_sql_open(nas_store *s, sqlite3_stmt **out, nas_err *err,
                                      const char *sql, const char *types, ...);
/* The same, run to its end. */
NAS_NODISCARD nas_status nas_sql_put(nas_store *s, nas_err *err, const char *sql, const char *types,
                                     ...);
/* *row: there is one. At the end and on failure the statement is reset. */
NAS_NODISCARD nas_status nas_sql_step(nas_store *s, sqlite3_stmt *st, bool *row, nas_err *err);
/* Runs a kept statement that gives no rows. */
NAS_NODISCARD nas_status nas_sql_run(nas_store *s, sqlite3_stmt *st, nas_err *err);
int nas_sql_bind_value(sqlite3_stmt *st, int at, const nas_value *v);
int nas_sql_bind_hash(sqlite3_stmt *st, int at, const nas_hash *h);
/* Column i as a text in arena a; NULL stays NULL. */
NAS_NODISCARD nas_status nas_sql_text(sqlite3_stmt *st, int i, nas_arena *a, const char **out,
                                      nas_err *err);

/* BEGIN IMMEDIATE; waits for other writers. nas_sql_end commits when status is NAS_OK, and with
 * NAS_SYNC_FULL returns once that is on the disk; else it rolls back and hands status on.
 * NAS_EMOVED: it is written, but to a file that is no longer at its path. */
NAS_NODISCARD nas_status nas_sql_begin(nas_store *s, nas_sync sync, nas_err *err);
NAS_NODISCARD nas_status nas_sql_end(nas_store *s, nas_status status, nas_err *err);
int nas_sql_wait(void *store, int times); /* busy handler */

/* hint.c: what a statement might have meant by a column that is not there, in arena a; NULL: it
 * names no view that is known. */
const char *nas_sql_hint(nas_store *s, nas_arena *a, const char *sql, const char *missing);

/* open.c */

/* Has somebody removed the file since it was opened? */
bool nas_store_has_moved(nas_store *s);
/* Can a database be made at a path where none is? */
NAS_NODISCARD nas_status nas_store_check_new(const char *path, nas_err *err);
bool nas_file_has_wal(const char *path);
void nas_file_remove_all(const char *path); /* with what SQLite puts beside it */
NAS_NODISCARD nas_status nas_file_sync_folder(const char *path, nas_err *err);

/* fresh.c: an empty file beside path, `path`.new-xxxxxxxx, that nobody else has; what killed makers
 * left there is removed. The end removes it unless it was renamed, with what SQLite put beside it;
 * every connection to it is closed by then (see nas_life). Paths as SQLite takes them. */
typedef struct nas_fresh {
    char *path;
    int fd;
} nas_fresh;
NAS_NODISCARD nas_status nas_fresh_begin(const char *path, nas_fresh *out, nas_err *err);
void nas_fresh_end(nas_fresh *f);
/* Removes what killed makers of path left beside it. Those at work hold a lock. */
void nas_fresh_sweep(const char *path);

/* place.c */

/* Before anything is opened: is the file that is expected at the path? */
NAS_NODISCARD nas_status nas_place_expect(const nas_store *s, nas_err *err);
/* Once it is open, before anything is read: the same of what is open; of what was not expected,
 * whether it has one name. */
NAS_NODISCARD nas_status nas_place_take(nas_store *s, nas_err *err);
/* Once there are files beside it: which they are. */
void nas_place_settle(nas_store *s);
/* Is path among the points of /proc/self/mountinfo? */
bool nas_place_is_mounted(FILE *mounts, const char *path);
/* Are path's bytes more than SQLite takes? is_new: it is to be made. */
NAS_NODISCARD nas_status nas_place_check_length(const char *path, bool is_new, nas_err *err);
/* What is added to the name of file i: "", "-wal", "-shm". */
const char *nas_place_tail(int i);
/* Is file i what lies at its name? */
bool nas_place_holds(const nas_held *h, const char *path, int i);
void nas_place_unlink(const char *path, int i);

/* copy.c: a database that nobody is at work on, and durable; of an older schema it is brought up to
 * date. */
NAS_NODISCARD nas_status nas_copy_settle(const char *path, nas_err *err);

/* schema.c */
/* The objects that every database of a schema version has: calls fn with type, name and text of
 * each. */
typedef nas_status (*nas_object_fn)(void *ctx, const char *type, const char *name, const char *sql,
                                    nas_err *err);
NAS_NODISCARD nas_status nas_schema_objects(int64_t version, nas_object_fn fn, void *ctx,
                                            nas_err *err);
NAS_NODISCARD nas_status nas_schema_migrate(nas_store *s, nas_err *err);
/* The numbers of all studies, in arena a. */
NAS_NODISCARD nas_status nas_studies_list(nas_store *s, nas_arena *a, int64_t **ids, int64_t *n,
                                          nas_err *err);
/* One integer pragma. */
NAS_NODISCARD nas_status nas_schema_pragma(nas_store *s, const char *name, int64_t *out,
                                           nas_err *err);

/* query.c: column i of a row; text lives as long as the row. A blob has its size alone. */
nas_value nas_sql_value(sqlite3_stmt *st, int i);

/* renamed.c: the options of parameters that are called otherwise than rows of a version do. */
typedef struct nas_renames {
    const nas_renamed *v;
    int32_t n;
} nas_renames;
/* Asks the definition, with the text that the version has. */
NAS_NODISCARD nas_status nas_renames_read(nas_store *s, const nas_study *def, int64_t study,
                                          int64_t version, nas_arena *a, nas_renames *out,
                                          nas_err *err);
/* The value of a parameter's column in a row of that version as it is called now. */
void nas_renames_put(const nas_renames *r, int32_t param, const char *stored, sqlite3_str *q);
/* Rows of a version speak as its definition does now; its columns were `from` and are `to`. */
NAS_NODISCARD nas_status nas_renames_apply(nas_store *s, const nas_renames *r,
                                           const nas_layout *from, const nas_layout *to,
                                           nas_err *err);

/* layout.c */

/* Is column one of those that every study's table has? */
bool nas_layout_is_fixed(const char *column);
/* Makes the table of a study, or adds what columns are new to it, and writes nas_columns. */
NAS_NODISCARD nas_status nas_layout_write(nas_store *s, const nas_study *def, nas_study_id id,
                                          nas_err *err);
/* The columns of id, read from the database once. */
NAS_NODISCARD nas_status nas_layout_get(nas_store *s, nas_study_id id, nas_layout **out,
                                        nas_err *err);
void nas_layout_forget(nas_store *s, nas_study_id id);
/* Column of a parameter or metric in nas_trials_<study>; NULL: the study has none of that name. */
const char *nas_layout_stored(const nas_layout *l, const char *name);
/* A kept statement, prepared when it is first asked for; each # in sql becomes the study's number.
 */
NAS_NODISCARD nas_status nas_layout_slot(nas_store *s, nas_layout *l, nas_sql_slot slot,
                                         const char *sql, sqlite3_stmt **out, nas_err *err);
/* The same of a text that was put together (call it while l->slots[slot] is NULL); ends sql. */
NAS_NODISCARD nas_status nas_layout_slot_str(nas_store *s, nas_layout *l, nas_sql_slot slot,
                                             sqlite3_str *sql, sqlite3_stmt **out, nas_err *err);

/* study.c: is op one of > >= < <= == !=? NULL is none. */
bool nas_study_knows(const char *op);

/* find.c: the definition of study number `study` with the columns and the data of one version of
 * its space (wanted 0: the current one), and its number. */
NAS_NODISCARD nas_status nas_study_load(nas_store *s, int64_t study, int64_t wanted, nas_arena *a,
                                        nas_study *def, int64_t *version, nas_err *err);
/* Names of all studies, ", " between them; "none" when there is none. Owner: arena a. */
NAS_NODISCARD nas_status nas_study_names(nas_store *s, nas_arena *a, const char **out,
                                         nas_err *err);

/* first.c: waiting trials of a version that has none yet, from the best of another of the same
 * space. *n: how many. */
NAS_NODISCARD nas_status nas_first_trials(nas_store *s, const nas_study *def, nas_study_id id,
                                          int64_t from, const nas_renames *renames, int32_t *n,
                                          nas_err *err);

/* answers.c: in the transaction of a trial's end. */
NAS_NODISCARD nas_status nas_answers_write(nas_store *s, nas_layout *l, int64_t trial,
                                           const nas_answers *a, nas_err *err);

/* The row that was trained: `reused` of it, or itself. Errors: NAS_ENOTFOUND. */
NAS_NODISCARD nas_status nas_trained_row(nas_store *s, nas_study_id id, int64_t row, int64_t *out,
                                         nas_err *err);

/* finals.c: is it a metric that only finalists have? */
bool nas_finals_has(const char *metric);
/* Rows of nas_finals for what the columns of all studies have, as an older nas left them; who is
 * known to be no finalist any more shows nothing. */
NAS_NODISCARD nas_status nas_finals_take(nas_store *s, const int64_t *ids, int64_t n, nas_err *err);

/* reuse.c: fills c->reuse, in the claim's transaction. */
NAS_NODISCARD nas_status nas_reuse_find(nas_store *s, nas_layout *l, nas_claim *c, nas_err *err);
/* finish.c: removes the epochs, stages, steps and artefacts that an earlier attempt left. */
NAS_NODISCARD nas_status nas_trial_forget(nas_store *s, nas_layout *l, int64_t trial, nas_err *err);

/* warnings.c: within a transaction. */
NAS_NODISCARD nas_status nas_warning_insert(nas_store *s, nas_study_id id, const char *text,
                                            nas_err *err);

/* front.c */

/* One direction of a front: a column; met: whether it keeps that bound, 1 or 0. */
typedef struct nas_axis {
    const char *column;
    bool maximize;
    const nas_bound *met;
} nas_axis;
/* Its value of a row; of: "NEW.", "a." or "", before the name of the column. */
void nas_axis_put(const nas_axis *axis, sqlite3_str *q, const char *of, const char *column);
/* views.c: the shortest decimal that reads back as v. */
void nas_number_text(double v, char out[32]);
NAS_NODISCARD nas_status nas_front_axes(const nas_study *def, nas_arena *a, nas_axis **out,
                                        int32_t *n, nas_err *err);
/* Makes the front of a study, unless it is kept in these directions already. */
NAS_NODISCARD nas_status nas_front_write(nas_store *s, const nas_study *def, nas_study_id id,
                                         nas_arena *a, nas_err *err);
/* A metric of a finished trial has another value now. */
NAS_NODISCARD nas_status nas_front_changed(nas_store *s, nas_study_id id, const char *column,
                                           nas_err *err);

/* views.c: the triggers, views and the index of one study and `trials`; those that are as they
 * should be are left. */
NAS_NODISCARD nas_status nas_views_write(nas_store *s, const nas_study *def, nas_study_id id,
                                         nas_err *err);
/* Of a store that only reads: through it the study's views show version id.version from now on. */
NAS_NODISCARD nas_status nas_views_show(nas_store *s, const nas_study *def, nas_study_id id,
                                        nas_arena *a, nas_err *err);

#endif
