/* store/store.h - the database of studies: the meeting point of workers and the page that people
 * query. docs/SCHEMA.md describes what stands in it. tests/store/conformance.h asks each backend
 * for what is promised here.
 *
 * Thread safety: a nas_store serves one thread at a time. Any number of them may have one database
 * open, in one process or in many. A store belongs to the process that opened it: after a fork the
 * child opens its own.
 *
 * Ownership: what goes in is borrowed for the call, unless a function says for how long. What comes
 * out is in arena a. What a function of the caller's is handed holds during that call of it; such a
 * function must not write with the same store.
 *
 * Durability: a function that is durable returns once a power cut takes nothing away of what it
 * wrote, nor of what any store wrote before it. What the others wrote outlives the process, killed
 * or not; a power cut may take the last of it back, a whole call at a time and the last one first.
 *
 * Consistency: each call that writes is one transaction. All of it is written or, on an error,
 * nothing; a call that was cut off by a kill has written all or nothing, too. One store writes at a
 * time, the others wait (nas_store_set_patience). What a call has written is seen by each call of
 * any store that begins after it has returned. A call that reads sees one moment of the database;
 * two calls may see two.
 *
 * Errors of reading: NAS_EBUSY others held the database for too long, NAS_EIO, NAS_EFORMAT it is
 * damaged, NAS_ENOMEM, and NAS_ENOTFOUND there is no such study or version. Errors of writing are
 * those, and NAS_EINVAL the store only reads, NAS_EFULL the disk is full, NAS_EBUG it was opened
 * before a fork, and NAS_EMOVED: the call has written, but to a file that is no longer at its path.
 * What is busy is not lost: the same call may be made again. */
#ifndef NAS_STORE_STORE_H
#define NAS_STORE_STORE_H

#include "base/direction.h"
#include "base/hash.h"
#include "base/relation.h"
#include "base/value.h"
#include "store/state.h"

#include "base/arena.h"

typedef struct nas_store nas_store;

/* Of the databases that are written. */
int nas_schema_version(void);

typedef enum nas_store_mode {
    NAS_STORE_CREATE, /* made when absent */
    NAS_STORE_WRITE,  /* must be there */
    NAS_STORE_READ    /* cannot change anything; no attach, no extensions */
} nas_store_mode;

/* Opens, and brings a database of an older schema up to date where it may be written.
 * A file made by NAS_STORE_CREATE is removed again by nas_store_close when no study came into it.
 * Owner: the caller closes *out. Errors: NAS_ENOTFOUND, NAS_EFORMAT (not a database, not ours, or
 * of a newer schema: untouched; or none, but the -wal file of one that was removed), NAS_EIO,
 * NAS_EINVAL (to write to a file of several names; a path that is too long), NAS_EBUSY, NAS_ENOMEM.
 */
NAS_NODISCARD nas_status nas_store_open(const char *path, nas_store_mode mode, nas_store **out,
                                        nas_err *err);
void nas_store_close(nas_store *s);

/* Which file a database is, for those who open it again (store/file.h): {0} is any that has one
 * name. */
typedef struct nas_file_id {
    uint64_t device, inode;
} nas_file_id;
typedef struct nas_store_place {
    nas_file_id id; /* inode 0: any */
    bool any_name;  /* the file may have other names: nobody uses them */
} nas_store_place;

/* As nas_store_open, of that file alone. Errors: also NAS_EMOVED it is no longer at path: nothing
 * there is touched. */
NAS_NODISCARD nas_status nas_store_open_at(const char *path, nas_store_mode mode,
                                           const nas_store_place *place, nas_store **out,
                                           nas_err *err);

/* How long a write waits for the writes of others before it is NAS_EBUSY, in seconds; 0 or less:
 * two minutes, as a store begins. */
void nas_store_set_patience(nas_store *s, double seconds);
/* In place of a patience: while s waits, fn is asked again and again, with the seconds of this
 * wait; false ends it with NAS_EBUSY. fn may not use s. NULL: patience ends it. ctx is borrowed for
 * the life of s. */
typedef bool (*nas_wait_fn)(void *ctx, double seconds);
void nas_store_set_wait(nas_store *s, nas_wait_fn fn, void *ctx);

/* Of the file that s has open. From NAS_STORE_DATA on versions know their data. */
enum { NAS_STORE_DATA = 6 };
int64_t nas_store_schema(const nas_store *s);

