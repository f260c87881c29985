/* search/json/json.h - a JSON text as a cJSON tree, with the place of every value, and the list of
 * what is wrong with it. cJSON keeps no positions: a locating pass over the text is ours.
 * Thread safety: one thread at a time parses: cJSON notes the place of an error in one place of
 * the process. A tree may be read by several threads. */
#ifndef NAS_SEARCH_JSON_JSON_H
#define NAS_SEARCH_JSON_JSON_H

#include "base/arena.h"
#include "base/text/word.h"

#include <cjson/cJSON.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct nas_json nas_json;

/* What is wrong with a file: one line for each, "file:line:column: path: what; expected; remedy".
 */
typedef struct nas_problems {
    nas_arena *arena;
    int32_t n, room;
    const char **lines;
    bool astray; /* a key or a kind is unknown: paths that lead to nothing follow from that */
} nas_problems;

/* Reads and parses. Syntax errors (line, column, what was expected), duplicate keys, trailing text,
 * nesting deeper than 64, numbers that are no finite doubles, files over 4 MiB and invalid UTF-8
 * are problems; then *out is NULL and the status NAS_EINVAL with all lines as text (as many as fit;
 * the rest is counted). Owner: *out lives in arena a; its cJSON tree is freed by nas_json_close. */
NAS_NODISCARD nas_status nas_json_open(nas_arena *a, const char *path, nas_json **out,
                                       nas_err *err);
NAS_NODISCARD nas_status nas_json_parse(nas_arena *a, const char *name, const char *text,
                                        nas_json **out, nas_err *err);
/* The same of a text that the program made: problems have no line and column, as nobody sees it. */
NAS_NODISCARD nas_status nas_json_parse_made(nas_arena *a, const char *name, const char *text,
                                             nas_json **out, nas_err *err);
void nas_json_close(nas_json *j);
const cJSON *nas_json_root(const nas_json *j);
/* The list of exactly n numbers at a key of the root, in arena a. Errors: NAS_EFORMAT;
 * NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_json_floats(nas_arena *a, const nas_json *j, const char *name,
                                         int32_t n, const float **out, nas_err *err);

/* Adds a problem at the place of v (its value; with `at_key`, the key that names it). v may be
 * NULL: the file as a whole. path is the dotted path shown ("train.epochs",
 * "model.layers[2].filters"). */
void nas_problem(nas_problems *p, const nas_json *j, const cJSON *v, bool at_key, const char *path,
                 const char *fmt, ...) NAS_PRINTF(6, 7);
/* NAS_OK when there is none, else NAS_EINVAL and the lines. */
NAS_NODISCARD nas_status nas_problems_end(const nas_problems *p, nas_err *err);

/* Canonical text: keys sorted by bytes, no white space, shortest numbers that read back as the same
 * double (integers up to 2^53 without exponent or point), strings with the shortest escapes. Lives
 * in arena a. Errors: NAS_ENOMEM. */
NAS_NODISCARD nas_status nas_json_canonical(nas_arena *a, const cJSON *v, char **out, nas_err *err);

/* The text of v with a merge patch on it (RFC 7396): objects are merged key by key, null takes a
 * key away, anything else takes the place of what was there. Numbers stay the same doubles. Owner:
 * *text lives in arena a. Errors: NAS_ENOMEM, and *text is NULL. */
NAS_NODISCARD nas_status nas_json_merge(nas_arena *a, const cJSON *v, const cJSON *patch,
                                        char **text, nas_err *err);

/* Shortest round-trip text of a double, into out[32]. */
void nas_json_number(double v, char out[32]);

#endif
