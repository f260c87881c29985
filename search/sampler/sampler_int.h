/* search/sampler/sampler_int.h - the rows of the table of samplers, one file each.
 * Thread safety: the rows are constant; one thread at a time for each space, whose memory a pick
 * uses. */
#ifndef NAS_SEARCH_SAMPLER_SAMPLER_INT_H
#define NAS_SEARCH_SAMPLER_SAMPLER_INT_H

#include "search/candidate/candidate_int.h"
#include "search/sampler/sampler.h"
#include "search/space/space.h"

#define NAS_SAMPLER_LIST X(grid) X(random) X(sobol)

#define X(name) extern const nas_sampler nas_sampler_##name;
NAS_SAMPLER_LIST
#undef X

/* The block of a sampler with keys of its own. */
#define NAS_SAMPLER_BLOCK(name, keys)                                       \
    static const nas_block own_block = {.path = "search with \"" name "\"", \
                                        .help = "Keys of one sampler.",     \
                                        .tables = {nas_search_keys, keys}}

/* For samplers that draw: a space without end needs a number of trials. Errors: NAS_EINVAL. */
NAS_NODISCARD nas_status nas_sampler_check_end(const nas_space *s, const char *name, int64_t trials,
                                               nas_err *err);

/* Is p neither forbidden nor seen? Errors: those of nas_space_forbidden and of q->seen; *yes is
 * then false. */
NAS_NODISCARD nas_status nas_sampler_fresh(const nas_question *q, const nas_point *p, bool *yes,
                                           nas_err *err);

/* The points from start on, around the end, each once: *step says how far it has come (0 at first)
 * and is moved past the point that is given. NAS_ASK_AGAIN after NAS_SAMPLER_STRIDE points, since
 * others wait for the claim's transaction. *what stays where a point is given. Errors: those of
 * nas_sampler_fresh. */
enum { NAS_SAMPLER_STRIDE = 10000 };
NAS_NODISCARD nas_status nas_sampler_walk(const nas_question *q, int64_t start, int64_t *step,
                                          nas_point *out, nas_ask *what, nas_err *err);
/* Where the walk of what is left begins in a finite space, by the seed. */
int64_t nas_sampler_start(const nas_question *q);

/* Draws of one claim that may be seen or forbidden: in a finite space the walk comes after them,
 * without end there may be so many more before it counts as used up. */
enum { NAS_SAMPLER_ATTEMPTS = 4096, NAS_SAMPLER_ATTEMPTS_ENDLESS = 65536 };

#endif
