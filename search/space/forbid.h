/* search/space/forbid.h - the conditions of "forbid": comparisons of sums, products and quotients
 * of numbers, 'words', true, false, null and paths, joined by `and`, `or` and parentheses.
 * Thread safety: no shared state; a condition that was read may be evaluated by several threads. */
#ifndef NAS_SEARCH_SPACE_FORBID_H
#define NAS_SEARCH_SPACE_FORBID_H

#include "search/json/json_int.h"

typedef struct nas_condition nas_condition;

/* The value of a path in the document at hand; NULL when it is absent. */
typedef const cJSON *(*nas_condition_value)(void *ctx, const char *path);

/* Parses. Owner: *out lives in arena a. Errors: NAS_EINVAL; the text begins with "character N: ",
 * N from 1. */
NAS_NODISCARD nas_status nas_condition_parse(nas_arena *a, const char *text, nas_condition **out,
                                             nas_err *err);

/* Calls fn for each path in it, in the order of the text, with the character where it begins. */
void nas_condition_paths(const nas_condition *c,
                         void (*fn)(void *ctx, const char *path, int32_t character), void *ctx);

/* Calls fn for each path that is compared with a word in quotes, with the character where the word
 * begins. */
void nas_condition_words(const nas_condition *c,
                         void (*fn)(void *ctx, const char *path, const char *word,
                                    int32_t character),
                         void *ctx);

/* A comparison that names an absent path, or that computes with what is no number, is false. */
bool nas_condition_holds(const nas_condition *c, nas_condition_value value, void *ctx);

#endif
