/* core/deploy/zip/int.h - the parts of the DEFLATE coder. RFC 1951.
 *
 * Everything is in integers, so that a file gives the same stream on every machine.
 * Thread safety: no shared state; one thread at a time for each finder, cutter and stream.
 * Errors, where none are named: NAS_ENOMEM. */
#ifndef NAS_CORE_DEPLOY_ZIP_INT_H
#define NAS_CORE_DEPLOY_ZIP_INT_H

#include "base/arena.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    NAS_ZIP_LITLEN = 286,   /* symbols: bytes, the end of a block, lengths */
    NAS_ZIP_DIST = 30,      /* symbols of distances */
    NAS_ZIP_END = 256,      /* the end of a block */
    NAS_ZIP_LEAST = 3,      /* bytes of a match */
    NAS_ZIP_MOST = 258,     /* bytes of a match */
    NAS_ZIP_WINDOW = 32768, /* matches lie nearer than that */
    NAS_ZIP_FRACTION = 8,   /* costs are bits times 2^8 */
    NAS_ZIP_BLOCKS = 64
};

/* A byte (distance 0, the byte in length) or a match. */
typedef struct nas_zip_token {
    uint16_t length, distance;
} nas_zip_token;

static inline int32_t nas_zip_log2(uint32_t x) {
    return 31 - __builtin_clz(x);
}

static inline int32_t nas_zip_length_symbol(int32_t length) {
    const int32_t v = length - NAS_ZIP_LEAST;
    if (v < 8) return 257 + v;
    if (length == NAS_ZIP_MOST) return 285;
    const int32_t n = nas_zip_log2((uint32_t)v);
    return 257 + 4 * (n - 1) + ((v >> (n - 2)) & 3);
}
static inline int32_t nas_zip_length_extra(int32_t symbol) {
    return symbol < 265 || symbol == 285 ? 0 : (symbol - 257) / 4 - 1;
}
static inline int32_t nas_zip_dist_symbol(int32_t distance) {
    const int32_t v = distance - 1;
    if (v < 4) return v;
    const int32_t n = nas_zip_log2((uint32_t)v);
    return 2 * n + ((v >> (n - 1)) & 1);
}
static inline int32_t nas_zip_dist_extra(int32_t symbol) {
    return symbol < 4 ? 0 : symbol / 2 - 1;
}

/* --- matches: match.c --------------------------------------------------------------------- */

/* Looks at a file from its first byte on; a binary tree of what the window holds. Lives in arena a
 * and borrows the bytes. NULL: no room, and *err says so. */
typedef struct nas_zip_finder nas_zip_finder;
nas_zip_finder *nas_zip_finder_open(const uint8_t *bytes, size_t n, nas_arena *a, nas_err *err);

/* The matches at each place of a piece, in arena a: those of place i are
 * of[first[i]..first[i + 1]), longer and farther from one to the next: for each length the nearest.
 */
typedef struct nas_zip_matches {
    size_t room;
    uint32_t *first;
    nas_zip_token *of;
} nas_zip_matches;
nas_status nas_zip_matches_open(size_t most, nas_arena *a, nas_zip_matches *out, nas_err *err);
/* The next n bytes: at most `most` of them. */
void nas_zip_find(nas_zip_finder *f, size_t n, nas_zip_matches *out);

/* --- parsing: parse.c --------------------------------------------------------------------- */

typedef struct nas_zip_counts {
    uint32_t litlen[NAS_ZIP_LITLEN], dist[NAS_ZIP_DIST];
} nas_zip_counts;

void nas_zip_count(const nas_zip_token *tokens, size_t n, nas_zip_counts *c);

/* Costs with their extra bits. */
typedef struct nas_zip_costs {
    uint32_t byte[256], length[NAS_ZIP_MOST + 1], dist[NAS_ZIP_DIST];
} nas_zip_costs;

/* Those of an ideal code for these counts; of what does not occur, as if it did once. */
void nas_zip_costs_of(const nas_zip_counts *c, nas_zip_costs *out);
/* Before anything is known: bytes by their frequencies, a match at `match` bits and its extra ones.
 */
void nas_zip_costs_guess(const uint8_t *bytes, size_t n, uint32_t match, nas_zip_costs *out);

/* Memory for the cheapest ways. */
typedef struct nas_zip_ways {
    uint64_t *cost;
    nas_zip_token *last;
} nas_zip_ways;

/* The cheapest tokens of bytes[from..to) of a piece; how many. */
size_t nas_zip_parse(const uint8_t *piece, const nas_zip_matches *m, size_t from, size_t to,
                     const nas_zip_costs *c, nas_zip_ways *ways, nas_zip_token *out);

/* --- cutting into blocks: cut.c ----------------------------------------------------------- */

/* Ends of blocks, in tokens. */
typedef struct nas_zip_cuts {
    int32_t n;
    size_t end[NAS_ZIP_BLOCKS];
} nas_zip_cuts;

typedef struct nas_zip_cutter nas_zip_cutter;
/* Lives in arena a. NULL: no room, and *err says so. */
nas_zip_cutter *nas_zip_cutter_open(size_t most, nas_arena *a, nas_err *err);

/* Reads the tokens. n > 0, at most `most`. */
void nas_zip_cutter_read(nas_zip_cutter *k, const nas_zip_token *tokens, size_t n);
/* Cuts them so that the sum of the blocks' entropies, of `each` bits for each symbol that occurs in
 * a block (its Huffman table) and of `penalty` bits for each block is small. */
void nas_zip_cut(const nas_zip_cutter *k, uint32_t each, uint32_t penalty, nas_zip_cuts *out);

/* --- Huffman: huffman.c ------------------------------------------------------------------- */

/* Lengths of a code in which the sum of count times length is least and none is beyond `most`; 0
 * for what does not occur. One symbol alone has length 1. n at most NAS_ZIP_LITLEN. */
void nas_zip_lengths(const uint32_t *counts, int32_t n, int32_t most, uint8_t *lengths);
/* The code words, their first bit lowest. */
void nas_zip_words(const uint8_t *lengths, int32_t n, uint16_t *words);

/* --- blocks: block.c ---------------------------------------------------------------------- */

enum { NAS_ZIP_TABLE = NAS_ZIP_LITLEN + NAS_ZIP_DIST, NAS_ZIP_CODE = 19 };

/* How a block is written. */
typedef struct nas_zip_block {
    int32_t kind; /* 0 stored, 1 fixed, 2 dynamic */
    int32_t litlens, dists, steps;
    uint64_t bits; /* of a stored one at the most */
    uint8_t lengths[NAS_ZIP_TABLE];
    uint8_t step[NAS_ZIP_TABLE], extra[NAS_ZIP_TABLE]; /* the lengths, run-length coded */
    uint8_t code[NAS_ZIP_CODE];                        /* lengths of the steps' own code */
} nas_zip_block;

/* The shortest of several ways to write what was counted in `bytes` bytes. thorough: more ways. */
void nas_zip_block_plan(const nas_zip_counts *c, size_t bytes, bool thorough, nas_zip_block *out);

typedef struct nas_zip_bits {
    uint8_t *out;
    size_t n;
    uint64_t held;
    int32_t holds;
} nas_zip_bits;
void nas_zip_put(nas_zip_bits *b, uint32_t value, int32_t bits);
void nas_zip_block_write(nas_zip_bits *b, const nas_zip_block *p, const nas_zip_token *tokens,
                         size_t n, const uint8_t *bytes, size_t bytes_n, bool last);

#endif
