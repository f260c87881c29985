/* base/text/c_text.h - pieces of C source: numbers that read back as they were, arrays of them, and
 * texts that grow.
 * Thread safety: no shared state; one thread at a time for each stream. */
#ifndef NAS_BASE_TEXT_C_TEXT_H
#define NAS_BASE_TEXT_C_TEXT_H

#include "base/arena.h"

#include <stdint.h>
#include <stdio.h>

enum { NAS_C_NUMBER = 48 };

/* A float constant; v is finite. */
void nas_c_float(char text[NAS_C_NUMBER], float v);

/* A string constant of n bytes, whatever they are. */
void nas_c_string(FILE *out, const char *s, size_t n);

/* Writes element i of values; and those of arrays of float, double, int32_t and int8_t. */
typedef void nas_c_item(char text[NAS_C_NUMBER], const void *values, int64_t i);
nas_c_item nas_c_f32, nas_c_i32, nas_c_i8;

/* static const TYPE NAME[n] = {...}; */
void nas_c_array(FILE *out, const char *type, const char *name, int64_t n, const void *values,
                 nas_c_item *item);

/* Lines between "PART name" and "END" of texts that are copied into sources (Makefile). */
#define NAS_C_PART "/* part "
#define NAS_C_END  "/* end */"

/* Writes part `name` of n lines. */
void nas_c_part(const char *const *lines, int32_t n, const char *name, FILE *out);

/* A text in memory that `to` writes; stays where it is while it is open. {0} may be dropped, and so
 * may what was taken. A write that failed is seen by take, which closes the stream in any case and
 * puts its text into arena a. Errors: NAS_ENOMEM; of take, *out is NULL then. */
typedef struct nas_stream {
    FILE *to;
    char *bytes; /* once `to` is flushed */
    size_t n;
} nas_stream;
NAS_NODISCARD nas_status nas_stream_open(nas_stream *t, nas_err *err);
NAS_NODISCARD nas_status nas_stream_take(nas_stream *t, nas_arena *a, const char **out,
                                         nas_err *err);
void nas_stream_drop(nas_stream *t);

#endif