/* Could NAS_STORE_CREATE open it? Makes and changes nothing. Errors: those of nas_store_open;
 * NAS_ENOTFOUND its folder is not there, NAS_EIO it or its folder cannot be written. */
NAS_NODISCARD nas_status nas_store_check(const char *path, nas_err *err);

/* A study as the search defines it. Everything is borrowed for the call. */
typedef struct nas_bound {
    const char *text;   /* "zlib_bytes < 25000", as written */
    const char *column; /* the column it is tested against */
    nas_relation op;
    double bound;
} nas_bound;

typedef struct nas_goal {
    const char *column;
    nas_direction direction;
} nas_goal;

/* Option i of a parameter, which may stand in rows as was[i] or as the number i, is now[i]. */
typedef struct nas_renamed {
    int32_t param, n;
    const char *const *was;
    const nas_value *now;
} nas_renamed;

typedef struct nas_study {
    const char *name, *task;
    const char *space_text;
    nas_hash space_hash, fingerprint;
    uint64_t seed;
    int64_t trials;    /* wanted in total; -1: until the sampler is exhausted */
    bool prefers;      /* the first of nas_claims, where it is feasible, is the best */
    double confidence; /* of the bounds that estimates are tested against; NaN: the bare figures */
    int32_t n_params, n_metrics, n_bounds, n_goals;
    const nas_column *params, *metrics;
    const nas_bound *bounds;
    const nas_goal *goals; /* in order; ties: tie_break ascending, then number */
    const char *tie_break; /* a metric column */
    const char *kernel;    /* row that trains its nets; NULL: not known */
    /* Of a version that is joined, whose space then had this text: which options have other names
     * now. Asked in the transaction; *out in arena a. NULL: none have. */
    nas_status (*renamed)(const void *ctx, const char *text, nas_arena *a, const nas_renamed **out,
                          int32_t *n, nas_err *err);
    const void *renamed_ctx;
} nas_study;

typedef struct nas_study_id {
    int64_t study, version; /* version of the space, from 1 */
    bool joined;            /* that version of it was there already */
    int32_t first; /* of a version that was made now: trials that wait in it, of the best settings
                      that the same space had with other data */
} nas_study_id;

/* One of the examples that models of a study are asked about: a clip; of a series one step of one
 * target in a block of time. */
typedef struct nas_example {
    const char *part;         /* "validation" (with folds: all but the test part), "test" */
    const char *name, *class; /* a clip and its label; a block of time and the target */
    const char *group;        /* what is resampled: a speaker; the block of time */
    int32_t fold;             /* that it is judged in; below 0: none */
    int32_t step;             /* of a series, from 1; else 0 */
    double windows, carried;  /* of a series: forecasts of the cell, and the sum of the errors of
                                 carrying the last value on; else NaN */
} nas_example;

/* What a model said of the examples of a part, in their order. */
typedef struct nas_answers {
    const char *part;
    int32_t replicate; /* 0: of the trial itself; else of another seed */
    int32_t examples;
    double score;                /* NaN: not known */
    const uint8_t *right;        /* bit i % 8 of byte i / 8: example i was right; NULL: a series */
    const uint8_t *predicted;    /* [examples] class; NULL: not kept */
    const uint8_t *share;        /* [examples] its probability * 255; NULL: not kept */
    const float *error, *square; /* of a series: [examples] sums of errors and of their squares */
} nas_answers;

/* Examples of a study, once: nothing is written where they are there, or where the study is bare.
 * Durable. Errors: of writing. */
NAS_NODISCARD nas_status nas_store_put_examples(nas_store *s, nas_study_id id,
                                                const nas_example *rows, int32_t n, nas_err *err);
/* Was the study of that name begun by a nas that kept no examples? False where there is none.
 * Errors: of reading. */
NAS_NODISCARD nas_status nas_store_is_bare(nas_store *s, const char *name, bool *out, nas_err *err);

/* A run of the study begins and goes on, or ends: while one is at work the file itself says so,
 * without what stands in its -wal file. Called before the first claim, which may take two seconds
 * where somebody reads, and again every few seconds: where that was not enough, and where another
 * run that ended took the mark away. Errors: of writing. */
NAS_NODISCARD nas_status nas_store_at_work(nas_store *s, nas_study_id id, bool yes, nas_err *err);

