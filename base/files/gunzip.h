/* base/files/gunzip.h - whole gzip files in memory (RFC 1952).
 * Thread safety: any thread may call this. */
#ifndef NAS_BASE_FILES_GUNZIP_H
#define NAS_BASE_FILES_GUNZIP_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

bool nas_is_gzip(const uint8_t *p, size_t n);

/* All members, one behind the other. Owner: the caller frees *out. Errors: NAS_ENOMEM; NAS_EFORMAT
 * it is cut off, damaged, or has more than most bytes; name stands in the text. */
NAS_NODISCARD nas_status nas_gunzip(const char *name, const uint8_t *p, size_t n, size_t most,
                                    uint8_t **out, size_t *bytes, nas_err *err);

#endif
