/* core/deploy/zip/huffman.c - codes of limited length: Huffman's where that is short enough,
 * else by package-merge (Larmore, Hirschberg 1990). */
#include "core/deploy/zip/int.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST = 15, SYMBOLS = 288 };

typedef struct leaf {
    uint32_t count;
    int32_t symbol;
} leaf;

static int by_count(const void *p, const void *q) {
    const leaf *a = p, *b = q;
    if (a->count != b->count) return a->count < b->count ? -1 : 1;
    return a->symbol < b->symbol ? -1 : a->symbol > b->symbol;
}

/* Leaves merged with pairs of the list before; is_leaf tells which is which. */
static int32_t merge(const leaf *leaves, int32_t n, const uint64_t *before, int32_t before_n,
                     uint64_t *list, bool *is_leaf) {
    const int32_t pairs = before_n / 2;
    int32_t leaf_at = 0, pair_at = 0, at = 0;
    while (leaf_at < n || pair_at < pairs) {
        const uint64_t pair =
            pair_at < pairs ? before[2 * pair_at] + before[2 * pair_at + 1] : UINT64_MAX;
        is_leaf[at] = leaf_at < n && leaves[leaf_at].count <= pair;
        list[at] = is_leaf[at] ? leaves[leaf_at++].count : pair;
        pair_at += !is_leaf[at++];
    }
    return at;
}

/* Huffman's code by two queues: leaves, and pairs in the order of their making. False: a length is
 * beyond `most`. */
static bool plain(const leaf *leaves, int32_t n, int32_t most, uint8_t *lengths) {
    uint64_t weight[2 * SYMBOLS];
    int32_t parent[2 * SYMBOLS], depth[2 * SYMBOLS];
    int32_t leaf_at = 0, pair_at = n;
    for (int32_t i = 0; i < n; i++) weight[i] = leaves[i].count;
    for (int32_t next = n; next < 2 * n - 1; next++) {
        weight[next] = 0;
        for (int32_t k = 0; k < 2; k++) {
            const bool from_leaves =
                leaf_at < n && (pair_at == next || weight[leaf_at] <= weight[pair_at]);
            const int32_t child = from_leaves ? leaf_at++ : pair_at++;
            weight[next] += weight[child];
            parent[child] = next;
        }
    }
    depth[2 * n - 2] = 0;
    for (int32_t i = 2 * n - 3; i >= 0; i--) depth[i] = depth[parent[i]] + 1;
    if (depth[0] > most) return false;
    for (int32_t i = 0; i < n; i++) lengths[leaves[i].symbol] = (uint8_t)depth[i];
    return true;
}

static void limited(const leaf *leaves, int32_t used, int32_t most, uint8_t *lengths) {
    uint64_t lists[2][2 * SYMBOLS];
    bool is_leaf[LONGEST][2 * SYMBOLS];
    int32_t list_n = 0;
    for (int32_t level = 0; level < most; level++)
        list_n =
            merge(leaves, used, lists[(level + 1) % 2], list_n, lists[level % 2], is_leaf[level]);
    int32_t taken = 2 * used - 2;
    for (int32_t level = most; level-- > 0;) {
        int32_t singles = 0;
        for (int32_t i = 0; i < taken; i++) singles += is_leaf[level][i];
        for (int32_t i = 0; i < singles; i++) lengths[leaves[i].symbol]++;
        taken = 2 * (taken - singles);
    }
}

void nas_zip_lengths(const uint32_t *counts, int32_t n, int32_t most, uint8_t *lengths) {
    leaf leaves[SYMBOLS];
    int32_t used = 0;
    memset(lengths, 0, (size_t)n);
    for (int32_t i = 0; i < n; i++)
        if (counts[i]) leaves[used++] = (leaf){counts[i], i};
    if (used == 1) lengths[leaves[0].symbol] = 1;
    if (used < 2) return;
    qsort(leaves, (size_t)used, sizeof *leaves, by_count);
    if (!plain(leaves, used, most, lengths)) limited(leaves, used, most, lengths);
}

void nas_zip_words(const uint8_t *lengths, int32_t n, uint16_t *words) {
    uint32_t of[LONGEST + 1] = {0}, next[LONGEST + 2] = {0};
    for (int32_t i = 0; i < n; i++) of[lengths[i]]++;
    of[0] = 0;
    for (int32_t k = 1; k <= LONGEST; k++) next[k + 1] = (next[k] + of[k]) << 1;
    for (int32_t i = 0; i < n; i++) {
        uint32_t word = lengths[i] ? next[lengths[i]]++ : 0, turned = 0;
        for (int32_t k = 0; k < lengths[i]; k++, word >>= 1) turned = turned << 1 | (word & 1);
        words[i] = (uint16_t)turned;
    }
}
