/* search/stage/evaluate.h - one candidate from clips to measured bytes, as a chain of stages each
 * stored under the key of all that determines it. What is measured are the bytes that ship.
 * Thread safety: one thread at a time in a process: stages work on the threads of base/team.h, and
 * texts of packages take the hooks of cJSON. */
#ifndef NAS_SEARCH_STAGE_EVALUATE_H
#define NAS_SEARCH_STAGE_EVALUATE_H

#include "search/deployed/model.h"
#include "search/space/space.h"
#include "search/task/task.h"
#include "store/store.h"

typedef struct nas_evaluator {
    const nas_dataset *data;
    const nas_cache *cache;
    const nas_kernel *kernel;
    uint64_t seed;
    uint32_t replicate;
    int32_t n_bounds; /* constraints that may reject before training; 0: none */
    const nas_constraint *bounds;
    bool test;     /* read the test set too */
    bool no_share; /* of the cache only clips and features are used: trainings begin at their first
                      step and leave nothing. The bits are the same */
    int32_t n_begins; /* fractions of a training at which others may ask for pruning to begin: */
    const double *begins; /* the dense states there are kept */
    nas_hash *busy;     /* not NULL: what another process is computing is not waited for: NAS_EBUSY,
                           and this is its key */
    double confidence;  /* of the bounds of estimates, one-sided */
    const nas_log *log; /* its stop is asked at every step */
    nas_epoch_fn on_epoch;
    void *ctx;
    bool sums; /* steps of compression tell the sums that their scores are made of, for they are
                  to be added to those of other folds */
    /* Asked, with ctx, of each epoch of a training in order, whether it was trained here or found
     * under its key: true stops the candidate, whose state is NAS_STOPPED. NULL: none is. What it
     * answers enters no key: up to there the bits are those of one that goes on. Not asked of
     * fine-tuning. */
    bool (*stops)(void *ctx, const nas_epoch *e);
    int32_t epochs_before; /* of nets before this one: on_epoch counts on from them */
} nas_evaluator;

typedef struct nas_stage_time {
    const char *name;
    nas_hash key;
    bool reused;
    double wall, cpu; /* seconds, measured */
} nas_stage_time;

enum { NAS_STAGES = 7 }; /* folds, features, train, cluster, tune, export, measure */

/* Of a tally. */
typedef struct nas_sums {
    double n, sum[NAS_TALLY_SUMS];
} nas_sums;

/* The net as one step of compression left it, exported as it was then. */
typedef struct nas_step_figures {
    const char *name;                 /* "dense", "pruned", "folded", "clustered", "quantised" */
    double score;                     /* the task's score on what it is on; NaN: not known */
    int64_t tflite_bytes, zlib_bytes; /* -1: not known */
    nas_sums sums;                    /* of `score`, where they were asked for */
} nas_step_figures;

/* Room for them; for texts beside a model, and for C that is made of those. */
enum { NAS_STEPS = 8, NAS_TEXTS = 4, NAS_SOURCES = 8 };

/* What came of a candidate. Everything lives in the caller's arena. */
typedef struct nas_outcome {
    nas_state state;                 /* NAS_COMPLETE, _STOPPED, _DIVERGED or _REJECTED */
    const char *reason;              /* of all but the first */
    double metric[NAS_METRICS_MOST]; /* NaN: not known */
    int32_t n_epochs, n_stages, n_steps;
    const nas_epoch *epochs;
    nas_stage_time stages[NAS_STAGES];
    nas_step_figures steps[NAS_STEPS];
    /* Of all its nets, fine-tuning with it: epochs that were trained here, and those whose result
     * was found under its key; also after a failure. A part of an epoch is a fraction. */
    double epochs_trained, epochs_saved;
    nas_bytes tflite, zlib;
    const char *text[NAS_TEXTS]; /* of the task's row, in its order */
    const char *candidate_json, *metrics_json;
    const char *warnings;       /* of the study's version, a line each; NULL: none */
    const nas_answers *answers; /* of the validation set, with folds of them; NULL: none kept */
} nas_outcome;

/* Errors: NAS_ESTOP, NAS_EBUSY (see `busy`), and whatever files and memory can say. Diverging, and
 * being rejected, is no error. */
