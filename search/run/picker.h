/* search/run/picker.h - how a worker's claims come to the next point: the space's sampler is asked,
 * with what it may know of trials before.
 * Thread safety: no shared state; one thread at a time for each picker and its store. */
#ifndef NAS_SEARCH_RUN_PICKER_H
#define NAS_SEARCH_RUN_PICKER_H

#include "search/sampler/sampler.h"
#include "store/store.h"

/* All but what is borrowed is the picker's own. */
typedef struct nas_picker {
    nas_store *store; /* borrowed, as the space is */
    nas_study_id study;
    const nas_space *space;
    uint64_t seed;
    const nas_sampler *by; /* NULL: the sampler that the space names */
    nas_arena *arena;      /* borrowed: the document of a pick lives in it */
    /* Read once each, by rising number: who retries a trial that failed is seen by pickers that are
     * opened later. */
    nas_arena *kept;
    nas_past *past;
    int64_t n, room;
    nas_point point;
} nas_picker;

/* Fills what is not borrowed. Errors: NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_picker_open(nas_picker *p, nas_err *err);
void nas_picker_close(nas_picker *p);
/* A nas_pick_fn; ctx is the picker. Errors: those of nas_store_past and of nas_sampler_next. */
NAS_NODISCARD nas_status nas_picker_pick(void *ctx, int64_t number, int64_t *cursor,
                                         nas_value *values, nas_picked *out, nas_err *err);

#endif
