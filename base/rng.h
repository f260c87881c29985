/* base/rng.h - counter-based random numbers: a draw is a function of what it is for, never of what
 * was drawn before it. Salmon et al., "Parallel random numbers: as easy as 1, 2, 3", SC 2011
 * (Philox 4x32, 10 rounds). Nothing here fails.
 * Thread safety: no shared state; one thread at a time for each nas_rng. */
#ifndef NAS_BASE_RNG_H
#define NAS_BASE_RNG_H

#include <stdint.h>

/* What a stream is for. Stored results depend on these values: add at the end, never renumber. */
typedef enum nas_purpose {
    NAS_PURPOSE_INIT = 1,    /* initial weights; layer */
    NAS_PURPOSE_SHUFFLE = 2, /* order of training examples; epoch */
    NAS_PURPOSE_AUGMENT = 3, /* augmentation; epoch, position in the epoch */
    NAS_PURPOSE_DROPOUT = 4, /* layer, step, position in the batch */
    NAS_PURPOSE_SAMPLE = 5,  /* a sampler's draw; trial (low, high), attempt */
    NAS_PURPOSE_TEST = 6,
    NAS_PURPOSE_CLUSTER = 7,
    NAS_PURPOSE_GROUPS = 8, /* groups that a bound draws; draw */
    NAS_PURPOSE_MIX = 9,    /* mixup; epoch, position in the epoch */
    NAS_PURPOSE_CUT = 10    /* cuts of recordings; cut, part */
} nas_purpose;

typedef struct nas_rng {
    uint32_t key[2], counter[4], block[4];
    uint32_t left; /* unread words of block */
} nas_rng;

/* The stream of (seed, replicate, purpose) at place (a, b, c); a stream has 2^34 words. */
nas_rng nas_rng_stream(uint64_t seed, uint32_t replicate, nas_purpose purpose, uint32_t a,
                       uint32_t b, uint32_t c);

uint32_t nas_rng_u32(nas_rng *r);
uint64_t nas_rng_u64(nas_rng *r);

/* Uniform in [0, n), n >= 1, without bias (Lemire 2019, section 4). */
uint64_t nas_rng_below(nas_rng *r, uint64_t n);

/* Uniform in [0, 1): 24 bits, and 53 bits. */
float nas_rng_float(nas_rng *r);
double nas_rng_double(nas_rng *r);

/* Of Beta(a, b), both above 0: x / (x + y) of two gammas (Marsaglia and Tsang 2000), whose
 * logarithms do not vanish for small a and b. */
double nas_rng_beta(nas_rng *r, double a, double b);

/* Fisher-Yates. */
void nas_rng_shuffle(nas_rng *r, uint32_t *items, uint32_t n);

#endif