NAS_NODISCARD nas_status nas_evaluate(const nas_evaluator *e, const nas_candidate *c, nas_arena *a,
                                      nas_outcome *out, nas_err *err);

/* Trains and exports a net for each fold on the others (without folds: one), and sets the task's
 * metrics: over all examples of the folds, each by the file of its fold. The score of each step of
 * compression goes into step_scores; entries of steps that c has not are left alone. marks (may
 * be NULL) is filled: what each example got.
 * Each fold's stages lie under keys of their own. Diverging is in out->state. Errors: those of
 * nas_evaluate; the epochs of out are then those of the folds that were begun. */
NAS_NODISCARD nas_status nas_folds_stage(const nas_evaluator *e, const nas_candidate *c,
                                         nas_arena *a, nas_marks *marks, nas_outcome *out,
                                         double step_scores[NAS_STEPS], nas_err *err);

/* The score alone, of an exported file's bytes on the part that is judged; NaN where it is empty.
 * Sums are added to *tally, and its marks where it has some. Errors: NAS_EFORMAT, NAS_EUNSUPPORTED
 * the file cannot be read or run; NAS_ESTOP; NAS_ENOMEM. *out is then NaN. */
NAS_NODISCARD nas_status nas_score_file(const nas_dataset *d, const nas_candidate *c,
                                        const nas_features *f, nas_arena *a, nas_bytes file,
                                        const nas_log *log, nas_tally *tally, double *out,
                                        nas_err *err);

/* What the training set is trained on: its own examples, or those of the task that are another for
 * each epoch. The caller closes *out with nas_refresh_close. Errors: the task's. */
NAS_NODISCARD nas_status nas_refresh_open(const nas_evaluator *e, const nas_candidate *c,
                                          const nas_features *f, nas_refresh *out, nas_err *err);
nas_examples nas_refresh_examples(const nas_refresh *r, const nas_evaluator *e,
                                  const nas_features *f);

/* The training stage: weights at the last step are in *net afterwards; of one that was stopped they
 * mean nothing, and key is of the state at its last epoch. */
typedef struct nas_trained {
    nas_net *net; /* owner: the caller closes it */
    nas_hash key;
    bool reused;
    double epochs_trained, epochs_saved; /* also after a failure */
    nas_train_end end;
    bool stopped; /* after epoch n_epochs */
    int32_t n_epochs;
    nas_epoch *epochs;
} nas_trained;
/* "stopped after epoch 3 of 20" in arena a; NULL: no memory. */
const char *nas_trained_stop(const nas_trained *t, const nas_candidate *c, nas_arena *a,
                             nas_err *err);
/* Errors: NAS_ESTOP, NAS_EBUSY (see `busy`); those of nas_net_open, of the task's refresh and of
 * the cache. Then out->net is NULL. */
NAS_NODISCARD nas_status nas_train_stage(const nas_evaluator *e, const nas_candidate *c,
                                         const nas_features *f, nas_arena *a, nas_trained *out,
                                         nas_err *err);

/* Folding, clusters, fine-tuning, number format, file: *key is of the bytes in out->tflite,
 * out->zlib is made, and out->steps say what each step did. Where fine-tuning diverged out->state
 * says so, and there is no file: that is no error. Errors: NAS_ESTOP; NAS_EBUSY (see `busy`); those
 * of nas_net_fold, nas_format_ship, nas_tflite_write, nas_zlib_stream and of the cache. */
NAS_NODISCARD nas_status nas_export_stage(const nas_evaluator *e, const nas_candidate *c,
                                          const nas_features *f, const nas_trained *t, nas_arena *a,
                                          nas_outcome *out, nas_hash *key, nas_err *err);

/* The cache as stages use it: with e->no_share nothing is found or left, and every claim is
 * granted. A claim is for computing what belongs under key: only one process has it. Errors: those
 * of nas_cache_get and nas_cache_put. */
NAS_NODISCARD nas_status nas_stage_get(const nas_evaluator *e, const nas_hash *key, nas_cached *out,
                                       bool *found, nas_err *err);
NAS_NODISCARD nas_status nas_stage_put(const nas_evaluator *e, const nas_hash *key,
                                       const char *kind, const nas_piece *pieces, int32_t n,
                                       nas_err *err);
