/* base/pages.c - see pages.h. */
#include "base/pages.h"

#include <stdint.h>
#include <stdlib.h>
#include <sys/mman.h>

enum { LINE = 64, LARGE = 1 << 21 };

void *nas_pages_alloc(size_t bytes, void **room) {
    const size_t unit = bytes >= LARGE ? LARGE : LINE;
    if (bytes > SIZE_MAX / 2 || !(*room = calloc(1, bytes + unit))) return NULL;
    char *p = (char *)*room + (unit - (uintptr_t)*room % unit);
    if (unit == LARGE) (void)madvise(p, bytes, MADV_HUGEPAGE); /* a system without them says so */
    return p;
}
