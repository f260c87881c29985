/* search/sampler/sampler.h - how the next point of a study is picked. A sampler keeps nothing: all
 * it knows of the past is the cursor that the store holds, whether a candidate hash is already
 * there, and, if it looks back, results through a fixed lag.
 * Thread safety: the rows are constant; one thread at a time for each space, whose memory a pick
 * uses. */
#ifndef NAS_SEARCH_SAMPLER_SAMPLER_H
#define NAS_SEARCH_SAMPLER_SAMPLER_H

#include "search/sampler/names.h"
#include "search/space/space.h"
#include "store/state.h"

/* Asks the store; in the claim's transaction. Errors: the store's. */
typedef struct nas_seen {
    void *ctx;
    nas_status (*has)(void *ctx, const nas_hash *candidate, bool *yes, nas_err *err);
} nas_seen;

/* NAS_ASK_AGAIN: many points were passed over and none was found yet; the cursor says how far it
 * came, and who asks again gets what one long search would have given. NAS_ASK_WAIT: results that
 * the sampler looks at are not there yet; the cursor is as it was. */
typedef enum nas_ask { NAS_ASK_POINT, NAS_ASK_EXHAUSTED, NAS_ASK_AGAIN, NAS_ASK_WAIT } nas_ask;

/* A trial that has ended. */
typedef struct nas_past {
    int64_t number;
    nas_state state;         /* an end */
    const nas_value *params; /* as nas_space_values gives them */
    /* In the order of the task's; null: none, or not determined, or nothing selects on it. */
    const nas_value *metrics;
} nas_past;

/* Trials 0 .. n - 1 of this version of the space, by their numbers. */
typedef struct nas_history {
    const nas_past *v;
    int64_t n;
} nas_history;

struct nas_sampler;

/* What is asked: trial number n of a study with that seed. A sampler that looks back sees of the
 * history what its lag lets it see, and nothing more, however much there is. */
typedef struct nas_question {
    const nas_space *space;
    uint64_t seed;
    int64_t n;
    const nas_seen *seen;
    nas_history history;
    const struct nas_sampler *by; /* NULL: the sampler that the space names */
} nas_question;

typedef struct nas_sampler {
    const char *name;
    const char *help;
    /* "search" with the sampler's own keys as its second table, which fill a struct of own_bytes,
     * nas_search_config.own; NULL: it has none. */
    const struct nas_block *block;
    size_t own_bytes;
    /* Trial n sees results of trials 0 .. n - 1 - lag, and waits for them; what it gives is a
     * function of the space, the seed, n and those, so it is the same for any number of workers.
     * NULL: it looks at no results. */
    int64_t (*lag)(const nas_space *s);
    /* Can it walk this space? Errors: NAS_EINVAL (a float range without a step in a grid; random
     * without trials on an infinite space; more parameters than it has dimensions). */
    nas_status (*check)(const nas_space *s, int64_t trials, nas_err *err);
    /* *cursor is the sampler's own (0 at first); forbidden and seen points are skipped. Errors:
     * those of nas_sampler_fresh. */
    nas_status (*ask)(const nas_question *q, int64_t *cursor, nas_point *out, nas_ask *what,
                      nas_err *err);
} nas_sampler;

/* try_first entries come before the sampler's own points: this does both. Errors: those of
 * nas_sampler_fresh; *cursor and *out are then not to be used. */
NAS_NODISCARD nas_status nas_sampler_next(const nas_question *q, int64_t *cursor, nas_point *out,
                                          nas_ask *what, nas_err *err);

/* How many trials, from 0 on, have to have ended before trial n is picked; 0 for samplers that look
 * at no results. */
int64_t nas_sampler_needs(const nas_question *q);

const nas_sampler *nas_sampler_at(
    int32_t i); /* NULL past the end; order of nas_search_config.sampler */

#endif
