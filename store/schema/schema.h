/* store/schema/schema.h - what a study is in the database: its definition, the wide table of its
 * trials, the views that people query, and the front.
 * Errors, where none are named: NAS_EBUSY another holds the database, and nothing was written;
 * NAS_EFULL; NAS_EIO; NAS_ENOMEM; NAS_EFORMAT the database holds what we never write.
 * Thread safety: one thread at a time for each store. */
#ifndef NAS_STORE_SCHEMA_SCHEMA_H
#define NAS_STORE_SCHEMA_SCHEMA_H

#include "store/sql/handle.h"

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
    nas_stmt *slots[NAS_SQL_SLOTS];
} nas_layout;

/* layout.c */

/* Letters, digits and underscores, of a length that we would write. */
bool nas_name_is_plain(const char *name);
#define NAS_NAME_LETTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789"
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
                                         const char *sql, nas_stmt **out, nas_err *err);
/* The same of a text that was put together (call it while l->slots[slot] is NULL); ends sql. */
NAS_NODISCARD nas_status nas_layout_slot_draft(nas_store *s, nas_layout *l, nas_sql_slot slot,
                                               nas_draft *sql, nas_stmt **out, nas_err *err);
/* Ends the statements that are kept. */
void nas_layouts_end(nas_store *s);

/* names.c: a column's name that is longer than NAS_NAME_MOST is its head, an underscore and 16
 * digits of a hash of it. */

/* name itself where it fits, or is no name; else in arena a. NULL: no memory. */
const char *nas_name_fit(const char *name, nas_arena *a, nas_err *err);
/* The study (0: a new one) with names that fit, but for those that it has had whole. Owner: *out
 * borrows of def and of arena a. Errors: NAS_ENOMEM; those of a statement. */
NAS_NODISCARD nas_status nas_names_fit(nas_store *s, int64_t study, const nas_study *def,
                                       nas_arena *a, nas_study *out, nas_err *err);

/* definition.c */

/* The definition of study number `study` with the columns and the data of one version of
 * its space (wanted 0: the current one), and its number. */
NAS_NODISCARD nas_status nas_study_load(nas_store *s, int64_t study, int64_t wanted, nas_arena *a,
                                        nas_study *def, int64_t *version, nas_err *err);

/* studies.c */

/* The numbers of all studies, in arena a. */
NAS_NODISCARD nas_status nas_studies_list(nas_store *s, nas_arena *a, int64_t **ids, int64_t *n,
                                          nas_err *err);
/* Names of all studies, ", " between them; "none" when there is none. Owner: arena a. */
NAS_NODISCARD nas_status nas_study_names(nas_store *s, nas_arena *a, const char **out,
                                         nas_err *err);
/* Is a run at work on any study, as the database says? */
bool nas_store_any_at_work(nas_store *s);
/* Has it no study? False where that cannot be read. */
bool nas_store_has_no_study(nas_store *s);

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
void nas_renames_put(const nas_renames *r, int32_t param, const char *stored, nas_draft *q);
/* Rows of a version speak as its definition does now; its columns were `from` and are `to`. */
NAS_NODISCARD nas_status nas_renames_apply(nas_store *s, const nas_renames *r,
                                           const nas_layout *from, const nas_layout *to,
                                           nas_err *err);

/* front.c */

/* One direction of a front: a column; met: whether it keeps that bound, 1 or 0. */
typedef struct nas_axis {
    const char *column;
    bool maximize;
    const nas_bound *met;
} nas_axis;
/* Its value of a row; of: "NEW.", "a." or "", before the name of the column. */
void nas_axis_put(const nas_axis *axis, nas_draft *q, const char *of, const char *column);
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
