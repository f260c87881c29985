/* search/task/keywords/deployed/deployed.h - an exported folder or any .tflite file read back, and
 * how well it does on clips.
 * Thread safety: one thread at a time for each model; clips are read on the threads of
 * base/team.h. */
#ifndef NAS_SEARCH_TASK_KEYWORDS_DEPLOYED_DEPLOYED_H
#define NAS_SEARCH_TASK_KEYWORDS_DEPLOYED_DEPLOYED_H

#include "search/cache/cache.h"
#include "search/candidate/candidate.h"
#include "search/stage/evaluate.h"
#include "search/task/keywords/keywords.h"

typedef struct nas_deployed {
    nas_graph graph;
    nas_bytes file;      /* the bytes that the graph was read from */
    nas_runtime runtime; /* whose arithmetic judges; the caller may set it */
    int32_t n_labels;
    const char **labels;
    const int32_t *order; /* [n_labels] of each output, its place in labels; NULL: the same */
    nas_frontend_config frontend;
    nas_hearing hearing; /* of new clips: as those that were trained on */
    int32_t frames, features;
    const float *mean, *deviation; /* [features]; NULL where the front end does not normalise */
    bool has_candidate;            /* candidate.json was there: the task below is its own */
    nas_keywords_task task;
    bool has_data; /* metrics.json told the fingerprint of the data that it was trained with */
    nas_hash data;
} nas_deployed;

/* model: a .tflite file, or a folder with model.tflite in it. What is NULL lies beside the model:
 * frontend.json, labels.txt. */
typedef struct nas_deployed_paths {
    const char *model, *frontend, *labels;
} nas_deployed_paths;

/* Reads the model, its front end, its labels and, where it lies beside them, candidate.json, and
 * checks them against each other. Owner: arena a. Errors: NAS_ENOTFOUND, NAS_EFORMAT, NAS_EINVAL,
 * NAS_EUNSUPPORTED, each naming the file. */
NAS_NODISCARD nas_status nas_deployed_open(nas_arena *a, const nas_deployed_paths *paths,
                                           nas_deployed *out, nas_err *err);

/* The same of a model that may be no more than itself: frontend.json and labels.txt are read where
 * paths name them, or where they lie in the folder that paths->model is. frames or n_labels 0: it
 * was not. No candidate.json is read. */
NAS_NODISCARD nas_status nas_deployed_parts(nas_arena *a, const nas_deployed_paths *paths,
                                            nas_deployed *out, nas_err *err);

/* What a clip was taken for; the texts are the verdict's own. */
typedef struct nas_heard {
    const char *name, *speaker;
    int32_t label, class; /* spoken and heard, by their places in labels */
} nas_heard;

/* What is known of the clips that are heard: nothing (no candidate.json, or its split does not fit
 * them); where the model's own split puts them; that they are those it was trained with. */
typedef enum nas_parts_known { NAS_PARTS_NOT, NAS_PARTS_BY_SPLIT, NAS_PARTS_OWN } nas_parts_known;

typedef struct nas_verdict {
    int32_t n, right;
    int32_t of_class;                 /* classes with clips; NaN below where there are none */
    double balanced, worst, majority; /* mean and least recall; share of the commonest class */
    int32_t worst_class;
    int part; /* a nas_part, or -1: all clips were heard */
    nas_parts_known parts_known;
    int32_t parts[NAS_NO_PART + 1]; /* by nas_part, of the clips that were heard; of no part last */
    int32_t speakers;
    double accuracy;
    double error;       /* standard error of it; the clips of a speaker stand or fall together */
    double low, high;   /* 95 % interval */
    int32_t *confusion; /* [n_labels][n_labels], rows are the truth; in the arena */
    nas_hash contents;  /* of the bytes of those n, in that order */
    nas_heard *heard;   /* [n], in the order of the clips; in the arena */
} nas_verdict;

/* Fills accuracy, error, low and high from what each speaker's clips came to (right of n clips).
 * The error is that of a ratio over speakers (Cochran, Sampling Techniques, 1977, section 2.11),
 * never below that of independent clips; the interval is Wilson's (1927) for as many independent
 * clips as have that error. */
typedef struct nas_speaker_score {
    const char *speaker;
    int32_t n, right;
} nas_speaker_score;
void nas_verdict_interval(const nas_speaker_score *s, int32_t speakers, nas_verdict *v);

/* part: a nas_part under the candidate's split, or -1 for all clips. clips_out (may be NULL) hears
 * of each clip: its features and the class that was found. Labels without clips are absent: no row
 * of the confusion has any. Errors: NAS_EINVAL a part without candidate.json, a part that has no
 * clips; NAS_ESTOP; those of nas_clips_open, nas_split_make and nas_interp_open. */
typedef void (*nas_verdict_fn)(void *ctx, const nas_clip *clip, const float *x, int32_t class);
NAS_NODISCARD nas_status nas_deployed_judge(const nas_deployed *d, const char *data, int part,
                                            bool allow_missing, const nas_cache *cache,
                                            const nas_log *log, nas_arena *a, nas_verdict_fn each,
                                            void *ctx, nas_verdict *out, nas_err *err);

/* Adds the cuts of silence that the model's task has, and gives the parts of all clips under its
 * own split, with what is known of them: (*parts)[c->n] in arena a, zeros where nothing is. Where a
 * part is asked for (part >= 0) what stands against it is an error; else it is only not known, and
 * silence is cut from all recordings alike. (parts.c) Errors: NAS_EINVAL the part has no clips;
 * those of nas_clips_deal. Without a part: NAS_ESTOP, NAS_ENOMEM, and what the recordings of
 * silence are refused for. *parts is then not set. */
NAS_NODISCARD nas_status nas_deployed_split(const nas_deployed *d, nas_clips *c, int part,
                                            bool allow_missing, const nas_log *log, nas_arena *a,
                                            const uint8_t **parts, nas_parts_known *known,
                                            nas_err *err);
/* Fills the verdict's figures of classes from its confusion. */
void nas_deployed_classes(const nas_deployed *d, nas_verdict *v);

#endif
