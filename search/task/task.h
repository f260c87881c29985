/* search/task/task.h - what a task is: one file that fills one row. The engine around it knows no
 * clips, no columns and no metric of a task's own. To add one: search/task_<x>.c with nas_task_<x>,
 * its name in NAS_TASK_LIST, and what it needs of data in nas_task and nas_dataset. */
#ifndef NAS_SEARCH_TASK_TASK_H
#define NAS_SEARCH_TASK_TASK_H

#include "search/estimate/estimate.h"
#include "search/stage/evaluate.h"
#include "search/task/marks.h"

#define NAS_TASK_LIST(X) \
    X(keywords)          \
    X(forecast)          \
    X(test_function)

struct nas_check;
struct nas_block;

/* Sums over examples, from which a task's metrics are concluded; those of several folds add up. */
enum { NAS_TALLY_SUMS = 5 * NAS_TARGETS_MOST };
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
    uint32_t has;                  /* NAS_HAS_...: which blocks of the file it takes */
    bool values;                   /* a model gives plain values, not classes */
    const char *output_word;       /* of "units": as many as the task has outputs */
    const char *const *texts;      /* files that stand beside the model, NULL at the end */
    const char *const *sources;    /* C that is made of the texts, NULL at the end; or NULL: none */

    /* What keys say of each other. May be NULL. */
    void (*check)(struct nas_check *c, const char *path, const cJSON *task);
    /* Fills the task from JSON that was checked; kind, ops and data are there already. */
    nas_status (*build)(nas_arena *a, const cJSON *task, nas_task *out, nas_err *err);
    /* Outputs of a model; 0: only the data says. */
    int32_t (*outputs)(const nas_task *task);
    /* A task without a net measures a candidate by this alone; `shape`, `fold` and all
     * that follows `describe` are NULL then. Else NULL. Metrics that it does not fill are NaN.
     * Errors: NAS_ESTOP. */
    nas_status (*evaluate)(const nas_dataset *d, const nas_candidate *c, const nas_log *log,
                           double *metric, nas_err *err);
    /* Shape of what a model takes. Errors: NAS_ESHAPE. */
    nas_status (*shape)(const nas_candidate *c, nas_model *model, nas_err *err);

    /* Data: d->task and d->folder are there. */
    nas_status (*open)(nas_arena *a, const nas_task *task, bool allow_missing,
                       const nas_cache *cache, const nas_log *log, nas_dataset *d, nas_err *err);
    void (*close)(nas_dataset *d);
    nas_status (*fold)(nas_arena *a, const nas_dataset *d, int32_t k, nas_dataset *out,
                       nas_err *err);
    /* Says what the space's constraints do not ask of this data; may be NULL. */
    void (*aims)(const nas_dataset *d, const nas_space *s, const nas_log *log);
    /* A line for people: "8 classes, 2,898 clips (train ...)"; or two, without the last end. */
    void (*describe)(const nas_dataset *d, char *out, size_t n);
    nas_status (*features)(const nas_dataset *d, const nas_candidate *c, const nas_cache *cache,
                           const nas_log *log, nas_features *out, nas_err *err);
    nas_examples (*part)(const nas_dataset *d, const nas_features *f, nas_part part);

    /* A folded float graph, before its number format: changes it to how it ships. May be NULL. */
    nas_status (*finish)(const nas_dataset *d, const nas_candidate *c, nas_graph *g, nas_err *err);
    /* What a file says of its input and output; out is empty before. May be NULL. */
    nas_status (*notes)(const nas_dataset *d, const nas_candidate *c, const nas_features *f,
                        nas_arena *a, nas_notes *out, nas_err *err);
    /* Adds what an exported file does on a part. */
    nas_status (*judge)(const nas_dataset *d, const nas_candidate *c, const nas_features *f,
                        const nas_graph *g, nas_part part, const nas_log *log, nas_tally *t,
                        nas_err *err);
    /* Fills the task's own metrics, those of the test part or of the validation part. */
    void (*conclude)(const nas_task *task, const nas_tally *t, bool test, double *metric);
    /* Examples in the order of their answers, those of the validation part first; what a model said
     * of those of a part, and marks from that again (NAS_EFORMAT: of other examples); and the
     * bounds of the task's metrics, from marks of the validation part. Owner: arena a. All NULL: no
     * marks are kept. */
    nas_status (*examples)(const nas_dataset *d, nas_arena *a, nas_example **out, int32_t *n,
                           nas_err *err);
    nas_status (*answers)(const nas_dataset *d, const nas_marks *m, nas_part part, nas_arena *a,
                          nas_answers *out, nas_err *err);
    nas_status (*recall)(const nas_dataset *d, const nas_answers *said, nas_part part, nas_arena *a,
                         nas_marks *m, nas_err *err);
    nas_status (*bounds)(const nas_dataset *d, const nas_marks *m, const nas_bound_rule *rule,
                         nas_arena *a, double *metric, nas_err *err);
    nas_status (*latency)(const nas_dataset *d, const nas_candidate *c, const nas_features *f,
                          const nas_graph *g, const nas_cache *cache, double *metric, nas_err *err);
    /* The texts, in their order. t: of the validation part; its n is 0 where there is none. */
    nas_status (*package)(const nas_dataset *d, const nas_candidate *c, const nas_features *f,
                          const nas_graph *g, const nas_tally *t, nas_arena *a, const char **out,
                          nas_err *err);
    /* The sources, in their order. */
    nas_status (*emit)(const char *const *text, nas_arena *a, const char **out, nas_err *err);
} nas_task_ops;

/* Does a task of that name do without a net, and so without files? */
bool nas_task_is_formula(const char *name);

/* Rows in turn, NULL past the end; and by name. */
const nas_task_ops *nas_task_at(int32_t i);
const nas_task_ops *nas_task_find(const char *name);
/* The row that a document's task.kind names; keywords where it names none. */
const nas_task_ops *nas_task_of(const cJSON *document);

/* The score alone, of an exported file's bytes on the part that is judged; NaN where it is empty.
 * Sums are added to *tally, and its marks where it has some. */
NAS_NODISCARD nas_status nas_task_score(const nas_dataset *d, const nas_candidate *c,
                                        const nas_features *f, nas_arena *a, nas_bytes file,
                                        const nas_log *log, nas_tally *tally, double *out,
                                        nas_err *err);

#define NAS_TASK_DECLARE(x) extern const nas_task_ops nas_task_##x;
NAS_TASK_LIST(NAS_TASK_DECLARE)
#undef NAS_TASK_DECLARE

#endif