/* A warning of a run; nothing is written where the version has that text. Durable. Errors: of
 * writing. */
NAS_NODISCARD nas_status nas_store_put_warning(nas_store *s, nas_study_id id, const char *text,
                                               nas_err *err);
/* Those of a version in the order in which they were first said; fn returns false to end early.
 * Errors: of reading. */
typedef bool (*nas_warning_fn)(void *ctx, const char *text);
NAS_NODISCARD nas_status nas_store_warnings(nas_store *s, nas_study_id id, nas_warning_fn fn,
                                            void *ctx, nas_err *err);

/* What is claimed of a study's finalists, the winner first; docs/SCHEMA.md. */
typedef struct nas_claim_row {
    int64_t trial; /* row */
    double wins;
    /* Of the first alone; trials 0: of none */
    int64_t trials;
    double observed, claimed, lo, low, high, meets, confidence;
} nas_claim_row;
/* In place of those that were there for the study's version. Durable. Errors: of writing. */
NAS_NODISCARD nas_status nas_store_put_claims(nas_store *s, nas_study_id id,
                                              const nas_claim_row *rows, int32_t n, nas_err *err);

/* Answers of one more kind, or again, of a finished trial (of a reused one: of the row that was
 * trained). Durable. Errors: NAS_ENOTFOUND no such row; of writing. */
NAS_NODISCARD nas_status nas_store_put_answers(nas_store *s, nas_study_id id, int64_t row,
                                               const nas_answers *a, nas_err *err);
/* The answers of the current version's complete trials on a part by rising number, or of one trial
 * alone (row > 0), replicates after their trial; fn returns false to end early. Errors: of
 * reading. */
typedef bool (*nas_answers_fn)(void *ctx, int64_t row, int64_t number, const nas_answers *a);
NAS_NODISCARD nas_status nas_store_answers(nas_store *s, nas_study_id id, int64_t row,
                                           const char *part, nas_answers_fn fn, void *ctx,
                                           nas_err *err);

/* Makes the study, joins it, or begins a new version of it (another space_hash or fingerprint);
 * columns that are new are added; views are made again. A space and data that the study had before
 * find their old version; with other data than before, the best settings of the same space are the
 * first trials. `trials` and the bounds and goals of the last call hold; other bounds than before
 * make rejected trials wait to be judged again. Errors: NAS_EINVAL a refused name (an SQL keyword,
 * `trials`, `studies`, a name of ours, one that ends like a view, not letters digits underscores),
 * another seed or kernel under the same name (names both); NAS_EBUSY trials of another version are
 * running; of writing. */
NAS_NODISCARD nas_status nas_store_study(nas_store *s, const nas_study *def, nas_study_id *out,
                                         nas_err *err);

/* Names of columns have that many letters at most. A longer one of a study's definition becomes its
 * head, an underscore and 16 digits of a hash of it, in SQL and in what nas_store_find says. A
 * study that an older nas gave the whole name keeps it. */
enum { NAS_NAME_MOST = 63 };
/* The column of a parameter (from 0) of the version; *out in arena a. Errors: NAS_EINVAL it has no
 * such parameter; of reading. */
NAS_NODISCARD nas_status nas_store_param_column(nas_store *s, nas_study_id id, int32_t param,
                                                nas_arena *a, const char **out, nas_err *err);

/* May this name be a study's? Says why not: with the ending of a view it has NAS_NAME_MOST letters
 * at most. Errors: NAS_EINVAL. */
NAS_NODISCARD nas_status nas_store_check_name(const char *name, nas_err *err);

/* One trial as a worker holds it. */
typedef struct nas_claim {
    int64_t id;      /* row of the study's table */
    int64_t number;  /* within the version */
    int32_t attempt; /* from 1 */
    nas_hash candidate;
    int64_t reuse; /* a row of another version that has the result of this candidate; 0: none */
} nas_claim;

/* How the next new trial is picked, inside the claim's transaction. cursor is the sampler's.
 * has_trial says whether this version has a trial with that candidate hash. Writes values
 * (n_params) and hash, or exhausted, or again: none yet, but the cursor is to be kept, or wait:
 * none before others have ended. json is the candidate's document, stored with the row. */
typedef struct nas_picked {
    nas_hash candidate;
    const char *json;
    bool exhausted, again, wait;
} nas_picked;
/* It may use the store for nas_store_has_candidate and nas_store_past. Its error ends the claim,
 * which writes nothing then. */
