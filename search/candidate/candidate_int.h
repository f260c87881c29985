/* search/candidate/candidate_int.h - the blocks of a candidate, the walk that checks them with or
 * without choices in them, and the canonical form that the hash sees.
 * Thread safety: no shared state; one thread at a time for each candidate. */
#ifndef NAS_SEARCH_CANDIDATE_CANDIDATE_INT_H
#define NAS_SEARCH_CANDIDATE_CANDIDATE_INT_H

#include "search/candidate/blocks.h"
#include "search/candidate/candidate.h"
#include "search/candidate/search.h"
#include "search/json/json_int.h"

/* The structs that the private tables have their offsets in. */
typedef struct nas_top {
    int32_t schema;
    const char *name;
} nas_top;

/* Of "quantize" as an object; offsets into nas_quantize_config. */
extern const nas_key nas_quantize_keys[];
/* Of "export"; offsets into nas_export_config. */
extern const nas_key nas_export_keys[];
/* Of "search" with any sampler, the first table of its block; offsets into nas_search_config. */
extern const nas_key nas_search_keys[];

enum {
    NAS_REPEAT_MOST = 64,
    NAS_LAYERS_MOST = 512, /* once repeats are unrolled */
    NAS_WIDTHS_MOST = 2,   /* keys of one kind of layer that model.width multiplies */
    NAS_KEYS_MOST = 64,    /* of one block, or one kind of layer */
    NAS_LABELS_MOST = 1000
};

/* Reads the default of a key (JSON text) into arena a; *out is NULL when it has none. Errors:
 * NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_key_default(nas_arena *a, const nas_key *k, const cJSON **out,
                                         nas_err *err);

/* One alternative that was taken on the way down to a value. */
typedef struct nas_taken {
    const cJSON *choice;
    int32_t option;
} nas_taken;

enum { NAS_TAKEN_MOST = 256 };

/* What a walk over a document knows. Problems are collected, never returned. */
typedef struct nas_check {
    nas_arena *arena;
    const nas_json *j;
    nas_problems *p;
    const cJSON *root;
    bool space;      /* a space file: choices are allowed in the candidate part */
    bool candidate;  /* seed and replicate are accepted, a space's own keys are ignored */
    bool choices;    /* allowed where the walk is now */
    const cJSON *at; /* the same_as whose target is being checked in its place; else NULL */
    /* The nas_check_fn whose arg is a nas_key (nas_check_value). */
    void (*value)(struct nas_check *c, const char *path, const cJSON *v, const void *arg);
    int32_t budget; /* against files that multiply by same_as */
    bool spent;
    const cJSON *labelled;    /* the option of a choice that may have a "_name" */
    const char *const *paths; /* of all values, once they were asked for */
    int32_t n_taken, n_following;
    nas_taken taken[NAS_TAKEN_MOST];
    const cJSON *following[NAS_JSON_DEPTH];
    uint8_t *integer_range; /* by nas_json_index: a range or times at a key of integers */
} nas_check;

/* arg is the nas_key for nas_check_value, and fn's own for others. */
typedef void (*nas_check_fn)(nas_check *c, const char *path, const cJSON *v, const void *arg);

/* Is the task's kind a known one, whose keys the task has? Else there is one problem, of it. */
bool nas_check_kind(nas_check *c);
/* Checks the whole document, without constraints, forbid and try_first. false, after a problem: it
 * is no object, or its task is not settled, and nothing else was checked. */
bool nas_check_document(nas_check *c);
/* A problem at v, or at the same_as in whose place v is checked. */
void nas_check_problem(nas_check *c, const char *path, const cJSON *v, bool at_key, const char *fmt,
                       ...) NAS_PRINTF(5, 6);
/* Calls fn for v, or for every alternative of the choice that stands there. */
void nas_check_any(nas_check *c, const char *path, const cJSON *v, nas_check_fn fn,
                   const void *arg);
