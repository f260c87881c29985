/* base/pages.h - large blocks that are gone through again and again.
 * Thread safety: any thread may call these, each on blocks of its own. */
#ifndef NAS_BASE_PAGES_H
#define NAS_BASE_PAGES_H

#include <stddef.h>

/* `bytes` zeros on a boundary of 64 bytes, NULL when there is no room; *room is what to free(). A
 * block of a few megabytes asks the system for large pages, whose addresses cost less to look up;
 * pages that nobody touches are none. */
void *nas_pages_alloc(size_t bytes, void **room);

#endif
