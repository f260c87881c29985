/* base/rng.c - Philox 4x32-10. */
#include "base/rng.h"

static void philox(const uint32_t key[2], const uint32_t counter[4], uint32_t out[4]) {
    uint32_t k0 = key[0], k1 = key[1];
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    for (int round = 0; round < 10; round++) {
        const uint64_t p0 = (uint64_t)0xD2511F53u * c0, p1 = (uint64_t)0xCD9E8D57u * c2;
        const uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c1 = (uint32_t)p1;
        c3 = (uint32_t)p0;
        c0 = n0;
        c2 = n2;
        k0 += 0x9E3779B9u;
        k1 += 0xBB67AE85u;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

nas_rng nas_rng_stream(uint64_t seed, uint32_t replicate, nas_purpose purpose, uint32_t a,
                       uint32_t b, uint32_t c) {
    /* The 64-bit key is itself a Philox block, so that neighbouring seeds share nothing. */
    const uint32_t k[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    const uint32_t where[4] = {replicate, (uint32_t)purpose, 0x6e6173u, 0};
    uint32_t mixed[4];
    philox(k, where, mixed);
    return (nas_rng){.key = {mixed[0], mixed[1]}, .counter = {0, a, b, c}};
}

uint32_t nas_rng_u32(nas_rng *r) {
    if (!r->left) {
        philox(r->key, r->counter, r->block);
        r->counter[0]++;
        r->left = 4;
    }
    return r->block[--r->left];
}

uint64_t nas_rng_u64(nas_rng *r) {
    const uint64_t high = nas_rng_u32(r);
    return high << 32 | nas_rng_u32(r);
}

uint64_t nas_rng_below(nas_rng *r, uint64_t n) {
    __extension__ typedef unsigned __int128 wide;
    wide m = (wide)nas_rng_u64(r) * n;
    if ((uint64_t)m < n) {
        const uint64_t reject = (0 - n) % n;
        while ((uint64_t)m < reject) m = (wide)nas_rng_u64(r) * n;
    }
    return (uint64_t)(m >> 64);
}

float nas_rng_float(nas_rng *r) {
    return (float)(nas_rng_u32(r) >> 8) * 0x1p-24f;
}

double nas_rng_double(nas_rng *r) {
    return (double)(nas_rng_u64(r) >> 11) * 0x1p-53;
}

void nas_rng_shuffle(nas_rng *r, uint32_t *items, uint32_t n) {
    for (uint32_t i = n; i > 1; i--) {
        const uint32_t j = (uint32_t)nas_rng_below(r, i);
        const uint32_t t = items[i - 1];
        items[i - 1] = items[j];
        items[j] = t;
    }
}
