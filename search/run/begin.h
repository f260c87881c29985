/* search/run/begin.h - how a run makes its study, joins it, or begins a new version of it; and what
 * is said then.
 * Thread safety: one thread at a time for each store. */
#ifndef NAS_SEARCH_RUN_BEGIN_H
#define NAS_SEARCH_RUN_BEGIN_H

#include "search/space/space.h"
#include "search/task/dataset.h"
#include "store/store.h"

typedef struct nas_begin {
    nas_store *store; /* open for writing */
    const char *db;   /* its name, for what is said */
    const nas_space *space;
    const nas_dataset *data;
    const char *kernel; /* row that trains */
    uint64_t seed;
    int64_t trials; /* wanted; -1: until the sampler is exhausted */
    const nas_log *log;
    nas_dead_fn gone; /* is the worker of an earlier run dead? */
    /* A pause before the dead are looked for once more; false: all that live are known. */
    bool (*wait)(void *ctx);
    void *gone_ctx; /* of both */
} nas_begin;

/* What an earlier run died with is given back first. *bare: a nas that kept no examples began the
 * study, so that bare figures are tested. A new version is said: what changed, what is taken over,
 * and the best of before. While
 * trials of another version are held by workers that may be dead, it waits. Errors: those of
 * nas_store_study; NAS_ESTOP. */
NAS_NODISCARD nas_status nas_begin_study(const nas_begin *b, nas_arena *a, nas_study_id *out,
                                         bool *bare, nas_err *err);

#endif
