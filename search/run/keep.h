/* search/run/keep.h - a log that passes warnings on and keeps them for the database: what several
 * workers meet, or every trial, is said and kept once.
 * Thread safety: one thread at a time for each log. */
#ifndef NAS_SEARCH_RUN_KEEP_H
#define NAS_SEARCH_RUN_KEEP_H

#include "base/arena.h"
#include "base/log.h"
#include "store/store.h"

typedef struct nas_keep {
    nas_log log;       /* to be handed on; what is said to it is kept */
    const nas_log *to; /* who hears it, too; may be NULL */
    nas_arena *arena;
    struct nas_kept *first, *last;
    const char *db;           /* named where there is more than is shown; NULL: there is none */
    const char *place, *told; /* see nas_keep_place */
    int32_t said;
} nas_keep;

/* to and db are borrowed. Owner: the caller closes *k, and does not move it while its log is used.
 * Errors: NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_keep_open(nas_keep *k, const nas_log *to, const char *db,
                                       nas_err *err);
void nas_keep_close(nas_keep *k);

/* What is kept names the data as the space file does, wherever they lay this time, so that two
 * equal studies keep the same: where a text names `place` (NULL: nothing is to change), `told`
 * stands. Both are borrowed. */
void nas_keep_place(nas_keep *k, const char *place, const char *told);

/* All that was said, a line each, in arena a; NULL where nothing was, or without memory. */
const char *nas_keep_lines(const nas_keep *k, nas_arena *a);

/* Stores what was said since the last call as warnings of id. Errors: those of
 * nas_store_put_warning; what was not stored is tried again by the next call. */
NAS_NODISCARD nas_status nas_keep_put(nas_keep *k, nas_store *store, nas_study_id id, nas_err *err);

#endif
