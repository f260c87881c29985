/* search/candidate/candidate.h - a candidate: everything needed to train, compress and measure one
 * model.
 * Thread safety: no shared state; a candidate that was built may be read by several threads. */
#ifndef NAS_SEARCH_CANDIDATE_CANDIDATE_H
#define NAS_SEARCH_CANDIDATE_CANDIDATE_H

#include "base/hash.h"
#include "core/audio/frontend.h"
#include "core/audio/sound.h"
#include "core/compress/cluster.h"
#include "core/compress/prune.h"
#include "core/compress/quantize.h"
#include "core/data/augment.h"
#include "core/deploy/deploy.h"
#include "core/nn/net/model.h"
#include "core/nn/train/train.h"
#include "search/json/json.h"
#include "search/metrics/metrics.h"
#include "search/task/task.h"

/* What a task has, added up: blocks of the file that need it are the task's (blocks.h). */
enum { NAS_HAS_NET = 1, NAS_HAS_SOUND = 2, NAS_HAS_POINT = 4 };

enum { NAS_POINT_MOST = 8 };

/* 2^53 - 1. A larger number in a JSON text may have been rounded when it is seen. */
#define NAS_SEED_MOST INT64_C(9007199254740991)

typedef struct nas_export_config {
    bool names; /* false: the file holds nothing but what runtimes compute with */
} nas_export_config;

typedef struct nas_candidate {
    nas_task task;
    nas_frontend_config frontend;
    nas_augment augment;
    double width;
    nas_model model; /* widths applied, repeats unrolled, "classes" resolved; input shape set */
    nas_train_config train;
    nas_prune_config prune;
    nas_cluster_config cluster;
    nas_quantize_config quantize;
    nas_export_config export;
    double point[NAS_POINT_MOST]; /* of a test function, which has none of the above */
    /* Canonical JSON of each block as the hash sees it (defaults left out); "" when all are
     * defaults. */
    const char *task_json, *frontend_json, *augment_json, *model_json, *train_json, *prune_json,
        *cluster_json, *quantize_json, *export_json;
    const char *json; /* the whole, as written to candidate.json (without seed and replicate) */
    nas_hash hash;    /* SHA-256 of the canonical JSON, docs/SPACES.md "Identity" */
    uint64_t seed;    /* of candidate.json, when it has them; else 0 */
    uint32_t replicate;
} nas_candidate;

/* Decodes a document without choices. `classes` > 0 is the number of labels; with 0 it is taken
 * from task.labels, and it is an error when they are absent. Front end and model are checked
 * against each other and clip_seconds: an impossible combination is NAS_ESHAPE with the one reason
 * (the caller of a search rejects the trial with it); everything else that is wrong is NAS_EINVAL
 * with all lines. Owner: *out and all it points to live in arena a. */
NAS_NODISCARD nas_status nas_candidate_decode(nas_arena *a, const nas_json *j,
                                              const cJSON *document, int32_t classes,
                                              nas_candidate *out, nas_err *err);

/* Reads a candidate.json, or a space file that has no choices (a space's own keys are ignored). A
 * file with choices is NAS_EINVAL ("is a space: nas run searches it"). Owner: as of
 * nas_candidate_decode. Errors: those of nas_json_open and nas_candidate_decode. */
NAS_NODISCARD nas_status nas_candidate_open(nas_arena *a, const char *path, int32_t classes,
                                            nas_candidate *out, nas_err *err);

/* The task of a candidate alone: which clips and labels, before the number of classes is known.
 * Lives in arena a. Errors: NAS_ENOTFOUND, NAS_EIO the file; NAS_EINVAL what is wrong in it, a line
 * each; NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_candidate_task(nas_arena *a, const char *path, nas_task *out,
                                            nas_err *err);

/* The settings of an exported frontend.json. hearing->full_scale stays 0. Errors: NAS_EINVAL what
 * is wrong in it, a line each; NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_frontend_decode(nas_arena *a, const nas_json *j,
                                             nas_frontend_config *out, nas_hearing *hearing,
                                             nas_err *err);
extern const char *const nas_crop_words[]; /* by nas_crop, NULL at the end */

#endif
