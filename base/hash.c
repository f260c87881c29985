/* base/hash.c - SHA-256 of fields. */
#include "base/hash.h"

#include <string.h>

nas_hasher nas_hasher_start(void) {
    nas_hasher h;
    sha256_init(&h.ctx);
    return h;
}

void nas_hasher_add(nas_hasher *h, const void *p, size_t bytes) {
    sha256_update(&h->ctx, bytes, p);
}

static void add_u64(nas_hasher *h, uint64_t v) {
    uint8_t b[8];
    for (int i = 0; i < 8; i++) b[i] = (uint8_t)(v >> (8 * i));
    nas_hasher_add(h, b, sizeof b);
}

void nas_hasher_text(nas_hasher *h, const char *s) {
    const size_t n = strlen(s);
    add_u64(h, n);
    nas_hasher_add(h, s, n);
}

void nas_hasher_i64(nas_hasher *h, int64_t v) {
    add_u64(h, (uint64_t)v);
}

void nas_hasher_f64(nas_hasher *h, double v) {
    uint64_t u;
    memcpy(&u, &v, sizeof u);
    add_u64(h, u);
}

void nas_hasher_hash(nas_hasher *h, const nas_hash *v) {
    nas_hasher_add(h, v->b, sizeof v->b);
}

nas_hash nas_hasher_end(nas_hasher *h) {
    nas_hash out;
    sha256_digest(&h->ctx, sizeof out.b, out.b);
    return out;
}

nas_hash nas_hash_of(const void *p, size_t bytes) {
    nas_hasher h = nas_hasher_start();
    nas_hasher_add(&h, p, bytes);
    return nas_hasher_end(&h);
}

bool nas_hash_equal(const nas_hash *a, const nas_hash *b) {
    return memcmp(a->b, b->b, sizeof a->b) == 0;
}

void nas_hash_hex(const nas_hash *h, char out[65]) {
    static const char digits[] = "0123456789abcdef";
    for (int i = 0; i < 32; i++) {
        out[2 * i] = digits[h->b[i] >> 4];
        out[2 * i + 1] = digits[h->b[i] & 15];
    }
    out[64] = '\0';
}

static int digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    return -1;
}

bool nas_hash_from_hex(const char *hex, nas_hash *out) {
    for (int i = 0; i < 32; i++) {
        const int high = digit(hex[2 * i]);
        const int low = high < 0 ? -1 : digit(hex[2 * i + 1]);
        if (low < 0) return false;
        out->b[i] = (uint8_t)(high << 4 | low);
    }
    return hex[64] == '\0';
}

uint64_t nas_hash_u64(const nas_hash *h) {
    uint64_t v = 0;
    for (int i = 0; i < 8; i++) v = v << 8 | h->b[i];
    return v;
}
