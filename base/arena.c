/* base/arena.c - a list of growing chunks; a mark remembers the newest one and how full it was. */
#include "base/arena.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ALIGN = 64, FIRST_CHUNK = 1 << 16 };

typedef struct chunk {
    struct chunk *older;
    size_t size, used; /* both count this header */
} chunk;

struct nas_arena {
    chunk *newest;
};

static size_t round_up(size_t n) {
    return (n + ALIGN - 1) / ALIGN * ALIGN;
}

nas_status nas_arena_open(nas_arena **out, nas_err *err) {
    *out = calloc(1, sizeof **out);
    if (!*out) return nas_fail(err, NAS_ENOMEM, "arena: out of memory");
    return NAS_OK;
}

static void drop_newest(nas_arena *a) {
    chunk *older = a->newest->older;
    free(a->newest);
    a->newest = older;
}

void nas_arena_close(nas_arena *a) {
    if (!a) return;
    while (a->newest) drop_newest(a);
    free(a);
}

static bool add_chunk(nas_arena *a, size_t need) {
    const size_t header = round_up(sizeof(chunk));
    size_t size = a->newest ? a->newest->size * 2 : FIRST_CHUNK;
    if (size > ((size_t)1 << 26)) size = (size_t)1 << 26;
    if (size < need + header) size = round_up(need + header);
    chunk *c = aligned_alloc(ALIGN, size);
    if (!c) return false;
    *c = (chunk){.older = a->newest, .size = size, .used = header};
    a->newest = c;
    return true;
}

void *nas_arena_alloc(nas_arena *a, size_t bytes, nas_err *err) {
    if (bytes > SIZE_MAX / 4) goto full;
    const size_t need = round_up(bytes ? bytes : 1);
    if (!a->newest || a->newest->size - a->newest->used < need)
        if (!add_chunk(a, need)) goto full;
    void *p = (char *)a->newest + a->newest->used;
    a->newest->used += need;
    memset(p, 0, need);
    return p;
full:
    (void)nas_fail(err, NAS_ENOMEM, "out of memory: %zu bytes were asked for", bytes);
    return NULL;
}

void *nas_arena_array(nas_arena *a, size_t count, size_t size, nas_err *err) {
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) {
        (void)nas_fail(err, NAS_ENOMEM, "out of memory: %zu items of %zu bytes", count, size);
        return NULL;
    }
    return nas_arena_alloc(a, bytes, err);
}

char *nas_arena_text(nas_arena *a, const char *s, nas_err *err) {
    const size_t n = strlen(s) + 1;
    char *p = nas_arena_alloc(a, n, err);
    if (p) memcpy(p, s, n);
    return p;
}

char *nas_arena_format(nas_arena *a, nas_err *err, const char *fmt, ...) {
    va_list ap, again;
    va_start(ap, fmt);
    va_copy(again, ap);
    const int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *p = n < 0 ? NULL : nas_arena_alloc(a, (size_t)n + 1, err);
    if (p) vsnprintf(p, (size_t)n + 1, fmt, again);
    va_end(again);
    return p;
}

nas_arena_mark nas_arena_here(const nas_arena *a) {
    return (nas_arena_mark){.chunk = a->newest, .used = a->newest ? a->newest->used : 0};
}

void nas_arena_back(nas_arena *a, nas_arena_mark mark) {
    while (a->newest && a->newest != mark.chunk) drop_newest(a);
    if (a->newest) a->newest->used = mark.used;
}

size_t nas_arena_bytes(const nas_arena *a) {
    size_t n = 0;
    for (const chunk *c = a->newest; c; c = c->older) n += c->size;
    return n;
}