typedef nas_status (*nas_pick_fn)(void *ctx, int64_t number, int64_t *cursor, nas_value *values,
                                  nas_picked *out, nas_err *err);
/* Has the version a trial of that candidate? Errors: of reading. */
NAS_NODISCARD nas_status nas_store_has_candidate(nas_store *s, nas_study_id id,
                                                 const nas_hash *candidate, bool *yes,
                                                 nas_err *err);

/* A trial of the version that has ended; pointers hold during the call. Values are in the order of
 * the version's columns. */
typedef struct nas_past_row {
    int64_t number;
    nas_state state; /* an end */
    const nas_value *params, *metrics;
} nas_past_row;
typedef nas_status (*nas_past_fn)(void *ctx, const nas_past_row *row, nas_err *err);
/* Trials from, from + 1, ... below `below` of the version, as long as each has ended: the first
 * that has not, or is not there, ends it. Errors: those of fn; of reading. */
NAS_NODISCARD nas_status nas_store_past(nas_store *s, nas_study_id id, int64_t from, int64_t below,
                                        nas_past_fn fn, void *ctx, nas_err *err);

typedef enum nas_claimed {
    NAS_CLAIMED,
    NAS_CLAIM_NONE_LEFT,
    NAS_CLAIM_WAIT,
    NAS_CLAIM_AGAIN
} nas_claimed;

/* Takes a waiting trial if there is one (one that was given up), else picks a new one, unless
 * `trials` are there already. Numbers have no gap, whoever claims. NAS_CLAIM_WAIT: all are taken,
 * or the pick waits, but some still run. NAS_CLAIM_AGAIN: the pick has not come to a point yet and
 * is to go on in another transaction. Not durable: a lost claim is claimed again. *json: the
 * document of a trial that was claimed, in arena a. Errors: those of pick; of writing. */
NAS_NODISCARD nas_status nas_store_claim(nas_store *s, nas_study_id id, const char *worker,
                                         nas_pick_fn pick, void *ctx, nas_arena *a, nas_claim *out,
                                         const char **json, nas_claimed *what, nas_err *err);

/* Claims through this handle leave these waiting trials alone from now on: rows[n], borrowed until
 * the next call. While there are others, or some run, NAS_CLAIM_WAIT stands for "none". */
void nas_store_pass_over(nas_store *s, const int64_t *rows, int32_t n);

/* Claims through this handle take no trial but row `only` (0: any) from now on, and wait for no
 * other; they do as if the rows left[n] were not there; borrowed until the next call. */
void nas_store_narrow(nas_store *s, int64_t only, const int64_t *left, int32_t n);

/* Writes the date, or another value beside it: each call changes what stands there. Errors:
 * NAS_ELOST when the trial is no longer this worker's: its result would not be kept; of writing. */
NAS_NODISCARD nas_status nas_store_heartbeat(nas_store *s, nas_study_id id, const nas_claim *c,
                                             const char *worker, nas_err *err);

typedef struct nas_epoch_row {
    int32_t epoch;
    int64_t step;
    double loss, val_loss, val_accuracy, seconds;
} nas_epoch_row;

typedef struct nas_stage_row {
    const char *name; /* "features", "train", "format", ... */
    nas_hash key;
    bool reused; /* found under its key */
    double wall_seconds, cpu_seconds;
} nas_stage_row;

/* What one step of compression left: the same net, exported as it was then. */
typedef struct nas_step_row {
    const char *name;                 /* "dense", "pruned", "folded", "clustered", "quantised" */
    double accuracy;                  /* on the validation split; NaN: not known */
    int64_t tflite_bytes, zlib_bytes; /* -1: not known */
} nas_step_row;

typedef struct nas_artefact {
    const char *name; /* "model.tflite" */
    const void *bytes;
    size_t n;
} nas_artefact;

/* What came of a trial. */
typedef struct nas_result {
    nas_state state; /* an end, or NAS_WAITING: given back */
    const char *reason;
    const nas_value *metrics; /* n_metrics of the study's definition, in its order; NULL: none */
    double seconds, cpu_seconds;
    double epochs_trained; /* by this attempt; they add up */
    double epochs_saved;   /* found by this attempt; NaN where the trial is not at its end */
    bool forgiven; /* given back through no fault of the trial: the attempt does not count, and
                      need not be durable */
    const char *machine;        /* CPU, kernel row */
    const nas_answers *answers; /* NULL: none */
    int32_t n_epochs, n_stages, n_steps, n_artefacts;
    const nas_epoch_row *epochs;
    const nas_stage_row *stages;
    const nas_step_row *steps;
    const nas_artefact *artefacts;
} nas_result;

