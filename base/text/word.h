/* base/text/word.h - words that nearly are others, for "did you mean". Nothing here fails.
 * Thread safety: any thread may call these. */
#ifndef NAS_BASE_TEXT_WORD_H
#define NAS_BASE_TEXT_WORD_H

#include <stdbool.h>

/* The word of the list nearest to `word` (edit distance at most a third of its length), or NULL. */
const char *nas_nearest(const char *word, const char *const *list);

/* Is it one of them? The list ends with NULL. */
bool nas_word_in(const char *word, const char *const *list);

#endif
