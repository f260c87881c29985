/* core/deploy/segments.c - a dynamic program over equal steps, then each cut moved a little. */
#include "core/deploy/segments.h"

enum { VALUES = 256, FRACTION = 10, TABLE_BITS = 4, ALIGN = 16, LEAST_STEP = 128 };

typedef struct counts {
    uint32_t of[VALUES];
} counts;

struct nas_segmenter {
    const uint8_t *bytes;
    size_t n, step;
    int32_t steps;
    uint64_t *weight; /* [n + 1]: x * log2(x), times 2^FRACTION */
    uint64_t *bits;   /* [steps][steps + 1]: of the steps from..to */
};

/* log2(x) * 2^FRACTION, x > 0, rounded down: one bit of the fraction for each squaring. */
static uint32_t log2_of(uint32_t x) {
    const uint32_t whole = 31 - (uint32_t)__builtin_clz(x);
    uint64_t m = (uint64_t)x << (31 - whole); /* in [2^31, 2^32) */
    uint32_t result = whole;
    for (int i = 0; i < FRACTION; i++) {
        m = m * m >> 31;
        const uint32_t bit = m >> 32 ? 1 : 0;
        m >>= bit;
        result = result << 1 | bit;
    }
    return result;
}

static void count(const uint8_t *bytes, size_t n, counts *c) {
    for (size_t i = 0; i < n; i++) c->of[bytes[i]]++;
}

/* Bits, times 2^FRACTION, of n bytes: those counted in b and not in a. */
static uint64_t cost(const nas_segmenter *s, const counts *a, const counts *b, size_t n) {
    uint64_t weights = 0, values = 0;
    for (int v = 0; v < VALUES; v++) {
        const uint32_t k = b->of[v] - a->of[v];
        values += k > 0;
        weights += s->weight[k];
    }
    return s->weight[n] - weights + (values * TABLE_BITS << FRACTION);
}

static size_t place(const nas_segmenter *s, int32_t step) {
    const size_t at = (size_t)step * s->step;
    return at < s->n ? at : s->n;
}

static nas_status fill(nas_segmenter *s, nas_arena *a, nas_err *err) {
    const size_t steps = (size_t)s->steps;
    counts *until = nas_arena_array(a, steps + 1, sizeof *until, err);
    s->weight = nas_arena_array(a, s->n + 1, sizeof *s->weight, err);
    s->bits = nas_arena_array(a, steps * (steps + 1), sizeof *s->bits, err);
    if (!until || !s->weight || !s->bits) return NAS_ENOMEM;
    for (size_t x = 1; x <= s->n; x++) s->weight[x] = x * log2_of((uint32_t)x);
    for (int32_t k = 0; k < s->steps; k++) {
        until[k + 1] = until[k];
        count(s->bytes + place(s, k), place(s, k + 1) - place(s, k), &until[k + 1]);
    }
    for (int32_t from = 0; from < s->steps; from++)
        for (int32_t to = from + 1; to <= s->steps; to++)
            s->bits[from * (s->steps + 1) + to] =
                cost(s, &until[from], &until[to], place(s, to) - place(s, from));
    return NAS_OK;
}

nas_segmenter *nas_segmenter_open(const uint8_t *bytes, size_t n, nas_arena *a, nas_err *err) {
    nas_segmenter *s = nas_arena_alloc(a, sizeof *s, err);
    if (!s) return NULL;
    size_t step = (n + NAS_SEGMENTS - 1) / NAS_SEGMENTS;
    step = (step + ALIGN - 1) / ALIGN * ALIGN;
    *s = (nas_segmenter){.bytes = bytes, .n = n, .step = step < LEAST_STEP ? LEAST_STEP : step};
    s->steps = (int32_t)((n + s->step - 1) / s->step);
    return fill(s, a, err) == NAS_OK ? s : NULL;
}

/* The best place for the cut between a and b, near where it is. */
static size_t move_cut(const nas_segmenter *s, size_t a, size_t cut, size_t b) {
    const counts none = {0};
    counts left = {0}, all = {0};
    const size_t from = cut - a > s->step ? cut - s->step : a + ALIGN - a % ALIGN;
    const size_t to = b - cut > s->step ? cut + s->step : b - 1;
    uint64_t least = UINT64_MAX;
    count(s->bytes + a, b - a, &all);
    count(s->bytes + a, from - a, &left);
    for (size_t at = from; at <= to; at += ALIGN) {
        const uint64_t bits = cost(s, &none, &left, at - a) + cost(s, &left, &all, b - at);
        if (bits < least) {
            least = bits;
            cut = at;
        }
        if (at + ALIGN <= to) count(s->bytes + at, ALIGN, &left);
    }
    return cut;
}

void nas_segmenter_cut(const nas_segmenter *s, int32_t penalty, nas_segments *out) {
    uint64_t least[NAS_SEGMENTS + 1] = {0};
    int32_t before[NAS_SEGMENTS + 1] = {0};
    for (int32_t to = 1; to <= s->steps; to++) {
        least[to] = UINT64_MAX;
        for (int32_t from = 0; from < to; from++) {
            const uint64_t bits =
                least[from] + s->bits[from * (s->steps + 1) + to] + ((uint64_t)penalty << FRACTION);
            if (bits >= least[to]) continue;
            least[to] = bits;
            before[to] = from;
        }
    }
    out->n = 0;
    for (int32_t k = s->steps; k > 0; k = before[k]) out->n++;
    int32_t at = out->n;
    for (int32_t k = s->steps; k > 0; k = before[k]) out->end[--at] = place(s, k);
    for (int32_t k = 0; k + 1 < out->n; k++)
        out->end[k] = move_cut(s, k ? out->end[k - 1] : 0, out->end[k], out->end[k + 1]);
}
