/* core/deploy/zip/zip.c - the zlib stream of a file. RFC 1950, RFC 1951.
 *
 * A model's file is tables, kernels, scales and biases one after the other, each with byte
 * frequencies of its own. Tokens and blocks depend on each other: which matches pay depends on the
 * block's code, where blocks end on the tokens. So they are made in turn, from several beginnings,
 * and the shortest stream is kept. */
#include "core/deploy/deploy.h"
#include "core/deploy/zip/int.h"

#include <string.h>
#include <zlib.h>

enum {
    PIECE = 1 << 18, /* bytes parsed at a time: they bound the memory */
    SMALL = 1 << 13,
    MIDDLE = 1 << 16,
    LARGE = 1 << 17
};

/* How long it is tried. */
typedef struct effort {
    int32_t begins;
    int32_t first, first_rounds; /* cuts and parses of each beginning */
    int32_t cuts, rounds;        /* of the best of them */
    int32_t refines;
} effort;

typedef struct layout {
    nas_zip_token *tokens;
    size_t n;
    nas_zip_cuts cuts;
    uint64_t bits;
} layout;

typedef struct packer {
    nas_zlib_effort effort;
    const uint8_t *piece;
    size_t n; /* of the piece */
    nas_zip_finder *finder;
    nas_zip_matches matches;
    nas_zip_ways ways;
    nas_zip_cutter *cutter;
    layout now, next, best;
    nas_zip_token *tokens; /* of one block */
    nas_zip_bits out;
} packer;

static size_t bytes_of(const nas_zip_token *t, size_t n) {
    size_t bytes = 0;
    for (size_t i = 0; i < n; i++) bytes += t[i].distance ? t[i].length : 1;
    return bytes;
}

static size_t begin_of(const nas_zip_cuts *c, int32_t block) {
    return block ? c->end[block - 1] : 0;
}

static uint64_t bits_of(const nas_zip_token *t, size_t from, size_t to, bool thorough) {
    nas_zip_counts c;
    nas_zip_block plan;
    nas_zip_count(t + from, to - from, &c);
    nas_zip_block_plan(&c, bytes_of(t + from, to - from), thorough, &plan);
    return plan.bits;
}

static void weigh(layout *l) {
    l->bits = 0;
    for (int32_t k = 0; k < l->cuts.n; k++)
        l->bits += bits_of(l->tokens, begin_of(&l->cuts, k), l->cuts.end[k], false);
}

static bool keep(packer *p) {
    if (p->now.bits >= p->best.bits) return false;
    nas_zip_token *tokens = p->best.tokens;
    memcpy(tokens, p->now.tokens, p->now.n * sizeof *tokens);
    p->best = p->now;
    p->best.tokens = tokens;
    return true;
}

/* Other counts, near those: a third of the symbols get those of another. */
static void shake(uint32_t *counts, int32_t n, uint32_t *dice) {
    for (int32_t i = 0; i < n; i++) {
        *dice = *dice * 1664525u + 1013904223u;
        if ((*dice >> 16) % 3 == 0) counts[i] = counts[(*dice >> 20) % (uint32_t)n];
    }
}

static void mix(const uint32_t *now, const uint32_t *before, int32_t n, uint32_t *out) {
    for (int32_t i = 0; i < n; i++) out[i] = now[i] + before[i] / 2;
}

/* The tokens of one block anew, at the costs that they themselves make, several times; the best of
 * all goes to `best`. */
static size_t improve(packer *p, size_t from, size_t to, const nas_zip_token *start, size_t n,
                      nas_zip_token *best, int32_t rounds) {
    nas_zip_counts c, own, kept;
    uint64_t least = bits_of(start, 0, n, false), last = 0;
    size_t best_n = n;
    uint32_t dice = 1;
    bool shaken = false;
    memcpy(best, start, n * sizeof *best);
    nas_zip_count(start, n, &c);
    kept = c;
    for (int32_t round = 0; round < rounds; round++) {
        nas_zip_costs costs;
        nas_zip_costs_of(&c, &costs);
        n = nas_zip_parse(p->piece, &p->matches, from, to, &costs, &p->ways, p->tokens);
        nas_zip_count(p->tokens, n, &own);
        const uint64_t bits = bits_of(p->tokens, 0, n, false);
        if (bits < least) {
            memcpy(best, p->tokens, n * sizeof *best);
            best_n = n;
            least = bits;
            kept = own;
        }
        if (shaken) {
            mix(own.litlen, c.litlen, NAS_ZIP_LITLEN, c.litlen);
            mix(own.dist, c.dist, NAS_ZIP_DIST, c.dist);
        } else
            c = own;
        if (bits == last) {
            c = kept;
            shake(c.litlen, NAS_ZIP_LITLEN, &dice);
            shake(c.dist, NAS_ZIP_DIST, &dice);
            shaken = true;
        }
        last = bits;
    }
    return best_n;
}