void nas_check_value(nas_check *c, const char *path, const cJSON *v, const void *key);
void nas_check_block(nas_check *c, const char *path, const cJSON *v, const void *block);
/* Rows of the table of blocks (blocks.h): their `check`, */
void nas_check_layers(nas_check *c, const char *path, const cJSON *v);
void nas_check_rate(nas_check *c, const char *path, const cJSON *v);
void nas_check_sampler(nas_check *c, const char *path, const cJSON *v);
void nas_check_seed(nas_check *c, const char *path, const cJSON *v);
void nas_check_prune(nas_check *c, const char *path, const cJSON *v);
void nas_check_cluster(nas_check *c, const char *path, const cJSON *v);
void nas_check_quantize(nas_check *c, const char *path, const cJSON *v);
/* their `strip`, */
cJSON *nas_strip_layers(nas_arena *a, const cJSON *v);
cJSON *nas_strip_rate(nas_arena *a, const cJSON *v);
cJSON *nas_strip_cluster(nas_arena *a, const cJSON *v);
cJSON *nas_strip_quantize(nas_arena *a, const cJSON *v);
/* their `build`; out is a nas_train_config, nas_prune_config, ... Errors: NAS_EINVAL a value that
 * its table does not have; NAS_ESHAPE of training, settings that do not go together; NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_train_build(nas_arena *a, const cJSON *v, void *out, nas_err *err);
NAS_NODISCARD nas_status nas_prune_build(nas_arena *a, const cJSON *v, void *out, nas_err *err);
NAS_NODISCARD nas_status nas_cluster_build(nas_arena *a, const cJSON *v, void *out, nas_err *err);
NAS_NODISCARD nas_status nas_quantize_build(nas_arena *a, const cJSON *v, void *out, nas_err *err);
/* A block of compression without the keys that decide nothing beside its others; NULL: no room. */
cJSON *nas_compress_strip(nas_arena *a, const cJSON *v);
/* Is x the name that NNI gives to option v, no key of its own? */
bool nas_is_label(const nas_check *c, const cJSON *v, const cJSON *x);
/* An unknown key, with the nearest of the known ones. */
void nas_check_unknown(nas_check *c, const char *path, const cJSON *v, const char *const *known);
/* "a", "b" or "c" */
void nas_words_join(const char *const *words, char *out, size_t room);
const char *nas_path_key(nas_arena *a, const char *path, const char *key);
const char *nas_path_item(nas_arena *a, const char *path, int32_t i);

/* An object that stands for a value that varies: choice, range, same_as, times, _type. */
bool nas_is_form(const cJSON *v);
/* Is there one in v, or is v one? */
bool nas_json_has_form(const cJSON *v);
/* The options of a choice, a list or an object {"label": option, ...}; NULL for anything else. */
const cJSON *nas_choice_options(const cJSON *v);
bool nas_are_options(const cJSON *options);
/* Labels that could be taken for keys of an option, or are none: false after a problem. */
bool nas_check_options(nas_check *c, const char *path, const cJSON *options);
/* The word that names option o of a choice: its label, _name, kind or op, or it is a word itself;
 * NULL: its position does. */
const char *nas_option_word(const cJSON *options, const cJSON *o);
/* Labels of all options, in arena a: words, else positions; equal ones get _2. *named: there is a
 * word among them. NULL: no room. */
const char *const *nas_option_labels(nas_arena *a, const cJSON *options, bool *named);
/* v with lists of options in place of labelled ones, at any depth; NULL: no room. */
cJSON *nas_options_as_lists(nas_arena *a, const cJSON *v, const char *key);
bool nas_is_range(const cJSON *v);
/* Which of NNI's types stands there; -1: none that is known. */
enum {
    NAS_NNI_CHOICE,
    NAS_NNI_RANDINT,
    NAS_NNI_UNIFORM,
    NAS_NNI_QUNIFORM,
    NAS_NNI_LOG,
    NAS_NNI_QLOG
};
extern const char *const nas_nni_names[]; /* in that order, NULL at the end */
int nas_nni_of(const cJSON *v);
/* Is v a choice, and has this option of it a "_name"? */
bool nas_has_label(const cJSON *v, const cJSON *option);
/* Is a {"_type", "_value"} one of those that are known? false after a problem. */
bool nas_check_nni(nas_check *c, const char *path, const cJSON *v);
/* The path that a same_as or times names; NULL for anything else. */
const char *nas_tie_target(const cJSON *v);
/* "same_as" or "times", for messages. */
const char *nas_form_name(const cJSON *v);
void nas_check_range(nas_check *c, const char *path, const cJSON *v, nas_check_fn fn,
                     const void *arg);