/* One durable transaction (but see `forgiven`): the row, its epochs, stages, steps, answers and
 * artefacts. Errors: NAS_ELOST the trial is no longer this worker's (it was given up for dead, or
 * has ended): nothing is written; NAS_EINVAL no such state; of writing. */
NAS_NODISCARD nas_status nas_store_finish(nas_store *s, nas_study_id id, const nas_claim *c,
                                          const char *worker, const nas_result *r, nas_err *err);

/* Ends a trial whose claim says `reuse`: state, reason, machine and metrics of that row become its
 * own, `reused` says which row was trained, whose epochs count as saved; that one's epochs, stages,
 * steps and artefacts are this one's too. Durable. Errors: NAS_ELOST as above; NAS_EINVAL when
 * the claim has none to reuse; of writing. */
NAS_NODISCARD nas_status nas_store_reuse(nas_store *s, nas_study_id id, const nas_claim *c,
                                         const char *worker, nas_err *err);

/* Gives back the running trials whose worker is dead, as `dead` judges by the worker's name and the
 * heartbeat as it stands in the row (NaN: none), which the worker's clock wrote; one that was tried
 * `retries` + 1 times becomes failed, for the reason `why`. retries below 0: it was no fault of the
 * trials, and the attempt does not count. A trial whose heartbeat changed meanwhile stays. *n: how
 * many. Durable. Errors: of writing. */
typedef bool (*nas_dead_fn)(void *ctx, const char *worker, double heartbeat);
NAS_NODISCARD nas_status nas_store_reap(nas_store *s, nas_study_id id, int32_t retries,
                                        const char *why, nas_dead_fn dead, void *ctx, int32_t *n,
                                        nas_err *err);

/* Lets trials that failed wait again, as if they had never been tried: those of ranges of numbers
 * that are `failed`. Others of a range stay; a range of one number is refused unless that failed.
 * The reason that each had becomes a warning of the version. Durable, all or none. told, which may
 * be NULL, hears each number and reason before they are written, and *n is how many. Errors:
 * NAS_EINVAL, NAS_EBUSY it runs; NAS_ENOTFOUND; of writing. */
typedef struct nas_retry {
    int64_t first, last;
} nas_retry;
typedef void (*nas_retry_fn)(void *ctx, int64_t number, const char *reason);
NAS_NODISCARD nas_status nas_store_retry(nas_store *s, nas_study_id id, const nas_retry *ranges,
                                         int32_t n_ranges, nas_retry_fn told, void *ctx, int64_t *n,
                                         nas_err *err);

/* What a finalist got of the test part, and its times with nobody else at work: NaN is none. */
typedef struct nas_final_figure {
    const char *metric;
    double v;
} nas_final_figure;
/* Of one that was judged among so many trials. Durable. Errors: NAS_ENOTFOUND no such row; of
 * writing. */
NAS_NODISCARD nas_status nas_store_put_final(nas_store *s, nas_study_id id, int64_t trials,
                                             int64_t row, const nas_final_figure *v, int32_t n,
                                             nas_err *err);
/* Was it judged so, in whichever version, among however many? Errors: NAS_ENOTFOUND no such row; of
 * reading. */
NAS_NODISCARD nas_status nas_store_had_final(nas_store *s, nas_study_id id, int64_t row, bool *yes,
                                             nas_err *err);
/* The finalists of so many trials, in their order, each of them judged: they alone show what they
 * got of the test part. Durable. Errors: NAS_ENOTFOUND no such row; of writing. */
NAS_NODISCARD nas_status nas_store_end_finals(nas_store *s, nas_study_id id, int64_t trials,
                                              const int64_t *rows, int32_t n, nas_err *err);

/* Where the data lay that a version of the study was last run with; measured. Not durable. Errors:
 * of writing. */
NAS_NODISCARD nas_status nas_store_put_data_folder(nas_store *s, nas_study_id id, const char *place,
                                                   nas_err *err);
