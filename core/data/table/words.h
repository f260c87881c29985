/* core/data/table/words.h - different texts of cells, each once, numbered as they come.
 * Thread safety: no shared state; one thread at a time for each set of words. */
#ifndef NAS_CORE_DATA_TABLE_WORDS_H
#define NAS_CORE_DATA_TABLE_WORDS_H

#include "core/data/table/csv.h"

typedef struct nas_words {
    nas_arena *arena;
    int32_t n, room;   /* words, slots */
    const char **word; /* [n] */
    int32_t *slot;     /* [room] number of a word + 1; 0: free */
} nas_words;

/* The number of a cell's text, blanks around it left out; it is added if it is new. Owner: arena a
 * of the first call. Errors: NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_words_number(nas_words *w, nas_arena *a, nas_cell cell, int32_t *out,
                                          nas_err *err);

#endif
