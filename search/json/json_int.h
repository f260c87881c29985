/* search/json/json_int.h - what the files of search/ share about JSON texts.
 * Thread safety: no shared state; one thread at a time for each text. */
#ifndef NAS_SEARCH_JSON_JSON_INT_H
#define NAS_SEARCH_JSON_JSON_INT_H

#include "search/json/json.h"

#include <stdarg.h>

enum {
    NAS_JSON_BYTES = 4 << 20,  /* of a file */
    NAS_JSON_DEPTH = 64,       /* of nesting */
    NAS_JSON_VALUES = 200000,  /* in a file */
    NAS_JSON_NUMBER_CHARS = 60 /* cJSON reads no more than 63 */
};

/* The number of a value in the order of the text, from 0; -1 when v is not of j's own tree. */
int32_t nas_json_index(const nas_json *j, const cJSON *v);
/* How many values there are. */
int32_t nas_json_count(const nas_json *j);
const char *nas_json_name(const nas_json *j);
const char *nas_json_text(const nas_json *j);

/* A value inside another by its exact key; NULL when absent, or when v is no object. */
const cJSON *nas_json_get(const cJSON *v, const char *key);

/* A value in words for messages: `"adam"`, `0.5`, `a list`; into out[48]. */
void nas_json_show(const cJSON *v, char out[48]);

/* Text for people: two spaces a level, short lists and objects on one line, the order of v. Lives
 * in arena a. Errors: NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_json_pretty(nas_arena *a, const cJSON *v, char **out, nas_err *err);

/* Nodes that live in an arena and share strings and children with the trees they came from; they
 * are never given to cJSON_Delete. Every one returns NULL when there is no room. */
cJSON *nas_json_copy(nas_arena *a, const cJSON *v, const char *key);
cJSON *nas_json_make(nas_arena *a, int type, const char *key);
cJSON *nas_json_make_number(nas_arena *a, double number, const char *key);
void nas_json_append(cJSON *parent, cJSON *child);

/* Equal as the candidate hash sees it: numbers by value, objects whatever their order. */
bool nas_json_equal(const cJSON *a, const cJSON *b);

/* A number that is integral and within +-2^53. */
bool nas_json_is_integer(const cJSON *v);

/* A growing text in an arena. */
typedef struct nas_text {
    nas_arena *arena;
    char *p;
    size_t n, room;
    bool failed;
} nas_text;
void nas_text_add(nas_text *t, const char *s, size_t n);
void nas_text_put(nas_text *t, const char *s);

#endif
