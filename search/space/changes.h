/* search/space/changes.h - what differs between two space files, in words.
 * Thread safety: no shared state; one thread at a time for each pair of spaces. */
#ifndef NAS_SEARCH_SPACE_CHANGES_H
#define NAS_SEARCH_SPACE_CHANGES_H

#include "search/json/json.h"

/* "train.epochs: 3, now 5; prune is new; model.layers is another" of what decides points (see
 * nas_space_hash); "" where nothing does. At most eight places, the rest is counted. Lives in arena
 * a. Errors: NAS_EINVAL one of the texts is no JSON. */
NAS_NODISCARD nas_status nas_space_changes(nas_arena *a, const char *was, const char *now,
                                           const char **out, nas_err *err);

/* Is that key of the root, or below it one of `task` and `search`, free to change within a version
 * of a space? */
bool nas_space_is_free(const char *key);
bool nas_space_is_free_below(const char *key);

#endif