/* *place in arena a; NULL: not known. Errors: of reading. */
NAS_NODISCARD nas_status nas_store_data_folder(nas_store *s, nas_study_id id, nas_arena *a,
                                               const char **place, nas_err *err);

/* Sets one metric of a finished trial (latency measured again); the front follows. Durable. Errors:
 * NAS_EINVAL no such metric, NAS_ENOTFOUND no such row, or it has not ended; of writing. */
NAS_NODISCARD nas_status nas_store_set_metric(nas_store *s, nas_study_id id, int64_t row,
                                              const nas_column *column, const nas_value *v,
                                              nas_err *err);
typedef struct nas_figure {
    int64_t row;
    const char *column;
    double v;
} nas_figure;
/* Many of them, of columns of real numbers, and the study's confidence. Durable. Errors: as
 * nas_store_set_metric. */
NAS_NODISCARD nas_status nas_store_put_bounds(nas_store *s, nas_study_id id, double confidence,
                                              const nas_figure *v, size_t n, nas_err *err);

/* An artefact's bytes into arena a, and a NUL behind them; of a reused trial, those of the row that
 * was trained. Errors: NAS_ENOTFOUND it has none of that name; of reading. */
NAS_NODISCARD nas_status nas_store_artefact(nas_store *s, nas_study_id id, int64_t row,
                                            const char *name, nas_arena *a, uint8_t **bytes,
                                            size_t *n, nas_err *err);

/* A complete trial whose artefact of that name is these bytes: of id's version, else of the last
 * that has one. row 0: there is none. Errors: of reading. */
typedef struct nas_holder {
    int64_t row, version, number;
} nas_holder;
NAS_NODISCARD nas_status nas_store_holder(nas_store *s, nas_study_id id, const char *name,
                                          const void *bytes, size_t n, nas_holder *out,
                                          nas_err *err);

/* The candidate's document of a trial, as the claim stored it. Errors: NAS_ENOTFOUND no such
 * row; of reading. */
NAS_NODISCARD nas_status nas_store_document(nas_store *s, nas_study_id id, int64_t row,
                                            nas_arena *a, const char **json, nas_err *err);

/* The study of that name, or the only one when name is NULL. Its definition as stored; arena a owns
 * it. Errors: NAS_ENOTFOUND (names those that are there); of reading. */
NAS_NODISCARD nas_status nas_store_find(nas_store *s, const char *name, nas_arena *a,
                                        nas_study *def, nas_study_id *out, nas_err *err);

/* The same of one version of its space (0: the current one): with that version's columns and data,
 * and the objectives and constraints that are now in force. s is open for reading, and through it
 * the study's views show that version from now on. Errors: also NAS_ENOTFOUND no such version,
 * NAS_EINVAL it has not what objectives and constraints ask for; of reading. */
NAS_NODISCARD nas_status nas_store_find_version(nas_store *s, const char *name, int64_t version,
                                                nas_arena *a, nas_study *def, nas_study_id *out,
                                                nas_err *err);

/* Any one statement that only reads. Rows are handed to fn, which returns false to end early; of a
 * store that only reads once the statement has ended, as far as memory goes. More than one
 * statement, and whatever writes, is NAS_EINVAL, and so is what names a column or a table that is
 * not there. args are bound to ?1, ?2, ... Errors: also those of reading. */
typedef struct nas_row {
    int32_t n;
    const char *const *names;
    const nas_value *values;
} nas_row;
typedef bool (*nas_row_fn)(void *ctx, const nas_row *row);
NAS_NODISCARD nas_status nas_store_query(nas_store *s, const char *sql, const nas_value *args,
                                         int32_t n_args, nas_row_fn fn, void *ctx, nas_err *err);
/* The integer in the first column of the first row, into *out, which stays as it is when there is
 * no row. Errors: as nas_store_query. */
NAS_NODISCARD nas_status nas_store_query_integer(nas_store *s, const char *sql,
                                                 const nas_value *args, int32_t n_args,
                                                 int64_t *out, nas_err *err);
/* The same as nas_store_query; before the first row, or when there is none, head is handed the
 * names, with values NULL. */
NAS_NODISCARD nas_status nas_store_query_head(nas_store *s, const char *sql, const nas_value *args,
                                              int32_t n_args, nas_row_fn head, nas_row_fn fn,
                                              void *ctx, nas_err *err);

#endif
