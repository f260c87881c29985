/* search/task/task.h - what a task is: a folder that fills one row. The engine around it knows no
 * clips, no columns and no metric of a task's own. To add one: search/task/<x>/ with nas_task_<x>,
 * and its name in NAS_TASK_LIST. What is its own hangs on `own` of nas_task, nas_dataset and
 * nas_marks. This is a contract: structs of the rooms above it are only named here, and only
 * task.c, the table of rows, knows the folders.
 * Thread safety: the rows are constant; one thread at a time for each task and dataset, but for
 * what only reads. */
#ifndef NAS_SEARCH_TASK_TASK_H
#define NAS_SEARCH_TASK_TASK_H

#include "core/nn/net/examples.h"
#include "search/metrics/metrics.h"
#include "search/task/marks.h"

#include <cjson/cJSON.h>

#define NAS_TASK_LIST(X) \
    X(keywords)          \
    X(forecast)          \
    X(test_function)

typedef struct nas_candidate nas_candidate; /* search/candidate/candidate.h */
typedef struct nas_space nas_space;         /* search/space/space.h */
typedef struct nas_model nas_model;         /* core/nn/net/model.h */
typedef struct nas_graph nas_graph;         /* core/graph/graph.h */
typedef struct nas_notes nas_notes;         /* core/deploy/deploy.h */
typedef struct nas_example nas_example;     /* store/store.h, as is the next */
typedef struct nas_answers nas_answers;
typedef struct nas_bound_rule nas_bound_rule; /* search/estimate/estimate.h */
struct nas_check;                             /* search/candidate/candidate_int.h, as is the next */
struct nas_model_place;                       /* search/deployed/model.h, as is the next */
struct nas_beside;
struct nas_block; /* search/candidate/blocks.h, as is the next */
struct nas_block_row;

/* Of a document, built by the row. */
typedef struct nas_task {
    const struct nas_task_ops *ops;
    const char *data; /* folder or file, as written; resolved against the working directory */
    nas_metric_list metrics;
    void *own; /* the row's; lives in the arena that it was built in */
} nas_task;

/* Who a training is for. */
typedef struct nas_training {
    const nas_cache *cache;
    uint64_t seed;
    uint32_t replicate;
    const nas_log *log;
} nas_training;

/* Examples to train on that are another for each epoch. */
typedef struct nas_refresh {
    void *ctx;             /* NULL: there is none, the part's own examples serve */
    nas_examples examples; /* those of the epoch that was asked for last */
    /* Brings them to an epoch (from 0), whatever was there before. Errors: NAS_ESTOP, files. */
    nas_status (*epoch)(void *ctx, int32_t epoch, nas_err *err);
    /* Adds what they depend on beside the candidate's blocks, the features' key and the seed. */
    void (*hash)(const void *ctx, nas_hasher *h);
    void (*close)(void *ctx);
} nas_refresh;
void nas_refresh_hash(const nas_refresh *r, nas_hasher *h); /* nothing where there is none */
void nas_refresh_close(nas_refresh *r);

/* Sums over examples, from which a task's metrics are concluded; those of several folds add up. */
enum { NAS_TALLY_SUMS = 40 };
typedef struct nas_tally {
    double n; /* examples */
    double sum[NAS_TALLY_SUMS];
    double *by_output; /* [outputs] sums of each output's own, or NULL */
    nas_marks *marks;  /* what each example got; NULL: not noted */
} nas_tally;
void nas_tally_add(nas_tally *to, const nas_tally *more);

