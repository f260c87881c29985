/* search/task/keywords/keywords.h - the parts of the row of keywords: clips and their features.
 * Thread safety: one thread at a time opens, makes features and closes, on the threads of
 * base/team.h; a dataset that is open may be read by several threads. */
#ifndef NAS_SEARCH_TASK_KEYWORDS_KEYWORDS_H
#define NAS_SEARCH_TASK_KEYWORDS_KEYWORDS_H

#include "core/data/clips/clips.h"
#include "search/candidate/candidate_int.h"
#include "search/stage/evaluate.h"
#include "search/task/task.h"

/* The keys of the task. */
typedef struct nas_keywords_task {
    int32_t kind;
    const char *data; /* folder, as written */
    int32_t n_labels; /* 0: all class folders */
    const char *const *labels;
    double clip_seconds;
    int32_t crop; /* nas_crop */
    double full_scale;
    int32_t unreadable;
    const char *speaker_pattern;
    nas_split_config split;
    nas_unknown_config unknown;
    nas_silence_config silence;
} nas_keywords_task;

/* What a dataset of clips owns; folds share the clips. Rows of its parts are indices into them. */
typedef struct nas_keywords_data {
    nas_clips *clips;
    const uint8_t *fold; /* [clips->n], with folds: 0 .. folds - 1, or NAS_TEST_FOLD */
    bool knows_noise;    /* what was listed in _background_noise_ when they were opened */
    nas_hash noise;
    const struct nas_audit *audit; /* audit.h; of a fold NULL */
} nas_keywords_data;

/* Of a task, and of a dataset, of keywords. */
static inline nas_keywords_task *nas_keywords_keys(const nas_task *task) {
    return task->own;
}
static inline nas_keywords_data *nas_keywords_of(const nas_dataset *d) {
    return d->own;
}
static inline nas_clips *nas_clips_of(const nas_dataset *d) {
    return nas_keywords_of(d)->clips;
}
/* The clip that latency is measured with: the first to validate, else to train. */
int32_t nas_keywords_sample(const nas_dataset *d);
/* Its blocks and their rows (keys.c). */
extern const nas_block *const nas_keywords_blocks[];
extern const nas_block_row nas_keywords_rows[];
/* "folders" of task.unknown; and what labels, unknown and silence say of each other (made.c, as is
 * the next). */
void nas_check_unknown_folders(nas_check *c, const char *path, const cJSON *v);
void nas_check_made(nas_check *c, const char *path, const cJSON *task);
/* Fills out->unknown and out->silence, from JSON that was checked; lists live in arena a. Errors:
 * NAS_EINVAL a value that its table does not have; NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_made_build(nas_arena *a, const cJSON *task, nas_keywords_task *out,
                                        nas_err *err);

/* Metrics that keywords alone have, behind those of every task. */
enum {
    NAS_METRIC_BALANCED_ACCURACY = NAS_METRIC_COUNT,
    NAS_METRIC_WORST_RECALL,
    NAS_METRIC_MAJORITY,
    NAS_METRIC_BALANCED_ACCURACY_LO,
    NAS_METRIC_WORST_RECALL_LO,
    NAS_KEYWORDS_METRICS
};
extern const nas_metric nas_keywords_scores[NAS_METRIC_SCORES];
/* All of them (metrics.c). Owner: arena a. Errors: NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_keywords_metrics(nas_arena *a, nas_metric_list *out, nas_err *err);

/* The row's `open`, `close`, `fold` and `features` (data.c, features.c). Errors of open:
 * NAS_ENOTFOUND no such folder; those of nas_clips_open, nas_split_make and nas_audit_clips. Of
 * fold: NAS_ENOMEM. Of features: NAS_ESTOP; NAS_EIO the cache does not give back what was put into
 * it; those of nas_frontend_open, nas_clips_read and of the cache; then *out is closed. */
nas_status nas_keywords_open(nas_arena *a, const nas_task *task, bool allow_missing,
                             const nas_cache *cache, const nas_log *log, nas_dataset *d,
                             nas_err *err);
void nas_keywords_close(nas_dataset *d);
nas_status nas_keywords_fold(nas_arena *a, const nas_dataset *d, int32_t k, nas_dataset *out,
                             nas_err *err);
nas_status nas_keywords_features(const nas_dataset *d, const nas_candidate *c,
                                 const nas_cache *cache, const nas_log *log, nas_features *out,
                                 nas_err *err);

/* What a model found instead, of marks with details. */
typedef struct nas_keywords_said {
    int16_t *class; /* [marks->n], and its probability */
    float *share;
} nas_keywords_said;
/* The row's `marks` (marks.c). Errors: NAS_ENOMEM. */
nas_status nas_keywords_marks(const nas_dataset *d, bool details, nas_arena *a, nas_marks *m,
                              nas_err *err);
