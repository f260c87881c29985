/* store/store_int.h - what the files of store/ share: the handle, its transactions, and the columns
 * of a study's table. */
#ifndef NAS_STORE_STORE_INT_H
#define NAS_STORE_STORE_INT_H

#include "store/sql.h"

#include <sys/types.h>

/* The oldest schema that is read as it is: later ones only add. The versions that keep examples;
 * warnings, the kernel row of a study and the data of each version; finals. */
enum {
    NAS_SCHEMA_READABLE = 4,
    NAS_SCHEMA_EXAMPLES = 5,
    NAS_SCHEMA_WARNINGS = 6,
    NAS_SCHEMA_FINALS = 7,
    NAS_SCHEMA_NOW = 7
};

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

struct nas_store {
    const nas_backend *backend;
    void *db;   /* the backend's own */
    char *path; /* as the user wrote it */
    nas_store_mode mode;
    int64_t schema; /* of the database, once it is open */
    pid_t pid;      /* who opened it: connections do not survive a fork */
    nas_sync sync;
    double patience;  /* seconds; 0 or less: as a store begins */
    nas_arena *arena; /* layouts */
    nas_layout *layouts;
    bool marked; /* the file itself says that a run is at work, as far as this handle wrote it */
    const int64_t *passed; /* rows that claims leave alone */
    int32_t n_passed;
    int64_t only;        /* the one row that claims take; 0: any */
    const int64_t *left; /* rows that are not there for claims */
    int32_t n_left;
};

/* Letters, digits and underscores, of a length that we would write. */
bool nas_name_is_plain(const char *name);
/* Is a run at work on any study, as the database says? */
bool nas_store_any_at_work(nas_store *s);
/* Has it no study? False where that cannot be read. */
bool nas_store_has_no_study(nas_store *s);

/* hint.c: what a statement might have meant by a column that is not there, in arena a; NULL: it
 * names no view that is known. */
const char *nas_sql_hint(nas_store *s, nas_arena *a, const char *sql, const char *missing);

/* The numbers of all studies, in arena a. */
NAS_NODISCARD nas_status nas_studies_list(nas_store *s, nas_arena *a, int64_t **ids, int64_t *n,
                                          nas_err *err);

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
                                         const char *sql, nas_stmt **out, nas_err *err);
/* The same of a text that was put together (call it while l->slots[slot] is NULL); ends sql. */
NAS_NODISCARD nas_status nas_layout_slot_draft(nas_store *s, nas_layout *l, nas_sql_slot slot,
                                               nas_draft *sql, nas_stmt **out, nas_err *err);

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
void nas_axis_put(const nas_axis *axis, nas_draft *q, const char *of, const char *column);
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
