/* core/deploy/zip/info_zip_block.c - what a block of Info-ZIP's deflate takes.
 *
 * Codes of equal total length are many; those that Zip 3.0 builds (trees.c) hang on how its heap
 * breaks ties, and the lengths of the codes are a part of the block. So the heap is the same here.
 */
#include "core/deploy/zip/info_zip.h"

#include <string.h>

enum { MOST_BITS = 15, MOST_STEP_BITS = 7, NODES = 2 * NAS_ZIP_LITLEN };

typedef struct tree {
    int32_t n; /* leaves 0..n - 1, then inner nodes */
    uint32_t weight[NODES];
    uint8_t depth[NODES], length[NODES];
    int32_t father[NODES];
    int32_t heap[NODES], heaped; /* from 1 */
    int32_t taken[NODES], takes; /* nodes from the lightest on; the root is last */
} tree;

/* Among equal weights the shallower; among equal depths the first. */
static bool is_before(const tree *t, int32_t a, int32_t b) {
    if (t->weight[a] != t->weight[b]) return t->weight[a] < t->weight[b];
    return t->depth[a] <= t->depth[b];
}

static void sink(tree *t, int32_t place) {
    const int32_t node = t->heap[place];
    for (int32_t son = 2 * place; son <= t->heaped; son = 2 * place) {
        if (son < t->heaped && is_before(t, t->heap[son + 1], t->heap[son])) son++;
        if (is_before(t, node, t->heap[son])) break;
        t->heap[place] = t->heap[son];
        place = son;
    }
    t->heap[place] = node;
}

/* A code has two leaves at least. Returns the last leaf. */
static int32_t plant(tree *t, const uint32_t *counts, int32_t n) {
    int32_t last = -1;
    *t = (tree){.n = n};
    for (int32_t i = 0; i < n; i++) {
        t->weight[i] = counts[i];
        if (counts[i]) t->heap[++t->heaped] = last = i;
    }
    while (t->heaped < 2) {
        const int32_t leaf = last < 2 ? ++last : 0;
        t->weight[leaf] = 1;
        t->heap[++t->heaped] = leaf;
    }
    for (int32_t i = t->heaped / 2; i >= 1; i--) sink(t, i);
    return last;
}

static void join(tree *t) {
    for (int32_t node = t->n; t->heaped >= 2; node++) {
        const int32_t a = t->heap[1];
        t->heap[1] = t->heap[t->heaped--];
        sink(t, 1);
        const int32_t b = t->heap[1];
        t->taken[t->takes++] = a;
        t->taken[t->takes++] = b;
        t->father[a] = t->father[b] = node;
        t->weight[node] = t->weight[a] + t->weight[b];
        t->depth[node] = (uint8_t)((t->depth[a] > t->depth[b] ? t->depth[a] : t->depth[b]) + 1);
        t->heap[1] = node;
        sink(t, 1);
    }
    t->taken[t->takes++] = t->heap[1];
}

/* Leaves that lie too deep come up, and others go down for them: the lightest take the longest
 * words. */
static void shorten(tree *t, int32_t most, int32_t over, int32_t *of) {
    for (; over > 0; over -= 2) {
        int32_t bits = most - 1;
        while (!of[bits]) bits--;
        of[bits]--;
        of[bits + 1] += 2;
        of[most]--;
    }
    for (int32_t bits = most, i = 0; bits; bits--)
        for (int32_t k = of[bits]; k; i++)
            if (t->taken[i] < t->n) {
                t->length[t->taken[i]] = (uint8_t)bits;
                k--;
            }
}

/* Lengths of the words; 0 for what does not occur. Returns the last symbol that has one. */
static int32_t code(const uint32_t *counts, int32_t n, int32_t most, uint8_t *lengths) {
    tree t;
    int32_t of[MOST_BITS + 1] = {0}, over = 0;
    const int32_t last = plant(&t, counts, n);
    join(&t);
    for (int32_t i = t.takes - 2; i >= 0; i--) {
        const int32_t node = t.taken[i];
        int32_t bits = t.length[t.father[node]] + 1;
        if (bits > most) {
            bits = most;
            over++;
        }
        t.length[node] = (uint8_t)bits;
        if (node < n) of[bits]++;
    }
    if (over) shorten(&t, most, over, of);
    memcpy(lengths, t.length, (size_t)n);
    return last;
}

