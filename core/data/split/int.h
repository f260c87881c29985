/* core/data/split/int.h - between the files that make up split.h.
 * Thread safety: no shared state; one thread at a time for each split. */
#ifndef NAS_CORE_DATA_SPLIT_INT_H
#define NAS_CORE_DATA_SPLIT_INT_H

#include "core/data/split/split.h"

enum { NAS_SPLIT_PARTS = 3, NAS_SPLIT_SALTS = 1000 };
#define NAS_SPLIT_TOLERANCE 0.2

/* Something to be put in order: by key, then by rank. */
typedef struct nas_ordered {
    uint64_t key;
    int32_t rank; /* of a speaker among all by name, or a clip */
} nas_ordered;

/* For qsort. */
int nas_ordered_compare(const void *a, const void *b);
/* 64 bits of the SHA-256 of a text: keys of names. */
uint64_t nas_split_text_hash(const char *s);

/* How many clips of one class a speaker has. */
typedef struct nas_speaker_share {
    int32_t label, clips;
} nas_speaker_share;

typedef struct nas_speaker {
    uint64_t hash;             /* of the name */
    int32_t clips, first, end; /* shares [first, end) */
} nas_speaker;

/* The speakers of c, and what it takes to deal them. */
typedef struct nas_dealing {
    const nas_clips *c;
    double want[NAS_SPLIT_PARTS];   /* fractions */
    int32_t least[NAS_SPLIT_PARTS]; /* clips that end the filling of validation and test */
    int32_t n_speakers;
    nas_speaker *speakers; /* by name */
    int32_t *speaker_of;   /* [c->n] */
    nas_speaker_share *shares;
    int64_t *total;     /* [n_labels] */
    int64_t *count;     /* [parts][n_labels] */
    nas_ordered *order; /* [n_speakers] */
    uint8_t *part;      /* [n_speakers] */
    /* The class that is least well kept, and in which part. */
    int32_t worst_label, worst_part;
} nas_dealing;

/* For a split by speaker. Clips whose names tell none: NAS_EINVAL with a pattern, a warning
 * without.
 */
nas_status nas_split_check_speakers(const nas_clips *c, const nas_log *log, nas_err *err);

/* All arrays in arena a, count with room for that many parts. Errors: NAS_EINVAL no clips, or a
 * class without. */
nas_status nas_dealing_open(nas_dealing *d, const nas_clips *c, int32_t parts, nas_arena *a,
                            nas_err *err);
/* Speakers whose hash with this salt is at most `most`, into d->order; returns how many. */
int32_t nas_dealing_order(nas_dealing *d, uint32_t salt, uint64_t most);

nas_hash nas_split_fingerprint(const nas_clips *c, const char *what, const uint8_t *part);

/* The parts that lists say, NAS_NO_PART of clips in none. Shape: part[c->n]; what is needed
 * meanwhile lives in arena a. Errors: NAS_EINVAL a line of a list, an empty part, a class without a
 * clip to train on; NAS_ENOTFOUND a list, or a clip unless allow_missing; NAS_EFORMAT, NAS_EIO a
 * list that cannot be read; NAS_ENOMEM. */
nas_status nas_split_by_lists(const nas_clips *c, const nas_split_config *config,
                              bool allow_missing, const nas_log *log, nas_arena *a, uint8_t *part,
                              nas_err *err);
/* The folds that a list of speakers says. Shape: fold[c->n]. Errors: NAS_EINVAL a line of the list,
 * a speaker in none, a fold that cannot be used; NAS_ENOTFOUND, NAS_EFORMAT, NAS_EIO the list
 * cannot be read; NAS_ENOMEM. */
nas_status nas_split_by_groups(const nas_clips *c, const nas_split_config *config,
                               const nas_log *log, nas_arena *a, uint8_t *fold, nas_err *err);
/* The parts by the folders train/, validation/ and test/ that clips stand in. Errors: NAS_EINVAL as
 * of lists; NAS_ENOMEM. */
nas_status nas_split_by_folders(const nas_clips *c, const nas_log *log, nas_arena *a, uint8_t *part,
                                nas_err *err);

#endif
