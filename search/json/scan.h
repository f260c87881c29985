/* search/json/scan.h - the locating pass over a JSON text: cJSON keeps no positions.
 * Thread safety: no shared state; one thread at a time for each text. */
#ifndef NAS_SEARCH_JSON_SCAN_H
#define NAS_SEARCH_JSON_SCAN_H

#include "base/arena.h"

#include <stdint.h>

/* Offsets of the values in the order of the text, and of their keys (of the value where there is
 * none). */
typedef struct nas_json_places {
    int32_t n;
    uint32_t *value_at, *key_at; /* [n] */
} nas_json_places;

/* What is wrong at an offset; SIZE_MAX: with the text as a whole. */
typedef void nas_scan_note(void *ctx, size_t at, const char *what);

/* Tells note of what is no JSON, or beyond our limits (NAS_JSON_BYTES and those beside it); of
 * syntax the first error only. Arrays of *out live in arena a. */
void nas_json_scan(const char *text, size_t bytes, nas_arena *a, nas_scan_note *note, void *ctx,
                   nas_json_places *out);

#endif
