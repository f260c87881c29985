/* search/sampler/sampler_int.h - the rows of the table of samplers, one file each. */
#ifndef NAS_SEARCH_SAMPLER_SAMPLER_INT_H
#define NAS_SEARCH_SAMPLER_SAMPLER_INT_H

#include "search/sampler/sampler.h"
#include "search/space/space.h"

#define NAS_SAMPLER_LIST X(grid) X(random)

#define X(name) extern const nas_sampler nas_sampler_##name;
NAS_SAMPLER_LIST
#undef X

/* Is p neither forbidden nor seen? */
NAS_NODISCARD nas_status nas_sampler_fresh(const nas_space *s, const nas_point *p,
                                           const nas_seen *seen, bool *yes, nas_err *err);

/* The points from start on, around the end, each once: *step says how far it has come (0 at first)
 * and is moved past the point that is given. NAS_ASK_AGAIN after NAS_SAMPLER_STRIDE points, since
 * others wait for the claim's transaction. */
enum { NAS_SAMPLER_STRIDE = 10000 };
NAS_NODISCARD nas_status nas_sampler_walk(const nas_space *s, int64_t start, int64_t *step,
                                          const nas_seen *seen, nas_point *out, nas_ask *what,
                                          nas_err *err);

#endif