static bool parse_again(packer *p, int32_t rounds) {
    const layout *a = &p->now;
    layout *b = &p->next;
    size_t from = 0;
    b->n = 0;
    b->cuts.n = a->cuts.n;
    for (int32_t k = 0; k < a->cuts.n; k++) {
        const size_t first = begin_of(&a->cuts, k), tokens = a->cuts.end[k] - first;
        const size_t to = from + bytes_of(a->tokens + first, tokens);
        b->n += improve(p, from, to, a->tokens + first, tokens, b->tokens + b->n, rounds);
        b->cuts.end[k] = b->n;
        from = to;
    }
    const layout other = p->now;
    p->now = p->next;
    p->next = other;
    weigh(&p->now);
    return keep(p);
}

static void begin(packer *p, uint32_t match) {
    nas_zip_costs costs;
    nas_zip_costs_guess(p->piece, p->n, match, &costs);
    p->now.n = nas_zip_parse(p->piece, &p->matches, 0, p->n, &costs, &p->ways, p->now.tokens);
}

static void cut(packer *p, uint32_t each, uint32_t penalty) {
    nas_zip_cutter_read(p->cutter, p->now.tokens, p->now.n);
    nas_zip_cut(p->cutter, each, penalty, &p->now.cuts);
}

static void resume(packer *p) {
    memcpy(p->now.tokens, p->best.tokens, p->best.n * sizeof *p->best.tokens);
    p->now.n = p->best.n;
    p->now.cuts = p->best.cuts;
}

static void search(packer *p, const effort *e) {
    static const uint32_t match[] = {1, 12, 3, 7};
    static const uint32_t each[] = {2, 3, 2, 4}, penalty[] = {100, 100, 50, 200};
    for (int32_t i = 0; i < e->begins; i++) {
        begin(p, match[i]);
        for (int32_t k = 0; k < e->first; k++) {
            cut(p, each[k], penalty[k]);
            parse_again(p, e->first_rounds);
        }
    }
    for (int32_t k = 0; k < e->cuts; k++) {
        resume(p);
        cut(p, each[k], penalty[k]);
        parse_again(p, e->rounds);
    }
}

/* Moves the end of block k, which is not the last, while that shortens the two. */
static bool move_end(layout *l, int32_t k) {
    static const int32_t steps[] = {-128, -32, -8, -2, -1, 1, 2, 8, 32, 128};
    const size_t from = begin_of(&l->cuts, k), to = l->cuts.end[k + 1];
    size_t best = l->cuts.end[k];
    uint64_t least = bits_of(l->tokens, from, best, false) + bits_of(l->tokens, best, to, false);
    bool moved = false;
    for (size_t i = 0; i < sizeof steps / sizeof *steps; i++) {
        const int64_t at = (int64_t)best + steps[i];
        if (at <= (int64_t)from || at >= (int64_t)to) continue;
        const uint64_t bits =
            bits_of(l->tokens, from, (size_t)at, false) + bits_of(l->tokens, (size_t)at, to, false);
        if (bits >= least) continue;
        least = bits;
        best = (size_t)at;
        moved = true;
    }
    l->cuts.end[k] = best;
    return moved;
}

static bool join(layout *l, int32_t k) {
    const size_t from = begin_of(&l->cuts, k), at = l->cuts.end[k], to = l->cuts.end[k + 1];
    if (bits_of(l->tokens, from, to, false) >
        bits_of(l->tokens, from, at, false) + bits_of(l->tokens, at, to, false))
        return false;
    memmove(&l->cuts.end[k], &l->cuts.end[k + 1],
            (size_t)(l->cuts.n - k - 1) * sizeof *l->cuts.end);
    l->cuts.n--;
    return true;
}

static void refine(packer *p, int32_t rounds) {
    for (int32_t round = 0; round < rounds; round++) {
        resume(p);
        for (int32_t k = 0; k + 1 < p->now.cuts.n; k++)
            if (join(&p->now, k))
                k--;
            else
                move_end(&p->now, k);
        weigh(&p->now);
        bool better = keep(p);
        better |= parse_again(p, 4);
        if (!better) break;
    }
}

static void write_piece(packer *p, bool last) {
    const layout *l = &p->best;
    const uint8_t *bytes = p->piece;
    for (int32_t k = 0; k < l->cuts.n; k++) {
        const nas_zip_token *t = l->tokens + begin_of(&l->cuts, k);
        const size_t tokens = l->cuts.end[k] - begin_of(&l->cuts, k), n = bytes_of(t, tokens);
        nas_zip_counts c;
        nas_zip_block plan;
        nas_zip_count(t, tokens, &c);
        nas_zip_block_plan(&c, n, true, &plan);
        nas_zip_block_write(&p->out, &plan, t, tokens, bytes, n, last && k == l->cuts.n - 1);
        bytes += n;
    }
}

