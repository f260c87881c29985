/* search/candidate/blocks.h - the blocks of a space file as rows: where each stands, how it is
 * checked, decoded and brought to its canonical form, and what of a trial its bits enter. What the
 * file's keys have in common is a walk over the rows; no other list names blocks.
 * Thread safety: the rows are constant; one thread at a time for each candidate. */
#ifndef NAS_SEARCH_CANDIDATE_BLOCKS_H
#define NAS_SEARCH_CANDIDATE_BLOCKS_H

#include "base/key.h"
#include "search/candidate/candidate.h"

struct nas_check;

/* An object of settings: its tables of keys, in the order they are shown. */
typedef struct nas_block {
    const char *path; /* "task.split"; "" for the file itself */
    const char *help;
    const nas_key *tables[2];
    /* What its keys say of each other; NULL: nothing. */
    void (*check)(struct nas_check *c, const char *path, const cJSON *v, const struct nas_block *b);
    /* May v do without a key that has no default? NULL: never. */
    bool (*may_lack)(const cJSON *v, const char *key);
    /* The block that holds for v where this one stands; NULL: always this one. */
    const struct nas_block *(*variant)(const cJSON *v);
} nas_block;

/* Defines a row: NAS_BLOCK(name, path, help, NAS_TABLES(keys), ...). */
#define NAS_BLOCK(name, where, text, ...) \
    const nas_block nas_block_##name = {.path = where, .help = text, __VA_ARGS__}
#define NAS_TABLES(...) .tables = {__VA_ARGS__}

extern const nas_block nas_block_top, nas_block_task, nas_block_point, nas_block_frontend,
    nas_block_augment, nas_block_model, nas_block_train, nas_block_schedule, nas_block_prune,
    nas_block_cluster, nas_block_quantize, nas_block_export, nas_block_search, nas_block_repeat;
/* All of the above (of task: the first one's) and those of the tasks, for documentation and its
 * test; NULL past the end. */
const nas_block *nas_block_at(int32_t i);

/* What a key is to a candidate, added up. All but DATA are of keys of the file itself. */
enum {
    NAS_ROLE_WRITTEN = 1, /* stands in candidate.json */
    NAS_ROLE_HASHED = 2,  /* belongs to the candidate's identity */
    NAS_ROLE_VARIES = 4,  /* takes choices */
    NAS_ROLE_SPACE = 8,   /* belongs to a space alone: a candidate passes over it */
    NAS_ROLE_FREE = 16,   /* may change between versions of a study */
    NAS_ROLE_NOTED = 32,  /* is told in the description of the file that ships */
    NAS_ROLE_DATA = 64,   /* of a task: is in the fingerprint of the data, not in the identity */
    NAS_ROLE_KEPT = 128,  /* stands in the document of a point */
    NAS_ROLE_CANDIDATE = NAS_ROLE_WRITTEN | NAS_ROLE_HASHED | NAS_ROLE_VARIES | NAS_ROLE_KEPT
};

/* What of a trial the bits of a block enter, added up: the keys of its stages. The data has a
 * fingerprint of its own, so that of the task there is nothing. */
enum {
    NAS_BITS_FEATURES = 1,
    NAS_BITS_EXAMPLES = 2, /* what each epoch makes of the features */
    NAS_BITS_TRAINING = 4,
    NAS_BITS_MASKS = 8, /* a training from its first mask on */
    NAS_BITS_CLUSTERS = 16,
    NAS_BITS_TUNING = 32,
    NAS_BITS_STEPS = 64, /* the file of each step of compression */
    NAS_BITS_FILE = 128
};

/* A key whose value is more than a plain one. */
typedef struct nas_block_row {
    const nas_block *above; /* the block that has the key */
    const char *key;
    const nas_block *block; /* the object that may stand there; NULL: none with a table */
    bool null;              /* null says that there is none */
    const char *number;     /* the key of `block` that a bare number stands for; NULL: none may */
    /* NULL: an object of `block` is expected; without a block nothing is checked here. */
    void (*check)(struct nas_check *c, const char *path, const cJSON *v);
    /* What is the same in fewer words; NULL: what equals its default is left out of an object of
     * `block`. Owner: arena a; the answer has the key of v. NULL: out of memory. */
    cJSON *(*strip)(nas_arena *a, const cJSON *v);

    uint32_t role; /* NAS_ROLE_... */
    /* Of the file's own keys: */
    uint32_t needs;  /* only tasks that have this have the block (NAS_HAS_...); 0: all have it */
    uint32_t stages; /* NAS_BITS_... */
    size_t text;     /* where nas_candidate keeps its canonical text; 0: nowhere */
    bool decoded;    /* into the struct at `config` of nas_candidate */
    size_t config;
    /* v may be NULL: all defaults. NULL: by the block's first table. Errors: NAS_EINVAL,
     * NAS_ESHAPE, NAS_ENOMEM (nas_keys_build, nas_train_build). */
    nas_status (*build)(nas_arena *a, const cJSON *v, void *config, nas_err *err);
} nas_block_row;

/* In the order of the file; `above` is NULL past the end. Keys of a task's own blocks stand in its
 * row (search/task/task.h). */
extern const nas_block_row nas_block_rows[];
/* The tables of rows: nas_block_rows, then those of the tasks. NULL past the end. */
const nas_block_row *nas_block_table(int32_t i);

/* The row of a key of a block, and of a row of its tables; NULL: it has a plain value. */
const nas_block_row *nas_block_row_at(const nas_block *above, const char *key);
const nas_block_row *nas_block_row_of(const nas_key *k);
/* The roles of a key of the file itself; 0: there is no such key. */
uint32_t nas_block_role(const char *key);
/* The next row of the file's own keys after `last` (NULL: the first) that has all of these roles;
 * NULL at the end. */
const nas_block_row *nas_block_next_row(const nas_block_row *last, uint32_t role);
/* The canonical text of a row in c; "" where all is default. */
const char *nas_block_text(const nas_block_row *row, const nas_candidate *c);
/* The canonical texts of all blocks whose bits enter a stage, in the order of the rows. */
void nas_candidate_bits(const nas_candidate *c, uint32_t stage, nas_hasher *h);

const nas_key *nas_block_find(const nas_block *b, const char *key);
/* The next key after *at (NULL, NULL first); NULL at the end. */
const nas_key *nas_block_next(const nas_block *b, const nas_key *last);
/* The block that stands at a key of another one ("split" of task); NULL for other keys. */
const nas_block *nas_block_below(const nas_block *b, const char *key);
/* The block that holds for v where block b stands: keys of a split depend on its `by`, those of a
 * task on its `kind`. b may be NULL. */
const nas_block *nas_block_variant(const nas_block *b, const cJSON *v);
/* `variant` of nas_block_task and of nas_block_search. */
const nas_block *nas_block_of_kind(const cJSON *v);
const nas_block *nas_block_of_sampler(const cJSON *v);

#endif