/* Errors: NAS_EBUSY somebody else has it and e->busy is given; else it is waited for, NAS_ESTOP. */
NAS_NODISCARD nas_status nas_stage_claim(const nas_evaluator *e, const nas_hash *key, nas_lock *out,
                                         nas_err *err);
void nas_stage_unclaim(const nas_evaluator *e, const nas_hash *key, nas_lock *lock);

/* What a stage took. */
typedef struct nas_stopwatch {
    double wall, cpu;
} nas_stopwatch;
nas_stopwatch nas_stopwatch_start(void);
void nas_note_stage(nas_outcome *out, const char *name, const nas_hash *key, bool reused,
                    nas_stopwatch since);

/* Net -> folded graph -> number format -> file bytes, in arena a. x [n][input elements]:
 * calibration inputs. Errors: those of nas_format_ship and nas_tflite_write. */
NAS_NODISCARD nas_status nas_export_net(const nas_net *net, nas_format format, const float *x,
                                        int32_t n, nas_arena *a, nas_bytes *tflite, nas_err *err);

/* The graph of a candidate's file before training: shapes, types, multiply-accumulates and memory
 * are those of the trained one, values are not. Lives in arena a. Errors: those of nas_net_open and
 * nas_format_apply. */
NAS_NODISCARD nas_status nas_untrained_graph(const nas_candidate *c, int32_t outputs,
                                             const nas_kernel *kernel, nas_arena *a, nas_graph *out,
                                             nas_err *err);

/* Is there a bound that this candidate cannot keep, whatever it learns? *reason (in a) says which;
 * NULL when there is none. What is known before training: params, macs, ram_bytes and arena_bytes
 * exactly; tflite_bytes is at least the bytes of its constants, those that may become equal once;
 * zip_bytes at least 1/1032 of these (no DEFLATE stream is shorter) and the archive's headers;
 * zlib_bytes at least two bytes for each float32 among the constants that is not 0 from the first,
 * and no more than three for each weight of a kernel, where weights cannot settle on few values
 * (search/metrics/metrics.c says why). The rows of the metrics have all of it. Errors: those of
 * nas_untrained_graph; *reason is then NULL. */
NAS_NODISCARD nas_status nas_reject(const nas_evaluator *e, const nas_candidate *c, nas_arena *a,
                                    const char **reason, nas_err *err);

/* One at a time on this machine measures how long something takes; waits. Errors: NAS_EINVAL the
 * folder's path is too long; those of nas_cache_wait_for and nas_dir_make. */
NAS_NODISCARD nas_status nas_measure_lock(const nas_cache *cache, nas_lock *out, nas_err *err);

/* Median, ends of its interval and 95th percentile of a time: the metric `time` and those after it.
 */
void nas_latency_metrics(const nas_latency *l, nas_metric_id time, double *metric);

/* candidate.json and metrics.json, which stand beside model.tflite whatever the task, into *out; in
 * arena a. Errors: NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_package(const nas_evaluator *e, const nas_candidate *c, nas_arena *a,
                                     nas_outcome *out, nas_err *err);
/* metrics.json alone: known metrics, and under "data" the fingerprint of the data, hexadecimal
 * (NULL: none). Lives in arena a. Errors: NAS_ENOMEM, and *out is NULL. */
NAS_NODISCARD nas_status nas_package_metrics(const nas_metric_list *list, const double *metric,
                                             const char *data, nas_arena *a, const char **out,
                                             nas_err *err);

/* For writing such texts: a tree from a JSON text (NULL: an empty object), which is filled by
 * cJSON's functions unasked whether they had room; printing it into the arena says so, and frees
 * it. Numbers are as short as they read back. Errors of print: NAS_ENOMEM, then or before; *out is
 * NULL. */
cJSON *nas_package_start(const char *text);
NAS_NODISCARD nas_status nas_package_print(cJSON *tree, nas_arena *a, const char **out,
                                           nas_err *err);
void nas_package_number(cJSON *object, const char *name, double v);
void nas_package_floats(cJSON *object, const char *name, const float *v, int32_t n);

enum { NAS_EXPORT_VERSION = 4 };

#endif
