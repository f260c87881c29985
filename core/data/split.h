/* core/data/split.h - which clip trains, which selects, which is read once. */
#ifndef NAS_CORE_DATA_SPLIT_H
#define NAS_CORE_DATA_SPLIT_H

#include "base/key.h"
#include "core/data/clips.h"

typedef enum nas_part { NAS_TRAIN = 0, NAS_VALIDATION = 1, NAS_TEST = 2 } nas_part;

typedef struct nas_split_config {
    int32_t by; /* 0 speaker, 1 file */
    double validation, test;
} nas_split_config;

/* Keys of "split" (words of `by` that come later: lists, folders). */
extern const nas_key nas_split_keys[];

/* Assigns a part to each clip; the result depends on names, speakers and labels only.
 * by speaker: speakers in the order of a salted hash, test filled first, then validation, until
 * each has its share of clips; of salts 0 .. 999 the first in which every class keeps its share of
 * each part within a fifth, else the one whose worst class is least off, and a warning that names
 * it. by file: within each class by the hash of the name. Shape: part has c->n entries.
 * *fingerprint = hash(c->fingerprint, assignment). Errors: NAS_EINVAL when a part or a class in the
 * training part would be empty. */
NAS_NODISCARD nas_status nas_split_make(const nas_clips *c, const nas_split_config *config,
                                        const nas_log *log, uint8_t *part, nas_hash *fingerprint,
                                        nas_err *err);

const char *nas_part_name(nas_part p); /* "train", "validation", "test" */

#endif