/* The key of the numbers at a place; a block may say that it may be one (learning_rate). NULL: no
 * number is expected there. */
const nas_key *nas_number_key(const nas_check *c, nas_check_fn fn, const void *arg);
/* Remembers that numbers at v are whole ones. */
void nas_note_integer(const nas_check *c, const cJSON *v);

typedef struct nas_range {
    double lo, hi, step; /* step 0: none; hi is lowered to lo + k * step */
    bool log;
} nas_range;
/* What stands wrong in it is a problem of c (may be NULL). */
bool nas_range_read(nas_check *c, const char *path, const cJSON *v, nas_range *out);

/* All values that a path may name, whichever options are chosen; taken: the options on the way. */
typedef struct nas_found {
    const cJSON *v;
    int32_t n_taken;
    nas_taken taken[NAS_JSON_DEPTH];
} nas_found;
typedef void (*nas_found_fn)(void *ctx, const nas_found *f);
/* Returns how many values it looked at. */
int32_t nas_find_path(nas_arena *a, const cJSON *root, const char *path, nas_found_fn fn,
                      void *ctx);
/* Paths of all values of the document, for "did you mean"; NULL at the end. */
const char *const *nas_all_paths(nas_arena *a, const cJSON *root);
/* One step of a path: a key (out[64], *index -1) or an index; returns what follows, NULL when the
 * text is no path. */
const char *nas_path_step(const char *path, char out[64], int32_t *index);

/* The canonical document: defaults left out, equal forms made one. block "" gives the whole as the
 * hash sees it, else one block of it ("" when all of it is default). Errors: NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_candidate_canonical(nas_arena *a, const cJSON *document,
                                                 const char *block, char **out, nas_err *err);

/* The value of a path in a resolved document, keys that are left out at their default included;
 * *out is NULL when it is absent. Errors: NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_candidate_lookup(nas_arena *a, const cJSON *document, const char *path,
                                              const cJSON **out, nas_err *err);

/* candidate.json of a resolved document, in arena a. Errors: NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_candidate_text(nas_arena *a, const cJSON *document, const char **out,
                                            nas_err *err);

/* Decodes a document that was checked. Errors: NAS_EINVAL the number of classes is not known, or a
 * value that its table does not have; NAS_ESHAPE what cannot go together, the front end and the
 * model's layers too; NAS_ENOMEM. *out is then not to be used. */
NAS_NODISCARD nas_status nas_candidate_build(nas_arena *a, const cJSON *document, int32_t classes,
                                             nas_candidate *out, nas_err *err);
/* Both: checks, then decodes. Messages of the decoding begin without the name of a file. Errors:
 * NAS_EINVAL all that the check found, a line each; those of nas_candidate_build. */
NAS_NODISCARD nas_status nas_candidate_read(nas_arena *a, const nas_json *j, const cJSON *document,
                                            int32_t classes, nas_candidate *out, nas_err *err);
/* Only the task. Errors: those of the task's `build`: NAS_EINVAL, NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_task_build(nas_arena *a, const cJSON *document, nas_task *out,
                                        nas_err *err);
/* Fills a struct from an object (NULL: all defaults) by one table; "classes" becomes classes. Texts
 * live in arena a. Errors: NAS_EINVAL a value that the table does not have; NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_keys_build(nas_arena *a, const nas_key *keys, const cJSON *object,
                                        int32_t classes, void *out, nas_err *err);
/* The layers of a model, unrolled, widths applied; in arena a. Errors: NAS_EINVAL no list, or a
 * layer of no known kind; NAS_ESHAPE none, too many, or a width that leaves no filter; NAS_ENOMEM.
 */
NAS_NODISCARD nas_status nas_layers_build(nas_arena *a, const cJSON *layers, double width,
                                          int32_t classes, nas_model *out, nas_err *err);

#endif
