/* search/space/space.h - a space file: a candidate with choices in it. docs/SPACES.md is the
 * definition.
 * Thread safety: one thread at a time opens a space (search/json/json.h), and one at a time for
 * each space: conditions and hashes of points use memory of its own. */
#ifndef NAS_SEARCH_SPACE_SPACE_H
#define NAS_SEARCH_SPACE_SPACE_H

#include "base/direction.h"
#include "base/relation.h"
#include "base/value.h"
#include "search/candidate/candidate.h"
#include "search/candidate/search.h"

typedef enum nas_param_kind { NAS_PARAM_CHOICE, NAS_PARAM_INT, NAS_PARAM_FLOAT } nas_param_kind;

typedef struct nas_param {
    const char *path;   /* "prune.to", "frontend.frame_length_ms", "model.layers[2].filters" */
    const char *column; /* the same as an SQL name: "prune_to", "model_layers_2_filters" */
    nas_param_kind kind;
    nas_column_type type;
    int64_t options; /* number of values; 0: a float range without a step */
    /* Shown by `nas space`: "0.2, 0.3, 0.4" / "8 .. 13" / "only when prune = 1". */
    const char *values, *condition;
} nas_param;

typedef struct nas_constraint {
    const char *text;   /* as written */
    const char *metric; /* a metric's column */
    nas_relation op;
    double bound;
} nas_constraint;

typedef struct nas_objective {
    const char *metric;
    nas_direction direction;
} nas_objective;

typedef struct nas_space nas_space;

/* Reads and checks a space file. All problems are found before it returns; they are the error's
 * text. Owner: the caller closes it. Errors: NAS_EINVAL, NAS_ENOTFOUND, NAS_EIO. */
NAS_NODISCARD nas_status nas_space_open(const char *path, nas_space **out, nas_err *err);
/* The same with a merge patch on it (RFC 7396): {"task": {"inputs": ["a"]}} puts that list in place
 * of the file's, null takes a key away. Problems then are of "FILE with --set", without line and
 * column. What of try_first has no place any more is left out, and told by nas_space_note, unless
 * the patch brings its own. Errors: also NAS_EINVAL a patch that is no JSON object. */
NAS_NODISCARD nas_status nas_space_open_with(const char *path, const char *patch, nas_space **out,
                                             nas_err *err);
/* The same as the first from a text that a database holds. */
NAS_NODISCARD nas_status nas_space_parse(const char *name, const char *text, nas_space **out,
                                         nas_err *err);
void nas_space_close(nas_space *s);

const char *nas_space_name(const nas_space *s);
/* What a patch did besides what it says: what was left out of the file's try_first, a null that
 * only brought a default back. NULL: nothing. */
const char *nas_space_note(const nas_space *s);
const char *nas_space_text(const nas_space *s);     /* the file, as it was read */
const nas_task *nas_space_task(const nas_space *s); /* choices inside `task` are an error */
/* Hash of what decides the points and their numbers: everything but name, data, objective,
 * constraints, trials, workers, confidence, replicates. Another hash under the same study name is
 * another version of the space. */
nas_hash nas_space_hash(const nas_space *s);

int32_t nas_space_params(const nas_space *s);
const nas_param *nas_space_param(const nas_space *s, int32_t i);
/* The label of an option of a choice whose column shows labels. Where no option has one, a hint for
 * people: the schedule, of layers the first that not all options have; with its position where two
 * have one word. NULL: there is none, or the column shows values. Lives in the space or in arena a.
 */
const char *nas_space_label(const nas_space *s, int32_t param, int64_t option, nas_arena *a);
/* Labels of a parameter whose column shows them, or positions (*named false); *n options. NULL: it
 * shows values, or its options are not the same wherever it stands. */
const char *const *nas_space_labels(const nas_space *s, int32_t param, int32_t *n, bool *named);
int32_t nas_space_constraints(const nas_space *s);
const nas_constraint *nas_space_constraint(const nas_space *s, int32_t i);
int32_t nas_space_objectives(const nas_space *s);
const nas_objective *nas_space_objective(const nas_space *s, int32_t i);

