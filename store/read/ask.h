/* store/read/ask.h - a statement that reads, put together with its values beside it: names are
 * quoted, values are placeholders. Private to store/.
 * Thread safety: one thread at a time for each store. */
#ifndef NAS_STORE_READ_ASK_H
#define NAS_STORE_READ_ASK_H

#include "store/read.h"

#include <stdio.h>

typedef struct nas_ask {
    FILE *text; /* NULL: no memory */
    char *sql;
    size_t bytes;
    nas_value *values;
    int32_t n, room;
    bool failed;
} nas_ask;

/* nas_ask_run or nas_ask_number ends it. */
void nas_ask_begin(nas_ask *q);
void nas_ask_put(nas_ask *q, const char *text, ...) __attribute__((format(printf, 2, 3)));
/* A name, and one with a tail, in double quotes. */
void nas_ask_name(nas_ask *q, const char *name, const char *tail);
/* Placeholders for values; a text is borrowed. */
void nas_ask_integer(nas_ask *q, int64_t v);
void nas_ask_real(nas_ask *q, double v);
void nas_ask_text(nas_ask *q, const char *v);
/* Runs it, frees it, and hands out its rows. Errors: of asking (store/read.h). */
NAS_NODISCARD nas_status nas_ask_run(nas_store *s, nas_ask *q, nas_row_fn fn, void *ctx,
                                     nas_err *err);
/* The integer in its first row; *out stays as it is when there is no row. Errors: of asking. */
NAS_NODISCARD nas_status nas_ask_number(nas_store *s, nas_ask *q, int64_t *out, nas_err *err);

#endif
