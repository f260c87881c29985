/* tests/fuzz/mutate.h - changes to a flatbuffer that leave most of it standing: its numbers and
 * offsets, where they are aligned. */
#ifndef NAS_TESTS_FUZZ_MUTATE_H
#define NAS_TESTS_FUZZ_MUTATE_H

#include "base/rng.h"

#include <stddef.h>
#include <stdint.h>
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t n, size_t most);

static inline uint32_t fuzz_number(nas_rng *rng, uint32_t old, const uint8_t *data, size_t n) {
    static const uint32_t odd[] = {0,          1,          2,         3,       127,
                                   128,        255,        256,       0x7fff,  0xffff,
                                   0x10000,    0x4000000,  1 << 24,   1 << 30, 0x7fffffff,
                                   0x80000000, 0xffffffff, 0xfffffffe};
    uint32_t v;
    switch (nas_rng_below(rng, 4)) {
    case 0: return odd[nas_rng_below(rng, sizeof odd / sizeof *odd)];
    case 1: return old + (uint32_t)nas_rng_below(rng, 33) - 16;
    case 2: /* another of the file's own */
        memcpy(&v, data + 4 * nas_rng_below(rng, n / 4), sizeof v);
        return v;
    default: return old ^ 1u << nas_rng_below(rng, 32);
    }
}

static inline size_t nas_fuzz_mutate(uint8_t *data, size_t n, size_t most, unsigned seed) {
    nas_rng rng = nas_rng_stream(seed, 0, NAS_PURPOSE_TEST, 0, 0, 0);
    if (n < 8 || nas_rng_below(&rng, 4) == 0) return LLVMFuzzerMutate(data, n, most);
    for (uint64_t k = 1 + nas_rng_below(&rng, 3); k > 0; k--) {
        static const size_t sizes[] = {4, 4, 2, 1};
        const size_t bytes = sizes[nas_rng_below(&rng, 4)];
        uint8_t *at = data + bytes * nas_rng_below(&rng, n / bytes);
        uint32_t v = 0;
        memcpy(&v, at, bytes);
        v = fuzz_number(&rng, v, data, n);
        memcpy(at, &v, bytes);
    }
    return n;
}

#endif