/* How the lengths of a code are told (RFC 1951, 3.2.7): 16 repeats the last 3 to 6 times, 17 and 18
 * are 3 to 10 and 11 to 138 zeros. */
static void count_steps(const uint8_t *lengths, int32_t n, uint32_t steps[NAS_ZIP_CODE]) {
    for (int32_t i = 0, run; i < n; i += run) {
        const uint8_t v = lengths[i];
        for (run = 1; i + run < n && lengths[i + run] == v;) run++;
        bool first = v != 0;
        for (int32_t left = run, part; left; left -= part, first = false) {
            const int32_t most = v == 0 ? 138 : first ? 7 : 6;
            part = left < most ? left : most;
            if (part < (first ? 4 : 3)) {
                steps[v] += (uint32_t)part;
                continue;
            }
            steps[v == 0 ? (part <= 10 ? 17 : 18) : 16]++;
            if (first) steps[v]++;
        }
    }
}

/* Of both codes, in bits. */
static uint64_t table_bits(const uint8_t *litlen, int32_t litlens, const uint8_t *dist,
                           int32_t dists) {
    static const uint8_t order[NAS_ZIP_CODE] = {16, 17, 18, 0, 8,  7, 9,  6, 10, 5,
                                                11, 4,  12, 3, 13, 2, 14, 1, 15};
    static const uint8_t extra[NAS_ZIP_CODE] = {[16] = 2, [17] = 3, [18] = 7};
    uint32_t steps[NAS_ZIP_CODE] = {0};
    uint8_t lengths[NAS_ZIP_CODE];
    count_steps(litlen, litlens, steps);
    count_steps(dist, dists, steps);
    (void)code(steps, NAS_ZIP_CODE, MOST_STEP_BITS, lengths);
    int32_t told = NAS_ZIP_CODE;
    while (told > 4 && !lengths[order[told - 1]]) told--;
    uint64_t bits = 5 + 5 + 4 + 3 * (uint64_t)told;
    for (int32_t i = 0; i < NAS_ZIP_CODE; i++)
        bits += (uint64_t)steps[i] * (uint64_t)(lengths[i] + extra[i]);
    return bits;
}

static int32_t fixed_length(int32_t symbol) {
    return symbol < 144 ? 8 : symbol < 256 ? 9 : symbol < 280 ? 7 : 8;
}

nas_info_block nas_info_block_plan(const nas_zip_counts *counts) {
    nas_zip_counts c = *counts;
    uint8_t litlen[NAS_ZIP_LITLEN], dist[NAS_ZIP_DIST];
    c.litlen[NAS_ZIP_END] = 1;
    const int32_t litlens = code(c.litlen, NAS_ZIP_LITLEN, MOST_BITS, litlen) + 1;
    const int32_t dists = code(c.dist, NAS_ZIP_DIST, MOST_BITS, dist) + 1;
    uint64_t own = 3 + table_bits(litlen, litlens, dist, dists), fixed = 3;
    for (int32_t i = 0; i < NAS_ZIP_LITLEN; i++) {
        const int32_t extra = i > NAS_ZIP_END ? nas_zip_length_extra(i) : 0;
        own += (uint64_t)c.litlen[i] * (uint64_t)(litlen[i] + extra);
        fixed += (uint64_t)c.litlen[i] * (uint64_t)(fixed_length(i) + extra);
    }
    for (int32_t i = 0; i < NAS_ZIP_DIST; i++) {
        own += (uint64_t)c.dist[i] * (uint64_t)(dist[i] + nas_zip_dist_extra(i));
        fixed += (uint64_t)c.dist[i] * (uint64_t)(5 + nas_zip_dist_extra(i));
    }
    const uint64_t own_bytes = (own + 7) / 8, fixed_bytes = (fixed + 7) / 8;
    return fixed_bytes <= own_bytes ? (nas_info_block){fixed, fixed_bytes}
                                    : (nas_info_block){own, own_bytes};
}
