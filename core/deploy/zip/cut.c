/* core/deploy/zip/cut.c - where the symbols change their nature: a dynamic program over steps of
 * equally many tokens. */
#include "core/deploy/zip/int.h"
#include "core/deploy/zip/log.h"

#include <string.h>

enum { STEPS = 96, LEAST_STEP = 24, SYMBOLS = NAS_ZIP_LITLEN + NAS_ZIP_DIST };

struct nas_zip_cutter {
    size_t n, step;
    int32_t steps;
    uint64_t *weight; /* [most + STEPS]: x * log2(x) */
    nas_zip_counts until[STEPS + 1];
    uint64_t bits[STEPS][STEPS + 1];    /* of the steps from..to, without tables */
    uint16_t symbols[STEPS][STEPS + 1]; /* that occur in them */
};

nas_zip_cutter *nas_zip_cutter_open(size_t most, nas_arena *a, nas_err *err) {
    nas_zip_cutter *k = nas_arena_alloc(a, sizeof *k, err);
    if (!k) return NULL;
    k->weight = nas_arena_array(a, most + 2, sizeof *k->weight, err);
    if (!k->weight) return NULL;
    for (size_t x = 1; x < most + 2; x++) k->weight[x] = x * nas_zip_log((uint32_t)x);
    return k;
}

static size_t place(const nas_zip_cutter *k, int32_t step) {
    const size_t at = (size_t)step * k->step;
    return at < k->n ? at : k->n;
}

static uint64_t entropy(const nas_zip_cutter *k, const uint32_t *a, const uint32_t *b, int32_t n,
                        uint32_t total, uint16_t *symbols) {
    uint64_t weights = 0;
    for (int32_t i = 0; i < n; i++) {
        const uint32_t count = b[i] - a[i];
        *symbols = (uint16_t)(*symbols + (count > 0));
        weights += k->weight[count];
        total += count;
    }
    return k->weight[total] - weights;
}

static uint64_t cost(const nas_zip_cutter *k, const nas_zip_counts *a, const nas_zip_counts *b,
                     uint16_t *symbols) {
    *symbols = 0;
    return entropy(k, a->litlen, b->litlen, NAS_ZIP_LITLEN, 1, symbols) +
           entropy(k, a->dist, b->dist, NAS_ZIP_DIST, 0, symbols);
}

void nas_zip_cutter_read(nas_zip_cutter *k, const nas_zip_token *tokens, size_t n) {
    k->n = n;
    k->step = (n + STEPS - 1) / STEPS;
    if (k->step < LEAST_STEP) k->step = LEAST_STEP;
    k->steps = (int32_t)((n + k->step - 1) / k->step);
    memset(&k->until[0], 0, sizeof k->until[0]);
    for (int32_t s = 0; s < k->steps; s++) {
        nas_zip_counts c;
        nas_zip_count(tokens + place(k, s), place(k, s + 1) - place(k, s), &c);
        c.litlen[NAS_ZIP_END] = 0;
        k->until[s + 1] = k->until[s];
        for (int32_t i = 0; i < NAS_ZIP_LITLEN; i++) k->until[s + 1].litlen[i] += c.litlen[i];
        for (int32_t i = 0; i < NAS_ZIP_DIST; i++) k->until[s + 1].dist[i] += c.dist[i];
    }
    for (int32_t from = 0; from < k->steps; from++)
        for (int32_t to = from + 1; to <= k->steps; to++)
            k->bits[from][to] = cost(k, &k->until[from], &k->until[to], &k->symbols[from][to]);
}

void nas_zip_cut(const nas_zip_cutter *k, uint32_t each, uint32_t penalty, nas_zip_cuts *out) {
    uint64_t least[STEPS + 1] = {0};
    int32_t before[STEPS + 1] = {0}, blocks[STEPS + 1] = {0};
    for (int32_t to = 1; to <= k->steps; to++) {
        least[to] = UINT64_MAX;
        for (int32_t from = 0; from < to; from++) {
            const uint64_t table = (uint64_t)k->symbols[from][to] * each + penalty;
            const uint64_t bits = least[from] + k->bits[from][to] + (table << NAS_ZIP_FRACTION);
            if (bits >= least[to] || blocks[from] >= NAS_ZIP_BLOCKS) continue;
            least[to] = bits;
            before[to] = from;
            blocks[to] = blocks[from] + 1;
        }
    }
    out->n = blocks[k->steps];
    int32_t at = out->n;
    for (int32_t s = k->steps; s > 0; s = before[s]) out->end[--at] = place(k, s);
}