static const effort *effort_for(nas_zlib_effort how, size_t n) {
    static const effort quick = {1, 1, 1, 0, 0, 1}, small = {4, 2, 6, 4, 12, 6},
                        middle = {4, 1, 4, 4, 12, 4}, large = {4, 1, 8, 2, 16, 2},
                        huge = {4, 1, 3, 3, 6, 2};
    if (how == NAS_ZLIB_QUICK) return &quick;
    return n <= SMALL ? &small : n <= MIDDLE ? &middle : n <= LARGE ? &large : &huge;
}

static void pack_piece(packer *p, const uint8_t *piece, size_t n, bool last) {
    const effort *e = effort_for(p->effort, n);
    p->piece = piece;
    p->n = n;
    p->best.bits = UINT64_MAX;
    nas_zip_find(p->finder, n, &p->matches);
    search(p, e);
    refine(p, e->refines);
    write_piece(p, last);
}

/* The smallest window that holds the file. The shortest that zlib itself writes has 2^9 bytes. */
static uint32_t header_of(size_t n) {
    uint32_t window = 9;
    while (window < 15 && (size_t)1 << window < n) window++;
    const uint32_t head = ((window - 8) << 4 | 8) << 8 | 3 << 6;
    return head + (31 - head % 31) % 31;
}

static void put_whole(nas_zip_bits *b, uint32_t value, int32_t bytes) {
    while (bytes-- > 0) b->out[b->n++] = (uint8_t)(value >> 8 * bytes);
}

static void pack_all(packer *p, const uint8_t *bytes, size_t n) {
    static const nas_zip_block empty = {.kind = 1};
    put_whole(&p->out, header_of(n), 2);
    if (n == 0) nas_zip_block_write(&p->out, &empty, NULL, 0, bytes, 0, true);
    for (size_t at = 0; at < n; at += PIECE) {
        const size_t now = n - at < PIECE ? n - at : PIECE;
        pack_piece(p, bytes + at, now, at + now == n);
    }
    if (p->out.holds) nas_zip_put(&p->out, 0, 8 - p->out.holds);
    put_whole(&p->out, (uint32_t)adler32(adler32(0, NULL, 0), bytes, (uInt)n), 4);
}

static nas_status open_packer(packer *p, const uint8_t *bytes, size_t n, nas_arena *a,
                              nas_err *err) {
    const size_t most = n < PIECE ? n : PIECE;
    layout *all[] = {&p->now, &p->next, &p->best};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        all[i]->tokens = nas_arena_array(a, most + 1, sizeof *all[i]->tokens, err);
        if (!all[i]->tokens) return NAS_ENOMEM;
    }
    p->tokens = nas_arena_array(a, most + 1, sizeof *p->tokens, err);
    p->ways.cost = nas_arena_array(a, most + 1, sizeof *p->ways.cost, err);
    p->ways.last = nas_arena_array(a, most + 1, sizeof *p->ways.last, err);
    if (!p->ways.cost || !p->ways.last) return NAS_ENOMEM;
    p->finder = nas_zip_finder_open(bytes, n, a, err);
    p->cutter = nas_zip_cutter_open(most, a, err);
    if (!p->finder || !p->cutter) return NAS_ENOMEM;
    /* No block is longer than its bytes stored; there are few blocks in a piece. */
    p->out.out = nas_arena_alloc(a, n + n / 64 + 8192, err);
    return p->out.out ? nas_zip_matches_open(most, a, &p->matches, err) : NAS_ENOMEM;
}

nas_status nas_zlib_stream(const uint8_t *bytes, size_t n, nas_zlib_effort how, nas_arena *a,
                           uint8_t **out, size_t *out_n, nas_err *err) {
    packer p = {.effort = how};
    nas_arena *scratch;
    *out = NULL;
    *out_n = 0;
    if (n > UINT32_MAX / 4)
        return nas_fail(err, NAS_EINVAL, "zlib: %zu bytes are too many for one stream", n);
    NAS_TRY(nas_arena_open(&scratch, err));
    nas_status st = open_packer(&p, bytes, n, scratch, err);
    if (st == NAS_OK) {
        pack_all(&p, bytes, n);
        *out_n = p.out.n;
        if (!(*out = nas_arena_alloc(a, p.out.n, err))) st = NAS_ENOMEM;
    }
    if (st == NAS_OK) memcpy(*out, p.out.out, p.out.n);
    nas_arena_close(scratch);
    return st;
}

const char *nas_zlib_version(void) {
    return zlibVersion();
}
