/* core/deploy/zip/match.c - binary trees of the strings in the window, one for each hash of three
 * bytes: ordered by content along their branches, the nearest at the root. */
#include "core/deploy/zip/int.h"

#include <string.h>

enum { HASH_BITS = 15, DEEPEST = 1024, EACH = 16 };

struct nas_zip_finder {
    const uint8_t *bytes;
    size_t n, at;
    uint32_t *root;  /* [2^HASH_BITS]: a place + 1; 0: none */
    uint32_t *child; /* [NAS_ZIP_WINDOW][2] */
};

nas_zip_finder *nas_zip_finder_open(const uint8_t *bytes, size_t n, nas_arena *a, nas_err *err) {
    nas_zip_finder *f = nas_arena_alloc(a, sizeof *f, err);
    if (!f) return NULL;
    *f = (nas_zip_finder){.bytes = bytes, .n = n};
    f->root = nas_arena_array(a, (size_t)1 << HASH_BITS, sizeof *f->root, err);
    f->child = nas_arena_array(a, 2 * NAS_ZIP_WINDOW, sizeof *f->child, err);
    return f->root && f->child ? f : NULL;
}

nas_status nas_zip_matches_open(size_t most, nas_arena *a, nas_zip_matches *out, nas_err *err) {
    out->room = most * EACH + 1024;
    out->first = nas_arena_array(a, most + 1, sizeof *out->first, err);
    out->of = nas_arena_array(a, out->room, sizeof *out->of, err);
    return out->first && out->of ? NAS_OK : NAS_ENOMEM;
}

static uint32_t hash(const uint8_t *p) {
    const uint32_t three = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16;
    return three * 0x9e3779b1u >> (32 - HASH_BITS);
}

/* Puts the string at f->at in the place of its root; what it matches on the way. */
static int32_t search(nas_zip_finder *f, nas_zip_token *out) {
    const size_t at = f->at, left = f->n - at;
    const uint8_t *here = f->bytes + at;
    const size_t most = left < NAS_ZIP_MOST ? left : NAS_ZIP_MOST;
    if (most < NAS_ZIP_LEAST) return 0;
    uint32_t *root = &f->root[hash(here)];
    uint32_t *node = &f->child[2 * (at % NAS_ZIP_WINDOW)];
    uint32_t *less = node, *more = node + 1, next = *root;
    size_t less_n = 0, more_n = 0, longest = NAS_ZIP_LEAST - 1;
    int32_t found = 0;
    *root = (uint32_t)at + 1;
    for (int32_t depth = 0; next && at + 1 - next < NAS_ZIP_WINDOW && depth < DEEPEST; depth++) {
        const size_t place = next - 1;
        const uint8_t *there = f->bytes + place;
        uint32_t *children = &f->child[2 * (place % NAS_ZIP_WINDOW)];
        size_t n = less_n < more_n ? less_n : more_n;
        while (n < most && there[n] == here[n]) n++;
        if (n > longest) {
            longest = n;
            out[found++] = (nas_zip_token){(uint16_t)n, (uint16_t)(at - place)};
        }
        if (n == most) {
            *less = children[0];
            *more = children[1];
            return found;
        }
        if (there[n] < here[n]) {
            *less = next;
            less = &children[1];
            less_n = n;
            next = *less;
        } else {
            *more = next;
            more = &children[0];
            more_n = n;
            next = *more;
        }
    }
    *less = *more = 0;
    return found;
}

void nas_zip_find(nas_zip_finder *f, size_t n, nas_zip_matches *out) {
    nas_zip_token here[NAS_ZIP_MOST];
    uint32_t used = 0;
    for (size_t i = 0; i < n; i++, f->at++) {
        const int32_t found = search(f, here);
        const size_t left = out->room - used, rest = n - i;
        /* The longest are kept where there is no room for all: one for each place still to come. */
        int32_t kept = found;
        if ((size_t)kept + rest > left) kept = found > 0 && left >= rest ? 1 : 0;
        out->first[i] = used;
        memcpy(out->of + used, here + found - kept, (size_t)kept * sizeof *here);
        used += (uint32_t)kept;
    }
    out->first[n] = used;
}
