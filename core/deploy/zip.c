/* core/deploy/zip.c - the zlib stream of a file. RFC 1950. */
#include "core/deploy/deploy.h"

#include <zlib.h>

nas_status nas_zlib_stream(const uint8_t *bytes, size_t n, nas_arena *a, uint8_t **out,
                           size_t *out_n, nas_err *err) {
    uLongf room = compressBound((uLong)n);
    *out = NULL;
    *out_n = 0;
    uint8_t *p = nas_arena_alloc(a, room, err);
    if (!p) return NAS_ENOMEM;
    const int rc = compress2(p, &room, bytes, (uLong)n, Z_BEST_COMPRESSION);
    if (rc != Z_OK)
        return nas_fail(err, rc == Z_MEM_ERROR ? NAS_ENOMEM : NAS_EBUG,
                        "zlib: %zu bytes could not be compressed (%d)", n, rc);
    *out = p;
    *out_n = room;
    return NAS_OK;
}