typedef struct nas_task_ops {
    const char *name; /* the word of task.kind */
    const char *help;
    const struct nas_block *block; /* its keys */
    /* That block and those below it, for documentation, NULL at the end; and their keys that are
     * more than plain values, `above` NULL at the end (NULL: there are none). */
    const struct nas_block *const *blocks;
    const struct nas_block_row *rows;
    uint32_t has; /* NAS_HAS_...: which blocks of the file it takes */
    /* Metrics that lists of trials show: the score, the same on the test set (where there is one),
     * then others; "mae_*" are all that begin so. NULL at the end. */
    const char *const *listed;
    /* [NAS_METRIC_SCORES] what the task calls its score, that of the test set, and its lower end.
     */
    const nas_metric *scores;
    bool values;                /* a model gives plain values, not classes */
    bool counts;                /* an example is right or wrong; else it has an error */
    const char *output_word;    /* of "units": as many as the task has outputs */
    const char *outputs_text;   /* the text with a line for each output; NULL: the task says how
                                   many there are */
    const char *data_word;      /* what `data` is, for messages: "folder"; NULL: there is none */
    const char *stopping;       /* for messages: what else gives folds examples to pick an epoch
                                   by, ", or set ..."; NULL: nothing does */
    const char *const *texts;   /* files that stand beside the model, NULL at the end */
    const char *const *sources; /* C that is made of the texts, NULL at the end; or NULL: none */

    /* Errors of what returns a status, where none are named: NAS_ENOMEM. */

    /* What keys say of each other. May be NULL. */
    void (*check)(struct nas_check *c, const char *path, const cJSON *task);
    /* Fills the task from JSON that was checked; kind, ops and data are there already. Errors:
     * NAS_EINVAL a value that its table does not have; NAS_ENOMEM. */
    nas_status (*build)(nas_arena *a, const cJSON *task, nas_task *out, nas_err *err);
    /* Metrics that do not depend on the task's keys; NULL: they do, or `build` gives them. */
    nas_status (*metrics)(nas_arena *a, nas_metric_list *out, nas_err *err);
    /* Outputs of a model; 0: only the data says. */
    int32_t (*outputs)(const nas_task *task);
    /* What of the data can be checked without reading it all, said as warnings of log; outputs: how
     * many, where they are not known before. NULL: it is opened. Errors: NAS_ENOMEM. */
    nas_status (*glance)(const nas_task *task, const char *data, nas_arena *a, const nas_log *log,
                         int32_t *outputs, nas_err *err);
    /* A task without a net measures a candidate by this alone; `shape`, `fold` and all
     * that follows `describe` are NULL then. Else NULL. Metrics that it does not fill are NaN.
     * Errors: NAS_ESTOP. */
    nas_status (*evaluate)(const nas_dataset *d, const nas_candidate *c, const nas_log *log,
                           double *metric, nas_err *err);
    /* Shape of what a model takes. Errors: NAS_ESHAPE; NAS_ENOMEM. */
    nas_status (*shape)(const nas_candidate *c, nas_model *model, nas_err *err);

    /* Data: d->task and d->folder are there. Errors: NAS_ENOTFOUND, NAS_EFORMAT, NAS_EINVAL the
     * data does not fit the task, NAS_ESTOP, files, NAS_ENOMEM; `close` is called then, too. */
    nas_status (*open)(nas_arena *a, const nas_task *task, bool allow_missing,
                       const nas_cache *cache, const nas_log *log, nas_dataset *d, nas_err *err);
    void (*close)(nas_dataset *d);
    /* Errors: NAS_EINVAL too few examples; NAS_ENOMEM. */
    nas_status (*fold)(nas_arena *a, const nas_dataset *d, int32_t k, nas_dataset *out,
                       nas_err *err);
    /* Says what the space's constraints do not ask of this data; may be NULL. */
    void (*aims)(const nas_dataset *d, const nas_space *s, const nas_log *log);
    /* A line for people: "8 classes, 2,898 clips (train ...)"; or two, without the last end. */
    void (*describe)(const nas_dataset *d, char *out, size_t n);
    /* Errors: NAS_EINVAL, NAS_ESTOP, files, the cache, NAS_ENOMEM; *out is closed then. */
    nas_status (*features)(const nas_dataset *d, const nas_candidate *c, const nas_cache *cache,
                           const nas_log *log, nas_features *out, nas_err *err);
    nas_examples (*part)(const nas_dataset *d, const nas_features *f, nas_part part);
    /* Fills *out where c changes the training set from epoch to epoch. What is given is borrowed;
     * the caller closes it. NULL: the task has none such. Errors: NAS_ESTOP, files, the cache,
     * NAS_ENOMEM; *out is empty then. */
    nas_status (*refresh)(const nas_dataset *d, const nas_candidate *c, const nas_features *f,
                          const nas_training *t, nas_refresh *out, nas_err *err);

    /* A folded float graph, before its number format: changes it to how it ships. May be NULL. */
    nas_status (*finish)(const nas_dataset *d, const nas_candidate *c, nas_graph *g, nas_err *err);
    /* What a file says of its input and output; out is empty before. May be NULL. */
    nas_status (*notes)(const nas_dataset *d, const nas_candidate *c, const nas_features *f,
                        nas_arena *a, nas_notes *out, nas_err *err);
    /* Adds what an exported file does on a part. Errors: NAS_ESTOP; those of nas_interp_open. */
    nas_status (*judge)(const nas_dataset *d, const nas_candidate *c, const nas_features *f,
                        const nas_graph *g, nas_part part, const nas_log *log, nas_tally *t,
                        nas_err *err);
    /* Fills the task's own metrics, those of the test set or of the validation set. */
    void (*conclude)(const nas_task *task, const nas_tally *t, bool test, double *metric);
    /* Marks without any yet (nas_marks_open). */
    nas_status (*marks)(const nas_dataset *d, bool details, nas_arena *a, nas_marks *m,
                        nas_err *err);
    /* Examples in the order of their answers, those of the validation set first; what a model said
     * of those of a part, and marks from that again (NAS_EFORMAT: of other examples); and the
     * bounds of the task's metrics, from marks of the validation set. Owner: arena a. All NULL: no
     * marks are kept. */
    nas_status (*examples)(const nas_dataset *d, nas_arena *a, nas_example **out, int32_t *n,
                           nas_err *err);
    nas_status (*answers)(const nas_dataset *d, const nas_marks *m, nas_part part, nas_arena *a,
                          nas_answers *out, nas_err *err);
    nas_status (*recall)(const nas_dataset *d, const nas_answers *said, nas_part part, nas_arena *a,
                         nas_marks *m, nas_err *err);
    nas_status (*bounds)(const nas_dataset *d, const nas_marks *m, const nas_bound_rule *rule,
                         nas_arena *a, double *metric, nas_err *err);
    /* Milliseconds of one example. Errors: those of nas_interp_open, of the cache's lock and of
     * nas_latency_measure. */
    nas_status (*latency)(const nas_dataset *d, const nas_candidate *c, const nas_features *f,
                          const nas_graph *g, const nas_cache *cache, double *metric, nas_err *err);
    /* The texts, in their order. t: of the validation set; its n is 0 where there is none. */
    nas_status (*package)(const nas_dataset *d, const nas_candidate *c, const nas_features *f,
                          const nas_graph *g, const nas_tally *t, nas_arena *a, const char **out,
                          nas_err *err);
    /* The sources, in their order. */
    nas_status (*emit)(const char *const *text, nas_arena *a, const char **out, nas_err *err);
    /* C of what files beside a model, or named ones, tell of it: fills *out, which is zeros. g: the
     * model. Owner: arena a. NULL: the task has none. Errors: those of reading them. */
    nas_status (*beside)(const struct nas_model_place *place, const nas_graph *g, nas_arena *a,
                         struct nas_beside *out, nas_err *err);
} nas_task_ops;

/* The metrics of every task, with these for its scores: fills metric[NAS_METRIC_COUNT]. */
void nas_task_metrics(const nas_metric *scores, nas_metric *metric);

/* Does a task of that name train nets, and so write files? */
bool nas_task_has_net(const char *name);

/* Rows in turn, NULL past the end; and by name. */
const nas_task_ops *nas_task_at(int32_t i);
const nas_task_ops *nas_task_find(const char *name);
/* The row that a document's task.kind names; keywords where it names none. */
const nas_task_ops *nas_task_of(const cJSON *document);

/* Words of task.kind, NULL at the end. */
extern const char *const nas_task_kinds[];

#define NAS_TASK_DECLARE(x) extern const nas_task_ops nas_task_##x;
NAS_TASK_LIST(NAS_TASK_DECLARE)
#undef NAS_TASK_DECLARE

#endif
