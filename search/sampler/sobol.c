/* search/sampler/sobol.c - points of Sobol's sequence, one dimension for each parameter, scrambled
 * by the seed. In a space of few points many of the sequence are one: those that were taken are
 * passed over. A finite space that is nearly used up is walked for what is left. The cursor is the
 * next point of the sequence and, from bit 40 on, how often NAS_SAMPLER_ATTEMPTS were passed over
 * since the last trial; or WALK + how far the walk has come. */
#include "search/sampler/sobol.h"

#include "base/rng.h"
#include "search/sampler/sampler_int.h"

static const int64_t end_of_sequence = INT64_C(1) << NAS_SOBOL_BITS;
static const int64_t passed_once = INT64_C(1) << 40, walk = INT64_C(1) << 61;

typedef enum scramble { OWEN, SHIFT, NONE } scramble;
typedef struct settings {
    int32_t scramble;
} settings;

static const char *const scrambles[] = {"owen", "shift", "none", NULL}; /* by scramble */

static const nas_key keys[] = {
    {.name = "scramble",
     .kind = NAS_KEY_WORD,
     .offset = offsetof(settings, scramble),
     .def = "\"owen\"",
     .words = scrambles,
     .help = "owen: nested, by a hash of the seed; shift: digits shifted by the seed; none: the "
             "sequence as it is, the same for every seed"},
    NAS_KEY_END,
};
NAS_SAMPLER_BLOCK("sobol", keys);

void nas_sobol_directions(int32_t n, uint32_t v[][NAS_SOBOL_BITS]) {
    const uint16_t *p = nas_sobol_numbers;
    for (int i = 0; i < NAS_SOBOL_BITS; i++) v[0][i] = 1u << (31 - i);
    for (int32_t d = 1; d < n; d++) {
        const uint32_t polynomial = *p++;
        int degree = 0;
        while (polynomial >> (degree + 1)) degree++;
        for (int i = 0; i < NAS_SOBOL_BITS; i++) {
            if (i < degree) {
                v[d][i] = (uint32_t)*p++ << (31 - i);
                continue;
            }
            v[d][i] = v[d][i - degree] ^ v[d][i - degree] >> degree;
            for (int k = 1; k < degree; k++)
                if (polynomial >> (degree - k) & 1) v[d][i] ^= v[d][i - k];
        }
    }
}

uint32_t nas_sobol_at(const uint32_t v[NAS_SOBOL_BITS], uint32_t i) {
    uint32_t x = 0;
    for (uint32_t gray = i ^ i >> 1, k = 0; gray; gray >>= 1, k++)
        if (gray & 1) x ^= v[k];
    return x;
}

static uint32_t reverse_bits(uint32_t x) {
    x = x >> 16 | x << 16;
    x = (x & 0xff00ff00u) >> 8 | (x & 0x00ff00ffu) << 8;
    x = (x & 0xf0f0f0f0u) >> 4 | (x & 0x0f0f0f0fu) << 4;
    x = (x & 0xccccccccu) >> 2 | (x & 0x33333333u) << 2;
    return (x & 0xaaaaaaaau) >> 1 | (x & 0x55555555u) << 1;
}

uint32_t nas_sobol_owen(uint32_t x, uint32_t seed) {
    x = reverse_bits(x) + seed;
    x ^= x * 0x6c50b47cu;
    x ^= x * 0xb82f1e52u;
    x ^= x * 0xc7afe638u;
    x ^= x * 0x8d22f6e6u;
    return reverse_bits(x);
}

/* The high bits keep this stream apart from those of trials and of first trials. */
static uint32_t seed_of(uint64_t seed, int32_t dimension) {
    nas_rng rng = nas_rng_stream(seed, 0, NAS_PURPOSE_SAMPLE, (uint32_t)dimension, 0x80000001u, 0);
    return nas_rng_u32(&rng);
}

static nas_status sobol_check(const nas_space *s, int64_t trials, nas_err *err) {
    if (nas_space_params(s) > NAS_SOBOL_DIMENSIONS)
        return nas_fail(err, NAS_EINVAL,
                        "search.sampler: the space has %d choices and ranges, and \"sobol\" takes "
                        "at most %d; fix some of them, or take the sampler \"random\"",
                        (int)nas_space_params(s), NAS_SOBOL_DIMENSIONS);
    return nas_sampler_check_end(s, "sobol", trials, err);
}

typedef struct sequence {
    int32_t n, scramble;
    uint32_t v[NAS_SOBOL_DIMENSIONS][NAS_SOBOL_BITS], seeds[NAS_SOBOL_DIMENSIONS];
} sequence;

static void start_sequence(sequence *t, const nas_question *q) {
    const settings *own = nas_space_search(q->space)->own;
    t->n = nas_space_params(q->space);
    t->scramble = own->scramble;
    nas_sobol_directions(t->n, t->v);
    for (int32_t d = 0; d < t->n; d++) t->seeds[d] = seed_of(q->seed, d);
}

static void point_at(const sequence *t, const nas_space *s, uint32_t i, nas_point *out) {
    double u[NAS_SOBOL_DIMENSIONS];
    for (int32_t d = 0; d < t->n; d++) {
        const uint32_t x = nas_sobol_at(t->v[d], i);
        u[d] = 0x1p-32 * (t->scramble == OWEN    ? nas_sobol_owen(x, t->seeds[d])
                          : t->scramble == SHIFT ? x ^ t->seeds[d]
                                                 : x);
    }
    nas_space_unit(s, u, out);
}

static nas_status sobol_ask(const nas_question *q, int64_t *cursor, nas_point *out, nas_ask *what,
                            nas_err *err) {
    const bool endless = nas_space_points(q->space) < 0;
    if (*cursor >= walk) {
        int64_t step = *cursor - walk;
        const nas_status st = nas_sampler_walk(q, nas_sampler_start(q), &step, out, what, err);
        *cursor = walk + step;
        return st;
    }
    sequence t;
    start_sequence(&t, q);
    const int64_t passed = *cursor / passed_once + 1;
    int64_t i = *cursor % passed_once;
    bool fresh = false;
    for (int32_t k = 0; !fresh && k < NAS_SAMPLER_ATTEMPTS && i < end_of_sequence; k++, i++) {
        point_at(&t, q->space, (uint32_t)i, out);
        NAS_TRY(nas_sampler_fresh(q, out, &fresh, err));
    }
    *cursor = fresh ? i : endless ? passed * passed_once + i : walk;
    if (fresh) return NAS_OK;
    const bool over = passed * NAS_SAMPLER_ATTEMPTS >= NAS_SAMPLER_ATTEMPTS_ENDLESS;
    *what = endless && (over || i == end_of_sequence) ? NAS_ASK_EXHAUSTED : NAS_ASK_AGAIN;
    return NAS_OK;
}

const nas_sampler nas_sampler_sobol = {
    .name = "sobol",
    .help = "points of Sobol's sequence, scrambled by the seed: they fill the space evenly",
    .block = &own_block,
    .own_bytes = sizeof(settings),
    .check = sobol_check,
    .ask = sobol_ask,
};
