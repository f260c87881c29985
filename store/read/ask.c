/* store/read/ask.c - statements that read, put together. */
#include "store/read/ask.h"

#include <stdarg.h>
#include <stdlib.h>

void nas_ask_begin(nas_ask *q) {
    *q = (nas_ask){.n = 0};
    q->text = open_memstream(&q->sql, &q->bytes);
    q->failed = !q->text;
}

void nas_ask_put(nas_ask *q, const char *text, ...) {
    va_list ap;
    va_start(ap, text);
    if (q->text && vfprintf(q->text, text, ap) < 0) q->failed = true;
    va_end(ap);
}

void nas_ask_name(nas_ask *q, const char *name, const char *tail) {
    const char *const parts[] = {name, tail};
    nas_ask_put(q, "\"");
    for (int k = 0; k < 2; k++)
        for (const char *c = parts[k]; c && *c; c++)
            nas_ask_put(q, "%s%c", *c == '"' ? "\"" : "", *c);
    nas_ask_put(q, "\"");
}

static void put_value(nas_ask *q, nas_value v) {
    if (q->n == q->room) {
        const int32_t room = q->room ? 2 * q->room : 16;
        nas_value *more = realloc(q->values, (size_t)room * sizeof *more);
        if (!more) q->failed = true;
        if (!more) return;
        q->values = more;
        q->room = room;
    }
    q->values[q->n++] = v;
    nas_ask_put(q, "?%d", q->n);
}

void nas_ask_integer(nas_ask *q, int64_t v) {
    put_value(q, (nas_value){.type = NAS_COLUMN_INTEGER, .integer = v});
}

void nas_ask_real(nas_ask *q, double v) {
    put_value(q, (nas_value){.type = NAS_COLUMN_REAL, .real = v});
}

void nas_ask_text(nas_ask *q, const char *v) {
    put_value(q, (nas_value){.type = NAS_COLUMN_TEXT, .text = v, .is_null = !v});
}

nas_status nas_ask_run(nas_store *s, nas_ask *q, nas_row_fn fn, void *ctx, nas_err *err) {
    const bool whole = q->text && fclose(q->text) == 0 && !q->failed;
    const nas_status st = whole ? nas_store_query(s, q->sql, q->values, q->n, fn, ctx, err)
                                : nas_fail(err, NAS_ENOMEM, "no memory for a statement");
    free(q->sql);
    free(q->values);
    *q = (nas_ask){.n = 0};
    return st;
}

static bool take_number(void *ctx, const nas_row *row) {
    *(int64_t *)ctx = row->values[0].integer;
    return false;
}

nas_status nas_ask_number(nas_store *s, nas_ask *q, int64_t *out, nas_err *err) {
    return nas_ask_run(s, q, take_number, out, err);
}