/* How many rows get their class from the file's interpreter; marks (may be NULL) are told what row
 * i got, under its number clip[i] (measure.c, as is the next). Errors: those of nas_interp_open;
 * NAS_ESTOP, and *right is of the rows before. */
NAS_NODISCARD nas_status nas_keywords_right(const nas_graph *g, const nas_examples *rows,
                                            const int32_t *clip, nas_marks *marks, int32_t *right,
                                            const nas_log *log, nas_err *err);
/* infer, frontend and total milliseconds of one clip into metric[]; takes the cache's measuring
 * lock. Errors: those of nas_interp_open, nas_frontend_open, nas_measure_lock and
 * nas_latency_measure. */
NAS_NODISCARD nas_status nas_keywords_time(const nas_graph *g, const nas_frontend_config *config,
                                           const nas_features *f, const float *pcm, int32_t samples,
                                           const nas_cache *cache, double *metric, nas_err *err);
/* What changes clips from epoch to epoch (refresh.c). Errors: those of nas_augmented_open. */
nas_status nas_keywords_refresh(const nas_dataset *d, const nas_candidate *c, const nas_features *f,
                                const nas_training *t, nas_refresh *out, nas_err *err);
/* Class folders and lists alone are looked at (data.c); what is wrong with them is a warning.
 * Errors: NAS_ENOMEM. */
nas_status nas_keywords_glance(const nas_task *task, const char *data, nas_arena *a,
                               const nas_log *log, int32_t *outputs, nas_err *err);
/* Warns of mel bands that hold no bin of the transform, and what to set; *empty: how many. Errors:
 * those of nas_frontend_find_gaps. */
nas_status nas_keywords_warn_of_gaps(const nas_candidate *of, const nas_log *log, int32_t *empty,
                                     nas_err *err);
/* Groups of clips: their speakers, of silence the recordings that it was cut from
 * (marks.c, as are the next four). Errors of groups: NAS_ESTOP; those of reading recordings, where
 * silence is cut from such; of all: NAS_ENOMEM; of recall: NAS_EFORMAT answers of other examples.
 */
nas_status nas_keywords_groups(nas_arena *a, nas_dataset *d, const nas_log *log, nas_err *err);
nas_status nas_keywords_examples(const nas_dataset *d, nas_arena *a, nas_example **out, int32_t *n,
                                 nas_err *err);
nas_status nas_keywords_answers(const nas_dataset *d, const nas_marks *m, nas_part part,
                                nas_arena *a, nas_answers *out, nas_err *err);
nas_status nas_keywords_recall(const nas_dataset *d, const nas_answers *said, nas_part part,
                               nas_arena *a, nas_marks *m, nas_err *err);
/* The recalls themselves with them: all that marks tell of classes. Errors: NAS_ENOMEM. */
nas_status nas_keywords_bounds(const nas_dataset *d, const nas_marks *m, const nas_bound_rule *rule,
                               nas_arena *a, double *metric, nas_err *err);
/* Warns of a constraint on accuracy that always answering the commonest class keeps, where none
 * asks for balanced_accuracy or worst_recall (metrics.c). */
void nas_keywords_aims(const nas_dataset *d, const nas_space *s, const nas_log *log);
/* Adds to a description how classes without a folder are made (made.c). */
void nas_made_describe(const nas_dataset *d, char *out, size_t room);
/* "unknown" or "silence", when both tasks make it and not alike; else NULL. A task that does not is
 * of data that have a folder. */
const char *nas_made_differ(const nas_keywords_task *x, const nas_keywords_task *y);
nas_examples nas_keywords_part(const nas_dataset *d, const nas_features *f, nas_part part);

/* The row's `emit`: frontend.h, frontend.c and labels.h (source.c, as is the next). Errors:
 * NAS_ENOMEM. */
nas_status nas_keywords_emit(const char *const *text, nas_arena *a, const char **out, nas_err *err);
/* labels.h, the names of classes as a macro for an initialiser; lives in arena a. Errors:
 * NAS_ENOMEM. */
nas_status nas_labels_source(const char *const *labels, int32_t n, nas_arena *a, const char **out,
                             nas_err *err);

/* `beside` of the row (deployed/beside.c). Errors: NAS_EFORMAT a file that lies beside the model
 * holds something else; NAS_EINVAL labels that do not fit the model; NAS_EIO; NAS_ENOMEM. */
nas_status nas_keywords_beside(const struct nas_model_place *place, const nas_graph *g,
                               nas_arena *a, struct nas_beside *out, nas_err *err);

#endif
