/* core/data/split/split.h - which clip trains, which selects, which is read once.
 * Thread safety: no shared state; a split that was made may be read by several threads. */
#ifndef NAS_CORE_DATA_SPLIT_SPLIT_H
#define NAS_CORE_DATA_SPLIT_SPLIT_H

#include "base/key.h"
#include "core/data/clips/clips.h"

typedef enum nas_part { NAS_TRAIN = 0, NAS_VALIDATION = 1, NAS_TEST = 2 } nas_part;
enum { NAS_NO_PART = 3 }; /* of clips that stand in no list */

typedef enum nas_split_by {
    NAS_BY_SPEAKER = 0,
    NAS_BY_FILE = 1,
    NAS_BY_LISTS = 2,
    NAS_BY_FOLDERS = 3,
    NAS_BY_GROUPS = 4
} nas_split_by;

typedef struct nas_split_config {
    int32_t by;              /* nas_split_by */
    double validation, test; /* shares, by speaker and by file */
    int32_t folds;           /* below 2: none */
    double stopping;         /* with folds: share of each fold whose speakers only pick epochs */
    /* By lists: files in the clips' folder, one clip a line; train_list NULL: all other clips. */
    const char *train_list, *validation_list, *test_list;
    const char *list; /* by groups: a file in the clips' folder, "speaker,fold" a line */
} nas_split_config;

/* Keys of "split" by speaker or file, by lists, by folders, by groups. */
extern const nas_key nas_split_keys[], nas_split_lists_keys[], nas_split_folders_keys[],
    nas_split_groups_keys[];

/* A list's name: relative to the clips' folder, and not out of it by "..". */
bool nas_split_path_fits(const char *path);

/* Assigns a part to each clip; the result depends on names, speakers, labels and lists only.
 * by speaker: speakers in the order of a salted hash, test filled first, then validation, until
 * each has its share of clips; of salts 0 .. 999 the first in which every class keeps its share of
 * each part within a fifth, else the one whose worst class is least off, and a warning that names
 * it. With folds: all but the test set is in the training set; nas_split_folds says more.
 * by file: within each class by the hash of the name. by lists: lines are matched on their last two
 * components; lines of classes that were not picked are passed over. by folders: clips that were
 * opened with `parts`. Shape: part has c->n entries.
 * *fingerprint = hash(c->fingerprint, assignment). Errors: NAS_EINVAL when a part or a class in the
 * training set would be empty, or a clip stands in two lists; NAS_ENOTFOUND a list is not there,
 * or it names clips that are not there (with allow_missing: a warning). */
NAS_NODISCARD nas_status nas_split_make(const nas_clips *c, const nas_split_config *config,
                                        bool allow_missing, const nas_log *log, uint8_t *part,
                                        nas_hash *fingerprint, nas_err *err);

/* Cross-validation by speaker: config->folds groups of about as many clips, none with speakers of
 * another. The test set is taken out first, as without folds; test may be 0. Speakers in the
 * order of a salted hash go to the fold that has least of their classes; of salts 0 .. 999 the
 * first in which every class keeps its share of each fold and of the test set within a fifth, else
 * the best, and a warning. Shape: fold has c->n entries: 0 .. folds - 1, or NAS_TEST_FOLD.
 * With config->stopping some speakers of each fold, at least that share of its clips, only pick the
 * epoch of nets that train on their fold: those are NAS_STOPPING_FOLD + their fold.
 * By groups the list says the fold of each speaker, 0 .. folds - 1 or "test"; a class without a
 * clip in a fold is warned of.
 * Errors: NAS_EINVAL as above, a speaker without a line or with two; NAS_ENOTFOUND no list. */
enum { NAS_FOLDS_MOST = 20, NAS_STOPPING_FOLD = 32, NAS_TEST_FOLD = 255 };
NAS_NODISCARD nas_status nas_split_folds(const nas_clips *c, const nas_split_config *config,
                                         const nas_log *log, uint8_t *fold, nas_hash *fingerprint,
                                         nas_err *err);

/* The parts while fold k is judged; with k = -1 all folds train. Without stopping fold k is the
 * validation set, and with k = -1 that part is empty. With it the validation set holds the
 * stopping speakers of all other folds, fold k is the test set, and what else is tested has no
 * part. Returns the part that is judged. */
nas_part nas_split_fold_parts(const nas_clips *c, bool stopping, const uint8_t *fold, int32_t k,
                              uint8_t *part, nas_hash *fingerprint);

const char *nas_part_name(nas_part p); /* "train", "validation", "test" */
const char *nas_part_set(nas_part p);  /* "training set", "validation set", "test set" */

#endif
