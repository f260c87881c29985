/* store/sql/draft.c - texts of statements. */
#include "store/sql/draft.h"

#include <assert.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct nas_draft {
    char *text;
    size_t n, room;
    bool failed;
};

nas_draft *nas_draft_new(void) {
    return calloc(1, sizeof(nas_draft));
}

static void append(nas_draft *d, const char *p, size_t n) {
    if (!d || d->failed) return;
    if (d->n + n + 1 > d->room) {
        const size_t room = 2 * (d->n + n) + 256;
        char *more = realloc(d->text, room);
        d->failed = !more;
        if (!more) return;
        d->text = more;
        d->room = room;
    }
    memcpy(d->text + d->n, p, n);
    d->n += n;
}

void nas_draft_put_part(nas_draft *d, const char *text, size_t n) {
    append(d, text, n);
}

void nas_draft_put(nas_draft *d, const char *text) {
    append(d, text, strlen(text));
}

static void append_doubled(nas_draft *d, const char *text, char quote) {
    for (const char *p = text; *p; p++) {
        if (*p == quote) append(d, p, 1);
        append(d, p, 1);
    }
}

static void append_number(nas_draft *d, int64_t v) {
    char digits[24];
    append(d, digits, (size_t)snprintf(digits, sizeof digits, "%" PRId64, v));
}

static void append_real(nas_draft *d, double v) {
    char text[32];
    for (int digits = 1; digits <= 17; digits++) {
        snprintf(text, sizeof text, "%.*g", digits, v);
        if (strtod(text, NULL) == v) break;
    }
    nas_draft_put(d, text);
}

static void add_list(nas_draft *d, const char *format, va_list ap) {
    for (const char *p = format; *p; p++) {
        const size_t plain = strcspn(p, "%");
        append(d, p, plain);
        p += plain;
        if (!*p) return;
        switch (*++p) {
        case 's': nas_draft_put(d, va_arg(ap, const char *)); break;
        case 'w': append_doubled(d, va_arg(ap, const char *), '"'); break;
        case 'q':
            append(d, "'", 1);
            append_doubled(d, va_arg(ap, const char *), '\'');
            append(d, "'", 1);
            break;
        case 'd': append_number(d, va_arg(ap, int)); break;
        case 'r': append_real(d, va_arg(ap, double)); break;
        case 'l': append_number(d, va_arg(ap, int64_t)); break;
        default: assert(*p == '%'); append(d, "%", 1);
        }
    }
}

void nas_draft_add(nas_draft *d, const char *format, ...) {
    va_list ap;
    va_start(ap, format);
    add_list(d, format, ap);
    va_end(ap);
}

nas_draft *nas_draft_of(const char *format, ...) {
    nas_draft *d = nas_draft_new();
    va_list ap;
    va_start(ap, format);
    add_list(d, format, ap);
    va_end(ap);
    return d;
}

char *nas_draft_take(nas_draft *d) {
    append(d, "", 0);
    char *text = d && !d->failed ? d->text : NULL;
    if (text) text[d->n] = '\0';
    if (d && !text) free(d->text);
    free(d);
    return text;
}

void nas_draft_drop(nas_draft *d) {
    free(nas_draft_take(d));
}

char *nas_draft_text(const char *format, ...) {
    nas_draft *d = nas_draft_new();
    va_list ap;
    va_start(ap, format);
    add_list(d, format, ap);
    va_end(ap);
    return nas_draft_take(d);
}
