/* search/space/space_int.h - a space file as a tree of nodes: constants, containers, and what
 * varies.
 * Thread safety: one thread at a time for each space: s->scratch is used by what only reads, too.
 */
#ifndef NAS_SEARCH_SPACE_SPACE_INT_H
#define NAS_SEARCH_SPACE_SPACE_INT_H

#include "search/candidate/candidate_int.h"
#include "search/space/forbid.h"
#include "search/space/space.h"

enum {
    NAS_PARAMS_MOST = 1000,   /* columns that a table of a study can hold, with room for metrics */
    NAS_RESOLVE_MOST = 200000 /* values of one resolved document */
};

typedef enum nas_node_kind {
    NAS_NODE_CONSTANT, /* nothing varies below it */
    NAS_NODE_LIST,
    NAS_NODE_OBJECT,
    NAS_NODE_CHOICE,
    NAS_NODE_RANGE,
    NAS_NODE_SAME,
    NAS_NODE_TIMES
} nas_node_kind;

typedef struct nas_node {
    nas_node_kind kind;
    const cJSON *v;
    const char *key; /* in its object; NULL in a list */
    int32_t n;       /* children of a container, options of a choice */
    struct nas_node **below;
    int64_t points;            /* of everything below; -1 infinite; INT64_MAX: that many or more */
    int32_t param;             /* of a choice or range */
    bool integer;              /* a range or times at a key of integers */
    bool labelled;             /* an option that has a "_name", which is no part of it */
    bool positions;            /* a choice whose column shows the option's label, or its position */
    bool named;                /* the label: there is a word among the labels */
    const char *const *labels; /* of the options, where `positions` */
    nas_range range;
    int64_t count;      /* values of a range; -1 infinite */
    const char *target; /* of same_as and times */
    double factor;      /* of times */
    /* The choice above, and the option of it that this stands in; NULL: always there. */
    const struct nas_node *above;
    int32_t option;
} nas_node;

/* A parameter: all nodes with one path, at most one of which is active in a point. */
typedef struct nas_place {
    int32_t n, room;
    nas_node **nodes;
    char text[32]; /* of a number in a column of words */
} nas_place;

/* One try_first entry. */
typedef struct nas_try_entry {
    int32_t n;
    int32_t *params;
    const cJSON **values;
} nas_try_entry;

/* What of try_first has no place in the space. */
typedef struct nas_unfit {
    int32_t entry;
    const char *key; /* NULL: the whole entry */
} nas_unfit;

typedef struct nas_interned_text {
    const char *text;
    struct nas_interned_text *next;
} nas_interned_text;

typedef struct nas_interned {
    nas_interned_text *first;
} nas_interned;

struct nas_space {
    nas_arena *arena, *scratch; /* scratch is empty between calls */
    nas_interned *interned;
    nas_json *json;
    cJSON *kept; /* the document without the keys of a space */
    const char *name;
    nas_task task;
    nas_search_config search;
    nas_node *root;
    int32_t n_params, n_constraints, n_objectives, n_forbid, n_try;
    nas_param *params;
    nas_place *places; /* beside params */
    nas_constraint *constraints;
    nas_objective *objectives;
    nas_condition **forbid;
    nas_try_entry *tries;
    bool strict;  /* people are about to run it: words of forbid that never occur are problems */
    bool fitting; /* unfit is filled, and what it holds is no problem */
    int32_t n_unfit, unfit_room;
    nas_unfit *unfit;
    const char *unfit_why, *note; /* of the first of them; for nas_space_note */
    nas_hash hash;
};

/* Builds root, params and places; the document was checked. Too many parameters is a problem of *p,
 * no error. Errors: NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_space_compile(nas_space *s, const uint8_t *integer_range,
                                           nas_problems *p, nas_err *err);

/* The document of a point in arena a. A same_as or times whose target is absent is left in place
 * and named in *absent (NULL: none; may be NULL). Errors: NAS_ESHAPE it has more than
 * NAS_RESOLVE_MOST values; NAS_ENOMEM. Then *out is NULL. */
NAS_NODISCARD nas_status nas_space_resolve(const nas_space *s, nas_arena *a, const nas_point *p,
                                           const nas_node **absent, cJSON **out, nas_err *err);

/* Makes kept. Errors: NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_space_keep(nas_space *s, nas_err *err);
/* Reads constraints and objectives; forbid; and try_first, once the tree stands. */
void nas_space_read_goals(nas_space *s, nas_problems *p);
void nas_space_read_forbid(nas_space *s, nas_problems *p);
void nas_space_read_tries(nas_space *s, nas_problems *p);

/* forbid_words.c, once the tree stands: words that are compared with what is never one of them. */
void nas_space_check_words(const nas_space *s, nas_problems *p);

/* space.c: opens a text, or the file of that name where text is NULL. made: nobody has seen it.
 * Owner: the caller closes it. Errors: NAS_ENOTFOUND, NAS_EIO the file; NAS_EINVAL what is wrong in
 * it, a line each, or no point of it is possible; NAS_ENOMEM. Then *out is NULL. */
NAS_NODISCARD nas_status nas_space_open_text(const char *name, const char *text, bool made,
                                             bool strict, bool fitting, nas_space **out,
                                             nas_err *err);

/* identity.c: fills s->hash; the tree stands. Errors: NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_space_identify(nas_space *s, nas_err *err);

/* The option with that label; -1: none. */
int32_t nas_node_option(const nas_node *n, const char *label);
/* The label of the option that p has at a path, where that is a choice whose column shows labels;
 * NULL: it is none. */
const char *nas_space_chosen(const nas_space *s, const nas_point *p, const char *path);

/* Does a JSON value stand for one of the node's values? *out: the number in a point. */
/* Draws all parameters but those that e (may be NULL) says. */
void nas_space_draw(const nas_space *s, nas_rng *rng, const nas_try_entry *e, nas_point *p);
bool nas_node_accepts(const nas_node *n, const cJSON *v, double *out);

/* The n-th value of a finite range. */
double nas_range_at(const nas_node *n, int64_t i);

#endif
