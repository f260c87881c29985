/* base/files/gunzip.c - gzip by zlib. */
#include "base/files/gunzip.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

enum { GZIP_HEADER_TOO = 16 + MAX_WBITS }; /* inflateInit2's way to say gzip */

typedef struct unpacker {
    z_stream z;
    const char *name;
    uint8_t *out;
    size_t room, n, most;
    nas_err *err;
} unpacker;

bool nas_is_gzip(const uint8_t *p, size_t n) {
    return n > 2 && p[0] == 0x1f && p[1] == 0x8b && p[2] == 8;
}

static nas_status grow(unpacker *u) {
    if (u->room > u->most)
        return nas_fail(u->err, NAS_EFORMAT, "%s: unpacked it has more than %zu bytes", u->name,
                        u->most);
    u->room *= 2;
    if (u->room > u->most) u->room = u->most + 1;
    uint8_t *out = realloc(u->out, u->room);
    if (!out) return nas_fail(u->err, NAS_ENOMEM, "%s: out of memory unpacking", u->name);
    u->out = out;
    return NAS_OK;
}

/* One member from the stream's place on. */
static nas_status member(unpacker *u) {
    for (;;) {
        if (u->n == u->room) NAS_TRY(grow(u));
        const size_t left = u->room - u->n;
        const uInt ask = left > UINT_MAX / 2 ? UINT_MAX / 2 : (uInt)left;
        u->z.next_out = u->out + u->n;
        u->z.avail_out = ask;
        const int rc = inflate(&u->z, Z_NO_FLUSH);
        u->n += ask - u->z.avail_out;
        if (rc == Z_STREAM_END) return NAS_OK;
        if (rc == Z_OK && (u->z.avail_in || !u->z.avail_out)) continue;
        if (rc == Z_MEM_ERROR)
            return nas_fail(u->err, NAS_ENOMEM, "%s: out of memory unpacking", u->name);
        return nas_fail(u->err, NAS_EFORMAT, "%s: the gzip stream is %s; get the file again",
                        u->name, rc == Z_OK || rc == Z_BUF_ERROR ? "cut off" : "damaged");
    }
}

static nas_status members(unpacker *u) {
    for (;;) {
        NAS_TRY(member(u));
        if (!nas_is_gzip(u->z.next_in, u->z.avail_in))
            return NAS_OK; /* as gzip: the rest is none */
        if (inflateReset(&u->z) != Z_OK)
            return nas_fail(u->err, NAS_EBUG, "%s: a stream could not begin again", u->name);
    }
}

nas_status nas_gunzip(const char *name, const uint8_t *p, size_t n, size_t most, uint8_t **out,
                      size_t *bytes, nas_err *err) {
    unpacker u = {.name = name, .room = 4 * n + 64, .most = most, .err = err};
    *out = NULL;
    if (n > UINT_MAX)
        return nas_fail(err, NAS_EFORMAT, "%s: gzip of more than %u bytes", name, UINT_MAX);
    if (u.room > most) u.room = most + 1;
    u.z.next_in = (Bytef *)(uintptr_t)p; /* zlib only reads it */
    u.z.avail_in = (uInt)n;
    if (!(u.out = malloc(u.room)) || inflateInit2(&u.z, GZIP_HEADER_TOO) != Z_OK) {
        free(u.out);
        return nas_fail(err, NAS_ENOMEM, "%s: out of memory unpacking", name);
    }
    nas_status st = members(&u);
    inflateEnd(&u.z);
    if (st == NAS_OK && u.n > most)
        st = nas_fail(err, NAS_EFORMAT, "%s: unpacked it has more than %zu bytes", name, most);
    if (st != NAS_OK) {
        free(u.out);
        return st;
    }
    *out = u.out;
    *bytes = u.n;
    return NAS_OK;
}