const nas_search_config *nas_space_search(const nas_space *s);

/* Number of points before `forbid`; -1: infinite; INT64_MAX: that many or more. */
int64_t nas_space_points(const nas_space *s);

/* A point: one number per parameter (option index, integer, or float), NaN where the parameter is
 * absent. Shape: values has nas_space_params(s) entries. */
typedef struct nas_point {
    double *values;
} nas_point;

/* The i-th point in grid order (the first choice in the file varies slowest), 0 <= i < points.
 * Conditional parameters count only under their option. No list is made: a grid of 10^9 points
 * costs no memory. */
void nas_space_grid(const nas_space *s, int64_t i, nas_point *p);
/* Uniform in each active choice, from the top of the file down, by stream (seed, n, attempt). */
void nas_space_random(const nas_space *s, uint64_t seed, int64_t n, uint32_t attempt, nas_point *p);
/* The point at u[nas_space_params(s)], each 0 .. below 1: each active choice and range takes its
 * part of the unit interval, its log where it has one. */
void nas_space_unit(const nas_space *s, const double *u, nas_point *p);
/* try_first entry i of nas_space_try_first: given paths fixed, the others drawn by (seed, i), up to
 * 64 times where a forbid line holds: it may still hold in the end. Errors: those of
 * nas_space_forbidden. */
int32_t nas_space_try_first(const nas_space *s);
NAS_NODISCARD nas_status nas_space_try(const nas_space *s, uint64_t seed, int32_t i, nas_point *p,
                                       nas_err *err);
/* The values of prune.begin that the space's choices can produce, as far as they can be listed, in
 * no order; at most NAS_BEGINS_MOST. They live in arena a. Errors: NAS_ENOMEM. */
enum { NAS_BEGINS_MOST = 64 };
NAS_NODISCARD nas_status nas_space_begins(const nas_space *s, nas_arena *a, const double **out,
                                          int32_t *n, nas_err *err);
/* Does a forbid line hold for p? Errors: NAS_ESHAPE the document is too large once same_as is
 * followed; NAS_ENOMEM. *yes is then false. */
NAS_NODISCARD nas_status nas_space_forbidden(const nas_space *s, const nas_point *p, bool *yes,
                                             nas_err *err);
/* Number of points that no forbid line rules out; -1: infinite, or more than are worth counting
 * where lines have to be asked (NAS_COUNT_MOST). */
enum { NAS_COUNT_MOST = 20000 };
int64_t nas_space_allowed(const nas_space *s);

/* The document of a point (all choices, ranges, same_as resolved), decoded; arena a owns the
 * result. classes as in nas_candidate_decode. Errors: NAS_ESHAPE (an impossible combination);
 * NAS_EINVAL the number of classes is not known, or does not matter and something is wrong;
 * NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_space_candidate(const nas_space *s, nas_arena *a, const nas_point *p,
                                             int32_t classes, nas_candidate *out, nas_err *err);
/* The same point as a text: what candidate.json holds, whether or not front end and model fit.
 * nas_json_parse and nas_candidate_decode make the same candidate of it. Errors: NAS_ESHAPE too
 * large once same_as is followed; NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_space_document(const nas_space *s, nas_arena *a, const nas_point *p,
                                            const char **json, nas_err *err);
/* The candidate hash alone, without checking that front end and model fit. Errors: those of
 * nas_space_document. */
NAS_NODISCARD nas_status nas_space_point_hash(const nas_space *s, const nas_point *p, nas_hash *out,
                                              nas_err *err);
/* "train.epochs 20, model.width 0.5", in the arena; NULL: no memory. */
const char *nas_space_describe(const nas_space *s, nas_arena *a, const nas_point *p);
/* Column values of a point; text lives in the space. values has nas_space_params(s) entries. */
void nas_space_values(const nas_space *s, const nas_point *p, nas_value *values);

#endif
