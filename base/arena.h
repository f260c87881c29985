/* base/arena.h - memory that is given back all at once.
 * Blocks are 64-byte aligned and zeroed.
 * Thread safety: no shared state; one thread at a time for each arena. */
#ifndef NAS_BASE_ARENA_H
#define NAS_BASE_ARENA_H

#include "base/err.h"

#include <stddef.h>

typedef struct nas_arena nas_arena;

/* A place to go back to. */
typedef struct nas_arena_mark {
    void *chunk;
    size_t used;
} nas_arena_mark;

/* Owner: the caller closes it. Errors: NAS_ENOMEM, *out = NULL. */
NAS_NODISCARD nas_status nas_arena_open(nas_arena **out, nas_err *err);

/* Frees everything that was allocated from a; NULL is fine. */
void nas_arena_close(nas_arena *a);

/* bytes of zeroed memory, 64-byte aligned; NULL with *err filled when there is no room. A request
 * of 0 bytes gives a valid pointer. */
void *nas_arena_alloc(nas_arena *a, size_t bytes, nas_err *err);

/* count * size with the product checked. */
void *nas_arena_array(nas_arena *a, size_t count, size_t size, nas_err *err);

/* Copies; NULL only when there is no room. */
char *nas_arena_text(nas_arena *a, const char *s, nas_err *err);
char *nas_arena_format(nas_arena *a, nas_err *err, const char *fmt, ...) NAS_PRINTF(3, 4);

nas_arena_mark nas_arena_here(const nas_arena *a);

/* Gives back all that was allocated since the mark was taken. */
void nas_arena_back(nas_arena *a, nas_arena_mark mark);

/* Total bytes that a holds from the system. */
size_t nas_arena_bytes(const nas_arena *a);

#endif
