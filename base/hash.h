/* base/hash.h - SHA-256 (nettle), for fingerprints, candidate hashes and stage keys. Nothing here
 * fails.
 * Thread safety: no shared state; one thread at a time for each hasher. */
#ifndef NAS_BASE_HASH_H
#define NAS_BASE_HASH_H

#include <nettle/sha2.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef struct nas_hash {
    uint8_t b[32];
} nas_hash;

typedef struct nas_hasher {
    struct sha256_ctx ctx;
} nas_hasher;

nas_hasher nas_hasher_start(void);
void nas_hasher_add(nas_hasher *h, const void *p, size_t bytes);

/* Fields are added with their length, so that ("ab","c") and ("a","bc") differ; numbers are little
 * endian on every machine. */
void nas_hasher_text(nas_hasher *h, const char *s);
void nas_hasher_i64(nas_hasher *h, int64_t v);
void nas_hasher_f64(nas_hasher *h, double v);
void nas_hasher_hash(nas_hasher *h, const nas_hash *v);
nas_hash nas_hasher_end(nas_hasher *h);

nas_hash nas_hash_of(const void *p, size_t bytes);
bool nas_hash_equal(const nas_hash *a, const nas_hash *b);

/* 64 lower-case digits and a NUL into out. */
void nas_hash_hex(const nas_hash *h, char out[65]);
/* false when hex is not 64 hexadecimal digits. */
bool nas_hash_from_hex(const char *hex, nas_hash *out);

/* The first 8 bytes as a number: a salted order of names and the like. */
uint64_t nas_hash_u64(const nas_hash *h);

#endif
